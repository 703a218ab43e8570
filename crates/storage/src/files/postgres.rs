//! Files in a table, for a database that several servers share.

use std::sync::{Mutex, PoisonError};

use purser_domain::time::Timestamp;

use super::{FileHash, Files};
use crate::{Fault, Session, Statement, Value, postgres::open_writer, table};

table!(
    /// Contents of files; written here and nowhere else. Empty on `SQLite`.
    FILE_CONTENTS, 84, "file_contents", key 1, [hash Bytes, stored_at Int, size Int, content Bytes]
);

static PUT: Statement = Statement {
    name: "files.put",
    sql: "INSERT INTO file_contents (hash, stored_at, size, content) VALUES (?1, ?2, ?3, ?4) \
          ON CONFLICT (hash) DO UPDATE SET stored_at = excluded.stored_at",
};
static GET: Statement =
    Statement { name: "files.get", sql: "SELECT content FROM file_contents WHERE hash = ?1" };
static SIZE: Statement =
    Statement { name: "files.size", sql: "SELECT size FROM file_contents WHERE hash = ?1" };
static STORED_BEFORE: Statement = Statement {
    name: "files.stored_before",
    sql: "SELECT hash FROM file_contents WHERE hash > ?1 AND stored_at < ?2 ORDER BY hash LIMIT ?3",
};
static REMOVE: Statement =
    Statement { name: "files.remove", sql: "DELETE FROM file_contents WHERE hash = ?1 AND stored_at < ?2" };

/// Statements of this module, for the test that prepares all.
pub const STATEMENTS: &[&Statement] = &[&PUT, &GET, &SIZE, &STORED_BEFORE, &REMOVE];

/// See the module. One connection, opened when it is needed and again after a fault: files are few and large.
pub struct PostgresFiles {
    url: String,
    session: Mutex<Option<Box<dyn Session>>>,
}

impl PostgresFiles {
    /// Files in the database at `url`.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), session: Mutex::new(None) }
    }

    /// Every call is a transaction of its own.
    fn run<T>(&self, work: impl FnOnce(&mut dyn Session) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut slot = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = match slot.take() {
            Some(session) => session,
            None => Box::new(open_writer(&self.url)?),
        };
        let outcome = work(session.as_mut());
        if outcome.is_ok() {
            *slot = Some(session);
        }
        outcome
    }
}

impl Files for PostgresFiles {
    fn put(&self, hash: &FileHash, content: &[u8], now: Timestamp) -> Result<(), Fault> {
        let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
        let row = [Value::Bytes(hash), Value::Int(now.0), Value::Int(size), Value::Bytes(content)];
        self.run(|session| {
            session.begin()?;
            session.execute(&PUT, &row)?;
            session.commit()
        })
    }

    fn get(&self, hash: &FileHash) -> Result<Option<Vec<u8>>, Fault> {
        self.run(|session| {
            let mut found = None;
            session.query(&GET, &[Value::Bytes(hash)], &mut |row| {
                found = Some(row.bytes(0).to_vec());
                false
            })?;
            Ok(found)
        })
    }

    fn size(&self, hash: &FileHash) -> Result<Option<u64>, Fault> {
        self.run(|session| {
            let mut found = None;
            session.query(&SIZE, &[Value::Bytes(hash)], &mut |row| {
                found = u64::try_from(row.int(0)).ok();
                false
            })?;
            Ok(found)
        })
    }

    fn stored_before(
        &self,
        cutoff: Timestamp,
        after: Option<&FileHash>,
        limit: usize,
    ) -> Result<Vec<FileHash>, Fault> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after: &[u8] = after.map_or(&[], |hash| hash.as_slice());
        let params = [Value::Bytes(after), Value::Int(cutoff.0), Value::Int(limit)];
        self.run(|session| {
            let mut found = Vec::new();
            session.query(&STORED_BEFORE, &params, &mut |row| {
                found.push(row.hash(0));
                true
            })?;
            Ok(found)
        })
    }

    fn remove_stored_before(&self, hash: &FileHash, cutoff: Timestamp) -> Result<bool, Fault> {
        self.run(|session| {
            session.begin()?;
            let removed = session.execute(&REMOVE, &[Value::Bytes(hash), Value::Int(cutoff.0)])?;
            session.commit()?;
            Ok(removed > 0)
        })
    }
}
