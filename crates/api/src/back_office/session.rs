//! Who is signed in to the back office, and who else works there (P18).

use axum::response::Response;
use purser_domain::ids::Uid;
use purser_engine::access::{self, Scope, StaffRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    edge::{Call, Cursor, Page, PageParams, Params, csrf_token, json, page_of},
    problem::Problem,
};

/// The session that a member of staff is in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffSession {
    /// Who, `stf_…`.
    staff_id: String,
    /// Name to sign in with.
    login: String,
    /// `admin`, `finance`, `risk`, `support` or `read-only`.
    role: &'static str,
    /// What they may do; empty until a password that somebody else has set is changed.
    scopes: Vec<&'static str>,
    /// Somebody else has set the password: it is changed at `POST /v1/me/password` before anything else.
    must_change_password: bool,
    /// When the session ends.
    expires_at: Option<String>,
    /// For a browser: sent as `X-CSRF-Token` with everything that changes something. Null for a bearer token.
    csrf_token: Option<String>,
    /// Play money: the test clock and the fault dial are there.
    sandbox: bool,
    /// Business time now.
    now: String,
    /// The zone of civil dates and of the times that people see.
    zone: String,
    /// Currency of the deployment.
    currency: String,
}

/// Read the session that a member of staff is in
#[utoipa::path(get, path = "/v1/staff/session", tag = "access",
    responses((status = 200, body = StaffSession, description = "The session")))]
pub(crate) async fn get_staff_session(call: Call) -> Result<Response, Problem> {
    let staff = call.person("people have sessions at the desk: an API key has none")?;
    let row = call.app.read(move |session| access::staff_account(session, staff)).await?;
    let Some(row) = row else { return Err(purser_engine::Failure::Bug.into()) };
    let identity = &call.identity;
    let rules = call.app.rules();
    Ok(json(&StaffSession {
        staff_id: staff.to_string(),
        login: row.login,
        role: row.role.name(),
        scopes: identity.scopes.iter().map(Scope::name).collect(),
        must_change_password: identity.must_change_password,
        expires_at: identity.until.map(|at| at.to_string()),
        csrf_token: call.cookie.as_deref().map(csrf_token),
        sandbox: rules.sandbox,
        now: call.app.now().to_string(),
        zone: call.app.zone.name(),
        currency: rules.currency.to_string(),
    }))
}

/// Somebody who works at the desk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Colleague {
    /// Who, `stf_…`: as cases, approvals and the audit log name them.
    id: String,
    /// Name to sign in with.
    login: String,
    /// What they are.
    role: &'static str,
    /// They can sign in: nobody has taken the account from them.
    active: bool,
}

impl From<&StaffRow> for Colleague {
    fn from(row: &StaffRow) -> Self {
        Self {
            id: row.id.to_string(),
            login: row.login.clone(),
            role: row.role.name(),
            active: row.disabled_at.is_none(),
        }
    }
}

/// List who works at the desk
///
/// Names for the ids that records carry, and to whom a case can be given; nothing about how they sign in.
#[utoipa::path(get, path = "/v1/staff/colleagues", tag = "access", params(PageParams),
    responses((status = 200, body = Page<Colleague>, description = "People, those who left too")))]
pub(crate) async fn list_colleagues(
    call: Call,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let after = match &params.cursor {
        Some(text) => Cursor::decode(text)?.id,
        None => Uid::NIL,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| access::staff_accounts(session, after, most)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.0), |row| Colleague::from(&row))))
}
