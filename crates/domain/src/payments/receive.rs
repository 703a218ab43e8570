//! Taking in what a rail received: on time, late, twice, with another amount, for nobody known.

use super::{Method, Order, Payment, Place, Rejection, State, Timing};
use crate::{
    ids::{PartyId, PaymentId},
    time::Timestamp,
};

/// Which account a posting touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The platform's money at the custodian of the method.
    Float,
    /// What the advertiser owes for clicks.
    Arrears,
    /// Its prepaid money.
    Cash,
    /// Money whose meaning is not known yet.
    Suspense,
}

/// One transfer of an atomic group, amount > 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Where the money leaves.
    pub from: Role,
    /// Where it arrives.
    pub to: Role,
    /// Minor units.
    pub amount_minor: i64,
}

/// What a rail says it received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incoming {
    /// Derived from the rail and its own id of the payment.
    pub id: PaymentId,
    /// How it was paid.
    pub method: Method,
    /// What came, minor units.
    pub amount_minor: i64,
}

/// The account that is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFacts {
    /// The party is closed.
    pub closed: bool,
    /// What it owes for clicks, minor units.
    pub arrears_minor: i64,
}

/// What taking in does, applied as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The order as it is now.
    pub order: Order,
    /// The payment.
    pub payment: Payment,
    /// Transfers in order.
    pub postings: Vec<Posting>,
    /// Event names, past tense (P15).
    pub events: Vec<&'static str>,
}

/// Takes in a payment for an order: arrears first, the rest is balance (A3). Whatever is wrong with it — late,
/// twice, another amount — it is credited as it came. Frozen parties are credited too (P6); for a closed one the
/// money is held.
///
/// # Errors
/// `amount_not_positive`, `amount_out_of_range`.
pub fn receive(
    order: &Order,
    incoming: &Incoming,
    account: &AccountFacts,
    now: Timestamp,
) -> Result<Receipt, Rejection> {
    if incoming.amount_minor <= 0 {
        return Err(Rejection::AmountNotPositive);
    }
    let timing = match (order.payments, order.closed_at) {
        (0, None) => Timing::OnTime,
        (0, Some(_)) => Timing::Late,
        _ => Timing::Double,
    };
    let mut paid = order.clone();
    paid.payments += 1;
    paid.received_minor =
        paid.received_minor.checked_add(incoming.amount_minor).ok_or(Rejection::Overflow)?;
    paid.paid_at = paid.paid_at.or(Some(now));
    paid.state = if order.closed_at.is_some() { State::PaidLate } else { State::Paid };
    let mut payment = of(incoming);
    payment.order = Some(order.id);
    payment.party = Some(order.party);
    payment.expected_minor = Some(order.amount_minor);
    payment.timing = Some(timing);
    let mut events = vec![];
    if paid.state != order.state {
        events.push(paid.state.event());
    }
    let (postings, event) = settle(&mut payment, Role::Float, account);
    events.push(event);
    Ok(Receipt { order: paid, payment, postings, events })
}

/// Takes in a payment that names no order: it waits in `suspense` for staff.
///
/// # Errors
/// `amount_not_positive`.
pub fn unassigned(incoming: &Incoming) -> Result<(Payment, Posting), Rejection> {
    if incoming.amount_minor <= 0 {
        return Err(Rejection::AmountNotPositive);
    }
    let posting = Posting { from: Role::Float, to: Role::Suspense, amount_minor: incoming.amount_minor };
    Ok((of(incoming), posting))
}

/// What assigning does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The order as it is now, when it went to one.
    pub order: Option<Order>,
    /// The payment.
    pub payment: Payment,
    /// Transfers in order.
    pub postings: Vec<Posting>,
    /// Event names.
    pub events: Vec<&'static str>,
}

/// Gives a payment of nobody to a party, and to the order that it was for when staff know which.
///
/// # Errors
/// `payment_assigned`, `payment_goes_back`, `party_closed`, then those of [`receive`].
pub fn assign(
    payment: &Payment,
    party: PartyId,
    order: Option<&Order>,
    account: &AccountFacts,
    now: Timestamp,
) -> Result<Assigned, Rejection> {
    if payment.place != Place::Unassigned {
        return Err(Rejection::PaymentAssigned);
    }
    if payment.refunding_minor + payment.refunded_minor > 0 {
        return Err(Rejection::PaymentGoesBack);
    }
    if account.closed {
        return Err(Rejection::PartyClosed);
    }
    if let Some(order) = order {
        let incoming =
            Incoming { id: payment.id, method: payment.method, amount_minor: payment.amount_minor };
        let mut receipt = receive(order, &incoming, account, now)?;
        for posting in &mut receipt.postings {
            posting.from = Role::Suspense;
        }
        let (order, payment) = (Some(receipt.order), receipt.payment);
        return Ok(Assigned { order, payment, postings: receipt.postings, events: receipt.events });
    }
    let mut payment = Payment { party: Some(party), ..payment.clone() };
    let (postings, event) = settle(&mut payment, Role::Suspense, account);
    Ok(Assigned { order: None, payment, postings, events: vec![event] })
}

fn of(incoming: &Incoming) -> Payment {
    Payment {
        id: incoming.id,
        order: None,
        party: None,
        method: incoming.method,
        amount_minor: incoming.amount_minor,
        expected_minor: None,
        timing: None,
        place: Place::Unassigned,
        arrears_minor: 0,
        cash_minor: 0,
        refunding_minor: 0,
        refunded_minor: 0,
    }
}

/// Where the money of a payment goes: arrears up to what is owed, the rest to balance.
fn settle(payment: &mut Payment, from: Role, account: &AccountFacts) -> (Vec<Posting>, &'static str) {
    let amount = payment.amount_minor;
    if account.closed {
        payment.place = Place::Held;
        return (vec![Posting { from, to: Role::Suspense, amount_minor: amount }], "payment.held");
    }
    payment.place = Place::Credited;
    payment.arrears_minor = account.arrears_minor.clamp(0, amount);
    payment.cash_minor = amount - payment.arrears_minor;
    let parts = [(Role::Arrears, payment.arrears_minor), (Role::Cash, payment.cash_minor)];
    let postings = parts.into_iter().filter(|(_, part)| *part > 0);
    (postings.map(|(to, amount_minor)| Posting { from, to, amount_minor }).collect(), "payment.credited")
}
