//! The step function that runs what is due. It has no thread, no sleep and no socket: the binary owns those.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use purser_domain::ids::{JobId, TypedId as _};
use purser_storage::{Fault, FaultKind, Keys, Lock, Record, Session};

use super::{
    ClaimJob, Claimed, FailJob, FinishJob, GIVE_UP_AFTER, LEASE, LEASE_LOST,
    queries::{BEGIN, May},
};
use crate::{
    call::{Desk, call},
    clock::Clock,
    command::{Command, Failure, Meta, Rejection},
    rows::{JobRow, Meta as MetaRow},
    vault::Vault,
};

/// Jobs run in one step.
const STEP: usize = 64;
/// Jobs of others taken in one step.
const HELP: usize = 4;
/// Jobs read at a time while looking for some that can be run.
const PAGE: usize = 128;

/// What a runner works with.
pub struct Hands<'a> {
    /// Runs commands.
    pub desk: &'a mut dyn Desk,
    /// Reads.
    pub reads: &'a mut dyn Session,
    /// Both clocks.
    pub clock: &'a Clock,
    /// Opens what is sealed; absent where there is no key.
    pub vault: Option<Arc<Vault>>,
}

impl Hands<'_> {
    /// Opens what is sealed.
    ///
    /// # Errors
    /// [`RunError`]: this server has no key.
    pub fn vault(&self) -> Result<Arc<Vault>, RunError> {
        self.vault.clone().ok_or_else(|| crate::vault::key_missing().into())
    }

    /// Runs a command of the program itself and returns its output.
    ///
    /// # Errors
    /// [`RunError`]: rejected, or no outcome.
    pub fn call<C: Command>(&mut self, command: C) -> Result<C::Output, RunError>
    where
        C::Output: Clone,
    {
        Ok(call(self.desk, command, Meta::system())??)
    }
}

/// How a run ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// The effect's own commit has finished the job or made it due again.
    Committed,
    /// Nothing had to be committed: finish it.
    Finish,
}

/// How a run ended badly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Another runner has the job: nothing to note.
    #[error("the lease was lost")]
    LeaseLost,
    /// To be tried again later. The text is shown to staff: no personal data.
    #[error("{0}")]
    Failed(String),
    /// The outside could not be reached, so that nothing was sent; to be tried again later. The text is as above.
    #[error("{0}")]
    Unreached(String),
    /// Perhaps the outside has it, but gave no answer that can be believed; to be tried again later. The text is as above.
    #[error("{0}")]
    Unanswered(String),
}

impl From<Rejection> for RunError {
    fn from(rejection: Rejection) -> Self {
        if rejection.code == LEASE_LOST {
            Self::LeaseLost
        } else {
            Self::Failed(format!("{}: {}", rejection.code, rejection.message))
        }
    }
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

impl From<Fault> for RunError {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
    }
}

/// Does the work of one kind of job.
pub trait Runner: Send {
    /// Does it. What it commits goes through a command that checks `job.lease`.
    ///
    /// # Errors
    /// [`RunError`]; the job is tried again later.
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError>;

    /// Attempts after which the job is left to staff; `None` when it must never stop.
    fn give_up_after(&self) -> Option<i64> {
        Some(GIVE_UP_AFTER)
    }
}

impl<F> Runner for F
where
    F: FnMut(&Claimed, &mut Hands<'_>) -> Result<Ran, RunError> + Send,
{
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
        self(job, hands)
    }
}

/// A runner that does not give up.
struct Tireless<R>(R);

impl<R: Runner> Runner for Tireless<R> {
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
        self.0.run(job, hands)
    }

    fn give_up_after(&self) -> Option<i64> {
        None
    }
}

/// A runner that gives up after so many attempts.
struct Bounded<R>(R, i64);

impl<R: Runner> Runner for Bounded<R> {
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
        self.0.run(job, hands)
    }

    fn give_up_after(&self) -> Option<i64> {
        Some(self.1)
    }
}

/// Who runs which kind of job.
pub struct Registry {
    runners: BTreeMap<&'static str, Box<dyn Runner>>,
    lease: i64,
    vault: Option<Arc<Vault>>,
    share: Share,
    stop: Option<Arc<AtomicBool>>,
}

/// Which jobs a runner looks for first when several work side by side. It only keeps them out of each other's way:
/// who has a job is decided by its claim.
#[derive(Debug, Clone, Copy)]
struct Share {
    this: u64,
    of: u64,
}

impl Share {
    fn has(self, job: JobId) -> bool {
        let sum =
            job.uid().0.iter().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        sum % self.of == self.this
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            runners: BTreeMap::new(),
            lease: LEASE,
            vault: None,
            share: Share { this: 0, of: 1 },
            stop: None,
        }
    }
}

impl Registry {
    /// Nobody runs anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the runner of a kind.
    #[must_use]
    pub fn with(mut self, kind: &'static str, runner: impl Runner + 'static) -> Self {
        self.runners.insert(kind, Box::new(runner));
        self
    }

    /// With claims that last so long, µs of machine time. Others take over the jobs of a dead server when they end;
    /// a run that takes longer than its claim is made again by somebody else, and one of the two changes nothing.
    #[must_use]
    pub fn with_lease(mut self, micros: i64) -> Self {
        self.lease = micros;
        self
    }

    /// As one of `of` that work side by side, numbered from 0: for runs that wait for somebody outside. Each looks
    /// for other jobs first, and helps the others when it has none.
    #[must_use]
    pub fn with_share(mut self, this: u64, of: u64) -> Self {
        self.share = Share { this, of: of.max(1) };
        self
    }

    /// Begins no further run once this says so: runs that wait for somebody outside may take long, each.
    #[must_use]
    pub fn with_stop(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// With a vault for runs that need personal values.
    #[must_use]
    pub fn with_vault(mut self, vault: Option<Arc<Vault>>) -> Self {
        self.vault = vault;
        self
    }

    /// With the runner of a kind that is never left to staff: it is tried again with growing pauses, for ever. For
    /// payouts, whose outcome must become known (P10).
    #[must_use]
    pub fn with_tireless(self, kind: &'static str, runner: impl Runner + 'static) -> Self {
        self.with(kind, Tireless(runner))
    }

    /// With the runner of a kind that is given up after so many attempts.
    #[must_use]
    pub fn with_tries(self, kind: &'static str, tries: i64, runner: impl Runner + 'static) -> Self {
        self.with(kind, Bounded(runner, tries))
    }

    /// With the runners of another registry, which come before this one's.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.runners.extend(other.runners);
        self
    }

    /// Only the kinds whose names begin with a prefix.
    #[must_use]
    pub fn only(mut self, prefix: &str) -> Self {
        self.runners.retain(|kind, _| kind.starts_with(prefix));
        self
    }

    /// The kinds that somebody runs.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.runners.keys().copied()
    }
}

/// Runs what is due now, the longest due first, and says how many runs there were. Jobs of kinds that the registry
/// does not know stay for a server that does.
///
/// # Errors
/// Storage faults of `reads`. A run that fails is noted on its job and does not stop the others.
pub fn run_due(
    desk: &mut dyn Desk,
    reads: &mut dyn Session,
    clock: &Clock,
    registry: &mut Registry,
) -> Result<usize, Fault> {
    follow_clock(reads, clock)?;
    let mut runs = 0;
    for row in runnable(reads, clock, registry)? {
        if registry.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            break;
        }
        let Some(runner) = registry.runners.get_mut(row.kind.as_str()) else { continue };
        // One at a time: a claim made ahead would spend its lease waiting for the runs before it.
        let claimed = match call(desk, ClaimJob { job: row.id, lease: registry.lease }, Meta::system()) {
            Ok(Ok(claimed)) => claimed,
            Ok(Err(_)) => continue,
            Err(Failure::Fault(fault)) => return Err(fault),
            Err(other) => return Err(Fault::new(FaultKind::Retry, "claim a job", other)),
        };
        runs += 1;
        let vault = registry.vault.clone();
        let mut hands = Hands { desk: &mut *desk, reads: &mut *reads, clock, vault };
        // A trace of its own; the id of a job says nothing of a party.
        let span = tracing::info_span!(
            target: "trace.purser", "job", otel.name = claimed.kind, job = %claimed.lease.job, attempts = claimed.attempts
        );
        let outcome = span.in_scope(|| catch_unwind(AssertUnwindSafe(|| runner.run(&claimed, &mut hands))));
        let outcome = outcome.unwrap_or_else(|_| Err(RunError::Failed("the runner panicked".to_owned())));
        reads.rollback();
        settle(desk, &claimed, outcome, runner.give_up_after());
    }
    Ok(runs)
}

/// Jobs of kinds that the registry knows and that may run now, the longest due first. What is tried again takes at most
/// half of the places that new work wants: an outside that fails for hours must not hold up what is not its own.
fn runnable(reads: &mut dyn Session, clock: &Clock, registry: &Registry) -> Result<Vec<JobRow>, Fault> {
    let (again, again_others) = look(reads, clock, registry, May::Over)?;
    let (new, new_others) = look(reads, clock, registry, May::Free)?;
    let mut found = both(again, new);
    found.sort_by_key(|row| (row.due_at, row.id));
    if !found.is_empty() {
        return Ok(found);
    }
    // What those who look for them first come to last.
    let mut others = both(again_others, new_others);
    others.sort_by_key(|row| (row.due_at, row.id));
    others.reverse();
    others.truncate(HELP);
    Ok(others)
}

fn both(mut again: Vec<JobRow>, new: Vec<JobRow>) -> Vec<JobRow> {
    again.truncate((STEP / 2).max(STEP.saturating_sub(new.len())));
    let rest = STEP.saturating_sub(again.len());
    again.extend(new.into_iter().take(rest));
    again
}

/// At most [`STEP`] of the registry's own share, and as many of the others'.
fn look(
    reads: &mut dyn Session,
    clock: &Clock,
    registry: &Registry,
    which: May,
) -> Result<(Vec<JobRow>, Vec<JobRow>), Fault> {
    let kinds: Vec<&str> = registry.kinds().collect();
    let at = (clock.business(), clock.machine());
    let (mut found, mut others, mut last) = (Vec::new(), Vec::new(), BEGIN);
    loop {
        let page = which.after(reads, &kinds, last, at, PAGE)?;
        let is_last = page.len() < PAGE;
        last = page.last().map_or(last, |row| which.place(row));
        let (own, other): (Vec<_>, Vec<_>) = page.into_iter().partition(|row| registry.share.has(row.id));
        found.extend(own.into_iter().take(STEP - found.len()));
        others.extend(other.into_iter().take(STEP - others.len()));
        if found.len() >= STEP || is_last {
            return Ok((found, others));
        }
    }
}

/// Writes down how a run ended. When that cannot be written the lease runs out and the job is run again.
fn settle(desk: &mut dyn Desk, job: &Claimed, outcome: Result<Ran, RunError>, give_up_after: Option<i64>) {
    let noted = match outcome {
        Ok(Ran::Committed) | Err(RunError::LeaseLost) => return,
        Ok(Ran::Finish) => call(desk, FinishJob { lease: job.lease }, Meta::system()).map(|_| ()),
        Err(RunError::Failed(error) | RunError::Unreached(error) | RunError::Unanswered(error)) => {
            // What is tried again for ever (a rail that does not know yet) is no news; what staff may get is.
            if give_up_after.is_none() {
                tracing::info!(kind = job.kind, job = %job.lease.job, attempts = job.attempts, error, "a job will be tried again");
            } else {
                tracing::warn!(kind = job.kind, job = %job.lease.job, attempts = job.attempts, error, "a job failed");
            }
            let command = FailJob { lease: job.lease, error, give_up_after };
            call(desk, command, Meta::system()).map(|_| ())
        }
    };
    if let Err(failure) = noted {
        tracing::warn!(kind = job.kind, job = %job.lease.job, %failure, "the end of a run was not written down");
    }
}

/// Takes over a business clock that another server moved; writers do the same before each group.
fn follow_clock(reads: &mut dyn Session, clock: &Clock) -> Result<(), Fault> {
    let mut offset = None;
    let keys = [crate::group::CLOCK_OFFSET.to_owned()];
    reads.load(MetaRow::TABLE, &Keys::<MetaRow>(&keys), Lock::None, &mut |row| {
        offset = MetaRow::read(row).value.parse().ok();
    })?;
    if let Some(offset) = offset
        && offset != clock.offset()
    {
        clock.set_offset(offset);
    }
    Ok(())
}
