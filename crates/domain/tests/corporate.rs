//! Cases and laws of corporate settlement (spec X16).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use proptest::prelude::*;
use purser_domain::{
    calendar::Calendar,
    corporate::{
        self, Amounts, Circumstances, Follow, Invoice, InvoiceItem, Item, Payee, Picked, Rejection, Seller,
        State, Statement, explain, follow, generate, tax_in,
    },
    ids::{PartyId, StatementId, Uid},
    time::{Timestamp, Zone},
};

const PAYEE: PartyId = PartyId(Uid([1; 16]));
const OTHER: PartyId = PartyId(Uid([2; 16]));
const TAKEN: StatementId = StatementId(Uid([9; 16]));

fn minor(text: &str) -> i64 {
    let (yuan, fen) = text.split_once('.').unwrap_or((text, "00"));
    let sign = if yuan.starts_with('-') { -1 } else { 1 };
    yuan.parse::<i64>().unwrap() * 100 + sign * fen.parse::<i64>().unwrap()
}

fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// `ID:AMOUNT[:foreign|unlisted|taken|none]`, AMOUNT `gross-fee+compensation~adjustment` or the gross alone.
fn picked(word: &str) -> Picked {
    let parts: Vec<&str> = word.split(':').collect();
    let id = Uid([parts[0].parse().unwrap(); 16]);
    let flag = parts.get(2).copied().unwrap_or_default();
    let amounts = match parts[1].split('/').collect::<Vec<_>>()[..] {
        [gross, fee, compensation, adjustment] => Amounts {
            gross_minor: minor(gross),
            service_fee_minor: minor(fee),
            compensation_minor: minor(compensation),
            adjustment_minor: minor(adjustment),
        },
        ["MAX"] => Amounts { gross_minor: i64::MAX, ..Amounts::default() },
        [gross] => Amounts { gross_minor: minor(gross), ..Amounts::default() },
        _ => panic!("{word}"),
    };
    let item = Item {
        payee: if flag == "foreign" { OTHER } else { PAYEE },
        listed: flag != "unlisted",
        statement: (flag == "taken").then_some(TAKEN),
        amounts,
    };
    Picked { id, item: (flag != "none").then_some(item) }
}

/// `generate WORD… ORDER…`: what is unusual about the payee, then what is chosen.
fn generated(words: &[&str]) -> String {
    let has = |word: &str| words.contains(&word);
    let payee = Payee {
        id: PAYEE,
        closed: has("closed"),
        frozen: has("frozen"),
        corporate: !has("person"),
        owed_minor: value(words, "owed").map_or(0, minor),
        destination: if has("nowhere") { None } else { Some(!has("card")) },
        available_minor: value(words, "balance").map_or(i64::MAX, minor),
    };
    let mut chosen: Vec<Picked> =
        words.iter().filter(|word| word.contains(':')).map(|word| picked(word)).collect();
    if let Some(count) = value(words, "many") {
        let count: u32 = count.parse().unwrap();
        let item = picked("1:1.00").item;
        chosen.extend((0..count).map(|n| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            Picked { id: Uid(id), item }
        }));
    }
    let long = "字".repeat(101);
    let name = match value(words, "name") {
        Some("LONG") => long.as_str(),
        Some(name) => name,
        None => "星河文化传媒有限公司",
    };
    let seller = Seller { name, code_valid: !has("bad_code") };
    match generate(&payee, seller, &chosen, 10) {
        Ok(a) => format!(
            "payable {} of {} fee {} compensation {} adjustment {}",
            a.net_minor().unwrap(),
            a.gross_minor,
            a.service_fee_minor,
            a.compensation_minor,
            a.adjustment_minor
        ),
        Err(no) => format!("{}: {no}", no.code()),
    }
}

fn statement(state: State, words: &[&str]) -> Statement<'static> {
    Statement {
        state,
        payable_minor: 1_000_000,
        paid_minor: value(words, "paid").map_or(0, minor),
        seller_name: "星河",
        seller_code: "91110000600037341L",
        disputed: words.contains(&"disputed"),
        dispute_over: words.contains(&"late"),
    }
}

/// `STATE STEP …`: what comes of it.
fn step(words: &[&str]) -> String {
    let state = State::named(words[0]).unwrap();
    let statement = statement(state, words);
    let reason = match value(words, "reason") {
        Some("LONG") => "r".repeat(501),
        Some(text) => text.to_owned(),
        None => "印章不清".to_owned(),
    };
    if words[1] == "follow" {
        let finished = words.contains(&"finished");
        let to = follow(&statement, Follow { paid_minor: statement.paid_minor, finished });
        return to.map_or("unchanged", State::name).to_owned();
    }
    let outcome = match words[1] {
        "sign" => corporate::sign(&statement, value(words, "name").unwrap_or("王小明")),
        "cancel" => corporate::cancel(&statement),
        "void" => corporate::void(&statement, &reason),
        "dispute" => corporate::dispute(&statement, &reason).map(|()| None),
        "answer" => corporate::answer(&statement, &reason).map(|()| None),
        "accept" => corporate::accept(&statement),
        "reject" => corporate::reject(&statement, &reason),
        "retry" => corporate::retry(&statement),
        _ => {
            let invoice = Invoice {
                number: value(words, "number").unwrap_or("26312000000123456789"),
                kind: value(words, "kind").unwrap_or("special"),
                item: value(words, "item").unwrap_or("video_production"),
                tax_percent: value(words, "tax").map_or(6, |tax| tax.parse().unwrap()),
                amount_minor: value(words, "amount").map_or(1_000_000, minor),
                seller_name: value(words, "seller").unwrap_or("星河"),
                seller_code: value(words, "code").unwrap_or("91110000600037341L"),
            };
            corporate::submit(&statement, &invoice, &[6, 3, 1])
        }
    };
    match outcome {
        Ok(Some(to)) => format!("{} {}", to.name(), to.event()),
        Ok(None) => "unchanged".to_owned(),
        Err(no) => format!("{}: {no}", no.code()),
    }
}

#[test]
fn cases_x16() {
    support::run("corporate", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "generate" => generated(&words[1..]),
            "tax" => tax_in(minor(words[1]), words[2].parse().unwrap()).unwrap().to_string(),
            "due" => {
                let at: Timestamp = words[1].parse().unwrap();
                let calendar = Calendar::builtin();
                let due = calendar.due(at, &Zone::shanghai(), words[2].parse().unwrap(), None);
                due.map_or("calendar_missing".to_owned(), |day| day.to_string())
            }
            "explain" => {
                let state = State::named(words[1]).unwrap();
                let due = value(&words, "due").map(|day| day.parse().unwrap());
                let also = Circumstances {
                    disputed: words.contains(&"disputed"),
                    calendar_missing: words.contains(&"calendar_missing"),
                    payout_in_review: words.contains(&"in_review"),
                };
                let e = explain(state, also, due, "2026-03-10".parse().unwrap());
                let by = e.by.map_or("-".to_owned(), |day| day.to_string());
                let status = state.status();
                format!(
                    "{} {status} {} {} by {by} overdue {} | {} | {}",
                    e.code, e.actor, e.next_step, e.overdue, e.zh, e.en
                )
            }
            _ => step(&words),
        }
    });
}

#[test]
fn the_states_have_names_events_and_words_x16() {
    for state in State::ALL {
        assert_eq!(State::named(state.name()), Some(state));
        assert!(state.event().starts_with("settlement."));
    }
    for item in InvoiceItem::ALL {
        assert_eq!(InvoiceItem::named(item.name()), Some(item));
        assert_eq!(InvoiceItem::named(item.zh()), Some(item));
    }
}

proptest! {
    /// Whatever is chosen, made and called off in whatever order: an order is in at most one statement, and what is
    /// reserved is what the orders in statements are worth.
    #[test]
    fn no_order_is_in_two_statements_x16(
        worth in prop::collection::vec((1i64..1_000_000, 0i64..500), 1..12),
        steps in prop::collection::vec((any::<u16>(), any::<bool>()), 1..24),
    ) {
        let total: i64 = worth.iter().map(|(gross, fee)| gross - fee.min(gross)).sum();
        let mut items: Vec<Item> = worth
            .iter()
            .map(|(gross, fee)| Item {
                payee: PAYEE,
                listed: true,
                statement: None,
                amounts: Amounts { gross_minor: *gross, service_fee_minor: *fee.min(gross), ..Amounts::default() },
            })
            .collect();
        let mut live: Vec<(StatementId, i64)> = Vec::new();
        for (n, (mask, make)) in steps.into_iter().enumerate() {
            if !make && !live.is_empty() {
                let (gone, _) = live.remove(usize::from(mask) % live.len());
                items.iter_mut().filter(|item| item.statement == Some(gone)).for_each(|item| item.statement = None);
                continue;
            }
            let chosen: Vec<usize> = (0..items.len()).filter(|index| mask & (1 << index) != 0).collect();
            let reserved: i64 = live.iter().map(|(_, worth)| worth).sum();
            let payee = Payee {
                id: PAYEE, closed: false, frozen: false, corporate: true, owed_minor: 0,
                destination: Some(true), available_minor: total - reserved,
            };
            let picked: Vec<Picked> = chosen
                .iter()
                .map(|index| Picked { id: Uid([u8::try_from(*index).unwrap(); 16]), item: Some(items[*index]) })
                .collect();
            let seller = Seller { name: "星河", code_valid: true };
            let taken = chosen.iter().any(|index| items[*index].statement.is_some());
            match generate(&payee, seller, &picked, 1) {
                Ok(amounts) => {
                    prop_assert!(!taken && !chosen.is_empty());
                    let id = StatementId(Uid([u8::try_from(n).unwrap() + 1; 16]));
                    for index in &chosen {
                        items[*index].statement = Some(id);
                    }
                    live.push((id, amounts.net_minor().unwrap()));
                }
                Err(Rejection::OrderTaken { .. }) => prop_assert!(taken),
                Err(Rejection::OrdersEmpty) => prop_assert!(chosen.is_empty()),
                // An order whose fee ate it up is worth nothing.
                Err(Rejection::NothingToPay { minor, .. }) => prop_assert_eq!(minor, 0),
                Err(other) => return Err(TestCaseError::fail(format!("{other}"))),
            }
            for (id, worth) in &live {
                let sum: i64 = items
                    .iter()
                    .filter(|item| item.statement == Some(*id))
                    .map(|item| item.amounts.net_minor().unwrap())
                    .sum();
                prop_assert_eq!(sum, *worth);
            }
            prop_assert!(live.iter().map(|(_, worth)| worth).sum::<i64>() <= total);
        }
    }

    /// Tax and what is left add up, and the tax is the rate of what is left, to the nearest fen.
    #[test]
    fn tax_is_inside_the_amount_x16(amount in 1i64..1_000_000_000_000, percent in prop::sample::select(vec![1u32, 3, 6])) {
        let tax = tax_in(amount, percent).unwrap();
        let exact = i128::from(amount) * i128::from(percent);
        let whole = 100 + i128::from(percent);
        prop_assert!((i128::from(tax) * whole - exact).abs() * 2 <= whole);
        prop_assert!(tax >= 0 && tax < amount);
    }
}
