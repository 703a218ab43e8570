//! `purser sandbox clicks`: a market of advertisers against a running server (A7, P21).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use purser_domain::{
    ads::campaign::keyword_text,
    ids::{CampaignId, PartyId},
    time::{MINUTE, Timestamp, Zone},
};
use purser_engine::{ads::keyword_id, clock::Clock};
use purser_sim::delivery::{Market, Seen, Span};
use serde_json::{Value, json};

use super::sandbox_market::{Counts, Server, click};

/// Flags of `purser sandbox clicks`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Advertisers register, set up campaigns with schedules, keywords and budgets, and pay in at the sandbox's cashier. Then people search:
every search is an auction among the campaigns that the server says are on, and clicks, which follow the hours of a day, are
charged as an ad server does. The test clock of the server is moved on by --step minutes at a time. Of three advertisers two
pay in again when their money is used up and resume; the third one waits, so that stopped campaigns and arrears can be seen.
The same again goes on with the same advertisers.

The server must run on sandbox books (`purser demo`, or `purser serve --sandbox`). The key, read from PURSER_KEY, needs the scopes
parties:write, ads:read, ads:write, ads:charge, payments:read, payments:write and sandbox; the demo prints one that
has them.

Examples:
  purser sandbox clicks --advertisers 6 --minutes 1440
  purser sandbox clicks --minutes 60 --step 1 --searches 20000 --json")]
pub(crate) struct ClicksArgs {
    /// Where the server listens
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// API key
    #[arg(long, value_name = "TOKEN", env = "PURSER_KEY", hide_env_values = true)]
    key: String,
    /// Advertisers of the market
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=500))]
    advertisers: u64,
    /// Minutes of business time to play
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    minutes: i64,
    /// Minutes that the test clock is moved on at a time
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=60))]
    step: i64,
    /// Searches of a civil day
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    searches: u64,
    /// Another market
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Clicks of one call.
const CALL: usize = 500;

/// A market on its way.
struct Play {
    server: Server,
    market: Market,
    parties: Vec<PartyId>,
    campaigns: Vec<CampaignId>,
    zone: Zone,
    counts: Counts,
    top_ups: u64,
    hours: BTreeMap<(usize, Timestamp), Seen>,
    days: BTreeMap<(usize, &'static str, String), Seen>,
}

pub(crate) fn run_clicks(args: &ClicksArgs) -> Result<()> {
    // Keys of one run do not meet those of another.
    let run = Clock::system().machine().0.to_string();
    let mut server = Server::new(&args.url, &args.key, run);
    // Books that are no sandbox refuse this, before anything is made in them.
    let mut now = server.advance(1)?;
    let advertisers = usize::try_from(args.advertisers)?;
    let mut play = Play::open(server, Market::new(args.seed, advertisers, args.searches))?;
    play.recall(now)?;
    let mut left = args.minutes;
    while left > 0 {
        let minutes = left.min(args.step);
        let on = play.on()?;
        let after = play.server.advance(minutes * 60)?;
        // What was on when the step began is shown for as long as it takes: an ad server that hears of a stop late.
        let span =
            play.market.span((now, now.plus(minutes * MINUTE)), &play.zone, |place| on.contains(&place));
        play.charge(&span)?;
        play.report(&span)?;
        play.tend()?;
        now = after;
        left -= minutes;
    }
    play.tell(args.json, now)
}

impl Play {
    fn open(mut server: Server, market: Market) -> Result<Self> {
        let mut parties = Vec::new();
        for one in &market.advertisers {
            let party = server.register(one)?;
            let account = server.account(party)?;
            // Stopped from the beginning: there never was any money.
            if account["epoch"] == 0 && !account["stopped_at"].is_null() {
                server.top_up(party, one.top_up_minor)?;
            }
            parties.push(party);
        }
        let mut campaigns = Vec::new();
        for one in &market.campaigns {
            if let Some(party) = parties.get(one.advertiser) {
                campaigns.push(server.set_up(*party, one)?);
            }
        }
        Ok(Self {
            server,
            market,
            parties,
            campaigns,
            zone: Zone::shanghai(),
            counts: Counts::default(),
            top_ups: 0,
            hours: BTreeMap::new(),
            days: BTreeMap::new(),
        })
    }

    /// Reads what was reported of today before: figures are totals.
    fn recall(&mut self, now: Timestamp) -> Result<()> {
        let today = self.zone.date(now);
        for (place, id) in self.campaigns.clone().into_iter().enumerate() {
            let seen = |line: &Value| Seen {
                impressions: line["impressions"].as_i64().unwrap_or(0),
                conversions: line["conversions"].as_i64().unwrap_or(0),
            };
            let report =
                |by: &str| format!("/v1/ad-campaigns/{id}/report?by={by}&from={today}&until={today}");
            for line in self.server.get(&report("hour"))?["data"].as_array().into_iter().flatten() {
                if let Some(hour) = line["key"].as_str().and_then(|text| text.parse().ok()) {
                    self.hours.insert((place, hour), seen(line));
                }
            }
            let keywords = self.server.get(&(report("keyword") + "&limit=200"))?;
            for line in keywords["data"].as_array().into_iter().flatten() {
                let word = purser_sim::delivery::WORDS.iter().find(|word| line["name"] == **word);
                if let Some(word) = word {
                    self.days.insert((place, word, today.to_string()), seen(line));
                }
            }
        }
        Ok(())
    }

    /// Campaigns that an ad server may show: whether their hours have come, the market knows itself.
    fn on(&mut self) -> Result<BTreeSet<usize>> {
        let mut on = BTreeSet::new();
        for party in self.parties.clone() {
            for campaign in self.server.campaigns(party)? {
                let place = self.campaigns.iter().position(|id| campaign["id"] == id.to_string());
                let state = campaign["status"]["state"].as_str().unwrap_or("");
                if matches!(state, "running" | "off_schedule") {
                    on.extend(place);
                }
            }
        }
        Ok(on)
    }

    fn charge(&mut self, span: &Span) -> Result<()> {
        for part in span.clicks.chunks(CALL) {
            let item = |one| click(&self.market, &self.campaigns, &self.parties, one);
            let items: Vec<Value> = part.iter().filter_map(item).collect();
            self.server.charge(&items, &mut self.counts)?;
        }
        Ok(())
    }

    /// Reports how often ads were shown, and what was bought.
    fn report(&mut self, span: &Span) -> Result<()> {
        let mut items = Vec::new();
        for ((place, word, hour), seen) in &span.seen {
            let Some(id) = self.campaigns.get(*place) else { continue };
            let date = self.zone.date(*hour).to_string();
            let of_hour = self.hours.entry((*place, *hour)).or_default();
            of_hour.add(*seen);
            items.push(json!({ "campaign_id": id.to_string(), "hour": hour.to_string(),
                "impressions": of_hour.impressions, "conversions": of_hour.conversions }));
            let of_day = self.days.entry((*place, word, date.clone())).or_default();
            of_day.add(*seen);
            let keyword = keyword_id(*id, &keyword_text(word));
            items
                .push(json!({ "campaign_id": id.to_string(), "keyword_id": keyword.to_string(), "day": date,
                "impressions": of_day.impressions, "conversions": of_day.conversions }));
        }
        for part in items.chunks(CALL) {
            self.server.figures(part)?;
        }
        Ok(())
    }

    /// Advertisers who look after their accounts pay in and resume.
    fn tend(&mut self) -> Result<()> {
        for (place, party) in self.parties.clone().into_iter().enumerate() {
            let Some(one) = self.market.advertisers.get(place).filter(|one| one.attentive).cloned() else {
                continue;
            };
            let account = self.server.account(party)?;
            if !account["stopped_at"].is_null() {
                self.server.top_up(party, one.top_up_minor)?;
                self.top_ups += 1;
            }
            if account["epoch"].as_i64().unwrap_or(0) > 0 {
                self.server.resume(party)?;
            }
        }
        Ok(())
    }

    fn tell(mut self, as_json: bool, now: Timestamp) -> Result<()> {
        let mut advertisers = Vec::new();
        for (place, party) in self.parties.clone().into_iter().enumerate() {
            let account = self.server.account(party)?;
            let campaigns = self.server.campaigns(party)?.into_iter().map(|campaign| {
                json!({ "id": campaign["id"], "name": campaign["name"], "state": campaign["status"]["state"],
                    "spent_today_minor": campaign["spent_today_minor"] })
            });
            let name = self.market.advertisers.get(place).map_or("", |one| one.name.as_str());
            advertisers.push(json!({ "party_id": party.to_string(), "name": name, "state": account["state"],
                "balance_minor": account["balance_minor"], "arrears_minor": account["arrears_minor"],
                "spent_today_minor": account["spent_today_minor"], "campaigns": campaigns.collect::<Vec<_>>() }));
        }
        let Counts { charged, amount_minor, refused } = &self.counts;
        if as_json {
            println!(
                "{}",
                json!({ "business_at": now.to_string(), "charged": charged, "amount_minor": amount_minor,
                    "refused": refused, "top_ups": self.top_ups, "advertisers": advertisers })
            );
            return Ok(());
        }
        println!(
            "business time {now}: {charged} clicks charged, {amount_minor} minor units; {} top-ups",
            self.top_ups
        );
        for (code, count) in refused {
            println!("  {count} refused: {code}");
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for one in advertisers {
            println!(
                "{}  {}  {}: balance {}, arrears {}, today {}",
                text(&one["party_id"]),
                text(&one["name"]),
                text(&one["state"]),
                one["balance_minor"],
                one["arrears_minor"],
                one["spent_today_minor"]
            );
            for campaign in one["campaigns"].as_array().into_iter().flatten() {
                println!(
                    "    {}  {}: {}, today {}",
                    text(&campaign["id"]),
                    text(&campaign["name"]),
                    text(&campaign["state"]),
                    campaign["spent_today_minor"]
                );
            }
        }
        Ok(())
    }
}
