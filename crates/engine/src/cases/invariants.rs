//! What verification proves of cases (P3).

use purser_domain::{
    casework::State,
    ids::{CaseId, TypedId as _},
};
use purser_storage::{Fault, Session, Statement};

use crate::verify::{Finding, Invariant};

static COUNTS: Statement = Statement {
    name: "cases.counts",
    sql: "SELECT c.id, c.state, c.closed_at, c.messages, c.attachments, \
          (SELECT count(*) FROM case_messages m WHERE m.case_id = c.id), \
          (SELECT count(*) FROM case_attachments a WHERE a.case_id = c.id), \
          (SELECT count(*) FROM case_attachments a JOIN files f ON f.hash = a.hash WHERE a.case_id = c.id) \
          FROM cases c ORDER BY c.id",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&COUNTS];

/// Most findings.
const MOST: usize = 100;

/// A case has the messages and files that it says, every file is one that is kept, and it is closed when it says so.
pub struct CasesWhole;

impl Invariant for CasesWhole {
    fn name(&self) -> &'static str {
        "cases are whole"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        session.query(&COUNTS, &[], &mut |row| {
            let expected = [row.int(3), row.int(4), row.int(4)];
            let found = [row.int(5), row.int(6), row.int(7)];
            let closed = State::named(row.text(1)).is_some_and(State::is_closed);
            let place = CaseId::from_uid(row.uid(0)).to_string();
            if expected != found {
                findings.push(Finding::of_invariant(
                    self.name(),
                    place.clone(),
                    format!("messages, files, files kept: {expected:?}"),
                    format!("{found:?}"),
                    "messages or files of the case are missing or were added",
                ));
            }
            if closed == row.is_null(2) {
                findings.push(Finding::of_invariant(
                    self.name(),
                    place,
                    format!("closed: {closed}"),
                    format!("{}", !row.is_null(2)),
                    "the case is closed in one place and open in another",
                ));
            }
            findings.len() < MOST
        })?;
        Ok(findings)
    }
}
