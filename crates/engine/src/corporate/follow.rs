//! A statement hears what became of its payout: at the end of every payout, and when one comes back later.

use purser_domain::{
    corporate::{self, Follow, State},
    ids::{StatementId, WithdrawalId},
    withdrawals::{self, Reason, SliceState},
};

use super::{PayoutRow, StatementRow, act::enter, unknown_statement};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::one,
    jobs::{Claimed, Hands, Lease, Ran, RunError},
    tx::{Needs, Tx},
    withdrawals::WithdrawalRow,
};

/// Takes in where a payout stands now; again, it changes nothing.
#[derive(Debug, Clone)]
struct FollowPayout {
    lease: Lease,
    statement: StatementId,
    payout: WithdrawalId,
}

/// Runs the job of a payout that came to an end.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_follow(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's subject cannot be read".to_owned());
    let payout: WithdrawalId = job.subject.parse().map_err(|_| bad())?;
    let Some(row) = one::<PayoutRow>(hands.reads, payout)? else { return Ok(Ran::Finish) };
    hands.call(FollowPayout { lease: job.lease, statement: row.statement, payout })?;
    Ok(Ran::Committed)
}

/// Why a payout failed or came back, for staff and payee: codes, and what staff wrote.
fn why(withdrawal: &withdrawals::Withdrawal) -> String {
    match &withdrawal.reason {
        Some(Reason::Rail { class, code }) => format!("{}: {code}", class.name()),
        Some(Reason::Gate(code)) => code.code().to_owned(),
        Some(Reason::Staff { note }) => note.clone(),
        Some(Reason::Party) | None => withdrawal.state.name().to_owned(),
    }
}

impl Command for FollowPayout {
    type Output = ();

    fn name(&self) -> &'static str {
        "settlement.follow"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<WithdrawalRow>(self.payout);
        needs.row::<StatementRow>(self.statement);
        needs.row::<PayoutRow>(self.payout);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        let unknown = || unknown_statement(self.statement);
        let withdrawal = tx.get::<WithdrawalRow>(&self.payout).ok_or_else(unknown)?.withdrawal();
        let mut row = tx.get::<StatementRow>(&self.statement).cloned().ok_or_else(unknown)?;
        let mut part = tx.get::<PayoutRow>(&self.payout).cloned().ok_or_else(unknown)?;
        let arrived = withdrawal.slices.iter().filter(|slice| slice.state == SliceState::Paid);
        let paid = arrived.fold(0i64, |sum, slice| sum.saturating_add(slice.amount_minor));
        row.paid = row.paid.saturating_add(paid - part.paid);
        part.paid = paid;
        withdrawal.state.name().clone_into(&mut part.state);
        tx.put(part);
        // An older payout that comes back while another is on its way only makes the rest larger.
        let current = row.payout == self.payout;
        let payouts = Follow { paid_minor: row.paid, finished: current && withdrawal.state.is_final() };
        let Some(to) = corporate::follow(&row.statement(false, ctx.now), payouts) else {
            row.version += 1;
            tx.put(row);
            return Ok(());
        };
        if to == State::Paid {
            row.finished_at = Some(ctx.now);
            row.overdue_at = None;
            row.reason.clear();
        } else {
            row.finished_at = None;
            row.reason = why(&withdrawal);
        }
        enter(tx, row, to);
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.statement.to_string(), Facts::new().text("payout", self.payout.to_string()))
    }
}
