//! P15: webhooks. Every event that an endpoint wants arrives, signed as Standard Webhooks are, whatever happens in between.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use purser_rails::services::Secret;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::{
    skipped,
    world::{Place, Server, wait_until},
};

/// A message as it came.
#[derive(Debug, Clone)]
struct Got {
    id: String,
    seconds: i64,
    signatures: Vec<String>,
    text: String,
}

impl Got {
    fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn is_signed(&self, secret: &str) -> bool {
        self.signatures.contains(&Secret::read(secret).unwrap().sign(&self.id, self.seconds, &self.text))
    }
}

/// An endpoint on this machine, which answers as planned and 200 otherwise.
#[derive(Clone)]
struct Endpoint {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    plan: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Endpoint {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint =
            Self { address: listener.local_addr().unwrap(), got: Arc::default(), plan: Arc::default() };
        let shared = endpoint.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || shared.answer(&stream));
            }
        });
        endpoint
    }

    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (mut headers, mut line) = (BTreeMap::new(), String::new());
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None if line.trim_end().is_empty() => break,
                None => None,
            };
        }
        let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        self.got.lock().ok()?.push(Got {
            id: headers.get("webhook-id")?.clone(),
            seconds: headers.get("webhook-timestamp")?.parse().ok()?,
            signatures: headers.get("webhook-signature")?.split(' ').map(str::to_owned).collect(),
            text: String::from_utf8(body).ok()?,
        });
        let head = self.plan.lock().ok()?.pop_front().unwrap_or("200 OK\r\n");
        let rest = "Content-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(format!("HTTP/1.1 {head}{rest}").as_bytes()).ok()
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn plan(&self, heads: &[&'static str]) {
        self.plan.lock().unwrap().extend(heads);
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    fn kinds(&self) -> Vec<String> {
        self.got().iter().map(|got| got.body()["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn served(place: &Place) -> Desk {
    place.run(&["migrate", "--sandbox"]).ended(0);
    let key = place.key();
    Desk::of(serve(place), &key)
}

fn serve(place: &Place) -> Server {
    let mut command = Server::command(place);
    command.arg("--webhook-private-addresses");
    Server::of(command)
}

/// A webhook, and its secret.
fn made(desk: &Desk, endpoint: &Endpoint, events: &[&str]) -> (String, String) {
    let body = json!({ "name": "shop backend", "url": endpoint.url(), "events": events });
    let made = desk.post("/v1/webhooks", &body).ended(201).body;
    (made["webhook"]["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

fn deliveries(desk: &Desk, id: &str) -> Vec<Value> {
    let page = desk.client.get(&format!("/v1/webhooks/{id}/deliveries?limit=200")).ended(200).body;
    page["data"].as_array().unwrap().clone()
}

fn states(desk: &Desk, id: &str) -> Vec<String> {
    deliveries(desk, id).iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_an_endpoint_wants_arrives_signed_p15() {
    for place in Place::all() {
        let (desk, endpoint) = (served(&place), Endpoint::start());
        desk.creator("before-the-webhook");
        let (id, secret) = made(&desk, &endpoint, &["party.*", "withdrawal.paid"]);
        let party = desk.creator("after-the-webhook");
        desk.top_up(1_000_000);
        wait_until("a message", 20, || !endpoint.got().is_empty());
        let got = endpoint.got()[0].clone();
        assert!(got.is_signed(&secret) && !got.is_signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        // The body is the event as the events list has it, under the same id.
        let events = desk.client.get("/v1/events?limit=200").ended(200).body;
        let event =
            events["data"].as_array().unwrap().iter().find(|event| event["id"] == *got.id).unwrap().clone();
        assert_eq!(got.body(), json!({ "type": "party.created", "timestamp": event["at"], "data": event }));
        assert_eq!(event["party_id"], party);
        wait_until("the log", 20, || states(&desk, &id) == ["delivered"]);
        let log = &deliveries(&desk, &id)[0];
        assert_eq!(
            (&log["status"], &log["attempts"], &log["event_id"]),
            (&json!(200), &json!(1), &json!(got.id))
        );
        // Only what it wants: neither what came before nor what it did not name.
        assert_eq!(endpoint.kinds(), ["party.created"]);
        // A new secret: for a while both sign.
        let path = format!("/v1/webhooks/{id}/rotate");
        let rotated = desk.post(&path, &json!({ "grace_seconds": 3600 })).ended(200).body;
        let second = rotated["secret"].as_str().unwrap().to_owned();
        desk.post(&format!("/v1/webhooks/{id}/test"), &json!(null)).ended(200);
        wait_until("the test message", 20, || endpoint.got().len() == 2);
        let test = endpoint.got()[1].clone();
        assert_eq!(test.body()["type"], "webhook.test");
        assert!(second != secret && test.is_signed(&secret) && test.is_signed(&second));
        let no = desk.post(&path, &json!({ "grace_seconds": 3600 })).ended(422);
        assert_eq!(no.text("code"), "webhook_rotating", "a third secret would end the first at once");
        desk.post(&path, &json!({ "grace_seconds": 0 })).ended(200);
        desk.post(&format!("/v1/webhooks/{id}/test"), &json!(null)).ended(200);
        wait_until("a further one", 20, || endpoint.got().len() == 3);
        assert_eq!(endpoint.got()[2].signatures.len(), 1);
        assert!(!endpoint.got()[2].is_signed(&second), "without a grace the old secret ends at once");
        drop(desk);
        place.verify(true);
    }
}

#[test]
fn what_failed_is_tried_again_as_policy_and_endpoint_say_p15() {
    for place in Place::all() {
        let (desk, endpoint) = (served(&place), Endpoint::start());
        let (id, _) = made(&desk, &endpoint, &["party.created"]);
        endpoint.plan(&[
            "500 X\r\n",
            "429 X\r\nRetry-After: 900\r\n",
            "302 X\r\nLocation: http://127.0.0.1/\r\n",
        ]);
        desk.creator("tried-again");
        // Policy waits 5 s, and 300 s before the third attempt; the endpoint asks for 900.
        let tried = |n: usize| wait_until("an attempt", 20, || endpoint.got().len() == n);
        tried(1);
        wait_until("its note", 20, || deliveries(&desk, &id)[0]["status"] == 500);
        desk.advance(10);
        tried(2);
        wait_until("its note", 20, || deliveries(&desk, &id)[0]["status"] == 429);
        desk.advance(400);
        std::thread::sleep(std::time::Duration::from_millis(600));
        assert_eq!(endpoint.got().len(), 2, "the endpoint asked to be left alone");
        desk.advance(800);
        tried(3);
        wait_until("its note", 20, || deliveries(&desk, &id)[0]["status"] == 302);
        let failing = desk.client.get(&format!("/v1/webhooks/{id}")).ended(200).body;
        assert!(failing["failing_since"].is_string() && failing["state"] == "active", "{failing}");
        desk.advance(3 * 3600);
        tried(4);
        wait_until("it arrived", 20, || states(&desk, &id) == ["delivered"]);
        let ids: BTreeSet<String> = endpoint.got().iter().map(|got| got.id.clone()).collect();
        assert_eq!(ids.len(), 1, "the same event has the same id each time");
        let fine = desk.client.get(&format!("/v1/webhooks/{id}")).ended(200).body;
        assert!(fine["failing_since"].is_null());
    }
}

#[test]
fn an_endpoint_that_is_gone_is_switched_off_and_caught_up_later_p15() {
    for place in Place::all() {
        let (desk, endpoint) = (served(&place), Endpoint::start());
        let (id, _) = made(&desk, &endpoint, &["party.created"]);
        let (path, since) = (format!("/v1/webhooks/{id}"), desk.now());
        endpoint.plan(&["410 Gone\r\n"]);
        desk.creator("gone-1");
        wait_until("the end", 20, || desk.client.get(&path).ended(200).text("state") == "disabled");
        assert_eq!(desk.client.get(&path).ended(200).text("reason"), "gone");
        desk.creator("gone-2");
        assert_eq!(
            desk.post(&format!("{path}/test"), &json!(null)).ended(422).text("code"),
            "webhook_inactive"
        );
        // Active again: what happened meanwhile comes by itself, what failed when it is asked for.
        desk.client.patch(&path, &json!({ "state": "active" })).ended(200);
        wait_until("what was kept", 20, || endpoint.got().len() == 2);
        let again = desk.post(&format!("{path}/replay"), &json!({ "since": since })).ended(200);
        assert_eq!((again.int("deliveries"), &again.body["next_cursor"]), (1, &Value::Null));
        wait_until("what failed", 20, || endpoint.got().len() == 3);
        assert_eq!(endpoint.got()[2].id, endpoint.got()[0].id);
        wait_until("all of it", 20, || states(&desk, &id) == ["delivered", "delivered"]);
        assert_eq!(
            desk.post(&format!("{path}/replay"), &json!({ "since": since })).ended(200).int("deliveries"),
            0
        );
        // Paused: what is on its way waits, and events are kept in their place.
        endpoint.plan(&["500 X\r\n"]);
        desk.creator("on-its-way");
        wait_until("a failed attempt", 20, || deliveries(&desk, &id)[0]["status"] == 500);
        let tried = endpoint.got().len();
        desk.client.patch(&path, &json!({ "state": "paused" })).ended(200);
        desk.advance(10);
        desk.creator("paused");
        std::thread::sleep(std::time::Duration::from_millis(600));
        assert_eq!((endpoint.got().len(), states(&desk, &id)[0].as_str()), (tried, "pending"));
        desk.client.patch(&path, &json!({ "state": "active" })).ended(200);
        desk.advance(61);
        wait_until("both", 20, || endpoint.got().len() == tried + 2);
        wait_until("their notes", 20, || states(&desk, &id).iter().all(|state| state == "delivered"));
    }
}

#[test]
fn no_event_is_lost_when_the_server_dies_p15() {
    for place in Place::all() {
        let (mut desk, endpoint) = (served(&place), Endpoint::start());
        made(&desk, &endpoint, &["party.created"]);
        let mut wanted = BTreeSet::new();
        for round in 0..3 {
            for n in 0..20 {
                wanted.insert(desk.creator(&format!("killed-{round}-{n}")));
            }
            let key = desk.key.clone();
            desk.server.kill();
            desk = Desk::of(serve(&place), &key);
        }
        let arrived = || -> BTreeSet<String> {
            let party = |got: Got| got.body()["data"]["party_id"].as_str().map(str::to_owned);
            endpoint.got().into_iter().filter_map(party).collect()
        };
        wait_until("every event", 60, || arrived() == wanted);
    }
}

#[test]
fn bad_webhooks_are_refused_p15() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let desk = Desk::of(Server::start(&place), &key);
        let refused = |url: &str, events: Value, code: &str| {
            let body = json!({ "name": "n", "url": url, "events": events });
            assert_eq!(desk.post("/v1/webhooks", &body).ended(422).text("code"), code, "{url}");
        };
        refused("http://example.com/", json!(["*"]), "webhook_url_invalid");
        refused("https://user:pass@example.com/", json!(["*"]), "webhook_url_invalid");
        refused("https://example.com/", json!([]), "webhook_events_invalid");
        refused("https://example.com/", json!(["Party.*"]), "webhook_events_invalid");
        let key = json!({ "name": "narrow", "scopes": ["webhooks:write"] });
        let narrow = desk.server.client(desk.post("/v1/api-keys", &key).ended(201).text("token"));
        let body = json!({ "name": "n", "url": "https://example.com/", "events": ["*"] });
        let no = narrow.post("/v1/webhooks", "narrow", &body).ended(403);
        assert_eq!(no.text("code"), "scope_missing", "it may not read what it would point there");
        let unknown = "wh_01h455vb4pex5vsknk084sn02q";
        desk.client.get(&format!("/v1/webhooks/{unknown}")).ended(404);
        // The network of the platform is not reached, whatever the name.
        for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"] {
            let body =
                json!({ "name": "n", "url": format!("https://{host}:1/"), "events": ["party.created"] });
            let id = desk.post("/v1/webhooks", &body).ended(201).body["webhook"]["id"]
                .as_str()
                .unwrap()
                .to_owned();
            desk.post(&format!("/v1/webhooks/{id}/test"), &json!(null)).ended(200);
            wait_until("a refusal", 20, || {
                deliveries(&desk, &id)
                    .first()
                    .is_some_and(|row| row["error"] == "its host is in a private network")
            });
            let gone = desk.client.call("DELETE", &format!("/v1/webhooks/{id}"), Some(&id), None).unwrap();
            gone.ended(204);
        }
    }
}

/// The library of Standard Webhooks itself, where it can be installed.
#[test]
fn the_library_of_standard_webhooks_agrees_p15() {
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, args: &[&str]| {
        Command::new(program)
            .args(args)
            .current_dir(folder.path())
            .output()
            .is_ok_and(|out| out.status.success())
    };
    let install = ["install", "--quiet", "--retries=0", "--timeout=10", "standardwebhooks==1.0.0"];
    let pip = folder.path().join("venv/bin/pip");
    if !run("python3", &["-m", "venv", "venv"]) || !run(&pip.to_string_lossy(), &install) {
        return skipped(
            "webhook signatures against the library of Standard Webhooks: it cannot be installed",
        );
    }
    let place = Place::folder();
    let (desk, endpoint) = (served(&place), Endpoint::start());
    let (_, secret) = made(&desk, &endpoint, &["party.created"]);
    desk.creator("verified-elsewhere");
    wait_until("a message", 20, || !endpoint.got().is_empty());
    let got = endpoint.got()[0].clone();
    let check = "import json, sys\nfrom standardwebhooks import Webhook\n\
                 given = json.load(open('given.json'))\n\
                 Webhook(given['secret']).verify(given['body'], given['headers'])\n\
                 try:\n    Webhook(given['secret']).verify(given['body'] + ' ', given['headers'])\n\
                 except Exception:\n    sys.exit(0)\nsys.exit(1)\n";
    let headers = json!({ "webhook-id": got.id, "webhook-timestamp": got.seconds.to_string(),
        "webhook-signature": got.signatures.join(" ") });
    let given = json!({ "secret": secret, "body": got.text, "headers": headers });
    write(folder.path(), "given.json", &given.to_string());
    write(folder.path(), "check.py", check);
    let python = folder.path().join("venv/bin/python");
    assert!(
        run(&python.to_string_lossy(), &["check.py"]),
        "the library takes the message, and no changed one"
    );
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}
