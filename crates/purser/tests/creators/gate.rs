//! The gate as a whole (G), waiting for the platform's funds (X11, P12, P5), the payout clock (X12), calling off, and what
//! two devices ask at the same instant. Each capability's own checks are shown in its own file too.

use serde_json::{Value, json};

use super::desk::{Desk, refused};
use crate::support::{
    http::{Answer, Client},
    world::{Place, onboard, wait_until},
};

fn party(client: &Client, name: &str, form: &str) -> String {
    let profile =
        json!({ "external_id": name, "display_name": name, "roles": ["creator"], "legal_form": form });
    client.post("/v1/parties", name, &profile).ended(200).text("id").to_owned()
}

fn bind(client: &Client, party: &str, number: &str) -> String {
    onboard(client, party);
    let account = json!({ "kind": "sandbox", "number": number });
    let path = format!("/v1/parties/{party}/payout-accounts");
    client.post(&path, &format!("bind-{number}"), &account).ended(201).text("id").to_owned()
}

/// Settles an order of this gross amount now.
fn earn(client: &Client, party: &str, order: &str, amount_minor: i64) {
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let order = json!({ "order_id": order, "creator_id": party, "task_type": "video", "title": "t",
        "amount_minor": amount_minor, "accepted_at": at, "status": "completed", "completed_at": at });
    client.post("/v1/task-orders", &format!("earn-{}", order["order_id"]), &order).ended(200);
}

/// A creator with a payout account and 950.00.
fn creator(client: &Client, name: &str) -> String {
    let id = party(client, name, "individual");
    bind(client, &id, &format!("{name}.ok"));
    earn(client, &id, &format!("o-{name}"), 100_000);
    id
}

fn withdraw(client: &Client, party: &str, amount_minor: i64, key: &str) -> Answer {
    client.post("/v1/withdrawals", key, &json!({ "party_id": party, "amount_minor": amount_minor }))
}

fn top_up(client: &Client, amount_minor: i64, reference: &str) {
    let body = json!({ "amount_minor": amount_minor, "reference": reference });
    client.post("/v1/rails/sandbox/float-top-ups", reference, &body).ended(201);
}

fn advance(client: &Client, seconds: i64, key: &str) {
    client.post("/v1/sandbox/clock", key, &json!({ "advance_seconds": seconds })).ended(200);
}

fn get(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/withdrawals/{id}")).ended(200).body
}

fn state(client: &Client, id: &str) -> String {
    get(client, id)["state"].as_str().unwrap().to_owned()
}

fn withdrawable(client: &Client, party: &str) -> i64 {
    client.get(&format!("/v1/parties/{party}/overview")).ended(200).int("withdrawable_minor")
}

#[test]
fn every_check_refuses_in_order_of_precedence_g() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        let id = party(&client, "c1", "individual");
        let ask = |amount: i64, key: &str| withdraw(&client, &id, amount, key);
        // G1: what is no amount does not even reach the gate.
        for (key, amount) in [("z0", json!(0)), ("z1", json!(-5)), ("z2", json!(1.5)), ("z3", json!("10"))] {
            let body = json!({ "party_id": id, "amount_minor": amount });
            let refused = client.post("/v1/withdrawals", key, &body).ended(400);
            assert_eq!(refused.body["errors"][0]["pointer"], "/amount_minor", "{}", refused.body);
        }
        let dollars = json!({ "party_id": id, "amount_minor": 5, "currency": "USD" });
        refused(&client.post("/v1/withdrawals", "g1a", &dollars), "currency_mismatch", 1);
        refused(&ask(9, "g1b"), "below_minimum", 1);
        assert_eq!(ask(9, "g1b").body["facts"]["bound_minor"], 10);
        // Everything that there is, and there is nothing.
        let all = client.post("/v1/withdrawals", "g1c", &json!({ "party_id": id }));
        refused(&all, "amount_not_positive", 1);
        // G2
        let gone = party(&client, "gone", "individual");
        client.post(&format!("/v1/parties/{gone}/close"), "close", &json!({})).ended(200);
        refused(&withdraw(&client, &gone, 10, "g2"), "party_closed", 2);
        client.post(&format!("/v1/parties/{id}/freeze"), "fr", &json!({ "reason": "checking" })).ended(200);
        refused(&ask(10, "g2a"), "party_frozen", 2);
        client.post(&format!("/v1/parties/{id}/unfreeze"), "un", &json!({})).ended(200);
        desk.policy(&people, &[("payouts.enabled", "P4", "false")]);
        refused(&ask(10, "g2b"), "payouts_stopped", 2);
        desk.policy(&people, &[("payouts.creator.enabled", "P4", "false")]);
        refused(&ask(10, "g2c"), "party_kind_stopped", 2);
        desk.policy(&people, &[("rail.sandbox.enabled", "P4", "true")]);
        // G4, X16
        let company = party(&client, "e1", "enterprise");
        refused(&withdraw(&client, &company, 10, "g4"), "corporate_settlement", 4);
        // G5: every missing step is named.
        let missing = ask(10, "g5");
        refused(&missing, "first_steps_missing", 5);
        assert_eq!(missing.body["facts"]["missing"], "bind_phone verify_real_name bind_payout_account");
        // G7: the first account has no cooling-off, a further one has.
        let first = bind(&client, &id, "c1.ok");
        let second = bind(&client, &id, "c1-b.ok");
        let to = |destination: &str, key: &str| {
            let body = json!({ "party_id": id, "amount_minor": 10, "destination": destination });
            client.post("/v1/withdrawals", key, &body)
        };
        let cooling = to(&second, "g7a");
        refused(&cooling, "destination_cooling_off", 7);
        assert!(cooling.body["facts"]["until"].is_string(), "{}", cooling.body);
        let other = party(&client, "c2", "individual");
        let others = bind(&client, &other, "c2.ok");
        refused(&to(&others, "g7b"), "destination_missing", 7);
        // Locked by staff, never by a key.
        let lock = |locked: bool| json!({ "locked": locked, "reason": "asked for by the bank" });
        let path = format!("/v1/parties/{id}/payout-accounts/{first}/lock");
        assert_eq!(client.post(&path, "l0", &lock(true)).ended(403).text("code"), "staff_needed");
        assert_eq!(people.0.post(&path, "l1", &lock(true)).ended(200).body["locked"], true);
        refused(&to(&first, "g7c"), "destination_locked", 7);
        let silent = json!({ "locked": false, "reason": " " });
        assert_eq!(people.0.post(&path, "l2", &silent).ended(422).text("code"), "reason_invalid");
        assert_eq!(people.0.post(&path, "l3", &lock(false)).ended(200).body["locked"], false);
        // G9: more than there is, before the code is looked at.
        refused(&ask(10, "g9"), "insufficient_available", 9);
        earn(&client, &id, "o1", 100_000);
        let scopes = json!({ "name": "strict", "scopes": ["withdrawals:request"] });
        let strict = client.post("/v1/api-keys", "strict", &scopes).ended(201).text("token").to_owned();
        let body = json!({ "party_id": id, "amount_minor": 10, "destination": first });
        let strict = desk.server.client(&strict);
        refused(&strict.post("/v1/withdrawals", "g9b", &body), "code_missing", 11);
        refused(&ask(95_001, "g9c"), "insufficient_available", 9);
        assert_eq!(ask(95_001, "g9c").body["facts"]["bound_minor"], 95_000);
        assert_eq!(withdrawable(&client, &id), 95_000, "refusals hold nothing");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn a_dry_run_answers_every_check_g() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = creator(&client, "c1");
        let body = json!({ "party_id": id, "amount_minor": 95_000 });
        let look = client.post("/v1/withdrawals?dry_run=true", "d1", &body).ended(200).body;
        let checks = look["checks"].as_array().unwrap();
        assert_eq!(
            checks.iter().map(|c| c["check"].as_i64().unwrap()).collect::<Vec<_>>(),
            (1..=15).collect::<Vec<_>>()
        );
        assert_eq!(
            (&look["accepted"], &look["fee_minor"], &look["net_minor"]),
            (&json!(true), &json!(0), &json!(95_000))
        );
        assert_eq!(look["hints"], json!(["float_short"]), "it would wait for float: {look}");
        assert_eq!(checks[13], json!({ "check": 14, "result": "waits", "codes": ["float_short"] }));
        let reason = |look: &Value, at: usize| {
            let reason = look["reasons"][at].clone();
            for words in ["message_zh", "message_en"] {
                assert!(reason[words].as_str().is_some_and(|text| !text.is_empty()), "{look}");
            }
            let parts = ["check", "code", "who_must_act", "next_step", "bound_minor", "missing"];
            json!(parts.map(|part| reason[part].clone()))
        };
        assert_eq!(reason(&look, 0), json!([14, "float_short", "platform", "top_up_float", null, []]));
        let too_much = json!({ "party_id": id, "amount_minor": 95_001 });
        let look = client.post("/v1/withdrawals?dry_run=true", "d2", &too_much).ended(200).body;
        assert_eq!((&look["accepted"], &look["refused"]), (&json!(false), &json!("insufficient_available")));
        let expected = json!([9, "insufficient_available", "party", "change_amount", 95_000, []]);
        assert_eq!(reason(&look, 0), expected);
        assert_eq!(look["reasons"].as_array().unwrap().len(), 2, "and what it would wait for: {look}");
        let profile = json!({ "external_id": "new", "display_name": "N", "roles": ["creator"],
            "legal_form": "individual" });
        let new = client.post("/v1/parties", "new", &profile).ended(200).text("id").to_owned();
        let body = json!({ "party_id": new, "amount_minor": 100 });
        let look = client.post("/v1/withdrawals?dry_run=true", "d3", &body).ended(200).body;
        let steps = ["bind_phone", "verify_real_name", "bind_payout_account"];
        let expected = json!([5, "first_steps_missing", "party", "complete_first_steps", null, steps]);
        assert_eq!(reason(&look, 0), expected);
        assert_eq!(look["checks"][8]["result"], "failed");
        assert_eq!(withdrawable(&client, &id), 95_000, "nothing was kept");
        assert_eq!(client.get("/v1/withdrawals").ended(200).body["data"], json!([]));
        desk.server.stop();
    }
}

#[test]
fn short_float_makes_payouts_wait_and_top_ups_send_them_oldest_first_x11_p12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let names = ["c1", "c2", "c3"];
        let parties = names.map(|name| creator(&client, name));
        top_up(&client, 20_000, "b0");
        let ids: Vec<String> = [30_000, 10_000, 15_000]
            .into_iter()
            .zip(&parties)
            .map(|(amount, id)| {
                withdraw(&client, id, amount, &format!("w{amount}")).ended(201).text("id").to_owned()
            })
            .collect();
        wait_until("all wait", 20, || ids.iter().all(|id| state(&client, id) == "waiting_for_funds"));
        let said = client.get(&format!("/v1/withdrawals/{}/explain", ids[1])).ended(200).body;
        let words = &said["explanation"];
        assert_eq!(
            (&words["code"], &words["zh"]),
            (&json!("float_short"), &json!("余额不足，工作人员正在处理。"))
        );
        assert_eq!(words["expected_working_days"], json!([1, 3]));
        assert!(said["expected_at"].is_string() && words["who_must_act"] == "platform", "{said}");
        let ready = client.get("/readyz").ended(200).body;
        assert_eq!(ready["payouts_waiting"], 3, "a warning, not a reason to stop: {ready}");
        assert!(client.text("/metrics").contains("purser_payouts_waiting_for_funds{rail=\"sandbox\"} 3"));
        // Finance hears of each, and once a minute of low float, once.
        wait_until("alerts", 20, || {
            advance(&client, 60, &format!("tick-{}", withdraw_key()));
            let events = client.get("/v1/events?limit=200").ended(200).body.to_string();
            events.contains("float.short") && events.contains("float.low")
        });
        // 20,000 would cover the second, but the first is older.
        assert!(ids.iter().all(|id| state(&client, id) == "waiting_for_funds"));
        top_up(&client, 10_000, "b1");
        wait_until("the oldest is paid", 20, || state(&client, &ids[0]) == "paid");
        assert_eq!(state(&client, &ids[1]), "waiting_for_funds");
        top_up(&client, 25_000, "b2");
        wait_until("the others are paid", 20, || ids.iter().all(|id| state(&client, id) == "paid"));

        // P12: a rail that says it is short is short, whatever the ledger says, until it is topped up.
        top_up(&client, 1_000_000, "b3");
        let liar = party(&client, "liar", "individual");
        bind(&client, &liar, "liar.funds_short");
        earn(&client, &liar, "o-liar", 100_000);
        let first = withdraw(&client, &liar, 1_000, "lie").ended(201).text("id").to_owned();
        wait_until("marked short", 20, || state(&client, &first) == "waiting_for_funds");
        let second = withdraw(&client, &parties[0], 1_000, "after").ended(201).text("id").to_owned();
        wait_until("the next waits too", 20, || state(&client, &second) == "waiting_for_funds");
        top_up(&client, 1, "b4");
        wait_until("both are paid", 20, || [&first, &second].iter().all(|id| state(&client, id) == "paid"));
        desk.server.stop();
        place.verify(true);
    }
}

/// A key that was not used before.
fn withdraw_key() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[test]
fn a_promise_that_needs_an_unknown_year_is_made_once_it_is_known_x11_p5() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let at = client.get("/v1/clock").text("business_at").to_owned();
        let at: purser_domain::time::Timestamp = at.parse().unwrap();
        let eve: purser_domain::time::Timestamp = "2026-12-30T10:00:00+08:00".parse().unwrap();
        advance(&client, (eve.0 - at.0) / 1_000_000, "eve");
        let id = creator(&client, "c1");
        let request = withdraw(&client, &id, 1_000, "w").ended(201);
        assert!(request.body["expected_at"].is_null(), "no float, and 2027 is not known: {}", request.body);
        let id = request.text("id").to_owned();
        wait_until("it waits", 20, || state(&client, &id) == "waiting_for_funds");
        let year = json!({ "source": "a notice", "off": ["2027-01-01..2027-01-03"], "make_up": [] });
        client.post("/v1/calendar/2027", "y", &year).ended(200);
        wait_until("the promise", 20, || {
            advance(&client, 60, &withdraw_key());
            get(&client, &id)["expected_at"].is_string()
        });
        // T+3 from the 30th: the 31st, and the first two working days of 2027.
        let expected = get(&client, &id)["expected_at"].as_str().unwrap().to_owned();
        assert_eq!(expected, "2027-01-05T16:00:00Z");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn beyond_the_payout_clock_staff_are_told_and_the_creator_too_x12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = creator(&client, "c1");
        client.post("/v1/sandbox/rails/sandbox", "sick", &json!({ "healthy": false })).ended(200);
        top_up(&client, 1_000_000, "b0");
        let before = withdrawable(&client, &id);
        let withdrawal = withdraw(&client, &id, 1_000, "w").ended(201);
        let wd = withdrawal.text("id").to_owned();
        assert_eq!(withdrawable(&client, &id), before - 1_000, "it falls at request");
        advance(&client, 72 * 3_600 - 600, "t1");
        assert_eq!(get(&client, &wd)["explanation"]["overdue"], false);
        advance(&client, 700, "t2");
        let explain = || client.get(&format!("/v1/withdrawals/{wd}/explain")).ended(200).body;
        wait_until("overdue", 20, || explain()["explanation"]["overdue"] == true);
        let said = explain();
        assert!(said["explanation"]["overdue_zh"].is_string() && said["explanation"]["next_at"].is_string());
        wait_until("the case", 20, || {
            advance(&client, 60, &withdraw_key());
            client.get("/v1/events?limit=200").ended(200).body.to_string().contains("withdrawal.overdue")
        });
        let late = client.get("/v1/withdrawals?overdue=true").ended(200).body;
        assert_eq!((late["data"].as_array().unwrap().len(), &late["data"][0]["id"]), (1, &json!(wd)));
        assert_eq!(client.get("/readyz").ended(200).body["payouts_overdue"], 1);
        let everything = client.get(&format!("/v1/parties/{id}/explain")).ended(200).body;
        let transit =
            everything["items"].as_array().unwrap().iter().find(|item| item["place"] == "in_transit");
        assert_eq!(transit.unwrap()["overdue"], true, "{everything}");
        client.post("/v1/sandbox/rails/sandbox", "well", &json!({ "healthy": true })).ended(200);
        advance(&client, 120, "t3");
        wait_until("paid in the end", 20, || {
            advance(&client, 60, &withdraw_key());
            state(&client, &wd) == "paid"
        });
        // Told once: further rounds find nothing new.
        advance(&client, 3_600, "t4");
        let events = client.get("/v1/events?limit=200").ended(200).body.to_string();
        assert_eq!(events.matches("\"withdrawal.overdue\"").count(), 1);
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn calling_off_gives_everything_back_once_g() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = creator(&client, "c1");
        let one = withdraw(&client, &id, 40_000, "w1").ended(201).text("id").to_owned();
        let two = withdraw(&client, &id, 30_000, "w2").ended(201).text("id").to_owned();
        assert_eq!(withdrawable(&client, &id), 25_000);
        let cancel =
            |wd: &str, key: &str| client.post(&format!("/v1/withdrawals/{wd}/cancel"), key, &json!({}));
        assert_eq!(cancel(&one, "x1").ended(200).text("state"), "cancelled");
        assert_eq!(cancel(&one, "x2").ended(200).text("state"), "cancelled", "once more changes nothing");
        assert_eq!(withdrawable(&client, &id), 65_000);
        let by_staff = json!({ "decision": "cancel", "note": "asked for by phone" });
        let path = format!("/v1/withdrawals/{two}/decision");
        let cancelled = client.post(&path, "x3", &by_staff).ended(200).body;
        assert_eq!(cancelled["explanation"]["code"], "cancelled_by_staff");
        assert_eq!(cancelled["explanation"]["detail"], "asked for by phone");
        assert_eq!(withdrawable(&client, &id), 95_000);
        top_up(&client, 1_000_000, "b0");
        let three = withdraw(&client, &id, 1_000, "w3").ended(201).text("id").to_owned();
        wait_until("paid", 20, || state(&client, &three) == "paid");
        assert_eq!(cancel(&three, "x4").ended(422).text("code"), "withdrawal_finished");
        let none = "wd_01h2xcejqtf2nbrexx3vqjhp41";
        assert_eq!(cancel(none, "x5").ended(404).text("code"), "withdrawal_unknown");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn calling_off_and_sending_never_both_happen_g_p10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = creator(&client, "c1");
        top_up(&client, 1_000_000, "b0");
        let (mut cancelled, mut sent) = (0, 0);
        for n in 0..30 {
            let wd = withdraw(&client, &id, 100, &format!("w{n}")).ended(201).text("id").to_owned();
            // The dispatcher looks whenever it likes: some are called off in time, some are not.
            std::thread::sleep(std::time::Duration::from_millis(n * 7 % 120));
            let answer = client.post(&format!("/v1/withdrawals/{wd}/cancel"), &format!("x{n}"), &json!({}));
            match answer.status {
                200 => cancelled += 1,
                422 => {
                    assert!(["already_sent", "withdrawal_finished"].contains(&answer.text("code")));
                    sent += 1;
                    wait_until("paid", 20, || state(&client, &wd) == "paid");
                }
                _ => panic!("{}", answer.body),
            }
        }
        println!("{}: {cancelled} called off, {sent} sent", place.engine());
        assert_eq!(withdrawable(&client, &id), 95_000 - 100 * sent);
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn two_devices_at_the_same_instant_withdraw_once_g() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        for round in 0..10 {
            let id = creator(&client, &format!("c{round}"));
            let answers: Vec<Answer> = std::thread::scope(|scope| {
                let devices: Vec<_> = (0..2)
                    .map(|device| {
                        let (own, id) = (desk.client(), id.clone());
                        scope.spawn(move || withdraw(&own, &id, 95_000, &format!("d{device}-{round}")))
                    })
                    .collect();
                devices.into_iter().map(|device| device.join().unwrap()).collect()
            });
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 422]);
            let no = answers.iter().find(|answer| answer.status == 422).unwrap();
            refused(no, "insufficient_available", 9);
            assert_eq!(withdrawable(&client, &id), 0);
        }
        desk.server.stop();
        place.verify(true);
    }
}
