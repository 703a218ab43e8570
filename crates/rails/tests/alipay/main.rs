//! What Alipay is asked, what its answers mean, whom they are believed (P10, X8).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/bench.rs"]
mod bench;
mod certificates;
mod codes;
mod notices;
mod requests;
mod signatures;
#[path = "../../../domain/tests/support/skipped.rs"]
mod skip;
mod stand_in;
