//! `purser demo`: a lively marketplace to look at.

mod adverts;
mod cast;
mod seed;
mod shops;
mod state;

pub(crate) use adverts::ADVERTISER;
pub(crate) use seed::{creator_name, seed};
pub(crate) use state::{State, state};
