//! Refunds that wait for the platform's money (P12): looked at again every minute, and sent by themselves.

use purser_domain::{
    ids::{AccountId, PaymentRefundId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    payments::{self, RefundState, RefundStops, Role},
    time::MINUTE,
};

use super::{
    apply::{account, hold_id, tell, waiting_hold_id},
    carry::collect_jobs,
    queries::{LocatedRefund, payment_refund},
    refund::{holder, stops, unknown_refund, want_party},
    rows::{PaymentRefundRow, PaymentRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError},
    tx::{Needs, Tx},
};

/// Kind of the job that looks whether the float covers a refund.
pub const FUND: &str = "payment.refund_funds";

/// Pause between two looks; business time.
const LOOK: i64 = MINUTE;

/// For steps that take their accounts from the hold they name.
const UNNAMED: AccountId = AccountId(Uid::NIL);

/// Where the payer's money is announced to go while no float is reserved.
pub(super) fn clearing(ctx: &Ctx) -> AccountRef {
    AccountRef::platform(AccountKind::PayoutsClearing, ctx.rules.currency)
}

/// Looks whether a refund may go on now. Where not, the job looks again in a minute and the refund says why: what
/// was asked for days ago is no exception from a switch that was thrown since (P4), nor from a freeze (P6). That
/// policy refunds no ordinary payments any more (A12) is no stop: the refund was granted before. The rows of refund,
/// payment and party must be declared.
fn goes_on(
    tx: &mut Tx,
    ctx: &Ctx,
    refund: &LocatedRefund,
    payment: &PaymentRow,
    lease: Lease,
) -> Result<bool, Rejection> {
    let stops = RefundStops { refunds_on: true, ..stops(tx, ctx, &refund.payment) };
    let code = payments::refund_stop(&payment.payment(), &stops).map_or("", |no| no.code());
    if let Some(mut row) = tx.get::<PaymentRefundRow>(&refund.id).cloned().filter(|row| row.code != code) {
        code.clone_into(&mut row.code);
        row.version += 1;
        tx.put(row);
        if !code.is_empty() {
            tell(tx, "payment.refund_held_back", payment);
        }
    }
    if code.is_empty() {
        return Ok(true);
    }
    lease.again(tx, ctx.now.plus(LOOK), None)?;
    Ok(false)
}

/// The last look before a refund is given to its rail; true when it may be.
///
/// Rejections: `lease_lost`, `payment_refund_unknown`.
pub(super) struct MayRefund {
    pub(super) refund: LocatedRefund,
    pub(super) lease: Lease,
}

impl Command for MayRefund {
    type Output = bool;

    fn name(&self) -> &'static str {
        "payment.may_refund"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<PaymentRefundRow>(self.refund.id);
        needs.row::<PaymentRow>(self.refund.payment.id);
        want_party(needs, &self.refund.payment);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<bool, Rejection> {
        self.lease.check(tx)?;
        let unknown = || unknown_refund(self.refund.id);
        let payment = tx.get::<PaymentRow>(&self.refund.payment.id).cloned().ok_or_else(unknown)?;
        goes_on(tx, ctx, &self.refund, &payment, self.lease)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Sends a waiting refund once the float covers it: what is reserved becomes a reservation of float in one group.
///
/// Rejections: `lease_lost`, `payment_refund_unknown`.
struct FundRefund {
    refund: LocatedRefund,
    lease: Lease,
}

impl FundRefund {
    fn account(&self, role: Role, ctx: &Ctx) -> Option<AccountRef> {
        account(role, self.refund.payment.party, self.refund.payment.method, ctx)
    }
}

impl Command for FundRefund {
    type Output = ();

    fn name(&self) -> &'static str {
        "payment.refund_fund"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<PaymentRefundRow>(self.refund.id);
        needs.row::<PaymentRow>(self.refund.payment.id);
        want_party(needs, &self.refund.payment);
        needs.hold(waiting_hold_id(self.refund.id));
        for role in [Role::Float, Role::Suspense, Role::Cash] {
            if let Some(account) = self.account(role, ctx) {
                needs.account(&account);
            }
        }
        needs.account(&clearing(ctx));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let unknown = || unknown_refund(self.refund.id);
        let waiting = tx.get::<PaymentRefundRow>(&self.refund.id).ok_or_else(unknown)?.state();
        let payment = tx.get::<PaymentRow>(&self.refund.payment.id).cloned().ok_or_else(unknown)?;
        if waiting != RefundState::Waiting {
            return self.lease.finish(tx);
        }
        if !goes_on(tx, ctx, &self.refund, &payment, self.lease)? {
            return Ok(());
        }
        let mut row = tx.get::<PaymentRefundRow>(&self.refund.id).cloned().ok_or_else(unknown)?;
        let float = self.account(Role::Float, ctx).map_or(0, |account| tx.available(&account));
        let Some(funded) = payments::fund(&row.refund(), row.method(), float) else {
            return self.lease.again(tx, ctx.now.plus(LOOK), None);
        };
        self.lease.finish(tx)?;
        let end = |role| self.account(role, ctx).map_or(UNNAMED, |account| account.id());
        let (waited, hold) = (waiting_hold_id(row.id), hold_id(row.id));
        let step = |id: TransferId, step, debit, credit| TransferRequest {
            id,
            step,
            debit,
            credit,
            amount_minor: row.amount,
            currency: row.currency,
            kind: TransferKind::PaymentRefund.code(),
            reference: row.id.0,
        };
        let release = step(tx.new_id(), Step::Release { hold: waited }, UNNAMED, UNNAMED);
        tx.post(&release)?;
        let (from, to) = (end(holder(payment.payment().place)), end(Role::Float));
        tx.post(&step(hold, Step::Hold { expires_at: None }, from, to))?;
        if funded.state == RefundState::Sending {
            let id = tx.new_id();
            let kind = collect_jobs(row.method()).refund;
            tx.job(jobs::ready(id, kind, &row.id.to_string(), ctx.now, Facts::new()));
        }
        funded.state.name().clone_into(&mut row.state);
        row.version += 1;
        tx.put(row);
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.refund.id.to_string(), Facts::new())
    }
}

/// Looks whether the platform's money covers a refund by now.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_fund(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's subject cannot be read".to_owned());
    let id: PaymentRefundId = job.subject.parse().map_err(|_| bad())?;
    let row = payment_refund(hands.reads, id)?.ok_or_else(bad)?;
    hands.call(FundRefund { refund: LocatedRefund::from(&row), lease: job.lease })?;
    Ok(Ran::Committed)
}
