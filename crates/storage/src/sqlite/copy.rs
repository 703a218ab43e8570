//! Copying a database while it is in use (P24): backup and restore.

use std::{fs, path::Path};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::open::fault;
use crate::{Fault, FaultKind};

/// Pages copied between two calls of `tell`.
const STEP: i32 = 2_048;

/// Copies the database file `from` to `to`, which must not exist, through the online backup interface.
///
/// The copy is one snapshot: writers go on beside it, and what they commit meanwhile is not in it. They cannot
/// shorten their log until it is done. The copy appears under its name when it is whole and on disk; it is one
/// file, without a log beside it. `tell` gets the pages that are done and all pages.
///
/// # Errors
/// [`FaultKind::Unusable`] when `from` is no database or `to` exists; [`FaultKind::Full`] when there is no room.
pub fn copy(from: &Path, to: &Path, tell: &mut dyn FnMut(u64, u64)) -> Result<(), Fault> {
    if to.exists() {
        return Err(Fault::new(FaultKind::Unusable, "copy", format!("{} exists already", to.display())));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    let part = Path::new(&name);
    let outcome = copy_to(from, part, tell).and_then(|()| publish(part, to));
    if outcome.is_err() {
        // What is left of a failed copy is of no use to anybody.
        let _ = fs::remove_file(part);
    }
    outcome
}

fn copy_to(from: &Path, part: &Path, tell: &mut dyn FnMut(u64, u64)) -> Result<(), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags).map_err(|e| fault("open", &e))?;
    source.busy_timeout(std::time::Duration::from_secs(5)).map_err(|e| fault("busy_timeout", &e))?;
    // One read transaction around all steps: without it a step that sees a newer commit starts from the beginning,
    // and under load that never ends.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").map_err(|e| fault("snapshot", &e))?;
    // A part that a killed copy left behind.
    let _ = fs::remove_file(part);
    let mut target = Connection::open(part).map_err(|e| fault("create the copy", &e))?;
    {
        let backup = Backup::new(&source, &mut target).map_err(|e| fault("copy", &e))?;
        loop {
            let step = backup.step(STEP).map_err(|e| fault("copy", &e))?;
            let progress = backup.progress();
            let pages = |n: i32| u64::try_from(n).unwrap_or(0);
            tell(pages(progress.pagecount - progress.remaining), pages(progress.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(Fault::new(FaultKind::Retry, "copy", "the database is locked")),
            }
        }
    }
    // The header says WAL, as the original's does: a copy to be carried about is one file.
    target
        .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .map_err(|e| fault("journal_mode", &e))?;
    drop(target);
    Ok(())
}

fn publish(part: &Path, to: &Path) -> Result<(), Fault> {
    let place = || -> std::io::Result<()> {
        fs::File::open(part)?.sync_all()?;
        fs::rename(part, to)?;
        match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
            _ => fs::File::open(".")?.sync_all(),
        }
    };
    place().map_err(|error| Fault::new(FaultKind::Full, "put the copy in its place", error))
}

/// Checks the structure of a database file, page by page; the first damage in words, or `None`.
///
/// # Errors
/// [`FaultKind::Unusable`] when it is no database.
pub fn damage(file: &Path) -> Result<Option<String>, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags).map_err(|e| fault("open", &e))?;
    let answer: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|e| fault("integrity_check", &e))?;
    Ok((answer != "ok").then_some(answer))
}
