//! Campaigns and their keywords (A9): what may be set, and what may be changed.

use super::{
    account::AccountState,
    schedule::{FactorTerms, Schedule, Window, Wrong},
};
use crate::time::Date;

/// Longest external id, in characters.
pub const EXTERNAL_ID_MAX: usize = 64;
/// Longest name, in characters.
pub const NAME_MAX: usize = 40;
/// Longest keyword, in characters.
pub const KEYWORD_MAX: usize = 40;
/// Most keywords of a campaign that are on.
pub const KEYWORDS_MAX: i64 = 1_000;
/// Largest budget and bid, minor units.
pub const AMOUNT_MAX: i64 = 10_000_000_000_000;

/// Policy of campaigns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignTerms {
    /// Smallest daily budget, minor units.
    pub minimum_budget_minor: i64,
    /// Smallest bid, minor units.
    pub minimum_bid_minor: i64,
    /// Bounds of the factors of a schedule.
    pub factors: FactorTerms,
}

/// What is known of whoever advertises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvertiserFacts {
    /// The party is closed.
    pub closed: bool,
    /// It has the role.
    pub advertiser: bool,
    /// Where its account stands (A4).
    pub state: AccountState,
}

/// A campaign as its advertiser set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Shown name.
    pub name: String,
    /// Most that a civil day may cost, minor units; `None` for no limit.
    pub budget_minor: Option<i64>,
    /// When it delivers, and at which part of its bids.
    pub schedule: Schedule,
    /// The advertiser's own switch.
    pub on: bool,
    /// First civil date; `None`: at once.
    pub starts_on: Option<Date>,
    /// Last civil date; `None`: no end.
    pub ends_on: Option<Date>,
}

/// What may change of a campaign; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Another name.
    pub name: Option<String>,
    /// Another budget, or none.
    pub budget_minor: Option<Option<i64>>,
    /// Other windows; empty: always.
    pub schedule: Option<Vec<Window>>,
    /// The own switch.
    pub on: Option<bool>,
    /// Another first date, or none.
    pub starts_on: Option<Option<Date>>,
    /// Another last date, or none.
    pub ends_on: Option<Option<Date>>,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The party is closed.
    #[error("the party is closed")]
    PartyClosed,
    /// The party has no such role.
    #[error("only an advertiser has campaigns")]
    NotAnAdvertiser,
    /// Arrears are too old (A4).
    #[error("the account is suspended: pay the arrears first; no new campaigns until then")]
    Suspended,
    /// No id, or a long one.
    #[error("an external id has 1 to 64 characters")]
    ExternalIdInvalid,
    /// No name, or a long one.
    #[error("a name has 1 to 40 characters")]
    NameInvalid,
    /// Below the least.
    #[error("a daily budget is at least {minimum_minor} minor units, or none")]
    BudgetTooSmall {
        /// The least, minor units.
        minimum_minor: i64,
    },
    /// Above every sense.
    #[error("an amount is at most 10,000,000,000,000 minor units")]
    AmountOutOfRange,
    /// Too many windows.
    #[error("a schedule has at most 336 windows")]
    ScheduleTooLong,
    /// A window that is none.
    #[error("a window names a day from 1 (Monday) to 7 and ends after it begins, on that day")]
    ScheduleInvalid {
        /// Place of the window.
        at: usize,
    },
    /// A factor out of bounds.
    #[error("a factor is {least_ppm} to {most_ppm} parts per million")]
    FactorOutOfRange {
        /// Place of the window.
        at: usize,
        /// Least, parts per million.
        least_ppm: i64,
        /// Most, parts per million.
        most_ppm: i64,
    },
    /// Two windows at the same time.
    #[error("this window overlaps an earlier one of the same day")]
    ScheduleOverlaps {
        /// Place of the window.
        at: usize,
    },
    /// Ends before it begins, or in the past.
    #[error("a campaign ends on its first day or later, and not in the past")]
    DatesInvalid,
    /// No keyword, or a long one.
    #[error("a keyword has 1 to 40 characters")]
    KeywordInvalid,
    /// Below the least.
    #[error("a bid is at least {minimum_minor} minor units")]
    BidTooSmall {
        /// The least, minor units.
        minimum_minor: i64,
    },
    /// A new keyword without a bid.
    #[error("a new keyword needs a bid")]
    BidMissing,
    /// There is no such keyword to be taken away.
    #[error("the campaign has no such keyword")]
    KeywordUnknown,
    /// Too many keywords.
    #[error("a campaign has at most 1,000 keywords that are on")]
    TooManyKeywords,
}

impl Rejection {
    /// One of each, in order of precedence.
    pub const ALL: &'static [Self] = &[
        Self::PartyClosed,
        Self::NotAnAdvertiser,
        Self::Suspended,
        Self::ExternalIdInvalid,
        Self::NameInvalid,
        Self::BudgetTooSmall { minimum_minor: 3_000 },
        Self::AmountOutOfRange,
        Self::ScheduleTooLong,
        Self::ScheduleInvalid { at: 0 },
        Self::FactorOutOfRange { at: 0, least_ppm: 10_000, most_ppm: 1_500_000 },
        Self::ScheduleOverlaps { at: 1 },
        Self::DatesInvalid,
        Self::KeywordInvalid,
        Self::BidTooSmall { minimum_minor: 5 },
        Self::BidMissing,
        Self::KeywordUnknown,
        Self::TooManyKeywords,
    ];

    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PartyClosed => "party_closed",
            Self::NotAnAdvertiser => "not_an_advertiser",
            Self::Suspended => "ad_account_suspended",
            Self::ExternalIdInvalid => "external_id_invalid",
            Self::NameInvalid => "campaign_name_invalid",
            Self::BudgetTooSmall { .. } => "budget_too_small",
            Self::AmountOutOfRange => "amount_out_of_range",
            Self::ScheduleTooLong => "schedule_too_long",
            Self::ScheduleInvalid { .. } => "schedule_invalid",
            Self::FactorOutOfRange { .. } => "factor_out_of_range",
            Self::ScheduleOverlaps { .. } => "schedule_overlaps",
            Self::DatesInvalid => "dates_invalid",
            Self::KeywordInvalid => "keyword_invalid",
            Self::BidTooSmall { .. } => "bid_too_small",
            Self::BidMissing => "bid_missing",
            Self::KeywordUnknown => "keyword_unknown",
            Self::TooManyKeywords => "keywords_too_many",
        }
    }
}

/// Sets up a campaign.
///
/// # Errors
/// A [`Rejection`] from `party_closed` to `dates_invalid`, the first that applies.
pub fn create(
    external_id: &str,
    name: &str,
    wish: &Change,
    facts: AdvertiserFacts,
    terms: &CampaignTerms,
    today: Date,
) -> Result<Campaign, Rejection> {
    if facts.closed {
        return Err(Rejection::PartyClosed);
    }
    if !facts.advertiser {
        return Err(Rejection::NotAnAdvertiser);
    }
    if matches!(facts.state, AccountState::Suspended { .. }) {
        return Err(Rejection::Suspended);
    }
    if !(1..=EXTERNAL_ID_MAX).contains(&external_id.chars().count()) || external_id.trim() != external_id {
        return Err(Rejection::ExternalIdInvalid);
    }
    let blank = Campaign {
        name: String::new(),
        budget_minor: None,
        schedule: Schedule::default(),
        on: true,
        starts_on: None,
        ends_on: None,
    };
    let wish = Change { name: Some(name.to_owned()), ..wish.clone() };
    change(&blank, &wish, terms, today)
}

/// Changes a campaign; what it sets is checked, what it leaves is not.
///
/// # Errors
/// A [`Rejection`] from `campaign_name_invalid` to `dates_invalid`, the first that applies.
pub fn change(
    campaign: &Campaign,
    wish: &Change,
    terms: &CampaignTerms,
    today: Date,
) -> Result<Campaign, Rejection> {
    let mut changed = campaign.clone();
    if let Some(name) = &wish.name {
        changed.name = line(name, NAME_MAX).ok_or(Rejection::NameInvalid)?;
    }
    if let Some(budget) = wish.budget_minor {
        changed.budget_minor = budget.map(|minor| budget_of(minor, terms)).transpose()?;
    }
    if let Some(windows) = &wish.schedule {
        changed.schedule = Schedule::of(windows, terms.factors).map_err(|wrong| no(wrong, terms))?;
    }
    changed.on = wish.on.unwrap_or(changed.on);
    changed.starts_on = wish.starts_on.unwrap_or(changed.starts_on);
    changed.ends_on = wish.ends_on.unwrap_or(changed.ends_on);
    let moved = wish.starts_on.is_some() || wish.ends_on.is_some();
    let first = changed.starts_on.unwrap_or(Date::ZERO);
    if moved && changed.ends_on.is_some_and(|last| last < first || last < today) {
        return Err(Rejection::DatesInvalid);
    }
    Ok(changed)
}

fn budget_of(minor: i64, terms: &CampaignTerms) -> Result<i64, Rejection> {
    if minor < terms.minimum_budget_minor.max(1) {
        return Err(Rejection::BudgetTooSmall { minimum_minor: terms.minimum_budget_minor });
    }
    if minor > AMOUNT_MAX {
        return Err(Rejection::AmountOutOfRange);
    }
    Ok(minor)
}

fn no(wrong: Wrong, terms: &CampaignTerms) -> Rejection {
    let (least_ppm, most_ppm) = (terms.factors.least.as_ppm(), terms.factors.most.as_ppm());
    match wrong {
        Wrong::TooMany => Rejection::ScheduleTooLong,
        Wrong::Window(at) => Rejection::ScheduleInvalid { at },
        Wrong::Factor(at) => Rejection::FactorOutOfRange { at, least_ppm, most_ppm },
        Wrong::Overlap(at) => Rejection::ScheduleOverlaps { at },
    }
}

/// A text of one line with something in it, without blanks around it.
fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count());
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// A keyword as it is kept: runs of blanks are one, letters are small, so that the same words are the same keyword.
pub fn keyword_text(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A keyword of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    /// The words.
    pub text: String,
    /// What a click is worth to the advertiser, minor units.
    pub bid_minor: i64,
    /// Switched on.
    pub on: bool,
}

/// What may be done with a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeywordChange {
    /// The words.
    pub text: String,
    /// Another bid; a new keyword needs one.
    pub bid_minor: Option<i64>,
    /// Its switch; a new keyword is on.
    pub on: Option<bool>,
    /// Taken away.
    pub removed: bool,
}

/// Adds, changes or takes away a keyword of a campaign of which `count` are on; `None` when it is gone.
///
/// # Errors
/// A [`Rejection`] from `keyword_invalid` on, or `amount_out_of_range`, the first that applies.
pub fn keyword(
    known: Option<&Keyword>,
    wish: &KeywordChange,
    count: i64,
    terms: &CampaignTerms,
) -> Result<Option<Keyword>, Rejection> {
    let text = line(&keyword_text(&wish.text), KEYWORD_MAX).ok_or(Rejection::KeywordInvalid)?;
    if wish.removed {
        return if known.is_some() { Ok(None) } else { Err(Rejection::KeywordUnknown) };
    }
    if let Some(bid) = wish.bid_minor {
        if bid < terms.minimum_bid_minor {
            return Err(Rejection::BidTooSmall { minimum_minor: terms.minimum_bid_minor });
        }
        if bid > AMOUNT_MAX {
            return Err(Rejection::AmountOutOfRange);
        }
    }
    let bid = wish.bid_minor.or(known.map(|known| known.bid_minor)).ok_or(Rejection::BidMissing)?;
    let on = wish.on.or(known.map(|known| known.on)).unwrap_or(true);
    if on && known.is_none_or(|known| !known.on) && count >= KEYWORDS_MAX {
        return Err(Rejection::TooManyKeywords);
    }
    Ok(Some(Keyword { text, bid_minor: bid, on }))
}
