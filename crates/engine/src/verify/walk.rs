//! The chain walked in order: groups are streamed lane by lane, each with its lines and audit entries, and woven
//! together the way the accounts' own chains say.

use std::collections::VecDeque;

use purser_domain::{ids::TransferId, ids::Uid, time::Timestamp};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use super::{
    Progress,
    book::Book,
    finding::{FindingKind as Kind, Findings, group_place, hex, line_place},
    state::Head,
    watch::Watch,
};
use crate::{
    chain,
    rows::{AuditRow, Group, Lane, TransferRow},
};

static GROUPS_AFTER: Statement = Statement {
    name: "verify.groups_after",
    sql: "SELECT lane, seq, prev, hash, at, transfers, audits, ids FROM groups \
          WHERE lane = ?1 AND seq > ?2 ORDER BY seq LIMIT 128",
};
static AUDITS_BETWEEN: Statement = Statement {
    name: "verify.audits_between",
    sql: "SELECT grp, n, at, actor, action, subject, facts FROM audit \
          WHERE grp >= ?1 AND grp <= ?2 ORDER BY grp, n",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&GROUPS_AFTER, &AUDITS_BETWEEN];

/// Lines and audit entries that are read at once, per lane: about 4 MB.
const BATCH: i64 = 16_384;

/// A group with everything that its hash covers.
pub(super) struct Loaded {
    pub(super) group: Group,
    pub(super) lines: Vec<TransferRow>,
    missing: Vec<TransferId>,
    audits: Vec<AuditRow>,
    /// Transfers that reversals in this group name.
    reversed: Vec<TransferRow>,
}

/// One lane on its way from a head to its end.
pub(super) struct Strand {
    pub(super) lane: Lane,
    pub(super) head: Head,
    fetched: i64,
    queue: VecDeque<Loaded>,
    exhausted: bool,
}

impl Strand {
    pub(super) fn new(lane: Lane, from: Head) -> Self {
        Self { lane, head: from, fetched: from.seq, queue: VecDeque::new(), exhausted: false }
    }

    /// The next group of this lane.
    pub(super) fn next(&mut self, session: &mut dyn Session) -> Result<Option<Loaded>, Fault> {
        self.fill(session)?;
        Ok(self.queue.pop_front())
    }

    fn fill(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        if !self.queue.is_empty() || self.exhausted {
            return Ok(());
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut rows = 0i64;
        let params = [Value::Int(self.lane.lane), Value::Int(self.fetched)];
        session.query(&GROUPS_AFTER, &params, &mut |source| {
            let group = Group::read(source);
            rows = rows.saturating_add(group.transfers).saturating_add(group.audits);
            groups.push(group);
            rows < BATCH
        })?;
        match groups.last() {
            Some(last) => self.fetched = last.seq,
            None => self.exhausted = true,
        }
        self.queue = load(session, groups)?.into();
        Ok(())
    }
}

/// Lines and audit entries of some groups of one lane, in a few sorted reads.
fn load(session: &mut dyn Session, groups: Vec<Group>) -> Result<Vec<Loaded>, Fault> {
    let mut wanted: Vec<(TransferId, u32, u32)> = Vec::new();
    for (index, group) in (0u32..).zip(&groups) {
        let ids = group.ids.chunks_exact(16).filter_map(|id| id.try_into().ok());
        wanted.extend((0u32..).zip(ids).map(|(place, id)| (TransferId(Uid(id)), index, place)));
    }
    let mut found: Vec<Vec<Option<TransferRow>>> =
        groups.iter().map(|group| vec![None; group.ids.len() / 16]).collect();
    wanted.sort_unstable();
    let mut next = 0;
    for row in load_lines(session, wanted.iter().map(|(id, _, _)| *id).collect())? {
        // Rows mostly come in the order of their ids.
        if wanted.get(next).is_none_or(|(id, _, _)| *id != row.0.id) {
            next = wanted.partition_point(|(id, _, _)| *id < row.0.id);
        }
        while let Some((_, group, place)) = wanted.get(next).filter(|(id, _, _)| *id == row.0.id) {
            if let Some(slot) = found.get_mut(*group as usize).and_then(|g| g.get_mut(*place as usize)) {
                *slot = Some(row.clone());
            }
            next += 1;
        }
    }
    let mut audits = load_audits(session, &groups)?.into_iter().peekable();
    let mut loaded = Vec::with_capacity(groups.len());
    for (group, rows) in groups.into_iter().zip(found) {
        let number = chain::group_number(group.lane, group.seq);
        let ids = group.ids.chunks_exact(16).filter_map(|id| id.try_into().ok());
        let missing =
            ids.zip(&rows).filter(|(_, row)| row.is_none()).map(|(id, _)| TransferId(Uid(id))).collect();
        let lines: Vec<TransferRow> = rows.into_iter().flatten().collect();
        let mut own = Vec::new();
        while let Some(audit) = audits.next_if(|a| a.grp <= number) {
            if audit.grp == number {
                own.push(audit);
            }
        }
        let names = lines.iter().filter(|l| l.0.step == 4).map(|l| TransferId(l.0.of)).collect();
        let reversed = load_lines(session, names)?;
        loaded.push(Loaded { group, lines, missing, audits: own, reversed });
    }
    Ok(loaded)
}

/// Lines by id; sorted here, in any order out.
pub(super) fn load_lines(
    session: &mut dyn Session,
    mut ids: Vec<TransferId>,
) -> Result<Vec<TransferRow>, Fault> {
    ids.sort_unstable();
    ids.dedup();
    let mut lines = Vec::with_capacity(ids.len());
    if !ids.is_empty() {
        session.load(TransferRow::TABLE, &Keys::<TransferRow>(&ids), Lock::None, &mut |source| {
            lines.push(TransferRow::read(source));
        })?;
    }
    Ok(lines)
}

fn load_audits(session: &mut dyn Session, groups: &[Group]) -> Result<Vec<AuditRow>, Fault> {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return Ok(Vec::new()) };
    let between = [first, last].map(|g| Value::Int(chain::group_number(g.lane, g.seq)));
    let mut audits = Vec::new();
    session.query(&AUDITS_BETWEEN, &between, &mut |source| {
        audits.push(AuditRow::read(source));
        true
    })?;
    Ok(audits)
}

/// Walks all strands to their ends.
pub(super) fn walk(
    session: &mut dyn Session,
    strands: &mut [Strand],
    (book, watch): (&mut Book, &mut Watch<'_>),
    progress: &mut Progress,
    tell: &mut dyn FnMut(&Progress),
    findings: &mut Findings,
) -> Result<(), Fault> {
    loop {
        for strand in strands.iter_mut() {
            strand.fill(session)?;
        }
        let Some(index) = choose(strands, book) else { break };
        let Some(strand) = strands.get_mut(index) else { break };
        let Some(loaded) = strand.queue.pop_front() else { break };
        check_link(&mut strand.head, &loaded.group, findings);
        check_group(&loaded, book, findings);
        watch.note(session, &loaded.lines, findings)?;
        progress.groups += 1;
        progress.lines += loaded.group.transfers.unsigned_abs();
        progress.audits += loaded.audits.len() as u64;
        if strand.queue.is_empty() {
            tell(progress);
        }
    }
    for strand in strands.iter() {
        let (lane, head) = (&strand.lane, &strand.head);
        if (lane.seq, lane.hash) != (head.seq, head.hash) {
            findings.add(
                Kind::LaneHead,
                || format!("lane {}", lane.lane),
                head_text(head.seq, &head.hash),
                head_text(lane.seq, &lane.hash),
            );
        }
    }
    Ok(())
}

pub(super) fn head_text(seq: i64, hash: &[u8; 32]) -> String {
    format!("group {seq} with hash {}…", hex(hash.get(..8).unwrap_or_default()))
}

/// The lane whose next group comes first: the oldest one whose lines follow what the accounts have reached. There
/// is always one in sound books, because commits happened in some order; in damaged ones the oldest is taken.
fn choose(strands: &[Strand], book: &Book) -> Option<usize> {
    let mut heads: Vec<(Timestamp, i64, usize)> = strands
        .iter()
        .enumerate()
        .filter_map(|(index, s)| s.queue.front().map(|g| (g.group.at, s.lane.lane, index)))
        .collect();
    heads.sort_unstable();
    let oldest = heads.first()?.2;
    if heads.len() == 1 {
        return Some(oldest);
    }
    let follows =
        |index: usize| strands.get(index)?.queue.front().map(|g| book.is_next(&g.lines)).filter(|next| *next);
    heads.iter().map(|h| h.2).find(|index| follows(*index).is_some()).or(Some(oldest))
}

fn check_link(head: &mut Head, group: &Group, findings: &mut Findings) {
    let place = || group_place(group.lane, group.seq);
    if group.seq != head.seq + 1 {
        findings.add(
            Kind::GroupGap,
            place,
            format!("group {}", head.seq + 1),
            format!("group {}", group.seq),
        );
    }
    if group.prev != head.hash {
        findings.add(Kind::GroupLink, place, hex(&head.hash), hex(&group.prev));
    }
    *head = Head { seq: group.seq, hash: group.hash };
}

fn check_group(loaded: &Loaded, book: &mut Book, findings: &mut Findings) {
    let group = &loaded.group;
    let number = chain::group_number(group.lane, group.seq);
    let place = || group_place(group.lane, group.seq);
    let before = findings.total();
    if i64::try_from(group.ids.len()).ok() != group.transfers.checked_mul(16) {
        findings.add(Kind::GroupIds, place, group.transfers * 16, group.ids.len());
    }
    for id in &loaded.missing {
        findings.add(
            Kind::LineMissing,
            || format!("{}, transfer {id}", place()),
            "a row in transfers",
            "none",
        );
    }
    for row in &loaded.lines {
        let line = &row.0;
        if (line.group, line.at) != (number, group.at) {
            let (other, seq) = chain::group_parts(line.group);
            findings.add(
                Kind::LinePlace,
                || format!("{}, transfer {}", place(), line.id),
                format!("{} at {}", place(), group.at),
                format!("{} at {}", group_place(other, seq), line.at),
            );
        }
        book.line(line, findings);
        if line.step == 4 {
            check_reversal(row, &loaded.reversed, findings);
        }
    }
    let audits = i64::try_from(loaded.audits.len()).unwrap_or(i64::MAX);
    if audits != group.audits {
        findings.add(Kind::GroupAudits, place, group.audits, audits);
    }
    let hash = chain::group_hash(&group.prev, number, group.at, &loaded.lines, &loaded.audits);
    // Something that was named above explains a different hash.
    if hash != group.hash && findings.total() == before {
        findings.add(Kind::GroupHash, place, hex(&group.hash), hex(&hash));
    }
}

fn check_reversal(row: &TransferRow, reversed: &[TransferRow], findings: &mut Findings) {
    let line = &row.0;
    let old = reversed.iter().map(|r| &r.0).find(|r| r.id.0 == line.of);
    let mirrors = old.is_some_and(|old| {
        matches!(old.step, 0 | 2)
            && (old.credit, old.debit, old.amount_minor) == (line.debit, line.credit, line.amount_minor)
    });
    if !mirrors {
        let found = old.map_or("no such transfer", |_| "another amount or other accounts");
        findings.add(Kind::LineReversal, || line_place(line), "the same amount, sides swapped", found);
    }
}
