//! Random commands: mostly what a busy market does, and now and then what nobody should.

use purser_domain::{
    ads::price::{NextRank, Pricing},
    time::{Timestamp, Zone},
};

use super::{
    acts::{Act, Item, Word, World},
    state::{CLOCKS_DIFFER, DAY, GRACE, HOUR, LATE_DAYS, LEAST, MINUTE, day_of, day_start},
};
use crate::{
    delivery::{Click, WORDS},
    rng::Rng,
};

/// Clicks that are remembered to be sent, credited or contradicted again.
const REMEMBERED: usize = 300;
/// Clicks of one call at most.
const CLICKS: usize = 40;

/// Where a campaign's limits lie now: what a click must come close to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// What its advertiser may spend, minor units.
    pub(super) left_minor: i64,
    /// The most that a click may cost: with what may be owed.
    pub(super) most_minor: i64,
    /// What is left of today's budget.
    pub(super) budget_minor: i64,
    /// When it stopped last, for money or budget.
    pub(super) stopped: Option<Timestamp>,
}

/// Makes commands from a seed.
pub(super) struct Maker {
    pub(super) rng: Rng,
    zone: Zone,
    sent: Vec<Item>,
    calls: Vec<Act>,
    number: u64,
    /// Of every campaign, as the auditor says.
    pub(super) edges: Vec<Edge>,
}

impl Maker {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            rng,
            zone: Zone::shanghai(),
            sent: Vec::new(),
            calls: Vec::new(),
            number: 0,
            edges: Vec::new(),
        }
    }

    fn below(&mut self, bound: u64) -> i64 {
        self.rng.below(bound).cast_signed()
    }

    fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// The next command at an instant.
    pub(super) fn act(&mut self, world: &mut World, now: Timestamp) -> Act {
        let advertiser = self.rng.index(world.market.advertisers.len());
        let campaign = self.rng.index(world.market.campaigns.len());
        match self.rng.below(50) {
            0..=15 => self.clicks(world, now),
            16..=18 => match self.items(world, now).pop() {
                Some(item) => Act::Click(item),
                None => Act::CloseDays,
            },
            19 | 20 if !self.calls.is_empty() => self.calls[self.rng.index(self.calls.len())].clone(),
            19..=25 => {
                // Sometimes less than what is owed, sometimes the same payment once more.
                let number = if self.rng.one_in(8) { self.number } else { self.number() };
                Act::Pay { advertiser, amount_minor: pay(number), number }
            }
            26 | 27 => {
                let amount_minor = 50 + self.below(3_000);
                let until = if self.rng.one_in(10) { -HOUR } else { self.below(4 * 1_440) * MINUTE };
                let number = self.number();
                Act::Grant { advertiser, number, amount_minor, expires_at: now.plus(until) }
            }
            28 | 29 => Act::Expire,
            30 | 31 => Act::CloseDays,
            32 => self.budget(campaign),
            33 => Act::Switch(campaign, !self.rng.one_in(4)),
            34 => self.bid(campaign),
            35 | 36 => Act::Invalid(advertiser, self.invalid(world, advertiser)),
            37..=44 => self.resume(world, advertiser),
            45..=48 => self.aimed(campaign, now),
            _ => {
                let alert = if self.rng.one_in(2) { 0 } else { 100 + self.below(2_000) };
                Act::Settings(advertiser, self.rng.one_in(2), alert)
            }
        }
    }

    fn budget(&mut self, campaign: usize) -> Act {
        let amount = 3_000 + self.below(8) * 500;
        let budget = match self.rng.below(8) {
            0 => None,
            1 => Some(self.below(3_000)),
            _ => Some(amount),
        };
        Act::Budget(campaign, budget)
    }

    fn bid(&mut self, campaign: usize) -> Act {
        let word = WORDS[self.rng.index(WORDS.len())];
        let bid = self.below(250);
        Act::Bid {
            campaign,
            word,
            bid_minor: (!self.rng.one_in(4)).then_some(bid),
            on: (!self.rng.one_in(3)).then_some(true).or_else(|| self.rng.one_in(2).then_some(false)),
            removed: self.rng.one_in(8),
        }
    }

    fn resume(&mut self, world: &World, advertiser: usize) -> Act {
        let all = world.market.campaigns.len();
        let own = |campaign: &usize| world.owner(*campaign) == advertiser;
        let own: Vec<usize> = (0..all).filter(own).collect();
        let campaign = match self.rng.below(3) {
            0 if self.rng.one_in(4) => Some(self.rng.index(all)),
            0 | 1 => Some(own[self.rng.index(own.len())]),
            _ => None,
        };
        Act::Resume(advertiser, campaign)
    }

    /// Clicks to be credited: mostly the advertiser's own.
    fn invalid(&mut self, world: &World, advertiser: usize) -> Vec<String> {
        let foreign = self.rng.one_in(6);
        let mut ids = vec![];
        for _ in 0..=self.rng.below(4) {
            let own = self.sent.iter().filter(|item| foreign || world.owner(item.campaign) == advertiser);
            let own: Vec<&String> = own.map(|item| &item.id).collect();
            if self.rng.one_in(12) || own.is_empty() {
                ids.push("never-charged".to_owned());
            } else {
                ids.push(own[self.rng.index(own.len())].clone());
            }
        }
        ids
    }

    fn clicks(&mut self, world: &mut World, now: Timestamp) -> Act {
        let act = Act::Clicks(self.items(world, now));
        self.calls.push(act.clone());
        if self.calls.len() > 20 {
            self.calls.remove(0);
        }
        act
    }

    /// Clicks of the last minutes, as the market has them, some of them spoilt.
    fn items(&mut self, world: &mut World, now: Timestamp) -> Vec<Item> {
        let minutes = 1 + self.below(4);
        let span = world.market.span((now.plus(-minutes * MINUTE), now), &self.zone, |_| true);
        let all = world.market.campaigns.len();
        let mut items: Vec<Item> = Vec::new();
        for click in span.clicks.into_iter().take(CLICKS) {
            let item = self.spoil(item(click), now, all);
            items.push(item);
            if self.rng.one_in(12) {
                // Twice in one call, or once more after an earlier one.
                let again = if self.rng.one_in(2) { &items } else { &self.sent };
                if !again.is_empty() {
                    let again = again[self.rng.index(again.len())].clone();
                    items.push(again);
                }
            }
        }
        if items.is_empty() {
            let id = format!("{:016}-lonely-{}", now.0, self.number());
            let campaign = self.rng.index(all);
            let pricing = Pricing::Given(20);
            items.push(Item { id, campaign, party: None, word: Word::Unnamed, at: now, pricing });
        }
        self.sent.extend(items.iter().cloned());
        let extra = self.sent.len().saturating_sub(REMEMBERED);
        self.sent.drain(..extra);
        items
    }

    /// A click at the edge of something: the last one that is taken, or the first one that is not.
    fn aimed(&mut self, campaign: usize, now: Timestamp) -> Act {
        let edge = self.edges[campaign];
        let beyond = self.below(2);
        let amount = match self.rng.below(4) {
            0 => edge.left_minor,
            1 => edge.budget_minor,
            _ => edge.most_minor,
        };
        let at = match (edge.stopped, self.rng.below(8)) {
            (_, 0) => now.plus(CLOCKS_DIFFER + self.below(2)),
            (_, 1) => day_start(day_of(now) - LATE_DAYS).plus(self.below(2) - 1),
            (_, 2) => day_start(day_of(now)).plus(self.below(2) - 1),
            (Some(stopped), 3 | 4) => stopped.plus(GRACE + self.below(2)),
            (Some(stopped), _) => stopped,
            _ => now,
        };
        let id = format!("{:016}-edge-{}", now.0, self.number());
        let pricing = Pricing::Given((amount + beyond).max(LEAST));
        Act::Clicks(vec![Item { id, campaign, party: None, word: Word::Unnamed, at, pricing }])
    }

    fn spoil(&mut self, mut item: Item, now: Timestamp, campaigns: usize) -> Item {
        match self.rng.below(60) {
            0 => item.campaign = campaigns,
            1 => item.party = Some(self.rng.index(3)),
            2 => item.word = Word::Unknown,
            3 => item.word = Word::Named(WORDS[self.rng.index(WORDS.len())]),
            4 => item.at = now.plus(self.below(12) * MINUTE),
            5..=9 => item.at = now.plus(-self.below(30) * MINUTE),
            10..=12 => item.at = now.plus(-self.below(40) * HOUR),
            13 => item.at = now.plus(-self.below(10) * DAY),
            14 => item.pricing = Pricing::Given(self.below(12) - 4),
            15..=17 => item.pricing = Pricing::Given(self.below(300)),
            // Dear ones, which need no keyword: they use up what there is.
            18..=21 => {
                (item.word, item.pricing) = (Word::Unnamed, Pricing::Given(200 + self.below(5_000)));
            }
            22 => (item.word, item.pricing) = (Word::Unnamed, Pricing::Given(9_000 + self.below(8_000))),
            23 => item.word = Word::Unnamed,
            24 => item.pricing = self.auction(),
            25 => {
                item.id = wrong_id(self.rng.index(3));
            }
            26 | 27 if !self.sent.is_empty() => {
                item.id.clone_from(&self.sent[self.rng.index(self.sent.len())].id);
            }
            28 => item.campaign = self.rng.index(campaigns),
            _ => {}
        }
        item
    }

    fn auction(&mut self) -> Pricing {
        let next = NextRank { bid_minor: self.below(300) - 5, quality: self.below(12) - 1 };
        Pricing::Auction { quality: self.below(12) - 1, next: (!self.rng.one_in(4)).then_some(next) }
    }
}

fn item(click: Click) -> Item {
    let Click { id, campaign, word, at, pricing } = click;
    Item { id, campaign, party: None, word: Word::Named(word), at, pricing }
}

/// A payment's amount follows from its number, so that the same one once more is the same.
fn pay(number: u64) -> i64 {
    let amount = Rng::new(number ^ 0x5eed).below(20_000).cast_signed();
    1 + if number.is_multiple_of(3) { amount / 50 } else { amount }
}

/// An id that no click may have.
fn wrong_id(kind: usize) -> String {
    match kind {
        0 => String::new(),
        1 => "with blank".to_owned(),
        _ => "x".repeat(65),
    }
}
