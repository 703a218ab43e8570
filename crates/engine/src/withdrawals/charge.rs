//! What rails charge for payouts, booked when their float covers it (P10).

use purser_domain::{
    ids::{TransferId, Uid, WithdrawalId},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
};

use super::rows::WithdrawalRow;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError},
    tx::{Needs, Tx},
};

/// The kind of job that books a charge.
pub const BOOK_CHARGE: &str = "rail.charge";

/// Has a charge booked: once for each total that a rail names.
pub(super) fn later(tx: &mut Tx, ctx: &Ctx, row: &WithdrawalRow, slice: u16, charged: (i64, i64)) {
    let (amount_minor, total_minor) = charged;
    let subject = row.id.to_string();
    let payload = Facts::new()
        .int("slice", i64::from(slice))
        .text("rail", &row.rail)
        .int("amount_minor", amount_minor)
        .int("total_minor", total_minor);
    let id = jobs::derived_id(BOOK_CHARGE, &format!("{subject} {slice} {total_minor}"));
    tx.job(jobs::ready(id, BOOK_CHARGE, &subject, ctx.now, payload));
}

/// Books a charge: `expense.rail_fee` → `rail.float`. Asking again books nothing more.
///
/// Rejections: `lease_lost`; `credit_floor` while all float of the rail is reserved.
struct BookCharge {
    withdrawal: WithdrawalId,
    slice: i64,
    rail: String,
    amount_minor: i64,
    total_minor: i64,
    lease: Lease,
}

impl BookCharge {
    fn of(job: &Claimed) -> Option<Self> {
        let amount = |name| job.payload.get_int(name);
        Some(Self {
            withdrawal: job.subject.parse().ok()?,
            slice: amount("slice")?,
            rail: job.payload.get_text("rail")?,
            amount_minor: amount("amount_minor")?,
            total_minor: amount("total_minor")?,
            lease: job.lease,
        })
    }

    fn accounts(&self, ctx: &Ctx) -> [AccountRef; 2] {
        let currency = ctx.rules.currency;
        [AccountRef::platform(AccountKind::ExpenseRailFee, currency), AccountRef::float(&self.rail, currency)]
    }
}

impl Command for BookCharge {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.charge"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.lease.need(needs);
        for account in &self.accounts(ctx) {
            needs.account(account);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        let [expense, float] = self.accounts(ctx);
        let place = [self.slice.to_le_bytes(), self.total_minor.to_le_bytes()].concat();
        tx.post(&TransferRequest {
            id: TransferId(Uid::derive_near(self.withdrawal.0, "purser rail charge v1", &[&place])),
            step: Step::Post,
            debit: expense.id(),
            credit: float.id(),
            amount_minor: self.amount_minor,
            currency: ctx.rules.currency,
            kind: TransferKind::PayoutRailFee.code(),
            reference: self.withdrawal.0,
        })?;
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.withdrawal.to_string(), Facts::new().int("amount_minor", self.amount_minor))
    }
}

/// Books a charge; while float does not cover it the job is tried again, with growing pauses, for ever.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_book_charge(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let command =
        BookCharge::of(job).ok_or_else(|| RunError::Failed("the job's payload cannot be read".to_owned()))?;
    hands.call(command)?;
    Ok(Ran::Committed)
}
