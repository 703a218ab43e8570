//! Verifying a real identity (P7): a name and a number are claimed, a verifier says whether they belong together.
//! Once verified they never change; if the verification itself was wrong two people void it.

use super::id_card::{IdCardIssue, read_id_card};
use super::name::{read_name, read_organisation};
use super::uscc::{UsccIssue, read_uscc};
use crate::time::Date;

/// Whose identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimKind {
    /// A person: real name and identity number.
    Person,
    /// An enterprise or studio: registered name and unified social credit code.
    Enterprise,
}

impl ClaimKind {
    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Enterprise => "enterprise",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Person, Self::Enterprise].into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimState {
    /// The verifier has not answered yet.
    Pending,
    /// Name and number belong together.
    Verified,
    /// They do not, or the number is not known.
    Refused,
    /// Two people took a wrong verification back.
    Voided,
}

impl ClaimState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Verified, Self::Refused, Self::Voided];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::Voided => "voided",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What the party's side looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The party is closed.
    pub closed: bool,
    /// The party is a company in law.
    pub enterprise: bool,
    /// The claim there is.
    pub state: Option<ClaimState>,
}

/// A claim as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadClaim {
    /// Whose.
    pub kind: ClaimKind,
    /// Name, normalised.
    pub name: String,
    /// Number, normalised.
    pub number: String,
}

/// What a verifier says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They belong together.
    Match,
    /// They do not, for the reason with this stable code.
    Mismatch(String),
    /// It takes longer: ask again.
    Pending,
}

/// An expected no, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRejection {
    /// A closed party changes no more.
    #[error("the party is closed")]
    PartyClosed,
    /// Never edited once verified.
    #[error(
        "the identity is verified and cannot be changed; if it is wrong, two members of staff void it first"
    )]
    AlreadyVerified,
    /// The verifier is at it.
    #[error("an identity is being verified: wait for the answer")]
    StillPending,
    /// A company claims a person, or a person a company.
    #[error("a company is verified by its registered name and code, a person by name and identity number")]
    KindMismatch,
    /// No usable name.
    #[error("a name has 2 to 50 letters with · between its parts; an organisation's has 2 to 100 characters")]
    NameInvalid,
    /// See [`IdCardIssue`].
    #[error("{0}")]
    IdNumber(IdCardIssue),
    /// See [`UsccIssue`].
    #[error("{0}")]
    Uscc(UsccIssue),
    /// Nothing to void.
    #[error("the party has no verified identity")]
    NotVerified,
}

impl ClaimRejection {
    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::PartyClosed => "party_closed",
            Self::AlreadyVerified => "identity_verified",
            Self::StillPending => "identity_pending",
            Self::KindMismatch => "identity_kind",
            Self::NameInvalid => "name_invalid",
            Self::IdNumber(issue) => issue.code(),
            Self::Uscc(issue) => issue.code(),
            Self::NotVerified => "identity_not_verified",
        }
    }

    /// JSON pointer of the input it is about.
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::KindMismatch => Some("/kind"),
            Self::NameInvalid => Some("/name"),
            Self::IdNumber(_) | Self::Uscc(_) => Some("/number"),
            _ => None,
        }
    }
}

/// Reads a claim. `vouched`: see [`read_uscc`].
///
/// # Errors
/// `NameInvalid`, `IdNumber` or `Uscc`, in this order.
pub fn read_claim(
    kind: ClaimKind,
    name: &str,
    number: &str,
    vouched: bool,
    today: Date,
) -> Result<ReadClaim, ClaimRejection> {
    let (name, number) = match kind {
        ClaimKind::Person => {
            let name = read_name(name).ok_or(ClaimRejection::NameInvalid)?;
            (name, read_id_card(number, today).map_err(ClaimRejection::IdNumber)?.number)
        }
        ClaimKind::Enterprise => {
            let name = read_organisation(name).ok_or(ClaimRejection::NameInvalid)?;
            (name, read_uscc(number, vouched).map_err(ClaimRejection::Uscc)?)
        }
    };
    Ok(ReadClaim { kind, name, number })
}

/// Whether a party may hand in this claim now.
///
/// # Errors
/// The first [`ClaimRejection`] that applies, down to `KindMismatch`.
pub fn submit(standing: &Standing, kind: ClaimKind) -> Result<(), ClaimRejection> {
    if standing.closed {
        return Err(ClaimRejection::PartyClosed);
    }
    match standing.state {
        Some(ClaimState::Verified) => return Err(ClaimRejection::AlreadyVerified),
        Some(ClaimState::Pending) => return Err(ClaimRejection::StillPending),
        Some(ClaimState::Refused | ClaimState::Voided) | None => {}
    }
    // A studio stays the person behind it (X9), who may have been verified before or after.
    if standing.enterprise == (kind == ClaimKind::Enterprise) {
        Ok(())
    } else {
        Err(ClaimRejection::KindMismatch)
    }
}

/// Whether there is something to void.
///
/// # Errors
/// `NotVerified`.
pub fn void(standing: &Standing) -> Result<(), ClaimRejection> {
    if standing.state == Some(ClaimState::Verified) { Ok(()) } else { Err(ClaimRejection::NotVerified) }
}
