//! Income tax withheld from individuals, with the policy switched on (X18): settlement lines to the fen, who is concerned,
//! what is shown, and the report of a quarter.

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_engine::ledger;
use serde_json::{Value, json};

use super::desk::{Desk, code};
use crate::support::{
    http::Client,
    world::{Place, wait_until},
};

/// A desk in January 2026 that withholds.
fn withholding(place: &Place) -> (Desk, (Client, Client)) {
    let desk = Desk::begun(place, "2026-01-15T09:00:00+08:00");
    let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
    desk.policy(&people, &[("tax.withholding.enabled", "X18", "true")]);
    (desk, people)
}

/// Settles an order now and returns its lines.
fn settle(desk: &Desk, party: &str, amount_minor: i64) -> Value {
    let (at, name) = (desk.now(), desk.fresh());
    let order = json!({ "order_id": name, "creator_id": party, "task_type": "video", "title": "t",
        "amount_minor": amount_minor, "accepted_at": at, "status": "completed", "completed_at": at });
    desk.post("/v1/task-orders", &order).ended(200).body
}

fn lines(order: &Value) -> [i64; 3] {
    ["service_fee_minor", "tax_minor", "net_minor"].map(|name| order[name].as_i64().unwrap())
}

/// What the platform has withheld and not paid over, by the ledger.
fn held(place: &Place) -> i64 {
    let account = AccountRef::platform(AccountKind::TaxWithheld, Currency::CNY).id();
    ledger::account(place.reader().as_mut(), account).unwrap().map_or(0, |(account, _)| account.posted)
}

fn year(desk: &Desk, party: &str) -> Value {
    desk.client.get(&format!("/v1/parties/{party}/tax?year=2026")).ended(200).body
}

#[test]
fn tax_is_a_settlement_line_of_individuals_x18() {
    for place in Place::all() {
        let (desk, people) = withholding(&place);
        let lin = desk.party("lin", "creator", "individual");
        // 20,000.00: 5 % fee; 20 % expenses and 5,000.00 off, 3 % of 11,000.00.
        assert_eq!(lines(&settle(&desk, &lin, 2_000_000)), [100_000, 33_000, 1_867_000]);
        assert_eq!(desk.overview(&lin)["withdrawable_minor"], 1_867_000);
        // The same month again: no second allowance.
        assert_eq!(lines(&settle(&desk, &lin, 1_000_000)), [50_000, 24_000, 926_000]);
        // Compensation is income too, and bears no fee.
        let (at, name) = (desk.now(), desk.fresh());
        let order = |status: &str| {
            json!({ "order_id": name, "creator_id": lin, "task_type": "video", "title": "t",
                "amount_minor": 1_000_000, "accepted_at": at, "status": status,
                "stage": (status == "cancelled").then_some("script_uploaded"),
                "cancelled_at": (status == "cancelled").then_some(&at) })
        };
        desk.post("/v1/task-orders", &order("accepted")).ended(200);
        let cancelled = desk.post("/v1/task-orders", &order("cancelled")).ended(200).body;
        assert_eq!(cancelled["compensation_minor"], 100_000);
        assert_eq!(lines(&cancelled), [0, 2_400, 97_600]);
        // Nobody else: a studio, a company, a creator under an agency.
        let agency = desk.party("mcn", "agency", "enterprise");
        let signed = desk.party("zhou", "creator", "individual");
        desk.sign(&signed, &agency, "2026-01-01T00:00:00+08:00");
        for party in [desk.studio("s1"), desk.party("e1", "creator", "enterprise")] {
            assert_eq!(settle(&desk, &party, 2_000_000)["tax_minor"], 0);
        }
        assert_eq!(settle(&desk, &signed, 2_000_000)["tax_minor"], 0);
        assert_eq!(held(&place), 33_000 + 24_000 + 2_400);

        // February with 6,250.00: its allowance covers it, and nothing is given back.
        desk.move_to("2026-02-03T09:00:00+08:00");
        assert_eq!(lines(&settle(&desk, &lin, 625_000)), [31_250, 0, 593_750]);
        let shown = year(&desk, &lin);
        assert_eq!(
            shown["months"],
            json!([{ "month": "2026-01", "income_minor": 3_100_000, "withheld_minor": 59_400 },
                { "month": "2026-02", "income_minor": 625_000, "withheld_minor": 0 }])
        );
        // (37,250.00 − 7,450.00 − 10,000.00) × 3 %.
        let reckoning = &shown["reckoning"];
        assert_eq!(
            [
                &reckoning["taxable_minor"],
                &reckoning["rate_ppm"],
                &reckoning["due_minor"],
                &reckoning["months"]
            ],
            [&json!(1_980_000), &json!(30_000), &json!(59_400), &json!(2)]
        );
        let said = desk.client.get(&format!("/v1/parties/{lin}/explain")).ended(200).body;
        assert_eq!(said["tax_withheld_minor"], 59_400);
        let tax =
            said["items"].as_array().unwrap().iter().find(|item| item["place"] == "tax").unwrap().clone();
        assert_eq!([&tax["amount_minor"], &tax["code"]], [&json!(59_400), &json!("tax_withheld")]);
        let csv = desk.client.text(&format!("/v1/parties/{lin}/task-orders/export"));
        assert!(csv.contains(",tax,tax_minor,") && csv.contains(",330.00,33000,18670.00,1867000,"), "{csv}");

        // Switched off again: what was withheld stays, nothing is added.
        desk.policy(&people, &[("tax.withholding.enabled", "X18", "false")]);
        assert_eq!(lines(&settle(&desk, &lin, 2_000_000)), [100_000, 0, 1_900_000]);
        assert_eq!(
            [&year(&desk, &lin)["withholding"], &year(&desk, &lin)["reckoning"]],
            [&json!(false), &Value::Null]
        );
        assert_eq!(held(&place), 59_400);
        desk.server.stop();
        place.verify(true);
        let tax = "tax withheld = settlement lines";
        place.planted(&[
            (tax, "UPDATE tax_months SET withheld = withheld + 1"),
            (tax, "DELETE FROM tax_months"),
            (tax, "UPDATE task_orders SET net = net + 1"),
        ]);
    }
}

/// X18, X15: programme income is taxed when its month is published, in the month of the publication, before what is owed.
#[test]
fn a_programme_month_is_taxed_when_it_is_published_x18_x15() {
    for place in Place::all() {
        let (desk, _) = withholding(&place);
        let lin = desk.party("lin", "creator", "individual");
        desk.post("/v1/programme/members", &json!({ "creator_id": lin, "from_on": "2026-01-15" })).ended(200);
        let frozen = settle(&desk, &lin, 1_000_000);
        assert_eq!(lines(&frozen), [50_000, 0, 950_000]);
        let terms = json!({ "items": [{ "creator_external_id": "lin", "month": "2026-01", "fee_ppm": 100_000,
            "incentive_minor": 20_000 }] });
        desk.post("/v1/programme/terms/bulk", &terms).ended(200);
        desk.move_to("2026-02-01T00:30:00+08:00");
        let month = || desk.client.get("/v1/programme/months/2026-01").ended(200).body;
        wait_until("January is drafted", 30, || month()["close"]["state"] == "drafted");
        desk.post("/v1/programme/months/2026-01/publish", &Value::Null).ended(200);
        wait_until("January is published", 30, || month()["close"]["state"] == "published");
        // 9,500.00 + 200.00 of income: (9,700.00 − 1,940.00 − 5,000.00) × 3 % = 82.80; result 8,750.00.
        let path = format!("/v1/parties/{lin}/programme-statements");
        let statement = desk.client.get(&path).ended(200).body["data"][0].clone();
        assert_eq!([&statement["result_minor"], &statement["tax_minor"]], [875_000, 8_280]);
        assert_eq!(desk.overview(&lin)["withdrawable_minor"], 875_000 - 8_280);
        assert_eq!(year(&desk, &lin)["months"][0]["month"], "2026-02");
        assert_eq!(held(&place), 8_280);
        desk.server.stop();
        place.verify(true);
    }
}

/// X18: the report of a quarter has names and numbers in the clear, so a person takes it, says why, and is written down.
#[test]
fn a_quarter_is_reported_by_a_person_who_says_why_x18() {
    for place in Place::all() {
        let (desk, people) = withholding(&place);
        let lin = desk.party("lin", "creator", "individual");
        let steps = json!({ "party_id": lin, "name": "林一", "number": "11010519491231002X" });
        desk.post("/v1/sandbox/onboardings", &steps).ended(200);
        let unknown = desk.party("zhou", "creator", "individual");
        settle(&desk, &lin, 2_000_000);
        settle(&desk, &unknown, 100_000);
        desk.move_to("2026-04-01T09:00:00+08:00");
        settle(&desk, &lin, 1_000_000);
        let path = |quarter: &str, reason: &str| format!("/v1/tax/reports/{quarter}?reason={reason}");
        assert_eq!(code(desk.client.get(&path("2026-Q1", "x")), 403), "staff_needed");
        assert_eq!(code(people.0.get("/v1/tax/reports/2026-Q1"), 400), "invalid_input");
        assert_eq!(code(people.0.get(&path("2026-Q1", "%20")), 422), "reason_invalid");
        assert_eq!(code(people.0.get(&path("2026-Q3", "x")), 422), "quarter_not_begun");
        assert_eq!(code(people.0.get(&path("2026-q1", "x")), 400), "invalid_input");
        let report = people.0.text(&path("2026-Q1", "report%20of%20Q1"));
        let of = |party: &str| report.lines().find(|line| line.contains(party)).unwrap().to_owned();
        assert!(of(&lin).contains(
            ",person,true,林一,11010519491231002X,CNY,20000.00,2000000,0.00,0,1000.00,100000,330.00,33000"
        ));
        assert!(of(&unknown).contains(",,false,,,CNY,1000.00,100000,"), "{report}");
        assert_eq!(report.lines().count(), 3, "{report}");
        let second = people.0.text(&path("2026-Q2", "early"));
        assert!(second.contains("10000.00,1000000") && !second.contains("zhou"), "{second}");
        let audit = desk.client.get("/v1/audit?limit=200").ended(200).body;
        let taken: Vec<&Value> = audit["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["action"] == "tax.report")
            .collect();
        assert_eq!(taken.len(), 2);
        let text = audit.to_string();
        assert!(
            text.contains("report of Q1") && !text.contains("林一") && !text.contains("11010519491231002X")
        );
        desk.server.stop();
        place.verify(true);
    }
}
