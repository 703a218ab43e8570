//! Rows of phones, identities, codes and people. Personal values stand in them sealed; `masked` is what people see.

use purser_domain::{
    identity::{ClaimState, Issued},
    ids::{CodeId, PartyId, PersonId, WithdrawalId},
    time::{Date, Timestamp},
};

use crate::{
    record,
    vault::{Vault, VaultError},
};

record! {
    /// The phone that is bound to a party (P7); none while there is none.
    pub struct PhoneRow in PHONES = 54, "phones", lock Update, key(party: PartyId) {
        /// Number, sealed.
        number: String,
        /// Blind index of the number.
        number_index: String,
        /// What people see.
        masked: String,
        /// Of a virtual operator.
        virtual_operator: bool,
        /// When it was bound.
        bound_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// The identity that a party claims (P7).
    pub struct IdentityRow in IDENTITIES = 55, "identities", lock Update, key(party: PartyId) {
        /// `person` or `enterprise`.
        kind: String,
        /// See [`ClaimState`].
        state: String,
        /// Name, sealed.
        name: String,
        /// Identity number or code, sealed.
        number: String,
        /// What people see of the name.
        name_masked: String,
        /// What people see of the number.
        number_masked: String,
        /// Blind index of kind and number: the same for everybody behind whom the same person stands (X7).
        identity_index: String,
        /// Who vouches for a code whose check fails, `stf_…`, or empty.
        vouched_by: String,
        /// Stable code of a refusal, or empty.
        reason: String,
        /// When it was handed in.
        submitted_at: Timestamp,
        /// When it was verified, refused or voided.
        decided_at: Option<Timestamp>,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// The last code of a party for one purpose (P8).
    pub struct CodeRow in ONE_TIME_CODES = 56, "one_time_codes", lock Update, key(party: PartyId, purpose: String) {
        /// Which one.
        code: CodeId,
        /// Keyed digest of its digits.
        digest: [u8; 32],
        /// What it is for.
        subject: String,
        /// Number and text, sealed, until they were sent.
        message: String,
        /// What people see of the number.
        masked: String,
        /// After this it is void.
        expires_at: Timestamp,
        /// Wrong entries that are left.
        tries_left: i64,
        /// Used already.
        used: bool,
        /// When it was issued.
        issued_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// Codes that a phone got on its last day (P8).
    pub struct QuotaRow in PHONE_QUOTAS = 57, "phone_quotas", lock Update, key(phone: String) {
        /// The civil date.
        day: Date,
        /// How many.
        count: i64,
        /// The last one.
        last_at: Timestamp,
    }
}

record! {
    /// A person that acts for a party (P6).
    pub struct PersonRow in PEOPLE = 58, "people", lock Update, key(party: PartyId, person: PersonId) {
        /// Name, sealed.
        name: String,
        /// What people see of the name.
        name_masked: String,
        /// `view`, `request` or `approve`.
        role: String,
        /// Phone, sealed; empty without one.
        phone: String,
        /// What people see of the phone.
        phone_masked: String,
        /// When it was added.
        created_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// Which person asked for a withdrawal, where the caller says so (P6).
    pub struct ActorRow in WITHDRAWAL_ACTORS = 59, "withdrawal_actors", lock None, key(withdrawal: WithdrawalId) {
        /// Who.
        person: PersonId,
        /// Role at that moment.
        role: String,
    }
}

impl CodeRow {
    /// To the domain's form.
    pub(crate) fn issued(&self) -> Issued {
        Issued {
            expires_at: self.expires_at,
            tries_left: u32::try_from(self.tries_left).unwrap_or(0),
            used: self.used,
        }
    }
}

impl IdentityRow {
    /// Where it stands.
    pub fn claim_state(&self) -> ClaimState {
        ClaimState::named(&self.state).unwrap_or(ClaimState::Refused)
    }

    /// The name in the clear.
    ///
    /// # Errors
    /// See [`Vault::open`].
    pub(crate) fn open_name(&self, vault: &Vault) -> Result<String, VaultError> {
        vault.open(&place("identities", self.party, "name"), &self.name)
    }

    /// Whether money may go out on it.
    pub fn is_verified(&self) -> bool {
        self.claim_state() == ClaimState::Verified
    }
}

/// Places of sealed values; a value opens in its own only.
pub(crate) fn place(table: &str, owner: impl std::fmt::Display, field: &str) -> String {
    format!("{table}/{owner}/{field}")
}
