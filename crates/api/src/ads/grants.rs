//! Grants (A1).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::ids::{AdGrantId, PartyId};
use purser_engine::{
    ads::{self, AdGrantRow, GiveGrant, GrantView},
    approvals::Action,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Reading, account::AdGrant, of_advertiser};
use crate::{
    edge::{
        Amount, Answer, Body, Call, Cursor, Instant, Page, PageParams, Params, json, page_of, parse_id,
        submit,
    },
    problem::Problem,
};

/// A grant to give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrant {
    /// Your own id, unique within the advertiser: the same again gives nothing.
    external_id: String,
    /// Minor units.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// It cannot be used from this instant on.
    #[schema(value_type = String)]
    expires_at: Instant,
    /// Why; shown to the advertiser.
    reason: String,
}

/// A grant that two people give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantProposal {
    /// The advertiser, `pty_…`.
    party_id: String,
    /// Your own id, unique within the advertiser: the same again gives nothing.
    external_id: String,
    /// Minor units.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// It cannot be used from this instant on.
    #[schema(value_type = String)]
    expires_at: Instant,
    /// Why; shown to whoever decides, and to the advertiser.
    reason: String,
}

impl GrantProposal {
    /// As it is proposed.
    pub(crate) fn action(self) -> Result<Action, Problem> {
        Ok(Action::AdGrant(GiveGrant {
            party: parse_id(&self.party_id, "/ad_grant/party_id")?,
            external_id: self.external_id,
            amount_minor: self.amount_minor.0,
            expires_at: self.expires_at.0,
            reason: self.reason,
            asked_by: String::new(),
        }))
    }
}

fn view(row: &AdGrantRow) -> AdGrant {
    AdGrant::from(&GrantView { row: row.clone(), left_minor: row.amount })
}

/// Give an advertiser a grant
///
/// For the platform's own system; what staff give takes two people. It is used before cash, the soonest to expire first,
/// and is never paid out.
#[utoipa::path(post, path = "/v1/parties/{id}/ad-grants", tag = "advertising", request_body = NewGrant,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = AdGrant, description = "The grant as it was given")))]
pub(crate) async fn give_grant(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewGrant>,
) -> Result<Response, Problem> {
    if call.identity.session.is_some() {
        let text = "a grant by staff takes two people: propose it with POST /v1/approvals, as ad_grant";
        return Err(Problem::new(StatusCode::FORBIDDEN, "approval_required", text));
    }
    let command = GiveGrant {
        party: parse_id(&id, "id")?,
        external_id: body.value.external_id,
        amount_minor: body.value.amount_minor.0,
        expires_at: body.value.expires_at.0,
        reason: body.value.reason,
        asked_by: call.identity.actor.clone(),
    };
    submit(&call, body.digest, command, |row| Answer::created(&view(row))).await
}

/// List an advertiser's grants, those that ended included
#[utoipa::path(get, path = "/v1/parties/{id}/ad-grants", tag = "advertising",
    params(("id" = String, Path, description = "Party, `pty_…`"), PageParams),
    responses((status = 200, body = Page<AdGrant>, description = "Grants")))]
pub(crate) async fn list_grants(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let limit = params.limit()?;
    let after = params.cursor.as_deref().map(Cursor::decode).transpose()?.map(|at| AdGrantId(at.id));
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let reading = Reading::of(&call.app);
    let read = move |session: &mut dyn purser_engine::Session| {
        of_advertiser(session, party, |session, _| {
            ads::grants(session, party, after, most, &reading.moment())
        })
    };
    let rows = call.app.read(read).await?.or_problem(party)?;
    Ok(json(&page_of(rows, limit, |view| Cursor::id(view.row.id.0), |view| AdGrant::from(&view))))
}
