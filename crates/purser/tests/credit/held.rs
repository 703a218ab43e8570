//! Draws of what buyers have not paid: capped by the day (C7), held when they come fast (C19), decided with evidence (C17).

use serde_json::{Value, json};

use crate::support::{
    http::Client,
    shop::{Desk, draw, fund, limit, refused, sell, shop, state, withdrawal},
    world::{Place, wait_until},
};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

fn case_of(client: &Client, wd: &str) -> String {
    withdrawal(client, wd)["review_case_id"].as_str().expect("a case").to_owned()
}

/// C7: half of the day's highest limit may leave before buyers have paid; what they paid always may, also at a limit of
/// zero.
#[test]
fn paid_proceeds_are_never_blocked_by_the_limit_c7() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "a", 800_000, false);
        sell(&client, &id, "b", 100_000, true);
        let no = draw(&client, &id, Some(600_001), "w1");
        refused(&no, "proceeds_share_cap", 10);
        assert_eq!(no.body["facts"]["bound_minor"], 600_000);
        assert!(no.body["facts"]["until"].is_string(), "{}", no.body);
        desk.to("2026-03-03T10:00:00+08:00");
        let restrict = json!({ "decision": "restrict", "restriction": "violation", "reason": "see case 7" });
        let path = format!("/v1/parties/{id}/limit/decisions");
        client.post(&path, "r", &restrict).ended(200);
        desk.to("2026-03-04T10:00:00+08:00");
        assert_eq!(limit(&client, &id)["total_minor"], 0);
        refused(&draw(&client, &id, Some(100_001), "w2"), "proceeds_share_cap", 10);
        assert_eq!(draw(&client, &id, Some(100_000), "w3").ended(201).text("state"), "scheduled");
        desk.server.stop();
        place.verify(true);
    }
}

/// C7, policy `zero`: the draw passes and the limit becomes zero, with its reason, until staff lift it.
#[test]
fn by_policy_a_days_draws_above_the_share_set_the_limit_to_zero_c7() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        // Changes of limits need days of notice: proposed now, in force on the 16th.
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "a", 800_000, false);
        desk.policy_from(&people, "zero", "2026-03-16", &[("credit.daily_draw.action", "C7", "\"zero\"")]);
        refused(&draw(&client, &id, Some(500_001), "w1"), "proceeds_share_cap", 10);
        desk.to("2026-03-16T10:00:00+08:00");
        draw(&client, &id, Some(500_001), "w2").ended(201);
        let view = limit(&client, &id);
        assert_eq!(
            (&view["total_minor"], &view["evaluation"]["cause"]),
            (&json!(0), &json!("draw")),
            "{view}"
        );
        let steps = view["evaluation"]["steps"].as_array().unwrap();
        assert!(steps.iter().any(|step| step["rule"] == "daily_draw"), "{view}");
        let lift =
            json!({ "decision": "lift", "restriction": "daily_draw", "reason": "an appeal with a plan" });
        client.post(&format!("/v1/parties/{id}/limit/decisions"), "lift", &lift).ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000);
        desk.server.stop();
        place.verify(true);
    }
}

/// Invariants that verification proves (P3).
const PROCEEDS: &str = "withdrawals of proceeds in transit = holds";
const USED: &str = "counters of withdrawals by day = by month = by year = in all";
const LIMIT: &str = "limit used = receivable = open orders";

/// C19: the sixth request of a day is held, and so is whatever follows a large one within 72 hours; C17: its case asks
/// for papers, is due in three working days once they came, and ends with the decision.
#[test]
fn fast_draws_are_held_and_decided_with_evidence_c17_c19() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let li = desk.staff("li", "risk");
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 10_000_000);
        sell(&client, &id, "a", 8_000_000, false);
        for n in 1..=5 {
            let passed = draw(&client, &id, Some(10_000), &format!("w{n}")).ended(201);
            assert_eq!(passed.text("state"), "scheduled", "request {n}");
        }
        let held = draw(&client, &id, Some(10_000), "w6").ended(201);
        assert_eq!(held.text("state"), "in_review");
        assert_eq!(
            held.body["explanation"]["code"], "in_review",
            "thresholds stay at the desk: {}",
            held.body
        );
        let (wd, case) = (held.text("id").to_owned(), held.text("review_case_id").to_owned());
        assert_eq!(case_of(&client, &wd), case);
        let own = format!("/v1/parties/{id}/cases/{case}");
        let asked = client.get(&own).ended(200).body;
        assert_eq!(
            (&asked["case"]["kind"], &asked["case"]["state"], &asked["case"]["subject"]),
            (&json!("review"), &json!("waiting_for_party"), &json!(wd))
        );
        let text = asked["messages"][0]["text"].as_str().unwrap();
        for paper in [
            "营业执照",
            "法定代表人",
            "银行流水",
            "licence",
            "bank statements",
            "3 个工作日",
            "3 working days",
        ] {
            assert!(text.contains(paper), "{text}");
        }
        // Papers that are none.
        let attach =
            |name: &str, bytes: &[u8]| client.upload(&format!("{own}/attachments?name={name}"), bytes);
        let no = |name: &str, bytes: &[u8]| attach(name, bytes).ended(422).text("code").to_owned();
        let mut scan = b"\xff\xd8\xff\xe0".to_vec();
        scan.resize(10 * 1024 * 1024 + 1, 0);
        assert_eq!(no("empty.pdf", b""), "attachment_empty");
        assert_eq!(no("licence.pdf", b"MZ\x90\x00\x03\x00\x00\x00"), "attachment_program");
        assert_eq!(no("statements.jpg", &scan), "attachment_too_large");
        assert_eq!(client.get(&own).ended(200).body["case"]["state"], "waiting_for_party", "nothing came");
        attach("licence.pdf", PDF).ended(201);
        let answer = json!({ "text": "All three are attached." });
        let answered = client.post(&format!("{own}/messages"), "answer", &answer).ended(200);
        assert_eq!(answered.text("due_at"), "2026-03-05T16:00:00Z", "three working days");
        // It is decided with its withdrawal and not alone.
        let alone = json!({ "decision": "resolve", "reason": "fine" });
        let alone = li.post(&format!("/v1/cases/{case}/decision"), "alone", &alone).ended(422);
        assert_eq!(alone.text("code"), "case_decided_with_record");
        let approve = json!({ "decision": "approve" });
        let path = format!("/v1/withdrawals/{wd}/decision");
        assert_eq!(li.post(&path, "ok", &approve).ended(200).text("state"), "scheduled");
        assert_eq!(client.get(&own).ended(200).body["case"]["state"], "resolved");
        desk.to("2026-03-03T09:00:00+08:00");
        wait_until("paid", 30, || state(&client, &wd) == "paid");

        // 30 % of the limit at once; whatever comes within 72 hours is held.
        desk.to("2026-03-03T10:00:00+08:00");
        assert_eq!(draw(&client, &id, Some(3_000_000), "large").ended(201).text("state"), "scheduled");
        desk.to("2026-03-06T09:50:00+08:00");
        let after = draw(&client, &id, Some(10_000), "after").ended(201);
        assert_eq!(after.text("state"), "in_review");
        let reject = json!({ "decision": "reject", "note": "The papers are of another company." });
        let wd = after.text("id").to_owned();
        let path = format!("/v1/withdrawals/{wd}/decision");
        li.post(&path, "no", &reject).ended(200);
        let case = client.get(&format!("/v1/parties/{id}/cases/{}", case_of(&client, &wd))).ended(200).body;
        assert_eq!(case["case"]["state"], "refused");
        assert_eq!(case["case"]["outcome_reason"], "The papers are of another company.");
        desk.to("2026-03-06T10:30:00+08:00");
        let later = draw(&client, &id, Some(10_000), "later").ended(201);
        assert_eq!(later.text("state"), "scheduled", "the 72 hours are over");
        desk.server.stop();
        place.verify(true);
        place.planted(&[
            (PROCEEDS, "UPDATE withdrawals SET amount = amount + 1 WHERE finished_at IS NULL"),
            (PROCEEDS, "DELETE FROM withdrawals WHERE finished_at IS NULL"),
            (PROCEEDS, "UPDATE withdrawals SET finished_at = requested_at WHERE finished_at IS NULL"),
            (USED, "UPDATE withdrawal_usage SET amount = amount + 1 WHERE period = 'p:2026-03'"),
            (USED, "DELETE FROM withdrawal_usage"),
            ("cases are whole", "UPDATE cases SET messages = messages + 1"),
            ("cases are whole", "DELETE FROM case_attachments"),
            ("cases are whole", "UPDATE cases SET closed_at = NULL"),
            (LIMIT, "UPDATE credit_orders SET receivable = receivable + 1"),
            (LIMIT, "UPDATE credit_shops SET reserved = reserved + 1"),
            (LIMIT, "UPDATE credit_shops SET owed = owed + 1"),
            (LIMIT, "UPDATE credit_orders SET liability = liability + 1"),
            ("limit = last evaluation = its steps", "UPDATE credit_shops SET total = total + 1"),
        ]);
    }
}

/// C19: the third day running with 20,000.00 and more is held and locks the limit; C17: the approval gives it back.
#[test]
fn the_third_heavy_day_locks_the_limit_until_the_review_c17_c19() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let li = desk.staff("li", "risk");
        let id = shop(&client, "s1", 20_000_000);
        sell(&client, &id, "a", 15_000_000, false);
        for (day, key) in [("2026-03-02", "d1"), ("2026-03-03", "d2")] {
            desk.to(&format!("{day}T11:00:00+08:00"));
            let passed = draw(&client, &id, Some(2_000_000), key).ended(201);
            assert_eq!(passed.text("state"), "scheduled", "{day}");
        }
        desk.to("2026-03-04T11:00:00+08:00");
        let look = json!({ "party_id": id, "source": "proceeds", "amount_minor": 2_000_000 });
        let look = client.post("/v1/withdrawals?dry_run=true", "look", &look).ended(200).body;
        assert_eq!(look["hints"], json!(["review_consecutive_days", "value_date", "float_short"]), "{look}");
        let held = draw(&client, &id, Some(2_000_000), "d3").ended(201);
        assert_eq!(held.text("state"), "in_review");
        let locked = limit(&client, &id)["locked_until"].as_str().expect("locked").to_owned();
        assert!(locked.starts_with("2026-03-19T03:0"), "15 days: {locked}");
        let order = json!({ "order_id": "new", "merchant_id": id, "event": "authorised", "amount_minor": 100,
            "at": client.get("/v1/clock").text("business_at") });
        let no = client.post("/v1/credit-orders", "new", &order).ended(422);
        assert_eq!(no.text("code"), "credit_closed", "no new use while it is locked");
        let path = format!("/v1/withdrawals/{}/decision", held.text("id"));
        li.post(&path, "ok", &json!({ "decision": "approve" })).ended(200);
        assert_eq!(limit(&client, &id)["locked_until"], Value::Null);
        let kinds = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body.to_string();
        assert!(kinds.contains("credit.limit_locked") && kinds.contains("credit.limit_restored"));
        desk.server.stop();
        place.verify(true);
    }
}

/// C19: in its first month a shop is advised to stay below a fifth of its limit a day.
#[test]
fn a_new_shop_is_advised_to_draw_little_a_day_c19() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-10T10:00:00+08:00");
        let client = desk.client();
        let id = crate::support::shop::merchant(&client, "young", "ok");
        let report = json!({ "merchant_id": id, "opened_on": "2026-03-01", "level": 5 });
        client.post("/v1/credit-shops", "young", &report).ended(200);
        sell(&client, &id, "a", 400_000, false);
        let look = |amount: i64, key: &str| {
            let body = json!({ "party_id": id, "source": "proceeds", "amount_minor": amount });
            client.post("/v1/withdrawals?dry_run=true", key, &body).ended(200).body["advice_minor"].clone()
        };
        assert_eq!(look(100_000, "a"), Value::Null);
        assert_eq!(look(100_001, "b"), 100_000, "20 % of 5,000.00");
        desk.server.stop();
    }
}
