//! `purser bench`: figures that anyone can take again, as ratios measured in one run.

pub(crate) mod charges;
pub(crate) mod charges_client;
pub(crate) mod client;
pub(crate) mod credit;
mod credit_load;
pub(crate) mod disk;
pub(crate) mod http;
pub(crate) mod ledger;
pub(crate) mod month_close;
pub(crate) mod reconcile;
pub(crate) mod records;
pub(crate) mod report;
pub(crate) mod served;
mod stops;
pub(crate) mod withdrawals;
