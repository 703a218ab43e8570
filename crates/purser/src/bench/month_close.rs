//! `purser bench month-close`: closing and publishing a month of the programme for all of its creators (X15).

use std::{collections::BTreeMap, path::PathBuf, sync::mpsc};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use purser_domain::{
    earnings::TaskType,
    ids::PartyId,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{Date, HOUR, Month, Zone},
};
use purser_engine::{
    Job, Limits, Meta, Reply, call,
    clock::{Clock, Stopwatch},
    earnings::{OrderReport, ReportTaskOrders, Reported},
    parties::{RegisterParty, party_id},
    programme::{
        BeginMonthClose, BeginPublication, CLOSE, EnrolCreators, Enrolment, ImportTerms, PUBLISH, TermsItem,
        month_totals,
    },
    rules::{SetClock, found_sandbox},
};

use super::{disk, report::Report};
use crate::{
    cmd::month::work_off,
    store::{Opened, StoreArgs},
};

/// Flags of `purser bench month-close`.
#[derive(Args, Debug)]
pub(crate) struct MonthCloseBench {
    /// Creators with programme income
    #[arg(long, default_value_t = 200_000)]
    creators: u32,
    /// Leave the check of the books out
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The month that is closed; its orders settle on the first day here.
const DAY: Date = Date::constant(2026, 3, 16);
/// Items of a call.
const BATCH: usize = 5_000;

pub(crate) fn run(args: &MonthCloseBench) -> Result<()> {
    let scratch = scratch(&args.store)?;
    let place = args.store.place_or(&scratch);
    let zone = Zone::shanghai();
    let founded = found_sandbox(place.open_writer()?.as_mut(), &Clock::system(), zone.at(DAY, 9, 0))?;
    ensure!(founded, "the bench needs new books: another --data folder, or another database");
    let mut opened = place.open_engine(1, Limits::default())?;
    let mut reads = place.open_reader()?;
    let watch = Stopwatch::start();
    let creators = seed(&mut opened, args.creators, &zone)?;
    let seeded = watch.micros();
    let month = Month::of(DAY);
    let to = zone.at(month.after().first_day(), 9, 0);
    call(&mut opened.executor, SetClock { to }, Meta::system())??;
    let before = opened.executor.stats();
    let watch = Stopwatch::start();
    call(&mut opened.executor, BeginMonthClose { month }, Meta::system())??;
    work_off(&mut opened, reads.as_mut(), CLOSE, month, &mut |_| {})?;
    let drafted = watch.micros();
    call(&mut opened.executor, BeginPublication { month }, Meta::system())??;
    work_off(&mut opened, reads.as_mut(), PUBLISH, month, &mut |_| {})?;
    let closed = watch.micros().max(1);
    let stats = opened.executor.stats();
    let totals = month_totals(reads.as_mut(), month)?;
    let published = totals.get("published").copied().unwrap_or_default();
    ensure!(published.statements == i64::from(args.creators), "published {published:?} of {creators}");
    drop(reads);
    opened.close();
    let mut report = Report::default();
    report.text("bench", "month-close");
    report.text("engine", place.engine());
    report.int("creators", u64::from(args.creators));
    report.int("creators_per_s", u64::from(args.creators) * 1_000_000 / closed);
    report.milli("close_s", closed / 1_000);
    report.milli("draft_s", drafted / 1_000);
    report.milli("publish_s", (closed - drafted) / 1_000);
    report.milli("seed_s", seeded / 1_000);
    report.int("commits", stats.groups - before.groups);
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("fdatasync_p50_us", disk::fdatasync_p50_us(&scratch)?);
    report.int("bytes", place.bytes());
    if !args.no_verify {
        report.text("verify", &place.verify()?);
    }
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    Ok(())
}

fn scratch(store: &StoreArgs) -> Result<PathBuf> {
    let base = store.data.clone().unwrap_or_else(std::env::temp_dir);
    let dir = base.join(format!("purser-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    Ok(dir)
}

fn name(index: u32) -> String {
    format!("creator-{index}")
}

/// Every creator registers, takes part, settles an order and has its terms imported; returns how many.
fn seed(opened: &mut Opened, creators: u32, zone: &Zone) -> Result<usize> {
    let all: Vec<u32> = (0..creators).collect();
    register(opened, &all)?;
    let accepted_at = zone.at(DAY, 9, 0).plus(-24 * HOUR);
    for chunk in all.chunks(BATCH) {
        let parties: Vec<PartyId> = chunk.iter().map(|index| party_id(&name(*index))).collect();
        let enrol = |creator: &PartyId| Enrolment { creator: *creator, from_on: DAY, to_on: None };
        let items = parties.iter().map(enrol).collect();
        let refused = call(&mut opened.executor, EnrolCreators { items, single: false }, Meta::system())??;
        ensure!(refused.iter().all(Result::is_ok), "a creator was not taken in");
        let orders = chunk.iter().zip(&parties).map(|(index, creator)| OrderReport {
            external_id: format!("order-{index}"),
            creator: *creator,
            task_type: TaskType::Video,
            title: String::new(),
            amount_minor: 10_000 + i64::from(*index),
            currency: Currency::CNY,
            accepted_at,
            status: Reported::Completed(accepted_at.plus(HOUR)),
        });
        let report = ReportTaskOrders { items: orders.collect(), single: false };
        let refused = call(&mut opened.executor, report, Meta::system())??;
        ensure!(refused.iter().all(Result::is_ok), "an order was not taken");
        let terms = |creator: &PartyId| TermsItem {
            creator: *creator,
            month: Month::of(DAY),
            fee_ppm: Some(100_000),
            fee_minor: None,
            incentive_minor: 300,
        };
        let items = parties.iter().map(terms).collect();
        let refused = call(&mut opened.executor, ImportTerms { items }, Meta::system())??;
        ensure!(refused.iter().all(Result::is_ok), "terms were not taken");
    }
    Ok(all.len())
}

/// Registers creators, many at a time.
fn register(opened: &Opened, all: &[u32]) -> Result<()> {
    for chunk in all.chunks(BATCH) {
        let (sender, receiver) = mpsc::channel();
        for index in chunk {
            let profile = Profile {
                external_id: name(*index),
                display_name: name(*index),
                roles: [Role::Creator].into_iter().collect(),
                legal_form: LegalForm::Individual,
                class: AccountClass::Ordinary,
                metadata: BTreeMap::new(),
            };
            let sender = sender.clone();
            let done = move |outcome| drop(sender.send(outcome));
            let job = Job::new(RegisterParty(profile), Meta::system(), |_| Reply::default(), done);
            opened.executor.submit_waiting(job);
        }
        drop(sender);
        for outcome in receiver {
            outcome?;
        }
    }
    Ok(())
}
