//! Databases to run the suite on: a file, and a database of its own on the server that `PURSER_TEST_POSTGRES`
//! names (a URL with the right to create databases).

use std::sync::Once;

use postgres::{Client, NoTls};
use purser_storage::{Session, Statement, Value, migrate, postgres as pg, sqlite};
use tempfile::TempDir;

/// A fresh, empty database.
pub(crate) enum Engine {
    Sqlite(TempDir),
    Postgres(Database),
}

impl Engine {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// All engines that can be tested here.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::sqlite()];
        all.extend(Database::create().map(Self::Postgres));
        all
    }

    pub(crate) fn writer(&self) -> Box<dyn Session> {
        match self {
            Self::Sqlite(dir) => {
                let path = dir.path().join("books.db");
                Box::new(sqlite::open_writer(&path, &sqlite::Options::default()).unwrap())
            }
            Self::Postgres(database) => Box::new(database.writer()),
        }
    }

    pub(crate) fn reader(&self) -> Box<dyn Session> {
        match self {
            Self::Sqlite(dir) => Box::new(sqlite::open_reader(&dir.path().join("books.db")).unwrap()),
            Self::Postgres(database) => Box::new(pg::open_reader(&database.url).unwrap()),
        }
    }

    /// A writer on a migrated database that also has the tables of this suite.
    pub(crate) fn prepared(&self) -> Box<dyn Session> {
        let mut session = self.writer();
        migrate::migrate(&mut *session).unwrap();
        in_transaction(&mut *session, |s| s.run_script(super::rows::DDL).unwrap());
        session
    }
}

/// Runs `work` in a transaction of its own.
pub(crate) fn in_transaction<T>(session: &mut dyn Session, work: impl FnOnce(&mut dyn Session) -> T) -> T {
    session.begin().unwrap();
    let out = work(session);
    session.commit().unwrap();
    out
}

/// All rows of a query, shown as text by `show`.
pub(crate) fn rows(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    // Columns are named by their letter in the statement's name: `t` text, `i` integer, after the last dot.
    let kinds = statement.name.rsplit('.').next().unwrap().to_owned();
    session
        .query(statement, params, &mut |row| {
            let show = |(column, kind)| match kind {
                't' => row.text(column).to_owned(),
                _ => row.int(column).to_string(),
            };
            out.push(kinds.chars().enumerate().map(show).collect());
            true
        })
        .unwrap();
    out
}

/// A `PostgreSQL` database that is dropped at the end.
pub(crate) struct Database {
    admin_url: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// `None`, said once, when no server was named.
    pub(crate) fn create() -> Option<Self> {
        static SAID: Once = Once::new();
        let Ok(admin_url) = std::env::var("PURSER_TEST_POSTGRES") else {
            SAID.call_once(|| {
                crate::skip::skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set");
            });
            return None;
        };
        // The random part of a temporary directory's name, where runs on several machines share a server.
        let random = tempfile::Builder::new().prefix("").rand_bytes(12).tempdir().unwrap();
        let random = random.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let name = format!("purser_test_{random}");
        let mut admin = Client::connect(&admin_url, NoTls).unwrap();
        let encoding = "ENCODING 'UTF8' TEMPLATE template0";
        admin.batch_execute(&format!("CREATE DATABASE {name} {encoding}")).unwrap();
        let url = with_database(&admin_url, &name);
        Some(Self { admin_url, name, url })
    }

    pub(crate) fn writer(&self) -> pg::PostgresSession {
        pg::open_writer(&self.url).unwrap()
    }

    /// A bare connection to the same database.
    pub(crate) fn bare(&self) -> Client {
        Client::connect(&self.url, NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = Client::connect(&self.admin_url, NoTls)
            .and_then(|mut admin| admin.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)));
        if let Err(error) = dropped {
            eprintln!("left behind: database {}: {error}", self.name);
        }
    }
}

/// The same server, another database.
pub(crate) fn with_database(url: &str, name: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return format!("{url} dbname={name}");
    };
    let (place, options) = rest.split_once('?').map_or((rest, String::new()), |(p, o)| (p, format!("?{o}")));
    let server = place.split('/').next().unwrap_or_default();
    format!("{scheme}://{server}/{name}{options}")
}
