//! The prepaid advertising account (A1–A12): clicks and what they are taken from, stops for money, budgets, refunds of
//! invalid clicks, figures by hour and day.

mod balance;
mod charge;
mod credit;
mod day_end;
mod desk;
mod invalid;
mod lines;
mod moment;
mod proof;
mod prune;
mod report;
mod rollups;
mod rows;
mod stop;

pub use charge::{ChargeClicks, ClickCharged, ClickItem, ClickOutcome};
pub use day_end::{CLOSE_MAX, CloseAdDays};
pub use invalid::{CLICKS_MAX, CreditInvalidClicks, InvalidOutcome};
pub(crate) use proof::{AdAccountsAgree, AdBudgetsAddUp, AdRollupsAddUp, ClickLines};
pub(crate) use prune::PruneClicks;
pub use report::{Figures, ReportAdFigures, ReportedFigures};
pub use rows::{
    AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdClickRow, AdDayRow, AdGrantRow, AdHourRow, AdKeywordRow,
    AdLinesRow, campaign_id, keyword_id, whole_account,
};
pub use stop::{StopReason, budget_changed, money_came, stop, want};

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
    [balance::STATEMENTS, charge::STATEMENTS, day_end::STATEMENTS, proof::STATEMENTS, prune::STATEMENTS]
        .concat()
}
