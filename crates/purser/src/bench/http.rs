//! `purser bench http`: one durable transfer per request, the client in another process.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use purser_domain::{
    ids::PartyId,
    ids::Uid,
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
};
use purser_engine::{
    Meta,
    access::{Scope, Scopes},
    call,
    ids::IdSource,
    ledger::PostTransfers,
};
use serde_json::Value;

use super::{disk, report::Report};
use crate::{
    collect::CollectArgs,
    keys,
    rails::RailArgs,
    secrets::SecretsArgs,
    serve::{self, Running, ServeArgs},
    store::StoreArgs,
};

/// Flags of `purser bench http`.
#[derive(Args)]
pub(crate) struct HttpBench {
    /// Connections that are open at the same time, each with one request under way
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Requests to send
    #[arg(long, default_value_t = 200_000)]
    transfers: u64,
    /// Accounts that the transfers are spread over
    #[arg(long, default_value_t = 10_000)]
    accounts: u64,
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

/// First balance of every account.
const BALANCE: i64 = 1_000_000_000_000;

/// The account of a number.
pub(super) fn reference(index: u64) -> AccountRef {
    let owner = PartyId(Uid::derive("purser bench party", &[&index.to_le_bytes()]));
    AccountRef::party(owner, AccountKind::Earnings, Currency::CNY)
}

/// `purser bench http`.
pub(crate) fn run(args: &HttpBench) -> Result<()> {
    ensure!(args.accounts >= 2 && args.connections >= 1, "at least two accounts and one connection");
    let scratch = scratch(&args.store, "http")?;
    let place = args.store.place_or(&scratch.join("data"));
    let fdatasync = disk::fdatasync_p50_us(&scratch)?;
    let serve_args = server(args.workers, args.writers);
    let running = serve::start(&serve_args, &place)?;
    fund(&running, args.accounts)?;
    let now = running.app.clock.machine();
    let scopes = Scopes::of(&[Scope::LedgerPost]);
    let (_, token) = keys::make(&running.app.executor, "bench", scopes, now, None)?;
    let (before, size) = (running.app.executor.stats(), place.bytes());
    let cpu = disk::cpu_micros();
    let client = load(&running, &token, args.connections, args.transfers, args.accounts, false)?;
    let cpu = disk::cpu_micros() - cpu;
    let stats = running.app.executor.stats();
    running.stop()?;
    let number = |name: &str| client.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut report = Report::default();
    report.text("bench", "http");
    report.text("engine", place.engine());
    report.int("transfers_per_s", number("answered") * 1_000_000 / number("micros").max(1));
    report.milli("p50_ms", number("p50_us"));
    report.milli("p99_ms", number("p99_us"));
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("bytes_per_transfer", place.bytes().saturating_sub(size) / number("made").max(1));
    report.int("accounts", args.accounts);
    report.int("batch", 1);
    report.int("connections", args.connections as u64);
    for name in ["answered", "made", "replayed", "refused"] {
        report.int(name, number(name));
    }
    report.int("server_cpu_ns_per_request", cpu * 1_000 / number("answered").max(1));
    report.int("client_cpu_ns_per_request", number("cpu_us") * 1_000 / number("answered").max(1));
    report.int("commits", stats.groups - before.groups);
    report.int("syncs", stats.syncs - before.syncs);
    report.int("fdatasync_p50_us", fdatasync);
    let rows = place.sample_transfers(100_000)?;
    report.int(
        "bare_sqlite_per_s",
        disk::bare_sqlite_per_s(&scratch, &rows, 1_000, &purser_storage::sqlite::Options::default())?,
    );
    if !args.no_verify {
        report.text("verify", &place.verify()?);
    }
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    ensure!(number("failed") == 0, "{} requests failed", number("failed"));
    Ok(())
}

/// A server of the bench's own on any free port.
pub(super) fn server(workers: usize, writers: usize) -> ServeArgs {
    ServeArgs {
        store: StoreArgs::default(),
        listen: ([127, 0, 0, 1], 0).into(),
        workers,
        writers,
        readers: 4,
        queue: 4_096,
        job_lease: 60,
        help_file: None,
        sandbox: false,
        rails: RailArgs::default(),
        secrets: SecretsArgs::default(),
        collect: CollectArgs::default(),
    }
}

/// A folder of the bench's own.
pub(super) fn scratch(store: &StoreArgs, bench: &str) -> Result<PathBuf> {
    let base = store.data.clone().unwrap_or_else(std::env::temp_dir);
    let dir = base.join(format!("purser-bench-{bench}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    Ok(dir)
}

fn fund(running: &Running, accounts: u64) -> Result<()> {
    let clearing = AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY);
    let mut ids = IdSource::system();
    let mut executor = running.app.executor.clone();
    for from in (0..accounts).step_by(8_000) {
        let mut named: Vec<AccountRef> = (from..accounts.min(from + 8_000)).map(reference).collect();
        let transfers = named
            .iter()
            .map(|account| TransferRequest {
                id: ids.next(running.app.clock.machine()),
                step: Step::Post,
                debit: clearing.id(),
                credit: account.id(),
                amount_minor: BALANCE,
                currency: Currency::CNY,
                kind: TransferKind::Manual.code(),
                reference: Uid::NIL,
            })
            .collect();
        named.push(clearing.clone());
        let command = PostTransfers { transfers, atomic: true, accounts: named };
        if let Err(rejection) = call(&mut executor, command, Meta::system())? {
            bail!("funding: {}", rejection.message);
        }
    }
    Ok(())
}

/// Runs the client as a process of its own and reads its figures.
pub(super) fn load(
    running: &Running,
    token: &str,
    connections: usize,
    requests: u64,
    accounts: u64,
    withdrawals: bool,
) -> Result<Value> {
    let child = Command::new(std::env::current_exe()?)
        .args(["bench", "http-client", "--address", &running.address.to_string()])
        .args(["--connections", &connections.to_string()])
        .args(["--requests", &requests.to_string()])
        .args(["--accounts", &accounts.to_string()])
        .args(withdrawals.then_some("--withdrawals"))
        .env("PURSER_BENCH_TOKEN", token)
        .stdout(Stdio::piped())
        .spawn()
        .context("starting the client")?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the client ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("the client's figures")
}
