//! Which line of the bank is which: a notification and a statement tell the same booking, in one form or in two.

use std::collections::BTreeMap;

use purser_domain::{
    bank_files::{Entry, Statement},
    ids::Uid,
};

use super::rows::BankBookingRow;
use crate::tx::{Needs, Tx};

/// A line of a message.
pub(super) struct Line<'m> {
    /// The same in every message that tells it in the same form, as far as the bank numbers its bookings.
    pub(super) key: Uid,
    pub(super) statement: &'m Statement,
    pub(super) entry: &'m Entry,
    /// The booking that it is a part of, by its place in [`Lines::bookings`]; `None` where the bank gives it no number.
    booking: Option<usize>,
}

/// A booking on an account, with all lines of a message that are about it.
struct Booking {
    id: Uid,
    amount_minor: i128,
    booked: bool,
    lines: blake3::Hasher,
}

/// The lines of a message.
pub(super) struct Lines<'m> {
    pub(super) lines: Vec<Line<'m>>,
    bookings: Vec<Booking>,
}

/// How a booking was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Never, only announced, or line by line as now.
    Alike,
    /// In another form that comes to the same amount: once whole and once in parts, or with other references.
    Otherwise {
        /// It was taken for money in.
        money_in: bool,
    },
    /// In another form that comes to another amount.
    Differs,
}

/// What the keys of an account's entries begin with.
fn of_account<'a>(account: &'a str, entry: &'a Entry) -> [&'a [u8]; 3] {
    let direction: &[u8] = if entry.credit { b"C" } else { b"D" };
    [account.as_bytes(), direction, entry.currency.as_bytes()]
}

/// The key of an entry that the bank numbers: two messages that carry it give it the same one.
pub fn entry_id(account: &str, entry: &Entry) -> Option<Uid> {
    numbered(account, entry, 0)
}

/// Likewise, of the one with so many alike before it: payers choose their references, and several of one batch may choose
/// the same.
fn numbered(account: &str, entry: &Entry, before: usize) -> Option<Uid> {
    if entry.bank_reference.is_empty() {
        return None;
    }
    let (part, alike) = (entry.part.to_le_bytes(), before.to_le_bytes());
    let mut parts = of_account(account, entry).to_vec();
    parts.extend([entry.bank_reference.as_bytes(), entry.reference.as_bytes()]);
    if entry.reference.is_empty() {
        parts.push(&part);
    } else if before > 0 {
        parts.push(&alike);
    }
    Some(Uid::derive("purser bank entry v1", &parts))
}

/// Its key, or for one without a number the key of its place.
fn key(message: Uid, statement: &Statement, entry: &Entry, index: usize, before: usize) -> Uid {
    numbered(&statement.account, entry, before).unwrap_or_else(|| {
        let index = index.to_le_bytes();
        let mut parts = of_account(&statement.account, entry).to_vec();
        parts.extend([message.0.as_slice(), statement.id.as_bytes(), &index]);
        Uid::derive("purser bank entry v1", &parts)
    })
}

impl<'m> Lines<'m> {
    pub(super) fn of(message: Uid, statements: &'m [Statement]) -> Self {
        let mut all = Self { lines: Vec::new(), bookings: Vec::new() };
        let (mut seen, mut places) = (BTreeMap::new(), BTreeMap::new());
        for statement in statements {
            for (index, entry) in statement.entries.iter().enumerate() {
                let named = (&statement.account, entry.credit, &entry.currency);
                let alike = (named, &entry.bank_reference, &entry.reference);
                let before = seen.entry(alike).and_modify(|count| *count += 1).or_insert(0_usize);
                let key = key(message, statement, entry, index, *before);
                let booking = (!entry.booking.is_empty()).then(|| {
                    *places
                        .entry((named, &entry.booking, entry.booked_on))
                        .or_insert_with(|| all.open(statement, entry))
                });
                if let Some(booking) = booking.and_then(|place| all.bookings.get_mut(place)) {
                    booking.amount_minor += i128::from(entry.amount_minor);
                    booking.booked &= entry.booked;
                    booking.lines.update(&key.0);
                }
                all.lines.push(Line { key, statement, entry, booking });
            }
        }
        all
    }

    fn open(&mut self, statement: &Statement, entry: &Entry) -> usize {
        let [account, direction, currency] = of_account(&statement.account, entry);
        // Some banks begin anew with their numbers every day.
        let on = entry.booked_on.map(|on| on.to_string()).unwrap_or_default();
        let parts = [account, direction, currency, entry.booking.as_bytes(), on.as_bytes()];
        let id = Uid::derive("purser bank booking v1", &parts);
        self.bookings.push(Booking { id, amount_minor: 0, booked: true, lines: blake3::Hasher::new() });
        self.bookings.len() - 1
    }

    /// Declares what [`Self::told`] reads.
    pub(super) fn need(&self, needs: &mut Needs<'_>) {
        for booking in &self.bookings {
            needs.row::<BankBookingRow>(booking.id);
        }
    }

    /// How each booking was told before; writes down how it is told now.
    pub(super) fn told(&self, tx: &mut Tx, message: Uid) -> Vec<Told> {
        let told = |booking: &Booking| {
            let lines = *booking.lines.finalize().as_bytes();
            let amount = i64::try_from(booking.amount_minor).unwrap_or(i64::MAX);
            let before = tx.get::<BankBookingRow>(&booking.id).cloned();
            let version = before.as_ref().map_or(0, |row| row.version) + 1;
            let now = BankBookingRow {
                id: booking.id,
                message,
                amount,
                lines,
                booked: booking.booked,
                money_in: false,
                version,
            };
            match before {
                Some(row) if row.lines != lines && row.booked => {
                    let money_in = row.money_in;
                    return if row.amount == amount { Told::Otherwise { money_in } } else { Told::Differs };
                }
                Some(row) if row.lines == lines && row.booked == booking.booked => {}
                // A later announcement of what is booked says nothing new.
                Some(row) if row.booked => {}
                _ => tx.put(now),
            }
            Told::Alike
        };
        self.bookings.iter().map(told).collect()
    }

    /// Notes that a line was handed over as money in.
    pub(super) fn handed_over(&self, tx: &mut Tx, line: &Line<'_>) {
        let booking = line.booking.and_then(|place| self.bookings.get(place));
        let row = booking.and_then(|booking| tx.get::<BankBookingRow>(&booking.id).cloned());
        if let Some(row) = row.filter(|row| !row.money_in) {
            tx.put(BankBookingRow { money_in: true, version: row.version + 1, ..row });
        }
    }

    /// How the booking of a line was told before.
    pub(super) fn told_of(told: &[Told], line: &Line<'_>) -> Told {
        line.booking.and_then(|place| told.get(place).copied()).unwrap_or(Told::Alike)
    }
}
