//! The merchant's pay-later limit and proceeds, end to end through the real binary on both databases: one file per
//! capability.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod advances;
mod appeals;
mod applications;
mod failures;
mod follow;
mod held;
mod limits;
mod linked;
mod live;
mod orders;
mod proceeds;
mod records;
mod replay;
mod risk;
mod two_people;
mod year;
