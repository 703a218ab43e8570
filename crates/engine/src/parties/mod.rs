//! Parties (P6): create, change, freeze, close, read.

mod commands;
mod queries;
mod rows;

pub use commands::{ChangeParty, PartyChange, RegisterParty, party_id, unknown_party};
pub use queries::{PARTY_PAGE_MAX, STATEMENTS, party, party_page};
pub use rows::PartyRow;

use purser_storage::Table;

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::PARTIES];
