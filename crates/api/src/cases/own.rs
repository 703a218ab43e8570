//! A party's own cases.

use axum::{extract::Path, response::Response};
use purser_domain::{
    casework::{Kind, Side, State},
    ids::{CaseId, PartyId, StaffId},
};
use purser_engine::cases::{self, Act, ActOnCase, Author, CaseFilter, CaseRow, OpenCase, Subject};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    dto::{CaseAttachment, CaseDetail, CaseView, NewCaseBody, OwnMessage, Viewer, unknown},
    files::{FileContent, UploadParams, attach, give},
};
use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, PageParams, Params, RawBody, json, json_versioned, page_of,
        parse_id, submit,
    },
    feed::path_digest,
    problem::Problem,
};

/// The party speaks; a person at the desk may do so for it, on the telephone say.
fn author(call: &Call) -> Author {
    let staff = call.identity.session.is_some().then_some(StaffId(call.identity.client));
    Author { side: Side::Party, staff }
}

/// Open a case
///
/// From any record of the party, by its id. Cases of other kinds come with their record.
#[utoipa::path(post, path = "/v1/cases", tag = "cases", request_body = NewCaseBody,
    responses((status = 201, body = CaseView, description = "Opened")))]
pub(crate) async fn open_case(call: Call, body: Body<NewCaseBody>) -> Result<Response, Problem> {
    let new = body.value;
    let Some(kind) = Kind::named(&new.kind) else {
        let names: Vec<&str> = Kind::ALL.into_iter().filter(|kind| kind.by_hand()).map(Kind::name).collect();
        return Err(Problem::invalid("/kind", format!("a kind is one of {}", names.join(", "))));
    };
    let subject = new.subject.as_deref().map(Subject::parse).transpose();
    let subject = subject.map_err(|error| Problem::invalid("/subject", error.to_string()))?;
    let by = match call.identity.session {
        Some(_) => Author::staff(StaffId(call.identity.client)),
        None => Author::PARTY,
    };
    let party = parse_id(&new.party_id, "/party_id")?;
    let command = OpenCase { party, kind, subject, summary: new.summary, text: new.text, by };
    let now = call.app.now();
    submit(&call, body.digest, command, move |row| Answer::created(&CaseView::of(row, Viewer::Party, now)))
        .await
}

/// Parameters of a party's cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnCaseParams {
    /// Only cases in this state.
    state: Option<String>,
    /// Only cases of this kind.
    kind: Option<String>,
    /// Most rows to return, 1 to 199; 50 when absent.
    #[param(minimum = 1, maximum = 199)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List a party's cases, newest first
#[utoipa::path(get, path = "/v1/parties/{id}/cases", tag = "cases",
    params(("id" = String, Path, description = "Party, `pty_…`"), OwnCaseParams),
    responses((status = 200, body = Page<CaseView>, description = "Cases that the party sees")))]
pub(crate) async fn list_own_cases(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<OwnCaseParams>,
) -> Result<Response, Problem> {
    let filter = CaseFilter {
        party: Some(parse_id(&id, "id")?),
        state: params.state.unwrap_or_default(),
        kind: params.kind.unwrap_or_default(),
        ..CaseFilter::default()
    };
    list(&call, filter, (params.limit, params.cursor), Viewer::Party).await
}

/// A page of cases.
pub(super) async fn list(
    call: &Call,
    filter: CaseFilter,
    (limit, cursor): (Option<usize>, Option<String>),
    viewer: Viewer,
) -> Result<Response, Problem> {
    if !filter.state.is_empty() && State::named(&filter.state).is_none() {
        return Err(Problem::invalid("state", format!("`{}` is no state of a case", filter.state)));
    }
    if !filter.kind.is_empty() && Kind::named(&filter.kind).is_none() {
        return Err(Problem::invalid("kind", format!("`{}` is no kind of case", filter.kind)));
    }
    let page = PageParams { limit, cursor };
    let limit = page.limit()?.min(199);
    let before = page.cursor.as_deref().map(Cursor::decode).transpose()?.map(|cursor| CaseId(cursor.id));
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| cases::case_page(session, &filter, before, most)).await?;
    let now = call.app.now();
    let cursor = |row: &CaseRow| Cursor::id(row.id.0);
    Ok(json(&page_of(rows, limit, cursor, |row| CaseView::of(&row, viewer, now))))
}

/// A case with everything in it, for whoever may reach it.
pub(super) async fn detail(
    call: &Call,
    id: CaseId,
    party: Option<PartyId>,
    viewer: Viewer,
) -> Result<Response, Problem> {
    let internal = viewer.sees_internal();
    let found = call
        .app
        .read(move |session| {
            let Some(row) = cases::case(session, id)? else { return Ok(None) };
            Ok(Some((
                row,
                cases::messages(session, id, internal)?,
                cases::attachments(session, id, internal)?,
            )))
        })
        .await?;
    let found = found.filter(|(row, ..)| party.is_none_or(|party| row.is_shown_to(party)));
    let (row, messages, attachments) = found.ok_or_else(|| unknown(id))?;
    let detail = CaseDetail::of(&row, &messages, &attachments, viewer, call.app.now());
    Ok(json_versioned(&detail, row.version))
}

/// A file of a case, for whoever may reach it.
pub(super) async fn file(
    call: &Call,
    id: CaseId,
    party: Option<PartyId>,
    n: &str,
    viewer: Viewer,
) -> Result<Response, Problem> {
    let n: i64 = n.parse().map_err(|_| Problem::invalid("n", "a file of a case has a number"))?;
    let found = call
        .app
        .read(move |session| Ok(cases::case(session, id)?.zip(cases::attachment(session, id, n)?)))
        .await?;
    let found = found.filter(|(case, file)| {
        party.is_none_or(|party| case.is_shown_to(party)) && (viewer.sees_internal() || !file.internal)
    });
    match found {
        Some((_, row)) => give(call, row).await,
        None => Err(Problem::not_found("attachment_unknown", format!("case {id} has no file {n}"))),
    }
}

/// Does something with a case and shows it.
pub(super) async fn act(
    call: &Call,
    digest: [u8; 32],
    command: ActOnCase,
    viewer: Viewer,
) -> Result<Response, Problem> {
    let now = call.app.now();
    submit(call, digest, command, move |acted| Answer::ok(&CaseView::of(&acted.case, viewer, now))).await
}

fn ids((party, case): &(String, String)) -> Result<(PartyId, CaseId), Problem> {
    Ok((parse_id(party, "id")?, parse_id(case, "case")?))
}

async fn own_act(
    call: &Call,
    path: &(String, String),
    digest: [u8; 32],
    act_: Act,
) -> Result<Response, Problem> {
    let (party, case) = ids(path)?;
    let command =
        ActOnCase { case, party: Some(party), by: author(call), act: act_, if_version: call.if_match };
    act(call, digest, command, Viewer::Party).await
}

/// Read a party's case, with its messages and files
#[utoipa::path(get, path = "/v1/parties/{id}/cases/{case}", tag = "cases",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("case" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseDetail, description = "The case, as the party sees it")))]
pub(crate) async fn get_own_case(
    call: Call,
    Path(path): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (party, case) = ids(&path)?;
    detail(&call, case, Some(party), Viewer::Party).await
}

/// Write a message for the party
#[utoipa::path(post, path = "/v1/parties/{id}/cases/{case}/messages", tag = "cases", request_body = OwnMessage,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("case" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Written")))]
pub(crate) async fn say_in_own_case(
    call: Call,
    Path(path): Path<(String, String)>,
    body: Body<OwnMessage>,
) -> Result<Response, Problem> {
    let say = Act::Say { text: body.value.text, internal: false, asks: false };
    own_act(&call, &path, body.digest, say).await
}

/// Add a file for the party
///
/// The body is the file itself. Its type is found in its bytes; programs, pages and unknown types are refused.
#[utoipa::path(post, path = "/v1/parties/{id}/cases/{case}/attachments", tag = "cases",
    request_body(content = FileContent, content_type = "application/octet-stream"),
    params(("id" = String, Path, description = "Party, `pty_…`"), ("case" = String, Path, description = "Case, `case_…`"), UploadParams),
    responses((status = 201, body = CaseAttachment, description = "Added")))]
pub(crate) async fn attach_to_own_case(
    call: Call,
    Path(path): Path<(String, String)>,
    Params(params): Params<UploadParams>,
    body: RawBody,
) -> Result<Response, Problem> {
    let (party, case) = ids(&path)?;
    if params.internal {
        return Err(Problem::invalid("internal", "a party's file is not internal"));
    }
    attach(&call, (case, Some(party)), author(&call), Viewer::Party, params, body).await
}

/// Read a file of a party's case
#[utoipa::path(get, path = "/v1/parties/{id}/cases/{case}/attachments/{n}", tag = "cases",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("case" = String, Path, description = "Case, `case_…`"),
        ("n" = i64, Path, description = "Number of the file in the case")),
    responses((status = 200, body = FileContent, content_type = "application/octet-stream",
        description = "The file, to be saved; its media type is that of its bytes")))]
pub(crate) async fn get_own_attachment(
    call: Call,
    Path((party, case, n)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let (party, case) = ids(&(party, case))?;
    file(&call, case, Some(party), &n, Viewer::Party).await
}

/// Withdraw a case for the party
#[utoipa::path(post, path = "/v1/parties/{id}/cases/{case}/withdraw", tag = "cases",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("case" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Withdrawn")))]
pub(crate) async fn withdraw_own_case(
    call: Call,
    Path(path): Path<(String, String)>,
) -> Result<Response, Problem> {
    let digest = path_digest(&["withdraw case", &path.0, &path.1]);
    own_act(&call, &path, digest, Act::Withdraw).await
}

/// Open a closed case again for the party, with a message
#[utoipa::path(post, path = "/v1/parties/{id}/cases/{case}/reopen", tag = "cases", request_body = OwnMessage,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("case" = String, Path, description = "Case, `case_…`")),
    responses((status = 200, body = CaseView, description = "Open again")))]
pub(crate) async fn reopen_own_case(
    call: Call,
    Path(path): Path<(String, String)>,
    body: Body<OwnMessage>,
) -> Result<Response, Problem> {
    own_act(&call, &path, body.digest, Act::Reopen(body.value.text)).await
}
