//! Cases and laws of the advertising account (A4, A5, A7, A8).
mod support;

use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::ads::{
    budget::{Segments, highest, over_delivered, undo},
    charge::{BudgetDay, Campaign, ChargeTerms, Click, Delivery, Keyword, Rejection, Times, charge},
    price::{NextRank, PriceTerms, Pricing, effective_bid, price},
    sources::{Available, Back, Funds, Part, Source, Split, give_back},
    status::{StatusFacts, status},
    stop::{OffLog, Resumption, Resumptions, StopLog, Stops},
};
use purser_domain::ids::{AdGrantId, Uid};
use purser_domain::money::{Rate, decimal, parse_decimal};
use purser_domain::time::{MINUTE, SECOND, Timestamp};

const PRICES: PriceTerms = PriceTerms { minimum_minor: 5, step_minor: 1 };
const TERMS: ChargeTerms = ChargeTerms {
    price: PRICES,
    grace_us: 60 * SECOND,
    arrears_limit_minor: 10_000,
    clock_tolerance_us: 5 * MINUTE,
};

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

fn percent(text: &str) -> Rate {
    Rate::ppm(text.parse::<i64>().expect("a percentage") * 10_000)
}

fn grant(name: &str) -> AdGrantId {
    AdGrantId(Uid([name.as_bytes()[0]; 16]))
}

fn source_name(source: Source) -> String {
    match source {
        Source::Cash => "cash".to_owned(),
        Source::Arrears => "arrears".to_owned(),
        Source::Grant(id) => format!("grant {}", char::from(id.0.0[0])),
    }
}

fn part_text(part: Part) -> String {
    format!("{} {}", source_name(part.source), decimal(part.amount_minor))
}

fn joined(parts: impl IntoIterator<Item = Part>) -> String {
    parts.into_iter().map(part_text).collect::<Vec<_>>().join(" ")
}

/// Reads `cash 1.00 grant a 2.00 …`.
fn parts(words: &[&str]) -> Vec<Part> {
    let (mut out, mut rest) = (Vec::new(), words);
    while !rest.is_empty() {
        let (source, used) = match rest {
            ["grant", name, ..] => (Source::Grant(grant(name)), 2),
            ["cash", ..] => (Source::Cash, 1),
            ["arrears", ..] => (Source::Arrears, 1),
            _ => panic!("a source in {rest:?}"),
        };
        out.push(Part { source, amount_minor: money(rest[used]) });
        rest = &rest[used + 1..];
    }
    out
}

fn price_case(input: &str) -> String {
    let words: Vec<&str> = input.split(' ').collect();
    let after = |name: &str| words.iter().position(|word| *word == name).map(|at| at + 1);
    let value = |name: &str| after(name).map(|at| words[at]);
    let factor = value("factor").map_or(Rate::ppm(1_000_000), percent);
    let bid = value("bid").filter(|_| after("bid") < after("next").or(Some(usize::MAX)));
    let bid = bid.map(|bid| effective_bid(money(bid), factor, &PRICES));
    let pricing = if words[0] == "given" {
        Pricing::Given(money(words[1]))
    } else {
        let number = |text: &str| text.parse().expect("a number");
        let next =
            after("next").map(|at| NextRank { bid_minor: money(words[at]), quality: number(words[at + 1]) });
        Pricing::Auction { quality: number(value("quality").expect("a quality")), next }
    };
    price(pricing, bid, &PRICES).map_or_else(|no| no.code().to_owned(), decimal)
}

#[test]
fn prices_a7() {
    support::run("ads_price", price_case);
}

/// An advertiser with one campaign, as the engine would keep them.
struct World {
    now: Timestamp,
    grants: Vec<Available>,
    cash: i64,
    arrears: i64,
    stops: i64,
    stopped_at: Option<Timestamp>,
    log: StopLog,
    resumed_stop: i64,
    resumed: Vec<Resumption>,
    off: OffLog,
    campaign: Campaign,
    day: BudgetDay,
    keyword: Keyword,
    factor: Option<Rate>,
    said: Vec<String>,
}

fn instant(words: &[&str]) -> Timestamp {
    let (day, time) = match words {
        [day, time, ..] if day.len() == 10 => (*day, *time),
        [time, ..] => ("2026-03-02", *time),
        [] => panic!("a time"),
    };
    let seconds = if time.len() == 5 { ":00" } else { "" };
    format!("{day}T{time}{seconds}+08:00").parse().expect("an instant")
}

impl World {
    fn new() -> Self {
        let now = instant(&["12:00"]);
        Self {
            now,
            grants: Vec::new(),
            cash: 0,
            arrears: 0,
            stops: 0,
            stopped_at: None,
            log: StopLog::default(),
            resumed_stop: 0,
            resumed: Vec::new(),
            off: OffLog::default(),
            campaign: Campaign {
                active: true,
                switched_at: Timestamp(0),
                starts_at: None,
                ends_at: None,
                budget_minor: 0,
            },
            day: BudgetDay { open: true, past: false, spent_minor: 0, stopped_at: None, off_since: None },
            keyword: Keyword::Unnamed,
            factor: Some(Rate::ppm(1_000_000)),
            said: Vec::new(),
        }
    }

    fn step(&mut self, step: &str) {
        let words: Vec<&str> = step.split(' ').collect();
        match words.as_slice() {
            ["cash", amount] => self.cash = money(amount),
            ["grant", name, amount] => {
                let source = Source::Grant(grant(name));
                self.grants.push(Available { source, left_minor: money(amount) });
            }
            ["budget", amount] => self.campaign.budget_minor = money(amount),
            ["day", "closed"] => self.day.open = false,
            ["day", "over"] => self.day.past = true,
            ["off", at @ ..] => {
                self.campaign = Campaign { active: false, switched_at: instant(at), ..self.campaign };
            }
            ["ends", at @ ..] => self.campaign.ends_at = Some(instant(at)),
            ["starts", at @ ..] => self.campaign.starts_at = Some(instant(at)),
            ["factor", "none"] => self.factor = None,
            ["factor", part] => self.factor = Some(percent(part)),
            ["keyword", "unknown"] => self.keyword = Keyword::Unknown,
            ["keyword", "off", at @ ..] => {
                if let Keyword::Known { active, switched_at, .. } = &mut self.keyword {
                    (*active, *switched_at) = (false, instant(at));
                }
            }
            ["keyword", bid] => {
                self.keyword =
                    Keyword::Known { bid_minor: money(bid), active: true, switched_at: Timestamp(0) };
            }
            ["never"] => self.stopped_at = Some(self.now),
            ["now", at @ ..] => self.now = instant(at),
            ["pay", amount] => self.pay(money(amount)),
            ["resume"] => {
                self.resumed_stop = self.stops;
                self.resumed.push(Resumption { stop: self.stops, at: self.now });
            }
            ["raise", amount] => {
                self.campaign.budget_minor = money(amount);
                if let Some(since) = self.day.stopped_at.take() {
                    self.off.add(since, self.now);
                }
            }
            ["click", at @ .., price] => self.click(instant(at), money(price)),
            _ => panic!("unknown step {step}"),
        }
    }

    /// Arrears first, the rest is cash (A3).
    fn pay(&mut self, amount: i64) {
        let owed = amount.min(self.arrears);
        self.arrears -= owed;
        self.cash += amount - owed;
        if self.arrears == 0 && self.cash > 0 {
            self.stopped_at = None;
            self.log.end(self.now);
        }
    }

    fn click(&mut self, at: Timestamp, price: i64) {
        let stops = Stops {
            stops: self.stops,
            stopped_at: self.stopped_at,
            log: &self.log,
            resumed_stop: self.resumed_stop,
            resumed: &self.resumed,
        };
        self.day.off_since = self.off.off_since(at);
        let delivery = Delivery {
            off_since: stops.off_since(at),
            waits: stops.waits(),
            stopped: self.stopped_at.is_some(),
        };
        let mut sources = self.grants.clone();
        sources.push(Available { source: Source::Cash, left_minor: self.cash });
        let mut funds = Funds::new(sources, self.arrears);
        let mut taken = Vec::new();
        let click = Click { at, pricing: Pricing::Given(price), keyword: self.keyword, factor: self.factor };
        let times = Times { now: self.now, oldest: instant(&["2026-02-23", "00:00"]) };
        let outcome =
            charge(&click, &self.campaign, &self.day, delivery, (&mut funds, &mut taken), times, &TERMS);
        let text = match outcome {
            Ok(charged) => {
                for part in &taken {
                    match part.source {
                        Source::Cash => self.cash -= part.amount_minor,
                        Source::Arrears => self.arrears += part.amount_minor,
                        Source::Grant(_) => {
                            let own = self.grants.iter_mut().find(|own| own.source == part.source);
                            own.expect("a grant").left_minor -= part.amount_minor;
                        }
                    }
                }
                assert_eq!(funds.arrears_minor(), self.arrears);
                if self.day.open {
                    self.day.spent_minor += charged.amount_minor;
                }
                let mut text = joined(taken);
                if charged.budget_stops {
                    self.day.stopped_at = Some(self.now);
                    text += " budget_used_up";
                }
                if charged.stops {
                    self.stops += 1;
                    self.stopped_at = Some(self.now);
                    self.log.begin(self.now);
                    text += " stops";
                }
                text
            }
            Err(Rejection::Stopped { why, .. }) => {
                assert!(taken.is_empty());
                format!("campaign_stopped {}", why.name())
            }
            Err(no) => {
                assert!(taken.is_empty());
                no.code().to_owned()
            }
        };
        self.said.push(text);
    }
}

#[test]
fn clicks_a4_a5_a7() {
    support::run("ads_charge", |input| {
        let mut world = World::new();
        input.split(" ; ").for_each(|step| world.step(step));
        let mut text = world.said.join(", ");
        let _ = write!(text, " | cash {} arrears {}", decimal(world.cash), decimal(world.arrears));
        for own in &world.grants {
            let _ = write!(text, " {} {}", source_name(own.source), decimal(own.left_minor));
        }
        if world.campaign.budget_minor > 0 {
            let _ = write!(text, " spent {}", decimal(world.day.spent_minor));
        }
        text
    });
}

fn day_case(input: &str) -> String {
    let mut segments = Segments::default();
    let (mut said, mut ended) = (Vec::new(), Vec::new());
    let (mut back, mut owed) = (None, 0);
    let amount = |text: &str| if text == "none" { 0 } else { money(text) };
    for step in input.split(" ; ") {
        let words: Vec<&str> = step.split(' ').collect();
        match words.as_slice() {
            ["add", part @ ..] => parts(part).into_iter().for_each(|part| segments.add(part)),
            ["out", most, click @ ..] => said.push(joined(segments.take_out(&parts(click), money(most)))),
            ["undo", click, "of", spent, "credited", credited, "budget", budget] => {
                let undone = undo(money(click), money(spent), money(credited), amount(budget));
                let stands = decimal(undone.credited_minor);
                said.push(format!("{} back, {stands} stands", decimal(undone.credit_minor)));
            }
            ["take", amount] => said.push(joined(segments.take_newest(money(amount)))),
            ["over", spent, budget] => {
                said.push(decimal(over_delivered(money(spent), amount(budget))));
            }
            ["highest", before, budget] => {
                said.push(match highest(amount(before), amount(budget)) {
                    0 => "none".to_owned(),
                    minor => decimal(minor),
                });
            }
            ["back", list @ ..] => back = Some(parts(list)),
            ["ended", name] => ended.push(grant(name)),
            ["owed", amount] => owed = money(amount),
            _ => panic!("unknown step {step}"),
        }
    }
    if let Some(list) = back {
        let (credits, lost) = give_back(&list, &mut owed, |grant| !ended.contains(&grant));
        for (part, back) in credits {
            let to = match back {
                Back::Arrears => "arrears".to_owned(),
                Back::Cash => "cash".to_owned(),
                Back::Grant(id) => source_name(Source::Grant(id)),
            };
            said.push(format!("{} to {to}", part_text(part)));
        }
        said.push(format!("lost {} owed {}", decimal(lost), decimal(owed)));
    }
    assert_eq!(Segments::decode(&segments.encode()), segments);
    format!("{} | {}", said.join(", "), joined(segments.parts().to_vec())).trim().to_owned()
}

#[test]
fn days_and_refunds_a7_a8() {
    support::run("ads_day", day_case);
}

#[test]
fn statuses_a5_a9() {
    support::run("ads_status", |input| {
        let has = |word: &str| input.split(' ').any(|given| given == word);
        let status = status(&StatusFacts {
            active: !has("paused"),
            started: !has("unstarted"),
            ended: has("ended"),
            on_schedule: !has("unscheduled"),
            has_keywords: !has("nokeywords"),
            stopped: has("stopped"),
            arrears: has("arrears"),
            suspended: has("suspended"),
            waits: has("waits"),
            budget_used_up: has("budget"),
        });
        let reasons: Vec<&str> = status.reasons.iter().map(|reason| reason.name()).collect();
        format!("{}: {}", status.name(), reasons.join(" ")).trim_end_matches([':', ' ']).to_owned()
    });
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Cash),
        Just(Source::Arrears),
        (0u8..4).prop_map(|n| Source::Grant(AdGrantId(Uid([n; 16])))),
    ]
}

fn any_part() -> impl Strategy<Value = Part> {
    (any_source(), 1i64..1_000_000).prop_map(|(source, amount_minor)| Part { source, amount_minor })
}

proptest! {
    /// A7: a price lies between the smallest one and the own bid, and rises with what the next rank offers.
    #[test]
    fn a_price_is_between_the_smallest_and_the_bid(
        bid in 5i64..100_000, quality in 1i64..10_000, next_bid in 1i64..100_000, next_quality in 1i64..10_000,
    ) {
        let of = |bid_minor: i64| {
            let next = Some(NextRank { bid_minor, quality: next_quality });
            price(Pricing::Auction { quality, next }, Some(bid), &PRICES).expect("a price")
        };
        let (one, more) = (of(next_bid), of(next_bid + 1));
        prop_assert!((5..=bid).contains(&one));
        prop_assert!(one <= more);
        // One fen above what the next rank is worth, unless the own bid ends it.
        let beats = i128::from(one - 1) * i128::from(quality) >= i128::from(next_bid) * i128::from(next_quality);
        prop_assert!(one == bid || beats);
    }

    /// A7, A4: whatever clicks come, parts add up, nothing is created, and what is owed never exceeds its limit.
    #[test]
    fn money_is_neither_made_nor_lost(
        left in prop::collection::vec(0i64..500, 0..4), owed in 0i64..100, limit in 0i64..200,
        clicks in prop::collection::vec(1i64..300, 1..40),
    ) {
        let owed = owed.min(limit);
        let sources: Vec<Available> = (0u8..).zip(&left)
            .map(|(n, left_minor)| Available { source: Source::Grant(AdGrantId(Uid([n; 16]))), left_minor: *left_minor })
            .collect();
        let mut funds = Funds::new(sources, owed);
        let begun: i64 = left.iter().sum();
        let mut charged = 0;
        for click in clicks {
            let before = funds.clone();
            let mut parts = Vec::new();
            match funds.take(click, limit, &mut parts) {
                Ok(()) => {
                    prop_assert_eq!(parts.iter().map(|part| part.amount_minor).sum::<i64>(), click);
                    prop_assert!(parts.iter().all(|part| part.amount_minor > 0));
                    charged += click;
                }
                Err(most) => {
                    prop_assert!(most < click);
                    prop_assert!(parts.is_empty());
                    prop_assert_eq!(&before, &funds);
                }
            }
            prop_assert!(funds.arrears_minor() <= limit);
            prop_assert!(funds.balance_minor() >= 0);
            prop_assert_eq!(begun - funds.balance_minor() + funds.arrears_minor() - owed, charged);
        }
    }

    /// A7, A8: in whatever order clicks of a day are undone after its end, together they bring back what the day's end
    /// had not: of what is left valid the advertiser pays no more than the budget, and no source gets back more than
    /// the day took from it.
    #[test]
    fn undone_clicks_bring_back_what_was_paid_for_them(
        clicks in prop::collection::vec(prop::collection::vec(any_part(), 1..3), 1..8),
        budget in 1i64..6_000_000, undone in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut segments = Segments::default();
        clicks.iter().flatten().for_each(|part| segments.add(*part));
        let mut taken = std::collections::BTreeMap::new();
        for part in segments.parts() {
            *taken.entry(part.source).or_insert(0i64) += part.amount_minor;
        }
        let cost = |click: &Vec<Part>| click.iter().map(|part| part.amount_minor).sum::<i64>();
        let charged: i64 = clicks.iter().map(cost).sum();
        let mut credited = over_delivered(charged, budget);
        for part in segments.take_newest(credited) {
            *taken.entry(part.source).or_insert(0) -= part.amount_minor;
        }
        let (mut spent, mut valid) = (charged - credited, charged);
        let mut left: Vec<usize> = (0..clicks.len()).collect();
        for index in undone {
            if left.is_empty() {
                break;
            }
            let click = &clicks[left.remove(index.index(left.len()))];
            let step = undo(cost(click), spent, credited, budget);
            let back = segments.take_out(click, step.credit_minor);
            prop_assert_eq!(back.iter().map(|part| part.amount_minor).sum::<i64>(), step.credit_minor);
            for part in back {
                let own = taken.entry(part.source).or_insert(0);
                *own -= part.amount_minor;
                prop_assert!(*own >= 0, "{:?} got back more than it gave", part.source);
            }
            spent -= step.credit_minor;
            credited = step.credited_minor;
            valid -= cost(click);
            prop_assert_eq!(spent, valid.min(budget));
            prop_assert_eq!(segments.sum_minor(), i128::from(spent));
        }
    }

    /// A8: what goes back is what was taken, less what was lost with a grant.
    #[test]
    fn refunds_add_up(list in prop::collection::vec(any_part(), 1..6), owed in 0i64..1_000_000, ended in 0u8..5) {
        let mut left = owed;
        let (credits, lost) = give_back(&list, &mut left, |grant| grant.0.0[0] >= ended);
        let sum: i64 = list.iter().map(|part| part.amount_minor).sum();
        let back: i64 = credits.iter().map(|(part, _)| part.amount_minor).sum();
        prop_assert_eq!(back + lost, sum);
        let arrears: i64 = credits.iter().filter(|(_, back)| *back == Back::Arrears).map(|(part, _)| part.amount_minor).sum();
        prop_assert_eq!(owed - left, arrears);
        prop_assert!(left >= 0);
    }

    /// A7: a day's segments add up to what was charged, however many there were, and are few.
    #[test]
    fn segments_add_up(list in prop::collection::vec(any_part(), 0..400), credit in 0i64..1_000_000) {
        let mut segments = Segments::default();
        for part in &list {
            segments.add(*part);
        }
        let sum: i128 = list.iter().map(|part| i128::from(part.amount_minor)).sum();
        prop_assert_eq!(segments.sum_minor(), sum);
        prop_assert!(segments.parts().len() <= 64);
        prop_assert_eq!(&Segments::decode(&segments.encode()), &segments);
        let taken: i128 = segments.take_newest(credit).iter().map(|part| i128::from(part.amount_minor)).sum();
        prop_assert_eq!(taken, sum.min(i128::from(credit)));
        prop_assert_eq!(segments.sum_minor(), sum - taken);
    }

    /// Stored forms read back, and damaged ones are told from sound ones.
    #[test]
    fn splits_round_trip(list in prop::collection::vec(any_part(), 1..6)) {
        let sum: i64 = list.iter().map(|part| part.amount_minor).sum();
        let stored = Split::encode(&list);
        prop_assert_eq!(Split::decode(&stored, sum), Some(list.clone()));
        if !stored.is_empty() {
            prop_assert_eq!(Split::decode(&stored, sum + 1), None);
        }
    }

    /// A5: stops round-trip and are never more than sixteen.
    #[test]
    fn stops_round_trip(times in prop::collection::vec((0i64..1_000_000, any::<bool>()), 0..40)) {
        let mut log = StopLog::default();
        for (at, ends) in times {
            log.begin(Timestamp(at));
            if ends {
                log.end(Timestamp(at + 5));
            }
            if ends && at % 2 == 0 {
                log.resume(Timestamp(at + 9));
            }
        }
        prop_assert!(log.periods().len() <= 16);
        prop_assert_eq!(StopLog::decode(&log.encode()), log);
    }

    /// A5: so do resumptions, and the times in which a budget was used up.
    #[test]
    fn resumptions_round_trip(times in prop::collection::vec((0i64..40, 0i64..1_000_000), 0..40)) {
        let (mut resumed, mut off) = (Resumptions::default(), OffLog::default());
        for (stop, at) in &times {
            resumed.add(Resumption { stop: *stop, at: Timestamp(*at) });
            off.add(Timestamp(*at), Timestamp(at + stop));
        }
        prop_assert!(resumed.all().len() <= 16);
        let last = times.last().map(|(stop, at)| Resumption { stop: *stop, at: Timestamp(*at) });
        prop_assert_eq!(resumed.all().last().copied(), last);
        prop_assert_eq!(Resumptions::decode(&resumed.encode()), resumed);
        prop_assert_eq!(OffLog::decode(&off.encode()), off);
    }

    /// A4, A5: however often an advertiser runs out of money, is paid for and resumed, and however late a click comes, it is
    /// charged exactly where the campaign was shown when it was clicked, as a line of time says that is filled in as it goes.
    #[test]
    fn late_clicks_are_judged_by_where_delivery_stood(
        steps in prop::collection::vec((0u8..4, 1i64..5), 1..40), asked in 0i64..200,
    ) {
        let (mut log, mut resumed, mut stops) = (StopLog::default(), Vec::new(), 0i64);
        let (mut stopped_at, mut resumed_stop) = (None, 0i64);
        // Of every instant so far: shown or not.
        let mut shown: Vec<bool> = vec![true];
        let mut on = true;
        for (kind, pause) in steps {
            for _ in 0..pause {
                shown.push(on);
            }
            let now = Timestamp(i64::try_from(shown.len()).expect("a number") - 1);
            match kind {
                0 if stopped_at.is_none() && stops < 16 => {
                    stops += 1;
                    log.begin(now);
                    (stopped_at, on) = (Some(now), false);
                }
                1 if stopped_at.is_some() => {
                    log.end(now);
                    stopped_at = None;
                    on = resumed_stop == stops;
                }
                2 if stopped_at.is_none() && resumed_stop < stops => {
                    log.resume(now);
                    (resumed_stop, on) = (stops, true);
                }
                3 if stopped_at.is_none() && resumed_stop < stops => {
                    resumed.push(Resumption { stop: stops, at: now });
                    (resumed_stop, on) = (stops, true);
                }
                _ => {}
            }
        }
        let mut all = resumed;
        all.extend(log.resumptions(stops));
        let asked = usize::try_from(asked).expect("a number") % shown.len();
        let at = Timestamp(i64::try_from(asked).expect("a number"));
        let state = Stops { stops, stopped_at, log: &log, resumed_stop, resumed: &all };
        prop_assert_eq!(state.off_since(at).is_none(), shown[asked], "at {} of {:?}: {:?}", asked, shown, state);
    }
}
