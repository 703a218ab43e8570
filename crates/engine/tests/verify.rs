//! Verification (P3): sound books pass, and every kind of tampering is found and placed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ledger_runs;

use std::path::{Path, PathBuf};

use ledger_runs::{PostgresDatabase, Run, platform, reader, tamper};
use purser_domain::{
    ledger::{AccountKind, AccountRef},
    time::Zone,
};
use purser_engine::verify::{
    Finding, FindingKind as Kind, Invariant, Report, VerifiedState, verify_full, verify_incremental,
};
use purser_engine::{Command, Ctx, Needs, Rejection, Tx};
use purser_storage::{Fault, Session};
use tempfile::TempDir;

fn full(path: &Path) -> Report {
    verify_full(&mut reader(path), &Zone::shanghai(), &[], &mut |_| {}).unwrap()
}

fn incremental(path: &Path, since: &VerifiedState) -> Report {
    verify_incremental(&mut reader(path), &Zone::shanghai(), since, &[], &mut |_| {}).unwrap()
}

fn sound(report: &Report) -> VerifiedState {
    assert!(report.is_sound(), "{:#?}", report.findings);
    report.verified.clone().unwrap()
}

struct Files {
    _dir: TempDir,
    base: PathBuf,
    dir: PathBuf,
}

impl Files {
    /// Runs `groups` groups into a file of its own.
    fn built(seed: u64, lanes: u64, groups: u64) -> (Self, Run) {
        let dir = TempDir::new().unwrap();
        let base = dir.path().join("base.db");
        let mut run = Run::new(&base, seed, lanes);
        run.random_groups(groups);
        let files = Self { base, dir: dir.path().to_owned(), _dir: dir };
        (files, run)
    }

    fn copy(&self, name: &str, sql: &str) -> PathBuf {
        let path = self.dir.join(format!("{name}.db"));
        let quoted = path.display().to_string();
        tamper(&self.base, &format!("VACUUM INTO '{quoted}'"));
        tamper(&path, sql);
        path
    }

    fn text(&self, sql: &str) -> String {
        let session = reader(&self.base);
        session.connection().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    }
}

/// A line in the middle of the journal, as hex.
const MIDDLE: &str = "SELECT hex(id) FROM transfers WHERE step = 0 ORDER BY id LIMIT 1 OFFSET 300";

#[track_caller]
fn finds(report: &Report, kind: Kind, place: &str) {
    let first = report.first().unwrap_or_else(|| panic!("nothing was found, {kind:?} expected"));
    assert_eq!(first.kind, kind, "{:#?}", report.findings);
    assert!(first.place.contains(place), "{} should name {place}", first.place);
    assert!(report.verified.is_none());
}

/// The text form of an id that is given as hex.
fn shown(prefix: &str, hex: &str) -> String {
    let bytes: Vec<u8> = (0..16).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
    purser_domain::ids::Uid(bytes.try_into().unwrap()).with_prefix(prefix)
}

#[test]
fn sound_books_pass_on_one_lane_and_on_several() {
    for (seed, lanes) in [(1, 1), (2, 3), (3, 2)] {
        let (files, _run) = Files::built(seed, lanes, 300);
        let report = full(&files.base);
        sound(&report);
        assert_eq!(report.lanes, lanes);
        assert_eq!(report.walked.groups, report.walked.of_groups);
        assert!(report.walked.lines > 500 && report.holds > 20 && report.checkpoints > 5, "{report:?}");
    }
}

#[test]
fn a_live_database_is_verified_as_of_one_instant() {
    let (files, mut run) = Files::built(5, 1, 50);
    let mut session = reader(&files.base);
    let mut told = 0;
    let report = verify_full(&mut session, &Zone::shanghai(), &[], &mut |progress| {
        told += 1;
        assert!(progress.groups <= progress.of_groups);
        run.random_groups(5);
    });
    sound(&report.unwrap());
    assert!(told > 0);
    sound(&full(&files.base));
}

#[test]
fn a_changed_amount_is_found_at_its_transfer() {
    let (files, _run) = Files::built(11, 1, 200);
    let id = files.text(MIDDLE);
    let path = files.copy("amount", &format!("UPDATE transfers SET amount = amount + 1 WHERE id = x'{id}'"));
    finds(&full(&path), Kind::LineBalance, &shown("tr", &id));
}

#[test]
fn a_changed_reference_is_found_at_its_group() {
    let (files, _run) = Files::built(12, 1, 200);
    let id = files.text(MIDDLE);
    let group =
        files.text(&format!("SELECT CAST(grp & 1099511627775 AS TEXT) FROM transfers WHERE id = x'{id}'"));
    let path = files.copy("reference", &format!("UPDATE transfers SET kind = 2 WHERE id = x'{id}'"));
    finds(&full(&path), Kind::GroupHash, &format!("lane 1, group {group}"));
}

#[test]
fn a_deleted_row_is_found() {
    let (files, _run) = Files::built(13, 1, 200);
    let id = files.text(MIDDLE);
    let path = files.copy("deleted", &format!("DELETE FROM transfers WHERE id = x'{id}'"));
    finds(&full(&path), Kind::LineMissing, &shown("tr", &id));
}

#[test]
fn an_inserted_row_is_found_by_name() {
    let (files, _run) = Files::built(14, 1, 200);
    let id = files.text(MIDDLE);
    let path = files.copy(
        "inserted",
        &format!(
            "INSERT INTO transfers SELECT x'0123456789abcdef0123456789abcdef', at, grp, kind, step, debit, credit, \
             amount, debit_after, credit_after, debit_prev, credit_prev, of_id, reference \
             FROM transfers WHERE id = x'{id}'"
        ),
    );
    finds(&full(&path), Kind::LineExtra, &shown("tr", "0123456789abcdef0123456789abcdef"));
}

#[test]
fn a_changed_balance_is_found_at_its_account() {
    let (files, _run) = Files::built(15, 1, 200);
    let id = ledger_runs::party(3).id();
    let hex = ledger_runs::hex(id);
    let path =
        files.copy("balance", &format!("UPDATE accounts SET posted = posted + 100 WHERE id = x'{hex}'"));
    finds(&full(&path), Kind::AccountBalance, &id.to_string());
    let kinds: Vec<Kind> = full(&path).findings.iter().map(|f| f.kind).collect();
    assert!(kinds.contains(&Kind::TrialBalance), "{kinds:?}");
    for (name, set, kind) in [
        ("held", "held_out = held_out + 1", Kind::AccountHeld),
        ("entries", "entries = entries + 1", Kind::AccountEntries),
        ("at", "last_at = last_at + 1", Kind::AccountLast),
        ("day", "day_opening = day_opening + 1", Kind::AccountDay),
        ("floor", "flags = flags & ~2", Kind::AccountInfo),
    ] {
        let path = files.copy(name, &format!("UPDATE accounts SET {set} WHERE id = x'{hex}'"));
        finds(&full(&path), kind, &id.to_string());
    }
}

#[test]
fn swapped_groups_are_found_at_the_first_of_them() {
    let (files, _run) = Files::built(16, 1, 200);
    let path = files.copy(
        "swapped",
        "UPDATE groups SET seq = -1 WHERE seq = 77; UPDATE groups SET seq = 77 WHERE seq = 78; \
         UPDATE groups SET seq = 78 WHERE seq = -1",
    );
    finds(&full(&path), Kind::GroupLink, "lane 1, group 77");
}

#[test]
fn a_cut_tail_is_found_although_the_lane_looks_whole() {
    let (files, _run) = Files::built(17, 1, 200);
    // Far enough back that a checkpoint has seen what is gone.
    let cut = "DELETE FROM transfers WHERE (grp & 1099511627775) > 150; \
               DELETE FROM audit WHERE (grp & 1099511627775) > 150; DELETE FROM groups WHERE seq > 150; \
               UPDATE lanes SET seq = 150, hash = (SELECT hash FROM groups WHERE seq = 150);";
    let path = files.copy("cut", cut);
    finds(&full(&path), Kind::CheckpointHead, "checkpoint 4");
    let path = files.copy("cut_more", &format!("{cut} DELETE FROM checkpoints WHERE seq > 3;"));
    let report = full(&path);
    assert!(report.findings.iter().all(|f| f.kind != Kind::CheckpointHead), "{:#?}", report.findings);
    finds(&report, Kind::AccountBalance, "account acc_");
    let path = files.copy("cut_head", "DELETE FROM groups WHERE seq > 150");
    finds(&full(&path), Kind::LaneHead, "lane 1");
}

#[test]
fn changed_and_added_audit_entries_are_found() {
    let (files, _run) = Files::built(18, 1, 200);
    let path =
        files.copy("audit", "UPDATE audit SET actor = 'staff:somebody' WHERE (grp & 1099511627775) = 33");
    finds(&full(&path), Kind::GroupHash, "lane 1, group 33");
    let path = files.copy("audit_gone", "DELETE FROM audit WHERE (grp & 1099511627775) = 33");
    finds(&full(&path), Kind::GroupAudits, "lane 1, group 33");
    let path = files.copy(
        "audit_new",
        "INSERT INTO audit SELECT grp + 10000, n, at, actor, action, subject, facts FROM audit LIMIT 1",
    );
    finds(&full(&path), Kind::AuditExtra, "audit entry 0");
}

#[test]
fn changed_holds_days_and_entry_points_are_found() {
    let (files, _run) = Files::built(19, 1, 200);
    let hold = files.text("SELECT hex(id) FROM holds WHERE state = 0 LIMIT 1");
    let path =
        files.copy("hold", &format!("UPDATE holds SET remaining = remaining - 1 WHERE id = x'{hold}'"));
    let report = full(&path);
    finds(&report, Kind::HoldRow, &shown("tr", &hold));
    assert_eq!(report.findings_total, 1, "a changed row is one finding");
    let clearing = platform(AccountKind::ClientsClearing).id();
    let hex = ledger_runs::hex(clearing);
    let day = files.text(&format!(
        "SELECT day FROM account_days WHERE account = x'{hex}' ORDER BY day LIMIT 1 OFFSET 5"
    ));
    let wher = format!("WHERE account = x'{hex}' AND day = '{day}'");
    for (name, sql) in [
        ("day", format!("UPDATE account_days SET closing = closing + 1 {wher}")),
        ("day_gone", format!("DELETE FROM account_days {wher}")),
    ] {
        finds(&full(&files.copy(name, &sql)), Kind::DayRow, &format!("account {clearing}, day {day}"));
    }
    let added = format!("INSERT INTO account_marks VALUES (x'{hex}', 1024, x'00', 0, 0)");
    finds(&full(&files.copy("mark", &added)), Kind::MarkRow, &format!("account {clearing}, line 1024"));
}

#[test]
fn descriptions_and_checkpoints_are_checked() {
    let (files, _run) = Files::built(20, 1, 120);
    let path = files.copy("info", "UPDATE account_info SET qualifier = 'other' WHERE kind = 20");
    finds(&full(&path), Kind::AccountInfo, "account acc_");
    let path = files.copy("info_gone", "DELETE FROM account_info WHERE kind = 20");
    finds(&full(&path), Kind::AccountInfo, "account acc_");
    let path = files.copy("checkpoint", "UPDATE checkpoints SET at = at + 1 WHERE seq = 2");
    finds(&full(&path), Kind::CheckpointLink, "checkpoint 2");
    let path = files.copy(
        "account_gone",
        "DELETE FROM accounts WHERE id IN (SELECT id FROM account_info WHERE kind = 20)",
    );
    finds(&full(&path), Kind::AccountMissing, "account acc_");
}

#[test]
fn incremental_equals_full_on_the_tail() {
    for (seed, lanes) in [(31, 1), (32, 3)] {
        let (files, mut run) = Files::built(seed, lanes, 60);
        let mut state = sound(&full(&files.base));
        for _ in 0..6 {
            run.random_groups(25);
            let text = state.to_string();
            let tail = incremental(&files.base, &text.parse().unwrap());
            state = sound(&tail);
            let all = full(&files.base);
            assert_eq!(Some(&state), all.verified.as_ref());
            assert!(tail.walked.lines < all.walked.lines && tail.walked.lines > 0);
        }
        let nothing_new = incremental(&files.base, &state);
        assert_eq!(nothing_new.walked.lines, 0);
        assert_eq!(sound(&nothing_new), state);
    }
}

#[test]
fn incremental_finds_tampering_with_new_groups_and_with_rows_beside_the_journal() {
    let (files, mut run) = Files::built(41, 1, 100);
    let state = sound(&full(&files.base));
    run.random_groups(60);
    sound(&incremental(&files.base, &state));
    let id =
        files.text("SELECT hex(id) FROM transfers WHERE step = 0 AND (grp & 1099511627775) >= 130 LIMIT 1");
    let place = shown("tr", &id);
    let path = files.copy("amount", &format!("UPDATE transfers SET amount = amount + 1 WHERE id = x'{id}'"));
    finds(&incremental(&path, &state), Kind::LineBalance, &place);
    let path = files.copy("gone", &format!("DELETE FROM transfers WHERE id = x'{id}'"));
    assert!(!incremental(&path, &state).is_sound());
    let hash = "UPDATE audit SET action = 'other' WHERE (grp & 1099511627775) = 140";
    finds(&incremental(&files.copy("audit", hash), &state), Kind::GroupHash, "group 140");
    for n in 0..12 {
        let account = ledger_runs::party(n).id();
        let hex = ledger_runs::hex(account);
        for (name, set) in [
            ("posted", "posted = posted + 7"),
            ("held", "held_out = held_out + 7"),
            ("entries", "entries = entries + 1"),
        ] {
            let path =
                files.copy(&format!("{name}{n}"), &format!("UPDATE accounts SET {set} WHERE id = x'{hex}'"));
            let report = incremental(&path, &state);
            assert!(!report.is_sound(), "{name} of {account}");
            if name == "posted" {
                finds(&report, Kind::AccountBalance, &account.to_string());
            }
        }
    }
    let path = files.copy("hold", "UPDATE holds SET remaining = remaining + 1 WHERE id IN (SELECT id FROM holds WHERE state = 0 LIMIT 1)");
    assert!(!incremental(&path, &state).is_sound());
}

#[test]
fn incremental_finds_a_change_of_an_account_that_nothing_touched() {
    let (files, _run) = Files::built(42, 1, 100);
    let state = sound(&full(&files.base));
    let account = ledger_runs::party(2).id();
    let hex = ledger_runs::hex(account);
    let path = files.copy("posted", &format!("UPDATE accounts SET posted = posted + 7 WHERE id = x'{hex}'"));
    let report = incremental(&path, &state);
    assert!(
        report
            .findings
            .iter()
            .any(|f| f.kind == Kind::AccountBalance && f.place.contains(&account.to_string())),
        "{report:?}"
    );
    let path = files.copy("held", &format!("UPDATE accounts SET held_in = held_in + 7 WHERE id = x'{hex}'"));
    finds(&incremental(&path, &state), Kind::StateAccounts, "accounts");
    let path = files.copy("holds", "UPDATE holds SET remaining = 1");
    finds(&incremental(&path, &state), Kind::StateHolds, "holds");
}

#[test]
fn a_database_that_was_cut_since_is_noticed() {
    let (files, mut run) = Files::built(43, 1, 60);
    let path = files.copy("earlier", "");
    run.random_groups(30);
    let state = sound(&full(&files.base));
    sound(&full(&path));
    finds(&incremental(&path, &state), Kind::StateHead, "lane 1, group 9");
}

struct NoOddGroups;

impl Invariant for NoOddGroups {
    fn name(&self) -> &'static str {
        "test.no_odd_groups"
    }
    fn check(&self, _session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        Ok(vec![Finding::of_invariant(self.name(), "lane 1".to_owned(), 0, 1, "there is an odd group")])
    }
}

#[test]
fn invariants_of_capabilities_plug_in() {
    let (files, _run) = Files::built(51, 1, 10);
    let report =
        verify_full(&mut reader(&files.base), &Zone::shanghai(), &[&NoOddGroups], &mut |_| {}).unwrap();
    assert_eq!(report.invariants, ["test.no_odd_groups"]);
    finds(&report, Kind::Invariant, "lane 1");
    assert_eq!(report.findings[0].sentence, "lane 1: test.no_odd_groups: there is an odd group");
}

struct SetClosed(AccountRef, bool);

impl Command for SetClosed {
    type Output = ();

    fn name(&self) -> &'static str {
        "test.set_closed"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.account(&self.0);
    }
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        tx.set_account_closed(self.0.id(), self.1);
        Ok(())
    }
}

#[test]
fn closing_an_account_on_a_later_day_ends_no_day() {
    let (files, mut run) = Files::built(61, 1, 30);
    let state = sound(&full(&files.base));
    for closed in [true, false, true, false] {
        run.advance(86_400_000_000);
        run.command(SetClosed(ledger_runs::party(1), closed));
    }
    let state = sound(&incremental(&files.base, &state));
    run.random_groups(40);
    sound(&incremental(&files.base, &state));
    sound(&full(&files.base));
}

#[test]
fn postgres_books_are_verified_too() {
    let Some(database) = PostgresDatabase::create() else { return };
    let zone = Zone::shanghai();
    let mut run = database.run(71, 2);
    run.random_groups(80);
    let state = sound(&verify_full(&mut database.reader(), &zone, &[], &mut |_| {}).unwrap());
    run.random_groups(40);
    let tail = sound(&verify_incremental(&mut database.reader(), &zone, &state, &[], &mut |_| {}).unwrap());
    let all = verify_full(&mut database.reader(), &zone, &[], &mut |_| {}).unwrap();
    assert_eq!(tail, sound(&all));
    assert_eq!(all.lanes, 2);
    let middle = "(SELECT id FROM transfers WHERE step = 0 ORDER BY id LIMIT 1 OFFSET 100)";
    database.tamper(&format!("UPDATE transfers SET amount = amount + 1 WHERE id = {middle}"));
    let report = verify_full(&mut database.reader(), &zone, &[], &mut |_| {}).unwrap();
    finds(&report, Kind::LineBalance, "transfer tr_");
    database.tamper(&format!("UPDATE transfers SET amount = amount - 1 WHERE id = {middle}"));
    sound(&verify_full(&mut database.reader(), &zone, &[], &mut |_| {}).unwrap());
    database.tamper(&format!("DELETE FROM transfers WHERE id = {middle}"));
    let report = verify_full(&mut database.reader(), &zone, &[], &mut |_| {}).unwrap();
    finds(&report, Kind::LineMissing, "transfer tr_");
}
