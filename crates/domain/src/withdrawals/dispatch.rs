//! Dispatch: the last look before money is sent, and the cutting into slices (G, P10, X11).

use super::checks::{destination_refusal, rail_code, standing_code};
use super::facts::{Destination, KillSwitches, PayeeKind, RailFacts, Standing, StudioFacts};
use super::fee::{shares, slices};
use super::outcome::{conclude, release};
use super::review::call_off;
use super::{
    AccountRole, AtRail, Ctx, Decision, Effect, FailureClass, GateCode, Hold, MoneyOp, Outcome, Reason,
    Rejection, Slice, SliceState, State, Withdrawal,
};
use crate::ids::WithdrawalId;

/// What is looked at again when a withdrawal is to be sent: checks 2, 7, 14 and 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchFacts {
    /// Status of the party.
    pub standing: Standing,
    /// Kill switches.
    pub kill: KillSwitches,
    /// How the party is paid.
    pub kind: PayeeKind,
    /// Studio upgrade.
    pub studio: StudioFacts,
    /// The withdrawal's payout account as it is now; `None` when it is gone.
    pub destination: Option<Destination>,
    /// The rail that would carry it; once something was sent, the rail it was sent by.
    pub rail: RailFacts,
}

/// One of the numbers under which a rail gets to know a slice. There is a second one only once the rail has recorded
/// that the first one failed (P10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RailNumber {
    /// Which slice: 1, 2, …
    pub slice: u16,
    /// 1, 2, …
    pub round: u16,
}

impl RailNumber {
    /// The one that a slice is first sent under.
    pub const fn first(slice: u16) -> Self {
        Self { slice, round: 1 }
    }
}

impl From<u16> for RailNumber {
    fn from(slice: u16) -> Self {
        Self::first(slice)
    }
}

/// The key under which a rail knows a slice: `wd_…-01`, after a recorded failure `wd_…-01r2`; letters, digits, `_` and
/// `-`, 32 of them for the first number of one slice and at most 39 in all (P10).
pub fn rail_reference(id: WithdrawalId, number: impl Into<RailNumber>) -> String {
    let RailNumber { slice, round } = number.into();
    if round > 1 { format!("{id}-{slice:02}r{round}") } else { format!("{id}-{slice:02}") }
}

/// What a reference names, when it is exactly one that [`rail_reference`] writes.
pub fn read_reference(reference: &str) -> Option<(WithdrawalId, RailNumber)> {
    let (id, number) = reference.rsplit_once('-')?;
    let (slice, round) = number.split_once('r').unwrap_or((number, "1"));
    let number = RailNumber { slice: slice.parse().ok()?, round: round.parse().ok()? };
    let id = id.parse().ok()?;
    (rail_reference(id, number) == reference).then_some((id, number))
}

/// Sends a withdrawal, or says what it waits for.
///
/// A held party, kill switch, cooling-off, lock, sick rail or a rail's limit that is too small leaves the state as it is and gives the reason. A
/// destination that became unusable is a definite failure of all that was not sent, or that the rail refused for want
/// of funds.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn dispatch(withdrawal: &Withdrawal, facts: &DispatchFacts, ctx: &Ctx<'_>) -> Result<Outcome, Rejection> {
    match withdrawal.state {
        State::Requested | State::Scheduled | State::WaitingForFunds => {}
        State::Sending | State::Unknown => return Ok(Outcome::Unchanged),
        state if state.is_final() => return Err(Rejection::Finished { state: state.name() }),
        state => return Err(Rejection::StateChange { from: state.name(), to: State::Sending.name() }),
    }
    if ctx.now < withdrawal.dispatch_at {
        return Err(Rejection::NotDueYet);
    }
    if let Some(code) = standing_code(facts.standing, facts.kill) {
        return Ok(hold_back(withdrawal, code));
    }
    let first = withdrawal.slices.is_empty();
    let destination = facts.destination.as_ref();
    if let Some(refused) = destination_refusal(destination, facts.studio, facts.kind, withdrawal.source, ctx)
    {
        if refused.code.passes() {
            return Ok(hold_back(withdrawal, refused.code));
        }
        if !first {
            return Ok(give_up(withdrawal, refused.code, ctx));
        }
        return Ok(call_off(withdrawal, State::Failed, Reason::Gate(refused.code), false));
    }
    let short = facts.rail.marked_short || (first && facts.rail.float_minor < withdrawal.net_minor);
    if short {
        return Ok(wait_for_funds(withdrawal, ctx));
    }
    if let Some(code) = rail_code(&facts.rail) {
        return Ok(hold_back(withdrawal, code));
    }
    Ok(if first { send(withdrawal, &facts.rail, ctx) } else { send_again(withdrawal) })
}

fn hold_back(withdrawal: &Withdrawal, code: GateCode) -> Outcome {
    let reason = Some(Reason::Gate(code));
    if withdrawal.reason == reason {
        return Outcome::Unchanged;
    }
    let mut decision = Decision::of(withdrawal);
    decision.withdrawal.reason = reason;
    decision.events.push("withdrawal.held_back");
    decision.changed()
}

/// The payee's account became unusable while slices wait for the rail's funds: sending them again would pay to where the
/// payee no longer wants it. Of what the rail refused and has nothing of is known that it is not paid; about the rest it is
/// asked.
fn give_up(withdrawal: &Withdrawal, code: GateCode, ctx: &Ctx<'_>) -> Outcome {
    let mut decision = Decision::of(withdrawal);
    let class = FailureClass::PayeeFixable;
    let mut released = Vec::new();
    for slice in &mut decision.withdrawal.slices {
        if slice.state != SliceState::FundsShort {
            continue;
        }
        if slice.at_rail == AtRail::Nothing {
            slice.state = SliceState::Failed;
            slice.failure = Some((class, code.code().to_owned()));
            released.push(slice.clone());
        } else {
            slice.state = SliceState::Unknown;
            let reference = rail_reference(withdrawal.id, slice.rail_number());
            decision.effects.push(Effect::Query { slice: slice.number, reference });
        }
    }
    for slice in &released {
        release(&mut decision, slice, class);
    }
    conclude(decision, withdrawal.state, Some(Reason::Gate(code)), ctx)
}

fn wait_for_funds(withdrawal: &Withdrawal, ctx: &Ctx<'_>) -> Outcome {
    let reason = Some(Reason::Gate(GateCode::FloatShort));
    if withdrawal.state == State::WaitingForFunds && withdrawal.reason == reason {
        return Outcome::Unchanged;
    }
    let mut decision = Decision::of(withdrawal);
    decision.withdrawal.reason = reason;
    decision.effects.push(Effect::AlertFloat);
    decision.wait_for_funds(ctx.funds_expected_at);
    decision.changed()
}

fn send(withdrawal: &Withdrawal, rail: &RailFacts, ctx: &Ctx<'_>) -> Outcome {
    let limit = rail.single_limit_minor.unwrap_or(withdrawal.net_minor);
    // Staff raises the limit, or calls the withdrawal off.
    let Ok(amounts) = slices(withdrawal.net_minor, limit, ctx.terms.minimum_minor) else {
        return hold_back(withdrawal, GateCode::RailLimit);
    };
    let several = amounts.len() > 1;
    let mut decision = Decision::of(withdrawal);
    if several {
        decision.ops.push(MoneyOp::Release { hold: Hold::Payout });
    }
    let fees = shares(withdrawal.fee_minor, &amounts);
    for ((amount_minor, fee_minor), number) in amounts.into_iter().zip(fees).zip(1u16..) {
        if several {
            decision.ops.push(MoneyOp::Hold {
                hold: Hold::PayoutSlice(number),
                from: AccountRole::Payee,
                to: AccountRole::PayoutsClearing,
                amount_minor,
            });
        }
        decision.ops.push(MoneyOp::Hold {
            hold: Hold::FloatSlice(number),
            from: AccountRole::PayoutsClearing,
            to: AccountRole::RailFloat,
            amount_minor,
        });
        let reference = rail_reference(withdrawal.id, number);
        decision.effects.push(Effect::Send { slice: number, reference, amount_minor });
        decision.withdrawal.slices.push(Slice {
            number,
            amount_minor,
            fee_minor,
            state: SliceState::Sending,
            round: 1,
            attempts: 1,
            at_rail: AtRail::Nothing,
            rail_fee_minor: 0,
            failure: None,
            deferred_until: None,
        });
    }
    decision.withdrawal.reason = None;
    decision.enter(State::Sending);
    decision.changed()
}

/// After a shortage at the rail; the float is still reserved. What the rail refused before it made an order of it goes
/// again as the identical request under the same number. What it made an order of, and recorded as failed, would only
/// be told that failure again: it goes under its next number.
fn send_again(withdrawal: &Withdrawal) -> Outcome {
    let mut decision = Decision::of(withdrawal);
    let id = withdrawal.id;
    for slice in &mut decision.withdrawal.slices {
        if slice.state == SliceState::FundsShort {
            slice.state = SliceState::Sending;
            slice.deferred_until = None;
            slice.attempts = slice.attempts.saturating_add(1);
            let (number, amount_minor) = (slice.number, slice.amount_minor);
            let reference = rail_reference(id, slice.rail_number());
            decision.effects.push(match slice.attempts {
                1 => Effect::Send { slice: number, reference, amount_minor },
                _ => Effect::Resend { slice: number, reference, amount_minor, not_before: None },
            });
        }
    }
    decision.withdrawal.reason = None;
    decision.enter(State::Sending);
    decision.changed()
}
