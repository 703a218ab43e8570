//! `purser import statement FILE` (P13): a statement of any size, read through twice: once to see that it is whole and
//! adds up, once to take its lines in.

use std::{fs::File, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use purser_domain::reconcile::{Head, Line};
use purser_engine::{Limits, Session};
use purser_engine::{
    jobs::{Registry, run_due},
    ports::{MessageRefused, StatementReader},
    reconcile::{
        self, DayOfRailRow, LINES_MAX, MATCH, STATEMENT_PREFIX, StatementRow, TakeStatement, run_match,
        statement_id,
    },
};
use purser_rails::{alipay, bank_file};
use serde_json::json;

use super::{CLI, Stop, run};
use crate::store::{Opened, Place, StoreArgs};

/// What a statement is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// ISO 20022 camt.053.001
    Camt053,
    /// Bill of an Alipay account (账务明细), CSV
    AlipayBill,
}

/// Flags of `purser import statement`.
#[derive(Args, Debug)]
pub(crate) struct StatementArgs {
    /// The file, as the rail gave it
    file: PathBuf,
    /// The rail whose statement it is: `alipay`, `bank-file` or `sandbox`
    #[arg(long)]
    rail: String,
    /// What it is written in; by the rail when absent
    #[arg(long, value_enum)]
    form: Option<Form>,
    #[command(flatten)]
    store: StoreArgs,
    /// Number of the platform's account; a camt.053 of another account is refused then
    #[arg(long, value_name = "NUMBER", env = "PURSER_BANK_FILE_ACCOUNT")]
    account: Option<String>,
    /// Check the file and stop
    #[arg(long)]
    check: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl StatementArgs {
    /// For benches: quiet.
    pub(crate) fn of(file: PathBuf, rail: &str, form: Form, store: StoreArgs) -> Self {
        Self { file, rail: rail.to_owned(), form: Some(form), store, account: None, check: false, json: true }
    }

    fn reader(&self) -> Box<dyn StatementReader> {
        let by_rail = if self.rail == alipay::NAME { Form::AlipayBill } else { Form::Camt053 };
        match self.form.unwrap_or(by_rail) {
            Form::Camt053 => Box::new(bank_file::Statements { account: self.account.clone() }),
            Form::AlipayBill => Box::new(alipay::Bills),
        }
    }

    fn read(&self, each: &mut dyn FnMut(Line) -> bool) -> Result<Head> {
        let mut file = File::open(&self.file).with_context(|| format!("reading {}", self.file.display()))?;
        self.reader().read(&mut file, each).map_err(|no| refused(&no).into())
    }
}

fn refused(no: &MessageRefused) -> Stop {
    let at = if no.at.is_empty() { String::new() } else { format!("{}: ", no.at) };
    Stop::Failed(format!("refused ({}): {at}{}", no.code, no.text))
}

pub(crate) fn take_in_statement(args: &StatementArgs) -> Result<()> {
    let head = args.read(&mut |_| true)?;
    if args.check {
        println!("{} lines from {} to {}, all good", head.lines, head.from_on, head.to_on);
        return Ok(());
    }
    let place = args.store.place()?;
    let mut opened = place.open_engine(1, Limits::default())?;
    let outcome = import(args, &place, &mut opened, &head);
    opened.close();
    let (row, days) = outcome?;
    tell(args, &row, &days);
    Ok(())
}

/// Takes the lines in that are not in yet, and compares the days.
fn import(
    args: &StatementArgs,
    place: &Place,
    opened: &mut Opened,
    head: &Head,
) -> Result<(StatementRow, Vec<DayOfRailRow>)> {
    let mut reads = place.open_reader()?;
    let id = statement_id(&args.rail, head);
    let known = reconcile::statement(reads.as_mut(), id)?;
    let done = known.as_ref().map_or(0, |row| row.lines);
    if known.is_none_or(|row| row.state == "importing") {
        send(args, opened, head, done)?;
    }
    compare(opened, reads.as_mut())?;
    let Some(row) = reconcile::statement(reads.as_mut(), id)? else {
        bail!("the statement was not written down")
    };
    let mut days =
        reconcile::days(reads.as_mut(), &args.rail, row.to_on.tomorrow().ok(), reconcile::RECON_PAGE_MAX)?;
    days.retain(|day| day.statement == id);
    days.reverse();
    Ok((row, days))
}

/// Reads the file once more and sends what comes after the lines that are in.
fn send(args: &StatementArgs, opened: &mut Opened, head: &Head, done: i64) -> Result<()> {
    let bar =
        if args.json { ProgressBar::hidden() } else { super::import::progress_of(head.lines.unsigned_abs()) };
    let mut batch = Batch { args, opened, head, first: done, lines: Vec::new(), problem: None };
    let mut n = 0;
    let again = args.read(&mut |line| {
        n += 1;
        if n > done {
            batch.lines.push(line);
            if batch.lines.len() >= LINES_MAX {
                bar.inc(LINES_MAX as u64);
                return batch.send();
            }
        }
        true
    });
    if batch.problem.is_none() && !batch.lines.is_empty() {
        batch.send();
    }
    bar.finish_and_clear();
    if let Some(problem) = batch.problem {
        return Err(problem);
    }
    if again? != *head {
        bail!("the file was changed while it was read: give it again");
    }
    Ok(())
}

/// Lines on their way.
struct Batch<'a> {
    args: &'a StatementArgs,
    opened: &'a mut Opened,
    head: &'a Head,
    first: i64,
    lines: Vec<Line>,
    problem: Option<anyhow::Error>,
}

impl Batch<'_> {
    fn send(&mut self) -> bool {
        let lines = std::mem::take(&mut self.lines);
        let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let (rail, by) = (self.args.rail.clone(), CLI.to_owned());
        let command = TakeStatement { rail, head: self.head.clone(), first: self.first, lines, by };
        match run(self.opened, command, CLI) {
            Ok(_) => self.first += count,
            Err(problem) => self.problem = Some(problem),
        }
        self.problem.is_none()
    }
}

/// Compares every day that can be compared now.
fn compare(opened: &mut Opened, reads: &mut dyn Session) -> Result<()> {
    let mut registry = Registry::new().with_tireless(MATCH, run_match);
    while run_due(&mut opened.executor, reads, &opened.clock, &mut registry)? > 0 {}
    Ok(())
}

fn tell(args: &StatementArgs, row: &StatementRow, days: &[DayOfRailRow]) {
    let sum = |of: fn(&DayOfRailRow) -> i64| days.iter().map(of).sum::<i64>();
    let (matched, by_amount, came, items) =
        (sum(|d| d.matched), sum(|d| d.by_amount), sum(|d| d.came), sum(|d| d.items));
    if args.json {
        let value = json!({
            "statement_id": row.id.with_prefix(STATEMENT_PREFIX),
            "state": row.state,
            "from_on": row.from_on.to_string(),
            "to_on": row.to_on.to_string(),
            "lines": row.total,
            "matched": matched,
            "matched_by_amount": by_amount,
            "came": came,
            "items": items,
        });
        println!("{value}");
        return;
    }
    println!(
        "{} lines from {} to {}: {matched} matched, {by_amount} by amount and day, {came} that were waited for, {items} new \
         differences",
        row.total, row.from_on, row.to_on
    );
    if row.state != "matched" {
        println!("its days are compared once those before them are");
    }
}
