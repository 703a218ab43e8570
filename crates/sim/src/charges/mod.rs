//! The advertising account under random commands (A1, A3–A5, A7–A10): advertisers of a [`crate::delivery::Market`] pay in, are
//! given grants, change budgets, bids and switches, resume; clicks come on time, late, early, twice, wrong. [`auditor`] predicts
//! every answer and balance from the specification, [`run`] drives both with faults.

mod acts;
pub mod auditor;
mod check;
mod clicks;
mod making;
mod money;
pub mod run;
mod state;

pub use acts::{Act, Item, Word, World, set_up};
