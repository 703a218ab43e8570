//! Many rows into a table at once: binary COPY.
//!
//! Measured at 8,190 transfers on 2 cores: COPY 16 ms; `INSERT … SELECT unnest(…)` 40 ms, and 64 ms with the
//! arrays in FROM; COPY into a temporary table and `INSERT … SELECT` from there 37 ms.

use crate::{Column, Fault, FaultKind, Kind, Rows, Sink, Table};

/// A set of at least this many rows is copied: below, the round trips of the savepoint cost more than COPY saves.
pub(super) const MIN_ROWS: usize = 512;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;

/// Statement that takes the rows.
pub(super) fn sql(table: &Table) -> String {
    format!("COPY {} ({}) FROM STDIN BINARY", table.name, table.column_list())
}

/// Rows in the format of a binary COPY.
#[derive(Debug, Default)]
pub(super) struct CopyRows {
    bytes: Vec<u8>,
    columns: &'static [Column],
    next: usize,
    wrong: bool,
}

impl CopyRows {
    /// Writes rows from `first` on, until `end` or until they are `max_bytes` long; returns the row after the
    /// last one.
    ///
    /// # Errors
    /// When a row did not write exactly the columns of its table, each with its own type.
    pub(super) fn fill(
        &mut self,
        table: &'static Table,
        rows: &dyn Rows,
        first: usize,
        end: usize,
        max_bytes: usize,
    ) -> Result<usize, Fault> {
        let misfit =
            || Fault::new(FaultKind::Other, table.name, "a row does not fit the columns of its table");
        let width = i16::try_from(table.columns.len()).map_err(|_| misfit())?;
        self.columns = table.columns;
        self.wrong = false;
        self.bytes.clear();
        self.bytes.extend_from_slice(HEADER);
        let mut row = first;
        while row < end && self.bytes.len() < max_bytes {
            self.next = 0;
            self.bytes.extend_from_slice(&width.to_be_bytes());
            rows.write(row, self);
            if self.wrong || self.next != table.columns.len() {
                return Err(misfit());
            }
            row += 1;
        }
        self.bytes.extend_from_slice(&TRAILER.to_be_bytes());
        Ok(row)
    }

    /// What was written.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn put(&mut self, kind: Kind, value: &[u8]) {
        match (self.columns.get(self.next), i32::try_from(value.len())) {
            (Some(column), Ok(length)) if column.kind == kind => {
                self.bytes.extend_from_slice(&length.to_be_bytes());
                self.bytes.extend_from_slice(value);
            }
            _ => self.wrong = true,
        }
        self.next += 1;
    }
}

impl Sink for CopyRows {
    fn int(&mut self, value: i64) {
        self.put(Kind::Int, &value.to_be_bytes());
    }
    fn text(&mut self, value: &str) {
        self.put(Kind::Text, value.as_bytes());
    }
    fn bytes(&mut self, value: &[u8]) {
        self.put(Kind::Bytes, value);
    }
    fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self.next += 1;
    }
}
