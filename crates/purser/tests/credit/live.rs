//! The limit of now and of any past instant (C1, C9, C23), and what it would be (C5, C8, C18, C25), over HTTP.

use purser_domain::policy::DEFAULT_PACK;
use serde_json::{Value, json};

use crate::support::{
    http::Client,
    shop::{Desk, fund, limit, sell, shop, tell},
    world::{Place, wait_until},
};

fn at(client: &Client, shop: &str, instant: &str) -> Value {
    client.get(&format!("/v1/parties/{shop}/limit?at={}", instant.replace('+', "%2B"))).ended(200).body
}

/// C1, C9, C10, C23: a sale that ended at midnight is gone from every reader at once, half a minute later and before the
/// daily job; the same instant is answered in the same way for good.
#[test]
fn a_boost_that_ended_at_midnight_is_nowhere_to_be_seen_c1_c9_c10_c23() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-06-09T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let sale = json!({ "decision": "promote", "from": "2026-06-09", "until": "2026-06-21", "rate_ppm": 300_000, "reason": "6.18" });
        let path = format!("/v1/parties/{id}/limit");
        client.post(&format!("{path}/decisions"), "sale", &sale).ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 1_300_000);
        // The daily job has been there on the day before, for a reason of that day.
        let part =
            json!({ "source": "partner", "amount_minor": 100, "since": "2026-06-20", "until": "2026-06-21" });
        let more = json!({ "merchant_id": id, "components": [part] });
        client.post("/v1/credit-shops", "part", &more).ended(200);
        desk.is_at("2026-06-20T12:00:00+08:00");
        let job = || {
            let view = limit(&client, &id);
            view["total_minor"] == 1_300_100 && view["evaluation"]["number"].is_number()
        };
        wait_until("the job of the 20th", 30, job);
        let stored = limit(&client, &id)["evaluation"]["number"].as_i64().unwrap();
        desk.is_at("2026-06-21T00:00:30+08:00");
        let view = limit(&client, &id);
        assert_eq!((&view["total_minor"], &view["available_minor"]), (&json!(1_000_000), &json!(1_000_000)));
        let evaluation = &view["evaluation"];
        assert_eq!((&evaluation["number"], &evaluation["cause"]), (&Value::Null, &json!("date")));
        assert_eq!(view["valid_until"], "2026-07-01");
        let log = client.get(&format!("{path}/log?limit=2")).ended(200).body;
        let shown = |n: usize| (log["data"][n]["evaluation"].clone(), log["data"][n]["after_minor"].clone());
        assert_eq!(
            (shown(0), shown(1)),
            ((Value::Null, json!(1_000_000)), (json!(stored), json!(1_300_100)))
        );
        assert_eq!(
            log["data"][0]["reason_en"],
            "Financing partner: no longer applies (was +1.00 yuan); Sale boost: no longer applies (was +3000.30 yuan)"
        );
        let rest = log["next_cursor"]
            .as_str()
            .map(|next| client.get(&format!("{path}/log?cursor={next}")).ended(200).body);
        assert!(rest.is_some_and(|rest| {
            rest["data"].as_array().unwrap().iter().all(|row| row["evaluation"] != stored)
        }));
        let report = client.get(&format!("{path}/report?format=json")).ended(200).body;
        let total = report["items"].as_array().unwrap().iter().find(|item| item["item"] == "total").unwrap();
        assert_eq!(
            (&total["amount_minor"], &report["changes"][0]["evaluation"]),
            (&json!(1_000_000), &Value::Null)
        );
        assert!(
            client
                .text(&format!("{path}/log/export"))
                .lines()
                .nth(1)
                .unwrap()
                .starts_with(",2026-06-21T00:00:00")
        );
        // An order is decided by the same limit, and what it needed is written down.
        let new = tell(&client, &id, "big", "authorised", Some(1_300_000)).ended(200);
        assert_eq!(new.int("reserved_minor"), 1_000_000);
        assert_eq!(limit(&client, &id)["evaluation"]["number"], stored + 1);
        let then = at(&client, &id, "2026-06-21T00:00:00+08:00");
        assert_eq!(
            (&then["total_minor"], &then["evaluation"]["number"]),
            (&json!(1_000_000), &json!(stored + 1))
        );
        assert_eq!(at(&client, &id, "2026-06-20T23:59:59+08:00")["total_minor"], 1_300_100);
        desk.server.stop();
        place.verify(true);
    }
}

/// C1, C9: `at` replays total, steps and what was used and owed; what is not kept is not answered; nothing else is taken.
#[test]
fn a_past_limit_has_what_is_kept_of_it_c1_c9() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 1_000_000);
        desk.is_at("2026-03-03T10:00:00+08:00");
        sell(&client, &id, "a", 300_000, false);
        desk.is_at("2026-03-04T10:00:00+08:00");
        // Beyond the limit: the rest is what the shop owes.
        sell(&client, &id, "b", 900_000, false);
        desk.is_at("2026-03-05T10:00:00+08:00");
        tell(&client, &id, "a", "paid", Some(300_000)).ended(200);
        let figures = |instant: &str| {
            let view = at(&client, &id, instant);
            ["total_minor", "used_minor", "liability_minor", "proceeds_minor"]
                .map(|name| view[name].as_i64().unwrap())
        };
        assert_eq!(figures("2026-03-02T12:00:00+08:00"), [1_000_000, 0, 0, 0]);
        assert_eq!(figures("2026-03-03T23:59:59+08:00"), [1_000_000, 300_000, 0, 300_000]);
        assert_eq!(figures("2026-03-04T23:59:59+08:00"), [1_000_000, 1_000_000, 200_000, 1_200_000]);
        let now = client.get("/v1/clock").text("business_at").to_owned();
        assert_eq!(figures(&now)[1], 700_000);
        let then = at(&client, &id, "2026-03-03T23:59:59+08:00");
        assert_eq!(then["at"], "2026-03-03T15:59:59Z");
        assert_eq!(then["evaluation"]["steps"][0]["rule"], "credit_evaluation");
        let live_only =
            ["reserved_minor", "due_minor", "frozen_minor", "available_minor", "overdue", "locked_until"];
        for field in live_only {
            assert!(then.get(field).is_none() && limit(&client, &id).get(field).is_some(), "{field}");
        }
        let path = format!("/v1/parties/{id}/limit");
        for (query, pointer) in [
            ("at=2026-03-05T12:00:00%2B08:00", "at"),
            ("at=2027-01-01T00:00:00Z", "at"),
            ("at=yesterday", "at"),
            ("at=", "at"),
            ("when=2026-03-03T00:00:00Z", "when"),
            ("at=2026-03-03T00:00:00Z&at=2026-03-04T00:00:00Z", "at"),
        ] {
            let no = client.get(&format!("{path}?{query}")).ended(400);
            assert!(no.body.to_string().contains(pointer), "{query}: {}", no.body);
        }
        let early = client.get(&format!("{path}?at=2026-03-01T00:00:00Z")).ended(404);
        assert_eq!(early.text("code"), "evaluation_unknown");
        desk.server.stop();
        place.verify(true);
    }
}

/// C2, C4, C7, C8, C22, C25: what other months, parts and flags would do, refused where a report would be; nothing is written.
#[test]
fn what_if_takes_months_parts_and_flags_and_writes_nothing_c2_c4_c7_c8_c22_c25() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let month = |month: &str, orders: u32, turnover_minor: i64, parts: [u16; 3], return_rate_ppm: i64| {
            let dsr = json!({ "description": parts[0], "service": parts[1], "logistics": parts[2] });
            json!({ "month": month, "orders": orders, "turnover_minor": turnover_minor, "return_rate_ppm": return_rate_ppm, "dsr": dsr })
        };
        let reported = month("2026-02", 9, 900_000_000, [400, 400, 400], 0);
        let report = json!({ "merchant_id": id, "months": [reported] });
        client.post("/v1/credit-shops", "february", &report).ended(200);
        let before = limit(&client, &id);
        let tried = |n: &str, body: &Value| {
            let answer = client.post(&format!("/v1/parties/{id}/limit/what-if"), n, body).ended(200);
            assert_eq!(answer.int("total_minor"), 1_000_000);
            answer.int("would_be_minor")
        };
        // Another rating of a month that is closed; each part of it counts.
        assert_eq!(
            tried("dsr", &json!({ "months": [month("2026-02", 9, 900_000_000, [480, 481, 479], 0)] })),
            1_200_000
        );
        assert_eq!(
            tried("part", &json!({ "months": [month("2026-02", 9, 900_000_000, [480, 480, 479], 0)] })),
            1_000_000
        );
        // Three busy months give a level; three months of little turnover are a ceiling; of many returns, zero.
        let three = |orders, turnover, returns| {
            let months = ["2025-12", "2026-01", "2026-02"];
            let months = months.map(|name| month(name, orders, turnover, [400; 3], returns));
            json!({ "months": months })
        };
        assert_eq!(tried("busy", &three(501, 900_000_000, 0)), 1_100_000);
        assert_eq!(tried("small", &three(9, 100_000, 0)), 360_000);
        assert_eq!(tried("returns", &three(9, 900_000_000, 150_001)), 0);
        // Months to come, on a day to come.
        let may = json!({ "on": "2026-06-01", "months": [month("2026-05", 9, 900_000_000, [490; 3], 0)] });
        assert_eq!(tried("may", &may), 1_200_000);
        // Parts and flags.
        let part = |source: &str, amount: i64| json!({ "source": source, "amount_minor": amount, "since": "2026-03-02" });
        assert_eq!(
            tried(
                "parts",
                &json!({ "components": [part("partner", 500_000), part("credit_evaluation", 100)] })
            ),
            500_100
        );
        assert_eq!(tried("zero", &json!({ "restrict": ["violation", "high_risk"] })), 0);
        assert_eq!(tried("virtual", &json!({ "virtual_operator": true })), 100_000);
        assert_eq!(
            tried(
                "all",
                &json!({ "restrict": ["violation"], "lift": ["high_risk"], "level": 5, "training": true })
            ),
            0
        );
        let path = format!("/v1/parties/{id}/limit");
        let zero = json!({ "decision": "restrict", "restriction": "poor_operation", "reason": "test" });
        client.post(&format!("{path}/decisions"), "zero-for-good", &zero).ended(200);
        let lifted = client
            .post(&format!("{path}/what-if"), "lifted", &json!({ "lift": ["poor_operation"] }))
            .ended(200);
        assert_eq!((lifted.int("total_minor"), lifted.int("would_be_minor")), (0, 1_000_000));
        let lift = json!({ "decision": "lift", "restriction": "poor_operation", "reason": "test" });
        client.post(&format!("{path}/decisions"), "lifted-for-good", &lift).ended(200);
        let refused: &[(u16, Value, &str)] = &[
            (422, json!({ "months": [month("2026-03", 9, 9, [400; 3], 0)] }), "/months/0/month"),
            (422, json!({ "months": [month("2022-12", 9, 9, [400; 3], 0)] }), "/months/0/month"),
            (422, json!({ "months": [month("2026-02", 9, -1, [400; 3], 0)] }), "/months/0/turnover_minor"),
            (422, json!({ "months": [month("2026-02", 9, 9, [501, 400, 400], 0)] }), "/months/0/dsr"),
            (
                422,
                json!({ "months": [month("2026-02", 9, 9, [400; 3], 1_000_001)] }),
                "/months/0/return_rate_ppm",
            ),
            (400, json!({ "months": [month("2026-13", 9, 9, [400; 3], 0)] }), "/months/0/month"),
            (422, json!({ "level": 0 }), "/level"),
            (422, json!({ "return_rate_ppm": -1 }), "/return_rate_ppm"),
            (422, json!({ "components": [part("partner", -1)] }), "/components/0/amount_minor"),
            (400, json!({ "components": [part("lottery", 1)] }), "/components/0/source"),
            (400, json!({ "restrict": ["gone"] }), "/restrict/0"),
            (400, json!({ "restrict": ["violation"], "lift": ["high_risk", "violation"] }), "/lift/1"),
            (400, json!({ "on": "tomorrow" }), "/on"),
            (400, json!({ "mood": "good" }), "mood"),
        ];
        for (n, (status, body, pointer)) in refused.iter().enumerate() {
            let no = client.post(&format!("{path}/what-if"), &format!("no-{n}"), body).ended(*status);
            assert!(no.body["errors"].to_string().contains(pointer), "{body}: {}", no.body);
        }
        let unknown =
            client.post("/v1/parties/pty_01arz3ndektsv4rrffq69g5fav/limit/what-if", "unknown", &json!({}));
        assert_eq!(unknown.ended(404).text("code"), "credit_shop_unknown");
        let after = limit(&client, &id);
        for field in ["total_minor", "components", "held_by", "used_minor"] {
            assert_eq!(after[field], before[field], "nothing was written");
        }
        let count = |view: &Value| view["evaluation"]["number"].as_i64().unwrap();
        assert_eq!(count(&after), count(&before) + 2, "only what staff decided");
        desk.server.stop();
        place.verify(true);
    }
}

/// C5, C8, C18: what a sale boost and a temporary limit would do, beside figures and by a policy that is only proposed, refused
/// where staff would be; nothing is written.
#[test]
fn what_if_takes_a_sale_and_a_temporary_limit_c5_c8_c18() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let path = format!("/v1/parties/{id}/limit/what-if");
        let before = limit(&client, &id);
        let tried = |key: &str, body: &Value| client.post(&path, key, body).ended(200);
        let would_be = |key: &str, body: &Value| tried(key, body).int("would_be_minor");
        let sale =
            |from: &str, until: &str, ppm: i64| json!({ "from": from, "until": until, "rate_ppm": ppm });
        let june = sale("2026-06-09", "2026-06-21", 300_000);
        assert_eq!(would_be("not-yet", &json!({ "promotion": june })), 1_000_000);
        let then = tried("sale", &json!({ "promotion": june, "on": "2026-06-20" })).body;
        assert_eq!((&then["would_be_minor"], &then["total_minor"]), (&json!(1_300_000), &json!(1_000_000)));
        let last = then["steps"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["rule"], &last["delta_minor"]), (&json!("promotion"), &json!(300_000)));
        assert_eq!(would_be("over", &json!({ "promotion": june, "on": "2026-06-21" })), 1_000_000);
        let month = |month: &str| json!({ "month": month, "orders": 9, "turnover_minor": 100_000, "return_rate_ppm": 0 });
        let months: Vec<Value> = ["2025-12", "2026-01", "2026-02"].map(month).into();
        let capped = json!({ "promotion": june, "on": "2026-06-20", "months": months });
        assert_eq!(would_be("capped", &capped), 468_000, "30 % of the capped value, outside the ceiling");
        let temporary =
            |amount: i64| json!({ "from": "2026-03-02", "until": "2026-03-09", "amount_minor": amount });
        let both = json!({ "emergency": temporary(250_000), "promotion": sale("2026-03-02", "2026-03-05", 500_000) });
        assert_eq!(would_be("both", &both), 1_750_000);
        // One that was granted stays, and another may not lie in its dates.
        let granted = json!({ "decision": "promote", "from": "2026-11-01", "until": "2026-11-12", "rate_ppm": 300_000, "reason": "11.11" });
        client.post(&format!("/v1/parties/{id}/limit/decisions"), "granted", &granted).ended(200);
        assert_eq!(would_be("both-sales", &json!({ "promotion": june, "on": "2026-11-11" })), 1_300_000);
        let entry = "[[entry]]\nkey = \"credit.promotion.most\"\nrow = \"C5\"\neffective_from = \"2026-03-02\"\nvalue = 250000\nsource = \"test\"\n";
        let less = format!("{DEFAULT_PACK}\n{entry}");
        let refused: &[(u16, Value, &str)] = &[
            (422, json!({ "promotion": sale("2026-06-09", "2026-06-21", 500_001) }), "/promotion/rate_ppm"),
            (422, json!({ "promotion": june, "policy_text": less }), "/promotion/rate_ppm"),
            (422, json!({ "promotion": sale("2026-06-09", "2026-06-09", 300_000) }), "/promotion/until"),
            (422, json!({ "promotion": sale("2026-11-11", "2026-11-21", 300_000) }), "/promotion/from"),
            (422, json!({ "emergency": temporary(0) }), "/emergency/amount_minor"),
            (400, json!({ "promotion": sale("June", "2026-06-09", 300_000) }), "/promotion/from"),
            (400, json!({ "promotion": { "from": "2026-06-09" } }), "promotion"),
        ];
        for (n, (status, body, pointer)) in refused.iter().enumerate() {
            let no = client.post(&path, &format!("no-{n}"), body).ended(*status);
            assert!(no.body["errors"].to_string().contains(pointer), "{body}: {}", no.body);
        }
        let after = limit(&client, &id);
        assert_eq!(after["total_minor"], before["total_minor"], "nothing was written");
        let count = |view: &Value| view["evaluation"]["number"].as_i64().unwrap();
        assert_eq!(count(&after), count(&before) + 1, "only what staff granted");
        desk.server.stop();
        place.verify(true);
    }
}

/// C1, C10: a shop whose party is frozen has nothing available, in every place that says so.
#[test]
fn what_is_available_is_the_same_everywhere_c1_c10() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        tell(&client, &id, "a", "authorised", Some(200_000)).ended(200);
        let everywhere = || {
            let advice =
                client.get(&format!("/v1/parties/{id}/limit/advice?amount_minor=900000")).ended(200).body;
            let report = client.get(&format!("/v1/parties/{id}/limit/report?format=json")).ended(200).body;
            let item =
                report["items"].as_array().unwrap().iter().find(|item| item["item"] == "available").unwrap();
            let said =
                [&limit(&client, &id)["available_minor"], &advice["available_minor"], &item["amount_minor"]];
            (
                said.map(|value| value.as_i64().unwrap()),
                advice["closed"].clone(),
                advice["message_zh"].clone(),
            )
        };
        assert_eq!(everywhere(), ([800_000; 3], Value::Null, json!("额度不足，请提升信用。")));
        client
            .post(&format!("/v1/parties/{id}/freeze"), "freeze", &json!({ "reason": "checking" }))
            .ended(200);
        assert_eq!(everywhere(), ([0; 3], json!("party_frozen"), json!("额度暂停使用。")));
        client.post(&format!("/v1/parties/{id}/unfreeze"), "unfreeze", &json!({})).ended(200);
        assert_eq!(everywhere().0, [800_000; 3]);
        desk.is_at("2026-03-05T09:01:00+08:00");
        let reminded = || {
            let told = client.get(&format!("/v1/parties/{id}/messages?limit=50")).ended(200).body;
            told["data"]
                .as_array()
                .unwrap()
                .iter()
                .find(|row| row["kind"] == "credit.check_reminder")
                .cloned()
        };
        wait_until("the reminder", 30, || reminded().is_some());
        assert_eq!(reminded().unwrap()["data"]["available_minor"], 800_000);
        desk.server.stop();
        place.verify(true);
    }
}
