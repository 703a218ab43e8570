//! The prepaid advertising account (A1–A12): clicks and what they are taken from, stops for money, budgets, refunds of
//! invalid clicks, figures by hour and day.

mod auto;
mod balance;
mod beside;
mod campaigns;
mod charge;
mod credit;
mod day_end;
mod desk;
mod events;
mod grants;
mod invalid;
mod keywords;
mod leads;
mod lines;
mod moment;
mod proof;
mod prune;
mod queries;
mod report;
mod reports;
mod resume;
mod rollups;
mod rows;
mod settings;
mod stop;
mod terms;
mod top_ups;
mod watch;

pub use auto::{AUTO_TOP_UP, run_auto_top_up};
pub use balance::grant_account;
pub use beside::PayArrears;
pub use campaigns::{CampaignEdit, ChangeCampaigns, CreateCampaign, EditOutcome, unknown_campaign};
pub use charge::{ChargeClicks, ClickCharged, ClickItem, ClickOutcome};
pub use day_end::{CLOSE_MAX, CloseAdDays};
pub use grants::{ExpireGrants, GiveGrant, grant_id};
pub use invalid::{CLICKS_MAX, CreditInvalidClicks, InvalidOutcome};
pub use keywords::{ChangeKeywords, KeywordOutcome};
pub(crate) use proof::{AdAccountsAgree, AdBudgetsAddUp, AdRollupsAddUp, AdTopUpsAgree, ClickLines};
pub(crate) use prune::PruneClicks;
pub use queries::{
    AD_PAGE_MAX, AdAccountView, AdMoment, CampaignCounts, CampaignView, GrantView, ad_account, campaign,
    campaign_views, campaigns, grants, keywords,
};
pub use report::{Figures, ReportAdFigures, ReportedFigures};
pub use reports::{
    KeywordFigures, REPORT_DAYS_MAX, REPORT_HOUR_DAYS_MAX, ReportFigures, report_campaigns, report_days,
    report_hours, report_keywords,
};
pub use resume::{ResumeCampaigns, Resumed};
pub use rows::{
    AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdClickRow, AdDayRow, AdGrantRow, AdHourRow, AdKeywordRow,
    AdLinesRow, AdOpenDayRow, AdTopUpRow, campaign_id, keyword_id, whole_account,
};
pub use settings::{AccountChange, AutoSource, ChangeAdAccount, FROM_EARNINGS};
pub use stop::{money_came, want};
pub(crate) use top_ups::{
    Origin, Unspent, back_to_earnings, came_back, left, topped_up, want_earnings, want_top_up, want_top_ups,
    went_back,
};
pub(crate) use watch::money_went;

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::AD_ACCOUNTS,
    &rows::AD_CAMPAIGNS,
    &rows::AD_KEYWORDS,
    &rows::AD_GRANTS,
    &rows::AD_BUDGET_DAYS,
    &rows::AD_OPEN_DAYS,
    &rows::AD_CLICKS,
    &rows::AD_LINES,
    &rows::AD_HOURS,
    &rows::AD_DAYS,
    &rows::AD_TOP_UPS,
];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [
        balance::STATEMENTS,
        beside::STATEMENTS,
        charge::STATEMENTS,
        day_end::STATEMENTS,
        grants::STATEMENTS,
        proof::STATEMENTS,
        prune::STATEMENTS,
        queries::STATEMENTS,
        reports::STATEMENTS,
        top_ups::STATEMENTS,
    ]
    .concat()
}
