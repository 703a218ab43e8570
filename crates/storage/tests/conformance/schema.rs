//! Migrations and what they leave behind.

use std::thread;

use purser_storage::{FaultKind, Statement, Value, migrate};

use super::engines::{Database, Engine, in_transaction, rows};

static PUT_VERSION: Statement =
    Statement { name: "put", sql: "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)" };
static RENAME: Statement =
    Statement { name: "rename", sql: "UPDATE schema_migrations SET name = 'of_another_line'" };

/// Table, column, type, whether it must be there, place in the primary key.
static SQLITE_COLUMNS: Statement = Statement {
    name: "columns.tttii",
    sql: "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c
          WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY m.name, c.cid",
};
static POSTGRES_COLUMNS: Statement = Statement {
    name: "columns.tttii",
    sql: "SELECT c.table_name::text, c.column_name::text, c.data_type::text, (c.is_nullable = 'NO')::int,
                 COALESCE(k.ordinal_position::int, 0)
          FROM information_schema.columns c
          LEFT JOIN information_schema.table_constraints p
            ON p.table_schema = c.table_schema AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY'
          LEFT JOIN information_schema.key_column_usage k
            ON k.constraint_schema = p.constraint_schema AND k.constraint_name = p.constraint_name
           AND k.column_name = c.column_name
          WHERE c.table_schema = current_schema()
          ORDER BY c.table_name::text COLLATE \"C\", c.ordinal_position",
};
/// Table and name of every further index, and its columns.
static SQLITE_INDEXES: Statement = Statement {
    name: "indexes.ttt",
    sql: "SELECT m.tbl_name, m.name, (SELECT group_concat(name, ' ') FROM pragma_index_info(m.name))
          FROM sqlite_schema m WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY m.tbl_name, m.name",
};
static POSTGRES_INDEXES: Statement = Statement {
    name: "indexes.ttt",
    sql: "SELECT t.relname::text, i.relname::text,
                 (SELECT string_agg(a.attname, ' ' ORDER BY k.place) FROM unnest(x.indkey) WITH ORDINALITY AS k (n, place)
                  JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.n)
          FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
          WHERE t.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary
          ORDER BY t.relname::text COLLATE \"C\", i.relname::text COLLATE \"C\"",
};
static SQLITE_TABLES: Statement =
    Statement { name: "tables.i", sql: "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'" };

#[test]
fn migrating_twice_applies_nothing_the_second_time() {
    for engine in Engine::all() {
        let mut session = engine.writer();
        let all: Vec<&str> = migrate::MIGRATIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(migrate::migrate(&mut *session).unwrap(), all);
        assert!(migrate::migrate(&mut *session).unwrap().is_empty());
        drop(session);
        assert!(migrate::migrate(&mut *engine.writer()).unwrap().is_empty(), "nor after opening again");
    }
}

#[test]
fn a_newer_database_is_refused() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let version = migrate::latest() + 1;
        in_transaction(&mut *session, |s| {
            s.execute(&PUT_VERSION, &[Value::Int(version), Value::Text("of_the_future")]).unwrap()
        });
        let fault = migrate::migrate(&mut *session).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unusable);
        assert!(fault.message.contains("newer purser"), "{fault}");
    }
}

#[test]
fn another_line_of_history_is_refused() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        in_transaction(&mut *session, |s| s.execute(&RENAME, &[]).unwrap());
        let fault = migrate::migrate(&mut *session).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unusable);
        assert!(fault.message.contains("of_another_line"), "{fault}");
    }
}

#[test]
fn a_failed_script_leaves_nothing() {
    for engine in Engine::all() {
        let mut session = engine.writer();
        session.begin().unwrap();
        assert!(
            session
                .run_script("CREATE TABLE half (id INT NOT NULL, PRIMARY KEY (id))@; CREATE TABL")
                .is_err()
        );
        session.rollback();
        assert!(session.prepare("SELECT id FROM half").is_err());
    }
}

#[test]
fn every_statement_prepares() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        for statement in migrate::STATEMENTS {
            session.prepare(statement.sql).unwrap_or_else(|fault| panic!("{}: {fault}", statement.name));
        }
        assert!(session.prepare("SELECT nothing FROM nowhere").is_err());
    }
}

#[test]
fn schemas_are_equal() {
    let sqlite = Engine::sqlite();
    let mut left = sqlite.prepared();
    let mut expected = rows(&mut *left, &SQLITE_COLUMNS, &[]);
    assert!(expected.len() > 100, "the description finds the columns");
    let tables: usize = rows(&mut *left, &SQLITE_TABLES, &[])[0][0].parse().unwrap();
    let Some(database) = Database::create() else { return };
    let mut right = Engine::Postgres(database);
    let mut session = right.prepared();
    for column in &mut expected {
        column[2] = match column[2].as_str() {
            "INT" => "bigint",
            "TEXT" => "text",
            "BLOB" => "bytea",
            other => other,
        }
        .to_owned();
    }
    let found = rows(&mut *session, &POSTGRES_COLUMNS, &[]);
    let mut names: Vec<_> = found.iter().map(|column| &column[0]).collect();
    names.dedup();
    assert_eq!(names.len(), tables);
    assert_eq!(found, expected);
    let indexes = rows(&mut *left, &SQLITE_INDEXES, &[]);
    assert!(!indexes.is_empty());
    assert_eq!(rows(&mut *session, &POSTGRES_INDEXES, &[]), indexes);
    let Engine::Postgres(database) = &mut right else { return };
    let wrong = database
        .bare()
        .query_one(
            "SELECT count(*) FROM information_schema.columns
             WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
            &[],
        )
        .unwrap();
    assert_eq!(wrong.get::<_, i64>(0), 0, "text columns sort by bytes");
}

#[test]
fn servers_that_start_together_migrate_once() {
    let Some(database) = Database::create() else { return };
    for _ in 0..5 {
        database.bare().batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").unwrap();
        let applied: usize = thread::scope(|scope| {
            let servers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| migrate::migrate(&mut database.writer()).unwrap().len()))
                .collect();
            servers.into_iter().map(|server| server.join().unwrap()).sum()
        });
        assert_eq!(applied, migrate::MIGRATIONS.len());
    }
}
