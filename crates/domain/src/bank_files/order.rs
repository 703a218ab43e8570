//! What the bank says about one order, and what becomes of it.

use super::codes::{self, Reading};

/// Why an order failed or came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Class, as withdrawals know it.
    pub class: &'static str,
    /// The bank's own code.
    pub code: String,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderState {
    /// In a file; the bank has said nothing yet.
    Waiting,
    /// The bank has taken it in.
    Accepted,
    /// The account was debited.
    Paid,
    /// Refused for good.
    Failed,
    /// Came back.
    Returned,
    /// Refused because the account was short; may go again.
    Short,
    /// Refused unread; goes again.
    Deferred,
}

impl OrderState {
    /// All, in their order.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Accepted,
        Self::Paid,
        Self::Failed,
        Self::Returned,
        Self::Short,
        Self::Deferred,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Returned => "returned",
            Self::Short => "short",
            Self::Deferred => "deferred",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// True when the identical order may be put into a file again: the bank said that it did not carry it out.
    pub const fn may_go_again(self) -> bool {
        matches!(self, Self::Short | Self::Deferred)
    }
}

/// An entry on the account that names an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking<'a> {
    /// Minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: &'a str,
    /// Which message and which entry of the bank: `camt.054 4711`. The second half is empty when the bank gives none.
    pub source: &'a str,
}

/// What a bank says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal<'a> {
    /// Taken in.
    Accepted,
    /// Refused, with a reason.
    Rejected(&'a str),
    /// The account was debited for it.
    Debited(Booking<'a>),
    /// It came back, with a reason (退票).
    Returned(Booking<'a>, &'a str),
}

/// What hearing it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It changes the order.
    Changed(OrderState, Option<Failure>),
    /// Known, or says nothing.
    Repeat,
    /// Contradicts what is known: staff must look. The name says what.
    Conflict(&'static str),
}

/// The order as it is: state, amount, currency, and the source of the entry that paid it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<'a> {
    /// State.
    pub state: OrderState,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: &'a str,
    /// Source of the debit, as in [`Booking::source`]; empty before.
    pub paid_by: &'a str,
}

/// What a signal does to an order. Signals may come twice and in any order; none of them moves an order twice.
pub fn hear(order: &Order<'_>, signal: &Signal<'_>) -> Heard {
    use OrderState::{Accepted, Deferred, Failed, Paid, Returned, Short, Waiting};
    match signal {
        // The bank carries out after all what it had put back: then it must not be in a second file.
        Signal::Accepted if matches!(order.state, Waiting | Short | Deferred) => {
            Heard::Changed(Accepted, None)
        }
        // The money was given back to the payee: staff must ask the bank which of the two it meant.
        Signal::Accepted if order.state == Failed => Heard::Conflict("accepted_after_rejection"),
        Signal::Accepted => Heard::Repeat,
        Signal::Rejected(reason) => rejected(order.state, reason),
        Signal::Debited(booking) => match order.state {
            _ if differs(order, booking) => Heard::Conflict("amount_differs"),
            // The account is the better witness than a report that the order was not carried out.
            Waiting | Accepted | Short | Deferred => Heard::Changed(Paid, None),
            Paid | Returned if is_another(order.paid_by, booking.source) => Heard::Conflict("debited_twice"),
            Paid | Returned => Heard::Repeat,
            Failed => Heard::Conflict("debited_after_rejection"),
        },
        Signal::Returned(booking, reason) => match order.state {
            _ if differs(order, booking) => Heard::Conflict("amount_differs"),
            Waiting | Accepted | Paid | Short | Deferred => {
                let class = codes::return_class(reason);
                let code = if reason.is_empty() { "RETURNED" } else { reason };
                Heard::Changed(Returned, Some(Failure { class, code: code.to_owned() }))
            }
            Returned => Heard::Repeat,
            Failed => Heard::Conflict("returned_after_rejection"),
        },
    }
}

fn rejected(state: OrderState, reason: &str) -> Heard {
    use OrderState::{Accepted, Deferred, Failed, Paid, Returned, Short, Waiting};
    let reading = codes::reading(reason);
    if reading == Reading::SaysNothing {
        return Heard::Repeat;
    }
    let known = matches!(
        (state, reading),
        (Failed, Reading::Failed(_)) | (Short, Reading::Short) | (Deferred, Reading::Deferred)
    );
    match (state, reading) {
        _ if known => Heard::Repeat,
        (Waiting | Accepted, Reading::Failed(class)) => {
            let code = if reason.is_empty() { "RJCT" } else { reason };
            Heard::Changed(Failed, Some(Failure { class, code: code.to_owned() }))
        }
        (Waiting | Accepted, Reading::Short) => Heard::Changed(Short, None),
        (Waiting | Accepted, _) => Heard::Changed(Deferred, None),
        (Paid | Returned, _) => Heard::Conflict("rejected_after_debit"),
        (Failed | Short | Deferred, _) => Heard::Conflict("rejected_otherwise"),
    }
}

fn differs(order: &Order<'_>, booking: &Booking<'_>) -> bool {
    booking.amount_minor != order.amount_minor || booking.currency != order.currency
}

/// Two entries of one kind of message with different references of the bank are two debits. Messages of different
/// kinds may name one entry differently.
fn is_another(known: &str, source: &str) -> bool {
    let parts = |text: &'_ str| text.split_once(' ').map(|(kind, id)| (kind.to_owned(), id.to_owned()));
    match (parts(known), parts(source)) {
        (Some((kind, id)), Some((other_kind, other_id))) => {
            kind == other_kind && id != other_id && !id.is_empty() && !other_id.is_empty()
        }
        _ => false,
    }
}
