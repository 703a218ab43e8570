//! Typed rows of the engine's own tables. Business tables stand beside their commands.

mod column;
mod ledger;
mod outbox;
mod spine;

pub use column::ColumnValue;
pub(crate) use ledger::{ACCOUNT_DAYS, ACCOUNT_INFO, ACCOUNT_MARKS, ACCOUNTS, TRANSFERS};
pub use ledger::{AccountInfo, AccountRow, DayRow, HoldRow, MarkRow, TransferRow};
pub use outbox::{AuditRow, EventRow, JobRow, JobState, MessageRow};
pub(crate) use spine::POLICY_VERSIONS;
pub use spine::{ApprovalRow, CalendarYear, Checkpoint, Group, Idempotency, Lane, Meta, PolicyVersionRow};

use purser_storage::Table;

/// All tables of the engine, in lock order. Business modules number theirs from 32.
pub const TABLES: &[&Table] = &[
    &spine::META,
    &spine::LANES,
    &spine::IDEMPOTENCY,
    &spine::APPROVALS,
    &spine::POLICY_VERSIONS,
    &spine::CALENDAR_YEARS,
    &outbox::JOBS,
    &outbox::MESSAGES,
    &ledger::ACCOUNTS,
    &ledger::ACCOUNT_INFO,
    &ledger::TRANSFERS,
    &ledger::HOLDS,
    &ledger::ACCOUNT_DAYS,
    &ledger::ACCOUNT_MARKS,
    &spine::GROUPS,
    &spine::CHECKPOINTS,
    &outbox::AUDIT,
    &outbox::EVENTS,
];
