//! Money in and out: the rails behind the engine's ports.

pub mod alipay;
pub mod bank_file;
mod collect;
mod sandbox;

pub use collect::{BankTransfers, SandboxCashier};
pub use sandbox::{SandboxRail, SandboxSender, SandboxVerifier};
