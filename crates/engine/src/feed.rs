//! What left the commands, read back: events (P15), messages, jobs, remembered outcomes.
//!
//! Rows carry their group, and groups are numbered per lane without gaps, in commit order. A reader that
//! remembers where it is in every lane therefore misses nothing, also when several servers write.

use purser_domain::ids::{JobId, MessageId, PartyId, Uid};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use crate::{
    chain::{group_number, group_parts},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::{EventRow, Idempotency, JobRow, MessageRow},
    tx::{Needs, Tx},
};

static LANES: Statement = Statement { name: "feed.lanes", sql: "SELECT lane FROM lanes ORDER BY lane" };
static HEADS: Statement = Statement { name: "feed.heads", sql: "SELECT lane, seq FROM lanes ORDER BY lane" };
static EVENTS: Statement = Statement {
    name: "feed.events",
    sql: "SELECT grp, n, at, kind, party, subject, facts FROM events \
          WHERE grp >= ?1 AND grp < ?2 AND (grp > ?1 OR n > ?3) ORDER BY grp, n LIMIT ?4",
};
static MESSAGES: Statement = Statement {
    name: "feed.messages",
    sql: "SELECT party, id, at, kind, subject, facts, read_at FROM messages \
          WHERE party = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
};
static UNREAD: Statement = Statement {
    name: "feed.unread",
    sql: "SELECT party, id, at, kind, subject, facts, read_at FROM messages \
          WHERE party = ?1 AND id < ?2 AND read_at IS NULL ORDER BY id DESC LIMIT ?3",
};
static UNREAD_COUNT: Statement = Statement {
    name: "feed.unread_count",
    sql: "SELECT COUNT(*) FROM (SELECT id FROM messages WHERE party = ?1 AND read_at IS NULL LIMIT ?2) AS unread",
};
static JOBS: Statement = Statement {
    name: "feed.jobs",
    sql: "SELECT id, kind, subject, due_at, state, attempts, token, lease_until, last_run_at, last_error, payload \
          FROM jobs WHERE id < ?1 AND (?2 < 0 OR state = ?2) ORDER BY id DESC LIMIT ?3",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] =
    &[&LANES, &HEADS, &EVENTS, &MESSAGES, &UNREAD, &UNREAD_COUNT, &JOBS];

/// Larger than every id: where newest-first lists begin.
pub const NEWEST: Uid = Uid([0xff; 16]);

/// The id of an event: lane, group and position. Unique, and never another one's.
pub fn event_id(grp: i64, n: i64) -> String {
    let (lane, seq) = group_parts(grp);
    format!("{lane}-{seq}-{n}")
}

/// Position in one lane: sequence of a group, and position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Lane.
    pub lane: i64,
    /// Group in the lane.
    pub seq: i64,
    /// Position in the group.
    pub n: i64,
}

/// Where a reader is: one place per lane that it has seen something of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places(pub Vec<Place>);

impl Places {
    pub(crate) fn get(&self, lane: i64) -> Option<Place> {
        self.0.iter().find(|place| place.lane == lane).copied()
    }

    /// Moves past an event.
    pub fn pass(&mut self, row: &EventRow) {
        self.set(row.grp, row.n);
    }

    pub(crate) fn set(&mut self, grp: i64, n: i64) {
        let (lane, seq) = group_parts(grp);
        let place = Place { lane, seq, n };
        match self.0.iter_mut().find(|p| p.lane == lane) {
            Some(slot) => *slot = place,
            None => self.0.push(place),
        }
    }
}

/// All lanes.
pub(crate) fn lanes(session: &mut dyn Session) -> Result<Vec<i64>, Fault> {
    let mut lanes = Vec::new();
    session.query(&LANES, &[], &mut |row| {
        lanes.push(row.int(0));
        true
    })?;
    Ok(lanes)
}

/// Where the feed ends now: what is read from here on happens later.
///
/// # Errors
/// Storage faults.
pub fn newest(session: &mut dyn Session) -> Result<Places, Fault> {
    let mut places = Vec::new();
    session.query(&HEADS, &[], &mut |row| {
        places.push(Place { lane: row.int(0), seq: row.int(1), n: i64::MAX });
        true
    })?;
    Ok(Places(places))
}

/// Events after `places`, oldest first, at most `limit`; with where the reader is then.
///
/// # Errors
/// Storage faults.
pub fn events(
    session: &mut dyn Session,
    mut places: Places,
    limit: usize,
) -> Result<(Vec<EventRow>, Places), Fault> {
    let mut rows: Vec<EventRow> = Vec::new();
    for lane in lanes(session)? {
        let (seq, n) = places.get(lane).map_or((0, -1), |place| (place.seq, place.n));
        let params = [
            Value::Int(group_number(lane, seq)),
            Value::Int(group_number(lane + 1, 0)),
            Value::Int(n),
            Value::Int(count(limit)),
        ];
        session.query(&EVENTS, &params, &mut |row| {
            rows.push(EventRow::read(row));
            true
        })?;
    }
    // Instants never fall within a lane, so sorting keeps every lane in its order.
    rows.sort_by_key(|row| (row.at, row.grp, row.n));
    rows.truncate(limit);
    for row in &rows {
        places.set(row.grp, row.n);
    }
    Ok((rows, places))
}

/// Most unread messages that are counted: more are shown as this many.
pub const UNREAD_MOST: i64 = 1_000;

/// A party's messages, newest first, older than `before`; all, or only those that are not read yet (P15).
///
/// # Errors
/// Storage faults.
pub fn messages(
    session: &mut dyn Session,
    party: PartyId,
    unread: bool,
    before: Uid,
    limit: usize,
) -> Result<Vec<MessageRow>, Fault> {
    let mut rows = Vec::new();
    let params = [Value::Bytes(&party.0.0), Value::Bytes(&before.0), Value::Int(count(limit))];
    session.query(if unread { &UNREAD } else { &MESSAGES }, &params, &mut |row| {
        rows.push(MessageRow::read(row));
        true
    })?;
    Ok(rows)
}

/// How many of a party's messages are not read yet, up to [`UNREAD_MOST`] (P15).
///
/// # Errors
/// Storage faults.
pub fn unread(session: &mut dyn Session, party: PartyId) -> Result<i64, Fault> {
    let mut unread = 0;
    let params = [Value::Bytes(&party.0.0), Value::Int(UNREAD_MOST)];
    session.query(&UNREAD_COUNT, &params, &mut |row| {
        unread = row.int(0);
        false
    })?;
    Ok(unread)
}

/// Jobs, newest first, older than `before`, in one state or all.
///
/// # Errors
/// Storage faults.
pub fn jobs(
    session: &mut dyn Session,
    before: Uid,
    state: Option<crate::rows::JobState>,
    limit: usize,
) -> Result<Vec<JobRow>, Fault> {
    let mut rows = Vec::new();
    let params = [
        Value::Bytes(&before.0),
        Value::Int(state.map_or(-1, crate::rows::JobState::code)),
        Value::Int(count(limit)),
    ];
    session.query(&JOBS, &params, &mut |row| {
        rows.push(JobRow::read(row));
        true
    })?;
    Ok(rows)
}

/// A job by id.
///
/// # Errors
/// Storage faults.
pub fn job(session: &mut dyn Session, id: JobId) -> Result<Option<JobRow>, Fault> {
    one(session, id)
}

/// The remembered outcome of a client's key (P19).
///
/// # Errors
/// Storage faults.
pub fn remembered(session: &mut dyn Session, client: Uid, key: &str) -> Result<Option<Idempotency>, Fault> {
    one(session, (client, key.to_owned()))
}

/// One row by primary key.
pub(crate) fn one<T: Record>(session: &mut dyn Session, key: T::Key) -> Result<Option<T>, Fault> {
    let mut found = None;
    session.load(T::TABLE, &Keys::<T>(&[key]), Lock::None, &mut |row| found = Some(T::read(row)))?;
    Ok(found)
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Marks a message as read.
pub struct ReadMessage {
    /// To whom.
    pub party: PartyId,
    /// Which.
    pub message: MessageId,
}

impl Command for ReadMessage {
    type Output = MessageRow;

    fn name(&self) -> &'static str {
        "messages.read"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<MessageRow>((self.party, self.message));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<MessageRow, Rejection> {
        let Some(row) = tx.get::<MessageRow>(&(self.party, self.message)).cloned() else {
            return Err(Rejection::new("message_unknown", "this party has no such message"));
        };
        let row = MessageRow { read_at: row.read_at.or(Some(ctx.now)), ..row };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &MessageRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new())
    }
}
