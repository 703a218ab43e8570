//! Signs of cash-out (C21): what is held, who sees what, what people decide and what becomes of it.

use serde_json::{Value, json};

use super::orders::{clock, report};
use crate::support::{
    http::{Answer, Client},
    shop::{Desk, draw, fund, limit, shop, state, tell, withdrawal},
    world::Place,
};

/// A pay-later order near the limit, to be paid from an account of the merchant's payee: two signs that hold together.
fn suspicious(client: &Client, id: &str, order: &str, amount_minor: i64) -> Answer {
    let at = clock(client);
    let authorised = json!({ "order_id": order, "merchant_id": id, "event": "authorised",
        "amount_minor": amount_minor, "at": at, "signals": { "same_payee": true } });
    report(client, &authorised).ended(200);
    tell(client, id, order, "shipped", None).ended(200)
}

/// Decides what is held now, as a person would who has just read the review.
fn decide(client: &Client, review: &str, decision: &str) -> Answer {
    let held = client.get(&format!("/v1/risk-reviews/{review}")).body["held_minor"].as_i64().unwrap_or(0);
    let body = json!({ "decision": decision, "note": "looked at the parcel's way", "held_minor": held });
    client.post(&format!("/v1/risk-reviews/{review}/decision"), &format!("{review}-{decision}"), &body)
}

fn open_reviews(staff: &Client) -> Vec<Value> {
    staff.get("/v1/risk-reviews?state=open").ended(200).body["data"].as_array().unwrap().clone()
}

fn only_review(staff: &Client) -> String {
    let open = open_reviews(staff);
    assert_eq!(open.len(), 1, "{open:?}");
    open[0]["id"].as_str().unwrap().to_owned()
}

/// C21: the advance is held, never refused; the merchant hears what helps and by when and nothing of scores (C10); a
/// release advances what was held and is honoured for a while.
#[test]
fn an_advance_that_looks_like_cash_out_waits_for_people_c21_c10() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, sun) = (desk.client(), desk.staff("sun", "risk"));
        let id = shop(&client, "s1", 100_000);
        let held = suspicious(&client, &id, "a", 95_050);
        assert_eq!((held.text("status"), held.int("held_minor")), ("under_review", 95_050));
        assert_eq!((held.int("receivable_minor"), held.int("reserved_minor")), (0, 95_050));
        let view = limit(&client, &id);
        assert_eq!([&view["used_minor"], &view["proceeds_minor"], &view["reserved_minor"]], [0, 0, 95_050]);

        // What the merchant may know: that it is looked at, what helps, by when. 5 March: three working days.
        let detail = client.get("/v1/credit-orders/external:a").ended(200).body;
        let notice = &detail["review"];
        assert_eq!(notice["decide_by"], "2026-03-05T16:00:00Z", "{detail}");
        assert!(notice["evidence_zh"].as_str().unwrap().contains("物流"));
        let case = notice["case_id"].as_str().unwrap().to_owned();
        let own = format!("/v1/parties/{id}/cases/{case}");
        let shown = client.get(&own).ended(200).body;
        assert_eq!(shown["case"]["kind"], "risk_review");
        let messages = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body;
        assert!(messages.to_string().contains("credit.under_review"));
        for text in [&detail, &shown, &messages, &client.get("/v1/events?limit=200").body] {
            for secret in ["score", "points", "same_payee", "review_from"] {
                assert!(!text.to_string().contains(secret), "{secret} in {text}");
            }
        }
        for path in [format!("/v1/parties/{id}/credit-risk"), "/v1/risk-reviews".to_owned()] {
            assert_eq!(client.get(&path).ended(403).text("code"), "staff_needed");
        }
        assert_eq!(client.get("/v1/credit-orders/external:a/risk").ended(403).text("code"), "staff_needed");
        // Nobody closes the case beside the review.
        let withdraw = client.post(&format!("{own}/withdraw"), "withdraw", &Value::Null);
        assert_eq!(withdraw.ended(422).text("code"), "case_decided_with_record");
        let resolve = json!({ "decision": "resolve", "reason": "fine" });
        let resolve = sun.post(&format!("/v1/cases/{case}/decision"), "resolve", &resolve);
        assert_eq!(resolve.ended(422).text("code"), "case_decided_with_record");

        // What the desk sees: every point with its reason.
        let review = only_review(&sun);
        let seen = sun.get(&format!("/v1/risk-reviews/{review}")).ended(200).body;
        assert_eq!((&seen["score"], &seen["amount_minor"]), (&json!(60), &json!(95_050)));
        let reasons: Vec<_> = seen["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (&r["signal"], &r["points"], &r["ground"]))
            .collect();
        let own_ground = json!("own");
        assert_eq!(
            reasons,
            [
                (&json!("near_limit"), &json!(15), &own_ground),
                (&json!("same_payee"), &json!(45), &own_ground)
            ]
        );
        let of_order = sun.get("/v1/credit-orders/external:a/risk").ended(200).body;
        assert_eq!(
            (&of_order["score"]["points"], &of_order["score"]["review_from"]),
            (&json!(60), &json!(60))
        );

        // Released: advanced now, the case ends, the label stays.
        assert_eq!(decide(&client, &review, "release").ended(403).text("code"), "staff_needed");
        let released = decide(&sun, &review, "release").ended(200).body;
        assert_eq!(
            (&released["review"]["state"], &released["order"]["status"]),
            (&json!("released"), &json!("shipped"))
        );
        let view = limit(&client, &id);
        assert_eq!(
            [&view["used_minor"], &view["proceeds_minor"], &view["reserved_minor"]],
            [95_050, 95_050, 0]
        );
        assert_eq!(client.get(&own).ended(200).body["case"]["state"], "resolved");
        assert_eq!(client.get("/v1/credit-orders/external:a").body["review"], Value::Null);
        assert_eq!(
            sun.post(
                &format!("/v1/risk-reviews/{review}/decision"),
                "again",
                &json!({ "decision": "confirm", "note": "x" })
            )
            .ended(422)
            .text("code"),
            "review_decided"
        );

        // Honoured for 30 days: the same signs do not hold again; then they do.
        tell(&client, &id, "a", "paid", Some(95_050)).ended(200);
        assert_eq!(suspicious(&client, &id, "b", 95_050).int("held_minor"), 0);
        tell(&client, &id, "b", "paid", Some(95_050)).ended(200);
        desk.to("2026-04-02T10:00:00+08:00");
        assert_eq!(suspicious(&client, &id, "c", 95_050).int("held_minor"), 95_050);

        // Found to be cash-out: never advanced; what a buyer pays is the shop's all the same.
        let review = only_review(&sun);
        let confirmed = decide(&sun, &review, "confirm").ended(200).body;
        assert_eq!([&confirmed["order"]["held_minor"], &confirmed["order"]["receivable_minor"]], [0, 0]);
        let view = limit(&client, &id);
        assert_eq!([&view["used_minor"], &view["reserved_minor"]], [0, 0]);
        tell(&client, &id, "c", "paid", Some(95_050)).ended(200);
        assert_eq!(limit(&client, &id)["proceeds_minor"], 3 * 95_050);
        let labels = sun.text("/v1/risk-reviews/export");
        let lines: Vec<&str> = labels.lines().collect();
        assert_eq!(lines.len(), 3, "{labels}");
        assert!(lines[0].ends_with(",no_scan,drawn_and_refunded,after_increase"));
        assert!(lines[1].contains(",confirmed,60,") && lines[2].contains(",released,60,"), "{labels}");
        assert!(lines[2].ends_with(",,15,,,45,,,"), "points by sign, as they were: {}", lines[2]);
        desk.server.stop();
        place.verify(true);
    }
}

/// C21: reviews of one shop share a case; it ends with the last of them. P16: a large release takes two people.
#[test]
fn a_wave_of_orders_is_one_case_and_large_releases_take_two_people_c21_p16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let (sun, wang) = (desk.staff("sun", "risk"), desk.staff("wang", "risk"));
        let id = shop(&client, "s1", 100_000_000);
        for order in ["a", "b"] {
            let at = clock(&client);
            let signals = json!({ "same_payee": true, "same_device": true });
            let new = json!({ "order_id": order, "merchant_id": id, "event": "authorised",
                "amount_minor": if order == "a" { 50_000_000 } else { 123 }, "at": at, "signals": signals });
            report(&client, &new).ended(200);
            assert_eq!(tell(&client, &id, order, "shipped", None).ended(200).text("status"), "under_review");
        }
        let cases = client.get(&format!("/v1/parties/{id}/cases")).ended(200).body;
        assert_eq!(cases["data"].as_array().unwrap().len(), 1, "{cases}");
        let open = open_reviews(&sun);
        assert_eq!(open[0]["case_id"], open[1]["case_id"]);
        let of = |amount: i64| {
            let found = open.iter().find(|review| review["amount_minor"] == amount).unwrap();
            found["id"].as_str().unwrap().to_owned()
        };
        let (large, small) = (of(50_000_000), of(123));
        let first = decide(&sun, &large, "release").ended(200).body;
        assert_eq!((&first["review"]["state"], &first["order"]), (&json!("open"), &Value::Null));
        let body = json!({ "decision": "release", "note": "once more", "held_minor": 50_000_000 });
        let path = format!("/v1/risk-reviews/{large}/decision");
        assert_eq!(sun.post(&path, "twice", &body).ended(422).text("code"), "review_same_person");
        assert_eq!(limit(&client, &id)["used_minor"], 0);
        decide(&wang, &large, "release").ended(200);
        assert_eq!(limit(&client, &id)["used_minor"], 50_000_000);
        let state = |n: usize| {
            let cases = client.get(&format!("/v1/parties/{id}/cases")).ended(200).body;
            cases["data"][n]["state"].clone()
        };
        assert_eq!(state(0), "open", "the other order still waits");
        decide(&sun, &small, "release").ended(200);
        assert_eq!(state(0), "resolved");
        desk.server.stop();
        place.verify(true);
        place.planted(&[
            ("held advances have a review", "UPDATE credit_risks SET open_reviews = open_reviews + 1"),
            ("held advances have a review", "UPDATE credit_orders SET held = 1"),
        ]);
    }
}

/// C21, P16: who releases says how much was seen; what was shipped and held since is not released with it, and a word that
/// was given before does not count for it. The advance is a line of the order and of the bill (C26).
#[test]
fn a_release_is_of_what_its_people_saw_c21_p16_c26() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let (sun, wang) = (desk.staff("sun", "risk"), desk.staff("wang", "risk"));
        let id = shop(&client, "s1", 1_000_000_000);
        let event = |name: &str, event_id: &str, amount: i64| {
            json!({ "order_id": "a", "merchant_id": id, "event": name, "event_id": event_id,
                "amount_minor": amount, "at": clock(&client) })
        };
        let mut new = event("authorised", "1", 500_000_000);
        new["signals"] = json!({ "same_payee": true, "same_device": true });
        report(&client, &new).ended(200);
        report(&client, &event("shipped", "2", 50_000_000)).ended(200);
        let review = only_review(&sun);
        let path = format!("/v1/risk-reviews/{review}");
        let release = |staff: &Client, key: &str, held: Value| {
            let mut body = json!({ "decision": "release", "note": "saw the warehouse" });
            if !held.is_null() {
                body["held_minor"] = held;
            }
            staff.post(&format!("{path}/decision"), key, &body)
        };
        let blind = release(&sun, "blind", Value::Null).ended(400);
        assert_eq!(blind.body["errors"][0]["pointer"], "/held_minor", "{}", blind.body);
        let first = release(&sun, "first", json!(50_000_000)).ended(200).body;
        assert_eq!(first["review"]["state"], "open");
        assert_eq!(first["review"]["approvals"][0]["held_minor"], 50_000_000, "{first}");

        // Nine times as much is shipped: neither the one who did not see it nor the word of before release it.
        report(&client, &event("shipped", "3", 450_000_000)).ended(200);
        let late = release(&wang, "late", json!(50_000_000)).ended(412);
        assert_eq!(
            (late.text("code"), &late.body["facts"]["held_minor"]),
            ("version_conflict", &json!(500_000_000))
        );
        let seen = wang.get(&path).ended(200).body;
        assert_eq!((&seen["amount_minor"], &seen["held_minor"]), (&json!(50_000_000), &json!(500_000_000)));
        let alone = release(&wang, "alone", seen["held_minor"].clone()).ended(200).body;
        assert_eq!((&alone["review"]["state"], &alone["order"]), (&json!("open"), &Value::Null), "{alone}");
        assert_eq!(limit(&client, &id)["used_minor"], 0);
        let both = release(&sun, "both", json!(500_000_000)).ended(200).body;
        assert_eq!(
            (&both["review"]["state"], &both["review"]["held_minor"]),
            (&json!("released"), &json!(0))
        );
        assert_eq!(limit(&client, &id)["used_minor"], 500_000_000);

        let lines = client.get("/v1/credit-orders/external:a").ended(200).body["lines"].clone();
        let advanced =
            lines.as_array().unwrap().iter().find(|line| line["event"] == "credit.review_released");
        assert_eq!(advanced.map(|line| &line["amount_minor"]), Some(&json!(500_000_000)), "{lines}");
        let bill = client.get(&format!("/v1/parties/{id}/bill-lines?event=credit.review_released"));
        assert_eq!(bill.ended(200).body["data"][0]["amount_minor"], 500_000_000);
        // The names of such events are ours.
        let refused = report(&client, &event("paid", "credit.write_off 9", 1)).ended(422);
        assert_eq!(
            (refused.text("code"), &refused.body["errors"][0]["pointer"]),
            ("event_id_invalid", &json!("/event_id"))
        );
        desk.server.stop();
        place.verify(true);
    }
}

/// C21: the platform sends opaque hashes; what is the merchant's own is a sign, what is no hash is refused.
#[test]
fn hashes_are_compared_and_nothing_personal_is_taken_c21() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, sun) = (desk.client(), desk.staff("sun", "risk"));
        let id = shop(&client, "s1", 100_000);
        let (own, other) = ("0123456789abcdef", "fedcba9876543210");
        let mine = json!({ "merchant_id": id, "own_hashes": { "devices": [own], "payees": [own] } });
        client.post("/v1/credit-shops", "own", &mine).ended(200);
        let order = |name: &str, signals: Value| {
            json!({ "order_id": name, "merchant_id": id, "event": "authorised", "amount_minor": 1_234,
                "at": clock(&client), "signals": signals })
        };
        report(&client, &order("a", json!({ "device_hash": own, "address_hash": own, "payee_hash": other })))
            .ended(200);
        let seen = sun.get("/v1/credit-orders/external:a/risk").ended(200).body;
        let signals: Vec<&Value> =
            seen["score"]["reasons"].as_array().unwrap().iter().map(|r| &r["signal"]).collect();
        assert_eq!(signals, ["same_device"], "an address is compared with addresses");
        for phone in ["13800138000", "138001380001380013800138000z", "ABCDEF0123456789", ""] {
            let refused = report(&client, &order("b", json!({ "device_hash": phone }))).ended(400);
            assert_eq!(refused.body["errors"][0]["pointer"], "/signals/device_hash", "{}", refused.body);
            assert!(phone.is_empty() || !refused.body.to_string().contains(phone), "{}", refused.body);
            let mine = json!({ "merchant_id": id, "own_hashes": { "devices": [phone] } });
            let refused = client.post("/v1/credit-shops", &format!("own-{phone}"), &mine).ended(400);
            assert_eq!(refused.body["errors"][0]["pointer"], "/own_hashes/devices/0");
        }
        // A shop's picture: its months and its signs, for the desk.
        let shop = sun.get(&format!("/v1/parties/{id}/credit-risk")).ended(200).body;
        assert_eq!(
            (&shop["months"][0]["orders"], &shop["months"][0]["signals"]["same_device"]),
            (&json!(1), &json!(1))
        );
        desk.server.stop();
        place.verify(true);
    }
}

/// C21: goods that nobody scanned, and a scan that comes late; patterns of a shop come from its orders and age out.
#[test]
fn scans_and_patterns_are_counted_as_they_come_c21() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, sun) = (desk.client(), desk.staff("sun", "risk"));
        let id = shop(&client, "s1", 100_000_000);
        let at = clock(&client);
        let event = |order: &str, event: &str, signals: Value| {
            let mut body = json!({ "order_id": order, "merchant_id": id, "event": event, "at": at });
            if event == "authorised" {
                body["amount_minor"] = json!(1_234);
            }
            if !signals.is_null() {
                body["signals"] = signals;
            }
            body
        };
        // Twenty orders, of which five were shipped without a scan that anybody knows.
        let mut items = Vec::new();
        for n in 0..20 {
            let order = format!("o{n}");
            let unseen = if n < 5 { json!({ "no_scan": true }) } else { Value::Null };
            items.push(event(&order, "authorised", Value::Null));
            items.push(event(&order, "shipped", unseen));
        }
        let told = client.post("/v1/credit-orders/bulk", "orders", &json!({ "items": items })).ended(200);
        assert_eq!(told.int("refused"), 0, "{}", told.body);
        let reasons = || {
            let shop = sun.get(&format!("/v1/parties/{id}/credit-risk")).ended(200).body;
            shop["score"]["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["measured_ppm"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(reasons(), [json!(250_000)], "5 of 20");
        // Scans come late and out of order; the same again changes nothing.
        let scans = json!({ "items": [
            event("o0", "scanned", Value::Null), event("o0", "scanned", Value::Null), event("o7", "scanned", Value::Null),
        ] });
        let told = client.post("/v1/credit-orders/bulk", "scans", &scans).ended(200);
        let changed: Vec<&Value> =
            told.body["items"].as_array().unwrap().iter().map(|item| &item["changed"]).collect();
        assert_eq!(changed, [true, false, true]);
        assert_eq!(reasons(), [""; 0].map(Value::from), "4 of 20 are not above a fifth");
        // Three months are looked at, the current one included: in June March has aged out.
        desk.to("2026-06-01T00:00:00+08:00");
        let mut paid = event("o6", "paid", json!({ "no_scan": true }));
        paid["amount_minor"] = json!(1_234);
        report(&client, &paid).ended(200);
        let shop = sun.get(&format!("/v1/parties/{id}/credit-risk")).ended(200).body;
        assert_eq!(shop["months"], json!([]));
        desk.server.stop();
        place.verify(true);
    }
}

/// C21: a shop whose orders have too many signs draws its proceeds only after people have looked; what they decide is
/// the label, and a release is honoured.
#[test]
fn a_draw_of_a_shop_with_patterns_waits_for_people_c21() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, sun) = (desk.client(), desk.staff("sun", "risk"));
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 100_000_000);
        let at = clock(&client);
        let mut items = Vec::new();
        for n in 0..20 {
            let mut order = json!({ "order_id": format!("o{n}"), "merchant_id": id, "event": "authorised",
                "amount_minor": 12_345, "at": at });
            // No order has two signs: none is held by itself.
            if n == 0 {
                order["signals"] = json!({ "same_payee": true });
            } else if n < 6 {
                order["signals"] = json!({ "no_scan": true });
            }
            items.push(order);
            // The twentieth order makes a pattern of what is there; it is not shipped.
            if n == 19 {
                break;
            }
            for (event, amount) in [("shipped", None), ("paid", Some(12_345))] {
                let mut body =
                    json!({ "order_id": format!("o{n}"), "merchant_id": id, "event": event, "at": at });
                if let Some(amount) = amount {
                    body["amount_minor"] = json!(amount);
                }
                items.push(body);
            }
        }
        let told = client.post("/v1/credit-orders/bulk", "orders", &json!({ "items": items })).ended(200);
        assert_eq!(told.int("refused"), 0, "{}", told.body);
        let held = draw(&client, &id, Some(100_000), "w1").ended(201);
        assert_eq!(held.text("state"), "in_review", "{}", held.body);
        let wd = held.text("id").to_owned();
        assert!(!held.body.to_string().contains("score"), "{}", held.body);
        let review = only_review(&sun);
        let seen = sun.get(&format!("/v1/risk-reviews/{review}")).ended(200).body;
        assert_eq!(
            (&seen["subject"], &seen["score"], &seen["amount_minor"]),
            (&json!(wd), &json!(70), &json!(100_000))
        );
        assert_eq!(seen["case_id"], withdrawal(&client, &wd)["review_case_id"]);
        assert_eq!(seen["reasons"][0]["ground"], "shop");
        assert_eq!(decide(&sun, &review, "release").ended(422).text("code"), "decided_with_withdrawal");
        let path = format!("/v1/withdrawals/{wd}/decision");
        sun.post(&path, "yes", &json!({ "decision": "approve" })).ended(200);
        let label = sun.get(&format!("/v1/risk-reviews/{review}")).ended(200).body;
        assert_eq!(label["state"], "released");
        assert!(label["decided_by"].as_str().is_some_and(|by| by.starts_with("stf_")), "{label}");
        // Honoured: the next draw passes. Called off, its review would be no label; rejected, it is one.
        let next = draw(&client, &id, Some(1_000), "w2").ended(201);
        assert_eq!(next.text("state"), "scheduled");
        desk.to("2026-04-02T10:00:00+08:00");
        let held = draw(&client, &id, Some(1_000), "w3").ended(201);
        assert_eq!(held.text("state"), "in_review");
        let path = format!("/v1/withdrawals/{}/decision", held.text("id"));
        sun.post(&path, "no", &json!({ "decision": "reject", "note": "no goods were seen" })).ended(200);
        assert_eq!(state(&client, held.text("id")), "rejected");
        let held = draw(&client, &id, Some(1_000), "w4").ended(201);
        client.post(&format!("/v1/withdrawals/{}/cancel", held.text("id")), "off", &json!({})).ended(200);
        let states = |state: &str| {
            let list = sun.get(&format!("/v1/risk-reviews?state={state}&party={id}")).ended(200).body;
            list["data"].as_array().unwrap().len()
        };
        assert_eq!(["released", "confirmed", "withdrawn", "open"].map(states), [1, 1, 1, 0]);
        let confirmed = sun.get(&format!("/v1/risk-reviews?state=confirmed&party={id}")).ended(200).body;
        assert_eq!(confirmed["data"][0]["decided_by"], label["decided_by"], "{confirmed}");
        desk.server.stop();
        place.verify(true);
    }
}
