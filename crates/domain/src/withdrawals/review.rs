//! Approve, reject, cancel: what people decide before anything is sent (G12, P16).

use super::{CounterChange, Ctx, Decision, Hold, MoneyOp, Outcome, Reason, Rejection, State, Withdrawal};
use crate::ids::StaffId;

/// Longest note that the party reads, in characters.
const NOTE_MAX: usize = 500;

/// One person approves; with enough different people the withdrawal is scheduled (P16).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn approve(withdrawal: &Withdrawal, by: StaffId, ctx: &Ctx<'_>) -> Result<Outcome, Rejection> {
    in_review(withdrawal, State::Scheduled)?;
    if withdrawal.approvals.contains(&by) {
        return Err(Rejection::SamePerson);
    }
    let mut decision = Decision::of(withdrawal);
    decision.withdrawal.approvals.push(by);
    if decision.withdrawal.approvals.len() < usize::from(withdrawal.people_needed) {
        decision.events.push("withdrawal.approval_added");
        return Ok(decision.changed());
    }
    decision.withdrawal.dispatch_at = withdrawal.dispatch_at.max(ctx.now);
    decision.withdrawal.reason = None;
    decision.events.push("withdrawal.approved");
    decision.enter(State::Scheduled);
    Ok(decision.changed())
}

/// One person rejects, with a note that the party sees; everything is released.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn reject(withdrawal: &Withdrawal, note: &str) -> Result<Outcome, Rejection> {
    if withdrawal.state == State::Rejected {
        return Ok(Outcome::Unchanged);
    }
    in_review(withdrawal, State::Rejected)?;
    readable(note)?;
    Ok(call_off(withdrawal, State::Rejected, Reason::Staff { note: note.to_owned() }, false))
}

/// Calls a withdrawal off while nothing was sent; everything is released.
///
/// `reason` is [`Reason::Party`], or [`Reason::Staff`] when staff do it.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn cancel(withdrawal: &Withdrawal, reason: Reason) -> Result<Outcome, Rejection> {
    match withdrawal.state {
        State::Cancelled => return Ok(Outcome::Unchanged),
        state if state.is_final() => return Err(Rejection::Finished { state: state.name() }),
        State::Requested | State::InReview | State::Scheduled => {}
        // Funds can also run short after a slice was given to the rail; its order may still be alive there.
        State::WaitingForFunds if withdrawal.slices.is_empty() => {}
        _ => return Err(Rejection::AlreadySent),
    }
    if let Reason::Staff { note } = &reason {
        readable(note)?;
    }
    Ok(call_off(withdrawal, State::Cancelled, reason, false))
}

/// Releases everything of a withdrawal that was never sent and restores its counters to their date.
pub(super) fn call_off(withdrawal: &Withdrawal, to: State, reason: Reason, restore_request: bool) -> Outcome {
    let mut decision = Decision::of(withdrawal);
    decision.ops.push(MoneyOp::Release { hold: Hold::Payout });
    if withdrawal.fee_minor > 0 {
        decision.ops.push(MoneyOp::Release { hold: Hold::Fee });
    }
    decision.counters.push(CounterChange {
        on: withdrawal.requested_on,
        amount_minor: -withdrawal.amount_minor,
        requests: if restore_request { -1 } else { 0 },
        standing: -1,
        unpaid_minor: -withdrawal.unpaid_minor,
        unpaid_requests: if restore_request && withdrawal.unpaid_minor > 0 { -1 } else { 0 },
    });
    decision.totals.in_transit_minor = -withdrawal.amount_minor;
    decision.withdrawal.reason = Some(reason);
    decision.enter(to);
    decision.changed()
}

/// The party reads the note and finds it in exports: 1 to 500 characters, none of them invisible.
pub(super) fn readable(note: &str) -> Result<(), Rejection> {
    let long = note.chars().count() > NOTE_MAX;
    if note.trim().is_empty() || long || note.chars().any(char::is_control) {
        return Err(Rejection::NoteMissing);
    }
    Ok(())
}

fn in_review(withdrawal: &Withdrawal, to: State) -> Result<(), Rejection> {
    match withdrawal.state {
        State::InReview => Ok(()),
        state if state.is_final() => Err(Rejection::Finished { state: state.name() }),
        state => Err(Rejection::StateChange { from: state.name(), to: to.name() }),
    }
}
