//! The hash chain (P3): one chain of committed groups per writer lane, tied together by checkpoints.

use purser_domain::time::{SECOND, Timestamp};
use purser_storage::{Fault, FaultKind, HashSink, Keys, Lock, Record, Records, Session, Statement};

use crate::{
    command::{Command, Ctx, Rejection},
    rows::{AuditRow, Checkpoint, Group, Lane, TransferRow},
    tx::{Needs, Tx},
};

/// How long a lane belongs to its writer without a sign of life.
pub const LEASE: i64 = 30 * SECOND;

static LANES: Statement = Statement {
    name: "chain.lanes",
    sql: "SELECT lane, seq, hash, holder, token, lease_until FROM lanes ORDER BY lane",
};
static LAST_CHECKPOINT: Statement = Statement {
    name: "chain.last_checkpoint",
    sql: "SELECT seq, prev, hash, at, heads FROM checkpoints ORDER BY seq DESC LIMIT 1",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&LANES, &LAST_CHECKPOINT];

/// Lane and sequence as one number: what rows carry as `grp`.
pub fn group_number(lane: i64, seq: i64) -> i64 {
    (lane << 40) | seq
}

/// The two parts of a group number.
pub fn group_parts(group: i64) -> (i64, i64) {
    (group >> 40, group & ((1 << 40) - 1))
}

/// Hash of a group: over the one before, its place and time, its lines and its audit entries, in order.
pub fn group_hash(
    prev: &[u8; 32],
    group: i64,
    at: Timestamp,
    lines: &[TransferRow],
    audits: &[AuditRow],
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(prev);
    for number in [group, at.0, count(lines.len()), count(audits.len())] {
        hasher.update(&number.to_le_bytes());
    }
    // In pieces: large enough for the hash to work in parallel lanes, small enough to stay in the cache.
    let mut sink = HashSink(Vec::with_capacity(PIECE + 1_024));
    let mut feed = |sink: &mut HashSink, least: usize| {
        if sink.0.len() >= least {
            hasher.update(&sink.0);
            sink.0.clear();
        }
    };
    for line in lines {
        line.write(&mut sink);
        feed(&mut sink, PIECE);
    }
    for audit in audits {
        audit.write(&mut sink);
        feed(&mut sink, PIECE);
    }
    feed(&mut sink, 0);
    *hasher.finalize().as_bytes()
}

/// Bytes hashed at a time.
const PIECE: usize = 64 * 1_024;

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// Makes the link for what a group wrote.
pub(crate) fn link(
    lane: &Lane,
    group: i64,
    at: Timestamp,
    lines: &[TransferRow],
    audits: &[AuditRow],
) -> Group {
    let mut ids = Vec::with_capacity(lines.len() * 16);
    for line in lines {
        ids.extend_from_slice(&line.0.id.0.0);
    }
    Group {
        lane: lane.lane,
        seq: lane.seq + 1,
        prev: lane.hash,
        hash: group_hash(&lane.hash, group, at, lines, audits),
        at,
        transfers: count(lines.len()),
        audits: count(audits.len()),
        ids,
    }
}

/// Takes a lane for a writer: the first one whose lease has run out, else a new one. Where nobody else can
/// write, that is lane 1.
pub(crate) fn take_lane(session: &mut dyn Session, holder: &str, now: Timestamp) -> Result<Lane, Fault> {
    session.begin()?;
    let outcome = choose_lane(session, holder, now).and_then(|lane| session.commit().map(|()| lane));
    if outcome.is_err() {
        session.rollback();
    }
    outcome
}

/// All lanes as they stand, not locked.
pub(crate) fn lanes(session: &mut dyn Session) -> Result<Vec<Lane>, Fault> {
    let mut lanes = Vec::new();
    session.query(&LANES, &[], &mut |row| {
        lanes.push(Lane::read(row));
        true
    })?;
    Ok(lanes)
}

fn choose_lane(session: &mut dyn Session, holder: &str, now: Timestamp) -> Result<Lane, Fault> {
    let lanes = lanes(session)?;
    let exclusive = session.exclusive();
    for lane in &lanes {
        if exclusive || lane.lease_until < now.0 {
            let locked = lock_lane(session, lane.lane)?;
            if let Some(mut lane) = locked
                && (exclusive || lane.lease_until < now.0)
            {
                holder.clone_into(&mut lane.holder);
                lane.token += 1;
                lane.lease_until = now.0 + LEASE;
                session.update_many(Lane::TABLE, &Records(&[&lane]))?;
                return Ok(lane);
            }
        }
    }
    let number = lanes.last().map_or(1, |lane| lane.lane + 1);
    let lane = Lane {
        lane: number,
        seq: 0,
        hash: [0; 32],
        holder: holder.to_owned(),
        token: 1,
        lease_until: now.0 + LEASE,
    };
    if session.insert_many(Lane::TABLE, &Records(&[&lane]))? == 1 {
        Ok(lane)
    } else {
        Err(Fault::new(FaultKind::Retry, "take a lane", "another server took it first"))
    }
}

/// The newest link of a lane as it stood when `lane` was read; none for a new lane.
fn head(session: &mut dyn Session, lane: &Lane) -> Result<Option<Group>, Fault> {
    let mut found = None;
    let key = [(lane.lane, lane.seq)];
    session
        .load(Group::TABLE, &Keys::<Group>(&key), Lock::None, &mut |row| found = Some(Group::read(row)))?;
    Ok(found)
}

/// Instant of a lane's newest group.
pub(crate) fn last_instant(session: &mut dyn Session, lane: &Lane) -> Result<Timestamp, Fault> {
    Ok(head(session, lane)?.map_or(Timestamp(0), |group| group.at))
}

/// Whether the link that would have made `lane` what it is was committed.
pub(crate) fn has_link(session: &mut dyn Session, lane: &Lane) -> Result<bool, Fault> {
    let found = session.begin().and_then(|()| head(session, lane));
    session.rollback();
    Ok(found?.is_some_and(|group| group.hash == lane.hash))
}

/// The lane's row, locked until the group ends.
pub(crate) fn lock_lane(session: &mut dyn Session, lane: i64) -> Result<Option<Lane>, Fault> {
    let mut found = None;
    session
        .load(Lane::TABLE, &Keys::<Lane>(&[lane]), Lock::Update, &mut |row| found = Some(Lane::read(row)))?;
    Ok(found)
}

/// Hashes all lane heads into the next checkpoint; run every minute.
pub struct TakeCheckpoint;

impl Command for TakeCheckpoint {
    type Output = ();

    fn name(&self) -> &'static str {
        "chain.checkpoint"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.list::<Lane>(&LANES, &[]);
        needs.list::<Checkpoint>(&LAST_CHECKPOINT, &[]);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let mut heads = Vec::new();
        for lane in tx.rows::<Lane>() {
            heads.extend_from_slice(&lane.lane.to_le_bytes());
            heads.extend_from_slice(&lane.seq.to_le_bytes());
            heads.extend_from_slice(&lane.hash);
        }
        let (seq, prev, same) = tx
            .rows::<Checkpoint>()
            .last()
            .map_or((0, [0; 32], false), |last| (last.seq, last.hash, last.heads == heads));
        if !same && !heads.is_empty() {
            let hash = checkpoint_hash(&prev, seq + 1, ctx.now, &heads);
            tx.put(Checkpoint { seq: seq + 1, prev, hash, at: ctx.now, heads });
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Hash of a checkpoint.
pub fn checkpoint_hash(prev: &[u8; 32], seq: i64, at: Timestamp, heads: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(prev).update(&seq.to_le_bytes()).update(&at.0.to_le_bytes()).update(heads);
    *hasher.finalize().as_bytes()
}
