//! Reading webhooks.

use purser_domain::{
    ids::{WebhookDeliveryId, WebhookId},
    time::Timestamp,
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::rows::{WebhookDeliveryRow, WebhookRow};
use crate::rows::EventRow;

static ALL: Statement = Statement {
    name: "webhooks.all",
    sql: "SELECT id, name, url, wanted, state, reason, generation, old_until, places, failing_since, created_at, \
          created_by, version FROM webhooks ORDER BY id",
};
static DELIVERIES: Statement = Statement {
    name: "webhooks.deliveries",
    sql: "SELECT webhook, id, grp, n, kind, at, state, attempts, rounds, next_at, tried_at, status, error \
          FROM webhook_deliveries WHERE webhook = ?1 AND id < ?2 AND (?3 = '' OR state = ?3) \
          ORDER BY id DESC LIMIT ?4",
};
static REPLAYABLE: Statement = Statement {
    name: "webhooks.replayable",
    sql: "SELECT id FROM webhook_deliveries WHERE webhook = ?1 AND id > ?2 AND at >= ?3 AND at < ?4 \
          AND (state = 'failed' OR (?5 = 1 AND state = 'delivered')) ORDER BY id LIMIT ?6",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ALL, &DELIVERIES, &REPLAYABLE];

/// Every endpoint, oldest first: there are a few.
///
/// # Errors
/// Storage faults.
pub fn webhooks(session: &mut dyn Session) -> Result<Vec<WebhookRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&ALL, &[], &mut |row| {
        rows.push(WebhookRow::read(row));
        true
    })?;
    Ok(rows)
}

/// An endpoint by id.
///
/// # Errors
/// Storage faults.
pub fn webhook(session: &mut dyn Session, id: WebhookId) -> Result<Option<WebhookRow>, Fault> {
    let mut found = None;
    session.load(WebhookRow::TABLE, &Keys::<WebhookRow>(&[id]), Lock::None, &mut |row| {
        found = Some(WebhookRow::read(row));
    })?;
    Ok(found)
}

/// Which deliveries of an endpoint.
#[derive(Debug, Clone)]
pub struct DeliveryFilter {
    /// Whose.
    pub webhook: WebhookId,
    /// Only this state; empty for all.
    pub state: String,
    /// Older than this one.
    pub before: WebhookDeliveryId,
}

/// Deliveries, newest first.
///
/// # Errors
/// Storage faults.
pub fn deliveries(
    session: &mut dyn Session,
    filter: &DeliveryFilter,
    limit: i64,
) -> Result<Vec<WebhookDeliveryRow>, Fault> {
    let params = [
        Value::Bytes(&filter.webhook.0.0),
        Value::Bytes(&filter.before.0.0),
        Value::Text(&filter.state),
        Value::Int(limit),
    ];
    let mut rows = Vec::new();
    session.query(&DELIVERIES, &params, &mut |row| {
        rows.push(WebhookDeliveryRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Deliveries of events of a time that can be made again, oldest first, after `after`: those that failed, with `all`
/// those that arrived too.
///
/// # Errors
/// Storage faults.
pub fn replayable(
    session: &mut dyn Session,
    webhook: WebhookId,
    (since, until): (Timestamp, Timestamp),
    all: bool,
    after: WebhookDeliveryId,
    limit: i64,
) -> Result<Vec<WebhookDeliveryId>, Fault> {
    let params = [
        Value::Bytes(&webhook.0.0),
        Value::Bytes(&after.0.0),
        Value::Int(since.0),
        Value::Int(until.0),
        Value::Int(i64::from(all)),
        Value::Int(limit),
    ];
    let mut ids = Vec::new();
    session.query(&REPLAYABLE, &params, &mut |row| {
        ids.push(WebhookDeliveryId(row.uid(0)));
        true
    })?;
    Ok(ids)
}

/// A delivery and its event, while both are there.
pub(super) fn delivery(
    session: &mut dyn Session,
    key: (WebhookId, WebhookDeliveryId),
) -> Result<Option<(WebhookDeliveryRow, EventRow)>, Fault> {
    let mut found = None;
    session.load(WebhookDeliveryRow::TABLE, &Keys::<WebhookDeliveryRow>(&[key]), Lock::None, &mut |row| {
        found = Some(WebhookDeliveryRow::read(row));
    })?;
    let Some(delivery) = found else { return Ok(None) };
    let mut event = None;
    let place = [(delivery.grp, delivery.n)];
    session.load(EventRow::TABLE, &Keys::<EventRow>(&place), Lock::None, &mut |row| {
        event = Some(EventRow::read(row));
    })?;
    Ok(event.map(|event| (delivery, event)))
}
