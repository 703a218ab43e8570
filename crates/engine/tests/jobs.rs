//! Jobs (P22): once per due time, fenced, through restarts.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use purser_domain::{
    ids::JobId,
    ledger::Step,
    money::Currency,
    time::{DAY, HOUR, MINUTE, SECOND, Timestamp},
};
use purser_engine::{
    Command, Ctx, Job, Meta, Needs, Rejection, Reply, Tx, Writer,
    facts::Facts,
    feed,
    jobs::{
        self, ArmSchedules, ClaimJob, Every, FailJob, FinishJob, FreeJobs, Lease, Ran, Registry, RetryJob,
        RunError,
    },
    observe::{Observed, observe},
    rows::JobState,
};
use support::{Books, balance, clearing, code, earnings, post, run};

/// A command that wants work done later.
struct WantWork(JobId, i64);

impl Command for WantWork {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.want"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<purser_engine::rows::JobRow>(self.0);
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        tx.job(jobs::ready(self.0, "test.work", "it", ctx.now.plus(self.1), Facts::new().int("n", 7)));
        Ok(())
    }
}

/// The effect of a job.
struct Effect(Lease);

impl Command for Effect {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.effect"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.0.need(needs);
    }
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        self.0.check(tx)?;
        tx.event("test.effect", None, "it", Facts::new());
        self.0.finish(tx)
    }
}

fn effects(books: &Books) -> usize {
    static EFFECTS: purser_storage::Statement = purser_storage::Statement {
        name: "test.effects",
        sql: "SELECT n FROM events WHERE kind = 'test.effect' ORDER BY grp, n",
    };
    let mut count = 0;
    books
        .reader()
        .query(&EFFECTS, &[], &mut |_| {
            count += 1;
            true
        })
        .unwrap();
    count
}

fn work() -> JobId {
    jobs::derived_id("test.work", "it")
}

fn step(books: &Books, writer: &mut Writer, registry: &mut Registry) -> usize {
    let mut reads = books.reader();
    jobs::run_due(writer, reads.as_mut(), &books.clock, registry).unwrap()
}

fn committing() -> Registry {
    Registry::new().with("test.work", |job: &jobs::Claimed, hands: &mut jobs::Hands<'_>| {
        assert_eq!(job.payload.get_int("n"), Some(7));
        hands.call(Effect(job.lease))?;
        Ok(Ran::Committed)
    })
}

#[test]
fn a_job_runs_when_it_is_due_and_once() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantWork(work(), HOUR)).unwrap();
        let mut registry = committing();
        assert_eq!(step(books, &mut writer, &mut registry), 0, "an hour too early");
        books.advance(HOUR);
        assert_eq!(step(books, &mut writer, &mut registry), 1);
        assert_eq!(step(books, &mut writer, &mut registry), 0);
        assert_eq!(effects(books), 1);
        let done = jobs::by_state(books.reader().as_mut(), JobState::Done, 10).unwrap();
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].last_run_at, Some(support::start().plus(HOUR)));
    });
}

#[test]
fn a_runner_that_lost_its_lease_changes_nothing() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantWork(work(), 0)).unwrap();
        let slow = run(&mut writer, ClaimJob::of(work())).unwrap();
        assert_eq!(code(run(&mut writer, ClaimJob::of(work()))), "job_leased");
        steal(&mut writer);
        let fast = run(&mut writer, ClaimJob::of(work())).unwrap();
        assert!(fast.lease.token > slow.lease.token);
        assert_eq!(code(run(&mut writer, Effect(slow.lease))), "lease_lost");
        let fail = FailJob { lease: slow.lease, error: "late".to_owned(), give_up_after: None };
        assert_eq!(code(run(&mut writer, fail)), "lease_lost");
        run(&mut writer, Effect(fast.lease)).unwrap();
        assert_eq!(code(run(&mut writer, Effect(fast.lease))), "lease_lost", "an effect comes once");
        assert_eq!(code(run(&mut writer, FinishJob { lease: slow.lease })), "lease_lost");
        assert_eq!(effects(books), 1);
    });
}

/// Lets the lease run out, as the machine clock does for a server that hangs.
fn steal(writer: &mut Writer) {
    struct Expire(JobId);
    impl Command for Expire {
        type Output = ();
        fn name(&self) -> &'static str {
            "test.expire"
        }
        fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
            needs.row::<purser_engine::rows::JobRow>(self.0);
        }
        fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
            let mut row = tx.get::<purser_engine::rows::JobRow>(&self.0).cloned().unwrap();
            assert!(row.lease_until > ctx.machine && row.lease_until <= ctx.machine.plus(jobs::LEASE));
            row.lease_until = ctx.machine.plus(-SECOND);
            tx.put(row);
            Ok(())
        }
    }
    run(writer, Expire(work())).unwrap();
}

#[test]
fn two_runners_on_one_database_run_each_due_time_once() {
    Books::each(|books| {
        let writers = (0..if books.is_shared() { 2 } else { 1 }).map(|_| books.writer()).collect();
        let (executor, threads) = purser_engine::start(writers, purser_engine::Limits::default());
        let runs = Arc::new(AtomicUsize::new(0));
        for n in 0..40 {
            let id = jobs::derived_id("test.work", &n.to_string());
            purser_engine::call(&mut executor.clone(), WantWork(id, 0), Meta::system()).unwrap().unwrap();
        }
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (mut executor, runs, books) = (executor.clone(), Arc::clone(&runs), books);
                scope.spawn(move || {
                    let mut registry = Registry::new().with(
                        "test.work",
                        move |job: &jobs::Claimed, hands: &mut jobs::Hands<'_>| {
                            runs.fetch_add(1, Ordering::SeqCst);
                            hands.call(Effect(job.lease))?;
                            Ok(Ran::Committed)
                        },
                    );
                    let mut reads = books.reader();
                    for _ in 0..5 {
                        jobs::run_due(&mut executor, reads.as_mut(), &books.clock, &mut registry).unwrap();
                    }
                });
            }
        });
        drop(executor);
        threads.join();
        assert_eq!((runs.load(Ordering::SeqCst), effects(books)), (40, 40));
    });
}

/// P10: what became of a payout is asked until it is known.
#[test]
fn runners_side_by_side_look_for_other_jobs_and_help_when_they_have_none() {
    Books::each(|books| {
        let mut writer = books.writer();
        let ids = |n: usize| jobs::derived_id("test.work", &n.to_string());
        for n in 0..40 {
            run(&mut writer, WantWork(ids(n), 0)).unwrap();
        }
        let (mut first, mut second) = (committing().with_share(0, 2), committing().with_share(1, 2));
        let own = step(books, &mut writer, &mut first);
        assert!((1..40).contains(&own), "{own} of 40 are the first one's own");
        let mut helped = 0;
        while effects(books) < 40 {
            let ran = step(books, &mut writer, &mut first);
            assert!(ran > 0, "the second never comes: the first does its jobs too, a few in a step");
            helped += ran;
        }
        assert_eq!((own + helped, step(books, &mut writer, &mut second)), (40, 0));
    });
}

#[test]
fn a_tireless_job_is_never_left_to_staff() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantWork(work(), 0)).unwrap();
        let silent = |_: &jobs::Claimed, _: &mut jobs::Hands<'_>| {
            Err::<Ran, _>(RunError::Failed("the rail does not know yet".to_owned()))
        };
        let mut registry = Registry::new().with_tireless("test.work", silent);
        for _ in 0..jobs::GIVE_UP_AFTER + 3 {
            assert_eq!(step(books, &mut writer, &mut registry), 1);
            end_pause(&mut writer);
        }
        assert_eq!(jobs::by_state(books.reader().as_mut(), JobState::Failed, 10).unwrap(), []);
    });
}

#[test]
fn a_restart_frees_what_a_dead_runner_had() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantWork(work(), 0)).unwrap();
        let dead = run(&mut writer, ClaimJob::of(work())).unwrap();
        let leased = jobs::leased(books.reader().as_mut(), books.clock.machine(), 10).unwrap();
        let jobs: Vec<JobId> = leased.iter().map(|row| row.id).collect();
        assert_eq!(jobs, [work()]);
        assert_eq!(run(&mut writer, FreeJobs { jobs: jobs.clone() }).unwrap(), 1);
        assert_eq!(run(&mut writer, FreeJobs { jobs }).unwrap(), 0, "it is free already");
        assert_eq!(code(run(&mut writer, Effect(dead.lease))), "lease_lost");
        assert_eq!(step(books, &mut writer, &mut committing()), 1);
        assert_eq!(effects(books), 1);
    });
}

#[test]
fn failures_wait_longer_each_time_and_end_with_staff() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantWork(work(), 0)).unwrap();
        let mut registry = Registry::new().with("test.work", |_: &jobs::Claimed, _: &mut jobs::Hands<'_>| {
            Err::<Ran, _>(RunError::Failed("the rail is closed".to_owned()))
        });
        assert_eq!(step(books, &mut writer, &mut registry), 1);
        assert_eq!(step(books, &mut writer, &mut registry), 0, "it waits");
        let waiting = jobs::by_state(books.reader().as_mut(), JobState::Ready, 100).unwrap();
        assert_eq!(waiting[0].last_error.as_deref(), Some("the rail is closed"));
        // P23: what waits after a failure is not late; what nobody runs is, since it became due.
        assert_eq!(late(books, 1).jobs_due, []);
        let due = &late(books, i64::MAX).jobs_due[..];
        assert!(
            matches!(due, [one] if (one.of.as_str(), one.count, one.since.0) == ("test.work", 1, waiting[0].due_at.0))
        );
        for _ in 2..=jobs::GIVE_UP_AFTER {
            end_pause(&mut writer);
            assert_eq!(step(books, &mut writer, &mut registry), 1);
        }
        assert_eq!(jobs::by_state(books.reader().as_mut(), JobState::Failed, 10).unwrap().len(), 1);
        let seen = late(books, i64::MAX);
        assert_eq!(seen.jobs_due, []);
        assert_eq!((seen.jobs_given_up.len(), seen.jobs_given_up[0].count), (1, 1));
        assert_eq!(code(run(&mut writer, ClaimJob::of(work()))), "job_not_ready");
        run(&mut writer, RetryJob { job: work() }).unwrap();
        assert_eq!(step(books, &mut writer, &mut committing()), 1);
        assert_eq!(effects(books), 1);
        assert_eq!(code(run(&mut writer, RetryJob { job: work() })), "job_done");
    });
}

/// What monitoring sees at the end of time, with leases and pauses as of this instant of the machine.
fn late(books: &Books, machine: i64) -> Observed {
    let at = (Timestamp(i64::MAX), Timestamp(machine));
    observe(books.reader().as_mut(), Currency::CNY, at).unwrap()
}

/// Ends the pause after a failure.
fn end_pause(writer: &mut Writer) {
    struct Wake(JobId);
    impl Command for Wake {
        type Output = ();
        fn name(&self) -> &'static str {
            "test.wake"
        }
        fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
            needs.row::<purser_engine::rows::JobRow>(self.0);
        }
        fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
            let mut row = tx.get::<purser_engine::rows::JobRow>(&self.0).cloned().unwrap();
            assert!(row.lease_until > ctx.machine, "a failure makes it wait");
            row.lease_until = ctx.machine;
            tx.put(row);
            Ok(())
        }
    }
    run(writer, Wake(work())).unwrap();
}

#[test]
fn a_runner_that_panics_is_a_failed_attempt() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantWork(work(), 0)).unwrap();
        let mut registry = Registry::new()
            .with("test.work", |_: &jobs::Claimed, _: &mut jobs::Hands<'_>| -> Result<Ran, RunError> {
                panic!("boom")
            });
        assert_eq!(step(books, &mut writer, &mut registry), 1);
        let waiting = jobs::by_state(books.reader().as_mut(), JobState::Ready, 100).unwrap();
        assert_eq!(waiting[0].last_error.as_deref(), Some("the runner panicked"));
    });
}

#[test]
fn kinds_that_nobody_runs_hold_up_nothing() {
    struct WantUnknown(i64);
    impl Command for WantUnknown {
        type Output = ();
        fn name(&self) -> &'static str {
            "test.want_unknown"
        }
        fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
            for n in 0..self.0 {
                needs.row::<purser_engine::rows::JobRow>(jobs::derived_id("test.newer", &n.to_string()));
            }
        }
        fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
            for n in 0..self.0 {
                let id = jobs::derived_id("test.newer", &n.to_string());
                tx.job(jobs::ready(id, "test.newer", "", ctx.now, Facts::new()));
            }
            Ok(())
        }
    }
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, WantUnknown(600)).unwrap();
        run(&mut writer, WantWork(work(), HOUR)).unwrap();
        books.advance(2 * HOUR);
        assert_eq!(step(books, &mut writer, &mut committing()), 1, "600 older jobs are read past");
        assert_eq!(jobs::by_state(books.reader().as_mut(), JobState::Ready, 1_000).unwrap().len(), 600);
    });
}

#[test]
fn finished_jobs_are_cleared_away_after_a_week() {
    Books::each(|books| {
        let mut writer = books.writer();
        let mut registry = committing().with_builtin();
        let want = |writer: &mut Writer, numbers: std::ops::Range<usize>| {
            for n in numbers {
                let id = jobs::derived_id("test.work", &n.to_string());
                run(writer, WantWork(id, 0)).unwrap();
            }
        };
        let done = || jobs::by_state(books.reader().as_mut(), JobState::Done, 5_000).unwrap();
        want(&mut writer, 0..80);
        while step(books, &mut writer, &mut registry) > 0 {}
        books.advance(4 * DAY);
        want(&mut writer, 80..90);
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        while step(books, &mut writer, &mut registry) > 0 {}
        assert_eq!(done().len(), 90, "four days are not seven");
        books.advance(4 * DAY);
        while step(books, &mut writer, &mut registry) > 0 {}
        let left = done();
        assert_eq!(left.len(), 10);
        assert!(left.iter().all(|job| job.due_at == support::start().plus(4 * DAY)), "{left:?}");
        assert_eq!(jobs::by_state(books.reader().as_mut(), JobState::Done, 3).unwrap().len(), 3);
    });
}

#[test]
fn schedules_survive_restarts_and_catch_up_in_one_run() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        assert_eq!(
            step(books, &mut writer, &mut registry),
            jobs::SCHEDULES.len(),
            "all run at the first start"
        );
        assert_eq!(step(books, &mut writer, &mut registry), 0);
        drop(writer);
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        assert_eq!(step(books, &mut writer, &mut registry), 0, "a restart does not run anything early");
        books.advance(MINUTE);
        let each_minute = jobs::SCHEDULES.iter().filter(|one| matches!(one.every, Every::Minutes(1))).count();
        assert_eq!(step(books, &mut writer, &mut registry), each_minute, "what comes round each minute");
        books.advance(40 * DAY);
        assert_eq!(step(books, &mut writer, &mut registry), jobs::SCHEDULES.len());
        assert_eq!(step(books, &mut writer, &mut registry), 0, "40 days are caught up in one run");
        let waiting = jobs::by_state(books.reader().as_mut(), JobState::Ready, 100).unwrap();
        assert!(waiting.iter().all(|job| job.due_at > books.clock.business()), "{waiting:?}");
    });
}

#[test]
fn expired_holds_are_given_back_by_a_job() {
    Books::each(|books| {
        let mut writer = books.writer();
        post(&mut writer, Step::Post, &clearing(), &earnings(1), 10_000);
        let expires_at = Some(support::start().plus(HOUR));
        for _ in 0..3 {
            post(&mut writer, Step::Hold { expires_at }, &earnings(1), &clearing(), 1_000);
        }
        post(&mut writer, Step::Hold { expires_at: None }, &earnings(1), &clearing(), 500);
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        step(books, &mut writer, &mut registry);
        assert_eq!(balance(&mut writer, &earnings(1)), (10_000, 3_500), "not yet");
        books.advance(HOUR);
        step(books, &mut writer, &mut registry);
        assert_eq!(balance(&mut writer, &earnings(1)), (10_000, 500), "what has no expiry stays");
        books.advance(HOUR);
        step(books, &mut writer, &mut registry);
        assert_eq!(balance(&mut writer, &earnings(1)), (10_000, 500));
    });
}

#[test]
fn a_hold_that_cannot_be_given_back_holds_up_no_other() {
    Books::each(|books| {
        let mut writer = books.writer();
        post(&mut writer, Step::Post, &clearing(), &earnings(1), 10_000);
        for (amount, minutes) in [(1_001, 1), (1_002, 1), (1_003, 2)] {
            let expires_at = Some(support::start().plus(minutes * MINUTE));
            post(&mut writer, Step::Hold { expires_at }, &earnings(1), &clearing(), amount);
        }
        // Its row says that nothing is left of it: the ledger releases no nothing.
        books.tamper("UPDATE holds SET remaining = 0 WHERE amount = 1001");
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        let refused = |books: &Books| {
            let (events, _) = feed::events(books.reader().as_mut(), feed::Places::default(), 100).unwrap();
            events.iter().filter(|event| event.kind == "hold.expiry_refused").count()
        };
        for (held, told) in [(2_004, 1), (1_001, 1), (1_001, 1)] {
            books.advance(MINUTE);
            step(books, &mut writer, &mut registry);
            assert_eq!(balance(&mut writer, &earnings(1)), (10_000, held));
            assert_eq!(refused(books), told, "told once");
        }
        books.tamper("UPDATE holds SET remaining = 1001 WHERE amount = 1001");
        books.advance(MINUTE);
        step(books, &mut writer, &mut registry);
        assert_eq!(balance(&mut writer, &earnings(1)), (10_000, 0), "by itself, once it can be");
    });
}

#[test]
fn old_outcomes_are_forgotten_page_by_page() {
    Books::each(|books| {
        let mut writer = books.writer();
        let remember = |writer: &mut Writer, numbers: std::ops::Range<usize>| {
            let jobs = numbers.map(|n| {
                let meta = Meta { key: Some(format!("key-{n:05}")), ..Meta::system() };
                let want = WantWork(work(), DAY * 400);
                Job::new(want, meta, |_| Reply::default(), |outcome| drop(outcome.unwrap()))
            });
            writer.execute(jobs.collect());
        };
        remember(&mut writer, 0..2_100);
        books.advance(20 * DAY);
        remember(&mut writer, 2_100..2_110);
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        while step(books, &mut writer, &mut registry) > 0 {}
        assert_eq!(outcomes(books), 2_110, "20 days are not 30");
        books.advance(11 * DAY);
        while step(books, &mut writer, &mut registry) > 0 {}
        assert_eq!(outcomes(books), 10);
    });
}

fn outcomes(books: &Books) -> usize {
    static OUTCOMES: purser_storage::Statement =
        purser_storage::Statement { name: "test.outcomes", sql: "SELECT key FROM idempotency ORDER BY key" };
    let mut count = 0;
    books
        .reader()
        .query(&OUTCOMES, &[], &mut |_| {
            count += 1;
            true
        })
        .unwrap();
    count
}
