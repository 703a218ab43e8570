//! Storage behind the engine: one object-safe, synchronous trait and two adapters.
//!
//! SQL is storage, not logic: rows go in and out by key, in sets; nothing here computes money. Tables describe
//! themselves ([`Table`]); the set-based statements of both engines are made from that, and the few hand-written
//! queries stand in lists that a test prepares on both.

pub mod files;
pub mod migrate;
pub mod postgres;
mod record;
mod schema;
mod session;
pub mod sqlite;

pub use record::{HashSink, Keys, Record, Records, Rows, Sink, Source};
pub use schema::{Column, Kind, Statement, Table};
pub use session::{Fault, FaultKind, Lock, Session, Value};
