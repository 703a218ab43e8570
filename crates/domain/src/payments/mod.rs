//! Money in (P11, A2, A3, A6): payment orders, what really came for them, and giving it back.
//!
//! ```text
//! created ─→ pending ─→ paid ──────→ refunded
//!    │          │                        ↑
//!    └──────────┴────→ closed ─→ paid_late
//! ```
//!
//! An order is what a party means to pay; a payment is what a rail really received. The two are never mixed up: a
//! payment that comes late, twice or with another amount is credited as it came, says so, and offers its money back.
//! One that nobody can be credited with waits in `suspense` for staff.
//!
//! **Invariant:** every fen that a rail received is credited or held, and from there at most given back once.

mod code;
mod create;
mod receive;
mod refund;

pub use code::{chosen, codes_in, transfer_code};
pub use create::{CreateTerms, PayerFacts, Request, close_now, create, open, repay, time_out};
pub use receive::{AccountFacts, Assigned, Incoming, Posting, Receipt, Role, assign, receive, unassigned};
pub use refund::{
    RefundFacts, RefundOutcome, RefundStep, RefundStops, fund, refund, refund_outcome, refund_stop, spread,
};

use crate::{
    ids::{PartyId, PaymentId, PaymentOrderId, PaymentRefundId},
    money::Currency,
    time::Timestamp,
};

names! {
    /// What the money is for: decides which account it reaches and who may pay.
    Purpose {
        /// Prepaid advertising money of an advertiser (A2).
        AdTopUp = "ad_top_up",
    }
}

names! {
    /// How the payer pays.
    Method {
        /// The sandbox's cashier page: nothing real.
        Sandbox = "sandbox",
        /// Alipay's cashier, which offers e-banking too.
        Alipay = "alipay",
        /// A bank transfer that carries the order's code.
        BankTransfer = "bank-transfer",
    }
}

impl Method {
    /// The rail at which the money then lies: its float grows (P12).
    pub const fn custodian(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Alipay => "alipay",
            Self::BankTransfer => "bank-file",
        }
    }
}

names! {
    /// Where a payment order stands.
    State {
        /// Made; the payer has not seen the cashier yet.
        Created = "created",
        /// The payer was at the cashier, or was told where to transfer to.
        Pending = "pending",
        /// Money came while it was open.
        Paid = "paid",
        /// Not paid in time, or called off.
        Closed = "closed",
        /// Money came after it was closed.
        PaidLate = "paid_late",
        /// All the money that came was given back.
        Refunded = "refunded",
    }
}

impl State {
    /// It can still be paid.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Pending)
    }

    /// Every step that exists; `refunded` is left only by yet another payment.
    pub const fn successors(self) -> &'static [Self] {
        match self {
            Self::Created => &[Self::Pending, Self::Paid, Self::Closed],
            Self::Pending => &[Self::Paid, Self::Closed],
            Self::Closed => &[Self::PaidLate],
            Self::Paid | Self::PaidLate => &[Self::Refunded],
            Self::Refunded => &[Self::Paid, Self::PaidLate],
        }
    }

    /// The event of arriving in this state.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Created => "payment_order.created",
            Self::Pending => "payment_order.pending",
            Self::Paid => "payment_order.paid",
            Self::Closed => "payment_order.closed",
            Self::PaidLate => "payment_order.paid_late",
            Self::Refunded => "payment_order.refunded",
        }
    }
}

/// A stored payment order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Id.
    pub id: PaymentOrderId,
    /// Who is to be credited.
    pub party: PartyId,
    /// What for.
    pub purpose: Purpose,
    /// How it is paid.
    pub method: Method,
    /// What is to be paid, minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// State.
    pub state: State,
    /// When it was made.
    pub created_at: Timestamp,
    /// From here on it is closed when the rail knows of no payment.
    pub expires_at: Timestamp,
    /// When it was closed; stays when it is paid late.
    pub closed_at: Option<Timestamp>,
    /// When the first payment was taken in.
    pub paid_at: Option<Timestamp>,
    /// Payments taken in.
    pub payments: u32,
    /// What really came, minor units.
    pub received_minor: i64,
    /// What went back, minor units.
    pub refunded_minor: i64,
    /// The order that this one pays again.
    pub previous: Option<PaymentOrderId>,
    /// The order that pays this one again.
    pub next: Option<PaymentOrderId>,
}

names! {
    /// How a payment lies to its order.
    Timing {
        /// While the order was open.
        OnTime = "on_time",
        /// After it was closed.
        Late = "late",
        /// After another payment for the same order.
        Double = "double",
    }
}

names! {
    /// Where the money of a payment lies.
    Place {
        /// In the accounts of its party.
        Credited = "credited",
        /// In `suspense`: its party is closed.
        Held = "held",
        /// In `suspense`: nobody knows yet whose it is.
        Unassigned = "unassigned",
    }
}

/// Money that a rail really received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Id; derived from the rail and the rail's own id of it, so that it is taken in once.
    pub id: PaymentId,
    /// The order that it is for.
    pub order: Option<PaymentOrderId>,
    /// Whose it is.
    pub party: Option<PartyId>,
    /// How it was paid.
    pub method: Method,
    /// What came, minor units.
    pub amount_minor: i64,
    /// What was to come; `None` without an order.
    pub expected_minor: Option<i64>,
    /// How it lies to its order; `None` without one.
    pub timing: Option<Timing>,
    /// Where its money lies.
    pub place: Place,
    /// The part that paid arrears, minor units.
    pub arrears_minor: i64,
    /// The part that is balance, minor units.
    pub cash_minor: i64,
    /// On its way back, minor units.
    pub refunding_minor: i64,
    /// Given back, minor units.
    pub refunded_minor: i64,
}

impl Payment {
    /// Another amount came than was ordered.
    pub fn is_mismatched(&self) -> bool {
        self.expected_minor.is_some_and(|expected| expected != self.amount_minor)
    }

    /// What may still be given back, minor units. What has paid arrears is used up.
    pub const fn refundable_minor(&self) -> i64 {
        let whole = match self.place {
            Place::Credited => self.cash_minor,
            Place::Held | Place::Unassigned => self.amount_minor,
        };
        whole - self.refunding_minor - self.refunded_minor
    }

    /// Nobody meant to pay this: its money is offered back.
    pub fn offers_refund(&self) -> bool {
        let stray =
            self.place != Place::Credited || matches!(self.timing, Some(Timing::Late | Timing::Double));
        stray && self.refundable_minor() > 0
    }
}

names! {
    /// Where money on its way back stands.
    RefundState {
        /// The platform's money at the rail does not cover it yet; it goes back by itself after a top-up (P12).
        Waiting = "waiting_for_funds",
        /// Given to the rail, or about to be.
        Sending = "sending",
        /// The rail's answer is lost or unclear; being queried. Never a failure.
        Unknown = "unknown",
        /// The rail cannot do it; staff send it and say so.
        ByHand = "by_hand",
        /// It went back.
        Paid = "paid",
        /// Definitely not; its money is where it was.
        Failed = "failed",
    }
}

/// Money on its way back to the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Id; the rail's idempotency key.
    pub id: PaymentRefundId,
    /// What it gives back.
    pub payment: PaymentId,
    /// Minor units.
    pub amount_minor: i64,
    /// State.
    pub state: RefundState,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Paying again what can still be paid.
    #[error("this order is still open: pay it, or close it first")]
    OrderOpen,
    /// Closing or paying again what is paid.
    #[error("this order is paid")]
    OrderPaid,
    /// Paid again already.
    #[error("this order was made anew already; its `next_id` says where")]
    OrderReplaced,
    /// Nothing, or less.
    #[error("the amount must be above zero")]
    AmountNotPositive,
    /// Another currency than the books'.
    #[error("these books are kept in another currency")]
    CurrencyMismatch,
    /// The server has no such method, or these books do not take it.
    #[error("this server does not take money in this way")]
    MethodUnavailable,
    /// The party is closed.
    #[error("the party is closed")]
    PartyClosed,
    /// The purpose needs a role that the party does not have.
    #[error("only an advertiser can top up an advertising account")]
    NotAnAdvertiser,
    /// Less than policy takes.
    #[error("the least that can be paid now is {minimum_minor} minor units")]
    BelowMinimum {
        /// The least, minor units.
        minimum_minor: i64,
    },
    /// More than policy takes.
    #[error("the most that one order can take is {maximum_minor} minor units")]
    AboveMaximum {
        /// The most, minor units.
        maximum_minor: i64,
    },
    /// Too many orders are open.
    #[error("the party has {most} open payment orders: pay or close one first")]
    TooManyOpen {
        /// How many may be open.
        most: u32,
    },
    /// A sum would not fit.
    #[error("the sum of the payments would not fit in 64 bits")]
    Overflow,
    /// Assigning what lies with a party.
    #[error("this payment belongs to a party already")]
    PaymentAssigned,
    /// Assigning money that is on its way back.
    #[error("this payment is on its way back, or is back already")]
    PaymentGoesBack,
    /// Nothing is left to give back.
    #[error("nothing of this payment can be given back any more")]
    NothingToRefund,
    /// More than is left.
    #[error("at most {most_minor} minor units of this payment can be given back")]
    RefundTooMuch {
        /// What is left, minor units.
        most_minor: i64,
    },
    /// An ordinary payment, and policy does not refund those.
    #[error("by policy, only late, double and unassigned payments are given back")]
    RefundsOff,
    /// No money goes out to a frozen party.
    #[error("the party is frozen: no money goes out")]
    PartyFrozen,
    /// A kill switch.
    #[error("payouts are switched off")]
    PayoutsStopped,
    /// Its money was used meanwhile.
    #[error("only {available_minor} minor units of this payment are unspent")]
    CashNotEnough {
        /// What is unspent, minor units.
        available_minor: i64,
    },
    /// What is said contradicts what was said before.
    #[error("this contradicts an earlier definite outcome; reconcile it by hand")]
    OutcomeConflict,
}

impl Rejection {
    /// One of each, in order of precedence.
    pub const ALL: &'static [Self] = &[
        Self::OrderOpen,
        Self::OrderPaid,
        Self::OrderReplaced,
        Self::AmountNotPositive,
        Self::CurrencyMismatch,
        Self::MethodUnavailable,
        Self::PartyClosed,
        Self::NotAnAdvertiser,
        Self::BelowMinimum { minimum_minor: 50_000 },
        Self::AboveMaximum { maximum_minor: 10_000_000_000 },
        Self::TooManyOpen { most: 20 },
        Self::Overflow,
        Self::PaymentAssigned,
        Self::PaymentGoesBack,
        Self::NothingToRefund,
        Self::RefundTooMuch { most_minor: 50_000 },
        Self::RefundsOff,
        Self::PartyFrozen,
        Self::PayoutsStopped,
        Self::CashNotEnough { available_minor: 0 },
        Self::OutcomeConflict,
    ];

    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OrderOpen => "payment_order_open",
            Self::OrderPaid => "payment_order_paid",
            Self::OrderReplaced => "payment_order_replaced",
            Self::AmountNotPositive => "amount_not_positive",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::MethodUnavailable => "payment_method_unavailable",
            Self::PartyClosed => "party_closed",
            Self::NotAnAdvertiser => "not_an_advertiser",
            Self::BelowMinimum { .. } => "payment_below_minimum",
            Self::AboveMaximum { .. } => "payment_above_maximum",
            Self::TooManyOpen { .. } => "payment_orders_too_many",
            Self::Overflow => "amount_out_of_range",
            Self::PaymentAssigned => "payment_assigned",
            Self::PaymentGoesBack => "payment_goes_back",
            Self::NothingToRefund => "nothing_to_refund",
            Self::RefundTooMuch { .. } => "refund_too_much",
            Self::RefundsOff => "refunds_off",
            Self::PartyFrozen => "party_frozen",
            Self::PayoutsStopped => "payouts_stopped",
            Self::CashNotEnough { .. } => "cash_not_enough",
            Self::OutcomeConflict => "outcome_conflict",
        }
    }
}
