//! Appeals, the log, advice, the report and disputes of a limit, end to end (C7, C10, C23, P26).

use serde_json::{Value, json};

use crate::support::{
    http::Answer,
    shop::{Desk, limit, sell, shop, tell},
    world::Place,
};

fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

/// C7: the reason and the way back are shown on the limit; an appeal with a plan lifts the flag, or does not. C10: the
/// log says before, after and why.
#[test]
fn a_zero_shows_its_reason_and_an_appeal_lifts_it_c7_c10() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "risk"));
        let id = shop(&client, "s1", 1_000_000);
        let root = format!("/v1/parties/{id}/limit");
        let restrict =
            json!({ "decision": "restrict", "restriction": "violation", "reason": "销售假货，见通知 4711" });
        li.post(&format!("{root}/decisions"), "zero", &restrict).ended(200);
        let returns = json!({ "merchant_id": id, "return_rate_ppm": 120_000 });
        client.post("/v1/credit-shops", "returns", &returns).ended(200);
        let now = limit(&client, &id);
        assert_eq!(now["total_minor"], 0);
        let held = now["held_by"].as_array().unwrap();
        let names: Vec<&str> = held.iter().map(|one| one["rule"].as_str().unwrap()).collect();
        assert_eq!(names, ["return_rate_reduction", "violation"]);
        assert_eq!(held[1]["reason"], "销售假货，见通知 4711");
        assert!(held.iter().all(
            |one| one["can_appeal"] == true && one["way_back_zh"].as_str().is_some_and(|t| !t.is_empty())
        ));
        let file = |against: &str, plan: &str, key: &str| {
            client.post(&format!("{root}/appeals"), key, &json!({ "against": against, "plan": plan }))
        };
        assert_eq!(code(file("weather", "x", "a0"), 400), "invalid_input");
        assert_eq!(code(file("high_risk", "x", "a1"), 422), "appeal_unfounded");
        assert_eq!(code(file("violation", " ", "a2"), 422), "appeal_plan_invalid");
        let filed = file("violation", "已全部下架，并培训员工", "a3").ended(201);
        let case = filed.body["case"]["id"].as_str().unwrap().to_owned();
        assert!(filed.body["case"]["due_at"].is_string() && filed.body["granted"].is_null());
        assert_eq!(code(file("violation", "再来", "a4"), 422), "appeal_pending");
        let decide = |who: &crate::support::http::Client, against: &str, body: Value, key: &str| {
            who.post(&format!("{root}/appeals/{against}/decision"), key, &body)
        };
        let yes = json!({ "grant": true, "reason": "整改属实" });
        assert_eq!(code(decide(&client, "violation", yes.clone(), "d0"), 403), "staff_needed");
        let by_hand = json!({ "decision": "resolve", "reason": "x" });
        let by_hand = li.post(&format!("/v1/cases/{case}/decision"), "hand", &by_hand);
        assert_eq!(code(by_hand, 422), "case_decided_with_record");
        let no = json!({ "grant": false, "reason": "证据不足" });
        decide(&li, "violation", no, "d1").ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 0);
        file("violation", "补充证据", "a5").ended(201);
        let dated = json!({ "grant": true, "until": "2026-04-01", "reason": "x" });
        assert_eq!(code(decide(&li, "violation", dated, "d2"), 422), "appeal_until_invalid");
        let granted = decide(&li, "violation", yes, "d3").ended(200);
        assert_eq!(
            (&granted.body["granted"], &granted.body["case"]["state"]),
            (&json!(true), &json!("resolved"))
        );
        assert_eq!(limit(&client, &id)["total_minor"], 700_000);
        file("return_rate_reduction", "改进质检", "a6").ended(201);
        let until = json!({ "grant": true, "until": "2026-04-01", "reason": "质检已改进" });
        decide(&li, "return_rate_reduction", until, "d4").ended(200);
        let now = limit(&client, &id);
        assert_eq!((&now["total_minor"], &now["held_by"]), (&json!(1_000_000), &json!([])));
        let appeals = client.get(&format!("{root}/appeals")).ended(200).body;
        assert_eq!(appeals["data"].as_array().unwrap().len(), 2);

        // The log, with pages, filters and as CSV.
        let log = client.get(&format!("{root}/log")).ended(200).body;
        let rows = log["data"].as_array().unwrap();
        let steps: Vec<(i64, i64)> = rows
            .iter()
            .map(|one| (one["before_minor"].as_i64().unwrap(), one["after_minor"].as_i64().unwrap()))
            .collect();
        assert_eq!(steps, [(700_000, 1_000_000), (0, 700_000), (1_000_000, 0), (0, 1_000_000)]);
        assert_eq!(rows[2]["reason_en"], "A violation: applies now (-10000.00 yuan)");
        let first = client.get(&format!("{root}/log?limit=3")).ended(200).body;
        let next = first["next_cursor"].as_str().unwrap();
        let rest = client.get(&format!("{root}/log?limit=3&cursor={next}")).ended(200).body;
        assert_eq!((&rest["data"][0], &rest["next_cursor"]), (&rows[3], &Value::Null));
        let down = client
            .get(&format!("{root}/log?direction=down&from=2026-03-02&until=2026-03-02"))
            .ended(200)
            .body;
        assert_eq!(down["data"].as_array().unwrap().len(), 1);
        assert_eq!(code(client.get(&format!("{root}/log?direction=sideways")), 400), "invalid_input");
        let csv = client.text(&format!("{root}/log/export?lang=zh&direction=up"));
        assert!(csv.starts_with("评估编号,时间,起因码,起因,调整前额度"), "{csv}");
        assert_eq!(csv.lines().count(), 4);
        desk.server.stop();
        place.verify(true);
    }
}

/// C10: what is missing and which honest trade raises it. C23: the report, and a case about a shop or one of its orders.
#[test]
fn advice_report_and_disputes_of_a_limit_c10_c23() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        let root = format!("/v1/parties/{id}/limit");
        sell(&client, &id, "o1", 300_000, false);
        tell(&client, &id, "o2", "authorised", Some(100_000)).ended(200);
        let advice = client.get(&format!("{root}/advice?amount_minor=900000")).ended(200).body;
        assert_eq!([&advice["available_minor"], &advice["short_minor"]], [600_000, 300_000]);
        assert_eq!(advice["message_zh"], "额度不足，请提升信用。");
        let ways: Vec<(&str, Option<i64>)> = advice["ways"]
            .as_array()
            .unwrap()
            .iter()
            .map(|way| (way["code"].as_str().unwrap(), way["gain_minor"].as_i64()))
            .collect();
        let expected = [
            ("buyers_pay", Some(300_000)),
            ("ship_or_cancel", Some(100_000)),
            ("complete_training", Some(1_000_000)),
            ("raise_ratings", Some(200_000)),
            ("sell_more", Some(100_000)),
            ("apply_for_sale", Some(300_000)),
            ("apply_for_raise", None),
        ];
        assert_eq!(ways, expected);
        let training = &advice["ways"][2];
        assert_eq!(
            [&training["effect_on"], &training["until"], &training["effort"]],
            ["2026-03-02", "2026-06-02", "low"]
        );
        assert_eq!(code(client.get(&format!("{root}/advice?amount_minor=-1")), 400), "invalid_input");
        // What is advised is what happens.
        let trained = json!({ "merchant_id": id, "trainings": ["2026-03-02"] });
        client.post("/v1/credit-shops", "training", &trained).ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 2_000_000);
        let fits = client.get(&format!("{root}/advice?amount_minor=900000")).ended(200).body;
        assert_eq!(fits["short_minor"], 0);

        let report = client.get(&format!("{root}/report?format=json")).ended(200).body;
        let items = report["items"].as_array().unwrap();
        let find = |section: &str, name: &str| {
            items
                .iter()
                .find(|one| one["section"] == section && one["item"] == name)
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(find("limit", "total")["amount_minor"], 2_000_000);
        assert_eq!(find("limit", "used")["amount_minor"], 300_000);
        assert_eq!(find("step", "training_boost")["amount_minor"], 1_000_000);
        assert_eq!(find("boost", "training")["until"], "2026-06-02");
        assert_eq!(report["changes"].as_array().unwrap().len(), 2);
        let (status, headers, bytes) = client.download(&format!("{root}/report?lang=zh&bom=true"));
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            (status, headers["content-disposition"].as_str()),
            (200, "attachment; filename=\"limit-report.csv\"")
        );
        assert!(text.starts_with("\u{feff}部分,项目,说明"), "{text}");
        assert!(text.contains("limit,total,总额度,,,20000.00,2000000,,"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("change,")).count(), 2);
        assert_eq!(code(client.get(&format!("{root}/report?format=pdf")), 400), "invalid_input");

        // A disputed limit: a case with the shop, or with the order's number, due in three working days.
        let ask = |key: &str, body: Value| client.post(&format!("{root}/queries"), key, &body);
        let about = ask("q1", json!({ "order_id": "o1", "text": "为何没有恢复额度？" })).ended(201);
        assert_eq!(
            (about.text("kind"), about.text("summary")),
            ("limit_query", "额度异议，订单 o1 / Limit disputed")
        );
        assert!(
            about.text("subject").starts_with("co_") && about.body["due_at"] == "2026-03-05T16:00:00Z",
            "{}",
            about.body
        );
        let shop_case = ask("q2", json!({ "text": "额度偏低" })).ended(201);
        assert_eq!(shop_case.text("subject"), id);
        let other = ask("q3", json!({ "order_id": "nobody's", "text": "x" })).ended(422);
        assert_eq!(
            (other.text("code"), &other.body["errors"][0]["pointer"]),
            ("case_subject_unknown", &json!("/order_id"))
        );
        desk.server.stop();
        place.verify(true);
    }
}
