//! Cases and laws of bank files (spec P10).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use proptest::prelude::*;
use purser_domain::bank_files::{
    Booking, Heard, Order, OrderState, Signal, Statement, Sums, check_sums,
    codes::{Reading, progress, reading, return_class},
    hear,
};

fn show(heard: Heard) -> String {
    match heard {
        Heard::Changed(state, None) => state.name().to_owned(),
        Heard::Changed(state, Some(failure)) => {
            format!("{} {} {}", state.name(), failure.class, failure.code)
        }
        Heard::Repeat => "repeat".to_owned(),
        Heard::Conflict(problem) => format!("conflict {problem}"),
    }
}

/// `STATE SIGNAL [REASON | AMOUNT CURRENCY SOURCE [REASON]]` for an order of 100 fen, paid by `camt.054 A` when paid.
fn step(words: &[&str]) -> String {
    let [state, signal, rest @ ..] = words else { return "unreadable case".into() };
    let state = OrderState::named(state).unwrap();
    let paid = matches!(state, OrderState::Paid | OrderState::Returned);
    let paid_by = if paid { "camt.054 A" } else { "" };
    let order = Order { state, amount_minor: 100, currency: "CNY", paid_by };
    let source = rest.get(2).unwrap_or(&"camt.054_A").replace('_', " ");
    let booking = Booking {
        amount_minor: rest.first().and_then(|text| text.parse().ok()).unwrap_or(100),
        currency: rest.get(1).unwrap_or(&"CNY"),
        source: &source,
    };
    let signal = match *signal {
        "accepted" => Signal::Accepted,
        "rejected" => Signal::Rejected(rest.first().unwrap_or(&"")),
        "debited" => Signal::Debited(booking),
        _ => Signal::Returned(booking, rest.get(3).unwrap_or(&"")),
    };
    show(hear(&order, &signal))
}

fn code(code: &str) -> String {
    let said = match reading(code) {
        Reading::Failed(class) => class.to_owned(),
        other => format!("{other:?}"),
    };
    format!("{said}; returned: {}; as a status: {:?}", return_class(code), progress(code))
}

/// `WHOLE OPENING CLOSING ENTRIES CREDITS DEBITS LINES…`, `-` for what is not given.
fn sums(words: &[&str]) -> String {
    let number = |at: usize| words.get(at).and_then(|text| text.parse::<i64>().ok());
    let sums = Sums {
        opening_minor: number(1),
        closing_minor: number(2),
        entries: number(3),
        credits_minor: number(4),
        debits_minor: number(5),
    };
    let booked_minor = words.iter().skip(6).filter_map(|text| text.parse().ok()).collect();
    let statement =
        Statement { id: "S1".into(), account: String::new(), sums, entries: Vec::new(), booked_minor };
    match check_sums(&statement, words.first() == Some(&"whole")) {
        Ok(()) => "adds up".to_owned(),
        Err((code, text)) => format!("{code}: {text}"),
    }
}

#[test]
fn cases_p10() {
    support::run("bank_files", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["order", rest @ ..] => step(rest),
            ["code", word] => code(word),
            ["sums", rest @ ..] => sums(rest),
            _ => "unreadable case".to_owned(),
        }
    });
}

fn signals() -> impl Strategy<Value = (u8, usize, i64, u8)> {
    (0..4_u8, 0..6_usize, prop_oneof![Just(100_i64), Just(101)], 0..3_u8)
}

const REASONS: [&str; 6] = ["", "AC04", "AM04", "TM01", "DU01", "ZZZZ"];
const SOURCES: [&str; 3] = ["camt.054 A", "camt.054 B", "camt.053 A"];

proptest! {
    /// Whatever a bank says and however often: an order is debited once and back once at most, it never fails after
    /// it was debited, and saying the same again changes nothing.
    #[test]
    fn nothing_moves_twice_p10(said in proptest::collection::vec(signals(), 0..20)) {
        let (mut state, mut paid_by) = (OrderState::Waiting, String::new());
        let (mut debits, mut returns) = (0, 0);
        for (what, reason, amount_minor, source) in said {
            let source = SOURCES[usize::from(source)];
            let booking = Booking { amount_minor, currency: "CNY", source };
            let signal = match what {
                0 => Signal::Accepted,
                1 => Signal::Rejected(REASONS[reason]),
                2 => Signal::Debited(booking),
                _ => Signal::Returned(booking, REASONS[reason]),
            };
            let before = state;
            let known = paid_by.clone();
            let order = Order { state, amount_minor: 100, currency: "CNY", paid_by: &known };
            if let Heard::Changed(next, _) = hear(&order, &signal) {
                prop_assert_ne!(next, before);
                debits += usize::from(next == OrderState::Paid);
                returns += usize::from(next == OrderState::Returned);
                if next == OrderState::Paid {
                    source.clone_into(&mut paid_by);
                }
                if matches!(before, OrderState::Paid | OrderState::Returned) {
                    prop_assert_eq!((before, next), (OrderState::Paid, OrderState::Returned));
                }
                state = next;
                let now = Order { state, amount_minor: 100, currency: "CNY", paid_by: &paid_by };
                prop_assert_eq!(hear(&now, &signal), Heard::Repeat);
            }
            prop_assert!(debits <= 1 && returns <= 1);
        }
    }
}
