//! The prepaid advertising account (spec A1–A12): what a click costs, what it is taken from, when delivery stops and
//! comes back.
//!
//! Money stops delivery. An advertiser's stops for money are counted (the *epoch*), and a campaign remembers the last
//! stop that it was resumed from, so that stopping 5,000 campaigns is one write and a campaign's true status is
//! computed, never stored ([`status`]).
//!
//! A click is charged wholly or refused wholly ([`charge`]); it is taken from grants, then cash, then arrears
//! ([`sources`]). Arrears come from the click that uses the balance up and from clicks that were on their way when
//! delivery stopped, and never exceed their limit.

pub mod account;
pub mod alerts;
pub mod auto;
pub mod budget;
pub mod campaign;
pub mod charge;
pub mod price;
pub mod schedule;
pub mod settings;
pub mod sources;
pub mod status;
pub mod stop;
pub mod topup;
pub mod unspent;
pub mod varint;
