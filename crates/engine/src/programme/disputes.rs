//! Disputes of published statements, and what staff answer.

use purser_domain::{
    casework::{Kind, Outcome},
    ids::{StatementId, Uid},
    policy::keys,
    programme::{self, Adjustment, Answer, AnswerFacts},
};

use super::{
    AccountRole, account, owed, post, rejected,
    rows::{DisputeRow, StatementRow},
    statement_unknown, want_accounts,
};
use crate::{
    approvals::{Action, need_approval, require_approval},
    cases::{self, Author, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// Name of the approval of a large adjustment.
pub(crate) const ADJUSTMENT: &str = "programme.adjustment";

fn want_dispute(needs: &mut Needs<'_>, id: StatementId) {
    if let Some((disputes, case)) = needs.get::<StatementRow>(&id).map(|r| (r.disputes, r.dispute_case)) {
        needs.row::<DisputeRow>((id, disputes));
        needs.row::<CaseRow>(case);
    }
}

/// Whether the last dispute is among what was declared: it is not when an earlier command of the group made it.
fn is_declared(tx: &Tx, row: &StatementRow) -> bool {
    tx.is_loaded::<DisputeRow>(&(row.id, row.disputes)) && tx.is_loaded::<CaseRow>(&row.dispute_case)
}

/// Whether the payee took the case of the last dispute back.
fn is_withdrawn(tx: &Tx, row: &StatementRow) -> bool {
    tx.get::<CaseRow>(&row.dispute_case).is_none_or(|case| case.state().is_closed())
}

/// The payee does not agree with a statement. Nothing is blocked by it.
///
/// Rejections in order: `statement_unknown`, `statement_not_published`, `dispute_open`, `dispute_late`,
/// `text_invalid`.
pub struct DisputeStatement {
    /// Which.
    pub id: StatementId,
    /// What is wrong, in the payee's words.
    pub text: String,
}

impl Command for DisputeStatement {
    type Output = DisputeRow;

    fn name(&self) -> &'static str {
        "programme.dispute"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<StatementRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want_dispute(needs, self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<DisputeRow, Rejection> {
        let mut row = tx.get::<StatementRow>(&self.id).cloned().ok_or_else(|| statement_unknown(self.id))?;
        if !is_declared(tx, &row) {
            return Err(tx.begin_next_group());
        }
        let at_text = |r: programme::Rejection| match r {
            programme::Rejection::TextInvalid => rejected(r).at("/text"),
            _ => rejected(r),
        };
        let open = row.dispute_open && !is_withdrawn(tx, &row);
        programme::dispute(row.state(), row.dispute_until, open, &self.text, ctx.now).map_err(at_text)?;
        if let Some(before) = tx.get::<DisputeRow>(&(row.id, row.disputes)).filter(|_| row.dispute_open) {
            tx.put(DisputeRow {
                state: "withdrawn".to_owned(),
                version: before.version + 1,
                ..before.clone()
            });
        }
        row.disputes += 1;
        row.dispute_open = true;
        row.dispute_case = cases::open_with(
            tx,
            ctx,
            NewCase {
                kind: Kind::StatementDispute,
                party: Some(row.payee),
                subject: row.id.to_string(),
                summary: format!(
                    "计划月结单异议 {} / dispute of the programme month {}",
                    row.month, row.month
                ),
                due_at: None,
            },
            &self.text,
        );
        row.version += 1;
        let dispute = DisputeRow {
            statement: row.id,
            number: row.disputes,
            opened_at: ctx.now,
            case_id: row.dispute_case,
            state: "open".to_owned(),
            answered_at: None,
            reason: String::new(),
            component: String::new(),
            amount: 0,
            shortage: 0,
            posting: Uid::NIL,
            version: 1,
        };
        tx.put(dispute.clone());
        let facts = Facts::new().text("month", &row.month).int("dispute", row.disputes);
        tx.event("programme.disputed", Some(row.payee), &row.id.to_string(), facts);
        tx.put(row);
        Ok(dispute)
    }

    fn audit(&self, output: &DisputeRow) -> (String, Facts) {
        (self.id.to_string(), Facts::new().int("dispute", output.number))
    }
}

/// Staff answer the dispute that waits: with an adjustment, or with a reason why the month was right.
///
/// From the amount of policy `approval.payout_threshold` on an adjustment takes two people (P16).
///
/// Rejections in order: `statement_unknown`, `text_invalid`, `no_dispute`, `adjustment_zero`, `adjustment_too_large`,
/// `approval_required`, then the ledger's.
pub struct AnswerDispute {
    /// Which statement.
    pub id: StatementId,
    /// The answer.
    pub answer: Answer,
    /// Who answers.
    pub by: Author,
}

/// What a second person approves before [`AnswerDispute`] posts a large adjustment: the dispute by its number, and
/// everything that is answered.
pub fn adjustment_approval(
    statement: StatementId,
    dispute: i64,
    adjustment: &Adjustment,
    reason: &str,
) -> Action {
    let facts = Facts::new()
        .int("dispute", dispute)
        .text("component", adjustment.component.name())
        .int("amount_minor", adjustment.amount_minor)
        .text("reason", reason);
    Action::Other { action: ADJUSTMENT.to_owned(), subject: statement.to_string(), facts }
}

impl AnswerDispute {
    /// The approval that the answer uses up; `None` where one person decides.
    fn approval(&self, row: &StatementRow, ctx: &Ctx) -> Option<(String, Facts)> {
        let from = ctx.rules.policy.now(ctx.now).value(keys::APPROVAL_PAYOUT_THRESHOLD);
        let large = |adjustment: &Adjustment| i128::from(adjustment.amount_minor).abs() >= i128::from(from);
        let adjustment = self.answer.adjustment.filter(large)?;
        let action = adjustment_approval(row.id, row.disputes, &adjustment, &self.answer.reason);
        Some((action.subject(), action.facts()))
    }
}

impl Command for AnswerDispute {
    type Output = DisputeRow;

    fn name(&self) -> &'static str {
        "programme.answer_dispute"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<StatementRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        if let Some(payee) = needs.get::<StatementRow>(&self.id).map(|row| row.payee) {
            want_dispute(needs, self.id);
            want_accounts(needs, payee, ctx);
        }
        let approval = needs.get::<StatementRow>(&self.id).and_then(|row| self.approval(row, ctx));
        if let Some((subject, facts)) = approval {
            need_approval(needs, ADJUSTMENT, &subject, &facts);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<DisputeRow, Rejection> {
        let mut row = tx.get::<StatementRow>(&self.id).cloned().ok_or_else(|| statement_unknown(self.id))?;
        if !is_declared(tx, &row) {
            return Err(tx.begin_next_group());
        }
        let measure = AnswerFacts {
            fee_minor: row.fee,
            result_minor: row.result.saturating_add(row.adjusted),
            available_minor: tx.available(&account(AccountRole::Earnings, row.payee, ctx.rules.currency)),
            owed_minor: owed(tx, row.payee, ctx),
        };
        let at_reason = |r: programme::Rejection| match r {
            programme::Rejection::TextInvalid => rejected(r).at("/reason"),
            _ => rejected(r),
        };
        let answered = self.answer.decide(row.dispute_open, &measure).map_err(at_reason)?;
        if let Some((subject, facts)) = self.approval(&row, ctx) {
            require_approval(tx, ADJUSTMENT, &subject, &facts)?;
        }
        let known = tx.get::<DisputeRow>(&(row.id, row.disputes)).cloned();
        let mut dispute = known.ok_or_else(|| rejected(programme::Rejection::NoDispute))?;
        dispute.posting = post(tx, ctx, &row, &answered.postings)?;
        let amount = self.answer.adjustment.map_or(0, |adjustment| adjustment.amount_minor);
        let adjusted = row.adjusted.checked_add(amount);
        row.adjusted = adjusted.ok_or_else(|| rejected(programme::Rejection::AmountOutOfRange))?;
        row.dispute_open = false;
        row.version += 1;
        let (state, component) = match self.answer.adjustment {
            Some(adjustment) => ("adjusted", adjustment.component.name()),
            None => ("declined", ""),
        };
        state.clone_into(&mut dispute.state);
        component.clone_into(&mut dispute.component);
        dispute.reason.clone_from(&self.answer.reason);
        dispute.answered_at = Some(ctx.now);
        dispute.amount = amount;
        dispute.shortage = answered.shortage_minor;
        dispute.version += 1;
        tx.put(dispute.clone());
        if !is_withdrawn(tx, &row) {
            let outcome = if self.answer.adjustment.is_some() { Outcome::Resolved } else { Outcome::Refused };
            cases::settle(tx, ctx, row.dispute_case, outcome, &self.answer.reason, self.by)?;
        }
        let facts = facts(&dispute).text("month", &row.month);
        tx.notify("programme.dispute_answered", row.payee, &row.id.to_string(), facts);
        tx.put(row);
        Ok(dispute)
    }

    fn audit(&self, output: &DisputeRow) -> (String, Facts) {
        (self.id.to_string(), facts(output))
    }
}

fn facts(dispute: &DisputeRow) -> Facts {
    Facts::new()
        .int("dispute", dispute.number)
        .text("state", &dispute.state)
        .text("component", &dispute.component)
        .int("adjustment_minor", dispute.amount)
        .int("owed_minor", dispute.shortage)
}
