//! Whether this machine's clock can be trusted with the books.
//!
//! Where several servers write, each stamps its groups with its own machine's time. One whose clock is wrong would
//! date money wrongly and take lanes whose lease has not run out. Such a server refuses to write: it compares its
//! clock with the database's when a writer opens and once a minute of writing.

use purser_domain::time::{MINUTE, SECOND, Timestamp};
use purser_storage::{Fault, FaultKind, Session};

use crate::clock::Clock;

/// How far the two clocks may be apart, µs.
pub(crate) const TOLERANCE: i64 = SECOND / 2;

/// Pause between two comparisons, µs.
const EVERY: i64 = MINUTE;

/// When the clocks were compared last.
#[derive(Debug, Default)]
pub(crate) struct ClockCheck {
    good_at: Option<Timestamp>,
    /// The database has no clock of its own: one machine is all there is.
    alone: bool,
}

impl ClockCheck {
    /// Compares the clocks when it is time to.
    ///
    /// # Errors
    /// Storage faults; [`FaultKind::Unusable`] when the clocks are too far apart. The next call compares again, so
    /// that writing goes on once the clock is right.
    pub(crate) fn run(&mut self, session: &mut dyn Session, clock: &Clock) -> Result<(), Fault> {
        self.compare(|| clock.machine(), || session.clock_micros())
    }

    fn compare(
        &mut self,
        mut ours: impl FnMut() -> Timestamp,
        theirs: impl FnOnce() -> Result<Option<i64>, Fault>,
    ) -> Result<(), Fault> {
        let before = ours();
        // A clock that was set back is compared at once.
        let fresh = self.good_at.is_some_and(|at| (0..EVERY).contains(&(before.0 - at.0)));
        if self.alone || fresh {
            return Ok(());
        }
        let Some(theirs) = theirs()? else {
            self.alone = true;
            return Ok(());
        };
        let half_trip = (ours().0 - before.0).max(0) / 2;
        // The database read its clock at some point of the round trip; its middle is at most half of it wrong.
        let ahead = before.0 + half_trip - theirs;
        if ahead.saturating_abs() > TOLERANCE.saturating_add(half_trip) {
            self.good_at = None;
            return Err(apart(ahead));
        }
        self.good_at = Some(before);
        Ok(())
    }
}

fn apart(ahead: i64) -> Fault {
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    let message = format!(
        "this machine's clock is {} ms {direction} the database's, at most {} are allowed: nothing is written until \
         both are set right (run an NTP client on both machines)",
        ahead.saturating_abs() / 1_000,
        TOLERANCE / 1_000
    );
    Fault::new(FaultKind::Unusable, "clock", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares at `at`, with a round trip that takes `trip`, against a clock that says `theirs`; `None` when the
    /// database was not asked.
    fn compare(check: &mut ClockCheck, at: i64, trip: i64, theirs: i64) -> Option<bool> {
        let mut times = [at, at + trip].into_iter();
        let mut asked = false;
        let outcome = check.compare(
            || Timestamp(times.next().unwrap_or(at + trip)),
            || {
                asked = true;
                Ok(Some(theirs))
            },
        );
        asked.then_some(outcome.is_ok())
    }

    const NOON: i64 = 1_000 * MINUTE;
    const MS: i64 = 1_000;

    #[test]
    fn half_a_second_is_allowed_and_the_middle_of_the_round_trip_counts() {
        for (trip, theirs, good) in [
            (0, NOON + 500 * MS, true),
            (0, NOON - 500 * MS, true),
            (0, NOON + 501 * MS, false),
            (0, NOON - 501 * MS, false),
            // Whatever of the trip was on the way there, this clock is right.
            (2_000 * MS, NOON, true),
            (2_000 * MS, NOON + 2_000 * MS, true),
            (2_000 * MS, NOON + 2_501 * MS, false),
            (2_000 * MS, NOON - 501 * MS, false),
        ] {
            let found = compare(&mut ClockCheck::default(), NOON, trip, theirs);
            assert_eq!(found, Some(good), "trip {trip}, theirs {theirs}");
        }
    }

    #[test]
    fn a_good_comparison_holds_for_a_minute_and_a_bad_one_not_at_all() {
        let mut check = ClockCheck::default();
        assert_eq!(compare(&mut check, NOON, 0, NOON), Some(true));
        assert_eq!(compare(&mut check, NOON + MINUTE - 1, 0, 0), None);
        assert_eq!(compare(&mut check, NOON + MINUTE, 0, NOON), Some(false), "a minute later it is wrong");
        assert_eq!(compare(&mut check, NOON + MINUTE, 0, NOON), Some(false), "and asked again at once");
        assert_eq!(compare(&mut check, NOON + MINUTE, 0, NOON + MINUTE), Some(true), "set right");
        assert_eq!(compare(&mut check, NOON - 5 * MINUTE, 0, NOON), Some(false), "set back");
    }

    #[test]
    fn a_database_without_a_clock_is_asked_once() {
        let mut check = ClockCheck::default();
        check.compare(|| Timestamp(NOON), || Ok(None)).unwrap();
        assert_eq!(compare(&mut check, NOON + 9 * MINUTE, 0, 0), None);
    }
}
