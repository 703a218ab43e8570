//! Reading the programme.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PartyId, StatementId, TaskOrderId, Uid},
    programme::StatementState,
    time::Month,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::rows::{DisputeRow, ProgrammeMember, ProgrammeMonth, StatementLine, StatementRow};
use crate::feed::one;

/// Most rows on a page.
pub const PROGRAMME_PAGE_MAX: i64 = 500;

static MEMBERS: Statement = Statement {
    name: "programme.members",
    sql: "SELECT creator, spans, version FROM programme_members WHERE creator > ?1 AND spans <> '' \
          ORDER BY creator LIMIT ?2",
};
static MONTHS: Statement = Statement {
    name: "programme.months",
    sql: "SELECT month, state, total, done, begun_at, drafted_at, published_at, version FROM programme_months \
          WHERE month < ?1 ORDER BY month DESC LIMIT ?2",
};
static OF_MONTH: Statement = Statement {
    name: "programme.statements_of_month",
    sql: "SELECT id, creator, payee, month, state, blocked, currency, orders, income, fee, incentive, result, adjusted, \
          published_at, dispute_until, disputes, dispute_open, dispute_case, posting, policy_version, version, tax FROM programme_statements \
          WHERE month = ?1 AND state = ?2 AND id > ?3 ORDER BY month, state, id LIMIT ?4",
};
static OF_PAYEE: Statement = Statement {
    name: "programme.statements_of_payee",
    sql: "SELECT id, creator, payee, month, state, blocked, currency, orders, income, fee, incentive, result, adjusted, \
          published_at, dispute_until, disputes, dispute_open, dispute_case, posting, policy_version, version, tax FROM programme_statements \
          WHERE payee = ?1 AND (month, id) < (?2, ?3) ORDER BY payee, month DESC, id DESC LIMIT ?4",
};
static DISPUTED: Statement = Statement {
    name: "programme.disputed",
    sql: "SELECT id, creator, payee, month, state, blocked, currency, orders, income, fee, incentive, result, adjusted, \
          published_at, dispute_until, disputes, dispute_open, dispute_case, posting, policy_version, version, tax FROM programme_statements \
          WHERE dispute_open = 1 AND (month, id) > (?1, ?2) ORDER BY month, id LIMIT ?3",
};
static AMOUNTS: Statement = Statement {
    name: "programme.amounts",
    sql: "SELECT state, income, fee, incentive, result, adjusted FROM programme_statements WHERE month = ?1",
};
static LINES: Statement = Statement {
    name: "programme.lines",
    sql: "SELECT statement, task_order, gross, service_fee, net, settled_at FROM programme_lines \
          WHERE statement = ?1 AND task_order > ?2 ORDER BY task_order LIMIT ?3",
};
static DISPUTES: Statement = Statement {
    name: "programme.disputes",
    sql: "SELECT statement, number, opened_at, case_id, state, answered_at, reason, component, amount, shortage, posting, version \
          FROM programme_disputes WHERE statement = ?1 ORDER BY number LIMIT 100",
};

pub(super) const STATEMENTS: &[&Statement] =
    &[&MEMBERS, &MONTHS, &OF_MONTH, &OF_PAYEE, &DISPUTED, &AMOUNTS, &LINES, &DISPUTES];

fn all<T: purser_storage::Record>(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Vec<T>, Fault> {
    let mut rows = Vec::new();
    session.query(statement, params, &mut |row| {
        rows.push(T::read(row));
        true
    })?;
    Ok(rows)
}

fn most(limit: i64) -> Value<'static> {
    Value::Int(limit.clamp(1, PROGRAMME_PAGE_MAX))
}

/// Creators that take part or did, in order of id.
///
/// # Errors
/// Storage faults.
pub fn member_page(
    session: &mut dyn Session,
    after: PartyId,
    limit: i64,
) -> Result<Vec<ProgrammeMember>, Fault> {
    all(session, &MEMBERS, &[Value::Bytes(&after.0.0), most(limit)])
}

/// When one creator takes part.
///
/// # Errors
/// Storage faults.
pub fn member(session: &mut dyn Session, creator: PartyId) -> Result<Option<ProgrammeMember>, Fault> {
    one(session, creator)
}

/// Months that are closed or being closed, the newest first, before `before`.
///
/// # Errors
/// Storage faults.
pub fn months(
    session: &mut dyn Session,
    before: Option<Month>,
    limit: i64,
) -> Result<Vec<ProgrammeMonth>, Fault> {
    let before = before.map_or_else(|| "9999".to_owned(), |month| month.to_string());
    all(session, &MONTHS, &[Value::Text(&before), most(limit)])
}

/// A month that is closed or being closed.
///
/// # Errors
/// Storage faults.
pub fn month(session: &mut dyn Session, month: Month) -> Result<Option<ProgrammeMonth>, Fault> {
    one(session, month.to_string())
}

/// What a month's statements in one state add up to, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MonthTotals {
    /// Number of statements.
    pub statements: i64,
    /// Net income.
    pub income_minor: i128,
    /// Operating fees.
    pub fee_minor: i128,
    /// Incentives.
    pub incentive_minor: i128,
    /// income − fee + incentive, of what is computed.
    pub result_minor: i128,
    /// Adjustments since.
    pub adjusted_minor: i128,
}

/// Totals of a month by state of its statements. Reads every statement of the month.
///
/// # Errors
/// Storage faults.
pub fn month_totals(session: &mut dyn Session, month: Month) -> Result<BTreeMap<String, MonthTotals>, Fault> {
    let mut totals: BTreeMap<String, MonthTotals> = BTreeMap::new();
    session.query(&AMOUNTS, &[Value::Text(&month.to_string())], &mut |row| {
        let sum = totals.entry(row.text(0).to_owned()).or_default();
        sum.statements += 1;
        sum.income_minor += i128::from(row.int(1));
        sum.fee_minor += i128::from(row.int(2));
        sum.incentive_minor += i128::from(row.int(3));
        sum.result_minor += i128::from(row.int(4));
        sum.adjusted_minor += i128::from(row.int(5));
        true
    })?;
    Ok(totals)
}

/// A statement by id.
///
/// # Errors
/// Storage faults.
pub fn statement(session: &mut dyn Session, id: StatementId) -> Result<Option<StatementRow>, Fault> {
    one(session, id)
}

/// A month's statements in one state, in order of id, after `after`.
///
/// # Errors
/// Storage faults.
pub fn statements_of_month(
    session: &mut dyn Session,
    month: Month,
    state: StatementState,
    after: StatementId,
    limit: i64,
) -> Result<Vec<StatementRow>, Fault> {
    let month = month.to_string();
    let params = [Value::Text(&month), Value::Text(state.name()), Value::Bytes(&after.0.0), most(limit)];
    all(session, &OF_MONTH, &params)
}

/// A payee's statements, the newest month first, before the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn statements_of_payee(
    session: &mut dyn Session,
    payee: PartyId,
    before: Option<(Month, StatementId)>,
    limit: i64,
) -> Result<Vec<StatementRow>, Fault> {
    let (month, id) = match before {
        Some((month, id)) => (month.to_string(), id),
        None => ("9999".to_owned(), StatementId(Uid::NIL)),
    };
    let params = [Value::Bytes(&payee.0.0), Value::Text(&month), Value::Bytes(&id.0.0), most(limit)];
    all(session, &OF_PAYEE, &params)
}

/// Statements whose dispute waits for an answer, the oldest month first, after the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn disputed(
    session: &mut dyn Session,
    after: Option<(Month, StatementId)>,
    limit: i64,
) -> Result<Vec<StatementRow>, Fault> {
    let (month, id) = match after {
        Some((month, id)) => (month.to_string(), id),
        None => (String::new(), StatementId(Uid::NIL)),
    };
    all(session, &DISPUTED, &[Value::Text(&month), Value::Bytes(&id.0.0), most(limit)])
}

/// Orders of a statement, in order of id, after `after`.
///
/// # Errors
/// Storage faults.
pub fn lines(
    session: &mut dyn Session,
    statement: StatementId,
    after: TaskOrderId,
    limit: i64,
) -> Result<Vec<StatementLine>, Fault> {
    let params = [Value::Bytes(&statement.0.0), Value::Bytes(&after.0.0), most(limit)];
    all(session, &LINES, &params)
}

/// Disputes of a statement and their answers, the first hundred.
///
/// # Errors
/// Storage faults.
pub fn disputes(session: &mut dyn Session, statement: StatementId) -> Result<Vec<DisputeRow>, Fault> {
    all(session, &DISPUTES, &[Value::Bytes(&statement.0.0)])
}
