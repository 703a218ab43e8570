//! A rail with books of its own. It is slow, forgetful and unreachable as the mix says, but never pays an order twice under one
//! number: whether it was asked to under two is what the laws look for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use purser_domain::withdrawals::{FailureClass, RailOutcome};
use purser_engine::{
    jobs::{Hands, RunError},
    ports::{PayoutOrder, Rail},
};

use super::mix::{Mix, happens};
use crate::rng::Rng;

/// What became of an order at the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Being dealt with.
    Dealing,
    /// Paid.
    Paid,
    /// Not paid, and never will be.
    Failed,
    /// Not paid because the payer's balance was short when it was made, and never will be.
    FailedForFunds,
    /// Paid, and came back.
    Returned,
}

/// An order as the rail has it.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) amount_minor: i64,
    payee: String,
    pub(super) status: Status,
    /// The rail's own charge, minor units.
    pub(super) charge_minor: i64,
}

/// The rail's books and its moods.
#[derive(Debug)]
pub(super) struct RailBooks {
    pub(super) orders: BTreeMap<String, Order>,
    /// Orders whose request is still on its way, and how many looks it takes.
    pub(super) arriving: Vec<(u32, String, i64, String)>,
    /// The payer's money at the rail, minor units.
    pub(super) balance_minor: i64,
    /// What it would say about orders that changed, for notices.
    pub(super) news: Vec<String>,
    /// The first thing that no client may do.
    pub(super) broken: Option<String>,
    pub(super) calls: u64,
    rng: Rng,
    mix: Mix,
    /// From here on it answers everything at once and truthfully.
    pub(super) calm: bool,
}

/// Shared between the run and the rail's jobs.
#[derive(Clone)]
pub(super) struct SimRail(Arc<Mutex<RailBooks>>);

impl SimRail {
    pub(super) fn new(rng: Rng, mix: Mix) -> Self {
        let (orders, arriving, news) = (BTreeMap::new(), Vec::new(), Vec::new());
        let books = RailBooks {
            orders,
            arriving,
            balance_minor: 0,
            news,
            broken: None,
            calls: 0,
            rng,
            mix,
            calm: false,
        };
        Self(Arc::new(Mutex::new(books)))
    }

    /// A server that dies in a call leaves the rail as it was.
    pub(super) fn books(&self) -> MutexGuard<'_, RailBooks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RailBooks {
    fn meets(&mut self, chance: impl Fn(&Mix) -> u64) -> bool {
        let chance = chance(&self.mix);
        !self.calm && happens(&mut self.rng, chance)
    }

    /// Takes an order in; the same again is the order that is there.
    fn take(&mut self, reference: &str, amount_minor: i64, payee: &str) {
        if let Some(known) = self.orders.get(reference) {
            if (known.amount_minor, known.payee.as_str()) != (amount_minor, payee) {
                let text = format!("{reference} came twice with another amount or payee");
                self.broken.get_or_insert(text);
            }
            return;
        }
        let status = if self.balance_minor < amount_minor {
            Status::FailedForFunds
        } else if self.meets(|mix| mix.dealing) {
            Status::Dealing
        } else if self.meets(|mix| mix.failed) {
            Status::Failed
        } else {
            Status::Paid
        };
        let charge_minor = if status == Status::Paid && self.meets(|mix| mix.charged) { 10 } else { 0 };
        let order = Order { amount_minor, payee: payee.to_owned(), status, charge_minor };
        self.orders.insert(reference.to_owned(), order);
        if status == Status::Paid {
            self.balance_minor -= amount_minor + charge_minor;
        }
        if status != Status::Dealing {
            self.news.push(reference.to_owned());
        }
    }

    /// Time passes: what is on its way comes nearer, what is dealt with is decided, what was paid may come back.
    pub(super) fn pass(&mut self) {
        let (due, rest) = std::mem::take(&mut self.arriving).into_iter().partition(|(left, ..)| *left == 0);
        self.arriving = rest;
        for (left, ..) in &mut self.arriving {
            *left -= 1;
        }
        let due: Vec<(u32, String, i64, String)> = due;
        for (_, reference, amount_minor, payee) in due {
            self.take(&reference, amount_minor, &payee);
        }
        let references: Vec<String> = self.orders.keys().cloned().collect();
        for reference in references {
            let status = self.orders[&reference].status;
            if status == Status::Dealing && (self.calm || self.rng.one_in(6)) {
                self.decide(&reference);
            } else if status == Status::Paid && self.meets(|mix| mix.returned / 4) {
                self.give_back(&reference);
            }
        }
    }

    fn decide(&mut self, reference: &str) {
        let fails = self.meets(|mix| mix.failed);
        let Some(order) = self.orders.get_mut(reference) else { return };
        let pays = !fails && self.balance_minor >= order.amount_minor;
        order.status = if pays { Status::Paid } else { Status::Failed };
        if pays {
            self.balance_minor -= order.amount_minor;
        }
        self.news.push(reference.to_owned());
    }

    fn give_back(&mut self, reference: &str) {
        let Some(order) = self.orders.get_mut(reference) else { return };
        order.status = Status::Returned;
        self.balance_minor += order.amount_minor;
        self.news.push(reference.to_owned());
    }

    /// Whether money of a number may be out, or may still go out.
    pub(super) fn may_pay(&self, reference: &str) -> bool {
        match self.orders.get(reference) {
            Some(order) => matches!(order.status, Status::Paid | Status::Dealing),
            None => self.arriving.iter().any(|(_, arriving, ..)| arriving == reference),
        }
    }

    /// What it says about an order when it tells the truth.
    pub(super) fn outcome(&self, reference: &str) -> RailOutcome {
        let code = || "SIM".to_owned();
        match self.orders.get(reference).map(|order| (order.status, order.charge_minor)) {
            None => RailOutcome::NotFound,
            Some((Status::Dealing, _)) => RailOutcome::Unknown,
            Some((Status::Paid, rail_fee_minor)) => RailOutcome::Paid { rail_fee_minor },
            Some((Status::Failed, _)) => {
                RailOutcome::DefiniteFailure { class: FailureClass::PayeeFixable, code: code() }
            }
            Some((Status::FailedForFunds, _)) => RailOutcome::FailedForFunds { code: code() },
            Some((Status::Returned, _)) => {
                RailOutcome::Bounced { class: FailureClass::PayeeFixable, code: code() }
            }
        }
    }

    fn send(&mut self, order: &PayoutOrder) -> Result<RailOutcome, RunError> {
        self.calls += 1;
        let (reference, amount_minor) = (order.reference.as_str(), order.amount_minor);
        let unanswered = || RunError::Unanswered("no answer".to_owned());
        if self.meets(|mix| mix.unreached) {
            return Err(RunError::Unreached("nobody is there".to_owned()));
        }
        if self.meets(|mix| mix.lost_request) {
            return Err(unanswered());
        }
        if self.meets(|mix| mix.late_arrival) {
            let looks = u32::try_from(1 + self.rng.below(12)).unwrap_or(1);
            self.arriving.push((looks, reference.to_owned(), amount_minor, order.payee.number.clone()));
            return Err(unanswered());
        }
        let known = self.orders.contains_key(reference);
        if !known {
            if self.meets(|mix| mix.throttled) {
                return Ok(RailOutcome::Throttled);
            }
            if self.meets(|mix| mix.limit_of_day) && !order.again {
                let class = FailureClass::RailLimitDay;
                return Ok(RailOutcome::DefiniteFailure { class, code: "LIMIT".to_owned() });
            }
            if self.balance_minor < amount_minor && !self.meets(|mix| mix.failed_for_funds) {
                return Ok(RailOutcome::PayerFundsShort);
            }
        }
        self.take(reference, amount_minor, &order.payee.number);
        // Nothing of what the rail said is ever written down.
        if self.meets(|mix| mix.server_dies) {
            return Err(RunError::LeaseLost);
        }
        if self.meets(|mix| mix.lost_reply) {
            return Err(unanswered());
        }
        Ok(self.outcome(reference))
    }

    fn query(&mut self, reference: &str) -> Result<RailOutcome, RunError> {
        self.calls += 1;
        if self.meets(|mix| mix.unreached) {
            return Err(RunError::Unreached("nobody is there".to_owned()));
        }
        if self.meets(|mix| mix.throttled) {
            return Ok(RailOutcome::Throttled);
        }
        if self.meets(|mix| mix.mute) {
            return Ok(RailOutcome::Unknown);
        }
        let arriving = self.arriving.iter().any(|(_, known, ..)| known == reference);
        let outcome = self.outcome(reference);
        // It is certain of that only while nothing is on its way.
        if outcome == RailOutcome::NotFound && !arriving && self.meets(|mix| mix.not_taken) {
            return Ok(RailOutcome::NotTaken);
        }
        if outcome == RailOutcome::Unknown || self.meets(|mix| mix.stale_query) {
            let not_yet = [RailOutcome::Unknown, RailOutcome::NotFound];
            return Ok(not_yet[self.rng.index(2)].clone());
        }
        Ok(outcome)
    }
}

impl Rail for SimRail {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.books().send(order)
    }
    fn query(&mut self, order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.books().query(&order.reference)
    }
}
