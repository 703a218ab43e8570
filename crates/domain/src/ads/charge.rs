//! Whether a click is charged, and what it does to the money and the budget (A4, A7). Wholly or not at all.

use super::{
    budget,
    price::{NoPrice, PriceTerms, Pricing, effective_bid, price},
    sources::{Funds, Part},
};
use crate::money::Rate;
use crate::time::Timestamp;

/// Figures of policy that decide a click, by its own instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeTerms {
    /// Prices.
    pub price: PriceTerms,
    /// After a stop, a click is still charged for so long, µs.
    pub grace_us: i64,
    /// Arrears up to which a click is charged, minor units.
    pub arrears_limit_minor: i64,
    /// How far a click may lie ahead of this clock, µs.
    pub clock_tolerance_us: i64,
}

/// The keyword that a click names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// None was named.
    Unnamed,
    /// The campaign has no such keyword.
    Unknown,
    /// One of the campaign.
    Known {
        /// Its bid, minor units.
        bid_minor: i64,
        /// The advertiser's own switch.
        active: bool,
        /// When that was moved last.
        switched_at: Timestamp,
    },
}

/// A click, and what the calendar says of its instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Click {
    /// When.
    pub at: Timestamp,
    /// How its price is found.
    pub pricing: Pricing,
    /// The keyword.
    pub keyword: Keyword,
    /// Price factor of the schedule at that time, or at the end of the grace before it; none: not delivered then.
    pub factor: Option<Rate>,
}

/// What is known of the campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Campaign {
    /// The advertiser's own switch.
    pub active: bool,
    /// When that was moved last.
    pub switched_at: Timestamp,
    /// It begins.
    pub starts_at: Option<Timestamp>,
    /// It is over.
    pub ends_at: Option<Timestamp>,
    /// Daily budget, minor units; 0: none.
    pub budget_minor: i64,
}

/// The click's day, as the budget sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetDay {
    /// It was not closed yet: the click counts in its budget.
    pub open: bool,
    /// It is over: its budget stops nothing any more.
    pub past: bool,
    /// Spent so far, minor units.
    pub spent_minor: i64,
    /// When its budget was used up, while that is so.
    pub stopped_at: Option<Timestamp>,
    /// Since when it was used up at the instant of the click, although there is room again now.
    pub off_since: Option<Timestamp>,
}

/// Where delivery stands for money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Since when it was off at the instant of the click, see [`super::stop::Stops::off_since`].
    pub off_since: Option<Timestamp>,
    /// There is money again, and the campaign waits to be resumed.
    pub waits: bool,
    /// A stop is in force.
    pub stopped: bool,
}

/// Between which instants clicks are taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Business time.
    pub now: Timestamp,
    /// The first instant of the first civil date of which clicks are still taken.
    pub oldest: Timestamp,
}

/// Why delivery was off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The balance is used up, or arrears are open.
    Money,
    /// It was, and the campaign was not resumed since.
    ToBeResumed,
    /// The day's budget is used up.
    DailyBudget,
}

impl Why {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Money => "no_money",
            Self::ToBeResumed => "to_be_resumed",
            Self::DailyBudget => "daily_budget",
        }
    }
}

/// Why a click is not charged. In order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Ahead of this clock by more than clocks differ.
    #[error("the click is in the future: this server's clock says {now}")]
    InTheFuture {
        /// Business time.
        now: Timestamp,
    },
    /// Of a civil date that is too long ago.
    #[error("the click is too late: clicks before {oldest} are not charged any more")]
    TooLate {
        /// The first instant from which clicks are taken.
        oldest: Timestamp,
    },
    /// The campaign has no such keyword.
    #[error("the campaign has no such keyword")]
    KeywordUnknown,
    /// There is no price.
    #[error(transparent)]
    Price(NoPrice),
    /// Before its first day.
    #[error("the campaign had not begun: its first day begins at {starts_at}")]
    NotStarted {
        /// When it begins.
        starts_at: Timestamp,
    },
    /// After its last day.
    #[error("the campaign was over: its last day ended at {ends_at}")]
    Ended {
        /// When it was over.
        ends_at: Timestamp,
    },
    /// Switched off by the advertiser.
    #[error("the campaign was switched off at {switched_at}")]
    Paused {
        /// When.
        switched_at: Timestamp,
    },
    /// The keyword was switched off by the advertiser.
    #[error("the keyword was switched off at {switched_at}")]
    KeywordPaused {
        /// When.
        switched_at: Timestamp,
    },
    /// Outside the hours in which it is shown.
    #[error("the campaign's schedule does not show it at that time")]
    OffSchedule,
    /// Delivery was off for money or budget.
    #[error("delivery was off: {}", .why.name())]
    Stopped {
        /// What for.
        why: Why,
        /// Since when.
        since: Timestamp,
    },
    /// What is not covered would exceed what may be owed.
    #[error("the balance and what may be owed cover {most_minor} of it")]
    ArrearsLimit {
        /// What could be taken in all.
        most_minor: i64,
    },
}

impl Rejection {
    /// Stable machine code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InTheFuture { .. } => "click_in_the_future",
            Self::TooLate { .. } => "click_too_late",
            Self::KeywordUnknown => "keyword_unknown",
            Self::Price(no) => no.code(),
            Self::NotStarted { .. } => "campaign_not_started",
            Self::Ended { .. } => "campaign_ended",
            Self::Paused { .. } => "campaign_paused",
            Self::KeywordPaused { .. } => "keyword_paused",
            Self::OffSchedule => "off_schedule",
            Self::Stopped { .. } => "campaign_stopped",
            Self::ArrearsLimit { .. } => "arrears_limit",
        }
    }

    /// Which field of a click it is about.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Price(no) => no.field(),
            Self::InTheFuture { .. } | Self::TooLate { .. } | Self::OffSchedule => "/click_at",
            Self::KeywordUnknown | Self::KeywordPaused { .. } => "/keyword_id",
            _ => "/campaign_id",
        }
    }
}

/// A click that was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// What it cost, minor units.
    pub amount_minor: i64,
    /// Nothing is left, or something is owed now: delivery stops, unless it is stopped already.
    pub stops: bool,
    /// The day's budget is used up by it.
    pub budget_stops: bool,
}

/// Decides a click. What it is taken from is appended to `parts`; on a refusal nothing has changed.
///
/// # Errors
/// The first [`Rejection`] that applies.
pub fn charge(
    click: &Click,
    campaign: &Campaign,
    day: &BudgetDay,
    delivery: Delivery,
    (funds, parts): (&mut Funds, &mut Vec<Part>),
    times: Times,
    terms: &ChargeTerms,
) -> Result<Charged, Rejection> {
    if click.at > times.now.plus(terms.clock_tolerance_us) {
        return Err(Rejection::InTheFuture { now: times.now });
    }
    if click.at < times.oldest {
        return Err(Rejection::TooLate { oldest: times.oldest });
    }
    let bid_minor = match click.keyword {
        Keyword::Unknown => return Err(Rejection::KeywordUnknown),
        Keyword::Unnamed => None,
        // Outside the schedule there is no factor; that is refused further down.
        Keyword::Known { bid_minor, .. } => {
            Some(effective_bid(bid_minor, click.factor.unwrap_or(Rate::ppm(1_000_000)), &terms.price))
        }
    };
    let amount_minor = price(click.pricing, bid_minor, &terms.price).map_err(Rejection::Price)?;
    delivered(click, campaign, day, delivery, terms.grace_us)?;
    funds
        .take(amount_minor, terms.arrears_limit_minor, parts)
        .map_err(|most_minor| Rejection::ArrearsLimit { most_minor })?;
    let spent = day.spent_minor.saturating_add(amount_minor);
    let may_stop = day.open && !day.past && day.stopped_at.is_none();
    let budget_stops = may_stop && budget::used_up(spent, campaign.budget_minor);
    Ok(Charged { amount_minor, stops: funds.is_used_up() && !delivery.stopped, budget_stops })
}

/// Whether the campaign was shown at the click's instant, or shortly before it.
fn delivered(
    click: &Click,
    campaign: &Campaign,
    day: &BudgetDay,
    delivery: Delivery,
    grace_us: i64,
) -> Result<(), Rejection> {
    let late = |since: Timestamp| click.at > since.plus(grace_us);
    if let Some(starts_at) = campaign.starts_at.filter(|starts_at| click.at < *starts_at) {
        return Err(Rejection::NotStarted { starts_at });
    }
    if let Some(ends_at) = campaign.ends_at.filter(|ends_at| late(*ends_at)) {
        return Err(Rejection::Ended { ends_at });
    }
    if !campaign.active && late(campaign.switched_at) {
        return Err(Rejection::Paused { switched_at: campaign.switched_at });
    }
    if let Keyword::Known { active: false, switched_at, .. } = click.keyword
        && late(switched_at)
    {
        return Err(Rejection::KeywordPaused { switched_at });
    }
    if click.factor.is_none() {
        return Err(Rejection::OffSchedule);
    }
    if let Some(since) = delivery.off_since.filter(|since| late(*since)) {
        let why = if delivery.waits { Why::ToBeResumed } else { Why::Money };
        return Err(Rejection::Stopped { why, since });
    }
    let mut used_up = day.off_since.into_iter().chain(day.stopped_at);
    if let Some(since) = used_up.find(|since| day.open && late(*since)) {
        return Err(Rejection::Stopped { why: Why::DailyBudget, since });
    }
    Ok(())
}
