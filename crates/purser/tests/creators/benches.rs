//! The benches of withdrawals, of clicks and of the month close run to their end on both databases, with codes and sound books (P8,
//! A4, A10, X15), and those of the ledger with every figure that is promised; their figures need a release build and a quiet machine.

use std::process::Command;

use crate::support::world::Place;

#[test]
fn withdrawals_are_measured_with_their_codes_p8() {
    for place in Place::all() {
        let run =
            place.run(&["bench", "withdrawals", "--withdrawals", "300", "--connections", "8", "--json"]);
        let figures = run.ended(0).json();
        let int = |name: &str| figures[name].as_i64().unwrap_or_else(|| panic!("no {name} in {figures}"));
        assert_eq!((int("creators"), &figures["verify"]), (300, &serde_json::json!("ok")));
        assert_eq!(int("made") + int("refused") + int("replayed"), int("answered"));
        assert!(int("refused") > 0 && int("replayed") > 0 && int("withdrawals_per_s") > 0, "{figures}");
    }
}

#[test]
fn a_month_is_closed_for_all_of_its_creators_x15() {
    for place in Place::all() {
        let run = place.run(&["bench", "month-close", "--creators", "300", "--json"]);
        let figures = run.ended(0).json();
        assert_eq!((&figures["creators"], &figures["verify"]), (&300.into(), &"ok".into()), "{figures}");
    }
}

/// A small run of each: stops are heard of, and the hourly report counts the clicks of days that are over.
#[test]
fn clicks_are_measured_with_their_stops_and_reports_a4_a10() {
    for place in Place::all() {
        let bulk = [
            "bench",
            "charges",
            "--transfers",
            "6000",
            "--batch",
            "500",
            "--ledger-transfers",
            "2000",
            "--json",
        ];
        let stops = [&bulk[..], &["--advertisers", "20", "--stops", "10", "--singles", "300"]].concat();
        let figures = place.fresh().run(&stops).ended(0).json();
        let int = |figures: &serde_json::Value, name: &str| {
            figures[name].as_i64().unwrap_or_else(|| panic!("no {name} in {figures}"))
        };
        for name in [
            "charges_per_s",
            "first_million_per_s",
            "last_million_per_s",
            "single_charges_per_s",
            "replayed",
            "refused",
        ] {
            assert!(int(&figures, name) > 0, "{name}: {figures}");
        }
        assert_eq!((int(&figures, "stops"), &figures["verify"]), (10, &"ok".into()), "{figures}");
        for name in ["stop_after_commit_p99_ms", "stop_after_receipt_p99_ms"] {
            assert!(figures[name].as_f64().is_some_and(|ms| ms > 0.0), "{name}: {figures}");
        }
        let reports =
            ["--advertisers", "1", "--hours", "48", "--reports", "5", "--singles", "0", "--random-ids"];
        let figures = place.fresh().run(&[&bulk[..], &reports].concat()).ended(0).json();
        assert_eq!(int(&figures, "reported_clicks"), int(&figures, "charged"), "{figures}");
        assert!(
            int(&figures, "reported_hours") >= 12 && figures["hourly_report_p99_ms"].is_number(),
            "{figures}"
        );
    }
}

/// What every bench of the ledger prints.
const FIGURES: [&str; 12] = [
    "transfers_per_s",
    "p50_ms",
    "p99_ms",
    "rss_peak_bytes",
    "bytes_per_transfer",
    "accounts",
    "batch",
    "connections",
    "engine",
    "syncs",
    "fdatasync_p50_us",
    "bare_sqlite_per_s",
];

/// P1: small runs of both, with the flags that make them harder; the books that they leave are sound.
#[test]
fn transfers_are_measured_with_every_figure_p1() {
    for place in Place::all() {
        let ledger = ["bench", "ledger", "--accounts", "200", "--transfers", "20000", "--batch", "500"];
        let http = ["bench", "http", "--accounts", "50", "--transfers", "1500", "--connections", "8"];
        for (mut args, flags) in [
            (ledger.to_vec(), &["--connections", "2"][..]),
            (ledger.to_vec(), &["--hot", "--random-ids"][..]),
            (http.to_vec(), &[][..]),
            (http.to_vec(), &["--hot", "--random-ids"][..]),
        ] {
            args.extend(flags);
            args.push("--json");
            // Each on books of its own: the accounts of the benches have the same names.
            let figures = place.fresh().run(&args).ended(0).json();
            for name in FIGURES {
                assert!(!figures[name].is_null(), "{args:?}: no {name} in {figures}");
            }
            let int = |name: &str| figures[name].as_i64().unwrap_or_else(|| panic!("no {name} in {figures}"));
            for name in
                ["transfers_per_s", "rss_peak_bytes", "bytes_per_transfer", "syncs", "bare_sqlite_per_s"]
            {
                assert!(int(name) > 0, "{args:?}: {name} in {figures}");
            }
            assert_eq!((&figures["engine"], &figures["verify"]), (&place.engine().into(), &"ok".into()));
            if place.engine() == "sqlite" {
                assert!(int("syncs") >= int("commits"), "{figures}");
            }
        }
    }
}

/// What is counted is what the system was asked for: every commit waited for the disk.
#[test]
fn every_commit_waits_for_the_disk_p1() {
    if std::env::var("PURSER_LONG").is_err() || Command::new("strace").arg("-V").output().is_err() {
        return crate::support::skipped("counting fdatasync takes PURSER_LONG=1 and strace");
    }
    let place = Place::folder();
    let traced = Command::new("strace")
        .args(["-f", "-c", "-e", "trace=fdatasync,fsync"])
        .arg(crate::support::binary())
        .args(["bench", "ledger", "--accounts", "200", "--transfers", "20000", "--batch", "100", "--json"])
        .args(place.flags())
        .output()
        .unwrap();
    let figures: serde_json::Value = serde_json::from_slice(&traced.stdout).unwrap();
    let table = String::from_utf8(traced.stderr).unwrap();
    let calls = |name: &str| {
        let line = table.lines().find(|line| line.trim_end().ends_with(name))?;
        line.split_whitespace().nth(3)?.parse::<i64>().ok()
    };
    let waits = calls("fdatasync").unwrap_or(0) + calls(" fsync").unwrap_or(0);
    assert!(waits >= figures["syncs"].as_i64().unwrap(), "{waits} calls: {table}\n{figures}");
}
