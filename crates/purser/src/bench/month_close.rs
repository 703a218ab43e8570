//! `purser bench month-close`: closing and publishing a month of the programme for all of its creators (X15).

use std::collections::BTreeMap;

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
    Limits, Meta, call,
    clock::{Clock, Stopwatch},
    earnings::{OrderReport, ReportTaskOrders, Reported},
    parties::{RegisterParty, party_id},
    programme::{
        BeginMonthClose, BeginPublication, CLOSE, EnrolCreators, Enrolment, ImportTerms, PUBLISH, TermsItem,
        month_totals,
    },
    rules::{SetClock, found_sandbox},
};

use super::{
    disk,
    report::{Report, sound},
    served::all,
};
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
    let scratch = disk::scratch(&args.store, "month-close")?;
    let place = args.store.place_or(&scratch.join("data"));
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
    report.int("bytes", place.bytes()?);
    let verdict = if args.no_verify { None } else { Some(place.verify()?) };
    report.verdict(verdict.as_deref());
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    sound(verdict.as_deref())
}

fn name(index: u32) -> String {
    format!("creator-{index}")
}

fn profile(index: u32) -> Profile {
    Profile {
        external_id: name(index),
        display_name: name(index),
        roles: [Role::Creator].into_iter().collect(),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    }
}

/// Every creator registers, takes part, settles an order and has its terms imported; returns how many.
fn seed(opened: &mut Opened, creators: u32, zone: &Zone) -> Result<usize> {
    all(&opened.executor, (0..creators).map(|index| RegisterParty(profile(index))))?;
    let everybody: Vec<u32> = (0..creators).collect();
    let accepted_at = zone.at(DAY, 9, 0).plus(-24 * HOUR);
    for chunk in everybody.chunks(BATCH) {
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
            metadata: None,
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
    Ok(everybody.len())
}
