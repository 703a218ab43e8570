//! What a click costs (A7).

use crate::money::{Rate, Rounding, divide};

/// Figures of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceTerms {
    /// Smallest bid and smallest price, minor units.
    pub minimum_minor: i64,
    /// What is added to the price of the next rank, minor units.
    pub step_minor: i64,
}

/// The next rank of an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextRank {
    /// Its effective bid, minor units.
    pub bid_minor: i64,
    /// Its quality score.
    pub quality: i64,
}

/// How a click's price is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pricing {
    /// The ad server computed it, minor units.
    Given(i64),
    /// Of the auction: the own quality score, and the next rank unless there was none.
    Auction {
        /// Own quality score.
        quality: i64,
        /// The next rank.
        next: Option<NextRank>,
    },
}

impl Pricing {
    /// What tells two computed prices of one click apart, as one number; 0 for a price that was given.
    pub fn inputs(self) -> i64 {
        let Self::Auction { quality, next } = self else { return 0 };
        let next = next.map_or([0, 0, 0], |next| [1, next.bid_minor, next.quality]);
        let mut mixed: u64 = 0xcbf2_9ce4_8422_2325;
        for part in [quality, next[0], next[1], next[2]] {
            mixed = (mixed ^ part.cast_unsigned()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        }
        // Zero means that there was nothing to compute.
        (mixed | 1).cast_signed()
    }
}

/// Why there is no price. In order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// 0 or less.
    #[error("the price of a click must be above zero")]
    NotPositive,
    /// Less than the smallest price.
    #[error("the price is below the smallest one of {minimum_minor}")]
    BelowMinimum {
        /// The smallest price.
        minimum_minor: i64,
    },
    /// More than the own bid.
    #[error("the price is above the own effective bid of {bid_minor}")]
    AboveBid {
        /// The effective bid.
        bid_minor: i64,
    },
    /// A price of the auction needs the keyword whose bid it is.
    #[error("a price of the auction needs the keyword: name it, or give the price")]
    BidUnknown,
    /// A quality score of 0 or less, own or next.
    #[error("a quality score must be above zero")]
    QualityNotPositive,
    /// A next bid of 0 or less.
    #[error("the bid of the next rank must be above zero")]
    NextBidNotPositive,
}

impl NoPrice {
    /// Stable machine code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPositive => "price_not_positive",
            Self::BelowMinimum { .. } => "price_below_minimum",
            Self::AboveBid { .. } => "price_above_bid",
            Self::BidUnknown => "keyword_missing",
            Self::QualityNotPositive => "quality_not_positive",
            Self::NextBidNotPositive => "next_bid_not_positive",
        }
    }

    /// Which field of a click it is about.
    pub const fn field(self) -> &'static str {
        match self {
            Self::NotPositive | Self::BelowMinimum { .. } | Self::AboveBid { .. } => "/price_minor",
            Self::BidUnknown => "/keyword_id",
            Self::QualityNotPositive => "/auction/quality",
            Self::NextBidNotPositive => "/auction/next/bid_minor",
        }
    }
}

/// `max(smallest bid, bid × factor rounded down)`, minor units.
pub fn effective_bid(bid_minor: i64, factor: Rate, terms: &PriceTerms) -> i64 {
    // A bid that overflows by its factor is capped where no price comes near.
    factor.of(bid_minor, Rounding::Down).unwrap_or(i64::MAX).max(terms.minimum_minor)
}

/// The price of a click. `bid_minor` is the own effective bid, where a keyword was named.
///
/// # Errors
/// The first [`NoPrice`] that applies.
pub fn price(pricing: Pricing, bid_minor: Option<i64>, terms: &PriceTerms) -> Result<i64, NoPrice> {
    let (quality, next) = match pricing {
        Pricing::Given(price_minor) => {
            return match bid_minor {
                _ if price_minor <= 0 => Err(NoPrice::NotPositive),
                _ if price_minor < terms.minimum_minor => {
                    Err(NoPrice::BelowMinimum { minimum_minor: terms.minimum_minor })
                }
                Some(bid_minor) if price_minor > bid_minor => Err(NoPrice::AboveBid { bid_minor }),
                _ => Ok(price_minor),
            };
        }
        Pricing::Auction { quality, next } => (quality, next),
    };
    let Some(bid_minor) = bid_minor else { return Err(NoPrice::BidUnknown) };
    if quality <= 0 || next.is_some_and(|next| next.quality <= 0) {
        return Err(NoPrice::QualityNotPositive);
    }
    // The last rank pays the smallest price.
    let Some(next) = next else { return Ok(terms.minimum_minor) };
    if next.bid_minor <= 0 {
        return Err(NoPrice::NextBidNotPositive);
    }
    let weighed = i128::from(next.bid_minor) * i128::from(next.quality);
    let to_beat = divide(weighed, i128::from(quality), Rounding::Up).unwrap_or(i64::MAX);
    Ok(to_beat.saturating_add(terms.step_minor).min(bid_minor).max(terms.minimum_minor))
}
