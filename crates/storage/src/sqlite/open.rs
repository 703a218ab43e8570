//! Opening the database file.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::Read as _,
    path::Path,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::SqliteSession;
use crate::{Fault, FaultKind};

/// Who copies the log back into the database file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointStyle {
    /// The writer, after a commit, when the log has grown past this many pages.
    Pages(u32),
}

/// Settings of a writer.
#[derive(Debug, Clone)]
pub struct Options {
    /// Page size of a new file, bytes.
    pub page_size: u32,
    /// Page cache, KiB.
    pub cache_kib: u32,
    /// When the log is copied back.
    pub checkpoint: CheckpointStyle,
    /// Limit on the size of the file in pages, for tests of a full disk.
    pub max_pages: Option<u32>,
    /// Several writers on one file, for tests of lanes: no lock, and none of them may remember rows.
    pub shared: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            page_size: 4096,
            cache_kib: 65_536,
            checkpoint: CheckpointStyle::Pages(16_384),
            max_pages: None,
            shared: false,
        }
    }
}

pub(super) fn fault(doing: &str, error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode as E;
    let kind = match error.sqlite_error_code() {
        Some(E::DatabaseBusy | E::DatabaseLocked) => FaultKind::Retry,
        Some(E::DiskFull | E::SystemIoFailure) => FaultKind::Full,
        Some(E::NotADatabase | E::DatabaseCorrupt | E::ReadOnly | E::CannotOpen | E::PermissionDenied) => {
            FaultKind::Unusable
        }
        _ => FaultKind::Other,
    };
    Fault::new(kind, doing, error)
}

fn pragma(conn: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<(), Fault> {
    conn.pragma_update(None, name, value).map_err(|e| fault(name, &e))
}

/// Statements are planned by their text alone. Otherwise `SQLite` plans one anew at every run when a value that is bound might
/// make a partial index fit: the search for due jobs, sixteen kinds at a time, was compiled ten times a second and thread.
/// Whatever is to use a partial index says its condition in words.
fn plan_once(conn: &Connection) -> Result<(), Fault> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop).map_err(|e| fault("plans", &e))
}

/// Takes the lock that lies beside the file as long as its writer lives. The writer remembers rows between groups:
/// a second one would compute balances from what is no longer so. The system frees it when the process ends.
fn lock(path: &Path) -> Result<File, Fault> {
    let mut name = OsString::from(path);
    name.push("-lock");
    let unusable = |message: &dyn std::fmt::Display| Fault::new(FaultKind::Unusable, "lock", message);
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&name)
        .map_err(|e| unusable(&format!("{}: {e}", name.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(unusable(&"another server has this database open for writing")),
        Err(TryLockError::Error(e)) => Err(unusable(&e)),
    }
}

/// `SQLite` takes a file of no bytes for a new database, and one cut to a few bytes too: an empty desk instead of
/// a complaint. It also fills up a last page that is cut. Whole pages it counts itself, against the header. With a
/// log beside it a file may end anywhere: the log has the pages that a crash left half copied.
fn refuse_remnant(path: &Path) -> Result<(), Fault> {
    let unusable = |message: &dyn std::fmt::Display| Fault::new(FaultKind::Unusable, "open", message);
    let length = match std::fs::metadata(path) {
        Ok(file) => file.len(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(unusable(&e)),
    };
    let mut header = [0; 18];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size.max(1),
    };
    let mut log = OsString::from(path);
    log.push("-wal");
    let log_is_empty = std::fs::metadata(&log).map_or(true, |file| file.len() == 0);
    let is_sqlite = header.starts_with(b"SQLite format 3");
    if read.is_err() || length < HEADER || (is_sqlite && log_is_empty && length % page != 0) {
        return Err(unusable(&format!(
            "the file ends after {length} bytes, in the middle of a page: it was cut; restore it, or move it away to begin anew"
        )));
    }
    Ok(())
}

/// Bytes of a database file's header.
const HEADER: u64 = 100;

/// Opens the file for writing, creating it when absent. One process at a time may do so.
///
/// # Errors
/// [`FaultKind::Unusable`] when the file is not a database, damaged, or cannot be written.
pub fn open_writer(path: &Path, options: &Options) -> Result<SqliteSession, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    let lock = if options.shared { None } else { Some(lock(path)?) };
    refuse_remnant(path)?;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| fault("open", &e))?;
    if conn.is_readonly("main").map_err(|e| fault("open", &e))? {
        return Err(Fault::new(FaultKind::Unusable, "open", "the file is read-only for this user"));
    }
    plan_once(&conn)?;
    pragma(&conn, "page_size", options.page_size)?;
    let mode: String = conn
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|e| fault("journal_mode", &e))?;
    if mode != "wal" {
        return Err(Fault::new(FaultKind::Unusable, "journal_mode", format!("WAL is needed, got {mode}")));
    }
    pragma(&conn, "synchronous", "FULL")?;
    pragma(&conn, "cache_size", -i64::from(options.cache_kib))?;
    pragma(&conn, "temp_store", "MEMORY")?;
    pragma(&conn, "foreign_keys", false)?;
    let CheckpointStyle::Pages(pages) = options.checkpoint;
    conn.query_row(&format!("PRAGMA wal_autocheckpoint = {pages}"), [], |_| Ok(()))
        .map_err(|e| fault("wal_autocheckpoint", &e))?;
    if let Some(pages) = options.max_pages {
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .map_err(|e| fault("max_page_count", &e))?;
    }
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(|e| fault("busy_timeout", &e))?;
    Ok(SqliteSession::new(conn, true, lock))
}

/// Opens the file for reading: a snapshot per transaction, beside the writer.
///
/// # Errors
/// [`FaultKind::Unusable`] when the file is absent or not a database.
pub fn open_reader(path: &Path) -> Result<SqliteSession, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| fault("open", &e))?;
    plan_once(&conn)?;
    pragma(&conn, "query_only", true)?;
    pragma(&conn, "cache_size", -8_192)?;
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(|e| fault("busy_timeout", &e))?;
    Ok(SqliteSession::new(conn, false, None))
}
