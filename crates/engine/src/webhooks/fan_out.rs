//! From the feed to deliveries.

use purser_domain::{
    ids::{WebhookDeliveryId, WebhookId},
    webhooks::wants,
};
use purser_storage::{Fault, FaultKind, Session};

use super::{
    DELIVER, queries,
    rows::{PENDING, WebhookDeliveryRow, WebhookRow, encoded},
};
use crate::{
    call::{Desk, call},
    command::{Command, Ctx, Failure, Meta, Rejection},
    facts::Facts,
    feed,
    jobs::{derived_id, ready},
    rows::EventRow,
    tx::{Needs, Tx},
};

/// Events that one endpoint is brought forward by at a time.
const STEP: usize = 200;

/// Kind of the event that people ask for to try an endpoint: only that endpoint gets it, whatever it wants.
pub(super) const TEST: &str = "webhook.test";

/// Brings every active endpoint forward by some events, and says how many events were looked at. Several servers may do
/// this at once: one of them moves an endpoint, the others find it moved.
///
/// # Errors
/// Storage faults.
pub fn fan_out(desk: &mut dyn Desk, reads: &mut dyn Session) -> Result<usize, Fault> {
    let mut looked = 0;
    for row in queries::webhooks(reads)?.into_iter().filter(WebhookRow::is_active) {
        let (events, places) = feed::events(reads, row.places(), STEP)?;
        if events.is_empty() {
            continue;
        }
        looked += events.len();
        let wanted = events.into_iter().filter(|event| is_for(&row, event)).collect();
        let command = FanOut { webhook: row.id, from: row.places, to: encoded(&places), wanted };
        match call(desk, command, Meta::system()) {
            Ok(_) => {}
            Err(Failure::Fault(fault)) => return Err(fault),
            Err(other) => return Err(Fault::new(FaultKind::Retry, "webhooks.fan_out", other)),
        }
    }
    Ok(looked)
}

fn is_for(row: &WebhookRow, event: &EventRow) -> bool {
    if event.kind == TEST { event.subject == row.id.to_string() } else { wants(row.patterns(), &event.kind) }
}

/// Writes down what an endpoint is to get, and up to where it was looked at.
struct FanOut {
    webhook: WebhookId,
    from: String,
    to: String,
    wanted: Vec<EventRow>,
}

/// Job and number of a delivery.
pub(super) fn carry(tx: &mut Tx, ctx: &Ctx, row: &WebhookDeliveryRow) {
    let (id, subject) = (row.id.to_string(), row.webhook.to_string());
    // A replay is a job of its own: the one before may be kept for a while after its end.
    let job = derived_id(DELIVER, &format!("{id}/{}", row.rounds));
    tx.job(ready(job, DELIVER, &subject, ctx.now, Facts::new().text("delivery", id)));
}

impl Command for FanOut {
    type Output = ();

    fn name(&self) -> &'static str {
        "webhooks.fan_out"
    }

    fn weight(&self) -> usize {
        self.wanted.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<WebhookRow>(self.webhook);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let row = tx.get::<WebhookRow>(&self.webhook).cloned();
        // Somebody else was here, or people changed it: the next round looks again.
        let Some(row) = row.filter(|row| row.is_active() && row.places == self.from) else { return Ok(()) };
        for event in &self.wanted {
            let id: WebhookDeliveryId = tx.new_id();
            let delivery = WebhookDeliveryRow {
                webhook: row.id,
                id,
                grp: event.grp,
                n: event.n,
                kind: event.kind.clone(),
                at: event.at,
                state: PENDING.to_owned(),
                attempts: 0,
                rounds: 1,
                next_at: Some(ctx.now),
                tried_at: None,
                status: None,
                error: String::new(),
            };
            carry(tx, ctx, &delivery);
            tx.put(delivery);
        }
        tx.put(WebhookRow { places: self.to.clone(), ..row });
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}
