//! Rows of withholding.

use purser_domain::{ids::PartyId, tax::TaxMonth, time::Month};

use crate::record;

record! {
    /// An individual's income that was settled in a civil month, and what was withheld of it (X18).
    pub struct TaxMonthRow in TAX_MONTHS = 115, "tax_months", lock Update, key(party: PartyId, month: String) {
        /// Before fees, minor units.
        income: i64,
        /// Withheld, minor units.
        withheld: i64,
        /// Counts changes.
        version: i64,
    }
}

impl TaxMonthRow {
    /// Nothing yet.
    pub(super) fn new(party: PartyId, month: Month) -> Self {
        Self { party, month: month.to_string(), income: 0, withheld: 0, version: 0 }
    }

    /// To the domain's form.
    pub fn month(&self) -> Option<TaxMonth> {
        let month = self.month.parse().ok()?;
        Some(TaxMonth { month, income_minor: self.income, withheld_minor: self.withheld })
    }
}
