//! The programme and its months (X15).

mod disputes;
mod members;
mod months;
mod statements;
mod terms;

pub(crate) use disputes::*;
pub(crate) use members::*;
pub(crate) use months::*;
pub(crate) use statements::*;
pub(crate) use terms::*;

use purser_domain::{
    ids::{PartyId, StatementId},
    time::{Date, Month},
};
use purser_engine::{Rejection, parties::party_id};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use crate::{
    edge::{Call, Cursor, bulk_size},
    problem::Problem,
};

/// A civil date: `2026-03-01`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let date: Option<Date> = Some(text.as_str()).filter(|t| t.len() == 10).and_then(|t| t.parse().ok());
        let known = date.filter(|date| (2000..=2199).contains(&date.year()));
        known.map(Self).ok_or_else(|| D::Error::custom("a civil date like 2026-03-01, between 2000 and 2199"))
    }
}

/// Why an item was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgrammeItemError {
    /// Stable machine code.
    code: String,
    /// What is wrong.
    detail: String,
    /// JSON pointer into the item.
    pointer: Option<String>,
}

impl From<&Rejection> for ProgrammeItemError {
    fn from(rejection: &Rejection) -> Self {
        Self {
            code: rejection.code.to_owned(),
            detail: rejection.message.clone(),
            pointer: rejection.field.clone(),
        }
    }
}

type Wrong = (&'static str, String);

/// Of each item of a list, where it stands among those that could be read, or what was wrong with it.
type Places = Vec<Result<usize, Wrong>>;

impl From<&Wrong> for ProgrammeItemError {
    fn from((field, text): &Wrong) -> Self {
        Self { code: "invalid_input".to_owned(), detail: text.clone(), pointer: Some((*field).to_owned()) }
    }
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgrammeItem {
    /// Position in the request.
    index: usize,
    /// Whether it changed something.
    changed: bool,
    /// Why it was refused; null when it was taken.
    error: Option<ProgrammeItemError>,
}

/// What became of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgrammeItems {
    /// Item by item, in order.
    items: Vec<ProgrammeItem>,
    /// Taken.
    taken: usize,
    /// Refused.
    refused: usize,
}

impl ProgrammeItems {
    /// `places` says of each item where its outcome stands, or what was wrong with it.
    fn of<'a>(
        places: &[Result<usize, Wrong>],
        outcome: impl Fn(usize) -> Option<Result<bool, &'a Rejection>>,
    ) -> Self {
        let item = |(index, place): (usize, &Result<usize, Wrong>)| {
            let (changed, error) = match place {
                Err(wrong) => (false, Some(ProgrammeItemError::from(wrong))),
                Ok(at) => match outcome(*at) {
                    Some(Ok(changed)) => (changed, None),
                    Some(Err(rejection)) => (false, Some(ProgrammeItemError::from(rejection))),
                    None => (false, Some(ProgrammeItemError::from(&("", "no outcome".to_owned())))),
                },
            };
            ProgrammeItem { index, changed, error }
        };
        let items: Vec<ProgrammeItem> = places.iter().enumerate().map(item).collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Self { taken: items.len() - refused, refused, items }
    }
}

/// Reads every item; what cannot be read is left out, and named at its place.
fn read_all<G, I>(
    call: &Call,
    given: &[G],
    read: impl Fn(&G) -> Result<I, Wrong>,
) -> Result<(Vec<I>, Places), Problem> {
    bulk_size("/items", given.len(), call.app.bulk_items())?;
    let (mut items, mut places) = (Vec::with_capacity(given.len()), Vec::with_capacity(given.len()));
    for one in given {
        places.push(read(one).map(|item| {
            items.push(item);
            items.len() - 1
        }));
    }
    Ok((items, places))
}

/// A creator by id, or by the platform's own id.
fn creator(id: Option<&str>, external: Option<&str>) -> Result<PartyId, Wrong> {
    match (id, external) {
        (Some(id), None) => {
            id.parse().map_err(|e: purser_domain::ids::IdError| ("/creator_id", e.to_string()))
        }
        (None, Some(external)) => Ok(party_id(external)),
        _ => Err(("/creator_id", "give creator_id or creator_external_id, one of them".to_owned())),
    }
}

/// Where a list of statements goes on: the number of the month, and an id.
fn place(month: Month, id: StatementId) -> Cursor {
    let number = i64::from(month.year) * 12 + i64::from(month.month) - 1;
    Cursor { numbers: vec![number], id: id.0 }
}

fn place_of(cursor: &Cursor) -> Option<(Month, StatementId)> {
    let number = *cursor.numbers.first()?;
    let year = i16::try_from(number.div_euclid(12)).ok()?;
    let month = i8::try_from(number.rem_euclid(12)).ok()? + 1;
    Some((Month { year, month }, StatementId(cursor.id)))
}
