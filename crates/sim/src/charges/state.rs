//! What the auditor believes: money, stops, budgets, clicks. Its own form of it, which shares nothing with the rows of the
//! engine.

use std::collections::BTreeMap;

use purser_domain::{ads::price::Pricing, time::Timestamp};

use super::acts::Word;
use crate::delivery::Campaign;

/// A day and an hour of the business zone, which is eight hours ahead of UTC all year.
const AHEAD: i64 = 8 * HOUR;
pub(super) const MINUTE: i64 = 60_000_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// Numbers of the specification (A4, A5, A7).
pub(super) const GRACE: i64 = 60_000_000;
pub(super) const ARREARS_LIMIT: i64 = 10_000;
pub(super) const SUSPENDED_AFTER: i64 = 7 * DAY;
pub(super) const LATE_DAYS: i64 = 7;
pub(super) const CLOSES_AFTER: i64 = 10 * MINUTE;
pub(super) const CLOCKS_DIFFER: i64 = 5 * MINUTE;
pub(super) const LEAST: i64 = 5;
pub(super) const STEP: i64 = 1;
pub(super) const ENOUGH: i64 = 1_000;
pub(super) const LEAST_BUDGET: i64 = 3_000;
pub(super) const GRANTS: i64 = 20;
/// Stops whose instants are kept: older ones are taken to be over.
pub(super) const STOPS_KEPT: usize = 16;

/// Number of an instant's civil day.
pub(super) fn day_of(at: Timestamp) -> i64 {
    (at.0 + AHEAD).div_euclid(DAY)
}

/// First instant of a civil day.
pub(super) fn day_start(day: i64) -> Timestamp {
    Timestamp(day * DAY - AHEAD)
}

/// First instant of the civil hour.
pub(super) fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(HOUR) * HOUR)
}

/// Where money is taken from and goes back to; grants by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pocket {
    Arrears,
    Cash,
    Grant(u64),
}

impl Pocket {
    /// In which order money goes back: arrears first.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Arrears => 0,
            Self::Cash => 1,
            Self::Grant(_) => 2,
        }
    }
}

/// So much of a pocket.
pub(super) type Part = (Pocket, i64);

/// A grant.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) left: i64,
    pub(super) expires_at: Timestamp,
    pub(super) ended: bool,
    /// Order among those that expire at the same instant.
    pub(super) rank: [u8; 16],
}

/// A time without money.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    pub(super) at: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

/// An advertiser.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) cash: i64,
    pub(super) arrears: i64,
    pub(super) grants: BTreeMap<u64, Grant>,
    pub(super) stops: Vec<Stop>,
    /// Off for money since.
    pub(super) stopped: Option<Timestamp>,
    /// All campaigns were resumed from so many stops, and when.
    pub(super) resumed: (usize, Option<Timestamp>),
    /// Every time that was so.
    pub(super) resumptions: Vec<(usize, Timestamp)>,
    /// It comes back by itself; nothing before the advertiser said anything.
    pub(super) auto: Option<bool>,
    pub(super) arrears_since: Option<Timestamp>,
    pub(super) alert: i64,
    pub(super) told: bool,
    /// Kinds of its numbered events, in order.
    pub(super) events: Vec<&'static str>,
    /// The civil day that clicks were counted of last, and their sum.
    pub(super) today: (i64, i64),
}

/// A keyword.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keyword {
    pub(super) bid: i64,
    pub(super) on: bool,
    pub(super) switched: Timestamp,
}

/// A campaign.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) advertiser: usize,
    /// Order among campaigns in the books.
    pub(super) rank: [u8; 16],
    pub(super) budget: i64,
    /// Day of the week, first minute, first minute after it, factor in parts per million.
    pub(super) windows: Vec<(i64, i64, i64, i64)>,
    pub(super) words: BTreeMap<&'static str, Keyword>,
    pub(super) on: bool,
    pub(super) switched: Timestamp,
    /// The stop it was resumed from by itself, and when.
    pub(super) resumed: (usize, Option<Timestamp>),
    /// Every time that was so.
    pub(super) resumptions: Vec<(usize, Timestamp)>,
}

impl Running {
    pub(super) fn of(one: &Campaign, rank: [u8; 16], now: Timestamp) -> Self {
        let window = |w: &purser_domain::ads::schedule::Window| {
            (i64::from(w.day), i64::from(w.from), i64::from(w.until), w.factor.as_ppm())
        };
        let keyword =
            |bid: &crate::delivery::Bid| (bid.word, Keyword { bid: bid.bid_minor, on: true, switched: now });
        Self {
            advertiser: one.advertiser,
            rank,
            budget: one.budget_minor.unwrap_or(0),
            windows: one.windows.iter().map(window).collect(),
            words: one.bids.iter().map(keyword).collect(),
            on: true,
            switched: now,
            resumed: (0, None),
            resumptions: Vec::new(),
        }
    }

    /// At which part of the bids it is shown at an instant, parts per million.
    pub(super) fn factor_at(&self, at: Timestamp) -> Option<i64> {
        if self.windows.is_empty() {
            return Some(1_000_000);
        }
        // 1970-01-01 was a Thursday.
        let weekday = (day_of(at) + 3).rem_euclid(7) + 1;
        let minute = (at.0 + AHEAD).rem_euclid(DAY) / MINUTE;
        let window = self.windows.iter().find(|w| w.0 == weekday && w.1 <= minute && minute < w.2);
        window.map(|window| window.3)
    }
}

/// A click that was charged.
#[derive(Debug, Clone)]
pub(super) struct Charged {
    pub(super) campaign: usize,
    pub(super) word: Word,
    pub(super) at: Timestamp,
    pub(super) pricing: Pricing,
    pub(super) amount: i64,
    pub(super) parts: Vec<Part>,
    pub(super) in_budget: bool,
    /// What was given back for it, once it was found invalid.
    pub(super) credited: Option<i64>,
}

/// A campaign's civil day, as its budget sees it.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    /// What was spent, in order; less what came back.
    pub(super) parts: Vec<Part>,
    /// Highest budget of the day; 0: at some time there was none.
    pub(super) highest: i64,
    pub(super) stopped: Option<Timestamp>,
    /// When it had been used up before, and was raised.
    pub(super) stopped_before: Vec<(Timestamp, Timestamp)>,
    pub(super) credited: i64,
    pub(super) closed: bool,
}

impl Budget {
    pub(super) const fn new(budget: i64) -> Self {
        Self {
            parts: Vec::new(),
            highest: budget,
            stopped: None,
            stopped_before: Vec::new(),
            credited: 0,
            closed: false,
        }
    }

    pub(super) fn spent(&self) -> i64 {
        self.parts.iter().map(|part| part.1).sum()
    }

    /// There is room again.
    pub(super) fn go_on(&mut self, now: Timestamp) {
        if let Some(since) = self.stopped.take() {
            self.stopped_before.push((since, now));
        }
    }

    /// The day's highest budget after a change.
    pub(super) fn raise(&mut self, budget: i64) {
        self.highest = if self.highest == 0 || budget == 0 { 0 } else { self.highest.max(budget) };
    }

    /// What goes back for a click that was invalid: valid clicks cost what they cost, at most the day's highest budget, and
    /// what the end of the day gave back already is not given back again.
    pub(super) fn undo(&mut self, amount: i64) -> i64 {
        let spent = self.spent();
        let valid = spent + self.credited - amount;
        let above = if self.highest > 0 { (valid - self.highest).max(0) } else { 0 };
        let stands = above.min(self.credited);
        let given_already = self.credited - stands;
        self.credited = stands;
        (amount - given_already).clamp(0, spent)
    }

    /// Takes so much of a click out of the day: what is left of the click's own pockets, arrears first, the newest of each, then
    /// whatever is newest.
    pub(super) fn take_out(&mut self, click: &[Part], amount: i64) -> Vec<Part> {
        let (mut own, mut left, mut taken) = (click.to_vec(), amount, Vec::new());
        own.sort_by_key(|part| part.0.rank());
        for (pocket, wanted) in own {
            let mut wanted = wanted.min(left);
            for part in self.parts.iter_mut().rev().filter(|part| part.0 == pocket) {
                let some = wanted.min(part.1);
                part.1 -= some;
                wanted -= some;
                left -= some;
                taken.push((pocket, some));
            }
        }
        self.parts.retain(|part| part.1 > 0);
        taken.extend(self.take_newest(left));
        taken.retain(|part| part.1 > 0);
        taken
    }

    /// Takes off so much, the newest first.
    pub(super) fn take_newest(&mut self, amount: i64) -> Vec<Part> {
        let (mut left, mut taken) = (amount, Vec::new());
        while left > 0 {
            let Some((pocket, there)) = self.parts.pop() else { break };
            let part = there.min(left);
            left -= part;
            if there > part {
                self.parts.push((pocket, there - part));
            }
            match taken.last_mut() {
                Some((last, sum)) if *last == pocket => *sum += part,
                _ => taken.push((pocket, part)),
            }
        }
        taken
    }
}

/// Is a budget used up?
pub(super) const fn used_up(spent: i64, budget: i64) -> bool {
    budget > 0 && spent >= budget
}
