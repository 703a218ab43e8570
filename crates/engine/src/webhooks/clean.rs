//! Forgetting deliveries that ended long ago: the events stay.

use purser_domain::{
    ids::{WebhookDeliveryId, WebhookId},
    time::{DAY, Timestamp},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::rows::{PENDING, WebhookDeliveryRow};
use crate::{
    command::{Command, Ctx, Rejection},
    jobs::Progress,
    tx::{Needs, Tx},
};

/// How long a delivery that ended can still be looked at and made again.
const KEPT: i64 = 30 * DAY;
/// Deliveries cleared away in one commit.
const STEP: usize = 1_000;

static ENDED: Statement = Statement {
    name: "webhooks.ended",
    sql: "SELECT webhook, id FROM webhook_deliveries WHERE state <> 'pending' AND tried_at <= ?1 \
          ORDER BY tried_at LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ENDED];

/// Clears away deliveries that ended 30 days ago.
#[derive(Debug, Clone)]
pub(crate) struct CleanDeliveries {
    keys: Vec<(WebhookId, WebhookDeliveryId)>,
}

impl CleanDeliveries {
    /// The oldest of them.
    pub(crate) fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let params = [Value::Int(now.plus(-KEPT).0), Value::Int(i64::try_from(STEP).unwrap_or(i64::MAX))];
        let mut keys = Vec::new();
        reads.query(&ENDED, &params, &mut |row| {
            keys.push((WebhookId(row.uid(0)), WebhookDeliveryId(row.uid(1))));
            true
        })?;
        Ok(Self { keys })
    }
}

impl Command for CleanDeliveries {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "webhooks.clean"
    }

    fn weight(&self) -> usize {
        self.keys.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for key in &self.keys {
            needs.row::<WebhookDeliveryRow>(*key);
        }
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<Progress, Rejection> {
        for key in &self.keys {
            // Wanted again meanwhile: it stays.
            if tx.get::<WebhookDeliveryRow>(key).is_some_and(|row| row.state != PENDING) {
                tx.delete::<WebhookDeliveryRow>(*key);
            }
        }
        Ok(Progress { more: self.keys.len() >= STEP, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
