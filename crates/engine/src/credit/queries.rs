//! Reading limits: the live view is four point reads, a past instant a few more, lists page by index.

use purser_domain::{
    credit::{decode, order::Overdue},
    ids::{CreditOrderId, PartyId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    parties::PartyStatus,
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    evaluate::reason_words,
    follow::{Closed, frozen_minor},
    rows::{CreditOrderRow, CreditShopRow, EvaluationRow, OrderEventRow, ShopFactsRow},
};
use crate::{earnings::account, feed::one, paging::Page, parties::PartyRow};

/// Most evaluations on a page.
pub const EVALUATION_PAGE_MAX: i64 = 200;
/// Most orders on a page.
pub const ORDER_PAGE_MAX: i64 = 500;
/// Most events of an order that are shown.
const EVENTS_MAX: i64 = 1_000;

static PAGE: Statement = Statement {
    name: "credit.evaluations",
    sql: "SELECT party, seq, at, cause, before, total, steps, policy_version FROM credit_evaluations \
          WHERE party = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
};
static ORDERS: Statement = Statement {
    name: "credit.orders",
    sql: "SELECT id, merchant, external_id, amount, currency, authorised_at, reserved, shipped, cancelled, receivable, \
          due, liability, prepaid, paid, forgiven, returned, lost, recourse, epoch, due_on, shipped_at, changed_at, \
          policy_version, version, held, marks, reviews, expired, ends_at FROM credit_orders WHERE merchant = ?1 AND (authorised_at, id) < (?2, ?3) \
          AND authorised_at >= ?4 ORDER BY authorised_at DESC, id DESC LIMIT ?5",
};
static OVERDUE: Statement = Statement {
    name: "credit.overdue",
    sql: "SELECT due_on, COUNT(*), CAST(SUM(receivable - due) AS BIGINT) FROM credit_orders \
          WHERE merchant = ?1 AND receivable > due AND due_on < ?2 GROUP BY due_on",
};
static EVENTS: Statement = Statement {
    name: "credit.order_events",
    sql: "SELECT order_id, event_id, kind, amount, at, grp FROM credit_order_events WHERE order_id = ?1 \
          ORDER BY at, event_id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&PAGE, &ORDERS, &OVERDUE, &EVENTS];

/// The limit as it stands (C1). Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitView {
    /// The shop.
    pub shop: CreditShopRow,
    /// Advanced and open: the receivable's balance in the ledger.
    pub used_minor: i64,
    /// Frozen with the shop's funds (C6): reported, or all proceeds of a frozen party.
    pub frozen_minor: i64,
    /// Why there is no new use; `None` while there is.
    pub closed: Option<Closed>,
    /// `max(0, total − used − reserved − frozen)`; 0 where there is no new use.
    pub available_minor: i64,
    /// What the shop owes for shipping beyond its limit.
    pub liability_minor: i64,
    /// Proceeds without holds.
    pub proceeds_minor: i64,
    /// Proceeds that withdrawals under way reserve.
    pub held_minor: i64,
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

/// The limit of a shop at business time `now`; `None` when nothing is known of the shop.
///
/// # Errors
/// Storage faults.
pub fn limit(
    session: &mut dyn Session,
    party: PartyId,
    currency: Currency,
    now: Timestamp,
) -> Result<Option<LimitView>, Fault> {
    let Some(shop) = one::<CreditShopRow>(session, party)? else { return Ok(None) };
    let status = one::<PartyRow>(session, party)?.map_or(PartyStatus::Active, |row| row.party().status);
    let mut posted = |kind| -> Result<(i64, i64), Fault> {
        let row = account(session, &AccountRef::party(party, kind, currency))?.map(|row| row.0);
        Ok(row.map_or((0, 0), |account| (account.posted, account.available())))
    };
    let used_minor = posted(AccountKind::CreditReceivable)?.0;
    let liability_minor = posted(AccountKind::CreditLiability)?.0;
    let (proceeds_posted, proceeds_minor) = posted(AccountKind::Proceeds)?;
    let evaluation = one::<EvaluationRow>(session, (party, shop.evaluations))?;
    let frozen_minor = frozen_minor(&shop, &status, proceeds_posted);
    let closed = Closed::of(&status, &shop, now);
    let taken = used_minor.saturating_add(shop.reserved).saturating_add(frozen_minor);
    let free = if closed.is_some() { 0 } else { shop.total.saturating_sub(taken).max(0) };
    Ok(Some(LimitView {
        shop,
        used_minor,
        frozen_minor,
        closed,
        available_minor: free,
        liability_minor,
        proceeds_minor,
        held_minor: proceeds_posted - proceeds_minor,
        evaluation,
    }))
}

/// What is known of a shop.
///
/// # Errors
/// Storage faults.
pub fn shop_facts(session: &mut dyn Session, party: PartyId) -> Result<Option<ShopFactsRow>, Fault> {
    one(session, party)
}

/// The evaluation that was in force at an instant (C9): halved down to it, since a shop's evaluations are numbered
/// without gaps in order of time. A shop with ten thousand of them costs fourteen point reads.
///
/// # Errors
/// Storage faults.
pub fn evaluation_at(
    session: &mut dyn Session,
    party: PartyId,
    at: Timestamp,
) -> Result<Option<EvaluationRow>, Fault> {
    let Some(shop) = one::<CreditShopRow>(session, party)? else { return Ok(None) };
    let (mut low, mut high) = (0, shop.evaluations);
    let mut found = None;
    while low < high {
        let middle = high - (high - low) / 2;
        match one::<EvaluationRow>(session, (party, middle))? {
            Some(row) if row.at <= at => {
                low = middle;
                found = Some(row);
            }
            _ => high = middle - 1,
        }
    }
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

/// A change of a limit, with its reasons in words (C10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitChange {
    /// The evaluation that changed it.
    pub row: EvaluationRow,
    /// Why, in Chinese.
    pub reason_zh: String,
    /// Why, in English.
    pub reason_en: String,
}

/// What a log of a limit shows; everything that is set must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// At this instant or later.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only what raised (`true`) or lowered (`false`) the limit.
    pub raised: Option<bool>,
}

/// Evaluations that one page of the log reads at most.
const LOG_EXAMINED: usize = 2_000;

/// The log of a limit: what changed it, newest first, below the number of an evaluation. A page that read its bounded part
/// without finding so many is shorter and says where to go on.
///
/// # Errors
/// Storage faults.
pub fn limit_log(
    session: &mut dyn Session,
    party: PartyId,
    filter: &ChangeFilter,
    below: Option<i64>,
    most: usize,
) -> Result<Page<LimitChange, i64>, Fault> {
    let (mut rows, mut below, mut examined) = (Vec::new(), below, 0);
    loop {
        // One more than is looked at: the evaluation before each says what differs.
        let read = evaluations(session, party, below, EVALUATION_PAGE_MAX + 1)?;
        let whole = i64::try_from(read.len()).unwrap_or(i64::MAX) <= EVALUATION_PAGE_MAX;
        let last = if whole { read.len() } else { read.len().saturating_sub(1) };
        for (index, row) in read.iter().enumerate().take(last) {
            if filter.since.is_some_and(|since| row.at < since) {
                return Ok(Page { rows, next: None });
            }
            if rows.len() == most {
                return Ok(Page { rows, next: Some(row.seq + 1) });
            }
            if filter.shows(row) {
                rows.push(change(row, read.get(index + 1)));
            }
            below = Some(row.seq);
        }
        examined += last;
        if whole {
            return Ok(Page { rows, next: None });
        }
        if examined >= LOG_EXAMINED {
            return Ok(Page { rows, next: below });
        }
    }
}

impl ChangeFilter {
    fn shows(&self, row: &EvaluationRow) -> bool {
        (row.before != row.total || row.seq == 1)
            && self.until.is_none_or(|until| row.at < until)
            && self.raised.is_none_or(|raised| (row.total > row.before) == raised)
    }
}

fn change(row: &EvaluationRow, before: Option<&EvaluationRow>) -> LimitChange {
    let steps = |row: &EvaluationRow| decode(&row.steps).unwrap_or_default();
    let (reason_zh, reason_en) = reason_words(&before.map(steps).unwrap_or_default(), &steps(row));
    LimitChange { row: row.clone(), reason_zh, reason_en }
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

/// Open advances of a shop that are overdue on a civil date, by bucket: orders and minor units (C11). All of them: they
/// are added up in an index by the day they were due. What a withdrawal repaid was never part of them (C12).
///
/// # Errors
/// Storage faults.
pub fn overdue(
    session: &mut dyn Session,
    merchant: PartyId,
    today: Date,
) -> Result<[(Overdue, i64, i64); 4], Fault> {
    let mut buckets = Overdue::ALL.map(|bucket| (bucket, 0i64, 0i64));
    let params = [Value::Bytes(&merchant.0.0), Value::Text(&today.to_string())];
    session.query(&OVERDUE, &params, &mut |row| {
        let due_on = row.text(0).parse::<Date>().ok();
        if let Some(bucket) = due_on.and_then(|due_on| Overdue::of(due_on, today))
            && let Some(found) = buckets.iter_mut().find(|(known, ..)| *known == bucket)
        {
            found.1 = found.1.saturating_add(row.int(1));
            found.2 = found.2.saturating_add(row.int(2));
        }
        true
    })?;
    Ok(buckets)
}
