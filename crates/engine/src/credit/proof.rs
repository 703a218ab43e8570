//! What must hold between a shop's limit and its evaluations, and between applications and their cases (P3).

use std::collections::BTreeMap;

use purser_domain::{
    casework::State,
    credit::{RestrictionKind, decode},
    ids::{CaseId, CreditApplicationId, PartyId, TypedId as _, Uid},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::facts;
use crate::{
    cases::CaseRow,
    verify::{Finding, Invariant},
};

static LIMITS: Statement = Statement {
    name: "credit.invariant_limits",
    sql: "SELECT s.party, s.total, s.closing_since, s.closed_at, f.facts, e.total, e.steps FROM credit_shops s \
          LEFT JOIN credit_shop_facts f ON f.party = s.party \
          LEFT JOIN credit_evaluations e ON e.party = s.party AND e.seq = s.evaluations ORDER BY s.party",
};
static APPLICATIONS: Statement = Statement {
    name: "credit.invariant_applications",
    sql: "SELECT id, case_id, decided_at, granted FROM credit_applications WHERE id > ?1 ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&LIMITS, &APPLICATIONS];

/// Most findings.
const MOST: usize = 100;

/// A limit is what its last evaluation says, whose steps add up to it; and a service is closed in both places or in none.
pub(crate) struct LimitsExplained;

impl Invariant for LimitsExplained {
    fn name(&self) -> &'static str {
        "limit = last evaluation = its steps"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let mut found = |party: PartyId, expected: String, found: String, sentence: &str| {
            findings.push(Finding::of_invariant(self.name(), party.to_string(), expected, found, sentence));
            findings.len() < MOST
        };
        session.query(&LIMITS, &[], &mut |row| {
            let (party, total) = (PartyId::from_uid(row.uid(0)), row.int(1));
            if row.is_null(4) || row.is_null(5) {
                let sentence = "a shop without facts, or without the evaluation that its limit follows from";
                return found(party, "facts and an evaluation".to_owned(), "none".to_owned(), sentence);
            }
            let steps =
                decode(row.bytes(6)).map(|steps| steps.iter().map(|step| step.delta_minor).sum::<i64>());
            let (evaluated, shown) = (row.int(5), format!("{steps:?}"));
            if total != evaluated || steps != Ok(evaluated) {
                let sentence = "the limit is not what its last evaluation and the steps of that say";
                let was = format!("limit {total}, evaluation {evaluated}, steps {shown}");
                return found(party, format!("{evaluated} in all three"), was, sentence);
            }
            let closed = facts::decode(row.text(4)).restrictions.has(RestrictionKind::Closed);
            let marked = !row.is_null(2) && !row.is_null(3);
            if closed != marked {
                let sentence = "the service is closed in one place and open in another";
                return found(party, format!("closed: {closed}"), format!("{marked}"), sentence);
            }
            true
        })?;
        Ok(findings)
    }
}

/// Applications looked at at a time.
const PAGE: i64 = 1_000;

/// An application has its case, is decided when that is, and was granted something when it was approved.
pub(crate) struct ApplicationsWhole;

impl Invariant for ApplicationsWhole {
    fn name(&self) -> &'static str {
        "applications agree with their cases"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let (mut findings, mut after) = (Vec::new(), Uid::NIL);
        loop {
            let mut rows: Vec<(CreditApplicationId, CaseId, bool, bool)> = Vec::new();
            session.query(&APPLICATIONS, &[Value::Bytes(&after.0), Value::Int(PAGE)], &mut |row| {
                let (id, case) = (CreditApplicationId(row.uid(0)), CaseId(row.uid(1)));
                rows.push((id, case, !row.is_null(2), !row.text(3).is_empty()));
                true
            })?;
            let Some(last) = rows.last().map(|row| row.0) else { return Ok(findings) };
            after = last.0;
            let mut cases: Vec<CaseId> = rows.iter().map(|row| row.1).collect();
            cases.sort_unstable();
            let mut known: BTreeMap<CaseId, CaseRow> = BTreeMap::new();
            session.load(CaseRow::TABLE, &Keys::<CaseRow>(&cases), Lock::None, &mut |source| {
                let case = CaseRow::read(source);
                known.insert(case.id, case);
            })?;
            for (id, case, decided, granted) in rows {
                let found = (decided, granted);
                let expected = known.get(&case).filter(|case| case.subject == id.to_string()).map(|case| {
                    let state = case.state();
                    let approved = state == State::Resolved;
                    (approved || state == State::Refused, approved)
                });
                if expected != Some(found) {
                    findings.push(Finding::of_invariant(
                        self.name(),
                        id.to_string(),
                        format!("its case; decided, granted: {expected:?}"),
                        format!("{found:?}"),
                        "the application is decided in one place and open in another, or has no case",
                    ));
                }
            }
            if findings.len() >= MOST {
                return Ok(findings);
            }
        }
    }
}
