//! Money in (P11, A2, A3, A6): payment orders, payments, refunds.

mod balance;
mod dto;
mod handlers;

pub(crate) use balance::*;
pub use dto::{BankAccount, Collect};
pub(crate) use handlers::*;
