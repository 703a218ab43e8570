//! Events, audit log, messages, jobs, remembered outcomes.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{JobId, MessageId, PartyId, TypedId as _},
    time::Timestamp,
};
use purser_engine::{
    audit::{self, AuditSearch},
    facts::Facts,
    feed::{self, NEWEST, ReadMessage, event_id},
    jobs::RetryJob,
    rows::{AuditRow, EventRow, JobRow, JobState, MessageRow},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Answer, Call, Cursor, Instant, Page, PageParams, Params, json, limit, page_of, parse_id, submit},
    problem::{Problem, named},
};

fn values(facts: &Facts) -> Map<String, Value> {
    facts.iter().map(named).collect()
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Something that happened (P15).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// Lane, group and position: unique and stable.
    id: String,
    /// When.
    at: String,
    /// What, past tense: `withdrawal.paid`.
    kind: String,
    /// Whom it concerns; null for the platform itself.
    party_id: Option<String>,
    /// Id of the object it is about.
    subject: String,
    /// Values.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            id: event_id(row.grp, row.n),
            at: row.at.to_string(),
            kind: row.kind,
            party_id: (!row.party.0.is_nil()).then(|| row.party.to_string()),
            subject: row.subject,
            data: values(&row.facts),
        }
    }
}

/// The body of a webhook: what happened, in the form of Standard Webhooks, with the event as the events list has it.
pub fn webhook_body(row: &EventRow) -> String {
    let event = Event::from(row.clone());
    serde_json::json!({ "type": event.kind, "timestamp": event.at, "data": event }).to_string()
}

/// Events, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    /// Events.
    data: Vec<Event>,
    /// Where to go on, also when nothing came: send it as `after` next time. Nothing is ever skipped.
    next_cursor: String,
    /// More is there now.
    has_more: bool,
}

/// Parameters of the events list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventParams {
    /// `next_cursor` of the call before; from the beginning when absent.
    after: Option<String>,
    /// Most events to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// List events
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventParams),
    responses((status = 200, body = Events, description = "Events after the cursor")))]
pub(crate) async fn list_events(
    call: Call,
    Params(params): Params<EventParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let after = match &params.after {
        Some(text) => Cursor::decode(text)?.places(),
        None => feed::Places::default(),
    };
    let (rows, places) = call.app.read(move |session| feed::events(session, after, limit)).await?;
    let has_more = rows.len() == limit;
    let next_cursor = Cursor::of_places(&places).encode();
    Ok(json(&Events { data: rows.into_iter().map(Event::from).collect(), next_cursor, has_more }))
}

/// Who did what (P17).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Lane, group and position: unique and stable.
    id: String,
    /// When.
    at: String,
    /// `key:…`, `staff:…`, `party:…` or `system`.
    actor: String,
    /// What.
    action: String,
    /// Id of the object.
    subject: String,
    /// Values; ids and masked values only. Of a request also `request_id` and `address`, from where it came; of a change
    /// of parties, keys, staff and the calendar `…_before` and `…_after`, or `…_changed` where the value itself does not
    /// belong here.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: event_id(row.grp, row.n),
            at: row.at.to_string(),
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            data: values(&row.facts),
        }
    }
}

/// Parameters of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// Only entries about the object with this id.
    subject: Option<String>,
    /// Only what this one did: `key:…`, `staff:…`, `party:…`, `system`, as entries say it.
    actor: Option<String>,
    /// Only this action, as entries say it: `party.update`.
    action: Option<String>,
    /// Only from this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Only before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// Search the audit log, newest first
#[utoipa::path(get, path = "/v1/audit", tag = "operations", params(AuditParams),
    responses((status = 200, body = Page<AuditEntry>, description = "Entries")))]
pub(crate) async fn list_audit(call: Call, Params(params): Params<AuditParams>) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let before = match &params.cursor {
        Some(text) => Cursor::decode(text)?.places(),
        None => feed::Places::default(),
    };
    let search = AuditSearch {
        subject: params.subject,
        actor: params.actor,
        action: params.action,
        from: params.from.map(|at| at.0),
        until: params.until.map(|at| at.0),
    };
    let page = call.app.read(move |session| audit::search(session, &search, before, limit)).await?;
    let next_cursor = page.next.map(|places| Cursor::of_places(&places).encode());
    Ok(json(&Page { data: page.rows.into_iter().map(AuditEntry::from).collect(), next_cursor }))
}

/// An in-app message (P15).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// Id.
    id: String,
    /// When.
    at: String,
    /// Which text of the catalogue.
    kind: String,
    /// Id of the object.
    subject: String,
    /// Values for the text.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// When it was read; null while unread.
    read_at: Option<String>,
}

impl From<&MessageRow> for Message {
    fn from(row: &MessageRow) -> Self {
        Self {
            id: row.id.to_string(),
            at: row.at.to_string(),
            kind: row.kind.clone(),
            subject: row.subject.clone(),
            data: values(&row.facts),
            read_at: text(row.read_at),
        }
    }
}

/// Parameters of a party's messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageParams {
    /// `true`: only those that are not read yet.
    unread: Option<bool>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePage {
    #[serde(flatten)]
    page: Page<Message>,
    /// How many of the party's messages are not read yet; 1000 stands for 1000 and more.
    unread: i64,
}

/// List a party's messages, newest first
#[utoipa::path(get, path = "/v1/parties/{id}/messages", tag = "parties",
    params(("id" = String, Path, description = "Party, `pty_…`"), MessageParams),
    responses((status = 200, body = MessagePage, description = "Messages")))]
pub(crate) async fn list_messages(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<MessageParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let only_unread = params.unread.unwrap_or(false);
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let (limit, before) = (page.limit()?, before(&page)?);
    let (rows, unread) = call
        .app
        .read(move |session| {
            let rows = feed::messages(session, party, only_unread, before, limit + 1)?;
            Ok((rows, feed::unread(session, party)?))
        })
        .await?;
    let page = page_of(rows, limit, |row| Cursor::id(row.id.0), |row| Message::from(&row));
    Ok(json(&MessagePage { page, unread }))
}

/// Where a newest-first list by id goes on.
fn before(params: &PageParams) -> Result<purser_domain::ids::Uid, Problem> {
    match &params.cursor {
        Some(text) => Ok(Cursor::decode(text)?.id),
        None => Ok(NEWEST),
    }
}

/// Mark a message as read
#[utoipa::path(post, path = "/v1/parties/{id}/messages/{message}/read", tag = "parties",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("message" = String, Path, description = "Message, `msg_…`")),
    responses((status = 200, body = Message, description = "Read")))]
pub(crate) async fn read_message(
    call: Call,
    Path((id, message)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let message: MessageId = parse_id(&message, "message")?;
    let command = ReadMessage { party, message };
    submit(&call, path_digest(&[&id, &message.to_string(), "read"]), command, |row| {
        Answer::ok(&Message::from(row))
    })
    .await
}

/// Digest of a write without a body.
pub(crate) fn path_digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// A job (P22).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    /// Id.
    id: String,
    /// What kind of work.
    kind: String,
    /// About what.
    subject: String,
    /// Not before.
    due_at: String,
    /// `ready`, `done` or `failed`.
    state: &'static str,
    /// Runs so far.
    attempts: i64,
    /// Last run.
    last_run_at: Option<String>,
    /// Why the last run failed.
    last_error: Option<String>,
}

impl From<&JobRow> for JobView {
    fn from(row: &JobRow) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.clone(),
            subject: row.subject.clone(),
            due_at: row.due_at.to_string(),
            state: row.state.name(),
            attempts: row.attempts,
            last_run_at: text(row.last_run_at),
            last_error: row.last_error.clone(),
        }
    }
}

/// Parameters of the jobs list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobParams {
    /// Only jobs in this state: `ready`, `done` or `failed`.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List jobs, newest first
#[utoipa::path(get, path = "/v1/jobs", tag = "operations", params(JobParams),
    responses((status = 200, body = Page<JobView>, description = "Jobs")))]
pub(crate) async fn list_jobs(call: Call, Params(params): Params<JobParams>) -> Result<Response, Problem> {
    let states = [JobState::Ready, JobState::Done, JobState::Failed];
    let state = match params.state.as_deref() {
        None => None,
        Some(name) => match states.into_iter().find(|state| state.name() == name) {
            Some(state) => Some(state),
            None => return Err(Problem::invalid("state", "state is ready, done or failed")),
        },
    };
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let (limit, before) = (page.limit()?, before(&page)?);
    let rows = call.app.read(move |session| feed::jobs(session, before, state, limit + 1)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.uid()), |row| JobView::from(&row))))
}

/// Read a job
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "operations", params(("id" = String, Path, description = "Job, `job_…`")),
    responses((status = 200, body = JobView, description = "The job")))]
pub(crate) async fn get_job(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: JobId = parse_id(&id, "id")?;
    match call.app.read(move |session| feed::job(session, id)).await? {
        Some(row) => Ok(json(&JobView::from(&row))),
        None => Err(Problem::not_found("job_unknown", format!("there is no job {id}"))),
    }
}

/// Try a job again that was given up or waits after a failure
///
/// It is due at once. Rejections in order: `job_unknown`, `job_done`, `job_leased` (it runs now).
#[utoipa::path(post, path = "/v1/jobs/{id}/retry", tag = "operations", params(("id" = String, Path, description = "Job, `job_…`")),
    responses((status = 200, body = JobView, description = "Due now")))]
pub(crate) async fn retry_job(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let command = RetryJob { job: parse_id(&id, "id")? };
    submit(&call, path_digest(&["job retry", &id]), command, |row| Answer::ok(&JobView::from(row))).await
}

/// What an idempotency key remembers (P19).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RememberedView {
    /// The key.
    key: String,
    /// When it was used.
    at: String,
    /// What was asked for.
    command: String,
    /// HTTP status of the answer.
    status: i64,
    /// The answer.
    #[schema(value_type = Object)]
    answer: Value,
}

/// Look an idempotency key up
#[utoipa::path(get, path = "/v1/idempotency-keys/{key}", tag = "ledger", params(("key" = String, Path, description = "Key that this API client used")),
    responses((status = 200, body = RememberedView, description = "What became of it")))]
pub(crate) async fn get_idempotency_key(call: Call, Path(key): Path<String>) -> Result<Response, Problem> {
    let (client, wanted) = (call.identity.client, key.clone());
    let Some(row) = call.app.read(move |session| feed::remembered(session, client, &wanted)).await? else {
        let text = "no outcome is remembered under this key: nothing happened, or it was too long ago";
        return Err(Problem::not_found("idempotency_key_unknown", text));
    };
    let answer = serde_json::from_slice(&row.reply).unwrap_or(Value::Null);
    Ok(json(&RememberedView {
        key,
        at: row.at.to_string(),
        command: row.command,
        status: row.status,
        answer,
    }))
}
