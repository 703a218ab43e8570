//! Cases and laws of withholding (spec X18).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use proptest::prelude::*;
use purser_domain::{
    earnings::{
        AcceptOrder, AccountRole, CompleteOrder, CreatorFacts, Ctx, Decision, EarningsTerms, FeeTerms,
        Outcome, PayeeFacts, PayeeKind, SettleAt, TaskType, accept, complete, taxable_income,
        withhold as take,
    },
    ids::{PartyId, TaskOrderId, Uid},
    money::{Currency, Rate, decimal},
    tax::{Band, Quarter, TaxMonth, TaxTerms, Withholding, withhold},
    time::{Month, Timestamp, Zone},
};

/// The statutory table, as the default policy has it.
fn terms() -> TaxTerms {
    let band =
        |(above, percent): (i64, i64)| Band { above_minor: above * 100, rate: Rate::ppm(percent * 10_000) };
    let bands =
        [(0, 3), (36_000, 10), (144_000, 20), (300_000, 25), (420_000, 30), (660_000, 35), (960_000, 45)];
    TaxTerms {
        expenses: Rate::ppm(200_000),
        allowance_minor: 500_000,
        bands: bands.into_iter().map(band).collect(),
    }
}

/// `1234.56` in fen.
fn fen(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

/// Settles an income and keeps what became of it.
fn settle(year: &mut Vec<TaxMonth>, month: Month, income: i64, most: i64) -> Withholding {
    let outcome = withhold(year, month, income, most, &terms()).unwrap();
    let tax = outcome.tax_minor;
    match year.iter_mut().find(|known| known.month == month) {
        Some(known) => {
            known.income_minor += income;
            known.withheld_minor += tax;
        }
        None => year.push(TaxMonth { month, income_minor: income, withheld_minor: tax }),
    }
    outcome
}

/// `MONTH INCOME [cap=MOST]…`
fn steps(words: &[&str]) -> (Vec<TaxMonth>, Vec<Withholding>) {
    let (mut year, mut outcomes, mut month) = (Vec::new(), Vec::new(), None);
    for (index, word) in words.iter().enumerate() {
        if word.starts_with("cap=") {
            continue;
        }
        if word.contains('-') {
            month = Some(word.parse::<Month>().unwrap());
            continue;
        }
        let cap = words.get(index + 1).and_then(|next| next.strip_prefix("cap=")).map_or(i64::MAX, fen);
        outcomes.push(settle(&mut year, month.unwrap(), fen(word), cap));
    }
    (year, outcomes)
}

fn show(outcome: &Withholding) -> String {
    format!(
        "income {} expenses {} months {} allowance {} taxable {} rate {} due {} withheld {} tax {}",
        decimal(outcome.income_minor),
        decimal(outcome.expenses_minor),
        outcome.months,
        decimal(outcome.allowance_minor),
        decimal(outcome.taxable_minor),
        outcome.rate.as_ppm(),
        decimal(outcome.due_minor),
        decimal(outcome.withheld_minor),
        decimal(outcome.tax_minor),
    )
}

#[test]
fn cases() {
    support::run("tax", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words[0] == "quarter" {
            let months = Quarter::named(words.get(1).unwrap_or(&"")).map(Quarter::months);
            return months
                .map_or("none".to_owned(), |months| months.map(|month| month.to_string()).join(" "));
        }
        if words[0] == "show" {
            let (mut year, _) = steps(&words[4..]);
            return show(&settle(&mut year, words[1].parse().unwrap(), fen(words[2]), i64::MAX));
        }
        let taxes: Vec<String> = steps(&words).1.iter().map(|outcome| decimal(outcome.tax_minor)).collect();
        taxes.join(" ")
    });
}

/// An order of this gross amount as it settles, 5 % fee.
fn settled(amount_minor: i64, owed_minor: i64, programme: bool) -> Decision {
    let now: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
    let fee = FeeTerms { independent: Rate::ppm(50_000), agency_signed: Rate::ZERO, corporate: Rate::ZERO };
    let terms = EarningsTerms { fee, compensation: Vec::new(), clock_tolerance_us: 0 };
    let ctx = Ctx { now, zone: &Zone::shanghai(), terms: &terms };
    let payee = PartyId(Uid([1; 16]));
    let creator = CreatorFacts { is_creator: true, closed: false, kind: PayeeKind::Independent, payee };
    let report = AcceptOrder {
        id: TaskOrderId(Uid([2; 16])),
        creator: payee,
        task_type: TaskType::Video,
        amount_minor,
        currency: Currency::CNY,
        accepted_at: now,
    };
    let Ok(Outcome::Changed(accepted)) = accept(None, &report, &creator, &ctx) else { panic!("accepted") };
    let facts = PayeeFacts { closed: false, owed_minor, programme };
    let report = CompleteOrder { completed_at: now, settle_at: SettleAt::Once };
    let Ok(Outcome::Changed(done)) = complete(&accepted.order, &report, &facts, &ctx) else {
        panic!("settled")
    };
    *done
}

/// The month of a number, within 2026.
fn month(number: u32) -> Month {
    format!("2026-{:02}", 1 + number % 12).parse().unwrap()
}

proptest! {
    /// However a month's income is cut into orders, the same is withheld of it, and never more than what is due.
    #[test]
    fn orders_of_a_month_add_up(incomes in prop::collection::vec(1_i64..100_000_000, 1..12), number in 0u32..12) {
        let mut cut = Vec::new();
        for income in &incomes {
            let outcome = settle(&mut cut, month(number), *income, i64::MAX);
            prop_assert!(outcome.tax_minor >= 0);
        }
        let whole = settle(&mut Vec::new(), month(number), incomes.iter().sum(), i64::MAX);
        prop_assert_eq!(cut[0].withheld_minor, whole.due_minor);
    }

    /// Whatever comes when, at most the due of the year is withheld, and at most what each income bears.
    #[test]
    fn never_more_than_due_or_borne(events in prop::collection::vec((0u32..12, 1_i64..50_000_000, 0_i64..1_000_000), 1..24)) {
        let mut events = events;
        events.sort_by_key(|(number, _, _)| *number);
        let mut year = Vec::new();
        let mut most_due = 0;
        for (number, income, most) in events {
            let outcome = settle(&mut year, month(number), income, most);
            most_due = most_due.max(outcome.due_minor);
            prop_assert!(outcome.tax_minor <= most);
            prop_assert!(outcome.withheld_minor + outcome.tax_minor <= most_due);
        }
    }

    /// Extreme amounts are refused, not wrapped.
    #[test]
    fn extremes_are_refused(income in any::<i64>(), before in any::<i64>()) {
        let year = [TaxMonth { month: month(0), income_minor: before, withheld_minor: 0 }];
        if let Ok(outcome) = withhold(&year, month(1), income, i64::MAX, &terms()) {
            prop_assert!(outcome.tax_minor >= 0);
        }
    }

    /// A settlement with tax: a line of its own before what is owed, and everything still adds up (X2, M).
    #[test]
    fn a_settlement_bears_its_tax(gross in 1_i64..1_000_000_000, owed in 0_i64..1_000_000_000, tax in 0_i64..1_000_000_000) {
        let plain = settled(gross, owed, false);
        prop_assert_eq!(taxable_income(&plain), gross);
        let taxed = take(&plain, tax);
        let lines = taxed.order.settlement.unwrap();
        let before = plain.order.settlement.unwrap();
        prop_assert_eq!(lines.tax_minor, tax.min(before.net_minor));
        prop_assert_eq!(lines.net_minor, lines.gross_minor - lines.service_fee_minor - lines.tax_minor);
        let (mut earnings, mut collected) = (0, 0);
        for posting in &taxed.postings {
            prop_assert!(posting.amount_minor > 0);
            if posting.to == AccountRole::PayeeEarnings {
                earnings += posting.amount_minor;
            }
            if posting.from == AccountRole::PayeeEarnings {
                earnings -= posting.amount_minor;
                prop_assert!(earnings >= 0, "never lent, not even within the group");
            }
            if posting.to == AccountRole::PayeeOwed {
                collected += posting.amount_minor;
            }
        }
        prop_assert_eq!(collected, owed.min(lines.net_minor));
        prop_assert_eq!(earnings, lines.net_minor - collected);
    }

    /// What stays frozen is income of its month: nothing is withheld of the order.
    #[test]
    fn frozen_income_is_not_taxed_yet(gross in 1_i64..1_000_000_000) {
        prop_assert_eq!(taxable_income(&settled(gross, 0, true)), 0);
    }
}
