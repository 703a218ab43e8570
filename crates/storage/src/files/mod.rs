//! Files by their content (P26): evidence that people attach. Kept apart from the rows that name them, because they
//! are large, never change and are read by nobody but people.
//!
//! A file is stored before the commit that names it, so a crash in between leaves one that nobody names: an orphan,
//! which is taken away a day later. Storing makes a file young again, so that one that is about to be named is never
//! taken away.

mod folder;
mod postgres;

pub use folder::FolderFiles;
pub use postgres::{FILE_CONTENTS, PostgresFiles, STATEMENTS};

use purser_domain::time::Timestamp;

use crate::Fault;

/// blake3 of the content.
pub type FileHash = [u8; 32];

/// Where the content of files is kept.
pub trait Files: Send + Sync {
    /// Stores a content under its hash; durable when it returns. Storing it again makes it as young as `now`.
    ///
    /// # Errors
    /// Storage faults; [`crate::FaultKind::Full`] when there is no room.
    fn put(&self, hash: &FileHash, content: &[u8], now: Timestamp) -> Result<(), Fault>;

    /// The content; `None` when it is not there.
    ///
    /// # Errors
    /// Storage faults.
    fn get(&self, hash: &FileHash) -> Result<Option<Vec<u8>>, Fault>;

    /// Its size in bytes; `None` when it is not there.
    ///
    /// # Errors
    /// Storage faults.
    fn size(&self, hash: &FileHash) -> Result<Option<u64>, Fault>;

    /// Files stored before `cutoff` whose hash is above `after`, in order of their hashes, at most `limit`.
    ///
    /// # Errors
    /// Storage faults.
    fn stored_before(
        &self,
        cutoff: Timestamp,
        after: Option<&FileHash>,
        limit: usize,
    ) -> Result<Vec<FileHash>, Fault>;

    /// Takes a file away unless it was stored again since `cutoff`; `true` when it was there and is gone.
    ///
    /// # Errors
    /// Storage faults.
    fn remove_stored_before(&self, hash: &FileHash, cutoff: Timestamp) -> Result<bool, Fault>;
}

/// A hash as 64 hex digits.
pub fn hex(hash: &FileHash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
