//! The limit over HTTP (C1–C10): how high it is and how used, what built it, what changed it, what it was.

use purser_domain::policy::DEFAULT_PACK;
use serde_json::{Value, json};

use crate::support::{
    http::Client,
    shop::{Desk, limit, merchant, sell, shop, tell},
    world::{Place, wait_until},
};

/// Reports something about a shop; returns the limit.
fn report(client: &Client, shop: &str, key: &str, mut what: Value) -> i64 {
    what["merchant_id"] = json!(shop);
    client.post("/v1/credit-shops", key, &what).ended(200).int("total_minor")
}

/// A month of trade that leaves the ceiling far away.
fn month(month: &str, rating: Option<u16>, orders: u32, return_rate_ppm: i64) -> Value {
    let dsr = rating.map(|part| json!({ "description": part, "service": part, "logistics": part }));
    json!({ "month": month, "orders": orders, "turnover_minor": 900_000_000, "return_rate_ppm": return_rate_ppm, "dsr": dsr })
}

/// Rule and result of every step, in order.
fn steps(evaluation: &Value) -> Vec<(String, i64)> {
    let steps = evaluation["steps"].as_array().unwrap().iter();
    steps.map(|s| (s["rule"].as_str().unwrap().to_owned(), s["result_minor"].as_i64().unwrap())).collect()
}

fn named(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(rule, result)| ((*rule).to_owned(), *result)).collect()
}

fn evaluation_at(client: &Client, shop: &str, at: &str) -> Value {
    client.get(&format!("/v1/parties/{shop}/limit/evaluation?at={}", at.replace('+', "%2B"))).ended(200).body
}

/// C3, C2, C9: the first month by level, then the sum of the components, each with what it was at any instant.
#[test]
fn a_new_shop_has_its_level_and_then_its_components_c2_c3_c9() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = merchant(&client, "s1", "ok");
        let component = |source: &str, amount: i64, since: &str| json!({ "source": source, "amount_minor": amount, "since": since });
        let first = json!({ "opened_on": "2026-03-01", "level": 3, "components": [
            { "source": "credit_evaluation", "amount_minor": 200_000, "since": "2026-03-01", "evidence": "score of February" }, component("service_quality", 150_000, "2026-03-01"),
            component("partner", 5_000_099, "2026-04-10")] });
        assert_eq!(report(&client, &id, "first", first.clone()), 300_000, "level × 1,000");
        let view = limit(&client, &id);
        assert_eq!(view["message_zh"], "可使用额度：3000.00元");
        assert_eq!(view["valid_until"], "2026-04-01");
        let parts = view["components"].as_array().unwrap();
        let fields = ["source", "amount_minor", "since", "eligible_en", "evidence"];
        let shown: Vec<Value> = parts.iter().map(|part| json!(fields.map(|field| &part[field]))).collect();
        let parts = [
            json!(["credit_evaluation", 200_000, "2026-03-01", "Every shop", "score of February"]),
            json!(["service_quality", 150_000, "2026-03-01", "Shops with good service", null]),
            json!(["partner", 5_000_099, "2026-04-10", "Large shops", null]),
        ];
        assert_eq!(shown, parts);
        let long = json!({ "merchant_id": id, "components": [{ "source": "partner", "amount_minor": 1, "since": "2026-04-10",
            "evidence": "x".repeat(201) }] });
        let no = client.post("/v1/credit-shops", "evidence", &long).ended(422);
        assert_eq!(
            (no.text("code"), &no.body["errors"][0]["pointer"]),
            ("evidence_invalid", &json!("/components/0/evidence"))
        );
        assert_eq!(steps(&view["evaluation"]), named(&[("new_shop", 300_000)]));
        // The first month ends by itself, and a component begins by itself.
        for (to, total) in [("2026-04-01T00:10:00+08:00", 350_000), ("2026-04-10T00:10:00+08:00", 5_350_000)]
        {
            desk.to(to);
            wait_until("evaluated by date", 30, || limit(&client, &id)["total_minor"] == total);
        }
        let sum = [
            ("credit_evaluation", 200_000),
            ("service_quality", 350_000),
            ("partner", 5_350_099),
            ("rounding", 5_350_000),
        ];
        assert_eq!(steps(&limit(&client, &id)["evaluation"]), named(&sum));
        let past = evaluation_at(&client, &id, "2026-03-20T00:00:00+08:00");
        assert_eq!((&past["total_minor"], &past["number"]), (&json!(300_000), &json!(1)));
        let quarter = evaluation_at(&client, &id, "2026-04-09T23:59:59+08:00");
        assert_eq!((&quarter["total_minor"], &quarter["cause"]), (&json!(350_000), &json!("quarter")));
        let before = client.get(&format!("/v1/parties/{id}/limit/evaluation?at=2026-03-01T00:00:00Z"));
        assert_eq!(before.ended(404).text("code"), "evaluation_unknown");
        // Contradicting what does not change, and what is out of range, is refused with its place.
        let moved = json!({ "merchant_id": id, "opened_on": "2026-03-02" });
        let no = client.post("/v1/credit-shops", "moved", &moved).ended(422);
        assert_eq!(
            (no.text("code"), &no.body["errors"][0]["pointer"]),
            ("opened_on_invalid", &json!("/opened_on"))
        );
        let level = json!({ "merchant_id": id, "level": 0 });
        assert_eq!(client.post("/v1/credit-shops", "level", &level).ended(422).text("code"), "level_invalid");
        desk.server.stop();
        place.verify(true);
    }
}

/// C4, C8, C9: boosts on the base of the components, additive, each step with its result; what-if writes nothing.
#[test]
fn boosts_are_earned_added_and_explained_c4_c8_c9() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let good = month("2026-02", Some(480), 501, 0);
        let short = month("2026-01", Some(479), 501, 0);
        assert_eq!(report(&client, &id, "jan", json!({ "months": [short] })), 1_000_000, "479 is not 480");
        assert_eq!(report(&client, &id, "feb", json!({ "months": [good] })), 1_200_000, "20 %");
        // The third of three busy months was missing: a month that nobody reported is not guessed.
        let december = month("2025-12", None, 501, 0);
        assert_eq!(report(&client, &id, "dec", json!({ "months": [december] })), 1_320_000, "one level up");
        let what_if = format!("/v1/parties/{id}/limit/what-if");
        let tried = client.post(&what_if, "try", &json!({ "training": true })).ended(200);
        assert_eq!((tried.int("total_minor"), tried.int("would_be_minor")), (1_320_000, 2_320_000));
        let entry = "[[entry]]\nkey = \"credit.dsr.boost\"\nrow = \"C4\"\neffective_from = \"2026-03-01\"\nvalue = 300000\nsource = \"test\"\n";
        let pack = json!({ "policy_text": format!("{DEFAULT_PACK}\n{entry}") });
        let tried = client.post(&what_if, "policy", &pack).ended(200);
        assert_eq!((tried.int("total_minor"), tried.int("would_be_minor")), (1_320_000, 1_430_000), "30 %");
        let no = client.post(&what_if, "no-policy", &json!({ "policy_text": "[[entry]]" })).ended(400);
        assert_eq!(no.body["errors"][0]["pointer"], "/policy_text");
        assert_eq!(limit(&client, &id)["total_minor"], 1_320_000, "nothing was written");
        assert_eq!(report(&client, &id, "trained", json!({ "trainings": ["2026-03-02"] })), 2_320_000);
        let all = named(&[
            ("credit_evaluation", 1_000_000),
            ("volume_boost", 1_100_000),
            ("dsr_boost", 1_320_000),
            ("training_boost", 2_320_000),
        ]);
        assert_eq!(steps(&limit(&client, &id)["evaluation"]), all);
        let again = json!({ "trainings": ["2026-03-01"] });
        assert_eq!(report(&client, &id, "twice", again), 2_320_000, "never stacked");
        // A closed month cannot be told differently, and one that is not over cannot be told.
        let conflict = json!({ "merchant_id": id, "months": [month("2026-02", Some(490), 501, 0)] });
        assert_eq!(
            client.post("/v1/credit-shops", "conflict", &conflict).ended(422).text("code"),
            "month_conflict"
        );
        let open = json!({ "merchant_id": id, "months": [month("2026-03", None, 1, 0)] });
        assert_eq!(
            client.post("/v1/credit-shops", "open", &open).ended(422).text("code"),
            "month_not_closed"
        );
        // The training ends after three months, the busy months after six, the good one after twelve.
        for (to, total) in [
            ("2026-06-02T00:10:00+08:00", 1_320_000),
            ("2026-09-01T00:10:00+08:00", 1_200_000),
            ("2027-03-01T00:10:00+08:00", 1_000_000),
        ] {
            desk.to(to);
            wait_until("a boost ends", 30, || limit(&client, &id)["total_minor"] == total);
        }
        let list = client.get(&format!("/v1/parties/{id}/limit/evaluations?limit=200")).ended(200).body;
        let list = list["data"].as_array().unwrap();
        for newer in list.windows(2) {
            assert_eq!(
                newer[0]["before_minor"], newer[1]["total_minor"],
                "each begins where the last one ended"
            );
        }
        let (at, total) = (list[3]["at"].as_str().unwrap(), &list[3]["total_minor"]);
        assert_eq!(&evaluation_at(&client, &id, at)["total_minor"], total, "any of them can be read back");
        desk.server.stop();
        place.verify(true);
    }
}

/// C6, C7, C8: what lowers a limit, the ceiling, what makes it zero, and that it comes back when the reason ends.
#[test]
fn reductions_ceiling_and_zero_rules_end_with_their_reason_c6_c7_c8() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let returns = |key: &str, ppm: i64| report(&client, &id, key, json!({ "return_rate_ppm": ppm }));
        assert_eq!(returns("ten", 100_000), 1_000_000, "10 % is not above 10 %");
        assert_eq!(returns("more", 100_001), 700_000, "−30 %");
        assert_eq!(returns("less", 90_000), 1_000_000);
        assert_eq!(report(&client, &id, "frozen", json!({ "frozen_minor": 250_000 })), 1_000_000);
        let view = limit(&client, &id);
        assert_eq!((&view["frozen_minor"], &view["available_minor"]), (&json!(250_000), &json!(750_000)));
        report(&client, &id, "thawed", json!({ "frozen_minor": 0 }));
        // Three months running above 15 %; the third makes it zero, and the reason is in the steps.
        let bad = |key: &str, of: &str| {
            report(&client, &id, key, json!({ "months": [month(of, None, 9, 150_001)] }))
        };
        assert_eq!(
            (bad("dec", "2025-12"), bad("feb", "2026-02")),
            (1_000_000, 1_000_000),
            "January is missing"
        );
        assert_eq!(bad("jan", "2026-01"), 0);
        let rules = steps(&limit(&client, &id)["evaluation"]);
        assert_eq!(rules, named(&[("credit_evaluation", 1_000_000), ("returns_zero", 0)]));
        desk.to("2026-04-01T00:10:00+08:00");
        let evaluated = || limit(&client, &id)["evaluation"]["cause"] == "quarter";
        wait_until("the quarter is evaluated", 30, evaluated);
        assert_eq!(limit(&client, &id)["total_minor"], 0, "a late report lifts nothing");
        let good = json!({ "months": [month("2026-03", None, 9, 150_000)] });
        assert_eq!(report(&client, &id, "march", good), 1_000_000, "a good month ends the run");
        // Staff: a reason to be given, zero, and back.
        let decide =
            |key: &str, body: &Value| client.post(&format!("/v1/parties/{id}/limit/decisions"), key, body);
        let restrict = json!({ "decision": "restrict", "restriction": "violation", "reason": "" });
        assert_eq!(decide("no-reason", &restrict).ended(422).text("code"), "reason_missing");
        let restrict = json!({ "decision": "restrict", "restriction": "violation", "reason": "counterfeit goods, case 7" });
        assert_eq!(decide("zero", &restrict).ended(200).int("total_minor"), 0);
        assert_eq!(tell(&client, &id, "o1", "authorised", Some(100)).ended(200).int("reserved_minor"), 0);
        let lift = json!({ "decision": "lift", "restriction": "violation", "reason": "appeal accepted" });
        assert_eq!(decide("lifted", &lift).ended(200).int("total_minor"), 1_000_000);
        // Twelve months of 1,000.00 turnover allow 3,600.00.
        let small = shop(&client, "s2", 1_000_000);
        let months: Vec<Value> = (1..=12)
            .map(|n| {
                let name = if n < 4 { format!("2026-{n:02}") } else { format!("2025-{n:02}") };
                json!({ "month": name, "orders": 3, "turnover_minor": 100_000, "return_rate_ppm": 0 })
            })
            .collect();
        assert_eq!(report(&client, &small, "small", json!({ "months": months })), 360_000);
        let cap = named(&[("credit_evaluation", 1_000_000), ("turnover_cap", 360_000)]);
        assert_eq!(steps(&limit(&client, &small)["evaluation"]), cap);
        desk.server.stop();
        place.verify(true);
    }
}

/// C5, C10: a sale boost lies outside the ceiling and ends by itself; every change is told; most of it in use is warned.
#[test]
fn a_sale_is_granted_and_every_change_is_told_c5_c10() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-06-09T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let path = format!("/v1/parties/{id}/limit/decisions");
        let sale = |rate_ppm: i64| json!({ "decision": "promote", "from": "2026-06-10", "until": "2026-06-21", "rate_ppm": rate_ppm, "reason": "6.18" });
        let no = client.post(&path, "most", &sale(500_001)).ended(422);
        assert_eq!(no.text("code"), "promotion_too_large");
        assert_eq!(client.post(&path, "sale", &sale(300_000)).ended(200).int("total_minor"), 1_000_000);
        assert_eq!(client.post(&path, "again", &sale(100_000)).ended(422).text("code"), "promotion_overlaps");
        for (to, total) in
            [("2026-06-10T00:10:00+08:00", 1_300_000), ("2026-06-21T00:10:00+08:00", 1_000_000)]
        {
            desk.to(to);
            let written = |view: &Value| view["evaluation"]["number"].is_number();
            wait_until("the sale", 30, || {
                let view = limit(&client, &id);
                view["total_minor"] == total && written(&view)
            });
        }
        sell(&client, &id, "o1", 799_999, false);
        sell(&client, &id, "o2", 1, false);
        let told = client.get(&format!("/v1/parties/{id}/messages?limit=50")).ended(200).body;
        let told: Vec<&Value> = told["data"].as_array().unwrap().iter().collect();
        let kinds = |kind: &str| told.iter().filter(|m| m["kind"] == kind).count();
        assert_eq!((kinds("credit.limit_changed"), kinds("credit.mostly_used")), (3, 1), "{told:?}");
        let change = told.iter().find(|m| m["kind"] == "credit.limit_changed").unwrap();
        assert_eq!(change["data"]["before_minor"], 1_300_000, "{change}");
        desk.server.stop();
        place.verify(true);
    }
}
