//! What makes a money desk worth trusting, end to end through the real binary on both databases: that the rails agree,
//! who may do what, and how its rules change.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod policy;
mod reconcile;

use std::cell::Cell;

use serde_json::{Value, json};

use support::{
    http::{Answer, Client},
    world::{Place, Server},
};

/// A server on sandbox books, and a key that may do everything.
struct Desk {
    server: Server,
    client: Client,
    keys: Cell<u32>,
}

impl Desk {
    fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        Self::again(place, &key)
    }

    /// On books whose time began at an instant of the past.
    fn begun(place: &Place, at: &str) -> Self {
        place.run(&["migrate", "--sandbox", "--begins-at", at]).ended(0);
        let key = place.key();
        Self::again(place, &key)
    }

    fn again(place: &Place, key: &str) -> Self {
        let server = Server::start(place);
        let client = server.client(key);
        let keys = Cell::new(server.id() * 1_000);
        Self { server, client, keys }
    }

    /// A key that was not used before.
    fn fresh(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("key-{}", self.keys.get())
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(path, &self.fresh(), body)
    }

    fn advance_days(&self, days: i64) {
        self.post("/v1/sandbox/clock", &json!({ "advance_seconds": days * 86_400 })).ended(200);
    }

    /// A member of staff, signed in.
    fn staff(&self, login: &str, role: &str) -> Client {
        let new = json!({ "login": login, "role": role, "password": PASSWORD });
        self.post("/v1/staff", &new).ended(201);
        let session = self.sign_in(login).ended(201).text("token").to_owned();
        self.server.client(&session)
    }

    fn sign_in(&self, login: &str) -> Answer {
        let session = json!({ "login": login, "password": PASSWORD });
        self.server.client("").post("/v1/staff/sessions", "unused", &session)
    }
}

const PASSWORD: &str = "correct horse battery staple";

/// The code of a refusal.
fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}
