//! Two servers on one PostgreSQL: both take writes, hot accounts included, each job runs once, the books verify
//! (P1, P19, P22, P24).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::BTreeSet;

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_engine::clock::Stopwatch;
use purser_storage::Statement;
use serde_json::json;
use support::{
    http::Client,
    world::{Place, Server, ints, onboard, wait_until},
};

/// Clients of each server.
const CLIENTS: usize = 3;
/// Rounds of each client.
const ROUNDS: usize = 30;

static CALLS: Statement = Statement {
    name: "test.calls",
    sql: "SELECT calls, paid, amount FROM sandbox_payouts ORDER BY reference",
};
static JOBS: Statement =
    Statement { name: "test.jobs", sql: "SELECT attempts FROM jobs WHERE kind = 'rail.send' ORDER BY id" };

/// Everybody posts to the same two accounts, settles an order of its own creator, and withdraws from it; every
/// other round the same request goes to both servers at once under one key.
fn customer(name: &str, near: &Client, far: &Client) {
    let profile = json!({
        "external_id": name, "display_name": name, "roles": ["creator"], "legal_form": "individual",
    });
    let party = near.post("/v1/parties", name, &profile).ended(200).text("id").to_owned();
    onboard(far, &party);
    let path = format!("/v1/parties/{party}/payout-accounts");
    far.post(&path, &format!("{name}-bind"), &json!({ "kind": "sandbox", "number": name })).ended(201);
    for round in 0..ROUNDS {
        let key = format!("{name}-{round}");
        let transfer = json!({
            "debit": { "owner": "platform", "kind": "clients.clearing" },
            "credit": { "owner": "platform", "kind": "revenue.operating" }, "amount_minor": 3,
        });
        let first = near.post("/v1/transfers", &key, &transfer).ended(201);
        let again = far.post("/v1/transfers", &key, &transfer).ended(201);
        assert!(again.replayed && again.body == first.body, "a key is the same on every server");
        let order = json!({
            "order_id": key, "creator_id": party, "task_type": "video", "amount_minor": 10_000,
            "accepted_at": "2026-03-01T10:00:00+08:00", "status": "completed",
            "completed_at": "2026-03-09T10:00:00+08:00",
        });
        far.post("/v1/task-orders", &format!("{key}-order"), &order).ended(200);
        let withdrawal = json!({ "party_id": party, "amount_minor": 9_500 });
        near.post("/v1/withdrawals", &format!("{key}-out"), &withdrawal).ended(201);
    }
}

/// The same request at both servers at the same moment.
fn race(one: &Server, other: &Server, token: &str) {
    let order = |n: usize| {
        json!({
            "order_id": format!("race-{n}"), "creator_external_id": "c0", "task_type": "live",
            "amount_minor": 100, "accepted_at": "2026-03-01T10:00:00+08:00", "status": "accepted",
        })
    };
    for n in 0..20 {
        let (key, body) = (format!("race-{n}"), order(n));
        let answers = std::thread::scope(|scope| {
            let calls = [one, other].map(|server| {
                let (key, body) = (&key, &body);
                scope.spawn(move || server.client(token).post("/v1/task-orders", key, body).ended(200))
            });
            calls.map(|call| call.join().unwrap())
        });
        let [first, second] = answers;
        assert_eq!(first.body, second.body);
        assert!(first.replayed != second.replayed, "one of them did it: {first:?} {second:?}");
    }
}

#[test]
fn two_servers_share_one_database() {
    let Some(place) = Place::postgres() else { return };
    let watch = Stopwatch::start();
    place.run(&["migrate", "--sandbox"]).ended(0);
    let top_up = ["--rail", "sandbox", "--amount-minor", "100000000", "--reference", "all"];
    place.run(&[&["float", "top-up"], top_up.as_slice()].concat()).ended(0);
    let token = place.key();
    let (one, other) = (Server::start(&place), Server::start(&place));
    std::thread::scope(|scope| {
        for n in 0..2 * CLIENTS {
            let (one, other, token) = (&one, &other, &token);
            scope.spawn(move || {
                let (near, far) = if n % 2 == 0 { (one, other) } else { (other, one) };
                customer(&format!("c{n}"), &near.client(token), &far.client(token));
            });
        }
    });
    race(&one, &other, &token);
    let expected = 2 * CLIENTS * ROUNDS;
    let mut session = place.reader();
    wait_until("payouts", 60, || {
        let payouts = ints(session.as_mut(), &CALLS, 3);
        payouts.len() == expected && payouts.iter().all(|payout| payout[1] == 1)
    });
    // Without faults a payout takes one call, by one run of its job, whoever of the two ran it.
    let distinct: BTreeSet<Vec<i64>> = ints(session.as_mut(), &CALLS, 3).into_iter().collect();
    assert_eq!(distinct, BTreeSet::from([vec![1, 1, 9_500]]));
    let attempts = ints(session.as_mut(), &JOBS, 1);
    assert!(attempts.len() == expected && attempts.iter().all(|run| run[0] == 1), "{attempts:?}");
    let hot = AccountRef::platform(AccountKind::RevenueOperating, Currency::CNY).id();
    let hot = one.client(&token).get(&format!("/v1/accounts/{hot}")).ended(200);
    let posted = i64::try_from(3 * expected).unwrap();
    assert_eq!((hot.int("posted_minor"), hot.int("entries")), (posted, posted / 3));
    one.stop();
    other.stop();
    place.verify(true);
    println!("{expected} of each over two servers in {} ms", watch.micros() / 1_000);
}
