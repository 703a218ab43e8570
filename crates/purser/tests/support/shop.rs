//! Books whose time begins when a test says, and shops that sell on pay-later terms on them.

use purser_domain::{policy::DEFAULT_PACK, time::Timestamp};
use purser_engine::{clock::Clock, rules::found_sandbox};
use purser_storage::{Session, postgres as pg, sqlite};
use serde_json::{Value, json};

use super::{
    http::{Answer, Client},
    world::{Place, Server, onboard, wait_until},
};

/// A server on sandbox books.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) key: String,
}

impl Desk {
    /// On books whose time begins at an instant.
    pub(crate) fn begun(place: &Place, at: &str) -> Self {
        place.run(&["migrate"]).ended(0);
        let mut session: Box<dyn Session> = match place {
            Place::Folder(dir) => {
                let path = dir.path().join("purser.db");
                Box::new(sqlite::open_writer(&path, &sqlite::Options::default()).expect("a database"))
            }
            Place::Postgres { url, .. } => Box::new(pg::open_writer(url).expect("a database")),
        };
        let at: Timestamp = at.parse().expect("an instant");
        assert!(found_sandbox(session.as_mut(), &Clock::system(), at).expect("founded"));
        drop(session);
        let key = place.key();
        Self { server: Server::start(place), key }
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client(&self.key)
    }

    /// A member of staff, signed in.
    pub(crate) fn staff(&self, login: &str, role: &str) -> Client {
        let password = "correct horse battery staple";
        let new = json!({ "login": login, "role": role, "password": password });
        self.client().post("/v1/staff", &format!("staff-{login}"), &new).ended(201);
        let session = json!({ "login": login, "password": password });
        let session = self.server.client("").post("/v1/staff/sessions", "unused", &session);
        self.server.client(session.ended(201).text("token"))
    }

    /// Two people put a policy version with further entries in force from a civil date on: key, row and value of each.
    pub(crate) fn policy_from(
        &self,
        people: &(Client, Client),
        name: &str,
        from: &str,
        entries: &[(&str, &str, &str)],
    ) {
        let entry = |(key, row, value): &(&str, &str, &str)| {
            format!(
                "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\nsource = \"test\"\n"
            )
        };
        let text = format!("{DEFAULT_PACK}{}", entries.iter().map(entry).collect::<String>());
        let proposal = json!({ "policy": { "text": text } });
        let id = people.0.post("/v1/approvals", &format!("{name}-p"), &proposal).ended(201);
        let path = format!("/v1/approvals/{}/decision", id.text("id"));
        people.1.post(&path, &format!("{name}-d"), &json!({ "approve": true })).ended(200);
        // The next group of a writer reads the rules again.
        let write = json!({ "amount_minor": 1, "reference": name });
        self.client().post("/v1/rails/alipay/float-top-ups", name, &write).ended(201);
    }

    /// Sets the business clock.
    pub(crate) fn to(&self, at: &str) {
        self.client().post("/v1/sandbox/clock", &format!("clock-{at}"), &json!({ "to": at })).ended(200);
    }

    /// Sets the business clock and waits until readers have it too: it moves with the next group.
    pub(crate) fn is_at(&self, at: &str) {
        self.to(at);
        let (client, to): (Client, Timestamp) = (self.client(), at.parse().expect("an instant"));
        let now = || client.get("/v1/clock").text("business_at").parse::<Timestamp>().expect("an instant");
        wait_until("the clock", 30, || now() >= to);
    }
}

/// A merchant of two years with a payout account that pays, and a limit of so many minor units.
pub(crate) fn shop(client: &Client, name: &str, limit_minor: i64) -> String {
    let id = merchant(client, name, "ok");
    let component =
        json!({ "source": "credit_evaluation", "amount_minor": limit_minor, "since": "2023-01-01" });
    let report =
        json!({ "merchant_id": id, "opened_on": "2023-01-01", "level": 3, "components": [component] });
    let told = client.post("/v1/credit-shops", &format!("shop-{name}"), &report).ended(200);
    assert_eq!(told.int("total_minor"), limit_minor);
    id
}

/// A merchant with a payout account whose number names its fate; its first steps are taken.
pub(crate) fn merchant(client: &Client, name: &str, fate: &str) -> String {
    let party = json!({ "external_id": name, "display_name": name, "roles": ["merchant"],
        "legal_form": "enterprise" });
    let id = client.post("/v1/parties", &format!("party-{name}"), &party).ended(200).text("id").to_owned();
    onboard(client, &id);
    let account = json!({ "kind": "sandbox", "number": format!("{name}.{fate}") });
    let path = format!("/v1/parties/{id}/payout-accounts");
    client.post(&path, &format!("account-{name}"), &account).ended(201);
    id
}

/// Something happens to an order, now.
pub(crate) fn tell(
    client: &Client,
    shop: &str,
    order: &str,
    event: &str,
    amount_minor: Option<i64>,
) -> Answer {
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let mut body = json!({ "order_id": order, "merchant_id": shop, "event": event, "at": at });
    if let Some(amount_minor) = amount_minor {
        body["amount_minor"] = json!(amount_minor);
    }
    client.post("/v1/credit-orders", &format!("{order}-{event}-{amount_minor:?}"), &body)
}

/// Sells goods of a price: authorised and shipped, and paid by the buyer where the test says so.
pub(crate) fn sell(client: &Client, shop: &str, order: &str, amount_minor: i64, paid: bool) {
    tell(client, shop, order, "authorised", Some(amount_minor)).ended(200);
    tell(client, shop, order, "shipped", None).ended(200);
    if paid {
        tell(client, shop, order, "paid", Some(amount_minor)).ended(200);
    }
}

/// Asks for proceeds; without an amount for everything that is available.
pub(crate) fn draw(client: &Client, shop: &str, amount_minor: Option<i64>, key: &str) -> Answer {
    let mut body = json!({ "party_id": shop, "source": "proceeds" });
    if let Some(amount_minor) = amount_minor {
        body["amount_minor"] = json!(amount_minor);
    }
    client.post("/v1/withdrawals", key, &body)
}

pub(crate) fn limit(client: &Client, shop: &str) -> Value {
    client.get(&format!("/v1/parties/{shop}/limit")).ended(200).body
}

pub(crate) fn withdrawal(client: &Client, id: &str) -> Value {
    client.get(&format!("/v1/withdrawals/{id}")).ended(200).body
}

pub(crate) fn state(client: &Client, id: &str) -> String {
    withdrawal(client, id)["state"].as_str().expect("a state").to_owned()
}

/// The platform's money at the sandbox rail.
pub(crate) fn fund(client: &Client, amount_minor: i64) {
    let body = json!({ "amount_minor": amount_minor, "reference": format!("fund-{amount_minor}") });
    client.post("/v1/rails/sandbox/float-top-ups", &format!("fund-{amount_minor}"), &body).ended(201);
}

/// The refusal of the gate: its code and check, and that both languages say what to do.
pub(crate) fn refused(answer: &Answer, code: &str, check: i64) {
    assert_eq!((answer.status, answer.text("code")), (422, code), "{}", answer.body);
    let facts = &answer.body["facts"];
    assert_eq!(facts["check"], check, "{}", answer.body);
    for field in ["message_zh", "message_en", "who_must_act", "next_step"] {
        assert!(facts[field].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.body);
    }
}

/// A case that the merchant opens, without papers.
pub(crate) fn open_case(client: &Client, shop: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = format!("case-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let case =
        json!({ "party_id": shop, "kind": "help", "summary": "A large order", "text": "For two weeks." });
    client.post("/v1/cases", &key, &case).ended(201).text("id").to_owned()
}

/// A case of the merchant with a paper: what a temporary limit rests on (C18).
pub(crate) fn papers(client: &Client, shop: &str) -> String {
    let case = open_case(client, shop);
    let path = format!("/v1/parties/{shop}/cases/{case}/attachments?name=order.pdf");
    client.upload(&path, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n").ended(201);
    case
}
