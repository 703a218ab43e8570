//! Cases as they are read and written.

use purser_domain::{casework::evidence::FileType, ids::CaseId, time::Timestamp};
use purser_engine::cases::{AttachmentRow, CaseMessageRow, CaseRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{edge::Call, problem::Problem};

/// Who looks: what the desk wrote for itself is for people who are signed in at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// The party.
    Party,
    /// A person at the desk.
    Staff,
    /// A program of the platform.
    Key,
}

impl Viewer {
    /// Who calls.
    pub(crate) fn of(call: &Call) -> Self {
        match (call.identity.portal, call.identity.session) {
            (Some(_), _) => Self::Party,
            (None, Some(_)) => Self::Staff,
            (None, None) => Self::Key,
        }
    }

    pub(super) const fn sees_internal(self) -> bool {
        matches!(self, Self::Staff)
    }

    /// Who at the desk did something: for the desk and the platform.
    fn name(self, text: &str) -> Option<String> {
        Some(text.to_owned()).filter(|text| !text.is_empty() && self != Self::Party)
    }
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseView {
    /// Id.
    id: String,
    /// Whom it concerns; null for a matter of the platform alone.
    party_id: Option<String>,
    /// What it is about.
    kind: String,
    /// Id of the record it is about.
    subject: Option<String>,
    /// In one line.
    summary: String,
    /// `open`, `waiting_for_party`, `waiting_for_staff`, `resolved`, `refused` or `withdrawn`.
    state: String,
    /// What that means, in Chinese.
    state_zh: &'static str,
    /// What that means, in English.
    state_en: &'static str,
    /// Who at the desk has it; not shown to the party.
    owner: Option<String>,
    /// `party`, `staff` or `system`.
    opened_by: String,
    /// When it was opened.
    opened_at: String,
    /// By when the desk owes an answer; null while it owes none.
    due_at: Option<String>,
    /// The due time waits for a calendar year that is not known yet.
    calendar_missing: bool,
    /// The desk is late.
    overdue: bool,
    /// Why it ended as it did.
    outcome_reason: Option<String>,
    /// Who closed it: `party`, `system`, or a person at the desk (not shown to the party).
    closed_by: Option<String>,
    /// When it was closed.
    closed_at: Option<String>,
    /// Last change.
    changed_at: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl CaseView {
    pub(crate) fn of(row: &CaseRow, viewer: Viewer, now: Timestamp) -> Self {
        let state = row.state();
        let closed_by = match row.closed_by.as_str() {
            "" => None,
            by @ ("party" | "system") => Some(by.to_owned()),
            by => Some(viewer.name(by).unwrap_or_else(|| "staff".to_owned())),
        };
        Self {
            id: row.id.to_string(),
            party_id: row.party().map(|party| party.to_string()),
            kind: row.kind.clone(),
            subject: Some(row.subject.clone()).filter(|text| !text.is_empty()),
            summary: row.summary.clone(),
            state: row.state.clone(),
            state_zh: state.zh(),
            state_en: state.en(),
            owner: viewer.name(&row.owner),
            opened_by: row.opened_by.clone(),
            opened_at: row.opened_at.to_string(),
            due_at: row.due_at.map(|at| at.to_string()),
            calendar_missing: row.calendar_missing,
            overdue: row.due_at.is_some_and(|at| at <= now),
            outcome_reason: Some(row.outcome.clone()).filter(|text| !text.is_empty()),
            closed_by,
            closed_at: row.closed_at.map(|at| at.to_string()),
            changed_at: row.changed_at.to_string(),
            version: row.version,
        }
    }
}

/// A message of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseMessage {
    /// Number in the case.
    n: i64,
    /// When.
    at: String,
    /// `party`, `staff` or `system`.
    from: String,
    /// Who at the desk; not shown to the party.
    author: Option<String>,
    /// For the desk only.
    internal: bool,
    /// It asked the party for an answer.
    asks: bool,
    /// The words.
    text: String,
}

impl CaseMessage {
    pub(super) fn of(row: &CaseMessageRow, viewer: Viewer) -> Self {
        Self {
            n: row.n,
            at: row.at.to_string(),
            from: row.side.clone(),
            author: viewer.name(&row.author),
            internal: row.internal,
            asks: row.asks,
            text: row.body.clone(),
        }
    }
}

/// A file of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseAttachment {
    /// Number in the case: where it is read.
    n: i64,
    /// When.
    at: String,
    /// `party` or `staff`.
    from: String,
    /// Who at the desk; not shown to the party.
    author: Option<String>,
    /// For the desk only.
    internal: bool,
    /// Name to save it under.
    name: String,
    /// Media type, as found in its bytes.
    media_type: String,
    /// Bytes.
    size: i64,
    /// blake3 of its bytes, in hex.
    blake3: String,
}

impl CaseAttachment {
    pub(super) fn of(row: &AttachmentRow, viewer: Viewer) -> Self {
        Self {
            n: row.n,
            at: row.at.to_string(),
            from: row.side.clone(),
            author: viewer.name(&row.author),
            internal: row.internal,
            name: row.name.clone(),
            media_type: media_type(&row.kind).to_owned(),
            size: row.size,
            blake3: purser_engine::files::hex(&row.hash),
        }
    }
}

/// Media type of a stored kind.
pub(super) fn media_type(kind: &str) -> &'static str {
    FileType::named(kind).map_or("application/octet-stream", FileType::media_type)
}

/// A case with everything that was said and added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseDetail {
    /// The case.
    case: CaseView,
    /// Messages, oldest first.
    messages: Vec<CaseMessage>,
    /// Files, oldest first.
    attachments: Vec<CaseAttachment>,
}

impl CaseDetail {
    pub(super) fn of(
        row: &CaseRow,
        messages: &[CaseMessageRow],
        attachments: &[AttachmentRow],
        viewer: Viewer,
        now: Timestamp,
    ) -> Self {
        Self {
            case: CaseView::of(row, viewer, now),
            messages: messages.iter().map(|row| CaseMessage::of(row, viewer)).collect(),
            attachments: attachments.iter().map(|row| CaseAttachment::of(row, viewer)).collect(),
        }
    }
}

/// A case to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCaseBody {
    /// Whom it concerns, `pty_…`.
    pub(super) party_id: String,
    /// `help`, `fee_dispute`, `appeal`, `limit_query`, `paperwork` or `lost_phone`; the others come with their record.
    pub(super) kind: String,
    /// Id of the record it is about; it must be the party's.
    pub(super) subject: Option<String>,
    /// In one line of at most 200 characters.
    pub(super) summary: String,
    /// At length, at most 4,000 characters.
    pub(super) text: Option<String>,
}

/// A message of the party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnMessage {
    /// 1 to 4,000 characters.
    pub(super) text: String,
}

/// A message of the desk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeskMessage {
    /// 1 to 4,000 characters.
    pub(super) text: String,
    /// For the desk only.
    #[serde(default)]
    pub(super) internal: bool,
    /// The party has to answer; until then the desk owes nothing.
    #[serde(default)]
    pub(super) asks: bool,
}

/// Who gets a case, or by when it is promised; exactly one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CaseAssignment)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// A person at the desk, `stf_…`, or `me`.
    pub(super) owner: Option<String>,
    /// Another time by which the desk answers, RFC 3339.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) due_at: Option<crate::edge::Instant>,
}

/// How a case ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseDecision {
    /// `resolve` or `refuse`.
    pub(super) decision: String,
    /// For the party, 1 to 1,000 characters.
    pub(super) reason: String,
}

pub(super) fn unknown(id: CaseId) -> Problem {
    Problem::not_found("case_unknown", format!("there is no case {id}"))
}
