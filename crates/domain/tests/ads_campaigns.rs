//! Cases and laws of campaigns, keywords and schedules (A7, A9).
mod support;

use proptest::prelude::*;
use purser_domain::{
    ads::{
        account::AccountState,
        campaign::{
            AdvertiserFacts, Campaign, CampaignTerms, Change, Keyword, KeywordChange, Rejection, change,
            create, keyword, keyword_text,
        },
        schedule::{DAY_MINUTES, FactorTerms, Schedule, Window, minutes, time_of_day},
    },
    money::{Rate, decimal, parse_decimal},
    time::{Date, Timestamp},
};

fn terms() -> CampaignTerms {
    CampaignTerms {
        minimum_budget_minor: 3_000,
        minimum_bid_minor: 5,
        factors: FactorTerms { least: Rate::ppm(10_000), most: Rate::ppm(1_500_000) },
    }
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// `1-5 08:00-22:00 120%`, several with `,` between them.
fn windows(text: &str) -> Vec<Window> {
    let mut all = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let mut fields = part.split_whitespace();
        let days = fields.next().expect("days");
        let (from, until) = fields.next().expect("times").split_once('-').expect("from-until");
        let factor = fields.next().unwrap_or("100%").trim_end_matches('%');
        let factor = Rate::ppm(factor.parse::<i64>().expect("a percentage") * 10_000);
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (first, last): (i8, i8) = (first.parse().expect("a day"), last.parse().expect("a day"));
        let time = |text: &str| minutes(text).unwrap_or(u16::MAX);
        let window = |day| Window { day, from: time(from), until: time(until), factor };
        all.extend((first..=last).map(window));
    }
    all
}

/// One campaign and what happens to it.
struct World {
    facts: AdvertiserFacts,
    today: Date,
    campaign: Option<Campaign>,
    keywords: Vec<Keyword>,
}

fn option(text: &str) -> Option<&str> {
    (text != "none").then_some(text)
}

impl World {
    fn new() -> Self {
        Self {
            facts: AdvertiserFacts { closed: false, advertiser: true, state: AccountState::Normal },
            today: date("2026-03-02"),
            campaign: None,
            keywords: Vec::new(),
        }
    }

    fn wish(words: &str) -> (Option<String>, Change) {
        let (mut id, mut wish) = (None, Change::default());
        for word in words.split('|').map(str::trim).filter(|word| !word.is_empty()) {
            let (key, value) = word.split_once('=').expect("key=value");
            match key {
                "id" => id = Some(value.to_owned()),
                "name" => wish.name = Some(value.to_owned()),
                "budget" => wish.budget_minor = Some(option(value).map(money)),
                "at" => wish.schedule = Some(windows(value)),
                "on" => wish.on = Some(value == "yes"),
                "starts" => wish.starts_on = Some(option(value).map(date)),
                "ends" => wish.ends_on = Some(option(value).map(date)),
                _ => panic!("unknown field {key}"),
            }
        }
        (id, wish)
    }

    fn step(&mut self, step: &str) -> Result<(), Rejection> {
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        match verb {
            "closed" => self.facts.closed = true,
            "creator" => self.facts.advertiser = false,
            "arrears" => self.facts.state = AccountState::InArrears { since: Timestamp(0) },
            "suspended" => self.facts.state = AccountState::Suspended { since: Timestamp(0) },
            "create" => {
                let (id, wish) = Self::wish(rest);
                let name = wish.name.clone().unwrap_or_else(|| "Spring".to_owned());
                let id = id.unwrap_or_else(|| "c1".to_owned());
                self.campaign = Some(create(&id, &name, &wish, self.facts, &terms(), self.today)?);
            }
            "change" => {
                let campaign = self.campaign.as_ref().expect("a campaign");
                self.campaign = Some(change(campaign, &Self::wish(rest).1, &terms(), self.today)?);
            }
            "keyword" => self.keyword(rest)?,
            _ => panic!("unknown step {verb}"),
        }
        Ok(())
    }

    fn keyword(&mut self, words: &str) -> Result<(), Rejection> {
        let mut parts = words.split('|').map(str::trim);
        let text = parts.next().unwrap_or_default().to_owned();
        let mut wish = KeywordChange { text, bid_minor: None, on: None, removed: false };
        for part in parts {
            match part.split_once('=') {
                Some(("bid", value)) => wish.bid_minor = Some(money(value)),
                Some(("on", value)) => wish.on = Some(value == "yes"),
                _ if part == "gone" => wish.removed = true,
                _ => panic!("unknown option {part}"),
            }
        }
        let key = keyword_text(&wish.text);
        let at = self.keywords.iter().position(|known| known.text == key);
        let on = i64::try_from(self.keywords.iter().filter(|known| known.on).count()).expect("few");
        let now = keyword(at.map(|at| &self.keywords[at]), &wish, on, &terms())?;
        match (at, now) {
            (Some(at), Some(now)) => self.keywords[at] = now,
            (None, Some(now)) => self.keywords.push(now),
            (Some(at), None) => drop(self.keywords.remove(at)),
            (None, None) => {}
        }
        Ok(())
    }

    fn show(&self) -> String {
        let mut out = Vec::new();
        if let Some(campaign) = &self.campaign {
            out.push(campaign.name.clone());
            out.push(campaign.budget_minor.map_or_else(|| "no budget".to_owned(), decimal));
            let window = |w: &Window| {
                let (from, until) = (time_of_day(w.from), time_of_day(w.until));
                format!("{} {from}-{until} {}%", w.day, w.factor.as_ppm() / 10_000)
            };
            let all: Vec<_> = campaign.schedule.windows().iter().map(window).collect();
            out.push(if all.is_empty() { "always".to_owned() } else { all.join(", ") });
            out.push(if campaign.on { "on" } else { "off" }.to_owned());
            let dates = [("from", campaign.starts_on), ("until", campaign.ends_on)];
            out.extend(dates.into_iter().filter_map(|(name, date)| Some(format!("{name} {}", date?))));
        }
        for keyword in &self.keywords {
            let state = if keyword.on { "" } else { " off" };
            out.push(format!("{} {}{state}", keyword.text, decimal(keyword.bid_minor)));
        }
        out.join(" | ")
    }
}

fn answer(input: &str) -> String {
    if let Some(asked) = input.strip_prefix("shown ") {
        let (schedule, at) = asked.split_once(" at ").expect("… at …");
        let schedule = Schedule::of(&windows(schedule), terms().factors).expect("a schedule");
        let at: jiff::civil::DateTime = at.parse().expect("a civil time");
        let opens = schedule.opens(at).map(|(date, minute)| format!("{date} {}", time_of_day(minute)));
        return match schedule.factor_at(at) {
            Some(factor) => format!("{}%", factor.as_ppm() / 10_000),
            None => format!("off, opens {}", opens.unwrap_or_else(|| "never".to_owned())),
        };
    }
    let mut world = World::new();
    for step in input.split(';').map(str::trim) {
        if let Err(no) = world.step(step) {
            return format!("{}: {no}", no.code());
        }
    }
    world.show()
}

#[test]
fn cases() {
    support::run("ads_campaigns", answer);
}

#[test]
fn codes_are_unique_and_every_one_has_words() {
    let mut codes: Vec<_> = Rejection::ALL.iter().map(Rejection::code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Rejection::ALL.len());
    assert!(Rejection::ALL.iter().all(|no| no.to_string().len() > 10));
}

#[test]
fn a_campaign_has_a_thousand_keywords_that_are_on_at_most() {
    let wish = KeywordChange { text: "x".to_owned(), bid_minor: Some(5), on: None, removed: false };
    assert_eq!(keyword(None, &wish, 1_000, &terms()), Err(Rejection::TooManyKeywords));
    let off = KeywordChange { on: Some(false), ..wish.clone() };
    assert!(keyword(None, &off, 1_000, &terms()).is_ok());
    let known = Keyword { text: "x".to_owned(), bid_minor: 5, on: false };
    let switch = KeywordChange { on: Some(true), bid_minor: None, ..wish };
    assert_eq!(keyword(Some(&known), &switch, 1_000, &terms()), Err(Rejection::TooManyKeywords));
}

fn any_windows() -> impl Strategy<Value = Vec<Window>> {
    let window = (1i8..=7, 0u16..48, 1u16..48, 1i64..=150).prop_map(|(day, from, length, percent)| Window {
        day,
        from: from * 30,
        until: ((from + length) * 30).min(DAY_MINUTES),
        factor: Rate::ppm(percent * 10_000),
    });
    proptest::collection::vec(window, 0..12)
}

proptest! {
    #[test]
    fn schedules_round_trip_and_have_one_factor_at_a_time(windows in any_windows(), day in 1i8..=7, minute in 0u16..1_440) {
        if let Ok(schedule) = Schedule::of(&windows, terms().factors) {
            prop_assert_eq!(&Schedule::decode(&schedule.encode()), &schedule);
            let date = date("2026-03-01").saturating_add(jiff::Span::new().days(i64::from(day)));
            let (hour, minute_of) = (i8::try_from(minute / 60).unwrap(), i8::try_from(minute % 60).unwrap());
            let at = date.at(hour, minute_of, 0, 0);
            let here: Vec<_> = windows.iter()
                .filter(|w| w.day == day && w.from <= minute && minute < w.until).collect();
            prop_assert!(here.len() <= 1);
            let expected = if windows.is_empty() { Some(Rate::ONE) } else { here.first().map(|w| w.factor) };
            prop_assert_eq!(schedule.factor_at(at), expected);
            prop_assert_eq!(schedule.opens(at).is_some(), expected.is_none());
        }
    }
}
