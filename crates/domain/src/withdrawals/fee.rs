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
    let FeeTerms::Yearly { rate, minimum_minor, yearly_base_minor, first_free } = *terms else { return 0 };
    if first_free && usage.standing == 0 {
        return 0;
    }
    let left = yearly_base_minor.saturating_sub(usage.year_minor).max(0);
    let base = amount_minor.min(left);
    if base <= 0 {
        return 0;
    }
    rate.of(base, Rounding::HalfUp).unwrap_or(i64::MAX).max(minimum_minor)
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

/// The part of the fee that belongs to each slice; the parts sum to the fee.
pub(super) fn fee_shares(fee_minor: i64, slices_minor: &[i64]) -> Vec<i64> {
    allocate(fee_minor, slices_minor).unwrap_or_else(|_| vec![0; slices_minor.len()])
}
