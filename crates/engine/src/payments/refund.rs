//! Giving money back (P11): reserved at once, sent by a job, unknown outcomes queried.

use purser_domain::{
    ids::{AccountId, PartyId, PaymentRefundId, Uid},
    ledger::{Step, TransferKind, TransferRequest},
    parties::PartyStatus,
    payments::{self, RefundFacts, RefundOutcome, RefundState, RefundStep, RefundStops, Role},
    policy::keys,
    time::SECOND,
};

use super::{
    apply::{account, hold_id, order_facts, rejected, tell, waiting_hold_id},
    carry::collect_jobs,
    fund::{FUND, clearing},
    queries::{LocatedPayment, LocatedRefund},
    receive::unknown_payment,
    rows::{PaymentOrderRow, PaymentRefundRow, PaymentRow},
};
use crate::{
    ads,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{self, Lease},
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Pause before a repetition or the first query; business time.
const PAUSE: i64 = 2 * SECOND;
/// Longest text kept of a rail's code or of what staff wrote.
const CODE_CHARS: usize = 140;

/// For steps that take their accounts from the hold they name.
const UNNAMED: AccountId = AccountId(Uid::NIL);

/// Gives money of a payment back to its payer: all that is left when no amount is named. What the float does not cover
/// waits for a top-up.
///
/// Rejections in order: `payment_unknown`, then those of [`payments::refund`].
pub struct RefundPayment {
    /// Which.
    pub payment: LocatedPayment,
    /// Minor units.
    pub amount_minor: Option<i64>,
}

/// What giving back looks at: what stops it, what of the payment is unspent, and the float at the custodian of its method.
pub(super) fn refund_facts(
    tx: &Tx,
    ctx: &Ctx,
    payment: &LocatedPayment,
    available_minor: i64,
) -> RefundFacts {
    let float = account(Role::Float, payment.party, payment.method, ctx);
    let float_minor = float.map_or(0, |float| tx.available(&float));
    RefundFacts { stops: stops(tx, ctx, payment), available_minor, float_minor }
}

/// What keeps money of a payment from going back now (P4, P6). The party's row must be declared by [`want_party`].
pub(super) fn stops(tx: &Tx, ctx: &Ctx, payment: &LocatedPayment) -> RefundStops {
    let view = ctx.rules.policy.now(ctx.now);
    let party = payment.party.and_then(|id| tx.get::<PartyRow>(&id)).map(PartyRow::party);
    // A transfer goes back by hand: the switch of the rail at its custodian is about something else.
    let by_hand = payment.method == payments::Method::BankTransfer;
    let rail = keys::of_rail(payment.method.custodian()).filter(|_| !by_hand);
    let on = view.value(keys::PAYOUTS_ENABLED)
        && view.value(keys::PAYOUTS_ADVERTISER_ENABLED)
        && rail.is_none_or(|rail| view.value(rail.enabled));
    RefundStops {
        refunds_on: view.value(keys::AD_REFUND_ENABLED),
        frozen: party.is_some_and(|party| matches!(party.status, PartyStatus::Frozen { .. })),
        stopped: !on,
    }
}

/// Declares the party of a payment.
pub(super) fn want_party(needs: &mut Needs<'_>, payment: &LocatedPayment) {
    // Nobody's party declares the table, so that asking for it is allowed.
    needs.row::<PartyRow>(payment.party.unwrap_or(PartyId(Uid::NIL)));
}

/// Where the money of a payment lies.
pub(super) fn holder(place: payments::Place) -> Role {
    if place == payments::Place::Credited { Role::Cash } else { Role::Suspense }
}

/// A refund with the payment that it gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// The refund.
    pub refund: PaymentRefundRow,
    /// The payment as it is now.
    pub payment: PaymentRow,
}

impl Command for RefundPayment {
    type Output = Refunded;

    fn name(&self) -> &'static str {
        "payment.refund"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PaymentRow>(self.payment.id);
        want_party(needs, &self.payment);
        if let Some(party) = self.payment.party {
            ads::want(needs, party, ctx);
            ads::want_top_ups(needs, party);
        }
        for role in [Role::Float, Role::Suspense, Role::Cash] {
            if let Some(account) = account(role, self.payment.party, self.payment.method, ctx) {
                needs.account(&account);
            }
        }
        needs.account(&clearing(ctx));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Refunded, Rejection> {
        let unknown = || unknown_payment(self.payment.id);
        let row = tx.get::<PaymentRow>(&self.payment.id).cloned().ok_or_else(unknown)?;
        if row.party() != self.payment.party {
            // Assigned between reading and deciding: the caller looks again.
            return Err(Rejection::new(
                "version_conflict",
                "the payment was assigned meanwhile: read it again",
            ));
        }
        let party = row.party();
        let unspent = match party {
            Some(party) => ads::left(tx, ctx, party)?,
            None => Vec::new(),
        };
        let own = unspent.iter().find(|unspent| unspent.origin == ads::Origin::Payment(row.id));
        let facts = refund_facts(tx, ctx, &self.payment, own.map_or(0, |own| own.minor));
        let done = give_back(tx, ctx, row, self.amount_minor, &facts)?;
        if let Some(party) = party {
            ads::money_went(tx, ctx, party)?;
        }
        Ok(done)
    }

    fn audit(&self, output: &Refunded) -> (String, Facts) {
        let facts = Facts::new()
            .text("payment", output.payment.id.to_string())
            .int("amount_minor", output.refund.amount);
        (output.refund.id.to_string(), facts)
    }
}

/// Reserves money of a payment and sends it on its way back to whoever paid; all that is left when no amount is named.
///
/// # Errors
/// Those of [`payments::refund`], and of the ledger.
pub(super) fn give_back(
    tx: &mut Tx,
    ctx: &Ctx,
    mut row: PaymentRow,
    amount_minor: Option<i64>,
    facts: &RefundFacts,
) -> Result<Refunded, Rejection> {
    let id: PaymentRefundId = tx.new_id();
    let (payment, refund) = payments::refund(id, &row.payment(), amount_minor, facts).map_err(|no| {
        let plain = rejected(&no);
        if amount_minor.is_some() { plain.at("/amount_minor") } else { plain }
    })?;
    let end = |role| account(role, row.party(), row.method(), ctx).map_or(UNNAMED, |a| a.id());
    let waits = refund.state == RefundState::Waiting;
    tx.post(&TransferRequest {
        id: if waits { waiting_hold_id(id) } else { hold_id(id) },
        step: Step::Hold { expires_at: None },
        debit: end(holder(payment.place)),
        credit: if waits { clearing(ctx).id() } else { end(Role::Float) },
        amount_minor: refund.amount_minor,
        currency: row.currency,
        kind: TransferKind::PaymentRefund.code(),
        reference: id.0,
    })?;
    row.update(&payment);
    tx.put(row.clone());
    if let Some(party) = row.party().filter(|_| payment.place == payments::Place::Credited) {
        ads::went_back(tx, party, row.id, refund.amount_minor);
    }
    let given = PaymentRefundRow {
        id,
        payment: row.id,
        order_id: row.order_id,
        party: row.party,
        method: row.method.clone(),
        amount: refund.amount_minor,
        currency: row.currency,
        state: refund.state.name().to_owned(),
        code: String::new(),
        requested_at: ctx.now,
        finished_at: None,
        version: 1,
    };
    tx.put(given.clone());
    let next = match refund.state {
        RefundState::Sending => Some(collect_jobs(payment.method).refund),
        RefundState::Waiting => Some(FUND),
        _ => None,
    };
    if let Some(kind) = next {
        let job = tx.new_id();
        tx.job(jobs::ready(job, kind, &id.to_string(), ctx.now, Facts::new()));
    }
    if waits {
        let facts = Facts::new().text("payment_refund", id.to_string());
        tx.event("float.short", None, payment.method.custodian(), facts);
    }
    tell(tx, "payment.refund_requested", &row);
    Ok(Refunded { refund: given, payment: row })
}

/// Takes in what became of a refund: what the rail answered, or what staff did by hand. Saying it again changes
/// nothing.
///
/// Rejections in order: `lease_lost`, `payment_refund_unknown`, `payment_refund_not_by_hand` (staff spoke for a rail
/// that speaks for itself), `outcome_conflict`.
pub struct RecordRefundOutcome {
    /// Which.
    pub refund: LocatedRefund,
    /// What became of it.
    pub outcome: RefundOutcome,
    /// The job that asked, finished in the same commit; `None` when staff say it.
    pub lease: Option<Lease>,
    /// What staff write: the bank's reference, or why it failed.
    pub note: String,
}

impl RecordRefundOutcome {
    fn code(&self) -> String {
        let text = match &self.outcome {
            RefundOutcome::Failed { code } => code,
            _ => &self.note,
        };
        text.chars().take(CODE_CHARS).collect()
    }

    fn order(&self, tx: &Tx) -> Option<PaymentOrderRow> {
        self.refund.order.and_then(|id| tx.get::<PaymentOrderRow>(&id).cloned())
    }
}

impl Command for RecordRefundOutcome {
    type Output = PaymentRefundRow;

    fn name(&self) -> &'static str {
        "payment.refund_outcome"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        if let Some(lease) = self.lease {
            lease.need(needs);
        }
        if let Some(order) = self.refund.order {
            needs.row::<PaymentOrderRow>(order);
        }
        needs.row::<PaymentRow>(self.refund.payment.id);
        needs.row::<PaymentRefundRow>(self.refund.id);
        needs.hold(hold_id(self.refund.id));
        if let Some(party) = self.refund.payment.party {
            ads::want(needs, party, ctx);
            ads::want_top_up(needs, party, self.refund.payment.id);
        }
        for role in [Role::Float, Role::Suspense, Role::Cash] {
            if let Some(account) = account(role, self.refund.payment.party, self.refund.payment.method, ctx) {
                needs.account(&account);
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PaymentRefundRow, Rejection> {
        if let Some(lease) = self.lease {
            lease.finish(tx)?;
        }
        let unknown = || unknown_refund(self.refund.id);
        let row = tx.get::<PaymentRefundRow>(&self.refund.id).cloned().ok_or_else(unknown)?;
        let by_hand = row.method() == payments::Method::BankTransfer;
        if self.lease.is_none() && !by_hand {
            let text = "the rail says what becomes of this refund, nobody else does";
            return Err(Rejection::new("payment_refund_not_by_hand", text));
        }
        let payment = tx.get::<PaymentRow>(&row.payment).cloned().ok_or_else(unknown)?;
        let order = self.order(tx);
        let before = order.as_ref().map(PaymentOrderRow::order);
        let step =
            payments::refund_outcome(&row.refund(), &payment.payment(), before.as_ref(), &self.outcome)
                .map_err(|no| rejected(&no))?;
        self.take(tx, ctx, step, (row, payment, order))
    }

    fn audit(&self, output: &PaymentRefundRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().text("state", &output.state).text("code", &output.code))
    }
}

/// What follows an outcome.
enum Next {
    Job(&'static str),
    End(&'static str),
}

type Rows = (PaymentRefundRow, PaymentRow, Option<PaymentOrderRow>);

impl RecordRefundOutcome {
    fn take(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        step: RefundStep,
        (mut row, mut payment, order): Rows,
    ) -> Result<PaymentRefundRow, Rejection> {
        let (refund, next) = match step {
            RefundStep::Nothing => return Ok(row),
            RefundStep::Query(refund) => (refund, Next::Job(collect_jobs(payment.method()).query)),
            RefundStep::Resend(refund) => (refund, Next::Job(collect_jobs(payment.method()).refund)),
            RefundStep::Settle(refund, now, after) => {
                payment.update(&now);
                finish_hold(tx, &row, true)?;
                if let (Some(order), Some(after)) = (order, after) {
                    keep_order(tx, order, &after);
                }
                (refund, Next::End("payment.refunded"))
            }
            RefundStep::Release(refund, now) => {
                payment.update(&now);
                finish_hold(tx, &row, false)?;
                if let Some(party) = row.party().filter(|_| now.place == payments::Place::Credited) {
                    ads::came_back(tx, ctx, party, payment.id, row.amount)?;
                }
                (refund, Next::End("payment.refund_failed"))
            }
        };
        refund.state.name().clone_into(&mut row.state);
        row.version += 1;
        match next {
            Next::Job(kind) => {
                let id = tx.new_id();
                tx.job(jobs::ready(id, kind, &row.id.to_string(), ctx.now.plus(PAUSE), Facts::new()));
            }
            Next::End(event) => {
                row.code = self.code();
                row.finished_at = Some(ctx.now);
                tx.put(payment.clone());
                tell(tx, event, &payment);
            }
        }
        tx.put(row.clone());
        Ok(row)
    }
}

fn keep_order(tx: &mut Tx, mut row: PaymentOrderRow, after: &payments::Order) {
    let changed = row.order().state != after.state;
    row.update(after);
    if changed {
        tx.notify(after.state.event(), row.party, &row.id.to_string(), order_facts(&row));
    }
    tx.put(row);
}

/// Settles or releases what a refund reserves.
fn finish_hold(tx: &mut Tx, row: &PaymentRefundRow, paid: bool) -> Result<(), Rejection> {
    let hold = hold_id(row.id);
    let request = TransferRequest {
        id: tx.new_id(),
        step: if paid { Step::Settle { hold } } else { Step::Release { hold } },
        debit: UNNAMED,
        credit: UNNAMED,
        amount_minor: row.amount,
        currency: row.currency,
        kind: TransferKind::PaymentRefund.code(),
        reference: row.id.0,
    };
    tx.post(&request)?;
    Ok(())
}

/// There is no such refund.
pub fn unknown_refund(id: PaymentRefundId) -> Rejection {
    Rejection::new("payment_refund_unknown", format!("there is no refund {id}"))
}

/// The payment of an order that one click gives back: the newest that nobody meant to pay, else the newest of which
/// something is left, else the newest.
pub fn one_click(rows: &[PaymentRow]) -> Option<&PaymentRow> {
    let newest = |fits: fn(&PaymentRow) -> bool| rows.iter().rev().find(|row| fits(row));
    newest(|row| row.payment().offers_refund())
        .or_else(|| newest(|row| row.payment().refundable_minor() > 0))
        .or_else(|| newest(|_| true))
}
