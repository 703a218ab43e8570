//! Statements of a party by month (P20): every account of it with opening and closing balance, and the lines between.
//! Everything is the ledger's own: `opening + Σ change = closing` for each account, or the reader is told that it is not.

use purser_domain::{
    ids::{AdGrantId, PartyId},
    ledger::{AccountKind, AccountRef, Side},
    money::Currency,
    time::{Date, Timestamp, Zone},
};
use purser_storage::{Fault, Session, Statement, Value};

use crate::{
    ads::grant_account,
    history::{self, Cursor, Line, Page},
};

/// Kinds of accounts that a party has one of.
const KINDS: [AccountKind; 8] = [
    AccountKind::Earnings,
    AccountKind::Frozen,
    AccountKind::Proceeds,
    AccountKind::AdCash,
    AccountKind::CreditReceivable,
    AccountKind::CreditLiability,
    AccountKind::AdArrears,
    AccountKind::Owed,
];

/// Grants read at a time.
const GRANTS: usize = 500;

/// Grants that an advertiser had at some time of a month: each is an account.
static GRANTS_OF_MONTH: Statement = Statement {
    name: "statements.grants",
    sql: "SELECT id FROM ad_grants WHERE party = ?1 AND id > ?2 AND given_at < ?3 \
          AND (ended_at IS NULL OR ended_at >= ?4) ORDER BY id LIMIT ?5",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&GRANTS_OF_MONTH];

/// A calendar month of the business zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Span {
    /// The month that contains a day.
    pub fn of(zone: &Zone, day: Date) -> Self {
        let first = Date::new(day.year(), day.month(), 1).unwrap_or(Date::ZERO);
        let last = first.last_of_month();
        let until = last.tomorrow().map_or(Timestamp(i64::MAX), |next| zone.start_of(next));
        Self { first, last, from: zone.start_of(first), until }
    }
}

/// An account in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementAccount {
    /// What it is.
    pub reference: AccountRef,
    /// Balance before its first line of the month, minor units, in the account's own direction.
    pub opening_minor: i64,
    /// Balance after its last line of the month, so far.
    pub closing_minor: i64,
    /// Lines, holds and their releases included.
    pub entries: i64,
    /// Its newest line of the month.
    pub last: Option<Cursor>,
}

impl StatementAccount {
    /// Whether its balance is what the party owes.
    pub fn owes(&self) -> bool {
        self.reference.kind.side() == Side::Debit
    }
}

/// Every account of a party that has a balance in a month or lines in it, in a fixed order.
///
/// # Errors
/// Storage faults.
pub fn accounts(
    session: &mut dyn Session,
    zone: &Zone,
    party: PartyId,
    currency: Currency,
    span: &Span,
) -> Result<Vec<StatementAccount>, Fault> {
    let mut references: Vec<_> = KINDS.iter().map(|kind| AccountRef::party(party, *kind, currency)).collect();
    let mut after = AdGrantId::default();
    loop {
        let mut grants = Vec::new();
        let limit = i64::try_from(GRANTS).unwrap_or(i64::MAX);
        let params = [
            Value::Bytes(&party.0.0),
            Value::Bytes(&after.0.0),
            Value::Int(span.until.0),
            Value::Int(span.from.0),
            Value::Int(limit),
        ];
        session.query(&GRANTS_OF_MONTH, &params, &mut |row| {
            grants.push(AdGrantId(row.uid(0)));
            true
        })?;
        let is_last = grants.len() < GRANTS;
        after = grants.last().copied().unwrap_or(after);
        references.extend(grants.into_iter().map(|grant| grant_account(party, grant, currency)));
        if is_last {
            break;
        }
    }
    let mut found = Vec::new();
    for reference in references {
        let month = history::month(session, zone, reference.id(), span.first.year(), span.first.month())?;
        if month.entries > 0 || month.opening_minor != 0 {
            found.push(StatementAccount {
                reference,
                opening_minor: month.opening_minor,
                closing_minor: month.closing_minor,
                entries: month.entries,
                last: month.days.last().and_then(|day| day.last),
            });
        }
    }
    Ok(found)
}

/// Lines of an account of a statement, newest first, from `from` on, back to the first of the month; what only reserves
/// or gives back a reservation changes no balance and is left out, so that a page may be short.
///
/// # Errors
/// Storage faults.
pub fn lines(
    session: &mut dyn Session,
    account: &AccountRef,
    span: &Span,
    from: Cursor,
    limit: usize,
) -> Result<Page, Fault> {
    let mut page = history::page(session, account.id(), Some(from), limit)?;
    let read = page.lines.len();
    page.lines.retain(|line| line.transfer.at >= span.from);
    if page.lines.len() < read {
        page.next = None;
    }
    page.lines.retain(|line| line.change_minor != 0);
    Ok(page)
}

/// What lines add up to; wide, so that no sum of them overflows.
pub fn sum(lines: &[Line]) -> i128 {
    lines.iter().map(|line| i128::from(line.change_minor)).sum()
}
