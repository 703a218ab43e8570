//! What the back office reads (P1, P2, P4, P6, P12, P16, P18, P21, X11).

use serde_json::{Value, json};

use crate::{client::Client, server::Server};

const PASSWORD: &str = "a long enough password";

fn staff(server: &Server, login: &str, role: &str) -> (String, Client) {
    let new = json!({ "login": login, "role": role, "password": PASSWORD });
    let made = server.client.post("/v1/staff", &new).expect(201);
    let credentials = json!({ "login": login, "password": PASSWORD });
    let session = server.client.with_token("").post("/v1/staff/sessions", &credentials).expect(201);
    let id = made["id"].as_str().unwrap().to_owned();
    (id, server.client.with_token(session["token"].as_str().unwrap()))
}

fn creator(server: &Server, name: &str, amount_minor: i64) -> String {
    let client = &server.client;
    let new = json!({ "external_id": name, "roles": ["creator"], "legal_form": "individual", "display_name": format!("作者 {name}") });
    let party = client.post("/v1/parties", &new).expect(200)["id"].as_str().unwrap().to_owned();
    let order = |status: &str| {
        let mut order = json!({
            "order_id": format!("{name}-1"), "creator_id": party, "task_type": "video", "title": "t",
            "amount_minor": amount_minor, "accepted_at": "2026-01-05T02:00:00Z", "status": status,
        });
        if status == "completed" {
            order["completed_at"] = json!("2026-01-09T02:00:00Z");
        }
        order
    };
    client.post("/v1/task-orders", &order("accepted")).expect(200);
    client.post("/v1/task-orders", &order("completed")).expect(200);
    client.post("/v1/sandbox/onboardings", &json!({ "party_id": party })).expect(200);
    let account = json!({ "kind": "sandbox", "number": format!("{name}.ok") });
    client.post(&format!("/v1/parties/{party}/payout-accounts"), &account).expect(201);
    party
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

/// P18: who is signed in, and what they may do; keys are nobody.
pub(crate) fn staff_know_who_they_are(server: &Server) {
    let (id, risk) = staff(server, "desk-risk", "risk");
    let session = risk.get("/v1/staff/session").expect(200);
    assert_eq!(
        (&session["staff_id"], &session["login"], &session["role"]),
        (&json!(id), &json!("desk-risk"), &json!("risk"))
    );
    let scopes: Vec<&str> =
        session["scopes"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert!(scopes.contains(&"withdrawals:decide") && !scopes.contains(&"admin"), "{scopes:?}");
    assert_eq!((&session["sandbox"], &session["zone"]), (&json!(true), &json!("Asia/Shanghai")));
    server.client.get("/v1/staff/session").problem(403, "staff_needed", None);
    // Names for ids, for everybody at the desk; how people sign in is for admins.
    let colleagues = risk.get("/v1/staff/colleagues").expect(200);
    let me = colleagues["data"].as_array().unwrap().iter().find(|row| row["id"] == json!(id)).unwrap();
    assert_eq!(me, &json!({ "id": id, "login": "desk-risk", "role": "risk", "active": true }));
    risk.get("/v1/staff").problem(403, "scope_missing", None);
}

/// P6: parties are found by what people know of them.
pub(crate) fn parties_are_found(server: &Server) {
    let client = &server.client;
    let party = creator(server, "Findme-7", 100_000);
    for word in ["findme", "FINDME-7", "%E4%BD%9C%E8%80%85%20Find", &party[4..]] {
        let found = client.get(&format!("/v1/parties?keyword={word}")).expect(200);
        assert_eq!(ids(&found), [party.as_str()], "{word}");
    }
    let frozen = client.get("/v1/parties?keyword=findme&status=frozen").expect(200);
    assert_eq!(frozen["data"], json!([]));
    let merchants = client.get("/v1/parties?keyword=findme&role=merchant").expect(200);
    assert_eq!(merchants["data"], json!([]));
    client.get("/v1/parties?status=odd").problem(400, "invalid_input", Some("status"));
    client.get("/v1/parties?role=odd").problem(400, "invalid_input", Some("role"));
}

/// P1, P2: from an account to its lines, from a line to both accounts and to what it is about, and back.
pub(crate) fn the_ledger_is_walked_both_ways(server: &Server) {
    let client = &server.client;
    let party = creator(server, "walk", 1_000_000);
    let accounts = client.get(&format!("/v1/accounts?owner={party}")).expect(200);
    let accounts = accounts["data"].as_array().unwrap().clone();
    let earnings = accounts.iter().find(|row| row["kind"] == "earnings").unwrap();
    assert_eq!(earnings["posted_minor"], 950_000);
    let id = earnings["id"].as_str().unwrap();
    let lines = client.get(&format!("/v1/accounts/{id}/lines")).expect(200);
    let fee = &lines["data"][0];
    assert_eq!(fee["other"], json!({ "owner": "platform", "kind": "revenue.service_fee", "qualifier": "" }));
    let subject = fee["transfer"]["subject"].as_str().unwrap();
    let order = client.get(&format!("/v1/task-orders/{subject}")).expect(200);
    assert_eq!(order["order_id"], "walk-1");
    let transfer =
        client.get(&format!("/v1/transfers/{}", fee["transfer"]["id"].as_str().unwrap())).expect(200);
    assert_eq!((&transfer["debit"], &transfer["subject"]), (&json!(id), &json!(subject)));
    let platform = client.get("/v1/accounts?owner=platform").expect(200);
    assert!(platform["data"].as_array().unwrap().iter().any(|row| row["kind"] == "clients.clearing"));
    client.get("/v1/accounts?owner=nobody").problem(400, "invalid_input", Some("owner"));
    client.get("/v1/accounts").problem(400, "invalid_input", Some("query"));
}

/// G, P12, P16, X11: what waits, why, and who may act; a payout that waits for float goes out after a top-up.
pub(crate) fn what_waits_is_told(server: &Server) {
    let client = &server.client;
    let party = creator(server, "waits", 1_000_000);
    let rails = client.get("/v1/rails").expect(200);
    let rail = rails["data"].as_array().unwrap().iter().find(|row| row["rail"] == "sandbox").unwrap();
    let available = rail["available_minor"].as_i64().unwrap();
    assert_eq!(rail["low"], json!(available < rail["low_float_minor"].as_i64().unwrap()), "{rail}");
    let gate = client.get(&format!("/v1/parties/{party}/gate?amount_minor=100000")).expect(200);
    assert_eq!((&gate["accepted"], gate["checks"].as_array().unwrap().len()), (&json!(true), 15));
    let more = client.get(&format!("/v1/parties/{party}/gate?amount_minor=9999999")).expect(200);
    assert_eq!(more["refused"], "insufficient_available", "{more}");
    client.get(&format!("/v1/parties/{party}/gate?amount_minor=0")).problem(
        400,
        "invalid_input",
        Some("amount_minor"),
    );
    // More than the float that there is.
    let amount = available + 100_000;
    let rich = if amount < 950_000 { party } else { creator(server, "waits-rich", amount * 2) };
    let asked = json!({ "party_id": rich, "amount_minor": amount });
    let asked = client.post("/v1/withdrawals", &asked).expect(201);
    let id = asked["id"].as_str().unwrap();
    let path = format!("/v1/withdrawals/{id}");
    let until = |state: &str| {
        for _ in 0..200 {
            let now = client.get(&path).expect(200);
            if now["state"] == state {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{} is never {state}", client.get(&path).expect(200));
    };
    let review = client.get(&format!("{path}/review")).expect(200);
    assert_eq!(review["id"], id);
    let (_, first) = staff(server, "desk-one", "finance");
    let (_, second) = staff(server, "desk-two", "finance");
    let needed = review["people_needed"].as_i64().unwrap();
    for (who, _) in [&first, &second].iter().zip(0..needed) {
        who.post(&format!("{path}/decision"), &json!({ "decision": "approve" })).expect(200);
    }
    until("waiting_for_funds");
    let waiting = client.get("/v1/withdrawals?reason=float_short").expect(200);
    assert!(ids(&waiting).contains(&id), "{waiting}");
    client.get(&format!("/v1/parties/{rich}/withdrawals?reason=float_short")).problem(
        400,
        "invalid_input",
        Some("reason"),
    );
    let desk = first.get("/v1/operations/desk").expect(200);
    assert!(desk["waiting"].as_array().unwrap().iter().any(|row| row["rail"] == "sandbox"), "{desk}");
    let funds =
        desk["withdrawals"].as_array().unwrap().iter().find(|row| row["state"] == "waiting_for_funds");
    assert!(funds.unwrap()["amount_minor"].as_i64().unwrap() >= amount);
    let before = desk["flow"]["in_minor"].as_i64().unwrap();
    client
        .post(
            "/v1/rails/sandbox/float-top-ups",
            &json!({ "amount_minor": amount, "reference": "desk top-up" }),
        )
        .expect(201);
    until("paid");
    let desk = first.get("/v1/operations/desk").expect(200);
    assert_eq!(desk["flow"]["in_minor"], before + amount);
    assert_eq!(desk["flow"]["complete"], true);
    // What it moved: reserved first, settled at the end.
    let lines = client.get(&format!("{path}/transfers")).expect(200);
    assert_eq!(lines["complete"], true);
    let lines = lines["data"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["subject"] == id), "{lines:?}");
    let has = |action: &str| {
        lines.iter().any(|line| line["kind"] == "withdrawal.amount" && line["action"] == action)
    };
    assert!(has("hold") && has("settle"), "{lines:?}");
}

/// P16: an approval is for whoever did not propose it and may do what it is about.
pub(crate) fn approvals_are_counted_for_whom_they_are(server: &Server) {
    let (_, first) = staff(server, "desk-proposes", "finance");
    let (_, second) = staff(server, "desk-decides", "finance");
    let (_, support) = staff(server, "desk-support", "support");
    let count =
        |who: &Client| who.get("/v1/operations/desk").expect(200)["approvals_for_me"].as_i64().unwrap();
    let before = [count(&first), count(&second), count(&support)];
    let adjustment = json!({ "rail": "sandbox", "amount_minor": 4_321, "reason": "the bill shows one more" });
    let made = first.post("/v1/approvals", &json!({ "float_adjustment": adjustment })).expect(201);
    let after = [count(&first), count(&second), count(&support)];
    assert_eq!(after, [before[0], before[1] + 1, before[2]]);
    let path = format!("/v1/approvals/{}/decision", made["id"].as_str().unwrap());
    let yes = json!({ "approve": true });
    support.post(&path, &yes).problem(403, "scope_missing", None);
    second.post(&path, &yes).expect(200);
    assert_eq!(count(&second), before[1]);
}

/// P4: what applies, what a version changes, and what a text would change before anybody proposes it.
pub(crate) fn policy_is_shown_and_tried(server: &Server) {
    let (_, reader) = staff(server, "desk-reads", "read-only");
    let keys = reader.get("/v1/policy").expect(200);
    let keys = keys["data"].as_array().unwrap();
    let minimum = keys.iter().find(|row| row["key"] == "withdrawal.minimum").unwrap();
    let explained = reader.get("/v1/policy/withdrawal.minimum").expect(200);
    let applies =
        explained["entries"].as_array().unwrap().iter().find(|line| line["applies"] == true).unwrap();
    assert_eq!(minimum["value"], applies["value"]);
    let old = reader.get("/v1/policy?at=2019-09-07T00:00:00Z").expect(200);
    let fee = |keys: &Value| {
        let keys = keys.as_array().unwrap();
        keys.iter().find(|row| row["key"] == "settlement.service_fee.independent").unwrap()["value"].clone()
    };
    assert_ne!(fee(&old["data"]), fee(&json!(keys)));
    let versions = reader.get("/v1/policy-versions").expect(200);
    let number = versions["data"][0]["number"].as_i64().unwrap();
    let same = reader.get(&format!("/v1/policy-versions/{number}/changes?against={number}")).expect(200);
    assert_eq!(same["changes"], json!([]));
    reader.get("/v1/policy-versions/99/changes").problem(404, "policy_version_unknown", None);
    let text = reader.get("/v1/policy-versions/latest/text").expect(200)["text"].as_str().unwrap().to_owned();
    let preview =
        |text: &str| reader.post("/v1/policy-versions/preview", &json!({ "text": text })).expect(200);
    let unchanged = preview(&text);
    assert_eq!((&unchanged["issues"], &unchanged["changes"]), (&json!([]), &json!([])));
    let broken = preview("[pack]\nname = 1");
    assert!(!broken["issues"].as_array().unwrap().is_empty());
    // A fee of today, changed without notice: told before it is proposed.
    let marker = "key = \"settlement.service_fee.independent\"";
    let at = text.rfind(marker).unwrap_or_else(|| panic!("no {marker} in the pack"));
    let changed = format!("{}{}", &text[..at], text[at..].replacen("50_000", "60_000", 1));
    let found = preview(&changed);
    assert_eq!(found["changes"][0]["key"], "settlement.service_fee.independent", "{found}");
    assert_eq!(found["short_notice"][0]["key"], "settlement.service_fee.independent", "{found}");
}

/// P21: the dial says where it stands.
pub(crate) fn the_fault_dial_is_read(server: &Server) {
    let client = &server.client;
    client.post("/v1/sandbox/faults", &json!({ "ppm": 1_000, "kinds": ["throttled"] })).expect(200);
    assert_eq!(client.get("/v1/sandbox/faults").expect(200), json!({ "ppm": 1_000, "kinds": ["throttled"] }));
    client.post("/v1/sandbox/faults", &json!({ "ppm": 0 })).expect(200);
    assert_eq!(client.get("/v1/sandbox/faults").expect(200), json!({ "ppm": 0 }));
}
