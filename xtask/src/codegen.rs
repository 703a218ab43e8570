//! `cargo xtask codegen`: the committed API contract, written from the types that serve it.

use std::{fs, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::steps::{Profile, build_purser, capture, root};

/// What `cargo xtask codegen --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask codegen: write api/openapi.json from the server's types

    cargo xtask codegen           write the file
    cargo xtask codegen --check   change nothing; fail when the committed file differs, and show where

Run it after changing a route or a type of crates/api and commit the result with the change: readers of the diff
then see what a client will see.
";

/// Where the committed contract lies.
pub(crate) const CONTRACT: &str = "api/openapi.json";

/// `cargo xtask codegen`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let purser = match args[..] {
        [] | ["--check"] => build_purser(Profile::Debug)?,
        _ => bail!("unknown arguments; see `cargo xtask codegen --help`"),
    };
    let mut current = capture(Command::new(purser).arg("openapi"))?.trim_end().to_owned();
    ensure!(current.starts_with('{'), "`purser openapi` did not print a JSON object");
    current.push('\n');
    let path = root().join(CONTRACT);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if args.is_empty() {
        fs::create_dir_all(path.parent().context("the contract has a folder")?)?;
        fs::write(&path, &current)?;
        println!("{CONTRACT}: {}", if committed == current { "unchanged" } else { "written" });
        return Ok(());
    }
    match first_difference(&committed, &current) {
        None => Ok(()),
        Some(place) => {
            bail!("{CONTRACT} differs from what the server says; run `cargo xtask codegen`\n{place}")
        }
    }
}

fn first_difference(committed: &str, current: &str) -> Option<String> {
    if committed == current {
        return None;
    }
    let (mut old, mut new) = (committed.lines(), current.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (was, is) = (old.next(), new.next());
        if was != is || was.is_none() {
            let end = "(end of file)";
            return Some(format!(
                "line {number}\n  committed {}\n  current   {}",
                was.unwrap_or(end),
                is.unwrap_or(end)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        let place = first_difference("a\nb\n", "a\nc\n").unwrap();
        assert!(place.starts_with("line 2\n"), "{place}");
        assert!(first_difference("a\n", "a\nb\n").unwrap().contains("(end of file)"));
        assert!(first_difference("a", "a\n").is_some(), "a missing last newline counts");
    }
}
