//! Reading payment orders, payments and refunds.

use purser_domain::{
    ids::{PartyId, PaymentId, PaymentOrderId, PaymentRefundId, Uid},
    payments::Method,
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::rows::{PaymentOrderRow, PaymentRefundRow, PaymentRow};
use crate::feed::one;

/// Most rows on a page.
pub const PAYMENT_PAGE_MAX: i64 = 200;
/// Payments of one order, and refunds of one payment, that are shown.
const OF_ONE: i64 = 100;

macro_rules! order_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, party, purpose, method, amount, currency, state, created_at, expires_at, closed_at, paid_at, \
             payments, received, refunded, previous, next, code, return_url, policy_version, version, metadata \
             FROM payment_orders ",
            $rest
        )
    };
}

macro_rules! payment_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, order_id, party, method, rail_payment, note, amount, currency, expected, timing, place, \
             arrears, cash, refunding, refunded, paid_at, recorded_at, assigned_at, version FROM payments ",
            $rest
        )
    };
}

pub(super) static OPEN_OF_PARTY: Statement = Statement {
    name: "payments.open_of_party",
    sql: order_columns!("WHERE party = ?1 AND state IN ('created', 'pending') LIMIT 1001"),
};
pub(super) static PAID_OF_PARTY: Statement = Statement {
    name: "payments.paid_of_party",
    sql: order_columns!("WHERE party = ?1 AND received > 0 LIMIT 1"),
};
static ORDERS: Statement = Statement {
    name: "payments.orders",
    sql: order_columns!(
        "WHERE (created_at, id) < (?1, ?2) AND (?3 = '' OR state = ?3) AND (?4 = '' OR method = ?4) \
         ORDER BY created_at DESC, id DESC LIMIT ?5"
    ),
};
static ORDERS_OF_PARTY: Statement = Statement {
    name: "payments.orders_of_party",
    sql: order_columns!(
        "WHERE party = ?6 AND (created_at, id) < (?1, ?2) AND (?3 = '' OR state = ?3) AND (?4 = '' OR method = ?4) \
         ORDER BY created_at DESC, id DESC LIMIT ?5"
    ),
};
static BY_CODE: Statement = Statement {
    name: "payments.by_code",
    sql: order_columns!("WHERE code = ?1 AND method = 'bank-transfer' ORDER BY created_at, id LIMIT 3"),
};
static OF_ORDER: Statement = Statement {
    name: "payments.of_order",
    sql: payment_columns!("WHERE order_id = ?1 ORDER BY recorded_at, id LIMIT ?2"),
};
static PAYMENTS: Statement = Statement {
    name: "payments.page",
    sql: payment_columns!("WHERE (recorded_at, id) < (?1, ?2) ORDER BY recorded_at DESC, id DESC LIMIT ?3"),
};
static WAITING: Statement = Statement {
    name: "payments.waiting",
    sql: payment_columns!(
        "WHERE place <> 'credited' AND place = ?4 AND (recorded_at, id) < (?1, ?2) \
         ORDER BY recorded_at DESC, id DESC LIMIT ?3"
    ),
};
static REFUNDS_OF: Statement = Statement {
    name: "payments.refunds_of",
    sql: "SELECT id, payment, order_id, party, method, amount, currency, state, code, requested_at, finished_at, \
          version FROM payment_refunds WHERE payment = ?1 ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[
    &OPEN_OF_PARTY,
    &PAID_OF_PARTY,
    &ORDERS,
    &ORDERS_OF_PARTY,
    &BY_CODE,
    &OF_ORDER,
    &PAYMENTS,
    &WAITING,
    &REFUNDS_OF,
];

/// What never changes about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedOrder {
    /// Id.
    pub id: PaymentOrderId,
    /// Who is credited.
    pub party: PartyId,
}

impl From<&PaymentOrderRow> for LocatedOrder {
    fn from(row: &PaymentOrderRow) -> Self {
        Self { id: row.id, party: row.party }
    }
}

/// What commands need to know of a payment before they load the rest. The party of an unassigned one may change;
/// commands check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedPayment {
    /// Id.
    pub id: PaymentId,
    /// Whose it is.
    pub party: Option<PartyId>,
    /// How it was paid.
    pub method: Method,
}

impl From<&PaymentRow> for LocatedPayment {
    fn from(row: &PaymentRow) -> Self {
        Self { id: row.id, party: row.party(), method: row.method() }
    }
}

/// What never changes about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedRefund {
    /// Id.
    pub id: PaymentRefundId,
    /// Its payment.
    pub payment: LocatedPayment,
    /// The order of that payment.
    pub order: Option<PaymentOrderId>,
}

impl From<&PaymentRefundRow> for LocatedRefund {
    fn from(row: &PaymentRefundRow) -> Self {
        let payment = LocatedPayment { id: row.payment, party: row.party(), method: row.method() };
        Self { id: row.id, payment, order: row.order() }
    }
}

/// An order by id.
///
/// # Errors
/// Storage faults.
pub fn payment_order(
    session: &mut dyn Session,
    id: PaymentOrderId,
) -> Result<Option<PaymentOrderRow>, Fault> {
    one(session, id)
}

/// A payment by id.
///
/// # Errors
/// Storage faults.
pub fn payment(session: &mut dyn Session, id: PaymentId) -> Result<Option<PaymentRow>, Fault> {
    one(session, id)
}

/// A refund by id.
///
/// # Errors
/// Storage faults.
pub fn payment_refund(
    session: &mut dyn Session,
    id: PaymentRefundId,
) -> Result<Option<PaymentRefundRow>, Fault> {
    one(session, id)
}

/// Whether money ever came from a party (A2).
///
/// # Errors
/// Storage faults.
pub fn has_paid(session: &mut dyn Session, party: PartyId) -> Result<bool, Fault> {
    let mut found = false;
    session.query(&PAID_OF_PARTY, &[Value::Bytes(&party.0.0)], &mut |_| {
        found = true;
        false
    })?;
    Ok(found)
}

/// What an order list shows.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only orders of this party.
    pub party: Option<PartyId>,
    /// Only orders in this state; empty for all.
    pub state: String,
    /// Only orders paid in this way; empty for all.
    pub method: String,
}

/// Orders, newest first, before the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn payment_order_page(
    session: &mut dyn Session,
    filter: &OrderFilter,
    before: Option<(Timestamp, PaymentOrderId)>,
    limit: i64,
) -> Result<Vec<PaymentOrderRow>, Fault> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), PaymentOrderId(Uid([0xff; 16]))));
    let mut params = vec![
        Value::Int(at.0),
        Value::Bytes(&id.0.0),
        Value::Text(&filter.state),
        Value::Text(&filter.method),
        Value::Int(limit.clamp(1, PAYMENT_PAGE_MAX)),
    ];
    params.extend(filter.party.as_ref().map(|party| Value::Bytes(&party.0.0)));
    let statement = if filter.party.is_some() { &ORDERS_OF_PARTY } else { &ORDERS };
    let mut rows = Vec::new();
    session.query(statement, &params, &mut |row| {
        rows.push(PaymentOrderRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Orders that a code of a bank transfer names, at most three: more than one is a collision that staff settle.
///
/// # Errors
/// Storage faults.
pub fn orders_by_code(session: &mut dyn Session, code: &str) -> Result<Vec<PaymentOrderRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&BY_CODE, &[Value::Text(code)], &mut |row| {
        rows.push(PaymentOrderRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Payments of an order, oldest first, at most a hundred.
///
/// # Errors
/// Storage faults.
pub fn payments_of(session: &mut dyn Session, order: PaymentOrderId) -> Result<Vec<PaymentRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&OF_ORDER, &[Value::Bytes(&order.0.0), Value::Int(OF_ONE)], &mut |row| {
        rows.push(PaymentRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Payments, newest first, before the last one of the page before; `place` is `held`, `unassigned`, or empty for all.
///
/// # Errors
/// Storage faults.
pub fn payment_page(
    session: &mut dyn Session,
    place: &str,
    before: Option<(Timestamp, PaymentId)>,
    limit: i64,
) -> Result<Vec<PaymentRow>, Fault> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), PaymentId(Uid([0xff; 16]))));
    let mut params =
        vec![Value::Int(at.0), Value::Bytes(&id.0.0), Value::Int(limit.clamp(1, PAYMENT_PAGE_MAX))];
    let statement = if place.is_empty() { &PAYMENTS } else { &WAITING };
    if !place.is_empty() {
        params.push(Value::Text(place));
    }
    let mut rows = Vec::new();
    session.query(statement, &params, &mut |row| {
        rows.push(PaymentRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Refunds of a payment, oldest first, at most a hundred.
///
/// # Errors
/// Storage faults.
pub fn refunds_of(session: &mut dyn Session, payment: PaymentId) -> Result<Vec<PaymentRefundRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&REFUNDS_OF, &[Value::Bytes(&payment.0.0), Value::Int(OF_ONE)], &mut |row| {
        rows.push(PaymentRefundRow::read(row));
        true
    })?;
    Ok(rows)
}
