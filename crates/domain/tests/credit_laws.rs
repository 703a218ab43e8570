//! Laws of boosts, zero rules and the rule of 500 orders (C4, C7) on generated shops: what the pipeline says against
//! the rules read off the specification, one sentence each, without its code.
mod credit_world;

use credit_world::{day, terms};
use proptest::prelude::*;
use purser_domain::credit::{
    Component, Dsr, Evaluation, MonthFacts, RestrictionKind, Rule, Shop, Source, Step, evaluate,
};
use purser_domain::money::Rate;
use purser_domain::time::{Date, Month};

/// The first month that is reported.
const FIRST: Month = Month { year: 2023, month: 1 };
/// Months that may be reported.
const MONTHS: usize = 30;

prop_compose! {
    /// Figures that lie near the thresholds, on both sides.
    fn a_month()(orders in 490u32..511, returns in 140_000i64..160_001,
        dsr in proptest::option::of((478u16..483, 478u16..483, 478u16..483))) -> MonthFacts {
        let dsr = dsr.map(|(description, service, logistics)| Dsr { description, service, logistics });
        MonthFacts { orders, turnover_minor: 100_000_000_000, return_rate: Rate::ppm(returns), dsr }
    }
}

prop_compose! {
    fn a_shop()(level in 1u32..20, amount_minor in 0i64..100_000_000,
        months in proptest::collection::vec(proptest::option::weighted(0.9, a_month()), MONTHS),
        trainings in proptest::collection::vec(0i32..900, 0..3)) -> Shop {
        let mut shop = Shop::opened(day("2022-01-01"), level);
        let component = Component { source: Source::CreditEvaluation, amount_minor, since: day("2022-01-01"), until: None };
        shop.components = vec![component];
        let reported = months.into_iter().enumerate();
        shop.months = reported.filter_map(|(n, facts)| facts.map(|f| (FIRST.plus(i64::try_from(n).expect("few months")), f))).collect();
        shop.trainings = trainings.into_iter().map(|days| later(FIRST.first_day(), days)).collect();
        shop
    }
}

fn later(date: Date, days: i32) -> Date {
    date.checked_add(jiff::Span::new().days(days)).expect("a date")
}

fn step(evaluation: &Evaluation, rule: Rule) -> Option<Step> {
    evaluation.steps.iter().find(|step| step.rule == rule).copied()
}

/// A good month counts from the month after it for twelve.
fn rated_well(shop: &Shop, on: Date) -> bool {
    (1..=12).any(|back| {
        shop.months.get(&Month::of(on).plus(-back)).and_then(|facts| facts.dsr).is_some_and(|dsr| {
            u32::from(dsr.description) + u32::from(dsr.service) + u32::from(dsr.logistics) >= 3 * 480
        })
    })
}

/// More than 500 a month over three full months, which ended within the last six.
fn busy(shop: &Shop, on: Date) -> bool {
    (1..=6).any(|back| {
        let window: Vec<u32> = (0..3)
            .filter_map(|n| shop.months.get(&Month::of(on).plus(-back - n)).map(|facts| facts.orders))
            .collect();
        window.len() == 3 && window.iter().sum::<u32>() > 1_500
    })
}

/// How many months back the last one lies that counts: the one that has just ended may not be reported yet.
fn last_reported(shop: &Shop, on: Date) -> i64 {
    if shop.months.contains_key(&Month::of(on).before()) { 1 } else { 2 }
}

/// Three months running, up to the last one that counts, were each above 15 %.
fn returned_too_much(shop: &Shop, on: Date) -> bool {
    let last = last_reported(shop, on);
    (last..last + 3).all(|back| {
        let month = shop.months.get(&Month::of(on).plus(-back));
        month.is_some_and(|facts| facts.return_rate.as_ppm() > 150_000)
    })
}

/// A training counts on its day and for three months.
fn trained(shop: &Shop, on: Date) -> bool {
    let ends = |from: &Date| from.checked_add(jiff::Span::new().months(3)).expect("a date");
    shop.trainings.iter().any(|from| *from <= on && on < ends(from))
}

proptest! {
    #[test]
    fn a_good_month_gives_a_fifth_for_twelve_months_and_never_twice_c4(shop in a_shop(), days in 0i32..1_300) {
        let on = later(FIRST.first_day(), days);
        let evaluation = evaluate(&shop, on, &terms());
        let found = step(&evaluation, Rule::Dsr);
        prop_assert_eq!(found.is_some(), rated_well(&shop, on), "{:?}", evaluation);
        if let Some(found) = found {
            let base: i64 = evaluation.steps.iter()
                .filter(|s| matches!(s.rule, Rule::CreditEvaluation | Rule::Volume))
                .map(|s| s.delta_minor).sum();
            prop_assert_eq!(found.delta_minor, base / 5);
        }
    }

    #[test]
    fn more_than_500_orders_a_month_give_one_level_for_six_months_c4(shop in a_shop(), days in 0i32..1_300) {
        let on = later(FIRST.first_day(), days);
        let evaluation = evaluate(&shop, on, &terms());
        let found = step(&evaluation, Rule::Volume);
        prop_assert_eq!(found.is_some(), busy(&shop, on), "{:?}", evaluation);
        if let Some(found) = found {
            prop_assert_eq!((found.input, found.delta_minor), (i64::from(shop.level) + 1, 100_000));
        }
    }

    #[test]
    fn a_training_gives_ten_thousand_for_three_months_c4(shop in a_shop(), days in 0i32..1_300) {
        let on = later(FIRST.first_day(), days);
        let found = step(&evaluate(&shop, on, &terms()), Rule::Training);
        prop_assert_eq!(found.map(|s| s.delta_minor), trained(&shop, on).then_some(1_000_000));
    }

    #[test]
    fn three_months_of_returns_make_the_limit_zero_and_one_good_month_ends_it_c7(shop in a_shop(), days in 0i32..1_300) {
        let on = later(FIRST.first_day(), days);
        let evaluation = evaluate(&shop, on, &terms());
        let zero = returned_too_much(&shop, on);
        prop_assert_eq!(step(&evaluation, Rule::ReturnsZero).is_some(), zero);
        if zero {
            prop_assert_eq!(evaluation.total_minor, 0);
            let mut better = shop.clone();
            let month = Month::of(on).plus(-last_reported(&shop, on));
            let last = better.months.get_mut(&month).unwrap();
            last.return_rate = Rate::ppm(150_000);
            prop_assert_eq!(step(&evaluate(&better, on, &terms()), Rule::ReturnsZero), None);
        }
    }

    #[test]
    fn every_restriction_makes_the_limit_zero_and_lifting_all_gives_it_back_c7(shop in a_shop(), bits in 1u8..32, days in 0i32..1_300) {
        let on = later(FIRST.first_day(), days);
        let free = evaluate(&shop, on, &terms());
        let mut held = shop.clone();
        for kind in RestrictionKind::ALL.into_iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, kind)| kind) {
            held.restrictions = held.restrictions.with(kind);
        }
        let evaluation = evaluate(&held, on, &terms());
        prop_assert_eq!(evaluation.total_minor, 0);
        let zeroes = [Rule::HighRisk, Rule::Violation, Rule::PoorOperation, Rule::DailyDraw, Rule::Closed];
        let named = zeroes.iter().filter(|rule| step(&evaluation, **rule).is_some()).count();
        prop_assert_eq!(named, usize::try_from(bits.count_ones()).unwrap(), "every reason is shown");
        for kind in RestrictionKind::ALL {
            held.restrictions = held.restrictions.without(kind);
        }
        prop_assert_eq!(evaluate(&held, on, &terms()), free);
    }
}
