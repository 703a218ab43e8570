//! Lanes are fenced (P3, P24): a writer whose lane went to another one writes nothing into it any more.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod ledger_runs;

use std::sync::mpsc;

use ledger_runs::{PostgresDatabase, Run, party, platform, reader, tamper};
use purser_domain::{
    ids::{TransferId, TypedId as _},
    ledger::{AccountKind, AccountRef, Step, TransferRequest},
    time::Zone,
};
use purser_engine::{Failure, Job, Meta, Reply, ledger::PostTransfers, verify::verify_full};
use purser_storage::{Session, Statement, Value};
use tempfile::TempDir;

static HEADS: Statement = Statement { name: "test.heads", sql: "SELECT lane, seq FROM lanes ORDER BY lane" };
static GROUP: Statement = Statement { name: "test.group", sql: "SELECT grp FROM transfers WHERE id = ?1" };

fn heads(session: &mut dyn Session) -> Vec<(i64, i64)> {
    let mut heads = Vec::new();
    let each = &mut |row: &dyn purser_storage::Source| {
        heads.push((row.int(0), row.int(1)));
        true
    };
    session.query(&HEADS, &[], each).unwrap();
    heads
}

/// The lane that a transfer is in, if it is there at all.
fn lane_of(session: &mut dyn Session, id: TransferId) -> Option<i64> {
    let mut lane = None;
    let each = &mut |row: &dyn purser_storage::Source| {
        lane = Some(row.int(0) >> 40);
        true
    };
    session.query(&GROUP, &[Value::Bytes(&id.uid().0)], each).unwrap();
    lane
}

fn accounts() -> [AccountRef; 2] {
    [platform(AccountKind::ClientsClearing), party(1)]
}

fn credit(run: &mut Run) -> TransferRequest {
    let [from, to] = accounts();
    run.request(Step::Post, &from, &to, 100)
}

fn proven(session: &mut dyn Session) {
    let report = verify_full(session, &Zone::shanghai(), &[], &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}

/// The lease of the first lane runs out, another server takes it, and then the first writer goes on.
fn taken_over(
    mut first: Run,
    sql: &dyn Fn(&str),
    again: &dyn Fn() -> Run,
    read: &dyn Fn() -> Box<dyn Session>,
) {
    first.random_groups(12);
    sql("UPDATE lanes SET lease_until = 0 WHERE lane = 1");
    let mut second = again();
    let before = heads(read().as_mut());
    assert_eq!(before.len(), 3, "the second server has the first lane and a new one: {before:?}");
    let (late, own) = (credit(&mut first), credit(&mut second));
    first.post(0, vec![vec![late.clone()]], &accounts());
    let after = heads(read().as_mut());
    assert_eq!(after[0], before[0], "nothing of it is in the lane that was lost");
    let number = lane_of(read().as_mut(), late.id).unwrap();
    assert!(number > 3, "it went on in a lane of its own: {number}");
    second.post(0, vec![vec![own.clone()]], &accounts());
    assert_eq!(lane_of(read().as_mut(), own.id), Some(1));
    assert_eq!(heads(read().as_mut())[0], (1, before[0].1 + 1));
    proven(read().as_mut());
}

#[test]
fn a_writer_that_lost_its_lane_writes_nothing_into_it_p3_p24() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("books.db");
    let again = || Run::new(&path, 92, 2);
    taken_over(Run::new(&path, 91, 2), &|sql| tamper(&path, sql), &again, &|| Box::new(reader(&path)));
}

#[test]
fn a_writer_that_lost_its_lane_writes_nothing_into_it_on_postgres_p3_p24() {
    let Some(database) = PostgresDatabase::create() else { return };
    let (again, read) = (|| database.run(94, 2), || -> Box<dyn Session> { Box::new(database.reader()) });
    taken_over(database.run(93, 2), &|sql| database.tamper(sql), &again, &read);
}

/// A writer that is alone does not lock its lane: should the next group of it be there already, nothing of its own stays.
#[test]
fn a_group_whose_place_is_taken_is_not_written_at_all_p3() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("books.db");
    let mut run = Run::new(&path, 95, 1);
    run.random_groups(10);
    let head = heads(&mut reader(&path))[0].1;
    tamper(
        &path,
        &format!(
            "INSERT INTO groups SELECT lane, seq + 1, prev, hash, at, transfers, audits, ids FROM groups WHERE seq = {head}"
        ),
    );
    let request = credit(&mut run);
    let (sender, receiver) = mpsc::channel();
    let command =
        PostTransfers { transfers: vec![request.clone()], atomic: true, accounts: accounts().to_vec() };
    let done = move |outcome: Result<Reply, Failure>| sender.send(outcome).unwrap();
    run.writers[0].execute(vec![Job::new(command, Meta::system(), |_| Reply::default(), done)]);
    let failure = receiver.recv().unwrap().unwrap_err();
    assert!(failure.retryable() && matches!(failure, Failure::Fault(_)), "{failure}");
    assert_eq!(lane_of(&mut reader(&path), request.id), None);
    assert_eq!(heads(&mut reader(&path)), [(1, head)]);
    tamper(&path, &format!("DELETE FROM groups WHERE seq = {}", head + 1));
    run.post(0, vec![vec![request.clone()]], &accounts());
    assert_eq!(lane_of(&mut reader(&path), request.id), Some(1));
    proven(&mut reader(&path));
}
