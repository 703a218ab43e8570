//! What one customer does, and what it knows must be there afterwards. The arithmetic is its own.

use purser_domain::{
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_engine::{ledger, sandbox::sandbox_totals};
use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    load::Dice,
    world::{Place, onboard, wait_until},
};

/// Answers of the round that are asked for once more under their keys.
const REPLAYS: usize = 5;

/// What a request does when it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Transfer,
    Order,
    Withdrawal,
}

#[derive(Debug, Clone)]
struct Request {
    deed: Deed,
    key: String,
    amount: i64,
    body: Value,
}

impl Request {
    fn path(&self) -> &'static str {
        match self.deed {
            Deed::Transfer => "/v1/transfers",
            Deed::Order => "/v1/task-orders",
            Deed::Withdrawal => "/v1/withdrawals",
        }
    }

    /// Whether an answer means that it happened. A withdrawal may be refused for want of money.
    fn happened(&self, answer: &Answer) -> bool {
        match (self.deed, answer.status) {
            (Deed::Order, 200) | (Deed::Transfer | Deed::Withdrawal, 201) => true,
            (Deed::Withdrawal, 422) => false,
            _ => panic!("{self:?}: {answer:?}"),
        }
    }
}

/// What became of the request that the kill cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Yes,
    No,
    NothingWasCut,
}

/// What must be there, by this customer's own sums.
#[derive(Debug, Default)]
struct Sums {
    transfers: i64,
    transferred: i64,
    settled: i64,
    net: i64,
    withdrawals: usize,
}

pub(crate) struct Customer {
    name: String,
    party: String,
    proceeds: String,
    dice: Dice,
    next: u64,
    fresh: Vec<(Request, Answer)>,
    acknowledged: usize,
    unanswered: Option<Request>,
    sums: Sums,
}

/// Writes that were acknowledged to all of them.
pub(crate) fn spread(customers: &[Customer]) -> usize {
    customers.iter().map(|customer| customer.acknowledged).sum()
}

impl Customer {
    pub(crate) fn arrive(client: &Client, n: u64, seed: u64) -> Self {
        let name = format!("customer-{n}");
        let profile = json!({
            "external_id": name, "display_name": name, "roles": ["creator", "merchant"],
            "legal_form": "individual",
        });
        let party = client.post("/v1/parties", &name, &profile).ended(200).text("id").to_owned();
        onboard(client, &party);
        let account = json!({ "kind": "sandbox", "number": name });
        let path = format!("/v1/parties/{party}/payout-accounts");
        client.post(&path, &format!("{name}-bind"), &account).ended(201);
        let id: PartyId = party.parse().unwrap();
        let proceeds = AccountRef::party(id, AccountKind::Proceeds, Currency::CNY).id().to_string();
        Self {
            name,
            party,
            proceeds,
            dice: Dice::new(seed ^ (n + 1).wrapping_mul(0x5851_f42d_4c95_7f2d)),
            next: 0,
            fresh: Vec::new(),
            acknowledged: 0,
            unanswered: None,
            sums: Sums::default(),
        }
    }

    /// One request after the other until there is no answer.
    pub(crate) fn work(&mut self, client: &Client) {
        loop {
            let request = self.invent();
            match client.try_post(request.path(), &request.key, &request.body) {
                // Nothing of a request that met a full queue is kept: as good as not sent.
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) => self.note(request, answer),
                Err(_) => {
                    self.unanswered = Some(request);
                    return;
                }
            }
        }
    }

    fn invent(&mut self) -> Request {
        self.next += 1;
        let (n, key) = (self.next, format!("{}-{}", self.name, self.next));
        let (deed, amount) = match self.dice.below(10) {
            0..=3 => (Deed::Transfer, 1 + self.dice.below(1_000)),
            4..=7 => (Deed::Order, 1_000 + self.dice.below(50_000)),
            _ => (Deed::Withdrawal, 100 + self.dice.below(20_000)),
        };
        let amount = i64::try_from(amount).unwrap();
        let body = match deed {
            Deed::Transfer => json!({
                "debit": { "owner": "platform", "kind": "clients.clearing" },
                "credit": { "owner": self.party, "kind": "proceeds" }, "amount_minor": amount,
            }),
            Deed::Order => json!({
                "order_id": format!("{}-order-{n}", self.name), "creator_id": self.party, "task_type": "live",
                "amount_minor": amount, "accepted_at": "2026-03-01T10:00:00+08:00", "status": "completed",
                "completed_at": "2026-03-09T10:00:00+08:00",
            }),
            Deed::Withdrawal => json!({ "party_id": self.party, "amount_minor": amount }),
        };
        Request { deed, key, amount, body }
    }

    fn note(&mut self, request: Request, answer: Answer) {
        self.acknowledged += 1;
        if request.happened(&answer) {
            match request.deed {
                Deed::Transfer => {
                    self.sums.transfers += 1;
                    self.sums.transferred += request.amount;
                }
                Deed::Order => {
                    // X13: 5 %, half up to the fen.
                    let fee = (request.amount * 5 + 50) / 100;
                    assert_eq!((answer.int("service_fee_minor"), answer.text("status")), (fee, "settled"));
                    self.sums.settled += request.amount;
                    self.sums.net += request.amount - fee;
                }
                Deed::Withdrawal => self.sums.withdrawals += 1,
            }
        }
        self.fresh.push((request, answer));
    }

    /// Looks at the request that was cut off before it is sent again, then sends it again under its key.
    pub(crate) fn look_at_the_unanswered(&mut self, client: &Client) -> Written {
        let Some(request) = self.unanswered.take() else { return Written::NothingWasCut };
        let known = client.get(&format!("/v1/idempotency-keys/{}", request.key)).status == 200;
        // Whether its effect is there must not depend on where one looks.
        let there = match request.deed {
            Deed::Transfer => self.posted(client).1 == self.sums.transfers + 1,
            Deed::Order => {
                let id = request.body["order_id"].as_str().unwrap();
                client.get(&format!("/v1/task-orders/external:{id}")).status == 200
            }
            Deed::Withdrawal => self.withdrawals(client).len() == self.sums.withdrawals + 1,
        };
        let answer = client.post(request.path(), &request.key, &request.body);
        assert_eq!(answer.replayed, known, "{request:?}: {answer:?}");
        assert_eq!(there, known && request.happened(&answer), "half of it is there: {request:?}");
        self.note(request, answer);
        if known { Written::Yes } else { Written::No }
    }

    /// Everything that was acknowledged since the last time can be read, and some is asked for again.
    pub(crate) fn find_the_new_ones(&mut self, client: &Client) {
        let fresh = std::mem::take(&mut self.fresh);
        for (request, answer) in &fresh {
            if request.happened(answer) {
                let found = client.get(&format!("{}/{}", request.path(), answer.text("id"))).ended(200);
                assert_eq!(found.int("amount_minor"), request.amount, "{request:?}");
            }
        }
        for (request, answer) in fresh.iter().rev().take(REPLAYS) {
            let again = client.post(request.path(), &request.key, &request.body);
            assert!(again.replayed, "{request:?}: {again:?}");
            assert_eq!((again.status, &again.body), (answer.status, &answer.body));
        }
    }

    /// Balance and lines of the account that only transfers touch.
    fn posted(&self, client: &Client) -> (i64, i64) {
        let account = client.get(&format!("/v1/accounts/{}", self.proceeds));
        match account.status {
            // Opened by its first transfer.
            404 => (0, 0),
            _ => (account.int("posted_minor"), account.int("entries")),
        }
    }

    fn withdrawals(&self, client: &Client) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/parties/{}/withdrawals?limit=199{cursor}", self.party);
            let page = client.get(&path).ended(200).body;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// Everything that happened is there once.
    pub(crate) fn balances_hold(&self, client: &Client) {
        assert_eq!(self.posted(client), (self.sums.transferred, self.sums.transfers));
        assert_eq!(self.withdrawals(client).len(), self.sums.withdrawals);
        let overview = client.get(&format!("/v1/parties/{}/overview", self.party)).ended(200).body;
        let total = |name: &str| overview["totals"][name].as_i64().unwrap();
        assert_eq!(total("settled_gross_minor"), self.sums.settled);
        assert_eq!(total("settled_net_minor"), self.sums.net);
        let parts = ["withdrawable_minor", "in_transit_minor"].map(|name| overview[name].as_i64().unwrap());
        assert_eq!(parts.iter().sum::<i64>() + total("withdrawn_minor"), self.sums.net, "{overview}");
    }

    /// Every payout finds its end, and the balances still hold.
    pub(crate) fn comes_to_rest(&self, client: &Client) {
        let path = format!("/v1/parties/{}/overview", self.party);
        wait_until("payouts under way", 120, || client.get(&path).ended(200).body["in_transit_minor"] == 0);
        self.balances_hold(client);
        for withdrawal in self.withdrawals(client) {
            assert!(["paid", "failed"].contains(&withdrawal["state"].as_str().unwrap()), "{withdrawal}");
        }
    }
}

/// P10: the sandbox's own books know of no double payment, and of as much money as ours.
pub(crate) fn rail_agrees(place: &Place, topped_up: i64) {
    let mut session = place.reader();
    let world = sandbox_totals(session.as_mut()).unwrap();
    let float = AccountRef::float("sandbox", Currency::CNY).id();
    let (float, _) = ledger::account(session.as_mut(), float).unwrap().unwrap();
    assert_eq!(world.paid_twice, 0);
    assert_eq!(topped_up - float.posted, world.paid_minor - world.returned_minor);
    println!("{}: {} payouts at the rail, none twice", place.engine(), world.orders);
}
