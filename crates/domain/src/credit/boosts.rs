//! Boosts (C4): each has a qualifying period, an effect and a duration. They are derived from what was reported, so
//! that a late report of a month earns what that month deserves. A boost starts on the 1st after its qualifying
//! month (training: on the day itself) and runs to its end even if the shop stops qualifying; qualifying again
//! prolongs it, and two of a kind never stack.

use super::limit::LimitTerms;
use super::shop::{MonthFacts, Shop};
use crate::time::{Date, Month};

/// What earned a boost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoostKind {
    /// A month's rating.
    Dsr,
    /// Orders of the last months.
    Volume,
    /// A completed training.
    Training,
}

impl BoostKind {
    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dsr => "dsr",
            Self::Volume => "volume",
            Self::Training => "training",
        }
    }
}

/// A boost that runs on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boost {
    /// What earned it.
    pub kind: BoostKind,
    /// First civil date of the run without a gap that contains the date.
    pub since: Date,
    /// First civil date after it.
    pub until: Date,
}

/// The boosts that run on a civil date, at most one of each kind.
pub fn boosts(shop: &Shop, on: Date, terms: &LimitTerms) -> Vec<Boost> {
    all_runs(shop, terms).into_iter().filter(|boost| boost.since <= on && on < boost.until).collect()
}

/// The boosts that run on a civil date and end within so many days: what their merchants are reminded of (C24).
pub fn ending(shop: &Shop, on: Date, terms: &LimitTerms, days: u32) -> Vec<Boost> {
    let soon = on.saturating_add(jiff::Span::new().days(i64::from(days)));
    boosts(shop, on, terms).into_iter().filter(|boost| boost.until <= soon).collect()
}

/// The next civil date after `on` on which a boost that is known begins to end, as [`ending`] sees it.
pub fn next_ending(shop: &Shop, on: Date, terms: &LimitTerms, days: u32) -> Option<Date> {
    let first = first_days(all_runs(shop, terms), days).map(|(_, date)| date);
    first.filter(|date| *date > on).min()
}

/// `on` itself while a boost is [`ending`] on it, else [`next_ending`]: when there is something to be reminded of.
pub fn remind_on(shop: &Shop, on: Date, terms: &LimitTerms, days: u32) -> Option<Date> {
    let left = first_days(all_runs(shop, terms), days).filter(|(boost, _)| boost.until > on);
    left.map(|(_, date)| date.max(on)).min()
}

/// Runs, each with the first civil date on which it is within so many days of its end.
fn first_days(runs: Vec<Boost>, days: u32) -> impl Iterator<Item = (Boost, Date)> {
    let span = jiff::Span::new().days(i64::from(days));
    runs.into_iter().map(move |boost| (boost, boost.until.saturating_sub(span).max(boost.since)))
}

/// Every run of every kind, past and to come, as far as is known.
pub(super) fn all_runs(shop: &Shop, terms: &LimitTerms) -> Vec<Boost> {
    let by_month = |kind, months: u32, qualifies: &dyn Fn(Month, &MonthFacts) -> bool| {
        let full = shop.months.range(shop.first_full_month()..);
        let spans = full.filter(|(month, facts)| qualifies(**month, facts)).map(|(month, _)| {
            let start = month.plus(1);
            (start.first_day(), start.plus(i64::from(months)).first_day())
        });
        joined(kind, spans.collect())
    };
    let mut runs = by_month(BoostKind::Dsr, terms.dsr_months, &|_, facts| {
        facts.dsr.is_some_and(|dsr| dsr.reaches(terms.dsr_threshold_hundredths))
    });
    runs.extend(by_month(BoostKind::Volume, terms.volume_months, &|month, _| busy(shop, month, terms)));
    let trainings = shop.trainings.iter().map(|day| (*day, later(*day, terms.training_months)));
    let mut trainings: Vec<(Date, Date)> = trainings.collect();
    trainings.sort_unstable();
    runs.extend(joined(BoostKind::Training, trainings));
    runs
}

/// More orders a month, on average over the window that ends with `month`, than the threshold. A month that was not
/// reported is not guessed, and one that was not full is none: the window does not qualify.
fn busy(shop: &Shop, month: Month, terms: &LimitTerms) -> bool {
    let window = i64::from(terms.volume_window_months.max(1));
    let mut sum = 0u64;
    for back in 0..window {
        match shop.full_month(month.plus(-back)) {
            Some(facts) => sum += u64::from(facts.orders),
            None => return false,
        }
    }
    sum > u64::from(terms.volume_orders) * window.unsigned_abs()
}

/// A civil date so many months later; the last of the month where the day does not exist.
pub(super) fn later(day: Date, months: u32) -> Date {
    day.checked_add(jiff::Span::new().months(i64::from(months))).unwrap_or(Date::MAX)
}

/// Joins spans, sorted by their start, that touch or overlap.
fn joined(kind: BoostKind, spans: Vec<(Date, Date)>) -> Vec<Boost> {
    let mut runs: Vec<Boost> = Vec::new();
    for (since, until) in spans {
        match runs.last_mut() {
            Some(last) if since <= last.until => last.until = last.until.max(until),
            _ => runs.push(Boost { kind, since, until }),
        }
    }
    runs
}
