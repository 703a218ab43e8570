//! `cargo xtask test`: what CI runs, and what everybody runs before pushing.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    codegen, console,
    deny::{self, Checked},
    postgres::Server,
    steps::{Profile, Steps, build_purser, capture, cargo, check, describe, root},
    tidy,
};

/// What `cargo xtask test --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask test: all that CI checks

    cargo xtask test               the quick set: what CI runs
    cargo xtask test --long        the same with more seeds, more kills, larger cases
    cargo xtask test FILTER…       only the tests whose names contain a FILTER, without the style steps

Steps, each with its time; a failed step does not hide the ones after it:
    fetch dependencies · fmt · clippy · tidy · PostgreSQL · build purser · API contract · tests ·
    console (its types, its tests, its build) · journeys (a browser against purser on SQLite) ·
    with --long also dependencies (`cargo deny check`, where cargo-deny is installed)

The tests find what they need in the environment, and so can you:
    PURSER_TEST_POSTGRES   URL of a PostgreSQL where databases may be created. When it is set, that server is
                           used; otherwise a throw-away one is started and deleted afterwards
                           (`cargo xtask pg --help`).
    PURSER_BIN             the purser binary under test
    PURSER_TEST_PAIR       with --long: URLs of a primary and of its synchronous standby, and the primary's data folder;
                           a throw-away pair is started for the test that kills the primary
    PURSER_LONG            1 with --long
    CHROMIUM               the browser of the journeys; otherwise the system's, which is installed where that can be
    UPDATE_EXPECT          1 rewrites the expectations of data-driven cases

What could not be shown on this machine is told before the totals: `skipped: …`. The last line is `N passed, N failed`. The exit code is zero only when every step went well.
";

const QUICK_LEAVES_OUT: &str = "the quick set leaves out: further seeds of the simulation, most of the SIGKILL rounds, \
     a PostgreSQL primary that is killed, half of the pages' looks, larger generated cases (`cargo xtask test --long` has them)";
const LONG_LEAVES_OUT: &str = "the long set leaves out: speed (`cargo xtask bench`)";

struct Options {
    long: bool,
    filters: Vec<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let (options, filters): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|arg| arg.starts_with('-'));
        if let Some(unknown) = options.iter().find(|option| *option != "--long") {
            bail!("unknown option {unknown}; see `cargo xtask test --help`");
        }
        Ok(Self { long: !options.is_empty(), filters })
    }
}

/// `cargo xtask test`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let mut steps = Steps::new();
    steps.run("fetch dependencies", fetch);
    if options.filters.is_empty() {
        style(&mut steps);
    }
    let server = steps.run("PostgreSQL", postgres).flatten();
    let purser = steps.run("build purser", || build_purser(Profile::Debug));
    let (mut totals, mut skipped) = (Totals::default(), Vec::new());
    if let Some(purser) = purser {
        if options.filters.is_empty() && root().join(codegen::CONTRACT).exists() {
            steps.run("API contract", || codegen::run(&["--check".to_owned()]));
        }
        let binary = purser.clone();
        steps.run("tests", || tests(&options, purser, server.as_ref(), (&mut totals, &mut skipped)));
        if options.filters.is_empty() {
            pages(&mut steps, (&binary, options.long), (&mut totals, &mut skipped));
        }
    }
    if options.long && options.filters.is_empty() {
        let checked = steps.run("dependencies", deny::check).unwrap_or_default();
        skipped.extend(checked.into_iter().filter_map(|checked| match checked {
            Checked::Skipped(what) => Some(what),
            Checked::Clean => None,
        }));
    }
    // Stopped before the totals, so that the last line is the one that counts.
    drop(server);
    let (failed, time) = steps.finish();
    for what in &skipped {
        println!("{what}");
    }
    println!("{}", if options.long { LONG_LEAVES_OUT } else { QUICK_LEAVES_OUT });
    println!("total time {time}");
    if !failed.is_empty() {
        println!("failed steps: {}", failed.join(", "));
    }
    for name in &totals.names {
        println!("failed test: {name}");
    }
    println!("{} passed, {} failed", totals.passed, totals.failed);
    if !failed.is_empty() {
        // Everything is said and stopped; an error message would follow the totals.
        std::process::exit(1);
    }
    Ok(())
}

/// The console: where Node.js is missing that is said, and nothing fails.
fn pages(
    steps: &mut Steps,
    (purser, long): (&Path, bool),
    (totals, skipped): (&mut Totals, &mut Vec<String>),
) {
    if let Some(what) = console::missing() {
        skipped.push(format!("skipped: the console and its journeys: {what}"));
        return;
    }
    if let Err(error) = console::fetch()
        && !console::can_fetch()
    {
        skipped.push(format!("skipped: the console and its journeys: {error:#}"));
        return;
    }
    if steps.run("console", console::test).is_none() {
        return;
    }
    steps.run("journeys", || {
        let mut journeys = match console::journeys(purser)? {
            Ok(command) => command,
            Err(what) => {
                skipped.push(format!("skipped: journeys of a browser: {what}"));
                return Ok(());
            }
        };
        if long {
            journeys.env("PURSER_LONG", "1");
        }
        let status = relay(&mut journeys, |line| totals.add(line))?;
        ensure!(status.success(), "{} failed ({status})", describe(&journeys));
        Ok(())
    });
}

/// Runs a command and shows what it says; every line is also given to `hear`.
fn relay(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    let output = child.stdout.take().context("the program has no output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        hear(&line);
    }
    Ok(child.wait()?)
}

fn style(steps: &mut Steps) {
    steps.run("fmt", || {
        check(&mut cargo(&["fmt", "--all", "--check"])).context("`cargo fmt --all` repairs this")
    });
    steps.run("clippy", || {
        check(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--keep-going",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    });
    steps.run("tidy", || tidy::run(&[]));
}

fn fetch() -> Result<()> {
    let version = capture(Command::new("rustc").arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc does not name its host")?;
    check(&mut cargo(&["fetch", "--quiet", "--target", host])).context(
        "dependencies could not be fetched: is the package registry reachable (network, proxy)? \
         Nothing below can be relied on",
    )
}

fn postgres() -> Result<Option<Server>> {
    if std::env::var_os("PURSER_TEST_POSTGRES").is_some() {
        println!("using the server that PURSER_TEST_POSTGRES names");
        return Ok(None);
    }
    let server = Server::start()?;
    println!("{}", server.url());
    Ok(Some(server))
}

fn tests(
    options: &Options,
    purser: PathBuf,
    server: Option<&Server>,
    (totals, skipped): (&mut Totals, &mut Vec<String>),
) -> Result<()> {
    let pair = if options.long { Some(Server::start_pair()?) } else { None };
    // Where tests say what they did not show.
    let told = std::env::temp_dir().join(format!("purser-skipped-{}", std::process::id()));
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast", "--"]);
    command.args(&options.filters).env("PURSER_BIN", purser).env("PURSER_TEST_SKIPPED", &told);
    if let Some(server) = server {
        command.env("PURSER_TEST_POSTGRES", server.url());
    }
    if let Some(pair) = pair.as_ref().and_then(Server::pair) {
        command.env("PURSER_LONG", "1").env("PURSER_TEST_PAIR", pair);
    }
    let status = relay(&mut command, |line| totals.add(line))?;
    // Absent when nothing was skipped.
    *skipped = each_once(&std::fs::read_to_string(&told).unwrap_or_default());
    let _ = std::fs::remove_file(&told);
    ensure!(status.success(), "{} failed ({status})", describe(&command));
    ensure!(totals.passed > 0, "no test ran; does any name contain {:?}?", options.filters);
    Ok(())
}

/// Lines in order, each once: many tests skip for the same reason.
fn each_once(text: &str) -> Vec<String> {
    let lines: std::collections::BTreeSet<&str> = text.lines().collect();
    lines.into_iter().map(str::to_owned).collect()
}

/// Sums of the result lines of all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    names: Vec<String>,
}

impl Totals {
    fn add(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.names.push(name.to_owned());
        }
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        // `ok. 3 passed; 0 failed; …`: a count stands before its name.
        let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
        for part in counts.split("; ") {
            match part.split_once(' ').map(|(count, name)| (count.parse::<u64>(), name)) {
                Some((Ok(count), "passed")) => self.passed += count,
                Some((Ok(count), "failed")) => self.failed += count,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_summed_over_binaries() {
        let mut totals = Totals::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test b::c ... FAILED",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.10s",
        ] {
            totals.add(line);
        }
        assert_eq!(totals, Totals { passed: 13, failed: 2, names: vec!["b::c".to_owned()] });
    }

    #[test]
    fn what_was_skipped_is_told_once() {
        let text = "skipped: b\nskipped: a\nskipped: b\n";
        assert_eq!(each_once(text), ["skipped: a", "skipped: b"]);
    }

    #[test]
    fn options_and_filters_are_told_apart() {
        let args = |args: &[&str]| Options::parse(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
        let options = args(&["ledger", "--long", "money"]).unwrap();
        assert!(options.long);
        assert_eq!(options.filters, ["ledger", "money"]);
        assert!(args(&["--lnog"]).is_err());
    }
}
