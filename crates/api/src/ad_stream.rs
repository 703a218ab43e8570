//! What happens to advertisers' delivery, told at once (A4, A5): server-sent events for ad servers.
//!
//! A stop must reach whoever shows ads before many clicks do. A commit of this server wakes the streams; what other
//! servers and jobs commit is found by looking again after a few milliseconds.

use std::{
    fmt::Write as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use purser_engine::{feed, rows::EventRow};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::{
    App,
    edge::{Call, Cursor},
    feed::Event,
    problem::Problem,
};

/// Streams that a server holds open.
pub(crate) const STREAMS: usize = 64;
/// How long a stream looks at nothing when nobody wakes it.
const LOOK: Duration = Duration::from_millis(25);
/// A line that keeps idle connections from being cut, after so many looks.
const BREATH: u32 = 400;
/// Events read at a time.
const EVENTS: usize = 500;
/// Pieces that wait for a slow client.
pub(crate) const PIECES: usize = 4;
/// How long a client may leave them waiting: whoever does not read gives its place to somebody who does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Longest life of a stream. Who is still there comes back with the last id and misses nothing; who is not, and was told
/// nothing that it could have left unread, holds no place for ever.
const STAY: Duration = Duration::from_secs(3_600);

/// Follow stops and resumes as they happen
///
/// Server-sent events: `ads.stopped`, `ads.resumed`, `ads.budget_stopped` and the others of advertising accounts, each with
/// the same content as in `GET /v1/events`. The `id` of an event is a cursor: send the last one as `Last-Event-ID` and
/// nothing is missed; without it the stream begins with what happens next. Every event carries the number of its
/// advertiser (`data.data.seq`), which counts without gaps: a number that is missing is an event that you missed. The
/// stream ends after an hour, when the server stops, and when nothing of it is read for ten seconds: connect again.
#[utoipa::path(get, path = "/v1/ads/stream", tag = "advertising",
    params(("Last-Event-ID" = Option<String>, Header, description = "`id` of the last event that you saw")),
    responses((status = 200, body = String, content_type = "text/event-stream", description = "Events, for as long as both sides stay")))]
pub(crate) async fn follow_ads(call: Call, headers: HeaderMap) -> Result<Response, Problem> {
    let places = match headers.get("last-event-id") {
        Some(value) => {
            let text =
                value.to_str().map_err(|_| Problem::invalid("Last-Event-ID", "an id of this stream"))?;
            Cursor::decode(text)?.places()
        }
        None => call.app.read(feed::newest).await?,
    };
    let Ok(permit) = Arc::clone(&call.app.streams).try_acquire_owned() else {
        let text = format!("{STREAMS} streams are open, which is all that a server holds");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "streams_busy", text).retry(10));
    };
    let (pieces, receiver) = mpsc::channel(PIECES);
    tokio::spawn(tokio::time::timeout(STAY, follow(Arc::clone(&call.app), places, pieces, permit)));
    let mut response = Response::new(Body::from_stream(Pieces(receiver)));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Reads what comes and passes it on until the client or the server leaves. A read that fails is tried again: the places
/// have not moved.
async fn follow(
    app: Arc<App>,
    mut places: feed::Places,
    pieces: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
) {
    let mut idle = 0;
    // The head goes out at once, so that whoever connects knows that it listens.
    let mut text = ": listening\n\n".to_owned();
    while !app.is_closing() && !pieces.is_closed() {
        let woken = app.commits.notified();
        let from = places.clone();
        let mut full = false;
        if let Ok((rows, now)) = app.read(move |session| feed::events(session, from, EVENTS)).await {
            full = rows.len() >= EVENTS;
            for row in rows {
                places.pass(&row);
                if row.kind.starts_with("ads.") {
                    push(&mut text, &places, row);
                }
            }
            places = now;
        }
        idle = if text.is_empty() { idle + 1 } else { 0 };
        if idle >= BREATH {
            text.push_str(":\n\n");
            idle = 0;
        }
        if !text.is_empty() && !pass(&pieces, std::mem::take(&mut text), PATIENCE).await {
            return;
        }
        if !full {
            // Woken or not, it looks again.
            let _ = tokio::time::timeout(LOOK, woken).await;
        }
    }
}

/// Passes a piece on; false when the client has left, or does not read.
pub(crate) async fn pass(pieces: &mpsc::Sender<Bytes>, text: String, patience: Duration) -> bool {
    tokio::time::timeout(patience, pieces.send(Bytes::from(text))).await.is_ok_and(|sent| sent.is_ok())
}

fn push(text: &mut String, places: &feed::Places, row: EventRow) {
    let (id, kind) = (Cursor::of_places(places).encode(), row.kind.clone());
    let data = serde_json::to_string(&Event::from(row)).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = write!(text, "id: {id}\nevent: {kind}\ndata: {data}\n\n");
}

pub(crate) struct Pieces(pub(crate) mpsc::Receiver<Bytes>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece() -> String {
        ":\n\n".to_owned()
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_given_up_a4() {
        let (pieces, mut receiver) = mpsc::channel(PIECES);
        let patience = Duration::from_millis(20);
        for _ in 0..PIECES {
            assert!(pass(&pieces, piece(), patience).await, "there is room");
        }
        assert!(!pass(&pieces, piece(), patience).await, "nothing was read");
        assert!(receiver.recv().await.is_some());
        assert!(pass(&pieces, piece(), patience).await, "it reads again");
        drop(receiver);
        assert!(!pass(&pieces, piece(), patience).await, "it has left");
    }
}
