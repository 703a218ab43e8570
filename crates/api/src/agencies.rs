//! Agencies and their creators (P6, X14).

use axum::{extract::Path, response::Response};
use purser_domain::{
    agencies::Change,
    ids::{MembershipId, PartyId, TaskOrderId},
    time::{Month, Timestamp},
};
use purser_engine::{
    Fault,
    agencies::{self, ChangeMembership, Contact, MembershipRow, SignCreator},
    earnings::TaskOrderRow,
    parties::{party, party_id},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Answer, Body, Call, Cursor, Instant, Page, PageParams, Params, json, page_of, parse_id, submit},
    orders::TaskOrderView,
    problem::Problem,
};

/// A creator signs with an agency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMembership {
    /// The agency, `pty_…`; or give `agency_external_id`.
    agency_id: Option<String>,
    /// Your own id of the agency.
    agency_external_id: Option<String>,
    /// First instant; may lie in the past, which moves no order that is known.
    #[schema(value_type = String, format = DateTime)]
    from: Instant,
    /// First instant after it; absent while it has no end.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// Whom the creator may ask there: a business contact, at most 200 characters.
    #[serde(default)]
    contact: String,
}

/// What changes about a membership.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MembershipChange {
    /// A new end; its beginning for one that was entered by mistake.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
    /// Another contact.
    contact: Option<String>,
}

/// A membership: `[from, to)`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MembershipView {
    /// Id.
    id: String,
    /// The creator.
    creator_id: String,
    /// The agency.
    agency_id: String,
    /// First instant.
    from: String,
    /// First instant after it; null while it has no end.
    to: Option<String>,
    /// Whom the creator may ask there.
    contact: String,
    /// When it was entered.
    created_at: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&MembershipRow> for MembershipView {
    fn from(row: &MembershipRow) -> Self {
        Self {
            id: row.id.to_string(),
            creator_id: row.creator.to_string(),
            agency_id: row.agency.to_string(),
            from: row.from_at.to_string(),
            to: row.to_at.map(|at| at.to_string()),
            contact: row.contact.clone(),
            created_at: row.created_at.to_string(),
            version: row.version,
        }
    }
}

/// A creator of an agency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgencyMember {
    /// The membership.
    #[serde(flatten)]
    membership: MembershipView,
    /// Shown name of the creator.
    creator_name: String,
}

/// Whom a creator may ask about orders that settle to its agency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgencyContact {
    /// The agency that has signed the creator now.
    agency_id: String,
    /// Its shown name.
    name: String,
    /// The contact of the membership; empty when none was given.
    contact: String,
}

impl From<Contact> for AgencyContact {
    fn from(contact: Contact) -> Self {
        Self { agency_id: contact.agency.to_string(), name: contact.name, contact: contact.contact }
    }
}

/// A creator's memberships.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Memberships {
    /// All of them, oldest first.
    data: Vec<MembershipView>,
    /// Whom to ask now; null while no agency has signed the creator.
    now: Option<AgencyContact>,
}

/// Sign a creator with an agency
///
/// Orders that the creator accepts in this time and that are reported from now on settle to the agency, whatever
/// happens later. The same membership again is the same.
#[utoipa::path(post, path = "/v1/parties/{id}/memberships", tag = "agencies", request_body = NewMembership,
    params(("id" = String, Path, description = "The creator, `pty_…`")),
    responses((status = 200, body = MembershipView, description = "The membership")))]
pub(crate) async fn sign_creator(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewMembership>,
) -> Result<Response, Problem> {
    let creator: PartyId = parse_id(&id, "id")?;
    let given = body.value;
    let agency = match (&given.agency_id, &given.agency_external_id) {
        (Some(id), None) => parse_id(id, "/agency_id")?,
        (None, Some(external)) => party_id(external),
        _ => {
            let text = "give agency_id or agency_external_id, one of them";
            return Err(Problem::invalid("/agency_id", text));
        }
    };
    let (from, to) = (given.from.0, given.to.map(|at| at.0));
    let command = SignCreator { creator, agency, from, to, contact: given.contact };
    submit(&call, body.digest, command, |row| Answer::ok(&MembershipView::from(row))).await
}

/// End a membership, correct its end, or name another contact
///
/// Moves no order that is known.
#[utoipa::path(patch, path = "/v1/parties/{id}/memberships/{membership}", tag = "agencies",
    request_body = MembershipChange,
    params(("id" = String, Path, description = "The creator, `pty_…`"),
        ("membership" = String, Path, description = "Membership, `mbr_…`")),
    responses((status = 200, body = MembershipView, description = "Changed")))]
pub(crate) async fn change_membership(
    call: Call,
    Path((id, membership)): Path<(String, String)>,
    body: Body<MembershipChange>,
) -> Result<Response, Problem> {
    let creator: PartyId = parse_id(&id, "id")?;
    let id: MembershipId = parse_id(&membership, "membership")?;
    let change = Change { to: body.value.to.map(|at| at.0), contact: body.value.contact };
    let command = ChangeMembership { creator, id, change, if_version: call.if_match };
    submit(&call, body.digest, command, |row| Answer::ok(&MembershipView::from(row))).await
}

fn unknown(id: PartyId) -> Problem {
    Problem::not_found("party_unknown", format!("there is no party {id}"))
}

/// List a creator's memberships, and whom to ask now
#[utoipa::path(get, path = "/v1/parties/{id}/memberships", tag = "agencies",
    params(("id" = String, Path, description = "The creator, `pty_…`")),
    responses((status = 200, body = Memberships, description = "Memberships, oldest first")))]
pub(crate) async fn list_memberships(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let creator: PartyId = parse_id(&id, "id")?;
    let now = call.app.now();
    let found = call
        .app
        .read(move |session| {
            if party(session, creator)?.is_none() {
                return Ok(None);
            }
            let rows = agencies::memberships(session, creator)?;
            Ok(Some((rows, agencies::contact_of(session, creator, now)?)))
        })
        .await?;
    let (rows, contact) = found.ok_or_else(|| unknown(creator))?;
    let data = rows.iter().map(MembershipView::from).collect();
    Ok(json(&Memberships { data, now: contact.map(AgencyContact::from) }))
}

/// Parameters of the list of an agency's creators.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberParams {
    /// Only memberships that cover this instant: RFC 3339 with an offset.
    at: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List an agency's memberships in order of their beginning
#[utoipa::path(get, path = "/v1/agencies/{id}/members", tag = "agencies",
    params(("id" = String, Path, description = "The agency, `pty_…`"), MemberParams),
    responses((status = 200, body = Page<AgencyMember>, description = "Memberships")))]
pub(crate) async fn list_members(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<MemberParams>,
) -> Result<Response, Problem> {
    let agency: PartyId = parse_id(&id, "id")?;
    let at: Option<Timestamp> = match &params.at {
        Some(text) => Some(parse_id(text, "at")?),
        None => None,
    };
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let after = match &page.cursor {
        Some(text) => {
            let cursor = Cursor::decode(text)?;
            cursor.numbers.first().map(|from| (Timestamp(*from), MembershipId(cursor.id)))
        }
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = call
        .app
        .read(move |session| {
            if party(session, agency)?.is_none() {
                return Ok(None);
            }
            let rows = agencies::members(session, agency, at, after, most)?;
            let named = rows.into_iter().map(|row| {
                let name = party(session, row.creator)?.map(|party| party.display_name.clone());
                Ok((row, name.unwrap_or_default()))
            });
            named.collect::<Result<Vec<_>, Fault>>().map(Some)
        })
        .await?;
    let rows = found.ok_or_else(|| unknown(agency))?;
    let cursor = |(row, _): &(MembershipRow, String)| Cursor { numbers: vec![row.from_at.0], id: row.id.0 };
    let member = |(row, creator_name): (MembershipRow, String)| AgencyMember {
        membership: MembershipView::from(&row),
        creator_name,
    };
    Ok(json(&page_of(rows, limit, cursor, member)))
}

/// Parameters of the list of an agency's orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgencyOrderParams {
    /// Only orders that were accepted in this civil month, like `2026-03`.
    month: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List the orders that settle to an agency, newest acceptance first
#[utoipa::path(get, path = "/v1/agencies/{id}/task-orders", tag = "agencies",
    params(("id" = String, Path, description = "The agency, `pty_…`"), AgencyOrderParams),
    responses((status = 200, body = Page<TaskOrderView>, description = "Orders")))]
pub(crate) async fn list_agency_orders(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<AgencyOrderParams>,
) -> Result<Response, Problem> {
    let agency: PartyId = parse_id(&id, "id")?;
    let span = match &params.month {
        Some(text) => {
            let month: Month = parse_id(text, "month")?;
            let zone = &call.app.zone;
            (zone.start_of(month.first_day()), zone.start_of(month.after().first_day()))
        }
        None => (Timestamp(i64::MIN), Timestamp(i64::MAX)),
    };
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let before = match &page.cursor {
        Some(text) => {
            let cursor = Cursor::decode(text)?;
            cursor.numbers.first().map(|at| (Timestamp(*at), TaskOrderId(cursor.id)))
        }
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = call
        .app
        .read(move |session| match party(session, agency)? {
            None => Ok(None),
            Some(_) => agencies::agency_orders(session, agency, span, before, most).map(Some),
        })
        .await?;
    let rows = found.ok_or_else(|| unknown(agency))?;
    let cursor = |row: &TaskOrderRow| Cursor { numbers: vec![row.accepted_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| TaskOrderView::from(&row))))
}
