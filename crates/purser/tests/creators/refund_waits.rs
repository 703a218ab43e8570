//! A refund that the platform's money does not cover waits for it (P11, P12).

use serde_json::json;

use super::{
    desk::{policy_text, put_in_force},
    payments::{Till, id},
};
use crate::support::world::{Place, onboard, wait_until};

/// A creator withdraws 300.00, which leaves the float.
fn pay_a_creator(till: &Till) {
    let creator = json!({ "external_id": "c1", "display_name": "C", "roles": ["creator"],
        "legal_form": "individual" });
    let creator = till.post("/v1/parties", &creator).ended(200).text("id").to_owned();
    onboard(&till.client, &creator);
    let account = json!({ "kind": "sandbox", "number": "c1.ok" });
    till.post(&format!("/v1/parties/{creator}/payout-accounts"), &account).ended(201);
    let at = till.client.get("/v1/clock").text("business_at").to_owned();
    let earned = json!({ "order_id": "o1", "creator_id": creator, "task_type": "video", "title": "t",
        "amount_minor": 100_000, "accepted_at": at, "status": "completed", "completed_at": at });
    till.post("/v1/task-orders", &earned).ended(200);
    let asked = json!({ "party_id": creator, "amount_minor": 30_000 });
    let asked = till.post("/v1/withdrawals", &asked).ended(201).text("id").to_owned();
    wait_until("the creator is paid", 20, || {
        till.client.get(&format!("/v1/withdrawals/{asked}")).text("state") == "paid"
    });
}

#[test]
fn a_refund_waits_for_the_platforms_money_and_goes_by_itself_p11_p12() {
    for place in Place::all() {
        let till = Till::on(&place);
        let order = till.made(50_000);
        till.click(&order, "action=pay");
        till.until(&order, "paid");
        // A creator is paid out of the same float.
        pay_a_creator(&till);
        assert_eq!(till.float(), 20_000);

        let back = till.refund(&order, &json!({})).ended(201);
        assert_eq!((back.int("amount_minor"), back.text("state")), (50_000, "waiting_for_funds"));
        assert!(till.events().contains(&"float.short".to_owned()), "finance hears of it");
        // It is reserved meanwhile, and nobody can ask for it twice.
        assert_eq!(till.refund(&order, &json!({})).ended(422).text("code"), "nothing_to_refund");
        place.verify(false);
        till.advance(120);
        let read = till.read(&order);
        assert_eq!(read["payments"][0]["refunds"][0]["state"], "waiting_for_funds", "{read}");
        let top_up = json!({ "amount_minor": 30_000, "reference": "bank 1" });
        till.post("/v1/rails/sandbox/float-top-ups", &top_up).ended(201);
        wait_until("it goes back by itself", 30, || {
            till.advance(60);
            till.read(&order)["state"] == "refunded"
        });
        assert_eq!((till.cash(), till.float()), (0, 0));
        till.end(&place);
    }
}

/// P4, P6: what was granted and waits for money does not go out past a freeze or a switch that came since.
#[test]
fn a_refund_that_waited_is_looked_at_again_before_it_goes_p4_p6_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        let people = (till.staff("li"), till.staff("wang"));
        let order = till.made(50_000);
        till.click(&order, "action=pay");
        till.until(&order, "paid");
        // The float is taken elsewhere first, so that the refund has to wait.
        pay_a_creator(&till);
        let back = till.refund(&order, &json!({})).ended(201);
        assert_eq!(back.text("state"), "waiting_for_funds");

        let frozen = json!({ "reason": "checking" });
        till.post(&format!("/v1/parties/{}/freeze", till.party), &frozen).ended(200);
        let top_up = json!({ "amount_minor": 30_000, "reference": "bank 1" });
        till.post("/v1/rails/sandbox/float-top-ups", &top_up).ended(201);
        let refund = || till.read(&order)["payments"][0]["refunds"][0].clone();
        let held = |code: &str, state: &str| {
            wait_until(code, 30, || {
                till.advance(60);
                let refund = refund();
                refund["code"] == code && refund["state"] == state
            });
        };
        held("party_frozen", "waiting_for_funds");
        assert_eq!(till.float(), 50_000);
        put_in_force(&people, "off", &policy_text(&[("payouts.advertiser.enabled", "P4", "false")]));
        till.post(&format!("/v1/parties/{}/unfreeze", till.party), &json!({})).ended(200);
        held("payouts_stopped", "waiting_for_funds");
        assert_eq!((till.float(), id(&refund())), (50_000, id(&back.body)));
        put_in_force(&people, "on", &policy_text(&[("payouts.advertiser.enabled", "P4", "true")]));
        wait_until("it goes back by itself", 30, || {
            till.advance(60);
            till.read(&order)["state"] == "refunded"
        });
        assert_eq!(refund()["code"], serde_json::Value::Null);
        assert_eq!((till.cash(), till.float()), (0, 0));
        till.end(&place);
    }
}
