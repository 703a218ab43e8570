//! What policy says about the limit and its orders, as the rules want it.

use purser_domain::{
    credit::{LimitTerms, SaleTerms, order::OrderTerms},
    policy::{PolicyView, keys},
    time::{DAY, MINUTE},
};

/// How far a reported instant may lie ahead of this server's clock: the difference between two machines' clocks.
const CLOCK_TOLERANCE: i64 = 5 * MINUTE;

/// Terms of an evaluation.
pub fn limit_terms(view: PolicyView<'_>) -> LimitTerms {
    let overrides = view.value(keys::NEW_SHOP_OVERRIDES);
    LimitTerms {
        level_amount_minor: view.value(keys::NEW_SHOP_LEVEL_AMOUNT),
        level_overrides: overrides
            .rows()
            .filter_map(|(names, amount)| names.first()?.parse().ok().map(|level| (level, amount)))
            .collect(),
        new_shop_months: view.value(keys::NEW_SHOP_MONTHS),
        dsr_threshold_hundredths: view.value(keys::DSR_THRESHOLD_HUNDREDTHS),
        dsr_boost: view.value(keys::DSR_BOOST),
        dsr_months: view.value(keys::DSR_BOOST_MONTHS),
        volume_orders: view.value(keys::VOLUME_ORDERS),
        volume_window_months: view.value(keys::VOLUME_WINDOW_MONTHS),
        volume_months: view.value(keys::VOLUME_BOOST_MONTHS),
        training_minor: view.value(keys::TRAINING_AMOUNT),
        training_months: view.value(keys::TRAINING_MONTHS),
        reduce_above: view.value(keys::RETURN_RATE_REDUCE_ABOVE),
        reduction: view.value(keys::RETURN_RATE_REDUCTION),
        zero_above: view.value(keys::RETURN_RATE_ZERO_ABOVE),
        zero_months: view.value(keys::RETURN_RATE_ZERO_MONTHS),
        cap: view.value(keys::TURNOVER_CAP),
        cap_months: view.value(keys::TURNOVER_CAP_MONTHS),
        cap_least_months: view.value(keys::TURNOVER_CAP_LEAST_MONTHS),
        virtual_operator: view.value(keys::VIRTUAL_OPERATOR_LIMIT),
    }
}

/// The sales of the platform (C5).
pub fn sale_terms(view: PolicyView<'_>) -> SaleTerms {
    let rows = view.value(keys::PROMOTION_WINDOWS).rows();
    let windows = rows.filter_map(|(names, days)| match names {
        [sale, from] => Some((sale.clone(), from.parse().ok()?, u32::try_from(days).ok()?)),
        _ => None,
    });
    SaleTerms {
        windows: windows.collect(),
        boost: view.value(keys::PROMOTION_BOOST),
        most: view.value(keys::PROMOTION_BOOST_MOST),
        remind_days: view.value(keys::PROMOTION_REMINDER),
    }
}

/// Terms of an order's events.
pub fn order_terms(view: PolicyView<'_>) -> OrderTerms {
    OrderTerms {
        over_limit: view.value(keys::OVER_LIMIT),
        due_days: view.value(keys::RECEIVABLE_DUE),
        lifetime_us: i64::from(view.value(keys::AUTHORISATION_LIFETIME)).saturating_mul(DAY),
        clock_tolerance_us: CLOCK_TOLERANCE,
    }
}
