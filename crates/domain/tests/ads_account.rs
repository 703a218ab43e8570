//! Cases of the advertising account: state and projection (A1, A4), top-ups (A2), resuming (A5), alerts (A10), automatic
//! top-ups (A11), whose money a balance is (A12).
mod support;

use proptest::prelude::*;
use purser_domain::{
    ads::{
        account::{ResumeFacts, Spend, may_resume, run_out, state},
        alerts::look,
        auto::{AutoFacts, Verdict, Wish, decide, pause},
        settings::{self, SettingsTerms},
        topup::{TopUpFacts, TopUpTerms, suggest},
        unspent::{TopUp, unspent},
    },
    money::{decimal, parse_decimal},
    time::{DAY, HOUR, MINUTE, Timestamp},
};

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

/// `key=value` words.
struct Words<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.split_whitespace().map(|word| word.split_once('=').unwrap_or((word, ""))).collect())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    fn money(&self, key: &str) -> i64 {
        self.get(key).map_or(0, money)
    }

    fn number(&self, key: &str) -> i64 {
        self.get(key).map_or(0, |text| text.parse().expect("a number"))
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

fn shown(at: Timestamp) -> String {
    format!("{}d{}h{}m", at.0 / DAY, at.0 % DAY / HOUR, at.0 % HOUR / MINUTE)
}

fn since(words: &Words<'_>) -> Option<Timestamp> {
    words.get("since").map(|_| Timestamp(words.number("since") * HOUR))
}

fn the_state(words: &Words<'_>) -> String {
    let now = Timestamp(words.number("now") * HOUR);
    state(since(words), now, 7).name().to_owned()
}

fn the_suggestion(words: &Words<'_>) -> String {
    let facts = TopUpFacts {
        arrears_minor: words.money("arrears"),
        budgets_minor: words.money("budgets"),
        daily_minor: words.money("daily"),
        paid_before: words.has("before"),
    };
    let terms = TopUpTerms {
        days: 7,
        first_minimum_minor: 50_000,
        minimum_minor: 20_000,
        maximum_minor: 10_000_000_000,
    };
    let found = suggest(&facts, &terms);
    format!("{} at least, {} suggested", decimal(found.minimum_minor), decimal(found.suggested_minor))
}

fn the_run_out(words: &Words<'_>) -> String {
    let spend = Spend {
        past_minor: words.money("week"),
        past_days: 7,
        today_minor: words.money("today"),
        today_us: words.number("hours") * HOUR,
    };
    run_out(words.money("balance"), &spend, Timestamp(0)).map_or_else(|| "not in sight".to_owned(), shown)
}

fn the_resumption(words: &Words<'_>) -> String {
    let facts = ResumeFacts {
        state: state(since(words), Timestamp(words.number("now") * HOUR), 7),
        arrears_minor: words.money("arrears"),
        spendable_minor: words.money("balance"),
        least_minor: 5,
    };
    may_resume(&facts).map_or_else(|no| format!("{}: {no}", no.code()), |()| "resumed".to_owned())
}

fn the_alerts(text: &str) -> String {
    let (mut told, mut out) = (false, Vec::new());
    let words = Words::of(text);
    let threshold = words.money("below");
    for (key, _) in words.0.iter().filter(|(key, _)| *key != "below") {
        let seen = look(threshold, money(key), told);
        told = seen.told;
        out.push(if seen.tell { "told" } else { "-" });
    }
    out.join(" ")
}

fn wish(words: &Words<'_>) -> Wish {
    Wish {
        threshold_minor: words.get("below").map_or(10_000, money),
        amount_minor: words.get("amount").map_or(20_000, money),
        daily_cap_minor: words.money("cap"),
    }
}

fn the_auto(words: &Words<'_>) -> String {
    let facts = AutoFacts {
        balance_minor: words.money("balance"),
        arrears_minor: words.money("arrears"),
        source_minor: words.get("earnings").map_or(100_000_000, money),
        least_minor: words.money("least"),
        source_closed: words.has("frozen"),
        today_count: u32::try_from(words.number("count")).expect("a count"),
        today_minor: words.money("sum"),
        retry_at: words.get("retry").map(|_| Timestamp(words.number("retry") * HOUR)),
        failures: u32::try_from(words.number("failures")).expect("a count"),
    };
    let now = Timestamp(words.number("now") * HOUR);
    match decide(&wish(words), &facts, 10, now) {
        Verdict::Nothing => "nothing".to_owned(),
        Verdict::Tomorrow => "tomorrow".to_owned(),
        Verdict::TopUp(amount) => format!("tops up {}", decimal(amount)),
        Verdict::Refused { code, retry_at } => format!("{code}, again at {}", shown(retry_at)),
    }
}

fn the_settings(words: &Words<'_>) -> String {
    let terms = SettingsTerms { minimum_minor: 20_000, maximum_minor: 10_000_000_000 };
    let outcome = match words.get("alert") {
        Some(alert) => settings::alert(money(alert)).map(|_| ()),
        None => settings::automatic(&wish(words), !words.has("company"), &terms),
    };
    outcome.map_or_else(|no| format!("{}: {no}", no.code()), |()| "set".to_owned())
}

/// What is left of every top-up, the oldest first, after money came (`pay` by a payer, `earn` from the party's own
/// earnings), was spent, was credited, and went `back` to the top-up of a number.
fn the_money(text: &str) -> String {
    let (mut purse, mut names) = (Purse::default(), Vec::new());
    for step in text.split(" ; ") {
        match step.split_whitespace().collect::<Vec<_>>().as_slice() {
            [name @ ("pay" | "earn"), amount] => {
                purse.came(money(amount));
                names.push(format!("{name}{}", names.len() + 1));
            }
            ["spend", amount] => purse.spend(money(amount)),
            ["credit", amount] => purse.credit(money(amount)),
            ["back", number, amount] => {
                let at = number.parse::<usize>().expect("a number") - 1;
                assert!(purse.back(at, money(amount)), "{step}: only {:?}", purse.unspent());
            }
            other => panic!("unknown step {other:?}"),
        }
    }
    let left = purse.unspent().into_iter().zip(names).map(|(left, name)| format!("{name} {}", decimal(left)));
    left.collect::<Vec<_>>().join(" ")
}

/// An advertiser's money, and whose it is by a queue: what came first is used first.
#[derive(Debug, Default)]
struct Purse {
    balance_minor: i64,
    owed_minor: i64,
    /// The oldest first.
    top_ups: Vec<TopUp>,
    /// Of each, what was spent.
    spent: Vec<i64>,
}

impl Purse {
    fn came(&mut self, amount_minor: i64) {
        let paid = self.owed_minor.min(amount_minor);
        self.owed_minor -= paid;
        self.balance_minor += amount_minor - paid;
        let cash_minor = amount_minor - paid;
        self.top_ups.push(TopUp { amount_minor, cash_minor, rest_minor: amount_minor });
        self.spent.push(paid);
    }

    fn spend(&mut self, amount_minor: i64) {
        let mut left = amount_minor.min(self.balance_minor);
        self.balance_minor -= left;
        self.owed_minor += amount_minor - left;
        for (top_up, spent) in self.top_ups.iter().zip(&mut self.spent) {
            let part = left.min(top_up.rest_minor - *spent);
            *spent += part;
            left -= part;
        }
        assert_eq!(left, 0, "the queue has what the balance has");
    }

    /// Clicks are undone: what is owed is owed no more, the rest is balance again.
    fn credit(&mut self, amount_minor: i64) {
        let paid = self.owed_minor.min(amount_minor);
        self.owed_minor -= paid;
        let mut left = amount_minor - paid;
        for spent in self.spent.iter_mut().rev() {
            let part = left.min(*spent);
            *spent -= part;
            left -= part;
            self.balance_minor += part;
        }
    }

    fn unspent(&self) -> Vec<i64> {
        let newest: Vec<TopUp> = self.top_ups.iter().rev().copied().collect();
        let mut left = unspent(&newest, self.balance_minor);
        left.reverse();
        left
    }

    /// Gives back; false when that is more than is unspent.
    fn back(&mut self, at: usize, amount_minor: i64) -> bool {
        let unspent = self.unspent();
        let fits = unspent.get(at).is_some_and(|most| amount_minor <= *most);
        if let Some(top_up) = self.top_ups.get_mut(at).filter(|_| fits) {
            top_up.rest_minor -= amount_minor;
            self.balance_minor -= amount_minor;
        }
        fits
    }
}

#[derive(Debug, Clone)]
enum Step {
    Came(i64),
    Spend(i64),
    Credit(i64),
    Back(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1i64..1_000).prop_map(Step::Came),
        (1i64..1_500).prop_map(Step::Spend),
        (1i64..700).prop_map(Step::Credit),
        (0usize..12, 1i64..1_000).prop_map(|(at, minor)| Step::Back(at, minor)),
    ]
}

fn answer(input: &str) -> String {
    let (what, rest) = input.split_once(' ').unwrap_or((input, ""));
    let words = Words::of(rest);
    match what {
        "state" => the_state(&words),
        "suggest" => the_suggestion(&words),
        "run-out" => the_run_out(&words),
        "resume" => the_resumption(&words),
        "alerts" => the_alerts(rest),
        "auto" => the_auto(&words),
        "set" => the_settings(&words),
        "money" => the_money(rest),
        _ => panic!("unknown question {what}"),
    }
}

#[test]
fn cases() {
    support::run("ads_account", answer);
}

#[test]
fn pauses_double_up_to_a_day() {
    let hours: Vec<i64> = [0, 1, 2, 3, 4, 5, 60].map(|failures| pause(failures) / HOUR).to_vec();
    assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24]);
}

proptest! {
    /// A12: whatever happens, what is unspent of a top-up is what the queue has of it (less what paid arrears), so that
    /// nobody gets back more than what they paid less what of it was spent.
    #[test]
    fn what_goes_back_is_what_came_less_what_was_spent_a12(steps in prop::collection::vec(step(), 1..60)) {
        let mut purse = Purse::default();
        for step in steps {
            match step {
                Step::Came(minor) => purse.came(minor),
                Step::Spend(minor) => purse.spend(minor),
                Step::Credit(minor) => purse.credit(minor),
                Step::Back(at, minor) => {
                    purse.back(at, minor);
                }
            }
            let unspent = purse.unspent();
            prop_assert!(unspent.iter().sum::<i64>() <= purse.balance_minor);
            for ((top_up, spent), unspent) in purse.top_ups.iter().zip(&purse.spent).zip(unspent) {
                let back = top_up.amount_minor - top_up.rest_minor;
                let queue = top_up.rest_minor - spent;
                prop_assert!(back + unspent <= top_up.amount_minor - spent, "{purse:?}");
                prop_assert_eq!(unspent, queue.min(top_up.cash_minor - back), "{:?}", purse);
            }
        }
    }

    #[test]
    fn an_automatic_top_up_stays_within_source_and_cap_and_is_a_multiple(
        balance in 0i64..50_000, source in 0i64..500_000, cap in 0i64..200_000, arrears in 0i64..10_000,
    ) {
        let wish = Wish { threshold_minor: 60_000, amount_minor: 20_000, daily_cap_minor: cap };
        let facts = AutoFacts {
            balance_minor: balance, arrears_minor: arrears, source_minor: source, least_minor: 0, source_closed: false,
            today_count: 0, today_minor: 0, retry_at: None, failures: 0,
        };
        if let Verdict::TopUp(amount) = decide(&wish, &facts, 10, Timestamp(0)) {
            prop_assert!(amount > 0 && amount <= source && amount % 20_000 == 0);
            prop_assert!(cap == 0 || amount <= cap);
            prop_assert!(balance + amount - 20_000 < 60_000 + arrears, "never one more than is needed");
        }
    }
}
