//! Cases of the studio upgrade (spec X9, X10).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use purser_domain::{
    studio::{Applicant, Licence, Operator, apply, grant, what_changes, window},
    time::Date,
};

fn today() -> Date {
    "2026-11-27".parse().unwrap()
}

/// `WORD…`: what is unusual about the applicant and the licence.
fn answer(words: &[&str]) -> String {
    let has = |word: &str| words.contains(&word);
    let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let applicant = match () {
        () if has("closed") => Applicant::Closed,
        () if has("studio") => Applicant::Studio,
        () if has("company") => Applicant::PaidAnotherWay,
        () if has("pending") => Applicant::Pending,
        () => Applicant::Person,
    };
    let name = match value("name") {
        Some("LONG101") => "字".repeat(101),
        Some(name) => name.replace('_', " "),
        None => "杭州某某文化工作室".to_owned(),
    };
    let valid_until = value("until").map(|text| text.parse().unwrap());
    let operator = match value("operator") {
        Some("other") => Operator::Different,
        Some("unknown") => Operator::Unverified,
        _ => Operator::Same,
    };
    let outcome = if has("grant") {
        grant(applicant, !has("unverified"), i64::from(!has("no_file")), valid_until, today())
    } else {
        let licence = Licence { name: &name, code_valid: !has("bad_code"), operator, valid_until };
        apply(applicant, &licence, today())
    };
    outcome.map_or_else(|no| format!("{}: {no}", no.code()), |()| "yes".into())
}

#[test]
fn cases() {
    support::run("studio", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "window" => window(words[1].parse().unwrap(), words[2].parse().unwrap()).join(" "),
            "changes" => {
                let cap = words[1].parse().unwrap();
                what_changes(cap, 3)
                    .into_iter()
                    .map(|s| format!("{} / {}", s.zh, s.en))
                    .collect::<Vec<_>>()
                    .join(" | ")
            }
            _ => answer(&words),
        }
    });
}
