//! A shop as the lines of cases describe it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::LazyLock;

use purser_domain::credit::{
    Component, Dsr, Emergency, LimitTerms, MonthFacts, Override, Promotion, RestrictionKind, Shop, Source,
    WaivedRule, Waiver,
};
use purser_domain::money::{Rate, parse_decimal};
use purser_domain::policy::kinds::VirtualOperatorLimit;
use purser_domain::policy::{PolicyPack, PolicySet, PolicyVersion, PolicyView, keys};
use purser_domain::time::{Date, Month, Zone};

/// Something of the default pack.
pub(crate) fn view<T>(read: impl FnOnce(PolicyView<'_>) -> T) -> T {
    let zone = Zone::shanghai();
    let at = zone.start_of(day("2024-01-01"));
    let pack = PolicyPack::builtin().expect("the default pack");
    let set = PolicySet::new(zone, PolicyVersion { number: 1, activated_at: at, pack });
    read(set.at(at, at))
}

/// The terms of the default pack, read once.
pub(crate) fn terms() -> LimitTerms {
    static TERMS: LazyLock<LimitTerms> = LazyLock::new(read_terms);
    TERMS.clone()
}

fn read_terms() -> LimitTerms {
    view(|view| LimitTerms {
        level_amount_minor: view.value(keys::NEW_SHOP_LEVEL_AMOUNT),
        level_overrides: Vec::new(),
        new_shop_months: view.value(keys::NEW_SHOP_MONTHS),
        dsr_threshold_hundredths: view.value(keys::DSR_THRESHOLD_HUNDREDTHS),
        dsr_boost: view.value(keys::DSR_BOOST),
        dsr_months: view.value(keys::DSR_BOOST_MONTHS),
        volume_orders: view.value(keys::VOLUME_ORDERS),
        volume_window_months: view.value(keys::VOLUME_WINDOW_MONTHS),
        volume_months: view.value(keys::VOLUME_BOOST_MONTHS),
        training_minor: view.value(keys::TRAINING_AMOUNT),
        training_months: view.value(keys::TRAINING_MONTHS),
        reduce_above: view.value(keys::RETURN_RATE_REDUCE_ABOVE),
        reduction: view.value(keys::RETURN_RATE_REDUCTION),
        zero_above: view.value(keys::RETURN_RATE_ZERO_ABOVE),
        zero_months: view.value(keys::RETURN_RATE_ZERO_MONTHS),
        cap: view.value(keys::TURNOVER_CAP),
        cap_months: view.value(keys::TURNOVER_CAP_MONTHS),
        cap_least_months: view.value(keys::TURNOVER_CAP_LEAST_MONTHS),
        virtual_operator: view.value(keys::VIRTUAL_OPERATOR_LIMIT),
    })
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

pub(crate) fn month(text: &str) -> Month {
    Month::of(day(&format!("{text}-01")))
}

pub(crate) fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

/// Per cent with at most two decimals.
pub(crate) fn percent(text: &str) -> Rate {
    Rate::ppm(money(text) * 100)
}

pub(crate) fn span(text: &str) -> (Date, Date, &str) {
    let (dates, rest) = text.split_once(':').unwrap_or((text, ""));
    let (from, until) = dates.split_once("..").expect("FROM..UNTIL");
    (day(from), day(until), rest)
}

/// The months from `first` to `last`.
pub(crate) fn months(text: &str) -> Vec<Month> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (month(first), month(last));
    (0..=last.number() - first.number()).map(|n| first.plus(n)).collect()
}

pub(crate) fn quiet() -> MonthFacts {
    MonthFacts { orders: 0, turnover_minor: 100_000_000, return_rate: Rate::ZERO, dsr: None }
}

/// A shop, the terms and the date of a case.
pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) terms: LimitTerms,
    pub(crate) on: Date,
}

impl World {
    pub(crate) fn of(input: &str) -> Self {
        let shop = Shop::opened(day("2024-01-01"), 1);
        let mut world = Self { shop, terms: terms(), on: day("2025-06-15") };
        world.hear(input);
        world
    }

    /// Takes over what a line says.
    pub(crate) fn hear(&mut self, input: &str) {
        for option in input.split_whitespace() {
            let (key, value) = option.split_once('=').expect("an option");
            self.set(key, value);
        }
    }

    fn component(&mut self, source: Source, value: &str) {
        let (amount, dates) = value.split_once('@').unwrap_or((value, "2024-01-01..2199-01-01"));
        let (since, until, _) = span(dates);
        let component = Component { source, amount_minor: money(amount), since, until: Some(until) };
        self.shop.put_component(component);
    }

    fn each_month(&mut self, value: &str, change: impl Fn(&mut MonthFacts, &str)) {
        let (which, what) = value.split_once(':').expect("MONTHS:VALUE");
        for month in months(which) {
            change(self.shop.months.entry(month).or_insert_with(quiet), what);
        }
    }

    /// One option of a case.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        match key {
            "on" => self.on = day(value),
            "opened" => self.shop.opened_on = day(value),
            "level" => self.shop.level = value.parse().expect("a level"),
            "row" => {
                let (level, amount) = value.split_once(':').expect("LEVEL:AMOUNT");
                self.terms.level_overrides.push((level.parse().expect("a level"), money(amount)));
            }
            "credit" => self.component(Source::CreditEvaluation, value),
            "volume" => self.component(Source::LevelAndVolume, value),
            "quality" => self.component(Source::ServiceQuality, value),
            "partner" => self.component(Source::Partner, value),
            "orders" => self.each_month(value, |m, text| m.orders = text.parse().expect("a count")),
            "turnover" => self.each_month(value, |m, text| m.turnover_minor = money(text)),
            "returns" => self.each_month(value, |m, text| m.return_rate = percent(text)),
            "dsr" => self.each_month(value, |m, text| {
                let parts: Vec<u16> = text.split('/').map(|p| p.parse().expect("hundredths")).collect();
                m.dsr = Some(Dsr { description: parts[0], service: parts[1], logistics: parts[2] });
            }),
            "returns30" => self.shop.return_rate = Some(percent(value)),
            "training" => self.shop.trainings.push(day(value)),
            "sale" => {
                let (from, until, rate) = span(value);
                self.shop.promotions.push(Promotion { from, until, rate: percent(rate) });
            }
            "emergency" => {
                let (from, until, amount) = span(value);
                self.shop.emergencies.push(Emergency { from, until, amount_minor: money(amount) });
            }
            "fixed" => {
                let (from, until, amount) = span(value);
                let amount_minor = money(amount);
                self.shop.fixed = Some(Override { from, until: Some(until), amount_minor });
            }
            "flag" => {
                let kind = RestrictionKind::named(value).expect("a restriction");
                self.shop.restrictions = self.shop.restrictions.with(kind);
            }
            "lift" => {
                let kind = RestrictionKind::named(value).expect("a restriction");
                self.shop.restrictions = self.shop.restrictions.without(kind);
            }
            "waive" => {
                let (from, until, rule) = span(value);
                let rule = WaivedRule::named(rule).expect("a rule");
                self.shop.waivers.push(Waiver { rule, from, until });
            }
            "virtual" => {
                self.shop.virtual_operator = true;
                if value == "refuse" {
                    self.terms.virtual_operator = VirtualOperatorLimit::Refuse;
                }
            }
            _ => panic!("unknown option {key}"),
        }
    }
}
