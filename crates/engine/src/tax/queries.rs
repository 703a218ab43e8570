//! Reading what was withheld, and how it came about.

use purser_domain::{
    ids::PartyId,
    tax::{TaxMonth, TaxTerms, Withholding, withhold},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::rows::TaxMonthRow;

static OF_YEAR: Statement = Statement {
    name: "tax.months_of_year",
    sql: "SELECT party, month, income, withheld, version FROM tax_months \
          WHERE party = ?1 AND month >= ?2 AND month < ?3 ORDER BY month",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OF_YEAR];

/// A payee's months of a calendar year, the first one first.
///
/// # Errors
/// Storage faults.
pub fn tax_months(session: &mut dyn Session, party: PartyId, year: i16) -> Result<Vec<TaxMonth>, Fault> {
    let (from, until) = (format!("{year:04}-01"), format!("{:04}-01", i32::from(year) + 1));
    let mut months = Vec::new();
    let params = [Value::Bytes(&party.0.0), Value::Text(&from), Value::Text(&until)];
    session.query(&OF_YEAR, &params, &mut |row| {
        months.extend(TaxMonthRow::read(row).month());
        true
    })?;
    Ok(months)
}

/// How the tax of a year so far comes about, after the last of its months; `None` without months.
pub fn reckoned(months: &[TaxMonth], terms: &TaxTerms) -> Option<Withholding> {
    let last = months.last()?;
    withhold(months, last.month, 0, i64::MAX, terms).ok()
}
