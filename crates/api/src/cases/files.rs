//! Files of cases, in and out.

use axum::{
    body::Body as HttpBody,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use purser_domain::ids::{CaseId, PartyId};
use purser_engine::{
    Session,
    cases::{self, Act, ActOnCase, AttachmentRow, Author},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::dto::{CaseAttachment, Viewer, media_type, unknown};
use crate::{
    edge::{Answer, Call, RawBody, submit},
    problem::Problem,
};

/// Files that are taken in at the same time, so that their bytes cannot fill the memory.
pub(crate) const UPLOADS: usize = 4;

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct FileContent(Vec<u8>);

/// How a file is to be kept.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadParams {
    /// Name of the file, percent-encoded. Only its last part is kept, and it ends as its bytes say.
    pub(super) name: String,
    /// For the desk only; not for a party.
    #[serde(default)]
    pub(super) internal: bool,
}

/// Takes a file in for a case that the caller may reach.
pub(super) async fn attach(
    call: &Call,
    (case, party): (CaseId, Option<PartyId>),
    by: Author,
    viewer: Viewer,
    params: UploadParams,
    body: RawBody,
) -> Result<Response, Problem> {
    let RawBody { content, digest, permit } = body;
    // Bytes are stored only for a case that is there, live, and takes one more file.
    let read = move |session: &mut dyn Session| {
        Ok((cases::case(session, case)?, cases::attachments(session, case, true)?))
    };
    let (row, held) = call.app.read(read).await?;
    let row = row.filter(|row| party.is_none_or(|party| row.is_shown_to(party)));
    let (rules, hash) = (call.app.rules(), *blake3::hash(&content).as_bytes());
    cases::may_attach(&row.ok_or_else(|| unknown(case))?, &held, &hash, rules.policy.now(call.app.now()))
        .map_err(|no| Problem::from(&no))?;
    let app = std::sync::Arc::clone(&call.app);
    let (name, internal) = (params.name, params.internal);
    let received = tokio::task::spawn_blocking(move || {
        let (rules, store) = (app.rules(), app.files.as_ref());
        let view = rules.policy.now(app.now());
        let received = cases::receive(store, view, &content, &name, internal, app.clock.machine());
        drop(permit);
        received
    });
    let received = received.await.map_err(|_| Problem::from(purser_engine::Failure::Bug))??;
    let new = received.map_err(|rejection| Problem::from(&rejection))?;
    let command = ActOnCase { case, party, by, act: Act::Attach(new), if_version: call.if_match };
    submit(call, digest, command, move |acted| match &acted.attachment {
        Some(row) => Answer::created(&CaseAttachment::of(row, viewer)),
        None => Answer::empty(),
    })
    .await
}

/// Gives a file out, as something to save: never shown by a browser in our name.
pub(super) async fn give(call: &Call, row: AttachmentRow) -> Result<Response, Problem> {
    let app = std::sync::Arc::clone(&call.app);
    let hash = row.hash;
    let content = tokio::task::spawn_blocking(move || app.files.get(&hash)).await;
    let content = content.map_err(|_| Problem::from(purser_engine::Failure::Bug))??;
    let Some(content) = content.filter(|content| *blake3::hash(content).as_bytes() == row.hash) else {
        tracing::error!(case = %row.case_id, n = row.n, "an attached file is missing or damaged: run purser verify");
        let text = "the file is missing or damaged; the desk has to restore it from a backup";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "attachment_damaged", text));
    };
    let mut response = Response::new(HttpBody::from(content));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&row.kind)));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    let disposition = HeaderValue::from_str(&disposition(&row.name));
    headers.insert(
        header::CONTENT_DISPOSITION,
        disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")),
    );
    Ok(response)
}

/// RFC 6266: a plain name for old clients, the real one percent-encoded beside it.
fn disposition(name: &str) -> String {
    use std::fmt::Write as _;
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect();
    let encoded = name.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    });
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_header() {
        let header = disposition("执照 \"a\"\r\nX: y.pdf");
        assert!(HeaderValue::from_str(&header).is_ok(), "{header}");
        assert!(
            header.starts_with("attachment; filename=\"___") && header.ends_with("X%3A%20y.pdf"),
            "{header}"
        );
    }
}
