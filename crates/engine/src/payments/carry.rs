//! The jobs between payment orders and the rails that collect.

use purser_domain::{
    ids::{PaymentOrderId, PaymentRefundId},
    payments::{Method, RefundOutcome, RefundState},
};

use super::{
    create::EndPaymentOrder,
    fund::MayRefund,
    queries::{LocatedOrder, LocatedRefund, payment, payment_order, payment_refund},
    receive::RecordPayment,
    refund::RecordRefundOutcome,
    rows::{PaymentOrderRow, PaymentRefundRow},
};
use crate::{
    jobs::{Claimed, Hands, Ran, RunError},
    ports::{Closing, CollectOrder, Collected, Collector, RailPayment, RefundOrder},
};

/// The kinds of jobs of one method: each of its own, so that a slow rail holds up nothing but itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectJobs {
    /// Closes an order that was not paid in time.
    pub close: &'static str,
    /// Gives a refund to the rail.
    pub refund: &'static str,
    /// Asks the rail what became of a refund.
    pub query: &'static str,
}

/// See [`CollectJobs`].
pub const fn collect_jobs(method: Method) -> CollectJobs {
    match method {
        Method::Sandbox => CollectJobs {
            close: "payment.close:sandbox",
            refund: "payment.refund:sandbox",
            query: "payment.refund_query:sandbox",
        },
        Method::Alipay => CollectJobs {
            close: "payment.close:alipay",
            refund: "payment.refund:alipay",
            query: "payment.refund_query:alipay",
        },
        Method::BankTransfer => CollectJobs {
            close: "payment.close:bank-transfer",
            refund: "payment.refund:bank-transfer",
            query: "payment.refund_query:bank-transfer",
        },
    }
}

fn bad() -> RunError {
    RunError::Failed("the job's subject cannot be read".to_owned())
}

/// An order as its rail sees it.
pub fn collect_order(row: &PaymentOrderRow) -> CollectOrder {
    CollectOrder { reference: row.id.to_string(), amount_minor: row.amount, expires_at: row.expires_at }
}

/// Closes an order that was not paid in time: the rail is asked first, what it received is taken in, and only an
/// order that it knows no payment of is closed. While that stays unknown the order stays open.
///
/// # Errors
/// [`RunError`]: the job is tried again, for ever.
pub fn run_close(rail: &mut dyn Collector, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let id: PaymentOrderId = job.subject.parse().map_err(|_| bad())?;
    let row = payment_order(hands.reads, id)?.ok_or_else(bad)?;
    if !row.order().state.is_open() {
        return Ok(Ran::Finish);
    }
    let order = collect_order(&row);
    match rail.query(&order, hands)? {
        Collected::Payments(payments) => {
            take_in(&row, payments, hands)?;
            return Ok(Ran::Finish);
        }
        Collected::Unknown => {
            return Err(RunError::Failed("the rail does not say whether it was paid".to_owned()));
        }
        Collected::Open | Collected::Nothing => {}
    }
    match rail.close(&order, hands)? {
        Closing::Closed => {}
        Closing::Paid => {
            return Err(RunError::Failed("it was paid while it was closed: ask again".to_owned()));
        }
        Closing::Unknown => {
            return Err(RunError::Failed("the rail does not say whether it is closed".to_owned()));
        }
    }
    hands.call(EndPaymentOrder { id, lease: job.lease })?;
    Ok(Ran::Committed)
}

/// Takes in what a rail received for an order.
///
/// # Errors
/// [`RunError`]: rejected, or no outcome.
pub fn take_in(
    row: &PaymentOrderRow,
    payments: Vec<RailPayment>,
    hands: &mut Hands<'_>,
) -> Result<(), RunError> {
    for RailPayment { rail_payment, amount_minor, paid_at } in payments {
        hands.call(RecordPayment {
            method: row.method(),
            rail_payment,
            order: Some(LocatedOrder::from(row)),
            amount_minor,
            paid_at,
            note: String::new(),
            from_rail: true,
            lease: None,
        })?;
    }
    Ok(())
}

/// What a job about a refund is about; `None` when it came to its end meanwhile.
fn task(
    job: &Claimed,
    in_state: RefundState,
    hands: &mut Hands<'_>,
) -> Result<Option<(PaymentRefundRow, RefundOrder)>, RunError> {
    let id: PaymentRefundId = job.subject.parse().map_err(|_| bad())?;
    let row = payment_refund(hands.reads, id)?.ok_or_else(bad)?;
    if row.state() != in_state {
        return Ok(None);
    }
    let paid = payment(hands.reads, row.payment)?.ok_or_else(bad)?;
    let order = RefundOrder {
        reference: id.to_string(),
        order_reference: row.order().map_or_else(String::new, |order| order.to_string()),
        rail_payment: paid.rail_payment,
        amount_minor: row.amount,
    };
    Ok(Some((row, order)))
}

fn record(
    row: &PaymentRefundRow,
    outcome: RefundOutcome,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let refund = LocatedRefund::from(row);
    hands.call(RecordRefundOutcome { refund, outcome, lease: Some(job.lease), note: String::new() })?;
    Ok(Ran::Committed)
}

/// Gives a refund to its rail and writes down what it says; waits while it may not go.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_refund(rail: &mut dyn Collector, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let Some((row, order)) = task(job, RefundState::Sending, hands)? else { return Ok(Ran::Finish) };
    let refund = LocatedRefund::from(&row);
    if !hands.call(MayRefund { refund, lease: job.lease })? {
        return Ok(Ran::Committed);
    }
    let outcome = match rail.refund(&order, hands)? {
        // A refusal of this call says nothing about an earlier one, which may have done it: that is asked about.
        RefundOutcome::Failed { .. } if job.attempts > 1 || job.lease.token > 1 => RefundOutcome::Unknown,
        outcome => outcome,
    };
    record(&row, outcome, job, hands)
}

/// Asks a rail about a refund and writes down what it says. While that stays unknown the job is tried again, with
/// growing pauses, for ever.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_refund_query(
    rail: &mut dyn Collector,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let Some((row, order)) = task(job, RefundState::Unknown, hands)? else { return Ok(Ran::Finish) };
    match rail.query_refund(&order, hands)? {
        RefundOutcome::Unknown => Err(RunError::Failed("the rail does not know the outcome yet".to_owned())),
        outcome => record(&row, outcome, job, hands),
    }
}
