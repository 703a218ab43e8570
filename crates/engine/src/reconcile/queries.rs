//! Reading statements, lines and items.

use purser_domain::{
    ids::Uid,
    reconcile::State,
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{DayOfRailRow, ItemRow, LineRow, ReconRailRow, StatementRow};
use crate::feed::one;

/// Most rows of a read: a page, and one more to see whether there is another.
pub const RECON_PAGE_MAX: i64 = 201;

static STATEMENTS_PAGE: Statement = Statement {
    name: "recon.statements",
    sql: "SELECT id, rail, number, account, currency, from_on, to_on, opening, closing, total, lines, moved, state, \
          before, taken_at, taken_by, version FROM recon_statements \
          WHERE (taken_at, id) < (?1, ?2) AND (?3 = '' OR rail = ?3) ORDER BY taken_at DESC, id DESC LIMIT ?4",
};
static LINES: Statement = Statement {
    name: "recon.lines",
    sql: "SELECT statement, n, on_day, amount, reference, rail_reference, entry, kind FROM recon_lines \
          WHERE statement = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
};
static LINES_OF_DAY: Statement = Statement {
    name: "recon.lines_of_day",
    sql: "SELECT statement, n, on_day, amount, reference, rail_reference, entry, kind FROM recon_lines \
          WHERE statement = ?1 AND on_day = ?2 ORDER BY n",
};
static ITEMS: Statement = Statement {
    name: "recon.items",
    sql: "SELECT id, rail, kind, state, since_on, broke_on, closed_on, closed_how, closed_by, booked, told, statement, \
          n, transfer, about, reference, rail_reference, entry, words, other, case_id, note, opened_at, version \
          FROM recon_items WHERE state = ?1 AND (?2 = '' OR rail = ?2) AND (since_on, id) > (?3, ?4) \
          ORDER BY since_on, id LIMIT ?5",
};
// What stands on a day is what is there since then or before, and not closed by then.
static STANDING: Statement = Statement {
    name: "recon.standing",
    sql: "SELECT id, rail, kind, state, since_on, broke_on, closed_on, closed_how, closed_by, booked, told, statement, \
          n, transfer, about, reference, rail_reference, entry, words, other, case_id, note, opened_at, version \
          FROM recon_items WHERE rail = ?1 AND since_on <= ?2 AND (closed_on = '' OR closed_on > ?2) \
          ORDER BY since_on, id",
};
// A day that is compared once more finds open what it closed itself, and nothing that it opened.
static BEFORE: Statement = Statement {
    name: "recon.before",
    sql: "SELECT id, rail, kind, state, since_on, broke_on, closed_on, closed_how, closed_by, booked, told, statement, \
          n, transfer, about, reference, rail_reference, entry, words, other, case_id, note, opened_at, version \
          FROM recon_items WHERE rail = ?1 AND since_on < ?2 \
          AND (closed_on = '' OR (closed_on = ?2 AND closed_how = 'matched')) ORDER BY since_on, id",
};
static DAYS: Statement = Statement {
    name: "recon.days",
    sql: "SELECT rail, day, statement, opening, closing, booked_closing, lines, bookings, matched, by_amount, came, \
          items, done_at FROM recon_days WHERE rail = ?1 AND day < ?2 ORDER BY day DESC LIMIT ?3",
};

/// Statements of this file.
pub(super) const ALL: &[&Statement] =
    &[&STATEMENTS_PAGE, &LINES, &LINES_OF_DAY, &ITEMS, &STANDING, &BEFORE, &DAYS];

fn rows<T>(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
    read: fn(&dyn purser_storage::Source) -> T,
) -> Result<Vec<T>, Fault> {
    let mut out = Vec::new();
    session.query(statement, params, &mut |row| {
        out.push(read(row));
        true
    })?;
    Ok(out)
}

/// A statement.
///
/// # Errors
/// Storage faults.
pub fn statement(session: &mut dyn Session, id: Uid) -> Result<Option<StatementRow>, Fault> {
    one(session, id)
}

/// How far a rail has come.
///
/// # Errors
/// Storage faults.
pub fn progress(session: &mut dyn Session, rail: &str) -> Result<Option<ReconRailRow>, Fault> {
    one(session, rail.to_owned())
}

/// An item.
///
/// # Errors
/// Storage faults.
pub fn item(session: &mut dyn Session, id: Uid) -> Result<Option<ItemRow>, Fault> {
    one(session, id)
}

/// Statements, newest first, before the last one of the page before; `rail` empty for all.
///
/// # Errors
/// Storage faults.
pub fn statements(
    session: &mut dyn Session,
    rail: &str,
    before: Option<(Timestamp, Uid)>,
    limit: i64,
) -> Result<Vec<StatementRow>, Fault> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), Uid([0xff; 16])));
    let limit = Value::Int(limit.clamp(1, RECON_PAGE_MAX));
    rows(
        session,
        &STATEMENTS_PAGE,
        &[Value::Int(at.0), Value::Bytes(&id.0), Value::Text(rail), limit],
        StatementRow::read,
    )
}

/// Lines of a statement in order, after the one with number `after`.
///
/// # Errors
/// Storage faults.
pub fn lines(
    session: &mut dyn Session,
    statement: Uid,
    after: i64,
    limit: i64,
) -> Result<Vec<LineRow>, Fault> {
    let limit = Value::Int(limit.clamp(1, RECON_PAGE_MAX));
    rows(session, &LINES, &[Value::Bytes(&statement.0), Value::Int(after), limit], LineRow::read)
}

/// Every line of a statement that is booked on a day.
pub(super) fn lines_of_day(
    session: &mut dyn Session,
    statement: Uid,
    day: Date,
    each: &mut dyn FnMut(LineRow) -> bool,
) -> Result<(), Fault> {
    let day = day.to_string();
    session.query(&LINES_OF_DAY, &[Value::Bytes(&statement.0), Value::Text(&day)], &mut |row| {
        each(LineRow::read(row))
    })
}

/// Items in a state, the oldest first, after the last one of the page before; `rail` empty for all.
///
/// # Errors
/// Storage faults.
pub fn items(
    session: &mut dyn Session,
    state: State,
    rail: &str,
    after: Option<(Date, Uid)>,
    limit: i64,
) -> Result<Vec<ItemRow>, Fault> {
    let (on, id) = after.map_or((String::new(), Uid::NIL), |(on, id)| (on.to_string(), id));
    let params = [
        Value::Text(state.name()),
        Value::Text(rail),
        Value::Text(&on),
        Value::Bytes(&id.0),
        Value::Int(limit.clamp(1, RECON_PAGE_MAX)),
    ];
    rows(session, &ITEMS, &params, ItemRow::read)
}

/// Every item that stands at the end of a day.
pub(super) fn standing(
    session: &mut dyn Session,
    rail: &str,
    day: Date,
    each: &mut dyn FnMut(ItemRow) -> bool,
) -> Result<(), Fault> {
    let day = day.to_string();
    session.query(&STANDING, &[Value::Text(rail), Value::Text(&day)], &mut |row| each(ItemRow::read(row)))
}

/// Items of days before that a day may meet.
pub(super) fn before(session: &mut dyn Session, rail: &str, day: Date) -> Result<Vec<ItemRow>, Fault> {
    let day = day.to_string();
    rows(session, &BEFORE, &[Value::Text(rail), Value::Text(&day)], ItemRow::read)
}

/// A day that was compared.
///
/// # Errors
/// Storage faults.
pub fn day(session: &mut dyn Session, rail: &str, day: Date) -> Result<Option<DayOfRailRow>, Fault> {
    one(session, (rail.to_owned(), day))
}

/// Days that were compared, newest first, before a day.
///
/// # Errors
/// Storage faults.
pub fn days(
    session: &mut dyn Session,
    rail: &str,
    before: Option<Date>,
    limit: i64,
) -> Result<Vec<DayOfRailRow>, Fault> {
    let before = before.map_or_else(|| "9999-99-99".to_owned(), |day| day.to_string());
    let limit = Value::Int(limit.clamp(1, RECON_PAGE_MAX));
    rows(session, &DAYS, &[Value::Text(rail), Value::Text(&before), limit], DayOfRailRow::read)
}
