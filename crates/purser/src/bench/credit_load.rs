//! What `purser bench credit` puts into its books.

use std::{collections::BTreeMap, sync::mpsc};

use anyhow::{Result, bail, ensure};
use purser_domain::{
    credit::{Component, Dsr, MonthFacts, Source},
    money::{Currency, Rate},
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{Date, Month, Timestamp},
};
use purser_engine::{
    Executor, Failure, Job, Meta, Reply, call,
    clock::Stopwatch,
    credit::{OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopReport, risk::Told},
    parties::RegisterParty,
};

use super::{
    credit::{limit_shop, merchant, merchant_name, shop_name},
    served::all,
};
use crate::store::Opened;

/// Items of a call that prepares.
const BATCH: u64 = 5_000;
/// A limit that no order of the bench comes near, minor units.
const AMPLE: i64 = 10_000_000_000_000;
/// Bulk calls under way.
const IN_FLIGHT: u64 = 16;

/// Merchants, many in a commit.
fn register(executor: &Executor, names: impl Iterator<Item = String>) -> Result<()> {
    let profile = |name: String| Profile {
        external_id: name.clone(),
        display_name: name,
        roles: [Role::Merchant].into_iter().collect(),
        legal_form: LegalForm::Enterprise,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    all(executor, names.map(|name| RegisterParty(profile(name))))
}

fn report_all(executor: &mut Executor, items: Vec<(purser_domain::ids::PartyId, ShopReport)>) -> Result<()> {
    let outcomes = call(executor, ReportShops { items, single: false }, Meta::system())??;
    match outcomes.into_iter().find_map(Result::err) {
        Some(no) => bail!("a shop was refused: {}: {}", no.code, no.message),
        None => Ok(()),
    }
}

/// A shop that opened two years before `today`.
fn shop(today: Date, amount_minor: i64) -> ShopReport {
    let opened_on = Month::of(today).plus(-24).first_day();
    let component =
        Component { source: Source::CreditEvaluation, amount_minor, since: opened_on, until: None };
    ShopReport {
        opened_on: Some(opened_on),
        level: Some(3),
        components: vec![component],
        ..ShopReport::default()
    }
}

/// Merchants with an ample limit.
pub(super) fn prepare_merchants(executor: &mut Executor, merchants: u64, today: Date) -> Result<()> {
    for from in (0..merchants).step_by(usize::try_from(BATCH)?) {
        let range = from..merchants.min(from + BATCH);
        register(executor, range.clone().map(merchant_name))?;
        report_all(executor, range.map(|index| (merchant(index), shop(today, AMPLE))).collect())?;
    }
    Ok(())
}

/// Shops with a year of months: some good, some busy, some with many returns, so that every rule of the formula has
/// something to look at.
pub(super) fn prepare_shops(executor: &mut Executor, shops: u64, today: Date) -> Result<()> {
    for from in (0..shops).step_by(usize::try_from(BATCH)?) {
        let range = from..shops.min(from + BATCH);
        register(executor, range.clone().map(shop_name))?;
        let items = range.map(|index| (limit_shop(index), with_year(index, today)));
        report_all(executor, items.collect())?;
    }
    Ok(())
}

fn with_year(index: u64, today: Date) -> ShopReport {
    let part = |below: u64| i64::try_from(index % below).unwrap_or(0);
    let rating = 460 + u16::try_from(index % 40).unwrap_or(0);
    let dsr = Some(Dsr { description: rating, service: rating, logistics: rating });
    let facts = MonthFacts {
        orders: 300 + u32::try_from(index % 500).unwrap_or(0),
        turnover_minor: 1_000_000 + part(9_000_000),
        return_rate: Rate::ppm(part(160_000)),
        dsr,
    };
    let months = (1..=12).map(|back| (Month::of(today).plus(-back), facts)).collect();
    let return_rate = Some(Rate::ppm(part(120_000)));
    ShopReport { months, return_rate, trainings: vec![today], ..shop(today, 1_000_000 + part(5_000_000)) }
}

/// Reports the first shop again and again with another return rate: an evaluation each time.
pub(super) fn deepen(executor: &mut Executor, times: u64) -> Result<()> {
    for from in (0..times).step_by(usize::try_from(BATCH)?) {
        let range = from..times.min(from + BATCH);
        let item = |n: u64| {
            let return_rate = Some(Rate::ppm(i64::try_from(n % 2).unwrap_or(0) * 110_000 + 1));
            (limit_shop(0), ShopReport { return_rate, ..ShopReport::default() })
        };
        report_all(executor, range.map(item).collect())?;
    }
    Ok(())
}

/// Orders that are authorised, shipped and paid in bulk.
pub(super) struct Orders {
    pub(super) count: u64,
    pub(super) merchants: u64,
    pub(super) batch: u64,
}

impl Orders {
    /// Sends all events; returns how many, and how long it took, µs.
    pub(super) fn send(&self, opened: &Opened) -> Result<(u64, u64)> {
        let at = opened.clock.business();
        let (sender, receiver) = mpsc::channel::<Result<usize, Failure>>();
        let (mut flying, mut events) = (0u64, 0u64);
        let watch = Stopwatch::start();
        let settle = |wait: u64, flying: &mut u64| -> Result<()> {
            while *flying > wait {
                let refused = receiver.recv()??;
                ensure!(refused == 0, "{refused} events of a bulk call were refused");
                *flying -= 1;
            }
            Ok(())
        };
        for from in (0..self.count).step_by(usize::try_from(self.batch)?) {
            for step in 0..3 {
                let range = from..self.count.min(from + self.batch);
                let items: Vec<OrderReport> = range.map(|index| self.item(index, step, at)).collect();
                events += items.len() as u64;
                let (refused, done) = (mpsc::channel(), sender.clone());
                let (tell, told) = refused;
                opened.executor.submit_waiting(Job::new(
                    ReportCreditOrders { items, single: false },
                    Meta::system(),
                    move |outcome| {
                        let refused =
                            outcome.as_ref().map(|all| all.iter().filter(|one| one.is_err()).count());
                        // The other end is read when the call is done.
                        let _ = tell.send(refused.unwrap_or(1));
                        Reply::default()
                    },
                    // A group that ran again rendered more than once: the last count is the one that was committed.
                    move |outcome| {
                        drop(done.send(outcome.map(|_| told.try_iter().last().unwrap_or(1))));
                    },
                ));
                flying += 1;
                settle(IN_FLIGHT - 1, &mut flying)?;
            }
        }
        settle(0, &mut flying)?;
        Ok((events, watch.micros()))
    }

    fn item(&self, index: u64, step: u64, at: Timestamp) -> OrderReport {
        let amount_minor = 1 + i64::try_from(index % 50_000).unwrap_or(0);
        let event = match step {
            0 => OrderEvent::Authorised(amount_minor, None),
            1 => OrderEvent::Shipped(None),
            _ => OrderEvent::Paid(amount_minor),
        };
        OrderReport {
            order_id: format!("bulk-{index}"),
            event_id: event.name().to_owned(),
            merchant: merchant(index % self.merchants),
            event,
            currency: Currency::CNY,
            at,
            told: Told::default(),
        }
    }
}
