//! Seeded workloads, planted faults and an independent auditor: how the engine is tested.
//!
//! Nothing here is part of the service. A run follows from its seed, and a failing test prints it.

pub mod auditor;
pub mod charges;
pub mod credit;
pub mod delivery;
pub mod desk;
pub mod faults;
pub mod payday;
pub mod payouts;
pub mod rng;
#[path = "../../domain/tests/support/skipped.rs"]
mod skip;
pub mod tables;
pub mod workload;

/// Says past the test harness that something is not shown here, and why.
pub fn skipped(what: &str) {
    skip::skipped(what);
}
