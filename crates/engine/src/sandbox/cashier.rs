//! The sandbox's cashier: an outside world in which payers pay on time, late, twice, or another amount (P11, P21).
//!
//! Like the payouts of the sandbox, what was "paid" is committed apart from Purser's books and told by a job, so that
//! a crash between the two is a lost notice.

use purser_domain::{
    ids::PaymentOrderId,
    payments::{Method, RefundOutcome},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::one,
    jobs::{self, Claimed, Hands, Ran, RunError},
    payments::{LocatedOrder, RecordPayment, payment_order},
    ports::{Collected, RailPayment, RefundOrder},
    record,
    rows::Meta,
    rules::{MODE, is_sandbox},
    tx::{Needs, Tx},
    withdrawals::RailRow,
};

record! {
    /// Money that the sandbox's cashier took.
    pub struct SandboxPaymentRow in SANDBOX_PAYMENTS = 71, "sandbox_payments", lock Update, key(reference: String, payment: String) {
        /// Minor units.
        amount: i64,
        /// What becomes of its notice and of its refund.
        plan: String,
        /// Calls about its refund.
        calls: i64,
        /// Given back, minor units.
        refunded: i64,
        /// References of what was given back, a line each.
        refunds: String,
        /// When it was paid; may lie ahead.
        at: Timestamp,
    }
}

/// Kind of the job that tells Purser what the cashier took, as a rail's notice would.
pub const PAYMENT_NOTICE: &str = "sandbox.payment_notice";

static OF_REFERENCE: Statement = Statement {
    name: "sandbox.payments_of",
    sql: "SELECT reference, payment, amount, plan, calls, refunded, refunds, at FROM sandbox_payments \
          WHERE reference = ?1 ORDER BY payment LIMIT 100",
};
static ALL: Statement = Statement {
    name: "sandbox.payments",
    sql: "SELECT reference, payment, amount, plan, calls, refunded, refunds, at FROM sandbox_payments \
          ORDER BY reference, payment",
};

pub(super) const STATEMENTS: &[&Statement] = &[&OF_REFERENCE, &ALL];

/// What becomes of the notice of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoticeFate {
    /// Told once.
    #[default]
    Told,
    /// Told twice.
    Twice,
    /// Never told: only asking finds it.
    Lost,
}

/// What becomes of giving it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefundFate {
    /// It goes back.
    #[default]
    Paid,
    /// It goes back, and the answer is lost.
    LostReply,
    /// The request never arrives; asked, the cashier never heard of it.
    LostRequest,
    /// It is refused.
    Refused,
}

impl NoticeFate {
    /// By name; `None` for another.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "told" => Some(Self::Told),
            "twice" => Some(Self::Twice),
            "lost" => Some(Self::Lost),
            _ => None,
        }
    }
}

impl RefundFate {
    /// By name; `None` for another.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "paid" => Some(Self::Paid),
            "lost_reply" => Some(Self::LostReply),
            "lost_request" => Some(Self::LostRequest),
            "refused" => Some(Self::Refused),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::LostReply => "lost_reply",
            Self::LostRequest => "lost_request",
            Self::Refused => "refused",
        }
    }
}

/// Somebody pays at the cashier. The same number of the same order again is the same payment.
///
/// Rejections: `not_sandbox`, `amount_not_positive`.
pub struct SandboxPay {
    /// The order.
    pub reference: String,
    /// 1 for the first payment, 2 for another one.
    pub number: u8,
    /// Minor units.
    pub amount_minor: i64,
    /// Not before; now when it has passed.
    pub not_before: Timestamp,
    /// What becomes of the notice.
    pub notice: NoticeFate,
    /// What becomes of giving it back.
    pub refund: RefundFate,
}

impl SandboxPay {
    fn key(&self) -> (String, String) {
        (self.reference.clone(), format!("{}-{}", self.reference, self.number))
    }
}

impl Command for SandboxPay {
    type Output = ();

    fn name(&self) -> &'static str {
        "sandbox.pay"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<Meta>(MODE.to_owned());
        needs.row::<SandboxPaymentRow>(self.key());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        if !is_sandbox(tx) {
            return Err(Rejection::new("not_sandbox", "live books take no play money"));
        }
        if self.amount_minor <= 0 {
            let text = "the amount must be above zero";
            return Err(Rejection::new("amount_not_positive", text).at("/amount"));
        }
        let (reference, payment) = self.key();
        if tx.get::<SandboxPaymentRow>(&self.key()).is_some() {
            return Ok(());
        }
        let at = self.not_before.max(ctx.now);
        let notices = match self.notice {
            NoticeFate::Told => 1,
            NoticeFate::Twice => 2,
            NoticeFate::Lost => 0,
        };
        for _ in 0..notices {
            let id = tx.new_id();
            let payload = Facts::new().text("payment", &payment);
            tx.job(jobs::ready(id, PAYMENT_NOTICE, &reference, at, payload));
        }
        tx.put(SandboxPaymentRow {
            reference,
            payment,
            amount: self.amount_minor,
            plan: self.refund.name().to_owned(),
            calls: 0,
            refunded: 0,
            refunds: String::new(),
            at,
        });
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Tells Purser what the cashier took, as the notice of a rail.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_payment_notice(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's payload cannot be read".to_owned());
    let payment = job.payload.get_text("payment").ok_or_else(bad)?;
    let id: PaymentOrderId = job.subject.parse().map_err(|_| bad())?;
    let order = payment_order(hands.reads, id)?.ok_or_else(bad)?;
    let paid: SandboxPaymentRow = one(hands.reads, (job.subject.clone(), payment))?.ok_or_else(bad)?;
    hands.call(RecordPayment {
        method: Method::Sandbox,
        rail_payment: paid.payment,
        order: Some(LocatedOrder::from(&order)),
        amount_minor: paid.amount,
        paid_at: Some(paid.at),
        note: String::new(),
        from_rail: true,
        lease: Some(job.lease),
    })?;
    Ok(Ran::Committed)
}

/// What the cashier took for an order; nothing is learned while the sandbox rail is broken (P21).
///
/// # Errors
/// Storage faults.
pub fn collected(session: &mut dyn Session, reference: &str, now: Timestamp) -> Result<Collected, Fault> {
    let rail: Option<RailRow> = one(session, "sandbox".to_owned())?;
    if rail.is_some_and(|rail| !rail.healthy) {
        return Ok(Collected::Unknown);
    }
    let mut payments = Vec::new();
    session.query(&OF_REFERENCE, &[Value::Text(reference)], &mut |row| {
        let row = SandboxPaymentRow::read(row);
        if row.at <= now {
            payments.push(RailPayment {
                rail_payment: row.payment,
                amount_minor: row.amount,
                paid_at: Some(row.at),
            });
        }
        true
    })?;
    Ok(if payments.is_empty() { Collected::Nothing } else { Collected::Payments(payments) })
}

/// A call about a refund that reaches the cashier.
pub struct SandboxRefund {
    /// What is to go back.
    pub order: RefundOrder,
    /// Asked to give it back, or only about it.
    pub send: bool,
}

impl Command for SandboxRefund {
    type Output = RefundOutcome;

    fn name(&self) -> &'static str {
        "sandbox.refund"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        let RefundOrder { order_reference, rail_payment, .. } = &self.order;
        needs.row::<SandboxPaymentRow>((order_reference.clone(), rail_payment.clone()));
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<RefundOutcome, Rejection> {
        let key = (self.order.order_reference.clone(), self.order.rail_payment.clone());
        let Some(mut row) = tx.get::<SandboxPaymentRow>(&key).cloned() else {
            return Ok(RefundOutcome::Failed { code: "PAYMENT_NOT_EXIST".to_owned() });
        };
        row.calls += 1;
        let first = row.calls == 1;
        let known = row.refunds.lines().any(|line| line == self.order.reference);
        let fate = RefundFate::named(&row.plan).unwrap_or_default();
        let outcome = match fate {
            _ if known => RefundOutcome::Paid,
            RefundFate::LostRequest if first => RefundOutcome::Unknown,
            RefundFate::Refused => RefundOutcome::Failed { code: "REFUND_REFUSED".to_owned() },
            _ if !self.send => RefundOutcome::NotFound,
            _ if row.amount - row.refunded < self.order.amount_minor => {
                RefundOutcome::Failed { code: "REFUND_TOO_MUCH".to_owned() }
            }
            _ => {
                row.refunded += self.order.amount_minor;
                row.refunds = format!("{}{}\n", row.refunds, self.order.reference);
                let lost = fate == RefundFate::LostReply && first;
                if lost { RefundOutcome::Unknown } else { RefundOutcome::Paid }
            }
        };
        tx.put(row);
        Ok(outcome)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// The cashier's own books, added up: taken and given back so far, minor units.
///
/// # Errors
/// Storage faults.
pub fn cashier_totals(session: &mut dyn Session, now: Timestamp) -> Result<(i64, i64), Fault> {
    let mut totals = (0, 0);
    session.query(&ALL, &[], &mut |row| {
        let row = SandboxPaymentRow::read(row);
        if row.at <= now {
            totals.0 += row.amount;
            totals.1 += row.refunded;
        }
        true
    })?;
    Ok(totals)
}
