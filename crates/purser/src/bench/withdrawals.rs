//! `purser bench withdrawals`: requests through the gate, each with the one-time code that its creator was sent
//! beforehand (P8, X4), one per call, the client in another process.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use purser_domain::{
    ids::{JobId, PartyId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
};
use purser_engine::{
    Limits, Meta,
    access::Scope,
    call,
    clock::{Clock, Stopwatch},
    identity::{IssueCode, OnboardSandboxParty, SEND_CODE, Wanted, run_send_code},
    jobs::{ClaimJob, Hands, due},
    parties::{RegisterParty, party_id},
    rules::found_sandbox,
    sandbox::messages::{outbox, reveal},
    vault::Vault,
    withdrawals::BindPayoutAccount,
};
use purser_rails::SandboxSender;

use super::{
    disk,
    served::{Load, Served, ServedArgs, all, fund},
};
use crate::{
    secrets::SecretsArgs,
    serve::ServeArgs,
    store::{Opened, Place},
};

/// Flags of `purser bench withdrawals`.
#[derive(Args)]
pub(crate) struct WithdrawalBench {
    /// Requests to send; each is of a creator of its own, who has one code
    #[arg(long, default_value_t = 40_000)]
    withdrawals: u64,
    #[command(flatten)]
    served: ServedArgs,
}

/// First balance of every creator, fen.
const BALANCE: i64 = 1_000_000_000;

/// Threads that send codes, so that their commits share groups.
const SENDERS: usize = 16;

fn external_id(index: u64) -> String {
    format!("bench-{index}")
}

/// The creator of a number.
pub(super) fn creator(index: u64) -> PartyId {
    party_id(&external_id(index))
}

/// What the creator of a number withdraws, fen: their code is good for this amount only.
pub(super) fn amount(index: u64) -> i64 {
    100 + i64::try_from(index % 10_000).unwrap_or(0)
}

/// `purser bench withdrawals`.
pub(crate) fn run(args: &WithdrawalBench) -> Result<()> {
    let served = &args.served;
    ensure!(args.withdrawals >= 1 && served.connections >= 1, "at least one withdrawal and one connection");
    let scratch = disk::scratch(&served.store, "withdrawals")?;
    let place = served.store.place_or(&scratch.join("data"));
    let clock = Clock::system();
    let founded = found_sandbox(place.open_writer()?.as_mut(), &clock, clock.business())?;
    ensure!(founded, "the bench needs new books: another --data folder, or another database");
    let secrets = secrets(&place, &scratch)?;
    let watch = Stopwatch::start();
    let codes = scratch.join("codes");
    let digits = prepare(&place, &secrets, served.writers, args.withdrawals)?;
    fs::write(&codes, digits.join("\n")).context("writing the codes for the client")?;
    let prepared = watch.micros();
    // First steps are taken by the sandbox's shortcut, and its phones get the codes.
    let flags = ServeArgs { sandbox: true, secrets, ..served.server() };
    let bench = Served::start(&flags, place, scratch.clone())?;
    let load = Load {
        bench: "withdrawals",
        unit: "withdrawal",
        requests: args.withdrawals,
        scope: Scope::WithdrawalsRequest,
        client: vec!["--codes".to_owned(), codes.display().to_string()],
    };
    bench.measure(served, &load)?.finish(served, &scratch, |report, _| {
        report.int("creators", args.withdrawals);
        report.milli("setup_s", prepared / 1_000);
        Ok(())
    })
}

/// The key of these books. A folder makes its own; a database of a bench is thrown away, and so is its key.
fn secrets(place: &Place, scratch: &Path) -> Result<SecretsArgs> {
    let secrets_key_file = match place {
        Place::Folder(_) => None,
        Place::Postgres(_) => Some(SecretsArgs::file_or_new(&scratch.join("secrets.key"))?),
    };
    Ok(SecretsArgs { secrets_key_file })
}

/// Creators with first steps taken, money, and a code each; returns the codes in order.
fn prepare(place: &Place, secrets: &SecretsArgs, writers: usize, creators: u64) -> Result<Vec<String>> {
    let opened = place.open_engine(writers, Limits::default())?;
    let vault = secrets.admitted(place, &opened.executor)?.context("the bench has no secrets key")?;
    let desk = &opened.executor;
    all(desk, (0..creators).map(|index| RegisterParty(profile(index))))?;
    all(desk, (0..creators).map(|index| BindPayoutAccount::sandbox(creator(index), &external_id(index))))?;
    all(desk, (0..creators).map(|index| first_steps(&vault, index)))?;
    let earnings = |index| AccountRef::party(creator(index), AccountKind::Earnings, Currency::CNY);
    fund(desk, &opened.clock, (0..creators).map(earnings), BALANCE)?;
    let issue = |index| IssueCode {
        vault: Arc::clone(&vault),
        party: creator(index),
        wanted: Wanted::Withdrawal {
            amount_minor: amount(index),
            currency: Currency::CNY,
            destination: None,
        },
    };
    all(desk, (0..creators).map(issue))?;
    send(place, &opened, &vault, creators)?;
    let codes = received(place, &vault, creators);
    opened.close();
    codes
}

fn profile(index: u64) -> Profile {
    Profile {
        external_id: external_id(index),
        display_name: external_id(index),
        roles: Roles::NONE.with(Role::Creator),
        legal_form: LegalForm::Individual,
        class: AccountClass::default(),
        metadata: std::collections::BTreeMap::new(),
    }
}

/// A phone of their own: codes are limited by phone.
fn first_steps(vault: &Arc<Vault>, index: u64) -> OnboardSandboxParty {
    OnboardSandboxParty {
        vault: Arc::clone(vault),
        party: creator(index),
        phone: Some(format!("139{index:08}")),
        name: None,
        number: None,
    }
}

/// Sends what was issued, as a server's worker does, only by several threads.
fn send(place: &Place, opened: &Opened, vault: &Arc<Vault>, creators: u64) -> Result<()> {
    let most = u32::try_from(creators)?.saturating_add(1_000);
    let (business, machine) = (opened.clock.business(), opened.clock.machine());
    let jobs = due(place.open_reader()?.as_mut(), business, machine, most)?;
    let jobs: Vec<JobId> = jobs.into_iter().filter(|job| job.kind == SEND_CODE).map(|job| job.id).collect();
    ensure!(jobs.len() as u64 == creators, "{} codes wait to be sent, not {creators}", jobs.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .chunks(jobs.len().div_ceil(SENDERS))
            .map(|mine| scope.spawn(move || send_some(place, opened, vault, mine)))
            .collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a thread that sends codes panicked"))??;
        }
        Ok(())
    })
}

fn send_some(place: &Place, opened: &Opened, vault: &Arc<Vault>, jobs: &[JobId]) -> Result<()> {
    let (mut desk, mut reads) = (opened.executor.clone(), place.open_reader()?);
    for job in jobs {
        let claimed = call(&mut desk, ClaimJob::of(*job), Meta::system())??;
        let vault = Some(Arc::clone(vault));
        let mut hands = Hands { desk: &mut desk, reads: reads.as_mut(), clock: &opened.clock, vault };
        run_send_code(&mut SandboxSender, &claimed, &mut hands)?;
        reads.rollback();
    }
    Ok(())
}

/// The code that each creator's phone shows.
fn received(place: &Place, vault: &Vault, creators: u64) -> Result<Vec<String>> {
    let mut reads = place.open_reader()?;
    (0..creators)
        .map(|index| {
            let messages = outbox(reads.as_mut(), Some(creator(index)), 1)?;
            let (digits, _) = messages.first().and_then(|row| reveal(vault, row)).context("no code")?;
            Ok(digits)
        })
        .collect()
}
