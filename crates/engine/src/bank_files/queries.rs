//! Reading bank files, messages and entries.

use purser_domain::{
    ids::{BankFileId, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{
    BankEntryRow, BankFileRow, BankMessageRow, BankOrderRow,
    collect::{CloseDueFiles, ROUND},
};
use crate::feed::one;

/// Most rows of a read: a page, and one more to see whether there is another.
pub const BANK_PAGE_MAX: i64 = 201;

pub(super) static OPEN: Statement = Statement {
    name: "bank_files.open",
    sql: "SELECT id, state, currency, orders, amount, opened_at, closes_at, closed_at, closed_by, fixed_at, sent_at, \
          sent_by, name, hash, size, content, version, given_at FROM bank_files WHERE state = 'open' ORDER BY id LIMIT 2",
};
static DUE: Statement = Statement {
    name: "bank_files.due",
    sql: "SELECT id FROM bank_files WHERE state = 'open' AND closes_at <= ?1 ORDER BY id LIMIT ?2",
};
// The name stands in for the content, which a page does not carry.
static PAGE: Statement = Statement {
    name: "bank_files.page",
    sql: "SELECT id, state, currency, orders, amount, opened_at, closes_at, closed_at, closed_by, fixed_at, sent_at, \
          sent_by, name, hash, size, name, version, given_at FROM bank_files \
          WHERE id < ?1 AND (?2 = '' OR state = ?2) ORDER BY id DESC LIMIT ?3",
};
pub(super) static ORDERS: Statement = Statement {
    name: "bank_files.orders",
    sql: "SELECT reference, file, n, amount, currency, class, payee, payee_index, state, failure, code, paid_by, \
          attempts, collected_at, changed_at, version FROM bank_orders WHERE file = ?1 ORDER BY n LIMIT 10000",
};
static MESSAGES: Statement = Statement {
    name: "bank_files.messages",
    sql: "SELECT id, kind, message_id, hash, size, about, taken_at, lines, matched, known, unmatched, conflicts \
          FROM bank_messages WHERE (taken_at, id) < (?1, ?2) ORDER BY taken_at DESC, id DESC LIMIT ?3",
};
static ENTRIES: Statement = Statement {
    name: "bank_files.entries",
    sql: "SELECT id, message, kind, state, problem, account, amount, currency, booked_on, reference, bank_reference, \
          reason, counterparty, words, taken_at, version FROM bank_entries \
          WHERE (taken_at, id) < (?1, ?2) AND (?3 = '' OR state = ?3) AND (?4 = '' OR kind = ?4) \
          ORDER BY taken_at DESC, id DESC LIMIT ?5",
};

// Few are handed over, and by hand seldom: the index of states will do.
static HANDED_OVER: Statement = Statement {
    name: "bank_files.handed_over",
    sql: "SELECT id, message, kind, state, problem, account, amount, currency, booked_on, reference, bank_reference, \
          reason, counterparty, words, taken_at, version FROM bank_entries \
          WHERE state = 'handed_over' AND bank_reference = ?1 ORDER BY taken_at, id LIMIT 200",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&OPEN, &DUE, &PAGE, &ORDERS, &MESSAGES, &ENTRIES, &HANDED_OVER];

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

/// What the schedule that closes files has to do.
///
/// # Errors
/// Storage faults.
pub fn plan_close(session: &mut dyn Session, now: Timestamp) -> Result<CloseDueFiles, Fault> {
    let params = [Value::Int(now.0), Value::Int(ROUND)];
    let due = rows(session, &DUE, &params, |row| BankFileId(row.uid(0)))?;
    Ok(CloseDueFiles { due })
}

/// A file with its sealed content.
///
/// # Errors
/// Storage faults.
pub fn bank_file(session: &mut dyn Session, id: BankFileId) -> Result<Option<BankFileRow>, Fault> {
    one(session, id)
}

/// An order by its reference.
///
/// # Errors
/// Storage faults.
pub fn bank_order(session: &mut dyn Session, reference: &str) -> Result<Option<BankOrderRow>, Fault> {
    one(session, reference.to_owned())
}

/// Files, newest first, before the last one of the page before; `state` empty for all. Their content is left out.
///
/// # Errors
/// Storage faults.
pub fn bank_file_page(
    session: &mut dyn Session,
    before: Option<BankFileId>,
    state: &str,
    limit: i64,
) -> Result<Vec<BankFileRow>, Fault> {
    let before = before.unwrap_or(BankFileId(Uid([0xff; 16])));
    let limit = limit.clamp(1, BANK_PAGE_MAX);
    let params = [Value::Bytes(&before.0.0), Value::Text(state), Value::Int(limit)];
    let mut found = rows(session, &PAGE, &params, BankFileRow::read)?;
    for file in &mut found {
        file.content.clear();
    }
    Ok(found)
}

/// Orders that are in a file now, in their places.
///
/// # Errors
/// Storage faults.
pub fn orders_of(session: &mut dyn Session, file: BankFileId) -> Result<Vec<BankOrderRow>, Fault> {
    rows(session, &ORDERS, &[Value::Bytes(&file.0.0)], BankOrderRow::read)
}

/// Place of a row in a list by time.
pub type BankCursor = Option<(Timestamp, Uid)>;

fn last(before: BankCursor) -> (Timestamp, Uid) {
    before.unwrap_or((Timestamp(i64::MAX), Uid([0xff; 16])))
}

/// Messages, newest first, before the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn bank_messages(
    session: &mut dyn Session,
    before: BankCursor,
    limit: i64,
) -> Result<Vec<BankMessageRow>, Fault> {
    let (at, id) = last(before);
    let params = [Value::Int(at.0), Value::Bytes(&id.0), Value::Int(limit.clamp(1, BANK_PAGE_MAX))];
    rows(session, &MESSAGES, &params, BankMessageRow::read)
}

/// Lines of money in that messages brought under a reference of the bank, and that were handed over to payments. A batch
/// has several.
///
/// # Errors
/// Storage faults.
pub fn handed_over(session: &mut dyn Session, bank_reference: &str) -> Result<Vec<BankEntryRow>, Fault> {
    rows(session, &HANDED_OVER, &[Value::Text(bank_reference)], BankEntryRow::read)
}

/// Lines of the bank, newest first, before the last one of the page before; `state` and `kind` empty for all.
///
/// # Errors
/// Storage faults.
pub fn bank_entries(
    session: &mut dyn Session,
    before: BankCursor,
    state: &str,
    kind: &str,
    limit: i64,
) -> Result<Vec<BankEntryRow>, Fault> {
    let (at, id) = last(before);
    let params = [
        Value::Int(at.0),
        Value::Bytes(&id.0),
        Value::Text(state),
        Value::Text(kind),
        Value::Int(limit.clamp(1, BANK_PAGE_MAX)),
    ];
    rows(session, &ENTRIES, &params, BankEntryRow::read)
}
