//! X1, X2, X3, P14, P20: overview, records with filters, cursors and exports, and where everybody's money is.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::{
    http::Client,
    world::{Place, onboard, wait_until},
};

fn creator(client: &Client, name: &str) -> String {
    let profile = json!({ "external_id": name, "display_name": name, "roles": ["creator"], "legal_form": "individual" });
    let id = client.post("/v1/parties", name, &profile).ended(200).text("id").to_owned();
    onboard(client, &id);
    let account = json!({ "kind": "sandbox", "number": format!("{name}-acct.ok") });
    client.post(&format!("/v1/parties/{id}/payout-accounts"), &format!("{name}-a"), &account).ended(201);
    id
}

/// 60 orders: one a day from 2026-01-01 on, of 100.00, 200.00, …; every third is still under way.
fn orders(client: &Client, party: &str, prefix: &str) {
    let item = |n: i64| {
        let day = format!("2026-{:02}-{:02}T10:00:00+08:00", 1 + n / 28, 1 + n % 28);
        let mut item = json!({
            "order_id": format!("{prefix}-{n:03}"), "creator_id": party, "task_type": if n % 2 == 0 { "video" } else { "live" },
            "title": if n == 7 { "=HYPERLINK(\"x\"), \"新品\"".to_owned() } else { format!("Task {n}") },
            "amount_minor": (n + 1) * 10_000, "accepted_at": day,
        });
        if n % 3 == 2 {
            item["status"] = json!("in_progress");
            item["stage"] = json!("script_uploaded");
        } else {
            item["status"] = json!("completed");
            item["completed_at"] = json!(day);
        }
        item
    };
    let items: Vec<Value> = (0..60).map(item).collect();
    let answer = client.post("/v1/task-orders/bulk", &format!("{party}-orders"), &json!({ "items": items }));
    assert_eq!(answer.ended(200).int("refused"), 0);
}

/// Every row of a list, page by page.
fn walk(client: &Client, path: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = client.get(&format!("{path}{joint}limit={limit}{cursor}")).ended(200).body;
        let rows = page["data"].as_array().unwrap();
        assert!(rows.len() <= limit);
        all.extend(rows.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The lines of a CSV answer, headings first.
fn csv(client: &Client, path: &str) -> Vec<csv::StringRecord> {
    let text = client.text(path);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(Result::unwrap).collect()
}

fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[test]
fn orders_are_filtered_paged_and_exported_x1_x2() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let party = creator(&client, "c1");
        let other = creator(&client, "c2");
        orders(&client, &party, "SO");
        let list = format!("/v1/parties/{party}/task-orders");
        let all = walk(&client, &list, 7);
        let expected: Vec<String> = (0..60).rev().map(|n| format!("SO-{n:03}")).collect();
        assert_eq!(texts(&all, "order_id"), expected);
        assert!(walk(&client, &format!("/v1/parties/{other}/task-orders"), 7).is_empty());
        let filtered = |query: &str| {
            let rows = walk(&client, &format!("{list}?{query}"), 3);
            let lines = csv(&client, &format!("{list}/export?{query}"));
            let exported: Vec<&str> = lines[1..].iter().map(|line| line.get(0).unwrap()).collect();
            assert_eq!(exported, texts(&rows, "order_id"), "{query}: an export holds what the list shows");
            rows.len()
        };
        assert_eq!(filtered("status=in_progress"), 20);
        assert_eq!(filtered("status=settled&task_type=live"), 20);
        // Civil dates of the business zone, both included.
        assert_eq!(filtered("from=2026-01-05&until=2026-01-07"), 3);
        assert_eq!(filtered("from=2026-03-01"), 4);
        assert_eq!(filtered("amount_min_minor=50000&amount_max_minor=70000"), 3);
        assert_eq!(filtered("keyword=task%201"), 11);
        assert_eq!(filtered("keyword=so-02"), 10);
        assert_eq!(filtered("order_id=SO-031"), 1);
        assert_eq!(filtered("order_id=SO-031&status=cancelled"), 0);
        assert_eq!(filtered("order_id=none"), 0);
        for (query, at) in [
            ("status=done", "status"),
            ("from=2026-02-30", "from"),
            ("from=2026-02-02&until=2026-02-01", "until"),
            ("amount_min_minor=-1", "amount_min_minor"),
            ("amount_min_minor=2&amount_max_minor=1", "amount_max_minor"),
            ("cursor=zz", "cursor"),
            ("colour=red", "query"),
        ] {
            let refused = client.get(&format!("{list}?{query}")).ended(400);
            assert_eq!(refused.body["errors"][0]["pointer"], at, "{}", refused.body);
        }
        // A cell that a spreadsheet would run is a text, and amounts are there twice.
        let text = client.text(&format!("{list}/export?order_id=SO-007&lang=zh&bom=true"));
        let mut lines = text.split("\r\n");
        assert!(lines.next().unwrap().starts_with("\u{feff}订单号,编号,标题,"), "{text}");
        let line = lines.next().unwrap();
        assert!(line.contains(",\"'=HYPERLINK(\"\"x\"\"), \"\"新品\"\"\",live,settled,已结算,"), "{line}");
        assert!(line.contains(",CNY,800.00,80000,50000,40.00,4000,0.00,0,0.00,0,760.00,76000,"), "{line}");

        let overview = client.get(&format!("/v1/parties/{party}/overview")).ended(200).body;
        let gross: i64 = (0..60).map(|n| (n + 1) * 10_000).sum();
        let settled: i64 = (0..60).filter(|n| n % 3 != 2).map(|n| (n + 1) * 10_000).sum();
        assert_eq!(overview["totals"]["task_minor"], gross);
        assert_eq!(overview["withdrawable_minor"], settled - settled / 20);
        let explained = client.get(&format!("/v1/parties/{party}/explain")).ended(200).body;
        assert_eq!(explained["pending_minor"], gross - settled, "{explained}");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn withdrawals_are_listed_for_the_party_and_for_staff_x3_p14() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let (one, two) = (creator(&client, "c1"), creator(&client, "c2"));
        orders(&client, &one, "SO");
        orders(&client, &two, "TO");
        let top_up = json!({ "amount_minor": 100_000, "reference": "b1" });
        client.post("/v1/rails/sandbox/float-top-ups", "t1", &top_up).ended(201);
        let mut ids = Vec::new();
        for (n, party) in [&one, &two, &one, &two].into_iter().enumerate() {
            let body = json!({ "party_id": party, "amount_minor": 20_000 + i64::try_from(n).unwrap() });
            ids.push(
                client.post("/v1/withdrawals", &format!("w{n}"), &body).ended(201).text("id").to_owned(),
            );
        }
        let large = json!({ "party_id": one, "amount_minor": 90_000_000 });
        assert_eq!(
            client.post("/v1/withdrawals", "w8", &large).ended(422).text("code"),
            "insufficient_available"
        );
        wait_until("payouts", 20, || walk(&client, "/v1/withdrawals?state=paid", 10).len() == 4);
        let list = |query: &str| {
            let rows = walk(&client, &format!("/v1/withdrawals{query}"), 2);
            let lines = csv(&client, &format!("/v1/withdrawals/export{query}"));
            let exported: Vec<&str> = lines[1..].iter().map(|line| line.get(0).unwrap()).collect();
            assert_eq!(exported, texts(&rows, "id"), "{query}");
            texts(&rows, "id").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let newest_first = |picks: &[usize]| picks.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>();
        assert_eq!(list(""), newest_first(&[3, 2, 1, 0]));
        assert_eq!(list("?state=paid&amount_min_minor=20001"), newest_first(&[3, 2, 1]));
        assert_eq!(list("?rail=alipay"), newest_first(&[]));
        assert_eq!(list(&format!("?keyword={}", &ids[1][10..])), newest_first(&[1]));
        assert_eq!(list("?overdue=true"), newest_first(&[]));
        assert_eq!(list("?until=2020-01-01"), newest_first(&[]));
        let own = walk(&client, &format!("/v1/parties/{one}/withdrawals"), 1);
        assert_eq!(texts(&own, "id"), [&ids[2], &ids[0]]);
        let account = own[0]["destination"].as_str().unwrap();
        assert_eq!(list(&format!("?destination={account}")), newest_first(&[2, 0]));
        // What people see of a payout account; a sandbox account has nothing to hide.
        assert_eq!(own[0]["destination_masked"], "sandbox:c1-acct.ok");
        for query in ["state=done", "rail=swift", "destination=pa_1", "overdue=maybe"] {
            assert_eq!(client.get(&format!("/v1/withdrawals?{query}")).status, 400, "{query}");
        }
        let said = client.get(&format!("/v1/withdrawals/{}/explain", ids[0])).ended(200).body;
        assert_eq!((&said["explanation"]["code"], &said["arrived_minor"]), (&json!("paid"), &json!(20_000)));
        assert_eq!(said["slices"][0]["state"], "paid");
        let none = "wd_01h2xcejqtf2nbrexx3vqjhp41";
        assert_eq!(client.get(&format!("/v1/withdrawals/{none}/explain")).status, 404);
        assert_eq!(client.get("/v1/parties/pty_01h2xcejqtf2nbrexx3vqjhp41/explain").status, 404);
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn the_overview_shows_twelve_civil_months_x1() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-10T10:00:00+08:00");
        let id = desk.creator("c1");
        desk.report("o1", &id, "2026-01-31T23:30:00+08:00", "accepted");
        desk.report("o2", &id, "2026-03-01T00:30:00+08:00", "completed");
        let overview = desk.overview(&id);
        let trend = overview["trend"].as_array().unwrap();
        let months: Vec<&str> = trend.iter().map(|month| month["month"].as_str().unwrap()).collect();
        assert_eq!((months.len(), months[0], months[11]), (12, "2025-04", "2026-03"), "{overview}");
        assert!(months.is_sorted());
        let of = |month: &str, field: &str| {
            let found = trend.iter().find(|one| one["month"] == month).unwrap();
            found["totals"][field].as_i64().unwrap()
        };
        assert_eq!(["2026-01", "2026-02", "2026-03"].map(|m| of(m, "task_minor")), [1_000_000, 0, 1_000_000]);
        assert_eq!(of("2026-03", "settled_net_minor"), 950_000);
        assert_eq!(overview["totals"]["task_minor"], 2_000_000);
        desk.server.stop();
        place.verify(true);
    }
}
