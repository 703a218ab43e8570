//! Parties (P6): create, change, freeze, close, read, write notes about.

mod commands;
mod notes;
mod queries;
mod rows;

pub use commands::{ChangeParty, PartyChange, RegisterParty, party_id, unknown_party};
pub use notes::{ChangeNotes, NoteChange, PartyNoteRow, open_flags, party_notes};
pub use queries::{PARTY_PAGE_MAX, PartyPlace, PartySearch, party, party_page, party_search};
pub use rows::PartyRow;

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::PARTIES, &notes::PARTY_NOTES];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, notes::STATEMENTS].concat()
}
