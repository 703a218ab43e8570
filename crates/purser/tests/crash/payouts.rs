//! The big fault run (P10, X11): withdrawals through the sandbox rail, three calls of ten faulty in every way of the
//! contract suite, finance topping up when a rail says that it is short, the server killed on the way. The rail's
//! ledger equals Purser's, nothing is paid twice, nothing is stuck without an explanation.
//!
//! 5,000 withdrawals and 3 kills on SQLite, 600 and 2 on PostgreSQL; with `PURSER_LONG=1` 100,000 and 20, 5,000 and 3.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use purser_domain::withdrawals::State;
use purser_engine::{clock::Stopwatch, sandbox::sandbox_totals};
use purser_storage::Statement;
use serde_json::{Value, json};

use crate::{
    desk, long,
    support::{
        load::{Dice, Front},
        world::{Place, Server, onboard, wait_until},
    },
};

/// Withdrawals that one creator asks for.
const EACH: usize = 20;
/// What each asks for at least, fen.
const LEAST: i64 = 10;
/// Clients that ask at the same time.
const CLIENTS: usize = 8;
/// Float at the beginning, fen: it runs out on the way.
const FLOAT: i64 = 100_000;

static COUNTS: Statement =
    Statement { name: "test.counts", sql: "SELECT state, COUNT(*) FROM withdrawals GROUP BY state" };
/// Withdrawals that are not finished, and callbacks of the rail that were not heard yet.
static OPEN: Statement = Statement {
    name: "test.open",
    sql: "SELECT (SELECT COUNT(*) FROM withdrawals WHERE finished_at IS NULL) + \
          (SELECT COUNT(*) FROM jobs WHERE kind = 'sandbox.callback' AND state = 0)",
};
static MONEY: Statement =
    Statement { name: "test.money", sql: "SELECT state, net FROM withdrawals ORDER BY id" };
static PLANS: Statement = Statement {
    name: "test.plans",
    sql: "SELECT plan, COUNT(*) FROM sandbox_payouts WHERE calls > 0 GROUP BY plan",
};

#[test]
fn every_fault_of_the_rail_and_kills_lose_and_double_nothing_on_sqlite() {
    let (count, kills) = if long() { (100_000, 20) } else { (5_000, 3) };
    run(Some(Place::folder()), count, kills);
}

#[test]
fn every_fault_of_the_rail_and_kills_lose_and_double_nothing_on_postgres() {
    let (count, kills) = if long() { (5_000, 3) } else { (600, 2) };
    run(Place::postgres(), count, kills);
}

fn run(place: Option<Place>, count: usize, kills: usize) {
    let Some(place) = place else { return };
    let watch = Stopwatch::start();
    place.run(&["migrate", "--sandbox"]).ended(0);
    let all: Vec<&str> = purser_engine::sandbox::fault_kinds().collect();
    place.run(&["sandbox", "faults", "300000", "--kinds", &all.join(",")]).ended(0);
    let token = place.key();
    let first = Server::start(&place);
    let front = Front::new(first.address, &token);
    let parties = prepare(&front, count / EACH);
    println!("{}: {} creators after {} ms", place.engine(), parties.len(), watch.micros() / 1_000);
    let mut dice = Dice::new(Dice::seed());
    let (done, topped_up) = (AtomicBool::new(false), AtomicUsize::new(0));
    top_up(&front, "first", FLOAT);
    let server = std::thread::scope(|scope| {
        let mut server = first;
        // Also when an assertion ends the test: the scope waits for finance.
        let _over = Over(&done);
        let asking = scope.spawn(|| ask(&front, &parties));
        let finance = scope.spawn(|| keep_funded(&front, &done, &topped_up));
        for kill in 0..kills {
            let share = (kill + 1) * count / (kills + 1);
            // At a moment that only the seed knows, near an even share of what is to be paid.
            let orders = share.saturating_sub(usize::try_from(dice.below(100)).unwrap());
            let mut session = place.reader();
            wait_until("payouts on their way", 600, || {
                let totals = sandbox_totals(session.as_mut()).unwrap();
                // Who asks ends early only by an assertion of its own.
                usize::try_from(totals.orders).unwrap() >= orders || asking.is_finished()
            });
            std::thread::sleep(Duration::from_millis(dice.below(40)));
            server.kill();
            server = Server::start(&place);
            front.moved(server.address);
        }
        asking.join().unwrap();
        println!("{}: all asked after {} ms", place.engine(), watch.micros() / 1_000);
        at_rest(&place, &front, count);
        done.store(true, Ordering::Relaxed);
        finance.join().unwrap();
        server
    });
    server.stop();
    let shown = everything_agrees(&place, topped_up.load(Ordering::Relaxed));
    println!("{}: {count} withdrawals, {kills} kills, {shown}", place.engine());
    println!("{}: {} sent again, {} ms", place.engine(), front.again(), watch.micros() / 1_000);
}

/// Says that it is over when it goes out of scope.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Creators with a payout account and enough earnings for all they will ask for.
fn prepare(front: &Front, count: usize) -> Vec<String> {
    let mut client = front.client();
    let mut parties = Vec::with_capacity(count);
    for n in 0..count {
        let name = format!("payee-{n}");
        let profile = json!({ "external_id": name, "display_name": name, "roles": ["creator"],
            "legal_form": "individual" });
        let party = front.insist(&mut client, "/v1/parties", &name, &profile).ended(200);
        let party = party.text("id").to_owned();
        onboard(&client, &party);
        let account = json!({ "kind": "sandbox", "number": name });
        let path = format!("/v1/parties/{party}/payout-accounts");
        front.insist(&mut client, &path, &format!("bind-{n}"), &account).ended(201);
        parties.push(party);
    }
    let order = |(n, party): (usize, &String)| {
        json!({ "order_id": format!("order-{n}"), "creator_id": party, "task_type": "video",
            "amount_minor": 1_000_000, "accepted_at": "2026-03-01T10:00:00+08:00", "status": "completed",
            "completed_at": "2026-03-09T10:00:00+08:00" })
    };
    for (call, part) in parties.chunks(2_000).enumerate() {
        let items: Vec<Value> =
            part.iter().enumerate().map(|(n, party)| order((call * 2_000 + n, party))).collect();
        let body = json!({ "items": items });
        let answer = front.insist(&mut client, "/v1/task-orders/bulk", &format!("bulk-{call}"), &body);
        assert_eq!(answer.ended(200).int("refused"), 0);
    }
    parties
}

/// Everybody asks for several payouts, from several clients, each until it is answered.
fn ask(front: &Front, parties: &[String]) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = front.client();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(party) = parties.get(n / EACH) else { break };
                    let amount = LEAST + i64::try_from(n % 400).unwrap();
                    let body = json!({ "party_id": party, "amount_minor": amount });
                    let key = format!("withdraw-{n}");
                    let answer = front.insist(&mut client, "/v1/withdrawals", &key, &body).ended(201);
                    assert_eq!(answer.int("amount_minor"), amount);
                }
            });
        }
    });
}

fn top_up(front: &Front, reference: &str, amount_minor: i64) {
    let body = json!({ "amount_minor": amount_minor, "reference": reference });
    let path = "/v1/rails/sandbox/float-top-ups";
    front.insist(&mut front.client(), path, &format!("top-up-{reference}"), &body).ended(201);
}

/// X11: whenever something waits for float, finance tops up; what waited goes out by itself.
fn keep_funded(front: &Front, done: &AtomicBool, topped_up: &AtomicUsize) {
    let mut client = front.client();
    while !done.load(Ordering::Relaxed) {
        // A poll, as finance would: the shortage happens in the server.
        std::thread::sleep(Duration::from_millis(25));
        match client.try_get("/v1/withdrawals?state=waiting_for_funds&limit=1") {
            Ok(answer) if answer.status == 200 && answer.body["data"][0].is_object() => {
                let code = &answer.body["data"][0]["explanation"]["code"];
                assert_eq!(code, "float_short", "{}", answer.body);
                let n = topped_up.fetch_add(1, Ordering::Relaxed);
                top_up(front, &format!("{n}"), FLOAT);
            }
            Ok(_) => {}
            Err(_) => client = front.client(),
        }
    }
}

/// Waits until nothing is in flight. What still is at any moment explains itself.
fn at_rest(place: &Place, front: &Front, count: usize) {
    let mut session = place.reader();
    let mut left = 0;
    wait_until("withdrawals in flight", if long() { 3_600 } else { 900 }, || {
        session
            .query(&OPEN, &[], &mut |row| {
                left = row.int(0);
                true
            })
            .unwrap();
        left == 0
    });
    explained(front);
    let counts = counts(place, &COUNTS);
    assert_eq!(counts.values().sum::<i64>(), i64::try_from(count).unwrap(), "{counts:?}");
}

fn explained(front: &Front) {
    let client = front.client();
    for state in State::ALL {
        let page = client.get(&format!("/v1/withdrawals?state={}&limit=20", state.name())).ended(200).body;
        for row in page["data"].as_array().unwrap() {
            let id = row["id"].as_str().unwrap();
            let said = client.get(&format!("/v1/withdrawals/{id}/explain")).ended(200).body;
            let words = &said["explanation"];
            assert!(["zh", "en"].iter().all(|lang| words[lang].as_str().is_some_and(|w| !w.is_empty())));
            assert_eq!(words["next_at"].is_null(), state.is_final(), "{said}");
        }
    }
}

fn counts(place: &Place, statement: &'static Statement) -> BTreeMap<String, i64> {
    let (mut session, mut counts) = (place.reader(), BTreeMap::new());
    let mut note = |row: &dyn purser_storage::Source| {
        counts.insert(row.text(0).to_owned(), row.int(1));
        true
    };
    session.query(statement, &[], &mut note).unwrap();
    counts
}

/// P3, P10: both ledgers say the same, to the fen; every way of failing was met.
fn everything_agrees(place: &Place, top_ups: usize) -> String {
    desk::rail_agrees(place, FLOAT * (1 + i64::try_from(top_ups).unwrap()));
    let mut session = place.reader();
    let mut paid = 0;
    session
        .query(&MONEY, &[], &mut |row| {
            paid += if row.text(0) == "paid" { row.int(1) } else { 0 };
            true
        })
        .unwrap();
    let world = sandbox_totals(session.as_mut()).unwrap();
    assert_eq!(paid, world.paid_minor - world.returned_minor);
    let plans = counts(place, &PLANS);
    for kind in purser_engine::sandbox::fault_kinds() {
        assert!(plans.contains_key(kind), "no payout met {kind}: {plans:?}");
    }
    let faulty: i64 = plans.iter().filter(|(plan, _)| plan.as_str() != "ok").map(|(_, n)| n).sum();
    place.verify(true);
    format!("{faulty} of {} faulty, {top_ups} top-ups, {:?}", world.orders, counts(place, &COUNTS))
}
