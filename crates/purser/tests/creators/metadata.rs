//! P19: free values of the platform on objects, and how a mistake in them is answered.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::world::Place;

/// Values that a careless encoding would lose or swap.
fn values() -> Value {
    json!({ "campaign": "双十一", "a=b": "c=d", "100%3D": "two\nlines", "empty": "" })
}

fn too_many() -> Value {
    (0..21).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
}

fn task_orders(desk: &Desk, party: &str) {
    let at = desk.now();
    let order = |metadata: Option<Value>, status: &str| {
        let mut order = json!({ "order_id": "with-values", "creator_id": party, "task_type": "video",
            "amount_minor": 1_000_000, "accepted_at": at, "status": status });
        if let Some(metadata) = metadata {
            order["metadata"] = metadata;
        }
        if status == "completed" {
            order["completed_at"] = json!(at);
        }
        desk.post("/v1/task-orders", &order)
    };
    let made = order(Some(values()), "accepted").ended(200);
    assert_eq!(made.body["metadata"], values());
    // Not said again: those before stay, also through the settlement.
    let settled = order(None, "completed").ended(200);
    assert_eq!((settled.text("status"), &settled.body["metadata"]), ("settled", &values()));
    // Others take their place, which is a change; the same again is none.
    let other = json!({ "campaign": "双十二" });
    let changed = order(Some(other.clone()), "completed").ended(200);
    assert_eq!(changed.body["metadata"], other);
    assert_eq!(changed.int("version"), settled.int("version") + 1);
    let again = order(Some(other.clone()), "completed").ended(200);
    assert_eq!(again.int("version"), changed.int("version"));
    let read = desk.client.get(&format!("/v1/task-orders/{}", made.text("id"))).ended(200);
    assert_eq!(read.body["metadata"], other);
    let refused = order(Some(too_many()), "completed").ended(422);
    assert_eq!(refused.text("code"), "metadata_too_many");
    assert_eq!(refused.body["errors"][0]["pointer"], "/metadata");
    assert_eq!(desk.overview(party)["withdrawable_minor"], 950_000, "values move no money");
}

fn withdrawals(desk: &Desk, party: &str) {
    let ask = |metadata: Value| {
        let body = json!({ "party_id": party, "amount_minor": 20_000, "metadata": metadata });
        desk.post("/v1/withdrawals", &body)
    };
    let made = ask(values()).ended(201);
    assert_eq!(made.body["metadata"], values());
    let read = desk.client.get(&format!("/v1/withdrawals/{}", made.text("id"))).ended(200);
    assert_eq!(read.body["metadata"], values());
    let left = desk.overview(party)["withdrawable_minor"].clone();
    assert_eq!(ask(json!({ "k".repeat(41): "v" })).ended(422).text("code"), "metadata_key_invalid");
    assert_eq!(ask(json!({ "k": "v".repeat(501) })).ended(422).text("code"), "metadata_value_too_long");
    assert_eq!(ask(json!({ "k": 1 })).ended(400).text("code"), "invalid_input");
    assert_eq!(desk.overview(party)["withdrawable_minor"], left, "a refusal reserves nothing");
}

fn payment_orders(desk: &Desk) {
    let party = desk.party("with-values-adv", "advertiser", "enterprise");
    let order = |metadata: Value| {
        json!({ "party_id": party, "purpose": "ad_top_up", "method": "sandbox", "amount_minor": 100_000,
            "metadata": metadata })
    };
    let made = desk.post("/v1/payment-orders", &order(values())).ended(201);
    let read = desk.client.get(&format!("/v1/payment-orders/{}", made.text("id"))).ended(200);
    assert_eq!(read.body["metadata"], values());
    assert_eq!(
        desk.post("/v1/payment-orders", &order(too_many())).ended(422).text("code"),
        "metadata_too_many"
    );
}

#[test]
fn the_platform_keeps_values_on_objects_p19() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.creator("with-values");
        desk.payable(&party, "with-values.ok");
        desk.top_up(10_000_000);
        task_orders(&desk, &party);
        withdrawals(&desk, &party);
        payment_orders(&desk);
    }
}
