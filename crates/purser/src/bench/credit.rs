//! `purser bench credit`: authorisations over HTTP, order events in bulk beside the ledger's own rate, evaluations of
//! many shops, and the limit of a past instant. One set of books, verified at the end.

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use purser_domain::{
    ids::PartyId,
    time::{Date, Timestamp, Zone},
};
use purser_engine::{
    Limits, Meta,
    access::{Scope, Scopes},
    call,
    clock::{Clock, Stopwatch},
    credit::{EVALUATE_MAX, EvaluateDueShops},
    parties::party_id,
    rules::{SetClock, found_sandbox},
};
use purser_storage::Statement;
use serde_json::Value;

use super::{
    credit_load::{Orders, deepen, prepare_merchants, prepare_shops},
    disk,
    ledger::transfers_per_s,
    report::{Report, sound},
    served::{Load, ask, server},
};
use crate::{
    keys,
    serve::{self, ServeArgs},
    store::{Opened, Place, StoreArgs},
};

/// Flags of `purser bench credit`.
#[derive(Args)]
pub(crate) struct CreditBench {
    /// Connections that are open at the same time, each with one authorisation under way
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Authorisations to send over HTTP
    #[arg(long, default_value_t = 100_000)]
    authorisations: u64,
    /// Merchants who take turns
    #[arg(long, default_value_t = 4_000)]
    merchants: u64,
    /// Orders in bulk: each is authorised, shipped and paid
    #[arg(long, default_value_t = 200_000)]
    orders: u64,
    /// Events of a bulk call
    #[arg(long, default_value_t = 10_000)]
    batch: u64,
    /// Transfers of the ledger that the bulk rate is compared with
    #[arg(long, default_value_t = 1_000_000)]
    ledger_transfers: u64,
    /// Shops that are evaluated, once when they are reported and once at each of four quarters
    #[arg(long, default_value_t = 200_000)]
    shops: u64,
    /// Further evaluations of one shop
    #[arg(long, default_value_t = 10_000)]
    deep: u64,
    /// Reads of past limits
    #[arg(long, default_value_t = 20_000)]
    reads: u64,
    /// Connections that read past limits
    #[arg(long, default_value_t = 8)]
    read_connections: usize,
    /// Threads of the server that speak HTTP
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Writers of the server, each on its own connection (PostgreSQL only; a folder has one)
    #[arg(long, default_value_t = 2)]
    writers: usize,
    /// Leave the check of the books out
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Where business time begins; the quarters follow.
const DAY: Date = Date::constant(2026, 1, 2);
const QUARTERS: [Date; 4] = [
    Date::constant(2026, 4, 1),
    Date::constant(2026, 7, 1),
    Date::constant(2026, 10, 1),
    Date::constant(2027, 1, 1),
];

static STORED: Statement =
    Statement { name: "bench.evaluations", sql: "SELECT COUNT(*) FROM credit_evaluations" };

/// The merchant of a number, for orders.
pub(super) fn merchant(index: u64) -> PartyId {
    party_id(&merchant_name(index))
}

pub(super) fn merchant_name(index: u64) -> String {
    format!("bench-merchant-{index}")
}

/// The shop of a number, for evaluations.
pub(super) fn limit_shop(index: u64) -> PartyId {
    party_id(&shop_name(index))
}

pub(super) fn shop_name(index: u64) -> String {
    format!("bench-shop-{index}")
}

/// `purser bench credit`.
pub(crate) fn run(args: &CreditBench) -> Result<()> {
    ensure!(args.merchants >= 1 && args.connections >= 1, "at least one merchant and one connection");
    ensure!(
        args.orders >= 1 && args.shops >= 1 && args.batch >= 1,
        "at least one order, shop and event a call"
    );
    let scratch = disk::scratch(&args.store, "credit")?;
    let place = args.store.place_or(&scratch.join("data"));
    let founded =
        found_sandbox(place.open_writer()?.as_mut(), &Clock::system(), Zone::shanghai().at(DAY, 9, 0))?;
    ensure!(founded, "the bench needs new books: another --data folder, or another database");
    let mut report = Report::default();
    report.text("bench", "credit");
    report.text("engine", place.engine());
    let single = singly(args, &place, &mut report)?;
    in_bulk(args, &place, &scratch, &mut report)?;
    let evaluated = evaluate(args, &place, &mut report)?;
    let reads = past_limits(args, &place, evaluated, &mut report)?;
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("bytes", place.bytes()?);
    report.int("fdatasync_p50_us", disk::fdatasync_p50_us(&scratch)?);
    let verdict = if args.no_verify { None } else { Some(place.verify()?) };
    report.verdict(verdict.as_deref());
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    ensure!(single + reads == 0, "{} requests failed", single + reads);
    sound(verdict.as_deref())
}

fn number(client: &Value, name: &str) -> u64 {
    client.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// What the client is to do.
fn client(unit: &'static str, requests: u64, accounts: u64, (since, until): (i64, i64)) -> Load<'static> {
    let flags = [
        ("--work", format!("{unit}s")),
        ("--accounts", accounts.to_string()),
        ("--since", since.to_string()),
        ("--until", until.to_string()),
    ];
    let client = flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    Load { bench: "credit", unit, requests, scope: Scope::CreditWrite, client }
}

/// Authorisations over HTTP, one a request; returns how many failed.
fn singly(args: &CreditBench, place: &Place, report: &mut Report) -> Result<u64> {
    let mut opened = place.open_engine(1, Limits::default())?;
    prepare_merchants(&mut opened.executor, args.merchants, DAY)?;
    opened.close();
    let running = serve::start(&ServeArgs { sandbox: true, ..server(args.workers, args.writers) }, place)?;
    let now = running.app.clock.machine();
    let (_, token) = keys::make(
        &running.app.executor,
        "bench",
        Scopes::of(&[Scope::CreditWrite, Scope::CreditRead]),
        now,
        None,
    )?;
    let (before, size, cpu) = (running.app.executor.stats(), place.bytes()?, disk::cpu_micros());
    let at = running.app.clock.business().0;
    let work = client("authorisation", args.authorisations, args.merchants, (at, at));
    let client = ask(&running, &token, args.connections, &work)?;
    let cpu = disk::cpu_micros() - cpu;
    let stats = running.app.executor.stats();
    running.stop()?;
    let number = |name: &str| number(&client, name);
    report.int("authorisations_per_s", number("answered") * 1_000_000 / number("micros").max(1));
    report.milli("p50_ms", number("p50_us"));
    report.milli("p99_ms", number("p99_us"));
    report.int("connections", args.connections as u64);
    report.int("merchants", args.merchants);
    for name in ["answered", "made", "replayed", "refused"] {
        report.int(name, number(name));
    }
    report.int("bytes_per_authorisation", place.bytes()?.saturating_sub(size) / number("made").max(1));
    report.int("server_cpu_ns_per_request", cpu * 1_000 / number("answered").max(1));
    report.int("client_cpu_ns_per_request", number("cpu_us") * 1_000 / number("answered").max(1));
    report.int("commits", stats.groups - before.groups);
    report.int("syncs", stats.syncs - before.syncs);
    ensure!(number("made") > 0, "no order was authorised");
    Ok(number("failed"))
}

/// Orders in bulk, and the ledger's own rate in the same run.
fn in_bulk(args: &CreditBench, place: &Place, scratch: &std::path::Path, report: &mut Report) -> Result<()> {
    let opened = place.open_engine(1, Limits::default())?;
    let orders = Orders { count: args.orders, merchants: args.merchants, batch: args.batch };
    let size = place.bytes()?;
    let (events, micros) = orders.send(&opened)?;
    opened.close();
    let rate = events * 1_000_000 / micros.max(1);
    let ledger = match place {
        Place::Folder(_) => transfers_per_s(&Place::Folder(scratch.join("ledger")), args.ledger_transfers)?,
        Place::Postgres(_) => transfers_per_s(place, args.ledger_transfers)?,
    };
    report.int("bulk_events_per_s", rate);
    report.int("bulk_events", events);
    report.int("bulk_batch", args.batch);
    report.int("bulk_bytes_per_event", place.bytes()?.saturating_sub(size) / events.max(1));
    report.int("ledger_transfers_per_s", ledger);
    report.milli("bulk_to_ledger", rate * 1_000 / ledger.max(1));
    Ok(())
}

/// Evaluates all shops at every quarter; returns the instants between which there are evaluations.
fn evaluate(args: &CreditBench, place: &Place, report: &mut Report) -> Result<(Timestamp, Timestamp)> {
    let mut opened = place.open_engine(1, Limits::default())?;
    let watch = Stopwatch::start();
    prepare_shops(&mut opened.executor, args.shops, DAY)?;
    report.milli("shops_reported_s", watch.micros() / 1_000);
    let since = opened.clock.business();
    let mut slowest = 0;
    for quarter in QUARTERS {
        slowest = slowest.max(quarter_of(&mut opened, quarter)?);
    }
    deepen(&mut opened.executor, args.deep)?;
    let until = opened.clock.business();
    opened.close();
    let mut stored = 0;
    place.open_reader()?.query(&STORED, &[], &mut |row| {
        stored = row.int(0);
        true
    })?;
    report.int("shops", args.shops);
    report.milli("evaluation_s", slowest / 1_000);
    report.int("evaluated_shops_per_s", args.shops * 1_000_000 / slowest.max(1));
    report.int("evaluations_stored", stored.unsigned_abs());
    report.int("evaluations_of_one_shop", args.deep + 1 + QUARTERS.len() as u64);
    Ok((since, until))
}

/// A quarter begins and every shop is due; returns how long it takes, µs.
fn quarter_of(opened: &mut Opened, first: Date) -> Result<u64> {
    let to = Zone::shanghai().at(first, 0, 10);
    call(&mut opened.executor, SetClock { to }, Meta::system())??;
    let watch = Stopwatch::start();
    let step = EvaluateDueShops { limit: EVALUATE_MAX };
    while call(&mut opened.executor, step, Meta::system())??.more {}
    Ok(watch.micros())
}

/// Reads limits of past instants over HTTP; returns how many failed.
fn past_limits(
    args: &CreditBench,
    place: &Place,
    (since, until): (Timestamp, Timestamp),
    report: &mut Report,
) -> Result<u64> {
    let running = serve::start(&ServeArgs { sandbox: true, ..server(args.workers, args.writers) }, place)?;
    let now = running.app.clock.machine();
    let (_, token) =
        keys::make(&running.app.executor, "reader", Scopes::of(&[Scope::CreditRead]), now, None)?;
    let work = client("limit", args.reads, args.shops, (since.0, until.0));
    let client = ask(&running, &token, args.read_connections, &work)?;
    running.stop()?;
    let number = |name: &str| number(&client, name);
    report.int("limit_at_reads", number("answered"));
    report.int("limit_at_connections", args.read_connections as u64);
    report.int("limit_at_per_s", number("answered") * 1_000_000 / number("micros").max(1));
    report.milli("limit_at_p50_ms", number("p50_us"));
    report.milli("limit_at_p99_ms", number("p99_us"));
    Ok(number("failed"))
}
