//! `purser bench withdrawals`: requests through the gate, one per call, the client in another process.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use purser_domain::{
    ids::{PartyId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
};
use purser_engine::{
    Command, Executor, Meta,
    access::{Scope, Scopes},
    call,
    identity::OnboardSandboxParty,
    ids::IdSource,
    ledger::PostTransfers,
    parties::{RegisterParty, party_id},
    withdrawals::BindPayoutAccount,
};
use serde_json::Value;

use super::{
    disk,
    http::{load, scratch, server},
    report::Report,
};
use crate::{
    keys,
    serve::{self, Running, ServeArgs},
    store::StoreArgs,
};

/// Flags of `purser bench withdrawals`.
#[derive(Args)]
pub(crate) struct WithdrawalBench {
    /// Connections that are open at the same time, each with one request under way
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Requests to send
    #[arg(long, default_value_t = 40_000)]
    withdrawals: u64,
    /// Creators who take turns
    #[arg(long, default_value_t = 4_000)]
    creators: u64,
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

/// First balance of every creator, fen.
const BALANCE: i64 = 1_000_000_000;

fn external_id(index: u64) -> String {
    format!("bench-{index}")
}

/// The creator of a number.
pub(super) fn creator(index: u64) -> PartyId {
    party_id(&external_id(index))
}

/// `purser bench withdrawals`.
pub(crate) fn run(args: &WithdrawalBench) -> Result<()> {
    ensure!(args.creators >= 1 && args.connections >= 1, "at least one creator and one connection");
    let scratch = scratch(&args.store, "withdrawals")?;
    let place = args.store.place_or(&scratch.join("data"));
    let fdatasync = disk::fdatasync_p50_us(&scratch)?;
    // First steps are taken by the sandbox's shortcut.
    let running = serve::start(&ServeArgs { sandbox: true, ..server(args.workers, args.writers) }, &place)?;
    prepare(&running, args.creators)?;
    let now = running.app.clock.machine();
    let scopes = Scopes::of(&[Scope::WithdrawalsRequest, Scope::WithdrawalsWithoutCode]);
    let (_, token) = keys::make(&running.app.executor, "bench", scopes, now, None)?;
    let (before, size) = (running.app.executor.stats(), place.bytes());
    let cpu = disk::cpu_micros();
    let client = load(&running, &token, args.connections, args.withdrawals, args.creators, true)?;
    let cpu = disk::cpu_micros() - cpu;
    let stats = running.app.executor.stats();
    running.stop()?;
    let number = |name: &str| client.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut report = Report::default();
    report.text("bench", "withdrawals");
    report.text("engine", place.engine());
    report.int("withdrawals_per_s", number("answered") * 1_000_000 / number("micros").max(1));
    report.milli("p50_ms", number("p50_us"));
    report.milli("p99_ms", number("p99_us"));
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("bytes_per_withdrawal", place.bytes().saturating_sub(size) / number("made").max(1));
    report.int("creators", args.creators);
    report.int("connections", args.connections as u64);
    for name in ["answered", "made", "replayed", "refused"] {
        report.int(name, number(name));
    }
    report.int("server_cpu_ns_per_request", cpu * 1_000 / number("answered").max(1));
    report.int("client_cpu_ns_per_request", number("cpu_us") * 1_000 / number("answered").max(1));
    report.int("commits", stats.groups - before.groups);
    report.int("syncs", stats.syncs - before.syncs);
    report.int("fdatasync_p50_us", fdatasync);
    if !args.no_verify {
        report.text("verify", &place.verify()?);
    }
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    ensure!(number("failed") == 0, "{} requests failed", number("failed"));
    ensure!(number("made") > 0, "no withdrawal was made");
    Ok(())
}

/// Creators with a payout account and money.
fn prepare(running: &Running, creators: u64) -> Result<()> {
    let mut executor = running.app.executor.clone();
    let vault = running.app.vault.clone().context("a bench on a database needs PURSER_SECRETS_KEY")?;
    for index in 0..creators {
        let profile = Profile {
            external_id: external_id(index),
            display_name: external_id(index),
            roles: Roles::NONE.with(Role::Creator),
            legal_form: LegalForm::Individual,
            class: AccountClass::default(),
            metadata: std::collections::BTreeMap::new(),
        };
        ask(&mut executor, RegisterParty(profile))?;
        let party = creator(index);
        ask(&mut executor, BindPayoutAccount::sandbox(party, &external_id(index)))?;
        let vault = Arc::clone(&vault);
        ask(&mut executor, OnboardSandboxParty { vault, party, phone: None, name: None, number: None })?;
    }
    let clearing = AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY);
    let mut ids = IdSource::system();
    for from in (0..creators).step_by(8_000) {
        let mut named: Vec<AccountRef> = (from..creators.min(from + 8_000))
            .map(|index| AccountRef::party(creator(index), AccountKind::Earnings, Currency::CNY))
            .collect();
        let transfers = named.iter().map(|account| TransferRequest {
            id: ids.next(running.app.clock.machine()),
            step: Step::Post,
            debit: clearing.id(),
            credit: account.id(),
            amount_minor: BALANCE,
            currency: Currency::CNY,
            kind: TransferKind::Manual.code(),
            reference: Uid::NIL,
        });
        let transfers = transfers.collect();
        named.push(clearing.clone());
        ask(&mut executor, PostTransfers { transfers, atomic: true, accounts: named })?;
    }
    Ok(())
}

fn ask<C: Command>(executor: &mut Executor, command: C) -> Result<()>
where
    C::Output: Clone,
{
    match call(executor, command, Meta::system())? {
        Ok(_) => Ok(()),
        Err(rejection) => bail!("{}: {}", rejection.code, rejection.message),
    }
}
