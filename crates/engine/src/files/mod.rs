//! Files that rows name (P26): which there are, that they are whole, and that nobody's are taken away.
//!
//! The bytes are in a [`Files`] store and get there before the commit that names them ([`keep`]); [`FileRow`] is
//! written with that commit. From then on `purser verify` misses the file when it is gone or altered, and a backup
//! takes it along. What was stored and never named is taken away after a day ([`sweep`]).

use purser_domain::time::{DAY, Timestamp};
pub use purser_storage::files::{FileHash, Files, hex};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Table};

use crate::{
    command::{Command, Ctx, Rejection},
    record,
    tx::{Needs, Tx},
    verify::{Finding, Invariant},
};

/// How long a file may wait for the commit that names it, µs of machine time.
const ORPHAN_AGE: i64 = DAY;
/// Files that one round of the sweep looks at.
const ROUND: usize = 500;
/// Most findings of one verification.
const MOST: usize = 100;

record! {
    /// A file that was named by a commit; never changes.
    pub struct FileRow in FILES = 83, "files", lock None, key(hash: FileHash) {
        /// Type, as found in its bytes.
        kind: String,
        /// Size in bytes.
        size: i64,
        /// When it was named first.
        named_at: Timestamp,
    }
}

static NAMED: Statement =
    Statement { name: "files.named", sql: "SELECT hash, kind, size, named_at FROM files ORDER BY hash" };

/// Statements of this module.
pub const STATEMENTS: &[&Statement] = &[&NAMED];

/// Tables of this module; the second belongs to the store on `PostgreSQL`.
pub const TABLES: &[&Table] = &[&FILES, &purser_storage::files::FILE_CONTENTS];

/// A file in the store, for a command to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Of its content.
    pub hash: FileHash,
    /// Type, as found in its bytes.
    pub kind: String,
    /// Size in bytes.
    pub size: i64,
}

/// Puts a content into the store, durably, for a command that names it within a day.
///
/// # Errors
/// Storage faults.
pub fn keep(store: &dyn Files, content: &[u8], kind: &str, now: Timestamp) -> Result<StoredFile, Fault> {
    let hash = *blake3::hash(content).as_bytes();
    store.put(&hash, content, now)?;
    Ok(StoredFile { hash, kind: kind.to_owned(), size: i64::try_from(content.len()).unwrap_or(i64::MAX) })
}

/// Declares a file that [`name`] will name.
pub fn need(needs: &mut Needs<'_>, file: &StoredFile) {
    needs.row::<FileRow>(file.hash);
}

/// Names a file: from this commit on it is kept.
pub fn name(tx: &mut Tx, ctx: &Ctx, file: &StoredFile) {
    if tx.get::<FileRow>(&file.hash).is_none() {
        tx.put(FileRow { hash: file.hash, kind: file.kind.clone(), size: file.size, named_at: ctx.now });
    }
}

/// Calls `each` with every file that was named, in order of hashes; stops when it returns false.
///
/// # Errors
/// Storage faults.
pub fn named(session: &mut dyn Session, each: &mut dyn FnMut(FileRow) -> bool) -> Result<(), Fault> {
    session.query(&NAMED, &[], &mut |row| each(FileRow::read(row)))
}

/// What became of the files that books name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// Files that are whole and were copied.
    pub files: u64,
    /// Hashes, in hex, of those that are missing or altered.
    pub damaged: Vec<String>,
}

/// Copies every file that `books` name from one store to another, each compared with its hash.
///
/// # Errors
/// Storage faults; a damaged file is none.
pub fn copy_named(
    books: &mut dyn Session,
    from: &dyn Files,
    to: &dyn Files,
    now: Timestamp,
) -> Result<Copied, Fault> {
    let (mut copied, mut failed) = (Copied::default(), None);
    named(books, &mut |row| {
        let outcome = from.get(&row.hash).and_then(|content| match content {
            Some(content) if *blake3::hash(&content).as_bytes() == row.hash => {
                copied.files += 1;
                to.put(&row.hash, &content, now)
            }
            _ => {
                copied.damaged.push(hex(&row.hash));
                Ok(())
            }
        });
        failed = outcome.err();
        failed.is_none()
    })?;
    failed.map_or(Ok(copied), Err)
}

/// Takes away what was stored more than a day ago and never named; returns how many files were. In rounds, each over
/// 500 files in order of hashes.
///
/// # Errors
/// Storage faults.
pub fn sweep(reads: &mut dyn Session, store: &dyn Files, now: Timestamp) -> Result<usize, Fault> {
    let cutoff = now.plus(-ORPHAN_AGE);
    let mut removed = 0;
    let mut after: Option<FileHash> = None;
    loop {
        let old = store.stored_before(cutoff, after.as_ref(), ROUND)?;
        let Some(last) = old.last().copied() else { return Ok(removed) };
        let mut kept = Vec::new();
        reads.load(FileRow::TABLE, &Keys::<FileRow>(&old), Lock::None, &mut |row| {
            kept.push(FileRow::read(row).hash);
        })?;
        for hash in old.iter().filter(|hash| !kept.contains(hash)) {
            removed += usize::from(store.remove_stored_before(hash, cutoff)?);
        }
        after = Some(last);
    }
}

/// Every file that was named is there and is what it was.
pub struct FilesIntact<'a> {
    /// Where the files are.
    pub store: &'a dyn Files,
    /// Read every file and compare its hash; otherwise only its presence and size.
    pub contents: bool,
}

impl FilesIntact<'_> {
    /// What is wrong with a file, if anything: what was found in words.
    fn wrong(&self, row: &FileRow) -> Result<Option<String>, Fault> {
        let Some(size) = self.store.size(&row.hash)? else { return Ok(Some("missing".to_owned())) };
        if u64::try_from(row.size) != Ok(size) {
            return Ok(Some(format!("{size} bytes")));
        }
        if !self.contents {
            return Ok(None);
        }
        let same =
            self.store.get(&row.hash)?.is_some_and(|content| *blake3::hash(&content).as_bytes() == row.hash);
        Ok((!same).then(|| "another content".to_owned()))
    }
}

impl Invariant for FilesIntact<'_> {
    fn name(&self) -> &'static str {
        "files = what was attached"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let mut failed = None;
        named(session, &mut |row| {
            match self.wrong(&row) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    let place = format!("file {}", hex(&row.hash));
                    let expected = format!("{} bytes of {}", row.size, row.kind);
                    let sentence = format!("an attached file is damaged: {found}");
                    findings.push(Finding::of_invariant(self.name(), place, expected, found, &sentence));
                }
                Err(fault) => failed = Some(fault),
            }
            failed.is_none() && findings.len() < MOST
        })?;
        failed.map_or(Ok(findings), Err)
    }
}

/// One round of the schedule [`crate::jobs::SWEEP_FILES`]: the files are gone when it is planned, so that a round
/// that is cut off is only made again.
#[derive(Debug, Clone)]
pub struct SweepFiles;

impl SweepFiles {
    /// Sweeps.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, store: &dyn Files, now: Timestamp) -> Result<Self, Fault> {
        let removed = sweep(reads, store, now)?;
        if removed > 0 {
            tracing::info!(removed, "files that nobody named were taken away");
        }
        Ok(Self)
    }
}

impl Command for SweepFiles {
    type Output = ();

    fn name(&self) -> &'static str {
        "files.sweep"
    }

    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}

    fn decide(&self, _tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}
