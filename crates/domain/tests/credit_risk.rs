//! Cases and laws of the signs of cash-out (C21).
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::credit::risk::{
    Cohort, Ground, Increase, Marks, OrderFacts, Review, RiskTerms, Score, Signal, Signals, State, Verdict,
    decide, decode, encode, of_authorisation, patterns, score,
};
use purser_domain::ids::{StaffId, Uid};
use purser_domain::money::{Rate, parse_decimal};
use purser_domain::policy::value::Table;
use purser_domain::policy::{PolicyPack, PolicySet, PolicyVersion, keys};
use purser_domain::time::{DAY, HOUR, Month, Timestamp, Zone};

/// The terms of the default pack.
fn terms() -> RiskTerms {
    let zone = Zone::shanghai();
    let at = zone.start_of("2024-01-01".parse().expect("a date"));
    let pack = PolicyPack::builtin().expect("the default pack");
    let set = PolicySet::new(zone, PolicyVersion { number: 1, activated_at: at, pack });
    let view = set.at(at, at);
    let each = |table: &Table| {
        let of = |signal: &Signal| table.value(&[signal.name()]).expect("every sign is listed");
        let values: Vec<i64> = Signal::ALL.iter().map(of).collect();
        <[i64; Signal::ALL.len()]>::try_from(values).expect("as many as signs")
    };
    RiskTerms {
        weights: each(view.value(keys::RISK_WEIGHTS)).map(|points| points.try_into().expect("points")),
        shares: each(view.value(keys::RISK_SHARES)).map(Rate::ppm),
        review_from: view.value(keys::RISK_REVIEW_FROM),
        window_months: view.value(keys::RISK_WINDOW_MONTHS),
        least_orders: view.value(keys::RISK_LEAST_ORDERS),
        round_unit_minor: view.value(keys::RISK_ROUND_UNIT),
        near_limit: view.value(keys::RISK_NEAR_LIMIT),
        increase_least: view.value(keys::RISK_INCREASE_LEAST),
        increase_us: view.value(keys::RISK_INCREASE),
        loop_us: view.value(keys::RISK_LOOP),
        scans_reported: view.value(keys::RISK_SCANS_REPORTED),
        scan_us: view.value(keys::RISK_SCAN),
        release_us: i64::from(view.value(keys::RISK_RELEASE)) * DAY,
    }
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

fn signals(text: &str) -> Signals {
    let named = |name: &str| Signal::named(name).unwrap_or_else(|| panic!("no sign {name}"));
    text.split(',').fold(Signals::NONE, |all, name| all.with(named(name)))
}

fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

/// `month 2026-03 orders 40 shop 50 round_amount 30`.
fn cohort(words: &[&str]) -> (Month, Cohort) {
    let mut cohort = Cohort::default();
    for pair in words[1..].chunks(2) {
        let count = pair[1].parse().expect("a count");
        match pair[0] {
            "orders" => cohort.orders = count,
            "shop" => cohort.shop_orders = Some(count),
            name => cohort.with[Signal::named(name).expect("a sign").index()] = count,
        }
    }
    (month(words[0]), cohort)
}

fn shown(score: &Score, terms: &RiskTerms) -> String {
    let mut out = format!("{} {}", score.points, if score.holds(terms) { "held" } else { "passes" });
    for reason in &score.reasons {
        write!(out, ", {} {}", reason.signal.name(), reason.points).expect("writing to a string");
        if let Ground::Shop { measured, bound } = reason.ground {
            write!(out, " (shop {} above {})", measured.as_ppm(), bound.as_ppm()).expect("a string");
        }
    }
    out
}

/// `score; own SIGNS; month …; released SIGNS`: in March 2026.
fn scored(steps: &[&str]) -> String {
    let terms = terms();
    let (mut own, mut released, mut cohorts) = (Signals::NONE, Signals::NONE, BTreeMap::new());
    for step in steps {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[0] {
            "own" => own = signals(words[1]),
            "released" => released = signals(words[1]),
            "month" => {
                let (month, counted) = cohort(&words[1..]);
                cohorts.insert(month, counted);
            }
            other => panic!("unknown step {other}"),
        }
    }
    let found = patterns(&cohorts, month("2026-03"), &terms);
    shown(&score(own, &found, released, &terms), &terms)
}

/// `order AMOUNT of LIMIT [raised HOURS ago] [told SIGNS]`.
fn order(words: &[&str]) -> String {
    let at = Timestamp(1_000 * DAY);
    let (mut reported, mut raised_at) = (Signals::NONE, None);
    match words[3..] {
        [] => {}
        ["told", names] => reported = signals(names),
        ["raised", hours, "ago"] => raised_at = Some(at.plus(-hours.parse::<i64>().expect("hours") * HOUR)),
        _ => panic!("unknown order {words:?}"),
    }
    let facts =
        OrderFacts { amount_minor: money(words[0]), total_minor: money(words[2]), reported, at, raised_at };
    let found = of_authorisation(&facts, &terms());
    let names: Vec<&str> =
        Signal::ALL.iter().filter(|signal| found.has(**signal)).map(|signal| signal.name()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

/// `review HELD by WHO WHAT [by WHO WHAT …] [held is HELD …]`: what each of them is told.
fn review(words: &[&str]) -> String {
    let mut held_minor = money(words[0]);
    let mut review = Review { state: State::Open, approvals: Vec::new() };
    let mut told = Vec::new();
    for act in words[1..].chunks(3) {
        if act[0] == "held" {
            held_minor = money(act[2]);
            continue;
        }
        let by = StaffId(Uid([act[1].as_bytes()[0]; 16]));
        let (verdict, note) = match act[2] {
            "release" => (Verdict::Release, "looked at it"),
            "confirm" => (Verdict::Confirm, "looked at it"),
            "mute" => (Verdict::Release, " "),
            other => panic!("unknown verdict {other}"),
        };
        told.push(match decide(&review, verdict, by, note, held_minor, 50_000_000) {
            Ok(next) => {
                review = next;
                review.state.name()
            }
            Err(rejection) => rejection.code(),
        });
    }
    told.join(" ")
}

fn answer(input: &str) -> String {
    let steps: Vec<&str> = input.split(';').map(str::trim).collect();
    let words: Vec<&str> = steps[0].split_whitespace().collect();
    match words[0] {
        "score" => scored(&steps[1..]),
        "order" => order(&words[1..]),
        "review" => review(&words[1..]),
        "increase" => {
            let rise = Increase { before_minor: money(words[1]), total_minor: money(words[2]) };
            rise.counts(&terms()).to_string()
        }
        other => panic!("unknown case {other}"),
    }
}

#[test]
fn cases() {
    support::run("credit_risk", answer);
}

#[test]
fn policy_names_every_sign_and_no_other_c21() {
    assert_eq!(keys::RISK_SIGNALS, Signal::NAMES);
    let terms = terms();
    assert!(terms.weights.iter().all(|points| *points < terms.review_from), "no single sign holds");
}

fn any_signals() -> impl Strategy<Value = Signals> {
    (0u16..512).prop_map(Signals::from_bits)
}

fn any_cohorts() -> impl Strategy<Value = BTreeMap<Month, Cohort>> {
    let counts = proptest::collection::vec(0u32..50, Signal::ALL.len());
    let cohort =
        (0u32..100, proptest::option::of(0u32..100), counts).prop_map(|(orders, shop_orders, counts)| {
            let with = counts.try_into().expect("as many as signs");
            Cohort { orders, shop_orders, with }
        });
    proptest::collection::vec(cohort, 0..6)
        .prop_map(|cohorts| (0i64..).map(|back| month("2026-04").plus(-back)).zip(cohorts).collect())
}

proptest! {
    #[test]
    fn a_score_is_what_its_reasons_add_up_to_and_grows_with_signs_c21(
        own in any_signals(), more in any_signals(), released in any_signals(), cohorts in any_cohorts()
    ) {
        let terms = terms();
        let found = patterns(&cohorts, month("2026-03"), &terms);
        let one = score(own, &found, released, &terms);
        let sum: u32 = one.reasons.iter().map(|reason| reason.points).sum();
        prop_assert_eq!(one.points, sum.min(100));
        prop_assert!(score(own.and(more), &found, released, &terms).points >= one.points, "signs only add");
        prop_assert!(score(own, &found, released.and(more), &terms).points <= one.points, "releases only take");
        prop_assert_eq!(score(own, &found, one.signals(), &terms).points, 0, "the same signs do not hold again");
        prop_assert_eq!(decode(&encode(&one.reasons)).unwrap(), one.reasons);
    }

    #[test]
    fn counts_follow_whatever_order_signs_come_and_go_c21(changes in proptest::collection::vec(any_signals(), 1..20)) {
        let mut cohort = Cohort { orders: 1, ..Cohort::default() };
        let mut now = Signals::NONE;
        for next in changes {
            cohort.change(now, next);
            now = next;
        }
        for signal in Signal::ALL {
            prop_assert_eq!(cohort.with[signal.index()], u32::from(now.has(*signal)));
        }
    }

    #[test]
    fn marks_round_trip(bits in any_signals(), scanned: bool, under_review: bool, abuse: bool) {
        let marks = Marks { signals: bits, scanned, under_review, abuse };
        prop_assert_eq!(Marks::from_bits(marks.bits()), marks);
    }
}
