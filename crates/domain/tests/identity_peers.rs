//! The validators of identity (P7, P9) against independent implementations in Python, thousands of numbers at a time.
//! Runs when Python and the packages can be had (`pip` may fetch them), and says so when it does not.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "support/skipped.rs"]
mod skip;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use purser_domain::{
    identity::{id_check_character, luhn_holds, read_id_card, read_uscc, uscc_check_character},
    time::Date,
};

const PACKAGES: [&str; 2] = ["python-stdnum==2.2", "id-validator==1.0.20"];

/// One line in, one line out: `1` when the package takes the number.
const SCRIPT: &str = r#"
import sys
from stdnum import luhn
from stdnum.cn import ric, uscc
from id_validator import validator
def id_of_other(n):
    try:
        return validator.is_valid(n)
    except Exception:
        return False
checks = {"ric": ric.is_valid, "uscc": uscc.is_valid, "luhn": luhn.is_valid, "id": id_of_other}
for line in sys.stdin:
    kind, number = line.split()
    print(int(bool(checks[kind](number))))
"#;

/// Where the packages are; they stay from run to run.
fn packages() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("identity-peers");
    if folder.join("stdnum").is_dir() && folder.join("id_validator").is_dir() {
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
