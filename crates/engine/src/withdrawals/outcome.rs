//! What happens to a withdrawal after its request: what the rail answers, what reviewers decide, cancelling.

use purser_domain::{
    ids::StaffId,
    withdrawals::{self, Outcome, RailNumber, RailOutcome, Reason},
};

use super::{
    apply, held,
    queries::Located,
    rows::WithdrawalRow,
    terms::{gate_ctx, withdrawal_terms},
};
use crate::{
    bank_files::{RAIL, bank_order_version, note_end, want_bank_order},
    cases::Author,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Lease,
    tx::{Needs, Tx},
};

fn rejected(rejection: withdrawals::Rejection) -> Rejection {
    Rejection::new(rejection.code(), rejection.to_string())
}

pub(super) fn want(needs: &mut Needs<'_>, located: &Located, slices: &[u16], ctx: &Ctx) {
    needs.row::<WithdrawalRow>(located.id);
    apply::want(needs, located, slices, ctx);
}

pub(super) fn loaded(tx: &Tx, located: &Located) -> Result<WithdrawalRow, Rejection> {
    tx.get::<WithdrawalRow>(&located.id)
        .cloned()
        .ok_or_else(|| Rejection::new("withdrawal_unknown", "there is no such withdrawal"))
}

/// What a decider says of a stored withdrawal.
pub(super) fn judged(
    row: &WithdrawalRow,
    ctx: &Ctx,
    decider: impl FnOnce(
        &withdrawals::Withdrawal,
        &withdrawals::Ctx<'_>,
    ) -> Result<Outcome, withdrawals::Rejection>,
) -> Result<Outcome, Rejection> {
    let terms = withdrawal_terms(ctx.rules.policy.at(row.requested_at, ctx.now));
    decider(&row.withdrawal(), &gate_ctx(ctx, &terms)).map_err(rejected)
}

/// Runs a decider on a stored withdrawal and writes down what it says.
pub(super) fn decide(
    tx: &mut Tx,
    ctx: &Ctx,
    located: &Located,
    decider: impl FnOnce(
        &withdrawals::Withdrawal,
        &withdrawals::Ctx<'_>,
    ) -> Result<Outcome, withdrawals::Rejection>,
) -> Result<WithdrawalRow, Rejection> {
    let row = loaded(tx, located)?;
    match judged(&row, ctx, decider)? {
        Outcome::Changed(decision) => apply::apply(tx, ctx, &decision, row),
        Outcome::Unchanged => Ok(row),
    }
}

/// Takes in what a rail says about a slice: the answer to a call, or a callback. Saying it again changes nothing.
///
/// Rejections: `withdrawal_unknown`, `lease_lost`, then those of the state machine (`slice_unknown`,
/// `outcome_conflict`).
pub struct RecordRailOutcome {
    /// Which withdrawal.
    pub located: Located,
    /// Which slice, and which of its numbers at the rail the answer is about.
    pub slice: RailNumber,
    /// What the rail says.
    pub outcome: RailOutcome,
    /// What was asked about, where that is known: what was given to the rail since is not what it speaks of.
    pub seen: Option<Seen>,
    /// The job that asked, finished in the same commit.
    pub lease: Option<Lease>,
}

/// What somebody had before their eyes when a rail was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A slice that had been given to the rail so often. That the rail has nothing of it, or will not pay it, is not believed of
    /// a later attempt.
    Attempts(u32),
    /// The order in the bank's files at this version of its row: once it has changed, another job tells what it is by now.
    BankOrder(i64),
}

impl RecordRailOutcome {
    fn reference(&self) -> String {
        withdrawals::rail_reference(self.located.id, self.slice)
    }

    fn is_stale(&self, tx: &Tx) -> bool {
        match &self.seen {
            None => false,
            Some(Seen::BankOrder(version)) => bank_order_version(tx, &self.reference()) != Some(*version),
            Some(Seen::Attempts(attempts)) => {
                let slices = tx.get::<WithdrawalRow>(&self.located.id).map(|row| row.withdrawal().slices);
                let given = slices.unwrap_or_default().into_iter().find(|s| s.rail_number() == self.slice);
                let no = matches!(self.outcome, RailOutcome::NotTaken | RailOutcome::DefiniteFailure { .. });
                no && given.is_some_and(|s| s.attempts != *attempts)
            }
        }
    }
}

impl Command for RecordRailOutcome {
    type Output = WithdrawalRow;

    fn name(&self) -> &'static str {
        "rail.outcome"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, &self.located, &[self.slice.slice], ctx);
        if let Some(lease) = self.lease {
            lease.need(needs);
        }
        if self.located.rail == RAIL {
            want_bank_order(needs, &self.reference());
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<WithdrawalRow, Rejection> {
        if let Some(lease) = self.lease {
            lease.finish(tx)?;
        }
        if self.is_stale(tx) {
            return loaded(tx, &self.located);
        }
        let row = decide(tx, ctx, &self.located, |withdrawal, gate| {
            withdrawals::rail_outcome(withdrawal, self.slice, &self.outcome, gate)
        })?;
        if let RailOutcome::DefiniteFailure { class, code } = &self.outcome
            && self.located.rail == RAIL
        {
            note_end(tx, ctx, &self.reference(), *class, code);
        }
        Ok(row)
    }

    fn audit(&self, output: &WithdrawalRow) -> (String, Facts) {
        let RailNumber { slice, round } = self.slice;
        let mut facts = Facts::new().int("slice", i64::from(slice)).text("state", &output.state);
        if round > 1 {
            facts = facts.int("round", i64::from(round));
        }
        // A next number rests on this record of the failure of the one before (P10).
        if let RailOutcome::FailedForFunds { code } = &self.outcome {
            facts = facts.text("failed", code);
        }
        (output.id.to_string(), facts)
    }
}

/// What a person decides about a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// A reviewer agrees; from 500,000.00 two different people must (P16).
    Approve(StaffId),
    /// A reviewer refuses, with a reason for the party; who it was, where a person said so.
    Reject(String, Option<StaffId>),
    /// Called off by the party, or by staff with a reason, while nothing was sent.
    Cancel(Option<String>),
}

/// Approves, rejects or cancels a withdrawal.
pub struct DecideReview {
    /// Which withdrawal.
    pub located: Located,
    /// What is decided.
    pub review: Review,
}

impl Command for DecideReview {
    type Output = WithdrawalRow;

    fn name(&self) -> &'static str {
        match self.review {
            Review::Approve(_) => "withdrawal.approve",
            Review::Reject(..) => "withdrawal.reject",
            Review::Cancel(_) => "withdrawal.cancel",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, &self.located, &[], ctx);
        held::want(needs, &self.located);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<WithdrawalRow, Rejection> {
        let row = decide(tx, ctx, &self.located, |withdrawal, gate| match &self.review {
            Review::Approve(by) => withdrawals::approve(withdrawal, *by, gate),
            Review::Reject(note, _) => withdrawals::reject(withdrawal, note),
            Review::Cancel(None) => withdrawals::cancel(withdrawal, Reason::Party),
            Review::Cancel(Some(note)) => {
                withdrawals::cancel(withdrawal, Reason::Staff { note: note.clone() })
            }
        })?;
        let said = match &self.review {
            Review::Approve(by) => ("审核通过 / The review found it good", Author::staff(*by)),
            Review::Reject(note, by) => (note.as_str(), by.map_or(Author::SYSTEM, Author::staff)),
            Review::Cancel(_) => ("提现已撤销 / The withdrawal was cancelled", Author::SYSTEM),
        };
        held::decided(tx, ctx, &self.located, &row, said)?;
        Ok(row)
    }

    fn audit(&self, output: &WithdrawalRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().text("state", &output.state))
    }
}
