//! The session over a connection.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, DefaultHasher},
    io::Write as _,
};

use postgres::{
    Client, Config, Error, Statement as Prepared,
    error::{Severity, SqlState},
    fallible_iterator::FallibleIterator,
    types::ToSql,
};

use super::{
    connect::{Role, connect},
    copy::{self, CopyRows},
    dialect,
    error::fault,
    marshal::{Arrays, Param, RowSource},
    statements::{Verb, scalar_type},
};
use crate::{Fault, FaultKind, Kind, Lock, Rows, Session, Sink, Source, Statement, Table, Value};

/// Rows of one round trip at most, and bytes of its arrays after which no row is added: the server holds a
/// message in memory as a whole, and refuses one of 1 GiB.
const CHUNK_ROWS: usize = 16_384;
const CHUNK_BYTES: usize = 64 << 20;

/// Held by whoever changes the schema, until the transaction ends; two servers that start at once take turns.
/// The number is arbitrary and must never change.
const MIGRATION_LOCK: &str = "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(5787213827046133840);";

type Cache<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// A connection that implements [`Session`].
///
/// When the connection is lost, the statement at hand (and every one until the transaction is given up) fails
/// with [`FaultKind::Retry`]; the next `begin` connects again.
///
/// It blocks its thread and brings its own event loop: use it from plain threads, and drop it there.
pub struct PostgresSession {
    config: Config,
    role: Role,
    live: Option<Live>,
    state: State,
    arrays: Arrays,
    copied: CopyRows,
    commits: u64,
}

/// What lives and dies with a connection.
struct Live {
    client: Client,
    sets: Cache<(&'static str, Verb), Prepared>,
    /// By text; a text may be prepared for several lists of parameter types.
    queries: Cache<&'static str, Vec<(Vec<Kind>, Prepared)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No transaction: every statement stands alone.
    Idle,
    Open,
    /// A statement failed with this class. The server answers COMMIT with a rollback now, and calls that a
    /// success; so it is remembered here.
    Failed(FaultKind),
}

/// Some of the rows.
struct Span<'a> {
    rows: &'a dyn Rows,
    first: usize,
    len: usize,
}

impl Rows for Span<'_> {
    fn len(&self) -> usize {
        self.len
    }
    fn write(&self, index: usize, sink: &mut dyn Sink) {
        self.rows.write(self.first + index, sink);
    }
}

impl Live {
    fn new(client: Client) -> Self {
        Self { client, sets: Cache::default(), queries: Cache::default() }
    }

    fn set(&mut self, table: &'static Table, verb: Verb) -> Result<Prepared, Error> {
        if let Some(prepared) = self.sets.get(&(table.name, verb)) {
            return Ok(prepared.clone());
        }
        let (sql, types) = verb.sql(table);
        let prepared = self.client.prepare_typed(&sql, &types)?;
        self.sets.insert((table.name, verb), prepared.clone());
        Ok(prepared)
    }

    /// Copies rows into a table. `None` when the key of one was there already: then none of them went in.
    ///
    /// COPY knows no ON CONFLICT. New ids hardly ever meet old ones, so it is tried behind a savepoint, and whoever
    /// gets `None` takes the slower way.
    fn copy(&mut self, table: &'static Table, rows: &[u8]) -> Result<Option<usize>, Error> {
        let prepared = self.set(table, Verb::Copy)?;
        self.client.batch_execute("SAVEPOINT copied")?;
        let mut writer = self.client.copy_in(&prepared)?;
        // Should the connection be gone, `finish` says so in the driver's own words.
        let _ = writer.write_all(rows);
        match writer.finish() {
            Ok(count) => {
                self.client.batch_execute("RELEASE SAVEPOINT copied")?;
                Ok(Some(usize::try_from(count).unwrap_or(usize::MAX)))
            }
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                self.client.batch_execute("ROLLBACK TO SAVEPOINT copied; RELEASE SAVEPOINT copied")?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Prepared, Error> {
        let known = self.queries.entry(sql).or_default();
        let fits = |kinds: &[Kind]| kinds.iter().copied().eq(params.iter().map(Param::kind));
        if let Some((_, prepared)) = known.iter().find(|(kinds, _)| fits(kinds)) {
            return Ok(prepared.clone());
        }
        let kinds: Vec<Kind> = params.iter().map(Param::kind).collect();
        let types: Vec<_> = kinds.iter().copied().map(scalar_type).collect();
        let prepared = self.client.prepare_typed(&dialect::placeholders(sql), &types)?;
        known.push((kinds, prepared.clone()));
        Ok(prepared)
    }
}

impl PostgresSession {
    pub(super) fn new(config: Config, role: Role, client: Client) -> Self {
        let live = Some(Live::new(client));
        let (arrays, copied) = (Arrays::default(), CopyRows::default());
        Self { config, role, live, state: State::Idle, arrays, copied, commits: 0 }
    }

    /// Runs `work` on the connection, connecting again where no transaction is lost by it.
    fn run<T>(&mut self, doing: &str, work: impl FnOnce(&mut Live) -> Result<T, Error>) -> Result<T, Fault> {
        if self.live.as_ref().is_some_and(|live| live.client.is_closed()) {
            self.live = None;
        }
        let live = match &mut self.live {
            Some(live) => live,
            None if self.state == State::Idle => {
                self.live.insert(Live::new(connect(&self.config, self.role)?))
            }
            None => {
                self.state = State::Failed(FaultKind::Retry);
                return Err(Fault::new(
                    FaultKind::Retry,
                    doing,
                    "the connection was lost in this transaction",
                ));
            }
        };
        work(live).map_err(|error| self.failed(doing, &error))
    }

    /// Notes what an error means for the transaction and the connection.
    fn failed(&mut self, doing: &str, error: &Error) -> Fault {
        let fault = fault(doing, error);
        let lost = match error.as_db_error() {
            Some(db) => matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic)),
            None => fault.kind == FaultKind::Retry,
        };
        if lost {
            self.live = None;
        }
        if self.state == State::Open {
            self.state = State::Failed(fault.kind);
        }
        fault
    }

    /// Sends rows in as few round trips as the limits allow, in the order given.
    fn in_chunks(
        &mut self,
        table: &'static Table,
        verb: Verb,
        rows: &dyn Rows,
        mut send: impl FnMut(&mut Live, &Prepared, &[&(dyn ToSql + Sync)]) -> Result<u64, Error>,
    ) -> Result<usize, Fault> {
        let mut arrays = std::mem::take(&mut self.arrays);
        let mut total = 0;
        let mut next = 0;
        while next < rows.len() {
            arrays.start(verb.columns(table));
            let end = rows.len().min(next.saturating_add(CHUNK_ROWS));
            while next < end && arrays.bytes() < CHUNK_BYTES {
                rows.write(next, &mut arrays);
                arrays.end_row(table)?;
                next += 1;
            }
            let touched = self.run(table.name, |live| {
                let prepared = live.set(table, verb)?;
                send(live, &prepared, &arrays.params())
            })?;
            total += usize::try_from(touched).unwrap_or(usize::MAX);
        }
        self.arrays = arrays;
        Ok(total)
    }

    /// Inserts many rows in an open transaction.
    fn copy(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        let mut copied = std::mem::take(&mut self.copied);
        let mut total = 0;
        let mut next = 0;
        while next < rows.len() {
            let end = rows.len().min(next.saturating_add(CHUNK_ROWS));
            let after = copied.fill(table, rows, next, end, CHUNK_BYTES)?;
            total += match self.run(table.name, |live| live.copy(table, copied.bytes()))? {
                Some(count) if count == after - next => count,
                Some(_) => {
                    return Err(Fault::new(FaultKind::Other, table.name, "rows went missing in a copy"));
                }
                None => self.write(table, Verb::Insert, &Span { rows, first: next, len: after - next })?,
            };
            next = after;
        }
        self.copied = copied;
        Ok(total)
    }

    fn write(&mut self, table: &'static Table, verb: Verb, rows: &dyn Rows) -> Result<usize, Fault> {
        self.in_chunks(table, verb, rows, |live, prepared, params| live.client.execute(prepared, params))
    }
}

impl Session for PostgresSession {
    fn engine(&self) -> &'static str {
        "postgres"
    }

    fn exclusive(&self) -> bool {
        false
    }

    fn begin(&mut self) -> Result<(), Fault> {
        if self.state != State::Idle {
            return Err(Fault::new(
                FaultKind::Other,
                "begin",
                "the transaction before this one was not ended",
            ));
        }
        let sql = match self.role {
            Role::Writer => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Role::Reader => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut begin = || self.run("begin", |live| live.client.batch_execute(sql));
        // The connection may have died while idle, which shows only now. Nothing is lost yet: try a new one.
        match begin() {
            Err(fault) if fault.kind == FaultKind::Retry => begin()?,
            outcome => outcome?,
        }
        self.state = State::Open;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        match self.state {
            State::Open => {
                let outcome = self.run("commit", |live| live.client.batch_execute("COMMIT"));
                self.state = State::Idle;
                outcome?;
                self.commits += 1;
                Ok(())
            }
            State::Failed(kind) => {
                self.rollback();
                Err(Fault::new(kind, "commit", "a statement of this transaction failed; it was taken back"))
            }
            State::Idle => Err(Fault::new(FaultKind::Other, "commit", "there is no transaction")),
        }
    }

    fn rollback(&mut self) {
        if self.state == State::Idle {
            return;
        }
        self.state = State::Idle;
        if let Some(live) = &mut self.live
            && live.client.batch_execute("ROLLBACK").is_err()
        {
            // Without a connection the server takes the transaction back by itself.
            self.live = None;
        }
    }

    fn load(
        &mut self,
        table: &'static Table,
        keys: &dyn Rows,
        lock: Lock,
        each: &mut dyn FnMut(&dyn Source),
    ) -> Result<(), Fault> {
        let mut outcome = Ok(());
        self.in_chunks(table, Verb::Load(lock), keys, |live, prepared, params| {
            let rows = live.client.query(prepared, params)?;
            for row in &rows {
                let source = RowSource::new(row);
                each(&source);
                if outcome.is_ok() {
                    outcome = source.check(table.name);
                }
            }
            Ok(rows.len() as u64)
        })?;
        outcome
    }

    fn insert_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        if self.state == State::Open && rows.len() >= copy::MIN_ROWS {
            self.copy(table, rows)
        } else {
            self.write(table, Verb::Insert, rows)
        }
    }

    fn update_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.write(table, Verb::Update, rows)
    }

    fn delete_many(&mut self, table: &'static Table, keys: &dyn Rows) -> Result<usize, Fault> {
        self.write(table, Verb::Delete, keys)
    }

    /// Rows arrive as a stream. The rows after `each` has had enough are still received, and dropped: a query
    /// that may find many carries a LIMIT.
    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault> {
        let params: Vec<Param<'_>> = params.iter().map(Param).collect();
        self.run(statement.name, |live| {
            let prepared = live.query(statement.sql, &params)?;
            let mut rows = live.client.query_raw(&prepared, &params)?;
            let mut more = true;
            let mut outcome = Ok(());
            // Read to the end, so that an error after the last wanted row is not mistaken for success.
            while let Some(row) = rows.next()? {
                if more {
                    let source = RowSource::new(&row);
                    more = each(&source);
                    outcome = source.check(statement.name);
                    more = more && outcome.is_ok();
                }
            }
            Ok(outcome)
        })?
    }

    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault> {
        let params: Vec<Param<'_>> = params.iter().map(Param).collect();
        self.run(statement.name, |live| {
            let prepared = live.query(statement.sql, &params)?;
            let params: Vec<_> = params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
            live.client.execute(&prepared, &params)
        })
    }

    /// Takes the migration lock first.
    fn run_script(&mut self, sql: &str) -> Result<(), Fault> {
        let script = format!("{MIGRATION_LOCK}\n{}", dialect::ddl(sql));
        self.run("script", |live| live.client.batch_execute(&script))
    }

    fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.run("prepare", |live| live.client.prepare(&dialect::placeholders(sql)).map(|_| ()))
    }

    fn clock_micros(&mut self) -> Result<Option<i64>, Fault> {
        const SQL: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        self.run("clock", |live| {
            let prepared = live.query(SQL, &[])?;
            live.client.query_one(&prepared, &[])?.try_get(0).map(Some)
        })
    }

    fn syncs(&self) -> u64 {
        self.commits
    }
}
