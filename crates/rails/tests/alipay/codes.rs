//! Every code and state, line by line, through the rail.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use purser_domain::withdrawals::RailOutcome;
use purser_engine::ports::Rail as _;
use purser_rails::alipay::{
    Wording,
    codes::{CODES, class_of},
};
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    stand_in::{StandIn, order},
};

fn show(outcome: &RailOutcome) -> String {
    match outcome {
        RailOutcome::Paid { .. } => "paid".to_owned(),
        RailOutcome::DefiniteFailure { class, .. } => format!("failed {}", class.name()),
        RailOutcome::Unknown => "unknown".to_owned(),
        RailOutcome::PayerFundsShort => "funds short".to_owned(),
        RailOutcome::FailedForFunds { .. } => "failed for funds".to_owned(),
        RailOutcome::Throttled => "throttled".to_owned(),
        RailOutcome::NotFound => "not found".to_owned(),
        RailOutcome::NotTaken => "not taken".to_owned(),
        RailOutcome::Bounced { class, .. } => format!("bounced {}", class.name()),
    }
}

fn answer(words: [&str; 3]) -> (bool, Value) {
    let order = order("alipay", "2088000000000001");
    let [what, first, second] = words.map(|word| if word == "-" { "" } else { word });
    let stands = |reference: &str, amount: &str| json!({ "code": "10000", "out_biz_no": reference, "status": first, "error_code": second, "trans_amount": amount });
    match what {
        "transfer" => (true, json!({ "code": first, "sub_code": second, "sub_msg": "任意" })),
        "query" => (false, json!({ "code": first, "sub_code": second })),
        "state" => (false, stands(&order.reference, "9500.00")),
        "other-order" => (false, stands("wd_01h455vb4pex5vsknk084sn02q-02", "9500.00")),
        "other-amount" => (false, stands(&order.reference, "9500.01")),
        other => panic!("unreadable case {other}"),
    }
}

#[test]
fn every_code_and_state_has_its_outcome_p10() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/alipay/codes.txt");
    let text = fs::read_to_string(&file).unwrap();
    let (mut bench, stand_in) = (Bench::new(), StandIn::default());
    let (mut rail, _) = stand_in.rail(Wording::default());
    let order = order("alipay", "2088000000000001");
    let (mut wrong, mut shown) = (String::new(), BTreeSet::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (input, expected) = line.split_once(" => ").unwrap();
        let mut words = input.split_whitespace();
        let words = [(); 3].map(|()| words.next().unwrap_or("-"));
        let (send, content) = answer(words);
        stand_in.say(content);
        let outcome =
            if send { rail.send(&order, &mut bench.hands()) } else { rail.query(&order, &mut bench.hands()) };
        let got = show(&outcome.unwrap());
        if got != expected {
            writeln!(wrong, "{input}: expected {expected}, got {got}").unwrap();
        }
        if words[0] == "transfer" {
            shown.insert(words[2].to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for (pattern, class) in CODES {
        let example = |code: &String| {
            class_of(code) == Some(*class) && CODES.iter().all(|(other, _)| other == pattern || other != code)
        };
        let head = pattern.split('*').next().unwrap();
        assert!(shown.iter().any(|code| code.starts_with(head) && example(code)), "no case shows {pattern}");
        assert_eq!(CODES.iter().filter(|(other, _)| other == pattern).count(), 1, "{pattern} stands once");
    }
}
