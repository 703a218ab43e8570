//! Reconciliation (P13): statements of rails come in, each day is compared with the float's account, and what differs is
//! settled by two people.
//!
//! [`TakeStatement`] takes lines in and, with the last of them, wants a job that compares one day after the other
//! ([`run_match`]). What is on one side only is a row of its own ([`ItemRow`]): in transit at first, a break with a case
//! after its days. [`ResolveBreak`] settles one; [`prove`] is the daily proof of float.

mod about;
mod day;
mod proof;
mod queries;
mod record;
mod resolve;
mod rows;
mod take;

pub use day::run_match;
pub use proof::{NAMED, Proof, Standing, StatementsProve, prove};
pub use queries::{RECON_PAGE_MAX, day, days, item, items, lines, progress, statement, statements};
pub use record::RecordDay;
pub use resolve::ResolveBreak;
pub use rows::{DayOfRailRow, ItemRow, LineRow, ReconRailRow, StatementRow};
pub use take::{LINES_MAX, TakeStatement, TakenStatement, statement_id};

use purser_storage::{Statement, Table};

/// Kind of the job that compares the days of a statement.
pub const MATCH: &str = "reconciliation.match";
/// Prefix of the ids of statements.
pub const STATEMENT_PREFIX: &str = "rst";
/// Prefix of the ids of items.
pub const ITEM_PREFIX: &str = "rit";

/// Tables of this module.
pub const TABLES: &[&Table] =
    &[&rows::RECON_RAILS, &rows::RECON_STATEMENTS, &rows::RECON_LINES, &rows::RECON_DAYS, &rows::RECON_ITEMS];

/// Statements of this module.
pub(crate) fn statements_list() -> Vec<&'static Statement> {
    [queries::ALL, proof::ALL].concat()
}
