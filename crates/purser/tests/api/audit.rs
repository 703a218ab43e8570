//! Who did what, and from where (P17).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{client::Client, server::Server};

/// The whole audit log by the id of the request, page by page.
fn by_request(client: &Client) -> BTreeMap<String, Value> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/audit?limit=200{cursor}")).expect(200);
        for entry in page["data"].as_array().unwrap() {
            if let Some(id) = entry["data"]["request_id"].as_str() {
                all.insert(id.to_owned(), entry.clone());
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Whatever the test wrote has its entry: who, from where, under which request.
pub(crate) fn every_write_has_its_entry(server: &Server) {
    let (entries, writes) = (by_request(&server.client), server.client.writes());
    assert!(!writes.is_empty());
    // A text is only looked at: it is sent with POST because it does not fit into an address.
    for (request, what) in writes.into_iter().filter(|(_, what)| what != "POST /v1/policy-versions/preview") {
        let entry = entries.get(&request).unwrap_or_else(|| panic!("{what}: no entry in the audit log"));
        assert_eq!(entry["data"]["address"], "127.0.0.1", "{what}: {entry}");
        let actor = entry["actor"].as_str().unwrap();
        // Whoever signs in is nobody yet.
        let known = ["key:", "staff:", "portal:"].iter().any(|kind| actor.starts_with(kind));
        let enters = ["POST /v1/staff/sessions", "POST /v1/portal/sessions"].contains(&what.as_str());
        assert!(known || enters, "{what}: {entry}");
        assert!(entry["action"].as_str().unwrap().contains('.'), "{what}: {entry}");
    }
}

fn actions(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/v1/audit?{query}")).expect(200);
    let data = page["data"].as_array().unwrap();
    data.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

/// P17: before and after of what changed, and nothing of what is personal.
pub(crate) fn changes_say_before_and_after(server: &Server) {
    let client = &server.client;
    let profile = |name: &str, class: &str| {
        json!({ "external_id": "p17", "roles": ["creator"], "legal_form": "individual", "display_name": name,
            "class": class, "metadata": { "note": name } })
    };
    let id = client.post("/v1/parties", &profile("Zhao Liu", "ordinary")).expect(200)["id"].clone();
    let path = format!("/v1/parties/{}", id.as_str().unwrap());
    let request = [("X-Request-Id", "p17-change")];
    client.send_json("PATCH", &path, &request, &profile("Qian Qi", "celebrity")).expect(200);
    client.send_json("POST", &format!("{path}/freeze"), &[], &json!({ "reason": "looked at" })).expect(200);
    let page = client.get(&format!("/v1/audit?subject={}", id.as_str().unwrap())).expect(200);
    let [frozen, changed, registered] = &page["data"].as_array().unwrap()[..] else { panic!("{page}") };
    assert_eq!(registered["action"], "party.register");
    let data = &changed["data"];
    assert_eq!((&changed["action"], &data["request_id"]), (&json!("party.update"), &json!("p17-change")));
    assert_eq!((&data["class_before"], &data["class_after"]), (&json!("ordinary"), &json!("celebrity")));
    assert_eq!((&data["display_name_changed"], &data["metadata_changed"]), (&json!(true), &json!(true)));
    assert!(data.get("roles_before").is_none(), "what stayed is not said: {data}");
    let data = &frozen["data"];
    assert_eq!((&data["status_before"], &data["status_after"]), (&json!("active"), &json!("frozen")));
    let text = page.to_string();
    assert!(!text.contains("Zhao") && !text.contains("Qian"), "no personal values: {text}");

    let password = "a long enough password";
    let new = json!({ "login": "p17", "role": "finance", "password": password });
    let staff = client.post("/v1/staff", &new).expect(201)["id"].clone();
    let path = format!("/v1/staff/{}", staff.as_str().unwrap());
    client.send_json("PATCH", &path, &[], &json!({ "role": "risk" })).expect(200);
    let page = client.get(&format!("/v1/audit?subject={}", staff.as_str().unwrap())).expect(200);
    let data = &page["data"][0]["data"];
    assert_eq!((&data["role_before"], &data["role_after"]), (&json!("finance"), &json!("risk")));
    assert!(!page.to_string().contains(password));
}

/// P17: by actor, action and time, together with each other and with pages.
pub(crate) fn the_log_is_searched(server: &Server) {
    let client = &server.client;
    let new = json!({ "name": "p17", "scopes": ["parties:write", "parties:read"] });
    let made = client.post("/v1/api-keys", &new).expect(201);
    let (key, narrow) =
        (made["key"]["id"].as_str().unwrap(), client.with_token(made["token"].as_str().unwrap()));
    let begun = client.get("/v1/clock").expect(200)["business_at"].as_str().unwrap().to_owned();
    client.post("/v1/sandbox/clock", &json!({ "advance_seconds": 10 })).expect(200);
    for n in 0..3 {
        let party = json!({ "external_id": format!("found-{n}"), "display_name": "F", "roles": ["creator"],
            "legal_form": "individual" });
        narrow.post("/v1/parties", &party).expect(200);
    }
    client.post("/v1/sandbox/clock", &json!({ "advance_seconds": 10 })).expect(200);
    let ended = client.get("/v1/clock").expect(200)["business_at"].as_str().unwrap().to_owned();
    let own = format!("actor=key:{key}");
    assert_eq!(actions(client, &own), ["party.register"; 3]);
    assert_eq!(actions(client, &format!("{own}&action=party.register&limit=2")).len(), 2);
    assert!(actions(client, &format!("{own}&action=party.close")).is_empty());
    assert_eq!(actions(client, &format!("{own}&from={begun}&until={ended}")).len(), 3);
    assert!(actions(client, &format!("{own}&until={begun}")).is_empty());
    assert!(actions(client, &format!("from={ended}")).iter().all(|action| action != "party.register"));
    let within = actions(client, &format!("from={begun}&until={ended}&limit=200"));
    assert!(within.len() >= 4, "{within:?}");
    assert_eq!(within.iter().filter(|action| *action == "party.register").count(), 3);
    // Page by page, one entry each: nothing twice, nothing left out.
    let (mut seen, mut query) = (Vec::new(), format!("{own}&limit=1"));
    loop {
        let page = client.get(&format!("/v1/audit?{query}")).expect(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["subject"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("{own}&limit=1&cursor={next}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 3, "{seen:?}");
    client.get("/v1/audit?from=yesterday").problem(400, "invalid_input", Some("query"));
}
