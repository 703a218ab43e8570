//! Books of every earlier schema come up to this one and verify (P24).
//!
//! No program of those days is at hand, so its books are made: a schema is built by the migrations up to it and filled
//! with rows of today, cut down to the tables and columns that it had. What the later ones add, the migrations have to.

use std::collections::BTreeMap;

use purser_storage::{Session, Statement, Value, migrate::MIGRATIONS, postgres as pg, sqlite};

use crate::support::world::{Place, ints};

/// A statement that a test makes.
fn statement(sql: String) -> &'static Statement {
    let sql: &'static str = Box::leak(sql.into_boxed_str());
    Box::leak(Box::new(Statement { name: "test.upgrade", sql }))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    NullInt,
    NullText,
    NullBytes,
}

/// Columns of each table with their types.
type Schema = BTreeMap<String, Vec<(String, String)>>;

fn schema(session: &mut dyn Session) -> Schema {
    let mut found = Schema::new();
    let sql = "SELECT m.name, p.name, p.type FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid";
    session
        .query(statement(sql.to_owned()), &[], &mut |row| {
            let columns: &mut Vec<(String, String)> = found.entry(row.text(0).to_owned()).or_default();
            columns.push((row.text(1).to_owned(), row.text(2).to_owned()));
            true
        })
        .unwrap();
    found.remove("schema_migrations");
    found
}

/// Brings an empty database to an earlier version.
fn build(session: &mut dyn Session, version: usize) {
    session.begin().unwrap();
    let list =
        "CREATE TABLE schema_migrations (version INT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (version))@;";
    session.run_script(list).unwrap();
    for (number, (name, sql)) in (1..).zip(&MIGRATIONS[..version]) {
        session.run_script(sql).unwrap();
        let record =
            statement(format!("INSERT INTO schema_migrations (version, name) VALUES ({number}, '{name}')"));
        session.execute(record, &[]).unwrap();
    }
    session.commit().unwrap();
}

/// Rows of a table, cut down to some columns.
fn rows(session: &mut dyn Session, table: &str, columns: &[(String, String)]) -> Vec<Vec<Cell>> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut found = Vec::new();
    let select = statement(format!("SELECT {} FROM {table}", names.join(", ")));
    session
        .query(select, &[], &mut |row| {
            let cell =
                |(index, (_, kind)): (usize, &(String, String))| match (row.is_null(index), kind.as_str()) {
                    (true, "INTEGER" | "INT") => Cell::NullInt,
                    (true, "TEXT") => Cell::NullText,
                    (true, _) => Cell::NullBytes,
                    (false, "INTEGER" | "INT") => Cell::Int(row.int(index)),
                    (false, "TEXT") => Cell::Text(row.text(index).to_owned()),
                    (false, _) => Cell::Bytes(row.bytes(index).to_vec()),
                };
            found.push(columns.iter().enumerate().map(cell).collect());
            true
        })
        .unwrap();
    found
}

fn insert(session: &mut dyn Session, table: &str, columns: &[(String, String)], rows: &[Vec<Cell>]) {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let places: Vec<String> = (1..=names.len()).map(|number| format!("?{number}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    let insert = statement(sql);
    for row in rows {
        let values: Vec<Value<'_>> = row
            .iter()
            .map(|cell| match cell {
                Cell::Int(value) => Value::Int(*value),
                Cell::Text(value) => Value::Text(value),
                Cell::Bytes(value) => Value::Bytes(value),
                Cell::NullInt => Value::NullInt,
                Cell::NullText => Value::NullText,
                Cell::NullBytes => Value::NullBytes,
            })
            .collect();
        session.execute(insert, &values).unwrap_or_else(|fault| panic!("{table}: {fault}"));
    }
}

/// Rows that migrations add to what they find: they were not there before.
fn existed(table: &str, version: usize, row: &[Cell]) -> bool {
    // Sums of withdrawals by civil month, and by epoch: 0018 makes those by month.
    table != "withdrawal_usage"
        || version >= 18
        || row.iter().any(|cell| matches!(cell, Cell::Text(period) if period.len() == "2026-03-01".len()))
}

/// An empty database of the same engine, at an earlier version.
fn open(place: &Place) -> Box<dyn Session> {
    match place {
        Place::Folder(dir) => {
            let file = dir.path().join("purser.db");
            Box::new(sqlite::open_writer(&file, &sqlite::Options::default()).unwrap())
        }
        Place::Postgres { url, .. } => Box::new(pg::open_writer(url).unwrap()),
    }
}

/// Books with money that moved, all of it from the command line: what came over HTTP left a request in the audit log, which
/// the first schemas had no column for.
fn books(parties: bool) -> Place {
    let place = Place::folder();
    place.run(&["migrate", "--sandbox", "--begins-at", "2026-03-02"]).ended(0);
    for n in 1..=20 {
        let (amount, reference) = ((n * 1_000).to_string(), format!("top-up-{n}"));
        let flags =
            ["float", "top-up", "--rail", "sandbox", "--amount-minor", &amount, "--reference", &reference];
        place.run(&flags).ended(0);
    }
    place.key();
    if parties {
        let mut csv =
            "order_id,creator_id,amount_minor,accepted_at,completed_at,status,task_type\n".to_owned();
        for n in 0..30 {
            let line = format!(
                "o{n},c{},{},2026-02-01T10:00:00+08:00,2026-02-02T10:00:00+08:00,completed,video\n",
                n % 7,
                10_000 + n
            );
            csv.push_str(&line);
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), csv).unwrap();
        place.run(&["import", "task-orders", file.path().to_str().unwrap()]).ended(0);
    }
    place.verify(true);
    place
}

static BALANCES: Statement =
    Statement { name: "test.balances", sql: "SELECT posted, entries FROM accounts ORDER BY id" };

/// What stands on every account.
fn balances(place: &Place) -> Vec<Vec<i64>> {
    ints(place.reader().as_mut(), &BALANCES, 2)
}

/// P24: from each schema that there ever was, with rows in it, on both databases.
#[test]
fn books_of_every_earlier_schema_come_up_and_verify_p24() {
    let (plain, full) = (books(false), books(true));
    let long = std::env::var("PURSER_LONG").is_ok_and(|value| value == "1");
    for version in 1..MIGRATIONS.len() {
        // Parties came with the third; before them only the platform's own money moved.
        let source = if version < 3 { &plain } else { &full };
        let mut from = source.reader();
        let today = schema(from.as_mut());
        let shape = Place::folder();
        let mut old = open(&shape);
        build(old.as_mut(), version);
        let then = schema(old.as_mut());
        drop(old);
        // PostgreSQL takes seconds for each: the quick set looks at every eighth.
        let places = if long || version % 8 == 1 { Place::all() } else { vec![Place::folder()] };
        for place in places {
            let mut session = open(&place);
            build(session.as_mut(), version);
            session.begin().unwrap();
            let mut copied = 0;
            for (table, columns) in &then {
                let Some(known) = today.get(table) else { continue };
                let columns: Vec<_> =
                    columns.iter().filter(|column| known.contains(column)).cloned().collect();
                let mut rows = rows(from.as_mut(), table, &columns);
                rows.retain(|row| existed(table, version, row));
                insert(session.as_mut(), table, &columns, &rows);
                copied += rows.len();
            }
            session.commit().unwrap();
            drop(session);
            assert!(copied > 60, "version {version} has rows: {copied}");
            let said = place.run(&["migrate"]).ended(0).out;
            assert!(!said.is_empty());
            let verified = place.run(&["verify", "--full", "--json"]);
            assert_eq!(verified.code, 0, "version {version} on {}: {}", place.engine(), verified.out);
            assert_eq!(balances(&place), balances(source), "version {version}");
            // And they go on.
            let flags =
                ["float", "top-up", "--rail", "sandbox", "--amount-minor", "5", "--reference", "after"];
            place.run(&flags).ended(0);
            place.verify(true);
        }
    }
}
