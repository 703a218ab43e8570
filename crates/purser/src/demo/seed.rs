//! Twelve months of business, played through the same commands that the API uses, on the test clock.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use purser_domain::{
    earnings::{Stage, TaskType},
    ids::PartyId,
    metadata::Metadata,
    money::Currency,
    time::{DAY, Date, HOUR, MINUTE, Timestamp, Zone},
};
use purser_engine::{
    Executor, Limits, Meta, call,
    clock::Clock,
    earnings::{OrderReport, ReportTaskOrders, Reported, overview},
    identity::{Given, OnboardSandboxParty},
    ledger::TopUpFloat,
    parties::RegisterParty,
    rules::{SetClock, found_sandbox},
    sandbox::set_faults,
    vault::Vault,
    withdrawals::{Asked, BindPayoutAccount, RequestWithdrawal},
};
use purser_storage::Session;

use super::{
    ads::{self, Ads},
    agency::Agency,
    cast::{self, Creator, Dice},
    shops::Shops,
    state::Complete,
};
use crate::{
    secrets::SecretsArgs,
    store::{Opened, Place},
    work,
};

/// The demo's year: inside the years whose working days are built in.
const FIRST_DAY: Date = Date::constant(2025, 7, 1);
const DAYS: i64 = 365;
/// What the dice begin with: the demo is the same for everybody.
const SEED: u64 = 20_250_701;
/// Creators; with the others there are about 200 parties.
const CREATORS: usize = 180;
/// Share of payouts that meet a fault of the sandbox, parts per million.
const FAULTS: i64 = 50_000;

/// An order under way.
struct Open {
    report: OrderReport,
    ends_on: i64,
    cancelled: bool,
}

struct Play {
    opened: Opened,
    reads: Box<dyn Session>,
    jobs: purser_engine::jobs::Registry,
    vault: Arc<Vault>,
    dice: Dice,
    creators: Vec<(Creator, PartyId)>,
    open: Vec<Open>,
    number: u32,
    shops: Option<Shops>,
    ads: Option<Ads>,
    agency: Option<Agency>,
}

/// Fills new books with the demo's year. Books that hold it already are left alone.
///
/// # Errors
/// Storage faults, or books that are in use for something else.
pub(crate) fn seed(place: &Place, secrets: &SecretsArgs, quiet: bool) -> Result<()> {
    let zone = Zone::shanghai();
    let begins_at = zone.at(FIRST_DAY, 9, 0);
    let founded = found_sandbox(place.open_writer()?.as_mut(), &Clock::system(), begins_at)?;
    anyhow::ensure!(founded, "the demo needs an empty --data folder");
    let opened = place.open_engine(1, Limits::default())?;
    let vault = secrets.admitted(place, &opened.executor)?.context("the demo needs a secrets key")?;
    let reads = place.open_reader()?;
    let mut play = Play {
        opened,
        reads,
        jobs: work::sandbox_registry().with_vault(Some(Arc::clone(&vault))),
        vault,
        dice: Dice::new(SEED),
        creators: Vec::new(),
        open: Vec::new(),
        number: 0,
        shops: None,
        ads: None,
        agency: None,
    };
    play.prologue()?;
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(u64::try_from(DAYS).unwrap_or(1)) };
    if let Ok(style) = ProgressStyle::with_template("seeding twelve months {bar:40} {pos}/{len} days") {
        bar.set_style(style);
    }
    for day in 0..DAYS {
        let at = begins_at.plus(day * DAY);
        play.day(day, at, &zone)?;
        bar.inc(1);
    }
    call(play.desk(), Complete, Meta::system())??;
    bar.finish_and_clear();
    play.opened.close();
    Ok(())
}

/// Shown name of a creator of the demo; the id when the demo has no such creator.
pub(crate) fn creator_name(external_id: &str) -> String {
    let creators = cast::creators(CREATORS, &mut Dice::new(SEED));
    let found = creators.into_iter().find(|creator| creator.profile.external_id == external_id);
    found.map_or_else(|| external_id.to_owned(), |creator| creator.profile.display_name)
}

impl Play {
    fn desk(&mut self) -> &mut Executor {
        &mut self.opened.executor
    }

    /// Everybody registers and binds a payout account; the platform tops up its float.
    fn prologue(&mut self) -> Result<()> {
        for creator in cast::creators(CREATORS, &mut self.dice) {
            let party = call(self.desk(), RegisterParty(creator.profile.clone()), Meta::system())??.id;
            let number = format!("{}.{}", creator.profile.external_id, creator.fate);
            call(self.desk(), BindPayoutAccount::sandbox(party, &number), Meta::system())??;
            let vault = Arc::clone(&self.vault);
            let steps = OnboardSandboxParty { vault, party, phone: None, name: None, number: None };
            call(self.desk(), steps, Meta::system())??;
            self.creators.push((creator, party));
        }
        for profile in cast::others() {
            call(self.desk(), RegisterParty(profile), Meta::system())??;
        }
        call(self.desk(), set_faults(FAULTS), Meta::system())??;
        let (vault, today) = (Arc::clone(&self.vault), self.opened.clock.business());
        self.shops = Some(Shops::open(self.desk(), &vault, today)?);
        self.agency = Some(Agency::open(self.desk(), today, FIRST_DAY)?);
        Ok(())
    }

    fn day(&mut self, day: i64, at: Timestamp, zone: &Zone) -> Result<()> {
        if day > 0 {
            call(self.desk(), SetClock { to: at }, Meta::system())??;
        }
        self.advertise(day, at, 9)?;
        if day % 30 == 0 {
            self.top_up(day)?;
        }
        let items = self.business_of(day, at);
        if !items.is_empty() {
            call(self.desk(), ReportTaskOrders { items, single: false }, Meta::system())??;
        }
        if let Some(agency) = &mut self.agency {
            let last = zone.date(at.plus((DAYS - 1 - day) * DAY));
            agency.day(&mut self.opened.executor, self.reads.as_mut(), at, (zone.date(at), last))?;
        }
        self.withdraw(zone.date(at))?;
        if let Some(shops) = &mut self.shops {
            shops.day(&mut self.opened.executor, self.reads.as_mut(), day, at)?;
        }
        // Queries and callbacks come due a little later the same day.
        for minutes in [1, 10, 60] {
            call(self.desk(), SetClock { to: at.plus(minutes * MINUTE) }, Meta::system())??;
            self.work()?;
        }
        self.advertise(day, at, 10)?;
        if day == DAYS - 1 {
            // The demo is looked at from here.
            return Ok(());
        }
        for hour in 11..24 {
            self.advertise(day, at, hour)?;
        }
        if let Some(shops) = &mut self.shops {
            shops.night(&mut self.opened.executor, day, at)?;
        }
        for hour in 24..33 {
            self.advertise(day, at, hour)?;
        }
        Ok(())
    }

    /// The hour before a full one, which is now or to come; beyond 24 it is the next day's morning.
    fn advertise(&mut self, day: i64, at: Timestamp, hour: i64) -> Result<()> {
        if day < DAYS - ads::DAYS {
            return Ok(());
        }
        let until = at.plus((hour - 9) * HOUR);
        if self.ads.is_none() {
            self.ads = Some(Ads::open(&mut self.opened.executor, at.plus((DAYS - 1 - day) * DAY))?);
            self.work()?;
        }
        if hour > 10 {
            call(self.desk(), SetClock { to: until }, Meta::system())??;
        }
        if let Some(ads) = &mut self.ads {
            ads.span(&mut self.opened.executor, self.reads.as_mut(), (until.plus(-HOUR), until))?;
        }
        self.work()
    }

    fn top_up(&mut self, day: i64) -> Result<()> {
        let reference = format!("demo top-up {}", day / 30 + 1);
        let command = TopUpFloat {
            rail: "sandbox".to_owned(),
            amount_minor: 60_000_000,
            currency: Currency::CNY,
            reference,
        };
        call(self.desk(), command, Meta::system())??;
        Ok(())
    }

    fn work(&mut self) -> Result<()> {
        let clock = self.opened.clock.clone();
        while work::step(&mut self.opened.executor, self.reads.as_mut(), &clock, &mut self.jobs)? > 0 {}
        Ok(())
    }

    /// Orders that were accepted, worked on, completed or cancelled since yesterday.
    fn business_of(&mut self, day: i64, at: Timestamp) -> Vec<OrderReport> {
        let mut items = Vec::new();
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|order| {
            if order.ends_on > day {
                return true;
            }
            order.report.status = if order.cancelled {
                Reported::Cancelled(Stage::ScriptUploaded, at.plus(-10 * MINUTE))
            } else {
                Reported::Completed(at.plus(-10 * MINUTE))
            };
            items.push(order.report.clone());
            false
        });
        self.open = open;
        let season = if (60..140).contains(&day) { 6 } else { 0 };
        for _ in 0..4 + self.dice.below(6 + season) {
            if let Some(order) = self.new_order(day, at) {
                items.push(order.report.clone());
                self.open.push(order);
            }
        }
        items
    }

    fn new_order(&mut self, day: i64, at: Timestamp) -> Option<Open> {
        let total: i64 = self.creators.iter().map(|(c, _)| c.weight).sum();
        let mut left = self.dice.below(total);
        let (creator, party) = self.creators.iter().find(|(c, _)| {
            left -= c.weight;
            left < 0
        })?;
        self.number += 1;
        let amount_minor = creator.price * 100 * (50 + self.dice.below(150)) / 100;
        let live = self.dice.chance(20);
        let titles = ["新品开箱", "节日种草", "品牌直播", "探店体验", "使用教程"];
        let report = OrderReport {
            external_id: format!("demo-order-{:05}", self.number),
            creator: *party,
            task_type: if live { TaskType::Live } else { TaskType::Video },
            title: (*self.dice.pick(&titles)?).to_owned(),
            metadata: None,
            amount_minor,
            currency: Currency::CNY,
            accepted_at: at.plus(-self.dice.below(8 * HOUR / MINUTE) * MINUTE),
            status: Reported::InProgress(Stage::NotStarted),
        };
        Some(Open { report, ends_on: day + 3 + self.dice.below(18), cancelled: self.dice.chance(8) })
    }

    /// Some creators take their money out.
    fn withdraw(&mut self, today: Date) -> Result<()> {
        for _ in 0..4 {
            let Some(party) = self.dice.pick(&self.creators).map(|(_, party)| *party) else { continue };
            let state = overview(self.reads.as_mut(), party, Currency::CNY, today)?;
            if state.withdrawable_minor < 10_000 {
                continue;
            }
            let all = self.dice.chance(70);
            let amount_minor = if all { None } else { Some(state.withdrawable_minor / 2) };
            let request = RequestWithdrawal {
                party,
                asked: Asked::Earnings,
                amount_minor,
                currency: Currency::CNY,
                destination: None,
                code: Given::Waived,
                person: None,
                metadata: Metadata::new(),
                dry_run: false,
            };
            // A refusal (a company is paid another way) is part of the play.
            let _ = call(self.desk(), request, Meta::system())?;
        }
        Ok(())
    }
}
