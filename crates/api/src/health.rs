//! Is it alive, is it ready, what is it doing (P23).

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use purser_domain::time::{SECOND, Timestamp};
use purser_engine::{
    Failure, FaultKind, Job, Meta, Reply,
    chain::TakeCheckpoint,
    observe::observe,
    withdrawals::{overdue_count, waiting_for_funds},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, edge::json, gauges::Gauges, metrics::Payouts};

/// A commit that is younger than this proves that the database can be written, µs.
const RECENT: i64 = 10 * SECOND;
/// How long ahead the calendar must be known (P5), days.
const CALENDAR_DAYS: u32 = 60;

/// How long a lack of room is told after the last commit that met it, µs. A small commit may find room where the
/// next large one does not: without this, readiness would say yes in between.
const FULL_FOR: i64 = 5 * SECOND;

/// What the last commits said; instants of the machine's clock, 0 for never.
#[derive(Default)]
pub(crate) struct Pulse {
    committed_at: AtomicI64,
    full_at: AtomicI64,
}

impl Pulse {
    pub(crate) fn note<T>(&self, outcome: &Result<T, Failure>, now: Timestamp) {
        match outcome {
            Ok(_) => {
                self.committed_at.fetch_max(now.0, Ordering::Relaxed);
            }
            Err(Failure::Fault(fault)) => {
                if fault.kind == FaultKind::Full {
                    self.full_at.fetch_max(now.0, Ordering::Relaxed);
                }
                self.committed_at.store(0, Ordering::Relaxed);
            }
            Err(_) => {}
        }
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let full_at = self.full_at.load(Ordering::Relaxed);
        let since = self.committed_at.load(Ordering::Relaxed) > full_at;
        full_at > 0 && (!since || now.0 - full_at <= FULL_FOR)
    }
}

/// Health.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
}

/// Readiness.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own to a probe")]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Whether requests should be sent here.
    ready: bool,
    /// A commit succeeded within the last seconds.
    database_writable: bool,
    /// There was no room to write.
    storage_full: bool,
    /// The queue takes commands.
    queue_open: bool,
    /// Years that the calendar must learn within 60 days; a warning, not a reason to stop.
    calendar_missing: Vec<i16>,
    /// Withdrawals that wait for the platform's funds; a warning, not a reason to stop.
    payouts_waiting: i64,
    /// How long the oldest of them has been waiting, seconds of business time.
    payouts_waiting_seconds: i64,
    /// Withdrawals that took longer than promised, counted to 10,000; a warning.
    payouts_overdue: i64,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health, description = "Alive")))]
pub(crate) async fn healthz() -> Response {
    json(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Can it work?
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = Readiness, description = "Ready"),
    (status = 503, body = Readiness, description = "Not ready: the body says why")))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let readiness = readiness(&app).await;
    let mut response = json(&readiness);
    if !readiness.ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

async fn readiness(app: &Arc<App>) -> Readiness {
    let mut queue_open = true;
    if app.clock.machine().0 - app.pulse.committed_at.load(Ordering::Relaxed) > RECENT {
        queue_open = probe(app).await;
    }
    let database_writable = app.clock.machine().0 - app.pulse.committed_at.load(Ordering::Relaxed) <= RECENT;
    let storage_full = app.pulse.is_full(app.clock.machine());
    let today = app.zone.date(app.now());
    // Readiness must say something also when nothing can be read.
    let payouts = payouts(app).await;
    let payouts = payouts.as_ref();
    Readiness {
        ready: database_writable && !storage_full && queue_open,
        database_writable,
        storage_full,
        queue_open,
        calendar_missing: app.rules().calendar.missing_within(today, CALENDAR_DAYS),
        payouts_waiting: payouts.map_or(0, |p| p.waiting.iter().map(|waiting| waiting.count).sum()),
        payouts_waiting_seconds: payouts.map_or(0, Payouts::oldest_seconds),
        payouts_overdue: payouts.map_or(0, |p| p.overdue),
    }
}

/// What of payouts somebody must look at; `None` when it cannot be read.
async fn payouts(app: &Arc<App>) -> Option<Payouts> {
    let now = app.now();
    let read = move |session: &mut dyn purser_engine::Session| {
        let waiting = waiting_for_funds(session)?;
        Ok(Payouts { waiting, overdue: overdue_count(session, now, Payouts::MOST)?, now })
    };
    app.read(read).await.ok()
}

/// Writes a checkpoint, which is due now and then anyway. False when the queue did not take it.
async fn probe(app: &Arc<App>) -> bool {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let done = move |outcome: Result<Reply, Failure>| drop(sender.send(outcome));
    app.executor.submit(Job::new(TakeCheckpoint, Meta::system(), |_| Reply::default(), done));
    let outcome = receiver.await.unwrap_or(Err(Failure::Stopping));
    app.pulse.note(&outcome, app.clock.machine());
    !matches!(outcome, Err(Failure::Busy | Failure::Stopping))
}

/// Figures for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain", description = "Prometheus text format")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let ready = !app.pulse.is_full(app.clock.machine());
    // Before this request takes one of them itself.
    let sessions = app.reads.figures();
    let (now, machine, currency) = (app.now(), app.clock.machine(), app.rules().currency);
    let look = move |session: &mut dyn purser_engine::Session| {
        Ok(Gauges { observed: observe(session, currency, (now, machine))?, now })
    };
    let (payouts, gauges) = (payouts(&app).await, app.read(look).await.ok());
    let text = app.metrics.text(&app.executor, ready, (payouts.as_ref(), gauges.as_ref(), sessions));
    let mut response = text.into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// This contract
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, body = Object, description = "OpenAPI 3.1")))]
pub(crate) async fn openapi() -> Response {
    let mut response = crate::openapi_json().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use purser_engine::Fault;

    use super::*;

    #[test]
    fn a_lack_of_room_is_told_until_commits_succeed_and_some_seconds_passed() {
        let pulse = Pulse::default();
        let at = |seconds: i64| Timestamp(1_000 * SECOND + seconds * SECOND);
        let full = || Err::<(), _>(Failure::Fault(Fault::new(FaultKind::Full, "commit", "no room")));
        pulse.note(&Ok(()), at(0));
        assert!(!pulse.is_full(at(0)));
        pulse.note(&full(), at(1));
        assert!(pulse.is_full(at(1)) && pulse.is_full(at(60)), "nothing was committed since");
        pulse.note(&Ok(()), at(2));
        assert!(pulse.is_full(at(3)), "a small commit proves little");
        assert!(!pulse.is_full(at(7)));
    }
}
