//! The way into the portal, and what is reached from there (P6, P18).

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, fresh_key},
    schema::CONTRACT,
    server::Server,
};

/// A browser in the portal: its cookie, and the token that its changes carry.
struct Browser {
    client: Client,
    cookie: String,
    csrf: String,
}

impl Browser {
    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let key = fresh_key();
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("X-CSRF-Token", self.csrf.as_str()),
            ("Idempotency-Key", &key),
        ];
        self.client.send_json(method, path, &headers, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &[("Cookie", self.cookie.as_str())], b"")
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }
}

fn party(server: &Server, name: &str, role: &str) -> String {
    let new =
        json!({ "external_id": name, "roles": [role], "legal_form": "individual", "display_name": name });
    server.client.post("/v1/parties", &new).expect(200)["id"].as_str().unwrap().to_owned()
}

fn link(server: &Server, body: &Value) -> String {
    let made = server.client.post("/v1/portal/links", body).expect(201);
    let path = made["path"].as_str().unwrap();
    path.strip_prefix("/portal/enter#").unwrap_or_else(|| panic!("{path}")).to_owned()
}

fn follow(server: &Server, token: &str) -> Answer {
    server.client.with_token("").post("/v1/portal/sessions", &json!({ "token": token }))
}

fn enter(server: &Server, body: &Value) -> Browser {
    let answer = follow(server, &link(server, body));
    let set = answer.headers["set-cookie"].clone();
    answer.expect(201);
    let cookie = set.split(';').next().unwrap().to_owned();
    let client = server.client.with_token("");
    let mut browser = Browser { client, cookie, csrf: String::new() };
    let session = browser.get("/v1/portal/session").expect(200);
    session["csrf_token"].as_str().unwrap().clone_into(&mut browser.csrf);
    browser
}

pub(crate) fn a_link_works_once(server: &Server) {
    let lin = party(server, "portal-lin", "creator");
    let body = json!({ "party_id": lin, "role": "request" });
    let token = link(server, &body);
    let entered = follow(server, &token);
    let cookie = entered.headers["set-cookie"].clone();
    for part in ["purser_portal=ps_", "Path=/", "HttpOnly", "SameSite=Strict", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !entered.expect(201).to_string().contains("ps_"),
        "scripts read the answer, so no token is in it"
    );
    follow(server, &token).problem(422, "portal_link_refused", None);
    // Another secret, another kind of token, something else.
    let other = link(server, &body);
    let forged = format!("{}{}", &other[..other.len() - 1], if other.ends_with('0') { "1" } else { "0" });
    for bad in [forged.as_str(), "pl_nonsense", "", &other.replace("pl_", "ps_")] {
        follow(server, bad).problem(422, "portal_link_refused", None);
    }
    follow(server, &other).expect(201);
    let nobody = json!({ "party_id": "pty_00000000000000000000000000", "role": "view" });
    server.client.post("/v1/portal/links", &nobody).problem(422, "party_unknown", Some("/party_id"));
    let odd = json!({ "party_id": lin, "role": "own" });
    server.client.post("/v1/portal/links", &odd).problem(400, "invalid_input", Some("/role"));
    // Staff do not enter for others.
    let password = "a long enough password";
    let new = json!({ "login": "links", "role": "admin", "password": password });
    server.client.post("/v1/staff", &new).expect(201);
    let credentials = json!({ "login": "links", "password": password });
    let signed = server.client.with_token("").post("/v1/staff/sessions", &credentials).expect(201);
    let staff = server.client.with_token(signed["token"].as_str().unwrap());
    staff.post("/v1/portal/links", &body).problem(403, "key_needed", None);
}

pub(crate) fn a_session_is_a_cookie_and_ends(server: &Server) {
    let lin = party(server, "portal-session", "creator");
    let body = json!({ "party_id": lin, "role": "request" });
    let browser = enter(server, &body);
    let session = browser.get("/v1/portal/session").expect(200);
    assert_eq!((&session["party"]["id"], &session["role"]), (&json!(lin), &json!("request")));
    let overview = format!("/v1/parties/{lin}/overview");
    browser.get(&overview).expect(200);
    // Never as a bearer token, and never for a change without the token that only its pages know.
    let token = browser.cookie.split_once('=').unwrap().1;
    server.client.with_token(token).get(&overview).problem(401, "token_invalid", None);
    let codes = json!({ "purpose": "bind", "phone": "13800138000" });
    let path = format!("/v1/parties/{lin}/phone/codes");
    for csrf in ["", "x", &"0".repeat(64)] {
        let headers = [("Cookie", browser.cookie.as_str()), ("X-CSRF-Token", csrf)];
        browser.client.send_json("POST", &path, &headers, &codes).problem(403, "csrf_token_wrong", None);
    }
    browser.post(&path, &codes).expect(201);
    let left = browser.send("DELETE", "/v1/portal/sessions/current", &json!({}));
    assert!(left.headers["set-cookie"].contains("Max-Age=0"), "{:?}", left.headers);
    left.expect(204);
    browser.get(&overview).problem(401, "token_invalid", None);
    // The platform sees sessions, and revokes them.
    let browser = enter(server, &body);
    let list = server.client.get(&format!("/v1/portal/sessions?party_id={lin}")).expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let id = list["data"][0]["id"].as_str().unwrap();
    assert!(list["data"][0]["ended_at"].is_null() && !list["data"][1]["ended_at"].is_null());
    server.client.post(&format!("/v1/portal/sessions/{id}/revoke"), &json!({})).expect(200);
    browser.get(&overview).problem(401, "token_invalid", None);
}

pub(crate) fn a_person_has_its_role(server: &Server) {
    let lin = party(server, "portal-people", "creator");
    let people = format!("/v1/parties/{lin}/people");
    let person = server.client.post(&people, &json!({ "name": "林一", "role": "request" })).expect(201);
    let person = person["id"].as_str().unwrap();
    let link_for = |role: &str| json!({ "party_id": lin, "person_id": person, "role": role });
    server.client.post("/v1/portal/links", &link_for("approve")).problem(422, "role_exceeded", Some("/role"));
    let stranger = json!({ "party_id": lin, "person_id": "per_00000000000000000000000000", "role": "view" });
    server.client.post("/v1/portal/links", &stranger).problem(422, "person_unknown", Some("/person_id"));
    let viewer = enter(server, &link_for("view"));
    let dry = "/v1/withdrawals?dry_run=true";
    let ask = json!({ "party_id": lin, "amount_minor": 1000 });
    viewer.get(&format!("/v1/parties/{lin}/withdrawals")).expect(200);
    viewer.post(dry, &ask).problem(403, "role_insufficient", None);
    let requester = enter(server, &link_for("request"));
    requester.post(dry, &ask).expect(200);
    // Who acts is not theirs to choose, nor that another shop asks.
    let other =
        json!({ "party_id": lin, "amount_minor": 1000, "person_id": "per_00000000000000000000000000" });
    requester.post(dry, &other).problem(400, "invalid_input", Some("/person_id"));
    let shop = json!({ "party_id": lin, "source": "proceeds", "asked_by_party_id": lin });
    requester.post(dry, &shop).problem(400, "invalid_input", Some("/asked_by_party_id"));
    // A role that is lowered counts at once, and whoever is removed is out.
    let path = format!("{people}/{person}");
    server.client.send_json("PATCH", &path, &[], &json!({ "role": "view" })).expect(200);
    // Servers believe a session for a second.
    let wait = |wanted: u16| {
        for _ in 0..200 {
            if requester.post(dry, &ask).status == wanted {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("no {wanted} within ten seconds");
    };
    wait(403);
    server.client.send("DELETE", &path, &[], b"").expect(200);
    wait(401);
}

/// Every route as it was classified: `METHOD path class`. A new route fails here until somebody has decided.
fn classified() -> BTreeMap<String, String> {
    let text = include_str!("portal_routes.txt");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (route, class) = line.rsplit_once(' ').unwrap();
            (route.to_owned(), class.to_owned())
        })
        .collect()
}

fn in_contract() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (path, item) in CONTRACT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let public = operation.get("security").is_none();
            let class = if public { "public" } else { operation["x-portal"].as_str().unwrap() };
            all.insert(format!("{} {path}", method.to_uppercase()), class.to_owned());
        }
    }
    all
}

/// A record of each kind that belongs to somebody else, by the beginning of its path.
fn records_of(server: &Server, other: &str) -> Vec<(&'static str, String)> {
    let post = |path: &str, body: &Value| server.client.post(path, body);
    let order = json!({ "order_id": "portal-order", "creator_id": other, "task_type": "video", "amount_minor": 100_000,
        "accepted_at": "2026-01-02T03:04:05Z", "status": "accepted" });
    let order = post("/v1/task-orders", &order).expect(200);
    let payment =
        json!({ "party_id": other, "purpose": "ad_top_up", "amount_minor": 50_000, "method": "sandbox" });
    let payment = post("/v1/payment-orders", &payment).expect(201);
    let campaign = json!({ "party_id": other, "external_id": "portal-campaign", "name": "of another" });
    let campaign = post("/v1/ad-campaigns", &campaign).expect(201);
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    vec![
        ("/v1/task-orders/", id(&order)),
        ("/v1/payment-orders/", id(&payment)),
        ("/v1/ad-campaigns/", id(&campaign)),
        ("/v1/withdrawals/", "wd_00000000000000000000000000".to_owned()),
        ("/v1/programme/statements/", "st_00000000000000000000000000".to_owned()),
    ]
}

/// P18: a party reaches nothing of another party's, and nothing of the platform's, on any route.
pub(crate) fn nothing_of_others_is_reached(server: &Server) {
    assert_eq!(in_contract(), classified(), "decide about new routes in tests/api/portal_routes.txt");
    let other = party(server, "portal-other", "advertiser");
    let both = json!({ "external_id": "portal-other", "roles": ["advertiser", "creator"], "legal_form": "individual",
        "display_name": "Other" });
    server.client.send_json("PATCH", &format!("/v1/parties/{other}"), &[], &both).expect(200);
    let records = records_of(server, &other);
    let own = party(server, "portal-own", "creator");
    let browser = enter(server, &json!({ "party_id": own, "role": "approve" }));
    let mut walked = 0;
    for (route, class) in classified() {
        let (method, template) = route.split_once(' ').unwrap();
        let (wanted, code) = match class.as_str() {
            "closed" => (403, "portal_closed"),
            "own" => (404, "not_yours"),
            _ => continue,
        };
        let id = records.iter().find(|(start, _)| template.starts_with(start)).map(|(_, id)| id);
        let first = id.unwrap_or(&other);
        let mut filled = false;
        let parts = template.split('/').map(|part| match (part.starts_with('{'), filled) {
            (true, false) => {
                filled = true;
                first.as_str()
            }
            (true, true) => "x",
            (false, _) => part,
        });
        let mut path = parts.collect::<Vec<_>>().join("/");
        if !template.contains('{') && method == "GET" {
            write!(path, "?party_id={other}").unwrap();
        }
        let body = json!({ "party_id": other });
        let answer = if method == "GET" { browser.get(&path) } else { browser.send(method, &path, &body) };
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (wanted, Some(code)),
            "{route}: {}",
            answer.body
        );
        walked += 1;
    }
    assert!(walked > 150, "{walked}");
    // The same records are there for whom they belong to, and whoever names nobody gets nothing.
    let owner = enter(server, &json!({ "party_id": other, "role": "view" }));
    for (start, id) in records.iter().take(3) {
        owner.get(&format!("{start}{id}")).expect(200);
    }
    owner.get(&format!("/v1/payment-orders?party_id={other}")).expect(200);
    owner.get("/v1/payment-orders").problem(404, "not_yours", None);
    owner.get(&format!("/v1/payment-orders?party_id={own}&party_id={other}")).problem(404, "not_yours", None);
    let twice = owner.get(&format!("/v1/payment-orders?party_id={other}&party%5Fid={own}"));
    twice.problem(400, "invalid_input", Some("query"));
    let twice = format!("{{\"party_id\":\"{own}\",\"party_id\":\"{other}\",\"amount_minor\":1}}");
    let headers = [
        ("Cookie", browser.cookie.as_str()),
        ("X-CSRF-Token", browser.csrf.as_str()),
        ("Content-Type", "application/json"),
    ];
    let answer = browser.client.send("POST", "/v1/withdrawals?dry_run=true", &headers, twice.as_bytes());
    answer.problem(400, "json_invalid", None);
}

/// P18: the back office signs in with the same session, as a cookie.
pub(crate) fn staff_sign_in_as_browsers(server: &Server) {
    let password = "a long enough password";
    server
        .client
        .post("/v1/staff", &json!({ "login": "wei", "role": "admin", "password": password }))
        .expect(201);
    let stranger = server.client.with_token("");
    let credentials = json!({ "login": "wei", "password": password, "cookie": true });
    let answer = stranger.post("/v1/staff/sessions", &credentials);
    let cookie = answer.headers["set-cookie"].split(';').next().unwrap().to_owned();
    assert!(answer.headers["set-cookie"].contains("HttpOnly; SameSite=Strict"), "{:?}", answer.headers);
    assert!(answer.expect(201)["token"].is_null(), "scripts read the answer, so no token is in it");
    let console = [("Cookie", cookie.as_str()), ("X-Purser-Console", "staff")];
    let me = stranger.send("GET", "/v1/me", &console, b"").expect(200);
    let csrf = me["csrf_token"].as_str().unwrap();
    // The portal's pages do not send the header: to them this session is nobody's.
    stranger.send("GET", "/v1/me", &console[..1], b"").problem(401, "token_missing", None);
    let leave = "/v1/staff/sessions/current";
    stranger.send("DELETE", leave, &console, b"").problem(403, "csrf_token_wrong", None);
    let all = [console[0], console[1], ("X-CSRF-Token", csrf)];
    stranger.send("DELETE", leave, &all, b"").expect(204);
    stranger.send("GET", "/v1/me", &console, b"").problem(401, "token_invalid", None);
}

/// Nobody is anybody outside the demo.
pub(crate) fn there_are_no_personas(server: &Server) {
    let stranger = server.client.with_token("");
    let list = stranger.get("/v1/portal/personas").expect(200);
    assert_eq!(list["data"], json!([]));
    stranger.post("/v1/portal/personas/creator", &json!({})).problem(404, "persona_unknown", None);
}
