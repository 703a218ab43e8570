//! Cases and laws of identity (spec P6, P7, P8, P9, X4–X8).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use proptest::prelude::*;
use purser_domain::{
    identity::{
        AccountKind, BANKS, Bound, ClaimKind, ClaimState, CodeTerms, Confirm, Entered, Issued, NewAccount,
        Quota, Standing, check_code, cnaps_check_digit, comparable, holder_of, id_check_character, is_cnaps,
        is_virtual, issue, issuer_of, luhn_holds, mask, read_account, read_card, read_claim, read_id_card,
        read_name, read_organisation, read_phone, read_uscc, submit, uscc_check_character, void,
    },
    time::{Date, MINUTE, SECOND, Timestamp},
};

fn today() -> Date {
    "2026-11-28".parse().unwrap()
}

fn text(word: &str) -> String {
    word.replace('_', " ")
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-28T{text}+08:00").parse().unwrap()
}

fn validated(words: &[&str]) -> String {
    let given = words.get(1).map(|word| text(word)).unwrap_or_default();
    match words[0] {
        "id" => match read_id_card(&given, today()) {
            Ok(card) => format!(
                "{} {}{}",
                card.number,
                card.born_on,
                if card.residence_permit { " permit" } else { "" }
            ),
            Err(issue) => issue.code().to_owned(),
        },
        "uscc" => match read_uscc(&given, words.contains(&"vouched")) {
            Ok(code) => code,
            Err(issue) => issue.code().to_owned(),
        },
        "phone" => match read_phone(&given) {
            Ok(number) => {
                let prefixes = ["162", "165", "167", "170", "171"].map(str::to_owned);
                format!("{number}{}", if is_virtual(&number, &prefixes) { " virtual" } else { "" })
            }
            Err(issue) => issue.code().to_owned(),
        },
        "card" => match read_card(&given) {
            Ok(card) => {
                let bank = card.issuer.map_or("unknown", |issuer| issuer.bank);
                format!("{bank}{}", if card.check_holds { "" } else { " check" })
            }
            Err(issue) => issue.code().to_owned(),
        },
        "cnaps" => is_cnaps(&given).to_string(),
        "name" => read_name(&given).unwrap_or_else(|| "name_invalid".to_owned()),
        "organisation" => read_organisation(&given).unwrap_or_else(|| "name_invalid".to_owned()),
        "same" => (comparable(&given) == comparable(&text(words[2]))).to_string(),
        _ => masked(words[1], &text(words[2])),
    }
}

fn masked(kind: &str, value: &str) -> String {
    match kind {
        "phone" => mask::phone(value),
        "id" => mask::id_number(value),
        "uscc" => mask::uscc(value),
        "card" => mask::card(value),
        "account" => mask::account(value),
        "name" => mask::name(value),
        "organisation" => mask::organisation(value),
        _ => mask::login(value),
    }
}

fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn terms() -> CodeTerms {
    CodeTerms { digits: 6, lifetime_us: 5 * MINUTE, tries: 5, resend_after_us: 60 * SECOND, per_day: 10 }
}

/// `issue NOW [count=N] [last=TIME] [day=DATE]`, `enter NOW [right] [other] …`.
fn code(words: &[&str]) -> String {
    let now = at(words[1]);
    let has = |word: &str| words.contains(&word);
    if words[0] == "issue" {
        let quota = value(words, "count").map(|count| Quota {
            on: value(words, "day").map_or(today(), |day| day.parse().unwrap()),
            count: count.parse().unwrap(),
            last_at: at(value(words, "last").unwrap_or("00:00:00")),
        });
        let tomorrow: Timestamp = "2026-11-29T00:00:00+08:00".parse().unwrap();
        return match issue(quota, now, today(), tomorrow, &terms()) {
            Ok((quota, issued)) => {
                format!("sent {} until {} tries {}", quota.count, issued.expires_at, issued.tries_left)
            }
            Err(refusal) => format!("{} until {}", refusal.code(), refusal.until()),
        };
    }
    let issued = Issued {
        expires_at: at("12:05:00"),
        tries_left: value(words, "left").map_or(5, |left| left.parse().unwrap()),
        used: has("used"),
    };
    let entered = Entered { right: has("right"), same_subject: !has("other") };
    let outcome = check_code((!has("none")).then_some(&issued), (!has("nothing")).then_some(entered), now);
    let counts = if outcome.counts { " counts" } else { "" };
    outcome.result.map_or_else(|no| format!("{}{counts}", no.code()), |()| "right".to_owned())
}

/// `claim KIND NAME NUMBER [closed] [company] [state=…] [vouched]`, `void state=…`.
fn claim(words: &[&str]) -> String {
    let has = |word: &str| words.contains(&word);
    let standing = Standing {
        closed: has("closed"),
        enterprise: has("company"),
        state: value(words, "state").map(|name| ClaimState::named(name).unwrap()),
    };
    let outcome = if words[0] == "void" {
        void(&standing).map(|()| "voided".to_owned())
    } else {
        let kind = ClaimKind::named(words[1]).unwrap();
        submit(&standing, kind)
            .and_then(|()| read_claim(kind, &text(words[2]), words[3], has("vouched"), today()))
            .map(|claim| format!("{} {}", claim.name, claim.number))
    };
    outcome.unwrap_or_else(|no| format!("{} {}", no.code(), no.field().unwrap_or("-")))
}

/// `account KIND NUMBER [holder=…] [bank=…] [cnaps=…] [confirmed] [person=…] [enterprise=…] [studio=…]`.
fn account(words: &[&str]) -> String {
    let own = |name: &str| value(words, name).map(text);
    let (holder, bank, cnaps) = (own("holder"), own("bank"), own("cnaps"));
    let kind = AccountKind::named(words[1]).unwrap();
    let new = NewAccount {
        kind,
        number: &text(words[2]),
        holder: holder.as_deref(),
        bank: bank.as_deref(),
        cnaps: cnaps.as_deref(),
        confirm: Confirm { number: words.contains(&"confirmed") },
    };
    let (person, enterprise, studio) = (own("person"), own("enterprise"), own("studio"));
    let bound =
        Bound { person: person.as_deref(), enterprise: enterprise.as_deref(), studio: studio.as_deref() };
    let outcome = read_account(&new).and_then(|read| {
        let holder = match kind {
            AccountKind::Sandbox => "nobody",
            _ => holder_of(kind, &read.holder, &bound)?.name(),
        };
        let warnings: String = read.warnings.iter().flat_map(|w| [" ", w.name()]).collect();
        let bank = if read.bank.is_empty() { String::new() } else { format!(" {}", read.bank) };
        Ok(format!("{}{bank}, {holder}{warnings}", read.masked))
    });
    outcome.unwrap_or_else(|no| format!("{} {}", no.code(), no.field().unwrap_or("-")))
}

#[test]
fn cases_p6_p7_p8_p9_x4_x8() {
    support::run("identity", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "issue" | "enter" => code(&words),
            "claim" | "void" => claim(&words),
            "account" => account(&words),
            _ => validated(&words),
        }
    });
}

/// A second formulation: the whole number, the check included, is 1 modulo 11 with weights 2^(17−i).
fn id_by_powers(number: &str) -> bool {
    let digit = |c: char| if c == 'X' { 10 } else { c.to_digit(10).unwrap() };
    number.chars().fold(0, |sum, c| (sum * 2 + digit(c)) % 11) == 1
}

/// A second formulation: the value of all 18 characters with rising powers of 3 is 0 modulo 31.
fn uscc_by_powers(code: &str) -> bool {
    let alphabet = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |b: u8| alphabet.iter().position(|a| *a == b).unwrap() as u64;
    let check = value(code.as_bytes()[17]);
    let sum: u64 =
        code.bytes().take(17).enumerate().map(|(i, b)| value(b) * 3_u64.pow(u32::try_from(i).unwrap())).sum();
    (sum + check).is_multiple_of(31)
}

/// A second formulation of Luhn: the table of doubled digits.
fn luhn_by_table(number: &str) -> bool {
    const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let digits: Vec<u32> = number.chars().map(|c| c.to_digit(10).unwrap()).collect();
    let odd = digits.len() % 2;
    let sum: u32 =
        digits.iter().enumerate().map(|(i, d)| if i % 2 == odd { DOUBLED[*d as usize] } else { *d }).sum();
    sum.is_multiple_of(10)
}

/// A second formulation of MOD 11,10: the recursion of the standard must end in 1.
fn mod_11_10(number: &str) -> bool {
    let (mut p, digits): (u32, Vec<u32>) = (10, number.chars().map(|c| c.to_digit(10).unwrap()).collect());
    for (i, digit) in digits.iter().enumerate() {
        let s = (p + digit) % 10;
        if i + 1 == digits.len() {
            return s == 1;
        }
        p = if s == 0 { 20 } else { s * 2 } % 11;
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn identity_numbers_agree_with_a_second_formulation(
        region in prop::sample::select(vec!["110101", "440305", "650102", "820000", "810000"]),
        days in 0..40_000_i64, order in 0..1_000, last in "[0-9X]",
    ) {
        let born = "1915-01-01".parse::<Date>().unwrap().checked_add(jiff::Span::new().days(days)).unwrap();
        let first = format!("{region}{}{order:03}", born.strftime("%Y%m%d"));
        let right = id_check_character(&first).unwrap();
        let whole = format!("{first}{right}");
        prop_assert!(id_by_powers(&whole));
        let given = format!("{first}{last}");
        prop_assert_eq!(read_id_card(&given, today()).is_ok(), id_by_powers(&given) && born <= today());
    }

    #[test]
    fn credit_codes_agree_with_a_second_formulation(first in "[0-9A-HJ-NPQRTUWXY]{17}", last in "[0-9A-HJ-NPQRTUWXY]") {
        let right = uscc_check_character(&first).unwrap();
        let whole = format!("{first}{right}");
        prop_assert!(uscc_by_powers(&whole));
        let given = format!("{first}{last}");
        prop_assert_eq!(read_uscc(&given, false).is_ok(), uscc_by_powers(&given));
        prop_assert!(read_uscc(&given, true).is_ok());
    }

    #[test]
    fn cards_and_clearing_codes_agree_with_a_second_formulation(card in "[0-9]{15,19}", code in "[0-9]{12}") {
        prop_assert_eq!(luhn_holds(&card), luhn_by_table(&card));
        prop_assert_eq!(is_cnaps(&code), mod_11_10(&code));
        let right = format!("{}{}", &code[..11], cnaps_check_digit(&code[..11]).unwrap());
        prop_assert!(is_cnaps(&right));
    }

    /// Whatever is typed, nobody panics, and nothing of a value but its ends is shown.
    #[test]
    fn anything_can_be_typed(text in "\\PC{0,40}") {
        let _ = (read_id_card(&text, today()), read_uscc(&text, false), read_phone(&text), read_card(&text));
        let _ = (read_name(&text), read_organisation(&text), comparable(&text), is_cnaps(&text));
        for shown in [mask::phone(&text), mask::id_number(&text), mask::card(&text), mask::name(&text)] {
            prop_assert!(text.chars().count() < 9 || !shown.contains(&text) , "{}", shown);
        }
    }
}

#[test]
fn an_issuer_is_found_by_the_longest_prefix_and_no_prefix_stands_twice_p9() {
    let mut all: Vec<&str> = BANKS
        .iter()
        .flat_map(|(_, _, _, debit, credit)| [debit, credit])
        .flat_map(|p| p.split(' '))
        .collect();
    assert!(all.iter().all(|p| (3..=10).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit())));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
    assert!(count > 250, "{count}");
    assert_eq!(issuer_of("6228480402564890018").unwrap().bank, "abc");
}
