//! Traces reach a collector, hang together, and hold nothing of a party (P23).

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::support::{
    http::Client,
    world::{Place, Server, onboard, wait_until},
};

/// A collector of OTLP over HTTP in JSON.
struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || while take(&stream, &kept).is_some() {});
            }
        });
        Self { address, bodies }
    }

    fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    fn text(&self) -> String {
        self.bodies.lock().unwrap().concat()
    }

    fn spans(&self) -> Vec<Span> {
        let mut found = Vec::new();
        for body in self.bodies.lock().unwrap().iter() {
            let body: Value = serde_json::from_str(body).unwrap();
            for resource in body["resourceSpans"].as_array().unwrap() {
                for scope in resource["scopeSpans"].as_array().unwrap() {
                    found.extend(scope["spans"].as_array().unwrap().iter().map(Span::of));
                }
            }
        }
        found
    }
}

/// One request of an exporter.
fn take(mut stream: &TcpStream, kept: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    let first = &mut String::new();
    reader.read_line(first).ok().filter(|read| *read > 0)?;
    assert!(first.starts_with("POST /v1/traces "), "{first}");
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    kept.lock().ok()?.push(String::from_utf8(body).ok()?);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}").ok()
}

#[derive(Debug)]
struct Span {
    name: String,
    trace: String,
    id: String,
    parent: String,
    attributes: String,
}

impl Span {
    fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            trace: text("traceId"),
            id: text("spanId"),
            parent: text("parentSpanId"),
            attributes: value["attributes"].to_string(),
        }
    }
}

/// A server that traces, and sends what it has five times a second.
fn traced(place: &Place, url: &str) -> Server {
    let mut command = Server::command(place);
    command.args(["--traces-url", url]).env("OTEL_BSP_SCHEDULE_DELAY", "200");
    Server::of(command)
}

/// Reads with a header of a trace.
fn continued(server: &Server, token: &str, parent: &str) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = format!(
        "GET /v1/rails HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ntraceparent: {parent}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

fn party(client: &Client, name: &str) -> String {
    let profile = json!({
        "external_id": name, "display_name": name, "roles": ["creator"], "legal_form": "individual",
    });
    client.post("/v1/parties", name, &profile).ended(200).text("id").to_owned()
}

/// P23: a request, the command in it and the jobs after it are spans with the names of the program, a caller's trace goes
/// on, and nobody is named.
#[test]
fn spans_hang_together_and_name_nobody_p23() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let token = place.key();
        let collector = Collector::start();
        let server = traced(&place, &collector.url());
        let client = server.client(&token);
        let id = party(&client, "canary-of-traces");
        onboard(&client, &id);
        let account = json!({ "kind": "sandbox", "number": "canary-account.ok" });
        client.post(&format!("/v1/parties/{id}/payout-accounts"), "bind", &account).ended(201);
        let order = json!({
            "order_id": "canary-order", "creator_id": id, "task_type": "video", "amount_minor": 100_000,
            "accepted_at": "2026-03-01T10:00:00+08:00", "status": "completed",
            "completed_at": "2026-03-09T10:00:00+08:00",
        });
        client.post("/v1/task-orders", "order", &order).ended(200);
        let float = json!({ "amount_minor": 1_000_000, "reference": "canary-reference" });
        client.post("/v1/rails/sandbox/float-top-ups", "float", &float).ended(201);
        let withdrawal = json!({ "party_id": id, "amount_minor": 50_000 });
        let withdrawal = client.post("/v1/withdrawals", "out", &withdrawal).ended(201).text("id").to_owned();
        wait_until("it is paid", 30, || {
            client.get(&format!("/v1/withdrawals/{withdrawal}")).text("state") == "paid"
        });
        client.get("/v1/nowhere/canary-path").ended(404);
        let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        continued(&server, &token, &format!("00-{trace}-{parent}-01"));
        server.stop();
        let spans = collector.spans();
        let named = |name: &str| spans.iter().find(|span| span.name == name);
        let request = named("POST /v1/withdrawals").unwrap_or_else(|| panic!("{spans:#?}"));
        let child = spans.iter().find(|span| span.parent == request.id).unwrap();
        assert_eq!((child.name.as_str(), &child.trace), ("withdrawal.request", &request.trace));
        assert!(
            request.attributes.contains("201") && request.attributes.contains("http.route"),
            "{request:?}"
        );
        assert!(named("rail.send").is_some(), "jobs are traced");
        assert!(named(" unknown").is_some(), "what has no route has no path");
        let read = named("GET /v1/rails").unwrap();
        assert_eq!(
            (read.trace.as_str(), read.parent.as_str()),
            (trace, parent),
            "the caller's trace goes on"
        );
        let text = collector.text();
        for secret in ["canary", id.as_str(), withdrawal.as_str(), token.as_str(), "127.0.0.1"] {
            assert!(!text.contains(secret), "{secret} is in a trace");
        }
    }
}

/// P23: without a collector that answers everything works, and one that makes no sense is refused at once.
#[test]
fn a_collector_that_is_not_there_holds_up_nothing_p23() {
    let place = Place::folder();
    place.run(&["migrate", "--sandbox"]).ended(0);
    let token = place.key();
    let server = traced(&place, "http://127.0.0.1:9/v1/traces");
    party(&server.client(&token), "ann");
    server.stop();
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0", "--traces-url", "collector:4318"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--traces-url"), "{}", refused.err);
}
