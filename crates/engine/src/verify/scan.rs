//! Reading tables whole: page by page in key order, digesting what is mutable.

use purser_domain::ledger::Account;
use purser_storage::{Fault, HashSink, Record, Session, Source, Statement, Value};

use crate::rows::AccountRow;

/// Rows per page of a scan: adapters may hold a page in memory.
pub(super) const PAGE: i64 = 16_384;

/// Reads a table whole by pages in key order; its key is one column of bytes.
pub(super) fn scan(
    session: &mut dyn Session,
    statement: &'static Statement,
    after: &[u8],
    each: &mut dyn FnMut(&dyn Source),
) -> Result<(), Fault> {
    let mut after = after.to_vec();
    loop {
        let mut rows = 0;
        let mut last = Vec::new();
        session.query(statement, &[Value::Bytes(&after), Value::Int(PAGE)], &mut |source| {
            rows += 1;
            if rows == PAGE {
                last = source.bytes(0).to_vec();
            }
            each(source);
            true
        })?;
        if rows < PAGE {
            return Ok(());
        }
        after = last;
    }
}

pub(super) fn count(session: &mut dyn Session, statement: &'static Statement) -> Result<u64, Fault> {
    let mut count = 0;
    session.query(statement, &[], &mut |row| {
        count = row.int(0).unsigned_abs();
        false
    })?;
    Ok(count)
}

/// A running digest of rows in key order.
pub(super) struct Digest {
    hasher: blake3::Hasher,
    sink: HashSink,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), sink: HashSink::default() }
    }

    /// Accounts that no line touched may come and close freely.
    pub(super) fn account(&mut self, account: &Account) {
        if account.entries != 0 {
            self.add(&AccountRow(Account { closed: false, ..account.clone() }));
        }
    }

    pub(super) fn add<T: Record>(&mut self, row: &T) {
        self.sink.0.clear();
        row.write(&mut self.sink);
        self.hasher.update(&self.sink.0);
    }

    pub(super) fn end(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}

/// What a scan of a mutable table found: its digest now, and as it was before the lines that were walked.
pub(super) struct Scanned {
    pub(super) rows: u64,
    pub(super) now: [u8; 32],
    pub(super) before: [u8; 32],
}
