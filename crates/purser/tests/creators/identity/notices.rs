//! What a bound phone hears of withdrawals (X4, P15).

use serde_json::{Value, json};

use super::{
    Desk, advance, bind_phone, code, earn, fresh, get_code, party, post, sandbox_account, two_people, verify,
};
use crate::support::{
    http::Client,
    world::{Place, wait_until},
};

const ID: &str = "11010519491231002X";
const PHONE: &str = "13800138000";

/// What the sandbox's phone of a party got besides codes, oldest first: event and text.
fn heard(client: &Client, party: &str) -> Vec<(String, String)> {
    let outbox = client.get(&format!("/v1/sandbox/outbox?party_id={party}&limit=200")).ended(200).body;
    let notices = outbox["data"].as_array().unwrap().iter().rev();
    let notices = notices.filter(|message| message["id"].as_str().unwrap().starts_with("ntc_"));
    notices
        .map(|message| {
            assert_eq!((&message["code"], &message["phone"]), (&json!(""), &json!("138****8000")));
            let text = |field: &str| message[field].as_str().unwrap().to_owned();
            (text("purpose"), text("text"))
        })
        .collect()
}

/// Waits until the phone heard of an event, and returns the text.
fn hears(client: &Client, party: &str, event: &str) -> String {
    let mut text = None;
    wait_until(&format!("the phone hears {event}"), 30, || {
        // Rails are asked again a little later.
        advance(client, 5);
        text = heard(client, party).into_iter().rev().find(|(purpose, _)| purpose == event);
        text.is_some()
    });
    text.unwrap().1
}

fn top_up(client: &Client, amount_minor: i64) {
    let body = json!({ "amount_minor": amount_minor, "reference": fresh() });
    post(client, "/v1/rails/sandbox/float-top-ups", &body).ended(201);
}

/// Asks for an amount with the code that the phone got.
fn draw(client: &Client, party: &str, to: &str, amount_minor: i64) -> String {
    let mut body = json!({ "party_id": party, "amount_minor": amount_minor, "destination": to });
    body["code"] = get_code(client, "/v1/withdrawals/codes", &body).into();
    post(client, "/v1/withdrawals", &body).ended(201).text("id").to_owned()
}

/// Notices that are queued, sent or given up about a withdrawal: their states.
fn queued(client: &Client, withdrawal: &str) -> Vec<Value> {
    let jobs = ["ready", "done", "failed"].map(|state| {
        client.get(&format!("/v1/jobs?state={state}&limit=200")).ended(200).body["data"].clone()
    });
    let jobs = jobs.iter().flat_map(|page| page.as_array().unwrap().clone());
    jobs.filter(|job| job["kind"] == "notice.send" && job["subject"] == withdrawal).collect()
}

/// X4: the phone that is bound gets the notices of a withdrawal from request to end, with amount and state and nothing of
/// the account.
#[test]
fn a_bound_phone_hears_of_its_withdrawals_x4_p15() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        bind_phone(&client, &id, PHONE);
        verify(&client, &id, "person", "张三", ID).ended(200);
        let good = sandbox_account(&client, &id, "c1-secret.ok");
        let bad = sandbox_account(&client, &id, "c1-secret.fail");
        let returned = sandbox_account(&client, &id, "c1-secret.bounce");
        earn(&client, &id);
        // The cooling-off of the later accounts.
        advance(&client, 24 * 3_600);

        let first = draw(&client, &id, &good, 10_000);
        assert!(hears(&client, &id, "withdrawal.requested").contains("100.00元"));
        assert!(hears(&client, &id, "withdrawal.waiting_for_funds").contains("工作人员正在处理"));
        top_up(&client, 100_000);
        let paid = hears(&client, &id, "withdrawal.paid");
        assert!(paid.contains("到账金额 100.00元") && paid.contains("CNY 100.00"), "{paid}");
        draw(&client, &id, &bad, 1_000);
        assert!(hears(&client, &id, "withdrawal.failed").contains("10.00元"));
        draw(&client, &id, &returned, 2_000);
        assert!(hears(&client, &id, "withdrawal.bounced").contains("20.00元"));
        for (event, text) in heard(&client, &id) {
            assert!(!text.contains("c1-secret") && !text.contains(PHONE), "{event}: {text}");
        }
        // What is written of a notice has the phone masked.
        let audit = client.get(&format!("/v1/audit?subject={first}")).ended(200).body;
        let entries = audit["data"].as_array().unwrap();
        let sent = entries.iter().find(|entry| entry["action"] == "notice.sent").unwrap();
        assert_eq!(sent["data"]["phone"], "138****8000", "{sent}");
        desk.server.stop();
        place.verify(true);
    }
}

/// P15: refused by people, called off by the party; and once the phone is unbound nobody hears anything.
#[test]
fn a_phone_hears_of_refusals_and_nothing_once_it_is_unbound_x4_p15() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let people = (desk.staff("li", "admin"), desk.staff("wang", "admin"));
        let id = party(&client, "c1", "individual");
        bind_phone(&client, &id, PHONE);
        verify(&client, &id, "person", "张三", ID).ended(200);
        let to = sandbox_account(&client, &id, "c1.ok");
        for _ in 0..60 {
            earn(&client, &id);
        }
        // 500,000.00 and more is looked at by people (P16).
        let large = draw(&client, &id, &to, 50_000_000);
        assert!(hears(&client, &id, "withdrawal.in_review").contains("500000.00元"));
        let no = json!({ "decision": "reject", "note": "papers" });
        post(&people.0, &format!("/v1/withdrawals/{large}/decision"), &no).ended(200);
        hears(&client, &id, "withdrawal.rejected");
        let called_off = draw(&client, &id, &to, 1_000);
        post(&client, &format!("/v1/withdrawals/{called_off}/cancel"), &json!({})).ended(200);
        hears(&client, &id, "withdrawal.cancelled");
        assert!(heard(&client, &id).iter().all(|(_, text)| !text.contains("papers")));

        let last = draw(&client, &id, &to, 2_000);
        hears(&client, &id, "withdrawal.waiting_for_funds");
        // The one that was called off may have been told to wait, too.
        let before = 2;
        wait_until("both are queued", 30, || queued(&client, &last).len() == before);
        let proposal = json!({ "release_phone": { "party_id": id, "reason": "number lost, papers seen" } });
        two_people(&people.1, &people.0, &proposal);
        top_up(&client, 100_000);
        wait_until("it is paid", 30, || {
            advance(&client, 5);
            client.get(&format!("/v1/withdrawals/{last}")).ended(200).text("state") == "paid"
        });
        assert_eq!(queued(&client, &last).len(), before, "nobody is left to tell");
        // The next withdrawal asks for a phone again.
        let body = json!({ "party_id": id, "amount_minor": 100 });
        assert_eq!(code(&post(&client, "/v1/withdrawals", &body), 422), "first_steps_missing");
        desk.server.stop();
        place.verify(true);
    }
}
