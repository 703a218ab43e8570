//! A market of advertisers in which people search, and an ad server that shows, sells and counts (A7, A9, A10): campaigns
//! with schedules and bids, an auction for every search, clicks that follow the hours of a day. It follows from its seed,
//! keeps no clock and reaches nothing: whoever drives it says which span of time has passed and which campaigns are on.

use std::collections::BTreeMap;

use purser_domain::{
    ads::{
        price::{NextRank, PriceTerms, Pricing, effective_bid},
        schedule::{FactorTerms, Schedule, Window},
    },
    money::Rate,
    time::{HOUR, Timestamp, Zone},
};

use crate::rng::Rng;

/// How often people search in each hour of a civil day, relative to each other: a quiet night, a busy evening.
const DAY_CURVE: [u64; 24] =
    [18, 11, 7, 5, 5, 8, 16, 28, 42, 52, 58, 56, 54, 50, 50, 51, 52, 53, 56, 64, 72, 74, 62, 36];
/// What people search for, the most wanted first.
pub const WORDS: [&str; 10] =
    ["运动鞋", "连衣裙", "保温杯", "蓝牙耳机", "防晒霜", "行李箱", "猫粮", "台灯", "儿童书包", "露营帐篷"];
const BRANDS: [&str; 8] = ["晴天", "青禾", "北岸", "南风", "山间", "云上", "大橙", "七月"];
/// Places of a page that are sold, and how many of a million who see each click it at a middling quality.
const SLOTS: [u64; 3] = [90_000, 45_000, 25_000];
/// Of a million clicks, how many buy.
const CONVERSIONS: u64 = 40_000;
/// Quality at which [`SLOTS`] holds.
const MIDDLING: u64 = 7;

/// An advertiser of the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertiser {
    /// The platform's own id.
    pub external_id: String,
    /// Shown name.
    pub name: String,
    /// What it pays in at a time, minor units.
    pub top_up_minor: i64,
    /// It pays in again when it runs out; otherwise it waits.
    pub attentive: bool,
}

/// A keyword of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bid {
    /// The word.
    pub word: &'static str,
    /// Minor units.
    pub bid_minor: i64,
    /// Quality score of the ad for the word.
    pub quality: i64,
}

/// A campaign of the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Place of its advertiser.
    pub advertiser: usize,
    /// The platform's own id.
    pub external_id: String,
    /// Shown name.
    pub name: String,
    /// Most of a civil day, minor units.
    pub budget_minor: Option<i64>,
    /// Hours of the week; empty: always.
    pub windows: Vec<Window>,
    /// Keywords.
    pub bids: Vec<Bid>,
    schedule: Schedule,
}

/// A click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// Unique, and rising with time.
    pub id: String,
    /// Place of its campaign.
    pub campaign: usize,
    /// The word.
    pub word: &'static str,
    /// When.
    pub at: Timestamp,
    /// The auction it was sold in.
    pub pricing: Pricing,
}

/// What a campaign's ads came to in a span, with one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// How often they were shown.
    pub impressions: i64,
    /// How many bought.
    pub conversions: i64,
}

impl Seen {
    /// Adds others.
    pub const fn add(&mut self, other: Self) {
        self.impressions += other.impressions;
        self.conversions += other.conversions;
    }
}

/// What happened in a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// Clicks in order of time.
    pub clicks: Vec<Click>,
    /// By campaign, word, and the first instant of the civil hour.
    pub seen: BTreeMap<(usize, &'static str, Timestamp), Seen>,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Market {
    /// Advertisers.
    pub advertisers: Vec<Advertiser>,
    /// Their campaigns.
    pub campaigns: Vec<Campaign>,
    searches_a_day: u64,
    terms: PriceTerms,
    rng: Rng,
    seed: u64,
    number: u64,
    /// Searches that a short span leaves to the next one, in parts of one.
    rest: u64,
}

/// Smallest and largest factor of a schedule, as the default policy has them.
const FACTORS: FactorTerms = FactorTerms { least: Rate::ppm(10_000), most: Rate::ppm(1_500_000) };

impl Market {
    /// A market with so many advertisers and searches of a civil day. The same seed is the same market.
    pub fn new(seed: u64, advertisers: usize, searches_a_day: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut market = Self {
            advertisers: Vec::new(),
            campaigns: Vec::new(),
            searches_a_day,
            terms: PriceTerms { minimum_minor: 5, step_minor: 1 },
            rng: rng.clone(),
            seed,
            number: 0,
            rest: 0,
        };
        for place in 0..advertisers {
            let number = place + 1;
            market.advertisers.push(Advertiser {
                external_id: format!("market-{seed}-{number}"),
                name: format!("{}品牌 {number} 号", BRANDS.get(place % BRANDS.len()).copied().unwrap_or("")),
                top_up_minor: 50_000 + 10_000 * pick(&mut rng, 16),
                attentive: place % 3 != 2,
            });
            for campaign in 1..=1 + rng.index(3) {
                market.campaigns.push(campaign_of(&mut rng, place, campaign));
            }
        }
        market.rng = rng;
        market
    }

    /// What happens between two instants, of which the second is left out; `on` says which campaigns an ad server may
    /// show. Schedules are kept by the market itself.
    pub fn span(
        &mut self,
        (from, until): (Timestamp, Timestamp),
        zone: &Zone,
        on: impl Fn(usize) -> bool,
    ) -> Span {
        let mut span = Span::default();
        let mut at = from;
        while at < until {
            // Hours of the curve are civil ones.
            let end = until.min(Timestamp((at.0.div_euclid(HOUR) + 1) * HOUR));
            let length = (end.0 - at.0).unsigned_abs();
            let hour = usize::try_from(zone.datetime(at).hour()).unwrap_or(0);
            let mut instants: Vec<u64> = Vec::new();
            for _ in 0..self.searches(hour, length) {
                instants.push(self.rng.below(length));
            }
            instants.sort_unstable();
            for offset in instants {
                let now = at.plus(offset.cast_signed());
                self.search(now, zone, &on, &mut span);
            }
            at = end;
        }
        span
    }

    /// How many search in a part of an hour.
    fn searches(&mut self, hour: usize, length: u64) -> u64 {
        let weight = u128::from(DAY_CURVE.get(hour).copied().unwrap_or(0));
        let all = u128::from(DAY_CURVE.iter().sum::<u64>());
        let unit = all * u128::from(HOUR.unsigned_abs());
        let due = u128::from(self.searches_a_day) * weight * u128::from(length) + u128::from(self.rest);
        self.rest = u64::try_from(due % unit).unwrap_or(0);
        // No hour is like the other: up to a fifth more or less.
        let due = u64::try_from(due / unit).unwrap_or(0);
        due - due / 5 + self.rng.below(2 * (due / 5) + 1)
    }

    /// One search: an auction among the campaigns that bid for the word, and perhaps clicks.
    fn search(&mut self, at: Timestamp, zone: &Zone, on: &impl Fn(usize) -> bool, span: &mut Span) {
        let words = WORDS.len();
        let word = WORDS[self.rng.index(words).min(self.rng.index(words))];
        let civil = zone.datetime(at);
        // Whole hours lie between the business zone and UTC.
        let hour = Timestamp(at.0.div_euclid(HOUR) * HOUR);
        let mut ranks: Vec<(i64, usize, i64, i64)> = Vec::new();
        for (place, campaign) in self.campaigns.iter().enumerate().filter(|(place, _)| on(*place)) {
            let Some(factor) = campaign.schedule.factor_at(civil) else { continue };
            let Some(bid) = campaign.bids.iter().find(|bid| bid.word == word) else { continue };
            let effective = effective_bid(bid.bid_minor, factor, &self.terms);
            ranks.push((effective * bid.quality, place, effective, bid.quality));
        }
        ranks.sort_unstable_by(|one, other| other.cmp(one));
        for (rank, (slot, share)) in ranks.iter().zip(SLOTS).enumerate() {
            let (_, campaign, _, quality) = *slot;
            let next = ranks
                .get(rank + 1)
                .map(|(_, _, bid, quality)| NextRank { bid_minor: *bid, quality: *quality });
            let seen = span.seen.entry((campaign, word, hour)).or_default();
            seen.impressions += 1;
            if self.rng.below(1_000_000) < share * quality.unsigned_abs() / MIDDLING {
                seen.conversions += i64::from(self.rng.below(1_000_000) < CONVERSIONS);
                self.number += 1;
                let id = format!("{:016}-{:x}-{:07}", at.0, self.seed, self.number);
                span.clicks.push(Click {
                    id,
                    campaign,
                    word,
                    at,
                    pricing: Pricing::Auction { quality, next },
                });
            }
        }
    }
}

/// A number below `bound`.
fn pick(rng: &mut Rng, bound: u64) -> i64 {
    rng.below(bound).cast_signed()
}

fn campaign_of(rng: &mut Rng, advertiser: usize, number: usize) -> Campaign {
    let windows = windows(rng.below(3));
    let mut bids: Vec<Bid> = Vec::new();
    while bids.len() < 3 {
        let word = WORDS[rng.index(WORDS.len())];
        if bids.iter().all(|bid| bid.word != word) {
            bids.push(Bid { word, bid_minor: 40 + 5 * pick(rng, 40), quality: 4 + pick(rng, 7) });
        }
    }
    let schedule = Schedule::of(&windows, FACTORS).unwrap_or_default();
    Campaign {
        advertiser,
        external_id: format!("plan-{number}"),
        name: format!("{} 推广 {number}", bids.first().map_or("", |bid| bid.word)),
        budget_minor: (!rng.one_in(4)).then(|| 3_000 + 1_000 * pick(rng, 18)),
        windows,
        bids,
        schedule,
    }
}

/// One of three weeks: always; from eight to midnight with a dearer evening; office hours on working days.
fn windows(kind: u64) -> Vec<Window> {
    let week = |days: std::ops::RangeInclusive<i8>, hours: &[(u16, u16, i64)]| {
        let of_day = |day| {
            let window = move |(from, until, ppm): &(u16, u16, i64)| Window {
                day,
                from: from * 60,
                until: until * 60,
                factor: Rate::ppm(*ppm),
            };
            hours.iter().map(window).collect::<Vec<_>>()
        };
        days.flat_map(of_day).collect()
    };
    match kind {
        0 => Vec::new(),
        1 => week(1..=7, &[(8, 19, 1_000_000), (19, 24, 1_200_000)]),
        _ => week(1..=5, &[(9, 12, 1_000_000), (12, 14, 800_000), (14, 19, 1_000_000)]),
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::time::DAY;

    use super::*;

    fn noon() -> Timestamp {
        crate::desk::START
    }

    #[test]
    fn the_same_seed_is_the_same_day() {
        let day = |seed| {
            let mut market = Market::new(seed, 4, 2_000);
            market.span((noon(), noon().plus(DAY)), &Zone::shanghai(), |_| true)
        };
        assert_eq!(day(1), day(1));
        assert_ne!(day(1), day(2));
    }

    #[test]
    fn clicks_follow_the_hours_of_the_day_and_the_schedules() {
        let zone = Zone::shanghai();
        let mut market = Market::new(3, 8, 40_000);
        let span = market.span((noon(), noon().plus(DAY)), &zone, |_| true);
        let mut hours = [0_u64; 24];
        for click in &span.clicks {
            let civil = zone.datetime(click.at);
            hours[usize::try_from(civil.hour()).unwrap_or(0)] += 1;
            let schedule = &market.campaigns[click.campaign].schedule;
            assert!(schedule.factor_at(civil).is_some(), "{click:?}");
        }
        assert!(hours[20] > 3 * hours[4], "{hours:?}");
        let times: Vec<_> = span.clicks.iter().map(|click| (click.at, &click.id)).collect();
        assert!(times.is_sorted() && span.clicks.len() > 1_000);
    }

    #[test]
    fn what_is_off_is_not_shown() {
        let mut market = Market::new(5, 3, 20_000);
        let span = market.span((noon(), noon().plus(HOUR)), &Zone::shanghai(), |campaign| campaign != 0);
        assert!(span.seen.keys().all(|(campaign, ..)| *campaign != 0));
        assert!(!span.clicks.is_empty());
    }

    #[test]
    fn an_hour_in_parts_has_as_many_searches_as_an_hour() {
        let parts = |minutes: i64| {
            let mut market = Market::new(7, 4, 30_000);
            let step = minutes * purser_domain::time::MINUTE;
            let spans = (0..60 / minutes).map(|n| (noon().plus(n * step), noon().plus((n + 1) * step)));
            let mut sum = 0;
            for span in spans.collect::<Vec<_>>() {
                sum += market
                    .span(span, &Zone::shanghai(), |_| true)
                    .seen
                    .values()
                    .map(|s| s.impressions)
                    .sum::<i64>();
            }
            sum
        };
        let (whole, small) = (parts(60), parts(1));
        assert!((whole - small).abs() * 3 < whole, "{whole} and {small}");
    }
}
