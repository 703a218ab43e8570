//! Notes and flags of risk on a party (P6): what staff write down about it.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, PartyNoteId},
    parties::NoteKind,
};
use purser_engine::parties::{self, ChangeNotes, NoteChange, PartyNoteRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bank_files::{known, rows},
    edge::{Answer, Body, Call, Cursor, Page, Params, json, limit, page_of, parse_id, submit},
    problem::Problem,
};

/// What a member of staff writes down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPartyNote {
    /// `note`, or `flag` for a sign of risk that stands with the party until somebody clears it. A flag decides nothing
    /// by itself.
    kind: String,
    /// 1 to 500 printable characters.
    #[schema(min_length = 1, max_length = 500)]
    text: String,
}

/// Why it stands no longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearedNote {
    /// 1 to 500 printable characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// A note or flag.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyNoteView {
    /// `pn_…`.
    id: String,
    /// About whom.
    party_id: String,
    /// `note` or `flag`.
    kind: String,
    /// What it says.
    text: String,
    /// Member of staff who wrote it.
    written_by: String,
    /// When.
    written_at: String,
    /// Member of staff who cleared it.
    cleared_by: Option<String>,
    /// When it was cleared; while it stands there is no such time.
    cleared_at: Option<String>,
    /// Why it was cleared.
    reason: Option<String>,
    /// Counts changes.
    version: i64,
}

impl From<&PartyNoteRow> for PartyNoteView {
    fn from(row: &PartyNoteRow) -> Self {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            kind: row.kind.clone(),
            text: row.text.clone(),
            written_by: row.written_by.clone(),
            written_at: row.written_at.to_string(),
            cleared_by: some(&row.cleared_by),
            cleared_at: row.cleared_at.map(|at| at.to_string()),
            reason: some(&row.reason),
            version: row.version,
        }
    }
}

const PERSON: &str = "a note is a person's: sign in as a member of staff";

/// Write a note or flag about a party
///
/// Only people do, and their words go to no event.
#[utoipa::path(post, path = "/v1/parties/{id}/notes", tag = "parties", request_body = NewPartyNote,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = PartyNoteView, description = "Written down")))]
pub(crate) async fn write_party_note(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPartyNote>,
) -> Result<Response, Problem> {
    let NewPartyNote { kind, text } = body.value;
    let kind = NoteKind::named(&kind).ok_or_else(|| Problem::invalid("/kind", "a kind is note or flag"))?;
    let (party, by) = (parse_id(&id, "id")?, call.person(PERSON)?);
    let command = ChangeNotes { party, change: NoteChange::Write { kind, text }, by };
    submit(&call, body.digest, command, |row| Answer::created(&PartyNoteView::from(row))).await
}

/// Clear a note or flag
///
/// It stands no longer; what it said stays in the list.
#[utoipa::path(post, path = "/v1/parties/{id}/notes/{note}/clear", tag = "parties", request_body = ClearedNote,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("note" = String, Path, description = "Note, `pn_…`")),
    responses((status = 200, body = PartyNoteView, description = "Cleared")))]
pub(crate) async fn clear_party_note(
    call: Call,
    Path((id, note)): Path<(String, String)>,
    body: Body<ClearedNote>,
) -> Result<Response, Problem> {
    let (party, by) = (parse_id(&id, "id")?, call.person(PERSON)?);
    let change = NoteChange::Clear { note: parse_id(&note, "note")?, reason: body.value.reason };
    submit(&call, body.digest, ChangeNotes { party, change, by }, |row| Answer::ok(&PartyNoteView::from(row)))
        .await
}

/// Which notes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoteParams {
    /// `note` or `flag`; both when absent.
    kind: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List notes and flags of a party
#[utoipa::path(get, path = "/v1/parties/{id}/notes", tag = "parties",
    params(("id" = String, Path, description = "Party, `pty_…`"), NoteParams),
    responses((status = 200, body = Page<PartyNoteView>, description = "Notes and flags, newest first, cleared ones too")))]
pub(crate) async fn list_party_notes(
    call: Call,
    Path(id): Path<String>,
    params: Params<NoteParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let NoteParams { kind, limit: given, cursor } = params.0;
    let kind = known("kind", kind.as_deref(), &NoteKind::ALL.map(NoteKind::name))?;
    let limit = limit(given)?;
    let before = cursor.as_deref().map(Cursor::decode).transpose()?.map(|c| PartyNoteId(c.id));
    let found = call
        .app
        .read(move |session| parties::party_notes(session, party, before, &kind, rows(limit)))
        .await?;
    Ok(json(&page_of(found, limit, |row| Cursor::id(row.id.0), |row| PartyNoteView::from(&row))))
}
