//! Pay-later orders (C11, C12): authorised, shipped in parts, paid in parts, cancelled, refunded, written off.
//!
//! An authorisation that nobody ships for stands for a time and then ends by itself: what was reserved is free again.
//!
//! Every advance rests on shipped goods. Four open amounts say where an order stands:
//!
//! ```text
//! amount = unshipped + shipped            unshipped = prepaid + still to be advanced + cancelled
//! shipped = advanced (receivable) + liable (liability) + covered by what the buyer had paid before
//!           + held (its advance waits for a review, C21)
//! ```
//!
//! **Invariant:** `receivable` of a shop's open orders adds up to the balance of `credit.receivable`, so "used" can
//! never be wrong; `due` is the part of it that the shop has to give back because its buyer was refunded.
//!
//! A withdrawal repays all due and liability of a shop at once (C12). Orders learn of that by the shop's *repayment
//! epoch*: an order of an older epoch has neither due nor liability any more ([`CreditOrder::at_epoch`]).

mod events;

pub use events::{
    Authorisation, authorise, cancel, deny, expire, pay, recourse, refund, release, scan, ship, write_off,
};

use crate::ids::{CreditOrderId, PartyId};
use crate::money::Currency;
use crate::policy::kinds::OverLimit;
use crate::time::{Date, Timestamp};

/// A stored order. Amounts are minor units, ≥ 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditOrder {
    /// Its id; derived from the platform's own number by the engine.
    pub id: CreditOrderId,
    /// The shop.
    pub merchant: PartyId,
    /// Authorised price of the goods.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// When it was authorised.
    pub authorised_at: Timestamp,
    /// Of the limit, kept for goods that are not shipped yet.
    pub reserved_minor: i64,
    /// Price of the goods that were shipped.
    pub shipped_minor: i64,
    /// Price of the goods that will not be shipped.
    pub cancelled_minor: i64,
    /// Of that, what nobody had shipped when the authorisation ended: a report of goods that were shipped before may
    /// still come.
    pub expired_minor: i64,
    /// Open advance: its part of `credit.receivable`, `due_minor` included.
    pub receivable_minor: i64,
    /// Of the open advance, what the shop has to give back.
    pub due_minor: i64,
    /// Open part beyond the limit: its part of `credit.liability` from shipping.
    pub liability_minor: i64,
    /// Price of shipped goods whose advance waits for a review (C21).
    pub held_minor: i64,
    /// Paid before shipping and not used up by a shipment yet.
    pub prepaid_minor: i64,
    /// Paid by the buyer so far.
    pub paid_minor: i64,
    /// Refunded before it was paid: the buyer owes that no more.
    pub forgiven_minor: i64,
    /// Refunded after it was paid.
    pub returned_minor: i64,
    /// Written off, or turned into the shop's liability after a fraud decision, and not paid late or refunded since.
    pub lost_minor: i64,
    /// Of what was lost, what became the shop's liability.
    pub recourse_minor: i64,
    /// The shop's repayment epoch as of the last change.
    pub epoch: i64,
    /// When the buyer is to have paid; from the first shipment.
    pub due_on: Option<Date>,
    /// When its authorisation ends: goods that are shipped from then on are not advanced.
    pub ends_at: Timestamp,
    /// When the first part was shipped.
    pub shipped_at: Option<Timestamp>,
    /// When the last change was reported as having happened.
    pub changed_at: Timestamp,
}

impl CreditOrder {
    /// The order as of a repayment epoch: what a withdrawal repaid since is gone.
    #[must_use]
    pub fn at_epoch(mut self, epoch: i64) -> Self {
        if self.epoch < epoch {
            self.receivable_minor -= self.due_minor;
            self.due_minor = 0;
            self.liability_minor = 0;
            self.epoch = epoch;
        }
        self
    }

    /// What may still be shipped, minor units.
    pub const fn unshipped_minor(&self) -> i64 {
        self.amount_minor - self.shipped_minor - self.cancelled_minor
    }

    /// What may yet be advanced: not shipped and not paid before, or waiting for a review. No more than that stays
    /// reserved. Minor units.
    pub const fn to_advance_minor(&self) -> i64 {
        self.unshipped_minor() - self.prepaid_minor + self.held_minor
    }

    /// What the buyer still owes, shipped or not, minor units.
    pub const fn payable_minor(&self) -> i64 {
        self.amount_minor - self.cancelled_minor - self.paid_minor - self.forgiven_minor - self.lost_minor
    }

    /// Of that, what was shipped, minor units.
    pub const fn shipped_unpaid_minor(&self) -> i64 {
        self.payable_minor() - (self.unshipped_minor() - self.prepaid_minor)
    }

    /// Takes from what was lost: of `amount_minor` so much from what the shop had to bear, the rest from what was
    /// written off. Both parts.
    fn take_lost(&mut self, amount_minor: i64, borne_minor: i64) -> (i64, i64) {
        self.lost_minor -= amount_minor;
        self.recourse_minor -= borne_minor;
        (borne_minor, amount_minor - borne_minor)
    }

    /// Nothing is open: no reservation, no advance, no liability, nothing to ship.
    pub const fn is_closed(&self) -> bool {
        self.reserved_minor == 0
            && self.receivable_minor == 0
            && self.liability_minor == 0
            && self.held_minor == 0
            && self.unshipped_minor() == 0
    }

    /// Where it stands, in a word.
    pub const fn status(&self) -> Status {
        if self.shipped_minor == 0 {
            match (self.unshipped_minor(), self.expired_minor) {
                (0, 0) => Status::Cancelled,
                (0, _) => Status::Expired,
                _ => Status::Authorised,
            }
        } else if self.held_minor > 0 {
            Status::UnderReview
        } else if self.unshipped_minor() > 0 {
            Status::PartlyShipped
        } else if self.is_closed() {
            Status::Closed
        } else if self.due_minor > 0 {
            Status::Due
        } else {
            Status::Shipped
        }
    }

    /// Bucket of days overdue on a civil date; `None` while it is not overdue or nothing of the buyer is open.
    pub fn overdue(&self, today: Date) -> Option<Overdue> {
        let due_on = self.due_on.filter(|_| self.receivable_minor > self.due_minor)?;
        Overdue::of(due_on, today)
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// A part of the limit is reserved.
    Authorised,
    /// The advance of shipped goods waits for a review (C21).
    UnderReview,
    /// Some goods are on their way.
    PartlyShipped,
    /// All goods are on their way; the buyer is to pay.
    Shipped,
    /// Refunded before the buyer paid; the shop has to give back the advance.
    Due,
    /// Called off before anything was shipped.
    Cancelled,
    /// Nothing was shipped until its authorisation ended.
    Expired,
    /// Nothing is open.
    Closed,
}

impl Status {
    /// All of them, in the order of an order's life.
    pub const ALL: [Self; 8] = [
        Self::Authorised,
        Self::UnderReview,
        Self::PartlyShipped,
        Self::Shipped,
        Self::Due,
        Self::Cancelled,
        Self::Expired,
        Self::Closed,
    ];

    /// In words, in Chinese and in English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Authorised => ("已授权", "Authorised"),
            Self::UnderReview => ("审核中", "Under review"),
            Self::PartlyShipped => ("部分发货", "Shipped in part"),
            Self::Shipped => ("已发货待付款", "Shipped, to be paid"),
            Self::Due => ("待退还", "To be given back"),
            Self::Cancelled => ("已取消", "Cancelled"),
            Self::Expired => ("授权已到期", "Authorisation ended"),
            Self::Closed => ("已完结", "Closed"),
        }
    }

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::UnderReview => "under_review",
            Self::PartlyShipped => "partly_shipped",
            Self::Shipped => "shipped",
            Self::Due => "due",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Closed => "closed",
        }
    }
}

/// Days overdue (C11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overdue {
    /// 1 to 30 days.
    Days1,
    /// 31 to 60 days.
    Days31,
    /// 61 to 90 days.
    Days61,
    /// More than 90 days.
    Days91,
}

impl Overdue {
    /// All buckets in their order.
    pub const ALL: [Self; 4] = [Self::Days1, Self::Days31, Self::Days61, Self::Days91];

    /// Bucket of what was due on a date; `None` while it is not overdue.
    pub fn of(due_on: Date, today: Date) -> Option<Self> {
        let days = (today - due_on).get_days();
        Self::ALL.into_iter().rev().find(|bucket| days >= bucket.first_day())
    }

    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Days1 => "1-30",
            Self::Days31 => "31-60",
            Self::Days61 => "61-90",
            Self::Days91 => "90+",
        }
    }

    const fn first_day(self) -> i32 {
        match self {
            Self::Days1 => 1,
            Self::Days31 => 31,
            Self::Days61 => 61,
            Self::Days91 => 91,
        }
    }
}

/// What the engine knows of the shop when an order changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopFacts {
    /// It may take new orders: an active merchant whose service is open and not locked (P6, C19, C25).
    pub open: bool,
    /// The advance of what is shipped now waits for a review (C21).
    pub held: bool,
    /// `max(0, total − used − reserved − frozen)` (C1), minor units.
    pub available_minor: i64,
    /// `proceeds` without holds, minor units.
    pub proceeds_minor: i64,
    /// Its repayment epoch.
    pub epoch: i64,
}

/// Policy of orders (P4), as it stands at the instant of the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderTerms {
    /// What shipping beyond the limit does (C12).
    pub over_limit: OverLimit,
    /// Days after shipping on which an order is due without a reported date: 30 (C11).
    pub due_days: u32,
    /// How long an authorisation stands without its goods being shipped, in microseconds (C11).
    pub lifetime_us: i64,
    /// How far a reported instant may lie ahead of our clock, in microseconds.
    pub clock_tolerance_us: i64,
}

/// The ledger accounts an order touches, by what they are for (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountRole {
    /// `clients.clearing` of the platform.
    ClientsClearing,
    /// `proceeds` of the shop.
    Proceeds,
    /// `credit.receivable` of the shop.
    Receivable,
    /// `credit.liability` of the shop.
    Liability,
    /// `expense.bad_debt` of the platform.
    BadDebt,
}

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PostingKind {
    /// Goods shipped within the limit.
    Advance,
    /// Goods shipped beyond it.
    BeyondLimit,
    /// The buyer paid.
    BuyerPaid,
    /// The buyer was refunded.
    Refund,
    /// An advance given up.
    WriteOff,
    /// An advance taken back from the shop after a fraud decision.
    Recourse,
}

/// One transfer of an atomic group, amount > 0: debit `from`, credit `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Debited.
    pub from: AccountRole,
    /// Credited.
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
    pub order: CreditOrder,
    /// Transfers in order, one atomic group.
    pub postings: Vec<Posting>,
    /// Change of the shop's reserved total, minor units.
    pub reserved_minor: i64,
    /// Change of the shop's due total, minor units.
    pub due_minor: i64,
    /// Change of what the shop owes beside what its orders keep as beyond the limit: no buyer pays it any more (C11, C12),
    /// minor units.
    pub owed_minor: i64,
    /// Change of the number of the shop's orders with goods that are still to be shipped: 1, 0 or -1.
    pub to_ship: i64,
    /// Event, past tense (P15).
    pub event: &'static str,
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
    /// Zero or negative.
    #[error("the amount must be above zero")]
    AmountNotPositive,
    /// An instant ahead of our clock by more than the tolerance.
    #[error("`at` lies in the future")]
    InTheFuture,
    /// An instant before the authorisation.
    #[error("`at` lies before the order was authorised")]
    BeforeAuthorised,
    /// The shop takes no new pay-later orders: frozen, locked or closed.
    #[error("the shop takes no new pay-later orders")]
    ShopNotOpen,
    /// Policy `refuse`: the limit does not cover it.
    #[error("the limit does not cover the order")]
    LimitInsufficient {
        /// What it covers, minor units.
        available_minor: i64,
    },
    /// More than is left to ship.
    #[error("more than is left to ship")]
    MoreThanAuthorised {
        /// What is left, minor units.
        left_minor: i64,
    },
    /// The authorisation had ended when the goods were shipped; what the buyer paid before may still be.
    #[error(
        "the authorisation had ended when the goods were shipped: authorise them anew, under a new order id"
    )]
    AuthorisationExpired {
        /// What is paid and may be shipped, minor units.
        left_minor: i64,
    },
    /// More than the buyer still owes.
    #[error("more than the buyer still owes")]
    MoreThanPayable {
        /// What is left, minor units.
        left_minor: i64,
    },
    /// Nothing is left to cancel: what is shipped is refunded, not cancelled.
    #[error("nothing is left to cancel; report a refund for goods that were shipped")]
    NothingToCancel,
    /// More than was shipped and not refunded yet.
    #[error("more than was shipped and not refunded yet")]
    MoreThanShipped {
        /// What is left, minor units.
        left_minor: i64,
    },
    /// No advance of the order waits for a review.
    #[error("no advance of the order waits for a review")]
    NothingHeld,
    /// More than the open advance.
    #[error("more than the open advance of the order")]
    MoreThanOpen {
        /// What is left, minor units.
        left_minor: i64,
    },
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OrderConflict { .. } => "order_conflict",
            Self::AmountNotPositive => "amount_not_positive",
            Self::InTheFuture => "in_the_future",
            Self::BeforeAuthorised => "before_authorised",
            Self::ShopNotOpen => "credit_closed",
            Self::LimitInsufficient { .. } => "limit_insufficient",
            Self::MoreThanAuthorised { .. } => "more_than_authorised",
            Self::AuthorisationExpired { .. } => "authorisation_expired",
            Self::MoreThanPayable { .. } => "more_than_payable",
            Self::NothingToCancel => "nothing_to_cancel",
            Self::MoreThanShipped { .. } => "more_than_shipped",
            Self::NothingHeld => "nothing_held",
            Self::MoreThanOpen { .. } => "more_than_open",
        }
    }
}
