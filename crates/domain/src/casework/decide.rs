//! What may happen to a case, and what follows.

use super::{Case, Kind, Outcome, REASON_MAX, SUMMARY_MAX, Side, State, TEXT_MAX};
use crate::ids::StaffId;
use crate::time::Timestamp;

/// Limits by policy (P4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Cases that one party may have open at a time.
    pub open_per_party: i64,
    /// Messages of one case.
    pub messages: i64,
    /// Attachments of one case.
    pub attachments: i64,
    /// For how long the party may open a closed case again, in microseconds.
    pub reopen_us: i64,
}

/// A case that somebody opens by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening<'a> {
    /// What it is about.
    pub kind: Kind,
    /// In one line.
    pub summary: &'a str,
    /// At length.
    pub text: Option<&'a str>,
    /// Cases of the party that are open now.
    pub open_now: i64,
}

/// What somebody does with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Give it to a person at the desk.
    Assign(StaffId),
    /// Promise another time.
    Promise,
    /// Write a message. A message to the party may ask for an answer; an internal one stays at the desk.
    Say {
        /// The words.
        text: &'a str,
        /// For the desk only.
        internal: bool,
        /// The party has to answer.
        asks: bool,
    },
    /// Add a file.
    Attach {
        /// For the desk only.
        internal: bool,
    },
    /// Decide it, with a reason. Refused where the case is decided with its record.
    Conclude(Outcome, &'a str),
    /// Its record was decided: the case ends with it.
    Settle(Outcome, &'a str),
    /// Take it back.
    Withdraw,
    /// Open it again.
    Reopen(&'a str),
}

/// What becomes of the time by which the desk owes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Goes on.
    Keep,
    /// Starts anew.
    Restart,
    /// Nobody owes anything, or the party does.
    Stop,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The party gets a message; the desk sees the event.
    Party,
    /// Only the event, which the party may see.
    Desk,
    /// Nobody: a note of the desk to itself.
    Nobody,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The case as it is now.
    pub case: Case,
    /// What becomes of the due time.
    pub clock: Clock,
    /// Event, past tense (P15).
    pub event: &'static str,
    /// Who is told.
    pub heard: Heard,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Cases of this kind come with their record.
    #[error("a case of this kind comes with the record it is about: it cannot be opened by hand")]
    NotByHand,
    /// No usable summary.
    #[error("a summary has 1 to 200 printable characters on one line")]
    SummaryInvalid,
    /// The party has too many open cases.
    #[error("the party has as many open cases as it may have at a time: answer or withdraw some first")]
    TooManyOpen,
    /// It is closed.
    #[error("the case is closed; it can be opened again for a while")]
    Closed,
    /// It is not closed.
    #[error("the case is not closed")]
    NotClosed,
    /// The party waited too long.
    #[error("the case was closed too long ago to be opened again: open a new one")]
    ReopenTooLate,
    /// It is decided together with its record.
    #[error("a case of this kind is decided together with the record it is about")]
    DecidedWithRecord,
    /// The party has to answer first.
    #[error("the case waits for the party: there is nothing to promise until it has answered")]
    NothingOwed,
    /// No usable text.
    #[error("a message has 1 to 4000 characters, without control characters other than line breaks")]
    TextInvalid,
    /// No usable reason.
    #[error("an outcome needs a reason of 1 to 1000 characters")]
    ReasonInvalid,
    /// Nobody to ask, or to take it back.
    #[error("the case concerns no party, or one that does not see it")]
    NobodyToAsk,
    /// An internal message cannot ask the party.
    #[error("an internal message cannot ask the party for an answer")]
    InternalAsks,
    /// Too many messages.
    #[error("the case has as many messages as a case may have")]
    MessagesFull,
    /// Too many files.
    #[error("the case has as many attachments as a case may have")]
    AttachmentsFull,
}

impl Rejection {
    /// Every rejection in order of precedence.
    pub const ALL: [Self; 14] = [
        Self::NotByHand,
        Self::SummaryInvalid,
        Self::TooManyOpen,
        Self::Closed,
        Self::NotClosed,
        Self::ReopenTooLate,
        Self::DecidedWithRecord,
        Self::NothingOwed,
        Self::TextInvalid,
        Self::ReasonInvalid,
        Self::NobodyToAsk,
        Self::InternalAsks,
        Self::MessagesFull,
        Self::AttachmentsFull,
    ];

    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotByHand => "case_kind_not_by_hand",
            Self::SummaryInvalid => "case_summary_invalid",
            Self::TooManyOpen => "cases_too_many",
            Self::Closed => "case_closed",
            Self::NotClosed => "case_not_closed",
            Self::ReopenTooLate => "case_reopen_too_late",
            Self::DecidedWithRecord => "case_decided_with_record",
            Self::NothingOwed => "case_nothing_owed",
            Self::TextInvalid => "case_text_invalid",
            Self::ReasonInvalid => "case_reason_invalid",
            Self::NobodyToAsk => "case_without_party",
            Self::InternalAsks => "case_internal_asks",
            Self::MessagesFull => "case_messages_full",
            Self::AttachmentsFull => "case_attachments_full",
        }
    }
}

/// Whether a case may be opened by hand (X17).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn open(opening: &Opening<'_>, limits: &Limits) -> Result<(), Rejection> {
    if !opening.kind.by_hand() {
        return Err(Rejection::NotByHand);
    }
    let summary = opening.summary.trim();
    if summary != opening.summary || !is_text(summary, SUMMARY_MAX) || summary.contains(['\n', '\t']) {
        return Err(Rejection::SummaryInvalid);
    }
    if opening.open_now >= limits.open_per_party {
        return Err(Rejection::TooManyOpen);
    }
    match opening.text {
        Some(text) if !is_text(text, TEXT_MAX) => Err(Rejection::TextInvalid),
        _ => Ok(()),
    }
}

/// Decides what somebody does with a case.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn decide(
    case: &Case,
    command: &Command<'_>,
    by: Side,
    now: Timestamp,
    limits: &Limits,
) -> Result<Decision, Rejection> {
    if let Command::Reopen(text) = command {
        return reopen(case, text, by, now, limits);
    }
    if case.state.is_closed() {
        return Err(Rejection::Closed);
    }
    let mut next = Decision { case: *case, clock: Clock::Keep, event: "case.changed", heard: Heard::Desk };
    match *command {
        Command::Assign(owner) => {
            next.case.owner = Some(owner);
            if case.state == State::Open {
                next.case.state = State::WaitingForStaff;
            }
            next.event = "case.assigned";
        }
        Command::Promise if case.state == State::WaitingForParty => return Err(Rejection::NothingOwed),
        Command::Promise => {
            next.event = "case.due_changed";
            next.heard = Heard::Party;
        }
        Command::Say { text, internal, asks } => say(&mut next, (text, internal, asks), by, limits)?,
        Command::Attach { internal } => {
            if case.attachments >= limits.attachments {
                return Err(Rejection::AttachmentsFull);
            }
            next.case.attachments += 1;
            contribute(&mut next, by, internal, "case.attachment_added");
        }
        Command::Conclude(..) if case.kind.is_decided_with_record() => {
            return Err(Rejection::DecidedWithRecord);
        }
        Command::Conclude(outcome, reason) | Command::Settle(outcome, reason) => {
            if !is_text(reason, REASON_MAX) {
                return Err(Rejection::ReasonInvalid);
            }
            let (state, event) = match outcome {
                Outcome::Resolved => (State::Resolved, "case.resolved"),
                Outcome::Refused => (State::Refused, "case.refused"),
            };
            close(&mut next, state, event, now);
        }
        Command::Withdraw if case.kind.is_not_withdrawn() => return Err(Rejection::DecidedWithRecord),
        Command::Withdraw => {
            if case.party.is_none() || case.kind.is_internal() {
                return Err(Rejection::NobodyToAsk);
            }
            close(&mut next, State::Withdrawn, "case.withdrawn", now);
        }
        // Decided above.
        Command::Reopen(_) => {}
    }
    Ok(next)
}

fn say(
    next: &mut Decision,
    (text, internal, asks): (&str, bool, bool),
    by: Side,
    limits: &Limits,
) -> Result<(), Rejection> {
    if !is_text(text, TEXT_MAX) {
        return Err(Rejection::TextInvalid);
    }
    if asks && (next.case.party.is_none() || next.case.kind.is_internal()) {
        return Err(Rejection::NobodyToAsk);
    }
    if asks && internal {
        return Err(Rejection::InternalAsks);
    }
    if next.case.messages >= limits.messages {
        return Err(Rejection::MessagesFull);
    }
    next.case.messages += 1;
    contribute(next, by, internal, "case.message_added");
    if asks && by != Side::Party {
        next.case.state = State::WaitingForParty;
        next.clock = Clock::Stop;
        next.event = "case.party_asked";
    }
    Ok(())
}

/// A message or a file: what the party adds is its answer, what the desk adds is for the party to see.
fn contribute(next: &mut Decision, by: Side, internal: bool, event: &'static str) {
    next.event = event;
    if by != Side::Party {
        next.heard = if internal { Heard::Nobody } else { Heard::Party };
        return;
    }
    if next.case.state == State::WaitingForParty {
        next.case.state = State::WaitingForStaff;
        next.clock = Clock::Restart;
        next.event = "case.party_answered";
    }
}

fn close(next: &mut Decision, state: State, event: &'static str, now: Timestamp) {
    next.case.state = state;
    next.case.closed_at = Some(now);
    next.clock = Clock::Stop;
    next.event = event;
    next.heard = Heard::Party;
}

fn reopen(case: &Case, text: &str, by: Side, now: Timestamp, limits: &Limits) -> Result<Decision, Rejection> {
    if !case.state.is_closed() {
        return Err(Rejection::NotClosed);
    }
    let until = case.closed_at.map_or(now, |at| at.plus(limits.reopen_us));
    if by == Side::Party && now > until {
        return Err(Rejection::ReopenTooLate);
    }
    if case.kind.is_decided_with_record() {
        return Err(Rejection::DecidedWithRecord);
    }
    if !is_text(text, TEXT_MAX) {
        return Err(Rejection::TextInvalid);
    }
    if case.messages >= limits.messages {
        return Err(Rejection::MessagesFull);
    }
    let case = Case { state: State::WaitingForStaff, closed_at: None, messages: case.messages + 1, ..*case };
    Ok(Decision { case, clock: Clock::Restart, event: "case.reopened", heard: Heard::Party })
}

/// Something is said, and nothing that would garble a page.
fn is_text(text: &str, most: usize) -> bool {
    let odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || is_invisible(c);
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(odd)
}

/// Characters that turn the direction of text around or hide in it.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
