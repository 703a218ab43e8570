//! People who act for a party (P6).

use axum::{extract::Path, response::Response};
use purser_domain::{identity::PersonRole, ids::PartyId};
use purser_engine::identity::{self, ChangePeople, PeopleChange, PersonRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Answer, Body, Call, Page, json, parse_id, submit},
    feed::path_digest,
    identity::vault,
    problem::Problem,
};

/// Somebody who acts for a party.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// Name.
    name: String,
    /// `view`, `request` or `approve`; each includes the one before.
    role: String,
    /// Mobile number.
    phone: Option<String>,
}

/// What changes about a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    /// `view`, `request` or `approve`; unchanged when absent.
    role: Option<String>,
    /// Mobile number; unchanged when absent, taken away when empty.
    phone: Option<String>,
}

/// A person, masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// Person, `per_…`.
    id: String,
    /// For whom.
    party_id: String,
    /// Name, masked.
    name: String,
    /// `view`, `request` or `approve`.
    role: String,
    /// Mobile number, masked.
    phone: Option<String>,
    /// When it was added.
    created_at: String,
    /// Counts changes.
    version: i64,
}

impl From<&PersonRow> for PersonView {
    fn from(row: &PersonRow) -> Self {
        Self {
            id: row.person.to_string(),
            party_id: row.party.to_string(),
            name: row.name_masked.clone(),
            role: row.role.clone(),
            phone: Some(row.phone_masked.clone()).filter(|text| !text.is_empty()),
            created_at: row.created_at.to_string(),
            version: row.version,
        }
    }
}

fn role(name: &str) -> Result<PersonRole, Problem> {
    PersonRole::named(name).ok_or_else(|| Problem::invalid("/role", "a role is view, request or approve"))
}

async fn change(call: &Call, id: &str, digest: [u8; 32], change: PeopleChange) -> Result<Response, Problem> {
    let created = matches!(change, PeopleChange::Add { .. });
    let command = ChangePeople { vault: vault(call)?, party: parse_id(id, "id")?, change };
    submit(call, digest, command, move |row| {
        let view = PersonView::from(row);
        if created { Answer::created(&view) } else { Answer::ok(&view) }
    })
    .await
}

/// Let somebody act for a party
#[utoipa::path(post, path = "/v1/parties/{id}/people", tag = "identity", request_body = NewPerson,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = PersonView, description = "Added")))]
pub(crate) async fn add_person(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPerson>,
) -> Result<Response, Problem> {
    let NewPerson { name, role: given, phone } = body.value;
    let role = role(&given)?;
    change(&call, &id, body.digest, PeopleChange::Add { name, role, phone }).await
}

/// List who acts for a party
#[utoipa::path(get, path = "/v1/parties/{id}/people", tag = "identity",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = Page<PersonView>, description = "People, the longest there first")))]
pub(crate) async fn list_people(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let rows = call.app.read(move |session| identity::people(session, party)).await?;
    Ok(json(&Page { data: rows.iter().map(PersonView::from).collect(), next_cursor: None }))
}

/// Change what somebody may do for a party
#[utoipa::path(patch, path = "/v1/parties/{id}/people/{person}", tag = "identity", request_body = PersonChange,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("person" = String, Path, description = "Person, `per_…`")),
    responses((status = 200, body = PersonView, description = "Changed")))]
pub(crate) async fn change_person(
    call: Call,
    Path((id, person)): Path<(String, String)>,
    body: Body<PersonChange>,
) -> Result<Response, Problem> {
    let role = body.value.role.as_deref().map(role).transpose()?;
    let person = parse_id(&person, "person")?;
    let what = PeopleChange::Change { person, if_version: call.if_match, role, phone: body.value.phone };
    change(&call, &id, body.digest, what).await
}

/// Let somebody no longer act for a party
#[utoipa::path(delete, path = "/v1/parties/{id}/people/{person}", tag = "identity",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("person" = String, Path, description = "Person, `per_…`")),
    responses((status = 200, body = PersonView, description = "Removed")))]
pub(crate) async fn remove_person(
    call: Call,
    Path((id, person)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let digest = path_digest(&["person", "remove", &id, &person]);
    change(&call, &id, digest, PeopleChange::Remove { person: parse_id(&person, "person")? }).await
}
