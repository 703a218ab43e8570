//! What a rail answers, and what becomes of a slice and its withdrawal by it (P10).

use super::dispatch::{RailNumber, rail_reference};
use super::fee::shares;
use super::{
    AccountRole, AtRail, CounterChange, Ctx, Decision, Effect, FailureClass, GateCode, Hold, MoneyOp,
    Outcome, Reason, Rejection, Slice, SliceState, State, Withdrawal,
};
use crate::time::{Month, Timestamp};

/// An answer of a rail about one slice: a reply, a callback, a query or a statement line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RailOutcome {
    /// Paid.
    Paid {
        /// The rail's own charge in minor units, ≥ 0; booked when above zero.
        rail_fee_minor: i64,
    },
    /// Definitely not paid.
    DefiniteFailure {
        /// Whose doing.
        class: FailureClass,
        /// The rail's own code.
        code: String,
    },
    /// No answer, or one that does not say. Never a failure.
    Unknown,
    /// Refused because the platform's balance at the rail is short, before an order was made: the identical one may go
    /// again (P12).
    PayerFundsShort,
    /// The rail made an order and recorded that it failed because the platform's balance is short. Under this number it
    /// says so for ever: it needs a new one (P10, P12).
    FailedForFunds {
        /// The rail's own code.
        code: String,
    },
    /// Too many requests at once: nothing was looked at.
    Throttled,
    /// A query did not find it. What is still on its way may come yet.
    NotFound,
    /// The rail does not have it and never gets what was handed over: it was not passed on, or refused unread. The
    /// identical order may go again.
    NotTaken,
    /// Paid and returned (退票).
    Bounced {
        /// Whose doing.
        class: FailureClass,
        /// The rail's own code.
        code: String,
    },
}

/// What an answer does to a slice.
enum Effects {
    Nothing,
    Conflict,
    Settle(i64),
    Release(FailureClass, String),
    /// The identical order again when the limit begins anew.
    Defer(FailureClass, String, Timestamp),
    Return(FailureClass, String),
    Query,
    Resend,
    /// As a first attempt.
    SendAnew,
    WaitForFunds,
    /// Wait for funds, and go under the next number then.
    NextNumber,
    Charge(i64),
}

/// The table of answers by slice state. Money moves in three of them only.
fn effects_of(slice: &Slice, outcome: &RailOutcome) -> Effects {
    use SliceState::{Bounced, Failed, FundsShort, Paid, Sending, Unknown};
    let state = slice.state;
    let open = matches!(state, Sending | Unknown | FundsShort);
    match outcome {
        RailOutcome::Paid { rail_fee_minor } if open => Effects::Settle(*rail_fee_minor),
        RailOutcome::Paid { .. } if state == Failed => Effects::Conflict,
        // A reply may say that it is paid, and only a later notice what it cost.
        RailOutcome::Paid { rail_fee_minor } if *rail_fee_minor > slice.rail_fee_minor => {
            Effects::Charge(*rail_fee_minor)
        }
        RailOutcome::DefiniteFailure { class, code } if open => Effects::Release(*class, code.clone()),
        RailOutcome::FailedForFunds { .. } if open => Effects::NextNumber,
        RailOutcome::DefiniteFailure { .. } | RailOutcome::FailedForFunds { .. }
            if matches!(state, Paid | Bounced) =>
        {
            Effects::Conflict
        }
        // Returned before we heard that it was paid: out and back again is the same as never out.
        RailOutcome::Bounced { class, code } if open => Effects::Release(*class, code.clone()),
        RailOutcome::Bounced { class, code } if state == Paid => Effects::Return(*class, code.clone()),
        RailOutcome::Unknown if matches!(state, Sending | FundsShort) => Effects::Query,
        RailOutcome::Throttled if state == Sending => Effects::Resend,
        // Being told "too many requests" says nothing about the earlier attempt.
        RailOutcome::Throttled if state == Unknown => Effects::Query,
        RailOutcome::NotFound if state == Unknown => Effects::Resend,
        RailOutcome::NotTaken if matches!(state, Sending | Unknown) => Effects::SendAnew,
        RailOutcome::PayerFundsShort if matches!(state, Sending | Unknown) => Effects::WaitForFunds,
        _ => Effects::Nothing,
    }
}

/// What a rail may still say about a number that it recorded as failed: everything but that it was paid.
fn of_former(outcome: &RailOutcome) -> Effects {
    if matches!(outcome, RailOutcome::Paid { .. }) { Effects::Conflict } else { Effects::Nothing }
}

/// What a refusal for a limit comes to: put off until the limit begins anew, the next civil day or month, if that is within
/// the payout clock (X12). While it is put off, hearing the same again changes nothing.
fn of_limit(outcome: &RailOutcome, slice: &Slice, withdrawal: &Withdrawal, ctx: &Ctx<'_>) -> Option<Effects> {
    let RailOutcome::DefiniteFailure { class, code } = outcome else { return None };
    let day = match class {
        FailureClass::RailLimitDay => ctx.today.tomorrow().ok()?,
        FailureClass::RailLimitMonth => Month::of(ctx.today).after().first_day(),
        _ => return None,
    };
    if slice.state == SliceState::Sending && slice.deferred_until.is_some_and(|at| ctx.now < at) {
        return Some(Effects::Nothing);
    }
    let at = ctx.zone.start_of(day);
    (at <= withdrawal.deadline_at).then(|| Effects::Defer(*class, code.clone(), at))
}

/// Books an answer of a rail about one of its numbers. A repeated or stale answer changes nothing.
///
/// # Errors
/// [`Rejection::SliceUnknown`] when nothing of that number was sent, [`Rejection::OutcomeConflict`] when the answer
/// contradicts an earlier definite one.
pub fn rail_outcome(
    withdrawal: &Withdrawal,
    number: impl Into<RailNumber>,
    outcome: &RailOutcome,
    ctx: &Ctx<'_>,
) -> Result<Outcome, Rejection> {
    let RailNumber { slice: number, round } = number.into();
    let Some(index) = withdrawal.slices.iter().position(|slice| slice.number == number) else {
        return Err(Rejection::SliceUnknown);
    };
    let mut decision = Decision::of(withdrawal);
    let mut reason = None;
    let Some(slice) = decision.withdrawal.slices.get_mut(index) else {
        return Err(Rejection::SliceUnknown);
    };
    if round > slice.round {
        return Err(Rejection::SliceUnknown);
    }
    let reference = rail_reference(withdrawal.id, slice.rail_number());
    let said = if round < slice.round { of_former(outcome) } else { effects_of(slice, outcome) };
    let effects = match said {
        Effects::Release(class, code) => {
            of_limit(outcome, slice, withdrawal, ctx).unwrap_or(Effects::Release(class, code))
        }
        effects => effects,
    };
    leaves_at_rail(slice, outcome, &effects);
    match effects {
        Effects::Nothing => return Ok(Outcome::Unchanged),
        Effects::Conflict => return Err(Rejection::OutcomeConflict),
        Effects::Settle(rail_fee_minor) => {
            slice.state = SliceState::Paid;
            let slice = slice.clone();
            settle(&mut decision, &slice);
            charge(&mut decision, index, rail_fee_minor);
        }
        Effects::Charge(rail_fee_minor) => {
            charge(&mut decision, index, rail_fee_minor);
            return Ok(decision.changed());
        }
        Effects::Release(class, code) => {
            slice.state = SliceState::Failed;
            slice.failure = Some((class, code.clone()));
            let slice = slice.clone();
            release(&mut decision, &slice, class);
            reason = Some(Reason::Rail { class, code });
        }
        Effects::Defer(class, code, at) => {
            slice.state = SliceState::Sending;
            slice.attempts = slice.attempts.saturating_add(1);
            slice.deferred_until = Some(at);
            let amount_minor = slice.amount_minor;
            let not_before = Some(at);
            decision.effects.push(Effect::Resend { slice: number, reference, amount_minor, not_before });
            decision.effects.push(Effect::AlertConfiguration);
            reason = Some(Reason::Rail { class, code });
        }
        Effects::Return(class, code) => {
            slice.state = SliceState::Bounced;
            slice.failure = Some((class, code.clone()));
            let slice = slice.clone();
            give_back(&mut decision, &slice, class, ctx);
            reason = Some(Reason::Rail { class, code });
        }
        Effects::Query => {
            slice.state = SliceState::Unknown;
            slice.deferred_until = None;
            decision.effects.push(Effect::Query { slice: number, reference });
        }
        Effects::Resend | Effects::SendAnew => {
            slice.state = SliceState::Sending;
            slice.deferred_until = None;
            slice.attempts = slice.attempts.saturating_add(1);
            let amount_minor = slice.amount_minor;
            decision.effects.push(Effect::Resend {
                slice: number,
                reference,
                amount_minor,
                not_before: None,
            });
        }
        Effects::WaitForFunds => {
            slice.state = SliceState::FundsShort;
            decision.effects.extend([Effect::MarkRailShort, Effect::AlertFloat]);
        }
        Effects::NextNumber => {
            slice.state = SliceState::FundsShort;
            slice.round = slice.round.saturating_add(1);
            slice.attempts = 0;
            slice.deferred_until = None;
            decision.effects.extend([Effect::MarkRailShort, Effect::AlertFloat]);
        }
    }
    Ok(conclude(decision, withdrawal.state, reason, ctx))
}

/// What the rail may have of a slice after this answer.
fn leaves_at_rail(slice: &mut Slice, outcome: &RailOutcome, effects: &Effects) {
    match effects {
        Effects::Query => slice.at_rail = AtRail::Perhaps,
        Effects::SendAnew | Effects::Defer(..) | Effects::NextNumber => slice.at_rail = AtRail::Nothing,
        // A refusal is about this call only. That a query found nothing says nothing about what is on its way.
        Effects::WaitForFunds => slice.not_taken(),
        Effects::Resend if *outcome == RailOutcome::Throttled => slice.not_taken(),
        _ => {}
    }
}

/// Derives the withdrawal's state from its slices; at the end settles the fee that was earned.
pub(super) fn conclude(
    mut decision: Decision,
    before: State,
    reason: Option<Reason>,
    ctx: &Ctx<'_>,
) -> Outcome {
    let state = state_of(&decision.withdrawal.slices);
    let held_back = matches!(decision.withdrawal.reason, Some(Reason::Gate(_)));
    decision.withdrawal.reason = match (state, reason) {
        (State::WaitingForFunds, _) => Some(Reason::Gate(GateCode::FloatShort)),
        (_, Some(reason)) => Some(reason),
        (State::Paid, None) => None,
        (_, None) if held_back => None,
        (_, None) => decision.withdrawal.reason,
    };
    if state.is_final() && !before.is_final() {
        settle_fee(&mut decision, ctx);
    }
    let nothing_left = matches!(state, State::Failed | State::Bounced);
    if nothing_left && before != state {
        let at_fault =
            |slice: &Slice| slice.failure.as_ref().is_some_and(|(class, _)| class.is_payee_fault());
        let ours = !decision.withdrawal.slices.iter().any(at_fault);
        decision.counters.push(CounterChange {
            on: decision.withdrawal.requested_on,
            amount_minor: 0,
            requests: if ours { -1 } else { 0 },
            standing: -1,
            unpaid_minor: 0,
            unpaid_requests: if ours && decision.withdrawal.unpaid_minor > 0 { -1 } else { 0 },
        });
    }
    if state == State::WaitingForFunds {
        decision.wait_for_funds(ctx.funds_expected_at);
    } else {
        decision.enter(state);
    }
    decision.changed()
}

/// The state of a withdrawal by its slices: what is open first, then what came of it.
fn state_of(slices: &[Slice]) -> State {
    let any = |state| slices.iter().any(|slice| slice.state == state);
    let all_paid = slices.iter().all(|slice| slice.state == SliceState::Paid);
    if any(SliceState::Unknown) {
        State::Unknown
    } else if any(SliceState::Sending) {
        State::Sending
    } else if any(SliceState::FundsShort) {
        State::WaitingForFunds
    } else if all_paid {
        State::Paid
    } else if any(SliceState::Paid) {
        State::PartlyPaid
    } else if any(SliceState::Bounced) {
        State::Bounced
    } else {
        State::Failed
    }
}

fn payout_hold(decision: &Decision, slice: &Slice) -> Hold {
    if decision.withdrawal.slices.len() > 1 { Hold::PayoutSlice(slice.number) } else { Hold::Payout }
}

fn settle(decision: &mut Decision, slice: &Slice) {
    let amount_minor = slice.amount_minor;
    let hold = payout_hold(decision, slice);
    decision.ops.push(MoneyOp::Settle { hold, amount_minor });
    decision.ops.push(MoneyOp::Settle { hold: Hold::FloatSlice(slice.number), amount_minor });
    decision.totals.in_transit_minor = -slice.gross_minor();
    decision.totals.withdrawn_minor = slice.gross_minor();
}

/// Notes what the rail charged so far and asks for what is new of it to be booked. Apart from the outcome: all float
/// may be reserved for other payouts, and a payout that was paid is paid whether or not its charge can be booked now.
fn charge(decision: &mut Decision, index: usize, rail_fee_minor: i64) {
    let Some(slice) = decision.withdrawal.slices.get_mut(index) else { return };
    let amount_minor = rail_fee_minor.saturating_sub(slice.rail_fee_minor);
    if amount_minor > 0 {
        slice.rail_fee_minor = rail_fee_minor;
        let (slice, total_minor) = (slice.number, rail_fee_minor);
        decision.effects.push(Effect::BookCharge { slice, amount_minor, total_minor });
    }
}

pub(super) fn release(decision: &mut Decision, slice: &Slice, class: FailureClass) {
    let hold = payout_hold(decision, slice);
    decision.ops.push(MoneyOp::Release { hold: Hold::FloatSlice(slice.number) });
    decision.ops.push(MoneyOp::Release { hold });
    decision.totals.in_transit_minor -= slice.gross_minor();
    restore(decision, slice);
    alert(decision, class);
}

/// New transfers back, never an edit (M). The fee comes back unless the payee's own data was wrong (C16); a fee that
/// is not settled yet is simply not taken at the end.
fn give_back(decision: &mut Decision, slice: &Slice, class: FailureClass, ctx: &Ctx<'_>) {
    let amount_minor = slice.amount_minor;
    let (float, clearing) = (AccountRole::RailFloat, AccountRole::PayoutsClearing);
    decision.ops.push(MoneyOp::Transfer { from: float, to: clearing, amount_minor });
    decision.ops.push(MoneyOp::Transfer { from: clearing, to: AccountRole::Payee, amount_minor });
    let settled = decision.withdrawal.state.is_final();
    if settled && slice.fee_minor > 0 && !keeps_fee(class, ctx) {
        decision.ops.push(MoneyOp::Transfer {
            from: AccountRole::RevenueWithdrawalFee,
            to: AccountRole::Payee,
            amount_minor: slice.fee_minor,
        });
    }
    decision.totals.withdrawn_minor = -slice.gross_minor();
    restore(decision, slice);
    alert(decision, class);
}

fn keeps_fee(class: FailureClass, ctx: &Ctx<'_>) -> bool {
    ctx.terms.fee_on_payee_fault && class.is_payee_fault()
}

/// Restores a slice's part of the amount to the civil date of the request (M).
fn restore(decision: &mut Decision, slice: &Slice) {
    let withdrawal = &decision.withdrawal;
    let gross: Vec<i64> = withdrawal.slices.iter().map(Slice::gross_minor).collect();
    let parts = shares(withdrawal.unpaid_minor, &gross);
    let unpaid = withdrawal.slices.iter().zip(parts).find(|(known, _)| known.number == slice.number);
    decision.counters.push(CounterChange {
        on: withdrawal.requested_on,
        amount_minor: -slice.gross_minor(),
        requests: 0,
        standing: 0,
        unpaid_minor: -unpaid.map_or(0, |(_, part)| part),
        unpaid_requests: 0,
    });
}

fn alert(decision: &mut Decision, class: FailureClass) {
    match class {
        FailureClass::PayeeBlocked => decision.effects.push(Effect::OpenRiskCase),
        FailureClass::PlatformConfig => {
            decision.effects.extend([Effect::AlertConfiguration, Effect::StopRail]);
        }
        // A limit that was met is one that policy does not know.
        FailureClass::RequestDefect
        | FailureClass::RailLimit
        | FailureClass::RailLimitDay
        | FailureClass::RailLimitMonth => {
            decision.effects.push(Effect::AlertConfiguration);
        }
        FailureClass::PayeeFixable | FailureClass::NotArrived => {}
    }
}

/// Settles the fee's shares of the slices that arrived, or releases the fee when none did (C16).
fn settle_fee(decision: &mut Decision, ctx: &Ctx<'_>) {
    if decision.withdrawal.fee_minor <= 0 {
        return;
    }
    let earned = |slice: &&Slice| match (slice.state, &slice.failure) {
        (SliceState::Paid, _) => true,
        (SliceState::Bounced, Some((class, _))) => keeps_fee(*class, ctx),
        _ => false,
    };
    let amount_minor = decision.withdrawal.slices.iter().filter(earned).map(|slice| slice.fee_minor).sum();
    decision.ops.push(if amount_minor > 0 {
        MoneyOp::Settle { hold: Hold::Fee, amount_minor }
    } else {
        MoneyOp::Release { hold: Hold::Fee }
    });
}
