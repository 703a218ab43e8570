//! The daily proof of float (M), and what verification proves of statements (P3).

use std::collections::BTreeMap;

use purser_domain::{
    ids::Uid,
    ledger::AccountRef,
    money::Currency,
    reconcile::State,
    time::{Date, Zone},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{DayOfRailRow, ItemRow, STATEMENT_PREFIX, queries};
use crate::{
    history,
    verify::{Finding, Invariant},
};

/// Items that a proof names.
pub const NAMED: usize = 200;

/// Items of one kind of standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// How many.
    pub count: i64,
    /// What the books are ahead of the statement through them, minor units.
    pub difference_minor: i128,
}

/// Float in the books = closing balance of the statement + items in transit + breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The day as it was compared.
    pub day: DayOfRailRow,
    /// Currency code.
    pub currency: String,
    /// Float in the books at its end, as the ledger says it now, minor units.
    pub booked_minor: i64,
    /// In transit.
    pub in_transit: Standing,
    /// Breaks.
    pub breaks: Standing,
    /// The oldest of them, at most [`NAMED`].
    pub items: Vec<(State, ItemRow)>,
}

impl Proof {
    /// What nothing explains, minor units: zero, or the books were changed.
    pub fn unexplained_minor(&self) -> i128 {
        i128::from(self.booked_minor)
            - i128::from(self.day.closing)
            - self.in_transit.difference_minor
            - self.breaks.difference_minor
    }
}

/// Proves a day of a rail; `None` when it was not compared.
///
/// # Errors
/// Storage faults.
pub fn prove(session: &mut dyn Session, rail: &str, date: Date) -> Result<Option<Proof>, Fault> {
    let Some(day) = queries::day(session, rail, date)? else { return Ok(None) };
    let currency = queries::statement(session, day.statement)?.map_or_else(String::new, |row| row.currency);
    let code: Currency = currency.parse().unwrap_or(Currency::CNY);
    let account = AccountRef::float(rail, code).id();
    let booked_minor = history::day(session, &Zone::shanghai(), account, date)?.closing_minor;
    let (mut in_transit, mut breaks, mut items) = (Standing::default(), Standing::default(), Vec::new());
    queries::standing(session, rail, date, &mut |item| {
        if let Some(state) = item.state_on(date) {
            let standing = if state == State::Break { &mut breaks } else { &mut in_transit };
            standing.count += 1;
            standing.difference_minor += item.sides().difference_minor();
            if items.len() < NAMED {
                items.push((state, item));
            }
        }
        true
    })?;
    Ok(Some(Proof { day, currency, booked_minor, in_transit, breaks, items }))
}

static STATEMENTS: Statement = Statement {
    name: "recon.proof_statements",
    sql: "SELECT id, opening, closing, lines, moved, state, total FROM recon_statements ORDER BY id",
};
static LINES: Statement = Statement {
    name: "recon.proof_lines",
    sql: "SELECT statement, on_day, amount FROM recon_lines ORDER BY statement, n",
};
static DAYS: Statement = Statement {
    name: "recon.proof_days",
    sql: "SELECT d.rail, d.day, d.statement, d.opening, d.closing, d.booked_closing, s.currency \
          FROM recon_days d JOIN recon_statements s ON s.id = d.statement ORDER BY d.rail, d.day",
};
static ITEMS: Statement = Statement {
    name: "recon.proof_items",
    sql: "SELECT rail, since_on, closed_on, booked, told FROM recon_items ORDER BY rail, since_on, id",
};
static BOOKED: Statement = Statement {
    name: "recon.proof_booked",
    sql: "SELECT closing FROM account_days WHERE account = ?1 AND day = ?2",
};

/// Statements of this file.
pub(super) const ALL: &[&Statement] = &[&STATEMENTS, &LINES, &DAYS, &ITEMS, &BOOKED];

/// Most findings.
const MOST: usize = 100;

/// Statements are their lines, and every compared day is proved: float in the books = balance of the statement + items.
pub struct StatementsProve;

/// Sum and number of the lines of a statement, and its sums by day.
type OfLines = (BTreeMap<Uid, (i64, i128)>, BTreeMap<(Uid, String), i128>);

struct DayLooked {
    rail: String,
    day: String,
    statement: Uid,
    opening: i64,
    closing: i64,
    booked: i64,
    currency: String,
}

impl Invariant for StatementsProve {
    fn name(&self) -> &'static str {
        "float = statement + items"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let (whole, by_day) = lines(session)?;
        self.statements(session, &whole, &mut findings)?;
        let events = events(session)?;
        let (mut rail, mut stands, mut before): (String, i128, Option<i64>) = (String::new(), 0, None);
        let mut passed = String::new();
        for looked in days(session)? {
            if looked.rail != rail {
                (rail, stands, before, passed) = (looked.rail.clone(), 0, None, String::new());
            }
            let range = (looked.rail.clone(), passed.clone())..=(looked.rail.clone(), looked.day.clone());
            stands +=
                events.range(range).filter(|((_, day), _)| *day != passed).map(|(_, sum)| *sum).sum::<i128>();
            passed.clone_from(&looked.day);
            let moved = by_day.get(&(looked.statement, looked.day.clone())).copied().unwrap_or(0);
            let expected = i128::from(before.unwrap_or(looked.opening)) + moved;
            self.equal(
                &mut findings,
                &looked,
                expected,
                looked.closing,
                "the balance of the statement is not what its lines come to",
            );
            let expected = i128::from(looked.closing) + stands;
            self.equal(
                &mut findings,
                &looked,
                expected,
                looked.booked,
                "float in the books is not the statement's balance and the items that stand",
            );
            if let Some(closing) = booked(session, &looked)? {
                self.equal(
                    &mut findings,
                    &looked,
                    i128::from(closing),
                    looked.booked,
                    "the day was compared with another float than the ledger has",
                );
            }
            before = Some(looked.closing);
        }
        findings.truncate(MOST);
        Ok(findings)
    }
}

impl StatementsProve {
    fn equal(&self, findings: &mut Vec<Finding>, looked: &DayLooked, expected: i128, found: i64, text: &str) {
        if expected != i128::from(found) && findings.len() < MOST {
            let place = format!("{} {}", looked.rail, looked.day);
            findings.push(Finding::of_invariant(self.name(), place, expected, found, text));
        }
    }

    fn statements(
        &self,
        session: &mut dyn Session,
        whole: &BTreeMap<Uid, (i64, i128)>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Fault> {
        session.query(&STATEMENTS, &[], &mut |row| {
            let id = row.uid(0);
            let (lines, moved) = whole.get(&id).copied().unwrap_or_default();
            let (opening, closing) = (i128::from(row.int(1)), i128::from(row.int(2)));
            let done = row.text(5) != "importing";
            let adds_up = !done || (opening + moved == closing && lines == row.int(6));
            if (lines, moved) != (row.int(3), i128::from(row.int(4))) || !adds_up {
                findings.push(Finding::of_invariant(
                    self.name(),
                    id.with_prefix(STATEMENT_PREFIX),
                    format!("{} lines that come to {}", row.int(3), row.int(4)),
                    format!("{lines} lines that come to {moved}"),
                    "the lines of the statement are not those that came in",
                ));
            }
            findings.len() < MOST
        })
    }
}

fn lines(session: &mut dyn Session) -> Result<OfLines, Fault> {
    let (mut whole, mut by_day) = OfLines::default();
    session.query(&LINES, &[], &mut |row| {
        let (statement, amount) = (row.uid(0), i128::from(row.int(2)));
        let sum: &mut (i64, i128) = whole.entry(statement).or_default();
        sum.0 += 1;
        sum.1 += amount;
        *by_day.entry((statement, row.text(1).to_owned())).or_default() += amount;
        true
    })?;
    Ok((whole, by_day))
}

/// What begins and ends to stand, by rail and day.
fn events(session: &mut dyn Session) -> Result<BTreeMap<(String, String), i128>, Fault> {
    let mut events: BTreeMap<(String, String), i128> = BTreeMap::new();
    session.query(&ITEMS, &[], &mut |row| {
        let difference = i128::from(row.int(3)) - i128::from(row.int(4));
        *events.entry((row.text(0).to_owned(), row.text(1).to_owned())).or_default() += difference;
        if !row.text(2).is_empty() {
            *events.entry((row.text(0).to_owned(), row.text(2).to_owned())).or_default() -= difference;
        }
        true
    })?;
    Ok(events)
}

fn days(session: &mut dyn Session) -> Result<Vec<DayLooked>, Fault> {
    let mut days = Vec::new();
    session.query(&DAYS, &[], &mut |row| {
        days.push(DayLooked {
            rail: row.text(0).to_owned(),
            day: row.text(1).to_owned(),
            statement: row.uid(2),
            opening: row.int(3),
            closing: row.int(4),
            booked: row.int(5),
            currency: row.text(6).to_owned(),
        });
        true
    })?;
    Ok(days)
}

/// What the ledger's own row of the day says; a day after which the float never moved has none.
fn booked(session: &mut dyn Session, looked: &DayLooked) -> Result<Option<i64>, Fault> {
    let currency = looked.currency.parse().unwrap_or(Currency::CNY);
    let account = AccountRef::float(&looked.rail, currency).id();
    let mut found = None;
    session.query(&BOOKED, &[Value::Bytes(&account.0.0), Value::Text(&looked.day)], &mut |row| {
        found = Some(row.int(0));
        false
    })?;
    Ok(found)
}
