//! Whether a rail can be reached: so many calls in a row that could not even be sent put it out of order by itself, and
//! the first answer puts it in order again (P10, G15).

use purser_domain::{
    ids::WithdrawalId,
    time::SECOND,
    withdrawals::{RailNumber, RailOutcome, Slice},
};

use super::{
    apply::rail_jobs,
    may_send::change_slice,
    rows::{RailRow, UNREACHED, WithdrawalRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::one,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError},
    ports::Rail,
    tx::{Needs, Tx},
};

/// Pause between two looks at a rail that is out of reach.
const PROBE: i64 = 15 * SECOND;

/// What could not be sent: the rail has nothing of it by this run.
pub(super) struct Unsent {
    pub(super) id: WithdrawalId,
    pub(super) number: RailNumber,
    pub(super) lease: Lease,
}

/// Notes that nothing could be sent to a rail.
///
/// Rejections: `lease_lost`.
struct RailUnreached {
    rail: &'static str,
    unsent: Option<Unsent>,
}

impl Command for RailUnreached {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.unreached"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<RailRow>(self.rail.to_owned());
        if let Some(unsent) = &self.unsent {
            unsent.lease.need(needs);
            needs.row::<WithdrawalRow>(unsent.id);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        if let Some(unsent) = &self.unsent {
            unsent.lease.check(tx)?;
            if let Some(row) = tx.get::<WithdrawalRow>(&unsent.id).cloned() {
                change_slice(tx, row, unsent.number, Slice::not_taken);
            }
        }
        let row = tx.get::<RailRow>(&self.rail.to_owned()).cloned();
        let row = row.unwrap_or_else(|| RailRow::whole(self.rail));
        // It is known already, and looked at.
        if row.unreached >= UNREACHED {
            return Ok(());
        }
        let unreached = row.unreached + 1;
        tx.put(RailRow { unreached, version: row.version + 1, ..row });
        if unreached == UNREACHED {
            tx.event("rail.unreachable", None, self.rail, Facts::new().int("calls", unreached));
            let id = tx.new_id();
            let probe = rail_jobs(self.rail).probe;
            tx.job(jobs::ready(id, probe, self.rail, ctx.now.plus(PROBE), Facts::new()));
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Notes that a rail has answered a call.
struct RailReached(&'static str);

impl Command for RailReached {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.reached"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<RailRow>(self.0.to_owned());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        reached(tx, self.0);
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// The rail has answered: whatever it said, it can be reached. Its row must be declared.
fn reached(tx: &mut Tx, rail: &str) {
    let row = tx.get::<RailRow>(&rail.to_owned()).filter(|row| row.unreached > 0).cloned();
    if let Some(row) = row {
        if row.unreached >= UNREACHED {
            tx.event("rail.reachable", None, rail, Facts::new());
        }
        tx.put(RailRow { unreached: 0, version: row.version + 1, ..row });
    }
}

/// Writes down what a look at a rail came to.
struct Probed {
    rail: &'static str,
    lease: Lease,
    answered: bool,
}

impl Command for Probed {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.probed"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<RailRow>(self.rail.to_owned());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let out = tx.get::<RailRow>(&self.rail.to_owned()).is_some_and(|row| row.unreached >= UNREACHED);
        if out && !self.answered {
            return self.lease.again(tx, ctx.now.plus(PROBE), None);
        }
        self.lease.finish(tx)?;
        if self.answered {
            reached(tx, self.rail);
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Looks whether a rail that was out of reach can be reached again; until it can, again and again.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_probe(rail: &mut dyn Rail, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let answered = rail.probe(hands).is_ok();
    hands.call(Probed { rail: rail.name(), lease: job.lease, answered })?;
    Ok(Ran::Committed)
}

/// Passes on what a rail said to a call, and notes whether it was reached: any answer, also one that leaves the outcome
/// open, says that it was; `unsent` is what could not be sent when it was not.
pub(super) fn noted(
    rail: &'static str,
    said: Result<RailOutcome, RunError>,
    unsent: Option<Unsent>,
    hands: &mut Hands<'_>,
) -> Result<RailOutcome, RunError> {
    match &said {
        Err(RunError::Unreached(_)) => hands.call(RailUnreached { rail, unsent })?,
        Ok(_) if one::<RailRow>(hands.reads, rail.to_owned())?.is_some_and(|row| row.unreached > 0) => {
            hands.call(RailReached(rail))?;
        }
        _ => {}
    }
    said
}
