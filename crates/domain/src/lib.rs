//! Pure rules of the money desk.
//!
//! Everything here is a function over plain data: no IO, clock, randomness, SQL or async. Time arrives as a
//! [`time::Timestamp`], ids arrive made, rules arrive as a policy set. The same inputs always give the same
//! decision, which is what makes groups, replays and simulation possible.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

#[macro_use]
mod names;

pub mod ads;
pub mod agencies;
pub mod bank_files;
pub mod calendar;
pub mod casework;
pub mod corporate;
pub mod credit;
pub mod document;
pub mod earnings;
pub mod help;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod metadata;
pub mod money;
pub mod parties;
pub mod payments;
pub mod policy;
pub mod programme;
pub mod reconcile;
pub mod studio;
pub mod tax;
pub mod time;
pub mod webhooks;
pub mod withdrawals;
