//! `cargo xtask tidy`: the rules of this repository that no compiler knows.
//!
//! Every check is a function from a [`Tree`] of texts to findings, so that its tests plant a violation in a tree of
//! two lines and see it caught. The whole set also runs over the real tree as an ordinary test.

mod edges;
mod lexer;
mod manifests;
mod modules;
mod rows;
mod text;
mod tree;

use std::fmt;

use anyhow::{Result, bail, ensure};

use tree::Tree;

/// What `cargo xtask tidy --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask tidy: the rules that no compiler knows

    cargo xtask tidy

edges      which crate may depend on which, by Cargo.toml; what domain, storage and engine must not depend on
modules    which module of domain may use which; what storage may use of domain and rails of engine; no IO in domain
manifests  every dependency of a crate says on its line, after a #, what it is for
text       no tabs, no trailing blanks, no todo!/unimplemented!/dbg!, no #[ignore], no `utils` and the like;
           files over 500 lines are pointed out, over 600 refused
rows       docs/internals/rows.txt: every row of the specification that is claimed as shown is named in its test
files      README, ARCHITECTURE, CONTRIBUTING, CHANGELOG and LICENSE exist

An exception is an entry in the list beside the check, with its reason; an entry that is no longer needed is refused,
so the lists only shrink. The same checks run in `cargo test -p xtask`.
";

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    /// From 1; 0 when the file as a whole is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// `cargo xtask tidy`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty(), "tidy takes no arguments; see `cargo xtask tidy --help`");
    let tree = Tree::load(&crate::steps::root())?;
    for hint in text::hints(&tree) {
        println!("note: {hint}");
    }
    let findings = check(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} findings of tidy"),
    }
}

/// All checks, in the order of the paths they complain about.
fn check(tree: &Tree) -> Vec<Finding> {
    let checks: [fn(&Tree) -> Vec<Finding>; 6] =
        [edges::check, modules::check, manifests::check, text::check, rows::check, required_files];
    let mut findings: Vec<_> = checks.iter().flat_map(|check| check(tree)).collect();
    findings.sort();
    findings.dedup();
    findings
}

fn required_files(tree: &Tree) -> Vec<Finding> {
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "deny.toml", ".ci/run"]
        .into_iter()
        .filter(|name| tree.get(name).is_none_or(|text| text.trim().is_empty()))
        .map(|name| Finding::new(name, 0, "the file is missing or empty"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let tree = Tree::load(&crate::steps::root()).unwrap();
        let findings: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
    }

    #[test]
    fn a_missing_or_empty_file_is_found() {
        let findings = required_files(&Tree::of(&[("README.md", "# Purser\n"), ("CHANGELOG.md", "\n")]));
        let paths: Vec<_> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert!(!paths.contains(&"README.md"));
        assert!(paths.contains(&"CHANGELOG.md") && paths.contains(&"ARCHITECTURE.md"));
    }
}
