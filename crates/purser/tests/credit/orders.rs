//! Bad input about pay-later orders and shops through HTTP (C4, C5, C7, C9, C11): each is refused with what is wrong,
//! where, and what would be right, and leaves the books as they were.

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    shop::{Desk, limit, sell, shop, tell},
    world::{Place, wait_until},
};

/// Business time.
pub(crate) fn clock(client: &Client) -> String {
    client.get("/v1/clock").text("business_at").to_owned()
}

/// Reports an event under a key that nobody used.
pub(crate) fn report(client: &Client, body: &Value) -> Answer {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = format!("event-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    client.post("/v1/credit-orders", &key, body)
}

/// A refusal: status, code, pointer, and what is left where there is a measure.
fn no(answer: &Answer) -> (u16, &str, &Value, &Value) {
    let body = &answer.body;
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    (answer.status, answer.text("code"), &body["errors"][0]["pointer"], &body["facts"]["left_minor"])
}

fn money(view: &Value) -> [i64; 6] {
    ["total_minor", "used_minor", "reserved_minor", "due_minor", "liability_minor", "proceeds_minor"]
        .map(|field| view[field].as_i64().unwrap())
}

/// C11: events that cannot be are refused one by one, and nothing of them is booked.
#[test]
fn events_that_cannot_be_change_nothing_c11() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let now = clock(&client);
        let event = |order: &str, event_id: &str, kind: &str, amount: Option<i64>, at: &str| {
            let mut body = json!({ "order_id": order, "event_id": event_id, "merchant_id": id, "event": kind,
                "at": at });
            if let Some(amount) = amount {
                body["amount_minor"] = json!(amount);
            }
            report(&client, &body)
        };
        let (order, amount, null) = (json!("/order_id"), json!("/amount_minor"), Value::Null);

        // Nothing was authorised.
        for kind in ["shipped", "cancelled", "scanned"] {
            let refused = event("ghost", kind, kind, None, &now);
            assert_eq!(no(&refused), (422, "order_unknown", &order, &null), "{kind}");
        }
        for kind in ["paid", "refunded"] {
            assert_eq!(no(&event("ghost", kind, kind, Some(1), &now)), (422, "order_unknown", &order, &null));
        }
        assert_eq!(client.get("/v1/credit-orders/external:ghost").ended(404).text("code"), "order_unknown");

        // More than authorised, in one part or in several; twice; before it was authorised; from the future.
        event("a", "1", "authorised", Some(30_000), &now).ended(200);
        let left = |n: i64| json!(n);
        assert_eq!(
            no(&event("a", "2", "shipped", Some(30_001), &now)),
            (422, "more_than_authorised", &amount, &left(30_000))
        );
        event("a", "3", "shipped", Some(20_000), &now).ended(200);
        assert_eq!(
            no(&event("a", "4", "shipped", Some(10_001), &now)),
            (422, "more_than_authorised", &amount, &left(10_000))
        );
        event("a", "5", "shipped", None, &now).ended(200);
        assert_eq!(
            no(&event("a", "6", "shipped", None, &now)),
            (422, "more_than_authorised", &amount, &left(0))
        );
        assert_eq!(no(&event("a", "7", "cancelled", None, &now)), (422, "nothing_to_cancel", &null, &null));
        let at = json!("/at");
        let (early, late) = ("2026-03-01T10:00:00+08:00", "2026-03-02T11:00:00+08:00");
        assert_eq!(no(&event("a", "8", "paid", Some(1), early)), (422, "before_authorised", &at, &null));
        assert_eq!(no(&event("a", "9", "paid", Some(1), late)), (422, "in_the_future", &at, &null));
        // Paid twice, refunded more than was shipped or advanced.
        assert_eq!(
            no(&event("a", "10", "refunded", Some(30_001), &now)),
            (422, "more_than_shipped", &amount, &left(30_000))
        );
        event("a", "11", "paid", Some(30_000), &now).ended(200);
        assert_eq!(
            no(&event("a", "12", "paid", Some(30_000), &now)),
            (422, "more_than_payable", &amount, &left(0))
        );
        event("a", "13", "refunded", Some(12_000), &now).ended(200);
        assert_eq!(
            no(&event("a", "14", "refunded", Some(18_001), &now)),
            (422, "more_than_shipped", &amount, &left(18_000))
        );
        assert_eq!(money(&limit(&client, &id)), [1_000_000, 0, 0, 0, 0, 18_000]);

        // The same event again is the same; with another amount, kind or time it contradicts itself.
        let again = event("a", "11", "paid", Some(30_000), &now).ended(200);
        assert_eq!(again.int("paid_minor"), 30_000);
        let contradicts = json!("/event_id");
        for (kind, amount, at) in
            [("paid", 1, now.as_str()), ("refunded", 30_000, &now), ("paid", 30_000, early)]
        {
            let refused = event("a", "11", kind, Some(amount), at);
            assert_eq!(no(&refused), (422, "event_conflict", &contradicts, &null));
        }
        // Authorised twice with other figures; another shop's order; nobody's order; amounts that are none.
        assert_eq!(
            no(&event("a", "15", "authorised", Some(1), &now)),
            (422, "order_conflict", &amount, &null)
        );
        let other = shop(&client, "s2", 1_000_000);
        let stolen = json!({ "order_id": "a", "event_id": "16", "merchant_id": other, "event": "paid",
            "amount_minor": 1, "at": now });
        assert_eq!(no(&report(&client, &stolen)), (422, "order_conflict", &json!("/merchant_id"), &null));
        for amount in [json!(0), json!(-1), json!(1.5), json!("1"), json!(1e30)] {
            let bad = json!({ "order_id": "b", "merchant_id": id, "event": "authorised", "amount_minor": amount, "at": now });
            assert!([400, 422].contains(&report(&client, &bad).status), "{amount}");
        }
        let frozen = money(&limit(&client, &other));
        assert_eq!(frozen, [1_000_000, 0, 0, 0, 0, 0], "nothing of all that reached the other shop");
        desk.server.stop();
        place.verify(true);
    }
}

/// C11: events come in any order and weeks late; the limit and the proceeds come out the same.
#[test]
fn events_come_late_and_in_any_order_c11() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let begun = clock(&client);
        desk.to("2026-04-20T10:00:00+08:00");
        // Seven weeks late, payment before shipping, refund before the second part is on its way.
        let event = |order: &str, kind: &str, n: i64, amount: i64, at: &str| {
            json!({ "order_id": order, "event_id": format!("{kind}-{n}"), "merchant_id": id, "event": kind,
                "amount_minor": amount, "at": at })
        };
        let (monday, friday) = ("2026-03-09T10:00:00+08:00", "2026-03-13T10:00:00+08:00");
        for body in [
            event("a", "authorised", 1, 50_000, &begun),
            event("a", "paid", 1, 20_000, friday),
            event("a", "shipped", 1, 30_000, monday),
            event("a", "refunded", 1, 30_000, friday),
            event("a", "shipped", 2, 20_000, monday),
            event("a", "paid", 2, 20_000, monday),
        ] {
            report(&client, &body).ended(200);
        }
        let order = client.get("/v1/credit-orders/external:a").ended(200).body;
        assert_eq!(order["order"]["status"], "closed", "{order}");
        // In the order in which they happened, whenever they were told.
        let lines: Vec<&Value> =
            order["lines"].as_array().unwrap().iter().map(|line| &line["event_id"]).collect();
        assert_eq!(lines, ["authorised-1", "paid-2", "shipped-1", "shipped-2", "paid-1", "refunded-1"]);
        let view = limit(&client, &id);
        assert_eq!(money(&view), [1_000_000, 0, 0, 0, 0, 20_000], "50,000 − 30,000 refunded: {view}");
        // Late is late: due 30 days after it was shipped, not after it was told.
        let body = event("b", "authorised", 1, 10_000, &begun);
        report(&client, &body).ended(200);
        report(&client, &event("b", "shipped", 1, 10_000, &begun)).ended(200);
        let overdue = &limit(&client, &id)["overdue"][0];
        assert_eq!((&overdue["days"], &overdue["amount_minor"]), (&json!("1-30"), &json!(10_000)));
        desk.server.stop();
        place.verify(true);
    }
}

fn months(client: &Client, id: &str, key: &str, months: &[(&str, i64)]) -> Answer {
    let month = |(month, rate): &(&str, i64)| json!({ "month": month, "orders": 10, "turnover_minor": 100_000_000, "return_rate_ppm": rate });
    let months: Vec<Value> = months.iter().map(month).collect();
    client.post("/v1/credit-shops", key, &json!({ "merchant_id": id, "months": months }))
}

/// C7, C9: metrics of a month that is not over or that contradict a closed one are refused; a month that nobody
/// reported breaks the run of three.
#[test]
fn metrics_are_of_closed_months_and_never_change_c7_c9() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-04-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let null = Value::Null;
        let first = json!("/months/0/month");
        for (key, month) in [("this", "2026-04"), ("next", "2026-05"), ("far", "2126-01")] {
            let refused = months(&client, &id, key, &[(month, 0)]);
            assert_eq!(no(&refused), (422, "month_not_closed", &first, &null), "{month}");
        }
        for (key, month) in [("odd", "2026-13"), ("none", ""), ("day", "2026-03-01")] {
            assert_eq!(
                no(&months(&client, &id, key, &[(month, 0)])),
                (400, "invalid_input", &first, &null),
                "{month}"
            );
        }
        // 16 % in January and March; of February nobody reported: no run of three.
        months(&client, &id, "gap", &[("2026-01", 160_000), ("2026-03", 160_000)]).ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000);
        // Two figures for one month contradict each other, in one report or in two; nothing of such a report counts.
        let refused = months(&client, &id, "both", &[("2026-02", 160_000), ("2026-02", 170_000)]);
        assert_eq!(no(&refused), (422, "month_conflict", &json!("/months/1/month"), &null));
        let refused = months(&client, &id, "more", &[("2026-02", 160_000), ("2026-03", 159_999)]);
        assert_eq!(no(&refused), (422, "month_conflict", &json!("/months/1/month"), &null));
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000);
        // The missing month arrives: three running, zero, and the steps say why.
        months(&client, &id, "february", &[("2026-02", 150_001)]).ended(200);
        let view = limit(&client, &id);
        assert_eq!(view["total_minor"], 0);
        let steps = view["evaluation"]["steps"].as_array().unwrap();
        assert_eq!(steps.last().unwrap()["rule"], "returns_zero", "{view}");
        // A good month breaks the run by itself.
        desk.to("2026-05-01T10:00:00+08:00");
        months(&client, &id, "april", &[("2026-04", 0)]).ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000);
        desk.server.stop();
        place.verify(true);
    }
}

/// C2, C4, C5: a boost, component or restriction of a kind that nobody knows, a sale that overlaps another or lies in
/// the past, rates and dates that are none.
#[test]
fn boosts_and_sales_that_cannot_be_are_refused_c4_c5() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-06-01T10:00:00+08:00");
        let (client, sun) = (desk.client(), desk.staff("sun", "risk"));
        let id = shop(&client, "s1", 1_000_000);
        let path = format!("/v1/parties/{id}/limit/decisions");
        let ask = |key: &str, body: Value| {
            let mut body = body;
            body["reason"] = json!("618");
            sun.post(&path, key, &body)
        };
        let sale = |from: &str, until: &str, ppm: i64| json!({ "decision": "promote", "from": from, "until": until, "rate_ppm": ppm });
        let null = Value::Null;
        let ok = ask("ok", sale("2026-06-01", "2026-06-20", 300_000)).ended(200);
        assert_eq!(ok.int("total_minor"), 1_300_000);
        for (key, from, until) in [
            ("in", "2026-06-05", "2026-06-06"),
            ("same", "2026-06-01", "2026-06-20"),
            ("end", "2026-06-19", "2026-07-01"),
        ] {
            let refused = ask(key, sale(from, until, 100_000));
            assert_eq!(no(&refused), (422, "promotion_overlaps", &json!("/from"), &null));
        }
        // The day after the last is free.
        ask("after", sale("2026-06-20", "2026-06-21", 100_000)).ended(200);
        for (key, from, until) in [("past", "2026-05-01", "2026-06-01"), ("back", "2026-07-02", "2026-07-01")]
        {
            assert_eq!(
                no(&ask(key, sale(from, until, 100_000))),
                (422, "dates_invalid", &json!("/until"), &null)
            );
        }
        for (key, ppm) in [("much", 500_001), ("none", 0), ("less", -1)] {
            let refused = ask(key, sale("2026-08-01", "2026-08-02", ppm));
            assert_eq!(no(&refused), (422, "promotion_too_large", &json!("/rate_ppm"), &null));
        }
        // Nobody knows such a boost, restriction or component.
        for (key, body, field) in [
            ("boost", json!({ "decision": "boost" }), "/decision"),
            ("why", json!({ "decision": "restrict", "restriction": "bad mood" }), "/restriction"),
            ("bare", json!({ "decision": "restrict" }), "/restriction"),
        ] {
            assert_eq!(no(&ask(key, body)), (400, "invalid_input", &json!(field), &null));
        }
        let component = json!({ "source": "friendship", "amount_minor": 1, "since": "2026-06-01" });
        let told = json!({ "merchant_id": id, "components": [component] });
        let refused = client.post("/v1/credit-shops", "component", &told);
        assert_eq!(no(&refused), (400, "invalid_input", &json!("/components/0/source"), &null));
        let told = json!({ "merchant_id": id, "boosts": [{ "kind": "dsr" }] });
        client.post("/v1/credit-shops", "field", &told).ended(400);
        let told = json!({ "merchant_id": id, "trainings": ["2026-06-02"] });
        let refused = client.post("/v1/credit-shops", "training", &told);
        assert_eq!(no(&refused), (422, "training_in_future", &json!("/trainings"), &null));
        assert_eq!(limit(&client, &id)["total_minor"], 1_300_000);
        desk.server.stop();
        place.verify(true);
    }
}

/// C9: a bulk report is decided item by item; what is wrong names its place, the rest is booked.
#[test]
fn bad_items_of_a_bulk_leave_the_others_alone_c11() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "old", 1_000, false);
        let at = clock(&client);
        let items = json!({ "items": [
            { "order_id": "a", "merchant_id": id, "event": "authorised", "amount_minor": 5_000, "at": at },
            { "order_id": "a", "merchant_id": id, "event": "shipped", "amount_minor": 5_001, "at": at },
            { "order_id": "a", "merchant_id": id, "event": "delivered", "at": at },
            { "order_id": "a", "merchant_id": id, "event": "shipped", "event_id": "s2", "at": at },
            { "order_id": "old", "merchant_id": id, "event": "paid", "amount_minor": 1_000, "at": at },
        ] });
        let told = client.post("/v1/credit-orders/bulk", "bulk", &items).ended(200);
        assert_eq!((told.int("taken"), told.int("refused")), (3, 2), "{}", told.body);
        let codes: Vec<Value> =
            told.body["items"].as_array().unwrap().iter().map(|item| item["error"]["code"].clone()).collect();
        assert_eq!(
            codes,
            [Value::Null, json!("more_than_authorised"), json!("invalid_input"), Value::Null, Value::Null]
        );
        assert_eq!(money(&limit(&client, &id)), [1_000_000, 5_000, 0, 0, 0, 6_000]);
        let again =
            json!({ "order_id": "old", "merchant_id": id, "event": "paid", "amount_minor": 1_000, "at": at });
        assert_eq!(report(&client, &again).ended(200).int("paid_minor"), 1_000, "told before");
        desk.server.stop();
        place.verify(true);
    }
}

/// C11, C26: an authorisation for which nobody ships ends by itself: the limit is free again, the merchant is told, and
/// what is shipped after that is refused with a code of its own.
#[test]
fn an_authorisation_that_nobody_ships_for_ends_c11_c26() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 100_000);
        let new = tell(&client, &id, "a", "authorised", Some(60_000)).ended(200);
        assert!(new.text("ends_at").starts_with("2026-05-31T02:"), "90 days: {}", new.body);
        assert_eq!(limit(&client, &id)["available_minor"], 40_000);
        desk.to("2026-05-31T12:00:00+08:00");
        wait_until("the authorisation ends", 30, || limit(&client, &id)["reserved_minor"] == 0);
        assert_eq!(limit(&client, &id)["available_minor"], 100_000);
        let late = tell(&client, &id, "a", "shipped", None);
        assert_eq!(no(&late), (422, "authorisation_expired", &json!("/amount_minor"), &json!(0)));
        let order = client.get("/v1/credit-orders/external:a").ended(200).body;
        assert_eq!(
            (&order["order"]["status"], &order["order"]["expired_minor"]),
            (&json!("expired"), &json!(60_000))
        );
        assert_eq!(order["lines"][1]["event"], "credit.expired", "{order}");
        for query in ["event=credit.expired", "status=expired"] {
            let bill = client.get(&format!("/v1/parties/{id}/bill-lines?{query}")).ended(200).body;
            assert_eq!(bill["data"][0]["order_id"], "a", "{query}: {bill}");
        }
        let messages = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body;
        assert!(messages.to_string().contains("credit.orders_expired"), "{messages}");
        let again = tell(&client, &id, "b", "authorised", Some(100_000)).ended(200);
        assert_eq!(again.int("reserved_minor"), 100_000);
        desk.server.stop();
        place.verify(true);
    }
}
