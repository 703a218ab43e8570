//! A replay of pay-later orders that is killed again and again ends where one ends that ran through (C8, C11, P1).

use std::{
    fmt::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use purser_domain::time::{DAY, HOUR, Timestamp};
use purser_storage::Statement;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    binary,
    world::{Place, ints, wait_until},
};

static ORDERS: Statement = Statement { name: "test.orders", sql: "SELECT COUNT(*) FROM credit_orders" };

/// Orders of the file: about four a day.
const COUNT: i64 = 160;
/// Shops that take turns.
const SHOPS: i64 = 5;

/// Shops, and orders of six weeks: most are shipped and paid, some refunded, some called off, some never shipped.
fn files(folder: &TempDir) -> (PathBuf, PathBuf) {
    let begun: Timestamp = "2026-01-05T09:00:00+08:00".parse().unwrap();
    let mut shops = "merchant_id,level,opened_at,credit_evaluation_minor\n".to_owned();
    for n in 0..SHOPS {
        // The limits of some are far too small.
        writeln!(shops, "s{n},{},2025-09-10T09:00:00+08:00,{}", n + 1, n * n * 20_000).unwrap();
    }
    let mut orders =
        "order_id,merchant_id,amount_minor,authorised_at,shipped_at,paid_at,cancelled_at\n".to_owned();
    for n in 0..COUNT {
        let authorised = begun.plus(n / 4 * DAY + n % 4 * HOUR);
        let shipped = (n % 7 != 3).then(|| authorised.plus((1 + n % 5) * DAY));
        let paid = shipped.filter(|_| n % 3 != 0).map(|at| at.plus((2 + n % 6) * DAY));
        let cancelled = (n % 11 == 0).then(|| shipped.unwrap_or(authorised).plus(8 * DAY));
        let show = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
        let (seller, amount) = (n % SHOPS, 1_017 + n * 7_919 % 60_000);
        let [shipped, paid, cancelled] = [shipped, paid, cancelled].map(show);
        writeln!(orders, "o{n},s{seller},{amount},{authorised},{shipped},{paid},{cancelled}").unwrap();
    }
    let written = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    (written("shops.csv", shops), written("orders.csv", orders))
}

fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn stored(place: &Place) -> i64 {
    ints(place.reader().as_mut(), &ORDERS, 1)[0][0]
}

/// Runs the replay and kills it once so many orders are stored; whether it was killed, and not done before.
fn killed_at(place: &Place, orders: &Path, least: i64) -> bool {
    let mut command = Command::new(binary());
    command.args(["import", "credit-orders", arg(orders), "--replay"]).args(place.flags());
    command.env_remove("PURSER_DATA").env_remove("PURSER_DATABASE");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("so many orders", 600, || stored(place) >= least || child.try_wait().unwrap().is_some());
    // It may have ended in this moment.
    let _ = child.kill();
    child.wait().unwrap().signal() == Some(9)
}

fn report(place: &Place) -> Value {
    let mut report = place.run(&["report", "credit", "--json"]).ended(0).json();
    report.as_object_mut().unwrap().remove("as_of");
    report
}

/// What became of the orders, and what the limits did to them: an order is decided by the limit of its day, also while the
/// daily job is still a dead server's.
const TOTALS: [&str; 15] = [
    "reserved_minor",
    "used_minor",
    "due_minor",
    "liability_minor",
    "rows",
    "merchants",
    "authorised_minor",
    "shipped",
    "shipped_minor",
    "paid",
    "paid_minor",
    "cancelled_before_shipping",
    "cancelled_after_shipping_minor",
    "authorised_never_shipped_minor",
    "shipped_unpaid_minor",
];

#[test]
fn a_replay_that_was_killed_goes_on_where_it_was_c8_c11_p1() {
    let folder = TempDir::new().unwrap();
    let (shops, orders) = files(&folder);
    let begin = |place: &Place| {
        place.run(&["import", "shops", arg(&shops), "--replay"]).ended(0);
    };
    let replay = |place: &Place| {
        place.run(&["import", "credit-orders", arg(&orders), "--replay", "--json"]).ended(0).json()
    };
    let through = Place::folder();
    begin(&through);
    let whole = replay(&through);
    assert_eq!((&whole["changed"], &whole["refused"]), (&COUNT.into(), &0.into()), "{whole}");
    let expected = report(&through);
    for place in Place::all() {
        begin(&place);
        let kills = [20, 60, 100].map(|least| killed_at(&place, &orders, least));
        assert!(kills.contains(&true), "every run was faster than its kill");
        place.verify(true);
        let rest = replay(&place);
        assert_eq!((&rest["rows"], &rest["refused"]), (&COUNT.into(), &0.into()), "{rest}");
        assert_eq!(replay(&place)["changed"], 0);
        let found = report(&place);
        for key in TOTALS {
            assert!(expected[key].is_number(), "{key} of {expected}");
            assert_eq!(found[key], expected[key], "{key} on {}", place.engine());
        }
        // Nobody else can hold the jobs of a folder, so its evaluations too are those of a replay that ran through.
        if matches!(place, Place::Folder(_)) {
            assert_eq!(found, expected);
        }
        place.verify(true);
    }
}
