//! `purser verify` (P3).

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use purser_domain::time::Zone;
use purser_engine::{
    Session,
    files::FilesIntact,
    invariants,
    verify::{Invariant, Progress, Report, VerifiedState, verify_full, verify_incremental},
};

use super::Stop;
use crate::store::{Place, StoreArgs};

/// Flags of `purser verify`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Rebuilds every balance from the journal and compares: hash chain, floors, debits and credits, holds, daily rows,
every business invariant, and every attached file. Names the first thing that is wrong and exits with 1. Reads one snapshot: a server
may go on writing.

After a check without findings the place that was reached is kept in a state file (in the data folder, or where
--state says). --incremental goes on from there. Kept elsewhere than the database, the state file also shows a
database whose end was cut off, or that was replaced.

Examples:
  purser verify --data /var/lib/purser
  purser verify --incremental --data /var/lib/purser --json
  purser verify --full --database postgres://purser@db/purser --state /var/lib/purser-state/verified")]
pub(crate) struct Verify {
    /// Check everything (the default)
    #[arg(long, conflicts_with = "incremental")]
    full: bool,
    /// Check what came after the last verification; everything when there was none
    #[arg(long)]
    incremental: bool,
    /// File that keeps how far the last verification came
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_verify(args: &Verify) -> Result<()> {
    let place = args.store.place()?;
    let state_file = args.state.clone().or_else(|| match &place {
        Place::Folder(dir) => Some(dir.join("verified")),
        Place::Postgres(_) => None,
    });
    let since = match (&state_file, args.incremental && !args.full) {
        (Some(file), true) => read_state(file)?,
        (None, true) => {
            return Err(
                Stop::Usage("say with --state FILE where the last verification is kept".to_owned()).into()
            );
        }
        (_, false) => None,
    };
    let report = check(&place, since.as_ref(), args.json)?;
    if let (Some(file), Some(state)) = (&state_file, &report.verified) {
        write_state(file, &state.to_string())?;
    }
    if args.json {
        println!("{}", as_json(&report, since.is_some()));
    } else {
        print(&report);
    }
    stop_at_findings(&report)
}

fn read_state(file: &std::path::Path) -> Result<Option<VerifiedState>> {
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let state = text.parse().map_err(|e| Stop::Failed(format!("{}: {e}", file.display())))?;
            Ok(Some(state))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

fn write_state(file: &std::path::Path, text: &str) -> Result<()> {
    let part = file.with_extension("part");
    std::fs::write(&part, text).with_context(|| format!("writing {}", part.display()))?;
    std::fs::rename(&part, file).with_context(|| format!("writing {}", file.display()))
}

/// Verifies in full, quietly; findings are the error.
pub(super) fn check_full(place: &Place) -> Result<()> {
    stop_at_findings(&check(place, None, true)?)
}

/// Verifies what is new since a state, or everything, quietly: the state reached. Findings are the error. Whoever verifies again
/// and again keeps the session: on PostgreSQL a new one prepares every statement anew.
pub(super) fn verified(
    place: &Place,
    session: &mut dyn Session,
    since: Option<&VerifiedState>,
) -> Result<Option<VerifiedState>> {
    let report = check_on(session, place, since, true)?;
    stop_at_findings(&report)?;
    Ok(report.verified)
}

fn check(place: &Place, since: Option<&VerifiedState>, quiet: bool) -> Result<Report> {
    check_on(place.open_reader()?.as_mut(), place, since, quiet)
}

fn check_on(
    session: &mut dyn Session,
    place: &Place,
    since: Option<&VerifiedState>,
    quiet: bool,
) -> Result<Report> {
    let (zone, files) = (Zone::shanghai(), place.files());
    let intact = FilesIntact { store: files.as_ref(), contents: since.is_none() };
    let mut rules: Vec<&dyn Invariant> = invariants::all().into_iter().map(|rule| rule as _).collect();
    rules.push(&intact);
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} groups, {eta} to go") {
        bar.set_style(style);
    }
    let mut tell = |progress: &Progress| {
        bar.set_length(progress.of_groups);
        bar.set_position(progress.groups);
    };
    let report = match since {
        None => verify_full(session, &zone, &rules, &mut tell),
        Some(since) => verify_incremental(session, &zone, since, &rules, &mut tell),
    };
    bar.finish_and_clear();
    Ok(report?)
}

fn stop_at_findings(report: &Report) -> Result<()> {
    match report.first() {
        None => Ok(()),
        Some(first) => {
            let more = report.findings_total.saturating_sub(1);
            Err(Stop::Failed(format!("the books are wrong: {} ({more} more findings)", first.sentence))
                .into())
        }
    }
}

fn print(report: &Report) {
    let walked = &report.walked;
    println!(
        "{} groups, {} lines, {} audit entries, {} accounts, {} holds, {} checkpoints, {} invariants",
        walked.groups,
        walked.lines,
        walked.audits,
        report.accounts,
        report.holds,
        report.checkpoints,
        report.invariants.len(),
    );
    for finding in &report.findings {
        println!("{}: {}: {}", finding.kind.code(), finding.place, finding.sentence);
    }
    if report.is_sound() {
        println!("sound");
    }
}

fn as_json(report: &Report, incremental: bool) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            serde_json::json!({
                "code": finding.kind.code(), "place": finding.place, "expected": finding.expected,
                "found": finding.found, "sentence": finding.sentence,
            })
        })
        .collect();
    let walked = &report.walked;
    serde_json::json!({
        "sound": report.is_sound(), "incremental": incremental, "groups": walked.groups, "lines": walked.lines,
        "audits": walked.audits, "accounts": report.accounts, "holds": report.holds,
        "checkpoints": report.checkpoints, "invariants": report.invariants,
        "findings_total": report.findings_total, "findings": findings,
    })
}
