//! Reading parties.

use purser_domain::{ids::PartyId, parties::Role, time::Timestamp};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::PartyRow;
use crate::paging::{Page, Pass, page};

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

/// What a search of parties looks for; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartySearch {
    /// The shown name, the platform's own id or the id contains this, in small letters.
    pub keyword: Option<String>,
    /// Has this role.
    pub role: Option<Role>,
    /// `active`, `frozen` or `closed`.
    pub status: Option<String>,
}

impl PartySearch {
    fn shows(&self, row: &PartyRow) -> bool {
        let contains = |word: &String| {
            let has = |text: &str| text.to_lowercase().contains(word.as_str());
            has(&row.display_name) || has(&row.external_id) || row.id.to_string().contains(word.as_str())
        };
        self.keyword.as_ref().is_none_or(contains)
            && self.role.is_none_or(|role| row.roles().has(role))
            && self.status.as_ref().is_none_or(|status| row.status == *status)
    }
}

/// Where a search goes on: instant of creation, and an id.
pub type PartyPlace = (Timestamp, PartyId);

/// Parties that the search finds, in order of creation, `most` of them, behind `after`. A page that read its bounded
/// part of all parties without finding so many is shorter and says where to go on.
///
/// # Errors
/// Storage faults.
pub fn party_search(
    session: &mut dyn Session,
    search: &PartySearch,
    after: Option<PartyPlace>,
    most: usize,
) -> Result<Page<PartyRow, PartyPlace>, Fault> {
    page(after.unwrap_or_default(), most, |(at, id), chunk, take| {
        let params = [Value::Int(at.0), Value::Bytes(&id.0.0), Value::Int(chunk)];
        session.query(&PAGE, &params, &mut |source| {
            let row = PartyRow::read(source);
            let (place, shown) = ((row.created_at, row.id), search.shows(&row));
            take(Pass { row, place, shown })
        })
    })
}
