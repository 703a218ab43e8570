//! Backup while the books are written to, restore, verify (P24, P3); two writers kept apart.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    fs::{self, File},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use purser_domain::{
    ids::Uid,
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    time::Zone,
};
use purser_engine::{
    Meta, Writer, call, clock::Clock, ids::IdSource, ledger::PostTransfers, rules::RulesSource,
};
use purser_storage::{migrate, sqlite};
use serde_json::json;
use support::{
    arg,
    http::Client,
    purser,
    world::{Place, Server},
};
use tempfile::TempDir;

fn writer(dir: &Path) -> Writer {
    fs::create_dir_all(dir).unwrap();
    let mut session = sqlite::open_writer(&dir.join("purser.db"), &sqlite::Options::default()).unwrap();
    migrate::migrate(&mut session).unwrap();
    let (ids, source) = (IdSource::system(), RulesSource::builtin());
    Writer::open(Box::new(session), Clock::system(), Zone::shanghai(), ids, source, "test").unwrap()
}

/// Posts groups of 50 transfers until told to stop; `done` counts what was acknowledged.
fn write(dir: &Path, stop: &AtomicBool, done: &AtomicU64) {
    let mut writer = writer(dir);
    let mut ids = IdSource::system();
    let clock = Clock::system();
    let clearing = AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY);
    let revenue = AccountRef::platform(AccountKind::RevenueServiceFee, Currency::CNY);
    while !stop.load(Ordering::SeqCst) {
        let transfers: Vec<_> = (1..=50)
            .map(|amount_minor| TransferRequest {
                id: ids.next(clock.machine()),
                step: Step::Post,
                debit: clearing.id(),
                credit: revenue.id(),
                amount_minor,
                currency: Currency::CNY,
                kind: TransferKind::Manual.code(),
                reference: Uid::NIL,
            })
            .collect();
        let accounts = vec![clearing.clone(), revenue.clone()];
        call(&mut writer, PostTransfers { transfers, atomic: true, accounts }, Meta::system())
            .unwrap()
            .unwrap();
        done.fetch_add(50, Ordering::SeqCst);
    }
}

fn lines(data: &Path) -> u64 {
    purser(&["verify", "--full", "--json", "--data", arg(data)]).ended(0).json()["lines"].as_u64().unwrap()
}

#[test]
fn a_backup_under_load_is_whole_and_restores_to_sound_books() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("books");
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| write(&data, &stop, &done));
        while done.load(Ordering::SeqCst) < 20_000 {
            std::thread::yield_now();
        }
        let outcome = std::panic::catch_unwind(|| {
            for round in 0..3 {
                let file = folder.path().join(format!("backup-{round}.db"));
                let before = done.load(Ordering::SeqCst);
                purser(&["backup", arg(&file), "--data", arg(&data)]).ended(0);
                let after = done.load(Ordering::SeqCst);
                assert!(after > before, "the writer goes on meanwhile");
                let restored = folder.path().join(format!("restored-{round}"));
                purser(&["restore", arg(&file), "--data", arg(&restored), "--json"]).ended(0);
                let lines = lines(&restored);
                assert!(before <= lines && lines <= after + 50, "{before} <= {lines} <= {after}");
            }
        });
        stop.store(true, Ordering::SeqCst);
        outcome.unwrap();
    });
    assert_eq!(lines(&data), done.load(Ordering::SeqCst));
}

#[test]
fn backup_and_restore_overwrite_nothing() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("books"), folder.path().join("backup.db"));
    purser(&["migrate", "--data", arg(&data)]).ended(0);
    purser(&["backup", arg(&file), "--data", arg(&data)]).ended(0);
    assert!(!folder.path().join("backup.db.unfinished").exists());
    purser(&["backup", arg(&file), "--data", arg(&data)]).ended(2);
    purser(&["restore", arg(&file), "--data", arg(&data)]).ended(2);
    purser(&["backup", arg(&folder.path().join("b")), "--data", arg(&folder.path().join("absent"))]).ended(3);
    purser(&["restore", arg(&folder.path().join("absent")), "--data", arg(&folder.path().join("new"))])
        .ended(3);
}

/// P24: without PostgreSQL's programs it is said what to install, and nothing is begun.
#[test]
fn a_backup_without_pg_dump_says_what_is_missing_p24() {
    let folder = TempDir::new().unwrap();
    let (file, url) = (folder.path().join("c"), "postgres://nobody@localhost/none");
    for verb in ["backup", "restore"] {
        fs::write(&file, b"x").unwrap();
        if verb == "backup" {
            fs::remove_file(&file).unwrap();
        }
        let ran = purser(&[verb, arg(&file), "--database", url, "--pg-bin", arg(folder.path())]).ended(2);
        assert!(ran.err.contains("postgresql-client") && ran.err.contains("--pg-bin"), "{}", ran.err);
    }
}

/// P24: the same two commands on PostgreSQL, while a server writes.
#[test]
fn a_database_is_backed_up_under_load_and_restored_p24() {
    let (Some(place), Some(new)) = (Place::postgres(), Place::postgres()) else { return };
    place.run(&["migrate", "--sandbox"]).ended(0);
    let key = place.key();
    let server = Server::start(&place);
    let client = server.client(&key);
    let party = |client: &Client, n: usize| {
        let new = json!({ "external_id": format!("p{n}"), "display_name": "P", "roles": ["creator"],
            "legal_form": "individual" });
        client.post("/v1/parties", &format!("party-{n}"), &new).ended(200).text("id").to_owned()
    };
    let known = party(&client, 0);
    let case = json!({ "party_id": known, "kind": "help", "summary": "see the paper" });
    let case = client.post("/v1/cases", "case", &case).ended(201);
    let paper = format!("/v1/parties/{known}/cases/{}/attachments?name=paper.pdf", case.text("id"));
    client.upload(&paper, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n").ended(201);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("books.dump");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (other, stop) = (server.client(&key), &stop);
        scope.spawn(move || {
            let mut n = 0;
            while !stop.load(Ordering::SeqCst) {
                n += 1;
                drop(party(&other, n));
            }
        });
        let ran = place.run(&["backup", arg(&file), "--json"]);
        stop.store(true, Ordering::SeqCst);
        assert!(ran.ended(0).json()["bytes"].as_u64().unwrap() > 0);
    });
    server.stop();
    place.run(&["backup", arg(&file)]).ended(2);
    place.run(&["restore", arg(&file)]).ended(2);
    new.run(&["restore", arg(&file), "--json"]).ended(0);
    new.verify(true);
    let server = Server::start(&new);
    let client = server.client(&key);
    assert_eq!(client.get(&format!("/v1/parties/{known}")).ended(200).text("external_id"), "p0");
    server.stop();
    fs::write(&file, b"PGDMP and nothing else").unwrap();
    let empty = Place::postgres().unwrap();
    let ran = empty.run(&["restore", arg(&file)]).ended(1);
    assert!(ran.err.contains("pg_restore"), "{}", ran.err);
    empty.run(&["restore", arg(&folder.path().join("absent"))]).ended(3);
    // A mistyped URL: there is nothing to back up.
    let ran = empty.run(&["backup", arg(&folder.path().join("nothing"))]).ended(2);
    assert!(ran.err.contains("no books of Purser"), "{}", ran.err);
}

#[test]
fn a_damaged_backup_is_found_out() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("books"), folder.path().join("backup.db"));
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| write(&data, &stop, &done));
        while done.load(Ordering::SeqCst) < 2_000 {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::SeqCst);
    });
    purser(&["backup", arg(&file), "--data", arg(&data)]).ended(0);
    let mut bytes = fs::read(&file).unwrap();
    // Whole pages: a few bytes might fall where a page holds nothing.
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 4 * 4_096].fill(0xa5);
    let damaged = folder.path().join("damaged.db");
    fs::write(&damaged, &bytes).unwrap();
    let ran = purser(&["restore", arg(&damaged), "--data", arg(&folder.path().join("damaged"))]);
    assert!(ran.code == 1 || ran.code == 3, "{} {}", ran.code, ran.err);
    fs::write(&damaged, &bytes[..4_096 * 3]).unwrap();
    let ran = purser(&["restore", arg(&damaged), "--data", arg(&folder.path().join("short"))]);
    assert!(ran.code == 1 || ran.code == 3, "{} {}", ran.code, ran.err);
}

#[test]
fn incremental_verification_goes_on_where_the_last_one_ended() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("books");
    let load = |until| {
        let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| write(&data, &stop, &done));
            while done.load(Ordering::SeqCst) < until {
                std::thread::yield_now();
            }
            stop.store(true, Ordering::SeqCst);
        });
        done.load(Ordering::SeqCst)
    };
    let verify = || purser(&["verify", "--incremental", "--json", "--data", arg(&data)]).ended(0).json();
    let first = load(500);
    let report = verify();
    assert_eq!((report["incremental"].as_bool(), report["lines"].as_u64()), (Some(false), Some(first)));
    let second = load(300);
    let report = verify();
    assert_eq!((report["incremental"].as_bool(), report["lines"].as_u64()), (Some(true), Some(second)));
    assert_eq!(lines(&data), first + second);
}

#[test]
fn one_writer_at_a_time_has_a_folder() {
    let folder = TempDir::new().unwrap();
    let data = arg(folder.path());
    purser(&["migrate", "--sandbox", "--data", data]).ended(0);
    let lock = File::create(folder.path().join("purser.lock")).unwrap();
    lock.lock().unwrap();
    let ran = purser(&["clock", "advance", "1d", "--data", data]).ended(3);
    assert!(ran.err.contains("in use by another purser"), "{}", ran.err);
    purser(&["migrate", "--data", data]).ended(3);
    purser(&["clock", "show", "--data", data]).ended(0);
    purser(&["verify", "--data", data]).ended(0);
    lock.unlock().unwrap();
    purser(&["clock", "advance", "1d", "--data", data]).ended(0);
}
