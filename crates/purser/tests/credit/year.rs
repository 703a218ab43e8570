//! The year's walk of docs/guides/a-shops-year.md, lived by a shop on a server (C2, C3, C4, C5, C6, C7, C8, C9, C18): what each row reports is told
//! on its day, and the limit and its steps are those of the row, on the day and when they are asked for a year later.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::support::{
    http::Client,
    shop::{Desk, limit, merchant, papers},
    world::Place,
};

/// A row of the table: its day, what was reported, the limit and how it came about.
struct Row {
    date: String,
    told: Vec<(String, String)>,
    limit: String,
    because: String,
}

fn rows() -> Vec<Row> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/a-shops-year.md");
    let doc = std::fs::read_to_string(file).unwrap();
    let cells = doc.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let of_table = cells.filter(|cells| cells.len() == 7 && cells[1].starts_with("202"));
    let pair = |word: &str| {
        let (name, value) = word.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    let row = |cells: Vec<&str>| Row {
        date: cells[1].to_owned(),
        told: cells[3].trim_matches('`').split_whitespace().map(pair).collect(),
        limit: cells[4].to_owned(),
        because: cells[5].to_owned(),
    };
    of_table.map(row).collect()
}

/// Hundredths: fen of an amount, and hundredths of a per cent.
fn hundredths(text: &str) -> i64 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "00"));
    whole.parse::<i64>().unwrap() * 100 + rest.parse::<i64>().unwrap()
}

fn money(minor: i64) -> String {
    let (yuan, fen) = ((minor.abs() / 100).to_string(), minor.abs() % 100);
    let shown: Vec<&str> =
        yuan.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap()).collect();
    format!("{}.{fen:02}", shown.join(","))
}

/// Limit and steps as the table writes them.
fn written(view: &Value) -> (String, String) {
    let step = |step: &Value| {
        let delta = step["delta_minor"].as_i64().unwrap();
        format!("{} {}{}", step["en"].as_str().unwrap(), if delta < 0 { '−' } else { '+' }, money(delta))
    };
    let steps = view["evaluation"]["steps"].as_array().unwrap().iter().map(step);
    (money(view["total_minor"].as_i64().unwrap()), steps.collect::<Vec<_>>().join("; "))
}

/// Who does what: the platform reports, the merchant appeals, two people decide.
struct World {
    client: Client,
    people: (Client, Client),
    shop: String,
}

impl World {
    fn decide(&self, date: &str, body: &Value) {
        let path = format!("/v1/parties/{}/limit/decisions", self.shop);
        self.people.0.post(&path, &format!("{date}-decision"), body).ended(200);
    }

    fn by_two(&self, date: &str, body: &Value) {
        let mut asked = body.clone();
        asked.as_object_mut().unwrap().remove("decision");
        asked["party_id"] = json!(self.shop);
        let proposal = json!({ "credit_emergency": asked });
        let id = self.people.0.post("/v1/approvals", &format!("{date}-p"), &proposal).ended(201);
        let path = format!("/v1/approvals/{}/decision", id.text("id"));
        self.people.1.post(&path, &format!("{date}-d"), &json!({ "approve": true })).ended(200);
        self.decide(date, body);
    }

    fn appeal(&self, date: &str, against: &str) {
        let path = format!("/v1/parties/{}/limit/appeals", self.shop);
        let filed = json!({ "against": against, "plan": "better papers, better goods" });
        self.client.post(&path, &format!("{date}-appeal"), &filed).ended(201);
        let yes = json!({ "grant": true, "reason": "seen" });
        self.people.0.post(&format!("{path}/{against}/decision"), &format!("{date}-yes"), &yes).ended(200);
    }

    /// Tells what a row reports. Figures of the shop go in one report, whatever staff decide in a call of its own.
    fn tell(&self, row: &Row) {
        let mut report = json!({ "merchant_id": self.shop });
        let mut months: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in &row.told {
            let (head, tail) = value.split_once(':').unwrap_or((value, ""));
            let span = || {
                let (from, until) = head.split_once("..").unwrap();
                (from.to_owned(), until.to_owned())
            };
            match name.as_str() {
                "opened" => report["opened_on"] = json!(value),
                "level" => report["level"] = json!(value.parse::<u32>().unwrap()),
                "credit" => {
                    let (amount, dates) = value.split_once('@').unwrap();
                    let (since, _) = dates.split_once("..").unwrap();
                    report["components"] = json!([{ "source": "credit_evaluation", "amount_minor": hundredths(amount), "since": since }]);
                }
                "training" => report["trainings"] = json!([value]),
                "returns30" => report["return_rate_ppm"] = json!(hundredths(value) * 100),
                "turnover" | "orders" | "returns" | "dsr" => {
                    let quiet =
                        json!({ "month": head, "orders": 0, "turnover_minor": 0, "return_rate_ppm": 0 });
                    let month = months.entry(head.to_owned()).or_insert(quiet);
                    match name.as_str() {
                        "turnover" => month["turnover_minor"] = json!(hundredths(tail)),
                        "orders" => month["orders"] = json!(tail.parse::<u32>().unwrap()),
                        "returns" => month["return_rate_ppm"] = json!(hundredths(tail) * 100),
                        _ => {
                            let parts: Vec<u16> = tail.split('/').map(|part| part.parse().unwrap()).collect();
                            month["dsr"] = json!({ "description": parts[0], "service": parts[1], "logistics": parts[2] });
                        }
                    }
                }
                "sale" => {
                    let (from, until) = span();
                    self.decide(
                        &row.date,
                        &json!({ "decision": "promote", "from": from, "until": until,
                        "rate_ppm": hundredths(tail) * 100, "reason": "the sale" }),
                    );
                }
                "emergency" => {
                    let (from, until) = span();
                    self.by_two(
                        &row.date,
                        &json!({ "decision": "emergency", "from": from, "until": until,
                        "amount_minor": hundredths(tail), "reason": "a large order",
                        "evidence": papers(&self.client, &self.shop) }),
                    );
                }
                "flag" => self.decide(
                    &row.date,
                    &json!({ "decision": "restrict", "restriction": value, "reason": "found so" }),
                ),
                "lift" => self.appeal(&row.date, value),
                other => panic!("the table reports {other}"),
            }
        }
        if !months.is_empty() {
            report["months"] = months.into_values().collect();
        }
        if report.as_object().unwrap().len() > 1 {
            self.client.post("/v1/credit-shops", &format!("{}-report", row.date), &report).ended(200);
        }
    }
}

#[test]
fn a_shop_lives_the_year_of_the_guide_c2_c3_c4_c5_c6_c7_c8_c9_c18() {
    let rows = rows();
    assert!(rows.len() >= 22, "the table has {} rows", rows.len());
    for place in Place::all() {
        let desk = Desk::begun(&place, &format!("{}T00:00:10+08:00", rows[0].date));
        let people = (desk.staff("li", "risk"), desk.staff("wang", "finance"));
        let shop = merchant(&desk.client(), "s1", "ok");
        let world = World { client: desk.client(), people, shop };
        for (n, row) in rows.iter().enumerate() {
            if n > 0 {
                // Some days before the daily job, some long after it.
                let time = if n % 2 == 0 { "00:00:10" } else { "10:00:00" };
                desk.is_at(&format!("{}T{time}+08:00", row.date));
            }
            world.tell(row);
            let view = limit(&world.client, &world.shop);
            assert_eq!(written(&view), (row.limit.clone(), row.because.clone()), "on {}", row.date);
        }
        // Each of them, when the year is over.
        for row in &rows {
            let path = format!("/v1/parties/{}/limit?at={}T23:59:59%2B08:00", world.shop, row.date);
            let today = row.date == rows[rows.len() - 1].date;
            if !today {
                let then = world.client.get(&path).ended(200).body;
                assert_eq!(
                    written(&then),
                    (row.limit.clone(), row.because.clone()),
                    "{}, replayed",
                    row.date
                );
            }
        }
        desk.server.stop();
        place.verify(true);
    }
}
