//! What deciders of withdrawals answer: movements, counters, jobs and events as data.

use super::{State, Withdrawal};
use crate::time::{Date, Timestamp};

/// The ledger accounts a withdrawal touches, by what they are for (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountRole {
    /// `earnings` or `proceeds` of the party, by [`super::Source`].
    Payee,
    /// `credit.receivable` of the party, for what is due.
    CreditReceivable,
    /// `credit.liability` of the party.
    CreditLiability,
    /// `payouts.clearing` of the platform.
    PayoutsClearing,
    /// `rail.float` of the rail that carries it.
    RailFloat,
    /// `revenue.withdrawal_fee` of the platform.
    RevenueWithdrawalFee,
}

/// A hold of a withdrawal. Each is placed once and then settled once or released once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// The net amount, from request on; of a withdrawal in one slice until its end.
    Payout,
    /// The net amount of one slice; replaces [`Hold::Payout`] at dispatch when there are several.
    PayoutSlice(u16),
    /// The fee.
    Fee,
    /// The float reserved for one slice.
    FloatSlice(u16),
}

/// One movement in the ledger; amounts are minor units, > 0. All of a decision are one atomic group, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyOp {
    /// Place a hold.
    Hold {
        /// Which.
        hold: Hold,
        /// Where the money would leave.
        from: AccountRole,
        /// Where it would arrive.
        to: AccountRole,
        /// How much.
        amount_minor: i64,
    },
    /// Settle this much of a hold and release the rest.
    Settle {
        /// Which.
        hold: Hold,
        /// How much, at most what is held.
        amount_minor: i64,
    },
    /// Release a hold as a whole.
    Release {
        /// Which.
        hold: Hold,
    },
    /// Move money at once.
    Transfer {
        /// Where it leaves.
        from: AccountRole,
        /// Where it arrives.
        to: AccountRole,
        /// How much.
        amount_minor: i64,
    },
}

/// A change of the counters that caps, fees and thresholds look at, under one civil date (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterChange {
    /// The civil date of the request, also when the change comes later.
    pub on: Date,
    /// Gross amount in minor units: above zero at request, below when restored.
    pub amount_minor: i64,
    /// Number of requests; restored only when the platform or the rail was at fault.
    pub requests: i32,
    /// Number of withdrawals that stand: −1 when nothing of one is left (C15 "first").
    pub standing: i32,
    /// The part of the amount whose buyers have not paid (C7, C19), in minor units.
    pub unpaid_minor: i64,
    /// Of the requests, those with such a part.
    pub unpaid_requests: i32,
}

/// A change of the party's overview (X1), gross, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TotalsChange {
    /// Requested and not finished.
    pub in_transit_minor: i64,
    /// Cumulative withdrawn: paid only.
    pub withdrawn_minor: i64,
}

/// Something to do after the commit, as a job (P22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Give a slice to the rail for the first time.
    Send {
        /// Number of the slice.
        slice: u16,
        /// The rail's key.
        reference: String,
        /// Net amount in minor units.
        amount_minor: i64,
    },
    /// Give the identical request to the rail again, after a back-off.
    Resend {
        /// Number of the slice.
        slice: u16,
        /// The same key as before.
        reference: String,
        /// The same amount as before, in minor units.
        amount_minor: i64,
        /// Not before this instant, where the rail's limit begins anew then.
        not_before: Option<Timestamp>,
    },
    /// Ask the rail what became of a slice.
    Query {
        /// Number of the slice.
        slice: u16,
        /// The rail's key.
        reference: String,
    },
    /// Book what the rail charged, as soon as its float covers it.
    BookCharge {
        /// Number of the slice.
        slice: u16,
        /// What is new of the charge, minor units.
        amount_minor: i64,
        /// The whole charge so far, minor units.
        total_minor: i64,
    },
    /// The rail says that the payer's balance is short: mark it so (P12).
    MarkRailShort,
    /// Tell finance that float is short (X11).
    AlertFloat,
    /// Open a case for risk: the payee's account is blocked at the rail.
    OpenRiskCase,
    /// Tell the platform that its contract, certificate or our request is wrong.
    AlertConfiguration,
    /// The rail refuses everything of the platform's: send nothing more until staff reopen it.
    StopRail,
}

/// What a decision does, applied as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The withdrawal as it is now.
    pub withdrawal: Withdrawal,
    /// Ledger movements, one atomic group.
    pub ops: Vec<MoneyOp>,
    /// Changes of counters.
    pub counters: Vec<CounterChange>,
    /// Change of the overview.
    pub totals: TotalsChange,
    /// Jobs.
    pub effects: Vec<Effect>,
    /// Event names, past tense, in order (P15).
    pub events: Vec<&'static str>,
}

impl Decision {
    pub(super) fn of(withdrawal: &Withdrawal) -> Self {
        Self {
            withdrawal: withdrawal.clone(),
            ops: Vec::new(),
            counters: Vec::new(),
            totals: TotalsChange::default(),
            effects: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Moves to a state with its event, if that is a change.
    pub(super) fn enter(&mut self, state: State) {
        if self.withdrawal.state != state {
            self.withdrawal.state = state;
            self.events.push(state.event());
        }
    }

    /// Begins to wait for the platform's funds; the promise is made once (X11).
    pub(super) fn wait_for_funds(&mut self, expected_at: Option<Timestamp>) {
        if self.withdrawal.state != State::WaitingForFunds {
            self.withdrawal.expected_at = expected_at;
        }
        self.enter(State::WaitingForFunds);
    }

    pub(super) fn changed(self) -> Outcome {
        Outcome::Changed(Box::new(self))
    }
}

/// The answer to a command or callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Apply this.
    Changed(Box<Decision>),
    /// Known already, or stale; nothing is written.
    Unchanged,
}

/// An expected no of the state machine, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The withdrawal is finished.
    #[error("the withdrawal is finished: {state}")]
    Finished {
        /// Its final state.
        state: &'static str,
    },
    /// The step does not exist from this state.
    #[error("a withdrawal that is {from} cannot become {to}")]
    StateChange {
        /// State now.
        from: &'static str,
        /// State asked for.
        to: &'static str,
    },
    /// Something was given to the rail already.
    #[error("the withdrawal was already sent")]
    AlreadySent,
    /// The same person cannot approve twice (P16).
    #[error("two different people must approve")]
    SamePerson,
    /// A rejection needs a note of 1 to 500 printable characters; calling off takes one.
    #[error("a reason of 1 to 500 printable characters is needed")]
    NoteMissing,
    /// Its value date has not come.
    #[error("the withdrawal is not due yet")]
    NotDueYet,
    /// There is no such slice, or it was never sent.
    #[error("the withdrawal has no such slice at the rail")]
    SliceUnknown,
    /// The rail says the opposite of what it said before; for reconciliation, never booked.
    #[error("the rail's answer contradicts an earlier one")]
    OutcomeConflict,
    /// Only an order that a rail leaves open is settled by inquiry.
    #[error("the slice is not in doubt: it has come to its end, or it may still be sent")]
    NotInDoubt,
    /// The rail still has time to answer (X12).
    #[error("the rail has until {until} to answer; what it says by then counts")]
    InquiryTooEarly {
        /// End of the payout clock.
        until: Timestamp,
    },
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Finished { .. } => "withdrawal_finished",
            Self::StateChange { .. } => "withdrawal_state_change",
            Self::AlreadySent => "already_sent",
            Self::SamePerson => "same_person",
            Self::NoteMissing => "note_missing",
            Self::NotDueYet => "not_due_yet",
            Self::SliceUnknown => "slice_unknown",
            Self::OutcomeConflict => "outcome_conflict",
            Self::NotInDoubt => "not_in_doubt",
            Self::InquiryTooEarly { .. } => "inquiry_too_early",
        }
    }
}
