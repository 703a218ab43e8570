//! Withdrawing proceeds (C12–C15): what is repaid first, when it leaves, what it costs, and what the limit is not.

use serde_json::json;

use crate::support::{
    shop::{Desk, draw, fund, limit, refused, sell, shop, state, tell},
    world::{Place, wait_until},
};

/// C14: reserved at once, sent on the next working day at 09:00 local; C15: the first one is free, the next is not.
#[test]
fn proceeds_leave_on_their_value_date_c14_c15() {
    for place in Place::all() {
        // A Friday: the next working day is Monday.
        let desk = Desk::begun(&place, "2026-03-06T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 10_000_000);
        sell(&client, &id, "o1", 2_000_000, true);
        let before = limit(&client, &id);
        assert_eq!(
            (&before["proceeds_minor"], &before["withdrawable_minor"]),
            (&json!(2_000_000), &json!(2_000_000))
        );
        let look = json!({ "party_id": id, "source": "proceeds", "amount_minor": 1_000_000 });
        let look = client.post("/v1/withdrawals?dry_run=true", "look", &look).ended(200).body;
        assert_eq!((&look["accepted"], &look["fee_minor"]), (&json!(true), &json!(0)), "{look}");
        assert_eq!(look["checks"][2]["result"], "passed", "the window is looked at for proceeds: {look}");
        assert_eq!(look["hints"], json!(["value_date"]));
        assert_eq!(look["fee"]["rule"], "first_free");

        let first = draw(&client, &id, Some(1_000_000), "w1").ended(201);
        assert_eq!((first.text("state"), first.text("source")), ("scheduled", "proceeds"));
        assert_eq!((first.int("fee_minor"), first.text("dispatch_at")), (0, "2026-03-09T01:00:00Z"));
        assert_eq!(limit(&client, &id)["withdrawable_minor"], 1_000_000, "held at once");
        let wd = first.text("id").to_owned();
        let said = client.get(&format!("/v1/withdrawals/{wd}/explain")).ended(200).body;
        assert_eq!(
            (&said["explanation"]["code"], &said["explanation"]["next_at"]),
            (&json!("value_date"), &json!("2026-03-09T01:00:00Z"))
        );
        let codes: Vec<&str> =
            said["steps"].as_array().unwrap().iter().map(|step| step["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["requested", "fee", "to_arrive", "value_date"]);
        // P14: and for everything that the shop has.
        let all = client.get(&format!("/v1/parties/{id}/explain")).ended(200).body["proceeds"].clone();
        assert_eq!(
            (&all["available_minor"], &all["in_transit_minor"]),
            (&json!(1_000_000), &json!(1_000_000))
        );
        let item = |place: &str| {
            let found = all["items"].as_array().unwrap().iter().find(|item| item["place"] == place);
            found.unwrap_or_else(|| panic!("no {place} in {all}")).clone()
        };
        assert_eq!(item("in_transit")["withdrawal_id"], json!(wd));
        assert_eq!(item("would_wait")["code"], "value_date");
        let second = draw(&client, &id, Some(500_000), "w2").ended(201);
        assert_eq!((second.int("fee_minor"), second.int("net_minor")), (3_000, 497_000), "0.6 %");
        assert_eq!(second.body["fee"]["rule"], "rate");
        assert_eq!(second.body["fee"]["year_before_minor"], 1_000_000);
        let third = draw(&client, &id, Some(10_000), "w3").ended(201);
        assert_eq!((third.int("fee_minor"), &third.body["fee"]["rule"]), (200, &json!("minimum")));
        refused(&draw(&client, &id, Some(200), "w4"), "amount_not_above_fee", 1);

        desk.to("2026-03-09T08:30:00+08:00");
        assert_eq!(state(&client, &wd), "scheduled", "not before nine");
        desk.to("2026-03-09T09:00:00+08:00");
        let ids = [wd, second.text("id").to_owned(), third.text("id").to_owned()];
        wait_until("paid", 30, || ids.iter().all(|id| state(&client, id) == "paid"));
        assert_eq!(limit(&client, &id)["proceeds_minor"], 490_000);
        // The merchant's records, apart from a creator's.
        let list =
            client.get(&format!("/v1/parties/{id}/withdrawals?source=proceeds&state=paid")).ended(200).body;
        assert_eq!(list["data"].as_array().unwrap().len(), 3);
        let none = client.get(&format!("/v1/parties/{id}/withdrawals?source=earnings")).ended(200).body;
        assert_eq!(none["data"], json!([]));
        let csv = client.text(&format!("/v1/parties/{id}/withdrawals/export?source=proceeds"));
        assert_eq!(csv.lines().count(), 4, "{csv}");
        assert!(csv.lines().nth(1).unwrap().contains(",proceeds,"));
        desk.server.stop();
        place.verify(true);
    }
}

/// C14: closed from 23:00 to 03:00 local; refused with the time it reopens.
#[test]
fn the_window_is_closed_across_midnight_c14() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-05T22:40:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 10_000_000);
        sell(&client, &id, "o1", 2_000_000, true);
        let ask = |key: &str| draw(&client, &id, Some(1_000), key);
        desk.to("2026-03-05T22:50:00+08:00");
        ask("before").ended(201);
        for (at, key) in [("2026-03-05T23:00:00+08:00", "at"), ("2026-03-06T02:50:00+08:00", "end")] {
            desk.to(at);
            let no = ask(key);
            refused(&no, "closed_window", 3);
            assert_eq!(no.body["facts"]["until"], "2026-03-05T19:00:00Z", "{}", no.body);
        }
        desk.to("2026-03-06T03:00:00+08:00");
        let after = ask("after").ended(201);
        assert_eq!(after.text("dispatch_at"), "2026-03-09T01:00:00Z", "its civil date is the 6th, a Friday");
        desk.server.stop();
        place.verify(true);
    }
}

/// C12: whatever leaves, due and liability are repaid in full first, or nothing leaves.
#[test]
fn due_and_liability_are_repaid_before_anything_leaves_c12() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 1_000_000);
        // Shipped, drawn, refunded before the buyer paid: the advance is due.
        sell(&client, &id, "a", 400_000, false);
        let first = draw(&client, &id, Some(400_000), "w1").ended(201).text("id").to_owned();
        desk.to("2026-03-03T09:00:00+08:00");
        wait_until("paid", 30, || state(&client, &first) == "paid");
        tell(&client, &id, "a", "refunded", Some(400_000)).ended(200);
        // Four days later: the first draw was large, and what follows within 72 hours would be held (C19).
        desk.to("2026-03-06T10:00:00+08:00");
        let view = limit(&client, &id);
        assert_eq!((&view["due_minor"], &view["used_minor"]), (&json!(400_000), &json!(400_000)));
        // Beyond the limit: 600,000 are left of it, 300,000 are the shop's liability.
        sell(&client, &id, "b", 900_000, false);
        let view = limit(&client, &id);
        assert_eq!((&view["liability_minor"], &view["proceeds_minor"]), (&json!(300_000), &json!(900_000)));
        assert_eq!(view["withdrawable_minor"], 200_000, "proceeds − due − liability");
        refused(&draw(&client, &id, Some(200_001), "w2"), "insufficient_available", 9);
        let look = json!({ "party_id": id, "source": "proceeds", "amount_minor": 100_000 });
        let look = client.post("/v1/withdrawals?dry_run=true", "look", &look).ended(200).body;
        assert_eq!(look["repaid_minor"], 700_000, "{look}");
        let second = draw(&client, &id, Some(100_000), "w3").ended(201);
        assert_eq!(second.int("repaid_minor"), 700_000);
        let view = limit(&client, &id);
        let seen =
            ["due_minor", "liability_minor", "used_minor", "proceeds_minor"].map(|field| view[field].clone());
        assert_eq!(seen, [0, 0, 600_000, 100_000].map(|n| json!(n)), "{view}");
        let order = client.get(&format!("/v1/parties/{id}/credit-orders")).ended(200).body;
        let orders = order["data"].as_array().unwrap();
        assert!(orders.iter().all(|o| o["due_minor"] == 0 && o["liability_minor"] == 0), "{order}");
        // Calling it off gives the amount back; what was repaid stays repaid.
        let path = format!("/v1/withdrawals/{}/cancel", second.text("id"));
        client.post(&path, "x", &json!({})).ended(200);
        let view = limit(&client, &id);
        assert_eq!((&view["due_minor"], &view["withdrawable_minor"]), (&json!(0), &json!(200_000)));
        // What is owed cannot be covered: nothing leaves.
        let third = draw(&client, &id, None, "w4").ended(201).text("id").to_owned();
        desk.to("2026-03-09T09:00:00+08:00");
        wait_until("paid", 30, || state(&client, &third) == "paid");
        tell(&client, &id, "b", "refunded", Some(900_000)).ended(200);
        refused(&draw(&client, &id, Some(1_000), "w5"), "liability_outstanding", 8);
        let messages =
            client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body.to_string();
        assert!(messages.contains("credit.debts_repaid"));
        desk.server.stop();
        place.verify(true);
    }
}

/// C13: the limit itself is not cash, whatever it is asked for; the answer says what to do instead.
#[test]
fn the_limit_is_not_cash_c13() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let ways = [
            ("credit_limit", "limit_not_cash"),
            ("credit_limit_transfer", "limit_not_transferable"),
            ("credit_limit_red_packet", "limit_not_for_red_packets"),
            ("credit_limit_balance", "limit_not_balance"),
        ];
        for (source, code) in ways {
            let body = json!({ "party_id": id, "source": source, "amount_minor": 100_000 });
            let no = client.post("/v1/withdrawals", source, &body);
            refused(&no, code, 4);
            assert_eq!(no.body["facts"]["next_step"], "use_proceeds");
        }
        // Nor does a direct transfer turn it into proceeds.
        let turn = json!({ "action": "post", "debit": { "owner": id, "kind": "credit.receivable" },
            "credit": { "owner": id, "kind": "proceeds" }, "amount_minor": 100_000 });
        let no = client.post("/v1/transfers", "turn", &turn).ended(422);
        assert_eq!(
            (no.text("code"), &no.body["facts"]["next_step"]),
            ("limit_not_transferable", &json!("use_proceeds"))
        );
        let wrong = json!({ "party_id": id, "source": "limit", "amount_minor": 1 });
        let wrong = client.post("/v1/withdrawals", "wrong", &wrong).ended(400);
        assert_eq!(wrong.body["errors"][0]["pointer"], "/source");
        assert_eq!(limit(&client, &id)["available_minor"], 1_000_000, "unused limit stays usable");
        assert_eq!(client.get(&format!("/v1/parties/{id}/withdrawals")).ended(200).body["data"], json!([]));
        // Without a shipped order there is nothing to withdraw.
        refused(&draw(&client, &id, Some(10), "none"), "insufficient_available", 9);
        desk.server.stop();
    }
}
