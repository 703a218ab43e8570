//! Staff accounts and sessions (P18).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    ids::{StaffId, Uid},
    time::Timestamp,
};
use purser_engine::access::{
    self, ChangeOwnPassword, ChangeStaff, CreateStaff, EndSession, NewSession, Role, Scope, SecondFactor,
    SessionRow, SignIn, StaffChange, StaffRow, Token, TokenKind, hash_password, staff_id, verify_password,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    devices::{second_factor, wants_device},
    edge::{
        Answer, Body, Call, Console, Cursor, Page, PageParams, Params, csrf_token, json, json_versioned,
        page_of, parse_id, submit,
    },
    feed::path_digest,
    problem::Problem,
};

/// Who you are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// As the audit log names you.
    actor: String,
    /// What you may do.
    scopes: Vec<&'static str>,
    /// When your token ends.
    expires_at: Option<String>,
    /// Somebody else has set your password: change it first, there is nothing else that you may do.
    must_change_password: bool,
    /// A device for one-time codes is asked for at every sign-in.
    has_totp: bool,
    /// Your role needs a device for one-time codes: enrol it first, there is nothing else that you may do.
    must_enrol_totp: bool,
    /// For a browser: what it sends as `X-CSRF-Token` with everything that it changes.
    csrf_token: Option<String>,
}

/// Who am I?
#[utoipa::path(get, path = "/v1/me", tag = "access", responses((status = 200, body = Me, description = "You")))]
pub(crate) async fn me(call: Call) -> Response {
    let identity = &call.identity;
    json(&Me {
        actor: identity.actor.clone(),
        scopes: identity.scopes.iter().map(Scope::name).collect(),
        expires_at: identity.until.map(|at| at.to_string()),
        must_change_password: identity.must_change_password,
        has_totp: identity.has_totp,
        must_enrol_totp: identity
            .role
            .is_some_and(|role| !identity.has_totp && wants_device(&call.app, role)),
        csrf_token: call.cookie.as_deref().map(csrf_token),
    })
}

/// Login and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// Name to sign in with.
    login: String,
    /// Password.
    password: String,
    /// One-time code of the account's device, or a recovery code; `totp_required` says when it is missing.
    totp: Option<String>,
    /// The caller is a browser of the back office: the session comes as a cookie that no script can read.
    #[serde(default)]
    cookie: bool,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionMade {
    /// `Authorization: Bearer …`; shown here and never again. Null when the session is a cookie.
    token: Option<String>,
    /// Who.
    staff_id: String,
    /// When it ends.
    expires_at: String,
    /// Somebody else has set the password: until it is changed at `POST /v1/me/password` nothing else can be done.
    must_change_password: bool,
}

/// A session on its way to whoever asked for it.
#[derive(Clone)]
struct Handed {
    token: String,
    cookie: bool,
}

impl Handed {
    /// The answer of a command that opened it.
    fn made(&self, row: &SessionRow, must_change_password: bool) -> Answer {
        let token = (!self.cookie).then(|| self.token.clone());
        let (staff_id, expires_at) = (row.staff.to_string(), row.expires_at.to_string());
        Answer::created(&SessionMade { token, staff_id, expires_at, must_change_password })
    }

    /// Adds the cookie to an answer that opened a session.
    fn set(&self, call: &Call, mut response: Response) -> Response {
        let until = call.app.clock.machine().plus(access::SESSION_MICROS);
        if self.cookie && response.status().is_success() {
            response.headers_mut().extend(Console::Staff.set(&call.app, &self.token, until));
        }
        response
    }
}

/// Sign in
#[utoipa::path(post, path = "/v1/staff/sessions", tag = "access", request_body = Credentials,
    responses((status = 201, body = SessionMade, description = "Signed in")))]
pub(crate) async fn sign_in(call: Call, body: Body<Credentials>) -> Result<Response, Problem> {
    let Credentials { login, password, totp, cookie } = body.value;
    if password.chars().count() > 256 || login.len() > 256 {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "sign_in_refused", "login or password is wrong"));
    }
    let staff = staff_id(&login);
    let row = call.app.read(move |session| access::staff_account(session, staff)).await?;
    let seen = row.as_ref().map_or(0, |row| row.version);
    let must_change_password = row.as_ref().is_some_and(StaffRow::must_change_password);
    let right = compared(&call, password, row.map(|row| row.password)).await?;
    // Only who has the password is told whether there is a device.
    let second = if right { second_factor(&call, staff, totp.as_deref()).await? } else { SecondFactor::None };
    let (id, secret) = (call.app.new_uid(), call.app.new_secret());
    let token = Token::text(TokenKind::Session, id, &secret);
    let session = NewSession { id, hash: Token::secret_hash(&secret), address: call.address.clone() };
    let handed = Handed { token, cookie };
    let made = handed.clone();
    let command = SignIn { staff, seen, right, second, session };
    let answer = submit(&call, body.digest, command, move |row| made.made(row, must_change_password)).await?;
    Ok(handed.set(&call, answer))
}

/// The password until now, and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPassword {
    /// The password until now.
    current: String,
    /// The new one, 12 to 256 characters.
    new: String,
}

/// Change your own password
///
/// All your sessions end; the answer opens a new one. The first thing to do after somebody else has set the password:
/// nothing else can be done before.
#[utoipa::path(post, path = "/v1/me/password", tag = "access", request_body = OwnPassword,
    responses((status = 201, body = SessionMade, description = "Changed; the new session")))]
pub(crate) async fn change_own_password(call: Call, body: Body<OwnPassword>) -> Result<Response, Problem> {
    let staff = call.person("people have passwords: an API key has none")?;
    let OwnPassword { current, new } = body.value;
    if current == new {
        let text = "choose another one than until now";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "password_same", text).at("/new", text));
    }
    let row = call.app.read(move |session| access::staff_account(session, staff)).await?;
    let seen = row.as_ref().map_or(0, |row| row.version);
    let right =
        current.chars().count() <= 256 && compared(&call, current, row.map(|row| row.password)).await?;
    let password = hashed(&call, new, "/new").await?;
    let (id, secret) = (call.app.new_uid(), call.app.new_secret());
    let token = Token::text(TokenKind::Session, id, &secret);
    let session = NewSession { id, hash: Token::secret_hash(&secret), address: call.address.clone() };
    let handed = Handed { token, cookie: call.cookie.is_some() };
    let made = handed.clone();
    let command = ChangeOwnPassword { staff, seen, right, password, session };
    let answer = submit(&call.unkeyed(), body.digest, command, move |row| made.made(row, false)).await;
    call.app.keys.forget();
    Ok(handed.set(&call, answer?))
}

/// Passwords that are compared or hashed at the same time: each takes 19 MiB and a core for a while, and anybody may
/// ask for it.
pub(crate) const HASHES: usize = 4;

/// Runs the slow work on passwords where it holds up nobody else: no reader of the database, no thread of the network,
/// and so many at a time.
async fn slowly<T: Send + 'static>(
    call: &Call,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let Ok(permit) = std::sync::Arc::clone(&call.app.hashes).try_acquire_owned() else {
        let text = "too many people sign in at this moment: try again";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text).retry(1));
    };
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    done.await.map_err(|_| purser_engine::Failure::Bug.into())
}

/// Whether the password is right; that of an unknown login takes as long as a wrong one.
async fn compared(call: &Call, password: String, stored: Option<Vec<u8>>) -> Result<bool, Problem> {
    let stored = stored.unwrap_or_else(|| vec![0; 48]);
    slowly(call, move || verify_password(&password, &stored)).await
}

/// Sign out
#[utoipa::path(delete, path = "/v1/staff/sessions/current", tag = "access",
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn sign_out(call: Call) -> Result<Response, Problem> {
    let Some(session) = call.identity.session else {
        let text = "this token is an API key: revoke it instead";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_a_session", text));
    };
    let digest = path_digest(&["sign out"]);
    let answer = submit(&call.unkeyed(), digest, EndSession(session), |()| Answer::empty()).await;
    call.app.keys.forget();
    let mut answer = answer?;
    if call.cookie.is_some() {
        answer.headers_mut().extend(Console::Staff.set(&call.app, "", Timestamp(0)));
    }
    Ok(answer)
}

/// A staff account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStaff {
    /// Name to sign in with: 1 to 64 letters, digits, `.`, `-`, `_`, `@`.
    login: String,
    /// `admin`, `finance`, `risk`, `support` or `read-only`.
    role: String,
    /// First password, 12 to 256 characters; its owner changes it before anything else.
    password: String,
}

/// A staff account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Staff {
    /// Id.
    id: String,
    /// Name to sign in with.
    login: String,
    /// What they are.
    role: &'static str,
    /// No sign-in before.
    locked_until: Option<String>,
    /// Since when they may not sign in.
    disabled_at: Option<String>,
    /// When it was made.
    created_at: String,
    /// Who set the password, until its owner has changed it.
    password_by: Option<String>,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&StaffRow> for Staff {
    fn from(row: &StaffRow) -> Self {
        Self {
            id: row.id.to_string(),
            login: row.login.clone(),
            role: row.role.name(),
            locked_until: row.locked_until.map(|at| at.to_string()),
            disabled_at: row.disabled_at.map(|at| at.to_string()),
            created_at: row.created_at.to_string(),
            password_by: row.must_change_password().then(|| row.password_by.clone()),
            version: row.version,
        }
    }
}

fn read_role(name: &str) -> Result<Role, Problem> {
    Role::from_name(name).ok_or_else(|| {
        let all: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        Problem::invalid("/role", format!("no role `{name}`: it is one of {}", all.join(", ")))
    })
}

async fn hashed(call: &Call, password: String, field: &str) -> Result<Vec<u8>, Problem> {
    let random = call.app.new_secret();
    let hash = slowly(call, move || hash_password(&password, &random)).await?;
    hash.map_err(|error| Problem::invalid(field, error.to_string()))
}

/// Nobody hands out what they do not have.
fn may_give(call: &Call, role: Role) -> Result<(), Problem> {
    match role.scopes().iter().find(|scope| !call.identity.scopes.has(*scope)) {
        Some(scope) => {
            let text = format!("you cannot give the scope `{}`, which you do not have", scope.name());
            Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", text))
        }
        None => Ok(()),
    }
}

/// Make a staff account
///
/// For an admin who has signed in; in a sandbox also for a key.
#[utoipa::path(post, path = "/v1/staff", tag = "access", request_body = NewStaff,
    responses((status = 201, body = Staff, description = "Made")))]
pub(crate) async fn create_staff(call: Call, body: Body<NewStaff>) -> Result<Response, Problem> {
    let new = body.value;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_@".contains(&b);
    if !(1..=64).contains(&new.login.len()) || !new.login.bytes().all(fits) {
        return Err(Problem::invalid("/login", "a login has 1 to 64 letters, digits, `.`, `-`, `_` or `@`"));
    }
    let role = read_role(&new.role)?;
    may_give(&call, role)?;
    let password = hashed(&call, new.password, "/password").await?;
    let by_person = call.identity.session.is_some();
    let command =
        CreateStaff { login: new.login, role, password, by: call.identity.actor.clone(), by_person };
    submit(&call.unkeyed(), body.digest, command, |row| Answer::created(&Staff::from(row))).await
}

/// List staff accounts
#[utoipa::path(get, path = "/v1/staff", tag = "access", params(PageParams),
    responses((status = 200, body = Page<Staff>, description = "Accounts")))]
pub(crate) async fn list_staff(call: Call, Params(params): Params<PageParams>) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let after = match &params.cursor {
        Some(text) => Cursor::decode(text)?.id,
        None => Uid::NIL,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| access::staff_accounts(session, after, most)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.0), |row| Staff::from(&row))))
}

/// Read a staff account
#[utoipa::path(get, path = "/v1/staff/{id}", tag = "access", params(("id" = String, Path, description = "Account, `stf_…`")),
    responses((status = 200, body = Staff, description = "The account")))]
pub(crate) async fn get_staff(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: StaffId = parse_id(&id, "id")?;
    match call.app.read(move |session| access::staff_account(session, id)).await? {
        Some(row) => Ok(json_versioned(&Staff::from(&row), row.version)),
        None => Err(Problem::not_found("staff_unknown", format!("there is no account {id}"))),
    }
}

/// One change of a staff account: exactly one field.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffPatch {
    /// New password; lifts a lock, ends sessions; its owner changes it before anything else.
    password: Option<String>,
    /// New role.
    role: Option<String>,
    /// `true`: may not sign in any more, sessions end.
    disabled: Option<bool>,
    /// `true`: the lock after wrong tries is lifted.
    unlock: Option<bool>,
    /// `true`: the device is taken away; who lost it signs in with the password, and enrols another one.
    reset_totp: Option<bool>,
}

/// Change a staff account
///
/// For an admin who has signed in; in a sandbox also for a key.
#[utoipa::path(patch, path = "/v1/staff/{id}", tag = "access", request_body = StaffPatch,
    params(("id" = String, Path, description = "Account, `stf_…`")),
    responses((status = 200, body = Staff, description = "Changed")))]
pub(crate) async fn change_staff(
    call: Call,
    Path(id): Path<String>,
    body: Body<StaffPatch>,
) -> Result<Response, Problem> {
    let id: StaffId = parse_id(&id, "id")?;
    let change = match body.value {
        StaffPatch {
            password: Some(password),
            role: None,
            disabled: None,
            unlock: None,
            reset_totp: None,
        } => StaffChange::Password(hashed(&call, password, "/password").await?),
        StaffPatch { password: None, role: Some(role), disabled: None, unlock: None, reset_totp: None } => {
            let role = read_role(&role)?;
            may_give(&call, role)?;
            StaffChange::Role(role)
        }
        StaffPatch { password: None, role: None, disabled: Some(true), unlock: None, reset_totp: None } => {
            StaffChange::Disable
        }
        StaffPatch { password: None, role: None, disabled: None, unlock: Some(true), reset_totp: None } => {
            StaffChange::Unlock
        }
        StaffPatch { password: None, role: None, disabled: None, unlock: None, reset_totp: Some(true) } => {
            StaffChange::ResetTotp
        }
        _ => {
            let text =
                "send exactly one of password, role, disabled: true, unlock: true, and reset_totp: true";
            return Err(Problem::invalid("", text));
        }
    };
    let by_person = call.identity.session.is_some();
    let by = call.identity.actor.clone();
    let command = ChangeStaff { id, change, expected: call.if_match, by, by_person };
    let answer = submit(&call.unkeyed(), body.digest, command, |row| Answer::ok(&Staff::from(row))).await;
    call.app.keys.forget();
    answer
}
