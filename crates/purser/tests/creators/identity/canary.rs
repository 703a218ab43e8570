//! Nothing personal is anywhere in the clear: recognisable values are planted through the whole API, then looked for in
//! every answer, the log, metrics, exports, and every byte of the database (P7, P8, P9).

use std::{
    cell::RefCell,
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use serde_json::{Value, json};

use super::{advance, fresh, read_code, two_people, wrong};
use crate::support::{
    binary,
    http::{Answer, Client},
    world::{Place, SECRETS_KEY, Server, wait_until},
};

pub(super) const PHONE: &str = "13987654329";
const OTHER_PHONE: &str = "15876543218";
const ID: &str = "11010519491231002X";
pub(super) const NAME: &str = "司马长风万里";
const CARD: &str = "6222020200112230004";
pub(super) const MAIL: &str = "simachangfeng@example.com";
const FIRM: &str = "云梦泽某某贸易公司";
const CODE: &str = "91110000600037341L";
const ACCOUNT: &str = "7654321098765";
const PERSON: &str = "诸葛青云渡";

/// Everything that was planted; codes are added as they are sent.
pub(super) struct Planted(RefCell<Vec<String>>);

impl Planted {
    pub(super) fn new() -> Self {
        let all = [PHONE, OTHER_PHONE, ID, NAME, CARD, MAIL, FIRM, CODE, ACCOUNT, PERSON];
        Self(RefCell::new(all.map(str::to_owned).to_vec()))
    }

    /// Codes are short: digits of a longer number are not one.
    fn is_in(value: &str, bytes: &[u8]) -> bool {
        let (value, whole) = (value.as_bytes(), value.len() > 6);
        let alone = |at: usize| {
            let inside = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
            !inside(at.checked_sub(1).and_then(|i| bytes.get(i))) && !inside(bytes.get(at + value.len()))
        };
        bytes.windows(value.len()).enumerate().any(|(at, part)| part == value && (whole || alone(at)))
    }

    pub(super) fn nowhere_in(&self, what: &str, bytes: &[u8]) {
        for value in self.0.borrow().iter() {
            assert!(!Self::is_in(value, bytes), "{value} stands in {what}");
        }
    }

    /// As PostgreSQL writes bytes.
    fn nowhere_in_hex(&self, what: &str, text: &str) {
        for value in self.0.borrow().iter().filter(|value| value.len() > 6) {
            let nibbles = value.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex: String = nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect();
            assert!(!text.contains(&hex), "{value} stands in {what} as bytes");
        }
    }
}

/// A client whose every answer is looked through.
pub(super) struct Watched<'a> {
    pub(super) client: Client,
    pub(super) planted: &'a Planted,
}

impl Watched<'_> {
    pub(super) fn look(&self, what: &str, answer: Answer) -> Answer {
        self.planted.nowhere_in(what, answer.body.to_string().as_bytes());
        answer
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.look(path, self.client.post(path, &fresh(), body))
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.look(path, self.client.get(path))
    }

    /// A code, read where it may be read, and planted from then on.
    fn code(&self, path: &str, body: &Value) -> String {
        advance(&self.client, 60);
        let sent = self.post(path, body).ended(201);
        let digits = read_code(&self.client, sent.text("id"));
        self.planted.0.borrow_mut().push(digits.clone());
        digits
    }
}

/// Starts a server that logs everything into a file.
fn start(place: &Place, log: &File) -> Server {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(place.flags()).env("PURSER_LOG", "trace");
    if let Place::Postgres { .. } = place {
        command.env("PURSER_SECRETS_KEY", SECRETS_KEY);
    }
    command.stderr(log.try_clone().unwrap());
    Server::of(command)
}

fn live(watched: &Watched<'_>, server: &Server, party: &str) {
    let phone = format!("/v1/parties/{party}/phone");
    for bad in [format!("{PHONE}0"), format!("0{OTHER_PHONE}")] {
        watched.post(&format!("{phone}/codes"), &json!({ "purpose": "bind", "phone": bad })).ended(422);
    }
    let code = watched.code(&format!("{phone}/codes"), &json!({ "purpose": "bind", "phone": PHONE }));
    watched.post(&phone, &json!({ "phone": PHONE, "code": wrong(&code) })).ended(422);
    watched.post(&phone, &json!({ "phone": PHONE, "code": code })).ended(200);
    let identity = format!("/v1/parties/{party}/identity");
    watched
        .post(&identity, &json!({ "kind": "person", "name": NAME, "number": format!("{ID}1") }))
        .ended(422);
    watched.post(&identity, &json!({ "kind": "person", "name": NAME, "number": ID })).ended(202);
    wait_until("it is verified", 20, || watched.get(&identity).text("state") == "verified");
    watched.get(&format!("{identity}/shared")).ended(200);
    let accounts = format!("/v1/parties/{party}/payout-accounts");
    for (kind, number) in [("personal_card", CARD), ("alipay", MAIL)] {
        watched.post(&accounts, &json!({ "kind": kind, "number": number, "holder": PERSON })).ended(422);
        let code = watched.code(&format!("{accounts}/codes"), &json!({ "kind": kind, "number": number }));
        let body = json!({ "kind": kind, "number": number, "holder": NAME, "code": code });
        watched.post(&accounts, &body).ended(201);
        watched.post(&accounts, &body).ended(422);
    }
    watched
        .post(
            &format!("/v1/parties/{party}/people"),
            &json!({ "name": PERSON, "role": "request", "phone": OTHER_PHONE }),
        )
        .ended(201);
    watched.post(&accounts, &json!({ "kind": "sandbox", "number": "c.ok" })).ended(201);
    super::earn(&watched.client, party);
    advance(&watched.client, 24 * 3_600);
    let sandbox = watched.get(&accounts).body["data"][2]["id"].clone();
    let wanted = json!({ "party_id": party, "amount_minor": 1_000, "destination": sandbox });
    let code = watched.code("/v1/withdrawals/codes", &wanted);
    let body = json!({ "party_id": party, "amount_minor": 1_000, "destination": sandbox, "code": code });
    watched.post("/v1/withdrawals", &body).ended(201);
    watched.post("/v1/withdrawals", &body).ended(422);
    let people = ["li", "wang"].map(|login| {
        let password = "correct horse battery staple";
        let new = json!({ "login": login, "role": "support", "password": password });
        watched.post("/v1/staff", &new).ended(201);
        let session = json!({ "login": login, "password": password });
        server
            .client(server.client("").post("/v1/staff/sessions", "unused", &session).ended(201).text("token"))
    });
    two_people(&people[0], &people[1], &json!({ "release_phone": { "party_id": party, "reason": "seen" } }));
    two_people(&people[0], &people[1], &json!({ "void_identity": { "party_id": party, "reason": "wrong" } }));
}

/// Text of an answer that is no JSON.
fn raw(server: &Server, key: &str, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: p\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&bytes));
    bytes
}

#[test]
fn nothing_personal_is_in_the_clear_anywhere_p7_p8_p9() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key_with("all");
        let folder = tempfile::TempDir::new().unwrap();
        let log = folder.path().join("log");
        let server = start(&place, &File::create(&log).unwrap());
        let planted = Planted::new();
        let watched = Watched { client: server.client(&key), planted: &planted };
        let person = super::party(&watched.client, "c1", "individual");
        live(&watched, &server, &person);
        let firm = super::party(&watched.client, "firm", "enterprise");
        let identity = format!("/v1/parties/{firm}/identity");
        watched.post(&identity, &json!({ "kind": "enterprise", "name": FIRM, "number": CODE })).ended(202);
        wait_until("it is verified", 20, || watched.get(&identity).text("state") == "verified");
        let phone = format!("/v1/parties/{firm}/phone");
        let code =
            watched.code(&format!("{phone}/codes"), &json!({ "purpose": "bind", "phone": OTHER_PHONE }));
        watched.post(&phone, &json!({ "phone": OTHER_PHONE, "code": code })).ended(200);
        let accounts = format!("/v1/parties/{firm}/payout-accounts");
        let code =
            watched.code(&format!("{accounts}/codes"), &json!({ "kind": "corporate", "number": ACCOUNT }));
        let account = json!({ "kind": "corporate", "number": ACCOUNT, "holder": FIRM, "bank": "中国工商银行",
            "cnaps": "102100099996", "code": code });
        watched.post(&accounts, &account).ended(201);
        for path in
            ["events", "audit", "jobs", "approvals?state=carried_out", "parties", "withdrawals", "rails"]
        {
            let more = if path.contains('?') { "&limit=200" } else { "?limit=200" };
            let more = if path == "rails" { "" } else { more };
            watched.get(&format!("/v1/{path}{more}")).ended(200);
        }
        for path in ["phone", "identity", "people", "payout-accounts", "messages", "explain", "overview"] {
            for party in [&person, &firm] {
                watched.get(&format!("/v1/parties/{party}/{path}"));
            }
        }
        for path in
            ["/metrics", "/v1/withdrawals/export", &format!("/v1/parties/{person}/withdrawals/export")]
        {
            planted.nowhere_in(path, &raw(&server, &key, path));
        }
        server.stop();
        let text = std::fs::read(&log).unwrap();
        planted.nowhere_in("the log", &text);
        database(&place, &planted);
        place.verify(true);
    }
}

pub(super) fn database(place: &Place, planted: &Planted) {
    match place {
        Place::Folder(dir) => {
            for entry in std::fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_file() && entry.file_name() != "secrets.key" {
                    planted.nowhere_in(
                        &entry.path().display().to_string(),
                        &std::fs::read(entry.path()).unwrap(),
                    );
                }
            }
        }
        Place::Postgres { url, .. } => {
            let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
            let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
            let tables: Vec<String> =
                client.query(tables, &[]).unwrap().iter().map(|row| row.get(0)).collect();
            assert!(tables.len() > 30, "{tables:?}");
            for table in tables {
                for row in client.query(&format!("SELECT t::text FROM {table} t"), &[]).unwrap() {
                    let text: String = row.get(0);
                    planted.nowhere_in(&table, text.as_bytes());
                    planted.nowhere_in_hex(&table, &text);
                }
            }
        }
    }
}
