//! `purser bench ledger`: durable transfers through the one posting path.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "indices of a bench on a 64-bit machine, far below every limit"
)]

use std::{collections::VecDeque, sync::mpsc};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use purser_domain::{
    ids::{AccountId, PartyId, TransferId, Uid},
    ledger::{Account, AccountKind, AccountRef, Posted, Step, TransferKind, TransferRequest},
    money::Currency,
};
use purser_engine::{
    Executor, Failure, Job, Limits, Meta, Reply,
    clock::{Clock, Stopwatch},
    ids::IdSource,
    ledger::{OpenAccounts, PostTransfers, TransferOutcome},
};

use super::{
    disk,
    report::{Report, percentile, sound},
};
use crate::store::{Place, StoreArgs};

/// Flags of `purser bench ledger`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct LedgerBench {
    /// Accounts that the transfers are spread over
    #[arg(long, default_value_t = 10_000)]
    accounts: u64,
    /// Transfers to post
    #[arg(long, default_value_t = 4_000_000)]
    transfers: u64,
    /// Transfers per call
    #[arg(long, default_value_t = 8_190)]
    batch: u64,
    /// Every transfer credits one hot account without a floor
    #[arg(long)]
    hot: bool,
    /// Random transfer ids instead of time-ordered ones
    #[arg(long)]
    random_ids: bool,
    /// Writers, each on a connection of its own (PostgreSQL only; a folder has one)
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Calls in flight
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Leave the check of the books out
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const BALANCE: i64 = 1_000_000_000_000;

/// A small generator that needs no library: the bench must not spend its time on randomness.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

type Answer = (Stopwatch, Result<Vec<TransferOutcome>, Failure>);

struct Load<'a> {
    executor: &'a Executor,
    accounts: Vec<AccountId>,
    dice: Dice,
    ids: IdSource,
    clock: Clock,
    old: Vec<TransferRequest>,
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
}

#[derive(Default)]
struct Counts {
    posted: u64,
    replayed: u64,
    refused: u64,
    times: Vec<u64>,
    marks: VecDeque<(u64, u64)>,
}

pub(crate) fn run(args: &LedgerBench) -> Result<()> {
    let scratch = disk::scratch(&args.store, "ledger")?;
    let place = args.store.place_or(&scratch);
    let fdatasync = disk::fdatasync_p50_us(&scratch)?;
    let connections = if matches!(place, Place::Folder(_)) { 1 } else { args.connections.max(1) };
    let limits = Limits { bulk_queue: args.in_flight.max(1), ..Limits::default() };
    let opened = place.open_engine(connections, limits)?;
    let mut load = Load::new(&opened.executor, args);
    load.open_accounts(args)?;
    let before = opened.executor.stats();
    let (size_before, waits) = (place.bytes()?, disk::Syncs::before(&place));
    let watch = Stopwatch::start();
    let mut counts = load.post_all(args, &watch)?;
    let micros = watch.micros().max(1);
    let stats = opened.executor.stats();
    opened.close();
    counts.times.sort_unstable();
    let rows = place.sample_transfers(400_000)?;
    let mut report = Report::default();
    report.text("bench", "ledger");
    report.text("engine", place.engine());
    report.int("transfers_per_s", args.transfers * 1_000_000 / micros);
    report.milli("p50_ms", percentile(&counts.times, 50));
    report.milli("p99_ms", percentile(&counts.times, 99));
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("bytes_per_transfer", place.bytes()?.saturating_sub(size_before) / counts.posted.max(1));
    report.int("accounts", args.accounts);
    report.int("batch", args.batch);
    report.int("connections", connections as u64);
    report.int("in_flight", args.in_flight as u64);
    report.int("transfers", args.transfers);
    report.int("posted", counts.posted);
    report.int("replayed", counts.replayed);
    report.int("refused", counts.refused);
    report.int("commits", stats.groups - before.groups);
    waits.tell(&mut report, &place, stats.syncs - before.syncs);
    report.int("fdatasync_p50_us", fdatasync);
    let (first, last) = first_and_last(&counts.marks);
    report.int("first_million_per_s", first);
    report.int("last_million_per_s", last);
    let bare = disk::bare_sqlite_per_s(
        &scratch,
        &rows,
        args.batch as usize,
        &purser_storage::sqlite::Options::default(),
    )?;
    report.int("bare_sqlite_per_s", bare);
    let verdict = if args.no_verify { None } else { Some(place.verify()?) };
    report.verdict(verdict.as_deref());
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    sound(verdict.as_deref())
}

/// The rate of the default load, for benches that compare themselves with it in the same run.
pub(super) fn transfers_per_s(place: &Place, transfers: u64) -> Result<u64> {
    let args = LedgerBench {
        accounts: 10_000,
        transfers,
        batch: 8_190,
        hot: false,
        random_ids: false,
        connections: 1,
        in_flight: 16,
        no_verify: true,
        store: StoreArgs::default(),
        json: false,
    };
    let opened = place.open_engine(1, Limits { bulk_queue: args.in_flight, ..Limits::default() })?;
    let mut load = Load::new(&opened.executor, &args);
    load.open_accounts(&args)?;
    let watch = Stopwatch::start();
    load.post_all(&args, &watch)?;
    let micros = watch.micros().max(1);
    drop(load);
    opened.close();
    Ok(transfers * 1_000_000 / micros)
}

/// Rates of the first and the last million transfers.
fn first_and_last(marks: &VecDeque<(u64, u64)>) -> (u64, u64) {
    let rate = |from: (u64, u64), to: (u64, u64)| (to.0 - from.0) * 1_000_000 / (to.1 - from.1).max(1);
    let Some(&end) = marks.back() else { return (0, 0) };
    let million = 1_000_000.min(end.0);
    let first = marks.iter().find(|m| m.0 >= million).map_or(0, |m| rate((0, 0), *m));
    let last = marks.iter().rev().find(|m| m.0 + million <= end.0).map_or(first, |m| rate(*m, end));
    (first, last)
}

impl<'a> Load<'a> {
    fn new(executor: &'a Executor, args: &LedgerBench) -> Self {
        let accounts = (0..args.accounts).map(|i| reference(i, args.hot).id()).collect();
        Self {
            executor,
            accounts,
            dice: Dice(0x9e37_79b9_7f4a_7c15),
            ids: IdSource::system(),
            clock: Clock::system(),
            old: Vec::new(),
            answers: mpsc::channel(),
        }
    }

    fn open_accounts(&self, args: &LedgerBench) -> Result<()> {
        for from in (0..args.accounts).step_by(50_000) {
            let list = (from..args.accounts.min(from + 50_000)).map(|i| {
                let reference = reference(i, args.hot);
                (Account::open(&reference), reference)
            });
            let (sender, receiver) = mpsc::channel();
            self.executor.submit_waiting(Job::new(
                OpenAccounts(list.collect()),
                Meta::system(),
                |_| Reply::default(),
                move |outcome| drop(sender.send(outcome)),
            ));
            receiver.recv()??;
        }
        self.fund(args)
    }

    /// Gives every account a balance, out of clearing.
    fn fund(&self, args: &LedgerBench) -> Result<()> {
        let clearing = AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY);
        let mut ids = IdSource::system();
        for chunk in self.accounts.chunks(50_000) {
            let transfers: Vec<TransferRequest> = chunk
                .iter()
                .map(|account| request(ids.next(self.clock.machine()), clearing.id(), *account, BALANCE))
                .collect();
            let (sender, receiver) = mpsc::channel();
            let command = PostTransfers { transfers, atomic: true, accounts: vec![clearing.clone()] };
            self.executor.submit_waiting(Job::new(
                command,
                Meta::system(),
                |_| Reply::default(),
                move |outcome| {
                    drop(sender.send(outcome));
                },
            ));
            receiver.recv()?.with_context(|| format!("funding {} accounts", args.accounts))?;
        }
        Ok(())
    }

    fn post_all(&mut self, args: &LedgerBench, watch: &Stopwatch) -> Result<Counts> {
        let mut counts = Counts::default();
        let (mut sent, mut flying) = (0, 0);
        while sent < args.transfers || flying > 0 {
            while sent < args.transfers && flying < args.in_flight {
                let size = args.batch.min(args.transfers - sent);
                self.send(args, size);
                sent += size;
                flying += 1;
            }
            let (started, outcomes) = self.answers.1.recv()?;
            flying -= 1;
            counts.times.push(started.micros());
            for outcome in outcomes? {
                match outcome {
                    Ok(Posted::New) => counts.posted += 1,
                    Ok(Posted::Replayed) => counts.replayed += 1,
                    Err(_) => counts.refused += 1,
                }
            }
            counts.marks.push_back((counts.posted + counts.replayed + counts.refused, watch.micros()));
        }
        let expected = args.transfers / 100;
        if counts.refused < expected / 2 || counts.replayed + 10_000 < expected / 2 {
            bail!(
                "the load is not what it should be: {} refused, {} replayed",
                counts.refused,
                counts.replayed
            );
        }
        Ok(counts)
    }

    fn send(&mut self, args: &LedgerBench, size: u64) {
        let now = self.clock.machine();
        let mut transfers = Vec::with_capacity(size as usize);
        for _ in 0..size {
            let roll = self.dice.below(100);
            if roll == 0 && !self.old.is_empty() {
                let pick = self.dice.below(self.old.len() as u64) as usize;
                transfers.push(self.old[pick].clone());
                continue;
            }
            let id = if args.random_ids { self.random_id() } else { self.ids.next(now) };
            let debit = 1 + self.dice.below(args.accounts - 1);
            let credit =
                if args.hot { 0 } else { (debit + 1 + self.dice.below(args.accounts - 1)) % args.accounts };
            let amount = if roll == 1 { BALANCE * 1000 } else { 1 + self.dice.below(100) as i64 };
            transfers.push(request(
                id,
                self.accounts[debit as usize],
                self.accounts[credit as usize],
                amount,
            ));
        }
        // A sample of what was sent, to be sent again later: the replays.
        let kept = transfers.iter().step_by(61).filter(|t| t.amount_minor < BALANCE).cloned();
        self.old.extend(kept);
        if self.old.len() > 50_000 {
            self.old.drain(..25_000);
        }
        let sender = self.answers.0.clone();
        let (outcomes, inbox) = mpsc::channel();
        let watch = Stopwatch::start();
        self.executor.submit_waiting(Job::new(
            PostTransfers { transfers, atomic: false, accounts: Vec::new() },
            Meta::system(),
            move |outcome| {
                if let Ok(list) = outcome {
                    drop(outcomes.send(list.clone()));
                }
                Reply::default()
            },
            move |answer| {
                // A group that ran again rendered more than once: the last list is the one that was committed.
                let list = inbox.try_iter().last().unwrap_or_default();
                drop(sender.send((watch, answer.map(|_| list))));
            },
        ));
    }

    fn random_id(&mut self) -> TransferId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.dice.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.dice.next().to_be_bytes());
        TransferId(Uid(bytes))
    }
}

/// Account `index`: a creator's earnings, floored; the hot one is the platform's and has no floor.
fn reference(index: u64, hot: bool) -> AccountRef {
    if hot && index == 0 {
        return AccountRef::platform(AccountKind::Suspense, Currency::CNY);
    }
    let owner = PartyId(Uid::derive("purser bench party", &[&index.to_le_bytes()]));
    AccountRef::party(owner, AccountKind::Earnings, Currency::CNY)
}

fn request(id: TransferId, debit: AccountId, credit: AccountId, amount_minor: i64) -> TransferRequest {
    TransferRequest {
        id,
        step: Step::Post,
        debit,
        credit,
        amount_minor,
        currency: Currency::CNY,
        kind: TransferKind::Manual.code(),
        reference: Uid::NIL,
    }
}
