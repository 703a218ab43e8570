//! Money through the API: holds, bulk, and a creator who is paid.

use std::time::Duration;

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use serde_json::{Value, json};

use crate::{conventions::transfer, server::Server};

pub(crate) fn holds_settle_once(server: &Server) {
    let client = &server.client;
    let mut hold = transfer(&json!(100));
    hold["action"] = json!("hold");
    let id = client.post("/v1/transfers", &hold).expect(201)["id"].clone();
    let end = |action: &str, amount: i64| json!({ "action": action, "hold": id, "amount_minor": amount });
    client.post("/v1/transfers", &end("settle", 101)).problem(422, "hold_exceeded", Some("/amount_minor"));
    client.post("/v1/transfers", &end("settle", 60)).expect(201);
    client.post("/v1/transfers", &end("release", 40)).expect(201);
    client.post("/v1/transfers", &end("settle", 1)).problem(422, "hold_released", Some("/hold"));
    let none = json!({ "action": "settle", "hold": "tr_01h455vb4pex5vsknk084sn02a", "amount_minor": 1 });
    client.post("/v1/transfers", &none).problem(422, "hold_unknown", Some("/hold"));
    hold["expires_at"] = json!("2020-01-01T00:00:00Z");
    client.post("/v1/transfers", &hold).problem(422, "expiry_in_past", Some("/expires_at"));
    let made = client.post("/v1/transfers", &transfer(&json!(77))).expect(201);
    let reverse = json!({ "action": "reverse", "transfer": made["id"] });
    assert_eq!(client.post("/v1/transfers", &reverse).expect(201)["outcome"], "new");
    assert_eq!(client.post("/v1/transfers", &reverse).expect(201)["outcome"], "known");
    let line = client.get(&format!("/v1/transfers/{}", made["id"].as_str().unwrap())).expect(200);
    assert_eq!((&line["amount_minor"], &line["action"]), (&json!(77), &json!("post")));
}

pub(crate) fn bulk_answers_item_by_item(server: &Server) {
    let client = &server.client;
    let mut bad = transfer(&json!(1));
    bad["credit"] = bad["debit"].clone();
    let mut odd = transfer(&json!(1));
    odd["currency"] = json!("yuan");
    let items = json!({ "transfers": [transfer(&json!(1)), bad, odd, transfer(&json!(2))] });
    let made = client.post("/v1/transfers/bulk", &items).expect(200);
    assert_eq!((&made["made"], &made["refused"]), (&json!(2), &json!(2)));
    assert_eq!(made["items"][1]["error"]["code"], "same_account");
    assert_eq!(made["items"][2]["error"]["pointer"], "/currency");
    let atomic = json!({ "atomic": true, "transfers": [transfer(&json!(1)), items["transfers"][1]] });
    let answer = client.post("/v1/transfers/bulk", &atomic);
    assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some("same_account")));
    client.post("/v1/transfers/bulk", &json!({ "transfers": [] })).problem(
        400,
        "bulk_size",
        Some("/transfers"),
    );
    let mut wrong = items.clone();
    wrong["transfers"][3]["amount_minor"] = json!("2");
    client.post("/v1/transfers/bulk", &wrong).problem(
        400,
        "invalid_input",
        Some("/transfers/3/amount_minor"),
    );
}

/// P16: a transfer from outside touches nothing that another record has to equal, by name or by id; staff propose theirs.
pub(crate) fn what_others_stand_for_is_not_moved_by_hand(server: &Server) {
    let client = &server.client;
    let top_up = json!({ "amount_minor": 700, "reference": "bank 0" });
    let top_up = client.post("/v1/rails/sandbox/float-top-ups", &top_up).expect(201);
    let party = json!({ "external_id": "bound", "display_name": "B", "roles": ["creator"], "legal_form": "individual" });
    let party = client.post("/v1/parties", &party).expect(200)["id"].as_str().unwrap().to_owned();
    let platform = |kind: &str| json!({ "owner": "platform", "kind": kind });
    let float = json!({ "owner": "platform", "kind": "rail.float", "qualifier": "sandbox" });
    let frozen = json!({ "owner": party, "kind": "frozen" });
    let receivable = json!({ "owner": party, "kind": "credit.receivable" });
    let id = json!(AccountRef::float("sandbox", Currency::CNY).id().to_string());
    let all = [float.clone(), frozen, receivable, platform("payouts.clearing"), id];
    for (index, bound) in all.into_iter().enumerate() {
        let code = if index == 2 { "limit_not_transferable" } else { "account_not_manual" };
        let out = json!({ "debit": bound, "credit": platform("suspense"), "amount_minor": 1 });
        client.post("/v1/transfers", &out).problem(422, code, Some("/debit"));
        let held =
            json!({ "action": "hold", "debit": platform("suspense"), "credit": bound, "amount_minor": 1 });
        client.post("/v1/transfers", &held).problem(422, code, Some("/credit"));
        let mixed = json!({ "transfers": [transfer(&json!(1)), out, transfer(&json!(1))] });
        let mixed = client.post("/v1/transfers/bulk", &mixed).expect(200);
        assert_eq!((&mixed["made"], &mixed["refused"]), (&json!(2), &json!(1)), "{index}");
        assert_eq!(mixed["items"][1]["error"]["code"], code);
        assert_eq!(mixed["items"][2]["index"], 2);
    }
    let reverse = json!({ "action": "reverse", "transfer": top_up["transfer_id"] });
    client.post("/v1/transfers", &reverse).problem(422, "account_not_manual", Some("/transfer"));
    // What an order booked is undone by its order.
    let order = json!({
        "order_id": "bound", "creator_id": party, "task_type": "video", "amount_minor": 10_000,
        "accepted_at": "2026-02-01T10:00:00+08:00", "status": "completed", "completed_at": "2026-02-10T10:00:00+08:00",
    });
    client.post("/v1/task-orders", &order).expect(200);
    let earnings = AccountRef::party(party.parse().unwrap(), AccountKind::Earnings, Currency::CNY).id();
    let lines = client.get(&format!("/v1/accounts/{earnings}/lines")).expect(200);
    let reverse = json!({ "action": "reverse", "transfer": lines["data"][0]["transfer"]["id"] });
    client.post("/v1/transfers", &reverse).problem(422, "transfer_bound", Some("/transfer"));
    let atomic = json!({ "atomic": true, "transfers": [transfer(&json!(1)), reverse] });
    let answer = client.post("/v1/transfers/bulk", &atomic);
    answer.problem(422, "transfer_bound", Some("/transfers/1/transfer"));
    // Staff, even those who may propose it.
    let staff = json!({ "login": "hand", "role": "finance", "password": "a long enough password" });
    client.post("/v1/staff", &staff).expect(201);
    let session = json!({ "login": "hand", "password": "a long enough password" });
    let session = client.with_token("").post("/v1/staff/sessions", &session).expect(201);
    let staff = client.with_token(session["token"].as_str().unwrap());
    staff.post("/v1/transfers", &transfer(&json!(1))).problem(403, "approval_required", None);
    let one = json!({ "transfers": [transfer(&json!(1))] });
    staff.post("/v1/transfers/bulk", &one).problem(403, "approval_required", None);
}

pub(crate) fn a_creator_is_paid(server: &Server) {
    let client = &server.client;
    let party = json!({ "external_id": "creator", "display_name": "Creator", "roles": ["creator"], "legal_form": "individual" });
    let party = client.post("/v1/parties", &party).expect(200);
    let id = party["id"].as_str().unwrap();
    let order = json!({
        "order_id": "o-1", "creator_id": id, "task_type": "video", "amount_minor": 1_000_000,
        "accepted_at": "2026-02-01T10:00:00+08:00", "status": "completed", "completed_at": "2026-02-10T10:00:00+08:00",
    });
    let order = client.post("/v1/task-orders", &order).expect(200);
    assert_eq!((&order["net_minor"], &order["status"]), (&json!(950_000), &json!("settled")), "X13");
    let overview = client.get(&format!("/v1/parties/{id}/overview")).expect(200);
    assert_eq!(overview["withdrawable_minor"], 950_000);
    client.post("/v1/sandbox/onboardings", &json!({ "party_id": id })).expect(200);
    let account = json!({ "kind": "sandbox", "number": "success" });
    client.post(&format!("/v1/parties/{id}/payout-accounts"), &account).expect(201);
    let request = json!({ "party_id": id, "amount_minor": 950_000 });
    let look = client.send_json("POST", "/v1/withdrawals?dry_run=true", &[], &request).expect(200);
    assert_eq!((&look["accepted"], look["checks"].as_array().unwrap().len()), (&json!(true), 15), "{look}");
    let float = json!({ "amount_minor": 10_000_000, "reference": "bank 1" });
    client.post("/v1/rails/sandbox/float-top-ups", &float).expect(201);
    let asked = client.post("/v1/withdrawals", &request).expect(201);
    let path = format!("/v1/withdrawals/{}", asked["id"].as_str().unwrap());
    let paid = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Some(client.get(&path).expect(200)).filter(|w| w["state"] == "paid")
    });
    assert!(paid.is_some(), "{}", client.get(&path).body);
    let overview = client.get(&format!("/v1/parties/{id}/overview")).expect(200);
    assert_eq!(
        (&overview["withdrawable_minor"], &overview["totals"]["withdrawn_minor"]),
        (&json!(0), &json!(950_000))
    );
    let list = client.get(&format!("/v1/parties/{id}/withdrawals")).expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    // P15: the creator was told, and says that it has read.
    let messages = client.get(&format!("/v1/parties/{id}/messages")).expect(200);
    let first = &messages["data"][0];
    assert!(first["read_at"].is_null());
    let unread = messages["unread"].as_i64().unwrap();
    assert_eq!(unread, i64::try_from(messages["data"].as_array().unwrap().len()).unwrap());
    let read = format!("/v1/parties/{id}/messages/{}/read", first["id"].as_str().unwrap());
    assert!(client.send("POST", &read, &[], b"").expect(200)["read_at"].is_string());
    let left = client.get(&format!("/v1/parties/{id}/messages?unread=true")).expect(200);
    assert_eq!(left["unread"], unread - 1);
    assert!(left["data"].as_array().unwrap().iter().all(|message| message["id"] != first["id"]));
    history(server, &order);
    // P22: what is finished, or was never there, is not run again.
    let done = client.get("/v1/jobs?state=done&limit=1").expect(200)["data"][0]["id"].clone();
    let retry = |id: &str| client.send("POST", &format!("/v1/jobs/{id}/retry"), &[], b"");
    retry(done.as_str().unwrap()).problem(422, "job_done", None);
    retry("job_00000000000000000000000001").problem(404, "job_unknown", None);
}

fn history(server: &Server, order: &Value) {
    let client = &server.client;
    let found = client.get(&format!("/v1/task-orders/{}", order["id"].as_str().unwrap()));
    assert_eq!(found.headers["etag"], format!("\"{}\"", order["version"]));
    let made = client.post("/v1/transfers", &transfer(&json!(3))).expect(201);
    let account = format!("/v1/accounts/{}", made["credit"].as_str().unwrap());
    let view = client.get(&account).expect(200);
    let lines = client.get(&format!("{account}/lines?limit=2")).expect(200);
    assert_eq!(lines["data"][0]["balance_minor"], view["posted_minor"]);
    assert_eq!(lines["data"][0]["transfer"]["id"], made["id"]);
    let today = client.get("/v1/clock").expect(200)["today"].as_str().unwrap().to_owned();
    let day = client.get(&format!("{account}/days/{today}")).expect(200);
    assert_eq!(day["closing_minor"], view["posted_minor"]);
    let month = client.get(&format!("{account}/months/{}", &today[..7])).expect(200);
    assert_eq!(month["closing_minor"], view["posted_minor"]);
    assert_eq!(client.get(&format!("{account}/balance")).expect(200)["posted_minor"], view["posted_minor"]);
}

pub(crate) fn health_is_told(server: &Server) {
    let stranger = server.client.with_token("");
    assert_eq!(stranger.get("/healthz").expect(200)["status"], "ok");
    assert_eq!(stranger.get("/readyz").expect(200)["ready"], true);
    assert_eq!(stranger.get("/metrics").status, 200);
    assert_eq!(stranger.get("/openapi.json").expect(200)["openapi"], "3.1.0");
    let client = &server.client;
    assert!(client.get("/v1/policy/bulk.items").expect(200)["entries"].is_array());
    client.get("/v1/policy/bulk.item").problem(404, "policy_key_unknown", None);
    assert_eq!(client.get("/v1/calendar/2026").expect(200)["year"], 2026);
    client.get("/v1/calendar/2099").problem(404, "calendar_missing", None);
    assert!(client.get("/v1/jobs?limit=5").expect(200)["data"].is_array());
    client.get("/v1/approvals").expect(200);
    let moved = client.post("/v1/sandbox/clock", &json!({ "advance_seconds": 60 }));
    assert!(moved.expect(200)["after"].is_string());
}
