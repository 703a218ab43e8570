//! What policy says about withdrawals, as the gate wants it.

use purser_domain::{
    ledger::AccountRef,
    parties::{LegalForm, PartyStatus, Role, creator_kind},
    policy::{
        PolicyView, keys,
        kinds::{DailyDrawAction, StreakAction},
    },
    time::{DAY, Timestamp},
    withdrawals::{
        self, FeeTerms, KillSwitches, PayeeKind, RailFacts, Source, Standing, StudioFacts, VelocityTerms,
        WithdrawalTerms,
    },
};

use super::{rails::SANDBOX_RAIL, rows::RailRow};
use crate::{command::Ctx, parties::PartyRow, tx::Tx};

/// Terms in force for a request.
pub fn withdrawal_terms(view: PolicyView<'_>) -> WithdrawalTerms {
    WithdrawalTerms {
        minimum_minor: view.value(keys::WITHDRAWAL_MINIMUM),
        code_required: view.value(keys::WITHDRAWAL_CODE_REQUIRED),
        studio_daily_cap_minor: Some(view.value(keys::DAILY_CAP_UPGRADED)),
        studio_threshold_minor: Some(view.value(keys::STUDIO_THRESHOLD)),
        review_from_minor: Some(view.value(keys::WITHDRAWAL_REVIEW_FROM)),
        two_person_from_minor: view.value(keys::APPROVAL_PAYOUT_THRESHOLD),
        new_destination_review_us: view.value(keys::WITHDRAWAL_REVIEW_NEW_ACCOUNT),
        cooling_off_us: view.value(keys::PAYOUT_ACCOUNT_COOLING_OFF),
        first_cooling_off_us: view.value(keys::PAYOUT_ACCOUNT_FIRST_COOLING_OFF),
        payout_clock_us: view.value(keys::PAYOUT_CLOCK),
        closed_window: view.value(keys::CLOSED_WINDOW),
        earnings_fee: FeeTerms::None,
        proceeds_fee: FeeTerms::Yearly {
            rate: view.value(keys::PROCEEDS_FEE_RATE),
            minimum_minor: view.value(keys::PROCEEDS_FEE_MINIMUM),
            yearly_base_minor: view.value(keys::PROCEEDS_FEE_ANNUAL_BASE),
            first_free: view.value(keys::PROCEEDS_FEE_FIRST_FREE),
        },
        velocity: VelocityTerms {
            held_request: view.value(keys::VELOCITY_REQUESTS).saturating_add(1),
            large_share: view.value(keys::VELOCITY_LARGE_SHARE),
            after_large_us: view.value(keys::VELOCITY_LARGE_HOLD),
            day_minor: view.value(keys::VELOCITY_STREAK_AMOUNT),
            days: view.value(keys::VELOCITY_STREAK),
            lock_us: match view.value(keys::VELOCITY_STREAK_ACTION) {
                StreakAction::HoldAndLock => Some(i64::from(view.value(keys::VELOCITY_LOCK)) * DAY),
                StreakAction::HoldOnly => None,
            },
            advice_share: view.value(keys::VELOCITY_ADVICE_SHARE),
        },
        unpaid_share: Some(view.value(keys::DAILY_DRAW_SHARE)),
        unpaid_share_zeroes: view.value(keys::DAILY_DRAW_ACTION) == DailyDrawAction::Zero,
        risk_review_from: view.value(keys::RISK_REVIEW_FROM),
        fee_on_payee_fault: view.value(keys::PROCEEDS_FEE_ON_PAYEE_FAULT),
    }
}

/// What deciders of withdrawals may look at.
pub(super) fn gate_ctx<'a>(ctx: &'a Ctx, terms: &'a WithdrawalTerms) -> withdrawals::Ctx<'a> {
    let funds_expected_at = funds_expected_at(ctx);
    withdrawals::Ctx { now: ctx.now, today: ctx.today, zone: &ctx.zone, terms, funds_expected_at }
}

/// By when what begins to wait for the platform's funds now is expected: the end of the last working day of policy
/// (X11); `None` when the calendar does not know (P5).
pub(super) fn funds_expected_at(ctx: &Ctx) -> Option<Timestamp> {
    let latest = ctx.rules.policy.now(ctx.now).value(keys::FLOAT_SHORT_LATEST);
    let day = ctx.rules.calendar.due(ctx.now, &ctx.zone, latest, None).ok()?;
    Some(ctx.zone.start_of(day.tomorrow().unwrap_or(day)))
}

/// Status of a party as the gate sees it.
pub(super) fn standing(party: &PartyRow) -> Standing {
    match party.party().status {
        PartyStatus::Active => Standing::Active,
        PartyStatus::Frozen { .. } => Standing::Frozen,
        PartyStatus::Closed => Standing::Closed,
    }
}

/// How a party is paid. `signed`: an agency has signed it now. Its own money, earned before, stays its own; that of a
/// company is paid company to company all the same.
pub(super) fn payee_kind(party: &PartyRow, signed: bool) -> PayeeKind {
    use purser_domain::parties::CreatorKind as K;
    let profile = party.party().profile;
    match creator_kind(profile.roles, profile.legal_form, profile.class, false) {
        K::Corporate => PayeeKind::Corporate,
        K::Independent | K::AgencySigned if signed => PayeeKind::AgencySigned,
        K::Independent | K::AgencySigned => PayeeKind::Independent,
    }
}

/// Where a party stands with the studio upgrade (X9, X10); `rolling` gives its withdrawals of the months that are
/// summed, paid and in flight.
pub(super) fn studio_facts(party: &PartyRow, rolling: impl FnOnce() -> i64) -> StudioFacts {
    let profile = party.party().profile;
    if payee_kind(party, false) == PayeeKind::Corporate {
        return StudioFacts::NotApplicable;
    }
    match profile.legal_form {
        LegalForm::Studio => StudioFacts::Upgraded,
        LegalForm::Individual => StudioFacts::Person { rolling_minor: rolling() },
        LegalForm::Enterprise => StudioFacts::NotApplicable,
    }
}

/// Kill switches (P4): they take effect on commit, so they are read at the attempt. Which kind of party it is follows
/// from the money that is drawn: a second role is no way round the switch of the first.
pub(super) fn kill_switches(ctx: &Ctx, party: &PartyRow, source: Source) -> KillSwitches {
    let view = ctx.rules.policy.now(ctx.now);
    let (creators, agencies) =
        (view.value(keys::PAYOUTS_CREATOR_ENABLED), view.value(keys::PAYOUTS_AGENCY_ENABLED));
    let roles = party.roles();
    let kind_on = match source {
        Source::Proceeds => view.value(keys::PAYOUTS_MERCHANT_ENABLED),
        // Who is both has one account of earnings, of which nobody can say whose share is drawn.
        Source::Earnings | Source::Statement => match (roles.has(Role::Creator), roles.has(Role::Agency)) {
            (true, true) => creators && agencies,
            (false, true) => agencies,
            _ => creators,
        },
    };
    KillSwitches { all_payouts: !view.value(keys::PAYOUTS_ENABLED), party_kind: !kind_on }
}

/// Whether nothing may go out by a rail now (P4). Live books know no sandbox rail: what it pays, nobody gets.
pub(super) fn rail_is_stopped(ctx: &Ctx, rail: &str) -> bool {
    let view = ctx.rules.policy.now(ctx.now);
    let off = keys::of_rail(rail).is_none_or(|known| !view.value(known.enabled));
    off || (rail == SANDBOX_RAIL && !ctx.rules.sandbox)
}

/// How a rail is now; its row and float account must be declared.
pub(super) fn rail_facts(tx: &Tx, ctx: &Ctx, rail: &str) -> RailFacts {
    let view = ctx.rules.policy.now(ctx.now);
    let row = tx.get::<RailRow>(&rail.to_owned());
    let known = keys::of_rail(rail);
    RailFacts {
        float_minor: tx.available(&AccountRef::float(rail, ctx.rules.currency)),
        marked_short: row.is_some_and(|r| r.marked_short),
        stopped: rail_is_stopped(ctx, rail),
        // What nobody can reach any more is as good as broken; the sandbox is everywhere.
        healthy: row.is_none_or(|r| r.answers() && (!r.connected || r.is_served(ctx.machine))),
        single_limit_minor: known.map(|k| view.value(k.single_limit)),
        most_minor: None,
    }
}
