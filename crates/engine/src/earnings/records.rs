//! Lists of a creator's task orders (X2): newest acceptance first, with filters that are checked row by row while a
//! bounded part of the creator's index is read.

use purser_domain::{
    earnings::{OrderStatus, TaskType},
    ids::{PartyId, TaskOrderId, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{TaskOrderRow, commands::order_id, queries::order};
use crate::paging::{Page, Pass, page};

static OF_CREATOR: Statement = Statement {
    name: "earnings.orders",
    sql: "SELECT id, creator, payee, external_id, title, kind, fee_ppm, task_type, status, stage, amount, currency, \
          accepted_at, completed_at, settle_due_at, calendar_missing, settled_at, cancelled_at, service_fee, compensation, net, \
          policy_version, version, metadata FROM task_orders WHERE creator = ?1 AND (accepted_at, id) < (?2, ?3) \
          AND accepted_at >= ?4 ORDER BY accepted_at DESC, id DESC LIMIT ?5",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OF_CREATOR];

/// What a list shows; everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// In this status.
    pub status: Option<OrderStatus>,
    /// Of this type.
    pub task_type: Option<TaskType>,
    /// Accepted at this instant or later.
    pub since: Option<Timestamp>,
    /// Accepted before this instant.
    pub until: Option<Timestamp>,
    /// Gross amount at least this, minor units.
    pub least_minor: Option<i64>,
    /// Gross amount at most this, minor units.
    pub most_minor: Option<i64>,
    /// Title or id contains this, whatever the case of letters.
    pub keyword: Option<String>,
    /// The platform's own id of the order: found at once.
    pub external_id: Option<String>,
}

/// Where a list goes on.
pub type OrderPlace = (Timestamp, TaskOrderId);

impl OrderFilter {
    fn shows(&self, row: &TaskOrderRow) -> bool {
        let has = |word: &String| {
            let word = word.to_lowercase();
            [row.title.to_lowercase(), row.external_id.to_lowercase(), row.id.to_string()]
                .iter()
                .any(|text| text.contains(&word))
        };
        self.status.is_none_or(|status| row.status == status.name())
            && self.task_type.is_none_or(|task_type| row.task_type == task_type.name())
            && self.since.is_none_or(|since| row.accepted_at >= since)
            && self.until.is_none_or(|until| row.accepted_at < until)
            && self.least_minor.is_none_or(|least| row.amount >= least)
            && self.most_minor.is_none_or(|most| row.amount <= most)
            && self.keyword.as_ref().is_none_or(has)
            && self.external_id.as_ref().is_none_or(|id| row.external_id == *id)
    }
}

/// A creator's orders that the filter shows, newest acceptance first, `most` of them, from `before` on. A page that
/// read its bounded part of the history without finding so many is shorter and says where to go on.
///
/// # Errors
/// Storage faults.
pub fn order_records(
    session: &mut dyn Session,
    creator: PartyId,
    filter: &OrderFilter,
    before: Option<OrderPlace>,
    most: usize,
) -> Result<Page<TaskOrderRow, OrderPlace>, Fault> {
    let end = filter.until.map_or((Timestamp(i64::MAX), TaskOrderId(Uid([0xff; 16]))), |until| {
        // Everything before an instant: what has its time and an id below all ids is not.
        (until, TaskOrderId(Uid::NIL))
    });
    let begin = before.map_or(end, |before| before.min(end));
    if let Some(external_id) = &filter.external_id {
        let found = order(session, order_id(external_id))?;
        let is_there = |row: &TaskOrderRow| {
            row.creator == creator && filter.shows(row) && (row.accepted_at, row.id) < begin
        };
        return Ok(Page { rows: found.into_iter().filter(is_there).collect(), next: None });
    }
    let since = filter.since.map_or(i64::MIN, |since| since.0);
    page(begin, most, |(at, id), chunk, take| {
        let params = [
            Value::Bytes(&creator.0.0),
            Value::Int(at.0),
            Value::Bytes(&id.0.0),
            Value::Int(since),
            Value::Int(chunk),
        ];
        session.query(&OF_CREATOR, &params, &mut |source| {
            let row = TaskOrderRow::read(source);
            let (place, shown) = ((row.accepted_at, row.id), filter.shows(&row));
            take(Pass { row, place, shown })
        })
    })
}
