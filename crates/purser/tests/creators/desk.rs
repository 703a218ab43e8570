//! What the tests of creators share: a server on books of a sandbox, people who sign in, and the usual steps.

use std::cell::Cell;

use purser_domain::{policy::DEFAULT_PACK, time::Timestamp};
use purser_engine::{clock::Clock, rules::found_sandbox};
use purser_storage::{Session, postgres as pg, sqlite};
use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    world::{Place, Server, wait_until},
};

/// A server on sandbox books, and a key that may do everything.
pub(super) struct Desk {
    pub(super) server: Server,
    pub(super) client: Client,
    pub(super) key: String,
    keys: Cell<u32>,
}

impl Desk {
    pub(super) fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        Self::of(Server::start(place), &key)
    }

    /// On books whose time began at an instant of the past.
    pub(super) fn begun(place: &Place, at: &str) -> Self {
        begin(place, at);
        let key = place.key();
        Self::of(Server::start(place), &key)
    }

    pub(super) fn of(server: Server, key: &str) -> Self {
        let client = server.client(key);
        // A server that was started again must not take new writes for old ones.
        Self { client, key: key.to_owned(), keys: Cell::new(server.id() * 1_000), server }
    }

    /// Another connection with the same key.
    pub(super) fn client(&self) -> Client {
        self.server.client(&self.key)
    }

    /// A member of staff, signed in.
    pub(super) fn staff(&self, login: &str, role: &str) -> Client {
        self.person(login, role).0
    }

    /// A member of staff, signed in, and their id.
    pub(super) fn person(&self, login: &str, role: &str) -> (Client, String) {
        signed_in(&self.server, &self.client, login, role)
    }

    /// A key that was not used before.
    pub(super) fn fresh(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("key-{}", self.keys.get())
    }

    /// Writes under a key of its own.
    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(path, &self.fresh(), body)
    }

    /// Two people put a policy version with further entries in force; key, row and value each.
    pub(super) fn policy(&self, people: &(Client, Client), entries: &[(&str, &str, &str)]) {
        put_in_force(people, &self.fresh(), &policy_text(entries));
        // The next group of a writer reads the rules again.
        let reference = self.fresh();
        let write = json!({ "amount_minor": 1, "reference": reference });
        self.post("/v1/rails/alipay/float-top-ups", &write).ended(201);
    }

    /// A creator who is a person.
    pub(super) fn creator(&self, external_id: &str) -> String {
        self.party(external_id, "creator", "individual")
    }

    pub(super) fn party(&self, external_id: &str, role: &str, form: &str) -> String {
        let profile = json!({ "external_id": external_id, "display_name": format!("{external_id} 名"),
            "roles": [role], "legal_form": form });
        self.post("/v1/parties", &profile).ended(200).text("id").to_owned()
    }

    /// A creator whose studio staff have granted (X9), with all first steps but a payout account.
    pub(super) fn studio(&self, external_id: &str) -> String {
        let id = self.creator(external_id);
        // The licence names its operator, who must be the verified person.
        self.post("/v1/sandbox/onboardings", &json!({ "party_id": id, "name": "安安" })).ended(200);
        let path = format!("/v1/parties/{id}/studio");
        let licence = json!({ "name": "杭州安安文化工作室", "credit_code": "91350100M000100Y43",
            "operator_name": "安安" });
        let case = self.post(&path, &licence).ended(201).body["case"]["id"].as_str().unwrap().to_owned();
        let files = format!("/v1/parties/{id}/cases/{case}/attachments?name=licence.pdf");
        self.client.upload(&files, super::cases::PDF).ended(201);
        let staff = self.staff(&format!("support-{external_id}"), "support");
        let decision = json!({ "grant": true, "reason": "Complete." });
        staff.post(&format!("{path}/decision"), &self.fresh(), &decision).ended(200);
        id
    }

    /// First steps taken, and a sandbox account whose number names what becomes of payouts.
    pub(super) fn payable(&self, party: &str, number: &str) -> String {
        self.post("/v1/sandbox/onboardings", &json!({ "party_id": party })).ended(200);
        let account = json!({ "kind": "sandbox", "number": number });
        let path = format!("/v1/parties/{party}/payout-accounts");
        self.post(&path, &account).ended(201).text("id").to_owned()
    }

    /// Settles an order of this gross amount now.
    pub(super) fn earn(&self, party: &str, amount_minor: i64) {
        let (at, name) = (self.now(), self.fresh());
        let order = json!({ "order_id": name, "creator_id": party, "task_type": "video", "title": "t",
            "amount_minor": amount_minor, "accepted_at": at, "status": "completed", "completed_at": at });
        self.post("/v1/task-orders", &order).ended(200);
    }

    pub(super) fn now(&self) -> String {
        self.client.get("/v1/clock").ended(200).text("business_at").to_owned()
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.post("/v1/sandbox/clock", &json!({ "advance_seconds": seconds })).ended(200);
    }

    /// Moves the clock to an instant.
    pub(super) fn move_to(&self, to: &str) {
        self.post("/v1/sandbox/clock", &json!({ "to": to })).ended(200);
    }

    pub(super) fn sign(&self, creator: &str, agency: &str, from: &str) -> Value {
        let body = json!({ "agency_id": agency, "from": from, "contact": "business desk 8888" });
        self.post(&format!("/v1/parties/{creator}/memberships"), &body).ended(200).body
    }

    /// Reports an order over 10,000.00; `at` is its acceptance.
    pub(super) fn report(&self, order: &str, creator: &str, at: &str, status: &str) -> Value {
        let completed = (status == "completed").then(|| self.now());
        let body = json!({ "order_id": order, "creator_id": creator, "task_type": "video", "title": "t",
            "amount_minor": 1_000_000, "accepted_at": at, "status": status, "completed_at": completed });
        self.post("/v1/task-orders", &body).ended(200).body
    }

    pub(super) fn overview(&self, party: &str) -> Value {
        self.client.get(&format!("/v1/parties/{party}/overview")).ended(200).body
    }

    pub(super) fn withdraw(&self, party: &str, amount: i64) -> Answer {
        self.post("/v1/withdrawals", &json!({ "party_id": party, "amount_minor": amount }))
    }

    pub(super) fn top_up(&self, amount_minor: i64) {
        let body = json!({ "amount_minor": amount_minor, "reference": self.fresh() });
        self.post("/v1/rails/sandbox/float-top-ups", &body).ended(201);
    }

    pub(super) fn rail_healthy(&self, healthy: bool) {
        self.post("/v1/sandbox/rails/sandbox", &json!({ "healthy": healthy })).ended(200);
    }

    pub(super) fn withdrawal(&self, id: &str) -> Value {
        self.client.get(&format!("/v1/withdrawals/{id}")).ended(200).body
    }

    /// Waits until a withdrawal is in a state, while business time goes on by a minute a look.
    pub(super) fn until(&self, id: &str, state: &str) -> Value {
        self.until_so(id, state, |withdrawal| withdrawal["state"] == state)
    }

    /// Waits until the explanation of a withdrawal has a code, while business time goes on.
    pub(super) fn explained(&self, id: &str, code: &str) -> Value {
        self.until_so(id, code, |withdrawal| withdrawal["explanation"]["code"] == code)
    }

    fn until_so(&self, id: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        wait_until(&format!("{id} is {what}"), 30, || {
            self.advance(60);
            seen = self.withdrawal(id);
            so(&seen)
        });
        seen
    }
}

/// The kinds of all events, oldest first.
pub(super) fn event_kinds(client: &Client) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut path = "/v1/events?limit=200".to_owned();
    loop {
        let page = client.get(&path).ended(200).body;
        let rows = page["data"].as_array().unwrap();
        kinds.extend(rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) if !rows.is_empty() => path = format!("/v1/events?limit=200&after={cursor}"),
            _ => return kinds,
        }
    }
}

/// Makes a member of staff; returns their connection and their id.
pub(super) fn signed_in(server: &Server, admin: &Client, login: &str, role: &str) -> (Client, String) {
    let password = "correct horse battery staple";
    let new = json!({ "login": login, "role": role, "password": password });
    let made = admin.post("/v1/staff", &format!("staff-{login}"), &new).ended(201);
    let session = json!({ "login": login, "password": password });
    let session = server.client("").post("/v1/staff/sessions", "unused", &session);
    (server.client(session.ended(201).text("token")), made.text("id").to_owned())
}

/// Two people put a pack in force.
pub(super) fn put_in_force(people: &(Client, Client), key: &str, pack: &str) {
    let proposal = json!({ "policy": { "text": pack } });
    let proposed = people.0.post("/v1/approvals", key, &proposal).ended(201);
    let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
    people.1.post(&path, key, &json!({ "approve": true })).ended(200);
}

/// The default pack with further entries; key, row and value each.
pub(super) fn policy_text(entries: &[(&str, &str, &str)]) -> String {
    let entry = |(key, row, value): &(&str, &str, &str)| {
        format!(
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2025-01-01\"\nvalue = {value}\nsource = \"test\"\n"
        )
    };
    format!("{DEFAULT_PACK}{}", entries.iter().map(entry).collect::<String>())
}

/// Makes books of a sandbox whose time begins at an instant of the past.
pub(super) fn begin(place: &Place, at: &str) {
    place.run(&["migrate"]).ended(0);
    let mut session: Box<dyn Session> = match place {
        Place::Folder(dir) => {
            let path = dir.path().join("purser.db");
            Box::new(sqlite::open_writer(&path, &sqlite::Options::default()).unwrap())
        }
        Place::Postgres { url, .. } => Box::new(pg::open_writer(url).unwrap()),
    };
    let at: Timestamp = at.parse().unwrap();
    assert!(found_sandbox(session.as_mut(), &Clock::system(), at).unwrap());
}

/// The code of a refusal.
pub(super) fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

/// Checks a refusal of the gate: its code, its check, and what to say in both languages; returns its facts.
pub(super) fn refused(answer: &Answer, code: &str, check: i64) -> Value {
    assert_eq!((answer.status, answer.text("code")), (422, code), "{}", answer.body);
    let facts = &answer.body["facts"];
    assert_eq!(facts["check"], check, "{}", answer.body);
    for field in ["message_zh", "message_en", "who_must_act", "next_step"] {
        assert!(facts[field].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.body);
    }
    facts.clone()
}
