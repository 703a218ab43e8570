//! What the gate lets pass and what then makes it wait (G12, G15, P16), and what is looked at again when money is to be
//! sent (G: checks 2, 7, 14 and 15).

use serde_json::{Value, json};

use super::desk::{Desk, code};
use crate::support::{http::Client, world::Place};

/// A creator with a payout account and money.
fn creator(desk: &Desk, name: &str, gross_minor: i64) -> String {
    let id = desk.party(name, "creator", "individual");
    desk.payable(&id, &format!("{name}.ok"));
    desk.earn(&id, gross_minor);
    id
}

/// What a dry run says of one check.
fn look(desk: &Desk, party: &str, amount_minor: i64, check: usize) -> Value {
    let body = json!({ "party_id": party, "amount_minor": amount_minor });
    let look = desk.post("/v1/withdrawals?dry_run=true", &body).ended(200).body;
    look["checks"][check - 1].clone()
}

#[test]
fn large_amounts_are_reviewed_by_two_people_g12_p16() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (li, wang) = (desk.staff("li", "finance"), desk.staff("wang", "risk"));
        let id = creator(&desk, "c1", 200_000_000);
        desk.top_up(200_000_000);
        let waits = json!({ "check": 12, "result": "waits", "codes": ["review_large_amount"] });
        assert_eq!(look(&desk, &id, 50_000_000, 12), waits);
        assert_eq!(look(&desk, &id, 49_999_999, 12)["result"], "passed");
        let ask = || desk.withdraw(&id, 50_000_000).ended(201).text("id").to_owned();
        let decide = |who: &Client, withdrawal: &str, body: &Value| {
            who.post(&format!("/v1/withdrawals/{withdrawal}/decision"), &desk.fresh(), body)
        };
        let (approve, note) =
            (json!({ "decision": "approve" }), json!({ "decision": "reject", "note": "no" }));
        let first = ask();
        let words = desk.withdrawal(&first)["explanation"].clone();
        assert_eq!([&words["code"], &words["who_must_act"]], ["in_review", "staff"]);
        decide(&li, &first, &approve).ended(200);
        assert_eq!(code(decide(&li, &first, &approve), 422), "same_person");
        assert_eq!(desk.withdrawal(&first)["state"], "in_review");
        decide(&wang, &first, &approve).ended(200);
        desk.until(&first, "paid");
        // Refused in review: with a reason, and everything is back.
        let before = desk.overview(&id)["withdrawable_minor"].clone();
        let second = ask();
        assert_eq!(code(decide(&li, &second, &json!({ "decision": "reject" })), 400), "invalid_input");
        assert_eq!(decide(&li, &second, &note).ended(200).text("state"), "rejected");
        assert_eq!(desk.withdrawal(&second)["explanation"]["detail"], "no");
        assert_eq!(desk.overview(&id)["withdrawable_minor"], before);
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn policy_lets_people_look_at_less_and_at_new_accounts_g12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        let id = creator(&desk, "c1", 1_000_000);
        desk.top_up(1_000_000);
        let second = json!({ "kind": "sandbox", "number": "c1-b.ok" });
        let path = format!("/v1/parties/{id}/payout-accounts");
        let second = desk.post(&path, &second).ended(201).text("id").to_owned();
        let entries =
            [("withdrawal.review_new_account", "G", "72"), ("withdrawal.review_from", "G", "50_000")];
        desk.policy(&people, &entries);
        // It cooled off, and is still new.
        desk.advance(25 * 3_600);
        let body = json!({ "party_id": id, "amount_minor": 10_000, "destination": second });
        let look = desk.post("/v1/withdrawals?dry_run=true", &body).ended(200).body;
        let waits = json!({ "check": 12, "result": "waits", "codes": ["review_new_destination"] });
        assert_eq!(look["checks"][11], waits);
        let asked = desk.post("/v1/withdrawals", &body).ended(201);
        assert_eq!(asked.text("state"), "in_review");
        // One person is enough below the amount that takes two.
        let approve = json!({ "decision": "approve" });
        let path = format!("/v1/withdrawals/{}/decision", asked.text("id"));
        people.0.post(&path, &desk.fresh(), &approve).ended(200);
        desk.until(asked.text("id"), "paid");
        assert_eq!(desk.withdraw(&id, 49_999).ended(201).text("state"), "requested");
        assert_eq!(desk.withdraw(&id, 50_000).ended(201).text("state"), "in_review");
        desk.advance(48 * 3_600);
        assert_eq!(desk.post("/v1/withdrawals", &body).ended(201).text("state"), "requested");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn a_rail_that_is_stopped_or_sick_makes_payouts_wait_g15() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        let id = creator(&desk, "c1", 1_000_000);
        desk.top_up(1_000_000);
        desk.rail_healthy(false);
        let waits = |code: &str| json!({ "check": 15, "result": "waits", "codes": [code] });
        assert_eq!(look(&desk, &id, 1_000, 15), waits("rail_unhealthy"));
        let first = desk.withdraw(&id, 1_000).ended(201).text("id").to_owned();
        let held = desk.explained(&first, "rail_unhealthy");
        assert_eq!([&held["state"], &held["explanation"]["who_must_act"]], ["requested", "rail"]);
        desk.rail_healthy(true);
        desk.until(&first, "paid");
        // The kill switch of the rail (P4).
        desk.policy(&people, &[("rail.sandbox.enabled", "P4", "false")]);
        assert_eq!(look(&desk, &id, 1_000, 15), waits("rail_stopped"));
        let second = desk.withdraw(&id, 1_000).ended(201).text("id").to_owned();
        let held = desk.explained(&second, "rail_stopped");
        assert_eq!([&held["state"], &held["explanation"]["who_must_act"]], ["requested", "platform"]);
        desk.policy(&people, &[("rail.sandbox.enabled", "P4", "true")]);
        desk.until(&second, "paid");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn what_changed_since_the_request_is_seen_when_it_is_sent_g2_g7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        desk.top_up(1_000_000);
        // Nothing is sent while the rail is sick, so that the request is there and its world changes.
        desk.rail_healthy(false);
        let ask = |name: &str| {
            let id = creator(&desk, name, 100_000);
            let withdrawal = desk.withdraw(&id, 10_000).ended(201).text("id").to_owned();
            (id, withdrawal)
        };
        let (frozen, held) = ask("frozen");
        desk.post(&format!("/v1/parties/{frozen}/freeze"), &json!({ "reason": "checking" })).ended(200);
        let (locked, waiting) = ask("locked");
        let accounts = desk.client.get(&format!("/v1/parties/{locked}/payout-accounts")).ended(200).body;
        let path = format!(
            "/v1/parties/{locked}/payout-accounts/{}/lock",
            accounts["data"][0]["id"].as_str().unwrap()
        );
        let lock = |locked: bool| json!({ "locked": locked, "reason": "looks odd" });
        people.0.post(&path, &desk.fresh(), &lock(true)).ended(200);
        let (gone, failed) = ask("gone");
        let accounts = desk.client.get(&format!("/v1/parties/{gone}/payout-accounts")).ended(200).body;
        let account = accounts["data"][0]["id"].as_str().unwrap();
        desk.post(&format!("/v1/parties/{gone}/payout-accounts/{account}/unbind"), &json!({})).ended(200);
        desk.rail_healthy(true);
        // G2: what a frozen party asked for waits; its income still comes in.
        desk.explained(&held, "party_frozen");
        desk.earn(&frozen, 100_000);
        // G7: a locked account makes it wait, one that is gone gives the money back.
        desk.explained(&waiting, "destination_locked");
        let back = desk.until(&failed, "failed");
        assert_eq!(back["explanation"]["who_must_act"], "party");
        assert_eq!(desk.overview(&gone)["withdrawable_minor"], 95_000);
        desk.policy(&people, &[("payouts.enabled", "P4", "false")]);
        desk.post(&format!("/v1/parties/{frozen}/unfreeze"), &json!({})).ended(200);
        people.0.post(&path, &desk.fresh(), &lock(false)).ended(200);
        for id in [&held, &waiting] {
            desk.explained(id, "payouts_stopped");
        }
        desk.policy(&people, &[("payouts.enabled", "P4", "true")]);
        for id in [&held, &waiting] {
            desk.until(id, "paid");
        }
        desk.server.stop();
        place.verify(true);
    }
}

/// P6: a party that still works on an order, or waits for an answer, is not closed.
#[test]
fn a_party_with_open_orders_or_cases_is_not_closed_p6() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let id = desk.creator("c1");
        let close = || desk.post(&format!("/v1/parties/{id}/close"), &json!({}));
        let at = desk.now();
        desk.report("o1", &id, &at, "accepted");
        assert_eq!(code(close(), 422), "party_not_empty");
        let cancelled = json!({ "order_id": "o1", "creator_id": id, "task_type": "video", "title": "t",
            "amount_minor": 1_000_000, "accepted_at": at, "status": "cancelled", "cancelled_at": at });
        desk.post("/v1/task-orders", &cancelled).ended(200);
        let case =
            json!({ "party_id": id, "kind": "help", "summary": "a question", "text": "when am I paid?" });
        let case = desk.post("/v1/cases", &case).ended(201).text("id").to_owned();
        assert_eq!(code(close(), 422), "party_not_empty");
        desk.post(&format!("/v1/parties/{id}/cases/{case}/withdraw"), &json!({})).ended(200);
        assert_eq!(close().ended(200).text("status"), "closed");
        desk.server.stop();
        place.verify(true);
    }
}
