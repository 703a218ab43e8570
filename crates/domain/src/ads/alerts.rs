//! Alerts by threshold (A10): told once each time a balance falls below it.

use crate::money::{Currency, decimal};

/// What a look at a balance says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The advertiser is to be told now.
    pub tell: bool,
    /// It knows that the balance is low.
    pub told: bool,
}

/// Looks at a balance. `threshold_minor` of 0 is no alert; `told` is what the last look left.
pub const fn look(threshold_minor: i64, balance_minor: i64, told: bool) -> Look {
    if threshold_minor <= 0 || balance_minor >= threshold_minor {
        return Look { tell: false, told: false };
    }
    Look { tell: !told, told: true }
}

/// What a phone is told of a low balance, in Chinese and in English. Amounts are minor units.
pub fn phone_notice(balance_minor: i64, threshold_minor: i64, currency: Currency) -> (String, String) {
    let unit = |minor: i64| format!("{currency} {}", decimal(minor));
    let yuan = |minor: i64| match currency {
        Currency::CNY => format!("{}元", decimal(minor)),
        _ => unit(minor),
    };
    (
        format!(
            "您的推广账户余额 {}，已低于提醒值 {}。余额用完后推广将全部下线，请及时充值。",
            yuan(balance_minor),
            yuan(threshold_minor)
        ),
        format!(
            "The balance of your advertising account is {}, below your alert at {}. Top up before all campaigns go offline.",
            unit(balance_minor),
            unit(threshold_minor)
        ),
    )
}
