//! Reading limits: the live view is four point reads, a past instant one step back in the evaluations, lists page by
//! index.

use purser_domain::{
    credit::order::{CreditOrder, Overdue},
    ids::{CreditOrderId, PartyId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::rows::{CreditOrderRow, CreditShopRow, EvaluationRow, OrderEventRow, ShopFactsRow};
use crate::{earnings::account, feed::one};

/// Most evaluations on a page.
pub const EVALUATION_PAGE_MAX: i64 = 200;
/// Most orders on a page.
pub const ORDER_PAGE_MAX: i64 = 500;
/// Most events of an order that are shown.
const EVENTS_MAX: i64 = 1_000;
/// Open orders that the overdue buckets look at in one read.
const OPEN_MAX: i64 = 100_000;

static AT: Statement = Statement {
    name: "credit.evaluation_at",
    sql: "SELECT party, seq, at, cause, before, total, steps, policy_version FROM credit_evaluations \
          WHERE party = ?1 AND at <= ?2 ORDER BY seq DESC LIMIT 1",
};
static PAGE: Statement = Statement {
    name: "credit.evaluations",
    sql: "SELECT party, seq, at, cause, before, total, steps, policy_version FROM credit_evaluations \
          WHERE party = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
};
static ORDERS: Statement = Statement {
    name: "credit.orders",
    sql: "SELECT id, merchant, external_id, amount, currency, authorised_at, reserved, shipped, cancelled, receivable, \
          due, liability, prepaid, paid, forgiven, returned, lost, epoch, due_on, shipped_at, changed_at, \
          policy_version, version FROM credit_orders WHERE merchant = ?1 AND (authorised_at, id) < (?2, ?3) \
          AND authorised_at >= ?4 ORDER BY authorised_at DESC, id DESC LIMIT ?5",
};
static OPEN: Statement = Statement {
    name: "credit.open_orders",
    sql: "SELECT id, merchant, external_id, amount, currency, authorised_at, reserved, shipped, cancelled, receivable, \
          due, liability, prepaid, paid, forgiven, returned, lost, epoch, due_on, shipped_at, changed_at, \
          policy_version, version FROM credit_orders WHERE merchant = ?1 AND receivable > 0 AND due_on < ?2 \
          ORDER BY due_on, id LIMIT ?3",
};
static EVENTS: Statement = Statement {
    name: "credit.order_events",
    sql: "SELECT order_id, event_id, kind, amount, at, grp FROM credit_order_events WHERE order_id = ?1 \
          ORDER BY at, event_id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&AT, &PAGE, &ORDERS, &OPEN, &EVENTS];

/// The limit as it stands (C1). Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitView {
    /// The shop.
    pub shop: CreditShopRow,
    /// Advanced and open: the receivable's balance in the ledger.
    pub used_minor: i64,
    /// `max(0, total − used − reserved − frozen)`.
    pub available_minor: i64,
    /// What the shop owes for shipping beyond its limit.
    pub liability_minor: i64,
    /// Proceeds without holds.
    pub proceeds_minor: i64,
    /// The last evaluation.
    pub evaluation: Option<EvaluationRow>,
}

impl LimitView {
    /// What of the proceeds can be withdrawn: without holds, liability and due (C12), minor units.
    pub fn withdrawable_minor(&self) -> i64 {
        let debts = self.shop.due.saturating_add(self.liability_minor);
        self.proceeds_minor.saturating_sub(debts).max(0)
    }
}

/// The limit of a shop now; `None` when nothing is known of the shop.
///
/// # Errors
/// Storage faults.
pub fn limit(
    session: &mut dyn Session,
    party: PartyId,
    currency: Currency,
) -> Result<Option<LimitView>, Fault> {
    let Some(shop) = one::<CreditShopRow>(session, party)? else { return Ok(None) };
    let mut posted = |kind| -> Result<(i64, i64), Fault> {
        let row = account(session, &AccountRef::party(party, kind, currency))?.map(|row| row.0);
        Ok(row.map_or((0, 0), |account| (account.posted, account.available())))
    };
    let used_minor = posted(AccountKind::CreditReceivable)?.0;
    let liability_minor = posted(AccountKind::CreditLiability)?.0;
    let proceeds_minor = posted(AccountKind::Proceeds)?.1;
    let evaluation = one::<EvaluationRow>(session, (party, shop.evaluations))?;
    let available_minor = shop.available_minor(used_minor);
    Ok(Some(LimitView { shop, used_minor, available_minor, liability_minor, proceeds_minor, evaluation }))
}

/// What is known of a shop.
///
/// # Errors
/// Storage faults.
pub fn shop_facts(session: &mut dyn Session, party: PartyId) -> Result<Option<ShopFactsRow>, Fault> {
    one(session, party)
}

/// The evaluation that was in force at an instant (C9).
///
/// # Errors
/// Storage faults.
pub fn evaluation_at(
    session: &mut dyn Session,
    party: PartyId,
    at: Timestamp,
) -> Result<Option<EvaluationRow>, Fault> {
    let mut found = None;
    session.query(&AT, &[Value::Bytes(&party.0.0), Value::Int(at.0)], &mut |row| {
        found = Some(read(row));
        true
    })?;
    Ok(found)
}

fn read<T: purser_storage::Record>(source: &dyn purser_storage::Source) -> T {
    T::read(source)
}

/// Evaluations of a shop, newest first, below a number.
///
/// # Errors
/// Storage faults.
pub fn evaluations(
    session: &mut dyn Session,
    party: PartyId,
    below: Option<i64>,
    limit: i64,
) -> Result<Vec<EvaluationRow>, Fault> {
    let params = [
        Value::Bytes(&party.0.0),
        Value::Int(below.unwrap_or(i64::MAX)),
        Value::Int(limit.clamp(1, EVALUATION_PAGE_MAX + 1)),
    ];
    let mut rows = Vec::new();
    session.query(&PAGE, &params, &mut |row| {
        rows.push(read(row));
        true
    })?;
    Ok(rows)
}

/// A page of a shop's orders.
#[derive(Debug, Clone, Copy)]
pub struct OrderPage {
    /// The shop.
    pub merchant: PartyId,
    /// The last order of the page before.
    pub below: Option<(Timestamp, CreditOrderId)>,
    /// Authorised not before.
    pub since: Timestamp,
    /// Most rows.
    pub limit: i64,
}

/// Orders of a shop, the newest authorised first; what a withdrawal repaid is gone from them (C12).
///
/// # Errors
/// Storage faults.
pub fn orders(session: &mut dyn Session, page: OrderPage) -> Result<Vec<CreditOrderRow>, Fault> {
    let (at, id) = page.below.unwrap_or((Timestamp(i64::MAX), CreditOrderId::default()));
    let params = [
        Value::Bytes(&page.merchant.0.0),
        Value::Int(at.0),
        Value::Bytes(&id.0.0),
        Value::Int(page.since.0),
        Value::Int(page.limit.clamp(1, ORDER_PAGE_MAX + 1)),
    ];
    let mut rows = Vec::new();
    session.query(&ORDERS, &params, &mut |row| {
        rows.push(read(row));
        true
    })?;
    let epoch = one::<CreditShopRow>(session, page.merchant)?.map_or(0, |shop| shop.epoch);
    Ok(rows.into_iter().map(|row: CreditOrderRow| row.at_epoch(epoch)).collect())
}

/// An order by id; what a withdrawal repaid is gone from it (C12).
///
/// # Errors
/// Storage faults.
pub fn order(session: &mut dyn Session, id: CreditOrderId) -> Result<Option<CreditOrderRow>, Fault> {
    let Some(row) = one::<CreditOrderRow>(session, id)? else { return Ok(None) };
    let epoch = one::<CreditShopRow>(session, row.merchant)?.map_or(0, |shop| shop.epoch);
    Ok(Some(row.at_epoch(epoch)))
}

/// Events of an order in the order in which they happened (C26).
///
/// # Errors
/// Storage faults.
pub fn order_events(session: &mut dyn Session, id: CreditOrderId) -> Result<Vec<OrderEventRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&EVENTS, &[Value::Bytes(&id.0.0), Value::Int(EVENTS_MAX)], &mut |row| {
        rows.push(read(row));
        true
    })?;
    Ok(rows)
}

/// Open advances of a shop that are overdue on a civil date, by bucket: orders and minor units (C11).
///
/// # Errors
/// Storage faults.
pub fn overdue(
    session: &mut dyn Session,
    shop: &CreditShopRow,
    today: Date,
) -> Result<[(Overdue, i64, i64); 4], Fault> {
    let mut buckets = Overdue::ALL.map(|bucket| (bucket, 0i64, 0i64));
    let date = today.to_string();
    let params = [Value::Bytes(&shop.party.0.0), Value::Text(&date), Value::Int(OPEN_MAX)];
    session.query(&OPEN, &params, &mut |row| {
        let order: CreditOrder = read::<CreditOrderRow>(row).order().at_epoch(shop.epoch);
        if let Some(bucket) = order.overdue(today)
            && let Some(found) = buckets.iter_mut().find(|(known, ..)| *known == bucket)
        {
            found.1 += 1;
            found.2 = found.2.saturating_add(order.receivable_minor - order.due_minor);
        }
        true
    })?;
    Ok(buckets)
}
