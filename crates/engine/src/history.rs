//! History of an account (P2): pages newest first, days, months, and the balance at any past instant.
//!
//! An account's lines form a chain from the newest back; daily rows and entry points lead into it, so that no
//! query walks more than it shows plus at most [`MarkRow::EVERY`] lines. The account's row is read first: all
//! that a history shows below it is final, so several statements agree without a common snapshot.

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::{Account, Side, Transfer},
    time::{Date, Timestamp, Zone},
};
use purser_storage::{Fault, FaultKind, Keys, Lock, Record, Session, Statement, Value};

use crate::rows::{AccountRow, DayRow, MarkRow, TransferRow};

/// Lines of a page at most.
pub const MAX_PAGE: usize = 1_000;

static CHAIN: Statement = Statement {
    name: "history.chain",
    sql: "WITH RECURSIVE chain AS ( \
            SELECT CAST(1 AS BIGINT) AS n, t.*, \
              CASE WHEN t.debit = ?1 THEN t.debit_prev ELSE t.credit_prev END AS back \
            FROM transfers t WHERE t.id = ?2 AND (t.debit = ?1 OR t.credit = ?1) \
            UNION ALL \
            SELECT c.n + 1, t.*, CASE WHEN t.debit = ?1 THEN t.debit_prev ELSE t.credit_prev END \
            FROM chain c JOIN transfers t ON t.id = c.back WHERE c.n < ?3) \
          SELECT id, at, grp, kind, step, debit, credit, amount, debit_after, credit_after, debit_prev, \
            credit_prev, of_id, reference FROM chain ORDER BY n",
};
static CHAIN_UNTIL: Statement = Statement {
    name: "history.chain_until",
    sql: "WITH RECURSIVE chain AS ( \
            SELECT CAST(1 AS BIGINT) AS n, t.at AS at, \
              CASE WHEN t.debit = ?1 THEN t.debit_after ELSE t.credit_after END AS balance, \
              CASE WHEN t.debit = ?1 THEN t.debit_prev ELSE t.credit_prev END AS back \
            FROM transfers t WHERE t.id = ?2 \
            UNION ALL \
            SELECT c.n + 1, t.at, CASE WHEN t.debit = ?1 THEN t.debit_after ELSE t.credit_after END, \
              CASE WHEN t.debit = ?1 THEN t.debit_prev ELSE t.credit_prev END \
            FROM chain c JOIN transfers t ON t.id = c.back WHERE c.at > ?3 AND c.n < ?4) \
          SELECT n, at, balance FROM chain ORDER BY n DESC LIMIT 1",
};
static LAST_DAY: Statement = Statement {
    name: "history.last_day",
    sql: "SELECT account, day, opening, closing, entries, last, last_at FROM account_days \
          WHERE account = ?1 AND day <= ?2 ORDER BY day DESC LIMIT 1",
};
static DAYS_BETWEEN: Statement = Statement {
    name: "history.days_between",
    sql: "SELECT account, day, opening, closing, entries, last, last_at FROM account_days \
          WHERE account = ?1 AND day >= ?2 AND day <= ?3 ORDER BY day",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&CHAIN, &CHAIN_UNTIL, &LAST_DAY, &DAYS_BETWEEN];

/// Where a page begins: the newest line that it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor(pub TransferId);

/// A line as one account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The transfer.
    pub transfer: Transfer,
    /// Whether this account is the debited one.
    pub debited: bool,
    /// What it added to the posted balance, in the account's own direction; zero for holds and releases.
    pub change_minor: i64,
    /// Posted balance afterwards.
    pub balance_minor: i64,
}

/// Some lines, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the next, older page begins; none at the end.
    pub next: Option<Cursor>,
}

/// An account on a civil day: `opening + Σ change = closing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Civil day in the business zone.
    pub day: Date,
    /// Posted balance before its first line, minor units.
    pub opening_minor: i64,
    /// Posted balance after its last line (so far).
    pub closing_minor: i64,
    /// Lines.
    pub entries: i64,
    /// Its newest line; none on a day without lines.
    pub last: Option<Cursor>,
}

/// An account in a calendar month: `opening + Σ change = closing`, in total and day by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Posted balance before its first line, minor units.
    pub opening_minor: i64,
    /// Posted balance after its last line (so far).
    pub closing_minor: i64,
    /// Lines.
    pub entries: i64,
    /// Days with lines, in order.
    pub days: Vec<Day>,
}

fn account(session: &mut dyn Session, id: AccountId) -> Result<Option<Account>, Fault> {
    let mut found = None;
    session.load(AccountRow::TABLE, &Keys::<AccountRow>(&[id]), Lock::None, &mut |source| {
        found = Some(AccountRow::read(source).0);
    })?;
    Ok(found)
}

/// A page of lines, newest first, from `from` on or from the account's newest line; `limit` is cut to
/// [`MAX_PAGE`]. One round trip follows the chain. An unknown account, or a cursor that is not a line of it,
/// gives an empty page.
///
/// # Errors
/// Storage faults.
pub fn page(
    session: &mut dyn Session,
    id: AccountId,
    from: Option<Cursor>,
    limit: usize,
) -> Result<Page, Fault> {
    let Some(account) = account(session, id)? else { return Ok(Page::default()) };
    let from = from.map_or(account.last, |cursor| cursor.0);
    lines_from(session, &account, from, limit.min(MAX_PAGE))
}

fn lines_from(
    session: &mut dyn Session,
    account: &Account,
    from: TransferId,
    limit: usize,
) -> Result<Page, Fault> {
    if from.0.is_nil() || limit == 0 {
        return Ok(Page::default());
    }
    let mut lines: Vec<Line> = Vec::with_capacity(limit);
    let count = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [Value::Bytes(&account.id.0.0), Value::Bytes(&from.0.0), Value::Int(count)];
    session.query(&CHAIN, &params, &mut |source| {
        lines.push(line(account, TransferRow::read(source).0));
        true
    })?;
    let back = lines.last().map(|l| if l.debited { l.transfer.debit_prev } else { l.transfer.credit_prev });
    let next = back.filter(|id| !id.0.is_nil()).map(Cursor);
    Ok(Page { lines, next })
}

fn line(account: &Account, transfer: Transfer) -> Line {
    let debited = transfer.debit == account.id;
    let grows = (account.side == Side::Debit) == debited;
    let moves = !matches!(transfer.step, 1 | 3);
    let change_minor = match (moves, grows) {
        (false, _) => 0,
        (true, true) => transfer.amount_minor,
        (true, false) => -transfer.amount_minor,
    };
    let balance_minor = if debited { transfer.debit_after } else { transfer.credit_after };
    Line { transfer, debited, change_minor, balance_minor }
}

/// The lines of one day, newest first; `from` is [`Page::next`] of the page before.
///
/// # Errors
/// Storage faults.
pub fn day_page(
    session: &mut dyn Session,
    zone: &Zone,
    id: AccountId,
    day: &Day,
    from: Option<Cursor>,
    limit: usize,
) -> Result<Page, Fault> {
    let Some(first) = from.or(day.last) else { return Ok(Page::default()) };
    let limit = limit.min(usize::try_from(day.entries).unwrap_or(MAX_PAGE));
    let mut page = page(session, id, Some(first), limit)?;
    let start = zone.start_of(day.day);
    let before = page.lines.len();
    page.lines.retain(|line| line.transfer.at >= start);
    let whole = i64::try_from(page.lines.len()).is_ok_and(|lines| lines >= day.entries);
    if page.lines.len() < before || whole {
        page.next = None;
    }
    Ok(page)
}

/// Opening, number of lines and closing of a civil day; all zero for an account that does not exist.
///
/// # Errors
/// Storage faults.
pub fn day(session: &mut dyn Session, zone: &Zone, id: AccountId, day: Date) -> Result<Day, Fault> {
    let still = |balance| Day { day, opening_minor: balance, closing_minor: balance, entries: 0, last: None };
    let Some(account) = account(session, id)?.filter(|a| a.entries > 0) else { return Ok(still(0)) };
    let current = current_day(zone, &account);
    if day > current.day {
        return Ok(still(account.posted));
    }
    if day == current.day {
        return Ok(current);
    }
    Ok(match last_day(session, id, day)? {
        Some(row) if row.day == day => of_row(&row),
        Some(row) => still(row.closing_minor),
        None => still(0),
    })
}

/// Opening, closing and days of a calendar month.
///
/// # Errors
/// Storage faults. A month outside 1 to 12 is read as the nearest one.
pub fn month(
    session: &mut dyn Session,
    zone: &Zone,
    id: AccountId,
    year: i16,
    month: i8,
) -> Result<Month, Fault> {
    let first = Date::new(year, month.clamp(1, 12), 1).unwrap_or(Date::ZERO);
    let last = first.last_of_month();
    let empty =
        |balance| Month { opening_minor: balance, closing_minor: balance, entries: 0, days: Vec::new() };
    let Some(account) = account(session, id)?.filter(|a| a.entries > 0) else { return Ok(empty(0)) };
    let current = current_day(zone, &account);
    if first > current.day {
        return Ok(empty(account.posted));
    }
    let mut days = Vec::new();
    let (from, to) = (first.to_string(), last.min(current.day).to_string());
    let params = [Value::Bytes(&id.0.0), Value::Text(&from), Value::Text(&to)];
    session.query(&DAYS_BETWEEN, &params, &mut |source| {
        let row = DayRow::read(source);
        // The current day may have got its row since the account was read.
        if row.day < current.day {
            days.push(of_row(&row));
        }
        true
    })?;
    if current.day <= last {
        days.push(current);
    }
    let (Some(opening), Some(closing)) = (days.first(), days.last()) else {
        let before = last_day(session, id, first)?.map_or(0, |row| row.closing_minor);
        return Ok(empty(before));
    };
    let entries = days.iter().map(|d| d.entries).sum();
    Ok(Month { opening_minor: opening.opening_minor, closing_minor: closing.closing_minor, entries, days })
}

/// The day of the account's newest line: it has no row of its own yet.
fn current_day(zone: &Zone, account: &Account) -> Day {
    Day {
        day: zone.date(account.last_at),
        opening_minor: account.day_opening,
        closing_minor: account.posted,
        entries: account.day_entries,
        last: Some(Cursor(account.last)),
    }
}

fn of_row(row: &DayRow) -> Day {
    Day {
        day: row.day,
        opening_minor: row.opening_minor,
        closing_minor: row.closing_minor,
        entries: row.entries,
        last: Some(Cursor(row.last)),
    }
}

/// The newest daily row on or before a day.
fn last_day(session: &mut dyn Session, id: AccountId, day: Date) -> Result<Option<DayRow>, Fault> {
    let mut found = None;
    let text = day.to_string();
    session.query(&LAST_DAY, &[Value::Bytes(&id.0.0), Value::Text(&text)], &mut |source| {
        found = Some(DayRow::read(source));
        false
    })?;
    Ok(found)
}

/// A balance at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Posted balance after everything up to and including the instant, minor units.
    pub posted_minor: i64,
    /// Lines that were read to find it: at most [`MarkRow::EVERY`] + 1.
    pub lines_read: i64,
}

/// The posted balance of an account at an instant, lines of that instant included; zero before its first line
/// and for an account that does not exist.
///
/// # Errors
/// Storage faults; [`FaultKind::Unusable`] when entry points are missing.
pub fn balance_at(
    session: &mut dyn Session,
    zone: &Zone,
    id: AccountId,
    at: Timestamp,
) -> Result<Balance, Fault> {
    let known = |posted_minor| Ok(Balance { posted_minor, lines_read: 0 });
    let Some(account) = account(session, id)?.filter(|a| a.entries > 0) else { return known(0) };
    if at >= account.last_at {
        return known(account.posted);
    }
    let date = zone.date(at);
    if date == zone.date(account.last_at) {
        return inside_day(session, &account, account.last, account.last_at, at);
    }
    match last_day(session, id, date)? {
        None => known(0),
        Some(row) if row.day < date || row.last_at <= at => known(row.closing_minor),
        Some(row) => inside_day(session, &account, row.last, row.last_at, at),
    }
}

/// Follows the chain from the nearest point after `at`: the day's last line, or an entry point before it.
fn inside_day(
    session: &mut dyn Session,
    account: &Account,
    last: TransferId,
    last_at: Timestamp,
    at: Timestamp,
) -> Result<Balance, Fault> {
    let from = match first_mark_after(session, account, at)? {
        Some(mark) if mark.at <= last_at => mark.transfer,
        _ => last,
    };
    let id = account.id.0.0;
    let limit = MarkRow::EVERY + 1;
    let params = [Value::Bytes(&id), Value::Bytes(&from.0.0), Value::Int(at.0), Value::Int(limit)];
    let mut oldest = None;
    session.query(&CHAIN_UNTIL, &params, &mut |source| {
        oldest = Some((source.int(0), source.at(1), source.int(2)));
        false
    })?;
    match oldest {
        Some((lines_read, reached, posted_minor)) if reached <= at => {
            Ok(Balance { posted_minor, lines_read })
        }
        // The chain ended: `at` is before the account's first line.
        Some((lines_read, _, _)) if lines_read < limit => Ok(Balance { posted_minor: 0, lines_read }),
        _ => Err(Fault::new(
            FaultKind::Unusable,
            "history.balance_at",
            "entry points of the account are missing or wrong: run `purser verify`",
        )),
    }
}

/// The oldest entry point after an instant, by halving: entry points are numbered and ordered in time.
fn first_mark_after(
    session: &mut dyn Session,
    account: &Account,
    at: Timestamp,
) -> Result<Option<MarkRow>, Fault> {
    let (mut low, mut high) = (1, account.entries / MarkRow::EVERY + 1);
    let mut best = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let mut found = None;
        let key = (account.id, middle * MarkRow::EVERY);
        session.load(MarkRow::TABLE, &Keys::<MarkRow>(&[key]), Lock::None, &mut |source| {
            found = Some(MarkRow::read(source));
        })?;
        match found {
            Some(mark) if mark.at > at => {
                high = middle;
                best = Some(mark);
            }
            _ => low = middle + 1,
        }
    }
    Ok(best)
}
