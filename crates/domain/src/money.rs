//! Money: integer minor units with a currency, rates in parts per million, named rounding (spec M).
//!
//! No floats; every operation that can overflow says so. Totals are `i128`.

use std::{fmt, str::FromStr};

/// ISO 4217 code, three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Renminbi, the default currency of a deployment.
    pub const CNY: Self = Self(*b"CNY");

    /// The code as text.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::UnknownCurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What can go wrong with an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit in 64 bits.
    #[error("the amount does not fit in 64 bits of minor units")]
    Overflow,
    /// Not three upper-case letters.
    #[error("not a currency: write an ISO 4217 code, like CNY")]
    UnknownCurrency,
    /// A text that is not an amount with at most two decimals.
    #[error("not an amount: write digits with at most two decimals, like 1234.56")]
    Malformed,
    /// Weights that cannot be used: none, negative, or all zero.
    #[error("weights must be at least one, none negative, not all zero")]
    BadWeights,
}

/// How a fraction of a minor unit is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, halves away from zero: the default of spec M ("half-up to the fen, per line").
    HalfUp,
    /// Towards zero: limits and caps.
    Down,
    /// Away from zero: click prices.
    Up,
}

/// A rate in parts per million: 5 % is 50,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rate(i64);

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// From parts per million.
    pub const fn ppm(ppm: i64) -> Self {
        Self(ppm)
    }

    /// In parts per million.
    pub const fn as_ppm(self) -> i64 {
        self.0
    }

    /// This rate of `amount_minor`, in minor units.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the result does not fit.
    pub fn of(self, amount_minor: i64, rounding: Rounding) -> Result<i64, MoneyError> {
        let product = i128::from(amount_minor) * i128::from(self.0);
        divide(product, 1_000_000, rounding)
    }
}

/// `numerator / denominator` under a rounding; the denominator must be positive.
///
/// # Errors
/// [`MoneyError::Overflow`] when the result does not fit or the denominator is not positive.
pub fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> Result<i64, MoneyError> {
    if denominator <= 0 {
        return Err(MoneyError::Overflow);
    }
    let quotient = numerator / denominator;
    let rest = (numerator % denominator).abs();
    let away = match rounding {
        Rounding::HalfUp => rest * 2 >= denominator,
        Rounding::Down => false,
        Rounding::Up => rest > 0,
    };
    let rounded = if away && rest > 0 { quotient + numerator.signum() } else { quotient };
    i64::try_from(rounded).map_err(|_| MoneyError::Overflow)
}

/// Rounds an amount down to whole yuan (100 minor units): limits and caps (spec M).
pub fn floor_to_yuan(amount_minor: i64) -> i64 {
    amount_minor - amount_minor.rem_euclid(100)
}

/// Splits `total_minor` by weights so that the parts sum to the whole (largest remainder, earlier parts first).
///
/// # Errors
/// [`MoneyError::BadWeights`] for no weights, a negative one, or all zero.
pub fn allocate(total_minor: i64, weights: &[i64]) -> Result<Vec<i64>, MoneyError> {
    let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if sum <= 0 || weights.iter().any(|w| *w < 0) {
        return Err(MoneyError::BadWeights);
    }
    let total = i128::from(total_minor);
    let mut parts = Vec::with_capacity(weights.len());
    let mut rests = Vec::with_capacity(weights.len());
    let mut given: i128 = 0;
    for (index, weight) in weights.iter().enumerate() {
        let product = total * i128::from(*weight);
        let part = product / sum;
        given += part;
        rests.push(((product % sum).abs(), index));
        parts.push(i64::try_from(part).map_err(|_| MoneyError::Overflow)?);
    }
    let left = total - given;
    rests.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let step = i64::try_from(left.signum()).map_err(|_| MoneyError::Overflow)?;
    let count = usize::try_from(left.unsigned_abs()).map_err(|_| MoneyError::Overflow)?;
    for (_, index) in rests.into_iter().take(count) {
        if let Some(part) = parts.get_mut(index) {
            *part += step;
        }
    }
    Ok(parts)
}

/// Shows minor units as a decimal with two places: `123456` is `1234.56`.
pub fn decimal(amount_minor: i64) -> String {
    let sign = if amount_minor < 0 { "-" } else { "" };
    let abs = amount_minor.unsigned_abs();
    format!("{sign}{}.{:02}", abs / 100, abs % 100)
}

/// Reads a decimal with at most two places into minor units; thousands separators are accepted.
///
/// # Errors
/// [`MoneyError::Malformed`] or [`MoneyError::Overflow`].
pub fn parse_decimal(text: &str) -> Result<i64, MoneyError> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let digits: String = whole.chars().filter(|c| *c != ',').collect();
    let ok = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if digits.is_empty() || !ok(&digits) || !ok(fraction) || fraction.len() > 2 || rest.ends_with('.') {
        return Err(MoneyError::Malformed);
    }
    let minor: i128 = format!("{digits}{fraction:0<2}").parse().map_err(|_| MoneyError::Overflow)?;
    i64::try_from(if negative { -minor } else { minor }).map_err(|_| MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_percent_of_ten_thousand_yuan_x13() {
        assert_eq!(Rate::ppm(50_000).of(1_000_000, Rounding::HalfUp), Ok(50_000));
        assert_eq!(Rate::ppm(50_000).of(10, Rounding::HalfUp), Ok(1));
        assert_eq!(Rate::ppm(50_000).of(9, Rounding::HalfUp), Ok(0));
        assert_eq!(Rate::ppm(50_000).of(-10, Rounding::HalfUp), Ok(-1));
        assert_eq!(Rate::ppm(50_000).of(1, Rounding::Up), Ok(1));
        assert_eq!(Rate::ppm(2_000_000).of(i64::MAX, Rounding::Down), Err(MoneyError::Overflow));
    }

    #[test]
    fn decimals() {
        assert_eq!(parse_decimal("1,234.5"), Ok(123_450));
        assert_eq!(parse_decimal("-0.05"), Ok(-5));
        assert_eq!(decimal(-5), "-0.05");
        for bad in ["", ".", "1.", "1.234", "1e3", "0x1", "１", "--1", "+1"] {
            assert_eq!(parse_decimal(bad), Err(MoneyError::Malformed), "{bad}");
        }
        assert_eq!(parse_decimal("92233720368547758.08"), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn allocate_sums_to_the_whole(total in -1_000_000_000i64..1_000_000_000, weights in proptest::collection::vec(0i64..1_000_000, 1..20)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parts = allocate(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *part == 0);
            }
        }

        #[test]
        fn rates_are_monotone(a in 0i64..1_000_000_000, b in 0i64..1_000_000_000, ppm in 0i64..1_000_000) {
            let (low, high) = (a.min(b), a.max(b));
            let rate = Rate::ppm(ppm);
            prop_assert!(rate.of(low, Rounding::HalfUp).unwrap() <= rate.of(high, Rounding::HalfUp).unwrap());
        }

        #[test]
        fn decimal_round_trips(minor in any::<i64>()) {
            prop_assert_eq!(parse_decimal(&decimal(minor)), Ok(minor));
        }
    }
}
