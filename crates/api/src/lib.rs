//! HTTP and JSON: the only crate that knows either.
//!
//! A request passes one middleware ([`edge`]): request id, access table, idempotency key. Its handler reads the
//! body strictly and either queues a command, whose answer is made inside the group, or reads in one snapshot.

mod access;
mod ad_clicks;
mod ad_stream;
mod ads;
mod agencies;
mod app;
mod approvals;
mod bank_files;
mod bank_messages;
mod cases;
mod cashier;
mod credit;
mod devices;
mod document;
mod edge;
mod explain;
mod feed;
mod health;
mod identity;
mod keys;
mod ledger;
mod metrics;
mod notices;
mod operations;
mod orders;
mod pages;
mod parties;
mod party_notes;
mod payments;
mod payout_accounts;
mod people;
mod policy_versions;
mod portal;
mod problem;
mod programme;
mod rails;
mod reconciliation;
mod records;
mod routes;
mod rules;
mod settlements;
mod staff;
mod staff_sessions;
mod studio;
mod tax;
mod webhooks;
mod withdrawals;
mod words;

pub use app::{App, SharedRules};
pub use bank_files::BankDesk;
pub use document::openapi_json;
pub use edge::Rates;
pub use feed::webhook_body;
pub use notices::Notices;
pub use pages::Pages;
pub use payments::{BankAccount, Collect};
pub use portal::Persona;
pub use reconciliation::{Format, StatementReaders};
pub use routes::router;
pub use words::{Words, WordsSection, sections_of_words, words};
