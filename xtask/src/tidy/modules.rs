//! Who may use whom by path: the modules of domain among themselves, and what storage and rails may use of the
//! crates below them.

use std::collections::BTreeSet;

use super::{
    Finding, Tree,
    lexer::{Token, tokens},
};

const DOMAIN: &str = "crates/domain/src/";

/// Values that everything may use.
const BASE: &[&str] = &["money", "ids", "time"];

/// Modules of domain that stand below the business modules, and what each may use. A module that is not listed is
/// a business module: it may use everything listed here, and no other business module.
const FOUNDATION: &[(&str, &[&str])] = &[
    ("money", BASE),
    ("ids", BASE),
    ("time", BASE),
    ("document", BASE),
    ("metadata", BASE),
    ("calendar", &["money", "ids", "time", "document"]),
    ("ledger", BASE),
    ("policy", &["money", "ids", "time", "document", "calendar"]),
];

/// Modules of the standard library that a pure rule has no use for.
const IMPURE: &[&str] = &["env", "fs", "io", "net", "process", "thread"];

/// Code of a folder may use only these modules of another crate: folder, crate, modules, reason.
const NARROW: &[(&str, &str, &[&str], &str)] = &[
    ("crates/storage/src/", "purser_domain", BASE, "storage knows rows and ids, not rules"),
    (
        "crates/rails/src/",
        "purser_engine",
        // The world behind the sandbox rail keeps its books through commands, so that a crash can come between
        // them and the product's: it has to live in the engine, and its rail is only the port in front of it. Files
        // for a bank share the commits of the books likewise.
        &["ports", "sandbox", "bank_files"],
        "a rail implements the engine's ports and nothing more",
    ),
];

/// Finds uses that are not allowed.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = domain(tree);
    for (folder, krate, allowed, reason) in NARROW {
        for (path, below, text) in tree.rust_below(folder) {
            for found in uses(text, &module_path(below)) {
                if found.root == *krate && !found.in_tests && !allowed.contains(&found.module) {
                    let message = format!("{krate}::{} is not for this crate: {reason}", found.module);
                    findings.push(Finding::new(path, found.line, message));
                }
            }
        }
    }
    findings
}

fn domain(tree: &Tree) -> Vec<Finding> {
    let known: BTreeSet<&str> =
        tree.rust_below(DOMAIN).filter_map(|(_, below, _)| module_path(below).first().copied()).collect();
    let mut findings = Vec::new();
    for (path, below, text) in tree.rust_below(DOMAIN) {
        let own = module_path(below);
        for found in uses(text, &own) {
            if found.root == "std" && IMPURE.contains(&found.module) && !found.in_tests {
                let message = format!("std::{} in domain: rules are functions over plain data", found.module);
                findings.push(Finding::new(path, found.line, message));
            }
            let Some(module) = own.first() else { continue };
            if found.root != "crate" || found.module == *module || !known.contains(found.module) {
                continue;
            }
            if let Err(allowed) = may_use(module, found.module) {
                let message =
                    format!("domain::{module} must not use domain::{}; it may use {allowed}", found.module);
                findings.push(Finding::new(path, found.line, message));
            }
        }
        if own.is_empty() {
            findings.extend(re_exports(path, text));
        }
    }
    findings
}

/// `Err` names what `module` may use.
fn may_use(module: &str, other: &str) -> Result<(), String> {
    let listed = FOUNDATION.iter().find(|(name, _)| *name == module);
    let allowed: Vec<&str> = match listed {
        Some((_, allowed)) => allowed.to_vec(),
        None => FOUNDATION.iter().map(|(name, _)| *name).collect(),
    };
    if allowed.contains(&other) {
        return Ok(());
    }
    let note = if listed.is_none() {
        "; business modules meet in ledger accounts or in an engine command"
    } else {
        ""
    };
    Err(format!("{}{note}", allowed.join(", ")))
}

/// A re-export at the root of the crate would hide which module is used.
fn re_exports(path: &str, text: &str) -> Vec<Finding> {
    let tokens = tokens(text);
    let pairs = tokens.windows(2).filter(|pair| (pair[0].text, pair[1].text) == ("pub", "use"));
    pairs
        .map(|pair| {
            Finding::new(path, pair[0].line, "no re-exports at the root of domain: they hide who uses whom")
        })
        .collect()
}

/// `withdrawals/gate.rs` is the module `withdrawals::gate`; the root is empty.
fn module_path(below: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = below.trim_end_matches(".rs").split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
        parts.pop();
    }
    parts
}

/// One use of a module: `root::module`, where `root` is `crate`, `std` or another crate.
#[derive(Debug, PartialEq, Eq)]
struct Use<'a> {
    root: &'a str,
    module: &'a str,
    line: usize,
    in_tests: bool,
}

/// Every path of a file that starts at the crate, above the module, at `std` or at a crate of ours; in a `use` or
/// anywhere else. `own` is the module of the file.
fn uses<'a>(text: &'a str, own: &[&'a str]) -> Vec<Use<'a>> {
    let tokens = tokens(text);
    let word = |index: usize| tokens.get(index).map_or("", |token: &Token<'a>| token.text);
    let mut found = Vec::new();
    // Inline modules that are open, with the depth of braces they were opened at.
    let mut inline: Vec<(&str, usize)> = Vec::new();
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => {
                if index >= 2 && word(index - 2) == "mod" {
                    inline.push((word(index - 1), depth));
                }
                depth += 1;
            }
            "}" => {
                depth = depth.saturating_sub(1);
                inline.pop_if(|(_, at)| *at == depth);
            }
            _ => {}
        }
        let continues = index > 0 && word(index - 1) == "::";
        if continues && !(index == 1 || starts_a_path(word(index - 2))) || word(index + 1) != "::" {
            continue;
        }
        let mut after = index + 2;
        let root = match token.text {
            "self" | "super" => {
                let height = own.len() + inline.len();
                let mut up = usize::from(token.text == "super");
                while word(after) == "super" && word(after + 1) == "::" {
                    (up, after) = (up + 1, after + 2);
                }
                if up < height {
                    continue;
                }
                "crate"
            }
            name if matches!(name, "crate" | "std") || name.starts_with("purser_") => name,
            _ => continue,
        };
        let in_tests =
            own.iter().copied().chain(inline.iter().map(|(name, _)| *name)).any(|name| name == "tests");
        found.extend(heads(&tokens[after..]).into_iter().map(|head| Use {
            root,
            module: head.text,
            line: head.line,
            in_tests,
        }));
    }
    found
}

/// A `::` after one of these begins a path from the crates instead of going on with one.
fn starts_a_path(before: &str) -> bool {
    !(before.ends_with(|c: char| c.is_alphanumeric() || c == '_') || before == ">") || before == "use"
}

/// The first names of a path: one, or one for each element of a group in braces.
fn heads<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let Some(first) = tokens.first() else { return Vec::new() };
    if first.text != "{" {
        return vec![*first];
    }
    let (mut found, mut depth, mut expected) = (Vec::new(), 0_usize, false);
    for token in tokens {
        match token.text {
            "{" => {
                depth += 1;
                expected = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            "," => expected = depth == 1,
            _ if expected => {
                found.push(*token);
                expected = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    /// A tree with some modules of domain and one more file.
    fn with(path: &str, text: &str) -> Vec<String> {
        let mut files: Vec<_> = ["money", "ledger", "policy", "calendar", "earnings", "credit"]
            .map(|module| format!("crates/domain/src/{module}.rs"))
            .into_iter()
            .filter(|known| known != path)
            .map(|known| (known, String::new()))
            .collect();
        files.push((path.to_owned(), text.to_owned()));
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        messages(&files)
    }

    #[test]
    fn business_modules_never_use_each_other() {
        for text in [
            "use crate::credit::Limit;",
            "use crate::{\n    money::{Rate, decimal},\n    credit,\n};",
            "fn f() -> u8 { crate::credit::LIMIT }",
            "use super::credit;",
            "use super::{money, credit::Limit};",
            "mod inner { use super::super::credit; }",
            "mod inner { fn f() {} } use super::credit;",
            "#[cfg(test)] mod tests { use crate::credit; }",
        ] {
            let found = with("crates/domain/src/earnings.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("domain::earnings must not use domain::credit"), "{found:?}");
        }
        assert_eq!(with("crates/domain/src/earnings/settle.rs", "use super::super::credit;").len(), 1);
    }

    #[test]
    fn what_is_allowed_is_not_complained_about() {
        for text in [
            "use crate::{ledger::{Account, Transfer}, money, policy, calendar};",
            "mod settle { use super::credit; } mod credit {}",
            "// use crate::credit;\nconst TEXT: &str = \"crate::credit::x\";",
            "//! See [`crate::credit::Limit`].",
            "pub(crate) fn f() {} use crate::earnings::credit;",
        ] {
            assert_eq!(with("crates/domain/src/earnings.rs", text), Vec::<String>::new(), "{text}");
        }
        assert!(
            with("crates/domain/src/earnings/settle.rs", "use super::credit; use super::super::money;")
                .is_empty()
        );
        assert!(with("crates/domain/src/earnings/mod.rs", "use super::ledger;").is_empty());
    }

    #[test]
    fn the_foundation_is_in_layers() {
        assert_eq!(with("crates/domain/src/ledger.rs", "use crate::policy::At;").len(), 1);
        assert_eq!(with("crates/domain/src/policy/pack.rs", "use crate::ledger::Kind;").len(), 1);
        assert_eq!(with("crates/domain/src/money.rs", "use crate::calendar::Day;").len(), 1);
        assert!(with("crates/domain/src/policy/pack.rs", "use crate::calendar::Day;").is_empty());
    }

    #[test]
    fn the_root_of_domain_re_exports_nothing() {
        assert_eq!(with("crates/domain/src/lib.rs", "pub mod money;\npub use money::Rate;").len(), 1);
    }

    #[test]
    fn domain_does_no_io_except_in_tests() {
        for text in ["use std::fs;", "use std::{fmt, io::Read};", "fn f() { ::std::thread::yield_now(); }"] {
            assert_eq!(with("crates/domain/src/earnings.rs", text).len(), 1, "{text}");
        }
        assert!(
            with("crates/domain/src/earnings.rs", "use std::fmt;\nmod tests { use std::fs; }").is_empty()
        );
    }

    #[test]
    fn storage_and_rails_see_a_narrow_part() {
        let storage = "use purser_domain::{ids::Id, ledger};";
        assert_eq!(messages(&[("crates/storage/src/sqlite.rs", storage)]).len(), 1);
        let rails = "fn f(x: purser_engine::executor::Group) {} use purser_engine::ports::Rail;";
        assert_eq!(messages(&[("crates/rails/src/lib.rs", rails)]).len(), 1);
    }
}
