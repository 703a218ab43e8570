//! Which merchants of the real orders were boosted, limited, held and overdue, and why (C1, C4, C8, C9, C11): the report's
//! whole lists against what the files themselves say, read here without the program's code.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use purser_domain::time::{DAY, Date, Month, Timestamp, Zone};
use serde_json::{Value, json};

use crate::support::world::Place;

type Row = BTreeMap<String, String>;

fn rows(folder: &Path, file: &str) -> Vec<Row> {
    csv::Reader::from_path(folder.join(file)).unwrap().deserialize().map(Result::unwrap).collect()
}

fn date(text: &str) -> Option<Date> {
    text.parse::<Timestamp>().ok().map(|at| Zone::shanghai().date(at))
}

fn names(list: &Value) -> BTreeMap<&str, &Value> {
    let shops = list["largest"].as_array().unwrap();
    shops.iter().map(|shop| (shop["merchant_id"].as_str().unwrap(), shop)).collect()
}

/// Every rule that a list names, and for how many merchants.
fn rules(list: &Value) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    for shop in list["largest"].as_array().unwrap() {
        for reason in shop["why"].as_array().unwrap() {
            *found.entry(reason["rule"].as_str().unwrap()).or_default() += 1;
        }
    }
    found
}

/// Merchants with a full month whose reviews that became known in it are 4.8 or better on average.
fn rated_well(shops: &[Row], orders: &[Row], until: Month) -> BTreeSet<String> {
    let mut reviews: BTreeMap<(&str, Month), (i64, i64)> = BTreeMap::new();
    for order in orders {
        if let Some(on) = date(&order["scored_at"]) {
            let sum = reviews.entry((&order["merchant_id"], Month::of(on))).or_default();
            *sum = (sum.0 + order["score"].parse::<i64>().unwrap(), sum.1 + 1);
        }
    }
    let opened =
        |id: &str| date(&shops.iter().find(|shop| shop["merchant_id"] == id).unwrap()["opened_at"]).unwrap();
    let good = |(&(id, month), &(sum, count)): (&(&str, Month), &(i64, i64))| {
        let full = opened(id) <= month.first_day() && month <= until;
        (full && sum * 100 >= count * 480).then(|| id.to_owned())
    };
    reviews.iter().filter_map(good).collect()
}

/// Orders and price of what was shipped, is neither paid nor called off, and was due before today, by merchant.
fn late(orders: &[Row], today: Date) -> BTreeMap<&str, (i64, i64)> {
    let mut found: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for order in orders.iter().filter(|order| order["paid_at"].is_empty() && order["cancelled_at"].is_empty())
    {
        let shipped = order["shipped_at"].parse::<Timestamp>().ok();
        let due = shipped.map(|at| Zone::shanghai().date(at.plus(30 * DAY)));
        if due.is_some_and(|due| due < today) {
            let sum = found.entry(&order["merchant_id"]).or_default();
            *sum = (sum.0 + 1, sum.1 + order["amount_minor"].parse::<i64>().unwrap());
        }
    }
    found
}

pub(crate) fn lists_say_who_and_why(place: &Place, folder: &Path) {
    let report = place.run(&["report", "credit", "--json", "--top", "2000"]).ended(0).json();
    let (shops, orders) = (rows(folder, "shops.csv"), rows(folder, "credit-orders.csv"));
    let today: Date = report["as_of"].as_str().unwrap()[..10].parse().unwrap();
    assert_eq!(today.to_string(), "2026-09-06");

    // Boosted by ratings, each of them and nobody else; no shop of the sample is busy enough for a level.
    let boosted: BTreeSet<String> = names(&report["boosted"]).into_keys().map(str::to_owned).collect();
    assert_eq!(boosted, rated_well(&shops, &orders, Month { year: 2026, month: 8 }));
    assert_eq!(rules(&report["boosted"]), BTreeMap::from([("dsr_boost", 677)]));
    // Limited by the ceiling of their turnover, and some by what came back; nobody long enough for the zero rule.
    let limited = rules(&report["limited"]);
    assert_eq!(limited, BTreeMap::from([("return_rate_reduction", 44), ("turnover_cap", 949)]));
    let largest = &report["limited"]["largest"][0];
    assert_eq!(
        (&largest["merchant_id"], &largest["why"][0]["delta_minor"]),
        (&json!("s9d805c1859f6"), &json!(-1_197_100))
    );
    assert_eq!(
        (&largest["why"][0]["since"], &largest["why"][0]["last"]),
        (&json!("2025-04-01"), &json!("2026-09-01"))
    );
    assert_eq!(report["held"], json!({ "merchants": 0, "largest": [] }));

    // Overdue: what the files say is late, but for what was shipped beyond the limit, which is the shop's liability.
    let (overdue, late) = (names(&report["overdue"]), late(&orders, today));
    let everybody: BTreeMap<&str, &Value> =
        ["limited", "boosted", "overdue"].iter().flat_map(|list| names(&report[*list])).collect();
    let (mut orders, mut sum) = (0, 0);
    for (id, (count, amount)) in &late {
        let found = overdue.get(id).map_or(&Value::Null, |shop| &shop["overdue"]);
        let of = |field: &str| -> i64 {
            found.as_array().into_iter().flatten().map(|bucket| bucket[field].as_i64().unwrap()).sum()
        };
        let (late_orders, late_minor) = (of("orders"), of("amount_minor"));
        let beyond = everybody.get(id).map_or(0, |shop| shop["liability_minor"].as_i64().unwrap());
        assert!(late_orders <= *count && late_minor <= *amount, "{id}: {late_orders} {late_minor}");
        assert!(amount - late_minor <= beyond, "{id}: {amount} late, {late_minor} overdue, {beyond} beyond");
        (orders, sum) = (orders + late_orders, sum + late_minor);
    }
    assert!(overdue.keys().all(|id| late.contains_key(id)));
    assert_eq!((overdue.len(), orders, sum), (360, 814, 12_109_691));
    assert_eq!(report["overdue"]["largest"][0]["merchant_id"], "s5632728dd64e");
}
