//! The report of a quarter (X18): who was paid what, with the identity in the clear, as platforms hand it to the tax
//! administration (国务院令810号). Taking it is a command, so that who took it and why stands in the audit log.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PartyId, TypedId as _},
    tax::Quarter,
};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use super::rows::TaxMonthRow;
use crate::{
    command::{Command, Ctx, Rejection},
    earnings::EarningsTotals,
    facts::Facts,
    identity::{IdentityRow, rows::place},
    parties::PartyRow,
    tx::{Needs, Tx},
    vault::{Vault, VaultError},
};

static PAYEES: Statement = Statement {
    name: "tax.payees_of_months",
    sql: "SELECT DISTINCT party FROM earnings_totals WHERE party > ?1 AND month >= ?2 AND month <= ?3 \
          AND (settled_gross <> 0 OR compensation <> 0) ORDER BY party LIMIT ?4",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&PAYEES];

/// Longest reason, in characters.
const REASON_MAX: usize = 500;

/// Writes down that somebody takes the report of a quarter.
///
/// Rejections in order: `quarter_not_begun`, `reason_invalid`.
pub struct TakeTaxReport {
    /// Which.
    pub quarter: Quarter,
    /// Why.
    pub reason: String,
}

impl Command for TakeTaxReport {
    type Output = ();

    fn name(&self) -> &'static str {
        "tax.report"
    }

    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}

    fn decide(&self, _tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        if self.quarter.months()[0].first_day() > ctx.today {
            let text = format!("{} has not begun", self.quarter);
            return Err(Rejection::new("quarter_not_begun", text).at("/quarter"));
        }
        let length = self.reason.trim().chars().count();
        if length == 0 || length > REASON_MAX || self.reason.chars().any(char::is_control) {
            let text = "say what it is for, in 1 to 500 printable characters";
            return Err(Rejection::new("reason_invalid", text).at("/reason"));
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.quarter.to_string(), Facts::new().text("reason", self.reason.trim()))
    }
}

/// A payee of a quarter; amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// Which party.
    pub party: PartyId,
    /// The platform's own id of it.
    pub external_id: String,
    /// Legal form.
    pub legal_form: String,
    /// Kind of the identity, `person` or `enterprise`; empty while there is none.
    pub identity_kind: String,
    /// Whether it is verified.
    pub verified: bool,
    /// Name in the clear; empty while there is none.
    pub name: String,
    /// Identity number or credit code in the clear; empty while there is none.
    pub number: String,
    /// Gross of settled orders.
    pub gross_minor: i128,
    /// Compensation for cancelled orders.
    pub compensation_minor: i128,
    /// The platform's service fees.
    pub service_fee_minor: i128,
    /// Tax that was withheld.
    pub withheld_minor: i128,
}

/// A page of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarterReport {
    /// Payees, in order of their ids.
    pub payees: Vec<Payee>,
    /// Where it goes on.
    pub next: Option<PartyId>,
}

fn load<T: Record>(session: &mut dyn Session, keys: &[T::Key]) -> Result<Vec<T>, Fault> {
    let mut rows = Vec::new();
    session.load(T::TABLE, &Keys::<T>(keys), Lock::None, &mut |row| rows.push(T::read(row)))?;
    Ok(rows)
}

/// Payees of a quarter after `after`, at most so many.
///
/// # Errors
/// Storage faults; [`VaultError`] where an identity does not open with this key.
pub fn report_page(
    session: &mut dyn Session,
    vault: &Vault,
    quarter: Quarter,
    after: Option<PartyId>,
    most: usize,
) -> Result<Result<QuarterReport, VaultError>, Fault> {
    let months = quarter.months().map(|month| month.to_string());
    let limit = Value::Int(i64::try_from(most).unwrap_or(i64::MAX));
    let after = after.unwrap_or_default();
    let mut parties = Vec::new();
    let params = [Value::Bytes(&after.0.0), Value::Text(&months[0]), Value::Text(&months[2]), limit];
    session.query(&PAYEES, &params, &mut |row| {
        parties.push(PartyId::from_uid(row.uid(0)));
        true
    })?;
    let next = parties.last().copied().filter(|_| parties.len() >= most);
    let by_month: Vec<(PartyId, String)> =
        parties.iter().flat_map(|party| months.iter().map(|month| (*party, month.clone()))).collect();
    let identities: BTreeMap<PartyId, IdentityRow> =
        load::<IdentityRow>(session, &parties)?.into_iter().map(|row| (row.party, row)).collect();
    let mut payees: BTreeMap<PartyId, Payee> = BTreeMap::new();
    for row in load::<PartyRow>(session, &parties)? {
        match payee(vault, &row, identities.get(&row.id)) {
            Ok(payee) => payees.insert(row.id, payee),
            Err(broken) => return Ok(Err(broken)),
        };
    }
    for row in load::<EarningsTotals>(session, &by_month)? {
        if let Some(payee) = payees.get_mut(&row.party) {
            payee.gross_minor += i128::from(row.settled_gross);
            payee.compensation_minor += i128::from(row.compensation);
            payee.service_fee_minor += i128::from(row.service_fee);
        }
    }
    for row in load::<TaxMonthRow>(session, &by_month)? {
        if let Some(payee) = payees.get_mut(&row.party) {
            payee.withheld_minor += i128::from(row.withheld);
        }
    }
    Ok(Ok(QuarterReport { payees: payees.into_values().collect(), next }))
}

fn payee(vault: &Vault, party: &PartyRow, identity: Option<&IdentityRow>) -> Result<Payee, VaultError> {
    let (name, number) = match identity {
        None => (String::new(), String::new()),
        Some(row) => {
            (row.open_name(vault)?, vault.open(&place("identities", row.party, "number"), &row.number)?)
        }
    };
    Ok(Payee {
        party: party.id,
        external_id: party.external_id.clone(),
        legal_form: party.legal_form.clone(),
        identity_kind: identity.map_or_else(String::new, |row| row.kind.clone()),
        verified: identity.is_some_and(IdentityRow::is_verified),
        name,
        number,
        gross_minor: 0,
        compensation_minor: 0,
        service_fee_minor: 0,
        withheld_minor: 0,
    })
}
