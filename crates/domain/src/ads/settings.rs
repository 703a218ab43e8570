//! What an advertiser sets for its account: resuming, alerts, automatic top-ups (A5, A10, A11).

use super::auto::Wish;

/// Largest threshold of an alert, minor units: a million yuan.
pub const ALERT_MAX: i64 = 100_000_000;

/// Policy of what is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingsTerms {
    /// The least of a top-up, minor units.
    pub minimum_minor: i64,
    /// The most of a top-up, minor units.
    pub maximum_minor: i64,
}

/// An expected no, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Out of bounds.
    #[error("an alert is 1 to 1,000,000 yuan, or none")]
    AlertOutOfRange,
    /// The party has no earnings that it could use, or nobody takes money that way.
    #[error(
        "only a party that earns here itself can top up from its earnings, and only what this server takes can pay"
    )]
    SourceUnavailable,
    /// Out of bounds.
    #[error("an automatic top-up begins below 1 minor unit or more")]
    ThresholdInvalid,
    /// Out of bounds.
    #[error("an automatic top-up is {minimum_minor} to {maximum_minor} minor units")]
    AmountOutOfRange {
        /// The least, minor units.
        minimum_minor: i64,
        /// The most, minor units.
        maximum_minor: i64,
    },
    /// Nothing could ever be topped up.
    #[error("the daily cap is at least one top-up, or none")]
    CapTooSmall,
}

impl Rejection {
    /// One of each, in order of precedence.
    pub const ALL: &'static [Self] = &[
        Self::AlertOutOfRange,
        Self::SourceUnavailable,
        Self::ThresholdInvalid,
        Self::AmountOutOfRange { minimum_minor: 20_000, maximum_minor: 10_000_000_000 },
        Self::CapTooSmall,
    ];

    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlertOutOfRange => "ad_alert_out_of_range",
            Self::SourceUnavailable => "auto_source_unavailable",
            Self::ThresholdInvalid => "auto_threshold_invalid",
            Self::AmountOutOfRange { .. } => "auto_amount_out_of_range",
            Self::CapTooSmall => "auto_cap_too_small",
        }
    }
}

/// Checks the threshold of an alert; 0 is none.
///
/// # Errors
/// `ad_alert_out_of_range`.
pub const fn alert(threshold_minor: i64) -> Result<i64, Rejection> {
    if threshold_minor == 0 || (threshold_minor >= 100 && threshold_minor <= ALERT_MAX) {
        Ok(threshold_minor)
    } else {
        Err(Rejection::AlertOutOfRange)
    }
}

/// Checks what is wished of automatic top-ups; `usable` when its sources are: the party can be paid its
/// earnings in person, and the server takes money by the method.
///
/// # Errors
/// A [`Rejection`] from `auto_source_unavailable` on.
pub fn automatic(wish: &Wish, usable: bool, terms: &SettingsTerms) -> Result<(), Rejection> {
    let SettingsTerms { minimum_minor, maximum_minor } = *terms;
    if !usable {
        return Err(Rejection::SourceUnavailable);
    }
    if wish.threshold_minor < 1 || wish.threshold_minor > maximum_minor {
        return Err(Rejection::ThresholdInvalid);
    }
    if !(minimum_minor.max(1)..=maximum_minor).contains(&wish.amount_minor) {
        return Err(Rejection::AmountOutOfRange { minimum_minor, maximum_minor });
    }
    if wish.daily_cap_minor != 0 && wish.daily_cap_minor < wish.amount_minor {
        return Err(Rejection::CapTooSmall);
    }
    Ok(())
}
