//! Money in and out: the rails behind the engine's ports; and the platform's own services for phones and identities.

pub mod alipay;
pub mod bank_file;
mod collect;
mod http;
mod sandbox;
pub mod services;

pub use collect::{BankTransfers, SandboxCashier};
pub use http::collector_agent;
pub use sandbox::{SandboxRail, SandboxSender, SandboxVerifier};
