//! A slice of a withdrawal: one payment order to a rail (P10).

use super::{FailureClass, RailNumber};
use crate::time::Timestamp;

/// Where one slice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SliceState {
    /// Given to the rail, or about to be given again.
    Sending,
    /// Outcome unknown; being queried.
    Unknown,
    /// The rail refused for the platform's own funds; goes again under the same reference.
    FundsShort,
    /// Arrived.
    Paid,
    /// Definitely not paid.
    Failed,
    /// Arrived and came back.
    Bounced,
}

/// What a rail may have under the number of a slice (P10). Only where it has nothing is a slice that is not sent any more
/// definitely not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AtRail {
    /// Nothing: it was never handed over under this number, or everything that was is known not to have been taken.
    Nothing,
    /// One call, whose answer is not written down yet.
    OneCall,
    /// Perhaps an order: of some call nobody knows what became.
    Perhaps,
}

/// One payment order to the rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// 1, 2, …
    pub number: u16,
    /// Net amount in minor units.
    pub amount_minor: i64,
    /// The part of the fee that belongs to it, in minor units.
    pub fee_minor: i64,
    /// Where it stands.
    pub state: SliceState,
    /// Under which of its numbers the rail knows it: 1, and one more each time the rail recorded that it failed for
    /// want of the platform's funds.
    pub round: u16,
    /// How often it was given to the rail under that number.
    pub attempts: u32,
    /// What the rail may have under that number.
    pub at_rail: AtRail,
    /// The rail's own charge in minor units, once paid.
    pub rail_fee_minor: i64,
    /// Why it failed or bounced.
    pub failure: Option<(FailureClass, String)>,
    /// A limit of the rail put it off until then; what the rail repeats about it before is known.
    pub deferred_until: Option<Timestamp>,
}

impl Slice {
    /// Net and fee: its part of the requested amount, in minor units.
    pub const fn gross_minor(&self) -> i64 {
        self.amount_minor + self.fee_minor
    }

    /// The number under which it goes now.
    pub const fn rail_number(&self) -> RailNumber {
        RailNumber { slice: self.number, round: self.round }
    }

    /// It is about to be given to the rail.
    pub fn hand_over(&mut self) {
        self.at_rail = match self.at_rail {
            AtRail::Nothing => AtRail::OneCall,
            // A call that nobody wrote the answer of down came before this one.
            AtRail::OneCall | AtRail::Perhaps => AtRail::Perhaps,
        };
    }

    /// What was just handed over did not get there, or was refused before an order was made of it.
    pub fn not_taken(&mut self) {
        if self.at_rail == AtRail::OneCall {
            self.at_rail = AtRail::Nothing;
        }
    }
}
