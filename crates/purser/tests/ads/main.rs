//! The prepaid advertising account, end to end through the real binary on both databases: one file per capability.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod campaigns;
mod clicks;
mod desk;
mod grants;
mod market;
mod money_back;
mod resume;
mod stream;
