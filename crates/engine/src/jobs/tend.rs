//! What comes round for records with a promise: they are dated once the calendar knows the year (P5), and the desk is
//! told once of each that is overdue.

use purser_domain::{ids::Uid, time::Timestamp};
use purser_storage::{Fault, Record, Session, Statement, Value};

use super::Progress;
use crate::{
    command::{Command, Ctx, Rejection},
    tx::{Needs, Tx},
};

/// Records looked at in one commit.
const ROUND: usize = 200;

/// A record with a promise.
pub trait Tended: Record + PartialEq {
    /// Name of the command in the audit log and metrics.
    const NAME: &'static str;
    /// Ids of those that wait for the calendar: at most `?1`.
    const UNDATED: &'static Statement;
    /// Ids of those that are overdue at `?1` and not told yet: at most `?2`.
    const OVERDUE: &'static Statement;

    /// The key of an id.
    fn key_of(id: Uid) -> Self::Key;

    /// Dates it if it can be, and tells if it is overdue.
    fn tend(&mut self, tx: &mut Tx, ctx: &Ctx);

    /// Counts a change.
    fn count(&mut self);
}

/// See the module.
pub struct Tend<R: Tended> {
    keys: Vec<R::Key>,
}

impl<R: Tended> Tend<R> {
    /// What there is to do at `now`, at most 200 of each.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = Value::Int(i64::try_from(ROUND).unwrap_or(i64::MAX));
        let mut keys = Vec::new();
        let mut take = |row: &dyn purser_storage::Source| {
            keys.push(R::key_of(row.uid(0)));
            true
        };
        reads.query(R::UNDATED, &[limit], &mut take)?;
        reads.query(R::OVERDUE, &[Value::Int(now.0), limit], &mut take)?;
        Ok(Self { keys })
    }
}

impl<R: Tended> Command for Tend<R> {
    type Output = Progress;

    fn name(&self) -> &'static str {
        R::NAME
    }

    fn weight(&self) -> usize {
        self.keys.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for key in &self.keys {
            needs.row::<R>(key.clone());
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut changed = 0;
        for key in &self.keys {
            let Some(mut row) = tx.get::<R>(key).cloned() else { continue };
            let before = row.clone();
            row.tend(tx, ctx);
            if row != before {
                row.count();
                tx.put(row);
                changed += 1;
            }
        }
        // A round that changed nothing waits for the calendar: another at once would find the same.
        Ok(Progress { more: changed > 0 && self.keys.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
