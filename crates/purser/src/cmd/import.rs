//! `purser import`: CSV files, and messages of a bank.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use purser_domain::{
    ids::PartyId,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{Date, Timestamp, Zone},
};
use purser_engine::{
    Desk, Executor, Limits, Meta, Session, call,
    credit::{self, credit_order_id},
    earnings::{OrderReport, ReportTaskOrders},
    parties::{RegisterParty, party_id},
    programme::ImportTerms,
};
use serde_json::json;

use super::{
    Stop,
    bank_message::{BankMessageArgs, take_in_message},
    credit_csv::{self, CreditLine},
    credit_import::{Sent, send_orders, send_shops},
    credit_replay::{Passed, replay},
    csv_rows::RowError,
    migrate,
    orders_csv::{self, Line},
    rules, shops_csv,
    statement::{StatementArgs, take_in_statement},
    terms_csv::{self, TermsLine},
};
use crate::store::{Opened, Place, StoreArgs};

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
    /// Shops that sell on pay-later terms, from a CSV file: all of it, or none and a report of every bad row
    #[command(after_help = "Columns (any order, header required):\n  \
        merchant_id, level (1 to 100), opened_at, credit_evaluation_minor\n\n\
        Instants are RFC 3339 with an offset, amounts are integers in minor units (fen). Merchants that do not exist\n\
        yet are made; each shop's limit is evaluated. Running the same file again changes nothing.\n\n\
        With --replay, books that have not begun become a sandbox whose clock begins the day before the first shop\n\
        opened, so that its orders can be replayed afterwards.\n\n\
        Example:\n  purser import shops shops.csv --replay --data ./past")]
    Shops(ReplayArgs),
    /// Pay-later orders from a CSV file: all of it, or none and a report of every bad row
    #[command(after_help = "Columns (any order, header required):\n  \
        order_id, merchant_id, amount_minor, authorised_at, shipped_at, paid_at, cancelled_at\n  \
        optional: due_on, score (1 to 5), scored_at\n\n\
        A row is an order with all that became of it; a cancellation after shipping is a refund. What happened is\n\
        reported in order of time. The shops must be known. Running the same file again changes nothing.\n\n\
        With --replay, on a sandbox, the clock passes day by day from before the first order: every morning the day\n\
        before is reported, limits that are due are evaluated, on the 1st the shops' months (orders, turnover,\n\
        returns, reviews as ratings) are reported, and the books are verified, on the 1st in full.\n\n\
        Example:\n  purser import credit-orders orders.csv --replay --data ./past")]
    CreditOrders(ReplayArgs),
    /// A bank's message: pain.002, camt.053 or camt.054
    #[command(
        after_help = "Orders of the bank-file rail hear what the bank says; entries that fit none are kept.\n\
        The same message again changes nothing. On a folder no server may be running: use its API instead.\n\n\
        Example:\n  purser import bank-message camt054.xml --data ./data"
    )]
    BankMessage(BankMessageArgs),
    /// A statement of a rail, camt.053 or a bill of an Alipay account, of any size; its days are compared with the books
    #[command(
        after_help = "The days of a statement must be over, and follow those of the statement before without a gap in the\n\
        balance. An import that broke off goes on when the file is given again; the same statement again changes\n\
        nothing. On a folder no server may be running: use its API instead.\n\n\
        Example:\n  purser import statement 2088_20260302.csv --rail alipay --data ./data"
    )]
    Statement(StatementArgs),
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

/// Flags of imports that can be replayed.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Replay in order of time on the test clock of a sandbox
    #[arg(long)]
    replay: bool,
}

/// Rows a call.
const BATCH: usize = 1_000;
/// Row errors shown.
const SHOWN: usize = 50;

pub(crate) fn run(verb: &ImportVerb) -> Result<()> {
    match verb {
        ImportVerb::TaskOrders(args) => take_in(args, orders_csv::read, import),
        ImportVerb::ProgrammeTerms(args) => take_in(args, terms_csv::read, import_terms),
        ImportVerb::Shops(args) => import_shops(args),
        ImportVerb::CreditOrders(args) => import_credit_orders(args),
        ImportVerb::BankMessage(args) => take_in_message(args),
        ImportVerb::Statement(args) => take_in_statement(args),
    }
}

/// Reads a file, all of it or not at all, and sends its rows.
fn take_in<L>(
    args: &FileArgs,
    read: impl Fn(&[u8]) -> Result<Vec<L>, Vec<RowError>>,
    send: impl Fn(&mut Executor, &[L], &ProgressBar) -> Result<Sent>,
) -> Result<()> {
    let Some(lines) = read_file(args, read)? else { return Ok(()) };
    let place = args.store.place()?;
    let mut opened = place.open_engine(1, Limits::default())?;
    let outcome = send(&mut opened.executor, &lines, &progress(lines.len(), args.json));
    opened.close();
    tell(args, lines.len(), outcome?, None)
}

/// The rows of a file, or `None` when they were only to be checked. Bad rows are named and are the error.
fn read_file<L>(
    args: &FileArgs,
    read: impl Fn(&[u8]) -> Result<Vec<L>, Vec<RowError>>,
) -> Result<Option<Vec<L>>> {
    let text = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    match read(&text) {
        Ok(lines) if args.check => {
            println!("{} rows, all good", lines.len());
            Ok(None)
        }
        Ok(lines) => Ok(Some(lines)),
        Err(errors) => Err(bad_rows(args, &errors)),
    }
}

/// Names bad rows.
fn bad_rows(args: &FileArgs, errors: &[RowError]) -> anyhow::Error {
    for error in errors.iter().take(SHOWN) {
        eprintln!("{}:{}: {}", args.file.display(), error.row, error.text);
    }
    let more = errors.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" ({more} more not shown)") } else { String::new() };
    anyhow::anyhow!("{} bad rows{more}: nothing was imported", errors.len())
}

/// Says what became of the rows.
fn tell(args: &FileArgs, rows: usize, (changed, refused): Sent, passed: Option<Passed>) -> Result<()> {
    for (row, text) in refused.iter().take(SHOWN) {
        eprintln!("{}:{row}: {text}", args.file.display());
    }
    if args.json {
        let mut value = json!({ "rows": rows, "changed": changed, "refused": refused.len() });
        if let Some(passed) = passed {
            value["days"] = passed.days.into();
            value["verified_incrementally"] = passed.incremental.into();
            value["verified_in_full"] = passed.full.into();
        }
        println!("{value}");
    } else {
        let unchanged = rows - changed - refused.len();
        println!("{rows} rows: {changed} changed, {unchanged} unchanged, {} refused", refused.len());
        if let Some(Passed { days, incremental, full }) = passed {
            println!(
                "{days} days passed; the books were verified {incremental} times incrementally, {full} in full"
            );
        }
    }
    if !refused.is_empty() {
        bail!("{} rows were refused; the others are in", refused.len());
    }
    Ok(())
}

fn import_shops(args: &ReplayArgs) -> Result<()> {
    let Some(lines) = read_file(&args.file, shops_csv::read)? else { return Ok(()) };
    let place = args.file.store.place()?;
    if args.replay {
        let zone = Zone::shanghai();
        let first = lines.iter().map(|line| zone.date(line.opened_at)).min().unwrap_or_default();
        begin_before(&args.file, &place, zone.at(first.yesterday().unwrap_or(first), 9, 0))?;
    }
    let mut opened = place.open_engine(1, Limits::default())?;
    let outcome = send_shops(&mut opened.executor, &lines, &progress(lines.len(), args.file.json));
    opened.close();
    tell(&args.file, lines.len(), outcome?, None)
}

/// Lets books begin at an instant, unless they are a sandbox already.
fn begin_before(args: &FileArgs, place: &Place, at: Timestamp) -> Result<()> {
    let lock = place.lock()?;
    drop(place.open_writer()?);
    if !rules::known(&args.store)?.sandbox {
        migrate::found(place, at)?;
    }
    drop(lock);
    Ok(())
}

fn import_credit_orders(args: &ReplayArgs) -> Result<()> {
    let file = &args.file;
    let Some(lines) = read_file(file, credit_csv::read)? else { return Ok(()) };
    let place = file.store.place()?;
    let mut opened = place.open_engine(1, Limits::default())?;
    let outcome = send_credit_orders(args, &place, &mut opened, &lines);
    opened.close();
    let (sent, passed) = outcome?;
    tell(file, lines.len(), sent, passed)
}

fn send_credit_orders(
    args: &ReplayArgs,
    place: &Place,
    opened: &mut Opened,
    lines: &[CreditLine],
) -> Result<(Sent, Option<Passed>)> {
    let mut reads = place.open_reader()?;
    let openings = openings(reads.as_mut(), lines)?;
    let unknown = lines.iter().filter(|line| !openings.contains_key(&party_id(&line.merchant_id)));
    let unknown: Vec<RowError> = unknown
        .map(|line| RowError {
            row: line.row,
            text: format!("merchant_id: nothing is known of shop {}: import shops first", line.merchant_id),
        })
        .collect();
    if !unknown.is_empty() {
        return Err(bad_rows(&args.file, &unknown));
    }
    let bar = progress(lines.len(), args.file.json);
    if !args.replay {
        return Ok((send_orders(&mut opened.executor, lines, &bar)?, None));
    }
    if !rules::known(&args.file.store)?.sandbox {
        let text = "--replay moves the clock, and only that of a sandbox moves: `purser import shops --replay`, or \
                    `purser migrate --sandbox --begins-at DATE`, on new books";
        return Err(Stop::Failed(text.to_owned()).into());
    }
    let first = lines.iter().min_by_key(|line| (line.authorised_at, line.row));
    let begun = match first {
        Some(line) => credit::order(reads.as_mut(), credit_order_id(&line.order_id))?.is_some(),
        None => false,
    };
    let (sent, passed) = replay(place, opened, lines, openings, begun, &bar)?;
    Ok((sent, Some(passed)))
}

/// When the shops of a file opened, as far as they are known.
fn openings(reads: &mut dyn Session, lines: &[CreditLine]) -> Result<BTreeMap<PartyId, Date>> {
    let parties: BTreeSet<PartyId> = lines.iter().map(|line| party_id(&line.merchant_id)).collect();
    let mut openings = BTreeMap::new();
    for party in parties {
        if let Some(row) = credit::shop_facts(reads, party)? {
            openings.insert(party, credit::facts::decode(&row.facts).opened_on);
        }
    }
    Ok(openings)
}

fn progress(rows: usize, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    progress_of(rows as u64)
}

/// A bar for so many rows.
pub(super) fn progress_of(rows: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left");
    ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Sends orders.
fn import(executor: &mut Executor, lines: &[Line], bar: &ProgressBar) -> Result<Sent> {
    let (mut changed, mut refused) = (0, Vec::new());
    let mut known = BTreeSet::new();
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
        metadata: BTreeMap::new(),
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
        metadata: None,
        amount_minor: line.amount_minor,
        currency: Currency::CNY,
        accepted_at: line.accepted_at,
        status: line.status,
    }
}
