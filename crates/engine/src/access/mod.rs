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

pub use keys::{ChangeApiKey, CreateApiKey, KeyChange, NewKey};
pub use password::{PasswordError, hash_password, verify_password};
pub use portal::{
    EndPortalSession, EnterPortal, MintPortalLink, PORTAL_LINK_MICROS, PORTAL_SESSION_MICROS, PortalAccess,
    PortalLinkRow, PortalSessionRow, SeePortalSession, portal_link, portal_sessions,
};
pub(crate) use queries::STATEMENTS;
pub use queries::{Identity, any_api_key, api_key, api_keys, identify, staff_account, staff_accounts};
pub use rows::{ApiKeyRow, SessionRow, StaffRow};
pub use scopes::{Role, Scope, Scopes};
pub use staff::{
    ChangeOwnPassword, ChangeStaff, CreateStaff, EndSession, LOCK_MICROS, NewSession, SESSION_MICROS, SignIn,
    StaffChange, TRIES, staff_id,
};
pub use tokens::{Token, TokenKind};

use purser_storage::Table;

/// Tables of this module.
pub const TABLES: &[&Table] =
    &[&rows::API_KEYS, &rows::STAFF, &rows::STAFF_SESSIONS, &portal::PORTAL_LINKS, &portal::PORTAL_SESSIONS];
