//! `purser import`: CSV files, and messages of a bank.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use purser_domain::{
    ids::PartyId,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
};
use purser_engine::{
    Desk, Executor, Limits, Meta, call,
    earnings::{OrderReport, ReportTaskOrders},
    parties::{RegisterParty, party_id},
    programme::ImportTerms,
};

use super::{
    bank_message::{BankMessageArgs, take_in_message},
    csv_rows::RowError,
    orders_csv::{self, Line},
    terms_csv::{self, TermsLine},
};
use crate::store::StoreArgs;

/// Files to take in
#[derive(Subcommand, Debug)]
pub(crate) enum ImportVerb {
    /// Task orders from a CSV file: all of it, or none and a report of every bad row
    #[command(after_help = "Columns (any order, header required):\n  \
        order_id, creator_id, amount_minor, accepted_at, completed_at, status\n  \
        optional: title, task_type (video, live), stage, cancelled_at\n\n\
        Instants are RFC 3339 with an offset, amounts are integers in minor units (fen).\n\
        Creators that do not exist yet are made. Running the same file again changes nothing.\n\n\
        Example:\n  purser import task-orders orders.csv --data ./data")]
    TaskOrders(FileArgs),
    /// Operating fees and incentives of creators' programme months, from a CSV file
    #[command(after_help = "Columns (any order, header required):\n  \
        creator_id, month\n  \
        optional: fee_ppm (parts per million of the income) or fee_minor, incentive_minor\n\n\
        Months are civil, like 2026-03; amounts are integers in minor units (fen). Running the same file again\n\
        changes nothing; another value replaces the one before, until the month is published.\n\n\
        Example:\n  purser import programme-terms terms.csv --data ./data")]
    ProgrammeTerms(FileArgs),
    /// A bank's message: pain.002, camt.053 or camt.054
    #[command(
        after_help = "Orders of the bank-file rail hear what the bank says; entries that fit none are kept.\n\
        The same message again changes nothing. On a folder no server may be running: use its API instead.\n\n\
        Example:\n  purser import bank-message camt054.xml --data ./data"
    )]
    BankMessage(BankMessageArgs),
}

/// Flags of every import.
#[derive(Args, Debug)]
pub(crate) struct FileArgs {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    /// Check the file and stop
    #[arg(long)]
    check: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Rows a call.
const BATCH: usize = 1_000;
/// Row errors shown.
const SHOWN: usize = 50;

pub(crate) fn run(verb: &ImportVerb) -> Result<()> {
    match verb {
        ImportVerb::TaskOrders(args) => take_in(args, orders_csv::read, import),
        ImportVerb::ProgrammeTerms(args) => take_in(args, terms_csv::read, import_terms),
        ImportVerb::BankMessage(args) => take_in_message(args),
    }
}

/// Reads a file, all of it or not at all, and sends its rows.
fn take_in<L>(
    args: &FileArgs,
    read: impl Fn(&[u8]) -> Result<Vec<L>, Vec<RowError>>,
    send: impl Fn(&mut Executor, &[L], &ProgressBar) -> Result<Sent>,
) -> Result<()> {
    let text = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let lines = match read(&text) {
        Ok(lines) => lines,
        Err(errors) => {
            for error in errors.iter().take(SHOWN) {
                eprintln!("{}:{}: {}", args.file.display(), error.row, error.text);
            }
            let more = errors.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" ({more} more not shown)") } else { String::new() };
            bail!("{} bad rows{more}: nothing was imported", errors.len());
        }
    };
    if args.check {
        println!("{} rows, all good", lines.len());
        return Ok(());
    }
    let place = args.store.place()?;
    let mut opened = place.open_engine(1, Limits::default())?;
    let outcome = send(&mut opened.executor, &lines, &progress(lines.len(), args.json));
    opened.close();
    let (changed, refused) = outcome?;
    for (row, text) in refused.iter().take(SHOWN) {
        eprintln!("{}:{row}: {text}", args.file.display());
    }
    if args.json {
        println!("{{\"rows\":{},\"changed\":{changed},\"refused\":{}}}", lines.len(), refused.len());
    } else {
        println!(
            "{} rows: {changed} changed, {} unchanged, {} refused",
            lines.len(),
            lines.len() - changed - refused.len(),
            refused.len()
        );
    }
    if !refused.is_empty() {
        bail!("{} rows were refused; the others are in", refused.len());
    }
    Ok(())
}

/// How many rows changed something, and which were refused, by line.
type Sent = (usize, Vec<(u64, String)>);

fn progress(rows: usize, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left");
    ProgressBar::new(rows as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Sends orders.
fn import(executor: &mut Executor, lines: &[Line], bar: &ProgressBar) -> Result<Sent> {
    let (mut changed, mut refused) = (0, Vec::new());
    let mut known = std::collections::BTreeSet::new();
    for chunk in lines.chunks(BATCH) {
        for line in chunk {
            if known.insert(line.creator_id.clone()) {
                register(executor, &line.creator_id)?;
            }
        }
        let items = chunk.iter().map(|line| report(line, party_id(&line.creator_id))).collect();
        let outcomes = call(executor, ReportTaskOrders { items, single: false }, Meta::system())??;
        for (line, outcome) in chunk.iter().zip(outcomes) {
            match outcome {
                Ok((_, true)) => changed += 1,
                Ok((_, false)) => {}
                Err(rejection) => {
                    refused.push((line.row, format!("{}: {}", rejection.code, rejection.message)));
                }
            }
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok((changed, refused))
}

/// Sends operating fees and incentives.
fn import_terms(executor: &mut Executor, lines: &[TermsLine], bar: &ProgressBar) -> Result<Sent> {
    let (mut changed, mut refused) = (0, Vec::new());
    for chunk in lines.chunks(BATCH) {
        let items = chunk.iter().map(|line| line.item).collect();
        let outcomes = call(executor, ImportTerms { items }, Meta::system())??;
        for (line, outcome) in chunk.iter().zip(outcomes) {
            match outcome {
                Ok((_, new)) => changed += usize::from(new),
                Err(no) => refused.push((line.row, format!("{}: {}", no.code, no.message))),
            }
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok((changed, refused))
}

/// Makes a creator that does not exist yet. One that does stays as it is, whatever it is called.
fn register(desk: &mut dyn Desk, external_id: &str) -> Result<PartyId> {
    let profile = Profile {
        external_id: external_id.to_owned(),
        display_name: external_id.to_owned(),
        roles: [Role::Creator].into_iter().collect(),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: std::collections::BTreeMap::new(),
    };
    match call(desk, RegisterParty(profile), Meta::system())? {
        Ok(row) => Ok(row.id),
        Err(rejection) if rejection.code == "party_conflict" => Ok(party_id(external_id)),
        Err(rejection) => bail!("creator {external_id}: {}", rejection.message),
    }
}

fn report(line: &Line, creator: PartyId) -> OrderReport {
    OrderReport {
        external_id: line.order_id.clone(),
        creator,
        task_type: line.task_type,
        title: line.title.clone(),
        amount_minor: line.amount_minor,
        currency: Currency::CNY,
        accepted_at: line.accepted_at,
        status: line.status,
    }
}
