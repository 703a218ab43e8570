//! Cases and laws of the programme (X15).
mod support;

use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::money::{decimal, parse_decimal};
use purser_domain::programme::{
    AccountRole, Adjustment, Answer, AnswerFacts, Component, Draft, FeeTerms, MemberSpan, Posting, Rejection,
    StatementFacts, StatementState, Terms, covers, dispute, dispute_until, draft, enrol, leave, may_import,
    publish, read_spans, write_spans,
};
use purser_domain::time::{Date, Timestamp, Zone};

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn account(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Frozen => "frozen",
        AccountRole::Earnings => "earnings",
        AccountRole::Owed => "owed",
        AccountRole::RevenueOperating => "operating",
        AccountRole::ExpenseIncentive => "incentive",
        AccountRole::TaxWithheld => "tax",
    }
}

fn shown(postings: &[Posting]) -> String {
    let one = |p: &Posting| format!("{}>{} {}", account(p.from), account(p.to), decimal(p.amount_minor));
    postings.iter().map(one).collect::<Vec<_>>().join(" | ")
}

fn no(rejection: Rejection) -> String {
    format!("{}: {rejection}", rejection.code())
}

/// Options of a line by name.
struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    fn of(text: &'a str) -> (Self, Vec<&'a str>) {
        let (options, words): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|w| w.contains('='));
        (Self(options.iter().map(|o| o.split_once('=').expect("an option")).collect()), words)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    fn terms(&self) -> Result<Terms, Rejection> {
        let number = |name| self.get(name).map(|text| text.parse().expect("a number"));
        Terms::of(number("ppm"), self.get("fee").map(money), self.get("incentive").map_or(0, money))
    }

    fn state(&self) -> StatementState {
        self.get("state").map_or(StatementState::Draft, |name| StatementState::named(name).expect("a state"))
    }
}

fn members(text: &str) -> String {
    let mut spans: Vec<MemberSpan> = Vec::new();
    let mut last = String::new();
    for step in text.split(';') {
        let (options, words) = Options::of(step);
        let outcome = match words[..] {
            ["join", from, to] => {
                let span = MemberSpan { from_on: date(from), to_on: (to != "-").then(|| date(to)) };
                let (creator, closed) = (options.get("creator").is_none(), options.get("closed").is_some());
                enrol(&spans, span, creator, closed)
            }
            ["leave", on] => leave(&spans, date(on)),
            ["on", on] => return if covers(&spans, date(on)) { "in" } else { "out" }.to_owned(),
            _ => panic!("unreadable step {step}"),
        };
        last = match outcome {
            Ok(None) => "unchanged".to_owned(),
            Ok(Some(now)) => {
                spans = now;
                write_spans(&spans)
            }
            Err(rejection) => no(rejection),
        };
    }
    last
}

fn drafts(text: &str) -> String {
    let (options, incomes) = Options::of(text);
    let incomes: Vec<i64> = incomes.into_iter().map(money).collect();
    let drafts = match options.terms().and_then(|terms| draft(&terms, &incomes)) {
        Ok(drafts) => drafts,
        Err(rejection) => return no(rejection),
    };
    let mut out = String::new();
    for one in drafts {
        let gap = if out.is_empty() { "" } else { " | " };
        let (fee, incentive) = (decimal(one.fee_minor), decimal(one.incentive_minor));
        let (result, state) = (decimal(one.result_minor), one.state().name());
        write!(out, "{gap}fee {fee} incentive {incentive} result {result} {state}").expect("a string");
    }
    out
}

fn published(text: &str) -> String {
    let (options, words) = Options::of(text);
    let income_minor = money(words[0]);
    let terms = options.terms().expect("terms");
    let draft = draft(&terms, &[income_minor]).expect("a draft")[0];
    let owed_minor = options.get("owed").map_or(0, money);
    let tax_minor = options.get("tax").map_or(0, money);
    let facts = StatementFacts { state: options.state(), income_minor, draft, tax_minor, owed_minor };
    publish(&facts).map_or_else(no, |postings| shown(&postings))
}

fn disputed(text: &str) -> String {
    let (options, words) = Options::of(text);
    let now: Timestamp = words[1].parse().expect("an instant");
    let until = dispute_until(date(words[0]), 7, &Zone::shanghai());
    let state = options.get("state").map_or(StatementState::Published, |_| options.state());
    let words = match options.get("text") {
        None => "the fee is not what was agreed".to_owned(),
        Some("empty") => " \n".to_owned(),
        Some(_) => "x".repeat(1_001),
    };
    match dispute(state, Some(until), options.get("open").is_some(), &words, now) {
        Ok(()) => format!("open, until {until}"),
        Err(rejection) => no(rejection),
    }
}

fn answered(text: &str) -> String {
    let (options, words) = Options::of(text);
    let adjustment = match words[..] {
        ["decline"] => None,
        [component, amount] => {
            let component = Component::named(component).expect("a component");
            Some(Adjustment { amount_minor: money(amount), component })
        }
        _ => panic!("unreadable answer {text}"),
    };
    let reason = if options.get("reason").is_some() { "" } else { "checked" }.to_owned();
    let amount = |name| options.get(name).map_or(0, money);
    let open = options.get("open").is_none();
    let most = |name| options.get(name).map_or(i64::MAX, money);
    let facts = AnswerFacts {
        fee_minor: most("fee"),
        result_minor: most("result"),
        available_minor: amount("available"),
        owed_minor: amount("owed"),
    };
    match (Answer { adjustment, reason }).decide(open, &facts) {
        Ok(done) if done.postings.is_empty() => "declined".to_owned(),
        Ok(done) => format!("{} shortage {}", shown(&done.postings), decimal(done.shortage_minor)),
        Err(rejection) => no(rejection),
    }
}

#[test]
fn cases() {
    support::run("programme", |line| {
        let (what, rest) = line.split_once(' ').expect("a line");
        match what {
            "members" => members(rest),
            "draft" => drafts(rest),
            "publish" => published(rest),
            "dispute" => disputed(rest),
            "answer" => answered(rest),
            "import" => {
                let states: Vec<_> = rest
                    .split_whitespace()
                    .map(|name| StatementState::named(name).expect("a state"))
                    .collect();
                may_import(&states).map_or_else(no, |()| "taken".to_owned())
            }
            _ => panic!("unreadable line {line}"),
        }
    });
}

#[test]
fn codes_are_unique_and_in_order_of_precedence() {
    let mut codes: Vec<&str> = Rejection::ALL.iter().map(Rejection::code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Rejection::ALL.len());
}

proptest! {
    /// Whatever the terms, the statements of a month add up to income − fee + incentive, and splitting a fee or an
    /// incentive over two payees makes nothing and loses nothing (X15).
    #[test]
    fn drafts_add_up(
        incomes in proptest::collection::vec(1i64..1_000_000_000, 1..4),
        ppm in 0i64..1_000_000,
        amount in 0i64..1_000_000_000,
        by_rate in any::<bool>(),
        incentive_minor in 0i64..1_000_000_000,
    ) {
        let (rate, fixed) = if by_rate { (Some(ppm), None) } else { (None, Some(amount)) };
        let terms = Terms::of(rate, fixed, incentive_minor).unwrap();
        let drafts = draft(&terms, &incomes).unwrap();
        let sum = |part: fn(&Draft) -> i64| drafts.iter().map(part).sum::<i64>();
        prop_assert_eq!(sum(|d| d.incentive_minor), incentive_minor);
        if terms.fee == FeeTerms::Amount(amount) {
            prop_assert_eq!(sum(|d| d.fee_minor), amount);
        }
        for (income, one) in incomes.iter().zip(&drafts) {
            prop_assert_eq!(one.result_minor, income - one.fee_minor + one.incentive_minor);
            prop_assert_eq!(one.state() == StatementState::Blocked, one.result_minor < 0);
        }
    }

    /// Publishing empties frozen, gives the payee the result less what it owes, and never takes from earnings what it
    /// did not give before.
    #[test]
    fn publishing_moves_the_result(
        income_minor in 1i64..1_000_000_000,
        fee_minor in 0i64..2_000_000_000,
        incentive_minor in 0i64..1_000_000_000,
        owed_minor in 0i64..1_000_000_000,
        tax_minor in 0i64..1_000_000_000,
    ) {
        let result_minor = income_minor - fee_minor + incentive_minor;
        let draft = Draft { fee_minor, incentive_minor, result_minor };
        let facts = StatementFacts { state: draft.state(), income_minor, draft, tax_minor, owed_minor };
        let postings = match publish(&facts) {
            Ok(postings) => postings,
            Err(no) => {
                prop_assert_eq!((no, result_minor < 0), (Rejection::ResultBelowZero, true));
                return Ok(());
            }
        };
        let (mut frozen, mut earnings, mut owed, mut taxed) = (income_minor, 0, owed_minor, 0);
        for posting in postings {
            for (role, sign) in [(posting.from, -1), (posting.to, 1)] {
                match role {
                    AccountRole::Frozen => frozen += sign * posting.amount_minor,
                    AccountRole::Earnings => earnings += sign * posting.amount_minor,
                    AccountRole::Owed => owed -= sign * posting.amount_minor,
                    AccountRole::TaxWithheld => taxed += sign * posting.amount_minor,
                    AccountRole::RevenueOperating | AccountRole::ExpenseIncentive => {}
                }
            }
            prop_assert!(earnings >= 0 && frozen >= 0 && owed >= 0);
        }
        // What is taxed comes first, what is owed is collected from the rest (X18, M).
        let rest = result_minor - tax_minor.min(result_minor);
        prop_assert_eq!((frozen, earnings), (0, rest - owed_minor.min(rest)));
        prop_assert_eq!(taxed, tax_minor.min(result_minor));
    }

    /// Intervals come back from storage as they went in, and no day is covered twice.
    #[test]
    fn intervals_round_trip(steps in proptest::collection::vec((0i16..60, 0i16..20), 0..20)) {
        let day = |n: i16| (0..n).fold(date("2026-01-01"), |on, _| on.tomorrow().unwrap());
        let mut spans: Vec<MemberSpan> = Vec::new();
        for (from, length) in steps {
            let new = MemberSpan { from_on: day(from), to_on: (length > 0).then(|| day(from + length)) };
            if let Ok(Some(next)) = enrol(&spans, new, true, false) {
                spans = next;
            }
        }
        prop_assert_eq!(&read_spans(&write_spans(&spans)), &spans);
        for n in 0..90 {
            let covered = spans.iter().filter(|span| covers(&[**span], day(n))).count();
            prop_assert!(covered <= 1);
        }
    }
}
