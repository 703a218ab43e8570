//! What comes round for withdrawals: those whose payout clock ran out are put before staff (X12), promises that
//! waited for the calendar are made (P5), low float is told (P12).

use purser_domain::{
    casework::Kind,
    ids::{TypedId as _, Uid, WithdrawalId},
    ledger::{Account, AccountRef},
    policy::keys,
    time::Timestamp,
    withdrawals::{State, is_overdue},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    apply,
    records::{Waiting, waiting_for_funds},
    rows::{RailRow, WithdrawalRow},
    terms::funds_expected_at,
};
use crate::{
    cases::{self, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Withdrawals looked at in one commit.
const ROUND: i64 = 200;

static OVERDUE: Statement = Statement {
    name: "withdrawals.overdue",
    sql: "SELECT id, deadline_at FROM withdrawals WHERE finished_at IS NULL AND (deadline_at, id) > (?1, ?2) \
          AND deadline_at <= ?3 ORDER BY deadline_at, id LIMIT ?4",
};
static UNDATED: Statement = Statement {
    name: "withdrawals.undated",
    sql: "SELECT id FROM withdrawals WHERE state = 'waiting_for_funds' AND expected_at IS NULL ORDER BY id LIMIT ?1",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OVERDUE, &UNDATED];

/// Puts withdrawals whose payout clock ran out before staff, each once, as a case; and dates what waits for funds
/// once the calendar knows.
///
/// A deadline lies in the future when it is written, so a mark of how far they were told misses none.
#[derive(Debug, Clone)]
pub struct TendWithdrawals {
    overdue: Vec<WithdrawalId>,
    undated: Vec<WithdrawalId>,
    told: Option<(Timestamp, WithdrawalId)>,
}

impl TendWithdrawals {
    /// What there is to do at `now`, at most 200 of each; `told` is the payload of the run before.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, told: &Facts, now: Timestamp) -> Result<Self, Fault> {
        let mark = told.get_int("deadline_at").zip(told.get_text("id").and_then(|id| id.parse().ok()));
        let mut told: Option<(Timestamp, WithdrawalId)> = mark.map(|(at, id)| (Timestamp(at), id));
        let (at, id) = told.unwrap_or((Timestamp(i64::MIN), WithdrawalId(Uid::NIL)));
        let params = [Value::Int(at.0), Value::Bytes(&id.0.0), Value::Int(now.0), Value::Int(ROUND)];
        let (mut overdue, mut undated) = (Vec::new(), Vec::new());
        reads.query(&OVERDUE, &params, &mut |row| {
            let id = WithdrawalId::from_uid(row.uid(0));
            told = Some((Timestamp(row.int(1)), id));
            overdue.push(id);
            true
        })?;
        reads.query(&UNDATED, &[Value::Int(ROUND)], &mut |row| {
            undated.push(WithdrawalId::from_uid(row.uid(0)));
            true
        })?;
        Ok(Self { overdue, undated, told })
    }
}

impl Command for TendWithdrawals {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "withdrawals.tend"
    }

    fn weight(&self) -> usize {
        (self.overdue.len() + self.undated.len()).max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for id in self.overdue.iter().chain(&self.undated) {
            needs.row::<WithdrawalRow>(*id);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        for id in &self.overdue {
            let Some(row) = tx.get::<WithdrawalRow>(id).cloned() else { continue };
            if !is_overdue(&row.withdrawal(), ctx.now) {
                continue;
            }
            let new = NewCase {
                kind: Kind::PayoutOverdue,
                party: Some(row.party),
                subject: id.to_string(),
                summary: "提现超过承诺时间未完成 / A payout takes longer than promised".to_owned(),
                due_at: None,
            };
            cases::open(tx, ctx, new);
            tx.notify("withdrawal.overdue", row.party, &id.to_string(), apply::facts(&row));
        }
        let mut dated = 0;
        let expected_at = funds_expected_at(ctx);
        for id in self.undated.iter().filter(|_| expected_at.is_some()) {
            let Some(mut row) = tx.get::<WithdrawalRow>(id).cloned() else { continue };
            if row.state == State::WaitingForFunds.name() && row.expected_at.is_none() {
                row.expected_at = expected_at;
                row.version += 1;
                tx.notify("withdrawal.dated", row.party, &id.to_string(), apply::facts(&row));
                tx.put(row);
                dated += 1;
            }
        }
        let full = |count: usize| i64::try_from(count).is_ok_and(|count| count >= ROUND);
        let payload =
            self.told.map(|(at, id)| Facts::new().int("deadline_at", at.0).text("id", id.to_string()));
        Ok(Progress { more: full(self.overdue.len()) || full(dated), payload })
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Tells finance once when the float of a rail falls below what policy wants there (P12), and again only after it
/// was above it. A rail that was never funded is not used, and not told of.
#[derive(Debug, Clone)]
pub struct WatchFloat {
    told: Facts,
    waiting: Vec<Waiting>,
}

impl WatchFloat {
    /// `told` is the payload of the run before.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, told: &Facts) -> Result<Self, Fault> {
        Ok(Self { told: told.clone(), waiting: waiting_for_funds(reads)? })
    }
}

impl Command for WatchFloat {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "float.watch"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for rail in keys::RAILS {
            needs.row::<RailRow>((*rail).to_owned());
            needs.account(&AccountRef::float(rail, ctx.rules.currency));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut payload = Facts::new();
        for rail in keys::RAILS {
            let Some(known) = keys::of_rail(rail) else { continue };
            let wanted = ctx.rules.policy.now(ctx.now).value(known.low_float);
            let account = tx.account(AccountRef::float(rail, ctx.rules.currency).id());
            let Some(available) = account.filter(|a| a.entries > 0).map(Account::available) else { continue };
            let short = tx.get::<RailRow>(&(*rail).to_owned()).is_some_and(|row| row.marked_short);
            if available >= wanted && !short {
                continue;
            }
            payload = payload.flag(rail, true);
            if self.told.get(rail).is_some() {
                continue;
            }
            let waiting = self.waiting.iter().find(|waiting| waiting.rail == *rail);
            let facts = Facts::new()
                .int("available_minor", available)
                .int("wanted_minor", wanted)
                .flag("marked_short", short)
                .int("waiting", waiting.map_or(0, |waiting| waiting.count))
                .opt_at("waiting_since", waiting.map(|waiting| waiting.since));
            tx.event("float.low", None, rail, facts);
        }
        Ok(Progress { more: false, payload: Some(payload) })
    }

    fn audited(&self) -> bool {
        false
    }
}
