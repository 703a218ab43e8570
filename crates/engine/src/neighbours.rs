//! Whether other servers write to the same books just now.
//!
//! A server that has a database to itself gains by forming its next group while the last one commits. Where several
//! servers keep the same cores busy, that only makes every group smaller: each keeps its turn until its commit then.

use purser_domain::time::{SECOND, Timestamp};
use purser_storage::{Fault, Session};

use crate::{chain, rows::Lane};

/// Pause between two looks, machine time, µs.
const EVERY: i64 = SECOND;

/// Groups a second of others from which they count: the jobs of an idle server make a few.
const BUSY: i64 = 50;

/// What a writer knows of the others.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// When it looked last, and the groups of others so far.
    last: Option<(Timestamp, i64)>,
    busy: bool,
}

impl Neighbours {
    /// Looks when it is time to; inside a transaction.
    ///
    /// # Errors
    /// Storage faults.
    pub(crate) fn look(
        &mut self,
        session: &mut dyn Session,
        holder: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let fresh = self.last.is_some_and(|(at, _)| (0..EVERY).contains(&(now.0 - at.0)));
        if fresh || session.exclusive() {
            return Ok(());
        }
        let lanes = chain::lanes(session)?;
        self.saw(&lanes, holder, now);
        Ok(())
    }

    fn saw(&mut self, lanes: &[Lane], holder: &str, now: Timestamp) {
        let groups: i64 = lanes.iter().filter(|lane| lane.holder != holder).map(|lane| lane.seq).sum();
        let rate = self.last.map_or(0, |(at, before)| {
            let elapsed = (now.0 - at.0).max(1);
            (groups - before).max(0).saturating_mul(SECOND) / elapsed
        });
        self.busy = rate >= BUSY;
        self.last = Some((now, groups));
    }

    /// Whether others kept the database busy when this writer looked last.
    pub(crate) fn busy(&self) -> bool {
        self.busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(lane: i64, holder: &str, seq: i64) -> Lane {
        Lane { lane, seq, hash: [0; 32], holder: holder.to_owned(), token: 1, lease_until: 0 }
    }

    #[test]
    fn others_are_busy_while_their_lanes_grow_quickly() {
        let mut others = Neighbours::default();
        for (second, ours, theirs, busy) in [
            // One look says nothing of how fast a lane grows.
            (0, 10, 10_000, false),
            (1, 9_000, 10_000, false),
            (2, 9_000, 10_049, false),
            (3, 9_000, 10_099, true),
            // Fifty over two seconds are few.
            (5, 9_000, 10_149, false),
            (6, 9_000, 10_399, true),
        ] {
            let lanes = [lane(1, "a", ours), lane(2, "b", theirs), lane(3, "a", ours)];
            others.saw(&lanes, "a", Timestamp(second * SECOND));
            assert_eq!(others.busy(), busy, "second {second}");
        }
    }
}
