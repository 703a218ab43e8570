//! Automatic top-ups (A11): from the party's own earnings, or by an order that waits for its payer.

use crate::time::{HOUR, Timestamp};

/// What the advertiser wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Topped up when the balance is below this, minor units.
    pub threshold_minor: i64,
    /// By how much, minor units.
    pub amount_minor: i64,
    /// Most of a civil day, minor units; 0 for no cap of its own.
    pub daily_cap_minor: i64,
}

/// What is known when it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoFacts {
    /// Cash and grants, minor units.
    pub balance_minor: i64,
    /// What is owed for clicks, minor units.
    pub arrears_minor: i64,
    /// What the source has, or the most of one payment, minor units.
    pub source_minor: i64,
    /// The least that can be paid at once, minor units; 0 where there is no least.
    pub least_minor: i64,
    /// No money may leave the source: the party is frozen or closed, or owes elsewhere.
    pub source_closed: bool,
    /// Automatic top-ups of today.
    pub today_count: u32,
    /// Their sum, minor units.
    pub today_minor: i64,
    /// Not tried again before this instant, after a refusal.
    pub retry_at: Option<Timestamp>,
    /// Refusals in a row.
    pub failures: u32,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The balance is high enough, or it is not time yet.
    Nothing,
    /// The day has had its top-ups: tomorrow.
    Tomorrow,
    /// One top-up of so much, minor units.
    TopUp(i64),
    /// Refused; not again before this instant.
    Refused {
        /// Why: `source_closed`, `source_too_low`, or `below_minimum`: cap or source allow less than can be paid at once.
        code: &'static str,
        /// Next try.
        retry_at: Timestamp,
    },
}

/// First pause after a refusal; it doubles with each further one.
const FIRST_PAUSE: i64 = HOUR;
/// Longest pause.
const LONGEST_PAUSE: i64 = 24 * HOUR;

/// Pause after so many refusals in a row, microseconds.
pub fn pause(failures: u32) -> i64 {
    FIRST_PAUSE.saturating_mul(1_i64.checked_shl(failures.min(10)).unwrap_or(1)).min(LONGEST_PAUSE)
}

/// Decides. One charge of the right size brings the balance to the threshold at least: as often the amount as that
/// takes, within the day's cap and what the source has.
pub fn decide(wish: &Wish, facts: &AutoFacts, per_day: u32, now: Timestamp) -> Verdict {
    let missing = i128::from(wish.threshold_minor) - i128::from(facts.balance_minor);
    let early = facts.retry_at.is_some_and(|at| now < at);
    if wish.amount_minor <= 0 || missing <= 0 || early {
        return Verdict::Nothing;
    }
    let left = if wish.daily_cap_minor > 0 { wish.daily_cap_minor - facts.today_minor } else { i64::MAX };
    if facts.today_count >= per_day || left < wish.amount_minor {
        return Verdict::Tomorrow;
    }
    let refused = |code| Verdict::Refused { code, retry_at: now.plus(pause(facts.failures)) };
    if facts.source_closed {
        return refused("source_closed");
    }
    let amount = i128::from(wish.amount_minor);
    let needed = (missing + i128::from(facts.arrears_minor.max(0))).max(i128::from(facts.least_minor));
    let times = ((needed + amount - 1) / amount).max(1);
    let most = i128::from(left.min(facts.source_minor.max(0)));
    let affordable = most / amount;
    match i64::try_from(times.min(affordable) * amount) {
        Ok(sum) if sum > 0 && sum < facts.least_minor => refused("below_minimum"),
        Ok(sum) if sum > 0 => Verdict::TopUp(sum),
        _ => refused("source_too_low"),
    }
}
