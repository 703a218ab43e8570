//! Reconciliation (P13): what a rail's statement says against what the books say of the float there.
//!
//! A day of a rail is looked at as a whole, once it is over: every line of the float's account and every line of the
//! statement is a movement of so much money about something. What is about the same thing and the same amount is the
//! same movement. What is left is an *item*: in transit while the other side may still come, a break after that, or at
//! once where no waiting can mend it.
//!
//! **Invariant**, the daily proof: the float in the books minus the closing balance of the statement is the sum of the
//! items that stand on that day.

mod matching;
mod tally;

pub use matching::{ABOUT, Booked, Found, Matching, Open, OpenSide, Told, match_day};
pub use tally::{Head, Line, Mistake, Tally};

use crate::time::Date;

/// Most lines of one day of one rail: they are compared in memory.
pub const DAY_MAX: usize = 2_000_000;
/// Longest reference that is kept of a line, characters.
pub const REFERENCE_MAX: usize = 64;
/// Longest reason of a resolution, characters.
pub const REASON_MAX: usize = 500;

names! {
    /// What an item is.
    Kind {
        /// Booked here, and not on the statement.
        NotOnStatement = "not_on_statement",
        /// On the statement about something of ours that is not booked.
        NotBooked = "not_booked",
        /// On the statement about nothing that is known here.
        Unknown = "unknown",
        /// On the statement once more than it is booked.
        Twice = "twice",
        /// On both sides with different amounts.
        AmountDiffers = "amount_differs",
        /// The first statement opens with another balance than the books had.
        OpeningDiffers = "opening_differs",
    }
}

names! {
    /// Where an item stands.
    State {
        /// The other side may still come.
        InTransit = "in_transit",
        /// People have to settle it.
        Break = "break",
        /// Nothing differs any more.
        Closed = "closed",
    }
}

names! {
    /// How an item was closed.
    Closing {
        /// The other side came.
        Matched = "matched",
        /// Two people booked the difference.
        Adjusted = "adjusted",
        /// Two people said that two items are one movement.
        Paired = "paired",
    }
}

impl Kind {
    /// Whether waiting can mend it: the other side is usually only late.
    pub const fn may_come(self) -> bool {
        matches!(self, Self::NotOnStatement | Self::NotBooked)
    }

    /// Where an item of this kind stands at the end of `day`, when it is one since `since`.
    pub fn state(self, since: Date, day: Date, in_transit_days: u32) -> State {
        let waits = self.may_come() && days_between(since, day) <= i64::from(in_transit_days);
        if waits { State::InTransit } else { State::Break }
    }
}

/// Whole days from one date to a later one; below zero when it is earlier.
fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// What both sides say of an item, minor units: into the float above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// In the books; zero when it is not there.
    pub booked_minor: i64,
    /// On the statement; zero when it is not there.
    pub told_minor: i64,
}

impl Sides {
    /// What the books are ahead of the statement through it, minor units.
    pub fn difference_minor(self) -> i128 {
        i128::from(self.booked_minor) - i128::from(self.told_minor)
    }
}

/// How two people settle a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The books follow the statement: the difference is booked at the float, against `suspense`.
    Adjust,
    /// It is the same movement as another item's.
    Pair(Sides),
}

/// An expected no, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing to settle.
    #[error("this item is closed: nothing differs any more")]
    Closed,
    /// Too early.
    #[error("this item is in transit: the other side may still come by itself")]
    InTransit,
    /// The other one is not its opposite.
    #[error(
        "two items are one movement when one is in the books alone, the other on the statement alone, and the amount is the same"
    )]
    NotOpposite,
    /// A sum would not fit.
    #[error("the difference does not fit in 64 bits")]
    Overflow,
}

impl Rejection {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "reconciliation_item_closed",
            Self::InTransit => "reconciliation_item_in_transit",
            Self::NotOpposite => "reconciliation_items_not_opposite",
            Self::Overflow => "amount_overflow",
        }
    }
}

/// What settling an item adds to the float, minor units; zero for a pair.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn resolve(state: State, sides: Sides, resolution: Resolution) -> Result<i64, Rejection> {
    match state {
        State::Closed => return Err(Rejection::Closed),
        State::InTransit => return Err(Rejection::InTransit),
        State::Break => {}
    }
    match resolution {
        Resolution::Adjust => i64::try_from(-sides.difference_minor()).map_err(|_| Rejection::Overflow),
        Resolution::Pair(other) => {
            let one_sided = |s: Sides| (s.booked_minor == 0) != (s.told_minor == 0);
            let opposite = sides.difference_minor() == -other.difference_minor();
            let crossed = (sides.booked_minor == 0) != (other.booked_minor == 0);
            if one_sided(sides) && one_sided(other) && opposite && crossed {
                Ok(0)
            } else {
                Err(Rejection::NotOpposite)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn what_may_come_is_a_break_after_its_days_p13() {
        let since = date("2026-02-27");
        let state = |kind: Kind, day: &str| kind.state(since, date(day), 3).name();
        assert_eq!(state(Kind::NotOnStatement, "2026-02-27"), "in_transit");
        assert_eq!(state(Kind::NotBooked, "2026-03-02"), "in_transit");
        assert_eq!(state(Kind::NotBooked, "2026-03-03"), "break");
        for kind in [Kind::Unknown, Kind::Twice, Kind::AmountDiffers, Kind::OpeningDiffers] {
            assert_eq!(state(kind, "2026-02-27"), "break", "{}", kind.name());
        }
    }

    #[test]
    fn a_break_is_booked_or_paired_and_nothing_else_p13() {
        let sides = |booked_minor, told_minor| Sides { booked_minor, told_minor };
        let adjust = |b, t| resolve(State::Break, sides(b, t), Resolution::Adjust);
        assert_eq!(adjust(0, -500), Ok(-500));
        assert_eq!(adjust(700, 0), Ok(-700));
        assert_eq!(adjust(-1_000, -1_200), Ok(-200));
        assert_eq!(adjust(i64::MIN, 0), Err(Rejection::Overflow));
        let pair = |a: Sides, b: Sides| resolve(State::Break, a, Resolution::Pair(b));
        assert_eq!(pair(sides(-500, 0), sides(0, -500)), Ok(0));
        for (a, b) in [
            (sides(-500, 0), sides(0, -501)),
            (sides(-500, 0), sides(500, 0)),
            (sides(-500, -400), sides(0, -100)),
            (sides(0, 500), sides(0, -500)),
        ] {
            assert_eq!(pair(a, b), Err(Rejection::NotOpposite), "{a:?} {b:?}");
        }
        let no = |state| resolve(state, sides(0, 1), Resolution::Adjust);
        assert_eq!(no(State::Closed), Err(Rejection::Closed));
        assert_eq!(no(State::InTransit), Err(Rejection::InTransit));
    }
}
