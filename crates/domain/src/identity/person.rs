//! People who act for a party (P6).

/// Most people of one party at a time.
pub const PEOPLE_MAX: usize = 50;

/// What a person may do for a party; each includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonRole {
    /// See.
    View,
    /// Ask for withdrawals.
    Request,
    /// Approve what others asked for: sign settlement statements (X16).
    Approve,
}

impl PersonRole {
    /// All roles in their order.
    pub const ALL: [Self; 3] = [Self::View, Self::Request, Self::Approve];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Request => "request",
            Self::Approve => "approve",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether a person with this role may ask for a withdrawal.
    pub fn may_request(self) -> bool {
        self >= Self::Request
    }

    /// Whether a person with this role may sign a settlement statement.
    pub fn may_approve(self) -> bool {
        self >= Self::Approve
    }
}

/// An expected no about people, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonRejection {
    /// Not one of this party's people.
    #[error("the party has no such person")]
    Unknown,
    /// The role is too small.
    #[error("this person may only look: give the role `request` or `approve`")]
    MayNotRequest,
    /// The role is too small to sign.
    #[error("this person may not sign for the party: give the role `approve`")]
    MayNotApprove,
    /// No usable name.
    #[error("a name has 2 to 50 letters, with · between its parts")]
    NameInvalid,
    /// Enough.
    #[error("a party has at most 50 people")]
    TooMany,
}

impl PersonRejection {
    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "person_unknown",
            Self::MayNotRequest => "person_may_not_request",
            Self::MayNotApprove => "person_may_not_approve",
            Self::NameInvalid => "name_invalid",
            Self::TooMany => "people_too_many",
        }
    }
}
