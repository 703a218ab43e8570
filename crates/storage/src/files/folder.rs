//! Files in a folder, for the embedded database: `ab/ab12…`, one per content.

use std::{
    fs::{self, File},
    io::{Error, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use purser_domain::time::Timestamp;

use super::{FileHash, Files, hex};
use crate::{Fault, FaultKind};

/// See the module. A folder belongs to one server, so the lock that orders storing and taking away is in memory.
pub struct FolderFiles {
    root: PathBuf,
    changing: Mutex<()>,
}

/// What is being written, or was when the machine stopped.
const PART: &str = "part";

impl FolderFiles {
    /// Files below `root`, which is made with the first of them.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), changing: Mutex::new(()) }
    }

    /// Where a file is.
    pub fn path(&self, hash: &FileHash) -> PathBuf {
        let name = hex(hash);
        self.root.join(name.get(..2).unwrap_or_default()).join(name)
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: &FileHash, content: &[u8], now: Timestamp) -> Result<(), Error> {
        let path = self.path(hash);
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            File::open(&self.root)?.sync_all()?;
        }
        let part = path.with_extension(PART);
        let mut file = File::create(&part)?;
        let outcome = file.write_all(content).and_then(|()| {
            let micros = u64::try_from(now.0).unwrap_or(0);
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))?;
            file.sync_all()?;
            fs::rename(&part, &path)
        });
        if outcome.is_err() {
            // Half a file is of no use; the next one of this content would overwrite it anyhow.
            let _ = fs::remove_file(&part);
        }
        outcome?;
        File::open(folder)?.sync_all()
    }
}

fn fault(doing: &str, error: &Error) -> Fault {
    let kind = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => FaultKind::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FaultKind::Unusable,
        ErrorKind::Interrupted | ErrorKind::TimedOut => FaultKind::Retry,
        _ => FaultKind::Other,
    };
    Fault::new(kind, doing, error)
}

/// `None` for what is not there.
fn there<T>(doing: &str, outcome: Result<T, Error>) -> Result<Option<T>, Fault> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(doing, &error)),
    }
}

fn is_older(path: &Path, cutoff: Timestamp) -> Result<bool, Fault> {
    let modified = there("look at a file", fs::metadata(path).and_then(|meta| meta.modified()))?;
    let micros = modified.map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros());
    Ok(micros.is_some_and(|micros| i64::try_from(micros).unwrap_or(i64::MAX) < cutoff.0))
}

/// Entries of a folder in order of their names; none when it is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let Some(list) = there("list files", fs::read_dir(folder))? else { return Ok(Vec::new()) };
    let paths: Result<Vec<PathBuf>, Error> = list.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| fault("list files", &error))?;
    paths.sort();
    Ok(paths)
}

fn hash_of(path: &Path) -> Option<FileHash> {
    let name = path.file_name()?.to_str()?;
    let mut hash = [0; 32];
    if name.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(name.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

impl Files for FolderFiles {
    fn put(&self, hash: &FileHash, content: &[u8], now: Timestamp) -> Result<(), Fault> {
        let _changing = self.change();
        self.write(hash, content, now).map_err(|error| fault("store a file", &error))
    }

    fn get(&self, hash: &FileHash) -> Result<Option<Vec<u8>>, Fault> {
        there("read a file", fs::read(self.path(hash)))
    }

    fn size(&self, hash: &FileHash) -> Result<Option<u64>, Fault> {
        there("look at a file", fs::metadata(self.path(hash)).map(|meta| meta.len()))
    }

    fn stored_before(
        &self,
        cutoff: Timestamp,
        after: Option<&FileHash>,
        limit: usize,
    ) -> Result<Vec<FileHash>, Fault> {
        let mut found = Vec::new();
        for folder in entries(&self.root)? {
            for path in entries(&folder)? {
                if path.extension().is_some_and(|ending| ending == PART) && is_older(&path, cutoff)? {
                    // What a crash left in the middle of writing: nobody can name it.
                    there("remove half a file", fs::remove_file(&path))?;
                }
                let Some(hash) = hash_of(&path) else { continue };
                if after.is_none_or(|after| hash > *after) && is_older(&path, cutoff)? {
                    found.push(hash);
                    if found.len() >= limit {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
    }

    fn remove_stored_before(&self, hash: &FileHash, cutoff: Timestamp) -> Result<bool, Fault> {
        let _changing = self.change();
        let path = self.path(hash);
        if !is_older(&path, cutoff)? {
            return Ok(false);
        }
        Ok(there("remove a file", fs::remove_file(&path))?.is_some())
    }
}
