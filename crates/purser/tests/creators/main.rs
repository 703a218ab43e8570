//! Creator earnings and withdrawals, end to end through the real binary on both databases: one file per capability.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod agencies;
mod alipay;
mod alipay_account;
mod bank_file;
mod bank_file_given;
mod bank_file_told;
mod benches;
mod cases;
mod cashier;
mod certificates;
mod corporate;
mod counters;
mod desk;
mod figures;
mod gate;
mod gate_again;
mod identity;
mod inquiry;
mod metadata;
mod overview;
mod passwords;
mod payments;
mod payments_alipay;
mod programme;
mod reach;
mod refund_waits;
mod statements;
mod studio;
mod tax;
mod webhooks;
