//! Whose password it is (P16, P18): one that somebody else has set opens nothing until its owner has changed it.

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    world::{Place, Server},
};

const FIRST: &str = "set at the console";
const OWN: &str = "correct horse battery staple";
const OTHER: &str = "another long password";

fn sign_in(server: &Server, login: &str, password: &str) -> Answer {
    let session = json!({ "login": login, "password": password });
    server.client("").post("/v1/staff/sessions", "unused", &session)
}

/// Signs in with a password that somebody else has set, sees that it opens nothing, and makes it their own.
fn takes_over(server: &Server, login: &str, given: &str, own: &str) -> Client {
    let session = sign_in(server, login, given).ended(201);
    assert_eq!(session.body["must_change_password"], true);
    let client = server.client(session.text("token"));
    let me = client.get("/v1/me").ended(200).body;
    assert_eq!((&me["must_change_password"], &me["scopes"]), (&json!(true), &json!([])));
    for path in ["/v1/staff", "/v1/approvals", "/v1/parties", "/v1/audit"] {
        let refused = client.get(path);
        assert_eq!((refused.status, refused.text("code")), (403, "password_change_needed"), "{path}");
        assert!(refused.body["facts"]["message_zh"].as_str().unwrap().contains("修改密码"));
    }
    let change = |current: &str, new: &str| {
        client.post("/v1/me/password", "unused", &json!({ "current": current, "new": new }))
    };
    let code = |answer: &Answer| (answer.status, answer.text("code").to_owned());
    assert_eq!(code(&change(given, given)), (422, "password_same".to_owned()));
    assert_eq!(code(&change("not this one at all", own)), (422, "password_wrong".to_owned()));
    assert_eq!(code(&change(given, "short")), (400, "invalid_input".to_owned()));
    let changed = change(given, own).ended(201);
    assert_eq!(changed.body["must_change_password"], false);
    assert_eq!(client.get("/v1/me").status, 401, "the session of the old password has ended");
    assert_eq!(sign_in(server, login, given).status, 401);
    let client = server.client(changed.text("token"));
    assert_eq!(client.get("/v1/me").ended(200).body["must_change_password"], false);
    client
}

/// The newest audit entry of an account with this action.
fn audit(client: &Client, id: &str, action: &str) -> Value {
    let entries = client.get(&format!("/v1/audit?subject={id}")).ended(200).body;
    let entries = entries["data"].as_array().unwrap();
    entries.iter().find(|entry| entry["action"] == action).cloned().unwrap_or_default()
}

#[test]
fn a_password_of_somebody_else_opens_nothing_until_it_is_changed_p16_p18() {
    for place in Place::all() {
        let key = place.key_with("all");
        let create = ["staff", "create", "--login", "li", "--role", "admin"];
        place.run_with(&create, &format!("{FIRST}\n")).ended(0);
        let server = Server::start(&place);
        let li = takes_over(&server, "li", FIRST, OWN);

        let new = json!({ "login": "wang", "role": "admin", "password": FIRST });
        let made = li.post("/v1/staff", "unused", &new).ended(201);
        let by = li.get("/v1/me").text("actor").to_owned();
        let id = made.text("id").to_owned();
        assert_eq!(made.text("password_by"), by);
        assert_eq!(audit(&li, &id, "access.create_staff")["data"]["password_by"], by);

        // What two people decide is not decided by one with two passwords.
        let account = |kind: &str| json!({ "owner": "platform", "kind": kind });
        let transfer = json!({ "manual_transfer": { "debit": account("clients.clearing"),
            "credit": account("suspense"), "amount_minor": 100, "reason": "see case 7" } });
        let proposed = li.post("/v1/approvals", "propose", &transfer);
        let path = format!("/v1/approvals/{}/decision", proposed.ended(201).text("id"));
        let yes = json!({ "approve": true });
        let session = sign_in(&server, "wang", FIRST).ended(201);
        let refused = server.client(session.text("token")).post(&path, "unused", &yes);
        assert_eq!((refused.status, refused.text("code")), (403, "password_change_needed"));
        let wang = takes_over(&server, "wang", FIRST, OTHER);
        assert_eq!(audit(&li, &id, "access.change_own_password")["actor"], format!("staff:{id}"));
        assert_eq!(li.get(&format!("/v1/staff/{id}")).ended(200).body["password_by"], Value::Null);

        // Set again by the colleague: the owner's session ends, the new one opens nothing, and the audit says who.
        let set = json!({ "password": FIRST });
        li.patch(&format!("/v1/staff/{id}"), &set).ended(200);
        assert_eq!(wang.get("/v1/me").status, 401);
        let entry = audit(&li, &id, "access.set_password");
        assert_eq!((&entry["actor"], &entry["data"]["password_by"]), (&json!(by), &json!(by)), "{entry}");
        let wang = takes_over(&server, "wang", FIRST, OWN);
        wang.post(&path, "decide", &yes).ended(200);

        // Whoever sets their own, as an admin may, has nothing to change.
        let own = li
            .patch(&format!("/v1/staff/{}", by.trim_start_matches("staff:")), &json!({ "password": OTHER }));
        assert_eq!(own.ended(200).body["password_by"], Value::Null);
        assert_eq!(sign_in(&server, "li", OTHER).ended(201).body["must_change_password"], false);
        let refused =
            server.client(&key).post("/v1/me/password", "x", &json!({ "current": "a", "new": "b" }));
        assert_eq!((refused.status, refused.text("code")), (403, "staff_needed"));
        server.stop();
    }
}
