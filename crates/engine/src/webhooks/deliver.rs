//! Carrying one delivery, and what its answer means.

use purser_domain::{
    ids::{TypedId as _, Uid, WebhookDeliveryId, WebhookId},
    policy::keys,
    time::{HOUR, MINUTE, SECOND},
    webhooks::{State, wait},
};

use super::{
    queries,
    rows::{DELIVERED, FAILED, PENDING, WebhookDeliveryRow, WebhookRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{Claimed, Hands, Lease, Ran, RunError},
    ports::{Courier, Posted, WebhookMessage},
    rows::EventRow,
    tx::{Needs, Tx},
};

/// Kind of the job that carries a delivery.
pub const DELIVER: &str = "webhook.deliver";

/// How long a delivery waits until it looks again whether its endpoint is active: one that people paused comes back soon,
/// one that was switched off may never.
const WHILE_PAUSED: i64 = MINUTE;
const WHILE_DISABLED: i64 = HOUR;

/// Sends one message. `render` writes the body of an event.
///
/// # Errors
/// The books could not be read, or this server has no key to sign with: tried again later.
pub fn run_delivery(
    courier: &mut dyn Courier,
    render: fn(&EventRow) -> String,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job names no delivery".to_owned());
    let webhook = Uid::parse(&job.subject, WebhookId::PREFIX).map(WebhookId).map_err(|_| bad())?;
    let delivery = job.payload.get_text("delivery").ok_or_else(bad)?;
    let delivery =
        Uid::parse(&delivery, WebhookDeliveryId::PREFIX).map(WebhookDeliveryId).map_err(|_| bad())?;
    let hook = queries::webhook(hands.reads, webhook)?;
    let found = queries::delivery(hands.reads, (webhook, delivery))?;
    let Some((row, event)) = found.filter(|(row, _)| row.state == PENDING) else { return Ok(Ran::Finish) };
    let posted = match hook.filter(WebhookRow::is_active) {
        Some(hook) => Some(post(courier, render, &hook, &event, hands)?),
        None => None,
    };
    hands.call(NoteDelivery { webhook, delivery: row.id, posted, lease: job.lease })?;
    Ok(Ran::Committed)
}

fn post(
    courier: &mut dyn Courier,
    render: fn(&EventRow) -> String,
    row: &WebhookRow,
    event: &EventRow,
    hands: &Hands<'_>,
) -> Result<Posted, RunError> {
    let vault = hands.vault()?;
    let machine = hands.clock.machine();
    let mut secrets = vec![vault.webhook_secret(row.id, row.generation)];
    if row.old_until.is_some_and(|until| machine < until) {
        secrets.push(vault.webhook_secret(row.id, row.generation - 1));
    }
    // The same event has the same id however often it is sent, and at whichever endpoint: receivers know it again.
    let id = crate::feed::event_id(event.grp, event.n);
    Ok(courier.post(&WebhookMessage {
        url: &row.url,
        id: &id,
        body: &render(event),
        at: machine,
        secrets: &secrets,
    }))
}

/// What became of an attempt; `None`: there was none, since the endpoint is switched off or gone.
#[derive(Debug)]
struct NoteDelivery {
    webhook: WebhookId,
    delivery: WebhookDeliveryId,
    posted: Option<Posted>,
    lease: Lease,
}

impl NoteDelivery {
    fn failed(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        mut row: WebhookDeliveryRow,
        retry_after: Option<i64>,
        gone: bool,
    ) -> Result<(), Rejection> {
        let view = ctx.rules.policy.now(ctx.now);
        let schedule = view.value(keys::WEBHOOK_RETRY);
        let attempts = usize::try_from(row.attempts).unwrap_or(usize::MAX);
        let roll = row.id.0.0[15] ^ u8::try_from(row.attempts & 0xff).unwrap_or(0);
        let next = if gone { None } else { wait(schedule, attempts, retry_after, roll) };
        let mut webhook = tx.get::<WebhookRow>(&self.webhook).cloned();
        let since = webhook.as_ref().and_then(|webhook| webhook.failing_since).unwrap_or(ctx.now);
        if let Some(hook) = webhook.as_mut().filter(|hook| hook.failing_since.is_none()) {
            hook.failing_since = Some(since);
            tx.put(hook.clone());
        }
        let Some(micros) = next else {
            FAILED.clone_into(&mut row.state);
            row.next_at = None;
            // No news about news: an endpoint that takes neither would never come to an end of it.
            if !row.kind.starts_with("webhook.") {
                let facts = Facts::new().text("kind", &row.kind).int("attempts", row.attempts);
                tx.event("webhook.delivery_failed", None, &row.webhook.to_string(), facts);
            }
            // Nothing arrived from the first attempt of this message until its last: nobody is there.
            let long: i64 = schedule.iter().sum::<i64>() * SECOND;
            if let Some(hook) =
                webhook.filter(|hook| hook.is_active() && (gone || since.plus(long) <= ctx.now))
            {
                disable(tx, hook, if gone { "gone" } else { "failing" });
            }
            tx.put(row);
            return self.lease.finish(tx);
        };
        let next_at = ctx.now.plus(micros);
        row.next_at = Some(next_at);
        tx.put(row);
        self.lease.again(tx, next_at, None)
    }
}

fn disable(tx: &mut Tx, hook: WebhookRow, reason: &str) {
    let (id, version) = (hook.id.to_string(), hook.version + 1);
    let state = State::Disabled.name().to_owned();
    tx.put(WebhookRow { state, reason: reason.to_owned(), version, ..hook });
    tx.event("webhook.disabled", None, &id, Facts::new().text("reason", reason));
}

impl Command for NoteDelivery {
    type Output = ();

    fn name(&self) -> &'static str {
        "webhooks.note"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<WebhookRow>(self.webhook);
        needs.row::<WebhookDeliveryRow>((self.webhook, self.delivery));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.check(tx)?;
        let Some(mut row) = tx.get::<WebhookDeliveryRow>(&(self.webhook, self.delivery)).cloned() else {
            return self.lease.finish(tx);
        };
        let Some(state) = tx.get::<WebhookRow>(&self.webhook).map(WebhookRow::state) else {
            tx.delete::<WebhookDeliveryRow>((self.webhook, self.delivery));
            return self.lease.finish(tx);
        };
        let Some(posted) = &self.posted else {
            // Kept for when the endpoint is active again.
            let pause = if state == State::Disabled { WHILE_DISABLED } else { WHILE_PAUSED };
            return self.lease.wait(tx, ctx.now.plus(pause));
        };
        row.attempts += 1;
        row.tried_at = Some(ctx.now);
        (row.status, row.error) = (posted.status.map(i64::from), posted.error.clone());
        if !posted.error.is_empty() {
            return self.failed(tx, ctx, row, posted.retry_after, posted.gone());
        }
        DELIVERED.clone_into(&mut row.state);
        row.next_at = None;
        tx.put(row);
        if let Some(hook) = tx.get::<WebhookRow>(&self.webhook).filter(|hook| hook.failing_since.is_some()) {
            let hook = hook.clone();
            tx.put(WebhookRow { failing_since: None, ..hook });
        }
        self.lease.finish(tx)
    }

    fn audited(&self) -> bool {
        false
    }
}
