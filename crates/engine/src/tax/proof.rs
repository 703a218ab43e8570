//! What verification proves of withholding (P3): months are what settlement lines took, and the account holds no more.

use std::collections::BTreeMap;

use purser_domain::{
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_storage::{Fault, Session, Statement};

use crate::{
    earnings::account,
    verify::{Finding, Invariant},
};

static MONTHS: Statement = Statement {
    name: "tax.all_months",
    sql: "SELECT party, income, withheld FROM tax_months ORDER BY party",
};
static ORDERS: Statement = Statement {
    name: "tax.of_orders",
    sql: "SELECT payee, amount, service_fee, compensation, net, status, currency FROM task_orders \
          WHERE net IS NOT NULL AND kind = 'independent' ORDER BY payee",
};
static STATEMENTS_OF_MONTHS: Statement = Statement {
    name: "tax.of_statements",
    sql: "SELECT payee, tax, currency FROM programme_statements WHERE tax <> 0 ORDER BY payee",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&MONTHS, &ORDERS, &STATEMENTS_OF_MONTHS];

/// Most findings.
const MOST: usize = 100;

/// See the module.
pub(crate) struct TaxAddsUp;

impl Invariant for TaxAddsUp {
    fn name(&self) -> &'static str {
        "tax withheld = settlement lines"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let (mut lines, mut currency): (BTreeMap<PartyId, i128>, _) = (BTreeMap::new(), Currency::CNY);
        session.query(&ORDERS, &[], &mut |row| {
            let part = |column: usize| if row.is_null(column) { 0 } else { i128::from(row.int(column)) };
            let gross = if row.text(5) == "settled" { part(1) } else { 0 };
            let tax = gross - part(2) + part(3) - part(4);
            if tax != 0 {
                *lines.entry(PartyId(row.uid(0))).or_default() += tax;
                currency = row.text(6).parse().unwrap_or(currency);
            }
            true
        })?;
        session.query(&STATEMENTS_OF_MONTHS, &[], &mut |row| {
            *lines.entry(PartyId(row.uid(0))).or_default() += i128::from(row.int(1));
            currency = row.text(2).parse().unwrap_or(currency);
            true
        })?;
        let total: i128 = lines.values().sum();
        let mut months: BTreeMap<PartyId, i128> = BTreeMap::new();
        session.query(&MONTHS, &[], &mut |row| {
            *months.entry(PartyId(row.uid(0))).or_default() += i128::from(row.int(2));
            true
        })?;
        let mut findings = Vec::new();
        let mut say = |subject: String, expected: i128, found: i128, sentence: &str| {
            if findings.len() < MOST {
                findings.push(Finding::of_invariant(self.name(), subject, expected, found, sentence));
            }
        };
        for (party, withheld) in months {
            let taken = lines.remove(&party).unwrap_or(0);
            if taken != withheld {
                let text = "the payee's months do not add up to the tax of its settlement lines";
                say(party.to_string(), taken, withheld, text);
            }
        }
        for (party, taken) in lines {
            say(party.to_string(), taken, 0, "settlement lines took tax that no month counts");
        }
        // What was paid over to the tax authority has left the account.
        let reference = AccountRef::platform(AccountKind::TaxWithheld, currency);
        let held = account(session, &reference)?.map_or(0, |row| i128::from(row.0.posted));
        if held > total {
            say(
                reference.id().to_string(),
                total,
                held,
                "the account of withheld tax holds more than was withheld",
            );
        }
        Ok(findings)
    }
}
