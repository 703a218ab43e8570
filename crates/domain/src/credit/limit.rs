//! The formula (C8): a pipeline in a fixed order, additive and never compounded, that keeps its steps (C9).

use super::boosts::{BoostKind, all_runs, boosts, later};
use super::shop::{RestrictionKind, Shop, Source, WaivedRule};
use super::steps::{Rule, Step};
use crate::money::{Rate, Rounding, divide, floor_to_yuan};
use crate::policy::kinds::VirtualOperatorLimit;
use crate::time::{Date, Month};

/// Policy of the limit (P4), as it stands at the instant of the evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitTerms {
    /// Limit of a new shop per level, minor units: 1,000.00 (C3).
    pub level_amount_minor: i64,
    /// Levels with another limit than the product: level and minor units (C3).
    pub level_overrides: Vec<(u32, i64)>,
    /// Months for which a shop is new: 1 (C3).
    pub new_shop_months: u32,
    /// Mean rating that earns a boost, hundredths: 480 (C4).
    pub dsr_threshold_hundredths: u32,
    /// Boost for the rating, of the components: 20 % (C4).
    pub dsr_boost: Rate,
    /// Months that it lasts: 12 (C4).
    pub dsr_months: u32,
    /// Mean orders a month that must be passed: 500 (C4).
    pub volume_orders: u32,
    /// Full months over which they are averaged: 3 (C4).
    pub volume_window_months: u32,
    /// Months that the higher level lasts: 6 (C4).
    pub volume_months: u32,
    /// Boost for a training, minor units: 10,000.00 (C4).
    pub training_minor: i64,
    /// Months that it lasts: 3 (C4).
    pub training_months: u32,
    /// Return rate of 30 days above which the limit is reduced: 10 % (C6).
    pub reduce_above: Rate,
    /// The reduction, of the components: 30 % (C6).
    pub reduction: Rate,
    /// Return rate of a month that counts for the zero rule when passed: 15 % (C7).
    pub zero_above: Rate,
    /// Months running that make the limit zero: 3 (C7).
    pub zero_months: u32,
    /// Ceiling, of the turnover of the last months: 30 % (C8).
    pub cap: Rate,
    /// Full months of turnover it looks at: 12 (C8).
    pub cap_months: u32,
    /// Full months that must be there at a quarterly evaluation before it applies: 3 (C8).
    pub cap_least_months: u32,
    /// What a virtual operator's number does (C22).
    pub virtual_operator: VirtualOperatorLimit,
}

impl LimitTerms {
    /// The limit of a level (C3), minor units.
    pub fn level_row_minor(&self, level: u32) -> i64 {
        let own = self.level_overrides.iter().find(|(known, _)| *known == level);
        own.map_or_else(|| self.level_amount_minor.saturating_mul(i64::from(level)), |(_, amount)| *amount)
    }
}

/// What the formula gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The limit, minor units, ≥ 0, whole yuan.
    pub total_minor: i64,
    /// How it came about, in order; rules that changed nothing and looked at nothing are left out.
    pub steps: Vec<Step>,
}

/// The limit as it grows.
struct Pipeline {
    now: i64,
    steps: Vec<Step>,
}

impl Pipeline {
    fn add(&mut self, rule: Rule, input: i64, delta_minor: i64) {
        self.now = self.now.saturating_add(delta_minor);
        self.steps.push(Step { rule, input, delta_minor, result_minor: self.now });
    }

    fn set(&mut self, rule: Rule, input: i64, to_minor: i64) {
        self.add(rule, input, to_minor.saturating_sub(self.now));
    }
}

/// A rate of an amount, down to the minor unit: what a limit gains is never rounded up.
fn part(rate: Rate, amount_minor: i64) -> i64 {
    rate.of(amount_minor, Rounding::Down).unwrap_or(i64::MAX)
}

/// Evaluates a shop's limit on a civil date (C8). The same facts and terms always give the same steps.
pub fn evaluate(shop: &Shop, on: Date, terms: &LimitTerms) -> Evaluation {
    let mut limit = Pipeline { now: 0, steps: Vec::new() };
    components(&mut limit, shop, on, terms);
    let base = limit.now;
    for boost in boosts(shop, on, terms) {
        match boost.kind {
            BoostKind::Dsr => limit.add(Rule::Dsr, terms.dsr_boost.as_ppm(), part(terms.dsr_boost, base)),
            BoostKind::Training => limit.add(Rule::Training, terms.training_minor, terms.training_minor),
            // Already in the base: it takes the next row of the levels.
            BoostKind::Volume => {}
        }
    }
    let high = shop.return_rate.filter(|rate| *rate > terms.reduce_above);
    if let Some(rate) = high.filter(|_| !shop.waives(WaivedRule::ReturnRate, on)) {
        let taken = part(terms.reduction, base).min(limit.now);
        limit.add(Rule::ReturnRate, rate.as_ppm(), -taken);
    }
    if let Some((turnover, cap)) = turnover_cap(shop, on, terms)
        && limit.now > cap
    {
        limit.set(Rule::TurnoverCap, turnover, cap);
    }
    outside_the_cap(&mut limit, shop, on);
    virtual_operator_cap(&mut limit, shop, terms);
    let fixed = shop.fixed.filter(|fixed| fixed.from <= on && fixed.until.is_none_or(|until| on < until));
    if let Some(fixed) = fixed {
        limit.set(Rule::Fixed, fixed.amount_minor, fixed.amount_minor);
    }
    zero_rules(&mut limit, shop, on, terms);
    let whole = floor_to_yuan(limit.now.max(0));
    if whole != limit.now {
        limit.set(Rule::Rounding, 0, whole);
    }
    Evaluation { total_minor: limit.now, steps: limit.steps }
}

/// Whether a shop is new on a date, for so many months from its opening (C3, C19).
pub fn is_new(shop: &Shop, on: Date, months: u32) -> bool {
    shop.opened_on <= on && on < later(shop.opened_on, months)
}

/// Σ components, or the level of a new shop; "level up" takes the next row (C2–C4). A shop that opens later has none.
fn components(limit: &mut Pipeline, shop: &Shop, on: Date, terms: &LimitTerms) {
    if on < shop.opened_on {
        return;
    }
    if is_new(shop, on, terms.new_shop_months) {
        limit.add(Rule::NewShop, i64::from(shop.level), terms.level_row_minor(shop.level));
    } else {
        for source in Source::ALL {
            let found = shop.components.iter().rev().find(|c| c.source == source && c.counts(on));
            if let Some(component) = found {
                limit.add(source.rule(), component.amount_minor, component.amount_minor);
            }
        }
    }
    if boosts(shop, on, terms).iter().any(|boost| boost.kind == BoostKind::Volume) {
        let next = shop.level.saturating_add(1);
        let gain = terms.level_row_minor(next).saturating_sub(terms.level_row_minor(shop.level)).max(0);
        limit.add(Rule::Volume, i64::from(next), gain);
    }
}

/// The ceiling of a virtual operator's number (C22). Sale boost and temporary limit do not lift a shop above it: they lie
/// outside the ceiling of the turnover only. What two people set instead of the formula's result does.
fn virtual_operator_cap(limit: &mut Pipeline, shop: &Shop, terms: &LimitTerms) {
    if !shop.virtual_operator {
        return;
    }
    let cap = match terms.virtual_operator {
        VirtualOperatorLimit::Cap => terms.level_row_minor(1),
        VirtualOperatorLimit::Refuse => 0,
    };
    if limit.now > cap {
        limit.set(Rule::VirtualOperator, cap, cap);
    }
}

/// Turnover of the full months that count and the ceiling it gives; `None` while it does not apply: before the
/// first quarterly evaluation with enough full months, or while too few of them are reported.
fn turnover_cap(shop: &Shop, on: Date, terms: &LimitTerms) -> Option<(i64, i64)> {
    let month = Month::of(on);
    let quarter = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
    let least = i64::from(terms.cap_least_months.max(1));
    if shop.full_months(quarter.first_day()) < least {
        return None;
    }
    let window = shop.full_months(on).min(i64::from(terms.cap_months.max(1)));
    let reported: Vec<i64> = (1..=window)
        .filter_map(|back| shop.months.get(&month.plus(-back)).map(|facts| facts.turnover_minor))
        .collect();
    let count = i64::try_from(reported.len()).unwrap_or(i64::MAX);
    if count < least {
        return None;
    }
    let sum: i128 = reported.iter().map(|turnover| i128::from(*turnover)).sum();
    let turnover = i64::try_from(sum).unwrap_or(i64::MAX);
    // Annualised until there are as many months as it looks at.
    let annual = divide(sum * i128::from(terms.cap_months.max(1)), i128::from(count), Rounding::Down);
    Some((turnover, floor_to_yuan(part(terms.cap, annual.unwrap_or(i64::MAX)))))
}

/// Sale boost and temporary limits lie outside the ceiling of the turnover (C5, C18).
fn outside_the_cap(limit: &mut Pipeline, shop: &Shop, on: Date) {
    let capped = limit.now;
    let promotion = shop.promotions.iter().find(|p| p.from <= on && on < p.until);
    if let Some(promotion) = promotion {
        limit.add(Rule::Promotion, promotion.rate.as_ppm(), part(promotion.rate, capped));
    }
    let running = shop.emergencies.iter().filter(|e| e.from <= on && on < e.until);
    let emergency = running.fold(0i64, |sum, e| sum.saturating_add(e.amount_minor));
    if emergency > 0 {
        limit.add(Rule::Emergency, emergency, emergency);
    }
}

/// What makes the limit zero (C7, C25). Each reason is kept, so that all of them can be shown.
fn zero_rules(limit: &mut Pipeline, shop: &Shop, on: Date, terms: &LimitTerms) {
    let running = returns_running(shop, on, terms);
    if let Some(rate) = running.filter(|_| !shop.waives(WaivedRule::ReturnsZero, on)) {
        limit.set(Rule::ReturnsZero, rate.as_ppm(), 0);
    }
    for kind in RestrictionKind::ALL {
        if shop.restrictions.has(kind) {
            let rule = match kind {
                RestrictionKind::HighRisk => Rule::HighRisk,
                RestrictionKind::Violation => Rule::Violation,
                RestrictionKind::PoorOperation => Rule::PoorOperation,
                RestrictionKind::DailyDraw => Rule::DailyDraw,
                RestrictionKind::Closed => Rule::Closed,
            };
            limit.set(rule, 0, 0);
        }
    }
}

/// The last month's return rate when it and the months before it were all too high. The month that has just ended may
/// not be reported yet: until it is, the months before it count, so that a late report lifts nothing. A gap further back
/// breaks the run, and so does the month of the opening: nothing is held against a shop that nobody reported.
fn returns_running(shop: &Shop, on: Date, terms: &LimitTerms) -> Option<Rate> {
    let rate = |back: i64| shop.full_month(Month::of(on).plus(-back)).map(|facts| facts.return_rate);
    let high = |back| rate(back).is_some_and(|rate| rate > terms.zero_above);
    let last = if rate(1).is_some() { 1 } else { 2 };
    let mut months = last..last + i64::from(terms.zero_months.max(1));
    if months.all(high) { rate(last) } else { None }
}

/// The next civil date after `on` on which the limit may change although nothing is reported: a boost, sale,
/// component or override begins or ends, a month or quarter turns, the shop is no longer new.
pub fn next_change(shop: &Shop, on: Date, terms: &LimitTerms) -> Option<Date> {
    let opened = [shop.opened_on, later(shop.opened_on, terms.new_shop_months)];
    let mut dates = vec![Month::of(on).plus(1).first_day()];
    dates.extend(opened);
    for boost in all_runs(shop, terms) {
        dates.extend([boost.since, boost.until]);
    }
    for component in &shop.components {
        dates.push(component.since);
        dates.extend(component.until);
    }
    dates.extend(shop.promotions.iter().flat_map(|p| [p.from, p.until]));
    dates.extend(shop.emergencies.iter().flat_map(|e| [e.from, e.until]));
    dates.extend(shop.waivers.iter().flat_map(|w| [w.from, w.until]));
    if let Some(fixed) = shop.fixed {
        dates.push(fixed.from);
        dates.extend(fixed.until);
    }
    dates.into_iter().filter(|date| *date > on).min()
}
