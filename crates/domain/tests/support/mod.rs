//! Runs data-driven cases: every line `input => expected` of the files under `cases/<module>/` goes through one
//! function. `UPDATE_EXPECT=1` rewrites the expectations; lines that are empty or start with `#` are kept.

use std::{fmt::Write as _, fs, path::Path};

/// Runs every file of `cases/<module>` through `answer` and panics with all differences.
pub(crate) fn run(module: &str, answer: impl Fn(&str) -> String) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(module);
    let mut files: Vec<_> =
        fs::read_dir(&dir).expect("a folder of cases").map(|e| e.expect("readable folder").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {}", dir.display());
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let (mut count, mut wrong) = (0, String::new());
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable case file");
        let mut rewritten = String::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                writeln!(rewritten, "{line}").expect("writing to a string");
                continue;
            }
            let (input, expected) = line.split_once(" => ").unwrap_or((line, ""));
            let got = answer(input.trim());
            count += 1;
            if got != expected.trim() {
                writeln!(
                    wrong,
                    "{}:{}: {input}\n  expected {expected}\n  got      {got}",
                    file.display(),
                    number + 1
                )
                .expect("writing to a string");
            }
            writeln!(rewritten, "{} => {got}", input.trim_end()).expect("writing to a string");
        }
        if update {
            fs::write(&file, rewritten).expect("a writable case file");
        }
    }
    assert!(count > 0, "no cases in {}", dir.display());
    assert!(update || wrong.is_empty(), "cases that differ (UPDATE_EXPECT=1 rewrites them):\n{wrong}");
}
