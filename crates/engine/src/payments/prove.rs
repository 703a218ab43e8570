//! What verification holds payments against (P3): every payment is the lines that it says it is, every order is the
//! sum of its payments, every refund under way is reserved.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PaymentId, TransferId, TypedId as _, Uid},
    ledger::HoldState,
    payments::{Place, RefundState, Role},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{
    apply::{LINES, hold_id, line_id, waiting_hold_id},
    rows::{PaymentRefundRow, PaymentRow},
};
use crate::{
    rows::{HoldRow, TransferRow},
    verify::{Finding, Invariant},
};

/// Most findings of one invariant.
const MOST: usize = 100;
/// Payments looked at together.
const PAGE: i64 = 500;

static PAYMENTS_AFTER: Statement = Statement {
    name: "payments.verify_page",
    sql: "SELECT id, order_id, party, method, rail_payment, note, amount, currency, expected, timing, place, arrears, \
          cash, refunding, refunded, paid_at, recorded_at, assigned_at, version FROM payments WHERE id > ?1 \
          ORDER BY id LIMIT ?2",
};
static ORDER_SUMS: Statement = Statement {
    name: "payments.verify_orders",
    sql: "SELECT id, payments, received, refunded FROM payment_orders WHERE payments > 0 ORDER BY id",
};
static PAYMENT_SUMS: Statement = Statement {
    name: "payments.verify_sums",
    sql: "SELECT id, order_id, amount, refunding, refunded FROM payments ORDER BY id",
};
static REFUNDS: Statement = Statement {
    name: "payments.verify_refunds",
    sql: "SELECT id, payment, order_id, party, method, amount, currency, state, code, requested_at, finished_at, \
          version FROM payment_refunds ORDER BY id",
};

pub(super) const STATEMENTS: &[&Statement] = &[&PAYMENTS_AFTER, &ORDER_SUMS, &PAYMENT_SUMS, &REFUNDS];

/// What the lines of a payment must be.
fn expected(row: &PaymentRow) -> Vec<(Role, Role, i64)> {
    let payment = row.payment();
    let parts = |from| {
        let parts = [(from, Role::Arrears, row.arrears), (from, Role::Cash, row.cash)];
        parts.into_iter().filter(|(_, _, amount)| *amount > 0)
    };
    let suspense = (Role::Float, Role::Suspense, row.amount);
    match (payment.place, row.assigned_at) {
        (Place::Credited, None) => parts(Role::Float).collect(),
        (Place::Credited, Some(_)) => std::iter::once(suspense).chain(parts(Role::Suspense)).collect(),
        (Place::Held | Place::Unassigned, _) => vec![suspense],
    }
}

/// Every payment is in the ledger, as the lines that it says it is, to the fen.
pub(crate) struct PaymentsAreLines;

impl Invariant for PaymentsAreLines {
    fn name(&self) -> &'static str {
        "payments = ledger lines"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let mut last = Uid::NIL;
        loop {
            let mut rows = Vec::new();
            session.query(&PAYMENTS_AFTER, &[Value::Bytes(&last.0), Value::Int(PAGE)], &mut |row| {
                rows.push(PaymentRow::read(row));
                true
            })?;
            let Some(end) = rows.last() else { return Ok(findings) };
            last = end.id.uid();
            let lines = lines(session, &rows)?;
            for row in &rows {
                let found: Vec<(Role, Role, i64)> = LINES
                    .into_iter()
                    .filter_map(|(from, to)| {
                        lines.get(&line_id(row.id, from, to)).map(|amount| (from, to, *amount))
                    })
                    .collect();
                let mut shall = expected(row);
                shall.sort_unstable();
                let mut is = found;
                is.sort_unstable();
                if is != shall {
                    findings.push(Finding::of_invariant(
                        self.name(),
                        row.id.to_string(),
                        format!("{shall:?}"),
                        format!("{is:?}"),
                        "the ledger does not have the lines of this payment",
                    ));
                }
                if findings.len() >= MOST {
                    return Ok(findings);
                }
            }
        }
    }
}

fn lines(session: &mut dyn Session, rows: &[PaymentRow]) -> Result<BTreeMap<TransferId, i64>, Fault> {
    let ids = rows.iter().flat_map(|row| LINES.map(|(from, to)| line_id(row.id, from, to)));
    let mut ids: Vec<TransferId> = ids.collect();
    ids.sort_unstable();
    let mut found = BTreeMap::new();
    session.load(&crate::rows::TRANSFERS, &Keys::<TransferRow>(&ids), Lock::None, &mut |row| {
        let line = TransferRow::read(row).0;
        found.insert(line.id, line.amount_minor);
    })?;
    Ok(found)
}

/// Orders are the sums of their payments; what is on its way back is reserved, what went back is settled.
pub(crate) struct OrdersAddUp;

impl Invariant for OrdersAddUp {
    fn name(&self) -> &'static str {
        "payment orders = payments, refunds = holds"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut orders: BTreeMap<Uid, [i128; 3]> = BTreeMap::new();
        let mut payments: BTreeMap<PaymentId, [i128; 2]> = BTreeMap::new();
        session.query(&PAYMENT_SUMS, &[], &mut |row| {
            let (order, back) = (row.uid(1), [row.int(3), row.int(4)].map(i128::from));
            if !order.is_nil() {
                let sum = orders.entry(order).or_default();
                for (total, part) in sum.iter_mut().zip([1, i128::from(row.int(2)), back[1]]) {
                    *total += part;
                }
            }
            if back != [0, 0] {
                payments.insert(PaymentId::from_uid(row.uid(0)), back);
            }
            true
        })?;
        let mut findings = Vec::new();
        let mut wrong = |subject: String, shall: String, is: String, sentence: &str| {
            if shall != is && findings.len() < MOST {
                findings.push(Finding::of_invariant(self.name(), subject, shall, is, sentence));
            }
        };
        session.query(&ORDER_SUMS, &[], &mut |row| {
            let id = purser_domain::ids::PaymentOrderId::from_uid(row.uid(0));
            let shall = orders.remove(&row.uid(0)).unwrap_or_default();
            let is = [row.int(1), row.int(2), row.int(3)].map(i128::from);
            let sentence = "the order does not add up to its payments";
            wrong(id.to_string(), format!("{shall:?}"), format!("{is:?}"), sentence);
            true
        })?;
        for (id, sum) in orders {
            let sentence = "payments of an order that says it has none";
            wrong(id.with_prefix("po"), "none".to_owned(), format!("{sum:?}"), sentence);
        }
        for refund in refunds(session)? {
            let hold = match refund.state() {
                RefundState::Waiting => waiting_hold_id(refund.id),
                _ => hold_id(refund.id),
            };
            let state = hold_state(session, hold)?;
            let shall = match refund.state() {
                RefundState::Waiting | RefundState::Sending | RefundState::Unknown | RefundState::ByHand => {
                    HoldState::Open
                }
                RefundState::Paid => HoldState::Settled,
                RefundState::Failed => HoldState::Released,
            };
            let sentence = "the hold of this refund is not what its state says";
            wrong(refund.id.to_string(), format!("{:?}", Some(shall)), format!("{state:?}"), sentence);
            let part = i128::from(refund.amount);
            if let Some(back) = payments.get_mut(&refund.payment) {
                match shall {
                    HoldState::Open => back[0] -= part,
                    HoldState::Settled => back[1] -= part,
                    HoldState::Released => {}
                }
            }
        }
        for (id, rest) in payments {
            let sentence = "what is on its way back, or back, is not the sum of the refunds";
            wrong(id.to_string(), "[0, 0]".to_owned(), format!("{rest:?}"), sentence);
        }
        Ok(findings)
    }
}

fn refunds(session: &mut dyn Session) -> Result<Vec<PaymentRefundRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&REFUNDS, &[], &mut |row| {
        rows.push(PaymentRefundRow::read(row));
        true
    })?;
    Ok(rows)
}

fn hold_state(session: &mut dyn Session, hold: TransferId) -> Result<Option<HoldState>, Fault> {
    let mut state = None;
    let key = [hold];
    session.load(HoldRow::TABLE, &Keys::<HoldRow>(&key), Lock::None, &mut |row| {
        state = Some(HoldRow::read(row).0.state);
    })?;
    Ok(state)
}
