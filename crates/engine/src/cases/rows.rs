//! Rows of cases.

use purser_domain::{
    casework::{Case, Kind, State},
    ids::{CaseId, PartyId, StaffId, Uid},
    time::Timestamp,
};

use crate::{facts::Facts, files::FileHash, record};

record! {
    /// A stored case (P26).
    pub struct CaseRow in CASES = 80, "cases", lock Update, key(id: CaseId) {
        /// Whom it concerns; nil for a matter of the platform alone.
        party: PartyId,
        /// What it is about.
        kind: String,
        /// The party neither sees it nor hears of it.
        hidden: bool,
        /// Id of the record it is about; empty when there is none.
        subject: String,
        /// In one line.
        summary: String,
        /// State.
        state: String,
        /// Who at the desk has it: `stf_…`, or empty.
        owner: String,
        /// `party`, `staff` or `system`.
        opened_by: String,
        /// When it was opened.
        opened_at: Timestamp,
        /// Since when the desk owes an answer; absent while it owes none.
        owed_since: Option<Timestamp>,
        /// By when; absent while it owes none, where policy promises none, and while the calendar does not know.
        due_at: Option<Timestamp>,
        /// The due time waits for a year of the calendar (P5).
        calendar_missing: bool,
        /// The desk was told that it is overdue.
        overdue_told: bool,
        /// Reason of the outcome.
        outcome: String,
        /// Who closed it: `stf_…`, `party` or `system`, or empty.
        closed_by: String,
        /// When it was closed.
        closed_at: Option<Timestamp>,
        /// Messages so far.
        messages: i64,
        /// Attachments so far.
        attachments: i64,
        /// Last change.
        changed_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A message of a case; never changes.
    pub struct CaseMessageRow in CASE_MESSAGES = 81, "case_messages", lock None, key(case_id: CaseId, n: i64) {
        /// When.
        at: Timestamp,
        /// `party`, `staff` or `system`.
        side: String,
        /// Who at the desk: `stf_…`, or empty.
        author: String,
        /// For the desk only.
        internal: bool,
        /// The party was asked for an answer.
        asks: bool,
        /// The words.
        body: String,
    }
}

record! {
    /// A file of a case; never changes.
    pub struct AttachmentRow in CASE_ATTACHMENTS = 82, "case_attachments", lock None, key(case_id: CaseId, n: i64) {
        /// When.
        at: Timestamp,
        /// `party` or `staff`.
        side: String,
        /// Who at the desk: `stf_…`, or empty.
        author: String,
        /// For the desk only.
        internal: bool,
        /// Of the content.
        hash: FileHash,
        /// Type.
        kind: String,
        /// Bytes.
        size: i64,
        /// Name to show and to save under.
        name: String,
    }
}

impl CaseRow {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        Kind::named(&self.kind).unwrap_or(Kind::Help)
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        State::named(&self.state).unwrap_or(State::Open)
    }

    /// Whom it concerns.
    pub fn party(&self) -> Option<PartyId> {
        (self.party.0 != Uid::NIL).then_some(self.party)
    }

    /// True when a party may see it.
    pub fn is_shown_to(&self, party: PartyId) -> bool {
        self.party == party && !self.hidden
    }

    /// To the domain's form.
    pub fn case(&self) -> Case {
        Case {
            kind: self.kind(),
            party: self.party(),
            state: self.state(),
            owner: self.owner.parse::<StaffId>().ok(),
            closed_at: self.closed_at,
            messages: self.messages,
            attachments: self.attachments,
        }
    }

    /// Takes over what was decided; texts and times stay.
    pub(super) fn update(&mut self, case: &Case) {
        case.state.name().clone_into(&mut self.state);
        self.owner = case.owner.map_or_else(String::new, |owner| owner.to_string());
        self.closed_at = case.closed_at;
        self.messages = case.messages;
        self.attachments = case.attachments;
    }

    /// What events and notices say: no words that people wrote.
    pub(super) fn facts(&self) -> Facts {
        Facts::new()
            .text("kind", &self.kind)
            .text("state", &self.state)
            .text("subject", &self.subject)
            .opt_at("due_at", self.due_at)
    }
}
