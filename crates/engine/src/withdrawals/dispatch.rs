//! The dispatcher: one command per rail takes what is queued, oldest first, reserves float and queues the sends
//! (P10, X11). Requests never touch float; this does.

use purser_domain::{
    ids::{PartyId, WithdrawalId},
    time::{MINUTE, Timestamp},
    withdrawals::{self, DispatchFacts, GateCode, Outcome, RailFacts, Reason, Source, State, Withdrawal},
};
use purser_storage::Value;

use super::{
    apply,
    queries::{Located, QUEUE, QUEUE_NEWEST},
    rails::{rail_for, want_rails},
    rows::{PayoutAccountRow, WithdrawalRow},
    terms::{gate_ctx, kill_switches, payee_kind, rail_facts, standing, studio_facts, withdrawal_terms},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// How long something that is held back for another reason than float waits for its next look.
const NEXT_LOOK: i64 = MINUTE;

/// Looks at the queue of a rail.
pub struct DispatchRail {
    /// Which rail.
    pub rail: String,
    /// At most this many.
    pub limit: i64,
    /// `None` sends, oldest first. `Some`: float is short for what stands before; those queued before this place,
    /// newest first, only learn that they wait (X11).
    pub short_before: Option<QueuePlace>,
}

/// A place in a rail's queue.
pub type QueuePlace = (Timestamp, WithdrawalId);

/// What a look at a queue came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dispatched {
    /// Withdrawals looked at.
    pub looked: usize,
    /// Handed to the rail.
    pub sent: usize,
    /// Told that they wait for float.
    pub told: usize,
    /// Float did not cover the oldest: everything younger waits too.
    pub short: bool,
    /// The earliest place that was looked at.
    pub first: Option<QueuePlace>,
}

/// True for what waits for float and for nothing else.
pub(super) fn waits_for_float(withdrawal: &Withdrawal) -> bool {
    withdrawal.state == State::WaitingForFunds
        && withdrawal.reason == Some(Reason::Gate(GateCode::FloatShort))
}

impl DispatchRail {
    /// Another rail for a withdrawal of which nothing was sent, when this one is out of order; its own dispatcher
    /// takes it from there.
    fn reroute(&self, tx: &Tx, ctx: &Ctx, row: &WithdrawalRow, rail: RailFacts) -> Option<&'static str> {
        if !row.slices.is_empty() || (rail.healthy && !rail.stopped) {
            return None;
        }
        let account = tx.get::<PayoutAccountRow>(&row.destination)?;
        rail_for(tx, ctx, &account.kind, row.amount).filter(|other| *other != self.rail)
    }
}

fn look_later(tx: &mut Tx, ctx: &Ctx, mut row: WithdrawalRow) {
    row.next_at = ctx.now.plus(NEXT_LOOK);
    row.version += 1;
    tx.put(row);
}

/// The books refuse what one withdrawal's dispatch would write. That is a defect somebody has to look at; those behind
/// it go on.
fn refuse(tx: &mut Tx, ctx: &Ctx, row: WithdrawalRow, refused: &Rejection) {
    tracing::error!(withdrawal = %row.id, code = refused.code, "a withdrawal could not be dispatched");
    let facts = Facts::new().text("rail", &row.rail).text("code", refused.code);
    tx.event("withdrawal.dispatch_refused", Some(row.party), &row.id.to_string(), facts);
    look_later(tx, ctx, row);
}

/// Looks at the queue of a rail that this server does not serve: only while it is switched off, out of order or out of
/// everybody's reach, and to move what is queued, not to send it.
pub(super) struct RerouteRail(pub(super) DispatchRail);

impl Command for RerouteRail {
    type Output = Dispatched;

    fn name(&self) -> &'static str {
        "rail.reroute"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        self.0.lookups(needs);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.0.needs(needs, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Dispatched, Rejection> {
        let rail = rail_facts(tx, ctx, &self.0.rail);
        if rail.healthy && !rail.stopped { Ok(Dispatched::default()) } else { self.0.decide(tx, ctx) }
    }

    fn audited(&self) -> bool {
        false
    }
}

impl Command for DispatchRail {
    type Output = Dispatched;

    fn name(&self) -> &'static str {
        "rail.dispatch"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        let now = needs.now().0;
        match self.short_before {
            None => {
                let params = [Value::Text(&self.rail), Value::Int(now), Value::Int(self.limit)];
                needs.list::<WithdrawalRow>(&QUEUE, &params);
            }
            Some((at, id)) => {
                let (at, id) = (Value::Int(at.0.min(now)), Value::Bytes(&id.0.0));
                let params = [Value::Text(&self.rail), at, id, Value::Int(self.limit)];
                needs.list::<WithdrawalRow>(&QUEUE_NEWEST, &params);
            }
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want_rails(needs, ctx);
        let queued: Vec<(WithdrawalRow, PartyId)> =
            needs.loaded::<WithdrawalRow>().map(|row| (row.clone(), row.party)).collect();
        for (row, party) in queued {
            // Slices that wait for the rail's funds may be released here.
            let slices: Vec<u16> = row.withdrawal().slices.iter().map(|slice| slice.number).collect();
            apply::want(needs, &Located::from(&row), &slices, ctx);
            needs.row::<PartyRow>(party);
            needs.row::<PayoutAccountRow>(row.destination);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Dispatched, Rejection> {
        let ready = |row: &&WithdrawalRow| {
            row.queued
                && row.rail == self.rail
                && row.next_at <= ctx.now
                && self.short_before.is_none_or(|place| (row.next_at, row.id) < place)
        };
        let mut queue: Vec<WithdrawalRow> = tx.rows::<WithdrawalRow>().filter(ready).cloned().collect();
        // Oldest request first, also when it was held back and put off meanwhile (X11).
        queue.sort_by_key(|row| (row.requested_at, row.id));
        let terms = withdrawal_terms(ctx.rules.policy.now(ctx.now));
        let gate = gate_ctx(ctx, &terms);
        let short = self.short_before.is_some();
        let first = queue.iter().map(|row| (row.next_at, row.id)).min();
        let mut done = Dispatched { short, first, ..Dispatched::default() };
        for mut row in queue {
            if !tx.is_loaded::<PartyRow>(&row.party) {
                continue;
            }
            let Some(party) = tx.get::<PartyRow>(&row.party).cloned() else { continue };
            done.looked += 1;
            let mut rail = rail_facts(tx, ctx, &self.rail);
            if let Some(other) = self.reroute(tx, ctx, &row, rail) {
                tx.event(
                    "withdrawal.rerouted",
                    Some(row.party),
                    &row.id.to_string(),
                    Facts::new().text("rail", other),
                );
                other.clone_into(&mut row.rail);
                row.version += 1;
                tx.put(row);
                continue;
            }
            // Oldest first: once one has to wait for float, nothing younger overtakes it.
            rail.marked_short |= done.short;
            let facts = DispatchFacts {
                standing: standing(&party),
                kill: kill_switches(ctx, &party, Source::named(&row.source)),
                kind: payee_kind(&party, false),
                // The threshold was looked at when the money was asked for; here only the way it may go counts.
                studio: studio_facts(&party, || 0),
                destination: tx
                    .get::<PayoutAccountRow>(&row.destination)
                    .and_then(PayoutAccountRow::destination),
                rail,
            };
            let withdrawal = row.withdrawal();
            match withdrawals::dispatch(&withdrawal, &facts, &gate) {
                Ok(Outcome::Changed(decision)) => {
                    let after = &decision.withdrawal;
                    let short = waits_for_float(after);
                    let held =
                        matches!(after.state, State::Requested | State::Scheduled | State::WaitingForFunds);
                    let mut changed = row.clone();
                    if short {
                        // Back to its place among those that wait for float.
                        changed.next_at = changed.next_at.min(changed.dispatch_at);
                    } else if held {
                        changed.next_at = ctx.now.plus(NEXT_LOOK);
                    }
                    let mark = tx.mark();
                    if let Err(refused) = apply::apply(tx, ctx, &decision, changed) {
                        tx.rollback(mark);
                        refuse(tx, ctx, row, &refused);
                        continue;
                    }
                    done.short |= short;
                    done.told += usize::from(short);
                    done.sent += usize::from(after.state == State::Sending);
                }
                Ok(Outcome::Unchanged) if waits_for_float(&withdrawal) => done.short = true,
                Ok(Outcome::Unchanged) | Err(_) => look_later(tx, ctx, row),
            }
        }
        Ok(done)
    }

    fn audited(&self) -> bool {
        false
    }
}
