//! Claiming a job and saying what became of it.

use purser_domain::{ids::JobId, time::Timestamp};

use super::{LEASE, Lease, back_off};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::{JobRow, JobState},
    tx::{Needs, Tx},
};

/// Longest text kept of an error.
const ERROR_CHARS: usize = 300;

/// A claimed job: what its runner gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What the effect must carry.
    pub lease: Lease,
    /// Which runner.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// The due time that this run is for; business time.
    pub due_at: Timestamp,
    /// Attempts, this one included.
    pub attempts: i64,
    /// What the runner needs.
    pub payload: Facts,
    /// Machine time until which nobody else will claim it.
    pub lease_until: Timestamp,
}

/// Takes a due job for a while of machine time.
///
/// Rejections in order: `job_unknown`, `job_not_ready`, `job_not_due`, `job_leased`.
pub struct ClaimJob {
    /// Which.
    pub job: JobId,
    /// For how long, µs of machine time.
    pub lease: i64,
}

impl ClaimJob {
    /// For as long as a server takes when it is not told otherwise.
    pub fn of(job: JobId) -> Self {
        Self { job, lease: LEASE }
    }
}

impl Command for ClaimJob {
    type Output = Claimed;

    fn name(&self) -> &'static str {
        "jobs.claim"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<JobRow>(self.job);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Claimed, Rejection> {
        let mut row = existing(tx, self.job)?;
        if row.state != JobState::Ready {
            return Err(Rejection::new("job_not_ready", format!("the job is {}", row.state.name())));
        }
        if row.due_at > ctx.now {
            return Err(Rejection::new("job_not_due", format!("the job is due at {}", row.due_at)));
        }
        if row.lease_until > ctx.machine {
            return Err(Rejection::new(
                "job_leased",
                "another runner has the job, or it waits after a failure",
            ));
        }
        row.token += 1;
        row.attempts += 1;
        row.lease_until = ctx.machine.plus(self.lease);
        row.last_run_at = Some(ctx.now);
        let claimed = Claimed {
            lease: Lease { job: row.id, token: row.token },
            kind: row.kind.clone(),
            subject: row.subject.clone(),
            due_at: row.due_at,
            attempts: row.attempts,
            payload: row.payload.clone(),
            lease_until: row.lease_until,
        };
        tx.put(row);
        Ok(claimed)
    }

    fn audited(&self) -> bool {
        false
    }
}

fn existing(tx: &Tx, job: JobId) -> Result<JobRow, Rejection> {
    tx.get::<JobRow>(&job).cloned().ok_or_else(|| Rejection::new("job_unknown", "there is no such job"))
}

/// Ends a job whose runner had no effect of its own to commit.
///
/// Rejections: `lease_lost`.
pub struct FinishJob {
    /// The claim.
    pub lease: Lease,
}

impl Command for FinishJob {
    type Output = ();

    fn name(&self) -> &'static str {
        "jobs.finish"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Notes a failed attempt: the job waits ([`back_off`]), or is left to staff.
///
/// Rejections: `lease_lost`.
pub struct FailJob {
    /// The claim.
    pub lease: Lease,
    /// What went wrong, without personal data.
    pub error: String,
    /// Attempts after which it is given up; `None` for what comes round and must not stop.
    pub give_up_after: Option<i64>,
}

impl Command for FailJob {
    type Output = JobState;

    fn name(&self) -> &'static str {
        "jobs.fail"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<JobState, Rejection> {
        self.lease.check(tx)?;
        let mut row = existing(tx, self.lease.job)?;
        row.token += 1;
        row.last_error = Some(self.error.chars().take(ERROR_CHARS).collect());
        row.lease_until = ctx.machine.plus(back_off(row.attempts));
        if self.give_up_after.is_some_and(|most| row.attempts >= most) {
            row.state = JobState::Failed;
            row.lease_until = Timestamp(0);
            let facts = Facts::new()
                .text("kind", &row.kind)
                .text("subject", &row.subject)
                .int("attempts", row.attempts);
            tx.event("job.failed", None, &row.id.to_string(), facts);
        }
        let state = row.state;
        tx.put(row);
        Ok(state)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Makes a job that was given up, or that waits after a failure, due at once.
///
/// Rejections in order: `job_unknown`, `job_done`, `job_leased` (it runs now).
pub struct RetryJob {
    /// Which.
    pub job: JobId,
}

impl Command for RetryJob {
    type Output = JobRow;

    fn name(&self) -> &'static str {
        "jobs.retry"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<JobRow>(self.job);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<JobRow, Rejection> {
        let mut row = existing(tx, self.job)?;
        if row.state == JobState::Done {
            return Err(Rejection::new("job_done", "the job is finished: there is nothing to try again"));
        }
        // A failure leaves its error behind until the next success; a lease without one is a run in progress.
        if row.lease_until > ctx.machine && row.last_error.is_none() {
            return Err(Rejection::new("job_leased", "the job is running now"));
        }
        row.state = JobState::Ready;
        // Whoever asks whether this is the first try must hear no.
        row.attempts = 1;
        row.token += 1;
        row.lease_until = Timestamp(0);
        row.due_at = row.due_at.min(ctx.now);
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, _output: &JobRow) -> (String, Facts) {
        (self.job.to_string(), Facts::new())
    }
}

/// Takes jobs from runners that are known to be gone, so that a restart need not wait for their leases. Only for
/// whoever knows that nobody else runs jobs: the one server of a folder, when it starts. What waits after a failure
/// is tried at once, too.
pub struct FreeJobs {
    /// Which; one that is finished or gone is left alone.
    pub jobs: Vec<JobId>,
}

impl Command for FreeJobs {
    type Output = usize;

    fn name(&self) -> &'static str {
        "jobs.free"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for job in &self.jobs {
            needs.row::<JobRow>(*job);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<usize, Rejection> {
        let mut freed = 0;
        for job in &self.jobs {
            let row = tx.get::<JobRow>(job).filter(|row| row.state == JobState::Ready);
            let Some(mut row) = row.filter(|row| row.lease_until > ctx.machine).cloned() else { continue };
            row.token += 1;
            row.lease_until = Timestamp(0);
            tx.put(row);
            freed += 1;
        }
        Ok(freed)
    }

    fn audited(&self) -> bool {
        false
    }
}
