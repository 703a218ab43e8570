//! Clients that outlive the servers they talk to: whoever gets no answer asks again under the same key.

use std::{
    net::SocketAddr,
    sync::{
        RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use purser_engine::clock::Stopwatch;
use serde_json::Value;

use super::http::{Answer, Client};

/// Where the server is now.
pub(crate) struct Front {
    address: RwLock<SocketAddr>,
    token: String,
    answered: AtomicUsize,
    again: AtomicUsize,
}

impl Front {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        let token = token.to_owned();
        let (answered, again) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { address: RwLock::new(address), token, answered, again }
    }

    /// The server was started again somewhere else.
    pub(crate) fn moved(&self, address: SocketAddr) {
        *self.address.write().expect("no writer panics") = address;
    }

    /// Answers so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Requests that had to be sent again.
    pub(crate) fn again(&self) -> usize {
        self.again.load(Ordering::Relaxed)
    }

    /// A connection to where the server is now.
    pub(crate) fn client(&self) -> Client {
        Client::new(*self.address.read().expect("no writer panics"), &self.token)
    }

    /// Sends until there is an answer, always the same under the same key.
    pub(crate) fn insist(&self, client: &mut Client, path: &str, key: &str, body: &Value) -> Answer {
        let watch = Stopwatch::start();
        loop {
            match client.try_post(path, key, body) {
                Ok(answer) if answer.status != 503 => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return answer;
                }
                _ => {}
            }
            assert!(watch.micros() < 120_000_000, "no server answers {path} for two minutes");
            self.again.fetch_add(1, Ordering::Relaxed);
            // The server is down for a moment, or busy: there is nothing to wait on.
            std::thread::sleep(Duration::from_millis(20));
            *client = self.client();
        }
    }
}

/// Numbers that a seed gives (splitmix).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of this run: `PURSER_SEED`, or the one that CI always takes. Printed, so that a failure shows it.
    pub(crate) fn seed() -> u64 {
        let seed = std::env::var("PURSER_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_122);
        println!("seed {seed} (PURSER_SEED)");
        seed
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}
