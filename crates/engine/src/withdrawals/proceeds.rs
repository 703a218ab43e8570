//! Withdrawing a merchant's proceeds (C12–C15, C19): what the gate has to know besides, and what follows from passing
//! it. The way itself is that of every withdrawal.

use purser_domain::{
    credit::risk::Score,
    ids::PartyId,
    policy::{keys, kinds, value::TimeOfDay},
    time::Date,
    withdrawals::{Accepted, Balances, ProceedsFacts, Usage, ValueDate, Velocity, proceeds_parts},
};

use super::{apply::unpaid_period, rows::UsageRow};
use crate::{
    command::Ctx,
    credit::{
        draws::{self, Draw},
        risk,
    },
    facts::Facts,
    tx::{Needs, Tx},
};

/// Declares what a request reads besides its account and counters.
pub(super) fn want(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    draws::want(needs, party, ctx);
    draws::want_facts(needs, party);
    risk::want(needs, party);
    for day in days_before(ctx) {
        needs.row::<UsageRow>((party, unpaid_period(day)));
    }
}

/// The days before today that a run of heavy days may consist of (C19), the latest first.
fn days_before(ctx: &Ctx) -> impl Iterator<Item = Date> {
    let run = ctx.rules.policy.now(ctx.now).value(keys::VELOCITY_STREAK).saturating_sub(1);
    let before = std::iter::successors(ctx.today.yesterday().ok(), |day| day.yesterday().ok());
    before.take(usize::try_from(run).unwrap_or(0))
}

/// What is known of a shop's money besides its proceeds account.
pub(super) struct Known {
    shop: draws::Shop,
    /// Signs of cash-out (C21).
    pub(super) score: Score,
    /// What the gate looks at (C7, C19).
    pub(super) facts: ProceedsFacts,
}

impl Known {
    /// Fills in due and liability (C12).
    pub(super) fn debts(&self) -> (i64, i64) {
        (self.shop.due_minor, self.shop.liability_minor)
    }
}

/// Reads what [`want`] declared; `balances` are those of the proceeds account.
pub(super) fn known(tx: &Tx, ctx: &Ctx, party: PartyId, balances: Balances) -> Known {
    let shop = draws::shop(tx, ctx, party);
    let balances = Balances { due_minor: shop.due_minor, liability_minor: shop.liability_minor, ..balances };
    let day = |on: Date| tx.get::<UsageRow>(&(party, unpaid_period(on)));
    let heavy = ctx.rules.policy.now(ctx.now).value(keys::VELOCITY_STREAK_AMOUNT);
    let run = days_before(ctx).take_while(|on| day(*on).is_some_and(|row| row.amount >= heavy)).count();
    let today = day(ctx.today);
    let requests = today.map_or(0, |row| row.requests.max(0));
    let score = risk::draw_score(tx, ctx, party);
    let velocity = Velocity {
        paid_available_minor: proceeds_parts(&balances, shop.unpaid_minor).paid_minor,
        unpaid_today_minor: today.map_or(0, |row| row.amount),
        limit_minor: shop.limit_minor,
        highest_limit_minor: shop.highest_minor,
        requests_today: u32::try_from(requests).unwrap_or(u32::MAX),
        large_at: shop.large_at,
        days_before: u32::try_from(run).unwrap_or(u32::MAX),
        risk_score: score.points,
        new_shop: shop.is_new,
    };
    Known { shop, score, facts: ProceedsFacts::Applies(velocity) }
}

/// When it may be sent (C14): so many working days after the civil date, at the hour of dispatch.
pub(super) fn value_date(ctx: &Ctx, known: &Known) -> ValueDate {
    let view = ctx.rules.policy.now(ctx.now);
    if view.value(keys::VALUE_DATE) == kinds::ValueDate::Immediate {
        return ValueDate::Immediate;
    }
    let days = if known.shop.in_promotion { keys::VALUE_DAYS_PROMOTION } else { keys::VALUE_DAYS };
    let cut_off = view.value(keys::VALUE_DATE_CUT_OFF).map(TimeOfDay::pair);
    match ctx.rules.calendar.due(ctx.now, &ctx.zone, view.value(days), cut_off) {
        Ok(day) => {
            let time = view.value(keys::DISPATCH_TIME);
            ValueDate::At(ctx.zone.at(day, time.hour, time.minute))
        }
        // No money waits for a date that nobody knows (P5).
        Err(_) => ValueDate::CalendarMissing,
    }
}

/// Writes down what passing the gate does to the shop, after the money was moved.
pub(super) fn drawn(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    balances: &Balances,
    known: &Known,
    accepted: &Accepted,
) {
    let available = proceeds_parts(balances, known.shop.unpaid_minor);
    let drawn = accepted.decision.withdrawal.unpaid_minor;
    let draw = Draw {
        repaid_minor: accepted.repaid_minor,
        unpaid_left_minor: available.unpaid_minor.saturating_sub(drawn),
        marks: accepted.marks,
    };
    draws::drawn(tx, ctx, party, &draw);
    risk::note_draw(tx, ctx, party);
}

/// How fee and value date came about, as it is kept with the withdrawal (C12, C14, C15).
pub(super) fn basis(accepted: &Accepted, known: &Known, usage: &Usage) -> Facts {
    let fee = &accepted.fee;
    let (due, liability) = known.debts();
    Facts::new()
        .text("fee_rule", fee.rule.name())
        .int("year_before_minor", usage.year_minor)
        .int("base_minor", fee.base_minor)
        .int("rate_ppm", fee.rate_ppm)
        .int("minimum_minor", fee.minimum_minor)
        .int("repaid_due_minor", due)
        .int("repaid_liability_minor", liability)
        .flag("promotion", known.shop.in_promotion)
}
