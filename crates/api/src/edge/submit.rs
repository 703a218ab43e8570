//! Writes: the answer is made inside the group, because it is what the idempotency key remembers.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use purser_engine::{Command, Failure, Job, Meta, Reply};
use serde::Serialize;
use tracing::{Instrument as _, Span};

use super::Call;
use crate::problem::{PROBLEM_JSON, Problem};

static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What an accepted command answers.
pub(crate) struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, value: &impl Serialize) -> Self {
        Self { status: status.as_u16(), body: serde_json::to_vec(value).unwrap_or_default() }
    }

    pub(crate) fn ok(value: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, value)
    }

    /// 204.
    pub(crate) fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), body: Vec::new() }
    }

    pub(crate) fn created(value: &impl Serialize) -> Self {
        Self::new(StatusCode::CREATED, value)
    }
}

/// Sends a command and waits for the commit.
pub(crate) async fn submit<C: Command>(
    call: &Call,
    digest: [u8; 32],
    command: C,
    render: impl Fn(&C::Output) -> Answer + Send + 'static,
) -> Result<Response, Problem> {
    let meta = Meta {
        client: call.identity.client,
        key: call.key.clone(),
        body_hash: digest,
        actor: call.identity.actor.clone(),
        dry_run: call.dry_run,
        origin: Some(call.origin()),
    };
    let request_id = call.request_id.clone();
    let span = span_of(&command);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let job = Job::new(
        command,
        meta,
        move |outcome| match outcome {
            Ok(output) => {
                let answer = render(output);
                Reply { status: i64::from(answer.status), body: answer.body, replayed: false }
            }
            Err(rejection) => {
                let problem = Problem::from(rejection);
                let status = i64::from(problem.status.as_u16());
                Reply { status, body: problem.json(&request_id), replayed: false }
            }
        },
        // A client that went away leaves nobody to tell; the outcome is remembered under its key.
        move |outcome| drop(sender.send(outcome)),
    );
    call.app.executor.submit(job);
    let outcome = receiver.instrument(span).await.unwrap_or(Err(Failure::Bug));
    call.app.pulse.note(&outcome, call.app.clock.machine());
    call.app.commits.notify_waiters();
    let reply = outcome?;
    let version = (call.versioned && !call.dry_run).then(|| version_of(&reply)).flatten();
    let mut response = respond(reply, call.dry_run);
    tag(&mut response, version);
    Ok(response)
}

/// From the queue to the commit.
fn span_of(command: &impl Command) -> Span {
    tracing::info_span!(target: "trace.purser", "command", otel.name = command.name(), items = command.weight())
}

/// Runs a command for what it would say, and keeps nothing.
pub(crate) async fn ask<C: Command>(call: &Call, command: C) -> Result<C::Output, Problem>
where
    C::Output: Clone,
{
    run(call, command, true).await
}

/// Runs a command that a read leaves behind: who took what is written down before it is given out.
pub(crate) async fn note<C: Command>(call: &Call, command: C) -> Result<C::Output, Problem>
where
    C::Output: Clone,
{
    run(call, command, false).await
}

async fn run<C: Command>(call: &Call, command: C, dry_run: bool) -> Result<C::Output, Problem>
where
    C::Output: Clone,
{
    let meta =
        Meta { actor: call.identity.actor.clone(), dry_run, origin: Some(call.origin()), ..Meta::system() };
    let span = span_of(&command);
    let (said, heard) = (Arc::new(Mutex::new(None)), tokio::sync::oneshot::channel());
    let (saying, (sender, receiver)) = (Arc::clone(&said), heard);
    let job = Job::new(
        command,
        meta,
        move |outcome| {
            let said = match outcome {
                Ok(output) => Ok(output.clone()),
                Err(rejection) => Err(Problem::from(rejection)),
            };
            // A group that ran again asks again: the last answer is the one that counts.
            *saying.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            Reply::default()
        },
        move |outcome| drop(sender.send(outcome)),
    );
    call.app.executor.submit(job);
    receiver.instrument(span).await.unwrap_or(Err(Failure::Bug))?;
    let said = said.lock().unwrap_or_else(PoisonError::into_inner).take();
    said.unwrap_or_else(|| Err(Failure::Bug.into()))
}

/// What an accepted edit says of its version; remembered answers say it as well.
fn version_of(reply: &Reply) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: Option<i64>,
    }
    let accepted = (200..300).contains(&reply.status);
    accepted.then(|| serde_json::from_slice::<Versioned>(&reply.body).ok()?.version).flatten()
}

fn tag(response: &mut Response, version: Option<i64>) {
    let tag = version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok());
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

fn respond(reply: Reply, dry_run: bool) -> Response {
    let status = u16::try_from(reply.status).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let empty = reply.body.is_empty();
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = if dry_run && status.is_success() { StatusCode::OK } else { status };
    let headers = response.headers_mut();
    if !empty {
        let kind = if status.as_u16() >= 400 { PROBLEM_JSON } else { "application/json" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if reply.replayed {
        headers.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    response
}

/// A read's answer.
pub(crate) fn json(value: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(value).unwrap_or_default()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A read's answer with its version as entity tag.
pub(crate) fn json_versioned(value: &impl Serialize, version: i64) -> Response {
    let mut response = json(value);
    tag(&mut response, Some(version));
    response
}
