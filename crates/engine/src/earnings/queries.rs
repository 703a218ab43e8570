//! Reading earnings: the overview is two point reads, lists page by index, totals come from counters.

use std::collections::BTreeMap;

use purser_domain::{
    earnings::Month,
    ids::{PartyId, TaskOrderId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{EarningsTotals, TaskOrderRow};
use crate::{
    rows::AccountRow,
    tx::{Needs, Tx},
};

static MONTHS: Statement = Statement {
    name: "earnings.months",
    sql: "SELECT party, month, total_task, routed_task, settled_gross, service_fee, compensation, settled_net, \
          withdrawn, in_transit FROM earnings_totals WHERE party = ?1 AND (month = '' OR month >= ?2) ORDER BY month",
};
static STATUSES: Statement = Statement {
    name: "earnings.statuses",
    sql: "SELECT status, COUNT(*) FROM task_orders GROUP BY status ORDER BY status",
};
static ALL_TOTALS: Statement = Statement {
    name: "earnings.all_totals",
    sql: "SELECT t.party, t.month, t.total_task, t.routed_task, t.settled_gross, t.service_fee, t.compensation, \
          t.settled_net, t.withdrawn, t.in_transit, p.external_id, p.roles FROM earnings_totals t \
          JOIN parties p ON p.id = t.party WHERE t.month = '' ORDER BY t.settled_gross DESC, p.external_id",
};

static SPAN: Statement =
    Statement { name: "earnings.span", sql: "SELECT MIN(accepted_at), MAX(accepted_at) FROM task_orders" };

// Closing a party is rare: it may look through all that the creator ever did.
static OPEN_OF_CREATOR: Statement = Statement {
    name: "earnings.open_of_creator",
    sql: "SELECT id, creator, payee, external_id, title, kind, fee_ppm, task_type, status, stage, amount, currency, \
          accepted_at, completed_at, settle_due_at, calendar_missing, settled_at, cancelled_at, service_fee, \
          compensation, net, policy_version, version, metadata FROM task_orders \
          WHERE creator = ?1 AND settled_at IS NULL AND cancelled_at IS NULL ORDER BY accepted_at, id LIMIT 1",
};
static OPEN_OF_AGENCY: Statement = Statement {
    name: "earnings.open_of_agency",
    sql: "SELECT id, creator, payee, external_id, title, kind, fee_ppm, task_type, status, stage, amount, currency, \
          accepted_at, completed_at, settle_due_at, calendar_missing, settled_at, cancelled_at, service_fee, \
          compensation, net, policy_version, version, metadata FROM task_orders \
          WHERE payee = ?1 AND kind = 'agency_signed' AND settled_at IS NULL AND cancelled_at IS NULL \
          ORDER BY accepted_at, id LIMIT 1",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[
    &MONTHS,
    &STATUSES,
    &ALL_TOTALS,
    &SPAN,
    &OPEN_OF_CREATOR,
    &OPEN_OF_AGENCY,
    &super::due::DUE,
    &super::due::UNDATED,
];

/// Declares what [`has_open_orders`] looks at.
pub(crate) fn want_open_orders(needs: &mut Needs<'_>, party: PartyId) {
    for statement in [&OPEN_OF_CREATOR, &OPEN_OF_AGENCY] {
        needs.list::<TaskOrderRow>(statement, &[Value::Bytes(&party.0.0)]);
    }
}

/// Whether a party works on, or is to be paid for, an order that is neither settled nor cancelled (X2).
pub(crate) fn has_open_orders(tx: &Tx, party: PartyId) -> bool {
    let of = |row: &&TaskOrderRow| row.creator == party || row.payee == party;
    tx.rows::<TaskOrderRow>().filter(of).any(|row| row.settled_at.is_none() && row.cancelled_at.is_none())
}

/// The creator's overview (X1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Counters for all time.
    pub totals: EarningsTotals,
    /// What can be withdrawn now.
    pub withdrawable_minor: i64,
    /// Programme income of months that are not closed.
    pub frozen_minor: i64,
    /// Reserved by withdrawals under way, by the ledger.
    pub in_transit_minor: i64,
    /// What the party owes; no withdrawal while above zero.
    pub owed_minor: i64,
    /// The last twelve civil months, oldest first.
    pub trend: Vec<(Month, EarningsTotals)>,
}

/// Balance rows of a party's accounts.
pub(crate) fn account(
    session: &mut dyn Session,
    reference: &AccountRef,
) -> Result<Option<AccountRow>, Fault> {
    let mut found = None;
    session.load(AccountRow::TABLE, &Keys::<AccountRow>(&[reference.id()]), Lock::None, &mut |row| {
        found = Some(AccountRow::read(row));
    })?;
    Ok(found)
}

/// The overview of a creator on a civil date.
///
/// # Errors
/// Storage faults.
pub fn overview(
    session: &mut dyn Session,
    party: PartyId,
    currency: Currency,
    today: Date,
) -> Result<Overview, Fault> {
    let mut months = vec![Month::of(today)];
    while months.len() < 12 {
        let before = months.last().map_or(Month::of(today), |m| m.before());
        months.push(before);
    }
    months.reverse();
    let since = months.first().map(ToString::to_string).unwrap_or_default();
    let mut rows = BTreeMap::new();
    session.query(&MONTHS, &[Value::Bytes(&party.0.0), Value::Text(&since)], &mut |row| {
        let row = EarningsTotals::read(row);
        rows.insert(row.month.clone(), row);
        true
    })?;
    let mut take = |month: String| rows.remove(&month).unwrap_or_else(|| EarningsTotals::zero(party, month));
    let totals = take(String::new());
    let trend = months.into_iter().map(|month| (month, take(month.to_string()))).collect();
    let mut balance = |kind| account(session, &AccountRef::party(party, kind, currency));
    let earnings = balance(AccountKind::Earnings)?.map(|row| row.0);
    Ok(Overview {
        totals,
        withdrawable_minor: earnings.as_ref().map_or(0, |a| a.available().max(0)),
        in_transit_minor: earnings.as_ref().map_or(0, |a| a.held_out),
        frozen_minor: balance(AccountKind::Frozen)?.map_or(0, |row| row.0.posted),
        owed_minor: balance(AccountKind::Owed)?.map_or(0, |row| row.0.posted),
        trend,
    })
}

/// An order by id.
///
/// # Errors
/// Storage faults.
pub fn order(session: &mut dyn Session, id: TaskOrderId) -> Result<Option<TaskOrderRow>, Fault> {
    let mut found = None;
    session.load(TaskOrderRow::TABLE, &Keys::<TaskOrderRow>(&[id]), Lock::None, &mut |row| {
        found = Some(TaskOrderRow::read(row));
    })?;
    Ok(found)
}

/// Totals over all creators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EarningsReport {
    /// Orders by status.
    pub orders: BTreeMap<String, i64>,
    /// Per creator, largest settled gross first: external id, counters, withdrawable.
    pub creators: Vec<(String, EarningsTotals, i64)>,
}

/// The report of earnings: sums of counters, in 128 bits, never in SQL.
///
/// # Errors
/// Storage faults.
pub fn earnings_report(session: &mut dyn Session, currency: Currency) -> Result<EarningsReport, Fault> {
    let mut report = EarningsReport::default();
    session.query(&STATUSES, &[], &mut |row| {
        report.orders.insert(row.text(0).to_owned(), row.int(1));
        true
    })?;
    let mut rows = Vec::new();
    session.query(&ALL_TOTALS, &[], &mut |row| {
        rows.push((row.text(10).to_owned(), EarningsTotals::read(row)));
        true
    })?;
    for (external_id, totals) in rows {
        let reference = AccountRef::party(totals.party, AccountKind::Earnings, currency);
        let withdrawable = account(session, &reference)?.map_or(0, |row| row.0.available().max(0));
        report.creators.push((external_id, totals, withdrawable));
    }
    Ok(report)
}

/// First and last acceptance of all orders; `None` without orders.
///
/// # Errors
/// Storage faults.
pub fn earnings_span(session: &mut dyn Session) -> Result<Option<(Timestamp, Timestamp)>, Fault> {
    let mut span = None;
    session.query(&SPAN, &[], &mut |row| {
        span = row.opt_at(0).zip(row.opt_at(1));
        true
    })?;
    Ok(span)
}
