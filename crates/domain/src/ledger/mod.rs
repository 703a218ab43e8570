//! The double-entry ledger: accounts, transfers, holds and the one posting algorithm (spec M, P1).
//!
//! Amounts are minor units. An account's balance is counted in its own normal direction, so that a healthy
//! balance is positive on both sides of the books: a creator's earnings (credit-normal) and the platform's float
//! at a rail (debit-normal) both read above zero. A *floor* keeps `posted − held_out` from going below zero.

mod account;
mod kinds;
mod outcome;
mod post;

pub use account::{Account, AccountKind, AccountRef, Owner, Side};
pub use kinds::TransferKind;
pub use outcome::Refusal;
pub use post::{Books, Hold, HoldState, Posted, Step, Transfer, TransferRequest, post};
