//! What the benches through HTTP share: a server on books of their own, money on accounts, a client in another process,
//! and the figures of both.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use purser_domain::{
    ids::Uid,
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
};
use purser_engine::{
    Command as EngineCommand, Executor, Job, Meta, Rejection, Reply,
    access::{Scope, Scopes},
    call,
    clock::Clock,
    ids::IdSource,
    ledger::PostTransfers,
};
use serde_json::Value;

use super::{
    disk,
    report::{Report, sound},
};
use crate::{
    collect::CollectArgs,
    keys,
    rails::RailArgs,
    secrets::SecretsArgs,
    serve::{self, RateArgs, Running, ServeArgs},
    services::ServiceArgs,
    store::{Place, StoreArgs},
};

/// Flags of every bench through HTTP.
#[derive(Args)]
pub(crate) struct ServedArgs {
    /// Connections that are open at the same time, each with one request under way
    #[arg(long, default_value_t = 64)]
    pub(super) connections: usize,
    /// Threads of the server that speak HTTP
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Writers of the server, each on its own connection (PostgreSQL only; a folder has one)
    #[arg(long, default_value_t = 2)]
    pub(super) writers: usize,
    /// Leave the check of the books out
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl ServedArgs {
    /// A server of the bench's own on any free port.
    pub(super) fn server(&self) -> ServeArgs {
        server(self.workers, self.writers)
    }
}

/// A server of a bench's own on any free port.
pub(super) fn server(workers: usize, writers: usize) -> ServeArgs {
    ServeArgs {
        rates: RateArgs::NONE,
        personas: Vec::new(),
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
        services: ServiceArgs::default(),
        secrets: SecretsArgs::default(),
        collect: CollectArgs::default(),
        traces: crate::traces::TraceArgs::default(),
    }
}

/// Credits every account, out of what clients paid.
pub(super) fn fund(
    executor: &Executor,
    clock: &Clock,
    accounts: impl Iterator<Item = AccountRef>,
    each_minor: i64,
) -> Result<()> {
    let clearing = AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY);
    let mut ids = IdSource::system();
    let accounts: Vec<AccountRef> = accounts.collect();
    for chunk in accounts.chunks(8_000) {
        let transfer = |account: &AccountRef| TransferRequest {
            id: ids.next(clock.machine()),
            step: Step::Post,
            debit: clearing.id(),
            credit: account.id(),
            amount_minor: each_minor,
            currency: Currency::CNY,
            kind: TransferKind::Manual.code(),
            reference: Uid::NIL,
        };
        let transfers = chunk.iter().map(transfer).collect();
        let mut named = chunk.to_vec();
        named.push(clearing.clone());
        let command = PostTransfers { transfers, atomic: true, accounts: named };
        call(&mut executor.clone(), command, Meta::system())?.context("funding")?;
    }
    Ok(())
}

/// Runs commands, as many to a group as wait, and returns once all are committed.
///
/// # Errors
/// The first rejection or failure.
pub(super) fn all<C: EngineCommand>(
    executor: &Executor,
    commands: impl IntoIterator<Item = C>,
) -> Result<()> {
    const REFUSED: i64 = 1;
    let (sender, receiver) = mpsc::channel();
    for command in commands {
        let sender = sender.clone();
        let render = |outcome: &Result<C::Output, Rejection>| match outcome {
            Ok(_) => Reply::default(),
            Err(rejection) => {
                Reply { status: REFUSED, body: format!("{rejection}").into_bytes(), replayed: false }
            }
        };
        // The receiver lives until every sender is gone.
        let done = move |outcome| drop(sender.send(outcome));
        executor.submit_waiting(Job::new(command, Meta::system(), render, done));
    }
    drop(sender);
    for outcome in receiver {
        let reply = outcome?;
        ensure!(reply.status != REFUSED, "{}", String::from_utf8_lossy(&reply.body));
    }
    Ok(())
}

/// What a bench through HTTP is about.
pub(super) struct Load<'a> {
    /// Name of the bench.
    pub(super) bench: &'a str,
    /// What one accepted request makes, in the singular.
    pub(super) unit: &'a str,
    /// Requests to send.
    pub(super) requests: u64,
    /// What the client's key may do.
    pub(super) scope: Scope,
    /// Further flags of the client.
    pub(super) client: Vec<String>,
}

/// A server with its books, ready to be asked.
pub(super) struct Served {
    pub(super) place: Place,
    pub(super) scratch: PathBuf,
    pub(super) running: Running,
}

/// What was measured while the client ran.
pub(super) struct Measured {
    place: Place,
    client: Value,
    report: Report,
}

impl Served {
    pub(super) fn start(args: &ServeArgs, place: Place, scratch: PathBuf) -> Result<Self> {
        let running = serve::start(args, &place)?;
        Ok(Self { place, scratch, running })
    }

    /// Runs the client against the server, stops the server, and begins the report.
    pub(super) fn measure(self, args: &ServedArgs, load: &Load<'_>) -> Result<Measured> {
        let Self { place, scratch, running } = self;
        let fdatasync = disk::fdatasync_p50_us(&scratch)?;
        let (now, scopes) = (running.app.clock.machine(), Scopes::of(&[load.scope]));
        let (_, token) = keys::make(&running.app.executor, "bench", scopes, now, None)?;
        let (before, size) = (running.app.executor.stats(), place.bytes()?);
        let waits = disk::Syncs::before(&place);
        let cpu = disk::cpu_micros();
        let client = ask(&running, &token, args.connections, load)?;
        let cpu = disk::cpu_micros() - cpu;
        let stats = running.app.executor.stats();
        running.stop()?;
        let number = |name: &str| client.get(name).and_then(Value::as_u64).unwrap_or(0);
        let mut report = Report::default();
        report.text("bench", load.bench);
        report.text("engine", place.engine());
        let rate = number("answered") * 1_000_000 / number("micros").max(1);
        report.int(&format!("{}s_per_s", load.unit), rate);
        report.milli("p50_ms", number("p50_us"));
        report.milli("p99_ms", number("p99_us"));
        report.int("rss_peak_bytes", disk::rss_peak_bytes());
        let bytes = place.bytes()?.saturating_sub(size) / number("made").max(1);
        report.int(&format!("bytes_per_{}", load.unit), bytes);
        report.int("connections", args.connections as u64);
        for name in ["answered", "made", "replayed", "refused"] {
            report.int(name, number(name));
        }
        report.int("server_cpu_ns_per_request", cpu * 1_000 / number("answered").max(1));
        report.int("client_cpu_ns_per_request", number("cpu_us") * 1_000 / number("answered").max(1));
        report.int("commits", stats.groups - before.groups);
        waits.tell(&mut report, &place, stats.syncs - before.syncs);
        report.int("fdatasync_p50_us", fdatasync);
        Ok(Measured { place, client, report })
    }
}

impl Measured {
    /// Adds what only this bench knows, verifies the books, prints. Nine in ten of the answers must have made
    /// something: the client errs on purpose in a few of a hundred.
    pub(super) fn finish(
        self,
        args: &ServedArgs,
        scratch: &Path,
        add: impl FnOnce(&mut Report, &Place) -> Result<()>,
    ) -> Result<()> {
        let Self { place, client, mut report } = self;
        add(&mut report, &place)?;
        let verdict = if args.no_verify { None } else { Some(place.verify()?) };
        report.verdict(verdict.as_deref());
        report.print(args.json);
        std::fs::remove_dir_all(scratch).context("removing the scratch folder")?;
        let number = |name: &str| client.get(name).and_then(Value::as_u64).unwrap_or(0);
        ensure!(number("failed") == 0, "{} requests failed", number("failed"));
        if number("made") * 10 < number("answered") * 9 {
            bail!("only {} of {} requests made something", number("made"), number("answered"));
        }
        sound(verdict.as_deref())
    }
}

/// Runs the client as a process of its own and reads its figures.
pub(super) fn ask(running: &Running, token: &str, connections: usize, load: &Load<'_>) -> Result<Value> {
    let mut flags = vec!["--connections".to_owned(), connections.to_string()];
    flags.extend(["--requests".to_owned(), load.requests.to_string()]);
    flags.extend(load.client.iter().cloned());
    ask_with(running, token, "http-client", &flags)
}

/// Runs a client by its name with these flags.
pub(super) fn ask_with(running: &Running, token: &str, client: &str, flags: &[String]) -> Result<Value> {
    let child = Command::new(std::env::current_exe()?)
        .args(["bench", client, "--address", &running.address.to_string()])
        .args(flags)
        .env("PURSER_BENCH_TOKEN", token)
        .stdout(Stdio::piped())
        .spawn()
        .context("starting the client")?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the client ended with {}", output.status);
    serde_json::from_slice(&output.stdout).context("the client's figures")
}
