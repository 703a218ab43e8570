//! What it takes to run a server: files for operators, figures, upgrades, a database that dies (P23, P24).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod deploy;
mod failover;
mod traces;
mod upgrade;
