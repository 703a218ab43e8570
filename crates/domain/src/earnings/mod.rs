//! Creator earnings: task orders from acceptance to settlement (spec X2, X13, X14) and the overview (X1).
//!
//! A platform reports facts about an order; each fact may be reported again without effect. What the creator pays
//! and who is paid are fixed when the order is accepted, so that nothing that happens later moves them.

mod order;
mod overview;

pub use crate::time::Month;
pub use order::{
    accept, cancel, complete, date, progress, quote_cancellation, settle, taxable_income, withhold,
};
pub use overview::{OverviewChange, OverviewCounters, trend};

use crate::ids::{PartyId, TaskOrderId};
use crate::money::{Currency, Rate};
use crate::time::{Timestamp, Zone};

/// What is to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskType {
    /// A video.
    Video,
    /// A live broadcast.
    Live,
}

impl TaskType {
    /// All types.
    pub const ALL: [Self; 2] = [Self::Video, Self::Live];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Live => "live",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// Status of a task order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderStatus {
    /// The creator took it.
    Accepted,
    /// Work has begun.
    InProgress,
    /// Delivered; the client has not said yes yet.
    AwaitingAcceptance,
    /// The client said yes; income is not booked yet (only with a settlement delay).
    Completed,
    /// Income is booked. Final.
    Settled,
    /// Called off, with or without compensation. Final.
    Cancelled,
}

impl OrderStatus {
    /// All statuses in their order.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::InProgress,
        Self::AwaitingAcceptance,
        Self::Completed,
        Self::Settled,
        Self::Cancelled,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::InProgress => "in_progress",
            Self::AwaitingAcceptance => "awaiting_acceptance",
            Self::Completed => "completed",
            Self::Settled => "settled",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Accepted => "已接单",
            Self::InProgress => "进行中",
            Self::AwaitingAcceptance => "待验收",
            Self::Completed => "已完成",
            Self::Settled => "已结算",
            Self::Cancelled => "已取消",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::InProgress => "In progress",
            Self::AwaitingAcceptance => "Awaiting acceptance",
            Self::Completed => "Completed",
            Self::Settled => "Settled",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// How far the work had come when an order was called off; decides the compensation (X2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stage {
    /// Nothing uploaded.
    #[default]
    NotStarted,
    /// Three days without any action (live only).
    NoActionForThreeDays,
    /// The script was uploaded.
    ScriptUploaded,
    /// The first video was uploaded (video only).
    FirstVideoUploaded,
    /// After the client's feedback on the second video (video only).
    SecondFeedbackGiven,
    /// The script was confirmed (live only).
    ScriptConfirmed,
    /// On the day of the broadcast (live only).
    SameDay,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 7] = [
        Self::NotStarted,
        Self::NoActionForThreeDays,
        Self::ScriptUploaded,
        Self::FirstVideoUploaded,
        Self::SecondFeedbackGiven,
        Self::ScriptConfirmed,
        Self::SameDay,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::NoActionForThreeDays => "no_action_for_three_days",
            Self::ScriptUploaded => "script_uploaded",
            Self::FirstVideoUploaded => "first_video_uploaded",
            Self::SecondFeedbackGiven => "second_feedback_given",
            Self::ScriptConfirmed => "script_confirmed",
            Self::SameDay => "same_day",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// True when work of this type passes through this stage.
    pub const fn belongs_to(self, task: TaskType) -> bool {
        match self {
            Self::NotStarted | Self::ScriptUploaded => true,
            Self::FirstVideoUploaded | Self::SecondFeedbackGiven => matches!(task, TaskType::Video),
            Self::NoActionForThreeDays | Self::ScriptConfirmed | Self::SameDay => {
                matches!(task, TaskType::Live)
            }
        }
    }
}

/// How the creator is paid for an order; fixed at acceptance (X2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayeeKind {
    /// In person, through the withdrawal gate.
    Independent,
    /// Through the agency that had signed the creator (X14).
    AgencySigned,
    /// Company to company (X16).
    Corporate,
}

/// Service fee by policy (X13), as it stands at the order's `accepted_at`: 0 before 2019-09-08.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeTerms {
    /// Independent creators: 5 %.
    pub independent: Rate,
    /// Agency-signed creators: 0.
    pub agency_signed: Rate,
    /// Corporate payees: 0.
    pub corporate: Rate,
}

/// One line of the compensation table (X2): this much of the amount at this stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompensationLine {
    /// What was to be delivered.
    pub task_type: TaskType,
    /// How far the work had come.
    pub stage: Stage,
    /// Part of the amount.
    pub rate: Rate,
}

/// Everything about orders that policy decides (P4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarningsTerms {
    /// Service fee.
    pub fee: FeeTerms,
    /// Compensation table; a stage without a line gives nothing.
    pub compensation: Vec<CompensationLine>,
    /// How far a reported instant may lie ahead of our clock, in microseconds.
    pub clock_tolerance_us: i64,
}

/// What a decision may look at besides state and command.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The group's instant.
    pub now: Timestamp,
    /// The business zone.
    pub zone: &'a Zone,
    /// Policy.
    pub terms: &'a EarningsTerms,
}

/// What the engine knows about the creator of an order when it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatorFacts {
    /// The party has the role creator.
    pub is_creator: bool,
    /// The party is closed. (A frozen party still earns, P6.)
    pub closed: bool,
    /// How the creator is paid now.
    pub kind: PayeeKind,
    /// Who is paid: the creator, or the agency that has signed it.
    pub payee: PartyId,
}

/// What the engine knows about the payee when income is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PayeeFacts {
    /// The party is closed.
    pub closed: bool,
    /// What it owes in this role in minor units, ≥ 0; collected from the income first (M).
    pub owed_minor: i64,
    /// The creator takes part in the programme on the day of the booking (X15): what is earned stays frozen until
    /// the month is published, and what is owed is collected then.
    pub programme: bool,
}

/// A report that an order was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptOrder {
    /// Id of the order here; derived from the platform's own number by the engine.
    pub id: TaskOrderId,
    /// The creator.
    pub creator: PartyId,
    /// Video or live.
    pub task_type: TaskType,
    /// What the client pays, in minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: Currency,
    /// When the creator accepted.
    pub accepted_at: Timestamp,
}

/// A report that the client said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompleteOrder {
    /// When the client said yes.
    pub completed_at: Timestamp,
    /// When the order settles by policy.
    pub settle_at: SettleAt,
}

/// When a completed order settles: policy's delay is counted in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleAt {
    /// With the completion: policy sets no delay.
    Once,
    /// At an instant.
    Instant(Timestamp),
    /// On a day of a year that the calendar does not know. It is not guessed: [`date`] sets it later (P5).
    CalendarMissing,
}

/// A stored task order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOrder {
    /// Its id.
    pub id: TaskOrderId,
    /// The creator.
    pub creator: PartyId,
    /// Who is paid; fixed at acceptance (X14).
    pub payee: PartyId,
    /// How the creator is paid; fixed at acceptance.
    pub kind: PayeeKind,
    /// Service fee rate; fixed at acceptance.
    pub fee_rate: Rate,
    /// Video or live.
    pub task_type: TaskType,
    /// Status.
    pub status: OrderStatus,
    /// How far the work had come as last reported; what a compensation was computed for when cancelled.
    pub stage: Stage,
    /// What the client pays, in minor units.
    pub amount_minor: i64,
    /// Currency of the amount.
    pub currency: Currency,
    /// When the creator accepted.
    pub accepted_at: Timestamp,
    /// When the client said yes.
    pub completed_at: Option<Timestamp>,
    /// When a completed order will settle, while it waits and the day is known.
    pub settle_due_at: Option<Timestamp>,
    /// It waits, but for a day of a year that the calendar does not know yet (P5).
    pub calendar_missing: bool,
    /// When income was booked.
    pub settled_at: Option<Timestamp>,
    /// When it was called off.
    pub cancelled_at: Option<Timestamp>,
    /// The booked lines, once settled or cancelled.
    pub settlement: Option<Settlement>,
}

/// The settlement lines of one order (X2), all in minor units and ≥ 0; net = gross − fee + compensation − tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settlement {
    /// Income of a completed order; 0 when cancelled.
    pub gross_minor: i64,
    /// Service fee of the gross, half-up to the fen.
    pub service_fee_minor: i64,
    /// Compensation of a cancelled order, free of fees.
    pub compensation_minor: i64,
    /// Income tax withheld (X18); 0 where policy withholds none.
    pub tax_minor: i64,
    /// What the payee gets.
    pub net_minor: i64,
}

/// The ledger accounts an order touches, by what they are for (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountRole {
    /// `clients.clearing` of the platform.
    ClientsClearing,
    /// `earnings` of the order's payee.
    PayeeEarnings,
    /// `frozen` of the order's payee (X15).
    PayeeFrozen,
    /// `owed` of the order's payee.
    PayeeOwed,
    /// `revenue.service_fee` of the platform.
    RevenueServiceFee,
    /// `tax.withheld` of the platform (X18).
    TaxWithheld,
}

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PostingKind {
    /// Income of a completed order.
    TaskGross,
    /// Service fee on it.
    TaskServiceFee,
    /// Compensation of a cancelled order.
    TaskCompensation,
    /// Income tax withheld.
    TaxWithheld,
    /// An earlier shortage collected from new income.
    OwedCollected,
}

/// One transfer of an atomic group, amount > 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Where the money leaves.
    pub from: AccountRole,
    /// Where it arrives.
    pub to: AccountRole,
    /// Minor units.
    pub amount_minor: i64,
    /// Why.
    pub kind: PostingKind,
}

/// What a decision does, applied as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The order as it is now.
    pub order: TaskOrder,
    /// Transfers in order, one atomic group; empty when no money moves.
    pub postings: Vec<Posting>,
    /// Changes of the overview (X1): `Settled` counts for the order's payee, order changes for its creator.
    pub overview: Vec<OverviewChange>,
    /// Event names, past tense, in order (P15).
    pub events: Vec<&'static str>,
}

/// The answer to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Apply this.
    Changed(Box<Decision>),
    /// The same fact was reported before; nothing is written.
    Unchanged,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The order exists and the report contradicts it.
    #[error("the order exists and differs in `{field}`")]
    OrderConflict {
        /// First field that differs.
        field: &'static str,
    },
    /// The change does not exist from this status.
    #[error("an order that is {from} cannot become {to}")]
    StatusChange {
        /// Status now.
        from: &'static str,
        /// Status asked for.
        to: &'static str,
    },
    /// Zero or negative.
    #[error("the amount must be above zero")]
    AmountNotPositive,
    /// A fee or compensation by these terms does not fit or exceeds the amount.
    #[error("the amount cannot be settled by these terms")]
    AmountOutOfRange,
    /// A stage that work of this type does not have.
    #[error("a {task} task has no stage {stage}")]
    StageOfOtherTask {
        /// Task type of the order.
        task: &'static str,
        /// Stage that came.
        stage: &'static str,
    },
    /// An instant before the acceptance.
    #[error("`{field}` lies before accepted_at")]
    BeforeAccepted {
        /// Which instant.
        field: &'static str,
    },
    /// An instant ahead of our clock by more than the tolerance.
    #[error("`{field}` lies in the future")]
    InTheFuture {
        /// Which instant.
        field: &'static str,
    },
    /// The settlement delay has not passed.
    #[error("the order settles later")]
    NotDueYet,
    /// The party cannot have task orders.
    #[error("the party is not a creator")]
    NotACreator,
    /// The creator or the payee is closed.
    #[error("the party is closed")]
    PartyClosed,
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OrderConflict { .. } => "order_conflict",
            Self::StatusChange { .. } => "order_status_change",
            Self::AmountNotPositive => "amount_not_positive",
            Self::AmountOutOfRange => "amount_out_of_range",
            Self::StageOfOtherTask { .. } => "stage_of_other_task",
            Self::BeforeAccepted { .. } => "before_accepted",
            Self::InTheFuture { .. } => "in_the_future",
            Self::NotDueYet => "not_due_yet",
            Self::NotACreator => "not_a_creator",
            Self::PartyClosed => "party_closed",
        }
    }
}
