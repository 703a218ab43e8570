//! What people decide about what was held: the label by which rules are judged later.

use crate::ids::StaffId;

/// Longest note of a decision, in characters.
const NOTE_MAX: usize = 1_000;

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody has decided.
    Open,
    /// Honest trade: what was held goes on.
    Released,
    /// Cash-out: what was held ends here.
    Confirmed,
    /// Called off before anybody decided: no label.
    Withdrawn,
}

impl State {
    /// All states in their order.
    pub const ALL: [Self; 4] = [Self::Open, Self::Released, Self::Confirmed, Self::Withdrawn];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Released => "released",
            Self::Confirmed => "confirmed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Honest trade.
    Release,
    /// Cash-out.
    Confirm,
}

/// A person's word for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// Whose.
    pub by: StaffId,
    /// What was held when it was given, minor units: it says nothing of more.
    pub held_minor: i64,
}

/// A review, as far as deciding looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Where it stands.
    pub state: State,
    /// Who agreed to a release so far.
    pub approvals: Vec<Approval>,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It was decided before.
    #[error("the review was decided before: it is {state}")]
    Decided {
        /// Where it stands.
        state: &'static str,
    },
    /// No usable note.
    #[error("say why, in 1 to 1000 characters")]
    NoteMissing,
    /// The same person agreed before.
    #[error("a release of this amount takes two different people, and you have agreed already")]
    SamePerson,
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Decided { .. } => "review_decided",
            Self::NoteMissing => "review_note_missing",
            Self::SamePerson => "review_same_person",
        }
    }
}

/// One person decides. Releasing `held_minor`, what is held now, takes two different people from the threshold of policy
/// on (P16), and counts only who agreed to at least as much; confirming takes one: it moves no money out.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn decide(
    review: &Review,
    verdict: Verdict,
    by: StaffId,
    note: &str,
    held_minor: i64,
    two_people_from_minor: i64,
) -> Result<Review, Rejection> {
    if review.state != State::Open {
        return Err(Rejection::Decided { state: review.state.name() });
    }
    if !(1..=NOTE_MAX).contains(&note.trim().chars().count()) {
        return Err(Rejection::NoteMissing);
    }
    let mut next = review.clone();
    if verdict == Verdict::Confirm {
        next.state = State::Confirmed;
        return Ok(next);
    }
    next.approvals.retain(|approval| approval.held_minor >= held_minor);
    let agreed_before = next.approvals.iter().any(|approval| approval.by == by);
    if !agreed_before {
        next.approvals.push(Approval { by, held_minor });
    }
    let needed = if held_minor >= two_people_from_minor { 2 } else { 1 };
    if next.approvals.len() >= needed {
        next.state = State::Released;
    } else if agreed_before {
        return Err(Rejection::SamePerson);
    }
    Ok(next)
}
