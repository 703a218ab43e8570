//! A small HTTP client that checks every answer against the contract.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;

use crate::schema;

/// What servers of these tests accepted, by address.
static WRITES: Mutex<BTreeMap<SocketAddr, Vec<(String, String)>>> = Mutex::new(BTreeMap::new());

#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    token: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// A problem with this status, code, and pointer of the first field.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str, pointer: Option<&str>) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["errors"][0]["pointer"].as_str(), pointer, "{}", self.body);
    }
}

/// A key that nobody used before.
pub(crate) fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, token: token.to_owned() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self::new(self.address, token)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// A write under a fresh key.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &fresh_key(), body)
    }

    pub(crate) fn post_with(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send_json("POST", path, &[("Idempotency-Key", key)], body)
    }

    pub(crate) fn send_json(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        self.send(method, path, &all, body.to_string().as_bytes())
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        if !self.token.is_empty() {
            write!(head, "Authorization: Bearer {}\r\n", self.token).unwrap();
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses a large body early closes before all of it was sent.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let answer = read(&bytes);
        schema::check(method, path, &answer);
        let accepted =
            (200..300).contains(&answer.status) && !answer.headers.contains_key("idempotency-replayed");
        // What is only tried is written nowhere.
        let tried = path.contains("dry_run=true") || path.ends_with("/what-if");
        if method != "GET" && accepted && !tried {
            let write = (answer.headers["x-request-id"].clone(), format!("{method} {path}"));
            WRITES.lock().unwrap().entry(self.address).or_default().push(write);
        }
        answer
    }

    /// Writes that the server accepted: request id, and what it was.
    pub(crate) fn writes(&self) -> Vec<(String, String)> {
        WRITES.lock().unwrap().get(&self.address).cloned().unwrap_or_default()
    }
}

fn read(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Value::Null);
    Answer { status, headers, body }
}
