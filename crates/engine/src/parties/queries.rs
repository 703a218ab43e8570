//! Reading parties.

use purser_domain::{ids::PartyId, time::Timestamp};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::PartyRow;

/// Most parties on a page.
pub const PARTY_PAGE_MAX: i64 = 200;

static PAGE: Statement = Statement {
    name: "parties.page",
    sql: "SELECT id, external_id, display_name, roles, legal_form, class, status, status_reason, metadata, \
          created_at, version FROM parties WHERE (created_at, id) > (?1, ?2) ORDER BY created_at, id LIMIT ?3",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&PAGE];

/// A party by id.
///
/// # Errors
/// Storage faults.
pub fn party(session: &mut dyn Session, id: PartyId) -> Result<Option<PartyRow>, Fault> {
    let mut found = None;
    session.load(PartyRow::TABLE, &Keys::<PartyRow>(&[id]), Lock::None, &mut |row| {
        found = Some(PartyRow::read(row));
    })?;
    Ok(found)
}

/// Parties in order of creation, after the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn party_page(
    session: &mut dyn Session,
    after: Option<(Timestamp, PartyId)>,
    limit: i64,
) -> Result<Vec<PartyRow>, Fault> {
    let (at, id) = after.unwrap_or_default();
    let params = [Value::Int(at.0), Value::Bytes(&id.0.0), Value::Int(limit.clamp(1, PARTY_PAGE_MAX))];
    let mut rows = Vec::new();
    session.query(&PAGE, &params, &mut |row| {
        rows.push(PartyRow::read(row));
        true
    })?;
    Ok(rows)
}
