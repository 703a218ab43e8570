//! Fee and slices of a withdrawal.

use super::facts::{FeeTerms, Usage};
use crate::money::{Rounding, allocate};

/// Most slices of one withdrawal; every loop over them is bounded by it.
pub const SLICES_MAX: i64 = 999;

/// The fee of a withdrawal in minor units, taken from the amount (C15).
///
/// The base is the part of the amount that lies below the year's cumulative base, this withdrawal included. More is
/// never charged less.
pub fn fee(amount_minor: i64, usage: &Usage, terms: &FeeTerms) -> i64 {
    fee_steps(amount_minor, usage, terms).fee_minor
}

/// Why a fee is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeeRule {
    /// Withdrawals of this money are free.
    Free,
    /// The first withdrawal that stands is free.
    FirstFree,
    /// The year's cumulative base was reached before.
    AboveYearlyBase,
    /// The rate of the base is below the smallest fee.
    Minimum,
    /// The rate of the base.
    Rate,
}

impl FeeRule {
    /// All rules.
    pub const ALL: [Self; 5] =
        [Self::Free, Self::FirstFree, Self::AboveYearlyBase, Self::Minimum, Self::Rate];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::FirstFree => "first_free",
            Self::AboveYearlyBase => "above_yearly_base",
            Self::Minimum => "minimum",
            Self::Rate => "rate",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// A sentence in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Free => "此类提现免手续费。",
            Self::FirstFree => "首次成功提现免手续费。",
            Self::AboveYearlyBase => "本年度累计提现已超过收费基数，免手续费。",
            Self::Minimum => "按费率计算不足最低手续费，按最低手续费收取。",
            Self::Rate => "按计费基数乘以费率收取。",
        }
    }

    /// A sentence in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Free => "Withdrawals of this money are free.",
            Self::FirstFree => "The first withdrawal is free.",
            Self::AboveYearlyBase => "The year's withdrawals are above the sum that is charged.",
            Self::Minimum => "The rate would be less than the smallest fee.",
            Self::Rate => "The rate of the part of the amount that is charged.",
        }
    }
}

/// How a fee came about (C15); stored with the withdrawal, so that it can be disputed (C16). Amounts are minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeSteps {
    /// Which rule decided.
    pub rule: FeeRule,
    /// Withdrawn in the calendar year before this one.
    pub year_before_minor: i64,
    /// The part of the amount that is charged.
    pub base_minor: i64,
    /// The rate, in parts per million.
    pub rate_ppm: i64,
    /// The smallest fee.
    pub minimum_minor: i64,
    /// The fee.
    pub fee_minor: i64,
}

/// [`fee`], with how it came about.
pub fn fee_steps(amount_minor: i64, usage: &Usage, terms: &FeeTerms) -> FeeSteps {
    let year_before_minor = usage.year_minor;
    let FeeTerms::Yearly { rate, minimum_minor, yearly_base_minor, first_free } = *terms else {
        let rule = FeeRule::Free;
        return FeeSteps {
            rule,
            year_before_minor,
            base_minor: 0,
            rate_ppm: 0,
            minimum_minor: 0,
            fee_minor: 0,
        };
    };
    let left = yearly_base_minor.saturating_sub(year_before_minor).max(0);
    let base_minor = amount_minor.min(left).max(0);
    let by_rate = rate.of(base_minor, Rounding::HalfUp).unwrap_or(i64::MAX);
    let (rule, fee_minor) = if first_free && usage.standing == 0 {
        (FeeRule::FirstFree, 0)
    } else if base_minor == 0 {
        (FeeRule::AboveYearlyBase, 0)
    } else if by_rate < minimum_minor {
        (FeeRule::Minimum, minimum_minor)
    } else {
        (FeeRule::Rate, by_rate)
    };
    FeeSteps { rule, year_before_minor, base_minor, rate_ppm: rate.as_ppm(), minimum_minor, fee_minor }
}

/// An amount that cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount cannot be cut into at most 999 slices between the minimum and the rail's limit")]
pub struct Unsliceable;

/// Cuts an amount into slices a rail takes in one piece (P10): all of them between `minimum_minor` and
/// `limit_minor`, full ones first, the same every time.
///
/// An amount within the limit is one slice whatever the minimum.
///
/// # Errors
/// [`Unsliceable`] for an amount that is not above zero, or a limit too small for it.
pub fn slices(amount_minor: i64, limit_minor: i64, minimum_minor: i64) -> Result<Vec<i64>, Unsliceable> {
    if amount_minor <= 0 || limit_minor <= 0 {
        return Err(Unsliceable);
    }
    if amount_minor <= limit_minor {
        return Ok(vec![amount_minor]);
    }
    let (full, rest) = (amount_minor / limit_minor, amount_minor % limit_minor);
    if full + i64::from(rest > 0) > SLICES_MAX || limit_minor < minimum_minor {
        return Err(Unsliceable);
    }
    let count = usize::try_from(full).map_err(|_| Unsliceable)?;
    let mut parts = vec![limit_minor; count];
    if rest > 0 {
        let short = (minimum_minor - rest).max(0);
        let last_full = parts.last_mut().ok_or(Unsliceable)?;
        *last_full -= short;
        if *last_full < minimum_minor {
            return Err(Unsliceable);
        }
        parts.push(rest + short);
    }
    Ok(parts)
}

/// The part of a sum that belongs to each slice; the parts sum to it.
pub(super) fn shares(sum_minor: i64, slices_minor: &[i64]) -> Vec<i64> {
    allocate(sum_minor, slices_minor).unwrap_or_else(|_| vec![0; slices_minor.len()])
}
