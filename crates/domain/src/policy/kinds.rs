//! Kinds of policy keys: what a key's value must look like in the pack, and what code gets when it asks.

use std::marker::PhantomData;

use super::value::{Column, DayWindow, Shape, Table as Rows, TimeOfDay, Unit, Value};
use crate::{money, time};

/// A kind of key. `Out` is what [`super::PolicyView::get`] answers.
pub trait Kind {
    /// The value as code uses it.
    type Out<'v>;
    /// Reads the value; `None` only for a value of another kind, which parsing never stores.
    fn read(value: &Value) -> Option<Self::Out<'_>>;
}

macro_rules! number_kinds {
    ($($(#[$doc:meta])* $name:ident, $unit:ident, $out:ty, $convert:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl $name {
            /// The shape of such a key, with its bounds, both included, in the unit of the pack.
            pub(super) const fn shape(min: i64, max: i64) -> Shape {
                Shape::Number { unit: Unit::$unit, min, max }
            }
        }

        impl Kind for $name {
            type Out<'v> = $out;
            fn read(value: &Value) -> Option<$out> {
                let Value::Number(number) = value else { return None };
                let convert: fn(i64) -> Option<$out> = $convert;
                convert(*number)
            }
        }
    )*};
}

number_kinds! {
    /// A rate, in parts per million.
    Rate, Ppm, money::Rate, |n| Some(money::Rate::ppm(n));
    /// An amount, in minor units.
    Amount, Minor, i64, Some;
    /// A count.
    Count, Count, u32, |n| u32::try_from(n).ok();
    /// Days: calendar or working days, as the key says.
    Days, Days, u32, |n| u32::try_from(n).ok();
    /// Hours in the pack, microseconds in code ([`time::Timestamp::plus`]).
    Hours, Hours, i64, |n| n.checked_mul(time::HOUR);
    /// Minutes in the pack, microseconds in code.
    Minutes, Minutes, i64, |n| n.checked_mul(time::MINUTE);
    /// Seconds in the pack, microseconds in code.
    Seconds, Seconds, i64, |n| n.checked_mul(time::SECOND);
}

macro_rules! plain_kinds {
    ($($(#[$doc:meta])* $name:ident, ($($arg:ident: $ty:ty),*) $shape:expr, $out:ty, $pattern:pat => $read:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl $name {
            /// The shape of such a key.
            pub(super) const fn shape($($arg: $ty),*) -> Shape {
                $shape
            }
        }

        impl Kind for $name {
            type Out<'v> = $out;
            fn read(value: &Value) -> Option<Self::Out<'_>> {
                match value {
                    $pattern => Some($read),
                    _ => None,
                }
            }
        }
    )*};
}

plain_kinds! {
    /// A switch.
    Flag, () Shape::Flag, bool, Value::Flag(flag) => *flag;
    /// A time of day.
    Time, () Shape::Time, TimeOfDay, Value::Time(time) => *time;
    /// A time of day from which something counts for the next day, or none.
    CutOff, () Shape::CutOff, Option<TimeOfDay>, Value::CutOff(time) => *time;
    /// A window of the day, or none.
    Window, () Shape::Window, Option<DayWindow>, Value::Window(window) => *window;
    /// Waits between attempts, in seconds.
    Schedule, (longest: usize, max: i64) Shape::Schedule { longest, max }, &'v [i64], Value::Schedule(waits) => waits;
    /// Prefixes or other texts of digits.
    Digits, () Shape::Digits, &'v [String], Value::Digits(texts) => texts;
    /// Rows that give a number for a combination of names.
    Table, (columns: &'static [Column]) Shape::Table(columns), &'v Rows, Value::Table(rows) => rows;
}

/// A set of named alternatives.
pub trait Choice: Sized {
    /// The names, as packs write them.
    const NAMES: &'static [&'static str];
    /// The alternative of a name.
    fn named(name: &str) -> Option<Self>;
}

/// One of the alternatives of `C`.
#[derive(Debug, Clone, Copy)]
pub struct Pick<C>(PhantomData<C>);

impl<C: Choice> Pick<C> {
    /// The shape of such a key.
    pub(super) const fn shape() -> Shape {
        Shape::Choice(C::NAMES)
    }
}

impl<C: Choice> Kind for Pick<C> {
    type Out<'v> = C;
    fn read(value: &Value) -> Option<C> {
        match value {
            Value::Choice(name) => C::named(name),
            _ => None,
        }
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$alternative:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$alternative])* $variant,)* }

        impl Choice for $name {
            const NAMES: &'static [&'static str] = &[$($text),*];
            fn named(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    )*};
}

choices! {
    /// What happens when a day's draws pass the share of the limit (C7).
    DailyDrawAction {
        /// The request is refused.
        Block = "block",
        /// The limit drops to zero, as the source says.
        Zero = "zero",
    }
    /// What shipping beyond the limit does (C12).
    OverLimit {
        /// Allowed; the part above becomes the shop's liability.
        Liability = "liability",
        /// Authorisation is all or nothing.
        Refuse = "refuse",
    }
    /// When a withdrawal of proceeds is dispatched (C14).
    ValueDate {
        /// On its value date.
        Scheduled = "scheduled",
        /// At once.
        Immediate = "immediate",
    }
    /// When a limit comes back after a risk review (C17).
    ReviewRestore {
        /// With the approval.
        OnApproval = "on_approval",
        /// On the 1st of the next month.
        NextMonth = "next_month",
    }
    /// What a run of days with large draws does (C19).
    StreakAction {
        /// The withdrawal is held and the limit locked.
        HoldAndLock = "hold_and_lock",
        /// The withdrawal is held.
        HoldOnly = "hold_only",
    }
    /// What a number of a virtual operator means for identity (P7).
    VirtualOperatorIdentity {
        /// Accepted, with a flag on the party.
        Flag = "flag",
        /// Not accepted.
        Refuse = "refuse",
    }
    /// What a number of a virtual operator means for the limit (C22).
    VirtualOperatorLimit {
        /// Flagged, and capped at the level-1 limit.
        Cap = "cap",
        /// No limit.
        Refuse = "refuse",
    }
    /// How campaigns stopped for money come back after a top-up (A5).
    AdResume {
        /// One by one or all at once, by the advertiser.
        Manual = "manual",
        /// By themselves.
        Auto = "auto",
    }
    /// Who publishes the drafts of a programme month (X15).
    ProgrammePublish {
        /// Staff.
        Staff = "staff",
        /// By itself on the publishing day, unless staff were earlier.
        Auto = "auto",
    }
}
