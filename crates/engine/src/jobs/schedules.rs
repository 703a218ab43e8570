//! What comes round: singleton jobs with derived ids that make themselves due again in the commit of their effect.

use purser_domain::time::{MINUTE, Timestamp, Zone};

use super::{
    CleanIdempotency, CleanJobs, Hands, Lease, Ran, Registry, ReleaseExpiredHolds, RunError, Runner,
    WarnOfCalendar, commands::Claimed, derived_id, ready,
};
use crate::{
    ads::{AUTO_TOP_UP, CLOSE_MAX, CloseAdDays, ExpireGrants, PayArrears, PruneClicks, run_auto_top_up},
    bank_files::plan_close,
    cases::TendCases,
    chain::TakeCheckpoint,
    command::{Command, Ctx, Rejection},
    corporate::{FOLLOW, ListMonth, TendStatements, run_follow},
    credit::{
        CloseShops, EVALUATE_MAX, EvaluateDueShops, ExpireOrders, FollowTerms, RemindOfBoosts, TellShops,
    },
    earnings::DateOrders,
    facts::Facts,
    programme::{CLOSE, CLOSE_STEP, CloseMonth, PUBLISH, TendMonths},
    reconcile::{MATCH, run_match},
    rows::{JobRow, JobState},
    tx::{Needs, Tx},
    webhooks::CleanDeliveries,
    withdrawals::{BOOK_CHARGE, TendWithdrawals, WatchFloat, run_book_charge},
};

/// How often something comes round, in business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// At every full multiple of so many minutes.
    Minutes(i64),
    /// The same, and at this instant where that comes before.
    MinutesOrAt(i64, Timestamp),
    /// Every civil day at this hour and minute of the business zone.
    DayAt(i8, i8),
}

impl Every {
    /// The first time after `now`. A clock that jumped over many of them leaves one: what comes round catches up in
    /// a single run.
    pub fn next(self, now: Timestamp, zone: &Zone) -> Timestamp {
        match self {
            Self::Minutes(minutes) => {
                let period = minutes.max(1).saturating_mul(MINUTE);
                Timestamp(now.0.div_euclid(period).saturating_add(1).saturating_mul(period))
            }
            Self::MinutesOrAt(minutes, at) => {
                let next = Self::Minutes(minutes).next(now, zone);
                if at > now { next.min(at) } else { next }
            }
            Self::DayAt(hour, minute) => {
                let today = zone.date(now);
                let at = zone.at(today, hour, minute);
                if at > now { at } else { zone.at(today.tomorrow().unwrap_or(today), hour, minute) }
            }
        }
    }
}

/// Something that comes round.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Kind of its job; there is one such job.
    pub kind: &'static str,
    /// How often.
    pub every: Every,
}

/// Hashes the heads of all lanes (P3).
const CHECKPOINT: Schedule = Schedule { kind: "chain.checkpoint", every: Every::Minutes(1) };
/// Gives back what expired holds reserve (P1), close to their instant: until then it still counts as reserved.
const EXPIRY: Schedule = Schedule { kind: "holds.expire", every: Every::Minutes(1) };
/// Forgets old outcomes (P19).
const CLEAN: Schedule = Schedule { kind: "idempotency.clean", every: Every::DayAt(4, 0) };
/// Clears finished jobs away (P22).
const CLEAN_JOBS: Schedule = Schedule { kind: "jobs.clean", every: Every::DayAt(4, 20) };
/// Dates orders that wait for a year of the calendar (P5).
const DATE_ORDERS: Schedule = Schedule { kind: "task_orders.date", every: Every::Minutes(1) };
/// Says which calendar years are missing (P5).
const CALENDAR: Schedule = Schedule { kind: "calendar.warn", every: Every::DayAt(8, 0) };

/// Dates cases, and tells the desk of those that are overdue (P26).
const TEND_CASES: Schedule = Schedule { kind: "cases.tend", every: Every::Minutes(1) };
/// Closes bank files whose cut-off has come (P10).
const CLOSE_BANK_FILES: Schedule = Schedule { kind: "bank_files.close", every: Every::Minutes(1) };
/// Lists what corporate payees are to be paid for, once its month is due (X16).
const LIST_SETTLEMENTS: Schedule = Schedule { kind: "settlements.list", every: Every::DayAt(0, 10) };
/// Dates settlement statements, and tells the desk of those that are overdue (X16).
const TEND_SETTLEMENTS: Schedule = Schedule { kind: "settlements.tend", every: Every::Minutes(1) };
/// Puts overdue withdrawals before staff, and dates what waits for funds (X11, X12).
const TEND_WITHDRAWALS: Schedule = Schedule { kind: "withdrawals.tend", every: Every::Minutes(1) };
/// Tells of low float (P12).
const WATCH_FLOAT: Schedule = Schedule { kind: "float.watch", every: Every::Minutes(1) };
/// Takes away files that nobody named ([`crate::files::sweep`]). Whoever has the file store arms and runs it; it is
/// not one of [`SCHEDULES`].
pub const SWEEP_FILES: Schedule = Schedule { kind: "files.sweep", every: Every::DayAt(4, 40) };

/// Closes months of the programme that have ended, and publishes them where policy says so (X15).
const TEND_MONTHS: Schedule = Schedule { kind: "programme.tend", every: Every::DayAt(0, 30) };

/// Evaluates pay-later limits on which a date bears (C8).
const EVALUATE_SHOPS: Schedule = Schedule { kind: "credit.evaluate_due", every: Every::DayAt(0, 5) };

/// Ends authorisations for which nobody shipped in time (C11).
const EXPIRE_ORDERS: Schedule = Schedule { kind: "credit.expire_orders", every: Every::Minutes(10) };
/// Evaluates every pay-later limit when its terms have changed (C8).
const FOLLOW_TERMS: Schedule = Schedule { kind: "credit.follow_terms", every: Every::Minutes(1) };
/// Closes pay-later services whose last open order has ended (C25).
const CLOSE_SHOPS: Schedule = Schedule { kind: "credit.close_shops", every: Every::Minutes(10) };
/// Tells all merchants of sales to come, of changes of policy, and once a month to look at their limit (C5, C24).
const TELL_SHOPS: Schedule = Schedule { kind: "credit.tell_shops", every: Every::DayAt(9, 0) };
/// Tells merchants of boosts that end (C24).
const REMIND_BOOSTS: Schedule = Schedule { kind: "credit.remind_boosts", every: Every::DayAt(9, 10) };

/// Books what campaigns spent above their budgets on days that are over (A7).
const CLOSE_AD_DAYS: Schedule = Schedule { kind: "ads.close_days", every: Every::Minutes(1) };
/// Forgets clicks that were charged long ago (P19).
const PRUNE_CLICKS: Schedule = Schedule { kind: "ads.prune_clicks", every: Every::DayAt(3, 20) };
/// Ends grants of advertising money whose instant has passed (A1).
const EXPIRE_GRANTS: Schedule = Schedule { kind: "ads.expire_grants", every: Every::Minutes(1) };

/// Pays what is owed beside a balance, in books of before (A3): at the first start, and in case of the unforeseen.
const PAY_ARREARS: Schedule = Schedule { kind: "ads.pay_arrears", every: Every::DayAt(5, 10) };

/// Forgets deliveries of webhooks that ended long ago (P15).
const CLEAN_DELIVERIES: Schedule = Schedule { kind: "webhooks.clean", every: Every::DayAt(4, 30) };

/// Everything that the engine itself does again and again.
pub const SCHEDULES: &[Schedule] = &[
    CHECKPOINT,
    EXPIRY,
    CLEAN,
    CLEAN_JOBS,
    DATE_ORDERS,
    CALENDAR,
    TEND_CASES,
    CLOSE_BANK_FILES,
    TEND_WITHDRAWALS,
    WATCH_FLOAT,
    TEND_MONTHS,
    LIST_SETTLEMENTS,
    TEND_SETTLEMENTS,
    EVALUATE_SHOPS,
    EXPIRE_ORDERS,
    FOLLOW_TERMS,
    CLOSE_SHOPS,
    TELL_SHOPS,
    REMIND_BOOSTS,
    CLOSE_AD_DAYS,
    PRUNE_CLICKS,
    EXPIRE_GRANTS,
    PAY_ARREARS,
    CLEAN_DELIVERIES,
];

/// What a round of a recurring job came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// There is more to do now: due again at once instead of at the next time.
    pub more: bool,
    /// What the next run gets; `None` keeps what there is.
    pub payload: Option<Facts>,
}

impl From<()> for Progress {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// Makes any command the effect of a recurring job: fenced by the lease, and due again, in one commit.
pub struct Recurring<C> {
    /// The claim.
    pub lease: Lease,
    /// When it is due again.
    pub every: Every,
    /// Business time when the work was looked for: what becomes due while it is done is for the next run.
    pub planned_at: Timestamp,
    /// What is done.
    pub command: C,
}

impl<C: Command + Sync> Command for Recurring<C>
where
    C::Output: Clone + Into<Progress>,
{
    type Output = Progress;

    fn name(&self) -> &'static str {
        self.command.name()
    }

    fn weight(&self) -> usize {
        self.command.weight()
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        self.command.lookups(needs);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.lease.need(needs);
        self.command.needs(needs, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        self.lease.check(tx)?;
        let progress: Progress = self.command.decide(tx, ctx)?.into();
        let looked = self.planned_at.min(ctx.now);
        let due_at = if progress.more { ctx.now } else { self.every.next(looked, &ctx.zone) };
        self.lease.again(tx, due_at, progress.payload.clone())?;
        Ok(progress)
    }

    fn audited(&self) -> bool {
        self.command.audited()
    }
}

/// Writes the jobs of schedules that have none yet, due at once, and revives those that stopped. Run at every
/// start; by several servers too.
pub struct ArmSchedules(pub Vec<Schedule>);

impl Command for ArmSchedules {
    type Output = ();

    fn name(&self) -> &'static str {
        "jobs.arm"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for schedule in &self.0 {
            needs.row::<JobRow>(derived_id(schedule.kind, ""));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        for schedule in &self.0 {
            let id = derived_id(schedule.kind, "");
            match tx.get::<JobRow>(&id).cloned() {
                None => tx.job(ready(id, schedule.kind, "", ctx.now, Facts::new())),
                Some(row) if row.state != JobState::Ready => {
                    tx.job(JobRow { state: JobState::Ready, attempts: 0, due_at: ctx.now, ..row });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Runs a recurring job: `plan` reads and makes the command.
struct Round<P> {
    every: Every,
    plan: P,
}

impl<C, P> Runner for Round<P>
where
    C: Command + Sync,
    C::Output: Clone + Into<Progress>,
    P: FnMut(&Claimed, &mut Hands<'_>) -> Result<C, RunError> + Send,
{
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
        let planned_at = hands.clock.business();
        let command = (self.plan)(job, hands)?;
        hands.call(Recurring { lease: job.lease, every: self.every, planned_at, command })?;
        Ok(Ran::Committed)
    }

    fn give_up_after(&self) -> Option<i64> {
        None
    }
}

/// Ends grants at their instants: due again when the next one expires, where that comes before the next minute.
struct GrantsRound;

impl Runner for GrantsRound {
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
        let planned_at = hands.clock.business();
        let command = ExpireGrants::plan(hands.reads, planned_at)?;
        let every = match ExpireGrants::next(hands.reads, planned_at)? {
            Some(at) => Every::MinutesOrAt(1, at),
            None => EXPIRE_GRANTS.every,
        };
        hands.call(Recurring { lease: job.lease, every, planned_at, command })?;
        Ok(Ran::Committed)
    }

    fn give_up_after(&self) -> Option<i64> {
        None
    }
}

impl Registry {
    /// With a recurring job: `plan` reads what is to be done and makes the command that does it.
    #[must_use]
    pub fn with_schedule<C>(
        self,
        schedule: Schedule,
        plan: impl FnMut(&Claimed, &mut Hands<'_>) -> Result<C, RunError> + Send + 'static,
    ) -> Self
    where
        C: Command + Sync,
        C::Output: Clone + Into<Progress>,
    {
        self.with(schedule.kind, Round { every: schedule.every, plan })
    }

    /// With everything of [`SCHEDULES`].
    #[must_use]
    pub fn with_builtin(self) -> Self {
        self.with_schedule(CHECKPOINT, |_, _| Ok(TakeCheckpoint))
            .with_schedule(EXPIRY, |job, hands| {
                let now = hands.clock.business();
                Ok(ReleaseExpiredHolds::plan(hands.reads, &job.payload, now)?)
            })
            .with_schedule(CLEAN, |job, hands| Ok(CleanIdempotency::plan(hands.reads, &job.payload)?))
            .with_schedule(CLEAN_JOBS, |_, hands| {
                let now = hands.clock.business();
                Ok(CleanJobs::plan(hands.reads, now)?)
            })
            .with_schedule(EVALUATE_SHOPS, |_, _| Ok(EvaluateDueShops { limit: EVALUATE_MAX }))
            .with_schedule(EXPIRE_ORDERS, |_, hands| {
                let now = hands.clock.business();
                Ok(ExpireOrders::plan(hands.reads, now)?)
            })
            .with_schedule(FOLLOW_TERMS, |job, hands| Ok(FollowTerms::plan(hands.reads, &job.payload)?))
            .with_schedule(CLOSE_SHOPS, |job, hands| Ok(CloseShops::plan(hands.reads, &job.payload)?))
            .with_schedule(TELL_SHOPS, |job, hands| Ok(TellShops::plan(hands.reads, &job.payload)?))
            .with_schedule(REMIND_BOOSTS, |_, _| Ok(RemindOfBoosts))
            .with_schedule(CLOSE_AD_DAYS, |_, _| Ok(CloseAdDays { limit: CLOSE_MAX }))
            .with_schedule(PRUNE_CLICKS, |job, hands| {
                let now = hands.clock.business();
                Ok(PruneClicks::plan(hands.reads, &job.payload, now)?)
            })
            .with_schedule(DATE_ORDERS, |_, hands| Ok(DateOrders::plan(hands.reads)?))
            .with_schedule(TEND_CASES, |_, hands| {
                let now = hands.clock.business();
                Ok(TendCases::plan(hands.reads, now)?)
            })
            .with_schedule(CLOSE_BANK_FILES, |_, hands| {
                let now = hands.clock.business();
                Ok(plan_close(hands.reads, now)?)
            })
            .with_schedule(LIST_SETTLEMENTS, |_, hands| {
                let now = hands.clock.business();
                Ok(ListMonth::plan(hands.reads, now)?)
            })
            .with(EXPIRE_GRANTS.kind, GrantsRound)
            .with_schedule(CLEAN_DELIVERIES, |_, hands| {
                let now = hands.clock.business();
                Ok(CleanDeliveries::plan(hands.reads, now)?)
            })
            .with_schedule(PAY_ARREARS, |_, hands| Ok(PayArrears::plan(hands.reads)?))
            .with_tireless(AUTO_TOP_UP, run_auto_top_up)
            .with_tireless(MATCH, run_match)
            .with_tireless(FOLLOW, run_follow)
            .with_tireless(BOOK_CHARGE, run_book_charge)
            .with_schedule(TEND_SETTLEMENTS, |_, hands| {
                let now = hands.clock.business();
                Ok(TendStatements::plan(hands.reads, now)?)
            })
            .with_schedule(TEND_WITHDRAWALS, |job, hands| {
                let now = hands.clock.business();
                Ok(TendWithdrawals::plan(hands.reads, &job.payload, now)?)
            })
            .with_schedule(WATCH_FLOAT, |job, hands| Ok(WatchFloat::plan(hands.reads, &job.payload)?))
            .with_schedule(CALENDAR, |job, _| Ok(WarnOfCalendar { warned: job.payload.clone() }))
            .with_schedule(TEND_MONTHS, |_, hands| Ok(TendMonths::plan(hands.reads)?))
            .with(CLOSE, CloseMonth { step: CLOSE_STEP })
            .with(PUBLISH, CloseMonth { step: CLOSE_STEP })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_time_is_always_later() {
        let zone = Zone::shanghai();
        for (every, now, next) in [
            (Every::Minutes(1), "2026-03-01T00:00:00Z", "2026-03-01T00:01:00Z"),
            (Every::Minutes(1), "2026-03-01T00:00:59.999999Z", "2026-03-01T00:01:00Z"),
            (
                Every::MinutesOrAt(1, at("2026-03-01T00:00:10Z")),
                "2026-03-01T00:00:00Z",
                "2026-03-01T00:00:10Z",
            ),
            (
                Every::MinutesOrAt(1, at("2026-03-01T00:00:10Z")),
                "2026-03-01T00:00:10Z",
                "2026-03-01T00:01:00Z",
            ),
            (
                Every::MinutesOrAt(1, at("2026-03-01T00:09:00Z")),
                "2026-03-01T00:00:10Z",
                "2026-03-01T00:01:00Z",
            ),
            (Every::DayAt(4, 0), "2026-03-01T03:59:59+08:00", "2026-03-01T04:00:00+08:00"),
            (Every::DayAt(4, 0), "2026-03-01T04:00:00+08:00", "2026-03-02T04:00:00+08:00"),
            (Every::DayAt(4, 0), "2026-12-31T23:00:00+08:00", "2027-01-01T04:00:00+08:00"),
        ] {
            assert_eq!(every.next(at(now), &zone), at(next), "{every:?} after {now}");
        }
    }
}
