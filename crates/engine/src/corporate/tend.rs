//! What comes round: statements are dated once the calendar knows, and the desk is told of what is overdue (P5).

use purser_domain::{
    corporate::State,
    ids::{StatementId, TypedId as _, Uid},
};
use purser_storage::Statement;

use super::{StatementRow, due_on, end_of};
use crate::{
    command::Ctx,
    jobs::{Tend, Tended},
    tx::Tx,
};

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
pub type TendStatements = Tend<StatementRow>;

impl Tended for StatementRow {
    const NAME: &'static str = "settlement.tend";
    const UNDATED: &'static Statement = &UNDATED;
    const OVERDUE: &'static Statement = &OVERDUE;

    fn key_of(id: Uid) -> StatementId {
        StatementId::from_uid(id)
    }

    fn tend(&mut self, tx: &mut Tx, ctx: &Ctx) {
        if self.calendar_missing
            && let Some(day) = self.submitted_at.and_then(|at| due_on(ctx, at))
        {
            self.due_on = day.to_string();
            self.calendar_missing = false;
            self.overdue_at = Some(end_of(ctx, day));
            tx.notify("settlement.due_changed", self.party, &self.id.to_string(), self.facts());
        }
        let open = matches!(self.state(), State::Submitted | State::Paying | State::PaymentFailed);
        if self.overdue_at.is_some_and(|at| at <= ctx.now) {
            self.overdue_at = None;
            if open {
                tx.event("settlement.overdue", None, &self.id.to_string(), self.facts());
            }
        }
    }

    fn count(&mut self) {
        self.version += 1;
    }
}
