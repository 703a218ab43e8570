//! Which route needs which scope (P18). A route that is not in this table answers 500, and a test fails.

mod auth;
mod portal;
mod table;

pub(crate) use auth::Keys;
pub(crate) use portal::{Reach, in_contract, opened};
pub(crate) use table::{Access, Need, ROUTES, find, index_of};
