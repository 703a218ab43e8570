//! From listed orders to a paid statement, and every choice and paper that is refused on the way (X16, X14, P14).

use purser_domain::ids::{TaskOrderId, Uid};
use serde_json::{Value, json};

use super::{everything, funded, invoice, listed, order, overview, path, payee, reaches, to, wish};
use crate::{
    desk::{Desk, code},
    support::{http::Client, world::Place},
};

#[test]
fn companies_are_paid_by_statement_and_never_through_the_gate_x16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-08-20T09:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "finance"));
        let kinds = [
            ("mcn", "agency", "enterprise", "ordinary"),
            ("company", "creator", "enterprise", "ordinary"),
            ("star", "creator", "individual", "celebrity"),
            ("paper", "creator", "individual", "media"),
        ];
        let parties = kinds.map(|(name, roles, form, class)| payee(&client, name, roles, form, class, "ok"));
        for (party, (name, ..)) in parties.iter().zip(kinds) {
            order(&client, party, &format!("{name}-1"), 1_000_000);
            let request = json!({ "party_id": party, "amount_minor": 10_000 });
            let refused = client.post("/v1/withdrawals", &format!("gate-{name}"), &request);
            assert_eq!(code(refused, 422), "corporate_settlement", "{name} (gate check 4)");
        }
        let [mcn, company, ..] = &parties;
        signed_creator(&client, mcn);
        let second = order(&client, mcn, "mcn-2", 250_050);
        let foreign = order(&client, company, "company-2", 100);
        let first = client.get(&format!("/v1/parties/{mcn}/settlement-orders")).body["data"][0]["id"].clone();
        let first = first.as_str().unwrap();
        let send = |key: &str, body: &Value| client.post("/v1/settlements", key, body);
        assert_eq!(code(send("m0", &wish(mcn, &[first])), 422), "settlement_order_not_listed");

        // By the 10th of the next month, and not a month late.
        to(&client, "2025-09-09T23:50:00+08:00");
        assert_eq!(code(send("m1", &wish(mcn, &[first])), 422), "settlement_order_not_listed");
        to(&client, "2025-09-10T00:11:00+08:00");
        let month = listed(&client, mcn, "2025-08");
        assert_eq!([&month["orders"], &month["net_minor"]], [3, 1_250_950]);
        let messages = client.get(&format!("/v1/parties/{mcn}/messages")).ended(200).body.to_string();
        assert!(messages.contains("settlement.listed"), "{messages}");

        bad_choices(&client, &desk.staff("wang", "finance"), mcn, company, [first, &second, &foreign]);

        // Only looked at: nothing is kept.
        let look =
            client.post("/v1/settlements?dry_run=true", "look", &wish(mcn, &[first, &second])).ended(200);
        assert_eq!(look.body["amounts"]["payable_minor"], 1_250_050);
        assert_eq!(overview(&client, mcn), [1_250_950, 0, 0]);

        let made = send("m2", &wish(mcn, &[first])).ended(201);
        assert!(send("m2", &wish(mcn, &[first])).ended(201).replayed, "a lost answer is asked for again");
        assert_eq!(overview(&client, mcn), [250_950, 1_000_000, 0], "its money is reserved");
        assert_eq!(code(send("m3", &wish(mcn, &[first, &second])), 422), "settlement_order_taken");
        let cancelled = client.post(&path(made.text("id"), "cancel"), "m4", &Value::Null).ended(200);
        assert_eq!(cancelled.text("status"), "cancelled");
        assert_eq!(
            client.post(&path(made.text("id"), "cancel"), "m5", &Value::Null).ended(200).int("version"),
            2
        );
        assert_eq!(overview(&client, mcn), [1_250_950, 0, 0], "and free again");

        let made = send("m6", &wish(mcn, &[first, &second])).ended(201);
        let id = made.text("id").to_owned();
        assert_eq!(made.body["amounts"]["payable_minor"], 1_250_050);
        assert_eq!(
            [&made.body["orders"], &made.body["period_from"], &made.body["period_to"]],
            [&json!(2), &json!("2025-08"), &json!("2025-08")]
        );
        assert_eq!([made.text("state"), made.text("status")], ["generated", "settling"]);
        assert_eq!(made.body["explanation"]["who_must_act"], "party");
        let explained = client.get(&format!("/v1/parties/{mcn}/explain")).ended(200).body;
        let items = explained["items"].as_array().unwrap();
        let reserved = items.iter().find(|item| item["settlement_id"] == id).expect("where it is (P14)");
        assert_eq!([&reserved["amount_minor"], &reserved["next_step"]], [&json!(1_250_050), &json!("sign")]);
        papers(&client, &li, &id);
        paid(&client, &li, mcn, &id);
        // What a signed creator earned is the agency's to settle, also in a later month.
        let rest = send("m7", &everything(mcn)).ended(201);
        assert_eq!(rest.body["amounts"]["payable_minor"], 900);
        desk.server.stop();
        place.verify(true);
        let statement = "statement = its orders = its hold";
        place.planted(&[
            (statement, "UPDATE settlement_items SET net = net + 1"),
            (statement, "DELETE FROM settlement_items"),
            (statement, "UPDATE settlement_statements SET payable = payable + 1 WHERE state = 'generated'"),
            (statement, "UPDATE settlement_statements SET paid = paid - 1 WHERE state = 'paid'"),
            ("withdrawals in transit = holds", "DELETE FROM settlement_statements WHERE state = 'generated'"),
        ]);
    }
}

/// A creator who is under the agency: the agency is paid, company to company (X14).
fn signed_creator(client: &Client, mcn: &str) {
    let creator = payee(client, "lin", "creator", "individual", "ordinary", "ok");
    let membership = json!({ "agency_id": mcn, "from": "2025-01-01T00:00:00+08:00", "contact": "desk" });
    client.post(&format!("/v1/parties/{creator}/memberships"), "sign-lin", &membership).ended(200);
    order(client, &creator, "lin-1", 900);
}

/// Every choice that cannot be a statement.
fn bad_choices(client: &Client, staff: &Client, mcn: &str, company: &str, orders: [&str; 3]) {
    let [first, second, foreign] = orders;
    let make = |key: &str, body: &Value| client.post("/v1/settlements", key, body);
    assert_eq!(code(make("b1", &wish(mcn, &[])), 422), "settlement_orders_empty");
    let refused = make("b2", &wish(mcn, &[first, foreign])).ended(422);
    assert_eq!(refused.text("code"), "settlement_order_not_settled", "another's");
    // P14: in both languages, and whose turn it is.
    let facts = &refused.body["facts"];
    assert!(facts["message_zh"].as_str().unwrap().contains("所选订单"), "{facts}");
    assert!(facts["message_en"].is_string() && facts["who_must_act"] == "party", "{facts}");
    assert_eq!(refused.body["errors"][0]["pointer"], "/orders/1");
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let running = json!({ "order_id": "running", "creator_id": mcn, "task_type": "video", "title": "t",
        "amount_minor": 100, "accepted_at": at, "status": "in_progress" });
    let running = client.post("/v1/task-orders", "b3", &running).ended(200).text("id").to_owned();
    assert_eq!(code(make("b4", &wish(mcn, &[&running])), 422), "settlement_order_not_settled", "unsettled");
    assert_eq!(code(make("b5", &wish(mcn, &[second, second])), 422), "settlement_order_repeated");
    let many: Vec<String> = (0..10_001u32)
        .map(|n| {
            let mut id = [7; 16];
            id[12..].copy_from_slice(&n.to_be_bytes());
            TaskOrderId(Uid(id)).to_string()
        })
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(code(make("b6", &wish(mcn, &many)), 422), "settlement_orders_too_many");
    assert_eq!(code(make("b7", &wish(mcn, &["wd_01h455vb4pex5vsknk084sn02q"])), 400), "invalid_input");
    let mut wrong = wish(mcn, &[first]);
    wrong["seller_code"] = json!("91110000600037341X");
    assert_eq!(code(make("b8", &wrong), 422), "settlement_seller_code");
    let person = payee(client, "person", "creator", "individual", "ordinary", "ok");
    order(client, &person, "person-1", 100);
    assert_eq!(code(make("b9", &everything(&person)), 422), "settlement_not_corporate");
    assert_eq!(code(make("b10", &everything("pty_01h455vb4pex5vsknk084sn02q")), 404), "party_unknown");
    client.post(&format!("/v1/parties/{company}/freeze"), "b11", &json!({ "reason": "check" })).ended(200);
    assert_eq!(code(make("b12", &everything(company)), 422), "party_frozen");
    client.post(&format!("/v1/parties/{company}/unfreeze"), "b13", &Value::Null).ended(200);
    let nobody = path("st_01h455vb4pex5vsknk084sn02q", "sign");
    assert_eq!(
        code(client.post(&nobody, "b14", &json!({ "signatory": "王小明" })), 404),
        "statement_unknown"
    );
    let line = json!({ "amount_minor": 0, "note": "x" });
    let lines = format!("/v1/parties/{mcn}/settlement-lines");
    assert_eq!(code(staff.post(&lines, "b15", &line), 422), "settlement_line_zero");
    assert_eq!(code(client.post(&lines, "b16", &line), 403), "staff_needed");
}

/// Signature, invoices that are wrong, papers that are sent back: the clock starts anew (T+10 around 国庆 2025).
fn papers(client: &Client, li: &Client, id: &str) {
    let act = |step: &str, key: &str, body: &Value| client.post(&path(id, step), key, body);
    assert_eq!(code(act("invoice", "p1", &invoice(1_250_050)), 422), "settlement_state_change");
    assert_eq!(code(act("sign", "p2", &json!({ "signatory": "x" })), 422), "settlement_signatory_invalid");
    let signed = act("sign", "p3", &json!({ "signatory": "王小明" })).ended(200);
    assert_eq!([signed.text("status"), signed.text("signed_by")], ["settled", "王小明"]);
    assert_eq!(code(act("cancel", "p4", &Value::Null), 422), "settlement_state_change");
    for (key, off) in [("p5", 1_250_049), ("p6", 1_250_051)] {
        let refused = act("invoice", key, &invoice(off)).ended(422);
        assert_eq!(refused.text("code"), "invoice_amount", "off by one fen");
        assert_eq!(refused.body["facts"]["expected_minor"], 1_250_050);
        assert_eq!(refused.body["errors"][0]["pointer"], "/amount_minor");
    }
    for (key, field, wrong, expected) in [
        ("p7", "number", json!(""), "invoice_number"),
        ("p8", "kind", json!("receipt"), "invoice_kind"),
        ("p9", "item", json!("餐饮服务"), "invoice_item"),
        ("p10", "tax_percent", json!(13), "invoice_tax_rate"),
        ("p11", "seller_name", json!("别家公司"), "invoice_seller"),
        ("p12", "seller_code", json!("911101066976941872"), "invoice_seller"),
    ] {
        let mut body = invoice(1_250_050);
        body[field] = wrong;
        assert_eq!(code(act("invoice", key, &body), 422), expected);
    }
    to(client, "2025-09-22T10:00:00+08:00");
    let submitted = act("invoice", "p13", &invoice(1_250_050)).ended(200);
    assert_eq!([submitted.text("state"), submitted.text("due_on")], ["submitted", "2025-10-11"]);
    assert_eq!(submitted.body["invoice"]["tax_minor"], 70_758);
    assert_eq!(submitted.body["explanation"]["next_step"], "check_papers");
    let reject = json!({ "decision": "reject", "reason": "印章不清" });
    assert_eq!(code(client.post(&path(id, "decision"), "p14", &reject), 403), "staff_needed");
    let rejected = li.post(&path(id, "decision"), "p15", &reject).ended(200);
    assert_eq!(
        [rejected.text("status"), rejected.body["explanation"]["detail"].as_str().unwrap()],
        ["papers_rejected", "印章不清"]
    );
    assert!(rejected.body["due_on"].is_null());
    to(client, "2025-09-23T17:00:00+08:00");
    let again = act("invoice", "p16", &invoice(1_250_050)).ended(200);
    assert_eq!([again.text("due_on"), &again.int("submissions").to_string()], ["2025-10-13", "2"]);
}

fn paid(client: &Client, li: &Client, party: &str, id: &str) {
    funded(client, 100_000_000);
    let accepted = li.post(&path(id, "decision"), "a1", &json!({ "decision": "accept" })).ended(200);
    assert_eq!([accepted.text("state"), accepted.text("status")], ["paying", "paying"]);
    let done = reaches(client, id, "paid");
    assert_eq!(
        [done.int("paid_minor"), done.body["payments"][0]["paid_minor"].as_i64().unwrap()],
        [1_250_050; 2]
    );
    assert_eq!(overview(client, party), [900, 0, 1_250_050]);
    assert_eq!(code(li.post(&path(id, "pay-again"), "a2", &json!({})), 422), "settlement_state_change");
    let list = client.get(&format!("/v1/settlements?party_id={party}&state=paid")).ended(200).body;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["payout_account_masked"], done.body["payout_account_masked"]);
    let orders = client.get(&format!("{}?limit=1", path(id, "orders"))).ended(200).body;
    let rest =
        client.get(&format!("{}?cursor={}", path(id, "orders"), orders["next_cursor"].as_str().unwrap()));
    assert_eq!(rest.ended(200).body["data"][0]["amounts"]["payable_minor"], 250_050);
}
