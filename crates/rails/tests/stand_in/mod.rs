//! The platform's services as tests need them: they check every signature, remember what they took in by its id, and
//! misbehave on command. Used by the contract tests here and by the end-to-end tests of the binary.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use purser_rails::services::Secret;
use serde_json::{Value, json};

/// The secret that both sides know.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a call meets.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// This status and object.
    Says(u16, Value),
    /// Taken in, and then no answer.
    Lost,
    /// No answer until the caller hangs up.
    Slow,
    /// 200 with something that is no JSON.
    Garbage,
}

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) body: Value,
}

#[derive(Default)]
struct State {
    /// What is planned: for whatever comes, or only for this `purpose`.
    script: VecDeque<(Option<String>, Reply)>,
    calls: Vec<Call>,
    /// What was taken in, once for each id.
    taken: BTreeMap<String, Value>,
}

/// A service that listens on this machine.
#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    /// Starts one that says this to every call that nothing else is planned for.
    pub(crate) fn start(usual: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, usual) = (Arc::clone(&shared), usual.clone());
                // A caller that breaks off is what some tests are about.
                std::thread::spawn(move || answer(&stream, &state, &usual));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/purser", self.address)
    }

    /// What the next calls meet, one each.
    pub(crate) fn plan(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().expect("a state").script.extend(replies.into_iter().map(|reply| (None, reply)));
    }

    /// What the next call of this purpose meets.
    pub(crate) fn plan_for(&self, purpose: &str, reply: Reply) {
        self.state.lock().expect("a state").script.push_back((Some(purpose.to_owned()), reply));
    }

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.lock().expect("a state").calls.clone()
    }

    /// What was taken in, once for each id, in order of ids.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.state.lock().expect("a state").taken.values().cloned().collect()
    }
}

fn answer(stream: &TcpStream, state: &Mutex<State>, usual: &Value) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut headers, mut line) = (BTreeMap::new(), String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            assert!(line.starts_with("POST /purser HTTP/1.1"), "{line}");
            continue;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let reply = {
        let mut state = state.lock().ok()?;
        if is_signed(&headers, &body) {
            let call = Call {
                id: headers.get("webhook-id")?.clone(),
                body: serde_json::from_str(&body).unwrap_or(Value::Null),
            };
            state.calls.push(call.clone());
            let fits = |(purpose, _): &(Option<String>, Reply)| {
                purpose.as_deref().is_none_or(|purpose| call.body["purpose"] == purpose)
            };
            let planned = state.script.iter().position(fits).and_then(|place| state.script.remove(place));
            let reply = planned.map_or_else(|| Reply::Says(200, usual.clone()), |(_, reply)| reply);
            if matches!(reply, Reply::Lost | Reply::Garbage | Reply::Says(200..=299, _)) {
                state.taken.entry(call.id).or_insert(call.body);
            }
            reply
        } else {
            Reply::Says(401, json!({ "code": "signature_wrong" }))
        }
    };
    let (status, text) = match reply {
        Reply::Lost => return None,
        Reply::Slow => {
            // Until the other side has had enough.
            let _ = reader.read(&mut [0]);
            return None;
        }
        Reply::Garbage => (200, "<html>it works</html>".to_owned()),
        Reply::Says(status, body) => (status, body.to_string()),
    };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    let mut stream = stream;
    stream.write_all((head + &text).as_bytes()).ok()
}

fn is_signed(headers: &BTreeMap<String, String>, body: &str) -> bool {
    let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
    let seconds = header("webhook-timestamp").parse().unwrap_or(0);
    let secret = Secret::read(SECRET).expect("a secret");
    let json = header("content-type").starts_with("application/json");
    json && header("webhook-signature") == secret.sign(header("webhook-id"), seconds, body)
}
