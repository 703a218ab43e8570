//! Identity (P6–P9, X4–X8): phones, one-time codes, verification of who somebody is, people who act for a party.

mod claims;
pub(crate) mod codes;
mod onboard;
pub(crate) mod people;
mod phones;
mod queries;
mod reseal;
pub(crate) mod rows;
mod send;
mod whole;

pub use claims::{RecordVerdict, SubmitIdentity, VERIFY, VoidIdentity, run_verify};
pub use codes::{CodeOnItsWay, Given, IssueCode, SEND_CODE, Wanted};
pub use onboard::OnboardSandboxParty;
pub use people::{ChangePeople, PeopleChange};
pub use phones::{BindPhone, ReleasePhone, UnbindPhone};
pub use queries::{SHARED_MAX, actor, identity, people, person, phone, shared};
pub use reseal::{Reseal, Sealed};
pub use rows::{ActorRow, CodeRow, IdentityRow, PersonRow, PhoneRow, QuotaRow};
pub use send::run_send_code;
pub use whole::PayoutAccountsWhole;

use purser_storage::{Statement, Table};

use crate::{command::Rejection, vault::Vault};

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::PHONES,
    &rows::IDENTITIES,
    &rows::ONE_TIME_CODES,
    &rows::PHONE_QUOTAS,
    &rows::PEOPLE,
    &rows::WITHDRAWAL_ACTORS,
];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, reseal::STATEMENTS, whole::STATEMENTS].concat()
}

/// The blind index of a payout account's number, as it is bound to a code (P8).
pub fn account_index(vault: &Vault, kind: &str, number: &str) -> String {
    vault.index(kind, number)
}

/// A reason that people give and that is kept: 1 to 200 printable characters.
fn reason(text: &str) -> Result<(), Rejection> {
    let length = text.chars().count();
    if (1..=200).contains(&length) && text.trim() == text && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let message = "say why, in 1 to 200 printable characters, with nothing personal in it";
    Err(Rejection::new("reason_invalid", message).at("/reason"))
}
