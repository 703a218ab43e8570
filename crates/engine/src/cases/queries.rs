//! Reading cases.

use purser_domain::{
    casework::State,
    ids::{CaseId, PartyId, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{AttachmentRow, CaseMessageRow, CaseRow};
use crate::{
    feed::one,
    tx::{Needs, Tx},
};

/// Most cases on a page.
pub const CASE_PAGE_MAX: i64 = 200;

/// A page of cases: the same filters over the index that fits best.
macro_rules! page {
    ($name:ident, $text:literal, $condition:literal) => {
        static $name: Statement = Statement {
            name: $text,
            sql: concat!(
                "SELECT id, party, kind, hidden, subject, summary, state, owner, opened_by, opened_at, owed_since, \
                 due_at, calendar_missing, overdue_told, outcome, closed_by, closed_at, messages, attachments, changed_at, \
                 version FROM cases WHERE ",
                $condition,
                " AND id < ?1 AND (?2 = '' OR state = ?2) AND (?3 = '' OR kind = ?3) AND (?4 = '' OR owner = ?4) \
                 AND (?5 = 0 OR (due_at IS NOT NULL AND due_at <= ?6)) ORDER BY id DESC LIMIT ?7"
            ),
        };
    };
}

page!(ALL, "cases.page", "version > 0");
page!(LIVE, "cases.page_live", "closed_at IS NULL");
page!(OF_OWNER, "cases.page_of_owner", "owner = ?4");
page!(OF_PARTY, "cases.page_of_party", "party = ?8 AND (?9 = 1 OR hidden = 0)");

pub(super) static LIVE_OF_PARTY: Statement = Statement {
    name: "cases.live_of_party",
    sql: "SELECT id, party, kind, hidden, subject, summary, state, owner, opened_by, opened_at, owed_since, \
          due_at, calendar_missing, overdue_told, outcome, closed_by, closed_at, messages, attachments, changed_at, version \
          FROM cases WHERE party = ?1 AND hidden = 0 AND closed_at IS NULL ORDER BY id LIMIT ?2",
};
static MESSAGES: Statement = Statement {
    name: "cases.messages",
    sql: "SELECT case_id, n, at, side, author, internal, asks, body FROM case_messages \
          WHERE case_id = ?1 AND (?2 = 1 OR internal = 0) ORDER BY n LIMIT 500",
};
pub(super) static ATTACHMENTS: Statement = Statement {
    name: "cases.attachments",
    sql: "SELECT case_id, n, at, side, author, internal, hash, kind, size, name FROM case_attachments \
          WHERE case_id = ?1 ORDER BY n LIMIT 100",
};

/// Declares what [`has_papers`] looks at.
pub(crate) fn want_papers(needs: &mut Needs<'_>, case: CaseId) {
    needs.list::<AttachmentRow>(&ATTACHMENTS, &[Value::Bytes(&case.0.0)]);
}

/// Whether a case has a file that its party sees: what the desk keeps for itself is no evidence.
pub(crate) fn has_papers(tx: &Tx, case: CaseId) -> bool {
    tx.rows::<AttachmentRow>().any(|file| file.case_id == case && !file.internal)
}

/// Declares what [`has_open_case`] looks at.
pub(crate) fn want_open_case(needs: &mut Needs<'_>, party: PartyId) {
    needs.list::<CaseRow>(&LIVE_OF_PARTY, &[Value::Bytes(&party.0.0), Value::Int(1)]);
}

/// Whether a case of a party that it may see is not closed.
pub(crate) fn has_open_case(tx: &Tx, party: PartyId) -> bool {
    tx.rows::<CaseRow>().any(|row| row.is_shown_to(party) && !row.state().is_closed())
}

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&ALL, &LIVE, &OF_OWNER, &OF_PARTY, &LIVE_OF_PARTY, &MESSAGES, &ATTACHMENTS];

/// Which cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseFilter {
    /// Of this party.
    pub party: Option<PartyId>,
    /// Also those that the party does not see.
    pub hidden: bool,
    /// In this state; empty for all.
    pub state: String,
    /// Of this kind; empty for all.
    pub kind: String,
    /// Of this person at the desk; empty for all.
    pub owner: String,
    /// Only those that are overdue at this instant.
    pub overdue_at: Option<Timestamp>,
}

/// A case by id.
///
/// # Errors
/// Storage faults.
pub fn case(session: &mut dyn Session, id: CaseId) -> Result<Option<CaseRow>, Fault> {
    one(session, id)
}

/// Cases, newest first, before the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn case_page(
    session: &mut dyn Session,
    filter: &CaseFilter,
    before: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseRow>, Fault> {
    let before = before.unwrap_or(CaseId(Uid([0xff; 16])));
    let mut params = vec![
        Value::Bytes(&before.0.0),
        Value::Text(&filter.state),
        Value::Text(&filter.kind),
        Value::Text(&filter.owner),
        Value::Int(i64::from(filter.overdue_at.is_some())),
        Value::Int(filter.overdue_at.map_or(0, |at| at.0)),
        Value::Int(limit.clamp(1, CASE_PAGE_MAX)),
    ];
    let live = State::named(&filter.state).is_some_and(|state| !state.is_closed());
    let statement = if let Some(party) = &filter.party {
        params.extend([Value::Bytes(&party.0.0), Value::Int(i64::from(filter.hidden))]);
        &OF_PARTY
    } else if live || filter.overdue_at.is_some() {
        &LIVE
    } else if filter.owner.is_empty() {
        &ALL
    } else {
        &OF_OWNER
    };
    let mut rows = Vec::new();
    session.query(statement, &params, &mut |row| {
        rows.push(CaseRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Messages of a case, oldest first; `internal` with what the desk wrote for itself. At most 500: policy allows no
/// more of a case.
///
/// # Errors
/// Storage faults.
pub fn messages(
    session: &mut dyn Session,
    case: CaseId,
    internal: bool,
) -> Result<Vec<CaseMessageRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&MESSAGES, &[Value::Bytes(&case.0.0), Value::Int(i64::from(internal))], &mut |row| {
        rows.push(CaseMessageRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Files of a case, oldest first; `internal` with what the desk added for itself. At most 100.
///
/// # Errors
/// Storage faults.
pub fn attachments(
    session: &mut dyn Session,
    case: CaseId,
    internal: bool,
) -> Result<Vec<AttachmentRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&ATTACHMENTS, &[Value::Bytes(&case.0.0)], &mut |row| {
        rows.push(AttachmentRow::read(row));
        true
    })?;
    rows.retain(|row: &AttachmentRow| internal || !row.internal);
    Ok(rows)
}

/// A file of a case by its number.
///
/// # Errors
/// Storage faults.
pub fn attachment(session: &mut dyn Session, case: CaseId, n: i64) -> Result<Option<AttachmentRow>, Fault> {
    one(session, (case, n))
}
