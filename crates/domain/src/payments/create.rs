//! Making, opening, closing and making anew of payment orders.

use super::{Method, Order, Purpose, Rejection, State};
use crate::{
    ids::{PartyId, PaymentOrderId},
    money::Currency,
    time::Timestamp,
};

/// What is to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What for.
    pub purpose: Purpose,
    /// How.
    pub method: Method,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
}

/// What is known of the payer.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, with a refusal of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayerFacts {
    /// The party is closed.
    pub closed: bool,
    /// It has the role that the purpose needs.
    pub advertiser: bool,
    /// Money came for this purpose before.
    pub paid_before: bool,
    /// Orders of it that are open.
    pub open: u32,
    /// The server and these books take money this way.
    pub method_available: bool,
}

/// Policy of payment orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreateTerms {
    /// Currency of the books.
    pub currency: Currency,
    /// The least of a first payment, minor units.
    pub first_minimum_minor: i64,
    /// The least of later ones, minor units.
    pub minimum_minor: i64,
    /// The most of one order, minor units.
    pub maximum_minor: i64,
    /// Orders of a party that may be open.
    pub open_most: u32,
    /// How long an order can be paid, microseconds.
    pub time_out_us: i64,
}

/// Makes a payment order. Less than the arrears may be paid (A2).
///
/// # Errors
/// A [`Rejection`] from `amount_not_positive` to `payment_orders_too_many`, the first that applies.
pub fn create(
    id: PaymentOrderId,
    party: PartyId,
    request: &Request,
    payer: &PayerFacts,
    terms: &CreateTerms,
    now: Timestamp,
) -> Result<Order, Rejection> {
    let minimum_minor = if payer.paid_before { terms.minimum_minor } else { terms.first_minimum_minor };
    let no = [
        (request.amount_minor <= 0, Rejection::AmountNotPositive),
        (request.currency != terms.currency, Rejection::CurrencyMismatch),
        (!payer.method_available, Rejection::MethodUnavailable),
        (payer.closed, Rejection::PartyClosed),
        (request.purpose == Purpose::AdTopUp && !payer.advertiser, Rejection::NotAnAdvertiser),
        (request.amount_minor < minimum_minor, Rejection::BelowMinimum { minimum_minor }),
        (
            request.amount_minor > terms.maximum_minor,
            Rejection::AboveMaximum { maximum_minor: terms.maximum_minor },
        ),
        (payer.open >= terms.open_most, Rejection::TooManyOpen { most: terms.open_most }),
    ];
    if let Some((_, rejection)) = no.into_iter().find(|(applies, _)| *applies) {
        return Err(rejection);
    }
    Ok(Order {
        id,
        party,
        purpose: request.purpose,
        method: request.method,
        amount_minor: request.amount_minor,
        currency: request.currency,
        state: State::Created,
        created_at: now,
        expires_at: now.plus(terms.time_out_us),
        closed_at: None,
        paid_at: None,
        payments: 0,
        received_minor: 0,
        refunded_minor: 0,
        previous: None,
        next: None,
    })
}

/// Makes an order that was not paid in time anew (A6): the new one, and the old one with its link.
///
/// # Errors
/// `payment_order_open`, `payment_order_paid`, `payment_order_replaced`, then those of [`create`].
pub fn repay(
    old: &Order,
    id: PaymentOrderId,
    payer: &PayerFacts,
    terms: &CreateTerms,
    now: Timestamp,
) -> Result<(Order, Order), Rejection> {
    match old.state {
        State::Created | State::Pending => return Err(Rejection::OrderOpen),
        State::Paid | State::PaidLate => return Err(Rejection::OrderPaid),
        State::Closed | State::Refunded if old.next.is_some() => return Err(Rejection::OrderReplaced),
        State::Closed | State::Refunded => {}
    }
    let request = Request {
        purpose: old.purpose,
        method: old.method,
        amount_minor: old.amount_minor,
        currency: old.currency,
    };
    let mut new = create(id, old.party, &request, payer, terms, now)?;
    new.previous = Some(old.id);
    Ok((new, Order { next: Some(id), ..old.clone() }))
}

/// The payer is at the cashier. `None`: nothing changes.
pub fn open(order: &Order) -> Option<Order> {
    (order.state == State::Created).then(|| Order { state: State::Pending, ..order.clone() })
}

/// Lets an open order run out now: whoever closes it asks the rail first. `None`: it runs out already.
///
/// # Errors
/// `payment_order_paid`.
pub fn close_now(order: &Order, now: Timestamp) -> Result<Option<Order>, Rejection> {
    match order.state {
        State::Paid | State::PaidLate | State::Refunded => Err(Rejection::OrderPaid),
        State::Created | State::Pending if order.expires_at > now => {
            Ok(Some(Order { expires_at: now, ..order.clone() }))
        }
        State::Created | State::Pending | State::Closed => Ok(None),
    }
}

/// Closes an order that ran out, once the rail has said that it knows of no payment. `None`: nothing changes; an
/// order that was paid meanwhile stays paid.
pub fn time_out(order: &Order, now: Timestamp) -> Option<Order> {
    let due = order.state.is_open() && order.expires_at <= now;
    due.then(|| Order { state: State::Closed, closed_at: Some(now), ..order.clone() })
}
