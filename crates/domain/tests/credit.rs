//! Cases and laws of the pay-later limit (C2–C9).
mod credit_world;
mod support;

use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::credit::{
    BoostKind, Component, Dsr, Emergency, MonthFacts, Override, Promotion, STEPS_BYTES_MAX, Shop, Source,
    Step, boosts, decode, encode, evaluate, next_change,
};
use purser_domain::money::{Rate, decimal};
use purser_domain::time::Month;

use credit_world::{World, day, terms};

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

/// C2, C25: a report says the same of a part again, or that it ends, after another amount was granted in its place.
#[test]
fn a_part_that_ends_ends_what_was_granted_in_its_place_c2_c25() {
    let part = |amount_minor, until: Option<&str>| Component {
        source: Source::Partner,
        amount_minor,
        since: day("2025-06-01"),
        until: until.map(day),
    };
    let (told, granted) = (100_000, 150_000);
    let with = |steps: &[Component]| {
        let mut shop = Shop::opened(day("2024-01-01"), 1);
        shop.put_component(part(told, None));
        shop.grant_component(part(granted, Some("2026-01-01")));
        for step in steps {
            shop.put_component(*step);
        }
        shop.components
    };
    let ends = |text: &str| [part(granted, Some(text))];
    assert_eq!(with(&[part(told, None)]), ends("2026-01-01"), "the same again");
    assert_eq!(with(&[part(told, Some("2025-09-01"))]), ends("2025-09-01"), "its end is news");
    let twice = [part(told, Some("2025-09-01")), part(told, Some("2025-09-01"))];
    assert_eq!(with(&twice), ends("2025-09-01"));
    let corrected = [part(told, Some("2025-09-01")), part(told, Some("2025-10-01"))];
    assert_eq!(with(&corrected), ends("2025-10-01"), "and can be corrected");
    assert_eq!(with(&[part(told, Some("2025-09-01")), part(told, None)]), ends("2026-01-01"));
    assert_eq!(with(&[part(told, Some("2027-01-01"))]), ends("2026-01-01"), "nothing grows by a report");
    assert_eq!(with(&[part(90_000, Some("2025-09-01"))]), [part(90_000, Some("2025-09-01"))]);
    // Staff granted beyond an end that was told before: telling that again takes nothing back.
    let mut shop = Shop::opened(day("2024-01-01"), 1);
    shop.put_component(part(told, Some("2025-09-01")));
    shop.grant_component(part(told, None));
    shop.put_component(part(told, Some("2025-09-01")));
    assert_eq!(shop.components, [part(told, None)]);
    // The next part of the source ends it all the same, and is not news of this one.
    let next = Component { since: day("2025-08-01"), ..part(5, None) };
    shop.put_component(next);
    let before = shop.clone();
    shop.put_component(part(told, Some("2025-09-01")));
    assert_eq!(shop, before);
    assert_eq!(shop.components, [part(told, Some("2025-08-01")), next]);
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
