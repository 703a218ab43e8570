//! Lists of withdrawals (X3): newest first, by party or for staff, with filters that are checked row by row. Each
//! page and each step of an export reads a bounded part of one index, so that no filter ever reads a whole history.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PartyId, PayoutAccountId, Uid, WithdrawalId},
    time::Timestamp,
    withdrawals::{Source, State, explain, is_overdue},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::rows::{PayoutAccountRow, WithdrawalRow};
use crate::paging::{Page, Pass, page};

macro_rules! newest_first {
    ($name:ident, $text:literal, $at:literal, $where:literal) => {
        static $name: Statement = Statement {
            name: $text,
            sql: concat!(
                "SELECT id, party, destination, rail, source, amount, fee, net, currency, state, reason, \
                 requested_at, requested_on, dispatch_at, expected_at, deadline_at, people_needed, approvals, review, \
                 slices, queued, next_at, finished_at, policy_version, version, unpaid, asked_by, case_id, basis, metadata \
                 FROM withdrawals WHERE ",
                $where, " AND (", $at, ", id) < (?1, ?2) AND ", $at, " >= ?3 ORDER BY ", $at,
                " DESC, id DESC LIMIT ?4"
            ),
        };
    };
}

newest_first!(OF_PARTY, "withdrawals.of_party", "requested_at", "party = ?5");
newest_first!(OF_STATE, "withdrawals.of_state", "requested_at", "finished_at IS NULL AND state = ?5");
newest_first!(OVERDUE, "withdrawals.list_overdue", "deadline_at", "finished_at IS NULL");
newest_first!(ALL, "withdrawals.list", "requested_at", "1 = 1");
static WAITING: Statement = Statement {
    name: "withdrawals.waiting_for_funds",
    sql: "SELECT rail, COUNT(*), MIN(requested_at) FROM withdrawals \
          WHERE finished_at IS NULL AND state = 'waiting_for_funds' GROUP BY rail ORDER BY rail",
};
static OVERDUE_COUNT: Statement = Statement {
    name: "withdrawals.overdue_count",
    sql: "SELECT id FROM withdrawals WHERE finished_at IS NULL AND deadline_at <= ?1 ORDER BY deadline_at, id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&OF_PARTY, &OF_STATE, &OVERDUE, &ALL, &WAITING, &OVERDUE_COUNT];

/// What a list shows; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawalFilter {
    /// Of this party; `None` for all parties.
    pub party: Option<PartyId>,
    /// Of this money.
    pub source: Option<Source>,
    /// In this state.
    pub state: Option<State>,
    /// Requested at this instant or later.
    pub since: Option<Timestamp>,
    /// Requested before this instant.
    pub until: Option<Timestamp>,
    /// Requested amount at least this, minor units.
    pub least_minor: Option<i64>,
    /// Requested amount at most this, minor units.
    pub most_minor: Option<i64>,
    /// Carried by this rail.
    pub rail: Option<String>,
    /// To this payout account.
    pub destination: Option<PayoutAccountId>,
    /// The id contains this.
    pub keyword: Option<String>,
    /// The code that explains where it stands is this one, or a person looks at it for this one.
    pub reason: Option<String>,
    /// Not finished, and the payout clock ran out at or before this instant (X12).
    pub overdue_at: Option<Timestamp>,
}

/// Where a list goes on: the instant it is ordered by, and an id.
pub type RecordPlace = (Timestamp, WithdrawalId);

impl WithdrawalFilter {
    fn shows(&self, row: &WithdrawalRow) -> bool {
        let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|wanted| wanted == text);
        let overdue = |now| is_overdue(&row.withdrawal(), now);
        self.party.is_none_or(|party| row.party == party)
            && self.source.is_none_or(|source| row.source == source.name())
            && self.state.is_none_or(|state| row.state == state.name())
            && self.since.is_none_or(|since| row.requested_at >= since)
            && self.until.is_none_or(|until| row.requested_at < until)
            && self.least_minor.is_none_or(|least| row.amount >= least)
            && self.most_minor.is_none_or(|most| row.amount <= most)
            && is(&self.rail, &row.rail)
            && self.destination.is_none_or(|destination| row.destination == destination)
            && self.keyword.as_ref().is_none_or(|word| row.id.to_string().contains(&word.to_lowercase()))
            && self.reason.as_ref().is_none_or(|code| stands_for(row, code))
            && self.overdue_at.is_none_or(overdue)
    }

    /// The narrowest index, and whether it is ordered by the deadline.
    fn source(&self) -> (&'static Statement, bool) {
        match (self.party, self.state) {
            (Some(_), _) => (&OF_PARTY, false),
            (None, Some(state)) if !state.is_final() => (&OF_STATE, false),
            (None, _) if self.overdue_at.is_some() => (&OVERDUE, true),
            (None, _) => (&ALL, false),
        }
    }
}

fn stands_for(row: &WithdrawalRow, code: &str) -> bool {
    let held = row.state == State::InReview.name() && row.review.split_whitespace().any(|one| one == code);
    held || explain(&row.withdrawal(), None, row.requested_at).code == code
}

/// Withdrawals that the filter shows, newest first, `most` of them, from `before` on. A page that read its bounded
/// part of the history without finding so many is shorter and says where to go on.
///
/// # Errors
/// Storage faults.
pub fn withdrawal_records(
    session: &mut dyn Session,
    filter: &WithdrawalFilter,
    before: Option<RecordPlace>,
    most: usize,
) -> Result<Page<WithdrawalRow, RecordPlace>, Fault> {
    let (statement, by_deadline) = filter.source();
    let (since, until) = if by_deadline { (None, filter.overdue_at) } else { (filter.since, filter.until) };
    // Everything before an instant: what has its time and an id below all ids is not.
    let end = until.map_or((Timestamp(i64::MAX), WithdrawalId(Uid([0xff; 16]))), |until| {
        if by_deadline { (until, WithdrawalId(Uid([0xff; 16]))) } else { (until, WithdrawalId(Uid::NIL)) }
    });
    let begin = before.map_or(end, |before| before.min(end));
    let party = filter.party.unwrap_or(PartyId(Uid::NIL));
    let since = since.map_or(i64::MIN, |since| since.0);
    page(begin, most, |(at, id), chunk, take| {
        let mut params = vec![Value::Int(at.0), Value::Bytes(&id.0.0), Value::Int(since), Value::Int(chunk)];
        match (filter.party, filter.state) {
            (Some(_), _) => params.push(Value::Bytes(&party.0.0)),
            (None, Some(state)) if !state.is_final() => params.push(Value::Text(state.name())),
            _ => {}
        }
        session.query(statement, &params, &mut |source| {
            let row = WithdrawalRow::read(source);
            let place = (if by_deadline { row.deadline_at } else { row.requested_at }, row.id);
            let shown = filter.shows(&row);
            take(Pass { row, place, shown })
        })
    })
}

/// A party's withdrawals of earnings, or of proceeds, that are not finished, oldest first: the newest `most` of them.
/// Reading ends once they add up to `in_transit_minor`, what is known to be under way, or after a bounded part of the
/// history.
///
/// # Errors
/// Storage faults.
pub fn open_withdrawals(
    session: &mut dyn Session,
    party: PartyId,
    of_proceeds: bool,
    in_transit_minor: i64,
    most: usize,
) -> Result<Vec<WithdrawalRow>, Fault> {
    let (mut found, mut missing) = (Vec::new(), in_transit_minor);
    let mut place = (Timestamp(i64::MAX), WithdrawalId(Uid([0xff; 16])));
    for _ in 0..OPEN_ROUNDS {
        let mut read = 0;
        let (at, id) = place;
        let params = [
            Value::Int(at.0),
            Value::Bytes(&id.0.0),
            Value::Int(i64::MIN),
            Value::Int(OPEN_CHUNK),
            Value::Bytes(&party.0.0),
        ];
        session.query(&OF_PARTY, &params, &mut |source| {
            let row = WithdrawalRow::read(source);
            read += 1;
            place = (row.requested_at, row.id);
            let is_of_proceeds = row.source == Source::Proceeds.name();
            if row.finished_at.is_none() && is_of_proceeds == of_proceeds {
                missing -= whereabouts_minor(&row);
                found.push(row);
            }
            missing > 0 && found.len() < most
        })?;
        if read < OPEN_CHUNK || missing <= 0 || found.len() >= most {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// Rows read at a time while looking for open withdrawals of a party, and how often.
const OPEN_CHUNK: i64 = 200;
const OPEN_ROUNDS: usize = 25;

fn whereabouts_minor(row: &WithdrawalRow) -> i64 {
    row.withdrawal().in_transit_minor()
}

/// Payout accounts by id, those that were unbound since included.
///
/// # Errors
/// Storage faults.
pub fn payout_accounts_by_id(
    session: &mut dyn Session,
    mut ids: Vec<PayoutAccountId>,
) -> Result<BTreeMap<PayoutAccountId, PayoutAccountRow>, Fault> {
    ids.sort_unstable();
    ids.dedup();
    let mut found = BTreeMap::new();
    if !ids.is_empty() {
        session.load(PayoutAccountRow::TABLE, &Keys::<PayoutAccountRow>(&ids), Lock::None, &mut |row| {
            let account = PayoutAccountRow::read(row);
            found.insert(account.id, account);
        })?;
    }
    Ok(found)
}

/// What waits for float at a rail (X11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Rail.
    pub rail: String,
    /// How many withdrawals.
    pub count: i64,
    /// When the oldest of them was requested.
    pub since: Timestamp,
}

/// What waits for float, by rail.
///
/// # Errors
/// Storage faults.
pub fn waiting_for_funds(session: &mut dyn Session) -> Result<Vec<Waiting>, Fault> {
    let mut found = Vec::new();
    session.query(&WAITING, &[], &mut |row| {
        found.push(Waiting { rail: row.text(0).to_owned(), count: row.int(1), since: Timestamp(row.int(2)) });
        true
    })?;
    Ok(found)
}

/// Withdrawals whose payout clock has run out (X12), counted to `most`.
///
/// # Errors
/// Storage faults.
pub fn overdue_count(session: &mut dyn Session, now: Timestamp, most: i64) -> Result<i64, Fault> {
    let mut count = 0;
    session.query(&OVERDUE_COUNT, &[Value::Int(now.0), Value::Int(most)], &mut |_| {
        count += 1;
        true
    })?;
    Ok(count)
}
