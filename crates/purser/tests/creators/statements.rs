//! Statements of a party by month, as a page, as CSV and as a workbook, tied to the ledger (P20).

use std::io::Read as _;

use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::{
    http::Client,
    world::{Place, wait_until},
};

/// Every line of a statement, page by page.
fn pages(client: &Client, path: &str) -> (Value, Vec<Value>) {
    let (mut lines, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}?limit=3{cursor}")).ended(200).body;
        lines.extend(page["lines"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (page, lines),
        }
    }
}

fn int(value: &Value, field: &str) -> i64 {
    value[field].as_i64().unwrap_or_else(|| panic!("no {field} in {value}"))
}

/// Opening and lines lead to the closing balance, account by account, and the newest line stands at it.
fn tied(statement: &Value, lines: &[Value]) {
    for account in statement["accounts"].as_array().unwrap() {
        let own: Vec<&Value> =
            lines.iter().filter(|line| line["account_id"] == account["account_id"]).collect();
        let sum: i64 = own.iter().map(|line| int(line, "change_minor")).sum();
        let closing = int(account, "closing_minor");
        assert_eq!(int(account, "opening_minor") + sum, closing, "{account}");
        assert_eq!(int(account, "change_minor"), sum);
        if let (Some(newest), Some(oldest)) = (own.first(), own.last()) {
            assert_eq!(int(newest, "balance_minor"), closing);
            assert_eq!(
                int(oldest, "balance_minor") - int(oldest, "change_minor"),
                int(account, "opening_minor")
            );
        }
        for pair in own.windows(2) {
            assert_eq!(
                int(pair[0], "balance_minor") - int(pair[0], "change_minor"),
                int(pair[1], "balance_minor"),
                "no line is missing"
            );
        }
    }
}

/// Cells of a file without quoted cells.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(',').collect()).collect()
}

fn text_in(bytes: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// P20: three months of a creator: the balances hang together from month to month, page and files say the same, a month
/// without lines shows the balance that stands, and months that have not begun are refused.
#[test]
fn a_month_is_told_as_the_ledger_has_it_p20() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-05T10:00:00+08:00");
        let party = desk.creator("ann");
        desk.payable(&party, "ok");
        desk.top_up(10_000_000);
        for amount in [100_000, 70_000, 50_000, 30_000, 20_000] {
            desk.earn(&party, amount);
        }
        let id = desk.withdraw(&party, 40_000).ended(201).text("id").to_owned();
        wait_until("it is paid in March", 60, || {
            desk.client.get(&format!("/v1/withdrawals/{id}")).text("state") == "paid"
        });
        desk.move_to("2026-05-06T10:00:00+08:00");
        desk.earn(&party, 10_000);
        let path = |month: &str| format!("/v1/parties/{party}/statements/{month}");
        let (march, lines) = pages(&desk.client, &path("2026-03"));
        tied(&march, &lines);
        assert!(lines.len() > 5 && march["is_final"] == true, "{march}");
        let earnings = |statement: &Value| {
            let accounts = statement["accounts"].as_array().unwrap();
            accounts.iter().find(|account| account["kind"] == "earnings").unwrap().clone()
        };
        assert_eq!((int(&earnings(&march), "opening_minor"), &march["currency"]), (0, &json!("CNY")));
        assert!(lines.iter().any(|line| line["text"]["zh"] == "提现" && int(line, "change_minor") < 0));
        assert!(lines.iter().all(|line| line["text"]["en"] != ""), "{lines:?}");
        // April has no lines, May goes on from it.
        let (april, none) = pages(&desk.client, &path("2026-04"));
        assert_eq!(none, [] as [Value; 0]);
        let closing = int(&earnings(&march), "closing_minor");
        assert_eq!(
            (int(&earnings(&april), "opening_minor"), int(&earnings(&april), "closing_minor")),
            (closing, closing)
        );
        let (may, lines_of_may) = pages(&desk.client, &path("2026-05"));
        tied(&may, &lines_of_may);
        assert_eq!((int(&earnings(&may), "opening_minor"), &may["is_final"]), (closing, &json!(false)));
        let overview = desk.overview(&party);
        assert_eq!(int(&earnings(&may), "closing_minor"), int(&overview, "withdrawable_minor"));
        // Only one account of it.
        let one = format!("{}?account={}", path("2026-03"), earnings(&march)["account_id"].as_str().unwrap());
        desk.client.get(&one).ended(200);
        desk.client.get(&format!("{}?account=acc_0", path("2026-03"))).ended(400);
        for (month, status) in [("2026-06", 400), ("2026-13", 400), ("2026-3", 400), ("tomorrow", 400)] {
            desk.client.get(&path(month)).ended(status);
        }
        desk.client.get("/v1/parties/pty_01h455vb4pex5vsknk084sn02q/statements/2026-03").ended(404);
        files(&desk, &path("2026-03"), &march, &lines);
        let still = desk.client.text(&format!("{}/export", path("2026-04")));
        assert_eq!(still.lines().count(), 1 + 2 * april["accounts"].as_array().unwrap().len());
        desk.server.stop();
        place.verify(true);
    }
}

/// The files hold the lines of the pages, and each account's closing and opening balance around them.
fn files(desk: &Desk, path: &str, statement: &Value, lines: &[Value]) {
    let accounts = statement["accounts"].as_array().unwrap();
    let csv = desk.client.text(&format!("{path}/export"));
    let rows = rows(&csv);
    assert_eq!(rows.len(), 1 + 2 * accounts.len() + lines.len());
    let minor: i64 =
        rows[1..].iter().filter(|row| row[2] == "line").map(|row| row[7].parse::<i64>().unwrap()).sum();
    assert_eq!(minor, lines.iter().map(|line| int(line, "change_minor")).sum::<i64>());
    let ids: Vec<&str> = rows[1..].iter().filter(|row| row[2] == "line").map(|row| row[10]).collect();
    let expected: Vec<&str> = lines.iter().map(|line| line["transfer_id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected, "the same lines in the same order");
    assert_eq!((rows[1][2], rows.last().unwrap()[2]), ("closing", "opening"));
    let chinese = desk.client.text(&format!("{path}/export?lang=zh&bom=true"));
    assert!(chinese.starts_with("\u{feff}账户,") && chinese.contains("期初"), "{chinese}");
    let (status, headers, bytes) = desk.client.download(&format!("{path}/workbook?lang=zh"));
    assert_eq!(status, 200);
    assert!(headers["content-disposition"].ends_with(".xlsx\""), "{headers:?}");
    let sheet = text_in(&bytes, "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches("<row ").count(), rows.len(), "a row for each of the CSV file");
    assert!(sheet.contains("期末") && !sheet.contains("<f>"), "nothing is a formula");
    desk.client.get(&format!("{path}/workbook?lang=fr")).ended(400);
}

/// P20: a file of more lines than are read at a time is whole, in order, and ends with the opening balance.
#[test]
fn a_month_of_thousands_of_lines_is_streamed_whole_p20() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-05T10:00:00+08:00");
        let party = desk.creator("ann");
        let line = |amount: i64| {
            json!({
                "debit": { "owner": "platform", "kind": "clients.clearing" },
                "credit": { "owner": party, "kind": "earnings" }, "amount_minor": amount,
            })
        };
        for part in 0..3 {
            let transfers: Vec<Value> = (1..=900).map(|n| line(part * 900 + n)).collect();
            let made = desk.post("/v1/transfers/bulk", &json!({ "transfers": transfers })).ended(200);
            assert_eq!(made.int("made"), 900, "{}", made.body);
        }
        let path = format!("/v1/parties/{party}/statements/2026-03");
        let csv = desk.client.text(&format!("{path}/export"));
        let rows = rows(&csv);
        assert_eq!(rows.len(), 1 + 2 + 2_700);
        let changes: Vec<i64> = rows[2..2_702].iter().map(|row| row[7].parse().unwrap()).collect();
        assert!(changes.iter().rev().copied().eq(1..=2_700), "newest first, none missing, none twice");
        assert_eq!((rows[1][9], rows[2_702][9]), ("3646350", "0"));
        let (status, _, bytes) = desk.client.download(&format!("{path}/workbook"));
        assert_eq!(
            (status, text_in(&bytes, "xl/worksheets/sheet1.xml").matches("<row ").count()),
            (200, 2_703)
        );
    }
}
