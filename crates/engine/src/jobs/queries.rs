//! Which jobs there are.

use purser_domain::{
    ids::{JobId, Uid},
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

/// Kinds that one statement asks for.
const KINDS: usize = 16;

/// A branch for each of the sixteen kinds, each of which reads one range of an index and no more than it returns.
macro_rules! of_each_kind {
    ($condition:literal) => {
        of_each_kind!($condition, "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16")
    };
    ($condition:literal, $first:literal $($other:literal)*) => {
        concat!(of_each_kind!(@ $condition, $first), $(" UNION ALL ", of_each_kind!(@ $condition, $other),)*)
    };
    (@ $condition:literal, $kind:literal) => {
        concat!(
            "SELECT * FROM (SELECT id, kind, subject, due_at, state, attempts, token, lease_until, last_run_at, \
             last_error, payload FROM jobs WHERE kind = ?",
            $kind,
            " AND ",
            $condition,
            ") AS k",
            $kind
        )
    };
}

/// What nobody has and what did not fail since it became due, by index `jobs_free`.
static FREE: Statement = Statement {
    name: "jobs.free",
    sql: of_each_kind!(
        "state = 0 AND lease_until = 0 AND (due_at, id) > (?17, ?18) AND due_at <= ?19 ORDER BY due_at, id LIMIT ?20"
    ),
};
/// What somebody had or what failed, once its time is over, by index `jobs_held`.
static OVER: Statement = Statement {
    name: "jobs.over",
    sql: of_each_kind!(
        "state = 0 AND lease_until > 0 AND (lease_until, id) > (?17, ?18) AND lease_until <= ?19 AND due_at <= ?21 \
         ORDER BY lease_until, id LIMIT ?20"
    ),
};

pub(super) const STATEMENTS: &[&Statement] = &[&DUE, &BY_STATE, &LEASED, &FREE, &OVER];

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
    let (first, limit) = (Uid::NIL, Value::Int(i64::from(limit)));
    let first =
        [Value::Int(i64::MIN), Value::Bytes(&first.0), Value::Int(now.0), Value::Int(machine.0), limit];
    rows(session, &DUE, &first)
}

/// A place among jobs that may run: when each of them could, and which.
pub(super) type Place = (Timestamp, JobId);

/// Before every place.
pub(super) const BEGIN: Place = (Timestamp(i64::MIN), JobId(Uid::NIL));

/// Which of the jobs that may run are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    /// Those that nobody has had since they became due, the longest due first.
    Free,
    /// Those whose lease or pause is over, the longest over first.
    Over,
}

impl May {
    /// Where a job stands among them.
    pub(super) fn place(self, row: &JobRow) -> Place {
        match self {
            Self::Free => (row.due_at, row.id),
            Self::Over => (row.lease_until, row.id),
        }
    }

    /// Jobs of `kinds` behind `last` that may run at business time `now` and machine time `machine`. Jobs of other
    /// kinds, and those that wait, are not read, however many there are.
    ///
    /// # Errors
    /// Storage faults.
    pub(super) fn after(
        self,
        session: &mut dyn Session,
        kinds: &[&str],
        last: Place,
        (now, machine): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<JobRow>, Fault> {
        let mut found = Vec::new();
        for kinds in kinds.chunks(KINDS) {
            // No job has an empty kind.
            let kind = |n: usize| Value::Text(kinds.get(n).copied().unwrap_or_default());
            let mut params: Vec<Value<'_>> = (0..KINDS).map(kind).collect();
            params.extend([Value::Int(last.0.0), Value::Bytes(&last.1.0.0)]);
            let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
            match self {
                Self::Free => {
                    params.extend([Value::Int(now.0), limit]);
                    found.extend(rows(session, &FREE, &params)?);
                }
                Self::Over => {
                    params.extend([Value::Int(machine.0), limit, Value::Int(now.0)]);
                    found.extend(rows(session, &OVER, &params)?);
                }
            }
        }
        found.sort_by_key(|row| self.place(row));
        found.truncate(limit);
        Ok(found)
    }
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
