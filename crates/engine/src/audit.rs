//! The audit log (P17): searched newest first, by what an entry is about, who did what, and when.
//!
//! One subject is an index of its own; actor and action are checked row by row, and a page reads a bounded part of the
//! log: it may be short, or empty, and still say where to go on.

use purser_domain::time::Timestamp;
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use crate::{
    chain::group_number,
    feed::{Place, Places, lanes},
    paging::Page,
    rows::AuditRow,
};

static ALL: Statement = Statement {
    name: "audit.all",
    sql: "SELECT grp, n, at, actor, action, subject, facts FROM audit \
          WHERE grp >= ?1 AND grp <= ?2 AND (grp < ?2 OR n < ?3) ORDER BY grp DESC, n DESC LIMIT ?4",
};
static ABOUT: Statement = Statement {
    name: "audit.about",
    sql: "SELECT grp, n, at, actor, action, subject, facts FROM audit \
          WHERE subject = ?5 AND grp >= ?1 AND grp <= ?2 AND (grp < ?2 OR n < ?3) \
          ORDER BY grp DESC, n DESC LIMIT ?4",
};
static GROUP: Statement = Statement {
    name: "audit.group",
    sql: "SELECT seq, at FROM groups WHERE lane = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&ALL, &ABOUT, &GROUP];

/// Entries that one page reads at most, over all lanes.
const EXAMINED: usize = 5_000;

/// What is searched for; what is absent matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSearch {
    /// Id of the object.
    pub subject: Option<String>,
    /// Who, as the entry names them: `key:…`, `staff:…`, `party:…`, `system`.
    pub actor: Option<String>,
    /// What was done: `party.update`.
    pub action: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl AuditSearch {
    fn shows(&self, row: &AuditRow) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.actor, &row.actor) && is(&self.action, &row.action)
    }
}

/// Entries that match, before `places`, newest first, at most `limit`.
///
/// # Errors
/// Storage faults.
pub fn search(
    session: &mut dyn Session,
    search: &AuditSearch,
    mut places: Places,
    limit: usize,
) -> Result<Page<AuditRow, Places>, Fault> {
    let lanes = lanes(session)?;
    let filtered = search.actor.is_some() || search.action.is_some();
    let share = if filtered { EXAMINED / lanes.len().max(1) } else { 0 };
    let chunk = share.max(limit.saturating_add(1));
    let key = |row: &AuditRow| (row.at, row.grp, row.n);
    let mut rows: Vec<AuditRow> = Vec::new();
    // The oldest entry that was read of a lane that has more: what is older elsewhere waits for the next page.
    let mut horizon = None;
    for lane in lanes {
        let newest = Place { lane, seq: last_before(session, lane, search.until)?, n: i64::MAX };
        let begin = places.get(lane).unwrap_or(newest);
        let mut params = vec![
            Value::Int(group_number(lane, 0)),
            Value::Int(group_number(lane, begin.seq)),
            Value::Int(begin.n),
            Value::Int(i64::try_from(chunk).unwrap_or(i64::MAX)),
        ];
        params.extend(search.subject.as_deref().map(Value::Text));
        let statement = if search.subject.is_some() { &ABOUT } else { &ALL };
        let before = rows.len();
        session.query(statement, &params, &mut |row| {
            let row = AuditRow::read(row);
            let wanted = search.from.is_none_or(|from| row.at >= from);
            rows.extend(wanted.then_some(row));
            wanted
        })?;
        if rows.len() - before == chunk {
            horizon = horizon.max(rows.last().map(key));
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(key(row)));
    let (mut shown, mut more) = (Vec::new(), horizon.is_some());
    for row in rows {
        if shown.len() == limit || horizon.is_some_and(|horizon| key(&row) < horizon) {
            more = true;
            break;
        }
        places.set(row.grp, row.n);
        shown.extend(search.shows(&row).then_some(row));
    }
    Ok(Page { rows: shown, next: more.then_some(places) })
}

/// The last group of a lane before an instant: instants never fall within a lane.
fn last_before(session: &mut dyn Session, lane: i64, until: Option<Timestamp>) -> Result<i64, Fault> {
    const LAST: i64 = (1 << 40) - 1;
    let Some(until) = until else { return Ok(LAST) };
    let mut group = |seq: i64| -> Result<Option<(i64, i64)>, Fault> {
        let mut found = None;
        session.query(&GROUP, &[Value::Int(lane), Value::Int(seq)], &mut |row| {
            found = Some((row.int(0), row.int(1)));
            true
        })?;
        Ok(found)
    };
    let Some((newest, _)) = group(LAST)? else { return Ok(0) };
    let (mut before, mut after) = (0, newest + 1);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        match group(middle)? {
            Some((_, at)) if at >= until.0 => after = middle,
            _ => before = middle,
        }
    }
    Ok(before)
}
