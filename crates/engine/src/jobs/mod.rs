//! Work that runs after the commit that wanted it, and work that comes round (P22).
//!
//! A command that wants something done later writes a job row in its own commit ([`ready`]). A runner *claims* the
//! job, which raises its token and leases it for a while of machine time, does what it has to do with the outside
//! world, and commits the effect in a command that checks the token ([`require_lease`]). Whoever lost the lease in
//! between — a slow server, one that was stopped — finds another token and changes nothing: an effect happens once
//! for each due time, however many servers run jobs.
//!
//! Due times are business time, so the test clock moves them. Leases and back-off are machine time, so it does not.

mod chores;
mod commands;
mod queries;
mod runner;
mod schedules;
mod tend;

pub use chores::{CleanIdempotency, CleanJobs, ReleaseExpiredHolds, WarnOfCalendar};
pub use commands::{ClaimJob, Claimed, FailJob, FinishJob, FreeJobs, RetryJob};
pub use queries::{by_state, due, leased};
pub use runner::{Hands, Ran, Registry, RunError, Runner, run_due};
pub use schedules::{ArmSchedules, Every, Progress, Recurring, SCHEDULES, SWEEP_FILES, Schedule};
pub use tend::{Tend, Tended};

use purser_domain::{
    ids::{JobId, Uid},
    time::{SECOND, Timestamp},
};
use purser_storage::Statement;

use crate::{
    command::Rejection,
    facts::Facts,
    rows::{JobRow, JobState},
    tx::{Needs, Tx},
};

/// How long a job belongs to the runner that claimed it, µs of machine time.
pub const LEASE: i64 = 60 * SECOND;

/// Attempts after which a job is left to staff.
pub const GIVE_UP_AFTER: i64 = 12;

/// Longest pause between two attempts, µs of machine time.
const LONGEST_BACK_OFF: i64 = 3_600 * SECOND;

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, chores::STATEMENTS].concat()
}

/// The claim of a runner on a job: what its effect must still hold when it commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The token that the claim gave it.
    pub token: i64,
}

/// A job that is ready from `due_at` (business time) on. Hand it to [`Tx::job`].
pub fn ready(id: JobId, kind: &str, subject: &str, due_at: Timestamp, payload: Facts) -> JobRow {
    JobRow {
        id,
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        due_at,
        state: JobState::Ready,
        attempts: 0,
        token: 0,
        lease_until: Timestamp(0),
        last_run_at: None,
        last_error: None,
        payload,
    }
}

/// The id of the only job of a kind about a subject: wanting it twice is wanting it once.
pub fn derived_id(kind: &str, subject: &str) -> JobId {
    JobId(Uid::derive("purser job v1", &[kind.as_bytes(), subject.as_bytes()]))
}

/// Pause before attempt `attempts + 1`, µs of machine time: 2 s, then three times longer each time, at most an hour.
pub fn back_off(attempts: i64) -> i64 {
    let tries = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
    (2 * SECOND).saturating_mul(3_i64.saturating_pow(tries)).min(LONGEST_BACK_OFF)
}

/// Checks that a job still carries the token of its holder. Every command that is the effect of a job calls this
/// first, after declaring the row with [`Lease::need`].
///
/// # Errors
/// `lease_lost`: somebody else claimed the job since, or it is finished; nothing may be done.
pub fn require_lease(tx: &Tx, job: JobId, token: i64) -> Result<(), Rejection> {
    match tx.get::<JobRow>(&job) {
        Some(row) if row.token == token && row.state == JobState::Ready => Ok(()),
        _ => Err(Rejection::new(LEASE_LOST, "this job belongs to another runner by now, or is finished")),
    }
}

/// Code of [`require_lease`].
pub const LEASE_LOST: &str = "lease_lost";

impl Lease {
    /// Declares the row of the job.
    pub fn need(self, needs: &mut Needs<'_>) {
        needs.row::<JobRow>(self.job);
    }

    /// See [`require_lease`].
    ///
    /// # Errors
    /// `lease_lost`.
    pub fn check(self, tx: &Tx) -> Result<(), Rejection> {
        require_lease(tx, self.job, self.token)
    }

    /// Ends the job in the commit of its effect. The token rises, so that the same effect cannot come twice.
    ///
    /// # Errors
    /// `lease_lost`.
    pub fn finish(self, tx: &mut Tx) -> Result<(), Rejection> {
        self.change(tx, |row| row.state = JobState::Done)
    }

    /// Makes the job due again in the commit of its effect, with its attempts counted afresh; `payload` replaces
    /// what it carries.
    ///
    /// # Errors
    /// `lease_lost`.
    pub fn again(self, tx: &mut Tx, due_at: Timestamp, payload: Option<Facts>) -> Result<(), Rejection> {
        self.change(tx, |row| {
            row.due_at = due_at;
            row.attempts = 0;
            if let Some(payload) = payload {
                row.payload = payload;
            }
        })
    }

    /// Puts the job off in the commit that says why, as if this run had not begun: what earlier runs may have done is
    /// still known by their count.
    ///
    /// # Errors
    /// `lease_lost`.
    pub fn wait(self, tx: &mut Tx, due_at: Timestamp) -> Result<(), Rejection> {
        self.change(tx, |row| {
            row.due_at = due_at;
            row.attempts -= 1;
        })
    }

    /// Changes what the job carries, and keeps it: the run goes on.
    ///
    /// # Errors
    /// `lease_lost`.
    pub fn note(self, tx: &mut Tx, payload: Facts) -> Result<(), Rejection> {
        self.check(tx)?;
        if let Some(row) = tx.get::<JobRow>(&self.job).cloned() {
            tx.put(JobRow { payload, ..row });
        }
        Ok(())
    }

    fn change(self, tx: &mut Tx, change: impl FnOnce(&mut JobRow)) -> Result<(), Rejection> {
        self.check(tx)?;
        if let Some(mut row) = tx.get::<JobRow>(&self.job).cloned() {
            row.token += 1;
            row.lease_until = Timestamp(0);
            row.last_error = None;
            change(&mut row);
            tx.put(row);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let seconds: Vec<i64> = [0, 1, 2, 3, 7, 8, 9, 100].map(|n| back_off(n) / SECOND).to_vec();
        assert_eq!(seconds, [2, 2, 6, 18, 1_458, 3_600, 3_600, 3_600]);
    }
}
