//! Linked shops and risk flags (C20).

use axum::{extract::Path, response::Response};
use purser_domain::ids::PartyId;
use purser_engine::credit::{
    AuthoriseShop, EndAuthorisation, LinkedShopRow, RiskFlagRow, linked_shops, risk_flags,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Answer, Body, Call, Instant, Page, json, parse_id, submit},
    feed::path_digest,
    problem::Problem,
};

/// An authorisation to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLinkedShop {
    /// The shop that may ask for this shop's proceeds, `pty_…`.
    by_party_id: String,
    /// Until when; until it is taken back when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// Where the signed authorisation is kept, 1 to 200 characters.
    evidence: String,
}

/// An authorisation: one shop may ask for the proceeds of another, and both are liable for what it draws.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkedShopView {
    /// Whose proceeds.
    party_id: String,
    /// Who may ask for them.
    by_party_id: String,
    /// From when.
    since: String,
    /// Until when, if it ends by itself.
    until: Option<String>,
    /// When it was taken back.
    ended_at: Option<String>,
    /// Where the signed authorisation is kept.
    evidence: String,
    /// Who recorded it.
    recorded_by: String,
    /// Drawn under it and not come back, minor units: for so much both are liable.
    drawn_minor: i64,
    /// Counts changes.
    version: i64,
}

impl From<&LinkedShopRow> for LinkedShopView {
    fn from(row: &LinkedShopRow) -> Self {
        Self {
            party_id: row.shop.to_string(),
            by_party_id: row.by_shop.to_string(),
            since: row.since.to_string(),
            until: row.until.map(|at| at.to_string()),
            ended_at: row.ended_at.map(|at| at.to_string()),
            evidence: row.evidence.clone(),
            recorded_by: row.recorded_by.clone(),
            drawn_minor: row.drawn,
            version: row.version,
        }
    }
}

/// Record that another shop may ask for this shop's proceeds
///
/// Both shops are liable for what is drawn under it.
#[utoipa::path(post, path = "/v1/parties/{id}/linked-shops", tag = "pay-later", request_body = NewLinkedShop,
    params(("id" = String, Path, description = "Party whose proceeds they are, `pty_…`")),
    responses((status = 200, body = LinkedShopView, description = "On record")))]
pub(crate) async fn authorise_shop(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewLinkedShop>,
) -> Result<Response, Problem> {
    let new = body.value;
    let command = AuthoriseShop {
        shop: parse_id(&id, "id")?,
        by_shop: parse_id(&new.by_party_id, "/by_party_id")?,
        until: new.until.map(|at| at.0),
        evidence: new.evidence,
        recorded_by: call.identity.actor.clone(),
    };
    submit(&call, body.digest, command, |row| Answer::ok(&LinkedShopView::from(row))).await
}

/// Take an authorisation back
///
/// What was drawn under it stays both shops' liability.
#[utoipa::path(delete, path = "/v1/parties/{id}/linked-shops/{by}", tag = "pay-later",
    params(("id" = String, Path, description = "Party whose proceeds they are, `pty_…`"),
        ("by" = String, Path, description = "The shop that could ask for them, `pty_…`")),
    responses((status = 200, body = LinkedShopView, description = "Taken back")))]
pub(crate) async fn end_authorisation(
    call: Call,
    Path((id, by)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let command = EndAuthorisation { shop: parse_id(&id, "id")?, by_shop: parse_id(&by, "by")? };
    let digest = path_digest(&["linked-shop-end", &id, &by]);
    submit(&call, digest, command, |row| Answer::ok(&LinkedShopView::from(row))).await
}

/// List who may ask for a shop's proceeds, and whose it may ask for
#[utoipa::path(get, path = "/v1/parties/{id}/linked-shops", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = Page<LinkedShopView>, description = "Authorisations, at most 500 each way")))]
pub(crate) async fn list_linked_shops(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let rows = call.app.read(move |session| linked_shops(session, party)).await?;
    Ok(json(&Page { data: rows.iter().map(LinkedShopView::from).collect::<Vec<_>>(), next_cursor: None }))
}

/// Something that risk staff should know of a party.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskFlagView {
    /// `withdrew_for_other_shop` or `withdrawn_by_other_shop`.
    kind: String,
    /// The other party.
    other_party_id: String,
    /// How often on that day.
    count: i64,
    /// When first.
    first_at: String,
    /// When last.
    last_at: String,
}

impl From<&RiskFlagRow> for RiskFlagView {
    fn from(row: &RiskFlagRow) -> Self {
        Self {
            kind: row.kind.clone(),
            other_party_id: row.other.to_string(),
            count: row.count,
            first_at: row.first_at.to_string(),
            last_at: row.last_at.to_string(),
        }
    }
}

/// List the risk flags of a party, for staff
#[utoipa::path(get, path = "/v1/parties/{id}/risk-flags", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = Page<RiskFlagView>, description = "Flags, the latest first, at most 500")))]
pub(crate) async fn list_risk_flags(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let rows = call.app.read(move |session| risk_flags(session, party)).await?;
    Ok(json(&Page { data: rows.iter().map(RiskFlagView::from).collect::<Vec<_>>(), next_cursor: None }))
}
