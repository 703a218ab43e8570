//! Giving money back to whoever paid it.

use super::{Method, Order, Payment, Place, Refund, RefundState, Rejection, State, Timing};
use crate::ids::PaymentRefundId;

/// What keeps money from going back now; looked at when it is asked for, and again when it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundStops {
    /// Policy refunds ordinary payments too (A12).
    pub refunds_on: bool,
    /// The party is frozen: no money goes out (P6).
    pub frozen: bool,
    /// A kill switch is thrown (P4).
    pub stopped: bool,
}

/// What giving back looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundFacts {
    /// What keeps it from going back.
    pub stops: RefundStops,
    /// What is unspent of a payment that became balance, minor units (A12).
    pub available_minor: i64,
    /// What the float at the custodian has, minor units.
    pub float_minor: i64,
}

/// Why money of a payment may not go back now: `refunds_off`, `party_frozen`, `payouts_stopped`, the first that applies.
/// What came in late or twice was never meant to be paid: no policy keeps it.
pub fn refund_stop(payment: &Payment, stops: &RefundStops) -> Option<Rejection> {
    let credited = payment.place == Place::Credited;
    let ordinary = credited && !matches!(payment.timing, Some(Timing::Late | Timing::Double));
    if ordinary && !stops.refunds_on {
        return Some(Rejection::RefundsOff);
    }
    if credited && stops.frozen {
        return Some(Rejection::PartyFrozen);
    }
    stops.stopped.then_some(Rejection::PayoutsStopped)
}

/// Begins to give `amount_minor` of a payment back (all that is left when `None`): the payment as it is now, and the
/// refund, whose money is reserved in the same commit. What the float does not cover waits for a top-up (P12).
///
/// # Errors
/// A [`Rejection`]: `amount_not_positive`, then from `nothing_to_refund` to `cash_not_enough`, the first that applies.
pub fn refund(
    id: PaymentRefundId,
    payment: &Payment,
    amount_minor: Option<i64>,
    facts: &RefundFacts,
) -> Result<(Payment, Refund), Rejection> {
    let most_minor = payment.refundable_minor();
    let amount = amount_minor.unwrap_or(most_minor);
    let credited = payment.place == Place::Credited;
    let no = [
        (amount_minor.is_some_and(|amount| amount <= 0), Rejection::AmountNotPositive),
        (most_minor <= 0, Rejection::NothingToRefund),
        (amount > most_minor, Rejection::RefundTooMuch { most_minor }),
    ];
    if let Some((_, rejection)) = no.into_iter().find(|(applies, _)| *applies) {
        return Err(rejection);
    }
    if let Some(rejection) = refund_stop(payment, &facts.stops) {
        return Err(rejection);
    }
    if credited && amount > facts.available_minor {
        return Err(Rejection::CashNotEnough { available_minor: facts.available_minor });
    }
    let covered = amount <= facts.float_minor;
    let state = if covered { begun(payment.method) } else { RefundState::Waiting };
    let refund = Refund { id, payment: payment.id, amount_minor: amount, state };
    Ok((Payment { refunding_minor: payment.refunding_minor + amount, ..payment.clone() }, refund))
}

/// Spreads what an advertiser wants back over what brought it, the newest first (A12): the place of each with its part,
/// minor units. `most_minor` is what may go back to each; all of it goes back when no amount is named.
///
/// # Errors
/// `amount_not_positive`, `nothing_to_refund`, `refund_too_much`.
pub fn spread(most_minor: &[i64], amount_minor: Option<i64>) -> Result<Vec<(usize, i64)>, Rejection> {
    if amount_minor.is_some_and(|amount| amount <= 0) {
        return Err(Rejection::AmountNotPositive);
    }
    let all = most_minor.iter().fold(0_i64, |sum, most| sum.saturating_add((*most).max(0)));
    if all <= 0 {
        return Err(Rejection::NothingToRefund);
    }
    let mut left = amount_minor.unwrap_or(all);
    if left > all {
        return Err(Rejection::RefundTooMuch { most_minor: all });
    }
    let mut parts = Vec::new();
    for (at, most) in most_minor.iter().enumerate() {
        let part = (*most).min(left);
        if part > 0 {
            parts.push((at, part));
            left -= part;
        }
    }
    Ok(parts)
}

/// How a refund begins whose money is there.
fn begun(method: Method) -> RefundState {
    match method {
        // No rail can send a transfer back to an account of which only the bank knows the number.
        Method::BankTransfer => RefundState::ByHand,
        Method::Sandbox | Method::Alipay => RefundState::Sending,
    }
}

/// A refund that waited for the platform's money, once the float covers it; `None` while it does not, or when nothing
/// waits.
pub fn fund(refund: &Refund, method: Method, float_minor: i64) -> Option<Refund> {
    let covered = refund.state == RefundState::Waiting && refund.amount_minor <= float_minor;
    covered.then(|| Refund { state: begun(method), ..refund.clone() })
}

/// What a rail says about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOutcome {
    /// It went back.
    Paid,
    /// Definitely not.
    Failed {
        /// The rail's own code.
        code: String,
    },
    /// No answer, or one that does not say. Never a failure.
    Unknown,
    /// Not looked at, or a query did not find it: the identical request goes again.
    NotFound,
}

/// What is to be done about a refund after an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStep {
    /// The reserved money leaves; payment and order (when there is one) as they are now.
    Settle(Refund, Payment, Option<Order>),
    /// The reserved money is where it was.
    Release(Refund, Payment),
    /// Ask the rail later.
    Query(Refund),
    /// Send the identical request again.
    Resend(Refund),
    /// Nothing new.
    Nothing,
}

/// Books what a rail says about a refund. Saying it again changes nothing.
///
/// # Errors
/// `outcome_conflict` when a definite outcome is contradicted.
pub fn refund_outcome(
    refund: &Refund,
    payment: &Payment,
    order: Option<&Order>,
    outcome: &RefundOutcome,
) -> Result<RefundStep, Rejection> {
    use RefundState::{ByHand, Failed, Paid, Sending, Unknown};
    let to = |state| Refund { state, ..refund.clone() };
    let freed =
        || Payment { refunding_minor: payment.refunding_minor - refund.amount_minor, ..payment.clone() };
    Ok(match (outcome, refund.state) {
        (RefundOutcome::Paid, Sending | Unknown | ByHand) => {
            let mut paid = freed();
            paid.refunded_minor += refund.amount_minor;
            RefundStep::Settle(to(Paid), paid, order.map(|order| given_back(order, refund.amount_minor)))
        }
        (RefundOutcome::Failed { .. }, Sending | Unknown | ByHand) => {
            RefundStep::Release(to(Failed), freed())
        }
        (RefundOutcome::Paid, Failed) | (RefundOutcome::Failed { .. }, Paid) => {
            return Err(Rejection::OutcomeConflict);
        }
        (RefundOutcome::Unknown, Sending) => RefundStep::Query(to(Unknown)),
        (RefundOutcome::NotFound, Sending | Unknown) => RefundStep::Resend(to(Sending)),
        _ => RefundStep::Nothing,
    })
}

fn given_back(order: &Order, amount_minor: i64) -> Order {
    let refunded_minor = order.refunded_minor.saturating_add(amount_minor);
    let all = refunded_minor == order.received_minor;
    let state = if all { State::Refunded } else { order.state };
    Order { state, refunded_minor, ..order.clone() }
}
