//! `purser demo`: a lively marketplace to look at.

mod ads;
mod agency;
mod cast;
mod desk;
mod seed;
mod shops;
mod state;

pub(crate) use ads::ADVERTISER;
pub(crate) use agency::{AGENCY, NAME as AGENCY_NAME};
pub(crate) use desk::{VISITOR, people};
pub(crate) use seed::{creator_name, seed};
pub(crate) use state::{State, state};
