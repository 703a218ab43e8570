//! Signs of cash-out (C21): what tells an honest order from one that was made to turn a limit into money.
//!
//! Some signs are of an order by itself, as the platform reports it ([`Signals`]); some are patterns of a shop over
//! its last months ([`patterns`]). Both add up to a [`Score`] with its reasons. At or above the threshold of policy
//! the advance or withdrawal is held for people to look at, never refused; what they decide is kept as a label
//! ([`Review`]). Weights, shares and threshold are policy, so nothing here knows a number.
//!
//! Orders are counted by the month in which they were authorised ([`Cohort`]): whatever is reported later, in any
//! order, finds the bucket it belongs to, and months that age out are dropped whole.

mod cohort;
mod review;
mod score;
mod signals;

pub use cohort::{Cohort, Pattern, patterns};
pub use review::{Approval, Rejection, Review, State, Verdict, decide};
pub use score::{Ground, Reason, Score, ScoreError, decode, encode, score};
pub use signals::{Increase, Marks, OrderFacts, Signal, Signals, after_increase, of_authorisation};

use crate::money::Rate;

/// Policy of the signs (P4), as it stands at the instant of the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskTerms {
    /// Points of each sign, in the order of [`Signal::ALL`].
    pub weights: [u32; Signal::ALL.len()],
    /// Share of a shop's orders above which a sign is a pattern of the shop, in the same order.
    pub shares: [Rate; Signal::ALL.len()],
    /// Points from which a person looks at it.
    pub review_from: u32,
    /// Months of orders that patterns look at, the current one included.
    pub window_months: u32,
    /// Orders that must be there before a pattern counts.
    pub least_orders: u32,
    /// An amount is round when it is a multiple of this, minor units.
    pub round_unit_minor: i64,
    /// Of the limit, from which an order is near it.
    pub near_limit: Rate,
    /// Rise of a limit, of what it was, that counts as an increase.
    pub increase_least: Rate,
    /// For how long after it, in microseconds.
    pub increase_us: i64,
    /// A refund within so many microseconds of a draw closes a loop.
    pub loop_us: i64,
    /// Every scan is reported, so goods without one were not seen on their way.
    pub scans_reported: bool,
    /// Time after shipping by which a scan is expected, in microseconds.
    pub scan_us: i64,
    /// For how long a release is honoured, in microseconds.
    pub release_us: i64,
}

impl RiskTerms {
    /// Points of a sign.
    pub fn points_of(&self, signal: Signal) -> u32 {
        self.weights.get(signal.index()).copied().unwrap_or(0)
    }

    /// Share of a shop's orders above which a sign is a pattern of the shop.
    pub fn share_of(&self, signal: Signal) -> Rate {
        self.shares.get(signal.index()).copied().unwrap_or(Rate::ONE)
    }
}
