//! `PostgreSQL`: several servers, several writers, one lock order.
//!
//! The adapter speaks in sets. A group sends the rows of a table as one array per column, so that the number of
//! round trips does not depend on the number of rows, and the arrays are built without an allocation per value.
//!
//! Needs a database with UTF-8 encoding and a connection of its own (a pool in front must keep a client on one
//! server connection: prepared statements and session settings live there).

mod connect;
mod copy;
mod dialect;
mod error;
mod marshal;
mod session;
mod statements;

pub use connect::{open_reader, open_writer, tool_environment};
pub use session::PostgresSession;
