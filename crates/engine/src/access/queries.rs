//! Reading keys, accounts and sessions.

use purser_domain::{
    ids::{ApiKeyId, StaffId, TypedId as _, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Record, Session, Statement, Value};

use crate::feed::one;

use super::{
    ApiKeyRow, PortalAccess, PortalSessionRow, Role, Scopes, SessionRow, StaffRow, Token, TokenKind, TotpRow,
    portal::SESSIONS_OF_PARTY,
};

static KEYS: Statement = Statement {
    name: "access.keys",
    sql: "SELECT id, name, scopes, hash, old_hash, old_until, created_at, created_by, expires_at, revoked_at, \
          version FROM api_keys WHERE id > ?1 ORDER BY id LIMIT ?2",
};
static STAFF: Statement = Statement {
    name: "access.staff",
    sql: "SELECT id, login, role, password, failed, locked_until, disabled_at, created_at, created_by, version, \
          password_by FROM staff WHERE id > ?1 ORDER BY id LIMIT ?2",
};

static SESSIONS_OF_STAFF: Statement = Statement {
    name: "access.sessions_of_staff",
    sql: "SELECT id, staff, hash, created_at, expires_at, ended_at, seen_at, address, password_tag FROM staff_sessions \
          WHERE staff = ?1 AND ended_at IS NULL AND expires_at > ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4",
};

pub(super) const STATEMENTS: &[&Statement] = &[&KEYS, &STAFF, &SESSIONS_OF_PARTY, &SESSIONS_OF_STAFF];

/// Who presents a token that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Under which client idempotency keys are unique.
    pub client: Uid,
    /// For the audit log.
    pub actor: String,
    /// What they may do.
    pub scopes: Scopes,
    /// Until when this may be believed without looking again; machine time.
    pub until: Option<Timestamp>,
    /// The session, for staff.
    pub session: Option<Uid>,
    /// What they are, for staff.
    pub role: Option<Role>,
    /// Their device is asked for at every sign-in, for staff.
    pub has_totp: bool,
    /// When the session was last written down as used, for staff.
    pub seen_at: Option<Timestamp>,
    /// Somebody else has set the password: it is changed before anything else, so there are no scopes until then.
    pub must_change_password: bool,
    /// For whom somebody acts in the portal. They have no scopes: what they reach stands in the access table.
    pub portal: Option<PortalAccess>,
}

/// Who presents this token; `None` when it is unknown, wrong, expired, revoked, ended, or of staff and unused for longer than
/// `idle`, µs.
///
/// # Errors
/// Storage faults.
pub fn identify(
    session: &mut dyn Session,
    token: &Token,
    now: Timestamp,
    idle: i64,
) -> Result<Option<Identity>, Fault> {
    match token.kind {
        TokenKind::ApiKey => {
            Ok(one::<ApiKeyRow>(session, ApiKeyId(token.id))?.and_then(|row| of_key(&row, token, now)))
        }
        TokenKind::Session => {
            let Some(row) = one::<SessionRow>(session, token.id)? else { return Ok(None) };
            if row.ended_at.is_some() || row.expires_at <= now || row.is_idle(idle, now) {
                return Ok(None);
            }
            let device = one::<TotpRow>(session, row.staff)?.filter(TotpRow::is_on);
            // A session from before the device never gave a code of it: whoever is there signs in anew.
            if device.as_ref().and_then(|device| device.confirmed_at).is_some_and(|at| row.created_at < at) {
                return Ok(None);
            }
            let has_totp = device.is_some();
            let staff = one::<StaffRow>(session, row.staff)?;
            let staff = staff.filter(|staff| {
                staff.disabled_at.is_none() && same(row.hash, SessionRow::bind(token.hash, &staff.password))
            });
            Ok(staff.map(|staff| Identity {
                client: staff.id.uid(),
                actor: format!("staff:{}", staff.id),
                scopes: if staff.must_change_password() { Scopes::NONE } else { staff.role.scopes() },
                until: Some(row.expires_at),
                session: Some(row.id),
                role: Some(staff.role),
                has_totp,
                seen_at: Some(row.seen_at),
                must_change_password: staff.must_change_password(),
                portal: None,
            }))
        }
        TokenKind::PortalSession => match one::<PortalSessionRow>(session, token.id)? {
            Some(row) => of_portal(session, &row, token, now),
            None => Ok(None),
        },
        // Followed once, never presented.
        TokenKind::PortalLink => Ok(None),
    }
}

fn of_portal(
    session: &mut dyn Session,
    row: &PortalSessionRow,
    token: &Token,
    now: Timestamp,
) -> Result<Option<Identity>, Fault> {
    if row.ended_at.is_some() || row.expires_at <= now || !same(row.hash, token.hash) {
        return Ok(None);
    }
    let portal = row.access(session)?;
    // Whoever signs in again and sends the same again is the same client.
    let client = Uid::derive("purser portal client v1", &[&row.party.0.0, &row.person.0.0]);
    let actor = match row.person() {
        Some(person) => person.to_string(),
        None => row.party.to_string(),
    };
    Ok(portal.map(|portal| Identity {
        client,
        actor: format!("portal:{actor}"),
        scopes: Scopes::NONE,
        until: Some(row.expires_at),
        session: None,
        role: None,
        has_totp: false,
        seen_at: None,
        must_change_password: false,
        portal: Some(portal),
    }))
}

fn of_key(row: &ApiKeyRow, token: &Token, now: Timestamp) -> Option<Identity> {
    if row.revoked_at.is_some() || row.expires_at.is_some_and(|at| at <= now) {
        return None;
    }
    let until = if same(row.hash, token.hash) {
        row.expires_at
    } else if row.old_until.is_some_and(|until| until > now) && same(row.old_hash, token.hash) {
        row.old_until.min(row.expires_at.or(row.old_until))
    } else {
        return None;
    };
    Some(Identity {
        client: row.id.uid(),
        actor: format!("key:{}", row.id),
        scopes: row.scopes,
        until,
        session: None,
        role: None,
        has_totp: false,
        seen_at: None,
        must_change_password: false,
        portal: None,
    })
}

fn same(a: [u8; 32], b: [u8; 32]) -> bool {
    // blake3's hash type compares in constant time.
    blake3::Hash::from(a) == blake3::Hash::from(b)
}

/// A key by id.
///
/// # Errors
/// Storage faults.
pub fn api_key(session: &mut dyn Session, id: ApiKeyId) -> Result<Option<ApiKeyRow>, Fault> {
    one(session, id)
}

/// Keys in order of id, after `after`.
///
/// # Errors
/// Storage faults.
pub fn api_keys(session: &mut dyn Session, after: Uid, limit: i64) -> Result<Vec<ApiKeyRow>, Fault> {
    list(session, &KEYS, after, limit)
}

/// Whether anybody could call the API at all.
///
/// # Errors
/// Storage faults.
pub fn any_api_key(session: &mut dyn Session) -> Result<bool, Fault> {
    Ok(!api_keys(session, Uid::NIL, 1)?.is_empty())
}

/// A staff account by id.
///
/// # Errors
/// Storage faults.
pub fn staff_account(session: &mut dyn Session, id: StaffId) -> Result<Option<StaffRow>, Fault> {
    one(session, id)
}

/// Staff accounts in order of id, after `after`.
///
/// # Errors
/// Storage faults.
pub fn staff_accounts(session: &mut dyn Session, after: Uid, limit: i64) -> Result<Vec<StaffRow>, Fault> {
    list(session, &STAFF, after, limit)
}

/// Sessions of an account that are open, newest first, before `before`. Those that another password ended are left out.
///
/// # Errors
/// Storage faults.
pub fn staff_sessions(
    session: &mut dyn Session,
    staff: StaffId,
    now: Timestamp,
    before: Uid,
    limit: i64,
) -> Result<Vec<SessionRow>, Fault> {
    let Some(account) = staff_account(session, staff)? else { return Ok(Vec::new()) };
    let tag = SessionRow::tag(&account.password);
    let mut rows = Vec::new();
    let params = [Value::Bytes(&staff.0.0), Value::Int(now.0), Value::Bytes(&before.0), Value::Int(limit)];
    session.query(&SESSIONS_OF_STAFF, &params, &mut |row| {
        rows.push(SessionRow::read(row));
        true
    })?;
    rows.retain(|row: &SessionRow| row.password_tag == tag);
    Ok(rows)
}

fn list<T: Record>(
    session: &mut dyn Session,
    statement: &'static Statement,
    after: Uid,
    limit: i64,
) -> Result<Vec<T>, Fault> {
    let mut rows = Vec::new();
    session.query(statement, &[Value::Bytes(&after.0), Value::Int(limit)], &mut |row| {
        rows.push(T::read(row));
        true
    })?;
    Ok(rows)
}
