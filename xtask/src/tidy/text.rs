//! The look of files: length, blanks, names, and code that must not be committed.

use super::{
    Finding, Tree,
    lexer::{Token, tokens},
    tree::has_ending,
};

/// From here on a file is pointed out.
const LONG: usize = 500;
/// Above this it is refused.
const TOO_LONG: usize = 600;

/// Files that may be longer than [`TOO_LONG`]: path, reason.
const MAY_BE_LONG: &[(&str, &str)] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"];

const HAND_WRITTEN: &[&str] = &["rs", "toml", "md", "sql", "sh", "yml", "yaml", "ts", "tsx", "css"];
const CODE: &[&str] = &["rs", "ts", "tsx", "sql"];

/// Finds what should not be there.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, MAY_BE_LONG)
}

/// Files that grow towards the limit.
pub(crate) fn hints(tree: &Tree) -> Vec<Finding> {
    let long = tree.iter().filter(|(path, _)| has_ending(path, CODE));
    long.map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, length)| (LONG + 1..=TOO_LONG).contains(length))
        .map(|(path, length)| {
            Finding::new(path, 0, format!("{length} lines: above {LONG}, is it two things?"))
        })
        .collect()
}

fn check_with(tree: &Tree, may_be_long: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.iter() {
        if has_ending(path, HAND_WRITTEN) {
            findings.extend(blanks(path, text));
        }
        let length = text.lines().count();
        let listed = may_be_long.iter().any(|(listed, _)| *listed == path);
        if has_ending(path, CODE) && length > TOO_LONG && !listed {
            findings.push(Finding::new(path, 0, format!("{length} lines: split it, {TOO_LONG} is the most")));
        }
        if listed && length <= TOO_LONG {
            findings.push(Finding::new(
                path,
                0,
                "no longer too long: delete its entry in xtask/src/tidy/text.rs",
            ));
        }
        if has_ending(path, &["rs"]) {
            findings.extend(names(path));
            findings.extend(code(path, &tokens(text)));
        }
    }
    for (path, _) in may_be_long.iter().filter(|(path, _)| tree.get(path).is_none()) {
        findings.push(Finding::new(path, 0, "is gone: delete its entry in xtask/src/tidy/text.rs"));
    }
    findings
}

fn blanks(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if line.contains('\t') {
            findings.push(Finding::new(path, index + 1, "a tab: use spaces"));
        }
        if line.ends_with([' ', '\r', '\t']) {
            findings.push(Finding::new(path, index + 1, "a blank or carriage return at the end of the line"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(path, text.lines().count(), "no newline at the end of the file"));
    }
    findings
}

fn names(path: &str) -> Option<Finding> {
    let name =
        path.split('/').map(|part| part.trim_end_matches(".rs")).find(|part| EMPTY_NAMES.contains(part))?;
    Some(Finding::new(path, 0, format!("`{name}` says nothing: name it after what it does")))
}

fn code(path: &str, tokens: &[Token<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |token: &Token<'_>, message: String| findings.push(Finding::new(path, token.line, message));
    for (index, token) in tokens.iter().enumerate() {
        let next = |offset: usize| tokens.get(index + offset).map_or("", |token| token.text);
        match (token.text, next(1), next(2)) {
            ("todo" | "unimplemented" | "dbg", "!", "(" | "[" | "{") => {
                add(token, format!("{}! is for the desk, not for a commit", token.text));
            }
            ("#", "[", "ignore") => {
                add(token, "an ignored test: run it, delete it, or make it part of the long set".to_owned());
            }
            ("mod", name, ";" | "{") if EMPTY_NAMES.contains(&name) => {
                add(token, format!("module `{name}` says nothing: name it after what it does"));
            }
            _ => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check_with(&Tree::of(&[(path, text)]), &[]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unfinished_code_is_found_in_code_only() {
        assert_eq!(found("a.rs", "fn f() {\n    todo!()\n}\n").len(), 1);
        assert_eq!(found("a.rs", "fn f() { unimplemented!(\"x\"); dbg!(1); }\n").len(), 2);
        assert_eq!(found("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n").len(), 1);
        assert!(found("a.rs", "// todo!() and #[ignore]\nconst A: &str = \"dbg!(x)\";\n").is_empty());
    }

    #[test]
    fn blanks_are_found_with_their_line() {
        assert_eq!(found("a.rs", "fn f() {}\n\tlet x;\n"), ["a.rs:2: a tab: use spaces"]);
        assert!(found("a.md", "text \n")[0].starts_with("a.md:1: a blank"));
        assert!(found("a.sql", "select 1;\r\n")[0].starts_with("a.sql:1: a blank"));
        assert_eq!(found("a.rs", "fn f() {}"), ["a.rs:1: no newline at the end of the file"]);
        assert!(found("cases/a.txt", "0 => \n").is_empty(), "an expectation may be empty");
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert_eq!(found("crates/x/src/utils.rs", "").len(), 1);
        assert_eq!(found("crates/x/tests/common/mod.rs", "").len(), 1);
        assert_eq!(found("crates/x/src/lib.rs", "mod helpers;\nmod ledger;\n").len(), 1);
        assert_eq!(found("crates/x/src/lib.rs", "mod manager { }\n").len(), 1);
    }

    #[test]
    fn length_is_limited_and_exceptions_shrink() {
        let text = "// line\n".repeat(601);
        let tree = Tree::of(&[("a.rs", &text)]);
        assert_eq!(check_with(&tree, &[]).len(), 1);
        assert!(check_with(&tree, &[("a.rs", "a table")]).is_empty());
        let short = Tree::of(&[("a.rs", "// line\n")]);
        assert_eq!(check_with(&short, &[("a.rs", "a table"), ("gone.rs", "a table")]).len(), 2);
        assert_eq!(hints(&Tree::of(&[("a.rs", &"// line\n".repeat(501))])).len(), 1);
    }
}
