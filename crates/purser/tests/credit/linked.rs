//! Linked shops (C20): one shop asks for the proceeds of another.

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    shop::{Desk, draw, fund, refused, sell, shop, state, tell, withdrawal},
    world::{Place, wait_until},
};

fn ask_for(client: &Client, shop: &str, by: &str, amount_minor: i64, key: &str) -> Answer {
    let body = json!({ "party_id": shop, "source": "proceeds", "asked_by_party_id": by, "amount_minor": amount_minor });
    client.post("/v1/withdrawals", key, &body)
}

fn flags(client: &Client, party: &str) -> Value {
    client.get(&format!("/v1/parties/{party}/risk-flags")).ended(200).body["data"].clone()
}

/// C20: without an authorisation it is refused and flagged on both; with one both are liable for what was drawn.
#[test]
fn another_shops_proceeds_need_an_authorisation_and_make_both_liable_c20() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let (own, other) = (shop(&client, "s1", 1_000_000), shop(&client, "s2", 1_000_000));
        sell(&client, &own, "a", 300_000, true);
        sell(&client, &other, "b", 200_000, true);
        refused(&ask_for(&client, &own, &other, 100_000, "w1"), "other_shop", 4);
        refused(&ask_for(&client, &own, &other, 100_000, "w2"), "other_shop", 4);
        let (by, whose) = (flags(&client, &other), flags(&client, &own));
        assert_eq!(
            (&by[0]["kind"], &by[0]["other_party_id"]),
            (&json!("withdrew_for_other_shop"), &json!(own))
        );
        assert_eq!((&whose[0]["kind"], &whose[0]["count"]), (&json!("withdrawn_by_other_shop"), &json!(2)));

        let path = format!("/v1/parties/{own}/linked-shops");
        let record = |body: Value, key: &str| client.post(&path, key, &body);
        let code = |answer: Answer| answer.ended(422).text("code").to_owned();
        assert_eq!(code(record(json!({ "by_party_id": own, "evidence": "x" }), "b1")), "linked_shop_same");
        assert_eq!(
            code(record(json!({ "by_party_id": other, "evidence": " " }), "b2")),
            "linked_shop_evidence"
        );
        let past = json!({ "by_party_id": other, "evidence": "x", "until": "2026-03-01T00:00:00Z" });
        assert_eq!(code(record(past, "b3")), "linked_shop_dates");
        let good = json!({ "by_party_id": other, "evidence": "archive 2026/17, signed by both" });
        assert_eq!(record(good.clone(), "ok").ended(200).int("drawn_minor"), 0);

        let drawn = ask_for(&client, &own, &other, 300_000, "w3").ended(201);
        assert_eq!(drawn.text("asked_by_party_id"), other);
        let wd = drawn.text("id").to_owned();
        desk.to("2026-03-03T09:00:00+08:00");
        wait_until("paid", 30, || state(&client, &wd) == "paid");
        let listed = client.get(&path).ended(200).body["data"].clone();
        assert_eq!(listed[0]["drawn_minor"], 300_000);
        assert_eq!(withdrawal(&client, &wd)["party_id"], json!(own));

        // The buyer sends the goods back: the shop owes 300,000, and the other one answers for it too.
        tell(&client, &own, "a", "refunded", Some(300_000)).ended(200);
        let no = draw(&client, &other, Some(50_000), "w4");
        refused(&no, "linked_shop_liability", 8);
        assert_eq!(no.body["facts"]["bound_minor"], 300_000);
        client.call("DELETE", &format!("{path}/{other}"), None, None).unwrap().ended(200);
        refused(&ask_for(&client, &own, &other, 1_000, "w5"), "other_shop", 4);
        refused(&draw(&client, &other, Some(50_000), "w6"), "linked_shop_liability", 8);
        // Once the shop can repay it with a withdrawal of its own, nobody is liable any more.
        sell(&client, &own, "c", 400_000, true);
        assert_eq!(draw(&client, &own, Some(50_000), "w7").ended(201).int("repaid_minor"), 300_000);
        draw(&client, &other, Some(50_000), "w8").ended(201);
        desk.server.stop();
        place.verify(true);
        let drawn = "drawn by another shop = its withdrawals that stand";
        place.planted(&[
            (drawn, "UPDATE credit_linked_shops SET drawn = drawn + 1"),
            (drawn, "DELETE FROM credit_linked_shops"),
            (drawn, "UPDATE withdrawals SET asked_by = ''"),
        ]);
    }
}

/// C20: what comes back is not drawn; an authorisation ends by itself; one shop cannot be its own other.
#[test]
fn an_authorisation_ends_and_what_comes_back_is_not_drawn_c20() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let (own, other) = (shop(&client, "s1", 1_000_000), shop(&client, "s2", 1_000_000));
        sell(&client, &own, "a", 300_000, true);
        let path = format!("/v1/parties/{own}/linked-shops");
        let good = json!({ "by_party_id": other, "evidence": "archive 9", "until": "2026-03-02T16:00:00Z" });
        client.post(&path, "ok", &good).ended(200);
        let drawn = ask_for(&client, &own, &other, 300_000, "w1").ended(201).text("id").to_owned();
        client.post(&format!("/v1/withdrawals/{drawn}/cancel"), "x", &json!({})).ended(200);
        assert_eq!(client.get(&path).ended(200).body["data"][0]["drawn_minor"], 0);
        assert_eq!(
            ask_for(&client, &own, &own, 1_000, "w2").ended(201).body["asked_by_party_id"],
            Value::Null
        );
        desk.to("2026-03-03T10:00:00+08:00");
        refused(&ask_for(&client, &own, &other, 1_000, "w3"), "other_shop", 4);
        let earnings = json!({ "party_id": own, "asked_by_party_id": other, "amount_minor": 1 });
        let wrong = client.post("/v1/withdrawals", "w4", &earnings).ended(400);
        assert_eq!(wrong.body["errors"][0]["pointer"], "/asked_by_party_id");
        desk.server.stop();
        place.verify(true);
    }
}
