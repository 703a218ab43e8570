//! Seeded workloads, planted faults and an independent auditor: how the engine is tested.
//!
//! Nothing here is part of the service. A run follows from its seed, and a failing test prints it.

pub mod auditor;
pub mod credit;
pub mod desk;
pub mod faults;
pub mod rng;
pub mod tables;
pub mod workload;
