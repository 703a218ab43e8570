//! Rows of what leaves a command beside money: jobs, messages, audit entries, events.

use purser_domain::{
    ids::{JobId, MessageId, PartyId},
    time::Timestamp,
};
use purser_storage::{Kind, Sink, Source};

use super::ColumnValue;
use crate::{facts::Facts, record};

/// State of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Due, or waiting for its time.
    Ready,
    /// Finished.
    Done,
    /// Gave up; staff have to look.
    Failed,
}

impl JobState {
    /// Stored code.
    pub const fn code(self) -> i64 {
        match self {
            Self::Ready => 0,
            Self::Done => 1,
            Self::Failed => 2,
        }
    }

    /// By stored code.
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Ready,
            1 => Self::Done,
            _ => Self::Failed,
        }
    }

    /// Name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl ColumnValue for JobState {
    const KIND: Kind = Kind::Int;
    fn put(&self, sink: &mut dyn Sink) {
        sink.int(self.code());
    }
    fn take(source: &dyn Source, column: usize) -> Self {
        Self::from_code(source.int(column))
    }
}

record! {
    /// Work that runs after the commit that wanted it (P22).
    pub struct JobRow in JOBS = 6, "jobs", lock Update, key(id: JobId) {
        /// Which runner.
        kind: String,
        /// About what.
        subject: String,
        /// Not before; business time.
        due_at: Timestamp,
        /// State.
        state: JobState,
        /// Runs so far.
        attempts: i64,
        /// Fencing token: the effect commits only under the token of its lease.
        token: i64,
        /// Machine time until which the runner owns it.
        lease_until: Timestamp,
        /// Last run.
        last_run_at: Option<Timestamp>,
        /// Why it failed.
        last_error: Option<String>,
        /// What the runner needs.
        payload: Facts,
    }
}

record! {
    /// An in-app message (P15).
    pub struct MessageRow in MESSAGES = 7, "messages", lock Update, key(party: PartyId, id: MessageId) {
        /// When.
        at: Timestamp,
        /// Which text of the catalogue.
        kind: String,
        /// About what.
        subject: String,
        /// Values for the text.
        facts: Facts,
        /// When it was read.
        read_at: Option<Timestamp>,
    }
}

record! {
    /// Who did what (P17): ids and masked values only.
    pub struct AuditRow in AUDIT = 16, "audit", lock None, key(grp: i64, n: i64) {
        /// When.
        at: Timestamp,
        /// Who: `key:…`, `staff:…`, `party:…`, `system`.
        actor: String,
        /// What.
        action: String,
        /// To what.
        subject: String,
        /// Before, after, from where.
        facts: Facts,
    }
}

record! {
    /// Something that a party or the platform wants to know (P15).
    pub struct EventRow in EVENTS = 17, "events", lock None, key(grp: i64, n: i64) {
        /// When.
        at: Timestamp,
        /// Which, past tense: `withdrawal.paid`.
        kind: String,
        /// Whom it concerns; nil for the platform.
        party: PartyId,
        /// About what.
        subject: String,
        /// Values.
        facts: Facts,
    }
}
