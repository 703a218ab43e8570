//! What policy says about advertising accounts, as the rules want it.

use purser_domain::{
    ads::{
        account::{AccountState, state},
        campaign::CampaignTerms,
        schedule::FactorTerms,
        settings::SettingsTerms,
        topup::TopUpTerms,
    },
    policy::{PolicyView, keys},
    time::Timestamp,
};

use super::rows::AdAccountRow;

/// Terms of campaigns and keywords (A9).
pub(super) fn campaign_terms(view: PolicyView<'_>) -> CampaignTerms {
    CampaignTerms {
        minimum_budget_minor: view.value(keys::AD_MINIMUM_DAILY_BUDGET),
        minimum_bid_minor: view.value(keys::AD_MINIMUM_BID),
        factors: FactorTerms {
            least: view.value(keys::AD_LEAST_FACTOR),
            most: view.value(keys::AD_MOST_FACTOR),
        },
    }
}

/// Terms of a suggested top-up (A2).
pub(super) fn top_up_terms(view: PolicyView<'_>) -> TopUpTerms {
    TopUpTerms {
        days: view.value(keys::AD_TOP_UP_SUGGESTED_DAYS),
        first_minimum_minor: view.value(keys::AD_TOP_UP_FIRST_MINIMUM),
        minimum_minor: view.value(keys::AD_TOP_UP_MINIMUM),
        maximum_minor: view.value(keys::PAYMENT_ORDER_MAXIMUM),
    }
}

/// Terms of what an advertiser sets (A10, A11).
pub(super) fn settings_terms(view: PolicyView<'_>) -> SettingsTerms {
    SettingsTerms {
        minimum_minor: view.value(keys::AD_TOP_UP_MINIMUM),
        maximum_minor: view.value(keys::PAYMENT_ORDER_MAXIMUM),
    }
}

/// Where an account stands at an instant (A4).
pub(super) fn account_state(row: &AdAccountRow, view: PolicyView<'_>, now: Timestamp) -> AccountState {
    state(row.arrears_since, now, view.value(keys::AD_SUSPEND_AFTER))
}
