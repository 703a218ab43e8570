//! What holds for every route (P19).

use serde_json::{Value, json};

use crate::{
    client::{Client, fresh_key},
    server::{Place, Server},
};

/// A transfer that the books always take: clearing has no floor.
pub(crate) fn transfer(amount: &Value) -> Value {
    json!({
        "debit": { "owner": "platform", "kind": "clients.clearing" },
        "credit": { "owner": "platform", "kind": "suspense" },
        "amount_minor": amount,
    })
}

pub(crate) fn amounts_are_integers_above_zero(server: &Server) {
    for bad in
        ["0", "-1", "1.5", "1e3", "9223372036854775808", "99999999999999999999999", "\"5\"", "null", "[]"]
    {
        let body = transfer(&json!("AMOUNT")).to_string().replace("\"AMOUNT\"", bad);
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "amounts")];
        let answer = server.client.send("POST", "/v1/transfers", &headers, body.as_bytes());
        answer.problem(400, "invalid_input", Some("/amount_minor"));
    }
    // The refused inputs above have not used the key up.
    server.client.post_with("/v1/transfers", "amounts", &transfer(&json!(1))).expect(201);
}

pub(crate) fn bodies_are_read_strictly(server: &Server) {
    let client = &server.client;
    let mut body = transfer(&json!(1));
    body["colour"] = json!("red");
    client.post("/v1/transfers", &body).problem(400, "invalid_input", Some("/colour"));
    body = transfer(&json!(1));
    body["debit"]["kind"] = json!(7);
    client.post("/v1/transfers", &body).problem(400, "invalid_input", Some("/debit/kind"));
    body = transfer(&json!(1));
    body["debit"]["kind"] = json!("wallet");
    client.post("/v1/transfers", &body).problem(400, "invalid_input", Some("/debit"));
    body = transfer(&json!(1));
    body["currency"] = json!("EUR");
    client.post("/v1/transfers", &body).problem(400, "invalid_input", Some("/currency"));
    body["currency"] = json!("yuan");
    client.post("/v1/transfers", &body).problem(400, "invalid_input", Some("/currency"));
    body = transfer(&json!(1));
    body["credit"] = body["debit"].clone();
    client.post("/v1/transfers", &body).problem(422, "same_account", Some("/credit"));
    body["credit"] = json!("acc_01h455vb4pex5vsknk084sn02q");
    client.post("/v1/transfers", &body).problem(422, "credit_account_unknown", Some("/credit"));
    body["credit"] = json!("pty_01h455vb4pex5vsknk084sn02q");
    client.post("/v1/transfers", &body).problem(400, "invalid_input", Some("/credit"));

    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "strict")];
    let answer = client.send("POST", "/v1/transfers", &headers, b"{\"debit\": }");
    answer.problem(400, "json_invalid", None);
    assert!(answer.body["detail"].as_str().unwrap().contains("line 1 column"), "{}", answer.body);
    let answer = client.send("POST", "/v1/transfers", &headers[1..], b"{}");
    answer.problem(415, "content_type_unsupported", None);
    let large = vec![b' '; 300 * 1024];
    client.send("POST", "/v1/transfers", &headers, &large).problem(413, "body_too_large", None);
    client.get("/v1/audit?limit=0").problem(400, "invalid_input", Some("limit"));
    client.get("/v1/audit?colour=red").problem(400, "invalid_input", Some("query"));
    client.get("/v1/audit?cursor=beef").problem(400, "invalid_input", Some("cursor"));
}

pub(crate) fn unknown_routes_and_methods(server: &Server) {
    server.client.get("/v1/nothing").problem(404, "route_unknown", None);
    let answer = server.client.send("PUT", "/v1/transfers", &[], b"");
    answer.problem(405, "method_not_allowed", None);
    assert_eq!(answer.headers["allow"], "POST");
    let answer = server.client.send("GET", "/v1/me", &[("X-Request-Id", "mine-1")], b"");
    assert_eq!(answer.headers["x-request-id"], "mine-1");
}

pub(crate) fn keys_are_remembered(server: &Server) {
    let client = &server.client;
    let (key, body) = (fresh_key(), transfer(&json!(700)));
    client.send_json("POST", "/v1/transfers", &[], &body).problem(
        400,
        "idempotency_key_required",
        Some("Idempotency-Key"),
    );
    client.post_with("/v1/transfers", &"k".repeat(256), &body).problem(
        400,
        "idempotency_key_invalid",
        Some("Idempotency-Key"),
    );
    let first = client.post_with("/v1/transfers", &key, &body);
    assert!(first.status == 201 && !first.headers.contains_key("idempotency-replayed"));
    let again = client.post_with("/v1/transfers", &key, &body);
    assert_eq!((again.status, &again.headers["idempotency-replayed"]), (201, &"true".to_owned()));
    assert_eq!(again.body, first.body);
    client.post_with("/v1/transfers", &key, &transfer(&json!(701))).problem(
        409,
        "idempotency_key_reused",
        None,
    );
    let looked = client.get(&format!("/v1/idempotency-keys/{key}")).expect(200);
    assert_eq!((&looked["status"], &looked["answer"]), (&json!(201), &first.body));
    client.get("/v1/idempotency-keys/never").problem(404, "idempotency_key_unknown", None);
    // Rejections are remembered too.
    let mut refused = transfer(&json!(1));
    refused["credit"] = refused["debit"].clone();
    let key = fresh_key();
    let first = client.post_with("/v1/transfers", &key, &refused);
    let again = client.post_with("/v1/transfers", &key, &refused);
    assert_eq!((again.status, &again.body), (422, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    // An id of one's own makes a transfer happen once, under whatever key.
    let mut named = transfer(&json!(5));
    named["id"] = json!("tr_01h455vb4pex5vsknk084sn02q");
    assert_eq!(client.post("/v1/transfers", &named).expect(201)["outcome"], "new");
    assert_eq!(client.post("/v1/transfers", &named).expect(201)["outcome"], "known");
    named["amount_minor"] = json!(6);
    client.post("/v1/transfers", &named).problem(422, "id_reused", Some("/id"));
}

pub(crate) fn dry_runs_keep_nothing(server: &Server) {
    let client = &server.client;
    let made = client.post("/v1/transfers", &transfer(&json!(10))).expect(201);
    let account = format!("/v1/accounts/{}", made["credit"].as_str().unwrap());
    let before = client.get(&account).expect(200);
    let dry = client.send_json("POST", "/v1/transfers?dry_run=true", &[], &transfer(&json!(999)));
    assert_eq!(dry.expect(200)["dry_run"], true);
    assert_eq!(client.get(&account).expect(200), before);
    client.send_json("POST", "/v1/parties?dry_run=true", &[], &json!({})).problem(
        400,
        "invalid_input",
        Some("dry_run"),
    );
    // A trial that is written wrongly must not become the real thing.
    for (query, pointer) in [
        ("dry_run", "dry_run"),
        ("dry_run=", "dry_run"),
        ("dry_run=yes", "dry_run"),
        ("dry_run=true&dry_run=false", "dry_run"),
        ("dry%5Frun=true", "query"),
        ("dryrun=true", "query"),
    ] {
        let answer = client.post(&format!("/v1/transfers?{query}"), &transfer(&json!(999)));
        answer.problem(400, "invalid_input", Some(pointer));
    }
    assert_eq!(client.get(&account).expect(200), before);
}

pub(crate) fn lists_page(server: &Server) {
    let client = &server.client;
    for index in 0..5 {
        let party = json!({
            "external_id": format!("page-{index}"), "display_name": "Somebody", "roles": ["creator"],
            "legal_form": "individual",
        });
        client.post("/v1/parties", &party).expect(200);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/parties?limit=2{cursor}")).expect(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|p| p["external_id"].to_string()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), sorted.len()), (5, 5), "{seen:?}");
    let (mut after, mut events) = (String::new(), 0);
    loop {
        let page = client.get(&format!("/v1/events?limit=2{after}")).expect(200);
        events += page["data"].as_array().unwrap().len();
        after = format!("&after={}", page["next_cursor"].as_str().unwrap());
        if page["has_more"] == false {
            break;
        }
    }
    assert!(events >= 5);
    let page = client.get("/v1/audit?limit=3").expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
}

pub(crate) fn full_queue() {
    let place = Place::folder();
    let token = place.key("all");
    let running = place.start(&["--queue", "1"]);
    let client = Client::new(running.address, &token);
    let threads: Vec<_> = (0..24)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || {
                let mut counts = (0i64, 0);
                for _ in 0..20 {
                    let answer = client.post("/v1/transfers", &transfer(&json!(1)));
                    if answer.status == 201 {
                        counts.0 += 1;
                        continue;
                    }
                    answer.problem(503, "busy", None);
                    assert_eq!(answer.headers["retry-after"], "1");
                    assert_eq!(answer.body["retryable"], true);
                    counts.1 += 1;
                }
                counts
            })
        })
        .collect();
    let (mut made, mut busy) = (0, 0);
    for thread in threads {
        let counts = thread.join().unwrap();
        made += counts.0;
        busy += counts.1;
    }
    assert!(busy > 0, "24 clients and room for one: {made} made, nobody was told to come back");
    let account = client.post("/v1/transfers", &transfer(&json!(1)));
    let made = made + i64::from(account.status == 201);
    let id = account.body["credit"].as_str().map(str::to_owned);
    if let Some(id) = id {
        assert_eq!(client.get(&format!("/v1/accounts/{id}")).expect(200)["posted_minor"], made);
    }
    running.stop();
}
