//! Parties (P6).

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::PartyId,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    time::Timestamp,
};
use purser_engine::parties::{
    self, ChangeParty, PARTY_PAGE_MAX, PartyChange, PartyRow, PartySearch, RegisterParty,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, PageParams, Params, json, json_versioned, page_of, parse_id, submit,
    },
    feed::path_digest,
    party_notes::PartyNoteView,
    problem::Problem,
    records::keyword,
};

/// What the platform says about a party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyProfile {
    /// Your own id; unique, never changes.
    external_id: String,
    /// Shown name.
    display_name: String,
    /// `creator`, `merchant`, `advertiser`, `agency`; at least one.
    roles: Vec<String>,
    /// `individual`, `studio` or `enterprise`.
    legal_form: String,
    /// `ordinary`, `celebrity` or `media`; ordinary when absent.
    class: Option<String>,
    /// Free values.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// A party.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyView {
    /// Id.
    id: String,
    /// Your own id.
    external_id: String,
    /// Shown name.
    display_name: String,
    /// Roles.
    roles: Vec<&'static str>,
    /// Legal form.
    legal_form: String,
    /// Account class.
    class: String,
    /// `active`, `frozen` or `closed`.
    status: String,
    /// Why it is frozen.
    status_reason: Option<String>,
    /// Free values.
    metadata: BTreeMap<String, String>,
    /// When it was created.
    created_at: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

/// A party, with the signs of risk that stand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyDetail {
    #[serde(flatten)]
    party: PartyView,
    /// Flags that staff wrote and nobody cleared, the oldest first.
    risk_flags: Vec<PartyNoteView>,
}

impl From<&PartyRow> for PartyView {
    fn from(row: &PartyRow) -> Self {
        let profile = row.party().profile;
        Self {
            id: row.id.to_string(),
            external_id: row.external_id.clone(),
            display_name: row.display_name.clone(),
            roles: profile.roles.iter().map(Role::name).collect(),
            legal_form: row.legal_form.clone(),
            class: row.class.clone(),
            status: row.status.clone(),
            status_reason: Some(row.status_reason.clone()).filter(|text| !text.is_empty()),
            metadata: profile.metadata,
            created_at: row.created_at.to_string(),
            version: row.version,
        }
    }
}

fn read(given: PartyProfile) -> Result<Profile, Problem> {
    let mut roles = Roles::NONE;
    for (index, name) in given.roles.iter().enumerate() {
        let text = "a role is creator, merchant, advertiser or agency";
        let role = Role::named(name).ok_or_else(|| Problem::invalid(format!("/roles/{index}"), text))?;
        roles = roles.with(role);
    }
    let legal_form = LegalForm::named(&given.legal_form)
        .ok_or_else(|| Problem::invalid("/legal_form", "a legal form is individual, studio or enterprise"))?;
    let class = match given.class.as_deref() {
        None => AccountClass::default(),
        Some(name) => AccountClass::named(name)
            .ok_or_else(|| Problem::invalid("/class", "a class is ordinary, celebrity or media"))?,
    };
    Ok(Profile {
        external_id: given.external_id,
        display_name: given.display_name,
        roles,
        legal_form,
        class,
        metadata: given.metadata,
    })
}

/// Register a party
///
/// The same profile again is the same party.
#[utoipa::path(post, path = "/v1/parties", tag = "parties", request_body = PartyProfile,
    responses((status = 200, body = PartyDetail, description = "The party")))]
pub(crate) async fn register_party(call: Call, body: Body<PartyProfile>) -> Result<Response, Problem> {
    let profile = read(body.value)?;
    submit(&call, body.digest, RegisterParty(profile), |row| Answer::ok(&PartyView::from(row))).await
}

/// Parameters of the list of parties.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PartyParams {
    /// Only the party with this id of yours.
    external_id: Option<String>,
    /// The shown name, your own id or the id contains this, at most 100 characters.
    keyword: Option<String>,
    /// Only parties with this role: `creator`, `merchant`, `advertiser` or `agency`.
    role: Option<String>,
    /// Only `active`, `frozen` or `closed` parties.
    status: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List parties in order of creation, or find some
///
/// A page of a search reads a bounded part of all parties: it may be shorter and still have a `next_cursor`.
#[utoipa::path(get, path = "/v1/parties", tag = "parties", params(PartyParams),
    responses((status = 200, body = Page<PartyView>, description = "Parties")))]
pub(crate) async fn list_parties(
    call: Call,
    Params(params): Params<PartyParams>,
) -> Result<Response, Problem> {
    if let Some(external_id) = params.external_id {
        let id = parties::party_id(&external_id);
        let row = call.app.read(move |session| parties::party(session, id)).await?;
        let data = row.iter().map(PartyView::from).collect();
        return Ok(json(&Page { data, next_cursor: None }));
    }
    let search = search(params.keyword, params.role.as_deref(), params.status)?;
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?.min(usize::try_from(PARTY_PAGE_MAX - 1).unwrap_or(1));
    let after = match &page.cursor {
        Some(text) => {
            let cursor = Cursor::decode(text)?;
            cursor.numbers.first().map(|at| (Timestamp(*at), PartyId(cursor.id)))
        }
        None => None,
    };
    if search != PartySearch::default() {
        let found =
            call.app.read(move |session| parties::party_search(session, &search, after, limit)).await?;
        let next_cursor = found.next.map(|(at, id)| Cursor { numbers: vec![at.0], id: id.0 }.encode());
        return Ok(json(&Page { data: found.rows.iter().map(PartyView::from).collect(), next_cursor }));
    }
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| parties::party_page(session, after, most)).await?;
    let cursor = |row: &PartyRow| Cursor { numbers: vec![row.created_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| PartyView::from(&row))))
}

fn search(given: Option<String>, role: Option<&str>, status: Option<String>) -> Result<PartySearch, Problem> {
    let named = |name: &str| {
        Role::named(name)
            .ok_or_else(|| Problem::invalid("role", "one of creator, merchant, advertiser, agency"))
    };
    if status.as_deref().is_some_and(|name| !["active", "frozen", "closed"].contains(&name)) {
        return Err(Problem::invalid("status", "one of active, frozen, closed"));
    }
    Ok(PartySearch {
        keyword: keyword(given)?.map(|word| word.to_lowercase()),
        role: role.map(named).transpose()?,
        status,
    })
}

/// Read a party
#[utoipa::path(get, path = "/v1/parties/{id}", tag = "parties", params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PartyView, description = "The party")))]
pub(crate) async fn get_party(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: PartyId = parse_id(&id, "id")?;
    let found = call
        .app
        .read(move |session| Ok((parties::party(session, id)?, parties::open_flags(session, id)?)))
        .await?;
    match found {
        (Some(row), flags) => {
            let risk_flags = flags.iter().map(PartyNoteView::from).collect();
            let detail = PartyDetail { party: PartyView::from(&row), risk_flags };
            Ok(json_versioned(&detail, row.version))
        }
        (None, _) => Err(Problem::not_found("party_unknown", format!("there is no party {id}"))),
    }
}

async fn change(call: &Call, id: &str, digest: [u8; 32], change: PartyChange) -> Result<Response, Problem> {
    let command = ChangeParty { id: parse_id(id, "id")?, change, if_version: call.if_match };
    submit(call, digest, command, |row| Answer::ok(&PartyView::from(row))).await
}

/// Change a party's profile
#[utoipa::path(patch, path = "/v1/parties/{id}", tag = "parties", request_body = PartyProfile,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PartyView, description = "Changed")))]
pub(crate) async fn update_party(
    call: Call,
    Path(id): Path<String>,
    body: Body<PartyProfile>,
) -> Result<Response, Problem> {
    change(&call, &id, body.digest, PartyChange::Update(read(body.value)?)).await
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// For people; shown to staff.
    reason: String,
}

/// Freeze a party: no money out, no new credit
#[utoipa::path(post, path = "/v1/parties/{id}/freeze", tag = "parties", request_body = Reason,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PartyView, description = "Frozen")))]
pub(crate) async fn freeze_party(
    call: Call,
    Path(id): Path<String>,
    body: Body<Reason>,
) -> Result<Response, Problem> {
    change(&call, &id, body.digest, PartyChange::Freeze(body.value.reason)).await
}

/// Make a frozen party active again
#[utoipa::path(post, path = "/v1/parties/{id}/unfreeze", tag = "parties",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PartyView, description = "Active")))]
pub(crate) async fn unfreeze_party(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    change(&call, &id, path_digest(&["unfreeze", &id]), PartyChange::Unfreeze).await
}

/// Close a party; refused while there is money
#[utoipa::path(post, path = "/v1/parties/{id}/close", tag = "parties",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PartyView, description = "Closed")))]
pub(crate) async fn close_party(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    change(&call, &id, path_digest(&["close", &id]), PartyChange::Close).await
}
