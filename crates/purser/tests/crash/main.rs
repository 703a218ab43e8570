//! The real server under load, killed at random moments again and again, and now and then told to stop. Every acknowledged write is there, every
//! other one is wholly there or wholly not, a key has one effect, and the books verify (P1, P3, P10, P19, P22, P24).
//!
//! 5 rounds; 50 with `PURSER_LONG=1`. `PURSER_SEED` takes another seed.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod desk;
mod payouts;

use std::time::Duration;

use desk::{Customer, Written, spread};
use purser_engine::clock::Stopwatch;
use support::{
    http::Client,
    load::{Dice, Front},
    world::{Place, Server},
};

/// Customers, each a client thread of its own.
const CUSTOMERS: u64 = 6;
/// Shortest and longest life of a server under load, ms.
const LIFE: (u64, u64) = (30, 700);

fn long() -> bool {
    std::env::var("PURSER_LONG").is_ok_and(|value| value == "1")
}

fn rounds() -> u64 {
    if long() { 50 } else { 5 }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_happens_twice_on_sqlite() {
    under_fire(Some(Place::folder()));
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_happens_twice_on_postgres() {
    under_fire(Place::postgres());
}

fn under_fire(place: Option<Place>) {
    let Some(place) = place else { return };
    let watch = Stopwatch::start();
    place.run(&["migrate", "--sandbox"]).ended(0);
    place.run(&["sandbox", "faults", "300000"]).ended(0);
    let top_up = ["--rail", "sandbox", "--amount-minor", "1000000000", "--reference", "all"];
    place.run(&[&["float", "top-up"], top_up.as_slice()].concat()).ended(0);
    Fire::on(&place, Dice::seed()).run(rounds());
    println!("{}: {} ms", place.engine(), watch.micros() / 1_000);
}

struct Fire<'a> {
    place: &'a Place,
    front: Front,
    server: Option<Server>,
    dice: Dice,
    customers: Vec<Customer>,
    /// Requests that were cut off: they had happened, or not.
    cut: (usize, usize),
}

impl<'a> Fire<'a> {
    fn on(place: &'a Place, seed: u64) -> Self {
        let token = place.key();
        let server = Server::start(place);
        let front = Front::new(server.address, &token);
        let client = front.client();
        let customers = (0..CUSTOMERS).map(|n| Customer::arrive(&client, n, seed)).collect();
        let server = Some(server);
        Self { place, front, server, dice: Dice::new(seed), customers, cut: (0, 0) }
    }

    fn run(mut self, rounds: u64) {
        for round in 1..=rounds {
            let acknowledged = self.round(round % 3 == 0);
            let client = self.front.client();
            self.cut_off(&client);
            self.everything_is_there(&client);
            self.place.verify(false);
            println!("{} round {round}: {acknowledged} acknowledged", self.place.engine());
            assert!(acknowledged > 0, "a server that lives for {LIFE:?} ms answers something");
        }
        println!("{}: of the requests cut off (happened, did not): {:?}", self.place.engine(), self.cut);
        let client = self.front.client();
        for customer in &self.customers {
            customer.comes_to_rest(&client);
        }
        self.server.take().unwrap().stop();
        desk::rail_agrees(self.place, 1_000_000_000);
        self.place.verify(true);
    }

    /// Load until the server is killed, or told to stop: then it finishes what it accepted and ends well. The next one
    /// is up at the end. Returns how many writes were acknowledged.
    fn round(&mut self, stopped: bool) -> usize {
        let life = Duration::from_millis(LIFE.0 + self.dice.below(LIFE.1 - LIFE.0));
        let before = spread(&self.customers);
        let front = &self.front;
        std::thread::scope(|scope| {
            for customer in &mut self.customers {
                scope.spawn(|| customer.work(&front.client()));
            }
            // Not a wait for anything: the end comes at a moment that only the seed knows.
            std::thread::sleep(life);
            let server = self.server.take().unwrap();
            if stopped { server.stop() } else { server.kill() }
        });
        let server = Server::start(self.place);
        self.front.moved(server.address);
        self.server = Some(server);
        spread(&self.customers) - before
    }

    /// What was not answered is there or not, wholly; asked again under its key it happens once.
    fn cut_off(&mut self, client: &Client) {
        for customer in &mut self.customers {
            match customer.look_at_the_unanswered(client) {
                Written::Yes => self.cut.0 += 1,
                Written::No => self.cut.1 += 1,
                Written::NothingWasCut => {}
            }
        }
    }

    fn everything_is_there(&mut self, client: &Client) {
        for customer in &mut self.customers {
            customer.find_the_new_ones(client);
            customer.balances_hold(client);
        }
    }
}
