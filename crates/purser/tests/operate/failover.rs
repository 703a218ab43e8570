//! The PostgreSQL primary is killed under load and its standby promoted, with two servers whose URL names both hosts:
//! nothing that was acknowledged is lost, nothing happens twice, and nobody touches the servers (P1, P24).
//!
//! With `PURSER_TEST_PAIR`: the URLs of both and the primary's data folder, as `cargo xtask test --long` sets it. The
//! primary does not survive.

use std::{
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use postgres::{Config, NoTls};
use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_engine::clock::Stopwatch;
use purser_storage::Statement;
use serde_json::{Value, json};

use crate::support::{
    http::Client,
    skipped,
    world::{Place, Server, ints, onboard, wait_until},
};

/// Clients, half of them at each server.
const CLIENTS: usize = 6;
/// Writes that are acknowledged before the primary is killed, and after the standby took over.
const WRITES: usize = 300;

static LINES: Statement =
    Statement { name: "test.lines", sql: "SELECT COUNT(*) FROM transfers WHERE amount = 7" };

/// What the clients know.
#[derive(Default)]
struct Load {
    acknowledged: Mutex<Vec<(String, String)>>,
    count: AtomicUsize,
    again: AtomicUsize,
    /// The longest that one request waited for its answer, µs.
    longest: AtomicUsize,
    done: AtomicBool,
}

impl Load {
    /// Posts transfers, each under a key of its own, again and again until it is acknowledged.
    fn post(&self, n: usize, clients: &[Client; 2]) {
        for round in 0.. {
            if self.done.load(Ordering::Relaxed) {
                return;
            }
            let key = format!("c{n}-{round}");
            let transfer = json!({
                "debit": { "owner": "platform", "kind": "clients.clearing" },
                "credit": { "owner": "platform", "kind": "revenue.operating" }, "amount_minor": 7,
            });
            let watch = Stopwatch::start();
            let mut tries = n;
            let id = loop {
                // The other server is as good.
                let answer = clients[tries % 2].try_post("/v1/transfers", &key, &transfer);
                match answer {
                    Ok(answer) if answer.status == 201 => break answer.text("id").to_owned(),
                    Ok(answer) => assert!(answer.status >= 500, "{}", answer.body),
                    Err(_) => {}
                }
                assert!(watch.micros() < 90_000_000, "{key} is not acknowledged within 90 s");
                self.again.fetch_add(1, Ordering::Relaxed);
                tries += 1;
                std::thread::sleep(Duration::from_millis(50));
            };
            self.longest.fetch_max(usize::try_from(watch.micros()).unwrap(), Ordering::Relaxed);
            self.acknowledged.lock().unwrap().push((key, id));
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Kills every process of a PostgreSQL at once, as a machine that loses power does.
fn kill_all(data: &Path) {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let postmaster = text.lines().next().unwrap().trim();
    // Stopped first, so that nothing is told to anybody while the others die.
    let signal = |name: &str, who: &str| Command::new("kill").args([name, who]).status().unwrap();
    assert!(signal("-STOP", postmaster).success());
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap();
    for child in children.split_whitespace() {
        let _ = signal("-KILL", child);
    }
    assert!(signal("-KILL", postmaster).success());
}

fn hosts(config: &Config) -> String {
    format!("127.0.0.1:{}", config.get_ports().first().unwrap())
}

fn withdraw(client: &Client, party: &str, key: &str) -> Value {
    client.post("/v1/withdrawals", key, &json!({ "party_id": party, "amount_minor": 9_500 })).ended(201).body
}

#[test]
fn a_primary_that_is_killed_loses_nothing_and_servers_find_its_standby_p1_p24() {
    let Ok(pair) = std::env::var("PURSER_TEST_PAIR") else {
        if std::env::var("PURSER_LONG").is_ok_and(|value| value == "1") {
            skipped("a primary that is killed: PURSER_TEST_PAIR is not set");
        }
        return;
    };
    let parts: Vec<&str> = pair.split(' ').collect();
    let [primary, standby, data] = parts[..] else { panic!("PURSER_TEST_PAIR: two URLs and a folder") };
    let (primary, standby): (Config, Config) = (primary.parse().unwrap(), standby.parse().unwrap());
    let name = format!("purser_pair_{}", std::process::id());
    let mut admin = primary.connect(NoTls).unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let followed = || admin_says(&primary, "SELECT sync_state FROM pg_stat_replication") == "sync";
    wait_until("the standby is synchronous", 30, followed);
    let url = format!(
        "postgres://purser@{},{}/{name}?target_session_attrs=read-write",
        hosts(&primary),
        hosts(&standby)
    );
    let mut both = url.parse::<Config>().unwrap();
    both.dbname("postgres");
    let place = Place::Postgres { admin: Box::new(both), name, url };
    place.run(&["migrate", "--sandbox"]).ended(0);
    let top_up = ["--rail", "sandbox", "--amount-minor", "100000000", "--reference", "all"];
    place.run(&[&["float", "top-up"], top_up.as_slice()].concat()).ended(0);
    let token = place.key();
    let servers = [Server::start(&place), Server::start(&place)];
    let client = || servers[0].client(&token);
    let creator = paid_party(&client());
    let before = withdraw(&client(), &creator, "before");
    let load = Load::default();
    let (mut outage, watch) = (0, Stopwatch::start());
    std::thread::scope(|scope| {
        for n in 0..CLIENTS {
            let (load, clients) = (&load, servers.each_ref().map(|server| server.client(&token)));
            scope.spawn(move || load.post(n, &clients));
        }
        wait_until("load", 60, || load.count.load(Ordering::Relaxed) >= WRITES);
        kill_all(Path::new(data));
        let died = watch.micros();
        let until = load.count.load(Ordering::Relaxed);
        admin_says(&standby, "SELECT CAST(pg_promote(true, 60) AS TEXT)");
        wait_until("writes are acknowledged again", 90, || {
            load.count.load(Ordering::Relaxed) > until + CLIENTS
        });
        outage = watch.micros() - died;
        wait_until("more load", 120, || load.count.load(Ordering::Relaxed) >= until + WRITES);
        load.done.store(true, Ordering::Relaxed);
    });
    // Jobs go on as well: what was asked for before and after is paid.
    let after = withdraw(&client(), &creator, "after");
    for withdrawal in [before, after] {
        let path = format!("/v1/withdrawals/{}", withdrawal["id"].as_str().unwrap());
        wait_until("it is paid", 90, || client().get(&path).text("state") == "paid");
    }
    let acknowledged = load.acknowledged.into_inner().unwrap();
    for (key, id) in &acknowledged {
        let line = client().get(&format!("/v1/transfers/{id}"));
        assert_eq!(line.status, 200, "{key} was acknowledged as {id} and is lost");
    }
    let hot = AccountRef::platform(AccountKind::RevenueOperating, Currency::CNY).id();
    let hot = client().get(&format!("/v1/accounts/{hot}")).ended(200);
    let lines = ints(place.reader().as_mut(), &LINES, 1)[0][0];
    assert_eq!(
        lines,
        i64::try_from(acknowledged.len()).unwrap(),
        "one line for each key, however often it was sent"
    );
    assert!(hot.int("posted_minor") >= 7 * lines);
    let [one, other] = servers;
    one.stop();
    other.stop();
    place.verify(true);
    println!(
        "{} acknowledged, {} sent again, {} ms from the kill to the first writes after it, longest answer {} ms",
        acknowledged.len(),
        load.again.into_inner(),
        outage / 1_000,
        load.longest.into_inner() / 1_000
    );
}

/// The first column of what a server answers; empty when it answers nothing.
fn admin_says(config: &Config, sql: &str) -> String {
    let mut client = config.connect(NoTls).unwrap();
    client.query(sql, &[]).unwrap().first().map_or_else(String::new, |row| row.get(0))
}

/// A creator with money who has taken the first steps.
fn paid_party(client: &Client) -> String {
    let profile = json!({
        "external_id": "ann", "display_name": "ann", "roles": ["creator"], "legal_form": "individual",
    });
    let party = client.post("/v1/parties", "ann", &profile).ended(200).text("id").to_owned();
    onboard(client, &party);
    let path = format!("/v1/parties/{party}/payout-accounts");
    client.post(&path, "bind", &json!({ "kind": "sandbox", "number": "ok" })).ended(201);
    let order = json!({
        "order_id": "o1", "creator_id": party, "task_type": "video", "amount_minor": 100_000,
        "accepted_at": "2026-03-01T10:00:00+08:00", "status": "completed", "completed_at": "2026-03-09T10:00:00+08:00",
    });
    client.post("/v1/task-orders", "o1", &order).ended(200);
    party
}
