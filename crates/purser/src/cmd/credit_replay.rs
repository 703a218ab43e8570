//! Replaying pay-later orders on the test clock: business days pass one by one; every morning the day before is
//! reported, what is due runs, on the first of a month the shops' months are reported, and the books are verified.

use std::collections::BTreeMap;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use purser_domain::{
    ids::PartyId,
    time::{Date, Month, Timestamp, Zone},
};
use purser_engine::{
    Meta, Session, call,
    credit::{ReportShops, ShopReport},
    jobs::{ArmSchedules, Registry, SCHEDULES, run_due},
    parties::party_id,
    rules::SetClock,
    verify::VerifiedState,
};

use super::{
    CLI, Stop,
    credit_csv::CreditLine,
    credit_import::{BATCH, Sender, Sent, Told, in_time_order},
    credit_metrics::Metrics,
    month,
    verify::verified,
};
use crate::store::{Opened, Place};

/// The hour at which a day is reported that is over: after the jobs of the night are due.
const MORNING: i8 = 10;
/// Kinds of jobs that pass the days here.
const JOBS: &str = "credit.";

/// What a replay did beside taking rows in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Passed {
    /// Days on which the clock was moved.
    pub(super) days: u32,
    /// Verifications of what was new.
    pub(super) incremental: u32,
    /// Verifications of everything.
    pub(super) full: u32,
}

/// Books and file of a replay on its way.
struct Replay<'a> {
    place: &'a Place,
    opened: &'a mut Opened,
    reads: Box<dyn Session>,
    jobs: Registry,
    lines: &'a [CreditLine],
    told: Vec<Told>,
    metrics: Metrics,
    opened_on: BTreeMap<PartyId, Date>,
    zone: Zone,
    sender: Sender,
    verified: Option<VerifiedState>,
    passed: Passed,
    bar: ProgressBar,
}

/// Replays a file on a sandbox. What is in the books already changes nothing, so that one that was interrupted goes on
/// where it was.
pub(super) fn replay(
    place: &Place,
    opened: &mut Opened,
    lines: &[CreditLine],
    opened_on: BTreeMap<PartyId, Date>,
    begun: bool,
    bar: &ProgressBar,
) -> Result<(Sent, Passed)> {
    let zone = Zone::shanghai();
    let mut reads = place.open_reader()?;
    if matches!(place, Place::Folder(_)) {
        month::free(opened, reads.as_mut())?;
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} events, {msg}, {eta} left");
    let bar = bar.clone().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let told = in_time_order(lines);
    bar.set_length(told.len() as u64);
    let mut replay = Replay {
        place,
        opened,
        reads,
        jobs: Registry::new().with_builtin().only(JOBS),
        lines,
        told,
        metrics: Metrics::of(lines, &zone),
        opened_on,
        zone,
        sender: Sender::default(),
        verified: None,
        passed: Passed::default(),
        bar,
    };
    replay.run(begun)?;
    replay.bar.finish_and_clear();
    Ok((replay.sender.sent(lines), replay.passed))
}

impl Replay<'_> {
    fn now(&self) -> Timestamp {
        self.opened.clock.business()
    }

    /// When a day is reported.
    fn reported_at(&self, day: Date) -> Timestamp {
        self.zone.at(day.tomorrow().unwrap_or(day), MORNING, 0)
    }

    fn run(&mut self, begun: bool) -> Result<()> {
        let (Some(first), Some(last)) = (self.told.first().copied(), self.told.last().copied()) else {
            return Ok(());
        };
        let (first, last) = (self.zone.date(first.at), self.zone.date(last.at));
        if self.reported_at(first) < self.now() && !begun {
            let text = format!(
                "the clock of these books stands at {}, after the first order ({first}): a replay begins before it; \
                 `purser migrate --sandbox --begins-at DATE` makes books that do",
                self.now()
            );
            return Err(Stop::Failed(text).into());
        }
        let armed = SCHEDULES.iter().filter(|schedule| schedule.kind.starts_with(JOBS)).copied().collect();
        call(&mut self.opened.executor, ArmSchedules(armed), Meta::system())??;
        let mut next = self.catch_up()?;
        let mut day = self.zone.date(self.now()).min(first);
        while day <= last {
            if self.reported_at(day) > self.now() {
                next = self.pass(day, next)?;
            }
            day = day.tomorrow()?;
        }
        self.verify(true)
    }

    /// Reports again what lies behind the clock: an earlier run came that far. Returns the first event after it.
    fn catch_up(&mut self) -> Result<usize> {
        let now = self.now();
        let behind = self.told.partition_point(|told| self.reported_at(self.zone.date(told.at)) <= now);
        self.send(0, behind)?;
        let today = self.zone.date(now);
        let month = Month::of(today);
        let this = month.first_day();
        let seen = self.zone.at(this, MORNING, 0) <= now;
        if behind > 0 {
            self.report_months(if seen { this } else { month.before().first_day() })?;
        }
        Ok(behind)
    }

    fn send(&mut self, from: usize, to: usize) -> Result<()> {
        let told = self.told.get(from..to).unwrap_or_default();
        self.sender.send(&mut self.opened.executor, self.lines, told, &self.bar)
    }

    /// A day is over and its events are reported the next morning.
    fn pass(&mut self, day: Date, next: usize) -> Result<usize> {
        let at = self.reported_at(day);
        self.bar.set_message(day.to_string());
        let meta = Meta { actor: CLI.to_owned(), ..Meta::system() };
        call(&mut self.opened.executor, SetClock { to: at }, meta)??;
        let end = self.told.partition_point(|told| self.zone.date(told.at) <= day);
        self.send(next, end)?;
        let clock = self.opened.clock.clone();
        while run_due(&mut self.opened.executor, self.reads.as_mut(), &clock, &mut self.jobs)? > 0 {}
        let today = self.zone.date(at);
        if today.day() == 1 {
            self.report_months(today)?;
        }
        self.passed.days += 1;
        self.verify(today.day() == 1)?;
        Ok(end)
    }

    /// Reports the full months before the first day of a month. Those that were reported before say the same.
    fn report_months(&mut self, first: Date) -> Result<()> {
        let mut items = Vec::new();
        for shop in self.metrics.shops() {
            let party = party_id(shop);
            let Some(opened_on) = self.opened_on.get(&party) else { continue };
            if *opened_on < first {
                let months = self.metrics.months(shop, *opened_on, first);
                let return_rate = Some(self.metrics.return_rate(shop, first));
                items.push((party, ShopReport { months, return_rate, ..ShopReport::default() }));
            }
        }
        for chunk in items.chunks(BATCH) {
            let command = ReportShops { items: chunk.to_vec(), single: false };
            let outcomes = call(&mut self.opened.executor, command, Meta::system())??;
            if let Some(no) = outcomes.into_iter().find_map(Result::err) {
                let text = format!("the month before {first} was refused ({}): {}", no.code, no.message);
                return Err(Stop::Failed(text).into());
            }
        }
        Ok(())
    }

    /// Verifies what is new since the last time, or everything.
    fn verify(&mut self, full: bool) -> Result<()> {
        let since = self.verified.as_ref().filter(|_| !full);
        let (incremental, whole) = if since.is_some() { (1, 0) } else { (0, 1) };
        self.verified = verified(self.place, self.reads.as_mut(), since)?;
        self.passed.incremental += incremental;
        self.passed.full += whole;
        Ok(())
    }
}
