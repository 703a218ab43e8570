//! What happens to a party, told at once to whoever looks at its pages (P15, P18): server-sent events that say what to
//! read anew, and nothing more. The values are read through the routes that are open to the session, so the stream can
//! tell nobody what they do not read anyway.
//!
//! One reader of the feed serves all streams of a server, as long as there are any.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use purser_domain::ids::{PartyId, Uid};
use purser_engine::{feed, rows::EventRow};
use tokio::sync::{broadcast, mpsc};

use crate::{
    App,
    ad_stream::{PATIENCE, PIECES, Pieces, pass},
    edge::{Call, Cursor},
    problem::Problem,
};

/// Streams of the portal that a server holds open.
const STREAMS: usize = 512;
/// Streams that one session holds open: browsers hold six connections to a server, and pages need some for themselves.
const PER_SESSION: usize = 3;
/// How often the feed is looked at, at most and at least.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));
/// How often a stream asks whether its session still stands, and says that it is there.
const BREATH: Duration = Duration::from_secs(5);
/// Longest life of a stream; the page comes back with the last id.
const STAY: Duration = Duration::from_secs(3_600);
/// Events read at a time.
const EVENTS: usize = 500;
/// Pieces of news that wait for a stream; one that falls behind is told to read everything anew.
const NEWS: usize = 64;

/// What pages read, each by the beginnings of the kinds of events that change it.
const TOPICS: &[(&str, &[&str])] = &[
    ("withdrawals", &["withdrawal.", "payout_account."]),
    ("earnings", &["task_order.", "ledger.", "membership.", "tax."]),
    ("statements", &["programme.", "settlement."]),
    ("limit", &["credit."]),
    ("ads", &["ads.", "payment.", "payment_order."]),
    ("cases", &["case.", "studio."]),
    ("party", &["party.", "phone.", "identity."]),
];
/// Every topic: whoever missed something reads all of it anew.
const EVERYTHING: &str = "everything";

fn topic_of(kind: &str) -> Option<&'static str> {
    let mut topics = TOPICS.iter();
    topics.find(|(_, starts)| starts.iter().any(|start| kind.starts_with(start))).map(|(topic, _)| *topic)
}

/// What happened since the last look: whom it concerns, and what they read anew.
#[derive(Debug)]
struct News {
    /// Where the feed was read up to.
    id: String,
    told: BTreeMap<PartyId, BTreeSet<&'static str>>,
}

/// Streams that are open, and what is told to them.
pub(crate) struct Live {
    news: broadcast::Sender<Arc<News>>,
    /// Whether somebody reads the feed.
    reading: tokio::sync::Mutex<bool>,
    /// How many streams each session holds.
    held: Mutex<BTreeMap<Uid, usize>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            news: broadcast::Sender::new(NEWS),
            reading: tokio::sync::Mutex::default(),
            held: Mutex::default(),
        }
    }
}

/// A stream's place, given back when the stream ends.
struct Place {
    app: Arc<App>,
    session: Uid,
}

impl Place {
    fn take(app: &Arc<App>, session: Uid) -> Option<Self> {
        let mut held = app.live.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = held.values().sum();
        let own = held.get(&session).copied().unwrap_or(0);
        if all >= STREAMS || own >= PER_SESSION {
            return None;
        }
        held.insert(session, own + 1);
        Some(Self { app: Arc::clone(app), session })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.app.live.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.session);
            }
        }
    }
}

/// Follow what happens to the party that one is signed in for
///
/// Server-sent events. `changed` says in `data.topics` what to read anew: `withdrawals`, `earnings`, `statements`, `limit`,
/// `ads`, `cases`, `party`; with any of them also messages. The `id` of an event is a cursor: send the last one as
/// `Last-Event-ID`, and whatever happened meanwhile is answered by one `changed` of `everything`. A session holds three
/// streams; further ones are refused, and their pages look by themselves now and then. The stream ends with the session,
/// after an hour, when the server stops, and when nothing of it is read for ten seconds.
#[utoipa::path(get, path = "/v1/portal/stream", tag = "portal",
    params(("Last-Event-ID" = Option<String>, Header, description = "`id` of the last event that you saw")),
    responses((status = 200, body = String, content_type = "text/event-stream", description = "Events, for as long as both sides stay")))]
pub(crate) async fn follow_portal(call: Call, headers: HeaderMap) -> Result<Response, Problem> {
    let (Some(portal), Some(token)) = (call.identity.portal, call.cookie.clone()) else {
        let text = "this is for browsers in the portal: follow a link first";
        return Err(Problem::new(StatusCode::FORBIDDEN, "portal_session_needed", text));
    };
    let since = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default().to_owned());
    let app = Arc::clone(&call.app);
    let Some(place) = Place::take(&app, portal.session) else {
        let text = "as many pages follow this session, or this server, as it holds: look again now and then";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "streams_busy", text).retry(30));
    };
    let news = app.live.news.subscribe();
    let now = read_along(&app).await?;
    let (pieces, receiver) = mpsc::channel(PIECES);
    // The first event says from where on nothing is missed; whoever comes from before it has missed something.
    let topics: &[&str] = if since.as_ref().is_none_or(|since| *since == now) { &[] } else { &[EVERYTHING] };
    let hello = format!("{}{}", event("hello", &now, &[]), changed(&now, topics));
    let following = Following { app, place, token, party: portal.party };
    tokio::spawn(tokio::time::timeout(STAY, following.follow(hello, news, pieces)));
    let mut response = Response::new(Body::from_stream(Pieces(receiver)));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

fn event(name: &str, id: &str, topics: &[&str]) -> String {
    let data = serde_json::json!({ "topics": topics });
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}

fn changed(id: &str, topics: &[&str]) -> String {
    if topics.is_empty() { String::new() } else { event("changed", id, topics) }
}

struct Following {
    app: Arc<App>,
    place: Place,
    token: String,
    party: PartyId,
}

impl Following {
    /// Passes on what concerns the party until the client, the session or the server leaves.
    async fn follow(
        self,
        hello: String,
        mut news: broadcast::Receiver<Arc<News>>,
        pieces: mpsc::Sender<Bytes>,
    ) {
        // Given back whenever this ends, also when the whole of it is dropped.
        let _place = &self.place;
        if !pass(&pieces, hello, PATIENCE).await {
            return;
        }
        let mut breath = tokio::time::interval(BREATH);
        breath.tick().await;
        loop {
            let text = tokio::select! {
                next = news.recv() => match next {
                    Ok(news) => self.own(&news),
                    Err(broadcast::error::RecvError::Lagged(_)) => changed("0", &[EVERYTHING]),
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                _ = breath.tick() => {
                    if !matches!(self.app.identify(&self.token).await, Ok(Some(_))) {
                        // Whoever is out is told so: the page asks for the session, and finds none.
                        let _ = pass(&pieces, event("over", "0", &[]), PATIENCE).await;
                        return;
                    }
                    ":\n\n".to_owned()
                }
                () = pieces.closed() => return,
            };
            if self.app.is_closing() || (!text.is_empty() && !pass(&pieces, text, PATIENCE).await) {
                return;
            }
        }
    }

    fn own(&self, news: &News) -> String {
        let Some(topics) = news.told.get(&self.party) else { return String::new() };
        changed(&news.id, &topics.iter().copied().collect::<Vec<_>>())
    }
}

/// Makes sure that somebody reads the feed, and says from where on nothing of it is missed by who has subscribed before.
async fn read_along(app: &Arc<App>) -> Result<String, Problem> {
    let mut reading = app.live.reading.lock().await;
    let places = app.read(feed::newest).await?;
    let id = Cursor::of_places(&places).encode();
    if !*reading {
        *reading = true;
        tokio::spawn(read_feed(Arc::clone(app), places));
    }
    Ok(id)
}

/// Reads the feed for all streams until there are none. A read that fails is tried again: the places have not moved.
async fn read_feed(app: Arc<App>, mut places: feed::Places) {
    loop {
        if app.is_closing() || app.live.news.receiver_count() == 0 {
            // Under the lock: whoever comes now subscribed before, or finds that nobody reads.
            let mut reading = app.live.reading.lock().await;
            if app.is_closing() || app.live.news.receiver_count() == 0 {
                *reading = false;
                return;
            }
        }
        let woken = app.commits.notified();
        let from = places.clone();
        let mut full = false;
        if let Ok((rows, now)) = app.read(move |session| feed::events(session, from, EVENTS)).await {
            full = rows.len() >= EVENTS;
            places = now;
            let told = told(&rows);
            if !told.is_empty() {
                let id = Cursor::of_places(&places).encode();
                // Nobody there is nobody told.
                let _ = app.live.news.send(Arc::new(News { id, told }));
            }
        }
        if !full {
            tokio::time::sleep(LOOK.0).await;
            // Woken or not, it looks again.
            let _ = tokio::time::timeout(LOOK.1, woken).await;
        }
    }
}

fn told(rows: &[EventRow]) -> BTreeMap<PartyId, BTreeSet<&'static str>> {
    let mut told: BTreeMap<PartyId, BTreeSet<&'static str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.party.0.is_nil()) {
        if let Some(topic) = topic_of(&row.kind) {
            told.entry(row.party).or_default().insert(topic);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_by_what_is_read_anew_and_unknown_ones_are_not_p15() {
        for (kind, topic) in [
            ("withdrawal.paid", Some("withdrawals")),
            ("task_order.settled", Some("earnings")),
            ("settlement.paid", Some("statements")),
            ("credit.limit_changed", Some("limit")),
            ("payment.credited", Some("ads")),
            ("case.party_asked", Some("cases")),
            ("risk.review_opened", None),
            ("withdrawals_of_others", None),
        ] {
            assert_eq!(topic_of(kind), topic, "{kind}");
        }
        assert_eq!(changed("x", &[]), "");
        assert_eq!(changed("x", &["ads"]), "id: x\nevent: changed\ndata: {\"topics\":[\"ads\"]}\n\n");
    }
}
