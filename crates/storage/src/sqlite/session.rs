//! The session over a connection.

use std::{cell::Cell, collections::HashMap, fs::File, hash::BuildHasherDefault, hash::DefaultHasher};

use rusqlite::{CachedStatement, Connection, Statement as Prepared, types::ValueRef};

use super::open::fault;
use crate::{Fault, FaultKind, Lock, Rows, Session, Sink, Source, Statement, Table, Value};

/// A connection that implements [`Session`].
pub struct SqliteSession {
    conn: Connection,
    /// Held by the writer, after the connection: nobody else may open the file before it is closed.
    lock: Option<File>,
    writer: bool,
    commits: u64,
    sql: HashMap<(usize, Verb), String, BuildHasherDefault<DefaultHasher>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Verb {
    Load,
    Insert,
    Update,
    Delete,
}

impl SqliteSession {
    pub(super) fn new(conn: Connection, writer: bool, lock: Option<File>) -> Self {
        conn.set_prepared_statement_cache_capacity(512);
        Self { conn, lock, writer, commits: 0, sql: HashMap::default() }
    }

    /// The connection itself: backup, integrity checks and benches of the bare database.
    pub fn connection(&self) -> &Connection {
        &self.conn
    }

    fn table_sql(&mut self, table: &'static Table, verb: Verb) -> &str {
        self.sql.entry((table.index, verb)).or_insert_with(|| make_sql(table, verb))
    }

    /// Runs one statement per row, bound straight from the typed rows.
    fn each_row(
        &mut self,
        table: &'static Table,
        verb: Verb,
        rows: &dyn Rows,
        mut each: impl FnMut(&mut Prepared<'_>) -> rusqlite::Result<usize>,
    ) -> Result<usize, Fault> {
        self.table_sql(table, verb);
        let sql = self.sql.get(&(table.index, verb)).map_or("", String::as_str);
        let mut statement = self.conn.prepare_cached(sql).map_err(|e| fault(table.name, &e))?;
        let mut count = 0;
        for index in 0..rows.len() {
            let mut binder = Binder { statement: &mut statement, next: 0, error: None };
            rows.write(index, &mut binder);
            if let Some(error) = binder.error {
                return Err(fault(table.name, &error));
            }
            count += each(&mut statement).map_err(|e| fault(table.name, &e))?;
        }
        Ok(count)
    }
}

fn execute(statement: &mut Prepared<'_>) -> rusqlite::Result<usize> {
    statement.raw_execute()
}

fn make_sql(table: &Table, verb: Verb) -> String {
    let condition = |first: usize| {
        let parts: Vec<String> = table
            .key_columns()
            .iter()
            .enumerate()
            .map(|(i, c)| format!("{} = ?{}", c.name, i + first))
            .collect();
        parts.join(" AND ")
    };
    match verb {
        Verb::Load => format!("SELECT {} FROM {} WHERE {}", table.column_list(), table.name, condition(1)),
        Verb::Insert => {
            let marks: Vec<String> = (1..=table.columns.len()).map(|i| format!("?{i}")).collect();
            format!("INSERT INTO {} VALUES ({}) ON CONFLICT DO NOTHING", table.name, marks.join(", "))
        }
        Verb::Update => {
            let sets: Vec<String> =
                table.changing_columns().map(|(at, c)| format!("{} = ?{}", c.name, at + 1)).collect();
            format!("UPDATE {} SET {} WHERE {}", table.name, sets.join(", "), condition(1))
        }
        Verb::Delete => format!("DELETE FROM {} WHERE {}", table.name, condition(1)),
    }
}

struct Binder<'a, 'c> {
    statement: &'a mut Prepared<'c>,
    next: usize,
    error: Option<rusqlite::Error>,
}

impl Binder<'_, '_> {
    fn bind(&mut self, value: impl rusqlite::ToSql) {
        self.next += 1;
        if let Err(error) = self.statement.raw_bind_parameter(self.next, value) {
            self.error.get_or_insert(error);
        }
    }
}

impl Sink for Binder<'_, '_> {
    fn int(&mut self, value: i64) {
        self.bind(value);
    }
    fn text(&mut self, value: &str) {
        self.bind(value);
    }
    fn bytes(&mut self, value: &[u8]) {
        self.bind(value);
    }
    fn null(&mut self) {
        self.bind(rusqlite::types::Null);
    }
}

/// A result row. Remembers whether a column was asked for as a type that it does not have.
struct RowSource<'a, 'b> {
    row: &'a rusqlite::Row<'b>,
    wrong: Cell<Option<usize>>,
}

impl<'a, 'b> RowSource<'a, 'b> {
    fn new(row: &'a rusqlite::Row<'b>) -> Self {
        Self { row, wrong: Cell::new(None) }
    }

    /// The fault of the row, if any, after the caller has read it.
    fn check(&self, doing: &str) -> Result<(), Fault> {
        match self.wrong.get() {
            None => Ok(()),
            Some(column) => {
                let message = format!("column {column} does not have the type that this program expects");
                Err(Fault::new(FaultKind::Unusable, doing, message))
            }
        }
    }

    fn mismatch<T: Default>(&self, column: usize) -> T {
        self.wrong.set(Some(column));
        T::default()
    }
}

impl Source for RowSource<'_, '_> {
    fn is_null(&self, column: usize) -> bool {
        matches!(self.row.get_ref(column), Ok(ValueRef::Null))
    }
    fn int(&self, column: usize) -> i64 {
        match self.row.get_ref(column) {
            Ok(ValueRef::Integer(value)) => value,
            Ok(ValueRef::Null) => 0,
            _ => self.mismatch(column),
        }
    }
    fn text(&self, column: usize) -> &str {
        match self.row.get_ref(column) {
            Ok(ValueRef::Text(value)) => std::str::from_utf8(value).unwrap_or_else(|_| self.mismatch(column)),
            Ok(ValueRef::Null) => "",
            _ => self.mismatch(column),
        }
    }
    fn bytes(&self, column: usize) -> &[u8] {
        match self.row.get_ref(column) {
            Ok(ValueRef::Blob(value)) => value,
            Ok(ValueRef::Null) => &[],
            _ => self.mismatch(column),
        }
    }
}

fn bind_values(statement: &mut CachedStatement<'_>, params: &[Value<'_>]) -> rusqlite::Result<()> {
    for (index, param) in params.iter().enumerate() {
        let at = index + 1;
        match param {
            Value::Int(v) => statement.raw_bind_parameter(at, v)?,
            Value::Text(v) => statement.raw_bind_parameter(at, v)?,
            Value::Bytes(v) => statement.raw_bind_parameter(at, v)?,
            Value::NullText | Value::NullInt | Value::NullBytes => {
                statement.raw_bind_parameter(at, rusqlite::types::Null)?;
            }
        }
    }
    Ok(())
}

impl Session for SqliteSession {
    fn engine(&self) -> &'static str {
        "sqlite"
    }

    fn exclusive(&self) -> bool {
        self.lock.is_some()
    }

    fn begin(&mut self) -> Result<(), Fault> {
        let sql = if self.writer { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.conn.execute_batch(sql).map_err(|e| fault("begin", &e))
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.conn.execute_batch("COMMIT").map_err(|e| fault("commit", &e))?;
        self.commits += 1;
        Ok(())
    }

    fn rollback(&mut self) {
        if !self.conn.is_autocommit() {
            // A failed rollback leaves the transaction open; the next begin reports it as a fault.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    fn load(
        &mut self,
        table: &'static Table,
        keys: &dyn Rows,
        _lock: Lock,
        each: &mut dyn FnMut(&dyn Source),
    ) -> Result<(), Fault> {
        let mut outcome = Ok(());
        self.each_row(table, Verb::Load, keys, |statement| {
            let mut rows = statement.raw_query();
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let source = RowSource::new(row);
                each(&source);
                if outcome.is_ok() {
                    outcome = source.check(table.name);
                }
                count += 1;
            }
            Ok(count)
        })?;
        outcome
    }

    fn insert_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.each_row(table, Verb::Insert, rows, execute)
    }

    fn update_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.each_row(table, Verb::Update, rows, execute)
    }

    fn delete_many(&mut self, table: &'static Table, keys: &dyn Rows) -> Result<usize, Fault> {
        self.each_row(table, Verb::Delete, keys, execute)
    }

    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault> {
        let mut outcome = Ok(());
        let mut run = || -> rusqlite::Result<()> {
            let mut prepared = self.conn.prepare_cached(statement.sql)?;
            bind_values(&mut prepared, params)?;
            let mut rows = prepared.raw_query();
            while let Some(row) = rows.next()? {
                let source = RowSource::new(row);
                let more = each(&source);
                outcome = source.check(statement.name);
                if !more || outcome.is_err() {
                    break;
                }
            }
            Ok(())
        };
        run().map_err(|e| fault(statement.name, &e))?;
        outcome
    }

    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault> {
        let run = || -> rusqlite::Result<usize> {
            let mut prepared = self.conn.prepare_cached(statement.sql)?;
            bind_values(&mut prepared, params)?;
            prepared.raw_execute()
        };
        run().map(|n| n as u64).map_err(|e| fault(statement.name, &e))
    }

    fn run_script(&mut self, sql: &str) -> Result<(), Fault> {
        self.conn.execute_batch(&translate(sql)).map_err(|e| fault("script", &e))
    }

    fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.conn.prepare(sql).map(|_| ()).map_err(|e| fault("prepare", &e))
    }

    fn clock_micros(&mut self) -> Result<Option<i64>, Fault> {
        Ok(None)
    }

    fn syncs(&self) -> u64 {
        self.commits
    }
}

/// Portable DDL into `SQLite`'s.
fn translate(sql: &str) -> String {
    sql.replace(" BYTES", " BLOB").replace(")@;", ") STRICT, WITHOUT ROWID;")
}
