//! Parties: whoever has money here (spec P6), what may change about them and when.
//!
//! A party has a set of roles, a legal form and a status. Status decides what may move: an active party may do
//! everything, a frozen one still receives income and refunds but nothing leaves, a closed one is finished.
//! How a creator is paid (X2, X13, X16) is derived here, once, at the acceptance of an order.

mod creator;
mod note;

pub use creator::{CreatorKind, creator_kind};
pub use note::{NOTE_MAX, NOTES_OPEN_MAX, NoteKind, NoteRejection, clear_note, write_note};

use crate::{
    ids::PartyId,
    metadata::{self, Metadata, MetadataRejection, is_printable},
};

/// Longest external id, in characters.
pub const EXTERNAL_ID_MAX: usize = 64;
/// Longest display name, in characters.
pub const DISPLAY_NAME_MAX: usize = 100;
/// Longest reason of a freeze, in characters.
pub const REASON_MAX: usize = 200;

/// What a party does on the platform. One party may have several roles; money never mixes between them (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Earns by tasks (X).
    Creator,
    /// Sells goods (C).
    Merchant,
    /// Buys clicks (A).
    Advertiser,
    /// Signs creators and is paid for their orders (X14, X16).
    Agency,
}

impl Role {
    /// All roles in their order.
    pub const ALL: [Self; 4] = [Self::Creator, Self::Merchant, Self::Advertiser, Self::Agency];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Merchant => "merchant",
            Self::Advertiser => "advertiser",
            Self::Agency => "agency",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Creator => 1,
            Self::Merchant => 2,
            Self::Advertiser => 4,
            Self::Agency => 8,
        }
    }
}

/// A set of roles. Its number ([`Roles::bits`]) is what storage keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u8);

impl Roles {
    /// No role: never valid for a stored party.
    pub const NONE: Self = Self(0);

    /// This set and one role more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// True when the role is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// True when every role of `other` is in this set too.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True for the empty set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as a number: creator 1, merchant 2, advertiser 4, agency 8.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set behind a number of [`Roles::bits`]; `None` when a bit has no role.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 16 { Some(Self(bits)) } else { None }
    }

    /// The roles in their order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What the party is in law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegalForm {
    /// A natural person.
    Individual,
    /// A person's registered studio (X9).
    Studio,
    /// A company.
    Enterprise,
}

impl LegalForm {
    /// All forms in their order.
    pub const ALL: [Self; 3] = [Self::Individual, Self::Studio, Self::Enterprise];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Studio => "studio",
            Self::Enterprise => "enterprise",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// Standing among creators: celebrities and media accounts are paid company to company (X16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum AccountClass {
    /// Everybody else.
    #[default]
    Ordinary,
    /// A celebrity, paid through a company.
    Celebrity,
    /// A media account.
    Media,
}

impl AccountClass {
    /// All classes in their order.
    pub const ALL: [Self; 3] = [Self::Ordinary, Self::Celebrity, Self::Media];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Celebrity => "celebrity",
            Self::Media => "media",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// Whether money may move (P6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyStatus {
    /// Everything is possible.
    Active,
    /// No money out and no new credit; income and refunds still post.
    Frozen {
        /// Why, in the words of the staff member; shown to staff, not to the party.
        reason: String,
    },
    /// Finished, for good.
    Closed,
}

impl PartyStatus {
    /// Stable name, as the API and storage write it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen { .. } => "frozen",
            Self::Closed => "closed",
        }
    }
}

/// What the platform tells us about a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The platform's own id: 1–64 printable characters without spaces at the ends, unique per deployment.
    pub external_id: String,
    /// 1–100 printable characters.
    pub display_name: String,
    /// At least one.
    pub roles: Roles,
    /// What the party is in law.
    pub legal_form: LegalForm,
    /// Standing among creators.
    pub class: AccountClass,
    /// At most 20 entries, keys ≤ 40 and values ≤ 500 characters (P19).
    pub metadata: Metadata,
}

/// A stored party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its id.
    pub id: PartyId,
    /// What the platform told us.
    pub profile: Profile,
    /// Whether money may move.
    pub status: PartyStatus,
}

/// What still ties a party to the desk; all must be zero before it can be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ties {
    /// Σ of the absolute balances of its accounts in minor units, holds included.
    pub balances_minor: i64,
    /// Orders, withdrawals and applications that are not finished.
    pub open_records: u32,
}

/// A command about a party that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Replace the profile. External id and roles already held stay; roles may be added.
    Update(Profile),
    /// Stop money going out; again with another reason replaces the reason.
    ///
    /// Carries why, in 1–200 characters.
    Freeze(String),
    /// End a freeze.
    Unfreeze,
    /// Finish with the party.
    Close(Ties),
}

/// What a decision does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Store this and tell about it.
    Changed {
        /// The party as it is now.
        party: Party,
        /// Event name, past tense (P15).
        event: &'static str,
    },
    /// Already so; nothing is written.
    Unchanged,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A closed party does not change any more.
    #[error("the party is closed")]
    PartyClosed,
    /// A party with this external id exists and differs.
    #[error("the party exists and differs in `{field}`")]
    PartyConflict {
        /// First field that differs.
        field: &'static str,
    },
    /// The change does not exist from this status.
    #[error("a party that is {from} cannot become {to}")]
    StatusChange {
        /// Status now.
        from: &'static str,
        /// Status asked for.
        to: &'static str,
    },
    /// External id not 1–64 printable characters, or with spaces at its ends.
    #[error("external_id must be 1 to 64 printable characters without spaces at the ends")]
    ExternalIdInvalid,
    /// Display name not 1–100 printable characters.
    #[error("display_name must be 1 to 100 printable characters without spaces at the ends")]
    DisplayNameInvalid,
    /// No role at all.
    #[error("a party needs at least one role")]
    RolesMissing,
    /// A role already held would disappear; its accounts and history would be left without an owner.
    #[error("a role that is held cannot be taken away; close the party instead")]
    RoleRemoved,
    /// A person becomes a studio by the upgrade that staff decide (X9), and a studio stays one: its limits go with it.
    #[error(
        "a creator becomes a studio by the studio upgrade, and stays one: legal_form cannot be changed so"
    )]
    LegalFormFixed,
    /// A creator's studio is what staff have seen the licence of (X9): nobody comes as one.
    #[error(
        "a creator becomes a studio by the studio upgrade, whose papers staff review: register a person, and apply"
    )]
    StudioUnreviewed,
    /// Its metadata cannot be taken (P19).
    #[error(transparent)]
    Metadata(#[from] MetadataRejection),
    /// A freeze without a usable reason.
    #[error("a freeze needs a reason of 1 to 200 printable characters")]
    ReasonInvalid,
    /// Money or records are still open.
    #[error("the party still has money or open records")]
    PartyNotEmpty,
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PartyClosed => "party_closed",
            Self::PartyConflict { .. } => "party_conflict",
            Self::StatusChange { .. } => "party_status_change",
            Self::ExternalIdInvalid => "external_id_invalid",
            Self::DisplayNameInvalid => "display_name_invalid",
            Self::RolesMissing => "roles_missing",
            Self::RoleRemoved => "role_removed",
            Self::LegalFormFixed => "legal_form_fixed",
            Self::StudioUnreviewed => "studio_unreviewed",
            Self::Metadata(no) => no.code(),
            Self::ReasonInvalid => "reason_invalid",
            Self::PartyNotEmpty => "party_not_empty",
        }
    }
}

/// Registers a party, or recognises one that is there already under the same external id.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn register(existing: Option<&Party>, id: PartyId, profile: &Profile) -> Result<Outcome, Rejection> {
    if let Some(party) = existing {
        return match first_difference(&party.profile, profile) {
            None => Ok(Outcome::Unchanged),
            Some(field) => Err(Rejection::PartyConflict { field }),
        };
    }
    validate(profile)?;
    if is_studio_of_creator(profile) {
        return Err(Rejection::StudioUnreviewed);
    }
    let party = Party { id, profile: profile.clone(), status: PartyStatus::Active };
    Ok(Outcome::Changed { party, event: "party.created" })
}

/// Decides a command about a party.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn decide(party: &Party, command: &Command) -> Result<Outcome, Rejection> {
    if party.status == PartyStatus::Closed {
        let again = matches!(command, Command::Close(_));
        return if again { Ok(Outcome::Unchanged) } else { Err(Rejection::PartyClosed) };
    }
    match command {
        Command::Update(profile) => update(party, profile),
        Command::Freeze(reason) => {
            if !is_printable(reason, REASON_MAX) {
                return Err(Rejection::ReasonInvalid);
            }
            Ok(with_status(party, PartyStatus::Frozen { reason: reason.clone() }, "party.frozen"))
        }
        Command::Unfreeze => match party.status {
            PartyStatus::Frozen { .. } => Ok(with_status(party, PartyStatus::Active, "party.unfrozen")),
            _ => Err(Rejection::StatusChange { from: party.status.name(), to: "active" }),
        },
        Command::Close(ties) if *ties == Ties::default() => {
            Ok(with_status(party, PartyStatus::Closed, "party.closed"))
        }
        Command::Close(_) => Err(Rejection::PartyNotEmpty),
    }
}

fn update(party: &Party, profile: &Profile) -> Result<Outcome, Rejection> {
    if profile.external_id != party.profile.external_id {
        return Err(Rejection::PartyConflict { field: "external_id" });
    }
    validate(profile)?;
    if !profile.roles.includes(party.profile.roles) {
        return Err(Rejection::RoleRemoved);
    }
    let (old, new) = (party.profile.legal_form, profile.legal_form);
    let studio = old == LegalForm::Studio || new == LegalForm::Studio;
    if old != new && studio && party.profile.roles.has(Role::Creator) {
        return Err(Rejection::LegalFormFixed);
    }
    if is_studio_of_creator(profile) && !is_studio_of_creator(&party.profile) {
        return Err(Rejection::StudioUnreviewed);
    }
    if *profile == party.profile {
        return Ok(Outcome::Unchanged);
    }
    let party = Party { profile: profile.clone(), ..party.clone() };
    Ok(Outcome::Changed { party, event: "party.updated" })
}

/// True for whom the limits of a studio hold (X10), and so not those of a person (X9).
fn is_studio_of_creator(profile: &Profile) -> bool {
    profile.legal_form == LegalForm::Studio && profile.roles.has(Role::Creator)
}

fn with_status(party: &Party, status: PartyStatus, event: &'static str) -> Outcome {
    if party.status == status {
        return Outcome::Unchanged;
    }
    Outcome::Changed { party: Party { status, ..party.clone() }, event }
}

fn first_difference(old: &Profile, new: &Profile) -> Option<&'static str> {
    [
        ("external_id", old.external_id == new.external_id),
        ("display_name", old.display_name == new.display_name),
        ("roles", old.roles == new.roles),
        ("legal_form", old.legal_form == new.legal_form),
        ("class", old.class == new.class),
        ("metadata", old.metadata == new.metadata),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

/// Checks the shape of a profile.
///
/// # Errors
/// A [`Rejection`] from `external_id_invalid` on, the first that applies.
pub fn validate(profile: &Profile) -> Result<(), Rejection> {
    if !is_external_id(&profile.external_id) {
        return Err(Rejection::ExternalIdInvalid);
    }
    if !is_printable(&profile.display_name, DISPLAY_NAME_MAX) {
        return Err(Rejection::DisplayNameInvalid);
    }
    if profile.roles.is_empty() {
        return Err(Rejection::RolesMissing);
    }
    Ok(metadata::validate(&profile.metadata)?)
}

/// Whether a text can be the platform's id of a party: 1 to 64 printable characters without spaces at the ends.
pub fn is_external_id(text: &str) -> bool {
    is_printable(text, EXTERNAL_ID_MAX)
}
