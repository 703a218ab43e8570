//! Withdrawals: the gate (spec G) and the way of a request to the money's arrival (X11, X12, P10, P16).
//!
//! ```text
//! requested ─┐                        ┌→ paid ──→ bounced
//! in_review ─┼→ scheduled → sending ⇄ unknown → partly_paid
//!            │     ⇅           ⇅       └→ failed
//!            │  waiting_for_funds
//!            └→ rejected, cancelled (only while nothing was sent)
//! ```
//!
//! **Invariant:** an unknown outcome is never treated as a failure. A slice's money is settled once or released
//! once, never both; a slice is sent again only as the identical request under the same reference.

mod checks;
mod codes;
mod decision;
mod dispatch;
mod explain;
mod facts;
mod failures;
mod fee;
mod gate;
mod inquiry;
mod outcome;
mod phone_notice;
mod proceeds;
mod review;
mod routing;
mod slice;
mod statement;
mod steps;
mod velocity;
mod whereabouts;

pub use checks::{CheckResult, Refused, Step, destination_refusal, standing_code};
pub use codes::{Actor, GateCode, NextStep};
pub use decision::{
    AccountRole, CounterChange, Decision, Effect, Hold, MoneyOp, Outcome, Rejection, TotalsChange,
};
pub use dispatch::{DispatchFacts, RailNumber, dispatch, rail_reference, read_reference};
pub use explain::{Explanation, explain, is_overdue};
pub use facts::{
    Balances, CodeCheck, Destination, DestinationKind, Door, FeeTerms, FirstSteps, GateState, HolderMatch,
    KillSwitches, LimitUse, PayeeKind, ProceedsFacts, RailFacts, Request, Standing, StepState, StudioFacts,
    Usage, ValueDate, Velocity, VelocityTerms, WithdrawalTerms,
};
pub use failures::FailureKind;
pub use fee::{FeeRule, FeeSteps, SLICES_MAX, Unsliceable, fee, fee_steps, slices};
pub use gate::{Accepted, DryRun, decide_request, dry_run};
pub use inquiry::{Found, Inquiry, establish};
pub use outcome::{RailOutcome, rail_outcome};
pub use phone_notice::{phone_notice, tells_phone};
pub use proceeds::{Evidence, ProceedsParts, proceeds_parts};
pub use review::{approve, cancel, reject};
pub use routing::{Candidate, route};
pub use slice::{AtRail, Slice, SliceState};
pub use statement::{StatementPayout, statement_payout};
pub use steps::{Step as PathStep, steps};
pub use velocity::Marks;
pub use whereabouts::{PartyMoney, Place, Whereabout, whereabouts};

use crate::ids::{PartyId, PayoutAccountId, StaffId, WithdrawalId};
use crate::money::Currency;
use crate::time::{Date, Timestamp, Zone};

/// What a decision may look at besides state and command.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The group's instant.
    pub now: Timestamp,
    /// Its civil date.
    pub today: Date,
    /// The business zone.
    pub zone: &'a Zone,
    /// Policy.
    pub terms: &'a WithdrawalTerms,
    /// By when what begins to wait for the platform's funds now is expected to arrive (X11); `None` when the calendar
    /// does not know (P5).
    pub funds_expected_at: Option<Timestamp>,
}

/// Which balance of the party is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `earnings` (X).
    Earnings,
    /// `proceeds` (C).
    Proceeds,
    /// `earnings`, by a settlement statement (X16): no gate, no counters, no withdrawal fee; everything else of a
    /// payout holds.
    Statement,
}

impl Source {
    /// Stable name, as storage writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Earnings => "earnings",
            Self::Proceeds => "proceeds",
            Self::Statement => "statement",
        }
    }

    /// Reads a stable name; anything else is earnings.
    pub fn named(name: &str) -> Self {
        match name {
            "proceeds" => Self::Proceeds,
            "statement" => Self::Statement,
            _ => Self::Earnings,
        }
    }
}

/// Where a withdrawal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Passed the gate, may be sent at once.
    Requested,
    /// A person looks at it first.
    InReview,
    /// Waits for its value date, or was approved.
    Scheduled,
    /// Float does not cover it (X11).
    WaitingForFunds,
    /// Given to the rail, no answer yet.
    Sending,
    /// The rail's answer is lost or unclear; being queried.
    Unknown,
    /// Arrived.
    Paid,
    /// Some slices arrived, the others were released.
    PartlyPaid,
    /// Definitely not paid; released.
    Failed,
    /// Arrived and came back; booked back.
    Bounced,
    /// Refused in review; released.
    Rejected,
    /// Called off by the party or staff; released.
    Cancelled,
}

impl State {
    /// All states.
    pub const ALL: [Self; 12] = [
        Self::Requested,
        Self::InReview,
        Self::Scheduled,
        Self::WaitingForFunds,
        Self::Sending,
        Self::Unknown,
        Self::Paid,
        Self::PartlyPaid,
        Self::Failed,
        Self::Bounced,
        Self::Rejected,
        Self::Cancelled,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::InReview => "in_review",
            Self::Scheduled => "scheduled",
            Self::WaitingForFunds => "waiting_for_funds",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Paid => "paid",
            Self::PartlyPaid => "partly_paid",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Requested => "已受理",
            Self::InReview => "审核中",
            Self::Scheduled => "已排期",
            Self::WaitingForFunds => "等待平台资金",
            Self::Sending => "付款中",
            Self::Unknown => "结果确认中",
            Self::Paid => "已到账",
            Self::PartlyPaid => "部分到账",
            Self::Failed => "失败",
            Self::Bounced => "已退回",
            Self::Rejected => "未通过",
            Self::Cancelled => "已撤销",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Requested => "Requested",
            Self::InReview => "In review",
            Self::Scheduled => "Scheduled",
            Self::WaitingForFunds => "Waiting for platform funds",
            Self::Sending => "Being sent",
            Self::Unknown => "Being confirmed",
            Self::Paid => "Paid",
            Self::PartlyPaid => "Partly paid",
            Self::Failed => "Failed",
            Self::Bounced => "Returned",
            Self::Rejected => "Refused",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The event of arriving in this state.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Requested => "withdrawal.requested",
            Self::InReview => "withdrawal.in_review",
            Self::Scheduled => "withdrawal.scheduled",
            Self::WaitingForFunds => "withdrawal.waiting_for_funds",
            Self::Sending => "withdrawal.sending",
            Self::Unknown => "withdrawal.unknown",
            Self::Paid => "withdrawal.paid",
            Self::PartlyPaid => "withdrawal.partly_paid",
            Self::Failed => "withdrawal.failed",
            Self::Bounced => "withdrawal.bounced",
            Self::Rejected => "withdrawal.rejected",
            Self::Cancelled => "withdrawal.cancelled",
        }
    }

    /// The state of an event, see [`Self::event`]; `None` for events that arrive nowhere.
    pub fn of_event(event: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.event() == event)
    }

    /// Finished: nothing but a bounce is accepted any more.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Paid | Self::PartlyPaid | Self::Failed | Self::Bounced | Self::Rejected | Self::Cancelled
        )
    }

    /// The transition table: every step that exists.
    pub const fn successors(self) -> &'static [Self] {
        match self {
            Self::Requested | Self::Scheduled => {
                &[Self::WaitingForFunds, Self::Sending, Self::Failed, Self::Cancelled]
            }
            Self::InReview => &[Self::Scheduled, Self::Rejected, Self::Cancelled],
            Self::WaitingForFunds => &[
                Self::Sending,
                Self::Unknown,
                Self::Paid,
                Self::PartlyPaid,
                Self::Failed,
                Self::Bounced,
                Self::Cancelled,
            ],
            Self::Sending => &[
                Self::WaitingForFunds,
                Self::Unknown,
                Self::Paid,
                Self::PartlyPaid,
                Self::Failed,
                Self::Bounced,
            ],
            Self::Unknown => &[
                Self::WaitingForFunds,
                Self::Sending,
                Self::Paid,
                Self::PartlyPaid,
                Self::Failed,
                Self::Bounced,
            ],
            Self::Paid => &[Self::PartlyPaid, Self::Bounced],
            Self::PartlyPaid => &[Self::Bounced],
            Self::Failed | Self::Bounced | Self::Rejected | Self::Cancelled => &[],
        }
    }
}

/// Whose doing a failure is; decides what is told and which counters come back (P10, D.2 of the domain facts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureClass {
    /// The payee can correct the payout account.
    PayeeFixable,
    /// The payee's account is blocked at the rail; a case for risk.
    PayeeBlocked,
    /// Contract, certificate or permission of the platform.
    PlatformConfig,
    /// A limit of the rail that time does not change.
    RailLimit,
    /// A limit of the rail for the civil day.
    RailLimitDay,
    /// A limit of the rail for the civil month.
    RailLimitMonth,
    /// Our request was malformed.
    RequestDefect,
    /// People found out that it never arrived, after the rail had left it open.
    NotArrived,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [Self; 8] = [
        Self::PayeeFixable,
        Self::PayeeBlocked,
        Self::PlatformConfig,
        Self::RailLimit,
        Self::RailLimitDay,
        Self::RailLimitMonth,
        Self::RequestDefect,
        Self::NotArrived,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PayeeFixable => "payee_fixable",
            Self::PayeeBlocked => "payee_blocked",
            Self::PlatformConfig => "platform_config",
            Self::RailLimit => "rail_limit",
            Self::RailLimitDay => "rail_limit_day",
            Self::RailLimitMonth => "rail_limit_month",
            Self::RequestDefect => "request_defect",
            Self::NotArrived => "not_arrived",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The payee's own doing, rather than the platform's or the rail's.
    pub const fn is_payee_fault(self) -> bool {
        matches!(self, Self::PayeeFixable | Self::PayeeBlocked)
    }
}

/// Why a withdrawal is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A code of the gate, met at request or at dispatch.
    Gate(GateCode),
    /// The rail said no.
    Rail {
        /// Whose doing.
        class: FailureClass,
        /// The rail's own code.
        code: String,
    },
    /// Staff gave a reason.
    Staff {
        /// Shown to the party.
        note: String,
    },
    /// The party asked for it.
    Party,
}

/// A stored withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// Whose money.
    pub party: PartyId,
    /// Which balance is drawn.
    pub source: Source,
    /// Requested amount in minor units; amount = fee + net.
    pub amount_minor: i64,
    /// Fee in minor units.
    pub fee_minor: i64,
    /// What is to arrive, in minor units.
    pub net_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// The part of the amount whose buyers had not paid when it was requested (C7, C19), in minor units.
    pub unpaid_minor: i64,
    /// Where it goes.
    pub destination: PayoutAccountId,
    /// Where it stands.
    pub state: State,
    /// Why, where there is something to say.
    pub reason: Option<Reason>,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// The civil date whose counters it used.
    pub requested_on: Date,
    /// Not sent before this instant (C14).
    pub dispatch_at: Timestamp,
    /// By when it is expected to be complete; `None`: the calendar does not know (P5).
    pub expected_at: Option<Timestamp>,
    /// The payout clock runs out (X12); never paused.
    pub deadline_at: Timestamp,
    /// How many different people must approve: 0, 1 or 2 (P16).
    pub people_needed: u8,
    /// Who has approved.
    pub approvals: Vec<StaffId>,
    /// Why it is reviewed; for staff only, never shown to the party in detail (C10).
    pub review: Vec<GateCode>,
    /// Payment orders; empty until the first dispatch, then never cut again.
    pub slices: Vec<Slice>,
}

impl Withdrawal {
    /// What of it has neither arrived nor come back, gross, in minor units.
    pub fn in_transit_minor(&self) -> i64 {
        if self.state.is_final() {
            return 0;
        }
        if self.slices.is_empty() {
            return self.amount_minor;
        }
        let is_open = |slice: &&Slice| {
            matches!(slice.state, SliceState::Sending | SliceState::Unknown | SliceState::FundsShort)
        };
        self.slices.iter().filter(is_open).map(Slice::gross_minor).sum()
    }
}
