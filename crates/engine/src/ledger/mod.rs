//! Commands and queries on the bare ledger.

mod float;
mod manual;
mod post;
mod query;

pub(crate) use float::float_top_up_id;
pub use float::{AdjustFloat, TopUpFloat, ToppedUp};
pub use manual::{ManualTransfer, bound};
pub use post::{OpenAccounts, PostTransfers, TransferOutcome};
pub use query::{account, accounts, described, hold, kind_of, transfer};
