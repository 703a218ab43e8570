//! Embedded `SQLite`: one writer, WAL, `synchronous=FULL`.

mod copier;
mod copy;
mod open;
mod session;

pub use copier::{Copied, LogCopier};
pub use copy::{copy, damage};
pub use open::{CheckpointStyle, Options, open_reader, open_writer};
pub use session::SqliteSession;
