//! What comes round: cases are dated once the calendar knows, and the desk is told of what is overdue.

use purser_domain::{
    casework::Heard,
    ids::{CaseId, TypedId as _},
    time::Timestamp,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{CaseRow, due, tell};
use crate::{
    command::{Command, Ctx, Rejection},
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Cases looked at in one commit.
const ROUND: usize = 200;

static UNDATED: Statement = Statement {
    name: "cases.undated",
    sql: "SELECT id FROM cases WHERE calendar_missing = 1 ORDER BY id LIMIT ?1",
};
static OVERDUE: Statement = Statement {
    name: "cases.overdue",
    sql: "SELECT id FROM cases WHERE due_at IS NOT NULL AND due_at <= ?1 AND overdue_told = 0 \
          ORDER BY due_at, id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&UNDATED, &OVERDUE];

/// Dates cases that wait for a year of the calendar (P5), and tells the desk once of each that is overdue.
#[derive(Debug, Clone)]
pub struct TendCases {
    cases: Vec<CaseId>,
}

impl TendCases {
    /// What there is to do at `now`, at most 200 of each.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = Value::Int(i64::try_from(ROUND).unwrap_or(i64::MAX));
        let mut cases = Vec::new();
        reads.query(&UNDATED, &[limit], &mut |row| {
            cases.push(CaseId::from_uid(row.uid(0)));
            true
        })?;
        reads.query(&OVERDUE, &[Value::Int(now.0), limit], &mut |row| {
            cases.push(CaseId::from_uid(row.uid(0)));
            true
        })?;
        Ok(Self { cases })
    }
}

impl Command for TendCases {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "cases.tend"
    }

    fn weight(&self) -> usize {
        self.cases.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for case in &self.cases {
            needs.row::<CaseRow>(*case);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut changed = 0;
        for id in &self.cases {
            let Some(mut row) = tx.get::<CaseRow>(id).cloned() else { continue };
            let before = row.clone();
            if row.calendar_missing {
                let from = row.owed_since.unwrap_or(row.opened_at);
                (row.due_at, row.calendar_missing) = due(ctx, row.kind(), from);
                if row.due_at.is_some() {
                    tell(tx, &row, "case.due_changed", Heard::Party);
                }
            }
            if row.due_at.is_some_and(|at| at <= ctx.now) && !row.overdue_told {
                row.overdue_told = true;
                tx.event("case.overdue", None, &id.to_string(), row.facts());
            }
            if row != before {
                row.version += 1;
                tx.put(row);
                changed += 1;
            }
        }
        // A round that changed nothing waits for the calendar: another at once would find the same.
        Ok(Progress { more: changed > 0 && self.cases.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
