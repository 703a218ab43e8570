//! The edge: what happens to every request before and after its handler.

mod browser;
mod call;
mod input;
mod limits;
mod own;
mod page;
mod submit;

pub(crate) use browser::{Console, csrf_token};
pub(crate) use call::{Call, enter, no_method, no_route};
pub(crate) use input::{Amount, Body, Instant, Params, RawBody, bulk_size, parse_id};
pub(crate) use limits::Limits;
pub use limits::Rates;
pub(crate) use page::{Cursor, Page, PageParams, limit, page_of};
pub(crate) use submit::{Answer, ask, json, json_versioned, note, submit};
