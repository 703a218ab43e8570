//! A dry run of a proposed pack over past decisions (P4): what it would have decided otherwise.
//!
//! Most changes begin at a date to come, so facts of the past would not meet them at all. Both packs are therefore asked as
//! of the day on which the last change is in force, about the same facts as they are written down: what differs is the
//! change alone, not what else became of the rules since.

use purser_domain::{
    ids::{TypedId as _, WithdrawalId},
    money::{Rate, Rounding},
    policy::{PolicyPack, PolicySet, PolicyVersion, PolicyView, diff, keys},
    time::{Date, Timestamp, Zone},
    withdrawals::{Usage, fee},
};
use purser_storage::{Fault, Session, Statement, Value};

use crate::{facts::Facts, withdrawals::withdrawal_terms};

/// Decisions of a kind that one trial looks at.
pub const TRIAL_MAX: i64 = 200_000;
/// Decisions that a trial names.
pub const TRIAL_NAMED: usize = 20;

static ORDERS: Statement = Statement {
    name: "trial.orders",
    sql: "SELECT kind, amount FROM task_orders WHERE accepted_at >= ?1 AND status <> 'cancelled' ORDER BY id LIMIT ?2",
};
static WITHDRAWALS: Statement = Statement {
    name: "trial.withdrawals",
    sql: "SELECT id, source, amount, basis FROM withdrawals WHERE requested_at >= ?1 ORDER BY id DESC LIMIT ?2",
};

/// Statements of this file.
pub(super) const STATEMENTS: &[&Statement] = &[&ORDERS, &WITHDRAWALS];

/// Decisions of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tried {
    /// Looked at.
    pub looked: i64,
    /// Decided otherwise.
    pub changed: i64,
    /// What the platform's fees would be more, minor units.
    pub fee_difference_minor: i128,
}

/// What a proposed pack would have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The day as of which both packs were asked.
    pub judged_on: Date,
    /// Fees of task orders that were accepted (X13).
    pub orders: Tried,
    /// Requests of withdrawals: refused, reviewed, by how many people, at which fee (G, C15, P16).
    pub withdrawals: Tried,
    /// Of these, requests that would be refused now.
    pub refused: i64,
    /// And such that were refused by the pack in force, were it asked as of that day.
    pub admitted: i64,
    /// Withdrawals that would be decided otherwise, newest first, at most [`TRIAL_NAMED`].
    pub examples: Vec<WithdrawalId>,
    /// Everything of these days was looked at.
    pub complete: bool,
}

/// What a pack decides about a request.
#[derive(PartialEq, Eq)]
struct Outcome {
    refused: bool,
    reviewed: bool,
    two_people: bool,
    fee_minor: i64,
}

fn alone(zone: &Zone, pack: &PolicyPack) -> PolicySet {
    let version = PolicyVersion { number: 1, activated_at: Timestamp(i64::MIN), pack: pack.clone() };
    PolicySet::new(zone.clone(), version)
}

fn service_fee(view: PolicyView<'_>, kind: &str, amount: i64) -> i64 {
    let rate: Rate = view.value(match kind {
        "agency_signed" => keys::SERVICE_FEE_AGENCY,
        "corporate" => keys::SERVICE_FEE_CORPORATE,
        _ => keys::SERVICE_FEE_INDEPENDENT,
    });
    rate.of(amount, Rounding::HalfUp).unwrap_or(0)
}

fn outcome(view: PolicyView<'_>, source: &str, amount: i64, basis: &Facts) -> Outcome {
    let terms = withdrawal_terms(view);
    let first = basis.get_text("fee_rule").is_some_and(|rule| rule == "first_free");
    let usage = Usage {
        today_minor: 0,
        year_minor: basis.get_int("year_before_minor").unwrap_or(0),
        standing: u32::from(!first),
    };
    let fee_terms = if source == "proceeds" { &terms.proceeds_fee } else { &terms.earnings_fee };
    Outcome {
        refused: amount < terms.minimum_minor,
        reviewed: terms.review_from_minor.is_some_and(|from| amount >= from),
        two_people: amount >= terms.two_person_from_minor,
        fee_minor: fee(amount, &usage, fee_terms),
    }
}

/// Tries a pack on what was decided since `from`. `today` is the day from which it could be in force.
///
/// # Errors
/// Storage faults.
pub fn try_pack(
    session: &mut dyn Session,
    zone: &Zone,
    (current, proposed): (&PolicyPack, &PolicyPack),
    from: Timestamp,
    today: Date,
) -> Result<Trial, Fault> {
    let last = diff(current, proposed).iter().map(|change| change.effective_from).max();
    let judged_on = last.map_or(today, |last| last.max(today));
    let (before, after) = (alone(zone, current), alone(zone, proposed));
    let at = zone.start_of(judged_on);
    let (before, after) = (before.now(at), after.now(at));
    let mut trial = Trial {
        judged_on,
        orders: Tried::default(),
        withdrawals: Tried::default(),
        refused: 0,
        admitted: 0,
        examples: Vec::new(),
        complete: true,
    };
    let params = [Value::Int(from.0), Value::Int(TRIAL_MAX + 1)];
    let tally = &mut trial.orders;
    session.query(&ORDERS, &params, &mut |row| {
        let (old, new) =
            (service_fee(before, row.text(0), row.int(1)), service_fee(after, row.text(0), row.int(1)));
        count(tally, old != new, i128::from(new) - i128::from(old))
    })?;
    session.query(&WITHDRAWALS, &params, &mut |row| {
        let basis = Facts::decode(row.text(3));
        let [old, new] = [before, after].map(|view| outcome(view, row.text(1), row.int(2), &basis));
        let changed = old != new;
        trial.refused += i64::from(new.refused && !old.refused);
        trial.admitted += i64::from(old.refused && !new.refused);
        if changed && trial.examples.len() < TRIAL_NAMED {
            trial.examples.push(WithdrawalId::from_uid(row.uid(0)));
        }
        // What is refused pays nothing.
        let pays = |outcome: &Outcome| if outcome.refused { 0 } else { i128::from(outcome.fee_minor) };
        count(&mut trial.withdrawals, changed, pays(&new) - pays(&old))
    })?;
    trial.complete = trial.orders.looked <= TRIAL_MAX && trial.withdrawals.looked <= TRIAL_MAX;
    for tally in [&mut trial.orders, &mut trial.withdrawals] {
        tally.looked = tally.looked.min(TRIAL_MAX);
    }
    Ok(trial)
}

/// Counts one; the one beyond the most only says that there are more.
fn count(tally: &mut Tried, changed: bool, difference: i128) -> bool {
    tally.looked += 1;
    if tally.looked <= TRIAL_MAX {
        tally.changed += i64::from(changed);
        tally.fee_difference_minor += difference;
    }
    true
}
