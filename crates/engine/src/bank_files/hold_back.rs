//! The last look before a file goes to the bank: an order was looked at when it was put in, up to a day ago (P4, P6, P9,
//! P10).

use purser_domain::{
    bank_files::{Failure, OrderState},
    ids::{BankFileId, PayoutAccountId},
    policy::{PolicyView, keys},
    time::MINUTE,
    withdrawals::{FailureClass, GateCode},
};

use super::{
    BankFileRow, BankOrderRow, OUTCOME,
    collect::unknown_file,
    give_out::{OUTDATED, dissolve, is_whole, want_orders, want_whole, wrong_orders},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{Lease, ready},
    tx::{Needs, Tx},
    withdrawals::{Located, Look, RailRow, rail_stop},
};

/// What a job remembers of the last look that stopped it.
const HELD: &str = "held";

/// Name of the rail.
pub(crate) const RAIL: &str = "bank-file";

/// An order and the payout that it carries.
pub struct Carried {
    pub(super) reference: String,
    pub(super) located: Located,
    pub(super) destination: PayoutAccountId,
}

/// Asks whether a file may go on to the bank now, and takes out of a closing one what may not go with it. What may go
/// later is put off and comes into another file by itself; what may never go is definitely not paid. A file whose bytes
/// are fixed is dissolved when something in it may not go, and waits when somebody may have the bytes already.
///
/// Rejections in order: `lease_lost`, `bank_file_unknown`.
pub(super) struct LookAtFile {
    /// The job.
    pub(super) lease: Lease,
    /// Which file.
    pub(super) id: BankFileId,
    /// Orders that still wait in it.
    pub(super) orders: Vec<Carried>,
    /// Why the last look stopped it.
    pub(super) held: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Looked {
    /// It goes on, without these.
    Go(Vec<String>),
    /// Nothing goes out now; the job looks again in a minute, or has nothing to do any more.
    Stopped,
}

/// What the last look at a job's file came to.
pub(super) fn held(payload: &Facts) -> Option<String> {
    payload.get_text(HELD)
}

/// The kill switch that keeps every file from the bank (P4).
fn switched_off(view: PolicyView<'_>) -> Option<GateCode> {
    if !view.value(keys::PAYOUTS_ENABLED) {
        return Some(GateCode::PayoutsStopped);
    }
    let on = keys::of_rail(RAIL).is_some_and(|rail| view.value(rail.enabled));
    (!on).then_some(GateCode::RailStopped)
}

/// Why nothing may go to the bank now, whoever is paid: a kill switch, or the rail refuses everything or is out of reach.
/// Its row must be declared.
pub(super) fn stopped(tx: &Tx, ctx: &Ctx) -> Option<GateCode> {
    switched_off(ctx.rules.policy.now(ctx.now)).or_else(|| rail_stop(tx, ctx, RAIL))
}

impl LookAtFile {
    fn stop(&self, tx: &mut Tx, ctx: &Ctx, file: &BankFileRow, code: &str) -> Result<Looked, Rejection> {
        if self.held.as_deref() != Some(code) {
            let facts = file.facts().text("code", code);
            tx.event("bank_file.held_back", None, &self.id.to_string(), facts);
        }
        let payload = Facts::new().text(HELD, code);
        self.lease.again(tx, ctx.now.plus(MINUTE), Some(payload))?;
        Ok(Looked::Stopped)
    }

    /// Takes an order out of its file.
    fn take_out(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        file: &mut BankFileRow,
        mut order: BankOrderRow,
        no: (GateCode, Look),
    ) {
        let (code, look) = no;
        let (state, failure) = match look {
            Look::Never(code) => {
                let class = FailureClass::PayeeFixable.name();
                (OrderState::Failed, Some(Failure { class, code: code.code().to_owned() }))
            }
            Look::Later => (OrderState::Deferred, None),
        };
        file.orders -= 1;
        file.amount = file.amount.saturating_sub(order.amount);
        order.enter(state, failure.as_ref(), ctx.now);
        let job = tx.new_id();
        tx.job(ready(job, OUTCOME, &order.reference, ctx.now, Facts::new()));
        let facts = Facts::new().text("order", &order.reference).text("code", code.code());
        tx.event("bank_file.order_held_back", None, &self.id.to_string(), facts);
        tx.put(order);
    }
}

impl Command for LookAtFile {
    type Output = Looked;

    fn name(&self) -> &'static str {
        "bank_file.look"
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<BankFileRow>(self.id);
        needs.row::<RailRow>(RAIL.to_owned());
        want_orders(needs, &self.orders);
        want_whole(needs, self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Looked, Rejection> {
        self.lease.check(tx)?;
        let mut file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        if let Some(code) = stopped(tx, ctx) {
            return self.stop(tx, ctx, &file, code.code());
        }
        if file.state == "ready" && !is_whole(tx, &file) {
            if file.given_at.is_some() {
                return self.stop(tx, ctx, &file, OUTDATED);
            }
            self.lease.finish(tx)?;
            dissolve(tx, ctx, file, &self.orders, OUTDATED);
            return Ok(Looked::Stopped);
        }
        let wrong = wrong_orders(tx, ctx, &file, &self.orders);
        let Some((_, (first, _))) = wrong.first() else { return Ok(Looked::Go(Vec::new())) };
        let first = *first;
        match (file.state.as_str(), file.given_at) {
            ("closing", _) => {
                let out = wrong.iter().map(|(order, _)| order.reference.clone()).collect();
                for (order, no) in wrong {
                    self.take_out(tx, ctx, &mut file, order, no);
                }
                file.version += 1;
                tx.put(file);
                Ok(Looked::Go(out))
            }
            ("ready", None) => {
                self.lease.finish(tx)?;
                dissolve(tx, ctx, file, &self.orders, first.code());
                Ok(Looked::Stopped)
            }
            _ => self.stop(tx, ctx, &file, first.code()),
        }
    }

    fn audited(&self) -> bool {
        false
    }
}
