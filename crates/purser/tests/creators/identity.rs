//! Who somebody is: phones, codes, verification, payout accounts, people, the key (P6–P9, X4–X8).

mod accounts;
mod canary;
mod canary_rails;
mod claims;
mod codes;
mod keys;
mod live;
mod notices;
mod personal;

use serde_json::{Value, json};

use super::{
    desk::signed_in,
    support::{
        http::{Answer, Client},
        world::{Place, Server, wait_until},
    },
};

/// A server on sandbox books, with a key that may do everything except going without codes.
pub(crate) struct Desk {
    pub(crate) server: Server,
    key: String,
    /// A key that goes without codes.
    trusted: String,
}

impl Desk {
    fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key_with("all");
        let trusted = place.key_with("withdrawals:request,withdrawals:request_without_code");
        Self { server: Server::start(place), key, trusted }
    }

    fn client(&self) -> Client {
        self.server.client(&self.key)
    }

    /// A member of staff, signed in.
    fn staff(&self, login: &str, role: &str) -> Client {
        signed_in(&self.server, &self.client(), login, role).0
    }
}

/// A key that was not used before.
fn fresh() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("identity-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.post(path, &fresh(), body)
}

fn code(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    answer.text("code").to_owned()
}

fn party(client: &Client, name: &str, form: &str) -> String {
    let profile =
        json!({ "external_id": name, "display_name": "shown", "roles": ["creator"], "legal_form": form });
    post(client, "/v1/parties", &profile).ended(200).text("id").to_owned()
}

fn advance(client: &Client, seconds: i64) {
    post(client, "/v1/sandbox/clock", &json!({ "advance_seconds": seconds })).ended(200);
}

/// Settles an order of 10,000.00 gross now: 9,500.00 net.
fn earn(client: &Client, party: &str) {
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let order = json!({ "order_id": fresh(), "creator_id": party, "task_type": "video", "title": "t",
        "amount_minor": 1_000_000, "accepted_at": at, "status": "completed", "completed_at": at });
    post(client, "/v1/task-orders", &order).ended(200);
}

/// Asks for a code, a minute after any other, and reads it off the sandbox's phone.
fn get_code(client: &Client, path: &str, body: &Value) -> String {
    advance(client, 60);
    let sent = post(client, path, body).ended(201);
    read_code(client, sent.text("id"))
}

fn read_code(client: &Client, id: &str) -> String {
    let mut digits = String::new();
    wait_until("the code arrives", 20, || {
        let outbox = client.get("/v1/sandbox/outbox?limit=200").ended(200).body;
        let found = outbox["data"].as_array().unwrap().iter().find(|m| m["id"] == id).cloned();
        found.is_some_and(|message| {
            message["code"].as_str().unwrap().clone_into(&mut digits);
            assert!(message["text"].as_str().unwrap().contains(&digits));
            true
        })
    });
    assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()), "{digits}");
    digits
}

/// Other digits.
fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Binds a phone with the code that it got.
fn bind_phone(client: &Client, party: &str, phone: &str) {
    let path = format!("/v1/parties/{party}/phone");
    let code = get_code(client, &format!("{path}/codes"), &json!({ "purpose": "bind", "phone": phone }));
    post(client, &path, &json!({ "phone": phone, "code": code })).ended(200);
}

/// Hands an identity in and waits until it is no longer pending.
fn verify(client: &Client, party: &str, kind: &str, name: &str, number: &str) -> Answer {
    let path = format!("/v1/parties/{party}/identity");
    let claim = json!({ "kind": kind, "name": name, "number": number });
    assert_eq!(post(client, &path, &claim).ended(202).text("state"), "pending");
    wait_until("the verifier answers", 20, || client.get(&path).text("state") != "pending");
    client.get(&path)
}

/// Two people decide a proposal.
fn two_people(first: &Client, second: &Client, proposal: &Value) -> Answer {
    let proposed = post(first, "/v1/approvals", proposal).ended(201);
    let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
    assert_eq!(code(&post(first, &path, &json!({ "approve": true })), 422), "approval_same_person");
    post(second, &path, &json!({ "approve": true })).ended(200)
}

/// A sandbox payout account.
fn sandbox_account(client: &Client, party: &str, number: &str) -> String {
    let account = json!({ "kind": "sandbox", "number": number });
    let path = format!("/v1/parties/{party}/payout-accounts");
    post(client, &path, &account).ended(201).text("id").to_owned()
}
