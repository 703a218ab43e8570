//! The withdrawal gate (G): one decider over plain facts, and its dry run.

use super::checks::{CHECKS, CheckResult, Look, Refused, float_is_short, look, review_reasons};
use super::codes::GateCode;
use super::facts::{CodeCheck, GateState, Request, ValueDate};
use super::fee::FeeSteps;
use super::velocity::{self, Marks};
use super::{
    AccountRole, CounterChange, Ctx, Decision, Hold, MoneyOp, Reason, State, TotalsChange, Withdrawal,
};
use crate::ids::{PartyId, PayoutAccountId, WithdrawalId};
use crate::time::Timestamp;

/// A request that passed: its hold is placed, its code is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Fee in minor units, taken from the amount.
    pub fee_minor: i64,
    /// How the fee came about (C15).
    pub fee: FeeSteps,
    /// What is to arrive, in minor units.
    pub net_minor: i64,
    /// Due and liability that are repaid with it, in minor units (C12).
    pub repaid_minor: i64,
    /// What it does to the shop's limit (C7, C19).
    pub marks: Marks,
    /// `Requested`, `InReview` or `Scheduled`.
    pub first_state: State,
    /// By when it is expected to be complete; `None` when the calendar does not know (P5).
    pub expected_at: Option<Timestamp>,
    /// Everything it will wait for (checks 12–15).
    pub hints: Vec<GateCode>,
    /// The code is used up with this commit.
    pub uses_code: bool,
    /// What to apply.
    pub decision: Decision,
}

/// A dry run: what deciding would say, check by check (G).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// Results of the checks 1 to 15, in order.
    pub checks: Vec<CheckResult>,
    /// Fee in minor units.
    pub fee_minor: i64,
    /// How the fee came about (C15).
    pub fee: FeeSteps,
    /// What would arrive, in minor units; 0 when the amount does not even cover the fee.
    pub net_minor: i64,
    /// Due and liability that would be repaid with it, in minor units (C12).
    pub repaid_minor: i64,
    /// What a new shop is advised to draw at most a day of proceeds that buyers have not paid, in minor units; there
    /// when this request passes it (C19).
    pub advice_minor: Option<i64>,
    /// By when it would be complete; `None` when the calendar does not know.
    pub expected_at: Option<Timestamp>,
    /// Everything it would wait for (checks 12–15).
    pub hints: Vec<GateCode>,
    /// The refusal that deciding would give.
    pub refused: Option<Refused>,
}

/// Decides a request: checks 1 to 11 in order, the first failure refuses; then the first state (G).
///
/// # Errors
/// [`Refused`] with the first code that applies; nothing is held and the code is not used up.
pub fn decide_request(
    id: WithdrawalId,
    party: PartyId,
    state: &GateState,
    request: &Request,
    ctx: &Ctx<'_>,
) -> Result<Accepted, Refused> {
    let look = look(state, request, ctx);
    let mut hints = Vec::new();
    for check in CHECKS {
        match check(&look) {
            CheckResult::Failed(refused) => return Err(refused),
            CheckResult::Waits(codes) => hints.extend(codes),
            CheckResult::Passed | CheckResult::NotApplicable => {}
        }
    }
    let review = review_reasons(&look);
    let fee_minor = look.fee_minor;
    let net_minor = request.amount_minor - fee_minor;
    let marks = velocity::marks(&look, &review);
    let withdrawal = record(id, party, &look, review, &hints);
    let first_state = withdrawal.state;
    let decision = Decision {
        ops: request_ops(state, &withdrawal),
        counters: vec![CounterChange {
            on: ctx.today,
            amount_minor: request.amount_minor,
            requests: 1,
            standing: 1,
            unpaid_minor: withdrawal.unpaid_minor,
            unpaid_requests: i32::from(withdrawal.unpaid_minor > 0),
        }],
        totals: TotalsChange { in_transit_minor: request.amount_minor, withdrawn_minor: 0 },
        effects: Vec::new(),
        events: if first_state == State::InReview {
            vec!["withdrawal.requested", "withdrawal.in_review"]
        } else {
            vec!["withdrawal.requested"]
        },
        withdrawal,
    };
    let expected_at = decision.withdrawal.expected_at;
    let uses_code = state.code == CodeCheck::Correct;
    Ok(Accepted {
        fee_minor,
        fee: look.fee,
        net_minor,
        repaid_minor: state.balances.debts_minor(),
        marks,
        first_state,
        expected_at,
        hints,
        uses_code,
        decision,
    })
}

/// What deciding would say, with the result of every check; changes nothing.
pub fn dry_run(state: &GateState, request: &Request, ctx: &Ctx<'_>) -> DryRun {
    let look = look(state, request, ctx);
    let checks: Vec<CheckResult> = CHECKS.iter().map(|check| check(&look)).collect();
    let refused = checks.iter().find_map(|result| match result {
        CheckResult::Failed(refused) => Some(refused.clone()),
        _ => None,
    });
    let hints = checks
        .iter()
        .flat_map(|result| match result {
            CheckResult::Waits(codes) => codes.clone(),
            _ => Vec::new(),
        })
        .collect();
    DryRun {
        refused,
        hints,
        fee_minor: look.fee_minor,
        fee: look.fee,
        net_minor: request.amount_minor.saturating_sub(look.fee_minor).max(0),
        repaid_minor: state.balances.debts_minor(),
        advice_minor: velocity::advice_minor(&look),
        expected_at: expected_at(&look),
        checks,
    }
}

/// The withdrawal as it is stored first.
fn record(
    id: WithdrawalId,
    party: PartyId,
    look: &Look<'_>,
    review: Vec<GateCode>,
    hints: &[GateCode],
) -> Withdrawal {
    let Look { state, request, ctx, fee_minor, .. } = *look;
    let dispatch_at = dispatch_at(state, ctx);
    let first_state = if !review.is_empty() {
        State::InReview
    } else if dispatch_at > ctx.now {
        State::Scheduled
    } else {
        State::Requested
    };
    let large = request.amount_minor >= ctx.terms.two_person_from_minor;
    Withdrawal {
        id,
        party,
        source: request.door.source(),
        amount_minor: request.amount_minor,
        fee_minor,
        net_minor: request.amount_minor - fee_minor,
        currency: request.currency,
        unpaid_minor: velocity::unpaid_minor(look),
        destination: state.destination.map_or_else(PayoutAccountId::default, |d| d.id),
        state: first_state,
        reason: hints.iter().find(|code| code.check() <= 13).map(|code| Reason::Gate(*code)),
        requested_at: ctx.now,
        requested_on: ctx.today,
        dispatch_at,
        expected_at: expected_at(look),
        // Runs from the instant at which it may be sent: a value date is no delay.
        deadline_at: dispatch_at.plus(ctx.terms.payout_clock_us),
        people_needed: if review.is_empty() { 0 } else { 1 + u8::from(large) },
        approvals: Vec::new(),
        review,
        slices: Vec::new(),
    }
}

fn dispatch_at(state: &GateState, ctx: &Ctx<'_>) -> Timestamp {
    match state.value_date {
        ValueDate::At(at) => at.max(ctx.now),
        ValueDate::Immediate | ValueDate::CalendarMissing => ctx.now,
    }
}

/// What waits for the platform's funds is expected when those are; everything else by the payout clock (X11, X12).
fn expected_at(look: &Look<'_>) -> Option<Timestamp> {
    let Look { state, ctx, .. } = *look;
    match state.value_date {
        ValueDate::CalendarMissing => None,
        _ if float_is_short(look) => ctx.funds_expected_at,
        _ => Some(dispatch_at(state, ctx).plus(ctx.terms.payout_clock_us)),
    }
}

/// Repays due and liability in full in the same group (C12), then holds net and fee (M).
fn request_ops(state: &GateState, withdrawal: &Withdrawal) -> Vec<MoneyOp> {
    let mut ops = Vec::new();
    let debts = [
        (AccountRole::CreditReceivable, state.balances.due_minor),
        (AccountRole::CreditLiability, state.balances.liability_minor),
    ];
    for (to, amount_minor) in debts {
        if amount_minor > 0 {
            ops.push(MoneyOp::Transfer { from: AccountRole::Payee, to, amount_minor });
        }
    }
    ops.push(MoneyOp::Hold {
        hold: Hold::Payout,
        from: AccountRole::Payee,
        to: AccountRole::PayoutsClearing,
        amount_minor: withdrawal.net_minor,
    });
    if withdrawal.fee_minor > 0 {
        ops.push(MoneyOp::Hold {
            hold: Hold::Fee,
            from: AccountRole::Payee,
            to: AccountRole::RevenueWithdrawalFee,
            amount_minor: withdrawal.fee_minor,
        });
    }
    ops
}
