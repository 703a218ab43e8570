//! Publishing statements: one atomic group of transfers each.

use purser_domain::{ids::StatementId, policy::keys, programme};

use super::{owed, post, rejected, rows::StatementRow, statement_unknown, want_accounts};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tax,
    tx::{Needs, Tx},
};

/// Publishes one statement: its amount can be withdrawn at once.
///
/// Rejections in order: `statement_unknown`, `version_conflict`, `statement_published`, `statement_open`,
/// `result_below_zero`, then the ledger's.
pub struct PublishStatement {
    /// Which.
    pub id: StatementId,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
}

impl Command for PublishStatement {
    type Output = StatementRow;

    fn name(&self) -> &'static str {
        "programme.publish_statement"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<StatementRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        if let Some(payee) = needs.get::<StatementRow>(&self.id).map(|row| row.payee) {
            want_accounts(needs, payee, ctx);
            tax::want(needs, payee, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<StatementRow, Rejection> {
        let row = tx.get::<StatementRow>(&self.id).cloned().ok_or_else(|| statement_unknown(self.id))?;
        if self.if_version.is_some_and(|version| version != row.version) {
            let text = format!("it was changed meanwhile: version {}, read it again", row.version);
            return Err(Rejection::new("version_conflict", text));
        }
        publish(tx, ctx, row)
    }

    fn audit(&self, output: &StatementRow) -> (String, Facts) {
        (output.id.to_string(), facts(output))
    }
}

fn facts(row: &StatementRow) -> Facts {
    Facts::new()
        .text("month", &row.month)
        .text("creator_id", row.creator.to_string())
        .int("orders", row.orders)
        .int("income_minor", row.income)
        .int("operating_fee_minor", row.fee)
        .int("incentive_minor", row.incentive)
        .int("result_minor", row.result)
        .int("tax_minor", row.tax)
        .opt_at("dispute_until", row.dispute_until)
}

/// Publishes a statement whose accounts are declared: transfers, the statement as notice and event.
pub(super) fn publish(tx: &mut Tx, ctx: &Ctx, mut row: StatementRow) -> Result<StatementRow, Rejection> {
    // Before anything is counted: what cannot be published must not have been taxed.
    programme::publish(&row.facts(0)).map_err(rejected)?;
    if row.creator == row.payee {
        let income = row.income.saturating_add(row.incentive);
        row.tax = tax::withhold(tx, ctx, row.payee, income, row.result)?;
    }
    let postings = programme::publish(&row.facts(owed(tx, row.payee, ctx))).map_err(rejected)?;
    row.posting = post(tx, ctx, &row, &postings)?;
    let view = ctx.rules.policy.now(ctx.now);
    programme::StatementState::Published.name().clone_into(&mut row.state);
    row.blocked = String::new();
    row.published_at = Some(ctx.now);
    row.dispute_until =
        Some(programme::dispute_until(ctx.today, view.value(keys::PROGRAMME_DISPUTE), &ctx.zone));
    row.policy_version = i64::from(view.version().number);
    row.version += 1;
    tx.put(row.clone());
    tx.notify("programme.published", row.payee, &row.id.to_string(), facts(&row));
    Ok(row)
}
