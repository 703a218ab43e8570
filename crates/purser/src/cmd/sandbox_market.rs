//! A running server as an ad server and its advertisers see it: over HTTP, with an API key.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, bail};
use purser_domain::{
    ads::{
        campaign::keyword_text,
        price::Pricing,
        schedule::{Window, time_of_day},
    },
    ids::{CampaignId, PartyId},
    time::Timestamp,
};
use purser_engine::ads::{campaign_id, keyword_id};
use purser_sim::delivery::{Advertiser, Campaign, Click, Market};
use serde_json::{Value, json};
use ureq::Agent;

use super::Stop;

/// Longest wait for an answer, and for a payment to come in.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks at a payment.
const PAUSE: Duration = Duration::from_millis(50);

/// A server and a key.
pub(super) struct Server {
    url: String,
    key: String,
    agent: Agent,
    /// Made once a run, so that no call repeats the key of another run.
    run: String,
    calls: u64,
}

impl Server {
    pub(super) fn new(url: &str, key: &str, run: String) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .build();
        Self {
            url: url.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            agent: config.into(),
            run,
            calls: 0,
        }
    }

    /// Status and content of an answer.
    fn ask(&mut self, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let (url, token) = (format!("{}{path}", self.url), format!("Bearer {}", self.key));
        self.calls += 1;
        let sent = match body {
            None => self.agent.get(&url).header("Authorization", &token).call(),
            Some(body) => self
                .agent
                .post(&url)
                .header("Authorization", &token)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", format!("clicks-{}-{}", self.run, self.calls))
                .send(body.to_string()),
        };
        let mut answer =
            sent.with_context(|| format!("asking {url}: is `purser serve` or `purser demo` running there?"))?;
        let text = answer.body_mut().read_to_string()?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn refused(path: &str, (status, body): &(u16, Value)) -> Stop {
        let (code, detail) = (body["code"].as_str().unwrap_or(""), body["detail"].as_str().unwrap_or(""));
        Stop::Failed(format!("{path} was answered {status} {code}: {detail}"))
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Value> {
        let answer = self.ask(path, None)?;
        if answer.0 == 200 { Ok(answer.1) } else { Err(Self::refused(path, &answer).into()) }
    }

    /// Posts; a refusal with the code `but` is as good.
    fn post(&mut self, path: &str, body: &Value, but: &str) -> Result<Value> {
        let answer = self.ask(path, Some(body))?;
        let fine = (200..300).contains(&answer.0) || (!but.is_empty() && answer.1["code"] == but);
        if fine { Ok(answer.1) } else { Err(Self::refused(path, &answer).into()) }
    }

    /// Moves business time on; returns what it is now.
    pub(super) fn advance(&mut self, seconds: i64) -> Result<Timestamp> {
        let moved = self.post("/v1/sandbox/clock", &json!({ "advance_seconds": seconds }), "")?;
        moved["after"].as_str().unwrap_or("").parse().context("the clock of the server")
    }

    /// An advertiser registers; again is the same one.
    pub(super) fn register(&mut self, one: &Advertiser) -> Result<PartyId> {
        let profile = json!({ "external_id": one.external_id, "display_name": one.name, "roles": ["advertiser"],
            "legal_form": "enterprise" });
        let party = self.post("/v1/parties", &profile, "")?;
        party["id"].as_str().unwrap_or("").parse().context("the id of a party")
    }

    /// A campaign is set up; one that is there already stays as it is.
    pub(super) fn set_up(&mut self, party: PartyId, one: &Campaign) -> Result<CampaignId> {
        let keywords: Vec<Value> =
            one.bids.iter().map(|bid| json!({ "keyword": bid.word, "bid_minor": bid.bid_minor })).collect();
        let mut new = json!({ "party_id": party.to_string(), "external_id": one.external_id, "name": one.name,
            "schedule": one.windows.iter().map(window).collect::<Vec<_>>(), "keywords": keywords });
        if let Some(budget) = one.budget_minor {
            new["daily_budget_minor"] = budget.into();
        }
        let id = campaign_id(party, &one.external_id);
        let known = self.ask(&format!("/v1/ad-campaigns/{id}"), None)?;
        if known.0 != 200 {
            self.post("/v1/ad-campaigns", &new, "campaign_exists")?;
        }
        Ok(id)
    }

    /// The account of an advertiser.
    pub(super) fn account(&mut self, party: PartyId) -> Result<Value> {
        self.get(&format!("/v1/parties/{party}/ad-account"))
    }

    /// Campaigns of an advertiser with their statuses.
    pub(super) fn campaigns(&mut self, party: PartyId) -> Result<Vec<Value>> {
        let page = self.get(&format!("/v1/parties/{party}/ad-campaigns?limit=200"))?;
        Ok(page["data"].as_array().cloned().unwrap_or_default())
    }

    /// Pays at the sandbox's cashier, and waits until it is there.
    pub(super) fn top_up(&mut self, party: PartyId, amount_minor: i64) -> Result<()> {
        let order = json!({ "party_id": party.to_string(), "purpose": "ad_top_up", "method": "sandbox",
            "amount_minor": amount_minor });
        let order = self.post("/v1/payment-orders", &order, "")?;
        let (page, id) = (order["cashier_url"].as_str().unwrap_or(""), order["id"].as_str().unwrap_or(""));
        let page = if page.starts_with('/') { format!("{}{page}", self.url) } else { page.to_owned() };
        let clicked = self
            .agent
            .post(&page)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send("action=pay")
            .context("the page of the cashier")?;
        if clicked.status().as_u16() != 303 {
            bail!(Stop::Failed(format!("the cashier answered {}", clicked.status())));
        }
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            if self.get(&format!("/v1/payment-orders/{id}"))?["state"] == "paid" {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        bail!(Stop::Failed(format!("the payment of {id} did not come in")))
    }

    /// Resumes everything of an advertiser that waits.
    pub(super) fn resume(&mut self, party: PartyId) -> Result<()> {
        self.post(&format!("/v1/parties/{party}/ad-account/resume"), &json!({}), "arrears_outstanding")?;
        Ok(())
    }

    /// Charges clicks in order; counts what became of them.
    pub(super) fn charge(&mut self, clicks: &[Value], counts: &mut Counts) -> Result<()> {
        let answer = self.post("/v1/ad-clicks/bulk", &json!({ "items": clicks }), "")?;
        counts.charged += answer["charged"].as_u64().unwrap_or(0);
        counts.amount_minor += answer["amount_minor"].as_i64().unwrap_or(0);
        for item in answer["items"].as_array().into_iter().flatten() {
            if let Some(code) = item["error"]["code"].as_str() {
                *counts.refused.entry(code.to_owned()).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Reports figures: what is said of an hour or a day takes the place of what was said before.
    pub(super) fn figures(&mut self, items: &[Value]) -> Result<()> {
        if !items.is_empty() {
            self.post("/v1/ad-figures/bulk", &json!({ "items": items }), "")?;
        }
        Ok(())
    }
}

/// What became of clicks.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) charged: u64,
    pub(super) amount_minor: i64,
    pub(super) refused: BTreeMap<String, u64>,
}

fn window(window: &Window) -> Value {
    json!({ "days": [window.day], "from": time_of_day(window.from), "until": time_of_day(window.until),
        "factor_ppm": window.factor.as_ppm() })
}

/// A click of the market as the API takes it.
pub(super) fn click(
    market: &Market,
    ids: &[CampaignId],
    parties: &[PartyId],
    click: &Click,
) -> Option<Value> {
    let (campaign, of) = (ids.get(click.campaign)?, market.campaigns.get(click.campaign)?);
    let mut item = json!({ "click_id": click.id, "campaign_id": campaign.to_string(),
        "advertiser_id": parties.get(of.advertiser)?.to_string(), "click_at": click.at.to_string(),
        "keyword_id": keyword_id(*campaign, &keyword_text(click.word)).to_string() });
    match click.pricing {
        Pricing::Given(price_minor) => item["price_minor"] = price_minor.into(),
        Pricing::Auction { quality, next } => {
            item["auction"] = json!({ "quality": quality });
            if let Some(next) = next {
                item["auction"]["next"] = json!({ "bid_minor": next.bid_minor, "quality": next.quality });
            }
        }
    }
    Some(item)
}
