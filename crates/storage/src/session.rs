//! Everything that a backend must supply.

use crate::{Rows, Source, Statement, Table};

/// What went wrong in storage, as far as a caller can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Lost connection, serialisation fault, deadlock, busy: running the group again may succeed.
    Retry,
    /// No room on disk, or the file cannot be written: reads still work, and writes work again when there is room.
    Full,
    /// The database is not what this program expects: newer schema, damaged, read-only.
    Unusable,
    /// Anything else; not retried.
    Other,
}

/// A storage or network fault: never a business outcome.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{doing}: {message}")]
pub struct Fault {
    /// Class.
    pub kind: FaultKind,
    /// Which statement or step.
    pub doing: String,
    /// The driver's words; contains no row values.
    pub message: String,
}

impl Fault {
    /// A fault of a class, in a step.
    pub fn new(kind: FaultKind, doing: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self { kind, doing: doing.into(), message: message.to_string() }
    }
}

/// A parameter of a hand-written statement.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Integer.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Absent text.
    NullText,
    /// Absent integer.
    NullInt,
    /// Absent bytes.
    NullBytes,
}

/// Whether loaded rows are locked until the group ends. `SQLite` has one writer and ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Rows that never change, or are read for display.
    None,
    /// Rows that the group decides on.
    Update,
}

/// A connection to the books. Synchronous and object-safe: writers are threads, not tasks.
pub trait Session: Send {
    /// `sqlite`, `postgres` or `memory`.
    fn engine(&self) -> &'static str;

    /// True when nobody else can write while this session exists, so that rows may be remembered between groups.
    fn exclusive(&self) -> bool;

    /// Starts a write transaction.
    fn begin(&mut self) -> Result<(), Fault>;
    /// Makes it durable. After an error the outcome is unknown: rerun under the same keys.
    fn commit(&mut self) -> Result<(), Fault>;
    /// Takes everything back; never fails in a way that matters.
    fn rollback(&mut self);

    /// Rows of `table` with these primary keys (sorted, without duplicates), in any order; absent ones are left
    /// out. Columns arrive in table order. Locks are taken in key order: two sessions that lock tables in the
    /// order of [`Table::index`] and sorted keys in each never wait for one another in a circle.
    fn load(
        &mut self,
        table: &'static Table,
        keys: &dyn Rows,
        lock: Lock,
        each: &mut dyn FnMut(&dyn Source),
    ) -> Result<(), Fault>;

    /// Inserts rows; a row whose primary key exists is left out. Returns how many went in: fewer than sent means
    /// that another writer was faster, and the group reruns.
    fn insert_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault>;

    /// Overwrites rows by primary key. Returns how many existed.
    fn update_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault>;

    /// Deletes rows by primary key. Returns how many existed.
    fn delete_many(&mut self, table: &'static Table, keys: &dyn Rows) -> Result<usize, Fault>;

    /// Runs a query of the statement list; stops early when `each` returns false.
    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault>;

    /// Runs a writing statement of the statement list; returns the number of rows it touched.
    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault>;

    /// Runs portable SQL text: migrations only.
    fn run_script(&mut self, sql: &str) -> Result<(), Fault>;

    /// Checks that a statement is understood: the conformance test prepares all of them.
    fn prepare(&mut self, sql: &str) -> Result<(), Fault>;

    /// The database's own clock, µs since 1970 UTC, for decisions that several servers must agree on (leases).
    /// `None` when one machine is all there is, and its clock will do.
    fn clock_micros(&mut self) -> Result<Option<i64>, Fault>;

    /// Number of times this session waited for the disk (commits and checkpoints), for benches and metrics.
    fn syncs(&self) -> u64;
}
