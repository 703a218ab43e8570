//! Records of a merchant from the first day, end to end (C26): bill lines, proceeds, withdrawals; with filters, pages and
//! CSV that hold the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{
    http::Client,
    shop::{Desk, draw, fund, sell, shop, tell},
    world::{Place, wait_until},
};

/// All rows of a list, page by page.
fn pages(client: &Client, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = client.get(&format!("{path}{sign}limit=3{cursor}")).ended(200).body;
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

#[test]
fn a_merchants_records_reach_back_to_the_first_day_c26() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-03-02T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 10_000_000);
        let other = shop(&client, "s2", 10_000_000);
        sell(&client, &other, "theirs", 5_000, true);
        for n in 0..3 {
            sell(&client, &id, &format!("early-{n}"), 1_000 + n, true);
        }
        // More than a year later.
        desk.to("2026-06-10T10:00:00+08:00");
        wait_until("the clock", 30, || client.get("/v1/clock").text("business_at") >= "2026-06-10");
        sell(&client, &id, "=late", 2_000, false);
        tell(&client, &id, "=late", "refunded", Some(500)).ended(200);
        draw(&client, &id, Some(1_500), "w1").ended(201);

        let root = format!("/v1/parties/{id}");
        let bills = pages(&client, &format!("{root}/bill-lines"));
        let events: Vec<&str> = bills.iter().map(|one| one["event"].as_str().unwrap()).collect();
        assert_eq!(bills.len(), 9 + 3);
        assert_eq!(events.iter().filter(|one| **one == "paid").count(), 3);
        assert_eq!(
            (bills[0]["order_id"].as_str(), bills[0]["status"].as_str()),
            (Some("=late"), Some("shipped"))
        );
        assert!(bills.iter().all(|one| one["order_id"] != "theirs"), "another merchant's stay its own");
        let unique: BTreeSet<String> = bills.iter().map(Value::to_string).collect();
        assert_eq!(unique.len(), bills.len());
        let count = |query: &str| pages(&client, &format!("{root}/bill-lines?{query}")).len();
        assert_eq!(count("event=paid"), 3);
        assert_eq!(count("from=2026-01-01"), 3);
        assert_eq!(count("until=2025-12-31"), 9);
        assert_eq!(count("keyword=EARLY-1"), 3);
        assert_eq!((count("status=shipped"), count("status=closed")), (3, 9));
        assert_eq!(count("amount_min_minor=1000&amount_max_minor=1001"), 4);
        for wrong in [
            "event=eaten",
            "status=odd",
            "from=yesterday",
            "amount_min_minor=-1",
            "from=2026-02-01&until=2026-01-01",
        ] {
            client.get(&format!("{root}/bill-lines?{wrong}")).ended(400);
        }
        let csv = client.text(&format!("{root}/bill-lines/export?event=refunded"));
        assert_eq!(csv.lines().count(), 2, "{csv}");
        assert!(csv.lines().nth(1).unwrap().starts_with("'=late,co_"), "no formula: {csv}");
        assert!(csv.contains(",shipped,\"Shipped, to be paid\","), "{csv}");
        assert_eq!(client.text(&format!("{root}/bill-lines/export")).lines().count(), 1 + bills.len());

        // Proceeds: what changed the balance; it adds up to what the limit shows.
        let lines = pages(&client, &format!("{root}/proceeds/lines"));
        let sum: i64 = lines.iter().map(|one| one["change_minor"].as_i64().unwrap()).sum();
        assert_eq!(Some(sum), lines[0]["balance_minor"].as_i64());
        assert_eq!(lines.last().unwrap()["order_id"], "early-0");
        let count = |query: &str| pages(&client, &format!("{root}/proceeds/lines?{query}")).len();
        assert_eq!(count("kind=credit.advance"), 4);
        assert_eq!(count("direction=out&kind=credit.refund"), 1);
        assert_eq!(count("until=2025-12-31"), 3);
        assert_eq!(count("from=2026-06-10&direction=in"), 1);
        client.get(&format!("{root}/proceeds/lines?kind=gift")).ended(400);
        let csv = client.text(&format!("{root}/proceeds/lines/export?lang=zh"));
        assert!(csv.starts_with("流水号,记账时间,类型码,类型,"), "{csv}");
        assert!(csv.contains(",credit.advance,发货垫款,"), "{csv}");
        let log = client.text(&format!("{root}/limit/log/export?lang=zh"));
        assert!(log.contains(",report,店铺数据更新,"), "{log}");
        assert_eq!(csv.lines().count(), 1 + lines.len());

        // Withdrawals of the merchant.
        let withdrawals = pages(&client, &format!("{root}/withdrawals?source=proceeds"));
        assert_eq!((withdrawals.len(), &withdrawals[0]["amount_minor"]), (1, &Value::from(1_500)));
        let csv = client.text(&format!("{root}/withdrawals/export?source=proceeds"));
        assert_eq!(csv.lines().count(), 2);
        desk.server.stop();
        place.verify(true);
    }
}
