//! Reading applications: newest first, of one party or of all, with their cases.

use std::collections::BTreeMap;

use purser_domain::{
    credit::application::{ApplicationKind, ApplicationState},
    ids::{CaseId, CreditApplicationId, PartyId, Uid},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{CreditApplicationRow, state};
use crate::{
    cases::CaseRow,
    feed::one,
    paging::{Page, Pass, page},
};

static OF_PARTY: Statement = Statement {
    name: "credit.applications_of_party",
    sql: "SELECT id, party, kind, case_id, amount, sale, sale_from, sale_until, partner, claim, reason, applied_at, \
          granted, decided_at, decided_by, policy_version, version FROM credit_applications \
          WHERE party = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
};
static ALL: Statement = Statement {
    name: "credit.applications",
    sql: "SELECT id, party, kind, case_id, amount, sale, sale_from, sale_until, partner, claim, reason, applied_at, \
          granted, decided_at, decided_by, policy_version, version FROM credit_applications \
          WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
};

pub(super) const STATEMENTS: &[&Statement] = &[&OF_PARTY, &ALL];

/// What a list shows; everything that is set must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApplicationFilter {
    /// Of this party; `None` for all.
    pub party: Option<PartyId>,
    /// For this.
    pub kind: Option<ApplicationKind>,
    /// Where it stands.
    pub state: Option<ApplicationState>,
}

/// An application with its case.
pub type Application = (CreditApplicationRow, CaseRow);

/// An application by id.
///
/// # Errors
/// Storage faults.
pub fn application(session: &mut dyn Session, id: CreditApplicationId) -> Result<Option<Application>, Fault> {
    let Some(row) = one::<CreditApplicationRow>(session, id)? else { return Ok(None) };
    let case = one::<CaseRow>(session, row.case_id)?;
    Ok(case.map(|case| (row, case)))
}

/// Applications that the filter shows, newest first, `most` of them, below `before`. A page that read its bounded part of
/// the list without finding so many is shorter and says where to go on.
///
/// # Errors
/// Storage faults.
pub fn applications(
    session: &mut dyn Session,
    filter: &ApplicationFilter,
    before: Option<CreditApplicationId>,
    most: usize,
) -> Result<Page<Application, CreditApplicationId>, Fault> {
    let begin = before.unwrap_or(CreditApplicationId(Uid([0xff; 16])));
    page(begin, most, |below, chunk, take| {
        let (party, id) = (filter.party.unwrap_or_default(), Value::Bytes(&below.0.0));
        let (statement, params) = match filter.party {
            Some(_) => (&OF_PARTY, vec![Value::Bytes(&party.0.0), id, Value::Int(chunk)]),
            None => (&ALL, vec![id, Value::Int(chunk)]),
        };
        let mut rows = Vec::new();
        session.query(statement, &params, &mut |source| {
            rows.push(CreditApplicationRow::read(source));
            true
        })?;
        let cases = cases_of(session, rows.iter().map(|row| row.case_id).collect())?;
        for row in rows {
            let place = row.id;
            let Some(case) = cases.get(&row.case_id).cloned() else { continue };
            let shown = filter.kind.is_none_or(|kind| row.kind == kind.name())
                && filter.state.is_none_or(|wanted| state(&case) == wanted);
            if !take(Pass { row: (row, case), place, shown }) {
                break;
            }
        }
        Ok(())
    })
}

fn cases_of(session: &mut dyn Session, mut ids: Vec<CaseId>) -> Result<BTreeMap<CaseId, CaseRow>, Fault> {
    ids.sort_unstable();
    ids.dedup();
    let mut cases = BTreeMap::new();
    if !ids.is_empty() {
        session.load(CaseRow::TABLE, &Keys::<CaseRow>(&ids), Lock::None, &mut |source| {
            let case = CaseRow::read(source);
            cases.insert(case.id, case);
        })?;
    }
    Ok(cases)
}
