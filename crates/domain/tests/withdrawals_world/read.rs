//! Reading the words of a case.

use purser_domain::money::parse_decimal;
use purser_domain::time::{HOUR, MINUTE};
use purser_domain::withdrawals::{CodeCheck, FailureClass, RailOutcome, StepState};

pub(super) fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

pub(super) fn hours(text: &str) -> i64 {
    let hours: i64 = text.parse().expect("hours");
    if hours == 0 { MINUTE } else { hours * HOUR }
}

pub(super) fn step(text: &str) -> StepState {
    if text == "missing" { StepState::Missing } else { StepState::NotApplicable }
}

pub(super) fn code(text: &str) -> CodeCheck {
    match text {
        "waived" => CodeCheck::Waived,
        "missing" => CodeCheck::Missing,
        "wrong" => CodeCheck::Wrong,
        "another" => CodeCheck::ForAnother,
        "used" => CodeCheck::Used,
        "expired" => CodeCheck::Expired,
        "exhausted" => CodeCheck::TriesExhausted,
        _ => CodeCheck::Correct,
    }
}

pub(super) fn read_answer(words: &[&str]) -> RailOutcome {
    let class = |name: &str| FailureClass::named(name).expect("a class");
    match *words {
        ["paid"] => RailOutcome::Paid { rail_fee_minor: 0 },
        ["paid", charge] => RailOutcome::Paid { rail_fee_minor: money(charge) },
        ["failed", name] => RailOutcome::DefiniteFailure { class: class(name), code: "CODE".into() },
        ["bounced", name] => RailOutcome::Bounced { class: class(name), code: "CODE".into() },
        ["unknown"] => RailOutcome::Unknown,
        ["short"] => RailOutcome::PayerFundsShort,
        ["failed_for_funds"] => RailOutcome::FailedForFunds { code: "CODE".into() },
        ["throttled"] => RailOutcome::Throttled,
        ["not_found"] => RailOutcome::NotFound,
        ["not_taken"] => RailOutcome::NotTaken,
        _ => panic!("unreadable answer {words:?}"),
    }
}
