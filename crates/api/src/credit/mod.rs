//! The merchant's pay-later limit (C1–C12, C20, C21, C23–C26): what is reported about shops, the limit and how it came
//! about, orders, linked shops, applications and appeals, its log, its report, and what the desk decides about signs of
//! cash-out.

mod appeals;
mod applications;
mod labels;
mod limits;
mod linked;
mod log;
mod order_list;
mod orders;
mod parts;
mod proposals;
mod report;
mod reviews;
mod risk;
mod shops;
mod what_if;

pub(crate) use appeals::*;
pub(crate) use applications::*;
pub(crate) use labels::*;
pub(crate) use limits::*;
pub(crate) use linked::*;
pub(crate) use log::*;
pub(crate) use order_list::*;
pub(crate) use orders::*;
pub(crate) use proposals::*;
pub(crate) use report::*;
pub(crate) use reviews::*;
pub(crate) use risk::*;
pub(crate) use shops::*;
pub(crate) use what_if::*;

use purser_domain::{ids::PartyId, time::Date};
use purser_engine::{
    Session,
    credit::{self, AsOf, LimitView},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{edge::Call, problem::Problem};

/// Where an item is wrong, and what would be right.
type Wrong = (String, String);

fn wrong(field: impl Into<String>, text: &str) -> Wrong {
    (field.into(), text.to_owned())
}

fn unknown_shop() -> Problem {
    Problem::not_found("credit_shop_unknown", "nothing is known of this shop: report it first")
}

fn problem((field, text): Wrong) -> Problem {
    Problem::invalid(field, text)
}

/// A shop's limit as it stands.
async fn read_limit(call: &Call, party: PartyId) -> Result<LimitView, Problem> {
    let (rules, now) = (call.app.rules(), call.app.now());
    let read = move |session: &mut dyn Session| credit::limit(session, party, AsOf { rules: &rules, now });
    call.app.read(read).await?.ok_or_else(unknown_shop)
}

/// A merchant by id or by the platform's own id.
fn merchant(id: Option<&str>, external: Option<&str>) -> Result<PartyId, Wrong> {
    match (id, external) {
        (Some(id), None) => {
            id.parse().map_err(|e: purser_domain::ids::IdError| wrong("/merchant_id", &e.to_string()))
        }
        (None, Some(external)) => Ok(purser_engine::parties::party_id(external)),
        _ => Err(wrong("/merchant_id", "give merchant_id or merchant_external_id, one of them")),
    }
}

fn date(text: &str, field: impl Into<String>) -> Result<Date, Wrong> {
    let parsed = text.parse::<Date>().ok().filter(|date| (2000..=2199).contains(&date.year()));
    parsed.ok_or_else(|| wrong(field, "a civil date between 2000 and 2199, like 2026-03-01"))
}

/// Why an item was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditItemError {
    /// Stable machine code.
    code: String,
    /// What is wrong.
    detail: String,
    /// JSON pointer into the item.
    pointer: Option<String>,
}

impl From<&purser_engine::Rejection> for CreditItemError {
    fn from(rejection: &purser_engine::Rejection) -> Self {
        Self {
            code: rejection.code.to_owned(),
            detail: rejection.message.clone(),
            pointer: rejection.field.clone(),
        }
    }
}

impl From<&Wrong> for CreditItemError {
    fn from((field, text): &Wrong) -> Self {
        Self { code: "invalid_input".to_owned(), detail: text.clone(), pointer: Some(field.clone()) }
    }
}

/// Splits what was given into what can be decided and what is wrong already, keeping the places.
fn sort<G, R>(given: &[G], read: impl Fn(&G) -> Result<R, Wrong>) -> (Vec<R>, Vec<Result<usize, Wrong>>) {
    let mut items = Vec::with_capacity(given.len());
    let places = given.iter().map(|given| {
        read(given).map(|item| {
            items.push(item);
            items.len() - 1
        })
    });
    let places = places.collect();
    (items, places)
}
