//! The two clocks. Nothing else in the product reads time.
//!
//! The *machine* clock is for leases, back-off and sessions. The *business* clock is the machine clock plus an
//! offset that the test clock moves forward (P21); due times, dates and holds are read from it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use purser_domain::time::Timestamp;

/// Source of both clocks; cheap to clone, clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<AtomicI64>,
    frozen: Arc<AtomicI64>,
}

impl Clock {
    /// The machine clock with no offset.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is moved: simulation and tests.
    pub fn frozen_at(at: Timestamp) -> Self {
        let clock = Self::default();
        clock.frozen.store(at.0, Ordering::SeqCst);
        clock
    }

    /// Machine time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
    pub fn machine(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// Business time.
    pub fn business(&self) -> Timestamp {
        let frozen = self.frozen.load(Ordering::SeqCst);
        let base = if frozen == 0 { self.machine() } else { Timestamp(frozen) };
        base.plus(self.offset.load(Ordering::SeqCst))
    }

    /// Offset of business time from machine time, µs.
    pub fn offset(&self) -> i64 {
        self.offset.load(Ordering::SeqCst)
    }

    /// Sets the offset. Callers make sure that business time never goes back.
    pub fn set_offset(&self, micros: i64) {
        self.offset.store(micros, Ordering::SeqCst);
    }
}

/// Measures elapsed machine time, for metrics and benches.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Microseconds since the start.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
