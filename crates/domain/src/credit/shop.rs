//! What is known of a shop: dated facts that the platform and staff report (C2, C4–C7, C18).

use std::collections::BTreeMap;

use super::steps::Rule;
use crate::money::Rate;
use crate::time::{Date, Month};

/// Where a part of the limit comes from (C2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Credit evaluation; every shop has one.
    CreditEvaluation,
    /// Shop level and volume; growing shops.
    LevelAndVolume,
    /// Service quality; good shops.
    ServiceQuality,
    /// A financing partner; large shops.
    Partner,
}

impl Source {
    /// All sources in the order of the formula.
    pub const ALL: [Self; 4] =
        [Self::CreditEvaluation, Self::LevelAndVolume, Self::ServiceQuality, Self::Partner];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreditEvaluation => "credit_evaluation",
            Self::LevelAndVolume => "level_and_volume",
            Self::ServiceQuality => "service_quality",
            Self::Partner => "partner",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }

    /// Which shops have such a part, in both languages.
    pub const fn eligible(self) -> (&'static str, &'static str) {
        match self {
            Self::CreditEvaluation => ("全部店铺", "Every shop"),
            Self::LevelAndVolume => ("成长型店铺", "Growing shops"),
            Self::ServiceQuality => ("优质服务店铺", "Shops with good service"),
            Self::Partner => ("大型店铺", "Large shops"),
        }
    }

    /// The step that it is in an evaluation.
    pub const fn rule(self) -> Rule {
        match self {
            Self::CreditEvaluation => Rule::CreditEvaluation,
            Self::LevelAndVolume => Rule::LevelAndVolume,
            Self::ServiceQuality => Rule::ServiceQuality,
            Self::Partner => Rule::Partner,
        }
    }
}

/// A part of the limit with its source (C2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Where it comes from.
    pub source: Source,
    /// Minor units, ≥ 0.
    pub amount_minor: i64,
    /// First civil date it counts on.
    pub since: Date,
    /// First civil date it no longer counts on; `None`: until further notice.
    pub until: Option<Date>,
}

impl Component {
    /// Whether it counts on a civil date.
    pub fn counts(&self, on: Date) -> bool {
        self.since <= on && self.until.is_none_or(|until| on < until)
    }
}

/// What was told of a part before another was granted in its place (C25).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The amount that was told, minor units.
    pub told_minor: i64,
    /// The end that was told.
    pub told_until: Option<Date>,
    /// The end that was granted.
    pub granted_until: Option<Date>,
}

/// The three parts of a shop's rating, in hundredths of a point (4.8 is 480).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dsr {
    /// Goods as described.
    pub description: u16,
    /// Service.
    pub service: u16,
    /// Logistics.
    pub logistics: u16,
}

impl Dsr {
    /// Whether the mean of the three parts reaches a threshold in hundredths; compared without rounding (C4).
    pub fn reaches(self, hundredths: u32) -> bool {
        let sum = u32::from(self.description) + u32::from(self.service) + u32::from(self.logistics);
        sum >= hundredths.saturating_mul(3)
    }
}

/// What the platform reported about one full civil month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthFacts {
    /// Orders of the month.
    pub orders: u32,
    /// Turnover in minor units, ≥ 0.
    pub turnover_minor: i64,
    /// Returned orders of all orders of the month.
    pub return_rate: Rate,
    /// Rating of the month; `None`: nobody rated.
    pub dsr: Option<Dsr>,
}

/// A boost granted for a sale (C5): the civil dates from `from` to `until`, the last one not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promotion {
    /// First civil date.
    pub from: Date,
    /// First civil date after it.
    pub until: Date,
    /// Of the capped value.
    pub rate: Rate,
}

/// A temporary limit with its end (C18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emergency {
    /// First civil date.
    pub from: Date,
    /// First civil date after it.
    pub until: Date,
    /// Minor units, > 0.
    pub amount_minor: i64,
}

/// A limit set by two people instead of the formula's (C8, P16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Override {
    /// First civil date.
    pub from: Date,
    /// First civil date after it; `None`: until it is taken back.
    pub until: Option<Date>,
    /// Minor units, ≥ 0.
    pub amount_minor: i64,
}

/// Why staff or a rule set a limit to zero, beside the return rate (C7, C25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestrictionKind {
    /// Flagged high-risk.
    HighRisk,
    /// A violation of the platform's rules.
    Violation,
    /// Poor operation.
    PoorOperation,
    /// A day's draws of unpaid proceeds above the share of the limit (policy `zero`).
    DailyDraw,
    /// The merchant closed the service (C25).
    Closed,
}

impl RestrictionKind {
    /// All kinds in the order of the formula.
    pub const ALL: [Self; 5] =
        [Self::HighRisk, Self::Violation, Self::PoorOperation, Self::DailyDraw, Self::Closed];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HighRisk => "high_risk",
            Self::Violation => "violation",
            Self::PoorOperation => "poor_operation",
            Self::DailyDraw => "daily_draw",
            Self::Closed => "closed",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::HighRisk => 1,
            Self::Violation => 2,
            Self::PoorOperation => 4,
            Self::DailyDraw => 8,
            Self::Closed => 16,
        }
    }
}

/// A rule that a granted appeal sets aside until a date (C7): the facts stay as they were reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiver {
    /// Which rule.
    pub rule: WaivedRule,
    /// First civil date.
    pub from: Date,
    /// First civil date on which it counts again.
    pub until: Date,
}

/// A rule that can be set aside: those that follow from figures. Flags of staff are lifted instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaivedRule {
    /// The reduction for a high return rate (C6).
    ReturnRate,
    /// Zero after months with a return rate that is too high (C7).
    ReturnsZero,
}

impl WaivedRule {
    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReturnRate => "return_rate_reduction",
            Self::ReturnsZero => "returns_zero",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::ReturnRate, Self::ReturnsZero].into_iter().find(|rule| rule.name() == name)
    }
}

/// The restrictions in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restrictions(u8);

impl Restrictions {
    /// None.
    pub const NONE: Self = Self(0);

    /// With one more.
    #[must_use]
    pub const fn with(self, kind: RestrictionKind) -> Self {
        Self(self.0 | kind.bit())
    }

    /// Without one.
    #[must_use]
    pub const fn without(self, kind: RestrictionKind) -> Self {
        Self(self.0 & !kind.bit())
    }

    /// Whether it is in force.
    pub const fn has(self, kind: RestrictionKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// As a number, as storage keeps it.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From [`Restrictions::bits`]; `None` when a bit has no kind.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 32 { Some(Self(bits)) } else { None }
    }
}

/// Everything the limit of a shop follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Civil date on which the shop opened.
    pub opened_on: Date,
    /// Shop level, 1 or more.
    pub level: u32,
    /// Parts of the limit; at most one counts per source and date.
    pub components: Vec<Component>,
    /// What parts of the limit rest on, as it was reported with them; by source and first day.
    pub evidence: BTreeMap<(Source, Date), String>,
    /// What was told of parts in whose place others were granted from the same first day on (C25).
    pub replaced: BTreeMap<(Source, Date), Replaced>,
    /// Full months that were reported.
    pub months: BTreeMap<Month, MonthFacts>,
    /// Return rate of the last 30 days, as last reported.
    pub return_rate: Option<Rate>,
    /// Civil dates on which trainings were completed.
    pub trainings: Vec<Date>,
    /// Granted sale boosts; they do not overlap.
    pub promotions: Vec<Promotion>,
    /// Temporary limits.
    pub emergencies: Vec<Emergency>,
    /// A limit set by two people.
    pub fixed: Option<Override>,
    /// What sets the limit to zero.
    pub restrictions: Restrictions,
    /// Why staff set them, in their words; the last reason of each.
    pub reasons: BTreeMap<RestrictionKind, String>,
    /// Rules that granted appeals set aside.
    pub waivers: Vec<Waiver>,
    /// The bound phone is a virtual operator's (C22).
    pub virtual_operator: bool,
}

impl Shop {
    /// A shop of which only level and opening are known.
    pub const fn opened(opened_on: Date, level: u32) -> Self {
        Self {
            opened_on,
            level,
            components: Vec::new(),
            evidence: BTreeMap::new(),
            replaced: BTreeMap::new(),
            months: BTreeMap::new(),
            return_rate: None,
            trainings: Vec::new(),
            promotions: Vec::new(),
            emergencies: Vec::new(),
            fixed: None,
            restrictions: Restrictions::NONE,
            reasons: BTreeMap::new(),
            waivers: Vec::new(),
            virtual_operator: false,
        }
    }

    /// What a source gives on a civil date, minor units; the newest of its parts counts.
    pub fn component_minor(&self, source: Source, on: Date) -> i64 {
        let found = self.components.iter().rev().find(|c| c.source == source && c.counts(on));
        found.map_or(0, |component| component.amount_minor)
    }

    /// Takes over a part of the limit that was granted (C25). Telling again what it replaced does not undo it.
    pub fn grant_component(&mut self, new: Component) {
        let key = (new.source, new.since);
        let known = self.components.iter().find(|c| (c.source, c.since) == key);
        let told = match (self.replaced.get(&key), known) {
            (Some(before), _) => Some((before.told_minor, before.told_until)),
            (None, known) => known.map(|known| (known.amount_minor, known.until)),
        };
        if let Some((told_minor, told_until)) = told {
            self.replaced.insert(key, Replaced { told_minor, told_until, granted_until: new.until });
        }
        self.place(new);
    }

    /// Takes over a part of the limit that was reported (C2). A part is known by its source and its first day: told again it says the same or
    /// corrects itself, and it ends at the latest where the next one of its source begins. So an old one that is told
    /// late, or once more, brings no old amount back. Evidence for another amount is none for this one. Where another
    /// amount was granted in its place, a new end of it ends what was granted too, and takes nothing else of it.
    pub fn put_component(&mut self, new: Component) {
        let key = (new.source, new.since);
        let granted = self.components.iter().find(|c| (c.source, c.since) == key).map(|c| c.amount_minor);
        let before = self.replaced.get(&key).copied().filter(|r| r.told_minor == new.amount_minor);
        let (Some(before), Some(amount_minor)) = (before, granted) else {
            self.replaced.remove(&key);
            return self.place(new);
        };
        if [new.until, self.cut(&new)].contains(&before.told_until) {
            return;
        }
        self.replaced.insert(key, Replaced { told_until: new.until, ..before });
        let until = earlier(before.granted_until, new.until);
        self.place(Component { amount_minor, until, ..new });
    }

    /// Where a part ends: at the latest where the next one of its source begins.
    fn cut(&self, part: &Component) -> Option<Date> {
        let after = self.components.iter().filter(|c| c.source == part.source && c.since > part.since);
        earlier(part.until, after.map(|c| c.since).min())
    }

    fn place(&mut self, new: Component) {
        let of_source = |c: &Component| c.source == new.source;
        let new = Component { until: self.cut(&new), ..new };
        for before in self.components.iter_mut().filter(|c| of_source(c) && c.since < new.since) {
            if before.until.is_none_or(|until| until > new.since) {
                before.until = Some(new.since);
            }
        }
        let key = (new.source, new.since);
        let known = |c: &Component| c.source == new.source && c.since == new.since;
        if let Some(same) = self.components.iter_mut().find(|c| known(c)) {
            if same.amount_minor != new.amount_minor {
                self.evidence.remove(&key);
            }
            *same = new;
        } else {
            let place = self.components.iter().position(|c| c.since > new.since);
            self.components.insert(place.unwrap_or(self.components.len()), new);
        }
    }

    /// Whether a granted appeal sets a rule aside on a civil date.
    pub fn waives(&self, rule: WaivedRule, on: Date) -> bool {
        self.waivers.iter().any(|w| w.rule == rule && w.from <= on && on < w.until)
    }

    /// The first full civil month: the one that begins with or after the opening. What was reported of the days before
    /// it is kept, and earns or costs nothing (C4, C7).
    pub fn first_full_month(&self) -> Month {
        let opening = Month::of(self.opened_on);
        if self.opened_on.day() == 1 { opening } else { opening.plus(1) }
    }

    /// What was reported of a full month.
    pub fn full_month(&self, month: Month) -> Option<&MonthFacts> {
        self.months.get(&month).filter(|_| month >= self.first_full_month())
    }

    /// Full civil months between the opening and the month of `on`.
    pub fn full_months(&self, on: Date) -> i64 {
        (Month::of(on).number() - self.first_full_month().number()).max(0)
    }
}

/// The earlier of two ends.
fn earlier(one: Option<Date>, other: Option<Date>) -> Option<Date> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
