//! Payments of statements that take two people, fail, come back and are made again (X16, P16, P10).

use serde_json::json;

use super::{
    bind, everything, funded, invoice, listed, order, overview, path, payee, reaches, read, submitted, to,
};
use crate::{
    desk::{Desk, code},
    support::{
        http::Client,
        world::{Place, Server, wait_until},
    },
};

#[test]
fn large_ones_take_two_people_and_a_failed_payment_is_paid_again_x16_p16_p10() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-09-02T09:00:00+08:00");
        let (client, li, wang) = (desk.client(), desk.staff("li", "finance"), desk.staff("wang", "finance"));
        funded(&client, 500_000_000);
        let big = payee(&client, "big", "creator", "enterprise", "ordinary", "fail");
        let back = payee(&client, "back", "creator", "enterprise", "ordinary", "bounce");
        order(&client, &big, "big-1", 60_000_000);
        order(&client, &back, "back-1", 123_456);
        to(&client, "2025-10-10T09:00:00+08:00");
        listed(&client, &big, "2025-09");
        listed(&client, &back, "2025-09");

        let id = submitted(&client, &big, "big");
        let accept = json!({ "decision": "accept" });
        let accepted = li.post(&path(&id, "decision"), "l1", &accept).ended(200);
        let first = accepted.text("payment").to_owned();
        let waits = read(&client, &id).ended(200).body["explanation"].clone();
        let said = [&waits["code"], &waits["who_must_act"], &waits["next_step"]];
        assert_eq!(said, ["payment_in_review", "staff", "review"]);
        two_people(&client, &li, &wang, &first);
        let failed = reaches(&client, &id, "payment_failed");
        assert!(failed.body["explanation"]["detail"].as_str().unwrap().starts_with("payee_fixable"));
        assert_eq!(overview(&client, &big), [60_000_000, 0, 0], "reopened");
        let taken = client.post("/v1/settlements", "l2", &everything(&big));
        assert_eq!(code(taken, 422), "settlement_orders_empty", "its orders stay with it");
        let account = bind(&client, &big, "big2.ok");
        to(&client, "2025-10-11T10:00:00+08:00");
        let again = li.post(&path(&id, "pay-again"), "l3", &json!({ "payout_account": account })).ended(200);
        let second = again.text("payment").to_owned();
        assert_ne!(first, second, "a new key after a recorded definite failure");
        two_people(&client, &li, &wang, &second);
        let key = desk.key.clone();
        desk.server.kill();
        let desk = Desk::of(Server::start(&place), &key);
        let (client, li) = (desk.client(), desk.staff("zhao", "finance"));
        let done = reaches(&client, &id, "paid");
        assert_eq!(done.body["payments"].as_array().unwrap().len(), 2);
        assert_eq!(overview(&client, &big), [0, 0, 60_000_000]);

        bounced(&client, &li, &back);
        desk.server.stop();
        place.verify(true);
    }
}

fn two_people(client: &Client, li: &Client, wang: &Client, payment: &str) {
    let (withdrawal, approve) = (format!("/v1/withdrawals/{payment}"), json!({ "decision": "approve" }));
    let decision = format!("{withdrawal}/decision");
    assert_eq!(client.get(&withdrawal).ended(200).text("state"), "in_review");
    li.post(&decision, &format!("{payment}-1"), &approve).ended(200);
    assert_eq!(code(li.post(&decision, &format!("{payment}-2"), &approve), 422), "same_person");
    wang.post(&decision, &format!("{payment}-3"), &approve).ended(200);
}

/// Paid, returned later: the money is back, and once it is called off the orders can be settled again.
fn bounced(client: &Client, li: &Client, party: &str) {
    let id = submitted(client, party, "back");
    li.post(&path(&id, "decision"), "r1", &json!({ "decision": "accept" })).ended(200);
    let mut hour = 12;
    wait_until("the payment comes back", 30, || {
        hour += 1;
        to(client, &format!("2025-10-{:02}T{:02}:00:00+08:00", 11 + hour / 24, hour % 24));
        read(client, &id).text("state") == "payment_failed"
    });
    assert_eq!(read(client, &id).int("paid_minor"), 0);
    assert_eq!(overview(client, party), [123_456, 0, 0]);
    assert_eq!(code(client.post(&path(&id, "void"), "r2", &json!({ "reason": "r" })), 403), "staff_needed");
    assert_eq!(
        code(li.post(&path(&id, "void"), "r3", &json!({ "reason": " " })), 422),
        "settlement_reason_missing"
    );
    li.post(&path(&id, "void"), "r4", &json!({ "reason": "账户已注销" })).ended(200);
    let remade = client.post("/v1/settlements", "r5", &everything(party)).ended(201);
    let dispute = json!({ "reason": "金额不对" });
    let disputed = client.post(&path(remade.text("id"), "dispute"), "r6", &dispute).ended(200);
    assert_eq!(
        [&disputed.body["disputed"], &disputed.body["explanation"]["code"]],
        [&json!(true), &json!("disputed")]
    );
    let signature = json!({ "signatory": "王小明" });
    assert_eq!(
        code(client.post(&path(remade.text("id"), "sign"), "r7", &signature), 422),
        "settlement_disputed"
    );
    assert_eq!(
        code(client.post(&path(remade.text("id"), "dispute"), "r8", &dispute), 422),
        "settlement_disputed"
    );
    let answer = json!({ "reason": "金额与任务一致" });
    assert_eq!(code(client.post(&path(remade.text("id"), "answer"), "r8a", &answer), 403), "staff_needed");
    let answered = li.post(&path(remade.text("id"), "answer"), "r9", &answer).ended(200);
    assert_eq!(answered.body["disputed"], false);
    client.post(&path(remade.text("id"), "sign"), "r10", &signature).ended(200);
}

/// X16: one invoice pays one statement.
#[test]
fn an_invoice_belongs_to_one_statement_x16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-08-20T09:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "finance"));
        let party = payee(&client, "same", "creator", "enterprise", "ordinary", "ok");
        order(&client, &party, "same-1", 70_000);
        to(&client, "2025-09-10T09:00:00+08:00");
        listed(&client, &party, "2025-08");
        let first = submitted(&client, &party, "first");
        order(&client, &party, "same-2", 70_000);
        to(&client, "2025-10-10T09:00:00+08:00");
        listed(&client, &party, "2025-09");
        let made = client.post("/v1/settlements", "second", &everything(&party)).ended(201);
        let second = made.text("id").to_owned();
        client.post(&path(&second, "sign"), "sign", &json!({ "signatory": "王小明" })).ended(200);
        let twice = client.post(&path(&second, "invoice"), "twice", &invoice(70_000)).ended(422);
        assert_eq!(twice.text("code"), "invoice_used");
        assert_eq!(twice.body["errors"][0]["pointer"], "/number");
        // Papers that are sent back leave it free.
        let reject = json!({ "decision": "reject", "reason": "印章不清" });
        li.post(&path(&first, "decision"), "back", &reject).ended(200);
        client.post(&path(&second, "invoice"), "now", &invoice(70_000)).ended(200);
        assert_eq!(code(client.post(&path(&first, "invoice"), "old", &invoice(70_000)), 422), "invoice_used");
        desk.server.stop();
        place.verify(true);
    }
}

/// P6: who signs for a payee, where the caller says which of its people that is, must be one who approves.
#[test]
fn a_signature_takes_a_person_who_may_approve_p6_x16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-09-10T10:00:00+08:00");
        let client = desk.client();
        let firm = payee(&client, "firm", "creator", "enterprise", "ordinary", "ok");
        order(&client, &firm, "firm-1", 1_000_000);
        to(&client, "2025-10-10T09:00:00+08:00");
        listed(&client, &firm, "2025-09");
        let made =
            client.post("/v1/settlements", "make", &everything(&firm)).ended(201).text("id").to_owned();
        let person = |role: &str| {
            let new = json!({ "name": "王小明", "role": role });
            client.post(&format!("/v1/parties/{firm}/people"), role, &new).ended(201).text("id").to_owned()
        };
        let sign = |key: &str, person: &str| {
            let signature = json!({ "signatory": "王小明", "person_id": person });
            client.post(&path(&made, "sign"), key, &signature)
        };
        assert_eq!(code(sign("s1", &person("request")), 422), "person_may_not_approve");
        assert_eq!(code(sign("s2", "per_01h455vb4pex5vsknk084sn02q"), 422), "person_unknown");
        assert_eq!(sign("s3", &person("approve")).ended(200).text("state"), "signed");
        desk.server.stop();
        place.verify(true);
    }
}
