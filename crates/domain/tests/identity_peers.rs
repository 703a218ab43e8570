//! The validators of identity (P7, P9) against independent implementations in Python and JavaScript, thousands of numbers at
//! a time. Runs when Python, Node and the packages can be had (`pip` and `npm` may fetch them), and says so when it does not.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "support/skipped.rs"]
mod skip;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use purser_domain::{
    identity::{
        CardType, cnaps_check_digit, id_check_character, is_cnaps, issuer_of, luhn_holds, read_id_card,
        read_phone, read_uscc, uscc_check_character,
    },
    time::Date,
};

const PACKAGES: [&str; 3] = ["python-stdnum==2.2", "id-validator==1.0.20", "phonenumbers==9.0.43"];

/// One line in, one line out: `1` when the package takes the number.
const SCRIPT: &str = r#"
import sys
from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_10
from id_validator import validator
import phonenumbers
from phonenumbers import PhoneNumberType
def id_of_other(n):
    try:
        return validator.is_valid(n)
    except Exception:
        return False
def mobile(n):
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(n))
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return phonenumbers.is_valid_number_for_region(number, "CN") and phonenumbers.number_type(number) in kinds
def cnaps(n):
    return len(n) == 12 and mod_11_10.is_valid(n)
checks = {"ric": ric.is_valid, "uscc": uscc.is_valid, "luhn": luhn.is_valid, "id": id_of_other,
          "mobile": mobile, "cnaps": cnaps}
for line in sys.stdin:
    kind, number = line.split()
    print(int(bool(checks[kind](number))))
"#;

/// Where the packages are; they stay from run to run.
fn packages() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("identity-peers");
    if ["stdnum", "id_validator", "phonenumbers"].iter().all(|name| folder.join(name).is_dir()) {
        return Some(folder);
    }
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--timeout",
        "10",
    ]);
    pip.args(["--retries", "0", "--target"]).arg(&folder).args(PACKAGES);
    let done = pip.stdout(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success()).then_some(folder)
}

/// Where Google's table of segments says otherwise, and what we rest on: the facts of the domain (E).
const OTHERWISE: [(&str, &str); 4] = [
    ("1349", "a satellite segment: no phone that takes a code from us"),
    ("149", "given out by an operator; the table has 145 and 147 of the range"),
    ("1610", "satellite"),
    ("1740", "satellite"),
];

/// What the packages say of each `kind number`.
fn ask(folder: &Path, lines: &[String]) -> Vec<bool> {
    let mut python = Command::new("python3")
        .args(["-c", SCRIPT])
        .env("PYTHONPATH", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the packages could not be asked");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "1").collect()
}

/// Numbers that a seed gives (splitmix).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let pick = |dice: &mut Self| usize::try_from(dice.below(alphabet.len() as u64)).unwrap();
        (0..length).map(|_| alphabet.as_bytes()[pick(self)] as char).collect()
    }

    /// The right last character, or half of the time another one.
    fn finish(&mut self, first: &str, right: char, alphabet: &str) -> String {
        let last = if self.below(2) == 0 { right.to_string() } else { self.text(alphabet, 1) };
        format!("{first}{last}")
    }
}

#[test]
fn validators_agree_with_independent_implementations_p7_p9() {
    let Some(folder) = packages() else {
        return skip::skipped(&format!("validators against others: python3 with {PACKAGES:?} cannot be had"));
    };
    let today: Date = "2026-11-28".parse().unwrap();
    let mut dice = Dice(20_261_128);
    // Districts that every edition of the table of regions has: the packages refuse a number that is older than its
    // district, which the check digits do not say.
    let regions = ["110101", "310101"];
    let (mut lines, mut ours) = (Vec::new(), Vec::new());
    for round in 0..4_000 {
        let region = regions[usize::try_from(dice.below(2)).unwrap()];
        // Some of these are no dates.
        let (year, month, day) = (1950 + dice.below(70), 1 + dice.below(12), 1 + dice.below(31));
        let first = format!("{region}{year}{month:02}{day:02}{:03}", dice.below(1_000));
        let number = dice.finish(&first, id_check_character(&first).unwrap(), "0123456789X");
        // The second package takes a fortieth of a second for each.
        for kind in ["ric", "id"].into_iter().take(if round % 10 == 0 { 2 } else { 1 }) {
            lines.push(format!("{kind} {number}"));
            ours.push(read_id_card(&number, today).is_ok());
        }
        let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        let first = format!("91{}{}", dice.text("0123456789", 6), dice.text(alphabet, 9));
        let code = dice.finish(&first, uscc_check_character(&first).unwrap(), alphabet);
        lines.push(format!("uscc {code}"));
        ours.push(read_uscc(&code, false).is_ok());
        let length = 15 + usize::try_from(dice.below(5)).unwrap();
        let card = dice.text("0123456789", length);
        lines.push(format!("luhn {card}"));
        ours.push(luhn_holds(&card));
        // Bank, city, branch, and the check of ISO 7064 MOD 11,10.
        let first = dice.text("0123456789", 11);
        let right = cnaps_check_digit(&first).and_then(|digit| char::from_digit(digit, 10)).unwrap();
        let code = dice.finish(&first, right, "0123456789");
        lines.push(format!("cnaps {code}"));
        ours.push(is_cnaps(&code));
    }
    // Every segment of mobile numbers, several times.
    for segment in 1_000..2_000 {
        if OTHERWISE.iter().any(|(differs, _)| segment.to_string().starts_with(differs)) {
            continue;
        }
        for _ in 0..4 {
            let number = format!("{segment}{}", dice.text("0123456789", 7));
            lines.push(format!("mobile {number}"));
            ours.push(read_phone(&number).is_ok());
        }
    }
    let theirs = ask(&folder, &lines);
    assert_eq!(theirs.len(), ours.len());
    let differ = lines.iter().zip(ours.iter().zip(&theirs)).filter(|(_, (a, b))| a != b);
    let differ: Vec<_> = differ.take(20).collect();
    assert!(differ.is_empty(), "(number, (ours, theirs)): {differ:?}");
    let good = ours.iter().filter(|good| **good).count();
    println!("{} numbers, {good} of them good, no difference", lines.len());
    assert!(good > 2_000, "{good}");
}

const BINS: &str = "bankcard@3.1.6";

/// Every prefix that the package knows: prefix, length of its numbers, `DC` where it is a debit card, name of the bank.
const TELL: &str = "for (const c of require('bankcard').cards) \
                    console.log([c.cardBin, c.len, c.cardType, c.bankName].join(' '))";

/// The package's table, one prefix a line.
fn bins() -> Option<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("identity-bins");
    std::fs::create_dir_all(&folder).ok()?;
    if !folder.join("node_modules/bankcard").is_dir() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder);
        let done = npm.arg(BINS).stdout(Stdio::null()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then_some(())?;
    }
    let told = Command::new("node").args(["-e", TELL]).current_dir(&folder).output().ok()?;
    assert!(
        told.status.success(),
        "the package could not be asked: {}",
        String::from_utf8_lossy(&told.stderr)
    );
    String::from_utf8(told.stdout).ok()
}

/// Names that the same bank goes by.
fn same_bank(ours: &str, theirs: &str) -> bool {
    let names = [("广发银行", "广东发展银行"), ("上海浦东发展银行", "浦发银行")];
    theirs.contains(ours) || names.iter().any(|(now, before)| ours == *now && theirs.contains(before))
}

/// P9: of no card is another bank named than others name, and no debit card is taken for a credit card or the other way
/// round; that they know more prefixes is known.
#[test]
fn issuers_of_cards_agree_with_an_independent_table_p9() {
    let Some(table) = bins() else {
        return skip::skipped(&format!("issuers of cards against others: node with {BINS} cannot be had"));
    };
    let known: Vec<[&str; 4]> = table
        .lines()
        .map(|line| {
            let mut words = line.splitn(4, ' ');
            [(); 4].map(|()| words.next().unwrap())
        })
        .collect();
    assert!(known.len() > 1_500, "the table was read: {}", known.len());
    let mut dice = Dice(20_261_128);
    let (mut compared, mut unknown, mut differ) = (0, 0, Vec::new());
    for [bin, length, _, _] in &known {
        let length: usize = length.parse().unwrap();
        for _ in 0..4 {
            let number = format!("{bin}{}", dice.text("0123456789", length.saturating_sub(bin.len())));
            // Theirs is the longest prefix among numbers of this length.
            let fits = |[other, other_length, ..]: &&[&str; 4]| {
                number.starts_with(other) && other_length.parse() == Ok(length)
            };
            let theirs = known.iter().filter(fits).max_by_key(|[other, ..]| other.len()).unwrap();
            let Some(ours) = issuer_of(&number) else {
                unknown += 1;
                continue;
            };
            compared += 1;
            let credit = theirs[2] == "CC";
            if !same_bank(ours.zh, theirs[3]) || (ours.card == CardType::Credit) != credit {
                differ.push(format!("{number}: {} {:?}, they {theirs:?}", ours.zh, ours.card));
            }
        }
    }
    assert!(differ.is_empty(), "{} differ: {:#?}", differ.len(), differ.iter().take(20).collect::<Vec<_>>());
    println!("{compared} cards of known issuers, {unknown} of others, no difference");
    assert!(compared > 1_000, "{compared}");
}
