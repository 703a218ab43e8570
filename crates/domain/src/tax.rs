//! Tax withheld from individuals' income (X18), by policy and off as it comes: the cumulative method of announcement 16
//! of 2025 of the tax administration (税务总局公告2025年第16号) for labour remuneration that a platform pays.
//!
//! What was withheld in a calendar year is looked at as a whole: income of the year so far, less a share for expenses,
//! less an allowance for every month with income, taxed by bands; what was withheld before is taken off. A month that
//! brings little is made up for by the next, and nothing is ever given back here: that is the annual return's affair.

use crate::money::{Rate, Rounding, divide};
use crate::time::Month;

/// A civil month of a payee, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxMonth {
    /// Which.
    pub month: Month,
    /// Income that was settled in it, before fees, ≥ 0.
    pub income_minor: i64,
    /// What was withheld of it, ≥ 0.
    pub withheld_minor: i64,
}

/// A band: taxable income of the year above `above_minor` is taxed at `rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Where it begins, in minor units; the first begins at 0.
    pub above_minor: i64,
    /// Its rate.
    pub rate: Rate,
}

/// Policy of withholding (P4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxTerms {
    /// Share of income that counts as expenses: 20 %.
    pub expenses: Rate,
    /// Allowance for each month with income, in minor units: 500,000.
    pub allowance_minor: i64,
    /// Bands, the lowest first.
    pub bands: Vec<Band>,
}

/// How an amount to withhold came about; every figure is of the calendar year so far and in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withholding {
    /// Income, the new one included.
    pub income_minor: i64,
    /// Expenses.
    pub expenses_minor: i64,
    /// Months with income.
    pub months: i64,
    /// Allowance of those months.
    pub allowance_minor: i64,
    /// Income less expenses and allowance, not below zero.
    pub taxable_minor: i64,
    /// Rate of the band that the taxable income reaches.
    pub rate: Rate,
    /// Tax of the year so far.
    pub due_minor: i64,
    /// Withheld before.
    pub withheld_minor: i64,
    /// To be withheld now.
    pub tax_minor: i64,
}

/// The amounts do not fit into 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payee's income of the year does not fit into 64 bits")]
pub struct OutOfRange;

impl OutOfRange {
    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        "amount_out_of_range"
    }
}

/// What to withhold of an income that is settled in `month`, at most `most_minor`: what the payee would get of it. The
/// rest is made up for by the next income. `year` holds the payee's months of that calendar year up to this one, in any
/// order; other months are left out.
///
/// # Errors
/// [`OutOfRange`].
pub fn withhold(
    year: &[TaxMonth],
    month: Month,
    income_minor: i64,
    most_minor: i64,
    terms: &TaxTerms,
) -> Result<Withholding, OutOfRange> {
    let known: Vec<&TaxMonth> = year.iter().filter(|known| same_year(known.month, month)).collect();
    let sum = |of: fn(&TaxMonth) -> i64| known.iter().map(|known| i128::from(of(known))).sum::<i128>();
    let income = sum(|known| known.income_minor) + i128::from(income_minor);
    let earning = |known: &&&TaxMonth| known.income_minor > 0 && known.month != month;
    let before = known.iter().filter(earning).count();
    let this = known.iter().any(|known| known.month == month && known.income_minor > 0) || income_minor > 0;
    let months = i64::try_from(before).unwrap_or(i64::MAX).saturating_add(i64::from(this));
    let income_minor = i64::try_from(income).map_err(|_| OutOfRange)?;
    let withheld_minor = i64::try_from(sum(|known| known.withheld_minor)).map_err(|_| OutOfRange)?;
    let expenses_minor = terms.expenses.of(income_minor, Rounding::HalfUp).map_err(|_| OutOfRange)?;
    let allowance_minor = terms.allowance_minor.checked_mul(months).ok_or(OutOfRange)?;
    let taxable = income - i128::from(expenses_minor) - i128::from(allowance_minor);
    let taxable_minor = i64::try_from(taxable.max(0)).map_err(|_| OutOfRange)?;
    let due_minor = by_bands(taxable_minor, &terms.bands)?;
    Ok(Withholding {
        income_minor,
        expenses_minor,
        months,
        allowance_minor,
        taxable_minor,
        rate: reached(taxable_minor, &terms.bands),
        due_minor,
        withheld_minor,
        tax_minor: due_minor.saturating_sub(withheld_minor).clamp(0, most_minor.max(0)),
    })
}

fn same_year(one: Month, other: Month) -> bool {
    one.year == other.year
}

fn reached(taxable_minor: i64, bands: &[Band]) -> Rate {
    let below = bands.iter().rev().find(|band| taxable_minor > band.above_minor);
    below.map_or(Rate::ZERO, |band| band.rate)
}

/// Each band's part at its rate, rounded half-up once over the sum. The same as the band's rate of the whole less the
/// table's quick deduction.
fn by_bands(taxable_minor: i64, bands: &[Band]) -> Result<i64, OutOfRange> {
    let mut millionths: i128 = 0;
    for (index, band) in bands.iter().enumerate() {
        let end = bands.get(index + 1).map_or(i64::MAX, |next| next.above_minor);
        let part = taxable_minor.min(end).saturating_sub(band.above_minor).max(0);
        millionths += i128::from(part) * i128::from(band.rate.as_ppm());
    }
    divide(millionths, 1_000_000, Rounding::HalfUp).map_err(|_| OutOfRange)
}

/// What a page says of money that was withheld: Chinese and English.
pub const WITHHELD: (&str, &str) = (
    "已按规定预扣个人所得税，从结算收入中扣除，由平台代缴；多退少补以年度汇算清缴为准。",
    "Income tax withheld from settled income, as the law asks, and paid over by the platform; the annual return settles \
     what was too much or too little.",
);

/// A quarter of a calendar year, `2026-Q1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter {
    first: Month,
}

impl Quarter {
    /// Reads `2026-Q1`.
    pub fn named(text: &str) -> Option<Self> {
        let (year, number) = text.split_once("-Q")?;
        let number: u32 = number.parse().ok().filter(|number| (1..=4).contains(number))?;
        let first: Month = format!("{year}-{:02}", number * 3 - 2).parse().ok()?;
        // Only the one way of writing it.
        Some(Self { first }).filter(|quarter| quarter.to_string() == text)
    }

    /// Its three months, the first one first.
    pub fn months(self) -> [Month; 3] {
        [self.first, self.first.plus(1), self.first.plus(2)]
    }
}

impl std::fmt::Display for Quarter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-Q{}", self.first.year, (self.first.month + 2) / 3)
    }
}
