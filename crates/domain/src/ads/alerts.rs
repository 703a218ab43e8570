//! Alerts by threshold (A10): told once each time a balance falls below it.

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
