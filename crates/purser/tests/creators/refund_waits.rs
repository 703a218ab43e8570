//! A refund that the platform's money does not cover waits for it (P11, P12).

use serde_json::json;

use super::payments::Till;
use crate::support::world::{Place, onboard, wait_until};

#[test]
fn a_refund_waits_for_the_platforms_money_and_goes_by_itself_p11_p12() {
    for place in Place::all() {
        let till = Till::on(&place);
        let order = till.made(50_000);
        till.click(&order, "action=pay");
        till.until(&order, "paid");
        // A creator is paid out of the same float.
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
