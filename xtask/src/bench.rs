//! `cargo xtask bench`: several runs of `purser bench`, of which the median is reported.

use std::{fmt, path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::{
    postgres::Server,
    steps::{Profile, build_purser, capture},
};

/// What `cargo xtask bench --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask bench: measure, five runs, report the median

    cargo xtask bench                                all benches with their defaults
    cargo xtask bench ledger --accounts 1000000      transfers straight through the engine
    cargo xtask bench http --connections 64          one durable write per request, through HTTP
    cargo xtask bench withdrawals                    withdrawals with their codes through the gate, through HTTP
    cargo xtask bench month-close                    a month of the programme closed and published for everybody
    cargo xtask bench credit                         pay-later orders, evaluations and past limits; minutes a run

    --runs N      how many runs (5); the one with the median rate is shown, with the spread of all
    --postgres    on a throw-away PostgreSQL instead of SQLite
    --raw         also print the JSON of every run

Every other option goes to `purser bench`; `purser bench ledger --help` lists them. purser is built with
optimisation first. Run it on a machine that does nothing else: a build beside it costs a third.

Ratios: of bare SQLite = the rate ÷ bare_sqlite_per_s of the same run; per sync = what is done in the time of
one 4 KiB sync; p99 in syncs = p99_ms ÷ that time.
";

/// The benches, each with the figure that it is about.
const KINDS: [(&str, &str); 5] = [
    ("ledger", "transfers_per_s"),
    ("http", "transfers_per_s"),
    ("withdrawals", "withdrawals_per_s"),
    ("month-close", "creators_per_s"),
    ("credit", "authorisations_per_s"),
];

fn rate_of(kind: &str) -> &'static str {
    KINDS.iter().find(|(name, _)| *name == kind).map_or("", |(_, rate)| rate)
}

struct Options {
    kinds: Vec<&'static str>,
    runs: usize,
    postgres: bool,
    raw: bool,
    rest: Vec<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { kinds: Vec::new(), runs: 5, postgres: false, raw: false, rest: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let kind = KINDS.iter().find(|(name, _)| name == arg).filter(|_| options.rest.is_empty());
            if let Some((kind, _)) = kind {
                options.kinds.push(kind);
                continue;
            }
            match arg.as_str() {
                "--runs" => {
                    let runs = args.next().and_then(|runs| runs.parse().ok()).filter(|runs| *runs > 0);
                    options.runs = runs.context("--runs takes a number from 1")?;
                }
                "--postgres" => options.postgres = true,
                "--raw" => options.raw = true,
                "--json" | "--" => {}
                _ if options.kinds.is_empty() => {
                    let names = KINDS.map(|(name, _)| name).join("`, `");
                    bail!("say one of `{names}` before other options, not {arg}")
                }
                _ => options.rest.push(arg.clone()),
            }
        }
        if options.kinds.is_empty() {
            options.kinds = KINDS.map(|(name, _)| name).to_vec();
        }
        Ok(options)
    }
}

/// `cargo xtask bench`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let purser = build_purser(Profile::Release)?;
    for kind in &options.kinds {
        let mut runs = Vec::new();
        for number in 1..=options.runs {
            let run = Run::parse(kind, &once(&purser, kind, &options)?)?;
            eprintln!("{kind}, run {number} of {}: {} {}", options.runs, run.rate, rate_of(kind));
            runs.push(run);
        }
        println!("{}", report(kind, runs));
    }
    Ok(())
}

fn once(purser: &Path, kind: &str, options: &Options) -> Result<String> {
    let mut command = Command::new(purser);
    command.args(["bench", kind, "--json"]).args(&options.rest);
    // A fresh cluster per run: the second run must not find the first one's tables.
    let server = if options.postgres { Some(Server::start()?) } else { None };
    if let Some(server) = &server {
        command.args(["--database", server.url()]);
    }
    let json = capture(&mut command)?;
    if options.raw {
        println!("{}", json.trim());
    }
    Ok(json)
}

/// One run's figures.
struct Run {
    rate: Milli,
    figures: Map<String, Value>,
}

impl Run {
    fn parse(kind: &str, json: &str) -> Result<Self> {
        let name = rate_of(kind);
        let figures: Map<String, Value> =
            serde_json::from_str(json).context("`purser bench --json` did not print one JSON object")?;
        let rate =
            figures.get(name).and_then(Milli::of).with_context(|| format!("the figures lack {name}"))?;
        ensure!(rate.0 > 0, "{name} is zero");
        Ok(Self { rate, figures })
    }

    fn figure(&self, key: &str) -> Option<Milli> {
        self.figures.get(key).and_then(Milli::of).filter(|value| value.0 > 0)
    }

    /// What the figures mean on this machine, independent of how fast it is.
    fn ratios(&self) -> Vec<(&'static str, Milli)> {
        let sync = self.figure("fdatasync_p50_us");
        let mut ratios = Vec::new();
        if let Some(bare) = self.figure("bare_sqlite_per_s") {
            ratios.push(("of bare SQLite", Milli(self.rate.0 * 1_000 / bare.0)));
        }
        if let Some(sync) = sync {
            ratios.push(("done per sync", Milli(self.rate.0 * sync.0 / 1_000_000_000)));
            if let Some(p99) = self.figure("p99_ms") {
                ratios.push(("p99 in syncs", Milli(p99.0 * 1_000_000 / sync.0)));
            }
        }
        ratios
    }
}

/// Table of the median run, its ratios, and the spread of all runs.
fn report(kind: &str, mut runs: Vec<Run>) -> String {
    runs.sort_by_key(|run| run.rate);
    let (Some(slowest), Some(fastest)) = (runs.first(), runs.last()) else { return String::new() };
    let median = &runs[(runs.len() - 1) / 2];
    let mut lines = vec![format!(
        "\n{kind}: median of {} runs; {} between {} and {}",
        runs.len(),
        rate_of(kind),
        slowest.rate,
        fastest.rate
    )];
    for (key, value) in &median.figures {
        let value = Milli::of(value).map_or_else(|| value.to_string(), |number| number.to_string());
        lines.push(format!("  {key:<20} {value:>16}"));
    }
    lines.extend(
        median.ratios().iter().map(|(name, value)| format!("  {name:<20} {:>16}", value.to_string())),
    );
    lines.join("\n")
}

/// A figure in thousandths: what is measured is reported with integers, like everything here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Milli(i128);

impl Milli {
    fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else { return None };
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
        let negative = whole.starts_with('-');
        let (whole, digits): (i128, i128) = (whole.parse().ok()?, digits.parse().ok()?);
        Some(Self(whole * 1_000 + if negative { -digits } else { digits }))
    }
}

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0.unsigned_abs() / 1_000, self.0.unsigned_abs() % 1_000);
        let digits = whole.to_string();
        let mut grouped = if self.0 < 0 { "-".to_owned() } else { String::new() };
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        // Thousandths of a large figure are noise.
        if rest == 0 || whole >= 1_000 { f.write_str(&grouped) } else { write!(f, "{grouped}.{rest:03}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rate: u32) -> Run {
        let json = format!(
            r#"{{"transfers_per_s":{rate}.5,"bare_sqlite_per_s":600000,"fdatasync_p50_us":250.0,"p99_ms":2,"engine":"sqlite"}}"#
        );
        Run::parse("ledger", &json).unwrap()
    }

    #[test]
    fn the_median_run_is_shown_with_its_ratios_and_the_spread() {
        let text = report("ledger", [300_000, 100_000, 400_000, 200_000, 360_000].map(run).into());
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for expected in [
            "ledger: median of 5 runs; transfers_per_s between 100,000 and 400,000",
            "transfers_per_s 300,000",
            "of bare SQLite 0.500",
            "done per sync 75",
            "p99 in syncs 8",
            "engine \"sqlite\"",
        ] {
            assert!(lines.iter().any(|line| line == expected), "no line {expected:?} in\n{text}");
        }
    }

    #[test]
    fn figures_are_read_and_written_without_floats() {
        let shown = |json: &str| Milli::of(&serde_json::from_str(json).unwrap()).unwrap().to_string();
        assert_eq!(shown("0.25"), "0.250");
        assert_eq!(shown("1234567"), "1,234,567");
        assert_eq!(shown("-1.5"), "-1.500");
        assert_eq!(shown("999.1239"), "999.123");
    }

    #[test]
    fn a_run_without_a_rate_is_refused() {
        assert!(Run::parse("http", "{}").is_err());
        assert!(Run::parse("http", "done").is_err());
        assert!(Run::parse("withdrawals", r#"{"transfers_per_s":1}"#).is_err());
        assert_eq!(Run::parse("month-close", r#"{"creators_per_s":6035}"#).unwrap().rate, Milli(6_035_000));
    }

    #[test]
    fn options_before_the_kind_are_told_apart_from_those_after() {
        let parse =
            |words: &[&str]| Options::parse(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        let options = parse(&["--runs", "3", "http", "--connections", "64", "--postgres"]).unwrap();
        assert_eq!((options.kinds, options.runs, options.postgres), (vec!["http"], 3, true));
        assert_eq!(options.rest, ["--connections", "64"]);
        assert_eq!(parse(&[]).unwrap().kinds, ["ledger", "http", "withdrawals", "month-close", "credit"]);
        assert_eq!(parse(&["credit", "--shops", "1000"]).unwrap().kinds, ["credit"]);
        assert_eq!(parse(&["month-close"]).unwrap().kinds, ["month-close"]);
        assert!(parse(&["--accounts", "5"]).is_err());
        assert!(parse(&["--runs", "0"]).is_err());
    }
}
