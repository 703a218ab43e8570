//! `purser month`: closing and publishing months of the programme (X15).

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use purser_domain::time::Month;
use purser_engine::{
    Command, Decided, Limits, Meta, Session, call,
    feed::job,
    jobs::{FreeJobs, Registry, derived_id, leased, run_due},
    programme::{
        self, BeginMonthClose, BeginPublication, CLOSE, CLOSE_STEP, CloseMonth, PUBLISH, ProgrammeMonth,
    },
    rows::JobState,
};

use super::{CLI, refused};
use crate::store::{Opened, Place, StoreArgs};

/// Verbs of `purser month`.
#[derive(Subcommand, Debug)]
pub(crate) enum MonthVerb {
    /// Make the drafts of a month that is over
    #[command(after_long_help = "\
A server does this by itself on the 1st. One that was interrupted goes on where it was; a month that is closed is
refused. On a folder no server may be running: use its API instead.

Example:
  purser month close 2026-03 --data ./demo")]
    Close(MonthArgs),
    /// Publish the drafts of a month
    #[command(after_long_help = "\
What is below zero stays a draft: correct its fee or incentive, then publish again.

Example:
  purser month publish 2026-03 --data ./demo")]
    Publish(MonthArgs),
}

/// Flags of `purser month close` and `purser month publish`.
#[derive(Args, Debug)]
pub(crate) struct MonthArgs {
    /// Civil month, like 2026-03
    month: Month,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_month(verb: &MonthVerb) -> Result<()> {
    let (args, kind) = match verb {
        MonthVerb::Close(args) => (args, CLOSE),
        MonthVerb::Publish(args) => (args, PUBLISH),
    };
    let place = args.store.place()?;
    let mut opened = place.open_engine(1, Limits::default())?;
    let outcome = on(&place, &mut opened, args, kind);
    opened.close();
    let row = outcome?;
    if args.json {
        let (state, done, total) = (&row.state, row.done, row.total);
        println!("{{\"month\":\"{}\",\"state\":\"{state}\",\"done\":{done},\"total\":{total}}}", row.month);
    } else {
        println!("{} is {}: {} of {}", row.month, row.state, row.done, row.total);
    }
    Ok(())
}

fn on(place: &Place, opened: &mut Opened, args: &MonthArgs, kind: &'static str) -> Result<ProgrammeMonth> {
    let mut reads = place.open_reader()?;
    if matches!(place, Place::Folder(_)) {
        free(opened, reads.as_mut())?;
    }
    let begun = if kind == CLOSE {
        decide(opened, BeginMonthClose { month: args.month })?
    } else {
        decide(opened, BeginPublication { month: args.month })?
    };
    if let Err(no) = begun {
        let known = programme::month(reads.as_mut(), args.month)?;
        // Begun by somebody who did not come to its end: go on.
        if kind != CLOSE || known.is_none_or(|row| row.state != "drafting") {
            return Err(refused(&no).into());
        }
    }
    let bar = if args.json { ProgressBar::hidden() } else { ProgressBar::new(1) };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {per_sec}, {eta} left");
    let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    work_off(opened, reads.as_mut(), kind, args.month, &mut |row| {
        bar.set_length(u64::try_from(row.total).unwrap_or(0));
        bar.set_position(u64::try_from(row.done).unwrap_or(0));
    })?;
    bar.finish_and_clear();
    let row = programme::month(reads.as_mut(), args.month)?;
    row.ok_or_else(|| anyhow::anyhow!("there is no month {}", args.month))
}

fn decide<C: Command>(opened: &mut Opened, command: C) -> Result<Decided<C::Output>>
where
    C::Output: Clone,
{
    Ok(call(&mut opened.executor, command, Meta { actor: CLI.to_owned(), ..Meta::system() })?)
}

/// A folder has one purser: whoever had its jobs is gone.
pub(super) fn free(opened: &mut Opened, reads: &mut dyn Session) -> Result<()> {
    let orphans = leased(reads, opened.clock.machine(), 1_000)?;
    if !orphans.is_empty() {
        let jobs = orphans.iter().map(|job| job.id).collect();
        decide(opened, FreeJobs { jobs })?.map_err(|no| refused(&no))?;
    }
    Ok(())
}

/// Pause while another server has the job.
const PAUSE: Duration = Duration::from_millis(100);

/// Works on the job of a month until it is finished.
pub(crate) fn work_off(
    opened: &mut Opened,
    reads: &mut dyn Session,
    kind: &'static str,
    month: Month,
    tell: &mut dyn FnMut(&ProgrammeMonth),
) -> Result<()> {
    let runner = CloseMonth { step: CLOSE_STEP };
    let mut registry = Registry::new().with(CLOSE, runner).with(PUBLISH, runner);
    let id = derived_id(kind, &month.to_string());
    loop {
        let ran = run_due(&mut opened.executor, reads, &opened.clock, &mut registry)?;
        if let Some(row) = programme::month(reads, month)? {
            tell(&row);
        }
        match job(reads, id)?.map(|row| row.state) {
            Some(JobState::Ready) if ran == 0 => std::thread::sleep(PAUSE),
            Some(JobState::Ready) => {}
            Some(JobState::Done) => return Ok(()),
            Some(JobState::Failed) | None => {
                bail!("the job of {month} was given up; `GET /v1/jobs` says why")
            }
        }
    }
}
