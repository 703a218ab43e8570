//! What the engine does by itself: expired holds, old outcomes, missing calendar years. Each is a command over a
//! stated number of rows, planned from a read; what is left over comes in the next round.

use purser_domain::{
    ids::{AccountId, JobId, TransferId, Uid},
    ledger::{Hold, HoldState, Step, TransferKind, TransferRequest},
    policy::keys,
    time::{DAY, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::Progress;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::{AccountInfo, HoldRow, Idempotency, JobRow, JobState},
    tx::{Needs, Tx},
};

/// How long a finished job can still be looked at.
const DONE_KEPT: i64 = 7 * DAY;
/// Finished jobs cleared away in one commit.
const DONE: usize = 1_000;
/// Holds released in one commit.
const HOLDS: usize = 500;
/// Remembered outcomes looked at in one round.
const OUTCOMES: usize = 2_000;
/// Commands whose outcomes are kept for the longer time that clicks have.
const CLICK_COMMANDS: &str = "ads.";

static EXPIRED: Statement = Statement {
    name: "jobs.expired_holds",
    sql: "SELECT id, debit, credit, amount, remaining, state, expires_at FROM holds \
          WHERE state = 0 AND expires_at IS NOT NULL AND expires_at >= ?1 AND expires_at <= ?2 \
          AND (expires_at > ?1 OR id > ?3) ORDER BY expires_at, id LIMIT ?4",
};
static OUTCOMES_AFTER: Statement = Statement {
    name: "jobs.outcomes_after",
    sql: "SELECT client, key, at FROM idempotency WHERE (client, key) > (?1, ?2) ORDER BY client, key LIMIT ?3",
};

static DONE_BEFORE: Statement = Statement {
    name: "jobs.done_before",
    sql: "SELECT id, kind, subject, due_at, state, attempts, token, lease_until, last_run_at, last_error, payload \
          FROM jobs WHERE state = 1 AND due_at <= ?1 AND (last_run_at IS NULL OR last_run_at <= ?1) \
          ORDER BY due_at, id LIMIT ?2",
};

pub(super) const STATEMENTS: &[&Statement] = &[&EXPIRED, &OUTCOMES_AFTER, &DONE_BEFORE];

/// Gives back what holds reserve whose expiry has passed (M: the expiry takes effect at its instant, its posting
/// follows by job). From its instant on a hold cannot be settled any more; what it reserves counts as reserved
/// until this job has posted the release, which it does each full minute: within a minute of the instant, and later
/// only while no server runs jobs or a backlog of more than 500 is worked off. The lock on each hold makes sure that it is given back once.
/// One that the books refuse to give back holds up no other: it is told of once and tried again in the next round.
#[derive(Debug, Clone)]
pub struct ReleaseExpiredHolds {
    /// Hold, debit account, credit account.
    holds: Vec<(TransferId, AccountId, AccountId)>,
    /// Where the next page begins; `None` when this is the last.
    next: Option<(Timestamp, TransferId)>,
    /// The first hold that was refused, as it was told last.
    told: Option<String>,
}

impl ReleaseExpiredHolds {
    /// The holds that have expired at `now`, the oldest first, at most 500; `payload` is that of the run before.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, payload: &Facts, now: Timestamp) -> Result<Self, Fault> {
        let limit = i64::try_from(HOLDS).unwrap_or(i64::MAX);
        let id = payload.get_text("hold").and_then(|text| Uid::parse(&text, HOLD).ok());
        let (at, id) = payload.get_int("expires_at").zip(id).unwrap_or((i64::MIN, Uid::NIL));
        let (mut holds, mut last) = (Vec::new(), None);
        let params = [Value::Int(at), Value::Int(now.0), Value::Bytes(&id.0), Value::Int(limit)];
        reads.query(&EXPIRED, &params, &mut |row| {
            let Hold { id, debit, credit, expires_at, .. } = HoldRow::read(row).0;
            holds.push((id, debit, credit));
            last = expires_at.map(|at| (at, id));
            true
        })?;
        let next = last.filter(|_| holds.len() >= HOLDS);
        Ok(Self { holds, next, told: payload.get_text("refused") })
    }
}

/// Prefix of a hold in the payload.
const HOLD: &str = "hold";

impl Command for ReleaseExpiredHolds {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "holds.expire"
    }

    fn weight(&self) -> usize {
        self.holds.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for (hold, debit, credit) in &self.holds {
            needs.hold(*hold);
            needs.transfer(*hold);
            needs.account_id(*debit);
            needs.account_id(*credit);
            needs.row::<AccountInfo>(*debit);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut refused: Option<(TransferId, &'static str)> = None;
        for (id, _, _) in &self.holds {
            let Some(hold) = tx.hold(*id) else { continue };
            let expired = hold.expires_at.is_some_and(|at| at <= ctx.now);
            if hold.state != HoldState::Open || !expired {
                continue;
            }
            let mark = tx.mark();
            if let Err(refusal) = release(tx, ctx, &hold) {
                tx.rollback(mark);
                tracing::error!(hold = %id, code = refusal.code, "an expired hold could not be given back");
                refused = refused.or(Some((*id, refusal.code)));
            }
        }
        let mut payload = Facts::new();
        if let Some((id, code)) = refused {
            let id = id.to_string();
            if self.told.as_ref() != Some(&id) {
                tx.event("hold.expiry_refused", None, &id, Facts::new().text("code", code));
            }
            payload = payload.text("refused", id);
        } else if let Some(told) = self.told.as_ref().filter(|_| self.next.is_some()) {
            payload = payload.text("refused", told);
        }
        if let Some((at, id)) = self.next {
            payload = payload.int("expires_at", at.0).text("hold", id.0.with_prefix(HOLD));
        }
        Ok(Progress { more: self.next.is_some(), payload: Some(payload) })
    }

    fn audited(&self) -> bool {
        false
    }
}

fn release(tx: &mut Tx, ctx: &Ctx, hold: &Hold) -> Result<(), Rejection> {
    let (kind, reference) = tx
        .transfer(hold.id)
        .map_or((TransferKind::Manual.code(), Uid::NIL), |line| (line.kind, line.reference));
    let currency = tx.account(hold.debit).map_or(ctx.rules.currency, |account| account.currency);
    let request = TransferRequest {
        id: tx.new_id(),
        step: Step::Release { hold: hold.id },
        debit: hold.debit,
        credit: hold.credit,
        amount_minor: hold.remaining_minor,
        currency,
        kind,
        reference,
    };
    tx.post(&request)?;
    let owner = tx.get::<AccountInfo>(&hold.debit).map(|info| info.reference.owner);
    let party = match owner {
        Some(purser_domain::ledger::Owner::Party(party)) => Some(party),
        _ => None,
    };
    let facts = Facts::new().int("amount_minor", hold.remaining_minor).opt_at("expired_at", hold.expires_at);
    tx.event("hold.expired", party, &hold.id.to_string(), facts);
    Ok(())
}

/// Forgets outcomes that are older than policy keeps them (P19), page by page in the order of their keys: no index
/// by time slows down every write for the sake of this.
#[derive(Debug, Clone)]
pub struct CleanIdempotency {
    keys: Vec<(Uid, String)>,
    next: Option<(Uid, String)>,
}

impl CleanIdempotency {
    /// The page that follows where the last round ended.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, payload: &Facts) -> Result<Self, Fault> {
        let client = payload.get_text("client").and_then(|text| Uid::parse(&text, CLIENT).ok());
        let key = payload.get_text("key").unwrap_or_default();
        let limit = i64::try_from(OUTCOMES).unwrap_or(i64::MAX);
        let mut keys = Vec::new();
        let after = client.unwrap_or(Uid::NIL).0;
        let params = [Value::Bytes(&after), Value::Text(&key), Value::Int(limit)];
        reads.query(&OUTCOMES_AFTER, &params, &mut |row| {
            keys.push((row.uid(0), row.text(1).to_owned()));
            true
        })?;
        let next = if keys.len() < OUTCOMES { None } else { keys.last().cloned() };
        Ok(Self { keys, next })
    }
}

/// Prefix of a client in the payload.
const CLIENT: &str = "client";

impl Command for CleanIdempotency {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "idempotency.clean"
    }

    fn weight(&self) -> usize {
        self.keys.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for key in &self.keys {
            needs.row::<Idempotency>(key.clone());
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let policy = ctx.rules.policy.now(ctx.now);
        let kept = policy.value(keys::IDEMPOTENCY_RETENTION);
        let kept_clicks = policy.value(keys::IDEMPOTENCY_CLICK_RETENTION).max(kept);
        for key in &self.keys {
            let old = tx.get::<Idempotency>(key).is_some_and(|row| {
                let kept = if row.command.starts_with(CLICK_COMMANDS) { kept_clicks } else { kept };
                row.at.plus(i64::from(kept).saturating_mul(DAY)) <= ctx.now
            });
            if old {
                tx.delete::<Idempotency>(key.clone());
            }
        }
        let payload = self.next.as_ref().map_or_else(Facts::new, |(client, key)| {
            Facts::new().text("client", client.with_prefix(CLIENT)).text("key", key)
        });
        Ok(Progress { more: self.next.is_some(), payload: Some(payload) })
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Clears away jobs that finished more than 7 days ago, at most 1,000 at a time. Failed ones stay: somebody has to
/// look at them.
#[derive(Debug, Clone)]
pub struct CleanJobs {
    jobs: Vec<JobId>,
}

impl CleanJobs {
    /// The jobs that finished long enough before `now`, the longest ago first.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = i64::try_from(DONE).unwrap_or(i64::MAX);
        let mut jobs = Vec::new();
        reads.query(&DONE_BEFORE, &[Value::Int(now.plus(-DONE_KEPT).0), Value::Int(limit)], &mut |row| {
            jobs.push(JobRow::read(row).id);
            true
        })?;
        Ok(Self { jobs })
    }
}

impl Command for CleanJobs {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "jobs.clean"
    }

    fn weight(&self) -> usize {
        self.jobs.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for job in &self.jobs {
            needs.row::<JobRow>(*job);
        }
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<Progress, Rejection> {
        for id in &self.jobs {
            // Wanted again since it was planned: not done any more.
            if tx.get::<JobRow>(id).is_some_and(|row| row.state == JobState::Done) {
                tx.delete::<JobRow>(*id);
            }
        }
        Ok(Progress { more: self.jobs.len() >= DONE, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Says once for each set of missing years that they have to be imported (P5).
#[derive(Debug, Clone)]
pub struct WarnOfCalendar {
    /// What the last round warned of.
    pub warned: Facts,
}

impl Command for WarnOfCalendar {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "calendar.warn"
    }

    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let ahead = ctx.rules.policy.now(ctx.now).value(keys::CALENDAR_WARNING);
        let missing = ctx.rules.calendar.missing_within(ctx.today, ahead);
        let years = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        if !years.is_empty() && self.warned.get_text("years").as_deref() != Some(&years) {
            let known_until = ctx.rules.calendar.known_until().to_string();
            let facts = Facts::new().text("years", &years).text("known_until", known_until);
            tx.event("calendar.year_missing", None, &years, facts);
        }
        Ok(Progress { more: false, payload: Some(Facts::new().text("years", years)) })
    }

    fn audited(&self) -> bool {
        false
    }
}
