//! Cases (spec P26): one queue for everything that people settle.
//!
//! ```text
//! open ──> waiting_for_staff <──> waiting_for_party      (live)
//!                  │
//!                  └──> resolved | refused | withdrawn   (closed; may be opened again for a while)
//! ```
//!
//! A case waits for one side at a time. While it waits for the desk it has a time by which the desk owes an answer;
//! while it waits for the party it has none, and the party's answer starts the time anew.

mod decide;
pub mod evidence;
mod kind;

pub use decide::{Clock, Command, Decision, Heard, Limits, Opening, Rejection, decide, open};
pub use kind::Kind;

use crate::ids::{PartyId, StaffId};
use crate::time::Timestamp;

/// Longest summary, in characters.
pub const SUMMARY_MAX: usize = 200;
/// Longest message, in characters.
pub const TEXT_MAX: usize = 4_000;
/// Longest reason of an outcome, in characters.
pub const REASON_MAX: usize = 1_000;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody at the desk has taken it yet.
    Open,
    /// The party has to answer.
    WaitingForParty,
    /// The desk has to answer.
    WaitingForStaff,
    /// Settled as the party asked, or settled at all where nobody asked.
    Resolved,
    /// Settled otherwise, with a reason.
    Refused,
    /// Taken back by whoever opened it.
    Withdrawn,
}

impl State {
    /// All states in their order.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::WaitingForParty,
        Self::WaitingForStaff,
        Self::Resolved,
        Self::Refused,
        Self::Withdrawn,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::WaitingForParty => "waiting_for_party",
            Self::WaitingForStaff => "waiting_for_staff",
            Self::Resolved => "resolved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// True when nobody owes anything any more.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Resolved | Self::Refused | Self::Withdrawn)
    }

    /// What it means, in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Open => "已提交，等待工作人员受理",
            Self::WaitingForParty => "等待您补充资料或答复",
            Self::WaitingForStaff => "工作人员正在处理",
            Self::Resolved => "已解决",
            Self::Refused => "未通过，原因见处理结果",
            Self::Withdrawn => "已撤回",
        }
    }

    /// What it means, in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Open => "Received; nobody has taken it yet",
            Self::WaitingForParty => "Waiting for your answer",
            Self::WaitingForStaff => "Our staff are working on it",
            Self::Resolved => "Resolved",
            Self::Refused => "Not granted; the outcome says why",
            Self::Withdrawn => "Withdrawn",
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Whoever the case is about.
    Party,
    /// A person at the desk.
    Staff,
    /// Purser itself.
    System,
}

impl Side {
    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Staff => "staff",
            Self::System => "system",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Party, Self::Staff, Self::System].into_iter().find(|side| side.name() == name)
    }
}

/// How a case ends when people decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Resolved,
    /// Otherwise.
    Refused,
}

/// A case, as far as deciding looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What it is about.
    pub kind: Kind,
    /// Whom it concerns; `None` for a matter of the platform alone.
    pub party: Option<PartyId>,
    /// Where it stands.
    pub state: State,
    /// Who at the desk has it.
    pub owner: Option<StaffId>,
    /// When it was closed last.
    pub closed_at: Option<Timestamp>,
    /// Messages so far.
    pub messages: i64,
    /// Attachments so far.
    pub attachments: i64,
}
