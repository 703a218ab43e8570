//! Withdrawals (gate G, P9–P12): payout accounts, requests, dispatch, what rails answer.

pub(crate) mod account_changes;
mod accounts;
mod apply;
mod carry;
mod charge;
mod custodian;
mod dispatch;
mod failures;
mod held;
mod inquiry;
mod lines;
mod may_send;
mod notice;
mod outcome;
mod phone;
mod proceeds;
mod proof;
mod queries;
mod rails;
mod reach;
mod records;
mod request;
mod rows;
pub(crate) mod statement;
mod tend;
mod terms;
pub(crate) mod under_way;

pub use account_changes::{ChangePayoutAccount, LockPayoutAccount, PayoutAccountChange};
pub(crate) use accounts::payee;
pub use accounts::{BindPayoutAccount, BoundAccount, SANDBOX_KIND};
pub(crate) use apply::offer_to_owed;
pub use apply::{RAIL_JOBS, RailJobs, rail_jobs};
pub use carry::{dispatch_due, reroute_due, run_query, run_sandbox_callback, run_send};
pub use charge::{BOOK_CHARGE, run_book_charge};
pub use custodian::{NameCustodian, custodians};
pub(crate) use custodian::{custodian, want_custodian};
pub use dispatch::{DispatchRail, Dispatched, QueuePlace};
pub(crate) use failures::disputed as fee_disputed;
pub use failures::{FAILURE_PAGE_MAX, FailureCount, FailureRow, failure_counts, failures_of_party};
pub use inquiry::PayoutInquiry;
pub use lines::withdrawal_lines;
pub(crate) use may_send::{Look, look, rail_stop, want_look};
pub use notice::{NoteBadNotices, NoticeTaken, RecordRailNotice};
pub use outcome::{DecideReview, RecordRailOutcome, Review, Seen};
pub(crate) use phone::tell_low_balance;
pub use phone::{NOTICE_TRIES, SEND_NOTICE, run_send_notice};
pub(crate) use proof::{DrawnByOthers, ProceedsInTransit, SlicesReserveFloat, torn};
pub(crate) use queries::ACCOUNTS_OF_PARTY;
pub use queries::{Located, RailFloat, by_reference, floats, locate, payout_accounts, queued, withdrawal};
pub(crate) use rails::SANDBOX_RAIL;
pub use rails::{ConnectRails, ReopenRail, SeeRails};
pub use reach::run_probe;
pub use records::{
    RecordPlace, Waiting, WithdrawalFilter, open_withdrawals, overdue_count, payout_accounts_by_id,
    waiting_for_funds, withdrawal_records,
};
pub use request::{Asked, RequestWithdrawal, Requested};
pub use rows::{PayoutAccountRow, RailRow, UsageRow, WithdrawalRow, slice_state_name};
pub use tend::{TendWithdrawals, WatchFloat};
pub use terms::withdrawal_terms;

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] =
    &[&rows::WITHDRAWALS, &rows::RAILS, &rows::PAYOUT_ACCOUNTS, &rows::USAGE, &failures::WITHDRAWAL_FAILURES];

/// Statements of this module.
pub fn statements() -> Vec<&'static Statement> {
    [
        queries::STATEMENTS,
        records::STATEMENTS,
        tend::STATEMENTS,
        proof::STATEMENTS,
        failures::STATEMENTS,
        under_way::STATEMENTS,
    ]
    .concat()
}
