//! Seeded runs of ledger commands through a writer, for tests that look at what they leave behind.
#![allow(dead_code, reason = "every test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../domain/tests/support/skipped.rs"]
mod skip;

use std::path::Path;
use std::sync::mpsc;

use purser_domain::{
    ids::{AccountId, PartyId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    time::{Timestamp, Zone},
};
use purser_engine::{
    AnyJob, Command, Job, Meta, Reply, Writer, chain::TakeCheckpoint, clock::Clock, ids::IdSource,
    ledger::PostTransfers, rules::RulesSource,
};
use purser_storage::{
    Fault, Lock, Rows, Session, Source, Statement, Table, Value,
    migrate::migrate,
    postgres,
    sqlite::{Options, SqliteSession, open_reader, open_writer},
};

pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000_000);

/// A small fixed generator: the same seed, the same run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
    pub(crate) fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.roll(len as u64)).unwrap()
    }
    pub(crate) fn amount(&mut self, below: u64) -> i64 {
        i64::try_from(self.roll(below)).unwrap() + 1
    }
}

/// Passes everything on to a session inside; the two functions say what differs.
macro_rules! wrapped {
    ($name:ident, $exclusive:expr, $count:expr) => {
        impl Session for $name {
            fn engine(&self) -> &'static str {
                self.inner.engine()
            }
            fn exclusive(&self) -> bool {
                $exclusive(self)
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
                let mut rows = 0;
                let outcome = self.inner.load(table, keys, lock, &mut |source| {
                    rows += 1;
                    each(source);
                });
                $count(self, rows);
                outcome
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
                let mut rows = 0;
                let outcome = self.inner.query(statement, params, &mut |source| {
                    rows += 1;
                    each(source)
                });
                $count(self, rows);
                outcome
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
            fn clock_micros(&mut self) -> Result<Option<i64>, Fault> {
                self.inner.clock_micros()
            }
            fn syncs(&self) -> u64 {
                self.inner.syncs()
            }
        }
    };
}

/// A session that says that others may write too, so that every writer takes a lane of its own.
pub(crate) struct Shared {
    inner: SqliteSession,
}

wrapped!(Shared, |_: &Self| false, |_: &mut Self, _: i64| {});

/// A session that counts the rows that come out of it.
pub(crate) struct Counting {
    inner: SqliteSession,
    pub(crate) rows: i64,
}

impl Counting {
    pub(crate) fn new(inner: SqliteSession) -> Self {
        Self { inner, rows: 0 }
    }
}

wrapped!(Counting, |this: &Self| this.inner.exclusive(), |this: &mut Self, rows: i64| this.rows += rows);

pub(crate) fn party(n: u64) -> AccountRef {
    let id = PartyId(Uid::derive("test party", &[&n.to_le_bytes()]));
    AccountRef::party(id, AccountKind::Earnings, Currency::CNY)
}

pub(crate) fn platform(kind: AccountKind) -> AccountRef {
    AccountRef::platform(kind, Currency::CNY)
}

/// Writers on one database file, a clock that the run moves, and what it remembers of its own holds.
pub(crate) struct Run {
    pub(crate) writers: Vec<Writer>,
    pub(crate) clock: Clock,
    pub(crate) dice: Dice,
    pub(crate) ids: IdSource,
    holds: Vec<TransferId>,
    posted: Vec<TransferId>,
    parties: u64,
}

impl Run {
    pub(crate) fn new(path: &Path, seed: u64, lanes: u64) -> Self {
        Self::on(seed, lanes, &|| {
            let session = open_writer(path, &Options { shared: lanes > 1, ..Options::default() }).unwrap();
            if lanes == 1 { Box::new(session) } else { Box::new(Shared { inner: session }) }
        })
    }

    /// On whatever database `open` opens.
    pub(crate) fn on(seed: u64, lanes: u64, open: &dyn Fn() -> Box<dyn Session>) -> Self {
        let clock = Clock::frozen_at(START);
        let writers = (0..lanes)
            .map(|lane| {
                let mut session = open();
                migrate(session.as_mut()).unwrap();
                let ids = IdSource::seeded(seed + lane);
                let (zone, source) = (Zone::shanghai(), RulesSource::builtin());
                Writer::open(session, clock.clone(), zone, ids, source, &format!("test {lane}")).unwrap()
            })
            .collect();
        let (holds, posted) = (Vec::new(), Vec::new());
        Self {
            writers,
            clock,
            dice: Dice(seed),
            ids: IdSource::seeded(seed ^ 0x63),
            holds,
            posted,
            parties: 12,
        }
    }

    pub(crate) fn advance(&mut self, micros: i64) {
        self.clock.set_offset(self.clock.offset() + micros);
    }

    pub(crate) fn request(
        &mut self,
        step: Step,
        debit: &AccountRef,
        credit: &AccountRef,
        amount: i64,
    ) -> TransferRequest {
        TransferRequest {
            id: self.ids.next(self.clock.business()),
            step,
            debit: debit.id(),
            credit: credit.id(),
            amount_minor: amount,
            currency: Currency::CNY,
            kind: TransferKind::Manual.code(),
            reference: Uid::NIL,
        }
    }

    /// Runs one group of post commands on a writer; the outcomes of items are not looked at.
    pub(crate) fn post(&mut self, lane: usize, commands: Vec<Vec<TransferRequest>>, accounts: &[AccountRef]) {
        let (sender, receiver) = mpsc::channel();
        let jobs: Vec<Box<dyn AnyJob>> = commands
            .into_iter()
            .map(|transfers| {
                let sender = sender.clone();
                let command = PostTransfers { transfers, atomic: false, accounts: accounts.to_vec() };
                Job::new(
                    command,
                    Meta::system(),
                    |_| Reply::default(),
                    move |done| {
                        sender.send(done.map(|_| ())).unwrap();
                    },
                )
            })
            .collect();
        let count = jobs.len();
        self.writers[lane].execute(jobs);
        receiver.iter().take(count).for_each(|done| done.unwrap());
    }

    pub(crate) fn checkpoint(&mut self) {
        self.command(TakeCheckpoint);
    }

    /// Runs one command in a group of its own.
    pub(crate) fn command(&mut self, command: impl Command) {
        let job = Job::new(
            command,
            Meta::system(),
            |_| Reply::default(),
            |done| {
                done.unwrap();
            },
        );
        self.writers[0].execute(vec![job]);
    }

    fn random_transfer(&mut self) -> TransferRequest {
        let someone = party(self.dice.roll(self.parties));
        let clearing = platform(AccountKind::ClientsClearing);
        let payouts = platform(AccountKind::PayoutsClearing);
        let amount = self.dice.amount(5_000);
        let choice = self.dice.roll(10);
        let hold = self.pick(true);
        let old = self.pick(false);
        match (choice, hold, old) {
            (0..=3, _, _) => {
                let request = self.request(Step::Post, &clearing, &someone, amount);
                self.posted.push(request.id);
                request
            }
            (4, _, _) => {
                let request = self.request(
                    Step::Post,
                    &someone,
                    &platform(AccountKind::RevenueServiceFee),
                    amount / 10 + 1,
                );
                self.posted.push(request.id);
                request
            }
            (5 | 6, _, _) => {
                let request =
                    self.request(Step::Hold { expires_at: None }, &someone, &payouts, amount / 2 + 1);
                self.holds.push(request.id);
                request
            }
            (7, Some(hold), _) => self.request(Step::Settle { hold }, &someone, &payouts, amount / 4 + 1),
            (8, Some(hold), _) => self.request(Step::Release { hold }, &someone, &payouts, amount / 4 + 1),
            (9, _, Some(transfer)) => {
                let request = self.request(Step::Reverse { transfer }, &someone, &clearing, 1);
                TransferRequest { id: TransferRequest::reversal_id(transfer), ..request }
            }
            _ => self.request(Step::Post, &clearing, &someone, amount),
        }
    }

    fn pick(&mut self, holds: bool) -> Option<TransferId> {
        let list = if holds { &self.holds } else { &self.posted };
        (!list.is_empty()).then(|| list[self.dice.place(list.len())])
    }

    /// Random groups on random lanes, with days passing and checkpoints.
    pub(crate) fn random_groups(&mut self, groups: u64) {
        let accounts: Vec<AccountRef> = (0..self.parties)
            .map(party)
            .chain(
                [AccountKind::ClientsClearing, AccountKind::PayoutsClearing, AccountKind::RevenueServiceFee]
                    .map(platform),
            )
            .collect();
        for group in 0..groups {
            let pause = [0, 1, 60_000_000, 3_600_000_000, 86_400_000_000][self.dice.place(5)];
            self.advance(pause);
            let commands = (0..=self.dice.roll(3))
                .map(|_| (0..=self.dice.roll(4)).map(|_| self.random_transfer()).collect())
                .collect();
            let lane = self.dice.place(self.writers.len());
            // Settlements and reversals read accounts that only the ledger knows: all are declared.
            self.post(lane, commands, &accounts);
            if group % 40 == 39 {
                self.checkpoint();
            }
        }
    }
}

/// An id as SQL writes it between quotes.
pub(crate) fn hex(id: AccountId) -> String {
    format!("{:032x}", u128::from_be_bytes(id.0.0))
}

/// A reader of the file.
pub(crate) fn reader(path: &Path) -> SqliteSession {
    open_reader(path).unwrap()
}

/// Runs SQL on a file as somebody would who has it in hands.
pub(crate) fn tamper(path: &Path, sql: &str) {
    let session = open_writer(path, &Options { shared: true, ..Options::default() }).unwrap();
    session.connection().execute_batch(sql).unwrap();
}

/// A `PostgreSQL` database of its own on the server that `PURSER_TEST_POSTGRES` names, dropped at the end.
pub(crate) struct PostgresDatabase {
    admin_url: String,
    name: String,
    pub(crate) url: String,
}

impl PostgresDatabase {
    /// `None`, said on the error stream, when no server was named.
    pub(crate) fn create() -> Option<Self> {
        let Ok(admin_url) = std::env::var("PURSER_TEST_POSTGRES") else {
            skip::skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set");
            return None;
        };
        let random = tempfile::Builder::new().prefix("").rand_bytes(12).tempdir().unwrap();
        let random = random.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let name = format!("purser_ledger_{random}");
        let mut admin = postgres::open_writer(&admin_url).unwrap();
        execute(&mut admin, &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
        let (server, _) = admin_url.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}");
        Some(Self { admin_url, name, url })
    }

    pub(crate) fn run(&self, seed: u64, lanes: u64) -> Run {
        Run::on(seed, lanes, &|| Box::new(postgres::open_writer(&self.url).unwrap()))
    }

    pub(crate) fn reader(&self) -> impl Session + use<> {
        postgres::open_reader(&self.url).unwrap()
    }

    pub(crate) fn tamper(&self, sql: &str) {
        execute(&mut postgres::open_writer(&self.url).unwrap(), sql);
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let mut admin = postgres::open_writer(&self.admin_url).unwrap();
        execute(&mut admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Statements are constants everywhere else; a test that makes one keeps it for good.
fn execute(session: &mut dyn Session, sql: &str) {
    let sql: &'static str = Box::leak(sql.to_owned().into_boxed_str());
    session.execute(Box::leak(Box::new(Statement { name: "test", sql })), &[]).unwrap();
}
