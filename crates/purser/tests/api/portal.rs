//! The way into the portal, and what is reached from there (P6, P18).

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, fresh_key},
    schema::CONTRACT,
    server::Server,
};

/// A browser in the portal: its cookie, and the token that its changes carry.
pub(crate) struct Browser {
    client: Client,
    pub(crate) cookie: String,
    csrf: String,
}

impl Browser {
    /// The same session at a server that was started again.
    pub(crate) fn moved_to(&self, address: std::net::SocketAddr) -> Self {
        Self { client: Client::new(address, ""), cookie: self.cookie.clone(), csrf: self.csrf.clone() }
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let key = fresh_key();
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("X-CSRF-Token", self.csrf.as_str()),
            ("Idempotency-Key", &key),
        ];
        self.client.send_json(method, path, &headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &[("Cookie", self.cookie.as_str())], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body)
    }
}

pub(crate) fn party(server: &Server, name: &str, role: &str) -> String {
    let new =
        json!({ "external_id": name, "roles": [role], "legal_form": "individual", "display_name": name });
    server.client.post("/v1/parties", &new).expect(200)["id"].as_str().unwrap().to_owned()
}

pub(crate) fn link(server: &Server, body: &Value) -> String {
    let made = server.client.post("/v1/portal/links", body).expect(201);
    let path = made["path"].as_str().unwrap();
    path.strip_prefix("/portal/enter#").unwrap_or_else(|| panic!("{path}")).to_owned()
}

pub(crate) fn follow(server: &Server, token: &str) -> Answer {
    server.client.with_token("").post("/v1/portal/sessions", &json!({ "token": token }))
}

pub(crate) fn enter(server: &Server, body: &Value) -> Browser {
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
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let at = server.client.get("/v1/clock").expect(200)["business_at"].clone();
    let month = json!({ "creator_id": other, "from_on": at.as_str().unwrap()[..10] });
    let order = |n: u32| {
        json!({ "order_id": format!("portal-order-{n}"), "creator_id": other, "task_type": "video",
        "amount_minor": 100_000, "accepted_at": at, "status": "completed", "completed_at": at })
    };
    let task = post("/v1/task-orders", &order(1)).expect(200);
    // From here on its income is the programme's: the next order opens a statement.
    post("/v1/programme/members", &month).expect(200);
    post("/v1/task-orders", &order(2)).expect(200);
    let statements = server.client.get(&format!("/v1/parties/{other}/programme-statements")).expect(200);
    post("/v1/sandbox/onboardings", &json!({ "party_id": other })).expect(200);
    let account = json!({ "kind": "sandbox", "number": "portal-other.ok" });
    post(&format!("/v1/parties/{other}/payout-accounts"), &account).expect(201);
    let asked = post("/v1/withdrawals", &json!({ "party_id": other, "amount_minor": 10_000 })).expect(201);
    let payment =
        json!({ "party_id": other, "purpose": "ad_top_up", "amount_minor": 50_000, "method": "sandbox" });
    let payment = post("/v1/payment-orders", &payment).expect(201);
    let campaign = json!({ "party_id": other, "external_id": "portal-campaign", "name": "of another" });
    let campaign = post("/v1/ad-campaigns", &campaign).expect(201);
    let component =
        json!({ "source": "credit_evaluation", "amount_minor": 2_000_000, "since": "2023-01-01" });
    let shop =
        json!({ "merchant_id": other, "opened_on": "2023-01-01", "level": 3, "components": [component] });
    post("/v1/credit-shops", &shop).expect(200);
    let sold = json!({ "order_id": "portal-sale", "merchant_id": other, "event": "authorised", "amount_minor": 10_000,
        "at": at });
    let sold = post("/v1/credit-orders", &sold).expect(200);
    let wish = json!({ "kind": "raise", "amount_minor": 100_000, "reason": "more orders",
        "shop": { "orders": 900, "turnover_minor": 9_000_000 } });
    let wish = post(&format!("/v1/parties/{other}/credit-applications"), &wish).expect(201);
    vec![
        ("/v1/task-orders/", id(&task)),
        ("/v1/payment-orders/", id(&payment)),
        ("/v1/ad-campaigns/", id(&campaign)),
        ("/v1/withdrawals/", id(&asked)),
        ("/v1/programme/statements/", id(&statements["data"][0])),
        ("/v1/credit-orders/", id(&sold)),
        ("/v1/credit-applications/", id(&wish)),
        ("/v1/settlements/", settlement(server)),
    ]
}

/// A company that is paid by statements has one.
pub(crate) fn settlement(server: &Server) -> String {
    let post = |path: &str, body: &Value| server.client.post(path, body);
    let company = json!({ "external_id": "portal-company", "roles": ["agency"], "legal_form": "enterprise",
        "display_name": "Company" });
    let id = post("/v1/parties", &company).expect(200)["id"].as_str().unwrap().to_owned();
    let account = json!({ "kind": "sandbox", "number": "portal-company.ok" });
    post(&format!("/v1/parties/{id}/payout-accounts"), &account).expect(201);
    let creator = party(server, "portal-signed", "creator");
    let signed = json!({ "agency_id": id, "from": "2025-01-01T00:00:00Z" });
    post(&format!("/v1/parties/{creator}/memberships"), &signed).expect(200);
    let at = server.client.get("/v1/clock").expect(200)["business_at"].as_str().unwrap().to_owned();
    let order = json!({ "order_id": "portal-signed-1", "creator_id": creator, "task_type": "video",
        "amount_minor": 300_000, "accepted_at": at, "status": "completed", "completed_at": at });
    post("/v1/task-orders", &order).expect(200);
    // Months are listed by the 10th of the next one.
    let (year, month) = (at[..4].parse::<u32>().unwrap(), at[5..7].parse::<u32>().unwrap());
    let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let to = json!({ "to": format!("{year}-{month:02}-11T09:00:00+08:00") });
    post("/v1/sandbox/clock", &to).expect(200);
    let months = format!("/v1/parties/{id}/settlement-months");
    let is_listed = || !server.client.get(&months).expect(200)["data"][0]["listed_at"].is_null();
    for _ in 0..200 {
        if is_listed() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let wish =
        json!({ "party_id": id, "seller_name": "星河文化传媒有限公司", "seller_code": "91110000600037341L" });
    post("/v1/settlements", &wish).expect(201)["id"].as_str().unwrap().to_owned()
}

/// P18: a party reaches nothing of another party's, and nothing of the platform's, on any route.
pub(crate) fn nothing_of_others_is_reached(server: &Server) {
    assert_eq!(in_contract(), classified(), "decide about new routes in tests/api/portal_routes.txt");
    let other = party(server, "portal-other", "advertiser");
    let roles = ["advertiser", "creator", "merchant"];
    let both = json!({ "external_id": "portal-other", "roles": roles, "legal_form": "individual",
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
    for (start, id) in records.iter().filter(|(start, _)| *start != "/v1/settlements/") {
        owner.get(&format!("{start}{id}")).expect(200);
    }
    // The platform's own id of a record is the platform's.
    owner.get("/v1/credit-orders/external:portal-sale").problem(404, "not_yours", None);
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
