//! Rows are read and written by position: the columns of every table are those of the schema, on both databases.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use purser_storage::{Kind, Session, Statement};
use support::Books;

static SQLITE: Statement = Statement {
    name: "test.columns",
    sql: "SELECT m.name, c.name, upper(c.type), c.pk FROM sqlite_schema m, pragma_table_info(m.name) c \
          WHERE m.type = 'table' ORDER BY m.name, c.cid",
};
static POSTGRES: Statement = Statement {
    name: "test.columns",
    sql: "SELECT c.table_name::text, c.column_name::text, \
          CASE c.data_type WHEN 'bigint' THEN 'INT' WHEN 'bytea' THEN 'BLOB' ELSE upper(c.data_type) END::text, \
          COALESCE((SELECT k.ordinal_position FROM information_schema.key_column_usage k \
            JOIN information_schema.table_constraints t ON t.constraint_name = k.constraint_name \
              AND t.table_schema = k.table_schema AND t.constraint_type = 'PRIMARY KEY' \
            WHERE k.table_schema = c.table_schema AND k.table_name = c.table_name \
              AND k.column_name = c.column_name), 0)::bigint \
          FROM information_schema.columns c WHERE c.table_schema = current_schema() \
          ORDER BY c.table_name, c.ordinal_position",
};

/// Name, type and place in the primary key of every column, by table.
type Schema = BTreeMap<String, Vec<(String, String, i64)>>;

fn schema(session: &mut dyn Session) -> Schema {
    let statement = if session.engine() == "sqlite" { &SQLITE } else { &POSTGRES };
    let mut schema = Schema::new();
    session
        .query(statement, &[], &mut |row| {
            let column = (row.text(1).to_owned(), row.text(2).to_owned(), row.int(3));
            schema.entry(row.text(0).to_owned()).or_default().push(column);
            true
        })
        .unwrap();
    schema.remove("schema_migrations").expect("the table of the migrations");
    schema
}

#[test]
fn tables_are_those_of_the_schema() {
    Books::each(|books| {
        drop(books.writer());
        let mut session = books.reader();
        let expected = schema(session.as_mut());
        let mut found = Schema::new();
        for table in purser_engine::tables() {
            let kind = |kind| match kind {
                Kind::Int => "INT",
                Kind::Text => "TEXT",
                Kind::Bytes => "BLOB",
            };
            let place = |at: usize| if at < table.key { i64::try_from(at).unwrap() + 1 } else { 0 };
            let changing = table.columns.get(table.key..).unwrap_or_default();
            let named = |fixed: &&&str| changing.iter().any(|column| column.name == **fixed);
            assert_eq!(table.fixed.iter().filter(named).count(), table.fixed.len(), "{}", table.name);
            // SQLite counts parameters by the highest one that a statement names.
            let last = table.changing_columns().last().map(|(at, _)| at + 1);
            assert!(table.fixed.is_empty() || last == Some(table.columns.len()), "{}", table.name);
            let columns = table.columns.iter().enumerate();
            let columns = columns.map(|(at, c)| (c.name.to_owned(), kind(c.kind).to_owned(), place(at)));
            assert!(found.insert(table.name.to_owned(), columns.collect()).is_none(), "{} twice", table.name);
        }
        for (name, columns) in &expected {
            assert_eq!(found.get(name), Some(columns), "columns of {name} on {}", session.engine());
        }
        let names = |schema: &Schema| schema.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected), "every table of the schema is in a list, and no other");
    });
}

#[test]
fn every_table_has_a_place_of_its_own_in_the_lock_order() {
    let mut seen = BTreeSet::new();
    for table in purser_engine::tables() {
        assert!(seen.insert(table.index), "{} has the index of another table", table.name);
    }
    let kernel = purser_engine::rows::TABLES.iter().map(|table| table.index);
    assert!(kernel.eq(0..purser_engine::rows::TABLES.len()), "the list of the kernel is in lock order");
}
