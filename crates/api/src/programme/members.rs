//! Who takes part.

use axum::{extract::Path, response::Response};
use purser_domain::ids::PartyId;
use purser_engine::programme::{
    self, EnrolCreators, Enrolment, LeaveProgramme, PROGRAMME_PAGE_MAX, ProgrammeMember,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Day, ProgrammeItems, Wrong, creator, read_all};
use crate::{
    edge::{Answer, Body, Call, Cursor, Page, PageParams, Params, json, page_of, parse_id, submit},
    problem::Problem,
};

/// A creator takes part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    /// Party, `pty_…`; or give `creator_external_id`.
    creator_id: Option<String>,
    /// Your own id of the party.
    creator_external_id: Option<String>,
    /// First civil day: orders that settle from then on are programme income.
    #[schema(value_type = String, format = Date)]
    from_on: Day,
    /// First civil day after it; absent while it has no end.
    #[schema(value_type = Option<String>, format = Date)]
    to_on: Option<Day>,
}

/// Several creators.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMembers {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<NewMember>,
}

/// The end of taking part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberLeaves {
    /// First civil day without.
    #[schema(value_type = String, format = Date)]
    on: Day,
}

/// An interval of civil days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberInterval {
    /// First day.
    from_on: String,
    /// First day after it; null while it has no end.
    to_on: Option<String>,
}

/// When a creator takes part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// The creator.
    creator_id: String,
    /// Intervals, oldest first.
    intervals: Vec<MemberInterval>,
    /// Counts changes.
    version: i64,
}

impl From<&ProgrammeMember> for MemberView {
    fn from(row: &ProgrammeMember) -> Self {
        let interval = |span: purser_domain::programme::MemberSpan| MemberInterval {
            from_on: span.from_on.to_string(),
            to_on: span.to_on.map(|to| to.to_string()),
        };
        Self {
            creator_id: row.creator.to_string(),
            intervals: row.spans().into_iter().map(interval).collect(),
            version: row.version,
        }
    }
}

fn read(given: &NewMember) -> Result<Enrolment, Wrong> {
    let creator = creator(given.creator_id.as_deref(), given.creator_external_id.as_deref())?;
    Ok(Enrolment { creator, from_on: given.from_on.0, to_on: given.to_on.map(|day| day.0) })
}

/// Take a creator into the programme
///
/// The same interval again changes nothing.
#[utoipa::path(post, path = "/v1/programme/members", tag = "programme", request_body = NewMember,
    responses((status = 200, body = MemberView, description = "When the creator takes part")))]
pub(crate) async fn enrol_creator(call: Call, body: Body<NewMember>) -> Result<Response, Problem> {
    let item = read(&body.value).map_err(|(field, text)| Problem::invalid(field, text))?;
    submit(&call, body.digest, EnrolCreators { items: vec![item], single: true }, |outcomes| {
        match outcomes.first() {
            Some(Ok(row)) => Answer::ok(&MemberView::from(row)),
            _ => Answer::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, &serde_json::Value::Null),
        }
    })
    .await
}

/// Take many creators into the programme
///
/// Item by item: a refused item leaves the others alone.
#[utoipa::path(post, path = "/v1/programme/members/bulk", tag = "programme", request_body = NewMembers,
    responses((status = 200, body = ProgrammeItems, description = "Outcomes, in order")))]
pub(crate) async fn enrol_creators(call: Call, body: Body<NewMembers>) -> Result<Response, Problem> {
    let (items, places) = read_all(&call, &body.value.items, read)?;
    submit(&call, body.digest, EnrolCreators { items, single: false }, move |outcomes| {
        let outcome = |at: usize| outcomes.get(at).map(|one| one.as_ref().map(|_| true));
        Answer::ok(&ProgrammeItems::of(&places, outcome))
    })
    .await
}

/// End a creator's part in the programme
///
/// What settled before stays as it was booked.
#[utoipa::path(post, path = "/v1/programme/members/{id}/leave", tag = "programme", request_body = MemberLeaves,
    params(("id" = String, Path, description = "The creator, `pty_…`")),
    responses((status = 200, body = MemberView, description = "When the creator takes part")))]
pub(crate) async fn leave_programme(
    call: Call,
    Path(id): Path<String>,
    body: Body<MemberLeaves>,
) -> Result<Response, Problem> {
    let creator: PartyId = parse_id(&id, "id")?;
    let command = LeaveProgramme { creator, on: body.value.on.0 };
    submit(&call, body.digest, command, |row| Answer::ok(&MemberView::from(row))).await
}

/// List the creators of the programme
#[utoipa::path(get, path = "/v1/programme/members", tag = "programme", params(PageParams),
    responses((status = 200, body = Page<MemberView>, description = "Creators, in order of id")))]
pub(crate) async fn list_programme_members(
    call: Call,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = page.limit()?.min(usize::try_from(PROGRAMME_PAGE_MAX - 1).unwrap_or(1));
    let after = match &page.cursor {
        Some(text) => PartyId(Cursor::decode(text)?.id),
        None => PartyId::default(),
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| programme::member_page(session, after, most)).await?;
    let cursor = |row: &ProgrammeMember| Cursor::id(row.creator.0);
    Ok(json(&page_of(rows, limit, cursor, |row| MemberView::from(&row))))
}

/// Read when a creator takes part in the programme
#[utoipa::path(get, path = "/v1/programme/members/{id}", tag = "programme",
    params(("id" = String, Path, description = "The creator, `pty_…`")),
    responses((status = 200, body = MemberView, description = "Intervals, oldest first")))]
pub(crate) async fn get_programme_member(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let creator: PartyId = parse_id(&id, "id")?;
    match call.app.read(move |session| programme::member(session, creator)).await? {
        Some(row) => Ok(json(&MemberView::from(&row))),
        None => Err(Problem::not_found("not_in_programme", "the creator never took part in the programme")),
    }
}
