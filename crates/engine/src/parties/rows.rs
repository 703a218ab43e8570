//! Rows of parties.

use purser_domain::{
    ids::PartyId,
    parties::{AccountClass, LegalForm, Party, PartyStatus, Profile, Roles},
    time::Timestamp,
};

use crate::{facts::Facts, metadata, record};

record! {
    /// A stored party.
    pub struct PartyRow in PARTIES = 50, "parties", lock Update, key(id: PartyId) {
        /// The platform's own id.
        external_id: String,
        /// Shown name.
        display_name: String,
        /// Role bits.
        roles: i64,
        /// Legal form.
        legal_form: String,
        /// Account class.
        class: String,
        /// Status.
        status: String,
        /// Why it is frozen.
        status_reason: String,
        /// Free values of the platform.
        metadata: Facts,
        /// When it was created.
        created_at: Timestamp,
        /// Counts changes: the `ETag`.
        version: i64,
    }
}

impl PartyRow {
    /// From the domain's form.
    pub fn of(party: &Party, created_at: Timestamp, version: i64) -> Self {
        let status_reason = match &party.status {
            PartyStatus::Frozen { reason } => reason.clone(),
            _ => String::new(),
        };
        Self {
            id: party.id,
            external_id: party.profile.external_id.clone(),
            display_name: party.profile.display_name.clone(),
            roles: i64::from(party.profile.roles.bits()),
            legal_form: party.profile.legal_form.name().to_owned(),
            class: party.profile.class.name().to_owned(),
            status: party.status.name().to_owned(),
            status_reason,
            metadata: metadata::stored(&party.profile.metadata),
            created_at,
            version,
        }
    }

    /// Its roles; for those who need nothing else, since the whole form copies every text.
    pub fn roles(&self) -> Roles {
        u8::try_from(self.roles).ok().and_then(Roles::from_bits).unwrap_or_default()
    }

    /// Neither frozen nor closed.
    pub fn is_active(&self) -> bool {
        !matches!(self.status.as_str(), "frozen" | "closed")
    }

    /// Its status; likewise.
    pub fn status(&self) -> PartyStatus {
        match self.status.as_str() {
            "frozen" => PartyStatus::Frozen { reason: self.status_reason.clone() },
            "closed" => PartyStatus::Closed,
            _ => PartyStatus::Active,
        }
    }

    /// To the domain's form.
    pub fn party(&self) -> Party {
        let roles = self.roles();
        Party {
            id: self.id,
            profile: Profile {
                external_id: self.external_id.clone(),
                display_name: self.display_name.clone(),
                roles,
                legal_form: LegalForm::named(&self.legal_form).unwrap_or(LegalForm::Individual),
                class: AccountClass::named(&self.class).unwrap_or_default(),
                metadata: metadata::values(&self.metadata),
            },
            status: self.status(),
        }
    }
}
