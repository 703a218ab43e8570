//! Files of payment orders for a bank, and what the bank says about them (P10).
//!
//! An order waits in a file, the file goes to the bank as it is, and weeks of messages may follow: status reports
//! (pain.002), notices and statements of the account (camt.054, camt.053). [`Order`] is the state machine in
//! between. Only an entry on the account is proof of payment; a report that an order was accepted is not.
//!
//! ```text
//!  waiting ──accepted──▶ accepted ──debited──▶ paid ──returned──▶ returned
//!     │ └────debited──────────────────────────▲ │ (退票)             ▲
//!     │                     └────returned────────────────────────────┘
//!     ├──rejected──▶ failed
//!     ├──rejected for the platform's balance──▶ short ──┐ sent again, the identical order;
//!     └──refused unread (after the cut-off)──▶ deferred ┴ or paid, if the account says so
//! ```

pub mod codes;
mod message;
mod order;
pub mod text;

pub use message::{
    BankMessage, Body, Entry, MOST_LINES, MessageKind, Mismatch, OrderStatus, PartStatus, Statement, Status,
    StatusReport, Sums, check_sums,
};
pub use order::{Booking, Failure, Heard, Order, OrderState, Signal, hear};

use crate::{
    policy::value::TimeOfDay,
    time::{Timestamp, Zone},
};

/// How orders are put into blocks of a file: banks want accounts of persons and of companies apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountClass {
    /// Cards and accounts of persons.
    Personal,
    /// Accounts of companies.
    Corporate,
}

impl AccountClass {
    /// Both, in the order of a file.
    pub const ALL: [Self; 2] = [Self::Personal, Self::Corporate];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Corporate => "corporate",
        }
    }

    /// Of a kind of payout account (P9).
    pub fn of_kind(kind: &str) -> Self {
        if kind == "corporate" { Self::Corporate } else { Self::Personal }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// When a file that is opened at `now` closes by itself: at the next cut-off.
pub fn closes_at(now: Timestamp, cut_off: TimeOfDay, zone: &Zone) -> Timestamp {
    let today = zone.date(now);
    let at = zone.at(today, cut_off.hour, cut_off.minute);
    if at > now { at } else { zone.at(today.tomorrow().unwrap_or(today), cut_off.hour, cut_off.minute) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_closes_at_the_next_cut_off() {
        let zone = Zone::shanghai();
        let cut_off = TimeOfDay { hour: 15, minute: 30 };
        for (now, closes) in [
            ("2026-03-02T09:00:00+08:00", "2026-03-02T15:30:00+08:00"),
            ("2026-03-02T15:29:59+08:00", "2026-03-02T15:30:00+08:00"),
            ("2026-03-02T15:30:00+08:00", "2026-03-03T15:30:00+08:00"),
            ("2026-12-31T23:59:59+08:00", "2027-01-01T15:30:00+08:00"),
        ] {
            let now: Timestamp = now.parse().unwrap();
            assert_eq!(closes_at(now, cut_off, &zone), closes.parse().unwrap(), "{now}");
        }
    }
}
