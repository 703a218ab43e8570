//! Pay-later orders over HTTP (C1, C11, C12): reserved, advanced, paid, refunded, beyond the limit, in parts and in bulk.

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    shop::{Desk, limit, sell, shop, tell},
    world::{Place, wait_until},
};

/// Used, reserved, available, due, liability and proceeds, minor units.
fn view(client: &Client, shop: &str) -> [i64; 6] {
    let view = limit(client, shop);
    let fields =
        ["used_minor", "reserved_minor", "available_minor", "due_minor", "liability_minor", "proceeds_minor"];
    fields.map(|field| view[field].as_i64().unwrap_or_else(|| panic!("no {field} in {view}")))
}

/// A part of a kind of event, now: its own id tells it from the other parts.
fn part(client: &Client, shop: &str, order: &str, (event, number): (&str, u32), amount_minor: i64) -> Answer {
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let body = json!({ "order_id": order, "event_id": format!("{event} {number}"), "merchant_id": shop,
        "event": event, "amount_minor": amount_minor, "at": at });
    client.post("/v1/credit-orders", &format!("{order}-{event}-part-{number}"), &body)
}

/// C1, C11: the whole life of an order, in parts; every number after every step.
#[test]
fn an_order_uses_the_limit_and_gives_it_back_c1_c11() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let event = |name: &str, amount: Option<i64>| tell(&client, &id, "a", name, amount);
        assert_eq!(event("authorised", Some(300_000)).ended(200).int("reserved_minor"), 300_000);
        assert_eq!(view(&client, &id), [0, 300_000, 700_000, 0, 0, 0]);
        let part = |event: &str, number: u32, amount: i64| part(&client, &id, "a", (event, number), amount);
        assert_eq!(part("shipped", 1, 100_000).ended(200).text("status"), "partly_shipped");
        assert_eq!(view(&client, &id), [100_000, 200_000, 700_000, 0, 0, 100_000]);
        part("shipped", 2, 150_000).ended(200);
        let no = part("shipped", 3, 50_001).ended(422);
        assert_eq!(
            (no.text("code"), &no.body["facts"]["left_minor"]),
            ("more_than_authorised", &json!(50_000))
        );
        part("paid", 1, 120_000).ended(200);
        assert_eq!(view(&client, &id), [130_000, 50_000, 820_000, 0, 0, 250_000]);
        assert_eq!(event("cancelled", None).ended(200).int("cancelled_minor"), 50_000);
        assert_eq!(part("refunded", 1, 30_000).ended(200).int("receivable_minor"), 100_000);
        assert_eq!(view(&client, &id), [100_000, 0, 900_000, 0, 0, 220_000]);
        assert_eq!(part("paid", 2, 100_001).ended(422).text("code"), "more_than_payable");
        assert_eq!(part("paid", 3, 100_000).ended(200).text("status"), "closed");
        assert_eq!(view(&client, &id), [0, 0, 1_000_000, 0, 0, 220_000]);
        // Everything that happened, once, in order.
        let order = client.get("/v1/credit-orders/external:a").ended(200).body;
        let lines: Vec<&str> =
            order["lines"].as_array().unwrap().iter().map(|l| l["event"].as_str().unwrap()).collect();
        assert_eq!(lines, ["authorised", "shipped", "shipped", "paid", "cancelled", "refunded", "paid"]);
        assert_eq!(order["order"]["refunded_minor"], 30_000);
        desk.server.stop();
        place.verify(true);
    }
}

/// C11: due dates and buckets by calendar; what comes late by weeks still counts when it happened.
#[test]
fn overdue_orders_stand_in_their_bucket_until_they_are_paid_c11() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "a", 200_000, false);
        let at = "2026-03-02T02:00:00Z";
        let agreed = json!({ "order_id": "b", "merchant_id": id, "event": "authorised", "amount_minor": 100_000, "at": at, "due_on": "2026-05-30" });
        client.post("/v1/credit-orders", "b", &agreed).ended(200);
        tell(&client, &id, "b", "shipped", None).ended(200);
        let buckets = || -> Vec<(String, i64)> {
            let view = limit(&client, &id);
            let all = view["overdue"].as_array().unwrap().iter().filter(|b| b["orders"] != 0);
            all.map(|b| (b["days"].as_str().unwrap().to_owned(), b["amount_minor"].as_i64().unwrap()))
                .collect()
        };
        // Shipped on 2 March: due on 1 April.
        for (to, first) in [
            ("2026-04-01T12:00:00+08:00", None),
            ("2026-04-02T12:00:00+08:00", Some("1-30")),
            ("2026-05-02T12:00:00+08:00", Some("31-60")),
            ("2026-05-30T12:00:00+08:00", Some("31-60")),
        ] {
            desk.to(to);
            let expected: Vec<(String, i64)> =
                first.iter().map(|days| ((*days).to_owned(), 200_000)).collect();
            // The server reads the clock again when it next does something.
            wait_until(&format!("buckets on {to}"), 30, || buckets() == expected);
        }
        desk.to("2026-07-01T12:00:00+08:00");
        let both = [("31-60".to_owned(), 100_000), ("90+".to_owned(), 200_000)];
        wait_until("buckets in July", 30, || buckets() == both);
        let late = json!({ "order_id": "a", "merchant_id": id, "event": "paid", "amount_minor": 200_000, "at": "2026-03-20T00:00:00Z" });
        client.post("/v1/credit-orders", "late", &late).ended(200);
        assert_eq!(buckets(), [("31-60".to_owned(), 100_000)]);
        let early = json!({ "order_id": "b", "merchant_id": id, "event": "paid", "amount_minor": 1, "at": "2026-03-01T00:00:00Z" });
        assert_eq!(
            client.post("/v1/credit-orders", "early", &early).ended(422).text("code"),
            "before_authorised"
        );
        desk.server.stop();
        place.verify(true);
    }
}

/// C12, C11: beyond the limit is the shop's liability, what buyers paid restores both, a refund that proceeds do not
/// cover stays due.
#[test]
fn what_is_shipped_beyond_the_limit_is_the_shops_liability_c12() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 500_000);
        assert_eq!(
            tell(&client, &id, "a", "authorised", Some(800_000)).ended(200).int("reserved_minor"),
            500_000
        );
        tell(&client, &id, "a", "shipped", None).ended(200);
        assert_eq!(view(&client, &id), [500_000, 0, 0, 0, 300_000, 800_000]);
        tell(&client, &id, "a", "paid", Some(600_000)).ended(200);
        assert_eq!(
            view(&client, &id),
            [0, 0, 500_000, 0, 200_000, 800_000],
            "the advance first, then the rest"
        );
        part(&client, &id, "a", ("refunded", 1), 200_000).ended(200);
        assert_eq!(view(&client, &id), [0, 0, 500_000, 0, 0, 600_000]);
        // Refunded after it was paid: through the platform, from proceeds.
        part(&client, &id, "a", ("refunded", 2), 600_000).ended(200);
        assert_eq!(view(&client, &id), [0, 0, 500_000, 0, 0, 0]);
        assert_eq!(part(&client, &id, "a", ("refunded", 3), 1).ended(422).text("code"), "more_than_shipped");
        // `refuse`: all or nothing, in words that name no threshold.
        let people = (desk.staff("li", "admin"), desk.staff("wang", "admin"));
        desk.policy_from(&people, "refuse", "2026-03-09", &[("credit.over_limit", "C12", "\"refuse\"")]);
        desk.to("2026-03-09T10:00:00+08:00");
        let today = || client.get("/v1/clock").text("business_at").starts_with("2026-03-09");
        wait_until("the clock", 30, today);
        let no = tell(&client, &id, "b", "authorised", Some(500_001)).ended(422);
        assert_eq!(
            (no.text("code"), &no.body["facts"]["available_minor"]),
            ("limit_insufficient", &json!(500_000))
        );
        assert_eq!(no.body["facts"]["message_zh"], "额度不足，请提升信用。");
        tell(&client, &id, "c", "authorised", Some(500_000)).ended(200);
        desk.server.stop();
        place.verify(true);
    }
}

/// C11, C12: ten thousand events in a call, item by item, in order, the same again without effect.
#[test]
fn events_in_bulk_are_taken_item_by_item_c11_c12() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let at = "2026-03-02T02:00:00Z";
        let item = |order: String, event: &str, amount: Option<i64>| json!({ "order_id": order, "merchant_external_id": "s1", "event": event, "amount_minor": amount, "at": at });
        let events =
            [("authorised", Some(1_000)), ("shipped", None), ("paid", Some(1_000)), ("cancelled", None)];
        let all: Vec<Value> = (0..2_500)
            .flat_map(|n| events.map(|(event, amount)| item(format!("o{n}"), event, amount)))
            .collect();
        let sent = client.post("/v1/credit-orders/bulk", "first", &json!({ "items": all })).ended(200);
        assert_eq!((sent.int("taken"), sent.int("refused")), (7_500, 2_500));
        let items = sent.body["items"].as_array().unwrap();
        for (index, item) in items.iter().enumerate() {
            let code = if index % 4 == 3 { json!("nothing_to_cancel") } else { Value::Null };
            assert_eq!((&item["index"], &item["error"]["code"]), (&json!(index), &code));
        }
        assert_eq!(view(&client, &id), [0, 0, 1_000_000, 0, 0, 2_500_000]);
        let again = client.post("/v1/credit-orders/bulk", "second", &json!({ "items": all })).ended(200);
        assert!(again.body["items"].as_array().unwrap().iter().all(|item| item["changed"] == false));
        assert_eq!(view(&client, &id), [0, 0, 1_000_000, 0, 0, 2_500_000]);
        let bad = json!([
            item("x".to_owned(), "shipped", None),
            item("x".to_owned(), "teleported", None),
            item("x".to_owned(), "authorised", None),
            item("x".to_owned(), "authorised", Some(5)),
            item("x".to_owned(), "shipped", Some(6)),
            item("x".to_owned(), "shipped", Some(5)),
            item("x".to_owned(), "refunded", Some(6)),
        ]);
        let sent = client.post("/v1/credit-orders/bulk", "bad", &json!({ "items": bad })).ended(200);
        let codes: Vec<&Value> =
            sent.body["items"].as_array().unwrap().iter().map(|i| &i["error"]["code"]).collect();
        let none = Value::Null;
        let [unknown, invalid, more, refund] =
            ["order_unknown", "invalid_input", "more_than_authorised", "more_than_shipped"]
                .map(|code| json!(code));
        assert_eq!(codes, [&unknown, &invalid, &invalid, &none, &more, &none, &refund]);
        let many = vec![bad[0].clone(); 10_001];
        let no = client.post("/v1/credit-orders/bulk", "many", &json!({ "items": many })).ended(400);
        assert_eq!(no.text("code"), "bulk_size");
        desk.server.stop();
        place.verify(true);
    }
}
