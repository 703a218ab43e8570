//! Descriptions of tables and statements.

/// The three portable column types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit integer: amounts, counts, instants in µs, codes.
    Int,
    /// Text: names, civil dates in ISO form, encoded facts.
    Text,
    /// Bytes: ids, hashes, sealed values.
    Bytes,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name, the same on both engines.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
}

/// A table. Rows are read and written whole.
#[derive(Debug)]
pub struct Table {
    /// Position in the list of all tables: also the order in which groups lock, so there is one lock order.
    pub index: usize,
    /// Name.
    pub name: &'static str,
    /// All columns; the first [`Table::key`] of them are the primary key.
    pub columns: &'static [Column],
    /// Number of key columns.
    pub key: usize,
    /// Columns that never change once a row is there, the last one not among them: updates leave them out, and with
    /// them the indexes that they stand in, which `SQLite` would otherwise take out and put back for every update.
    pub fixed: &'static [&'static str],
}

impl Table {
    /// Names of all columns, comma-separated.
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", ")
    }

    /// Key columns.
    pub fn key_columns(&self) -> &'static [Column] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// Columns that an update writes, each with its position in [`Table::columns`].
    pub fn changing_columns(&self) -> impl Iterator<Item = (usize, &'static Column)> {
        let fixed = |column: &Column| self.fixed.contains(&column.name);
        self.columns.iter().enumerate().skip(self.key).filter(move |(_, column)| !fixed(column))
    }
}

/// A hand-written statement, portable: `?1…?n` placeholders (rewritten for `PostgreSQL`), no arithmetic on money.
#[derive(Debug)]
pub struct Statement {
    /// Name in metrics, faults and the test that prepares all of them.
    pub name: &'static str,
    /// Text.
    pub sql: &'static str,
}

/// Declares a table: `table!(ACCOUNTS, 3, "accounts", key 1, [id Bytes, posted Int])`.
#[macro_export]
macro_rules! table {
    ($(#[$doc:meta])* $const:ident, $index:expr, $name:literal, key $key:literal, [$($column:ident $kind:ident),* $(,)?]) => {
        $(#[$doc])*
        pub static $const: $crate::Table = $crate::Table {
            index: $index,
            name: $name,
            key: $key,
            fixed: &[],
            columns: &[$($crate::Column { name: stringify!($column), kind: $crate::Kind::$kind },)*],
        };
    };
}
