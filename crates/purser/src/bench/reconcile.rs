//! `purser bench reconcile`: how long a statement takes, from the file to the proof of its day, when the books of that day
//! have as many lines.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use purser_domain::{
    money::{Currency, decimal},
    time::{DAY as DAY_MICROS, Date, Zone},
};
use purser_engine::{
    Limits, Meta, call,
    clock::{Clock, Stopwatch},
    ledger::TopUpFloat,
    reconcile::prove,
    rules::{AdvanceClock, found_sandbox},
};

use super::{
    disk,
    report::{Report, sound},
    served::all,
};
use crate::{
    cmd::statement::{self, Form, StatementArgs},
    store::{Opened, StoreArgs},
};

/// Flags of `purser bench reconcile`.
#[derive(Args)]
pub(crate) struct ReconcileBench {
    /// Lines of the statement
    #[arg(long, default_value_t = 1_000_000)]
    lines: u32,
    #[command(flatten)]
    store: StoreArgs,
    /// Leave the check of the books out
    #[arg(long)]
    no_verify: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The day whose statement comes.
const DAY: Date = Date::constant(2026, 3, 2);
/// Of so many lines one is on the statement alone, and one in the books alone.
const ODD: u32 = 10_000;

/// `purser bench reconcile`.
pub(crate) fn run(args: &ReconcileBench) -> Result<()> {
    let scratch = disk::scratch(&args.store, "reconcile")?;
    let StoreArgs { data, database } = args.store.clone();
    let own = database.is_none().then(|| scratch.join("data"));
    let store = StoreArgs { data: data.or(own), database };
    let place = store.place()?;
    let zone = Zone::shanghai();
    drop(place.open_writer()?);
    let founded = found_sandbox(place.open_writer()?.as_mut(), &Clock::system(), zone.at(DAY, 9, 0))?;
    ensure!(founded, "the bench needs new books: another --data folder, or another database");
    let mut opened = place.open_engine(1, Limits::default())?;
    let watch = Stopwatch::start();
    seed(&opened, args.lines)?;
    let seeded = watch.micros();
    call(&mut opened.executor, AdvanceClock { by_micros: DAY_MICROS }, Meta::system())??;
    opened.close();
    let file = scratch.join("bill.csv");
    write(&file, args.lines).context("writing the statement")?;
    let statement = StatementArgs::of(file, "sandbox", Form::AlipayBill, store);
    let watch = Stopwatch::start();
    statement::take_in_statement(&statement)?;
    let taken = watch.micros().max(1);
    let watch = Stopwatch::start();
    let mut reads = place.open_reader()?;
    let proof = prove(reads.as_mut(), "sandbox", DAY)?.context("the day was not compared")?;
    drop(reads);
    let proved = watch.micros();
    ensure!(proof.unexplained_minor() == 0, "the day is not proved: {}", proof.unexplained_minor());
    let odd = i64::from(args.lines.div_ceil(ODD));
    ensure!(proof.day.matched == i64::from(args.lines) - odd, "{} lines were matched", proof.day.matched);
    ensure!(proof.in_transit.count + proof.breaks.count == 2 * odd, "other differences than were made");
    let mut report = Report::default();
    report.text("bench", "reconcile");
    report.text("engine", place.engine());
    report.int("lines", u64::from(args.lines));
    report.int("lines_per_s", u64::from(args.lines) * 1_000_000 / taken);
    report.milli("import_and_compare_s", taken / 1_000);
    report.milli("proof_s", proved / 1_000);
    report.milli("seed_s", seeded / 1_000);
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("fdatasync_p50_us", disk::fdatasync_p50_us(&scratch)?);
    report.int("bytes", place.bytes()?);
    let verdict = if args.no_verify { None } else { Some(place.verify()?) };
    report.verdict(verdict.as_deref());
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    sound(verdict.as_deref())
}

fn amount(n: u32) -> i64 {
    100 + i64::from(n % 9_000)
}

/// Every line of the books is a top-up with a reference of its own.
fn seed(opened: &Opened, lines: u32) -> Result<()> {
    let top_up = |n: u32| {
        let (rail, reference) = ("sandbox".to_owned(), format!("bench-{n}"));
        TopUpFloat { rail, amount_minor: amount(n), currency: Currency::CNY, reference }
    };
    all(&opened.executor, (0..lines).map(top_up))
}

fn write(file: &std::path::Path, lines: u32) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "#起始日期：[{DAY} 00:00:00]   终止日期：[{DAY} 23:59:59]")?;
    writeln!(
        out,
        "账务流水号,业务流水号,商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账户余额（元）,业务类型"
    )?;
    let mut balance = 0;
    for n in 0..lines {
        let odd = n % ODD == 0;
        // Another reference and another amount: neither is known by anything.
        let amount = amount(n) + if odd { 7 } else { 0 };
        let reference = if odd { format!("odd-{n}") } else { format!("bench-{n}") };
        balance += amount;
        let (amount, balance) = (decimal(amount), decimal(balance));
        writeln!(out, "{n},T{n},{reference},{DAY} 10:00:00,{amount},,{balance},转账")?;
    }
    Ok(out.flush()?)
}
