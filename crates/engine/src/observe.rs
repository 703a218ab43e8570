//! What people who run a server look at (P23): how much is waiting, and since when. Every figure reads a bounded part of
//! one index, so that looking costs the same in a bad hour as in a good one; counts say up to where they count.

use purser_domain::{money::Currency, policy::keys, time::Timestamp};
use purser_storage::{Fault, Session, Statement, Value};

use crate::withdrawals::{RailFloat, floats};

/// Counts go up to here.
pub const MOST: i64 = 2_000;

static UNKNOWN: Statement = Statement {
    name: "observe.unknown",
    sql: "SELECT rail, COUNT(*), MIN(requested_at) FROM (SELECT rail, requested_at FROM withdrawals \
          WHERE finished_at IS NULL AND state = 'unknown' ORDER BY requested_at, id LIMIT ?1) AS w \
          GROUP BY rail ORDER BY rail",
};
/// Of the jobs that have been due longest: those that nobody has and that no pause after a failure holds back.
static JOBS_DUE: Statement = Statement {
    name: "observe.jobs_due",
    sql: "SELECT kind, COUNT(*), MIN(due_at) FROM (SELECT kind, due_at, lease_until FROM jobs \
          WHERE state = 0 AND due_at <= ?1 ORDER BY due_at, id LIMIT ?3) AS j \
          WHERE lease_until <= ?2 GROUP BY kind ORDER BY kind",
};
static JOBS_GIVEN_UP: Statement = Statement {
    name: "observe.jobs_given_up",
    sql: "SELECT kind, COUNT(*), MIN(due_at) FROM (SELECT kind, due_at FROM jobs \
          WHERE state = 2 ORDER BY due_at DESC, id DESC LIMIT ?1) AS j GROUP BY kind ORDER BY kind",
};
static DELIVERIES_PENDING: Statement = Statement {
    name: "observe.deliveries_pending",
    sql: "SELECT COUNT(*) FROM (SELECT * FROM (SELECT id FROM jobs WHERE kind = 'webhook.deliver' AND state = 0 \
          AND lease_until = 0 LIMIT ?1) AS free UNION ALL SELECT * FROM (SELECT id FROM jobs \
          WHERE kind = 'webhook.deliver' AND state = 0 AND lease_until > 0 LIMIT ?1) AS held LIMIT ?1) AS j",
};
static DELIVERIES_FAILED: Statement = Statement {
    name: "observe.deliveries_failed",
    sql: "SELECT COUNT(*) FROM (SELECT id FROM webhook_deliveries WHERE state = 'failed' LIMIT ?1) AS d",
};
/// Endpoints are a few: people make them.
static WEBHOOKS_FAILING: Statement = Statement {
    name: "observe.webhooks_failing",
    sql: "SELECT COUNT(*), COALESCE(MIN(failing_since), 0) FROM webhooks \
          WHERE failing_since IS NOT NULL AND state = 'active'",
};
static CASES_OPEN: Statement = Statement {
    name: "observe.cases_open",
    sql: "SELECT kind, COUNT(*), MIN(opened_at) FROM (SELECT kind, opened_at FROM cases \
          WHERE closed_at IS NULL ORDER BY id LIMIT ?1) AS c GROUP BY kind ORDER BY kind",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[
    &UNKNOWN,
    &JOBS_DUE,
    &JOBS_GIVEN_UP,
    &DELIVERIES_PENDING,
    &DELIVERIES_FAILED,
    &WEBHOOKS_FAILING,
    &CASES_OPEN,
];

/// How many of a kind there are, and since when the oldest; the kinds are those of the program or the rails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Kind of job or case, or name of a rail.
    pub of: String,
    /// How many, counted to [`MOST`] over all kinds.
    pub count: i64,
    /// When the oldest of them began to wait; business time.
    pub since: Timestamp,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Float of every rail, by the books.
    pub floats: Vec<RailFloat>,
    /// Payouts whose outcome is unknown, by rail, since they were requested.
    pub unknown: Vec<Waiting>,
    /// Jobs that are due and that nobody runs, by kind.
    pub jobs_due: Vec<Waiting>,
    /// Jobs that were given up, by kind.
    pub jobs_given_up: Vec<Waiting>,
    /// Deliveries of webhooks that have not arrived yet and will be tried.
    pub deliveries_pending: i64,
    /// Deliveries of webhooks that were given up.
    pub deliveries_failed: i64,
    /// Endpoints at which nothing arrives.
    pub webhooks_failing: i64,
    /// Since when the first of them does not; business time.
    pub webhooks_failing_since: Option<Timestamp>,
    /// Open cases, by kind, since they were opened.
    pub cases_open: Vec<Waiting>,
}

/// Looks.
///
/// # Errors
/// Storage faults.
pub fn observe(
    session: &mut dyn Session,
    currency: Currency,
    (now, machine): (Timestamp, Timestamp),
) -> Result<Observed, Fault> {
    let most = Value::Int(MOST);
    let (mut webhooks_failing, mut since) = (0, 0);
    session.query(&WEBHOOKS_FAILING, &[], &mut |row| {
        (webhooks_failing, since) = (row.int(0), row.int(1));
        false
    })?;
    Ok(Observed {
        floats: floats(session, keys::RAILS, currency)?,
        unknown: waiting(session, &UNKNOWN, &[most])?,
        jobs_due: waiting(session, &JOBS_DUE, &[Value::Int(now.0), Value::Int(machine.0), most])?,
        jobs_given_up: waiting(session, &JOBS_GIVEN_UP, &[most])?,
        deliveries_pending: number(session, &DELIVERIES_PENDING)?,
        deliveries_failed: number(session, &DELIVERIES_FAILED)?,
        webhooks_failing,
        webhooks_failing_since: (webhooks_failing > 0).then_some(Timestamp(since)),
        cases_open: waiting(session, &CASES_OPEN, &[most])?,
    })
}

fn waiting(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Vec<Waiting>, Fault> {
    let mut found = Vec::new();
    session.query(statement, params, &mut |row| {
        found.push(Waiting { of: row.text(0).to_owned(), count: row.int(1), since: Timestamp(row.int(2)) });
        true
    })?;
    Ok(found)
}

fn number(session: &mut dyn Session, statement: &'static Statement) -> Result<i64, Fault> {
    let mut found = 0;
    session.query(statement, &[Value::Int(MOST)], &mut |row| {
        found = row.int(0);
        false
    })?;
    Ok(found)
}
