//! An engine for rails that keep something there, on books of its own.

use purser_domain::{policy::DEFAULT_PACK, time::Zone};
use purser_engine::{Session, Writer, clock::Clock, ids::IdSource, ports::Hands, rules::RulesSource};
use purser_storage::{migrate, sqlite};
use tempfile::TempDir;

/// A writer, a reader and a clock that stands still until it is moved.
pub(crate) struct Bench {
    writer: Writer,
    pub(crate) reads: Box<dyn Session>,
    pub(crate) clock: Clock,
    _dir: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("purser.db");
        let mut session = sqlite::open_writer(&file, &sqlite::Options::default()).unwrap();
        migrate::migrate(&mut session).unwrap();
        let clock = Clock::frozen_at("2026-03-02T09:00:00+08:00".parse().unwrap());
        // Bank files wait while their rail is switched off, as it is until there is a contract.
        let entry = "\n[[entry]]\nkey = \"rail.bank_file.enabled\"\nrow = \"P4\"\n\
                     effective_from = \"2000-01-02\"\nvalue = true\nsource = \"test\"\n";
        let first_pack = ("test.toml".to_owned(), format!("{DEFAULT_PACK}{entry}"));
        let (ids, rules) = (IdSource::system(), RulesSource { first_pack, ..RulesSource::builtin() });
        let writer =
            Writer::open(Box::new(session), clock.clone(), Zone::shanghai(), ids, rules, "rails").unwrap();
        let reads = Box::new(sqlite::open_reader(&file).unwrap());
        Self { writer, reads, clock, _dir: dir }
    }

    pub(crate) fn hands(&mut self) -> Hands<'_> {
        Hands { desk: &mut self.writer, reads: self.reads.as_mut(), clock: &self.clock, vault: None }
    }
}
