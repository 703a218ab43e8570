//! A throw-away database and writers on it.
#![allow(dead_code, reason = "each test file uses its part")]

#[path = "../../../domain/tests/support/skipped.rs"]
mod skip;

use std::path::PathBuf;

use purser_domain::{
    ids::{PartyId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    time::{Timestamp, Zone},
};
use purser_engine::{
    Command, Decided, Meta, Writer, call,
    clock::Clock,
    ids::IdSource,
    ledger::PostTransfers,
    rules::{Rules, RulesSource},
};
use purser_storage::{
    Session, Statement,
    files::{Files, FolderFiles, PostgresFiles},
    migrate, postgres, sqlite,
};
use tempfile::TempDir;

/// A database, and a clock that stands still until it is moved.
pub(crate) struct Books {
    pub(crate) dir: TempDir,
    pub(crate) clock: Clock,
    server: Option<Database>,
}

/// A `PostgreSQL` database of its own on the server that `PURSER_TEST_POSTGRES` names, dropped at the end.
struct Database {
    admin_url: String,
    name: String,
    url: String,
}

impl Database {
    fn create(admin_url: String, dir: &TempDir) -> Self {
        let random = dir.path().file_name().expect("a name").to_string_lossy().to_lowercase();
        let name = format!("purser_ops_{}", random.trim_start_matches(".tmp"));
        execute(&admin_url, &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
        let (server, _) = admin_url.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        Self { admin_url, name, url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        execute(&self.admin_url, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Statements are constants everywhere else; a test that makes one keeps it for good.
fn execute(url: &str, sql: &str) {
    let sql: &'static str = Box::leak(sql.to_owned().into_boxed_str());
    let statement = Box::leak(Box::new(Statement { name: "test", sql }));
    let mut session = postgres::open_writer(url).expect("the server");
    session.execute(statement, &[]).expect("done");
}

/// The instant at which tests begin.
pub(crate) fn start() -> Timestamp {
    at("2026-03-02T09:00:00+08:00")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

impl Books {
    /// A database file.
    pub(crate) fn file() -> Self {
        Self { dir: TempDir::new().expect("a folder"), clock: Clock::frozen_at(start()), server: None }
    }

    /// Runs a test on a database file, and on `PostgreSQL` where `PURSER_TEST_POSTGRES` names a server.
    pub(crate) fn each(test: impl Fn(&Self)) {
        test(&Self::file());
        match std::env::var("PURSER_TEST_POSTGRES") {
            Ok(admin_url) => {
                let mut books = Self::file();
                books.server = Some(Database::create(admin_url, &books.dir));
                test(&books);
            }
            Err(_) => skip::skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set"),
        }
    }

    /// Whether several writers may work at once.
    pub(crate) fn is_shared(&self) -> bool {
        self.server.is_some()
    }

    /// A writer, as a server that starts has one. On a file only one at a time may be used.
    pub(crate) fn writer(&self) -> Writer {
        self.writer_by(RulesSource::builtin())
    }

    /// A writer of a deployment with other rules.
    pub(crate) fn writer_by(&self, source: RulesSource) -> Writer {
        let mut session: Box<dyn Session> = match &self.server {
            None => {
                Box::new(sqlite::open_writer(&self.path(), &sqlite::Options::default()).expect("a database"))
            }
            Some(database) => Box::new(postgres::open_writer(&database.url).expect("a database")),
        };
        migrate::migrate(session.as_mut()).expect("migrations");
        let ids = IdSource::system();
        Writer::open(session, self.clock.clone(), Zone::shanghai(), ids, source, "test").expect("a writer")
    }

    /// The rules of these books.
    pub(crate) fn rules(&self) -> Rules {
        RulesSource::builtin().load(self.reader().as_mut()).expect("rules")
    }

    pub(crate) fn reader(&self) -> Box<dyn Session> {
        match &self.server {
            None => Box::new(sqlite::open_reader(&self.path()).expect("a reader")),
            Some(database) => Box::new(postgres::open_reader(&database.url).expect("a reader")),
        }
    }

    /// Where the content of files is.
    pub(crate) fn files(&self) -> Box<dyn Files> {
        match &self.server {
            None => Box::new(FolderFiles::new(&self.dir.path().join("files"))),
            Some(database) => Box::new(PostgresFiles::new(&database.url)),
        }
    }

    /// Changes rows behind everybody's back.
    pub(crate) fn tamper(&self, sql: &str) {
        match &self.server {
            None => {
                let options = sqlite::Options { shared: true, ..sqlite::Options::default() };
                let session = sqlite::open_writer(&self.path(), &options).expect("a database");
                session.connection().execute_batch(sql).expect("done");
            }
            Some(database) => execute(&database.url, sql),
        }
    }

    /// How the database file would carry out a statement, step by step.
    pub(crate) fn plan(&self, sql: &str) -> Vec<String> {
        let session = sqlite::open_reader(&self.path()).expect("a reader");
        let mut statement =
            session.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().expect("a step") {
            steps.push(row.get::<_, String>(3).expect("its words"));
        }
        steps
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("purser.db")
    }

    /// Moves business time.
    pub(crate) fn advance(&self, micros: i64) {
        self.clock.set_offset(self.clock.offset() + micros);
    }
}

/// Runs a command of the program itself.
pub(crate) fn run<C: Command>(writer: &mut Writer, command: C) -> Decided<C::Output>
where
    C::Output: Clone,
{
    call(writer, command, Meta::system()).expect("an outcome")
}

/// The code of a rejection.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Decided<T>) -> &'static str {
    outcome.expect_err("a rejection").code
}

pub(crate) fn party(n: u8) -> PartyId {
    PartyId(Uid([n; 16]))
}

pub(crate) fn earnings(n: u8) -> AccountRef {
    AccountRef::party(party(n), AccountKind::Earnings, Currency::CNY)
}

pub(crate) fn clearing() -> AccountRef {
    AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY)
}

pub(crate) fn float() -> AccountRef {
    AccountRef::float("sandbox", Currency::CNY)
}

/// Posts one transfer and returns its id.
pub(crate) fn post(
    writer: &mut Writer,
    step: Step,
    debit: &AccountRef,
    credit: &AccountRef,
    amount: i64,
) -> TransferId {
    let id = IdSource::system().next(Clock::system().machine());
    let request = TransferRequest {
        id,
        step,
        debit: debit.id(),
        credit: credit.id(),
        amount_minor: amount,
        currency: Currency::CNY,
        kind: TransferKind::Manual.code(),
        reference: Uid::NIL,
    };
    let accounts = vec![debit.clone(), credit.clone()];
    run(writer, PostTransfers { transfers: vec![request], atomic: true, accounts }).expect("posted");
    id
}

/// Balance and what holds reserve of an account.
pub(crate) fn balance(writer: &mut Writer, account: &AccountRef) -> (i64, i64) {
    run(writer, Peek(account.clone())).expect("read")
}

struct Peek(AccountRef);

impl Command for Peek {
    type Output = (i64, i64);
    fn name(&self) -> &'static str {
        "test.peek"
    }
    fn needs(&self, needs: &mut purser_engine::Needs<'_>, _ctx: &purser_engine::Ctx) {
        needs.account(&self.0);
    }
    fn decide(
        &self,
        tx: &mut purser_engine::Tx,
        _ctx: &purser_engine::Ctx,
    ) -> Result<(i64, i64), purser_engine::Rejection> {
        Ok(tx.account(self.0.id()).map_or((0, 0), |a| (a.posted, a.held_out)))
    }
    fn audited(&self) -> bool {
        false
    }
}
