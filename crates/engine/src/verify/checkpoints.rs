//! Checkpoints tie the lanes together: each names a head per lane, so a tail that was cut shows.

use purser_storage::{Fault, Record, Session, Statement, Value};

use super::{
    finding::{FindingKind as Kind, Findings, group_place, hex},
    state::{Head, VerifiedState},
    walk::head_text,
};
use crate::{
    chain,
    rows::{Checkpoint, Lane},
};

static LANES: Statement = Statement {
    name: "verify.lanes",
    sql: "SELECT lane, seq, hash, holder, token, lease_until FROM lanes ORDER BY lane",
};
static NEXT_GROUP: Statement = Statement {
    name: "verify.next_group",
    sql: "SELECT lane, seq FROM groups WHERE lane > ?1 ORDER BY lane, seq LIMIT 1",
};
static GROUP_AT: Statement =
    Statement { name: "verify.group_at", sql: "SELECT hash FROM groups WHERE lane = ?1 AND seq = ?2" };
static CHECKPOINTS_AFTER: Statement = Statement {
    name: "verify.checkpoints_after",
    sql: "SELECT seq, prev, hash, at, heads FROM checkpoints WHERE seq > ?1 ORDER BY seq LIMIT 1024",
};
static CHECKPOINT_AT: Statement =
    Statement { name: "verify.checkpoint_at", sql: "SELECT hash FROM checkpoints WHERE seq = ?1" };

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&LANES, &NEXT_GROUP, &GROUP_AT, &CHECKPOINTS_AFTER, &CHECKPOINT_AT];

/// Bytes of a head in a checkpoint: lane, sequence, hash.
const HEAD: usize = 48;

pub(super) fn lanes(session: &mut dyn Session) -> Result<Vec<Lane>, Fault> {
    let mut lanes = Vec::new();
    session.query(&LANES, &[], &mut |row| {
        lanes.push(Lane::read(row));
        true
    })?;
    Ok(lanes)
}

/// Groups of lanes that have no row.
pub(super) fn check_unknown_lanes(
    session: &mut dyn Session,
    lanes: &[Lane],
    findings: &mut Findings,
) -> Result<(), Fault> {
    let mut after = i64::MIN;
    loop {
        let mut next = None;
        session.query(&NEXT_GROUP, &[Value::Int(after)], &mut |row| {
            next = Some((row.int(0), row.int(1)));
            false
        })?;
        let Some((lane, seq)) = next else { return Ok(()) };
        if !lanes.iter().any(|l| l.lane == lane) {
            findings.add(Kind::LaneUnknown, || group_place(lane, seq), "a row in lanes", "none");
        }
        after = lane;
    }
}

fn one_hash(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Option<[u8; 32]>, Fault> {
    let mut hash = None;
    session.query(statement, params, &mut |row| {
        hash = Some(row.hash(0));
        false
    })?;
    Ok(hash)
}

fn group_hash(session: &mut dyn Session, lane: i64, seq: i64) -> Result<Option<[u8; 32]>, Fault> {
    if seq == 0 {
        return Ok(Some([0; 32]));
    }
    one_hash(session, &GROUP_AT, &[Value::Int(lane), Value::Int(seq)])
}

/// What an earlier verification reached must still be there.
pub(super) fn check_state(
    session: &mut dyn Session,
    since: &VerifiedState,
    findings: &mut Findings,
) -> Result<(), Fault> {
    for (lane, head) in &since.lanes {
        let found = group_hash(session, *lane, head.seq)?;
        if found != Some(head.hash) {
            let found = found.map_or_else(|| "none".to_owned(), |hash| head_text(head.seq, &hash));
            let expected = head_text(head.seq, &head.hash);
            findings.add(Kind::StateHead, || group_place(*lane, head.seq), expected, found);
        }
    }
    if since.checkpoint.seq > 0 {
        let seq = since.checkpoint.seq;
        let found = one_hash(session, &CHECKPOINT_AT, &[Value::Int(seq)])?;
        if found != Some(since.checkpoint.hash) {
            let found = found.map_or_else(|| "none".to_owned(), |hash| hex(&hash));
            findings.add(Kind::StateHead, || format!("checkpoint {seq}"), hex(&since.checkpoint.hash), found);
        }
    }
    Ok(())
}

/// Checks the checkpoints after `from`; returns how many there were and the last one.
pub(super) fn check(
    session: &mut dyn Session,
    from: Head,
    findings: &mut Findings,
) -> Result<(u64, Head), Fault> {
    let (mut head, mut count) = (from, 0);
    loop {
        let mut page: Vec<Checkpoint> = Vec::new();
        session.query(&CHECKPOINTS_AFTER, &[Value::Int(head.seq)], &mut |row| {
            page.push(Checkpoint::read(row));
            true
        })?;
        if page.is_empty() {
            return Ok((count, head));
        }
        for checkpoint in page {
            count += 1;
            check_one(session, head, &checkpoint, findings)?;
            head = Head { seq: checkpoint.seq, hash: checkpoint.hash };
        }
    }
}

fn check_one(
    session: &mut dyn Session,
    before: Head,
    checkpoint: &Checkpoint,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let place = || format!("checkpoint {}", checkpoint.seq);
    if (checkpoint.seq, checkpoint.prev) != (before.seq + 1, before.hash) {
        let expected = format!("number {} after {}", before.seq + 1, hex(&before.hash));
        let found = format!("number {} after {}", checkpoint.seq, hex(&checkpoint.prev));
        findings.add(Kind::CheckpointLink, place, expected, found);
    }
    let hash = chain::checkpoint_hash(&checkpoint.prev, checkpoint.seq, checkpoint.at, &checkpoint.heads);
    if hash != checkpoint.hash || !checkpoint.heads.len().is_multiple_of(HEAD) {
        findings.add(Kind::CheckpointLink, place, hex(&checkpoint.hash), hex(&hash));
    }
    for head in checkpoint.heads.chunks_exact(HEAD) {
        let number = |from: usize| {
            head.get(from..from + 8).and_then(|b| b.try_into().ok()).map_or(0, i64::from_le_bytes)
        };
        let (lane, seq) = (number(0), number(8));
        let hash: [u8; 32] = head.get(16..).and_then(|b| b.try_into().ok()).unwrap_or([0; 32]);
        let found = group_hash(session, lane, seq)?;
        if found != Some(hash) {
            let found = found.map_or_else(|| "none".to_owned(), |hash| head_text(seq, &hash));
            findings.add(
                Kind::CheckpointHead,
                || format!("checkpoint {}, {}", checkpoint.seq, group_place(lane, seq)),
                head_text(seq, &hash),
                found,
            );
        }
    }
    Ok(())
}
