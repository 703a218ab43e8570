//! The stream for ad servers (A4, A5): a stop is told at once, and whoever comes back misses nothing.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use super::desk::{Desk, id};
use crate::support::world::{Place, wait_until};

/// A listener of the stream.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn connect(desk: &Desk, token: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(desk.server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        write!(
            stream,
            "GET /v1/ads/stream HTTP/1.1\r\nHost: purser\r\nAuthorization: Bearer {token}\r\n{last}\r\n"
        )
        .unwrap();
        let mut listener = Self(BufReader::new(stream));
        assert!(listener.line().starts_with("HTTP/1.1 200"));
        while listener.line() != ": listening" {}
        listener
    }

    /// Whether there is room for one more.
    fn opens(desk: &Desk, token: &str) -> bool {
        let mut stream = TcpStream::connect(desk.server.address).unwrap();
        write!(
            stream,
            "GET /v1/ads/stream HTTP/1.1\r\nHost: purser\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status).unwrap();
        status.starts_with("HTTP/1.1 200")
    }

    /// What the server answers to one more listener: status and body.
    fn refused(desk: &Desk, token: &str, last: &str) -> (String, String) {
        let mut stream = TcpStream::connect(desk.server.address).unwrap();
        write!(
            stream,
            "GET /v1/ads/stream HTTP/1.1\r\nHost: purser\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{last}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
        line.trim_end().to_owned()
    }

    /// The next event of a kind: its id and its content.
    fn next(&mut self, kind: &str) -> (String, Value) {
        let mut last = String::new();
        loop {
            let line = self.line();
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut last);
            } else if let Some(text) = line.strip_prefix("data: ") {
                let event: Value = serde_json::from_str(text).unwrap();
                if event["kind"] == kind {
                    return (last, event);
                }
            }
        }
    }
}

#[test]
fn a_stop_is_told_at_once_and_not_missed_a4_a5() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let key = json!({ "name": "ears", "scopes": ["events:read"] });
        let token = desk.post("/v1/api-keys", &key).ended(201).text("token").to_owned();
        let party = desk.advertiser("adv");
        let campaign = desk.campaign(&party, "c");
        let mut listener = Listener::connect(&desk, &token, None);
        desk.top_up(&party, 50_000);
        let (resumed, _) = listener.next("ads.resumed");
        let path = format!("/v1/ad-campaigns/{}", id(&campaign));
        desk.client.patch(&path, &json!({ "daily_budget_minor": null })).ended(200);
        let click = json!({ "click_id": "last", "campaign_id": id(&campaign), "click_at": desk.now(), "price_minor": 50_010 });
        desk.post("/v1/ad-clicks", &click).ended(200);
        let (last, stopped) = listener.next("ads.stopped");
        assert_eq!((&stopped["party_id"], &stopped["data"]["epoch"]), (&json!(party), &json!(1)));
        assert_eq!(
            (&stopped["data"]["reason"], &stopped["data"]["arrears_minor"]),
            (&json!("arrears"), &json!(10))
        );
        // Whoever was away sees it again from where it was, and nothing twice from behind it.
        drop(listener);
        let mut again = Listener::connect(&desk, &token, Some(&resumed));
        assert_eq!(again.next("ads.stopped"), (last.clone(), stopped));
        let mut behind = Listener::connect(&desk, &token, Some(&last));
        desk.top_up(&party, 20_000);
        for listener in [&mut again, &mut behind] {
            assert_eq!(listener.next("ads.resumable").1["data"]["epoch"], 1);
        }
        // A server that stops does not wait for its listeners.
        desk.end(&place);
    }
}

/// A4: places are few, are given back by whoever leaves, and what is no id of this stream is said to be none.
#[test]
fn streams_are_bounded_and_places_come_back_a4() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let key = json!({ "name": "ears", "scopes": ["events:read"] });
    let token = desk.post("/v1/api-keys", &key).ended(201).text("token").to_owned();
    let (status, body) = Listener::refused(&desk, &token, "Last-Event-ID: nonsense\r\n");
    assert_eq!(status, "400", "{body}");
    let mut listeners: Vec<Listener> = (0..64).map(|_| Listener::connect(&desk, &token, None)).collect();
    let (status, body) = Listener::refused(&desk, &token, "");
    assert!(status == "503" && body.contains("streams_busy"), "{status} {body}");
    drop(listeners.pop());
    wait_until("a place is free again", 20, || Listener::opens(&desk, &token));
    drop(listeners);
    desk.end(&place);
}
