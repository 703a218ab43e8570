//! How typed rows meet columns: no intermediate row of boxed values on the hot path.

use purser_domain::{
    ids::Uid,
    time::{Date, Timestamp},
};

use crate::{Lock, Table};

/// Takes the columns of a row, in order.
pub trait Sink {
    /// An integer column.
    fn int(&mut self, value: i64);
    /// A text column.
    fn text(&mut self, value: &str);
    /// A bytes column.
    fn bytes(&mut self, value: &[u8]);
    /// An absent value.
    fn null(&mut self);

    /// An id.
    fn uid(&mut self, value: Uid) {
        self.bytes(&value.0);
    }
    /// An instant.
    fn at(&mut self, value: Timestamp) {
        self.int(value.0);
    }
    /// A civil date, ISO text.
    fn date(&mut self, value: Date) {
        self.text(&value.to_string());
    }
    /// An optional integer.
    fn opt_int(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.int(value),
            None => self.null(),
        }
    }
    /// An optional instant.
    fn opt_at(&mut self, value: Option<Timestamp>) {
        self.opt_int(value.map(|v| v.0));
    }
    /// An optional id.
    fn opt_uid(&mut self, value: Option<Uid>) {
        match value {
            Some(value) => self.uid(value),
            None => self.null(),
        }
    }
    /// An optional text.
    fn opt_text(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }
}

/// Gives the columns of a row. A column of another type than asked for is a corrupt or foreign database: readers
/// return the zero of the type and the adapter reports the fault after the row.
pub trait Source {
    /// True when the column is absent.
    fn is_null(&self, column: usize) -> bool;
    /// Integer column.
    fn int(&self, column: usize) -> i64;
    /// Text column.
    fn text(&self, column: usize) -> &str;
    /// Bytes column.
    fn bytes(&self, column: usize) -> &[u8];

    /// An id; nil when the bytes are not 16 long.
    fn uid(&self, column: usize) -> Uid {
        self.bytes(column).try_into().map_or(Uid::NIL, Uid)
    }
    /// A hash of 32 bytes; zero when the length differs.
    fn hash(&self, column: usize) -> [u8; 32] {
        self.bytes(column).try_into().unwrap_or([0; 32])
    }
    /// An instant.
    fn at(&self, column: usize) -> Timestamp {
        Timestamp(self.int(column))
    }
    /// A civil date; 0000-01-01 when malformed.
    fn date(&self, column: usize) -> Date {
        self.text(column).parse().unwrap_or(Date::ZERO)
    }
    /// An optional integer.
    fn opt_int(&self, column: usize) -> Option<i64> {
        (!self.is_null(column)).then(|| self.int(column))
    }
    /// An optional instant.
    fn opt_at(&self, column: usize) -> Option<Timestamp> {
        self.opt_int(column).map(Timestamp)
    }
    /// An optional id.
    fn opt_uid(&self, column: usize) -> Option<Uid> {
        (!self.is_null(column)).then(|| self.uid(column))
    }
    /// An optional text.
    fn opt_text(&self, column: usize) -> Option<&str> {
        (!self.is_null(column)).then(|| self.text(column))
    }
}

/// A typed row of a table.
pub trait Record: Clone + Send + 'static {
    /// Primary key.
    type Key: Clone + Ord + std::hash::Hash + Send + std::fmt::Debug;
    /// Where rows of this type live.
    const TABLE: &'static Table;
    /// Whether a group that reads such a row locks it: not for rows that never change.
    const LOCK: Lock = Lock::Update;
    /// How many rows a writer keeps from group to group where nobody else can write; 0: none. For rows that nearly every
    /// group reads again.
    const KEPT: usize = 0;
    /// Key of this row.
    fn key(&self) -> Self::Key;
    /// All columns in the order of the table.
    fn write(&self, sink: &mut dyn Sink);
    /// Key columns in the order of the table.
    fn write_key(key: &Self::Key, sink: &mut dyn Sink);
    /// Reads all columns in the order of the table.
    fn read(source: &dyn Source) -> Self;
}

/// A set of rows or keys handed to a session.
pub trait Rows {
    /// How many.
    fn len(&self) -> usize;
    /// True when there is nothing to do.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Writes the columns of row `index`.
    fn write(&self, index: usize, sink: &mut dyn Sink);
}

/// Rows of one type.
pub struct Records<'a, T: Record>(pub &'a [&'a T]);

impl<T: Record> Rows for Records<'_, T> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn write(&self, index: usize, sink: &mut dyn Sink) {
        if let Some(row) = self.0.get(index) {
            row.write(sink);
        }
    }
}

impl<T: Record> Rows for [T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }
    fn write(&self, index: usize, sink: &mut dyn Sink) {
        if let Some(row) = self.get(index) {
            row.write(sink);
        }
    }
}

impl<T: Record> Rows for Vec<T> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }
    fn write(&self, index: usize, sink: &mut dyn Sink) {
        Rows::write(self.as_slice(), index, sink);
    }
}

/// Keys of one type.
pub struct Keys<'a, T: Record>(pub &'a [T::Key]);

impl<T: Record> Rows for Keys<'_, T> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn write(&self, index: usize, sink: &mut dyn Sink) {
        if let Some(key) = self.0.get(index) {
            T::write_key(key, sink);
        }
    }
}

/// Turns rows into the bytes that the hash chain covers: a tag, a length and the value per column, so that no
/// two different rows have the same bytes.
#[derive(Default)]
pub struct HashSink(pub Vec<u8>);

impl Sink for HashSink {
    fn int(&mut self, value: i64) {
        self.0.push(1);
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn text(&mut self, value: &str) {
        self.0.push(2);
        self.0.extend_from_slice(&(value.len() as u64).to_le_bytes());
        self.0.extend_from_slice(value.as_bytes());
    }
    fn bytes(&mut self, value: &[u8]) {
        self.0.push(3);
        self.0.extend_from_slice(&(value.len() as u64).to_le_bytes());
        self.0.extend_from_slice(value);
    }
    fn null(&mut self) {
        self.0.push(0);
    }
}
