//! Copies the log back into the database file beside the writer, so that the writer rarely has to: a commit that
//! finds the log long would otherwise wait for the copy.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::open::fault;
use crate::Fault;

/// A connection that only copies.
pub struct LogCopier(Connection);

/// What a step found, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Pages in the log.
    pub logged: i64,
    /// Pages of it that are in the database file.
    pub copied: i64,
}

impl LogCopier {
    /// Opens beside a writer.
    ///
    /// # Errors
    /// Storage faults.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        let conn = Connection::open_with_flags(path, flags).map_err(|e| fault("open", &e))?;
        conn.pragma_update(None, "synchronous", "FULL").map_err(|e| fault("synchronous", &e))?;
        Ok(Self(conn))
    }

    /// Copies what can be copied without making anybody wait.
    ///
    /// # Errors
    /// Storage faults.
    pub fn step(&mut self) -> Result<Copied, Fault> {
        self.0
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok(Copied { logged: row.get(1)?, copied: row.get(2)? })
            })
            .map_err(|e| fault("wal_checkpoint", &e))
    }
}
