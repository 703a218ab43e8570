//! What rails say by themselves: signed messages to a public route (P10).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Path, Request},
    http::{StatusCode, header},
    response::Response,
};
use purser_domain::time::{MINUTE, Timestamp};
use purser_engine::{
    Command, Failure, Job, Meta, Reply,
    ports::{NoticeReader, NoticeRefused, RailNotice},
    withdrawals::{NoteBadNotices, NoticeTaken, RecordRailNotice, by_reference},
};

use crate::{App, edge::Call, problem::Problem};

/// Largest message, bytes.
const MESSAGE_MAX: usize = 64 * 1024;

/// Who reads the messages of which rail, and how many came lately that nobody believed.
#[derive(Default)]
pub struct Notices {
    readers: Vec<Arc<dyn NoticeReader>>,
    bad: Mutex<BTreeMap<&'static str, (Timestamp, i64)>>,
}

impl Notices {
    /// With the readers of the rails that this server is connected to.
    pub fn new(readers: Vec<Arc<dyn NoticeReader>>) -> Self {
        Self { readers, bad: Mutex::default() }
    }

    fn reader(&self, rail: &str) -> Option<Arc<dyn NoticeReader>> {
        self.readers.iter().find(|reader| reader.rail() == rail).cloned()
    }

    /// Counts a message that is not believed; the count when it is time to note it, at most once a minute and rail,
    /// so that a flood from outside fills no books.
    fn count_bad(&self, rail: &'static str, now: Timestamp) -> Option<i64> {
        let mut bad = self.bad.lock().unwrap_or_else(PoisonError::into_inner);
        let (noted_at, count) = bad.entry(rail).or_insert((Timestamp(0), 0));
        *count += 1;
        if now < noted_at.plus(MINUTE) {
            return None;
        }
        *noted_at = now;
        Some(std::mem::take(count))
    }
}

/// Take in a rail's notice
///
/// For the rail, which signs what it sends; the answer is the text that it expects. Alipay: the address of the
/// application gateway; `success` once the notice is booked (or was before), else `fail`, and it comes again.
#[utoipa::path(post, path = "/v1/rails/{rail}/notify", tag = "rails",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    params(("rail" = String, Path, description = "Name of the rail")),
    responses((status = 200, body = String, content_type = "text/plain", description = "`success` or `fail`")))]
pub(crate) async fn take_notice(
    call: Call,
    Path(rail): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let Some(reader) = call.app.notices.reader(&rail) else {
        let text = "this server takes no notices of such a rail";
        return Err(Problem::not_found("rail_unknown", text));
    };
    let bytes = to_bytes(request.into_body(), MESSAGE_MAX).await.map_err(|_| {
        let text = format!("a notice has at most {MESSAGE_MAX} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
    })?;
    let taken = match reader.read(&bytes) {
        Ok(None) => true,
        Ok(Some(notice)) => book(&call.app, reader.rail(), notice).await?,
        Err(refused) => {
            not_believed(&call.app, reader.rail(), refused).await?;
            false
        }
    };
    let mut response = Response::new(Body::from(reader.answer(taken)));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    Ok(response)
}

async fn book(app: &Arc<App>, rail: &'static str, notice: RailNotice) -> Result<bool, Problem> {
    let reference = notice.reference.clone();
    let located = app.read(move |session| by_reference(session, &reference)).await?;
    let taken = send(app, rail, RecordRailNotice { rail, notice, located }, |taken| {
        !matches!(taken, NoticeTaken::Refused(_))
    });
    taken.await
}

pub(crate) async fn not_believed(
    app: &Arc<App>,
    rail: &'static str,
    refused: NoticeRefused,
) -> Result<(), Problem> {
    tracing::warn!(rail, code = refused.code, "a notice is not believed: {}", refused.text);
    let Some(count) = app.notices.count_bad(rail, app.clock.machine()) else { return Ok(()) };
    send(app, rail, NoteBadNotices { rail, code: refused.code, count }, |()| true).await.map(|_| ())
}

/// Runs a command as the rail and says whether what it answers is good.
pub(crate) async fn send<C: Command>(
    app: &Arc<App>,
    rail: &'static str,
    command: C,
    good: impl Fn(&C::Output) -> bool + Send + 'static,
) -> Result<bool, Problem> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let job = Job::new(
        command,
        Meta { actor: format!("rail:{rail}"), ..Meta::system() },
        move |outcome| Reply { status: i64::from(outcome.as_ref().is_ok_and(&good)), ..Reply::default() },
        // A caller that went away is told again when the rail sends again.
        move |outcome| drop(sender.send(outcome)),
    );
    app.executor.submit(job);
    let outcome = receiver.await.unwrap_or(Err(Failure::Bug));
    app.pulse.note(&outcome, app.clock.machine());
    Ok(outcome?.status == 1)
}
