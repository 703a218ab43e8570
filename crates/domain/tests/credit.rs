//! Cases and laws of the pay-later limit (C2–C9).
mod support;

use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::credit::{
    BoostKind, Component, Dsr, Emergency, LimitTerms, MonthFacts, Override, Promotion, RestrictionKind,
    STEPS_BYTES_MAX, Shop, Source, Step, boosts, decode, encode, evaluate, next_change,
};
use purser_domain::money::{Rate, decimal, parse_decimal};
use purser_domain::policy::kinds::VirtualOperatorLimit;
use purser_domain::policy::{PolicyPack, PolicySet, PolicyVersion, keys};
use purser_domain::time::{Date, Month, Zone};

/// The terms of the default pack.
fn terms() -> LimitTerms {
    let zone = Zone::shanghai();
    let at = zone.start_of(day("2024-01-01"));
    let pack = PolicyPack::builtin().expect("the default pack");
    let set = PolicySet::new(zone, PolicyVersion { number: 1, activated_at: at, pack });
    let view = set.at(at, at);
    LimitTerms {
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
    }
}

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn month(text: &str) -> Month {
    Month::of(day(&format!("{text}-01")))
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

/// Per cent with at most two decimals.
fn percent(text: &str) -> Rate {
    Rate::ppm(money(text) * 100)
}

fn span(text: &str) -> (Date, Date, &str) {
    let (dates, rest) = text.split_once(':').unwrap_or((text, ""));
    let (from, until) = dates.split_once("..").expect("FROM..UNTIL");
    (day(from), day(until), rest)
}

/// The months from `first` to `last`.
fn months(text: &str) -> Vec<Month> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (month(first), month(last));
    (0..=last.number() - first.number()).map(|n| first.plus(n)).collect()
}

fn quiet() -> MonthFacts {
    MonthFacts { orders: 0, turnover_minor: 100_000_000, return_rate: Rate::ZERO, dsr: None }
}

struct World {
    shop: Shop,
    terms: LimitTerms,
    on: Date,
}

impl World {
    fn of(input: &str) -> Self {
        let shop = Shop::opened(day("2024-01-01"), 1);
        let mut world = Self { shop, terms: terms(), on: day("2025-06-15") };
        for option in input.split_whitespace() {
            let (key, value) = option.split_once('=').expect("an option");
            world.set(key, value);
        }
        world
    }

    fn component(&mut self, source: Source, value: &str) {
        let (amount, dates) = value.split_once('@').unwrap_or((value, "2024-01-01..2199-01-01"));
        let (since, until, _) = span(dates);
        let component = Component { source, amount_minor: money(amount), since, until: Some(until) };
        self.shop.components.push(component);
    }

    fn each_month(&mut self, value: &str, change: impl Fn(&mut MonthFacts, &str)) {
        let (which, what) = value.split_once(':').expect("MONTHS:VALUE");
        for month in months(which) {
            change(self.shop.months.entry(month).or_insert_with(quiet), what);
        }
    }

    fn set(&mut self, key: &str, value: &str) {
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

fn answer(input: &str) -> String {
    let world = World::of(input);
    let evaluation = evaluate(&world.shop, world.on, &world.terms);
    let mut out = decimal(evaluation.total_minor);
    for Step { rule, delta_minor, result_minor, .. } in evaluation.steps {
        let sign = if delta_minor < 0 { "" } else { "+" };
        write!(out, " | {} {sign}{} = {}", rule.name(), decimal(delta_minor), decimal(result_minor))
            .expect("writing to a string");
    }
    out
}

#[test]
fn cases() {
    support::run("credit", answer);
}

#[test]
fn boosts_name_their_whole_run_and_the_next_change_is_its_end_c4() {
    let world = World::of("dsr=2025-03:480/480/480 dsr=2025-05:490/480/470 on=2025-06-15");
    let running = boosts(&world.shop, world.on, &world.terms);
    assert_eq!(running.len(), 1);
    assert_eq!((running[0].kind, running[0].since), (BoostKind::Dsr, day("2025-04-01")));
    assert_eq!(running[0].until, day("2026-06-01"), "qualifying again prolongs");
    assert_eq!(next_change(&world.shop, day("2026-05-31"), &world.terms), Some(day("2026-06-01")));
    let world = World::of("training=2025-11-30 on=2025-12-01");
    assert_eq!(boosts(&world.shop, world.on, &world.terms)[0].until, day("2026-02-28"));
}

prop_compose! {
    fn any_month()(orders in 0u32..2_000, turnover_minor in 0i64..1_000_000_000, returns in 0i64..400_000,
        dsr in proptest::option::of((300u16..501, 300u16..501, 300u16..501))) -> MonthFacts {
        let dsr = dsr.map(|(description, service, logistics)| Dsr { description, service, logistics });
        MonthFacts { orders, turnover_minor, return_rate: Rate::ppm(returns), dsr }
    }
}

prop_compose! {
    fn any_shop()(level in 1u32..30, opened in 0i64..40, reported in proptest::collection::vec(proptest::option::of(any_month()), 30),
        amounts in proptest::array::uniform4(0i64..10_000_000_000_000), returns in proptest::option::of(0i64..1_000_000),
        training in proptest::option::of(0i64..800), sale in proptest::option::of((0i64..800, 1i64..40, 0i64..500_000)),
        emergency in proptest::option::of((0i64..800, 1i64..40, 1i64..10_000_000_000_000)),
        fixed in proptest::option::weighted(0.1, 0i64..10_000_000_000_000), bits in 0u8..32, odds in 0u8..4, virtual_operator in any::<bool>())
        -> Shop {
        let start = day("2024-01-01");
        let date = |days: i64| start.checked_add(jiff::Span::new().days(days)).expect("a date");
        let mut shop = Shop::opened(Month::of(start).plus(opened - 10).first_day(), level);
        shop.components = Source::ALL.into_iter().zip(amounts).map(|(source, amount_minor)| Component { source, amount_minor, since: start, until: None }).collect();
        shop.months = reported.into_iter().enumerate().filter_map(|(n, facts)| facts.map(|f| (Month::of(start).plus(i64::try_from(n).expect("few months")), f))).collect();
        shop.return_rate = returns.map(Rate::ppm);
        shop.trainings = training.map(date).into_iter().collect();
        shop.promotions = sale.map(|(from, days, rate)| Promotion { from: date(from), until: date(from + days), rate: Rate::ppm(rate) }).into_iter().collect();
        shop.emergencies = emergency.map(|(from, days, amount_minor)| Emergency { from: date(from), until: date(from + days), amount_minor }).into_iter().collect();
        shop.fixed = fixed.map(|amount_minor| Override { from: start, until: None, amount_minor });
        if odds == 0 {
            shop.restrictions = purser_domain::credit::Restrictions::from_bits(bits).expect("five bits");
        }
        shop.virtual_operator = virtual_operator;
        shop
    }
}

proptest! {
    #[test]
    fn steps_add_up_fit_and_come_back_c9(shop in any_shop(), days in 0i64..900) {
        let on = day("2024-01-01").checked_add(jiff::Span::new().days(days)).unwrap();
        let evaluation = evaluate(&shop, on, &terms());
        let sum: i64 = evaluation.steps.iter().map(|step| step.delta_minor).sum();
        prop_assert_eq!(sum, evaluation.total_minor);
        prop_assert!(evaluation.total_minor >= 0 && evaluation.total_minor % 100 == 0);
        let stored = encode(&evaluation.steps);
        prop_assert!(stored.len() <= STEPS_BYTES_MAX, "{} bytes", stored.len());
        prop_assert_eq!(decode(&stored), Ok(evaluation.steps.clone()));
        let mut rules: Vec<_> = evaluation.steps.iter().map(|step| step.rule).collect();
        let order = rules.clone();
        rules.sort_by_key(|rule| purser_domain::credit::Rule::ALL.iter().position(|r| r == rule));
        rules.dedup();
        prop_assert_eq!(rules, order, "in the order of the formula, each once");
    }

    #[test]
    fn nothing_changes_between_two_changes_c8(shop in any_shop(), days in 0i64..900) {
        let on = day("2024-01-01").checked_add(jiff::Span::new().days(days)).unwrap();
        let terms = terms();
        let next = next_change(&shop, on, &terms).unwrap();
        let before = next.checked_sub(jiff::Span::new().days(1)).unwrap();
        prop_assert_eq!(evaluate(&shop, on, &terms), evaluate(&shop, before, &terms));
    }

    #[test]
    fn foreign_bytes_are_refused_or_read_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(steps) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&steps)), Ok(steps));
        }
    }
}
