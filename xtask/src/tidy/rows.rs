//! `docs/internals/rows.txt`: which test shows which row of the specification.

use super::{Finding, Tree};

const LIST: &str = "docs/internals/rows.txt";

/// Sections of the specification and how many rows each has; 0 for a section without numbers.
const SECTIONS: &[(char, u32)] = &[('M', 0), ('G', 0), ('P', 28), ('X', 18), ('C', 26), ('A', 12)];

/// Finds claims that nothing backs.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.get(LIST) else { return vec![Finding::new(LIST, 0, "the file is missing")] };
    let mut findings = Vec::new();
    let mut before = None;
    for (index, line) in list.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut add = |message: String| findings.push(Finding::new(LIST, index + 1, message));
        let words: Vec<&str> = line.split(' ').collect();
        let [row, path] = words[..] else {
            add("write `ROW PATH-OF-TEST`, with one blank between".to_owned());
            continue;
        };
        let Some(key) = order(row) else {
            add(format!("{row} is not a row of the specification"));
            continue;
        };
        let key = (key, path);
        if before.is_some_and(|before| before >= key) {
            add("the lines are sorted by row and path, each once".to_owned());
        }
        before = Some(key);
        if !is_test(path) {
            add(format!("{path} is neither a test nor a case"));
        } else if let Some(text) = tree.get(path) {
            if !names(text, row) {
                add(format!("{path} does not name {row}: say there which row it shows"));
            }
        } else {
            add(format!("{path} does not exist"));
        }
    }
    findings
}

/// Sections in the order of the specification, then the number.
fn order(row: &str) -> Option<(usize, u32)> {
    let letter = row.chars().next()?;
    let section = SECTIONS.iter().position(|(known, _)| *known == letter)?;
    let (digits, rows) = (&row[1..], SECTIONS[section].1);
    if digits.is_empty() {
        return (rows == 0).then_some((section, 0));
    }
    let number: u32 = digits.parse().ok().filter(|number| (1..=rows).contains(number))?;
    (number.to_string() == digits).then_some((section, number))
}

/// Tests stand in `tests/` or beside the code; cases in `cases/`; those of the console in `*.test.ts` and `e2e/`.
fn is_test(path: &str) -> bool {
    ["/tests/", "/cases/", "/src/", "/e2e/"].iter().any(|folder| path.contains(folder))
}

/// Whether `row` stands in `text` as a word of its own.
fn names(text: &str, row: &str) -> bool {
    text.match_indices(row).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + row.len()..].chars().next();
        ![before, after].into_iter().flatten().any(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &str) -> Vec<String> {
        let tree = Tree::of(&[
            (LIST, list),
            ("crates/a/tests/fees.rs", "//! Shows X1 and P10.\n"),
            ("crates/a/cases/fees.txt", "# spec M: half-up\n"),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn claims_that_hold() {
        let list =
            "# ROW test\nM crates/a/cases/fees.txt\nP10 crates/a/tests/fees.rs\nX1 crates/a/tests/fees.rs\n";
        assert!(found(list).is_empty());
    }

    #[test]
    fn claims_that_do_not_hold() {
        for (list, message) in [
            ("P1 crates/a/tests/fees.rs\n", "does not name P1"),
            ("X1 crates/a/tests/gone.rs\n", "does not exist"),
            ("X1 README.md\n", "neither a test nor a case"),
            ("P29 crates/a/tests/fees.rs\n", "not a row"),
            ("X01 crates/a/tests/fees.rs\n", "not a row"),
            ("X1\n", "write `ROW"),
            ("X1 crates/a/tests/fees.rs\nP10 crates/a/tests/fees.rs\n", "sorted"),
            ("X1 crates/a/tests/fees.rs\nX1 crates/a/tests/fees.rs\n", "sorted"),
        ] {
            let found = found(list);
            assert_eq!(found.len(), 1, "{list}: {found:?}");
            assert!(found[0].contains(message), "{found:?}");
        }
    }
}
