//! What comes round: statements are dated once the calendar knows, and the desk is told of what is overdue (P5).

use purser_domain::{
    corporate::State,
    ids::{StatementId, TypedId as _},
    time::Timestamp,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{StatementRow, due_on, end_of};
use crate::{
    command::{Command, Ctx, Rejection},
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Statements looked at in one commit.
const ROUND: usize = 200;

static UNDATED: Statement = Statement {
    name: "settlements.undated",
    sql: "SELECT id FROM settlement_statements WHERE calendar_missing = 1 ORDER BY id LIMIT ?1",
};
static OVERDUE: Statement = Statement {
    name: "settlements.overdue",
    sql: "SELECT id FROM settlement_statements WHERE overdue_at IS NOT NULL AND overdue_at <= ?1 \
          ORDER BY overdue_at, id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&UNDATED, &OVERDUE];

/// Dates statements, and tells the desk once of each that should have been paid.
#[derive(Debug, Clone)]
pub struct TendStatements {
    statements: Vec<StatementId>,
}

impl TendStatements {
    /// What there is to do at `now`, at most 200 of each.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = Value::Int(i64::try_from(ROUND).unwrap_or(i64::MAX));
        let mut statements = Vec::new();
        reads.query(&UNDATED, &[limit], &mut |row| {
            statements.push(StatementId::from_uid(row.uid(0)));
            true
        })?;
        reads.query(&OVERDUE, &[Value::Int(now.0), limit], &mut |row| {
            statements.push(StatementId::from_uid(row.uid(0)));
            true
        })?;
        Ok(Self { statements })
    }
}

impl Command for TendStatements {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "settlement.tend"
    }

    fn weight(&self) -> usize {
        self.statements.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for statement in &self.statements {
            needs.row::<StatementRow>(*statement);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut changed = 0;
        for id in &self.statements {
            let Some(mut row) = tx.get::<StatementRow>(id).cloned() else { continue };
            let before = row.clone();
            if row.calendar_missing
                && let Some(day) = row.submitted_at.and_then(|at| due_on(ctx, at))
            {
                row.due_on = day.to_string();
                row.calendar_missing = false;
                row.overdue_at = Some(end_of(ctx, day));
                tx.notify("settlement.due_changed", row.party, &id.to_string(), row.facts());
            }
            let open = matches!(row.state(), State::Submitted | State::Paying | State::PaymentFailed);
            if row.overdue_at.is_some_and(|at| at <= ctx.now) {
                row.overdue_at = None;
                if open {
                    tx.event("settlement.overdue", None, &id.to_string(), row.facts());
                }
            }
            if row != before {
                row.version += 1;
                tx.put(row);
                changed += 1;
            }
        }
        // A round that changed nothing waits for the calendar: another at once would find the same.
        Ok(Progress { more: changed > 0 && self.statements.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
