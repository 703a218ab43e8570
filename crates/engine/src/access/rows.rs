//! Rows of keys, staff accounts and sessions.

use purser_domain::{
    ids::{ApiKeyId, StaffId, Uid},
    time::Timestamp,
};
use purser_storage::{Record, Sink, Source, Table, table};

use super::{Role, Scopes};

table!(
    /// Rows: [`ApiKeyRow`].
    API_KEYS, 32, "api_keys", key 1, [
        id Bytes, name Text, scopes Text, hash Bytes, old_hash Bytes, old_until Int, created_at Int, created_by Text,
        expires_at Int, revoked_at Int, version Int,
    ]
);

/// A platform API key. Instants are machine time: the test clock does not prolong a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Id; also the API client under which idempotency keys are unique.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Hash of the secret.
    pub hash: [u8; 32],
    /// Hash of the secret before the last rotation.
    pub old_hash: [u8; 32],
    /// Until when that one still works.
    pub old_until: Option<Timestamp>,
    /// When.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// No longer works from here on.
    pub expires_at: Option<Timestamp>,
    /// Taken back.
    pub revoked_at: Option<Timestamp>,
    /// Counts changes.
    pub version: i64,
}

impl Record for ApiKeyRow {
    type Key = ApiKeyId;
    const TABLE: &'static Table = &API_KEYS;

    fn key(&self) -> Self::Key {
        self.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        sink.uid(self.id.0);
        sink.text(&self.name);
        sink.text(&self.scopes.encoded());
        sink.bytes(&self.hash);
        sink.bytes(&self.old_hash);
        sink.opt_at(self.old_until);
        sink.at(self.created_at);
        sink.text(&self.created_by);
        sink.opt_at(self.expires_at);
        sink.opt_at(self.revoked_at);
        sink.int(self.version);
    }

    fn write_key(key: &Self::Key, sink: &mut dyn Sink) {
        sink.uid(key.0);
    }

    fn read(source: &dyn Source) -> Self {
        Self {
            id: ApiKeyId(source.uid(0)),
            name: source.text(1).to_owned(),
            scopes: Scopes::decode(source.text(2)),
            hash: source.hash(3),
            old_hash: source.hash(4),
            old_until: source.opt_at(5),
            created_at: source.at(6),
            created_by: source.text(7).to_owned(),
            expires_at: source.opt_at(8),
            revoked_at: source.opt_at(9),
            version: source.int(10),
        }
    }
}

table!(
    /// Rows: [`StaffRow`].
    STAFF, 33, "staff", key 1, [
        id Bytes, login Text, role Text, password Bytes, failed Int, locked_until Int, disabled_at Int,
        created_at Int, created_by Text, version Int, password_by Text,
    ]
);

/// A staff account. Its id is derived from the login, which therefore never changes and is unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    /// Id.
    pub id: StaffId,
    /// Name to sign in with, lower case.
    pub login: String,
    /// What they are.
    pub role: Role,
    /// Salt and argon2id hash.
    pub password: Vec<u8>,
    /// Wrong tries since the last right one.
    pub failed: i64,
    /// No sign-in before; machine time.
    pub locked_until: Option<Timestamp>,
    /// Since when they may not sign in at all.
    pub disabled_at: Option<Timestamp>,
    /// When.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// Counts changes.
    pub version: i64,
    /// Who set the password, if not the owner and the owner has not changed it since: until then the account can do
    /// nothing else. Empty otherwise.
    pub password_by: String,
}

impl StaffRow {
    /// Whether the owner has to change the password before anything else.
    pub fn must_change_password(&self) -> bool {
        !self.password_by.is_empty()
    }
}

impl Record for StaffRow {
    type Key = StaffId;
    const TABLE: &'static Table = &STAFF;

    fn key(&self) -> Self::Key {
        self.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        sink.uid(self.id.0);
        sink.text(&self.login);
        sink.text(self.role.name());
        sink.bytes(&self.password);
        sink.int(self.failed);
        sink.opt_at(self.locked_until);
        sink.opt_at(self.disabled_at);
        sink.at(self.created_at);
        sink.text(&self.created_by);
        sink.int(self.version);
        sink.text(&self.password_by);
    }

    fn write_key(key: &Self::Key, sink: &mut dyn Sink) {
        sink.uid(key.0);
    }

    fn read(source: &dyn Source) -> Self {
        Self {
            id: StaffId(source.uid(0)),
            login: source.text(1).to_owned(),
            role: Role::from_name(source.text(2)).unwrap_or(Role::ReadOnly),
            password: source.bytes(3).to_vec(),
            failed: source.int(4),
            locked_until: source.opt_at(5),
            disabled_at: source.opt_at(6),
            created_at: source.at(7),
            created_by: source.text(8).to_owned(),
            version: source.int(9),
            password_by: source.text(10).to_owned(),
        }
    }
}

table!(
    /// Rows: [`SessionRow`].
    STAFF_SESSIONS, 34, "staff_sessions", key 1, [
        id Bytes, staff Bytes, hash Bytes, created_at Int, expires_at Int, ended_at Int, seen_at Int, address Text,
        password_tag Text,
    ]
);

/// A signed-in staff member; machine time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Id.
    pub id: Uid,
    /// Who.
    pub staff: StaffId,
    /// From [`SessionRow::bind`].
    pub hash: [u8; 32],
    /// When.
    pub created_at: Timestamp,
    /// No longer works from here on.
    pub expires_at: Timestamp,
    /// Signed out.
    pub ended_at: Option<Timestamp>,
    /// When it was last used, to a minute.
    pub seen_at: Timestamp,
    /// The address that it was opened from; empty when it is not known.
    pub address: String,
    /// Tells that another password was set since.
    pub password_tag: String,
}

impl SessionRow {
    /// Tells passwords apart, and nothing of them.
    pub fn tag(password: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("purser staff password tag v1");
        hasher.update(password);
        hasher.finalize().to_hex().chars().take(16).collect()
    }

    /// Whether it is unused for longer than `idle`, µs.
    pub fn is_idle(&self, idle: i64, now: Timestamp) -> bool {
        self.seen_at.max(self.created_at).plus(idle) <= now
    }

    /// What is stored of a session: the hash of its secret together with the password (salt and hash) that it was
    /// opened with. A new password thus ends every session, whoever holds it.
    pub fn bind(secret_hash: [u8; 32], password: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("purser staff session v1");
        hasher.update(&secret_hash).update(password);
        *hasher.finalize().as_bytes()
    }
}

impl Record for SessionRow {
    type Key = Uid;
    const TABLE: &'static Table = &STAFF_SESSIONS;

    fn key(&self) -> Self::Key {
        self.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        sink.uid(self.id);
        sink.uid(self.staff.0);
        sink.bytes(&self.hash);
        sink.at(self.created_at);
        sink.at(self.expires_at);
        sink.opt_at(self.ended_at);
        sink.at(self.seen_at);
        sink.text(&self.address);
        sink.text(&self.password_tag);
    }

    fn write_key(key: &Self::Key, sink: &mut dyn Sink) {
        sink.uid(*key);
    }

    fn read(source: &dyn Source) -> Self {
        Self {
            id: source.uid(0),
            staff: StaffId(source.uid(1)),
            hash: source.hash(2),
            created_at: source.at(3),
            expires_at: source.at(4),
            ended_at: source.opt_at(5),
            seen_at: source.at(6),
            address: source.text(7).to_owned(),
            password_tag: source.text(8).to_owned(),
        }
    }
}
