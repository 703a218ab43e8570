//! What staff write down about a party (P6): notes, and flags that whoever decides about its money must see.

use crate::metadata::is_printable;

/// Longest text, in characters.
pub const NOTE_MAX: usize = 500;
/// Most notes and flags of one party that stand.
pub const NOTES_OPEN_MAX: usize = 200;

/// What was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// Something to know.
    Note,
    /// A sign of risk; it is shown with the party until somebody lifts it, and decides nothing by itself.
    Flag,
}

impl NoteKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Note, Self::Flag];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Flag => "flag",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An expected no, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteRejection {
    /// Text not 1–500 printable characters, or with spaces at its ends.
    #[error("a note has 1 to 500 printable characters without spaces at the ends")]
    TextInvalid,
    /// 200 stand already.
    #[error("the party has 200 notes and flags that stand: clear some first")]
    TooMany,
    /// It was cleared before.
    #[error("the note was cleared already")]
    Cleared,
}

impl NoteRejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TextInvalid => "party_note_invalid",
            Self::TooMany => "party_notes_too_many",
            Self::Cleared => "party_note_cleared",
        }
    }
}

/// Whether a text may be written down about a party of which `open` notes and flags stand.
///
/// # Errors
/// `party_note_invalid`, then `party_notes_too_many`.
pub fn write_note(text: &str, open: usize) -> Result<(), NoteRejection> {
    if !is_printable(text, NOTE_MAX) {
        return Err(NoteRejection::TextInvalid);
    }
    if open >= NOTES_OPEN_MAX { Err(NoteRejection::TooMany) } else { Ok(()) }
}

/// Whether a note can be cleared, with why.
///
/// # Errors
/// `party_note_invalid` for the reason, then `party_note_cleared`.
pub fn clear_note(reason: &str, cleared: bool) -> Result<(), NoteRejection> {
    if !is_printable(reason, NOTE_MAX) {
        return Err(NoteRejection::TextInvalid);
    }
    if cleared { Err(NoteRejection::Cleared) } else { Ok(()) }
}
