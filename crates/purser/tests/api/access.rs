//! Who may do what (P18).

use serde_json::json;

use crate::{
    client::Client,
    schema::CONTRACT,
    server::{Place, Server},
};

/// Every operation of the contract: method, a path with ids filled in, scope.
fn operations() -> Vec<(String, String, Option<String>, bool)> {
    let mut all = Vec::new();
    for (path, item) in CONTRACT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            let scope = operation["x-scope"].as_str().map(str::to_owned);
            all.push((method.to_uppercase(), path, scope, operation.get("security").is_none()));
        }
    }
    assert!(all.len() > 40, "{}", all.len());
    all
}

pub(crate) fn every_route_refuses_strangers(server: &Server) {
    for (method, path, _, public) in operations() {
        if !public {
            server.client.with_token("").send(&method, &path, &[], b"").problem(401, "token_missing", None);
            let wrong = server.client.with_token("pk_nonsense");
            wrong.send(&method, &path, &[], b"").problem(401, "token_invalid", None);
        }
    }
}

fn key(client: &Client, scopes: &[&str]) -> (String, Client) {
    let made = client.post("/v1/api-keys", &json!({ "name": "narrow", "scopes": scopes })).expect(201);
    let id = made["key"]["id"].as_str().unwrap().to_owned();
    (id, client.with_token(made["token"].as_str().unwrap()))
}

pub(crate) fn every_route_refuses_keys_without_its_scope(server: &Server) {
    let (_, reader) = key(&server.client, &["events:read"]);
    let (_, other) = key(&server.client, &["ledger:read"]);
    for (method, path, scope, _) in operations() {
        let Some(scope) = scope else { continue };
        let client = if scope == "events:read" { &other } else { &reader };
        client.send(&method, &path, &[], b"").problem(403, "scope_missing", None);
    }
    reader.get("/v1/events").expect(200);
    // Nobody hands out what they do not have, and scopes are a closed list.
    let (_, admin) = key(&server.client, &["admin"]);
    let more = json!({ "name": "more", "scopes": ["ledger:post"] });
    admin.post("/v1/api-keys", &more).problem(403, "scope_missing", None);
    let odd = json!({ "name": "odd", "scopes": ["ledger:own"] });
    server.client.post("/v1/api-keys", &odd).problem(400, "invalid_input", Some("/scopes/0"));
}

pub(crate) fn keys_rotate_and_end(server: &Server) {
    let (id, old) = key(&server.client, &["events:read"]);
    let path = format!("/v1/api-keys/{id}");
    let read = server.client.get(&path);
    assert_eq!(read.headers["etag"], "\"1\"");
    let rotate = format!("{path}/rotate");
    let stale = [("If-Match", "\"9\"")];
    server.client.send_json("POST", &rotate, &stale, &json!({ "grace_seconds": 60 })).problem(
        412,
        "version_conflict",
        None,
    );
    let made = server.client.post(&rotate, &json!({ "grace_seconds": 60 })).expect(200);
    let new = server.client.with_token(made["token"].as_str().unwrap());
    old.get("/v1/events").expect(200);
    new.get("/v1/events").expect(200);
    server.client.post(&rotate, &json!({ "grace_seconds": 0 })).expect(200);
    old.get("/v1/events").problem(401, "token_invalid", None);
    let (id, doomed) = key(&server.client, &["events:read"]);
    doomed.get("/v1/events").expect(200);
    server.client.send("POST", &format!("/v1/api-keys/{id}/revoke"), &[], b"").expect(200);
    doomed.get("/v1/events").problem(401, "token_invalid", None);
    let late = json!({ "name": "late", "scopes": ["events:read"], "expires_at": "2020-01-01T00:00:00Z" });
    server.client.post("/v1/api-keys", &late).problem(422, "expiry_in_past", Some("/expires_at"));
    for row in server.client.get("/v1/api-keys").expect(200)["data"].as_array().unwrap() {
        assert!(row.get("hash").is_none() && row.get("token").is_none());
    }
}

pub(crate) fn staff_sign_in_and_are_locked_out(server: &Server) {
    let client = &server.client;
    let (login, password) = ("fei", "a long enough password");
    let new = json!({ "login": login, "role": "finance", "password": password });
    let made = client.post("/v1/staff", &new).expect(201);
    client.post("/v1/staff", &new).problem(409, "login_taken", Some("/login"));
    let short = json!({ "login": "x", "role": "finance", "password": "short" });
    client.post("/v1/staff", &short).problem(400, "invalid_input", Some("/password"));
    let stranger = client.with_token("");
    let right = json!({ "login": "Fei", "password": password });
    let session = stranger.post("/v1/staff/sessions", &right).expect(201);
    let staff = client.with_token(session["token"].as_str().unwrap());
    let me = staff.get("/v1/me").expect(200);
    assert_eq!(me["actor"], format!("staff:{}", made["id"].as_str().unwrap()));
    staff.get("/v1/api-keys").problem(403, "scope_missing", None);
    staff.send("DELETE", "/v1/staff/sessions/current", &[], b"").expect(204);
    staff.get("/v1/me").problem(401, "token_invalid", None);
    let wrong = json!({ "login": "fei", "password": "not the password" });
    for _ in 0..5 {
        stranger.post("/v1/staff/sessions", &wrong).problem(401, "sign_in_refused", None);
    }
    stranger.post("/v1/staff/sessions", &right).problem(403, "account_locked", None);
    // A new password lifts the lock, and ends the sessions of the old one.
    let path = format!("/v1/staff/{}", made["id"].as_str().unwrap());
    client.send_json("PATCH", &path, &[], &json!({ "password": "another long password" })).expect(200);
    let right = json!({ "login": "fei", "password": "another long password" });
    let session = stranger.post("/v1/staff/sessions", &right).expect(201);
    let staff = client.with_token(session["token"].as_str().unwrap());
    staff.get("/v1/me").expect(200);
    client.send_json("PATCH", &path, &[], &json!({ "password": "a third long password" })).expect(200);
    staff.get("/v1/me").problem(401, "token_invalid", None);
    let right = json!({ "login": "fei", "password": "a third long password" });
    stranger.post("/v1/staff/sessions", &right).expect(201);
    // Nobody gives a role more than they have themselves.
    let (_, admin) = key(client, &["admin"]);
    let finance = json!({ "login": "two", "role": "finance", "password": password });
    admin.post("/v1/staff", &finance).problem(403, "scope_missing", None);
    admin.send_json("PATCH", &path, &[], &json!({ "role": "admin" })).problem(403, "scope_missing", None);
    client.send_json("PATCH", &path, &[], &json!({ "disabled": true })).expect(200);
    stranger.post("/v1/staff/sessions", &right).problem(401, "sign_in_refused", None);
    let nobody = json!({ "login": "nobody", "password": "another long password" });
    stranger.post("/v1/staff/sessions", &nobody).problem(401, "sign_in_refused", None);
}

/// P16, P18: on live books a key is no person and makes none; the first account is made at the console.
pub(crate) fn keys_make_no_people(place: &Place) {
    let token = place.key("all");
    let password = "a long enough password\n";
    place.with_input(&["staff", "create", "--login", "first", "--role", "admin"], password);
    let running = place.start(&[]);
    let client = Client::new(running.address, &token);
    let new = json!({ "login": "li", "role": "finance", "password": password.trim() });
    client.post("/v1/staff", &new).problem(403, "staff_needed", None);
    let session = json!({ "login": "first", "password": password.trim() });
    let session = client.with_token("").post("/v1/staff/sessions", &session).expect(201);
    let first = client.with_token(session["token"].as_str().unwrap());
    // Whoever made the account knows its password: the owner changes it first.
    first.post("/v1/staff", &new).problem(403, "password_change_needed", None);
    let own = json!({ "current": password.trim(), "new": "a password of my own" });
    let session = first.post("/v1/me/password", &own).expect(201);
    let first = client.with_token(session["token"].as_str().unwrap());
    let made = first.post("/v1/staff", &new).expect(201);
    let path = format!("/v1/staff/{}", made["id"].as_str().unwrap());
    let change = json!({ "password": "another long password" });
    client.send_json("PATCH", &path, &[], &change).problem(403, "staff_needed", None);
    first.send_json("PATCH", &path, &[], &change).expect(200);
    running.stop();
}

/// P19: `If-Match` is honoured where the contract says so, and refused elsewhere instead of being passed over.
pub(crate) fn edits_compare_versions(server: &Server) {
    let stale = [("If-Match", "\"9999\"")];
    let mut compared = 0;
    for (path, item) in CONTRACT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            if parameters.any(|parameter| parameter["name"] == "If-Match") {
                compared += 1;
            } else if operation.get("security").is_some() {
                let path = path.replace(['{', '}'], "");
                let headers = [stale[0], ("Idempotency-Key", "versions")];
                let answer = server.client.send(&method.to_uppercase(), &path, &headers, b"");
                answer.problem(400, "if_match_unsupported", Some("If-Match"));
            }
        }
    }
    assert!(compared > 20, "{compared}");
    let new = json!({ "external_id": "versions", "roles": ["creator"], "legal_form": "individual", "display_name": "Lin" });
    let id = server.client.post("/v1/parties", &new).expect(200)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/parties/{id}");
    let mut change = new.clone();
    change["display_name"] = json!("Lin Yi");
    server.client.send_json("PATCH", &path, &stale, &change).problem(412, "version_conflict", None);
    let changed = server.client.send_json("PATCH", &path, &[("If-Match", "\"1\"")], &change);
    assert_eq!((changed.status, changed.headers["etag"].as_str()), (200, "\"2\""), "{}", changed.body);
    let frozen = json!({ "reason": "looked at" });
    server.client.send_json("POST", &format!("{path}/freeze"), &[("If-Match", "\"1\"")], &frozen).problem(
        412,
        "version_conflict",
        None,
    );
}
