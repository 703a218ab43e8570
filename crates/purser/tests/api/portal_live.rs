//! Portal sessions beside each other, told what happens, and ended when nobody is there (P15, P18).

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    client::Client,
    portal::{Browser, enter, follow, link, party, settlement},
    server::{Place, Server},
};

/// A browser that is signed in for a party is not taken over by another party's link (P18).
pub(crate) fn a_link_for_another_party_asks_first(server: &Server) {
    let (lin, zhou) = (party(server, "portal-first", "creator"), party(server, "portal-second", "creator"));
    let browser = enter(server, &json!({ "party_id": lin, "role": "request" }));
    let token = link(server, &json!({ "party_id": zhou, "role": "request" }));
    let stranger = server.client.with_token("");
    let follow_in = |browser: &Browser, body: &Value| {
        let headers = [("Cookie", browser.cookie.as_str())];
        stranger.send_json("POST", "/v1/portal/sessions", &headers, body)
    };
    let asked = follow_in(&browser, &json!({ "token": token }));
    asked.problem(409, "portal_session_other", None);
    assert_eq!(asked.body["facts"]["signed_in_as"], "portal-first");
    assert!(!asked.headers.contains_key("set-cookie"), "nothing was taken over");
    let overview = format!("/v1/parties/{lin}/overview");
    browser.get(&overview).expect(200);
    // The link is still good for whoever says yes, and the session before has ended on the server too.
    let entered = follow_in(&browser, &json!({ "token": token, "replace": true }));
    assert!(entered.headers["set-cookie"].contains("purser_portal=ps_"), "{:?}", entered.headers);
    entered.expect(201);
    browser.get(&overview).problem(401, "token_invalid", None);
    // The same party's link asks nothing; a session that is over is nobody's.
    let again = enter(server, &json!({ "party_id": zhou, "role": "view" }));
    follow_in(&again, &json!({ "token": link(server, &json!({ "party_id": zhou, "role": "view" })) }))
        .expect(201);
    again.get("/v1/portal/session").problem(401, "token_invalid", None);
    follow_in(&again, &json!({ "token": link(server, &json!({ "party_id": lin, "role": "view" })) }))
        .expect(201);
    follow(server, &token).problem(422, "portal_link_refused", None);
}

/// One who follows the stream of a session.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn connect(server: &Server, cookie: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(server.client.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        write!(stream, "GET /v1/portal/stream HTTP/1.1\r\nHost: purser\r\nCookie: {cookie}\r\n{last}\r\n")
            .unwrap();
        let mut listener = Self(BufReader::new(stream));
        assert!(listener.line().starts_with("HTTP/1.1 200"));
        listener
    }

    fn line(&mut self) -> String {
        let mut text = String::new();
        assert!(self.0.read_line(&mut text).unwrap() > 0, "the stream has ended");
        text.trim_end().to_owned()
    }

    /// Id, name and topics of the next event.
    fn event(&mut self) -> (String, String, Vec<String>) {
        let (mut id, mut name) = (String::new(), String::new());
        loop {
            let line = self.line();
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if let Some(text) = line.strip_prefix("event: ") {
                text.clone_into(&mut name);
            } else if let Some(text) = line.strip_prefix("data: ") {
                let data: Value = serde_json::from_str(text).unwrap();
                let topics = data["topics"].as_array().unwrap();
                return (id, name, topics.iter().map(|one| one.as_str().unwrap().to_owned()).collect());
            }
        }
    }

    /// Waits until the server says that it is over, and ends the answer.
    fn ends(mut self) {
        while self.line() != "event: over" {}
        while self.line() != "0" {}
    }
}

fn settle(server: &Server, party: &str, order: &str) {
    let at = server.client.get("/v1/clock").expect(200)["business_at"].clone();
    let order = json!({ "order_id": order, "creator_id": party, "task_type": "video", "amount_minor": 100_000,
        "accepted_at": at, "status": "completed", "completed_at": at });
    server.client.post("/v1/task-orders", &order).expect(200);
}

/// What happens to a party is told to its own pages, as what to read anew, and the stream ends with the session (P15,
/// P18).
pub(crate) fn pages_are_told_what_happens(server: &Server) {
    let (lin, zhou) = (party(server, "portal-told", "creator"), party(server, "portal-untold", "creator"));
    let browser = enter(server, &json!({ "party_id": lin, "role": "view" }));
    let mut told = Listener::connect(server, &browser.cookie, None);
    let (first, name, topics) = told.event();
    assert_eq!((name.as_str(), topics.len()), ("hello", 0));
    // Another party's order first: the first thing that is told is one's own.
    settle(server, &zhou, "portal-untold-1");
    let case = json!({ "party_id": lin, "kind": "help", "summary": "a question" });
    server.client.post("/v1/cases", &case).expect(201);
    let (_, name, topics) = told.event();
    assert_eq!((name.as_str(), topics), ("changed", vec!["cases".to_owned()]));
    settle(server, &lin, "portal-told-1");
    let (last, name, topics) = told.event();
    assert_eq!((name.as_str(), topics), ("changed", vec!["earnings".to_owned()]));
    assert_ne!(first, last);
    // Whoever comes back from before that has missed something, and reads everything anew.
    let mut back = Listener::connect(server, &browser.cookie, Some(&first));
    assert_eq!(back.event().1, "hello");
    let (_, name, topics) = back.event();
    assert_eq!((name.as_str(), topics), ("changed", vec!["everything".to_owned()]));
    // A session has three places, and gives them back.
    let third = Listener::connect(server, &browser.cookie, None);
    browser.get("/v1/portal/stream").problem(503, "streams_busy", None);
    drop((back, third));
    let opens = || {
        let mut stream = TcpStream::connect(server.client.address()).unwrap();
        write!(
            stream,
            "GET /v1/portal/stream HTTP/1.1\r\nHost: purser\r\nCookie: {}\r\n\r\n",
            browser.cookie
        )
        .unwrap();
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status).unwrap();
        status.starts_with("HTTP/1.1 200")
    };
    let comes_back = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        opens()
    });
    assert!(comes_back, "the places of those who left are free again");
    // Programs have a stream of their own.
    server.client.get("/v1/portal/stream").problem(403, "portal_session_needed", None);
    browser.send("DELETE", "/v1/portal/sessions/current", &json!({})).expect(204);
    told.ends();
    browser.get("/v1/portal/stream").problem(401, "token_invalid", None);
}

/// A session in which nobody does anything ends; a page says that somebody is there (P18, policy `portal.idle`).
pub(crate) fn a_session_ends_when_nobody_is_there() {
    for place in Place::all() {
        let token = place.key("all");
        let running = place.start(&["--sandbox"]);
        let server = Server { client: Client::new(running.address, &token) };
        let lin = party(&server, "portal-idle", "creator");
        let browsers: Vec<Browser> =
            (0..2).map(|_| enter(&server, &json!({ "party_id": lin, "role": "view" }))).collect();
        let idle = browsers[0].get("/v1/portal/session").expect(200)["idle_minutes"].as_i64().unwrap();
        server.client.post("/v1/portal/sessions/current/seen", &json!({})).problem(
            403,
            "portal_session_needed",
            None,
        );
        running.stop();
        // Nearly the whole time has passed; then somebody is there in one of them, and so much time passes again.
        let most = idle * 60_000_000 - 30_000_000;
        place.tamper(&format!(
            "UPDATE portal_sessions SET seen_at = seen_at - {most}, created_at = created_at - {most}"
        ));
        let running = place.start(&["--sandbox"]);
        let at = |browser: &Browser| browser.moved_to(running.address);
        let (there, away) = (at(&browsers[0]), at(&browsers[1]));
        away.get("/v1/portal/session").expect(200);
        there.post("/v1/portal/sessions/current/seen", &json!({})).expect(204);
        there.get("/v1/portal/session").expect(200);
        running.stop();
        place.tamper(
            "UPDATE portal_sessions SET seen_at = seen_at - 60000000, created_at = created_at - 60000000",
        );
        let running = place.start(&["--sandbox"]);
        let at = |browser: &Browser| browser.moved_to(running.address);
        at(&browsers[0]).get("/v1/portal/session").expect(200);
        at(&browsers[1]).get("/v1/portal/session").problem(401, "token_invalid", None);
        running.stop();
    }
}

/// A company reads and signs its own statement in the portal, with the role for it, and as itself (X16, P6, P18).
pub(crate) fn a_company_signs_its_statement(server: &Server) {
    let id = settlement(server);
    let path = format!("/v1/settlements/{id}");
    let company = server.client.get(&path).expect(200)["party_id"].as_str().unwrap().to_owned();
    let signature = json!({ "signatory": "王小明" });
    let asks = enter(server, &json!({ "party_id": company, "role": "request" }));
    asks.get(&path).expect(200);
    assert_eq!(asks.get(&format!("{path}/orders")).expect(200)["data"].as_array().unwrap().len(), 1);
    let members = asks.get(&format!("/v1/agencies/{company}/members")).expect(200);
    assert_eq!(members["data"][0]["creator_name"], "portal-signed");
    let orders = asks.get(&format!("/v1/agencies/{company}/task-orders")).expect(200);
    assert_eq!(orders["data"][0]["order_id"], "portal-signed-1");
    let list = asks.get(&format!("/v1/settlements?party_id={company}")).expect(200);
    assert_eq!(list["data"][0]["id"], json!(id));
    asks.get("/v1/settlements").problem(404, "not_yours", None);
    asks.post(&format!("{path}/sign"), &signature).problem(403, "role_insufficient", None);
    let signs = enter(server, &json!({ "party_id": company, "role": "approve" }));
    let other = json!({ "signatory": "王小明", "person_id": "per_00000000000000000000000000" });
    signs.post(&format!("{path}/sign"), &other).problem(400, "invalid_input", Some("/person_id"));
    let signed = signs.post(&format!("{path}/sign"), &signature).expect(200);
    assert_eq!((&signed["state"], &signed["signed_by"]), (&json!("signed"), &json!("王小明")));
    // What staff do about it is not done here.
    signs.post(&format!("{path}/decision"), &json!({ "decision": "accept" })).problem(
        403,
        "portal_closed",
        None,
    );
    let invoice = json!({ "number": "26312000000123456789", "kind": "special", "item": "video_production",
        "tax_percent": 6, "amount_minor": signed["amounts"]["payable_minor"],
        "seller_name": signed["seller_name"], "seller_code": signed["seller_code"] });
    let submitted = asks.post(&format!("{path}/invoice"), &invoice).expect(200);
    assert_eq!(submitted["state"], "submitted");
    let papers = submitted["papers_case"].as_str().unwrap();
    asks.get(&format!("/v1/parties/{company}/cases/{papers}")).expect(200);
}

/// A shop tries figures and sees its papers' cases without who at the desk has them; what the platform sets is not tried
/// (C8, C10, C25).
pub(crate) fn a_shop_tries_figures_and_applies(server: &Server) {
    let shop = party(server, "portal-shop", "merchant");
    let component =
        json!({ "source": "credit_evaluation", "amount_minor": 2_000_000, "since": "2023-01-01" });
    let report =
        json!({ "merchant_id": shop, "opened_on": "2023-01-01", "level": 3, "components": [component] });
    server.client.post("/v1/credit-shops", &report).expect(200);
    let browser = enter(server, &json!({ "party_id": shop, "role": "request" }));
    let path = format!("/v1/parties/{shop}/limit/what-if");
    let tried = browser.post(&path, &json!({ "training": true })).expect(200);
    assert_eq!(
        (&tried["total_minor"], &tried["would_be_minor"]),
        (&json!(2_000_000), &json!(3_000_000)),
        "C4"
    );
    for (field, value) in [
        ("policy_text", json!("")),
        ("restrict", json!(["high_risk"])),
        ("lift", json!(["high_risk"])),
        ("components", json!([component])),
        ("virtual_operator", json!(true)),
    ] {
        let mut body = json!({});
        body[field] = value;
        browser.post(&path, &body).problem(400, "invalid_input", Some(&format!("/{field}")));
    }
    let wish = json!({ "kind": "raise", "amount_minor": 100_000, "reason": "more orders",
        "shop": { "orders": 900, "turnover_minor": 9_000_000 } });
    let applications = format!("/v1/parties/{shop}/credit-applications");
    let made = browser.post(&applications, &wish).expect(201);
    // Somebody at the desk takes it: the platform sees who, the shop does not.
    let password = "a long enough password";
    server
        .client
        .post("/v1/staff", &json!({ "login": "mei", "role": "risk", "password": password }))
        .expect(201);
    let credentials = json!({ "login": "mei", "password": password });
    let signed = server.client.with_token("").post("/v1/staff/sessions", &credentials).expect(201);
    let staff = server.client.with_token(signed["token"].as_str().unwrap());
    let case = made["case"]["id"].as_str().unwrap();
    staff.post(&format!("/v1/cases/{case}/assignment"), &json!({ "owner": "me" })).expect(200);
    let one = format!("/v1/credit-applications/{}", made["id"].as_str().unwrap());
    assert!(server.client.get(&one).expect(200)["case"]["owner"].is_string());
    assert!(browser.get(&one).expect(200)["case"]["owner"].is_null(), "a name of the desk");
    let list = browser.get(&applications).expect(200);
    assert!(list["data"][0]["case"]["owner"].is_null());
    // Orders are found by where they stand and by their number.
    let at = server.client.get("/v1/clock").expect(200)["business_at"].clone();
    for (order, event) in [("sale-1", "authorised"), ("sale-2", "authorised"), ("sale-2", "shipped")] {
        let mut body = json!({ "order_id": order, "merchant_id": shop, "event": event, "at": at });
        if event == "authorised" {
            body["amount_minor"] = json!(10_000);
        }
        server.client.post("/v1/credit-orders", &body).expect(200);
    }
    let orders = |query: &str| {
        let list = browser.get(&format!("/v1/parties/{shop}/credit-orders?{query}")).expect(200);
        let ids =
            list["data"].as_array().unwrap().iter().map(|row| row["order_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(orders("limit=1").len(), 1);
    assert_eq!(orders("status=shipped"), ["sale-2"]);
    assert_eq!(orders("keyword=ale-1"), ["sale-1"]);
    assert_eq!(orders("until=2001-01-01"), Vec::<String>::new());
    let bad = browser.get(&format!("/v1/parties/{shop}/credit-orders?status=open"));
    bad.problem(400, "invalid_input", Some("status"));
}

/// Of many campaigns one that is another advertiser's is like one that is not there, item by item (A9, P18).
pub(crate) fn campaigns_of_others_are_not_there(server: &Server) {
    let (mine, other) =
        (party(server, "portal-ads", "advertiser"), party(server, "portal-ads-other", "advertiser"));
    let campaign = |party: &str, name: &str| {
        let new = json!({ "party_id": party, "external_id": name, "name": name });
        server.client.post("/v1/ad-campaigns", &new).expect(201)["id"].as_str().unwrap().to_owned()
    };
    let (own, foreign) = (campaign(&mine, "portal-ads-1"), campaign(&other, "portal-ads-2"));
    let none = "cmp_00000000000000000000000000";
    let item = |id: &str| json!({ "campaign_id": id, "change": { "on": false } });
    let body = json!({ "items": [item(&own), item(&foreign), item(none)] });
    let browser = enter(server, &json!({ "party_id": mine, "role": "request" }));
    let path = format!("/v1/parties/{mine}/ad-campaigns/bulk");
    let done = browser.post(&path, &body).expect(200);
    assert_eq!((&done["taken"], &done["refused"]), (&json!(1), &json!(2)), "{done}");
    let error = |n: usize| done["items"][n]["error"].clone();
    assert_eq!(
        (&error(1)["code"], &error(2)["code"]),
        (&json!("campaign_unknown"), &json!("campaign_unknown"))
    );
    let said = error(1).to_string().replace(&foreign, none);
    assert_eq!(said, error(2).to_string(), "the same to the letter");
    // The platform is told what it is.
    let desk = server.client.post(&path, &body).expect(200);
    assert_eq!(desk["items"][1]["error"]["code"], "campaign_foreign");
}
