//! Tables and rows of the suite.

use purser_storage::{Keys, Lock, Record, Records, Session, Sink, Source, Table, table};

/// Portable text, as a migration would have it.
pub(crate) const DDL: &str = "
CREATE TABLE samples (
  owner BYTES NOT NULL, name TEXT NOT NULL, n INT NOT NULL, amount INT NOT NULL, body BYTES NOT NULL,
  note TEXT, opt INT, raw BYTES,
  PRIMARY KEY (owner, name, n))@;
CREATE TABLE counters (
  id INT NOT NULL, value INT NOT NULL, PRIMARY KEY (id))@;
";

table!(SAMPLES, 900, "samples", key 3, [
    owner Bytes, name Text, n Int, amount Int, body Bytes, note Text, opt Int, raw Bytes,
]);
table!(COUNTERS, 901, "counters", key 1, [id Int, value Int]);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sample {
    pub(crate) key: (Vec<u8>, String, i64),
    pub(crate) amount: i64,
    /// `None` breaks the table's NOT NULL.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) note: Option<String>,
    pub(crate) opt: Option<i64>,
    pub(crate) raw: Option<Vec<u8>>,
}

impl Sample {
    pub(crate) fn new(owner: &[u8], name: &str, n: i64) -> Self {
        let key = (owner.to_vec(), name.to_owned(), n);
        Self { key, amount: 1, body: Some(vec![]), note: None, opt: None, raw: None }
    }
}

fn opt_bytes(sink: &mut dyn Sink, value: Option<&[u8]>) {
    match value {
        Some(value) => sink.bytes(value),
        None => sink.null(),
    }
}

impl Record for Sample {
    type Key = (Vec<u8>, String, i64);
    const TABLE: &'static Table = &SAMPLES;

    fn key(&self) -> Self::Key {
        self.key.clone()
    }
    fn write(&self, sink: &mut dyn Sink) {
        Self::write_key(&self.key, sink);
        sink.int(self.amount);
        opt_bytes(sink, self.body.as_deref());
        sink.opt_text(self.note.as_deref());
        sink.opt_int(self.opt);
        opt_bytes(sink, self.raw.as_deref());
    }
    fn write_key(key: &Self::Key, sink: &mut dyn Sink) {
        sink.bytes(&key.0);
        sink.text(&key.1);
        sink.int(key.2);
    }
    fn read(source: &dyn Source) -> Self {
        let bytes = |column| (!source.is_null(column)).then(|| source.bytes(column).to_vec());
        Self {
            key: (source.bytes(0).to_vec(), source.text(1).to_owned(), source.int(2)),
            amount: source.int(3),
            body: bytes(4),
            note: source.opt_text(5).map(str::to_owned),
            opt: source.opt_int(6),
            raw: bytes(7),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counter {
    pub(crate) id: i64,
    pub(crate) value: i64,
}

impl Record for Counter {
    type Key = i64;
    const TABLE: &'static Table = &COUNTERS;

    fn key(&self) -> i64 {
        self.id
    }
    fn write(&self, sink: &mut dyn Sink) {
        sink.int(self.id);
        sink.int(self.value);
    }
    fn write_key(key: &i64, sink: &mut dyn Sink) {
        sink.int(*key);
    }
    fn read(source: &dyn Source) -> Self {
        Self { id: source.int(0), value: source.int(1) }
    }
}

/// Rows of these keys, sorted.
pub(crate) fn load<T: Record + Ord>(session: &mut dyn Session, keys: &[T::Key], lock: Lock) -> Vec<T> {
    let mut out = Vec::new();
    session.load(T::TABLE, &Keys::<T>(keys), lock, &mut |row| out.push(T::read(row))).unwrap();
    out.sort();
    out
}

pub(crate) fn insert<T: Record>(session: &mut dyn Session, rows: &[T]) -> usize {
    session.insert_many(T::TABLE, &Records(&rows.iter().collect::<Vec<_>>())).unwrap()
}

pub(crate) fn counters(values: impl IntoIterator<Item = i64>) -> Vec<Counter> {
    values.into_iter().map(|id| Counter { id, value: 0 }).collect()
}
