//! A server whose clock is wrong does not write.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use purser_domain::time::Zone;
use purser_engine::{
    Command, Ctx, FaultKind, Meta, Needs, Rejection, Tx, Writer, call, clock::Clock, facts::Facts,
    ids::IdSource, rules::RulesSource,
};
use purser_storage::{
    Fault, Lock, Rows, Session, Source, Statement, Table, Value, migrate,
    sqlite::{self, SqliteSession},
};
use tempfile::TempDir;

/// A database on another machine: its clock is so many µs ahead of this one's, or is asked in vain.
struct Elsewhere {
    inner: SqliteSession,
    ahead: Arc<AtomicI64>,
    asked: Arc<AtomicI64>,
}

impl Session for Elsewhere {
    fn clock_micros(&mut self) -> Result<Option<i64>, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Clock::system().machine().0 + self.ahead.load(Ordering::SeqCst)))
    }
    fn engine(&self) -> &'static str {
        self.inner.engine()
    }
    fn exclusive(&self) -> bool {
        self.inner.exclusive()
    }
    fn begin(&mut self) -> Result<(), Fault> {
        self.inner.begin()
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.inner.commit()
    }
    fn rollback(&mut self) {
        self.inner.rollback();
    }
    fn load(
        &mut self,
        table: &'static Table,
        keys: &dyn Rows,
        lock: Lock,
        each: &mut dyn FnMut(&dyn Source),
    ) -> Result<(), Fault> {
        self.inner.load(table, keys, lock, each)
    }
    fn insert_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.inner.insert_many(table, rows)
    }
    fn update_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.inner.update_many(table, rows)
    }
    fn delete_many(&mut self, table: &'static Table, keys: &dyn Rows) -> Result<usize, Fault> {
        self.inner.delete_many(table, keys)
    }
    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault> {
        self.inner.query(statement, params, each)
    }
    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.inner.execute(statement, params)
    }
    fn run_script(&mut self, sql: &str) -> Result<(), Fault> {
        self.inner.run_script(sql)
    }
    fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.inner.prepare(sql)
    }
    fn syncs(&self) -> u64 {
        self.inner.syncs()
    }
}

struct World {
    folder: TempDir,
    ahead: Arc<AtomicI64>,
    asked: Arc<AtomicI64>,
}

impl World {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), ahead: Arc::default(), asked: Arc::default() }
    }

    fn set(&self, millis: i64) {
        self.ahead.store(millis * 1_000, Ordering::SeqCst);
    }

    fn writer(&self) -> Result<Writer, Fault> {
        let path = self.folder.path().join("purser.db");
        let mut inner = sqlite::open_writer(&path, &sqlite::Options::default())?;
        migrate::migrate(&mut inner)?;
        let session = Elsewhere { inner, ahead: Arc::clone(&self.ahead), asked: Arc::clone(&self.asked) };
        let (ids, rules) = (IdSource::system(), RulesSource::builtin());
        Writer::open(Box::new(session), Clock::system(), Zone::shanghai(), ids, rules, "test")
    }
}

struct Note;

impl Command for Note {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.note"
    }
    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        tx.event("test.note", None, "it", Facts::new());
        Ok(())
    }
}

fn refused<T>(outcome: Result<T, Fault>) -> String {
    let fault = outcome.map(|_| ()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unusable, "{fault}");
    fault.to_string()
}

#[test]
fn a_writer_with_a_wrong_clock_does_not_open() {
    let world = World::new();
    for (millis, words) in
        [(60_000, "behind"), (-60_000, "ahead of"), (1_000, "behind"), (-1_000, "ahead of")]
    {
        world.set(millis);
        let text = refused(world.writer());
        assert!(text.contains(words) && text.contains("500"), "{text}");
    }
    for millis in [0, 300, -300] {
        world.set(millis);
        drop(world.writer().unwrap());
    }
}

#[test]
fn the_clocks_are_compared_once_a_minute_not_with_every_group() {
    let world = World::new();
    let mut writer = world.writer().unwrap();
    for _ in 0..20 {
        call(&mut writer, Note, Meta::system()).unwrap().unwrap();
    }
    assert_eq!(world.asked.load(Ordering::SeqCst), 1);
}
