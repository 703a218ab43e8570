//! Policy, calendar and clock through the real binary (P4, P5, P21), and the exit codes.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::fs;

use purser_domain::policy::DEFAULT_PACK;
use support::{arg, purser};
use tempfile::TempDir;

/// The built-in pack with a further entry.
fn pack(key: &str, row: &str, from: &str, value: i64) -> String {
    format!(
        "{DEFAULT_PACK}\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\n\
         source = \"test\"\n"
    )
}

#[test]
fn help_teaches_every_command() {
    let all = purser(&["--help"]).ended(0);
    assert!(all.out.contains("Exit codes:"), "{}", all.out);
    for words in [
        "backup",
        "restore",
        "migrate",
        "verify",
        "policy check",
        "policy explain",
        "policy list",
        "policy activate",
        "calendar show",
        "calendar due",
        "calendar import",
        "clock show",
        "clock advance",
        "clock set",
        "float top-up",
        "sandbox faults",
        "sandbox alipay",
        "serve",
        "demo",
        "import task-orders",
        "import shops",
        "import credit-orders",
        "report earnings",
        "report credit",
        "keys create",
        "keys list",
        "keys revoke",
        "staff create",
        "month close",
        "secrets new",
        "secrets rotate",
        "secrets reseal",
        "bench ledger",
        "bench http",
    ] {
        let mut args: Vec<&str> = words.split(' ').collect();
        args.push("--help");
        let help = purser(&args).ended(0).out;
        assert!(help.contains("Example"), "{words}: {help}");
    }
}

#[test]
fn wrong_usage_and_unusable_books_have_their_own_codes() {
    let folder = TempDir::new().unwrap();
    purser(&["policy", "explain", "no.such.key"]).ended(2);
    purser(&["calendar", "due", "today", "1"]).ended(2);
    purser(&["clock", "advance", "soon", "--data", arg(folder.path())]).ended(2);
    assert!(purser(&["verify"]).ended(2).err.contains("--data DIR"));
    purser(&["verify", "--data", arg(&folder.path().join("absent"))]).ended(3);
    fs::write(folder.path().join("purser.db"), "this is no database, however long one looks at it").unwrap();
    purser(&["verify", "--data", arg(folder.path())]).ended(3);
    purser(&["migrate", "--data", arg(folder.path())]).ended(3);
}

#[test]
fn a_policy_file_is_checked_with_places_and_hints() {
    let folder = TempDir::new().unwrap();
    let (good, bad) = (folder.path().join("good.toml"), folder.path().join("bad.toml"));
    fs::write(&good, DEFAULT_PACK).unwrap();
    fs::write(&bad, DEFAULT_PACK.replacen("key = \"bulk.items\"", "key = \"bulk.itms\"", 1)).unwrap();
    assert!(purser(&["policy", "check", arg(&good)]).ended(0).out.contains("good"));
    let ran = purser(&["policy", "check", arg(&good), arg(&bad)]).ended(1);
    let line = DEFAULT_PACK.lines().position(|line| line == "key = \"bulk.items\"").unwrap() + 1;
    assert!(
        ran.out.contains(&format!("bad.toml:{line}:")) && ran.out.contains("did you mean `bulk.items`"),
        "{}",
        ran.out
    );
    let json = purser(&["policy", "check", "--json", arg(&bad)]).ended(1).json();
    assert_eq!(json["good"], false);
    assert!(json["issues"].as_array().unwrap().iter().any(|issue| issue["line"] == line), "{json}");
    purser(&["policy", "check", arg(&folder.path().join("absent.toml"))]).ended(1);
}

#[test]
fn the_built_in_rules_answer_without_books() {
    let ran =
        purser(&["policy", "explain", "settlement.service_fee.independent", "--at", "2019-09-07", "--json"]);
    assert_eq!(ran.ended(0).json()["value"], "0 %");
    let ran = purser(&["policy", "explain", "settlement.service_fee.independent", "--at", "2019-09-08"]);
    assert!(ran.ended(0).out.contains("is 5 %"));
    assert_eq!(purser(&["calendar", "due", "2026-02-13", "2"]).ended(0).out, "2026-02-24\n");
    let missing = purser(&["calendar", "due", "2026-12-31", "1"]).ended(1);
    assert!(missing.err.contains("calendar_missing"), "{}", missing.err);
    let year = purser(&["calendar", "show", "2026", "--json"]).ended(0).json();
    assert_eq!(year["working_days"], 248);
    assert!(purser(&["calendar", "show", "2026-02"]).ended(0).out.contains("2026-02-14 Sat  make-up day"));
    let keys = purser(&["policy", "list", "--json"]).ended(0).json();
    assert!(keys["keys"].as_array().unwrap().len() > 50);
}

#[test]
fn a_policy_is_activated_by_two_people_and_a_year_imported() {
    let folder = TempDir::new().unwrap();
    let data = arg(folder.path());
    let (file, soon) = (folder.path().join("next.toml"), folder.path().join("soon.toml"));
    fs::write(&file, pack("bulk.items", "P19", "2026-01-01", 500)).unwrap();
    fs::write(&soon, pack("withdrawal.minimum", "G", "2026-01-01", 500)).unwrap();
    let activate = |file, by, approved_by| {
        purser(&["policy", "activate", file, "--by", by, "--approved-by", approved_by, "--data", data])
    };
    assert!(activate(arg(&file), "li", "Li").ended(1).err.contains("approval_same_person"));
    assert!(activate(arg(&soon), "li", "wang").ended(1).err.contains("policy_short_notice"));
    let ran = activate(arg(&file), "li", "wang").ended(0);
    assert!(ran.out.contains("bulk.items from 2026-01-01: nothing -> 500"), "{}", ran.out);
    let versions = purser(&["policy", "list", "--versions", "--json", "--data", data]).ended(0).json();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    let explained = purser(&["policy", "explain", "bulk.items", "--json", "--data", data]).ended(0).json();
    assert_eq!(explained["value"], "500");
    let year = folder.path().join("2027.toml");
    fs::write(&year, "year = 2027\nsource = \"a notice\"\noff = [\"2027-01-01\", \"2026-12-31\"]\n").unwrap();
    let ran = purser(&["calendar", "import", arg(&year), "--data", data]).ended(1);
    assert!(ran.err.contains("2027.toml:3:"), "{}", ran.err);
    fs::write(&year, "year = 2027\nsource = \"a notice\"\noff = [\"2027-01-01\"]\n").unwrap();
    purser(&["calendar", "import", arg(&year), "--data", data, "--by", "li"]).ended(0);
    assert_eq!(purser(&["calendar", "due", "2026-12-31", "1", "--data", data]).ended(0).out, "2027-01-04\n");
    purser(&["verify", "--data", data]).ended(0);
}

#[test]
fn the_clock_moves_in_a_sandbox_only() {
    let folder = TempDir::new().unwrap();
    let (live, sandbox) = (folder.path().join("live"), folder.path().join("sandbox"));
    purser(&["migrate", "--data", arg(&live)]).ended(0);
    assert!(purser(&["clock", "advance", "1d", "--data", arg(&live)]).ended(1).err.contains("not_sandbox"));
    let data = arg(&sandbox);
    purser(&["migrate", "--sandbox", "--data", data]).ended(0);
    purser(&["clock", "set", "2090-03-01", "--data", data]).ended(0);
    let moved = purser(&["clock", "advance", "1d12h", "--data", data, "--json"]).ended(0).json();
    assert!(moved["after"].as_str().unwrap().starts_with("2090-03-02T0"), "{moved}");
    let shown = purser(&["clock", "show", "--data", data, "--json"]).ended(0).json();
    assert_eq!(
        (shown["business_date"].as_str(), shown["sandbox"].as_bool()),
        (Some("2090-03-02"), Some(true))
    );
    assert!(
        purser(&["clock", "set", "2090-03-01", "--data", data]).ended(1).err.contains("clock_not_forward")
    );
}

#[test]
fn the_same_commands_work_on_postgresql() {
    let Ok(admin_url) = std::env::var("PURSER_TEST_POSTGRES") else {
        support::skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set");
        return;
    };
    let folder = TempDir::new().unwrap();
    let database = support::Database::create(&admin_url, folder.path());
    let url = database.url.as_str();
    let (next, year, state) =
        (folder.path().join("next.toml"), folder.path().join("2027.toml"), folder.path().join("verified"));
    fs::write(&next, pack("bulk.items", "P19", "2026-01-01", 500)).unwrap();
    fs::write(&year, "year = 2027\nsource = \"a notice\"\noff = [\"2027-01-01\"]\n").unwrap();
    assert_eq!(
        purser(&["migrate", "--sandbox", "--json", "--database", url]).ended(0).json()["engine"],
        "postgres"
    );
    purser(&["clock", "set", "2090-03-01", "--database", url]).ended(0);
    let shown = purser(&["clock", "show", "--database", url, "--json"]).ended(0).json();
    assert_eq!(shown["business_date"], "2090-03-01");
    let activate =
        ["policy", "activate", arg(&next), "--by", "li", "--approved-by", "wang", "--database", url];
    purser(&activate).ended(0);
    let explained = purser(&["policy", "explain", "bulk.items", "--json", "--database", url]).ended(0).json();
    assert_eq!(explained["value"], "500");
    purser(&["calendar", "import", arg(&year), "--database", url]).ended(0);
    assert_eq!(
        purser(&["calendar", "due", "2026-12-31", "1", "--database", url]).ended(0).out,
        "2027-01-04\n"
    );
    purser(&["verify", "--state", arg(&state), "--database", url]).ended(0);
    let again = purser(&["verify", "--incremental", "--state", arg(&state), "--json", "--database", url]);
    assert_eq!(again.ended(0).json()["incremental"], true);
    purser(&["verify", "--database", "postgres://nobody@127.0.0.1:1/none"]).ended(3);
}

#[test]
fn float_is_topped_up_once_and_live_books_have_no_fault_dial() {
    // P12 and P21.
    let folder = TempDir::new().unwrap();
    let (live, sandbox) = (folder.path().join("live"), folder.path().join("sandbox"));
    purser(&["migrate", "--data", arg(&live)]).ended(0);
    assert!(purser(&["sandbox", "faults", "1", "--data", arg(&live)]).ended(1).err.contains("not_sandbox"));
    let data = arg(&sandbox);
    purser(&["migrate", "--sandbox", "--data", data]).ended(0);
    purser(&["sandbox", "faults", "300000", "--data", data]).ended(0);
    let wrong = purser(&["sandbox", "faults", "1000001", "--data", data]).ended(1);
    assert!(wrong.err.contains("fault_rate_invalid"), "{}", wrong.err);
    let top_up = |rail, amount| {
        let args = ["--amount-minor", amount, "--reference", "bank-1", "--data", data, "--json"];
        purser(&[&["float", "top-up", "--rail", rail], args.as_slice()].concat())
    };
    let first = top_up("sandbox", "5000").ended(0).json();
    assert_eq!((first["new"].as_bool(), first["float_minor"].as_i64()), (Some(true), Some(5000)));
    let again = top_up("sandbox", "5000").ended(0).json();
    assert_eq!((again["new"].as_bool(), again["float_minor"].as_i64()), (Some(false), Some(5000)));
    assert!(top_up("sandbox", "6000").ended(1).err.contains("id_reused"));
    assert!(top_up("moon", "5000").ended(1).err.contains("rail_unknown"));
}
