//! Whether a rail can be reached: so many calls in a row that could not even be sent put it out of order by itself, and
//! the first answer puts it in order again (P10, G15).

use purser_domain::{time::SECOND, withdrawals::RailOutcome};

use super::{
    apply::rail_jobs,
    rows::{RailRow, UNREACHED},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError},
    ports::Rail,
    tx::{Needs, Tx},
};

/// Pause between two looks at a rail that is out of reach.
const PROBE: i64 = 15 * SECOND;

/// Notes that nothing could be sent to a rail.
pub(super) struct RailUnreached(pub(super) &'static str);

impl Command for RailUnreached {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.unreached"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<RailRow>(self.0.to_owned());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let row = tx.get::<RailRow>(&self.0.to_owned()).cloned();
        let row = row.unwrap_or_else(|| RailRow::whole(self.0));
        // It is known already, and looked at.
        if row.unreached >= UNREACHED {
            return Ok(());
        }
        let unreached = row.unreached + 1;
        tx.put(RailRow { unreached, version: row.version + 1, ..row });
        if unreached == UNREACHED {
            tx.event("rail.unreachable", None, self.0, Facts::new().int("calls", unreached));
            let id = tx.new_id();
            tx.job(jobs::ready(id, rail_jobs(self.0).probe, self.0, ctx.now.plus(PROBE), Facts::new()));
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// The rail has answered: whatever it said, it can be reached. Its row must be declared.
pub(super) fn reached(tx: &mut Tx, rail: &str) {
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

/// Passes on what a rail said to a call, and notes when the call could not even be sent.
pub(super) fn noted(
    rail: &'static str,
    said: Result<RailOutcome, RunError>,
    hands: &mut Hands<'_>,
) -> Result<RailOutcome, RunError> {
    if matches!(said, Err(RunError::Unreached(_))) {
        hands.call(RailUnreached(rail))?;
    }
    said
}
