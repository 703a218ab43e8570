//! Draws of proceeds that buyers have not paid yet: what holds them for a person, what blocks them, what they do to the
//! limit (C7, C19, C21). The only place where that is decided.
//!
//! Paid proceeds are taken to leave first, so that none of these rules ever holds them back (C7).

use super::checks::Look;
use super::codes::GateCode;
use super::facts::{ProceedsFacts, Velocity};
use crate::money::{Rate, Rounding, floor_to_yuan};
use crate::time::Timestamp;

/// What an accepted request does to the shop's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// It is large: for some time every further request is held (C19).
    pub large: bool,
    /// The limit takes no new use until then (C19).
    pub lock_until: Option<Timestamp>,
    /// The limit becomes zero (C7, policy `zero`).
    pub zero_limit: bool,
}

/// The day's share of the limit that may leave before buyers have paid (C7), and what of it is asked for; minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DayShare {
    cap: i64,
    before: i64,
    asked: i64,
    paid: i64,
}

impl DayShare {
    /// More is asked for than the day's share leaves.
    pub(super) fn is_passed(&self) -> bool {
        self.asked > 0 && self.before.saturating_add(self.asked) > self.cap
    }

    /// What may still be asked for today, paid proceeds included.
    pub(super) fn most_minor(&self) -> i64 {
        self.cap.saturating_sub(self.before).max(0).saturating_add(self.paid.max(0))
    }
}

fn facts<'a>(look: &Look<'a>) -> Option<&'a Velocity> {
    match &look.state.proceeds {
        ProceedsFacts::Applies(velocity) => Some(velocity),
        ProceedsFacts::NotApplicable => None,
    }
}

/// The part of the amount whose buyers have not paid.
pub(super) fn unpaid_minor(look: &Look<'_>) -> i64 {
    let part = |velocity: &Velocity| {
        look.request.amount_minor.saturating_sub(velocity.paid_available_minor.max(0)).max(0)
    };
    facts(look).map_or(0, part)
}

fn part(rate: Rate, of_minor: i64, rounding: Rounding) -> i64 {
    rate.of(of_minor, rounding).unwrap_or(i64::MAX)
}

/// The day's share; `None` where there is no such rule.
pub(super) fn day_share(look: &Look<'_>) -> Option<DayShare> {
    let (velocity, share) = (facts(look)?, look.ctx.terms.unpaid_share?);
    Some(DayShare {
        cap: floor_to_yuan(part(share, velocity.highest_limit_minor, Rounding::Down)),
        before: velocity.unpaid_today_minor,
        asked: unpaid_minor(look),
        paid: velocity.paid_available_minor,
    })
}

/// Why a person looks at it first (C19, C21).
pub(super) fn reasons(look: &Look<'_>) -> Vec<GateCode> {
    let Some(velocity) = facts(look) else { return Vec::new() };
    let (rules, unpaid, now) = (&look.ctx.terms.velocity, unpaid_minor(look), look.ctx.now);
    let drawn = unpaid > 0;
    let many = velocity.requests_today.saturating_add(1) >= rules.held_request;
    let after_large = velocity.large_at.is_some_and(|at| at.plus(rules.after_large_us) > now);
    let heavy = velocity.unpaid_today_minor.saturating_add(unpaid) >= rules.day_minor;
    let days = heavy && velocity.days_before.saturating_add(1) >= rules.days;
    [
        (drawn && many, GateCode::ReviewManyRequests),
        (drawn && after_large, GateCode::ReviewAfterLarge),
        (drawn && days, GateCode::ReviewConsecutiveDays),
        // The score says itself what it looked at.
        (velocity.risk_score >= look.ctx.terms.risk_review_from, GateCode::ReviewRisk),
    ]
    .into_iter()
    .filter_map(|(applies, code)| applies.then_some(code))
    .collect()
}

/// What an accepted request with these reasons does to the limit.
pub(super) fn marks(look: &Look<'_>, reasons: &[GateCode]) -> Marks {
    let Some(velocity) = facts(look) else { return Marks::default() };
    let (terms, unpaid) = (look.ctx.terms, unpaid_minor(look));
    let large = part(terms.velocity.large_share, velocity.limit_minor, Rounding::Up);
    let streak = reasons.contains(&GateCode::ReviewConsecutiveDays);
    Marks {
        large: unpaid > 0 && unpaid >= large,
        lock_until: terms.velocity.lock_us.filter(|_| streak).map(|us| look.ctx.now.plus(us)),
        zero_limit: terms.unpaid_share_zeroes && day_share(look).is_some_and(|share| share.is_passed()),
    }
}

/// The day's sum that a new shop is advised to stay below, where this request passes it (C19).
pub(super) fn advice_minor(look: &Look<'_>) -> Option<i64> {
    let velocity = facts(look).filter(|velocity| velocity.new_shop)?;
    let advised =
        floor_to_yuan(part(look.ctx.terms.velocity.advice_share, velocity.limit_minor, Rounding::Down));
    let unpaid = unpaid_minor(look);
    (unpaid > 0 && velocity.unpaid_today_minor.saturating_add(unpaid) > advised).then_some(advised)
}
