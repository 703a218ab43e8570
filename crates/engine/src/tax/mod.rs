//! Tax withheld from individuals' income (X18), off by policy: what a settlement line takes, the months that it is
//! reckoned by, and the report of a quarter.

mod proof;
mod queries;
mod report;
mod rows;

pub(crate) use proof::TaxAddsUp;
pub use queries::{reckoned, tax_months};
pub use report::{Payee, QuarterReport, TakeTaxReport, report_page};
pub use rows::TaxMonthRow;

use purser_domain::{
    earnings::{self, Decision, PayeeKind},
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    money::Rate,
    parties::{CreatorKind, LegalForm, creator_kind},
    policy::{PolicyView, keys},
    tax::{self, Band, TaxTerms},
    time::{Date, Month},
};
use purser_storage::{Statement, Table};

use crate::{
    command::{Ctx, Rejection},
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::TAX_MONTHS];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, report::STATEMENTS, proof::STATEMENTS].concat()
}

/// Policy of withholding; `None` while it is off.
pub fn tax_terms(view: PolicyView<'_>) -> Option<TaxTerms> {
    if !view.value(keys::TAX_WITHHOLDING_ENABLED) {
        return None;
    }
    let band = |(names, ppm): (&[String], i64)| {
        let above_minor = names.first().and_then(|text| text.parse().ok())?;
        Some(Band { above_minor, rate: Rate::ppm(ppm) })
    };
    let mut bands: Vec<Band> = view.value(keys::TAX_BANDS).rows().filter_map(band).collect();
    bands.sort_by_key(|band| band.above_minor);
    Some(TaxTerms {
        expenses: view.value(keys::TAX_EXPENSES),
        allowance_minor: view.value(keys::TAX_ALLOWANCE),
        bands,
    })
}

fn terms(ctx: &Ctx) -> Option<TaxTerms> {
    tax_terms(ctx.rules.policy.now(ctx.now))
}

/// The civil months of a year up to a date.
fn months_until(today: Date) -> impl Iterator<Item = Month> {
    let this = Month::of(today);
    (0..12).map(move |back| this.plus(-back)).filter(move |month| month.year == today.year())
}

/// Declares what withholding from a payee's income of today reads and changes; nothing while policy is off.
pub(crate) fn want(needs: &mut Needs<'_>, payee: PartyId, ctx: &Ctx) {
    if terms(ctx).is_none() {
        return;
    }
    needs.row::<PartyRow>(payee);
    needs.account(&AccountRef::platform(AccountKind::TaxWithheld, ctx.rules.currency));
    for month in months_until(ctx.today) {
        needs.row::<TaxMonthRow>((payee, month.to_string()));
    }
}

/// Whether [`want`] was called for a payee, by this command or an earlier one of the group.
pub(crate) fn is_declared(tx: &Tx, payee: PartyId, ctx: &Ctx) -> bool {
    terms(ctx).is_none()
        || (tx.is_loaded::<PartyRow>(&payee)
            && months_until(ctx.today).all(|month| tx.is_loaded::<TaxMonthRow>(&(payee, month.to_string()))))
}

/// A person who is paid in person: labour remuneration. A studio's and a company's income is their own business's, and
/// what an agency is paid is the agency's.
fn is_individual(party: &PartyRow) -> bool {
    let profile = party.party().profile;
    profile.legal_form == LegalForm::Individual
        && creator_kind(profile.roles, profile.legal_form, profile.class, false) == CreatorKind::Independent
}

/// Reckons what to withhold of an income that is settled now, at most `most_minor`, and counts both in the payee's month.
/// The caller posts it in the same commit. 0 while policy is off, and for whoever is no individual.
///
/// # Errors
/// `amount_out_of_range`.
pub(crate) fn withhold(
    tx: &mut Tx,
    ctx: &Ctx,
    payee: PartyId,
    income_minor: i64,
    most_minor: i64,
) -> Result<i64, Rejection> {
    let Some(terms) = terms(ctx).filter(|_| income_minor > 0) else { return Ok(0) };
    if !tx.get::<PartyRow>(&payee).is_some_and(is_individual) {
        return Ok(0);
    }
    let out_of_range = |no: tax::OutOfRange| Rejection::new(no.code(), no.to_string());
    let known = months_until(ctx.today)
        .filter_map(|month| tx.get::<TaxMonthRow>(&(payee, month.to_string())).and_then(TaxMonthRow::month));
    let year: Vec<tax::TaxMonth> = known.collect();
    let month = Month::of(ctx.today);
    let reckoned = tax::withhold(&year, month, income_minor, most_minor, &terms).map_err(out_of_range)?;
    let key = (payee, month.to_string());
    let row = tx.get::<TaxMonthRow>(&key).cloned();
    let mut row = row.unwrap_or_else(|| TaxMonthRow::new(payee, month));
    row.income = row.income.checked_add(income_minor).ok_or_else(|| out_of_range(tax::OutOfRange))?;
    row.withheld += reckoned.tax_minor;
    row.version += 1;
    tx.put(row);
    Ok(reckoned.tax_minor)
}

/// An order's decision with what is withheld of it.
///
/// # Errors
/// `amount_out_of_range`.
pub(crate) fn of_order(tx: &mut Tx, ctx: &Ctx, decision: &Decision) -> Result<Option<Decision>, Rejection> {
    let order = &decision.order;
    let income = earnings::taxable_income(decision);
    if income == 0 || order.kind != PayeeKind::Independent {
        return Ok(None);
    }
    let most = order.settlement.map_or(0, |settlement| settlement.net_minor);
    let tax = withhold(tx, ctx, order.payee, income, most)?;
    Ok((tax > 0).then(|| earnings::withhold(decision, tax)))
}
