//! What comes round: cases are dated once the calendar knows, and the desk is told of what is overdue.

use purser_domain::{
    casework::Heard,
    ids::{CaseId, TypedId as _, Uid},
};
use purser_storage::Statement;

use super::{CaseRow, due, tell};
use crate::{
    command::Ctx,
    jobs::{Tend, Tended},
    tx::Tx,
};

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
pub type TendCases = Tend<CaseRow>;

impl Tended for CaseRow {
    const NAME: &'static str = "cases.tend";
    const UNDATED: &'static Statement = &UNDATED;
    const OVERDUE: &'static Statement = &OVERDUE;

    fn key_of(id: Uid) -> CaseId {
        CaseId::from_uid(id)
    }

    fn tend(&mut self, tx: &mut Tx, ctx: &Ctx) {
        if self.calendar_missing {
            let from = self.owed_since.unwrap_or(self.opened_at);
            (self.due_at, self.calendar_missing) = due(ctx, self.kind(), from);
            if self.due_at.is_some() {
                tell(tx, self, "case.due_changed", Heard::Party);
            }
        }
        if self.due_at.is_some_and(|at| at <= ctx.now) && !self.overdue_told {
            self.overdue_told = true;
            tx.event("case.overdue", None, &self.id.to_string(), self.facts());
        }
    }

    fn count(&mut self) {
        self.version += 1;
    }
}
