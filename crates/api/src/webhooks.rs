//! Webhooks (P15): who is told of events, with what it is signed, and what arrived.

use std::sync::Arc;

use axum::{extract::Path, http::StatusCode, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use purser_domain::{
    ids::{WebhookDeliveryId, WebhookId},
    time::{SECOND, Timestamp},
    webhooks::{Profile, State},
};
use purser_engine::{
    access::Scope,
    feed::{self, NEWEST, event_id},
    vault::Vault,
    webhooks::{
        self, ChangeWebhook, CreateWebhook, DELIVERY_STATES, DeleteWebhook, DeliveryFilter, ReplayDeliveries,
        TestWebhook, WebhookChange, WebhookDeliveryRow, WebhookRow,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{
        Answer, Body, Call, Cursor, Instant, Page, PageParams, Params, json, json_versioned, page_of,
        parse_id, submit,
    },
    feed::path_digest,
    identity::vault,
    problem::Problem,
};

/// Longest grace of a rotation, seconds: a week.
const LONGEST_GRACE: i64 = 7 * 24 * 3600;
/// Deliveries that one call makes again.
const REPLAYED: i64 = 1_000;

/// A webhook to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// For people, 1 to 100 characters.
    name: String,
    /// Where messages go: `https://…`.
    url: String,
    /// Which events: `*` for all, `withdrawal.*` for all that begin so, `withdrawal.paid` for one.
    events: Vec<String>,
}

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookEdit {
    /// For people.
    name: Option<String>,
    /// Where messages go.
    url: Option<String>,
    /// Which events.
    events: Option<Vec<String>>,
    /// `active`, or `paused`: events are kept, and sent once it is active again.
    state: Option<String>,
}

/// A webhook; its secret is not shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Id.
    id: String,
    /// For people.
    name: String,
    /// Where messages go.
    url: String,
    /// Which events.
    events: Vec<String>,
    /// `active`, `paused`, or `disabled` after nothing arrived for days or it answered 410.
    state: String,
    /// Why it is disabled: `failing` or `gone`.
    reason: Option<String>,
    /// Since when nothing arrived any more; null while messages arrive.
    failing_since: Option<String>,
    /// Until when the secret before the last rotation signs too.
    old_secret_until: Option<String>,
    /// When it was made.
    created_at: String,
    /// By whom.
    created_by: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&WebhookRow> for WebhookView {
    fn from(row: &WebhookRow) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            url: row.url.clone(),
            events: row.patterns().map(str::to_owned).collect(),
            state: row.state.clone(),
            reason: Some(row.reason.clone()).filter(|reason| !reason.is_empty()),
            failing_since: text(row.failing_since),
            old_secret_until: text(row.old_until),
            created_at: row.created_at.to_string(),
            created_by: row.created_by.clone(),
            version: row.version,
        }
    }
}

/// A webhook with its secret, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    /// The webhook.
    webhook: WebhookView,
    /// What its messages are signed with, `whsec_…`; shown here and never again.
    secret: String,
}

fn with_secret(vault: &Vault, row: &WebhookRow) -> WebhookWithSecret {
    let secret = STANDARD.encode(vault.webhook_secret(row.id, row.generation));
    WebhookWithSecret { webhook: row.into(), secret: format!("whsec_{secret}") }
}

fn unknown(id: WebhookId) -> Problem {
    Problem::not_found("webhook_unknown", format!("there is no webhook {id}"))
}

/// Whoever points messages somewhere reads them there: nobody hands out what they may not read.
fn reads_events(call: &Call) -> Result<(), Problem> {
    if call.identity.scopes.has(Scope::EventsRead) {
        return Ok(());
    }
    let text = "you cannot point events somewhere without the scope `events:read`";
    Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", text))
}

async fn read(call: &Call, id: WebhookId) -> Result<WebhookRow, Problem> {
    let found = call.app.read(move |session| webhooks::webhook(session, id)).await?;
    found.ok_or_else(|| unknown(id))
}

/// Make a webhook
///
/// It is told of everything that happens from now on. Its secret is shown once.
#[utoipa::path(post, path = "/v1/webhooks", tag = "events", request_body = NewWebhook,
    responses((status = 201, body = WebhookWithSecret, description = "Made; the secret is shown once")))]
pub(crate) async fn create_webhook(call: Call, body: Body<NewWebhook>) -> Result<Response, Problem> {
    reads_events(&call)?;
    let vault: Arc<Vault> = vault(&call)?;
    let places = call.app.read(feed::newest).await?;
    let NewWebhook { name, url, events } = body.value;
    let command = CreateWebhook {
        id: call.app.new_id(),
        profile: Profile { name, url, wanted: events },
        places,
        private: call.app.private_webhooks,
        by: call.identity.actor.clone(),
    };
    submit(&call.unkeyed(), body.digest, command, move |row| Answer::created(&with_secret(&vault, row))).await
}

/// List webhooks
#[utoipa::path(get, path = "/v1/webhooks", tag = "events", params(PageParams),
    responses((status = 200, body = Page<WebhookView>, description = "Webhooks, oldest first")))]
pub(crate) async fn list_webhooks(
    call: Call,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let after = params.cursor.as_deref().map(Cursor::decode).transpose()?.map(|cursor| cursor.id);
    let mut rows = call.app.read(webhooks::webhooks).await?;
    rows.retain(|row| after.is_none_or(|after| row.id.0 > after));
    rows.truncate(limit + 1);
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.0), |row| WebhookView::from(&row))))
}

/// Read a webhook
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "events", params(("id" = String, Path, description = "Webhook, `wh_…`")),
    responses((status = 200, body = WebhookView, description = "The webhook, without its secret")))]
pub(crate) async fn get_webhook(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = read(&call, parse_id(&id, "id")?).await?;
    Ok(json_versioned(&WebhookView::from(&row), row.version))
}

/// Change a webhook, pause it, make it active again
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "events", request_body = WebhookEdit,
    params(("id" = String, Path, description = "Webhook, `wh_…`")),
    responses((status = 200, body = WebhookView, description = "Changed")))]
pub(crate) async fn change_webhook(
    call: Call,
    Path(id): Path<String>,
    body: Body<WebhookEdit>,
) -> Result<Response, Problem> {
    let WebhookEdit { name, url, events, state } = body.value;
    if url.is_some() || events.is_some() {
        reads_events(&call)?;
    }
    let active = match state.as_deref().map(State::named) {
        None => None,
        Some(Some(State::Active)) => Some(true),
        Some(Some(State::Paused)) => Some(false),
        Some(_) => return Err(Problem::invalid("/state", "`active` or `paused`")),
    };
    let change = WebhookChange::Edit { name, url, wanted: events, active };
    let private = call.app.private_webhooks;
    let command = ChangeWebhook { id: parse_id(&id, "id")?, change, expected: call.if_match, private };
    submit(&call, body.digest, command, |row| Answer::ok(&WebhookView::from(row))).await
}

/// Take a webhook away
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "events", params(("id" = String, Path, description = "Webhook, `wh_…`")),
    responses((status = 204, description = "It is gone; what was on its way is not sent any more")))]
pub(crate) async fn delete_webhook(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let command = DeleteWebhook(parse_id(&id, "id")?);
    submit(&call, path_digest(&["delete", &id]), command, |()| Answer::empty()).await
}

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretRotation {
    /// How long the old secret still signs too, seconds, at most a week.
    #[schema(minimum = 0, maximum = 604_800)]
    grace_seconds: i64,
}

/// Give a webhook a new secret
///
/// While the grace lasts a message carries two signatures: one of each secret.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate", tag = "events", request_body = SecretRotation,
    params(("id" = String, Path, description = "Webhook, `wh_…`")),
    responses((status = 200, body = WebhookWithSecret, description = "Rotated; the new secret is shown once")))]
pub(crate) async fn rotate_webhook(
    call: Call,
    Path(id): Path<String>,
    body: Body<SecretRotation>,
) -> Result<Response, Problem> {
    let vault = vault(&call)?;
    let grace = body.value.grace_seconds;
    if !(0..=LONGEST_GRACE).contains(&grace) {
        return Err(Problem::invalid("/grace_seconds", format!("from 0 to {LONGEST_GRACE}")));
    }
    let change = WebhookChange::Rotate(grace * SECOND);
    let private = call.app.private_webhooks;
    let command = ChangeWebhook { id: parse_id(&id, "id")?, change, expected: call.if_match, private };
    submit(&call.unkeyed(), body.digest, command, move |row| Answer::ok(&with_secret(&vault, row))).await
}

/// Send a webhook a message to try it
///
/// An event `webhook.test`, which only this webhook gets, whatever it wants.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "events", params(("id" = String, Path, description = "Webhook, `wh_…`")),
    responses((status = 200, body = WebhookView, description = "On its way: see its deliveries")))]
pub(crate) async fn test_webhook(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let command = TestWebhook(parse_id(&id, "id")?);
    submit(&call, path_digest(&["test", &id]), command, |row| Answer::ok(&WebhookView::from(row))).await
}

/// What to send again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// Of events from this instant on.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
    /// Of events before this instant; now when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// `true`: also what arrived; otherwise only what failed.
    #[serde(default)]
    delivered_too: bool,
    /// `next_cursor` of the call before, where there was more.
    cursor: Option<String>,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Deliveries that were made ready again.
    deliveries: usize,
    /// There is more: call again with it. Null when that was all.
    next_cursor: Option<String>,
}

/// Send again what failed
///
/// Up to 1,000 deliveries a call, oldest first. Every message keeps its id, so that receivers know it again.
#[utoipa::path(post, path = "/v1/webhooks/{id}/replay", tag = "events", request_body = Replay,
    params(("id" = String, Path, description = "Webhook, `wh_…`")),
    responses((status = 200, body = Replayed, description = "On their way again")))]
pub(crate) async fn replay_webhook(
    call: Call,
    Path(id): Path<String>,
    body: Body<Replay>,
) -> Result<Response, Problem> {
    let webhook: WebhookId = parse_id(&id, "id")?;
    let asked = body.value;
    let after = asked.cursor.as_deref().map(Cursor::decode).transpose()?;
    let after = WebhookDeliveryId(after.map_or(purser_domain::ids::Uid::NIL, |cursor| cursor.id));
    let since = asked.since.0;
    let until = asked.until.map_or_else(|| call.app.now(), |until| until.0);
    read(&call, webhook).await?;
    let all = asked.delivered_too;
    let deliveries = call
        .app
        .read(move |session| webhooks::replayable(session, webhook, (since, until), all, after, REPLAYED))
        .await?;
    let full = i64::try_from(deliveries.len()).is_ok_and(|count| count >= REPLAYED);
    let next_cursor = deliveries.last().filter(|_| full).map(|last| Cursor::id(last.0).encode());
    let command = ReplayDeliveries { webhook, deliveries, since };
    submit(&call, body.digest, command, move |deliveries| {
        Answer::ok(&Replayed { deliveries: *deliveries, next_cursor: next_cursor.clone() })
    })
    .await
}

/// An event on its way to a webhook, or what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// Id.
    id: String,
    /// The event: also the `webhook-id` of the message.
    event_id: String,
    /// Its kind.
    kind: String,
    /// When it happened.
    at: String,
    /// `pending`, `delivered` or `failed`.
    state: String,
    /// How often it was tried, since it was last wanted.
    attempts: i64,
    /// Not tried before; null when it will not be tried again by itself.
    next_at: Option<String>,
    /// When it was tried last.
    tried_at: Option<String>,
    /// The HTTP status that came back last.
    status: Option<i64>,
    /// Why it did not arrive.
    error: Option<String>,
}

impl From<&WebhookDeliveryRow> for DeliveryView {
    fn from(row: &WebhookDeliveryRow) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: row.id.to_string(),
            event_id: event_id(row.grp, row.n),
            kind: row.kind.clone(),
            at: row.at.to_string(),
            state: row.state.clone(),
            attempts: row.attempts,
            next_at: text(row.next_at),
            tried_at: text(row.tried_at),
            status: row.status,
            error: Some(row.error.clone()).filter(|error| !error.is_empty()),
        }
    }
}

/// Parameters of the delivery log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryParams {
    /// Only `pending`, `delivered` or `failed` ones.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List what was sent to a webhook, newest first
///
/// Those that ended are kept for 30 days.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "events",
    params(("id" = String, Path, description = "Webhook, `wh_…`"), DeliveryParams),
    responses((status = 200, body = Page<DeliveryView>, description = "Deliveries")))]
pub(crate) async fn list_deliveries(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<DeliveryParams>,
) -> Result<Response, Problem> {
    let webhook: WebhookId = parse_id(&id, "id")?;
    let state = params.state.unwrap_or_default();
    if !state.is_empty() && !DELIVERY_STATES.contains(&state.as_str()) {
        return Err(Problem::invalid("state", format!("write one of {}", DELIVERY_STATES.join(", "))));
    }
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let before = page.cursor.as_deref().map(Cursor::decode).transpose()?.map_or(NEWEST, |cursor| cursor.id);
    read(&call, webhook).await?;
    let filter = DeliveryFilter { webhook, state, before: WebhookDeliveryId(before) };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| webhooks::deliveries(session, &filter, most)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.0), |row| DeliveryView::from(&row))))
}
