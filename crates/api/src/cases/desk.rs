//! The desk's side of cases.

use axum::{extract::Path, response::Response};
use purser_domain::{
    casework::Outcome,
    ids::{CaseId, StaffId},
};
use purser_engine::cases::{Act, ActOnCase, Author, CaseFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    dto::{Assignment, CaseAttachment, CaseDecision, CaseDetail, CaseView, DeskMessage, OwnMessage, Viewer},
    files::{FileContent, UploadParams, attach},
    own::{act, detail, file, list},
};
use crate::{
    edge::{Body, Call, Page, Params, RawBody, parse_id},
    problem::Problem,
};

fn person(call: &Call) -> Result<StaffId, Problem> {
    call.person("people work on cases: sign in as staff, an API key cannot do this")
}

async fn desk_act(call: &Call, id: &str, digest: [u8; 32], what: Act) -> Result<Response, Problem> {
    let by = Author::staff(person(call)?);
    let command =
        ActOnCase { case: parse_id(id, "id")?, party: None, by, act: what, if_version: call.if_match };
    act(call, digest, command, Viewer::Staff).await
}

/// Which cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaseParams {
    /// Only cases in this state.
    state: Option<String>,
    /// Only cases of this kind.
    kind: Option<String>,
    /// Only cases of this person at the desk, `stf_…`, or `me`.
    owner: Option<String>,
    /// Only cases of this party, `pty_…`.
    party: Option<String>,
    /// Only cases whose answer is late.
    overdue: Option<bool>,
    /// Most rows to return, 1 to 199; 50 when absent.
    #[param(minimum = 1, maximum = 199)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List cases, newest first
#[utoipa::path(get, path = "/v1/cases", tag = "cases", params(CaseParams),
    responses((status = 200, body = Page<CaseView>, description = "Cases")))]
pub(crate) async fn list_cases(call: Call, Params(params): Params<CaseParams>) -> Result<Response, Problem> {
    let owner = match params.owner.as_deref() {
        None => String::new(),
        Some("me") => person(&call)?.to_string(),
        Some(text) => parse_id::<StaffId>(text, "owner")?.to_string(),
    };
    let filter = CaseFilter {
        party: params.party.as_deref().map(|text| parse_id(text, "party")).transpose()?,
        hidden: true,
        state: params.state.unwrap_or_default(),
        kind: params.kind.unwrap_or_default(),
        owner,
        overdue_at: params.overdue.unwrap_or(false).then(|| call.app.now()),
    };
    list(&call, filter, (params.limit, params.cursor), Viewer::of(&call)).await
}

/// Read a case, with its messages and files
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "cases", params(("id" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseDetail, description = "The case; internal notes only for staff who are signed in")))]
pub(crate) async fn get_case(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: CaseId = parse_id(&id, "id")?;
    detail(&call, id, None, Viewer::of(&call)).await
}

/// Take a case, give it to somebody, or promise another time
#[utoipa::path(post, path = "/v1/cases/{id}/assignment", tag = "cases", request_body = Assignment,
    params(("id" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Changed")))]
pub(crate) async fn assign_case(
    call: Call,
    Path(id): Path<String>,
    body: Body<Assignment>,
) -> Result<Response, Problem> {
    let what = match (body.value.owner.as_deref(), body.value.due_at) {
        (Some("me"), None) => Act::Assign(person(&call)?),
        (Some(text), None) => Act::Assign(parse_id(text, "/owner")?),
        (None, Some(at)) => Act::Promise(at.0),
        _ => return Err(Problem::invalid("/owner", "name either owner or due_at")),
    };
    desk_act(&call, &id, body.digest, what).await
}

/// Write a message for the desk, or a note to itself
#[utoipa::path(post, path = "/v1/cases/{id}/messages", tag = "cases", request_body = DeskMessage,
    params(("id" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Written")))]
pub(crate) async fn say_in_case(
    call: Call,
    Path(id): Path<String>,
    body: Body<DeskMessage>,
) -> Result<Response, Problem> {
    let DeskMessage { text, internal, asks } = body.value;
    desk_act(&call, &id, body.digest, Act::Say { text, internal, asks }).await
}

/// Add a file for the desk
///
/// The body is the file itself. Its type is found in its bytes; programs, pages and unknown types are refused.
#[utoipa::path(post, path = "/v1/cases/{id}/attachments", tag = "cases",
    request_body(content = FileContent, content_type = "application/octet-stream"),
    params(("id" = String, Path, description = "Case, `case_…`"), UploadParams),
    responses((status = 201, body = CaseAttachment, description = "Added")))]
pub(crate) async fn attach_to_case(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<UploadParams>,
    body: RawBody,
) -> Result<Response, Problem> {
    let (case, by) = (parse_id(&id, "id")?, Author::staff(person(&call)?));
    attach(&call, (case, None), by, Viewer::Staff, params, body).await
}

/// Read a file of a case
#[utoipa::path(get, path = "/v1/cases/{id}/attachments/{n}", tag = "cases",
    params(("id" = String, Path, description = "Case, `case_…`"), ("n" = i64, Path, description = "Number of the file in the case")),
    responses((status = 200, body = FileContent, content_type = "application/octet-stream",
        description = "The file, to be saved; its media type is that of its bytes")))]
pub(crate) async fn get_case_attachment(
    call: Call,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id: CaseId = parse_id(&id, "id")?;
    file(&call, id, None, &n, Viewer::of(&call)).await
}

/// Resolve or refuse a case
#[utoipa::path(post, path = "/v1/cases/{id}/decision", tag = "cases", request_body = CaseDecision,
    params(("id" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Decided")))]
pub(crate) async fn decide_case(
    call: Call,
    Path(id): Path<String>,
    body: Body<CaseDecision>,
) -> Result<Response, Problem> {
    let outcome = match body.value.decision.as_str() {
        "resolve" => Outcome::Resolved,
        "refuse" => Outcome::Refused,
        _ => return Err(Problem::invalid("/decision", "a decision is resolve or refuse")),
    };
    desk_act(&call, &id, body.digest, Act::Conclude(outcome, body.value.reason)).await
}

/// Open a closed case again, with a message
#[utoipa::path(post, path = "/v1/cases/{id}/reopen", tag = "cases", request_body = OwnMessage,
    params(("id" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Open again")))]
pub(crate) async fn reopen_case(
    call: Call,
    Path(id): Path<String>,
    body: Body<OwnMessage>,
) -> Result<Response, Problem> {
    desk_act(&call, &id, body.digest, Act::Reopen(body.value.text)).await
}
