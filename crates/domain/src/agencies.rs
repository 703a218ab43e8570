//! Agencies (P6, X14): which agency a creator was signed with at an instant.
//!
//! Memberships are half-open intervals `[from, to)` that do not overlap. They are judged when an order is reported,
//! by the instant of its acceptance; what is entered later, back-dated or not, never moves an order that is known.

use crate::ids::{MembershipId, PartyId};
use crate::time::Timestamp;

/// Most memberships of one creator, ended ones included.
pub const MEMBERSHIPS_MAX: usize = 100;
/// Longest contact, in characters.
pub const CONTACT_MAX: usize = 200;

/// One membership, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its id.
    pub id: MembershipId,
    /// The agency.
    pub agency: PartyId,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it; `None` while it has no end. One that ends where it begins never held.
    pub to: Option<Timestamp>,
}

impl Span {
    /// Whether the creator was signed by it at an instant.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    fn is_void(&self) -> bool {
        self.to == Some(self.from)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end = |a: &Self, b: &Self| b.to.is_none_or(|to| a.from < to);
        !self.is_void()
            && !other.is_void()
            && begins_before_end(self, other)
            && begins_before_end(other, self)
    }
}

/// The membership that covers an instant; there is at most one.
pub fn covering(spans: &[Span], at: Timestamp) -> Option<&Span> {
    spans.iter().find(|span| span.covers(at))
}

/// What is known of the two parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Both {
    /// The one has the role creator.
    pub is_creator: bool,
    /// The other has the role agency.
    pub is_agency: bool,
    /// Who is signed.
    pub creator: PartyId,
    /// One of them is closed.
    pub closed: bool,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The same membership was entered before and has another end.
    #[error("this membership is there and ends otherwise; change its end instead")]
    Conflict,
    /// The creator of the membership cannot have task orders.
    #[error("the party is not a creator")]
    NotACreator,
    /// The agency of the membership lacks the role.
    #[error("the party is not an agency")]
    NotAnAgency,
    /// A party cannot sign itself.
    #[error("an agency cannot be its own creator")]
    OwnAgency,
    /// The creator or the agency is closed.
    #[error("the party is closed")]
    PartyClosed,
    /// The end is not after the beginning.
    #[error("the membership must end after it begins")]
    IntervalEmpty,
    /// Not printable, or too long.
    #[error("a contact has at most 200 printable characters")]
    ContactInvalid,
    /// As many memberships as a creator may have.
    #[error("a creator has at most 100 memberships")]
    TooMany,
    /// Another membership of the creator covers part of the interval.
    #[error("the creator is signed with another agency in that time")]
    Overlap {
        /// That membership.
        other: MembershipId,
    },
    /// The creator has no such membership.
    #[error("the creator has no such membership")]
    Unknown,
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Conflict => "membership_conflict",
            Self::NotACreator => "not_a_creator",
            Self::NotAnAgency => "not_an_agency",
            Self::OwnAgency => "own_agency",
            Self::PartyClosed => "party_closed",
            Self::IntervalEmpty => "interval_empty",
            Self::ContactInvalid => "contact_invalid",
            Self::TooMany => "too_many_memberships",
            Self::Overlap { .. } => "membership_overlap",
            Self::Unknown => "membership_unknown",
        }
    }
}

fn contact_fits(contact: &str) -> bool {
    contact.chars().count() <= CONTACT_MAX && !contact.contains(char::is_control)
}

fn free(spans: &[Span], new: &Span) -> Result<(), Rejection> {
    match spans.iter().find(|span| span.id != new.id && span.overlaps(new)) {
        Some(span) => Err(Rejection::Overlap { other: span.id }),
        None => Ok(()),
    }
}

/// Signs a creator. `Ok(None)`: the same membership was entered before, nothing is written; else all memberships as
/// they are now, oldest first.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn sign(spans: &[Span], new: Span, contact: &str, both: Both) -> Result<Option<Vec<Span>>, Rejection> {
    if let Some(known) = spans.iter().find(|span| span.id == new.id) {
        return if known.to == new.to { Ok(None) } else { Err(Rejection::Conflict) };
    }
    if !both.is_creator {
        return Err(Rejection::NotACreator);
    }
    if !both.is_agency {
        return Err(Rejection::NotAnAgency);
    }
    if both.creator == new.agency {
        return Err(Rejection::OwnAgency);
    }
    if both.closed {
        return Err(Rejection::PartyClosed);
    }
    if new.to.is_some_and(|to| to <= new.from) {
        return Err(Rejection::IntervalEmpty);
    }
    if !contact_fits(contact) {
        return Err(Rejection::ContactInvalid);
    }
    if spans.len() >= MEMBERSHIPS_MAX {
        return Err(Rejection::TooMany);
    }
    free(spans, &new)?;
    let mut all = spans.to_vec();
    all.push(new);
    all.sort_by_key(|span| (span.from, span.id));
    Ok(Some(all))
}

/// What may change about a membership.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// A new end; the beginning itself for one that was entered by mistake.
    pub to: Option<Timestamp>,
    /// Whom its creator may ask.
    pub contact: Option<String>,
}

/// Changes the end of a membership, or its contact. Returns all memberships as they are now.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn change(spans: &[Span], id: MembershipId, change: &Change) -> Result<Vec<Span>, Rejection> {
    let mut all = spans.to_vec();
    let Some(span) = all.iter_mut().find(|span| span.id == id) else { return Err(Rejection::Unknown) };
    if change.to.is_some_and(|to| to < span.from) {
        return Err(Rejection::IntervalEmpty);
    }
    if change.contact.as_deref().is_some_and(|contact| !contact_fits(contact)) {
        return Err(Rejection::ContactInvalid);
    }
    span.to = change.to.or(span.to);
    let changed = *span;
    free(&all, &changed)?;
    Ok(all)
}
