//! Which jobs there are.

use purser_domain::{
    ids::{JobId, TypedId as _, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use crate::rows::{JobRow, JobState};

static DUE: Statement = Statement {
    name: "jobs.due",
    sql: "SELECT id, kind, subject, due_at, state, attempts, token, lease_until, last_run_at, last_error, payload \
          FROM jobs WHERE state = 0 AND (due_at, id) > (?1, ?2) AND due_at <= ?3 AND lease_until <= ?4 \
          ORDER BY due_at, id LIMIT ?5",
};
static BY_STATE: Statement = Statement {
    name: "jobs.by_state",
    sql: "SELECT id, kind, subject, due_at, state, attempts, token, lease_until, last_run_at, last_error, payload \
          FROM jobs WHERE state = ?1 ORDER BY due_at DESC, id DESC LIMIT ?2",
};
static LEASED: Statement = Statement {
    name: "jobs.leased",
    sql: "SELECT id, kind, subject, due_at, state, attempts, token, lease_until, last_run_at, last_error, payload \
          FROM jobs WHERE state = 0 AND lease_until > ?1 ORDER BY due_at, id LIMIT ?2",
};

pub(super) const STATEMENTS: &[&Statement] = &[&DUE, &BY_STATE, &LEASED];

/// Jobs that are due at business time `now` and free at machine time `machine`, the longest due first.
///
/// # Errors
/// Storage faults.
pub fn due(
    session: &mut dyn Session,
    now: Timestamp,
    machine: Timestamp,
    limit: u32,
) -> Result<Vec<JobRow>, Fault> {
    due_after(session, (Timestamp(i64::MIN), JobId::from_uid(Uid::NIL)), (now, machine), limit)
}

/// The page of [`due`] that follows `last`.
pub(super) fn due_after(
    session: &mut dyn Session,
    last: (Timestamp, JobId),
    (now, machine): (Timestamp, Timestamp),
    limit: u32,
) -> Result<Vec<JobRow>, Fault> {
    let params = [
        Value::Int(last.0.0),
        Value::Bytes(&last.1.0.0),
        Value::Int(now.0),
        Value::Int(machine.0),
        Value::Int(i64::from(limit)),
    ];
    rows(session, &DUE, &params)
}

/// Ready jobs that a runner has, or that wait after a failure, at machine time `machine`.
///
/// # Errors
/// Storage faults.
pub fn leased(session: &mut dyn Session, machine: Timestamp, limit: u32) -> Result<Vec<JobRow>, Fault> {
    rows(session, &LEASED, &[Value::Int(machine.0), Value::Int(i64::from(limit))])
}

/// Jobs of a state, the latest due first: the page of jobs. One index gives them in this order, whatever the state
/// and however many there are.
///
/// # Errors
/// Storage faults.
pub fn by_state(session: &mut dyn Session, state: JobState, limit: u32) -> Result<Vec<JobRow>, Fault> {
    rows(session, &BY_STATE, &[Value::Int(state.code()), Value::Int(i64::from(limit))])
}

fn rows(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Vec<JobRow>, Fault> {
    let mut rows = Vec::new();
    session.query(statement, params, &mut |row| {
        rows.push(JobRow::read(row));
        true
    })?;
    Ok(rows)
}
