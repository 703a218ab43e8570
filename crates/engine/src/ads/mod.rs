//! The prepaid advertising account (A1–A12).

mod rows;

pub use rows::{
    AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdClickRow, AdDayRow, AdGrantRow, AdHourRow, AdKeywordRow,
    AdLinesRow, CREDITED, IN_BUDGET, campaign_id, keyword_id, whole_account,
};

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::AD_ACCOUNTS,
    &rows::AD_CAMPAIGNS,
    &rows::AD_KEYWORDS,
    &rows::AD_GRANTS,
    &rows::AD_BUDGET_DAYS,
    &rows::AD_CLICKS,
    &rows::AD_LINES,
    &rows::AD_HOURS,
    &rows::AD_DAYS,
];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    Vec::new()
}
