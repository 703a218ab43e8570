//! What people do with endpoints.

use purser_domain::{
    ids::{WebhookDeliveryId, WebhookId},
    time::Timestamp,
    webhooks::{Profile, Rejection as No, State, validate},
};

use super::{
    fan_out::{TEST, carry},
    rows::{PENDING, WebhookDeliveryRow, WebhookRow, encoded},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::Places,
    tx::{Needs, Tx},
};

fn refused(no: &No) -> Rejection {
    let field = match no {
        No::NameInvalid => "/name",
        No::UrlInvalid(_) => "/url",
        No::PatternsInvalid => "/events",
    };
    Rejection::new(no.code(), no.to_string()).at(field)
}

/// There is no such endpoint.
fn existing(tx: &Tx, id: WebhookId) -> Result<WebhookRow, Rejection> {
    tx.get::<WebhookRow>(&id)
        .cloned()
        .ok_or_else(|| Rejection::new("webhook_unknown", format!("there is no webhook {id}")))
}

/// Makes an endpoint, which is told of everything that happens from now on.
///
/// Rejections: those of [`validate`].
pub struct CreateWebhook {
    /// Its id, from which its secret follows.
    pub id: WebhookId,
    /// What it is.
    pub profile: Profile,
    /// Where the feed ends now.
    pub places: Places,
    /// Whether addresses of the server's own network are allowed.
    pub private: bool,
    /// Who makes it.
    pub by: String,
}

impl Command for CreateWebhook {
    type Output = WebhookRow;

    fn name(&self) -> &'static str {
        "webhook.create"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<WebhookRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<WebhookRow, Rejection> {
        validate(&self.profile, self.private).map_err(|no| refused(&no))?;
        let row = WebhookRow {
            id: self.id,
            name: self.profile.name.clone(),
            url: self.profile.url.clone(),
            wanted: self.profile.wanted.join(" "),
            state: State::Active.name().to_owned(),
            reason: String::new(),
            generation: 1,
            old_until: None,
            places: encoded(&self.places),
            failing_since: None,
            created_at: ctx.now,
            created_by: self.by.clone(),
            version: 1,
        };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &WebhookRow) -> (String, Facts) {
        // An address may carry a password of its owner: that it is there is said, not which.
        (output.id.to_string(), Facts::new().text("events", &output.wanted))
    }
}

/// What happens to an endpoint.
#[derive(Debug, Clone)]
pub enum WebhookChange {
    /// It gets another name, address, wants other events; what is absent stays.
    Edit {
        /// Name.
        name: Option<String>,
        /// Address.
        url: Option<String>,
        /// Patterns.
        wanted: Option<Vec<String>>,
        /// Messages go out, or not for now.
        active: Option<bool>,
    },
    /// It gets a new secret; the one before signs too for so long, µs.
    Rotate(i64),
}

/// Changes an endpoint.
///
/// Rejections in order: `webhook_unknown`, `version_conflict`, those of [`validate`], `webhook_rotating`.
pub struct ChangeWebhook {
    /// Which.
    pub id: WebhookId,
    /// How.
    pub change: WebhookChange,
    /// Version that the caller saw, when it insists (If-Match).
    pub expected: Option<i64>,
    /// Whether addresses of the server's own network are allowed.
    pub private: bool,
}

impl ChangeWebhook {
    fn edited(&self, old: &WebhookRow) -> Result<WebhookRow, Rejection> {
        let WebhookChange::Edit { name, url, wanted, active } = &self.change else { return Ok(old.clone()) };
        let before = old.profile();
        let profile = Profile {
            name: name.clone().unwrap_or(before.name),
            url: url.clone().unwrap_or(before.url),
            wanted: wanted.clone().unwrap_or(before.wanted),
        };
        // What is not changed is not asked again: a webhook can be paused whatever this server allows.
        if profile != old.profile() {
            validate(&profile, self.private).map_err(|no| refused(&no))?;
        }
        let mut row = WebhookRow {
            name: profile.name,
            url: profile.url,
            wanted: profile.wanted.join(" "),
            ..old.clone()
        };
        if let Some(active) = active {
            let state = if *active { State::Active } else { State::Paused };
            state.name().clone_into(&mut row.state);
            row.reason = String::new();
            row.failing_since = None;
        }
        Ok(row)
    }
}

impl Command for ChangeWebhook {
    type Output = WebhookRow;

    fn name(&self) -> &'static str {
        match self.change {
            WebhookChange::Edit { .. } => "webhook.change",
            WebhookChange::Rotate(_) => "webhook.rotate",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<WebhookRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<WebhookRow, Rejection> {
        let old = existing(tx, self.id)?;
        if self.expected.is_some_and(|version| version != old.version) {
            let text = "the webhook was changed meanwhile: read it again";
            return Err(Rejection::new("version_conflict", text));
        }
        let row = match self.change {
            WebhookChange::Rotate(grace)
                if grace > 0 && old.old_until.is_some_and(|until| ctx.machine < until) =>
            {
                let text = "the secret before the last rotation still signs: rotate again after it ends, or without grace";
                let until = Facts::new().opt_at("until", old.old_until);
                return Err(Rejection::new("webhook_rotating", text).at("/grace_seconds").with(until));
            }
            WebhookChange::Rotate(grace) => WebhookRow {
                generation: old.generation + 1,
                old_until: Some(ctx.machine.plus(grace)),
                version: old.version + 1,
                ..old.clone()
            },
            WebhookChange::Edit { .. } => {
                let row = self.edited(&old)?;
                if row == old {
                    return Ok(old);
                }
                WebhookRow { version: old.version + 1, ..row }
            }
        };
        tx.changed("state", &old.state, &row.state);
        tx.changed("events", &old.wanted, &row.wanted);
        tx.changed("name", &old.name, &row.name);
        tx.changed_unseen("url", old.url != row.url);
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &WebhookRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().int("generation", output.generation))
    }
}

/// Takes an endpoint away; what is on its way to it is not sent any more.
///
/// Rejections: `webhook_unknown`.
pub struct DeleteWebhook(pub WebhookId);

impl Command for DeleteWebhook {
    type Output = ();

    fn name(&self) -> &'static str {
        "webhook.delete"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<WebhookRow>(self.0);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        existing(tx, self.0)?;
        tx.delete::<WebhookRow>(self.0);
        Ok(())
    }

    fn audit(&self, (): &()) -> (String, Facts) {
        (self.0.to_string(), Facts::new())
    }
}

/// Lets an event happen that only this endpoint is told of.
///
/// Rejections in order: `webhook_unknown`, `webhook_inactive`.
pub struct TestWebhook(pub WebhookId);

impl Command for TestWebhook {
    type Output = WebhookRow;

    fn name(&self) -> &'static str {
        "webhook.test"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<WebhookRow>(self.0);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<WebhookRow, Rejection> {
        let row = existing(tx, self.0)?;
        if !row.is_active() {
            let text = format!("the webhook is {}: make it active first", row.state);
            return Err(Rejection::new("webhook_inactive", text));
        }
        tx.event(TEST, None, &row.id.to_string(), Facts::new());
        Ok(row)
    }

    fn audit(&self, output: &WebhookRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new())
    }
}

/// Makes deliveries again that ended.
///
/// Rejections in order: `webhook_unknown`, `webhook_inactive`.
pub struct ReplayDeliveries {
    /// Whose.
    pub webhook: WebhookId,
    /// Which; those that are on their way are left alone.
    pub deliveries: Vec<WebhookDeliveryId>,
    /// From where on they were looked for.
    pub since: Timestamp,
}

impl Command for ReplayDeliveries {
    type Output = usize;

    fn name(&self) -> &'static str {
        "webhook.replay"
    }

    fn weight(&self) -> usize {
        self.deliveries.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<WebhookRow>(self.webhook);
        for id in &self.deliveries {
            needs.row::<WebhookDeliveryRow>((self.webhook, *id));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<usize, Rejection> {
        let hook = existing(tx, self.webhook)?;
        if !hook.is_active() {
            let text = format!("the webhook is {}: make it active first", hook.state);
            return Err(Rejection::new("webhook_inactive", text));
        }
        let mut again = 0;
        for id in &self.deliveries {
            let row = tx.get::<WebhookDeliveryRow>(&(self.webhook, *id)).cloned();
            let Some(row) = row.filter(|row| row.state != PENDING) else { continue };
            let row = WebhookDeliveryRow {
                state: PENDING.to_owned(),
                attempts: 0,
                rounds: row.rounds + 1,
                next_at: Some(ctx.now),
                ..row
            };
            carry(tx, ctx, &row);
            tx.put(row);
            again += 1;
        }
        Ok(again)
    }

    fn audit(&self, output: &usize) -> (String, Facts) {
        let count = i64::try_from(*output).unwrap_or(i64::MAX);
        (self.webhook.to_string(), Facts::new().at("since", self.since).int("deliveries", count))
    }
}
