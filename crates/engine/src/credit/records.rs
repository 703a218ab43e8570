//! Records of a merchant (C26): what happened to its orders, and every line of its proceeds. Newest first, with filters
//! that are checked row by row while a bounded part of one index or chain is read. Nothing is written for them: bill
//! lines are the events of the orders, proceeds the lines of the ledger.

use std::collections::BTreeMap;

use purser_domain::{
    credit::order::Status,
    ids::{CreditOrderId, PartyId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, TransferKind},
    money::Currency,
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{
    queries::EventPlace,
    rows::{CreditOrderRow, OrderEventRow},
};
use crate::{
    feed::one,
    history::{self, Cursor},
    paging::Page,
};

/// Most lines on a page.
pub const LINE_PAGE_MAX: usize = 1_000;
/// Orders read at a time.
const ORDERS: i64 = 200;
/// Events of one order read at a time.
const EVENTS: i64 = 1_000;
/// Events of one order that one page reads at most before it says where to go on.
const EVENTS_EXAMINED: usize = 5_000;
/// Orders that one page reads at most before it says where to go on.
const ORDERS_EXAMINED: usize = 2_000;
/// Lines of the ledger that one page reads at most before it says where to go on.
const LINES_EXAMINED: usize = 5_000;

static ORDERS_OF: Statement = Statement {
    name: "credit.orders_from",
    sql: "SELECT id, merchant, external_id, amount, currency, authorised_at, reserved, shipped, cancelled, receivable, \
          due, liability, prepaid, paid, forgiven, returned, lost, recourse, epoch, due_on, shipped_at, changed_at, \
          policy_version, version, held, marks, reviews, expired, ends_at FROM credit_orders WHERE merchant = ?1 \
          AND (authorised_at, id) < (?2, ?3) \
          ORDER BY authorised_at DESC, id DESC LIMIT ?4",
};
static EVENTS_OF: Statement = Statement {
    name: "credit.bill_lines",
    sql: "SELECT order_id, event_id, kind, amount, at, grp FROM credit_order_events WHERE order_id = ?1 \
          AND kind <> 'scanned' AND (at, event_id) < (?2, ?3) ORDER BY at DESC, event_id DESC LIMIT ?4",
};

pub(super) const STATEMENTS: &[&Statement] = &[&ORDERS_OF, &EVENTS_OF];

/// What a list of bill lines shows; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BillFilter {
    /// Of this kind: `authorised`, `shipped`, …
    pub kind: Option<String>,
    /// At this instant or later.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Amount at least this, minor units.
    pub least_minor: Option<i64>,
    /// Amount at most this, minor units.
    pub most_minor: Option<i64>,
    /// Of orders that stand here now.
    pub status: Option<Status>,
    /// The platform's own id of the order contains this.
    pub keyword: Option<String>,
}

/// A bill line: an event of an order, with the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// The event.
    pub event: OrderEventRow,
    /// Its order.
    pub order: CreditOrderRow,
}

/// Where a list of bill lines goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillPlace {
    /// Behind this order, by its authorisation.
    pub order: (Timestamp, CreditOrderId),
    /// Within it still, behind this event.
    pub event: Option<EventPlace>,
}

impl BillFilter {
    /// An order none of whose events can be shown is not read further.
    fn reaches(&self, order: &CreditOrderRow) -> bool {
        let has = |word: &String| order.external_id.to_lowercase().contains(&word.to_lowercase());
        self.since.is_none_or(|since| order.changed_at >= since)
            && self.until.is_none_or(|until| order.authorised_at < until)
            && self.status.is_none_or(|status| order.order().status() == status)
            && self.keyword.as_ref().is_none_or(has)
    }

    fn shows(&self, event: &OrderEventRow) -> bool {
        self.kind.as_ref().is_none_or(|kind| event.kind == *kind)
            && self.since.is_none_or(|since| event.at >= since)
            && self.until.is_none_or(|until| event.at < until)
            && self.least_minor.is_none_or(|least| event.amount >= least)
            && self.most_minor.is_none_or(|most| event.amount <= most)
    }
}

/// Bill lines of a merchant, order by order, the newest authorised first, the events of each from the newest back. A page
/// that read its bounded part without finding so many is shorter and says where to go on. That a parcel was seen moves no
/// money and is no line.
///
/// # Errors
/// Storage faults.
pub fn bill_lines(
    session: &mut dyn Session,
    merchant: PartyId,
    filter: &BillFilter,
    before: Option<BillPlace>,
    most: usize,
) -> Result<Page<BillLine, BillPlace>, Fault> {
    let most = most.clamp(1, LINE_PAGE_MAX);
    let mut rows = Vec::new();
    // An order that was authorised later has no event before that.
    let end = filter.until.map_or((Timestamp(i64::MAX), CreditOrderId(Uid([0xff; 16]))), |until| {
        (until, CreditOrderId(Uid::NIL))
    });
    let mut place = before.as_ref().map_or(end, |before| before.order.min(end));
    if let Some(BillPlace { order, event: Some(event) }) = before {
        let known = one::<CreditOrderRow>(session, order.1)?.filter(|row| row.merchant == merchant);
        if let Some(known) = known.filter(|row| filter.reaches(row))
            && let Some(event) = events(session, &known, filter, Some(event), most, &mut rows)?
        {
            return Ok(Page { rows, next: Some(BillPlace { order, event: Some(event) }) });
        }
    }
    let mut examined = 0;
    loop {
        if rows.len() >= most {
            return Ok(Page { rows, next: Some(BillPlace { order: place, event: None }) });
        }
        let orders = orders_below(session, merchant, place)?;
        let last = i64::try_from(orders.len()).unwrap_or(i64::MAX) < ORDERS;
        examined += orders.len();
        for order in orders {
            if rows.len() >= most {
                return Ok(Page { rows, next: Some(BillPlace { order: place, event: None }) });
            }
            place = (order.authorised_at, order.id);
            if filter.reaches(&order)
                && let Some(event) = events(session, &order, filter, None, most, &mut rows)?
            {
                return Ok(Page { rows, next: Some(BillPlace { order: place, event: Some(event) }) });
            }
        }
        if last {
            return Ok(Page { rows, next: None });
        }
        if examined >= ORDERS_EXAMINED {
            return Ok(Page { rows, next: Some(BillPlace { order: place, event: None }) });
        }
    }
}

fn orders_below(
    session: &mut dyn Session,
    merchant: PartyId,
    (at, id): (Timestamp, CreditOrderId),
) -> Result<Vec<CreditOrderRow>, Fault> {
    let params = [Value::Bytes(&merchant.0.0), Value::Int(at.0), Value::Bytes(&id.0.0), Value::Int(ORDERS)];
    let mut orders = Vec::new();
    session.query(&ORDERS_OF, &params, &mut |source| {
        orders.push(CreditOrderRow::read(source));
        true
    })?;
    Ok(orders)
}

/// Adds lines of an order until there are `most`; where to go on within it, when it has more.
fn events(
    session: &mut dyn Session,
    order: &CreditOrderRow,
    filter: &BillFilter,
    from: Option<EventPlace>,
    most: usize,
    rows: &mut Vec<BillLine>,
) -> Result<Option<EventPlace>, Fault> {
    let mut place = from.unwrap_or((Timestamp(i64::MAX), String::new()));
    let mut examined = 0;
    loop {
        let params =
            [Value::Bytes(&order.id.0.0), Value::Int(place.0.0), Value::Text(&place.1), Value::Int(EVENTS)];
        let mut found = Vec::new();
        session.query(&EVENTS_OF, &params, &mut |source| {
            found.push(OrderEventRow::read(source));
            true
        })?;
        let last = i64::try_from(found.len()).unwrap_or(i64::MAX) < EVENTS;
        examined += found.len();
        for event in found {
            if rows.len() >= most {
                return Ok(Some(place));
            }
            place = (event.at, event.event_id.clone());
            if filter.shows(&event) {
                rows.push(BillLine { event, order: order.clone() });
            }
        }
        if last {
            return Ok(None);
        }
        if examined >= EVENTS_EXAMINED {
            return Ok(Some(place));
        }
    }
}

/// What a list of proceeds shows; everything that is set must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineFilter {
    /// Of this kind.
    pub kind: Option<TransferKind>,
    /// At this instant or later.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Change at least this, minor units, whatever its sign.
    pub least_minor: Option<i64>,
    /// Change at most this.
    pub most_minor: Option<i64>,
    /// Only what came in (`true`) or went out (`false`).
    pub incoming: Option<bool>,
}

/// A line of a merchant's proceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProceedsLine {
    /// The line.
    pub line: history::Line,
    /// The pay-later order it is about, where it is about one.
    pub order: Option<CreditOrderRow>,
}

impl LineFilter {
    fn shows(&self, line: &history::Line) -> bool {
        let size = line.change_minor.saturating_abs();
        self.kind.is_none_or(|kind| line.transfer.kind == kind.code())
            && self.since.is_none_or(|since| line.transfer.at >= since)
            && self.until.is_none_or(|until| line.transfer.at < until)
            && self.least_minor.is_none_or(|least| size >= least)
            && self.most_minor.is_none_or(|most| size <= most)
            && self.incoming.is_none_or(|incoming| (line.change_minor > 0) == incoming)
            && line.change_minor != 0
    }
}

/// Lines of a merchant's proceeds that changed the balance, newest first. Ends at the first line before `since`.
///
/// # Errors
/// Storage faults.
pub fn proceeds_lines(
    session: &mut dyn Session,
    merchant: PartyId,
    currency: Currency,
    filter: &LineFilter,
    from: Option<TransferId>,
    most: usize,
) -> Result<Page<ProceedsLine, TransferId>, Fault> {
    let most = most.clamp(1, LINE_PAGE_MAX);
    let account = AccountRef::party(merchant, AccountKind::Proceeds, currency).id();
    let (mut lines, mut from, mut examined) = (Vec::new(), from.map(Cursor), 0);
    let next = loop {
        let read = history::page(session, account, from, most.max(200))?;
        examined += read.lines.len();
        let mut stop = None;
        for line in read.lines {
            if filter.since.is_some_and(|since| line.transfer.at < since) {
                stop = Some(None);
                break;
            }
            if lines.len() == most {
                stop = Some(Some(line.transfer.id));
                break;
            }
            if filter.shows(&line) {
                lines.push(line);
            }
        }
        match (stop, read.next) {
            (Some(stop), _) => break stop,
            (None, None) => break None,
            (None, Some(Cursor(next))) if examined >= LINES_EXAMINED => break Some(next),
            (None, next) => from = next,
        }
    };
    let orders = orders_of(session, &lines)?;
    let with_order = |line: history::Line| {
        let order = orders.get(&CreditOrderId(line.transfer.reference)).cloned();
        ProceedsLine { line, order }
    };
    Ok(Page { rows: lines.into_iter().map(with_order).collect(), next })
}

fn orders_of(
    session: &mut dyn Session,
    lines: &[history::Line],
) -> Result<BTreeMap<CreditOrderId, CreditOrderRow>, Fault> {
    let about = lines.iter().filter(|line| is_about_an_order(line.transfer.kind));
    let mut ids: Vec<CreditOrderId> = about.map(|line| CreditOrderId(line.transfer.reference)).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = BTreeMap::new();
    if !ids.is_empty() {
        let keys = purser_storage::Keys::<CreditOrderRow>(&ids);
        session.load(CreditOrderRow::TABLE, &keys, purser_storage::Lock::None, &mut |source| {
            let order = CreditOrderRow::read(source);
            found.insert(order.id, order);
        })?;
    }
    Ok(found)
}

fn is_about_an_order(kind: i64) -> bool {
    use TransferKind as K;
    let kinds =
        [K::CreditAdvance, K::CreditBeyondLimit, K::CreditBuyerPaid, K::CreditRefund, K::CreditRecourse];
    kinds.iter().any(|known| known.code() == kind)
}
