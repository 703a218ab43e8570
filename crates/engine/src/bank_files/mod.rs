//! Bank files (P10): orders wait in a file, the file closes and goes to the bank, and messages of the bank say what
//! became of each order.
//!
//! The rail's own part is a port: it puts orders in ([`CollectOrder`]) and asks ([`AskOrder`]). Until the bank says
//! otherwise an order's outcome is unknown. A file closes at the cut-off, with its last order, or by staff; a job
//! fixes its bytes once ([`run_fix`]), another may write them into a folder ([`run_drop`]). [`TakeInBankMessage`]
//! takes a message in: orders change, one job per changed order tells its withdrawal ([`run_outcome`]), lines that
//! fit no order are kept in `bank_entries`, and money in is handed over to payments ([`run_credit`], P11).

mod collect;
mod entries;
mod fix;
mod give_out;
mod hold_back;
mod inquiry;
mod jobs;
mod message;
mod proof;
mod queries;
mod rows;

pub use collect::{AskOrder, CloseBankFile, CloseDueFiles, CollectOrder};
pub use entries::entry_id;
pub use fix::{FixBankFile, MarkBankFileSent, not_ready};
pub use give_out::{DissolveBankFile, GiveOutBankFile};
pub use hold_back::Carried;
pub(crate) use hold_back::RAIL;
pub(crate) use inquiry::{
    bank_order_version, check_inquiry, note_end, note_inquiry, want_bank_order, want_inquiry,
};
pub use jobs::{carried_by, content_of, run_credit, run_drop, run_fix, run_outcome, seal_payee};
pub use message::{TakeInBankMessage, TakenIn};
pub use proof::BankFilesAgree;
pub use queries::{
    BANK_PAGE_MAX, BankCursor, bank_entries, bank_file, bank_file_page, bank_messages, bank_order,
    handed_over, orders_of, plan_close,
};
pub use rows::{BankBookingRow, BankEntryRow, BankFileRow, BankMessageRow, BankOrderRow};

use purser_domain::bank_files::AccountClass;
use purser_storage::{Statement, Table};

/// Kind of the job that fixes the bytes of a closed file.
pub const FIX: &str = "bank_file.fix";
/// Kind of the job that writes a file into the folder.
pub const DROP: &str = "bank_file.drop";
/// Kind of the job that tells a withdrawal what the bank said.
pub const OUTCOME: &str = "bank_file.outcome";

/// Kind of the job that hands money in over to payments.
pub const CREDIT: &str = "bank_file.credit";
/// Prefix of the ids of lines.
pub const ENTRY_PREFIX: &str = "be";

/// Tables of this module.
pub const TABLES: &[&Table] =
    &[&rows::BANK_FILES, &rows::BANK_ORDERS, &rows::BANK_MESSAGES, &rows::BANK_ENTRIES, &rows::BANK_BOOKINGS];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, proof::STATEMENTS, jobs::STATEMENTS].concat()
}

/// What the id of a block ends in.
fn part_letter(class: AccountClass) -> char {
    match class {
        AccountClass::Personal => 'P',
        AccountClass::Corporate => 'C',
    }
}
