//! A desk to test: a writer over a database in a throw-away folder, with a clock that stands still.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use purser_domain::{time::Timestamp, time::Zone};
use purser_engine::{
    AnyJob, Failure, Reply, Writer,
    chain::group_hash,
    clock::Clock,
    ids::IdSource,
    rows::{AuditRow, Group, TransferRow},
    rules::RulesSource,
};
use purser_storage::{Fault, Record, Session, Statement, migrate, postgres, sqlite};

use crate::faults::{FaultDial, FaultySession};

/// What a command was answered.
pub type Answer = Result<Reply, Failure>;

/// 2026-03-01 12:00 in Shanghai: where every simulation starts.
pub const START: Timestamp = Timestamp(1_772_337_600_000_000);

/// Where the rows of a desk live.
pub struct Place(Kind);

enum Kind {
    Folder(tempfile::TempDir),
    Server { admin: String, name: String, url: String },
}

/// URL of a server on which databases may be created; its half of the suite is left out when it is not set.
const SERVER: &str = "PURSER_TEST_POSTGRES";

/// A statement that no transaction may hold.
fn command(url: &str, sql: &str) -> Result<(), ::postgres::Error> {
    ::postgres::Client::connect(url, ::postgres::NoTls)?.batch_execute(sql)
}

impl Place {
    /// A new, empty place for a file; in memory when the system has such a folder, since no test pulls the plug.
    ///
    /// # Panics
    /// When no folder can be made.
    pub fn new() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self(Kind::Folder(dir.expect("a folder for the test database")))
    }

    /// A new database on the `PostgreSQL` server that `PURSER_TEST_POSTGRES` names, if it does.
    ///
    /// # Panics
    /// When the server does not make one.
    pub fn postgres() -> Option<Self> {
        let admin = std::env::var(SERVER).ok()?;
        let random = tempfile::Builder::new().prefix("").rand_bytes(12).tempdir().expect("a temporary name");
        let name = random.path().file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = format!("purser_sim_{name}");
        let made = command(&admin, &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
        made.expect("a database on the test server");
        let (server, _) = admin.rsplit_once('/').unwrap_or((&admin, ""));
        let url = format!("{server}/{name}");
        Some(Self(Kind::Server { admin, name, url }))
    }

    /// A place on every database that can be had here; says so when one cannot.
    pub fn all() -> Vec<Self> {
        let server = Self::postgres();
        if server.is_none() {
            crate::skipped(&format!("everything on PostgreSQL: {SERVER} is not set"));
        }
        [Some(Self::new()), server].into_iter().flatten().collect()
    }

    /// Whether the rows live on a server, where every call is a journey.
    pub fn is_server(&self) -> bool {
        matches!(self.0, Kind::Server { .. })
    }

    /// Throws away all rows. No session may be open.
    ///
    /// # Panics
    /// When they do not go.
    pub fn wipe(&self) {
        match &self.0 {
            Kind::Folder(dir) => {
                for file in std::fs::read_dir(dir.path()).expect("the folder of the test").flatten() {
                    std::fs::remove_file(file.path()).expect("a file of the test");
                }
            }
            Kind::Server { url, .. } => {
                let tables = purser_engine::tables();
                let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
                let wiped = postgres::open_writer(url).and_then(|mut session| {
                    migrate::migrate(&mut session)?;
                    session.run_script(&format!("TRUNCATE {}", names.join(", ")))
                });
                wiped.expect("empty tables");
            }
        }
    }

    /// The database file.
    ///
    /// # Panics
    /// When the place is on a server.
    pub fn file(&self) -> PathBuf {
        match &self.0 {
            Kind::Folder(dir) => dir.path().join("purser.db"),
            Kind::Server { .. } => panic!("a server's database is no file"),
        }
    }

    /// A session that only reads.
    ///
    /// # Errors
    /// Storage faults.
    pub fn reader(&self) -> Result<Box<dyn Session>, Fault> {
        Ok(match &self.0 {
            Kind::Folder(_) => Box::new(sqlite::open_reader(&self.file())?),
            Kind::Server { url, .. } => Box::new(postgres::open_reader(url)?),
        })
    }

    /// A migrated writer session.
    ///
    /// # Errors
    /// Storage faults.
    pub fn session(&self, options: &sqlite::Options) -> Result<Box<dyn Session>, Fault> {
        let mut session: Box<dyn Session> = match &self.0 {
            Kind::Folder(_) => Box::new(sqlite::open_writer(&self.file(), options)?),
            Kind::Server { url, .. } => Box::new(postgres::open_writer(url)?),
        };
        migrate::migrate(session.as_mut())?;
        Ok(session)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Kind::Server { admin, name, .. } = &self.0 {
            let dropped = command(admin, &format!("DROP DATABASE {name} WITH (FORCE)"));
            if let Err(error) = dropped {
                eprintln!("left behind: database {name}: {error}");
            }
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

/// A writer over a [`Place`], run by hand.
pub struct Desk {
    /// The writer.
    pub writer: Writer,
    /// Its clock.
    pub clock: Clock,
    /// Its faults.
    pub dial: FaultDial,
}

type Collected = Arc<Mutex<Vec<Option<Answer>>>>;

/// Jobs whose answers are collected in order.
#[derive(Default)]
pub struct Batch {
    answers: Collected,
    count: usize,
}

impl Batch {
    /// A place for the next answer: what a job's `done` does.
    ///
    /// # Panics
    /// When a command is answered twice.
    pub fn slot(&mut self) -> impl FnOnce(Answer) + Send + 'static {
        let (answers, index) = (Arc::clone(&self.answers), self.count);
        answers.lock().unwrap_or_else(PoisonError::into_inner).push(None);
        self.count += 1;
        move |answer| {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(answers[index].is_none(), "a command was answered twice");
            answers[index] = Some(answer);
        }
    }

    /// The answers.
    ///
    /// # Panics
    /// When a command was not answered.
    pub fn answers(self) -> Vec<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *answers).into_iter();
        all.enumerate()
            .map(|(index, answer)| answer.unwrap_or_else(|| panic!("command {index} was not answered")))
            .collect()
    }
}

impl Desk {
    /// A desk over a session, faults wired in.
    ///
    /// # Errors
    /// Storage faults.
    pub fn over(session: Box<dyn Session>) -> Result<Self, Fault> {
        Self::at(session, Clock::frozen_at(START), FaultDial::new())
    }

    /// A desk over a session with this clock and these faults.
    ///
    /// # Errors
    /// Storage faults.
    pub fn at(session: Box<dyn Session>, clock: Clock, dial: FaultDial) -> Result<Self, Fault> {
        Self::ruled(session, clock, dial, RulesSource::builtin())
    }

    /// A desk with rules of its own.
    ///
    /// # Errors
    /// Storage faults.
    pub fn ruled(
        session: Box<dyn Session>,
        clock: Clock,
        dial: FaultDial,
        source: RulesSource,
    ) -> Result<Self, Fault> {
        let session = Box::new(FaultySession::new(session, dial.clone()));
        let ids = IdSource::seeded(7);
        let writer = Writer::open(session, clock.clone(), Zone::shanghai(), ids, source, "sim")?;
        Ok(Self { writer, clock, dial })
    }

    /// A desk over the database in `place`.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub fn open(place: &Place) -> Self {
        let session = place.session(&sqlite::Options::default()).expect("a fresh database opens");
        Self::over(session).expect("a writer over a fresh database")
    }

    /// Runs one group.
    pub fn run(&mut self, make: impl FnOnce(&mut Batch) -> Vec<Box<dyn AnyJob>>) -> Vec<Answer> {
        let mut batch = Batch::default();
        let jobs = make(&mut batch);
        self.writer.execute(jobs);
        batch.answers()
    }

    /// Walks every lane's chain from its first group and recomputes each hash from the rows.
    ///
    /// # Panics
    /// At the first thing that does not fit.
    pub fn check_chain(&mut self) {
        let groups: Vec<Group> = self.all(&GROUPS);
        let lines: Vec<TransferRow> = self.all(&LINES);
        let audits: Vec<AuditRow> = self.all(&AUDITS);
        let (mut prev, mut seq, mut lane, mut at) = ([0; 32], 0, 0, Timestamp(0));
        let mut counted = 0;
        for group in &groups {
            if group.lane != lane {
                (prev, seq, lane, at) = ([0; 32], 0, group.lane, Timestamp(0));
            }
            assert_eq!((group.seq, group.prev), (seq + 1, prev), "a link is missing");
            assert!(group.at >= at, "time went back in the chain");
            let number = purser_engine::chain::group_number(group.lane, group.seq);
            let mine: Vec<TransferRow> = group
                .ids
                .chunks(16)
                .filter_map(|id| lines.iter().find(|line| line.0.id.0.0 == id).cloned())
                .collect();
            assert!(mine.iter().all(|line| line.0.group == number), "a line of another group");
            let said: Vec<AuditRow> = audits.iter().filter(|a| a.grp == number).cloned().collect();
            counted += mine.len();
            assert_eq!(group.hash, group_hash(&prev, number, group.at, &mine, &said), "group {number}");
            (prev, seq, at) = (group.hash, group.seq, group.at);
        }
        assert_eq!(counted, lines.len(), "a line belongs to no group");
    }

    fn all<T: Record>(&mut self, statement: &'static Statement) -> Vec<T> {
        let mut rows = Vec::new();
        let read = self.writer.session().query(statement, &[], &mut |source| {
            rows.push(T::read(source));
            true
        });
        read.expect("a readable table");
        rows
    }
}

static GROUPS: Statement = Statement { name: "sim.groups", sql: "SELECT * FROM groups ORDER BY lane, seq" };
static LINES: Statement = Statement { name: "sim.lines", sql: "SELECT * FROM transfers ORDER BY grp" };
static AUDITS: Statement = Statement { name: "sim.audits", sql: "SELECT * FROM audit ORDER BY grp, n" };
