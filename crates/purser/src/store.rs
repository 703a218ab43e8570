//! Where the books are: `--data DIR` (embedded SQLite) or `--database URL` (PostgreSQL).

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use purser_domain::time::Zone;
use purser_engine::{
    Executor, Limits, Rules, Writer, Writers,
    clock::Clock,
    ids::IdSource,
    invariants,
    rows::{Meta, TransferRow},
    rules::RulesSource,
    rules::keep_first_pack,
    verify,
};
use purser_storage::{
    Fault, FaultKind, Keys, Lock, Record as _, Session, Statement, Value,
    files::{Files, FolderFiles, PostgresFiles},
    migrate, postgres, sqlite,
};

use crate::cmd::Stop;

/// Flags that every command takes.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct StoreArgs {
    /// Folder of the embedded database; made when absent
    #[arg(long, value_name = "DIR", env = "PURSER_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// PostgreSQL URL instead of a folder
    #[arg(
        long,
        value_name = "URL",
        env = "PURSER_DATABASE",
        conflicts_with = "data",
        hide_env_values = true
    )]
    pub(crate) database: Option<String>,
}

/// A resolved place.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Postgres(String),
}

/// The engine on a place.
pub(crate) struct Opened {
    pub(crate) executor: Executor,
    pub(crate) clock: Clock,
    pub(crate) rules: Arc<RwLock<Arc<Rules>>>,
    writers: Writers,
    copier: Option<Copier>,
    _lock: Option<File>,
}

impl Opened {
    /// Stops accepting, finishes what was accepted. Other executors must have been dropped.
    pub(crate) fn close(self) {
        drop(self.executor);
        self.writers.join();
        if let Some(copier) = self.copier {
            copier.stop();
        }
    }
}

/// The thread that copies SQLite's log back beside the writer.
struct Copier {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Pause between two looks at the log.
const LOOK: Duration = Duration::from_millis(50);

impl Copier {
    fn start(file: &Path) -> Result<Self> {
        let mut copier = sqlite::LogCopier::open(file)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(LOOK);
                if let Err(fault) = copier.step() {
                    // The writer copies for itself when its log grows too long.
                    tracing::debug!(%fault, "the log could not be copied");
                }
            }
        });
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A copier that panicked has logged it; nothing depends on it.
        let _ = self.thread.join();
    }
}

/// Takes over how far the test clock was moved, so that business time is right before the first group asks.
fn follow_test_clock(session: &mut dyn Session, clock: &Clock) -> Result<()> {
    session.load(Meta::TABLE, &Keys::<Meta>(&["clock_offset".to_owned()]), Lock::None, &mut |row| {
        if let Ok(offset) = Meta::read(row).value.parse() {
            clock.set_offset(offset);
        }
    })?;
    Ok(())
}

static DATABASE_BYTES: Statement =
    Statement { name: "bench.database_bytes", sql: "SELECT pg_database_size(current_database())" };
static LOG_SYNCS: Statement = Statement { name: "bench.log_syncs", sql: "SELECT wal_sync FROM pg_stat_wal" };
static SAMPLE: Statement = Statement {
    name: "bench.sample",
    sql: "SELECT id, at, grp, kind, step, debit, credit, amount, debit_after, credit_after, debit_prev, \
          credit_prev, of_id, reference FROM transfers ORDER BY id LIMIT ?1",
};

impl StoreArgs {
    /// The place; there is no default for what checks or changes books.
    pub(crate) fn place(&self) -> Result<Place> {
        match (&self.data, &self.database) {
            (_, Some(url)) => Ok(Place::Postgres(url.clone())),
            (Some(dir), None) => Ok(Place::Folder(dir.clone())),
            (None, None) => {
                Err(Stop::Usage("say where the books are: --data DIR or --database URL".to_owned()).into())
            }
        }
    }

    /// The place, or a default folder.
    pub(crate) fn place_or(&self, default: &Path) -> Place {
        match (&self.data, &self.database) {
            (_, Some(url)) => Place::Postgres(url.clone()),
            (Some(dir), None) => Place::Folder(dir.clone()),
            (None, None) => Place::Folder(default.to_owned()),
        }
    }
}

impl Place {
    pub(crate) fn engine(&self) -> &'static str {
        match self {
            Self::Folder(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    pub(crate) fn file(dir: &Path) -> PathBuf {
        dir.join("purser.db")
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> Result<u64> {
        match self {
            Self::Folder(dir) => Ok(std::fs::metadata(Self::file(dir)).map_or(0, |m| m.len())),
            Self::Postgres(_) => self.number(&DATABASE_BYTES),
        }
    }

    /// The one number that a statement says.
    fn number(&self, statement: &'static Statement) -> Result<u64> {
        let mut number = 0;
        self.open_reader()?.query(statement, &[], &mut |row| {
            number = u64::try_from(row.int(0)).unwrap_or(0);
            false
        })?;
        Ok(number)
    }

    /// How often the server waited for its log to be on disk, as it counts itself. It is asked twice, around what is
    /// measured, and counts everybody on it. None where the database runs in this process, or does not say.
    pub(crate) fn log_syncs(&self) -> Option<u64> {
        match self {
            Self::Folder(_) => None,
            Self::Postgres(_) => self.number(&LOG_SYNCS).ok(),
        }
    }

    /// Where the content of files is (P26): a folder beside the embedded database, a table on PostgreSQL.
    pub(crate) fn files(&self) -> Arc<dyn Files> {
        match self {
            Self::Folder(dir) => Arc::new(FolderFiles::new(&Self::files_folder(dir))),
            Self::Postgres(url) => Arc::new(PostgresFiles::new(url)),
        }
    }

    /// The folder of files beside an embedded database.
    pub(crate) fn files_folder(dir: &Path) -> PathBuf {
        dir.join("files")
    }

    /// A writing session on a migrated database.
    pub(crate) fn open_writer(&self) -> Result<Box<dyn Session>> {
        let mut session: Box<dyn Session> = match self {
            Self::Folder(dir) => {
                std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
                Box::new(sqlite::open_writer(&Self::file(dir), &sqlite::Options::default())?)
            }
            Self::Postgres(url) => Box::new(postgres::open_writer(url)?),
        };
        migrate::migrate(session.as_mut())?;
        keep_first_pack(session.as_mut(), &RulesSource::builtin())?;
        Ok(session)
    }

    /// A reading session.
    pub(crate) fn open_reader(&self) -> Result<Box<dyn Session>> {
        match self {
            Self::Folder(dir) => Ok(Box::new(sqlite::open_reader(&Self::file(dir))?)),
            Self::Postgres(url) => Ok(Box::new(postgres::open_reader(url)?)),
        }
    }

    /// Keeps a second server off the folder for as long as the file is open.
    pub(crate) fn lock(&self) -> Result<Option<File>> {
        let Self::Folder(dir) = self else { return Ok(None) };
        std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let path = dir.join("purser.lock");
        let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => {
                let what = format!(
                    "{} is in use by another purser: use its API, stop it first, or use another --data folder",
                    dir.display()
                );
                Err(Fault::new(FaultKind::Unusable, "lock", what).into())
            }
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("locking {}", path.display()))
            }
        }
    }

    /// Starts writers: one on a folder, several on PostgreSQL.
    pub(crate) fn open_engine(&self, writers: usize, limits: Limits) -> Result<Opened> {
        let lock = self.lock()?;
        let writers = if matches!(self, Self::Folder(_)) { 1 } else { writers.max(1) };
        let clock = Clock::system();
        let mut list = Vec::new();
        // Two containers may have the same process id.
        let start = IdSource::system().next_uid(clock.machine());
        let holder = format!("pid-{}-{:?}", std::process::id(), start);
        for _ in 0..writers {
            let mut session = self.open_writer()?;
            follow_test_clock(session.as_mut(), &clock)?;
            list.push(Writer::open(
                session,
                clock.clone(),
                Zone::shanghai(),
                IdSource::system(),
                RulesSource::builtin(),
                &holder,
            )?);
        }
        let rules = list.first().map(Writer::rules).context("a server needs a writer")?;
        for writer in list.iter_mut().skip(1) {
            writer.show_rules_in(Arc::clone(&rules));
        }
        let copier = match self {
            Self::Folder(dir) => Some(Copier::start(&Self::file(dir))?),
            Self::Postgres(_) => None,
        };
        let (executor, writers) = purser_engine::start(list, limits);
        Ok(Opened { executor, clock, rules, writers, copier, _lock: lock })
    }

    /// The first rows of the journal.
    pub(crate) fn sample_transfers(&self, limit: i64) -> Result<Vec<TransferRow>> {
        let mut rows = Vec::new();
        self.open_reader()?.query(&SAMPLE, &[Value::Int(limit)], &mut |row| {
            rows.push(TransferRow::read(row));
            true
        })?;
        Ok(rows)
    }

    /// Checks the books in full; a word for benches.
    pub(crate) fn verify(&self) -> Result<String> {
        let mut session = self.open_reader()?;
        let report =
            verify::verify_full(session.as_mut(), &Zone::shanghai(), &invariants::all(), &mut |_| {})?;
        Ok(report.first().map_or_else(|| "ok".to_owned(), |finding| finding.sentence.clone()))
    }
}
