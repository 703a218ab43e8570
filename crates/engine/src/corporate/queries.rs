//! Reading statements, what is in them, and what may go into one.

use purser_domain::{
    corporate::{Circumstances, State},
    ids::{PartyId, StatementId, Uid},
    time::Timestamp,
    withdrawals,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{ItemRow, ListingRow, PayoutRow, StatementRow};
use crate::{cases::CaseRow, feed::one, withdrawals::WithdrawalRow};

/// Most statements on a page.
pub const STATEMENT_PAGE_MAX: i64 = 201;
/// Most items on a page.
pub const ITEM_PAGE_MAX: i64 = 1_001;
/// Listings and payouts that one answer shows.
const FEW: i64 = 200;

pub(super) static OPEN_ITEMS: Statement = Statement {
    name: "settlements.open_items",
    sql: "SELECT item, payee, kind, gross, service_fee, compensation, adjustment, net, booked_at, month, statement, \
          note \
          FROM settlement_items WHERE payee = ?1 AND statement = ?4 AND month <> '' AND month <= ?2 \
          ORDER BY booked_at, item LIMIT ?3",
};
pub(super) static ITEMS_OF: Statement = Statement {
    name: "settlements.items_of",
    sql: "SELECT item, payee, kind, gross, service_fee, compensation, adjustment, net, booked_at, month, statement, \
          note \
          FROM settlement_items WHERE payee = ?1 AND statement = ?2 ORDER BY booked_at, item LIMIT ?3",
};
static EXPORT: Statement = Statement {
    name: "settlements.export",
    sql: "SELECT i.item, i.payee, i.kind, i.gross, i.service_fee, i.compensation, i.adjustment, i.net, i.booked_at, \
          i.month, i.statement, i.note, t.external_id, t.title \
          FROM settlement_items i LEFT JOIN task_orders t ON t.id = i.item \
          WHERE i.payee = ?1 AND i.statement = ?2 AND (i.booked_at, i.item) > (?3, ?4) \
          ORDER BY i.booked_at, i.item LIMIT ?5",
};
static LISTED: Statement = Statement {
    name: "settlements.listed",
    sql: "SELECT i.item, i.payee, i.kind, i.gross, i.service_fee, i.compensation, i.adjustment, i.net, i.booked_at, \
          i.month, i.statement, i.note, t.external_id, t.title \
          FROM settlement_items i LEFT JOIN task_orders t ON t.id = i.item \
          WHERE i.payee = ?1 AND (i.booked_at, i.item) > (?2, ?3) AND (?4 = '' OR i.month = ?4) \
          ORDER BY i.booked_at, i.item LIMIT ?5",
};
static PAGE: Statement = Statement {
    name: "settlements.page",
    sql: "SELECT id, party, state, currency, period_from, period_to, items, gross, service_fee, compensation, \
          adjustment, payable, paid, destination, account, seller_name, seller_code, signed_by, signed_at, invoice, \
          submitted_at, submissions, due_on, calendar_missing, overdue_at, reason, papers_case, \
          dispute_case, dispute_until, payout, payouts, generated_at, finished_at, policy_version, version \
          FROM settlement_statements WHERE (generated_at, id) < (?1, ?2) AND (?3 = '' OR state = ?3) \
          ORDER BY generated_at DESC, id DESC LIMIT ?4",
};
pub(super) static PAGE_OF_PARTY: Statement = Statement {
    name: "settlements.page_of_party",
    sql: "SELECT id, party, state, currency, period_from, period_to, items, gross, service_fee, compensation, \
          adjustment, payable, paid, destination, account, seller_name, seller_code, signed_by, signed_at, invoice, \
          submitted_at, submissions, due_on, calendar_missing, overdue_at, reason, papers_case, \
          dispute_case, dispute_until, payout, payouts, generated_at, finished_at, policy_version, version \
          FROM settlement_statements WHERE party = ?5 AND (generated_at, id) < (?1, ?2) \
          AND (?3 = '' OR state = ?3) ORDER BY generated_at DESC, id DESC LIMIT ?4",
};
static LISTINGS: Statement = Statement {
    name: "settlements.listings",
    sql: "SELECT party, month, items, net, listed_at FROM settlement_listings WHERE party = ?1 \
          ORDER BY month DESC LIMIT ?2",
};
static PAYOUTS: Statement = Statement {
    name: "settlements.payouts",
    sql: "SELECT payout, statement, n, amount, paid, state FROM settlement_payouts WHERE statement = ?1 \
          ORDER BY n LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&OPEN_ITEMS, &ITEMS_OF, &EXPORT, &LISTED, &PAGE, &PAGE_OF_PARTY, &LISTINGS, &PAYOUTS];

/// A statement by id.
///
/// # Errors
/// Storage faults.
pub fn statement(session: &mut dyn Session, id: StatementId) -> Result<Option<StatementRow>, Fault> {
    one(session, id)
}

/// What a statement waits for beside its state: an answer to its dispute, people who approve its payout, a calendar.
///
/// # Errors
/// Storage faults.
pub fn circumstances(session: &mut dyn Session, row: &StatementRow) -> Result<Circumstances, Fault> {
    let disputed = match row.dispute_case().filter(|_| row.state() == State::Generated) {
        Some(case) => one::<CaseRow>(session, case)?.is_some_and(|case| !case.state().is_closed()),
        None => false,
    };
    let payout_in_review = row.state() == State::Paying
        && one::<WithdrawalRow>(session, row.payout)?
            .is_some_and(|payout| payout.state == withdrawals::State::InReview.name());
    Ok(Circumstances { disputed, payout_in_review, calendar_missing: row.calendar_missing })
}

/// Which statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatementFilter {
    /// Of one payee.
    pub party: Option<PartyId>,
    /// In one state.
    pub state: Option<State>,
    /// Made before this one, by instant and id.
    pub before: Option<(Timestamp, StatementId)>,
}

/// Statements, newest first.
///
/// # Errors
/// Storage faults.
pub fn statement_page(
    session: &mut dyn Session,
    filter: &StatementFilter,
    limit: i64,
) -> Result<Vec<StatementRow>, Fault> {
    let last = (Timestamp(i64::MAX), StatementId(Uid([0xff; 16])));
    let (at, id) = filter.before.unwrap_or(last);
    let mut params = vec![
        Value::Int(at.0),
        Value::Bytes(&id.0.0),
        Value::Text(filter.state.map_or("", State::name)),
        Value::Int(limit.clamp(1, STATEMENT_PAGE_MAX)),
    ];
    let page = if let Some(party) = &filter.party {
        params.push(Value::Bytes(&party.0.0));
        &PAGE_OF_PARTY
    } else {
        &PAGE
    };
    let mut rows = Vec::new();
    session.query(page, &params, &mut |row| {
        rows.push(StatementRow::read(row));
        true
    })?;
    Ok(rows)
}

/// An item with what its order is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedItem {
    /// The item.
    pub row: ItemRow,
    /// The platform's own id of the order; `None` for a line.
    pub external_id: Option<String>,
    /// Title of the order.
    pub title: Option<String>,
}

fn listed(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Vec<ListedItem>, Fault> {
    let mut rows = Vec::new();
    session.query(statement, params, &mut |row| {
        rows.push(ListedItem {
            row: ItemRow::read(row),
            external_id: row.opt_text(12).map(str::to_owned),
            title: row.opt_text(13).map(str::to_owned),
        });
        true
    })?;
    Ok(rows)
}

/// A place in a list of items: when it was booked, and its id.
type After = Option<(Timestamp, Uid)>;

/// Items of a payee, oldest first, also those that are in a statement; `month` empty for all.
///
/// # Errors
/// Storage faults.
pub fn item_page(
    session: &mut dyn Session,
    party: PartyId,
    month: &str,
    after: After,
    limit: i64,
) -> Result<Vec<ListedItem>, Fault> {
    let (at, id) = after.unwrap_or((Timestamp(i64::MIN), Uid::NIL));
    let limit = Value::Int(limit.clamp(1, ITEM_PAGE_MAX));
    let params = [Value::Bytes(&party.0.0), Value::Int(at.0), Value::Bytes(&id.0), Value::Text(month), limit];
    listed(session, &LISTED, &params)
}

/// Items of a statement (nil: those in none), oldest first.
///
/// # Errors
/// Storage faults.
pub fn export(
    session: &mut dyn Session,
    party: PartyId,
    statement: StatementId,
    after: After,
    limit: i64,
) -> Result<Vec<ListedItem>, Fault> {
    let (at, id) = after.unwrap_or((Timestamp(i64::MIN), Uid::NIL));
    let params = [
        Value::Bytes(&party.0.0),
        Value::Bytes(&statement.0.0),
        Value::Int(at.0),
        Value::Bytes(&id.0),
        Value::Int(limit.clamp(1, ITEM_PAGE_MAX)),
    ];
    listed(session, &EXPORT, &params)
}

/// The months that were listed for a payee, newest first, at most 200.
///
/// # Errors
/// Storage faults.
pub fn listings(session: &mut dyn Session, party: PartyId) -> Result<Vec<ListingRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&LISTINGS, &[Value::Bytes(&party.0.0), Value::Int(FEW)], &mut |row| {
        rows.push(ListingRow::read(row));
        true
    })?;
    Ok(rows)
}

/// The payouts of a statement in order, at most 200.
///
/// # Errors
/// Storage faults.
pub fn statement_payouts(session: &mut dyn Session, id: StatementId) -> Result<Vec<PayoutRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&PAYOUTS, &[Value::Bytes(&id.0.0), Value::Int(FEW)], &mut |row| {
        rows.push(PayoutRow::read(row));
        true
    })?;
    Ok(rows)
}
