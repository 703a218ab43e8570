//! Reading limits: the live view is four point reads, a past instant a few more, lists page by index.

use purser_domain::{
    credit::{
        Shop, Standing, decode,
        order::{Overdue, Status},
    },
    ids::{CreditOrderId, PartyId},
    ledger::{AccountKind, AccountRef},
    parties::PartyStatus,
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    evaluate::{reason_words, walk},
    facts,
    follow::{Closed, frozen_minor},
    rows::{CreditOrderRow, CreditShopRow, EvaluationRow, OrderEventRow, ShopFactsRow},
};
use crate::{
    earnings::account,
    feed::one,
    history::balance_at,
    paging::{Page, Pass, page},
    parties::PartyRow,
    rules::Rules,
};

/// Most evaluations on a page.
pub const EVALUATION_PAGE_MAX: i64 = 200;
/// Most events of an order on a page.
pub const EVENT_PAGE_MAX: usize = 1_000;

/// A place among the events of an order: instant and id of one of them.
pub type EventPlace = (Timestamp, String);

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
          AND (at, event_id) > (?2, ?3) ORDER BY at, event_id LIMIT ?4",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&PAGE, &ORDERS, &OVERDUE, &EVENTS];

/// By which rules, and when, a limit is looked at.
#[derive(Debug, Clone, Copy)]
pub struct AsOf<'r> {
    /// The rules.
    pub rules: &'r Rules,
    /// Business time.
    pub now: Timestamp,
}

impl AsOf<'_> {
    pub(super) fn today(&self) -> Date {
        self.rules.policy.zone().date(self.now)
    }
}

/// The limit as it stands (C1). Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitView {
    /// The shop, with the limit of today: also where the daily job has not come by yet.
    pub shop: CreditShopRow,
    /// What is known of it.
    pub known: Shop,
    /// Advanced and open: the receivable's balance in the ledger.
    pub used_minor: i64,
    /// Frozen with the shop's funds (C6): reported, or all proceeds of a frozen party.
    pub frozen_minor: i64,
    /// Why there is no new use; `None` while there is.
    pub closed: Option<Closed>,
    /// What the shop owes for shipping beyond its limit.
    pub liability_minor: i64,
    /// Proceeds without holds.
    pub proceeds_minor: i64,
    /// Proceeds that withdrawals under way reserve.
    pub held_minor: i64,
    /// The evaluation that the limit follows from; number 0 for one of today that is not written down yet.
    pub evaluation: Option<EvaluationRow>,
}

impl LimitView {
    /// What of the proceeds can be withdrawn: without holds, liability and due (C12), minor units.
    pub fn withdrawable_minor(&self) -> i64 {
        let debts = self.shop.due.saturating_add(self.liability_minor);
        self.proceeds_minor.saturating_sub(debts).max(0)
    }

    /// How the limit stands.
    pub const fn standing(&self) -> Standing {
        self.shop.standing(self.used_minor, self.frozen_minor, self.closed.is_some())
    }

    /// `max(0, total − used − reserved − frozen)`; 0 where there is no new use. Minor units.
    pub fn available_minor(&self) -> i64 {
        self.standing().available_minor()
    }
}

/// The limit of a shop; `None` when nothing is known of the shop.
///
/// # Errors
/// Storage faults.
pub fn limit(session: &mut dyn Session, party: PartyId, as_of: AsOf<'_>) -> Result<Option<LimitView>, Fault> {
    let Some(OfToday { shop, known, stored, mut new }) = of_today(session, party, as_of)? else {
        return Ok(None);
    };
    let evaluation = new.pop().or(stored);
    let status = one::<PartyRow>(session, party)?.map_or(PartyStatus::Active, |row| row.party().status);
    let mut posted = |kind| -> Result<(i64, i64), Fault> {
        let row = account(session, &AccountRef::party(party, kind, as_of.rules.currency))?.map(|row| row.0);
        Ok(row.map_or((0, 0), |account| (account.posted, account.available())))
    };
    let used_minor = posted(AccountKind::CreditReceivable)?.0;
    let liability_minor = posted(AccountKind::CreditLiability)?.0;
    let (proceeds_posted, proceeds_minor) = posted(AccountKind::Proceeds)?;
    Ok(Some(LimitView {
        frozen_minor: frozen_minor(&shop, &status, proceeds_posted),
        closed: Closed::of(&status, &shop, as_of.now),
        shop,
        known,
        used_minor,
        liability_minor,
        proceeds_minor,
        held_minor: proceeds_posted - proceeds_minor,
        evaluation,
    }))
}

/// A shop with the limit of a date, and what it follows from.
pub(super) struct OfToday {
    /// The shop with the limit of the date; of its evaluations those that are written down.
    pub(super) shop: CreditShopRow,
    /// What is known of it.
    pub(super) known: Shop,
    /// The last evaluation that is written down.
    pub(super) stored: Option<EvaluationRow>,
    /// Those after it that are not, the oldest first; none has a number.
    pub(super) new: Vec<EvaluationRow>,
}

/// What a command that asks for the limit would decide by (C1), without writing anything: where dates have come that the
/// daily job has not looked at, they are looked at here, one after the other as it would.
pub(super) fn of_today(
    session: &mut dyn Session,
    party: PartyId,
    as_of: AsOf<'_>,
) -> Result<Option<OfToday>, Fault> {
    as_on(session, party, as_of, as_of.today())
}

/// Like [`of_today`], on a date that has come.
fn as_on(
    session: &mut dyn Session,
    party: PartyId,
    as_of: AsOf<'_>,
    on: Date,
) -> Result<Option<OfToday>, Fault> {
    let Some(row) = one::<CreditShopRow>(session, party)? else { return Ok(None) };
    let Some(facts) = one::<ShopFactsRow>(session, party)? else { return Ok(None) };
    let known = facts::decode(&facts.facts);
    let stored = one::<EvaluationRow>(session, (party, row.evaluations))?;
    let prior = stored.as_ref().map_or(&[][..], |last| &last.steps);
    let (shop, new) = walk(&row, &known, as_of.rules, (on, as_of.now), prior);
    let new = new.into_iter().map(|row| EvaluationRow { seq: 0, ..row }).collect();
    Ok(Some(OfToday { shop, known, stored, new }))
}

/// What is known of a shop.
///
/// # Errors
/// Storage faults.
pub fn shop_facts(session: &mut dyn Session, party: PartyId) -> Result<Option<ShopFactsRow>, Fault> {
    one(session, party)
}

/// A limit as it was at an instant (C9). Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLimit {
    /// The evaluation that was in force, with the limit and its steps.
    pub evaluation: EvaluationRow,
    /// Advanced and open.
    pub used_minor: i64,
    /// What the shop owed for shipping beyond its limit.
    pub liability_minor: i64,
    /// Proceeds, with what withdrawals under way reserved.
    pub proceeds_minor: i64,
}

/// The limit of a shop at a past instant; `None` before it had one. What was used and owed then comes from the ledger's
/// history; what was reserved, due, frozen or locked then is kept by nobody.
///
/// # Errors
/// Storage faults.
pub fn limit_at(
    session: &mut dyn Session,
    party: PartyId,
    as_of: AsOf<'_>,
    at: Timestamp,
) -> Result<Option<PastLimit>, Fault> {
    let zone = as_of.rules.policy.zone();
    let Some(evaluation) = evaluation_at(session, party, as_of, at)? else { return Ok(None) };
    let mut balance = |kind| -> Result<i64, Fault> {
        let id = AccountRef::party(party, kind, as_of.rules.currency).id();
        Ok(balance_at(session, zone, id, at)?.posted_minor)
    };
    Ok(Some(PastLimit {
        evaluation,
        used_minor: balance(AccountKind::CreditReceivable)?,
        liability_minor: balance(AccountKind::CreditLiability)?,
        proceeds_minor: balance(AccountKind::Proceeds)?,
    }))
}

/// The evaluation that was in force at an instant (C9): halved down to it, since a shop's evaluations are numbered
/// without gaps in order of time. A shop with ten thousand of them costs fifteen point reads. One of a date that nobody has
/// looked at yet has the number 0, and is but for that what will be written down.
///
/// # Errors
/// Storage faults.
pub fn evaluation_at(
    session: &mut dyn Session,
    party: PartyId,
    as_of: AsOf<'_>,
    at: Timestamp,
) -> Result<Option<EvaluationRow>, Fault> {
    let Some(shop) = one::<CreditShopRow>(session, party)? else { return Ok(None) };
    let on = as_of.rules.policy.zone().date(at);
    if shop.is_due(on) {
        // Nothing else became known since the last one.
        let found = as_on(session, party, as_of, on)?;
        return Ok(found.and_then(|found| found.new.into_iter().last().or(found.stored)));
    }
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
    /// The evaluation that changed it; number 0 for one of today that is not written down yet.
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

/// The log of a limit: what changed it, newest first, below the number of an evaluation. It begins with what dates have
/// brought that is not written down yet. A page that read its bounded part without finding so many is shorter and
/// says where to go on.
///
/// # Errors
/// Storage faults.
pub fn limit_log(
    session: &mut dyn Session,
    party: PartyId,
    as_of: AsOf<'_>,
    filter: &ChangeFilter,
    below: Option<i64>,
    most: usize,
) -> Result<Page<LimitChange, i64>, Fault> {
    let (mut below, mut examined, mut rows) = (below, 0, Vec::new());
    for (number, new) in unwritten(session, party, as_of)?.into_iter().rev() {
        let after = below.is_none_or(|below| number < below);
        if !after || !filter.shows(&new.row) || filter.since.is_some_and(|since| new.row.at < since) {
            continue;
        }
        if rows.len() >= most {
            return Ok(Page { rows, next: Some(number + 1) });
        }
        rows.push(new);
    }
    loop {
        // One more than is looked at: the evaluation before each says what differs.
        let read = evaluations(session, party, below, EVALUATION_PAGE_MAX + 1)?;
        let whole = i64::try_from(read.len()).unwrap_or(i64::MAX) <= EVALUATION_PAGE_MAX;
        let last = if whole { read.len() } else { read.len().saturating_sub(1) };
        for (index, row) in read.iter().enumerate().take(last) {
            if filter.since.is_some_and(|since| row.at < since) {
                return Ok(Page { rows, next: None });
            }
            if rows.len() >= most {
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

/// What dates have brought that is not written down yet, the oldest first, each with the number that it will have.
fn unwritten(
    session: &mut dyn Session,
    party: PartyId,
    as_of: AsOf<'_>,
) -> Result<Vec<(i64, LimitChange)>, Fault> {
    let Some(OfToday { shop, stored, new, .. }) = of_today(session, party, as_of)? else {
        return Ok(Vec::new());
    };
    let before = std::iter::once(stored.as_ref()).chain(new.iter().map(Some));
    let changes = new.iter().zip(before).map(|(row, before)| change(row, before));
    Ok((shop.evaluations + 1..).zip(changes).collect())
}

fn change(row: &EvaluationRow, before: Option<&EvaluationRow>) -> LimitChange {
    let steps = |row: &EvaluationRow| decode(&row.steps).unwrap_or_default();
    let (reason_zh, reason_en) = reason_words(&before.map(steps).unwrap_or_default(), &steps(row));
    LimitChange { row: row.clone(), reason_zh, reason_en }
}

/// Which orders of a shop.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Authorised not before.
    pub since: Option<Timestamp>,
    /// Authorised before.
    pub until: Option<Timestamp>,
    /// Where they stand.
    pub status: Option<Status>,
    /// The platform's own id contains this.
    pub keyword: Option<String>,
}

/// A place among the orders of a shop: when one was authorised, and its id.
pub type OrderPlace = (Timestamp, CreditOrderId);

/// Orders of a shop, the newest authorised first; what a withdrawal repaid is gone from them (C12).
///
/// # Errors
/// Storage faults.
pub fn orders(
    session: &mut dyn Session,
    merchant: PartyId,
    filter: &OrderFilter,
    below: Option<OrderPlace>,
    most: usize,
) -> Result<Page<CreditOrderRow, OrderPlace>, Fault> {
    let epoch = one::<CreditShopRow>(session, merchant)?.map_or(0, |shop| shop.epoch);
    let end = filter.until.unwrap_or(Timestamp(i64::MAX));
    let begin = below.unwrap_or((end, CreditOrderId::default()));
    page(begin, most, |(at, id), limit, take| {
        let params = [
            Value::Bytes(&merchant.0.0),
            Value::Int(at.0),
            Value::Bytes(&id.0.0),
            Value::Int(filter.since.map_or(0, |since| since.0)),
            Value::Int(limit),
        ];
        session.query(&ORDERS, &params, &mut |found| {
            let row: CreditOrderRow = read::<CreditOrderRow>(found).at_epoch(epoch);
            let place = (row.authorised_at, row.id);
            let shown = filter.status.is_none_or(|status| row.order().status() == status)
                && filter.keyword.as_ref().is_none_or(|text| row.external_id.contains(text.as_str()));
            take(Pass { row, place, shown })
        })
    })
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

/// Events of an order in the order in which they happened (C26), behind a place: at most [`EVENT_PAGE_MAX`].
///
/// # Errors
/// Storage faults.
pub fn order_events(
    session: &mut dyn Session,
    id: CreditOrderId,
    after: Option<EventPlace>,
) -> Result<Page<OrderEventRow, EventPlace>, Fault> {
    let (at, event_id) = after.unwrap_or((Timestamp(i64::MIN), String::new()));
    let one_more = i64::try_from(EVENT_PAGE_MAX + 1).unwrap_or(i64::MAX);
    let params = [Value::Bytes(&id.0.0), Value::Int(at.0), Value::Text(&event_id), Value::Int(one_more)];
    let mut rows: Vec<OrderEventRow> = Vec::new();
    session.query(&EVENTS, &params, &mut |row| {
        rows.push(read(row));
        true
    })?;
    let more = rows.len() > EVENT_PAGE_MAX;
    rows.truncate(EVENT_PAGE_MAX);
    let next = rows.last().filter(|_| more).map(|last| (last.at, last.event_id.clone()));
    Ok(Page { rows, next })
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
