//! Where members of staff are signed in, and ending that from elsewhere (P18).

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{StaffId, Uid},
    time::Timestamp,
};
use purser_engine::access::{self, RevokeSession, SessionRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    edge::{Answer, Call, Cursor, Page, PageParams, Params, json, page_of, parse_id, submit},
    feed::path_digest,
    problem::Problem,
};

const PREFIX: &str = "ses";

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenStaffSession {
    /// Id, `ses_…`; not the token.
    id: String,
    /// Whose.
    staff_id: String,
    /// When it was opened.
    created_at: String,
    /// When it was last used, to a minute.
    seen_at: String,
    /// When it ends at the latest.
    expires_at: String,
    /// The address that it was opened from.
    address: Option<String>,
    /// It is the one that asks.
    current: bool,
}

impl OpenStaffSession {
    fn of(row: &SessionRow, current: Option<Uid>) -> Self {
        Self {
            id: row.id.with_prefix(PREFIX),
            staff_id: row.staff.to_string(),
            created_at: row.created_at.to_string(),
            seen_at: row.seen_at.max(row.created_at).to_string(),
            expires_at: row.expires_at.to_string(),
            address: (!row.address.is_empty()).then(|| row.address.clone()),
            current: current == Some(row.id),
        }
    }
}

async fn list(call: &Call, staff: StaffId, params: &PageParams) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let before = match &params.cursor {
        Some(text) => Cursor::decode(text)?.id,
        None => Uid([0xff; 16]),
    };
    let (now, idle): (Timestamp, i64) = (call.app.clock.machine(), call.app.staff_idle());
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows =
        call.app.read(move |session| access::staff_sessions(session, staff, now, before, most)).await?;
    let rows: Vec<SessionRow> = rows.into_iter().filter(|row| !row.is_idle(idle, now)).collect();
    let current = call.identity.session;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id), |row| OpenStaffSession::of(&row, current))))
}

/// Where am I signed in?
#[utoipa::path(get, path = "/v1/me/sessions", tag = "access", params(PageParams),
    responses((status = 200, body = Page<OpenStaffSession>, description = "Your open sessions, newest first")))]
pub(crate) async fn list_own_sessions(call: Call, params: Params<PageParams>) -> Result<Response, Problem> {
    let staff = call.person("people have sessions: an API key has none")?;
    list(&call, staff, &params.0).await
}

/// Where is somebody signed in?
#[utoipa::path(get, path = "/v1/staff/{id}/sessions", tag = "access",
    params(("id" = String, Path, description = "Account, `stf_…`"), PageParams),
    responses((status = 200, body = Page<OpenStaffSession>, description = "Open sessions, newest first")))]
pub(crate) async fn list_staff_sessions(
    call: Call,
    Path(id): Path<String>,
    params: Params<PageParams>,
) -> Result<Response, Problem> {
    list(&call, parse_id(&id, "id")?, &params.0).await
}

async fn revoke(call: &Call, staff: StaffId, session: &str) -> Result<Response, Problem> {
    let id = Uid::parse(session, PREFIX).map_err(|error| Problem::invalid("session", error.to_string()))?;
    let digest = path_digest(&["revoke session", session]);
    let command = RevokeSession { session: id, staff };
    let answer = submit(&call.unkeyed(), digest, command, |_| Answer::empty()).await;
    call.app.keys.forget();
    answer
}

/// End one of your sessions
#[utoipa::path(post, path = "/v1/me/sessions/{session}/revoke", tag = "access",
    params(("session" = String, Path, description = "Session, `ses_…`")),
    responses((status = 204, description = "Ended: here at once, on other servers within two seconds")))]
pub(crate) async fn revoke_own_session(call: Call, Path(session): Path<String>) -> Result<Response, Problem> {
    let staff = call.person("people have sessions: an API key has none")?;
    revoke(&call, staff, &session).await
}

/// End somebody's session
#[utoipa::path(post, path = "/v1/staff/{id}/sessions/{session}/revoke", tag = "access",
    params(("id" = String, Path, description = "Account, `stf_…`"), ("session" = String, Path, description = "Session, `ses_…`")),
    responses((status = 204, description = "Ended: here at once, on other servers within two seconds")))]
pub(crate) async fn revoke_staff_session(
    call: Call,
    Path((id, session)): Path<(String, String)>,
) -> Result<Response, Problem> {
    revoke(&call, parse_id(&id, "id")?, &session).await
}
