//! The threads that do what is due: outbox jobs, schedules, and the queues of the rails. Everything they call is a
//! step function; the pauses are here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::Result;
use purser_domain::{
    policy::keys,
    time::{MINUTE, SECOND, Timestamp},
};
use purser_engine::{
    Desk, Executor, Meta, call,
    clock::Clock,
    earnings::SettleDueOrders,
    files::{Files, SweepFiles},
    jobs::{ArmSchedules, Claimed, FreeJobs, Hands, Registry, SCHEDULES, SWEEP_FILES, leased, run_due},
    payments::{FUND, run_fund},
    sandbox::{CALLBACK, PAYMENT_NOTICE, run_payment_notice},
    vault::Vault,
    webhooks::fan_out,
    withdrawals::{SeeRails, dispatch_due, reroute_due, run_sandbox_callback},
};
use purser_rails::{BankTransfers, SandboxCashier, SandboxRail};
use purser_storage::{Fault, Session};

use crate::{
    collect::with_collector,
    rails::{Rails, with_rail},
    services::{Lane, Services},
    store::Place,
};

/// Pause when nothing was due.
const IDLE: Duration = Duration::from_millis(100);
/// Pause after a storage fault.
const TROUBLE: Duration = Duration::from_secs(1);
/// Orders that one round settles.
const SETTLE: i64 = 500;

/// Jobs that a server frees at most when it starts; the others wait until their leases end.
const FREED: u32 = 1_000;

/// A running worker.
pub(crate) struct Work {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// Who runs which job that waits for nobody outside.
fn registry(services: &Services) -> Registry {
    let registry = services
        .inside(with_rail(Registry::new().with_builtin(), SandboxRail::default))
        .with_tireless(CALLBACK, |job: &Claimed, hands: &mut Hands<'_>| run_sandbox_callback(job, hands))
        .with_tireless(PAYMENT_NOTICE, |job: &Claimed, hands: &mut Hands<'_>| run_payment_notice(job, hands))
        .with_tireless(FUND, |job: &Claimed, hands: &mut Hands<'_>| run_fund(job, hands));
    with_collector(with_collector(registry, SandboxCashier::default), BankTransfers::default)
}

/// Who runs everything that a sandbox without anybody outside has to do.
pub(crate) fn sandbox_registry() -> Registry {
    let services = Services::of_sandbox();
    registry(&services).and(services.registry(Lane::Notices))
}

/// One round over everything that is due; returns how much there was to do.
pub(crate) fn step(
    desk: &mut dyn Desk,
    reads: &mut dyn Session,
    clock: &Clock,
    jobs: &mut Registry,
) -> Result<usize, Fault> {
    let mut done = rail_step(desk, reads, clock, jobs, "sandbox")?;
    if let Ok(Ok(settled)) = call(desk, SettleDueOrders { limit: SETTLE }, Meta::system()) {
        done += settled;
    }
    Ok(done)
}

/// One round over what is due on a rail.
fn rail_step(
    desk: &mut dyn Desk,
    reads: &mut dyn Session,
    clock: &Clock,
    jobs: &mut Registry,
    rail: &str,
) -> Result<usize, Fault> {
    Ok(run_due(desk, reads, clock, jobs)? + dispatch_due(desk, reads, clock, rail)?)
}

/// Whom a server reaches outside.
pub(crate) struct Outside {
    pub(crate) rails: Rails,
    pub(crate) services: Services,
}

/// Starts the worker of a server: a thread for its own work, and some for each rail and service that waits for somebody
/// outside, so that a slow gateway holds up nothing but itself, and one slow call not even the other calls.
pub(crate) fn start(
    place: &Place,
    files: Arc<dyn Files>,
    executor: &Executor,
    clock: &Clock,
    lease: i64,
    outside: &Outside,
    vault: Option<&Arc<Vault>>,
) -> Result<Work> {
    free_orphans(place, executor, clock)?;
    let Outside { rails, services } = outside;
    let stop = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    for (rail, this, of) in rail_threads(rails) {
        let (mut desk, clock, mut reads) = (executor.clone(), clock.clone(), place.open_reader()?);
        let mut jobs = rails.registry(rail, vault).with_lease(lease).with_vault(vault.cloned());
        jobs = jobs.with_share(this, of).with_stop(Arc::clone(&stop));
        let stopped = Arc::clone(&stop);
        threads.push(std::thread::spawn(move || {
            until(&stopped, || match this {
                0 => rail_step(&mut desk, reads.as_mut(), &clock, &mut jobs, rail),
                _ => run_due(&mut desk, reads.as_mut(), &clock, &mut jobs),
            });
        }));
    }
    for (lane, connections, time_out) in services.lanes() {
        // Nobody else takes a call over that may still be answered.
        let lease = lease.max((i64::from(time_out) + 10) * SECOND);
        for this in 0..u64::from(connections) {
            let (mut desk, clock, mut reads) = (executor.clone(), clock.clone(), place.open_reader()?);
            let jobs = services.registry(lane).with_lease(lease).with_vault(vault.cloned());
            let jobs = jobs.with_stop(Arc::clone(&stop));
            let mut jobs = jobs.with_share(this, u64::from(connections));
            let stopped = Arc::clone(&stop);
            threads.push(std::thread::spawn(move || {
                until(&stopped, || run_due(&mut desk, reads.as_mut(), &clock, &mut jobs));
            }));
        }
    }
    // Not beside deliveries: a slow endpoint must not keep the others from being told.
    let (mut desk, mut reads, stopped) = (executor.clone(), place.open_reader()?, Arc::clone(&stop));
    threads.push(std::thread::spawn(move || until(&stopped, || fan_out(&mut desk, reads.as_mut()))));
    let (mut desk, clock, mut reads) = (executor.clone(), clock.clone(), place.open_reader()?);
    let jobs = registry(services).with_lease(lease).with_vault(vault.cloned());
    let mut jobs = jobs.with_schedule(SWEEP_FILES, move |_, hands| {
        // Machine time: a file's age is that of the disk, whatever the test clock says.
        let now = hands.clock.machine();
        Ok(SweepFiles::plan(hands.reads, files.as_ref(), now)?)
    });
    let stopped = Arc::clone(&stop);
    let mut others = Others::of(rails);
    threads.push(std::thread::spawn(move || {
        let armed = call(&mut desk, ArmSchedules([SCHEDULES, &[SWEEP_FILES]].concat()), Meta::system());
        if let Err(failure) = armed {
            tracing::error!(%failure, "schedules could not be armed");
        }
        until(&stopped, || {
            others.step(&mut desk, reads.as_mut(), &clock)?;
            step(&mut desk, reads.as_mut(), &clock, &mut jobs)
        });
    }));
    Ok(Work { stop, threads })
}

/// What the worker does for rails besides their jobs: it says that this server still reaches its own, and moves what is
/// queued for those that nobody serves.
struct Others {
    own: Vec<&'static str>,
    seen_at: Timestamp,
    looked_at: Timestamp,
}

/// How often a server says that it is there; machine time.
const SEE: i64 = MINUTE;
/// How often it looks at queues that are not its own; machine time.
const LOOK: i64 = 5 * SECOND;

impl Others {
    fn of(rails: &Rails) -> Self {
        Self { own: rails.names(), seen_at: Timestamp(0), looked_at: Timestamp(0) }
    }

    fn step(&mut self, desk: &mut dyn Desk, reads: &mut dyn Session, clock: &Clock) -> Result<(), Fault> {
        let machine = clock.machine();
        if machine >= self.seen_at.plus(SEE) && !self.own.is_empty() {
            self.seen_at = machine;
            if let Err(failure) = call(desk, SeeRails(self.own.clone()), Meta::system()) {
                tracing::warn!(%failure, "it was not written down that this server still reaches its rails");
            }
        }
        if machine >= self.looked_at.plus(LOOK) {
            self.looked_at = machine;
            let unserved = |rail: &&&str| **rail != "sandbox" && !self.own.contains(*rail);
            for rail in keys::RAILS.iter().filter(unserved) {
                reroute_due(desk, reads, clock, rail)?;
            }
        }
        Ok(())
    }
}

/// Each rail as often as calls to it may be under way, with the number of each. The first also dispatches.
fn rail_threads(rails: &Rails) -> Vec<(&'static str, u64, u64)> {
    let of = |rail| u64::from(rails.connections(rail));
    rails.names().into_iter().flat_map(|rail| (0..of(rail)).map(move |this| (rail, this, of(rail)))).collect()
}

/// A folder has one server: whoever had a job was killed, and its payouts need not wait for the lease to end. Before
/// any thread begins, so that nobody's claim is taken from it.
fn free_orphans(place: &Place, executor: &Executor, clock: &Clock) -> Result<()> {
    let Place::Folder(_) = place else { return Ok(()) };
    let mut reads = place.open_reader()?;
    let orphans = leased(reads.as_mut(), clock.machine(), FREED)?;
    if !orphans.is_empty() {
        let free = FreeJobs { jobs: orphans.iter().map(|job| job.id).collect() };
        if let Err(failure) = call(&mut executor.clone(), free, Meta::system()) {
            tracing::warn!(%failure, "jobs of a dead server were not freed; their leases will end");
        }
    }
    Ok(())
}

/// Takes steps until it is stopped, with a pause when there was nothing to do.
fn until(stopped: &AtomicBool, mut step: impl FnMut() -> Result<usize, Fault>) {
    while !stopped.load(Ordering::Relaxed) {
        match step() {
            Ok(0) => std::thread::sleep(IDLE),
            Ok(_) => {}
            Err(fault) => {
                tracing::warn!(%fault, "due work could not be read");
                std::thread::sleep(TROUBLE);
            }
        }
    }
}

impl Work {
    /// Finishes the current step and stops.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // A worker that panicked has logged it; the server still has to stop.
            let _ = thread.join();
        }
    }
}
