//! The fifteen checks of G. Each is a function of the facts, so that deciding and the dry run cannot differ.

use super::codes::GateCode;
use super::facts::{
    CodeCheck, Destination, DestinationKind, Door, GateState, HolderMatch, KillSwitches, LimitUse, PayeeKind,
    RailFacts, Request, Standing, StepState, StudioFacts, ValueDate,
};
use super::fee::{FeeSteps, fee_steps};
use super::{Ctx, Source, velocity};
use crate::policy::value::{DayWindow, TimeOfDay};
use crate::time::Timestamp;

/// A first step that is missing (X4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Bind a phone.
    BindPhone,
    /// Verify the real name.
    VerifyRealName,
    /// Bind a payout account.
    BindPayoutAccount,
}

impl Step {
    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BindPhone => "bind_phone",
            Self::VerifyRealName => "verify_real_name",
            Self::BindPayoutAccount => "bind_payout_account",
        }
    }
}

/// A refusal with what a page needs to explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The first code that applies.
    pub code: GateCode,
    /// All missing first steps, for `first_steps_missing`.
    pub missing: Vec<Step>,
    /// The bound that was passed, in minor units: the minimum, what is available, what the cap leaves.
    pub bound_minor: Option<i64>,
    /// When it may be tried again, where time alone changes the answer.
    pub until: Option<Timestamp>,
}

impl Refused {
    fn new(code: GateCode) -> Self {
        Self { code, missing: Vec::new(), bound_minor: None, until: None }
    }

    fn bound(self, bound_minor: i64) -> Self {
        Self { bound_minor: Some(bound_minor), ..self }
    }

    fn until(self, until: Timestamp) -> Self {
        Self { until: Some(until), ..self }
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// The rule does not concern this request.
    NotApplicable,
    /// Passed.
    Passed,
    /// Refused (checks 1–11).
    Failed(Refused),
    /// The request passes and would wait for these (checks 12–15).
    Waits(Vec<GateCode>),
}

/// What every check sees.
pub(super) struct Look<'a> {
    pub(super) state: &'a GateState,
    pub(super) request: &'a Request,
    pub(super) ctx: &'a Ctx<'a>,
    pub(super) fee: FeeSteps,
    pub(super) fee_minor: i64,
}

/// The checks in the order of G.
pub(super) const CHECKS: [fn(&Look<'_>) -> CheckResult; 15] = [
    shape,
    |look| when(standing_code(look.state.standing, look.state.kill)),
    closed_window,
    door,
    first_steps,
    studio,
    destination,
    debts,
    available,
    caps,
    code,
    |look| waits(review_reasons(look)),
    |look| match look.state.value_date {
        ValueDate::At(at) if at > look.ctx.now => waits(vec![GateCode::ValueDate]),
        _ => CheckResult::Passed,
    },
    |look| waits(if float_is_short(look) { vec![GateCode::FloatShort] } else { Vec::new() }),
    |look| waits(rail_code(&look.state.rail).into_iter().collect()),
];

fn when(code: Option<GateCode>) -> CheckResult {
    code.map_or(CheckResult::Passed, |code| CheckResult::Failed(Refused::new(code)))
}

fn waits(codes: Vec<GateCode>) -> CheckResult {
    if codes.is_empty() { CheckResult::Passed } else { CheckResult::Waits(codes) }
}

fn shape(look: &Look<'_>) -> CheckResult {
    let (amount, minimum) = (look.request.amount_minor, look.ctx.terms.minimum_minor);
    if amount <= 0 {
        return CheckResult::Failed(Refused::new(GateCode::AmountNotPositive));
    }
    if look.request.currency != look.state.currency {
        return CheckResult::Failed(Refused::new(GateCode::CurrencyMismatch));
    }
    if amount < minimum {
        return CheckResult::Failed(Refused::new(GateCode::BelowMinimum).bound(minimum));
    }
    // What arrives must be something a rail takes; with a fee that is a stronger rule than "above the fee".
    if amount.saturating_sub(look.fee_minor) < minimum.max(1) {
        let least = minimum.max(1).saturating_add(look.fee_minor);
        return CheckResult::Failed(Refused::new(GateCode::AmountNotAboveFee).bound(least));
    }
    CheckResult::Passed
}

/// Check 2, at request and again at dispatch.
/// Why no money may go out to a party now: its status, then the kill switches (P4, P6).
pub fn standing_code(standing: Standing, kill: KillSwitches) -> Option<GateCode> {
    match standing {
        Standing::Closed => Some(GateCode::PartyClosed),
        Standing::Frozen => Some(GateCode::PartyFrozen),
        Standing::Active if kill.all_payouts => Some(GateCode::PayoutsStopped),
        Standing::Active if kill.party_kind => Some(GateCode::PartyKindStopped),
        Standing::Active => None,
    }
}

fn closed_window(look: &Look<'_>) -> CheckResult {
    let Some(window) = look.ctx.terms.closed_window else { return CheckResult::NotApplicable };
    if look.request.door.source() == Source::Earnings {
        return CheckResult::NotApplicable;
    }
    match reopens_at(window, look.ctx) {
        Some(at) => CheckResult::Failed(Refused::new(GateCode::ClosedWindow).until(at)),
        None => CheckResult::Passed,
    }
}

/// When the window opens again; `None` when it is open now.
fn reopens_at(window: DayWindow, ctx: &Ctx<'_>) -> Option<Timestamp> {
    let local = ctx.zone.datetime(ctx.now);
    let time = TimeOfDay { hour: local.hour(), minute: local.minute() };
    let tomorrow = window.until <= time;
    let day = if tomorrow { ctx.today.tomorrow().unwrap_or(ctx.today) } else { ctx.today };
    window.contains(time).then(|| ctx.zone.at(day, window.until.hour, window.until.minute))
}

fn door(look: &Look<'_>) -> CheckResult {
    let nothing_own = look.state.balances.posted_minor == 0;
    when(match (look.request.door, look.state.kind) {
        (Door::CreditLimit(asked), _) => Some(match asked {
            LimitUse::Withdrawal => GateCode::LimitNotCash,
            LimitUse::Transfer => GateCode::LimitNotTransferable,
            LimitUse::RedPacket => GateCode::LimitNotForRedPackets,
            LimitUse::Balance => GateCode::LimitNotBalance,
        }),
        (Door::AgencyEarnings, _) => Some(GateCode::AgencyMoney),
        (Door::Earnings, PayeeKind::AgencySigned) if nothing_own => Some(GateCode::AgencyMoney),
        (Door::Earnings, PayeeKind::Corporate) => Some(GateCode::CorporateSettlement),
        (Door::OtherShop { authorised: false }, _) => Some(GateCode::OtherShop),
        _ => None,
    })
}

fn first_steps(look: &Look<'_>) -> CheckResult {
    let steps = &look.state.first_steps;
    let all = [
        (Step::BindPhone, steps.phone),
        (Step::VerifyRealName, steps.real_name),
        (Step::BindPayoutAccount, steps.payout_account),
    ];
    if all.iter().all(|(_, state)| *state == StepState::NotApplicable) {
        return CheckResult::NotApplicable;
    }
    let missing: Vec<Step> =
        all.iter().filter(|(_, state)| *state == StepState::Missing).map(|(step, _)| *step).collect();
    if missing.is_empty() {
        return CheckResult::Passed;
    }
    CheckResult::Failed(Refused { missing, ..Refused::new(GateCode::FirstStepsMissing) })
}

fn studio(look: &Look<'_>) -> CheckResult {
    match (look.state.studio, look.ctx.terms.studio_threshold_minor) {
        (StudioFacts::NotApplicable, _) | (_, None) => CheckResult::NotApplicable,
        // The request that reaches the threshold passes; the next one is refused (X9).
        (StudioFacts::Person { rolling_minor }, Some(threshold)) if rolling_minor >= threshold => {
            CheckResult::Failed(Refused::new(GateCode::StudioRequired).bound(threshold))
        }
        (StudioFacts::Upgraded | StudioFacts::Person { .. }, Some(_)) => CheckResult::Passed,
    }
}

/// Check 7, at request and again at dispatch.
pub fn destination_refusal(
    destination: Option<&Destination>,
    studio: StudioFacts,
    kind: PayeeKind,
    source: Source,
    ctx: &Ctx<'_>,
) -> Option<Refused> {
    let Some(destination) = destination else {
        return Some(Refused::new(GateCode::DestinationMissing));
    };
    let company = studio == StudioFacts::Upgraded || kind == PayeeKind::Corporate;
    let accepted = match destination.kind {
        DestinationKind::CreditCard | DestinationKind::NoRail => false,
        // Company to company (X16).
        _ if source == Source::Statement => {
            matches!(destination.kind, DestinationKind::CorporateAccount | DestinationKind::Sandbox)
        }
        DestinationKind::Alipay => studio != StudioFacts::Upgraded,
        DestinationKind::CorporateAccount => company || source == Source::Proceeds,
        DestinationKind::PersonalCard | DestinationKind::Sandbox => true,
    };
    if !accepted {
        return Some(Refused::new(GateCode::DestinationKind));
    }
    if destination.holder == HolderMatch::Different {
        return Some(Refused::new(GateCode::HolderMismatch));
    }
    let terms = ctx.terms;
    let wait = if destination.first { terms.first_cooling_off_us } else { terms.cooling_off_us };
    let cooled_at = destination.bound_at.plus(wait);
    if cooled_at > ctx.now {
        return Some(Refused::new(GateCode::DestinationCoolingOff).until(cooled_at));
    }
    destination.locked.then(|| Refused::new(GateCode::DestinationLocked))
}

fn destination(look: &Look<'_>) -> CheckResult {
    let Look { state, request, ctx, .. } = look;
    let found = state.destination.as_ref();
    match destination_refusal(found, state.studio, state.kind, request.door.source(), ctx) {
        Some(refused) => CheckResult::Failed(refused),
        None => CheckResult::Passed,
    }
}

fn debts(look: &Look<'_>) -> CheckResult {
    let balances = &look.state.balances;
    if balances.owed_minor > 0 {
        return CheckResult::Failed(Refused::new(GateCode::OwedOutstanding).bound(balances.owed_minor));
    }
    let repay = balances.debts_minor();
    if repay > 0 && repay > balances.free_minor() {
        return CheckResult::Failed(Refused::new(GateCode::LiabilityOutstanding).bound(repay));
    }
    if balances.joint_minor > 0 {
        let refused = Refused::new(GateCode::LinkedShopLiability);
        return CheckResult::Failed(refused.bound(balances.joint_minor));
    }
    CheckResult::Passed
}

fn available(look: &Look<'_>) -> CheckResult {
    let available = look.state.balances.available_minor();
    if look.request.amount_minor > available {
        return CheckResult::Failed(Refused::new(GateCode::InsufficientAvailable).bound(available));
    }
    CheckResult::Passed
}

fn caps(look: &Look<'_>) -> CheckResult {
    let (terms, amount) = (look.ctx.terms, look.request.amount_minor);
    let mut applies = false;
    if let (StudioFacts::Upgraded, Some(cap)) = (look.state.studio, terms.studio_daily_cap_minor) {
        applies = true;
        let used = look.state.usage.today_minor;
        if used.saturating_add(amount) > cap {
            let tomorrow = look.ctx.today.tomorrow().unwrap_or(look.ctx.today);
            let left = cap.saturating_sub(used).max(0);
            let refused = Refused::new(GateCode::DailyCap).bound(left);
            return CheckResult::Failed(refused.until(look.ctx.zone.start_of(tomorrow)));
        }
    }
    if let Some(share) = velocity::day_share(look).filter(|_| !terms.unpaid_share_zeroes) {
        applies = true;
        if share.is_passed() {
            let tomorrow = look.ctx.today.tomorrow().unwrap_or(look.ctx.today);
            let refused = Refused::new(GateCode::ProceedsShareCap).bound(share.most_minor());
            return CheckResult::Failed(refused.until(look.ctx.zone.start_of(tomorrow)));
        }
    }
    if let Some(most) = look.state.rail.most_minor.filter(|most| amount > *most) {
        return CheckResult::Failed(Refused::new(GateCode::RailAmountCap).bound(most));
    }
    if applies { CheckResult::Passed } else { CheckResult::NotApplicable }
}

fn code(look: &Look<'_>) -> CheckResult {
    let code = look.state.code;
    if code == CodeCheck::Waived || (!look.ctx.terms.code_required && code == CodeCheck::Missing) {
        return CheckResult::NotApplicable;
    }
    when(match code {
        CodeCheck::Waived | CodeCheck::Correct => None,
        CodeCheck::Missing => Some(GateCode::CodeMissing),
        CodeCheck::TriesExhausted => Some(GateCode::CodeTriesExhausted),
        CodeCheck::Expired => Some(GateCode::CodeExpired),
        CodeCheck::Used => Some(GateCode::CodeUsed),
        CodeCheck::ForAnother => Some(GateCode::CodeForAnother),
        CodeCheck::Wrong => Some(GateCode::CodeWrong),
    })
}

/// Every reason for which a person looks at the request first (C19, C21, P16).
pub(super) fn review_reasons(look: &Look<'_>) -> Vec<GateCode> {
    let (terms, amount) = (look.ctx.terms, look.request.amount_minor);
    let mut reasons = velocity::reasons(look);
    let from = terms.review_from_minor.unwrap_or(i64::MAX).min(terms.two_person_from_minor);
    if amount >= from {
        reasons.push(GateCode::ReviewLargeAmount);
    }
    let fresh = look.state.destination.as_ref().is_some_and(|destination| {
        !destination.first && destination.bound_at.plus(terms.new_destination_review_us) > look.ctx.now
    });
    if fresh && terms.new_destination_review_us > 0 {
        reasons.push(GateCode::ReviewNewDestination);
    }
    reasons
}

/// Check 14: the rail's float does not cover what is to arrive, or the rail itself said so (X11, P12).
pub(super) fn float_is_short(look: &Look<'_>) -> bool {
    let rail = &look.state.rail;
    let net = look.request.amount_minor.saturating_sub(look.fee_minor);
    rail.marked_short || rail.float_minor < net
}

/// Check 15, at request and again at dispatch.
pub(super) fn rail_code(rail: &RailFacts) -> Option<GateCode> {
    if rail.stopped {
        return Some(GateCode::RailStopped);
    }
    (!rail.healthy).then_some(GateCode::RailUnhealthy)
}

/// The look at a request, with its fee.
pub(super) fn look<'a>(state: &'a GateState, request: &'a Request, ctx: &'a Ctx<'a>) -> Look<'a> {
    let terms = match request.door.source() {
        Source::Earnings | Source::Statement => &ctx.terms.earnings_fee,
        Source::Proceeds => &ctx.terms.proceeds_fee,
    };
    let fee = fee_steps(request.amount_minor, &state.usage, terms);
    Look { state, request, ctx, fee, fee_minor: fee.fee_minor }
}
