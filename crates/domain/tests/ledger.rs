//! Cases and laws of the posting algorithm (spec M, P1).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here, and says where")]
#[path = "support/books.rs"]
mod books;
mod support;

use books::{MapBooks, account, transfer};
use proptest::prelude::*;
use purser_domain::{
    ids::{TransferId, Uid},
    ledger::{Books, HoldState, Posted, Refusal, Side, Step, TransferRequest, post},
    money::Currency,
    time::Timestamp,
};

/// The accounts of every case: `a` `b` credit-normal with a floor, `x` `y` credit-normal without, `f` `g`
/// debit-normal with a floor, `e` debit-normal without, `u` in another currency with a floor.
fn books() -> MapBooks {
    let mut books = MapBooks { now: Timestamp(100), ..MapBooks::default() };
    for name in ["a", "b"] {
        books.open(name, Side::Credit, true, Currency::CNY);
    }
    for name in ["x", "y"] {
        books.open(name, Side::Credit, false, Currency::CNY);
    }
    for name in ["f", "g"] {
        books.open(name, Side::Debit, true, Currency::CNY);
    }
    books.open("e", Side::Debit, false, Currency::CNY);
    books.open("u", Side::Credit, true, "USD".parse().unwrap());
    books
}

fn amount(word: &str) -> i64 {
    match word {
        "max" => i64::MAX,
        "min" => i64::MIN,
        number => number.parse().unwrap(),
    }
}

/// `VERB ID [D>C | HOLD] [AMOUNT] [until=T] [kind=N] [ref=N] [in=CUR]`
fn request(words: &[&str]) -> TransferRequest {
    let mut request = TransferRequest {
        id: transfer(words[1]),
        step: Step::Post,
        debit: account("nobody"),
        credit: account("nobody"),
        amount_minor: 0,
        currency: Currency::CNY,
        kind: 1,
        reference: Uid::NIL,
    };
    let mut until = None;
    let mut named = TransferId(Uid::NIL);
    let names_another = ["settle", "release", "reverse"].contains(&words[0]);
    for (place, word) in words.iter().enumerate().skip(2) {
        if place == 2 && names_another {
            named = transfer(word);
        } else if let Some((debit, credit)) = word.split_once('>') {
            (request.debit, request.credit) = (account(debit), account(credit));
        } else if let Some((option, value)) = word.split_once('=') {
            match option {
                "until" => until = Some(Timestamp(value.parse().unwrap())),
                "kind" => request.kind = value.parse().unwrap(),
                "ref" => request.reference = Uid([value.parse().unwrap(); 16]),
                "in" => request.currency = value.parse().unwrap(),
                _ => panic!("unknown option {word}"),
            }
        } else {
            request.amount_minor = amount(word);
        }
    }
    request.step = match words[0] {
        "post" => Step::Post,
        "hold" => Step::Hold { expires_at: until },
        "settle" => Step::Settle { hold: named },
        "release" => Step::Release { hold: named },
        "reverse" | "undo" => Step::Reverse { transfer: named },
        verb => panic!("unknown verb {verb}"),
    };
    if words[0] == "undo" {
        // `undo NAME` is a reversal under the id that it must have.
        request.step = Step::Reverse { transfer: request.id };
        request.id = TransferRequest::reversal_id(request.id);
    }
    request
}

/// Runs one `;`-separated command; `None` when it says nothing.
fn run(books: &mut MapBooks, words: &[&str]) -> Option<String> {
    match words[0] {
        "at" => books.now = Timestamp(words[1].parse().unwrap()),
        "close" => books.account(account(words[1])).unwrap().closed = true,
        "show" => {
            let a = books.account(account(words[1])).unwrap();
            return Some(format!("{}={}/{}/{}", words[1], a.posted, a.held_out, a.held_in));
        }
        _ => {
            let before = books.clone();
            let outcome = post(books, &request(words));
            if outcome != Ok(Posted::New) {
                assert_eq!(*books, before, "{words:?} moved something although it says {outcome:?}");
            }
            return Some(match outcome {
                Ok(Posted::New) => "new".into(),
                Ok(Posted::Replayed) => "replayed".into(),
                Err(refusal) => refusal.code().into(),
            });
        }
    }
    None
}

#[test]
fn cases() {
    support::run("ledger", |line| {
        let mut books = books();
        let said: Vec<String> = line
            .split(';')
            .filter_map(|command| run(&mut books, &command.split_whitespace().collect::<Vec<_>>()))
            .collect();
        said.join(", ")
    });
}

#[test]
fn every_refusal_stands_in_a_case() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/ledger");
    let mut text = String::new();
    for file in std::fs::read_dir(dir).unwrap() {
        text += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    for refusal in Refusal::ALL {
        assert!(text.contains(refusal.code()), "no case for {}", refusal.code());
    }
}

const NAMES: [&str; 9] = ["a", "b", "x", "y", "f", "g", "e", "u", "nobody"];

/// What a random sequence is made of; numbers pick names and earlier ids.
fn any_request() -> impl Strategy<Value = (u8, u8, usize, usize, u8, i64, bool)> {
    let amount = prop_oneof![20 => 1i64..50, 2 => Just(0i64), 1 => Just(i64::MAX), 1 => Just(i64::MAX / 2), 1 => any::<i64>()];
    (0u8..6, 0u8..40, 0usize..9, 0usize..9, 0u8..40, amount, any::<bool>())
}

fn build(
    (verb, id, debit, credit, named, amount_minor, expires): (u8, u8, usize, usize, u8, i64, bool),
) -> TransferRequest {
    let named = transfer(&named.to_string());
    let mut id = transfer(&id.to_string());
    let step = match verb {
        0 | 1 => Step::Post,
        2 => Step::Hold { expires_at: expires.then_some(Timestamp(130)) },
        3 => Step::Settle { hold: named },
        4 => Step::Release { hold: named },
        _ => {
            id = TransferRequest::reversal_id(named);
            Step::Reverse { transfer: named }
        }
    };
    let (debit, credit) = (account(NAMES[debit]), account(NAMES[credit]));
    let currency = if debit == account("u") { "USD".parse().unwrap() } else { Currency::CNY };
    TransferRequest { id, step, debit, credit, amount_minor, currency, kind: 1, reference: Uid::NIL }
}

fn check_laws(books: &MapBooks) {
    let signed = |side: Side, value: i64| i128::from(value) * if side == Side::Debit { 1 } else { -1 };
    let sum: i128 = books.accounts.values().map(|a| signed(a.side, a.posted)).sum();
    assert_eq!(sum, 0, "debits and credits differ");
    for a in books.accounts.values() {
        assert!(!a.floored || a.available() >= 0, "{a:?} is below its floor");
        let open = |takes: bool| -> i128 {
            let of_account = books.holds.values().filter(|h| h.state == HoldState::Open);
            of_account
                .filter(|h| (if (a.side == Side::Credit) == takes { h.debit } else { h.credit }) == a.id)
                .map(|h| i128::from(h.remaining_minor))
                .sum()
        };
        assert_eq!(i128::from(a.held_out), open(true), "held_out of {a:?}");
        assert_eq!(i128::from(a.held_in), open(false), "held_in of {a:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("PURSER_LONG").is_some() { 10_000 } else { 400 }, ..ProptestConfig::default() })]

    /// Σ debits = Σ credits; floors hold, holds included; held amounts are those of the open holds; a refusal
    /// changes nothing; an accepted request replays for ever and moves nothing again.
    #[test]
    fn laws_hold_over_any_sequence(requests in proptest::collection::vec(any_request(), 1..80)) {
        let mut books = books();
        let mut accepted: Vec<TransferRequest> = Vec::new();
        for (step, raw) in requests.into_iter().enumerate() {
            books.now = Timestamp(100 + i64::try_from(step).unwrap());
            let request = build(raw);
            let before = books.clone();
            if post(&mut books, &request) == Ok(Posted::New) {
                accepted.push(request);
            } else {
                prop_assert_eq!(&books, &before);
            }
            check_laws(&books);
        }
        let before = books.clone();
        for request in &accepted {
            prop_assert_eq!(post(&mut books, request), Ok(Posted::Replayed));
        }
        prop_assert_eq!(books, before);
    }

    /// Each account's lines form a chain whose balances continue each other.
    #[test]
    fn histories_are_chains(requests in proptest::collection::vec(any_request(), 1..80)) {
        let mut books = books();
        for raw in requests {
            books.accepts(&build(raw));
        }
        for a in books.accounts.values() {
            let (mut at, mut count, mut after) = (a.last, 0, a.posted);
            while !at.0.is_nil() {
                let line = books.transfer(at).unwrap();
                let (balance, prev) =
                    if line.debit == a.id { (line.debit_after, line.debit_prev) } else { (line.credit_after, line.credit_prev) };
                prop_assert_eq!(balance, after);
                let moves = ![1, 3].contains(&line.step);
                let grows = (a.side == Side::Debit) == (line.debit == a.id);
                let change = if grows { line.amount_minor } else { -line.amount_minor };
                after = balance - if moves { change } else { 0 };
                count += 1;
                at = prev;
            }
            prop_assert_eq!((count, after), (a.entries, 0));
        }
    }
}
