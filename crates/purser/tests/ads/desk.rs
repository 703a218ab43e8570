//! What the tests share: a server on sandbox books, advertisers, top-ups through the cashier page.

use std::{
    cell::Cell,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
    policy::DEFAULT_PACK,
    time::{DAY, Timestamp, Zone},
};
use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    world::{Place, Server, wait_until},
};

/// A server on sandbox books, and a key that may do everything.
pub(super) struct Desk {
    pub(super) server: Server,
    pub(super) client: Client,
    keys: Cell<u32>,
}

impl Desk {
    pub(super) fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let server = Server::start(place);
        let client = server.client(&key);
        Self { server, client, keys: Cell::new(0) }
    }

    /// A key that was not used before.
    pub(super) fn fresh(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("k{}", self.keys.get())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(path, &self.fresh(), body)
    }

    pub(super) fn get(&self, path: &str) -> Value {
        self.client.get(path).ended(200).body
    }

    /// A party with these roles.
    pub(super) fn party(&self, external_id: &str, roles: &[&str], form: &str) -> String {
        let profile = json!({ "external_id": external_id, "display_name": "Name", "roles": roles,
            "legal_form": form });
        self.post("/v1/parties", &profile).ended(200).text("id").to_owned()
    }

    pub(super) fn advertiser(&self, external_id: &str) -> String {
        self.party(external_id, &["advertiser"], "enterprise")
    }

    /// Somebody of the staff, signed in.
    pub(super) fn staff(&self, login: &str, role: &str) -> Client {
        let password = "correct horse battery staple";
        let new = json!({ "login": login, "role": role, "password": password });
        self.post("/v1/staff", &new).ended(201);
        let session = json!({ "login": login, "password": password });
        let session = self.server.client("").post("/v1/staff/sessions", "unused", &session);
        self.server.client(session.ended(201).text("token"))
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.post("/v1/sandbox/clock", &json!({ "advance_seconds": seconds })).ended(200);
    }

    /// Moves the clock to the next noon, so that no midnight comes in between.
    pub(super) fn noon(&self) {
        let zone = Zone::shanghai();
        let now: Timestamp = self.now().parse().unwrap();
        let to = zone.at(zone.date(now).tomorrow().unwrap(), 12, 0).to_string();
        self.post("/v1/sandbox/clock", &json!({ "to": to })).ended(200);
    }

    pub(super) fn now(&self) -> String {
        self.client.get("/v1/clock").ended(200).text("business_at").to_owned()
    }

    /// A campaign with one keyword.
    pub(super) fn campaign(&self, party: &str, external_id: &str) -> Value {
        let new = json!({ "party_id": party, "external_id": external_id, "name": "Spring",
            "daily_budget_minor": 10_000, "keywords": [{ "keyword": "red shoes", "bid_minor": 120 }] });
        self.post("/v1/ad-campaigns", &new).ended(201).body
    }

    /// Two people let more be owed than the 100.00 of the default, after the notice that the law asks for.
    pub(super) fn allow_arrears(&self, minor: i64) {
        let zone = Zone::shanghai();
        let from = zone.date(self.now().parse::<Timestamp>().unwrap().plus(8 * DAY));
        let text = format!(
            "{DEFAULT_PACK}\n[[entry]]\nkey = \"ads.arrears_limit\"\nrow = \"A4\"\neffective_from = \"{from}\"\n\
             value = {minor}\nsource = \"test\"\n"
        );
        let people = ["policy-1", "policy-2"].map(|login| self.staff(login, "finance"));
        let proposal = json!({ "policy": { "text": text } });
        let proposed = people[0].post("/v1/approvals", &self.fresh(), &proposal).ended(201);
        let decision = format!("/v1/approvals/{}/decision", proposed.text("id"));
        people[1].post(&decision, &self.fresh(), &json!({ "approve": true })).ended(200);
        self.advance(9 * 86_400);
    }

    /// A campaign without a budget.
    pub(super) fn unbounded(&self, party: &str, external_id: &str) -> Value {
        let campaign = self.campaign(party, external_id);
        let path = format!("/v1/ad-campaigns/{}", id(&campaign));
        self.client.patch(&path, &json!({ "daily_budget_minor": null })).ended(200);
        campaign
    }

    /// Spends by one click.
    pub(super) fn spend(&self, campaign: &Value, minor: i64) {
        let click = json!({ "click_id": self.fresh(), "campaign_id": id(campaign), "click_at": self.now(),
            "price_minor": minor });
        self.post("/v1/ad-clicks", &click).ended(200);
    }

    /// Uses the balance up by a click that costs so much more: it is owed from now on.
    pub(super) fn owe(&self, party: &str, campaign: &Value, minor: i64) {
        let balance = self.account(party)["balance_minor"].as_i64().unwrap();
        self.spend(campaign, balance + minor);
        assert_eq!(self.account(party)["arrears_minor"], minor);
    }

    pub(super) fn status(&self, campaign: &Value) -> String {
        let read = self.get(&format!("/v1/ad-campaigns/{}", id(campaign)));
        read["status"]["state"].as_str().unwrap().to_owned()
    }

    pub(super) fn account(&self, party: &str) -> Value {
        self.get(&format!("/v1/parties/{party}/ad-account"))
    }

    /// Pays a payment order at the sandbox's cashier.
    pub(super) fn top_up(&self, party: &str, amount_minor: i64) -> Value {
        let order = json!({ "party_id": party, "purpose": "ad_top_up", "method": "sandbox",
            "amount_minor": amount_minor });
        let order = self.post("/v1/payment-orders", &order).ended(201).body;
        self.pay(&order);
        let path = format!("/v1/payment-orders/{}", id(&order));
        wait_until("the top-up is paid", 20, || self.get(&path)["state"] == "paid");
        order
    }

    /// Clicks the button of the cashier page.
    pub(super) fn pay(&self, order: &Value) {
        let (path, form) = (order["cashier_url"].as_str().unwrap(), "action=pay");
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: purser\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    }

    /// Moves money by the platform's own system.
    pub(super) fn transfer(&self, debit: (&str, &str), credit: (&str, &str), amount_minor: i64) {
        let account = |(owner, kind): (&str, &str)| json!({ "owner": owner, "kind": kind });
        let body =
            json!({ "debit": account(debit), "credit": account(credit), "amount_minor": amount_minor });
        self.post("/v1/transfers", &body).ended(201);
    }

    /// Balance of an account of a party.
    pub(super) fn balance(&self, party: &str, kind: AccountKind) -> i64 {
        let account = AccountRef::party(party.parse().unwrap(), kind, Currency::CNY).id();
        let answer = self.client.get(&format!("/v1/accounts/{account}"));
        if answer.status == 404 { 0 } else { answer.ended(200).int("posted_minor") }
    }

    /// Events of a party: kinds and facts, oldest first.
    pub(super) fn events(&self, party: &str) -> Vec<(String, Value)> {
        let (mut all, mut path) = (Vec::new(), "/v1/events?limit=200".to_owned());
        loop {
            let page = self.get(&path);
            let rows = page["data"].as_array().unwrap();
            let ours = rows.iter().filter(|row| row["party_id"] == party);
            all.extend(ours.map(|row| (row["kind"].as_str().unwrap().to_owned(), row["data"].clone())));
            match page["next_cursor"].as_str() {
                Some(cursor) if !rows.is_empty() => path = format!("/v1/events?limit=200&after={cursor}"),
                _ => return all,
            }
        }
    }

    pub(super) fn told(&self, party: &str, kind: &str) -> usize {
        self.events(party).iter().filter(|(known, _)| known == kind).count()
    }

    /// Every event of an advertiser has a number, and is there once, in order.
    pub(super) fn numbered_without_gaps(&self, party: &str) {
        let events = self.events(party).into_iter().filter(|(kind, _)| kind.starts_with("ads."));
        let number = |(kind, data): (String, Value)| data["seq"].as_i64().unwrap_or_else(|| panic!("{kind}"));
        let numbers: Vec<i64> = events.map(number).collect();
        let expected: Vec<i64> = (1..=i64::try_from(numbers.len()).unwrap()).collect();
        assert_eq!(numbers, expected);
        assert_eq!(self.account(party)["seq"], numbers.len());
    }

    pub(super) fn end(self, place: &Place) {
        self.server.stop();
        place.verify(true);
    }
}

pub(super) fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// Code and first pointer of a refusal.
pub(super) fn refused(answer: Answer, status: u16) -> (String, String) {
    let answer = answer.ended(status);
    let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
    (answer.text("code").to_owned(), pointer)
}
