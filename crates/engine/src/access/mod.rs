//! Who may do what (P18): API keys with scopes, staff accounts with roles, people of parties in the portal, and their
//! sessions.
//!
//! Only hashes of secrets are stored. A token names its row, so that checking one is a read by primary key.

mod keys;
mod password;
mod portal;
mod queries;
mod rows;
mod scopes;
mod staff;
mod tokens;
mod totp;

pub use keys::{ChangeApiKey, CreateApiKey, KeyChange, NewKey};
pub use password::{PasswordError, hash_password, verify_password};
pub use portal::{
    EndPortalSession, EnterPortal, MintPortalLink, PORTAL_LINK_MICROS, PORTAL_SESSION_MICROS, PortalAccess,
    PortalLinkRow, PortalSessionRow, SeePortalSession, portal_link, portal_sessions,
};
pub use queries::{
    Identity, any_api_key, api_key, api_keys, identify, staff_account, staff_accounts, staff_sessions,
};
pub use rows::{ApiKeyRow, SessionRow, StaffRow};
pub use scopes::{Role, Scope, Scopes};
pub use staff::{
    ChangeOwnPassword, ChangeStaff, CreateStaff, EndSession, LOCK_MICROS, NewSession, RevokeSession,
    SEEN_EVERY, SESSION_MICROS, SignIn, StaffChange, TRIES, TouchSession, staff_id,
};
pub use tokens::{Token, TokenKind};
pub use totp::{
    ConfirmTotp, EnrolTotp, RECOVERY_CODES, RemoveTotp, SecondFactor, TotpRow, recovery_code, recovery_hash,
    staff_totp, totp_place, totp_secret, totp_step,
};

use purser_storage::Table;

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static purser_storage::Statement> {
    [queries::STATEMENTS, totp::ALL].concat()
}

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::API_KEYS,
    &rows::STAFF,
    &rows::STAFF_SESSIONS,
    &totp::STAFF_TOTP,
    &portal::PORTAL_LINKS,
    &portal::PORTAL_SESSIONS,
];
