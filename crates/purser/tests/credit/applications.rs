//! Applications about the limit, end to end (C25, C5, C24, P16): what a merchant applies for, who decides, what changes,
//! what everybody is told.

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    shop::{Desk, limit, merchant, sell, shop, tell},
    world::{Place, wait_until},
};

fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

fn apply(client: &Client, id: &str, key: &str, body: &Value) -> Answer {
    client.post(&format!("/v1/parties/{id}/credit-applications"), key, body)
}

fn decide(who: &Client, application: &str, key: &str, body: &Value) -> Answer {
    who.post(&format!("/v1/credit-applications/{application}/decision"), key, body)
}

fn yes() -> Value {
    json!({ "grant": true, "reason": "流水属实" })
}

/// Messages of a kind.
fn told(client: &Client, id: &str, kind: &str) -> Vec<Value> {
    let all = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body;
    all["data"].as_array().unwrap().iter().filter(|one| one["kind"] == kind).cloned().collect()
}

/// C25: submitted, more information, approved, refused, withdrawn; the reason is shown; papers are in the case.
#[test]
fn a_raise_is_applied_for_asked_about_and_decided_c25() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "risk"));
        let id = shop(&client, "s1", 1_000_000);
        let raise = json!({ "kind": "raise", "amount_minor": 500_000, "reason": "旺季备货",
            "shop": { "orders": 320, "turnover_minor": 8_000_000 } });
        let asked = std::cell::Cell::new(0);
        let wrong = |change: &dyn Fn(&mut Value)| {
            let mut body = raise.clone();
            change(&mut body);
            asked.set(asked.get() + 1);
            apply(&client, &id, &format!("wrong-{}", asked.get()), &body)
        };
        assert_eq!(code(wrong(&|body| body["kind"] = json!("gift")), 400), "invalid_input");
        assert_eq!(code(wrong(&|body| body["amount_minor"] = json!(-5)), 422), "amount_out_of_range");
        assert_eq!(code(wrong(&|body| body["shop"] = json!({ "orders": 3 })), 422), "shop_figure_missing");
        assert_eq!(
            code(wrong(&|body| body["shop"]["return_rate_ppm"] = json!(2_000_000)), 422),
            "shop_figure_invalid"
        );
        assert_eq!(code(wrong(&|body| body["reason"] = json!(" ")), 422), "reason_missing");
        assert_eq!(code(wrong(&|body| body["surprise"] = json!(1)), 400), "invalid_input");
        let filed = apply(&client, &id, "a1", &raise).ended(201);
        let application = filed.text("id").to_owned();
        assert_eq!((filed.text("state"), filed.int("amount_minor")), ("submitted", 500_000));
        assert_eq!(filed.body["case"]["kind"], "credit_application");
        assert_eq!(code(apply(&client, &id, "a2", &raise), 422), "application_pending");
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000, "an application changes nothing");

        // The desk asks, the merchant sends a paper.
        let case = filed.body["case"]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/credit-applications/{application}");
        let ask = json!({ "text": "请上传近三个月流水", "asks": true });
        li.post(&format!("/v1/cases/{case}/messages"), "ask", &ask).ended(200);
        assert_eq!(client.get(&path).ended(200).text("state"), "more_information");
        let file = format!("/v1/parties/{id}/cases/{case}/attachments?name=flow.pdf");
        client.upload(&file, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n").ended(201);
        assert_eq!(client.get(&path).ended(200).text("state"), "submitted");

        assert_eq!(code(decide(&client, &application, "key", &yes()), 403), "staff_needed");
        let sun = desk.staff("sun", "support");
        assert_eq!(code(decide(&sun, &application, "sun", &yes()), 403), "scope_missing");
        let too_much = json!({ "grant": true, "terms": { "amount_minor": 500_001 }, "reason": "x" });
        assert_eq!(code(decide(&li, &application, "more", &too_much), 422), "grant_too_large");
        let look = li.post(&format!("{path}/decision?dry_run=true"), "look", &yes()).ended(200);
        assert_eq!(look.text("state"), "approved");
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000, "a dry run changes nothing");
        let some = json!({ "grant": true, "terms": { "amount_minor": 300_000, "source": "level_and_volume" },
            "reason": "先批一部分" });
        let done = decide(&li, &application, "some", &some).ended(200);
        assert_eq!((done.text("state"), done.text("decision_reason")), ("approved", "先批一部分"));
        assert!(decide(&li, &application, "some", &some).ended(200).replayed);
        assert_eq!(code(decide(&li, &application, "again", &yes()), 422), "application_not_pending");
        let now = limit(&client, &id);
        assert_eq!(now["total_minor"], 1_300_000);
        assert_eq!(now["evaluation"]["steps"][1]["rule"], "level_and_volume");
        let messages = told(&client, &id, "credit.limit_changed");
        let data = &messages[0]["data"];
        assert_eq!([&data["before_minor"], &data["total_minor"]], [1_000_000, 1_300_000]);
        assert_eq!(data["reason"], "先批一部分");
        assert_eq!(data["reason_zh"], "店铺等级与销量额度：开始生效（+3000.00 元）");
        assert_eq!(told(&client, &id, "credit.application_approved").len(), 1);

        // Refused; withdrawn through the case.
        let second = apply(&client, &id, "a3", &raise).ended(201).text("id").to_owned();
        let no = json!({ "grant": false, "reason": "近期退货偏多" });
        let refused = decide(&li, &second, "no", &no).ended(200);
        assert_eq!((refused.text("state"), refused.text("decision_reason")), ("refused", "近期退货偏多"));
        let third = apply(&client, &id, "a4", &raise).ended(201);
        let case = third.body["case"]["id"].as_str().unwrap();
        client.post(&format!("/v1/parties/{id}/cases/{case}/withdraw"), "back", &Value::Null).ended(200);
        let list = |query: &str| {
            let list = client.get(&format!("/v1/parties/{id}/credit-applications{query}")).ended(200).body;
            let states =
                list["data"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned());
            states.collect::<Vec<_>>()
        };
        assert_eq!(list(""), ["withdrawn", "refused", "approved"]);
        assert_eq!(list("?state=refused"), ["refused"]);
        assert_eq!(list("?kind=close"), Vec::<String>::new());
        let queue = li.get("/v1/credit-applications?state=approved").ended(200).body;
        assert_eq!(queue["data"][0]["id"], application.as_str());
        assert_eq!(code(client.get("/v1/credit-applications?state=lost"), 400), "invalid_input");
        let nobody = "/v1/credit-applications/cap_01h455vb4pex5vsknk084sn02q";
        assert_eq!(code(client.get(nobody), 404), "application_unknown");
        desk.server.stop();
        place.verify(true);
    }
}

/// C25, P16: above 100,000.00 at stake two different people decide.
#[test]
fn two_people_decide_a_large_application_c25_p16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, li, wang) = (desk.client(), desk.staff("li", "risk"), desk.staff("wang", "finance"));
        let id = shop(&client, "s1", 1_000_000);
        let partner = json!({ "kind": "partner", "amount_minor": 20_000_000, "partner": "某商业银行", "reason": "合作授信" });
        let application = apply(&client, &id, "a1", &partner).ended(201).text("id").to_owned();
        let alone = decide(&li, &application, "alone", &yes()).ended(422);
        assert_eq!(
            (alone.text("code"), &alone.body["facts"]["at_stake_minor"]),
            ("approval_required", &json!(20_000_000))
        );
        let proposal = json!({ "credit_application": { "application_id": application,
            "terms": { "until": "2027-03-02" }, "reason": "合作方已确认" } });
        assert_eq!(code(client.post("/v1/approvals", "key", &proposal), 403), "staff_needed");
        let both = json!({ "credit_application": proposal["credit_application"],
            "policy": { "text": "" } });
        assert_eq!(code(li.post("/v1/approvals", "both", &both), 400), "invalid_input");
        let approval = li.post("/v1/approvals", "p1", &proposal).ended(201).text("id").to_owned();
        let path = format!("/v1/approvals/{approval}/decision");
        let second = json!({ "approve": true });
        assert_eq!(code(li.post(&path, "same", &second), 422), "approval_same_person");
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000);
        wang.post(&path, "second", &second).ended(200);
        assert_eq!(limit(&client, &id)["total_minor"], 21_000_000);
        let read = client.get(&format!("/v1/credit-applications/{application}")).ended(200);
        assert_eq!((read.text("state"), read.text("decision_reason")), ("approved", "合作方已确认"));
        assert_eq!(read.body["granted"]["until"], "2027-03-02");
        desk.server.stop();
        place.verify(true);
    }
}

/// C25: closing freezes new use; the service is closed once the last open order has ended, and can be opened again.
#[test]
fn a_service_closes_with_its_last_order_c25() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "risk"));
        let id = shop(&client, "s1", 1_000_000);
        tell(&client, &id, "o1", "authorised", Some(200_000)).ended(200);
        let close = json!({ "kind": "close", "reason": "不再经营" });
        let application = apply(&client, &id, "a1", &close).ended(201).text("id").to_owned();
        decide(&li, &application, "yes", &yes()).ended(200);
        assert_eq!(limit(&client, &id)["service"], "closing");
        assert_eq!(code(tell(&client, &id, "o2", "authorised", Some(100)), 422), "credit_closed");
        tell(&client, &id, "o1", "shipped", None).ended(200);
        tell(&client, &id, "o1", "paid", Some(200_000)).ended(200);
        desk.to("2026-03-02T11:00:00+08:00");
        wait_until("closed", 30, || limit(&client, &id)["service"] == "closed");
        let now = limit(&client, &id);
        assert_eq!([&now["total_minor"], &now["proceeds_minor"]], [0, 200_000]);
        assert_eq!(now["held_by"][0]["rule"], "closed");
        assert_eq!(now["held_by"][0]["can_appeal"], false);
        let open = json!({ "kind": "open", "reason": "恢复经营" });
        let application = apply(&client, &id, "a2", &open).ended(201).text("id").to_owned();
        assert_eq!(code(apply(&client, &id, "a3", &close), 422), "credit_closed");
        decide(&li, &application, "open", &yes()).ended(200);
        let now = limit(&client, &id);
        assert_eq!((&now["service"], &now["total_minor"]), (&json!("open"), &json!(1_000_000)));
        sell(&client, &id, "o3", 100, true);

        // A merchant of whom no shop was reported opens one.
        let new = merchant(&client, "s2", "ok");
        let open =
            json!({ "kind": "open", "reason": "新店", "shop": { "opened_on": "2026-03-01", "level": 3 } });
        let application = apply(&client, &new, "a4", &open).ended(201).text("id").to_owned();
        assert_eq!(code(client.get(&format!("/v1/parties/{new}/limit")), 404), "credit_shop_unknown");
        decide(&li, &application, "new", &yes()).ended(200);
        let now = limit(&client, &new);
        assert_eq!(now["total_minor"], 300_000, "C3: by its level");
        assert_eq!(now["daily_advice_minor"], 60_000, "C19: 20 % a day in the first month");
        desk.server.stop();
        place.verify(true);
    }
}

/// C5, C24: sales are announced, boosts applied for, ends announced, the month is looked at; each once. C1: at the end of
/// its validity a limit is evaluated again.
#[test]
fn sales_are_announced_applied_for_and_end_c5_c24_c1() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-04-20T10:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "risk"));
        let id = shop(&client, "s1", 1_000_000);
        let trained = json!({ "merchant_id": id, "trainings": ["2026-04-20"] });
        client.post("/v1/credit-shops", "training", &trained).ended(200);
        let sales = client.get("/v1/credit-sales").ended(200).body;
        assert_eq!(sales["data"][0]["sale"], "june_18");
        assert_eq!(
            [&sales["data"][0]["from"], &sales["data"][0]["announced_on"]],
            ["2026-06-01", "2026-05-02"]
        );
        let count = |kind: &str| told(&client, &id, kind).len();
        desk.to("2026-05-02T09:30:00+08:00");
        wait_until("announced", 30, || count("credit.sale_announced") == 1);
        let boost = json!({ "kind": "promotion", "sale": "june_18", "reason": "大促备货" });
        let unknown = json!({ "kind": "promotion", "sale": "black_friday", "reason": "x" });
        assert_eq!(code(apply(&client, &id, "a0", &unknown), 422), "promotion_unknown");
        let application = apply(&client, &id, "a1", &boost).ended(201).text("id").to_owned();
        let most = json!({ "grant": true, "terms": { "rate_ppm": 500_001 }, "reason": "x" });
        assert_eq!(code(decide(&li, &application, "most", &most), 422), "promotion_too_large");
        decide(&li, &application, "yes", &yes()).ended(200);
        assert_eq!(code(apply(&client, &id, "a2", &boost), 422), "promotion_overlaps");
        desk.to("2026-05-05T09:30:00+08:00");
        wait_until("the month", 30, || count("credit.check_reminder") == 1);
        let total = |minor: i64| {
            wait_until("evaluated", 30, || limit(&client, &id)["total_minor"] == minor);
        };
        desk.to("2026-06-01T00:10:00+08:00");
        total(2_600_000);
        desk.to("2026-06-21T00:10:00+08:00");
        total(2_000_000);
        assert_eq!(limit(&client, &id)["valid_until"], "2026-07-01");
        desk.to("2026-07-06T09:30:00+08:00");
        wait_until("the training's end", 30, || count("credit.boost_ending") == 1);
        let ending = told(&client, &id, "credit.boost_ending")[0]["data"].clone();
        assert_eq!([&ending["boost"], &ending["until"]], ["training", "2026-07-20"]);
        desk.to("2026-07-20T00:10:00+08:00");
        total(1_000_000);
        assert_eq!(count("credit.sale_announced"), 1, "once");
        desk.server.stop();
        place.verify(true);
    }
}
