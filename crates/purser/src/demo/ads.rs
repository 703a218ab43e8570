//! Advertisers of the demo: for its last two weeks, hour by hour, people search, campaigns are sold in auctions and charged, budgets
//! and balances are used up, and some pay in again (A1–A10). They have dice of their own, so that the others' year stays what it was.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, bail};
use purser_domain::{
    ads::campaign::keyword_text,
    ids::{CampaignId, PartyId},
    metadata::Metadata,
    money::Currency,
    payments::{Method, Purpose, Request},
    time::{DAY, Timestamp, Zone},
};
use purser_engine::{
    Executor, Meta,
    ads::{
        AccountChange, AdMoment, ChangeAdAccount, ChargeClicks, ClickItem, CloseAdDays, CreditInvalidClicks,
        Figures, GiveGrant, ReportAdFigures, ReportedFigures, ResumeCampaigns, ad_account, campaigns,
        keyword_id,
    },
    call,
    parties::party_id,
    payments::CreatePaymentOrder,
    rules::{Rules, RulesSource},
    sandbox::{NoticeFate, RefundFate, SandboxPay},
};
use purser_sim::{
    charges::set_up,
    delivery::{Click, Market, Seen},
};
use purser_storage::Session;

use super::cast::{self, Dice};

/// Days of the demo's year on which there are clicks: the last ones.
pub(super) const DAYS: i64 = 14;
/// Searches of a civil day.
const SEARCHES: u64 = 15_000;
/// The smallest budget that there is, minor units.
const SMALL: i64 = 3_000;
/// What a payment brings, minor units.
const TOP_UP: i64 = 50_000;
/// The advertiser of whom the demo tells: out of money, and in arrears.
pub(crate) const ADVERTISER: &str = "advertiser-03";
/// The advertiser with this number pays nothing any more so many days before the end: one is in arrears, one suspended.
const CARELESS: [(usize, i64); 2] = [(2, 6), (5, 13)];

/// In so many days before the end, those who resume by hand leave one campaign waiting after a stop.
const LEFT_WAITING: i64 = 4;

pub(super) struct Ads {
    market: Market,
    parties: Vec<PartyId>,
    campaigns: Vec<CampaignId>,
    rules: Arc<Rules>,
    zone: Zone,
    dice: Dice,
    ends_at: Timestamp,
    hours: BTreeMap<(usize, Timestamp), Seen>,
    days: BTreeMap<(usize, &'static str, purser_domain::time::Date), Seen>,
    grants: u32,
}

impl Ads {
    /// The advertisers set up their campaigns and pay in; `ends_at` is when the demo's year is over.
    pub(super) fn open(desk: &mut Executor, ends_at: Timestamp) -> Result<Self> {
        let names: Vec<(String, String)> = cast::advertisers();
        let mut market = Market::new(20_250_703, names.len(), SEARCHES);
        for (one, (external_id, name)) in market.advertisers.iter_mut().zip(names) {
            (one.external_id, one.name) = (external_id, name);
        }
        // One without a budget gets a small one, which is used up when the demo is looked at.
        if let Some(one) = market.campaigns.iter_mut().rev().find(|one| one.budget_minor.is_none()) {
            one.budget_minor = Some(SMALL);
        }
        let parties: Vec<PartyId> = market.advertisers.iter().map(|one| party_id(&one.external_id)).collect();
        let mut made = Vec::new();
        for one in &market.campaigns {
            if let Some(party) = parties.get(one.advertiser) {
                made.push(call(desk, set_up(*party, one), Meta::system())??.id);
            }
        }
        let zone = Zone::shanghai();
        let ads = Self {
            market,
            parties,
            campaigns: made,
            rules: Arc::new(RulesSource::builtin().first_rules()?),
            zone,
            dice: Dice::new(20_250_703),
            ends_at,
            hours: BTreeMap::new(),
            days: BTreeMap::new(),
            grants: 0,
        };
        for place in 0..ads.parties.len() {
            ads.settle(desk, place)?;
            ads.top_up(desk, place)?;
        }
        Ok(ads)
    }

    /// An alert, and for some that campaigns come back by themselves.
    fn settle(&self, desk: &mut Executor, place: usize) -> Result<()> {
        let resume = place.is_multiple_of(2).then(|| "auto".to_owned());
        let change = AccountChange { resume, low_minor: Some(10_000), auto: None, configured: false };
        let Some(party) = self.parties.get(place).copied() else { return Ok(()) };
        call(desk, ChangeAdAccount { party, if_version: None, change }, Meta::system())??;
        Ok(())
    }

    /// Pays at the sandbox's cashier; the money comes in with the next jobs.
    fn top_up(&self, desk: &mut Executor, place: usize) -> Result<()> {
        let Some(party) = self.parties.get(place).copied() else { return Ok(()) };
        let request = Request {
            purpose: Purpose::AdTopUp,
            method: Method::Sandbox,
            amount_minor: TOP_UP,
            currency: Currency::CNY,
        };
        let order = CreatePaymentOrder {
            party,
            request,
            configured: true,
            return_url: String::new(),
            metadata: Metadata::new(),
        };
        let order = call(desk, order, Meta::system())??;
        let pay = SandboxPay {
            reference: order.id.to_string(),
            number: 1,
            amount_minor: TOP_UP,
            not_before: Timestamp(0),
            notice: NoticeFate::default(),
            refund: RefundFate::default(),
        };
        call(desk, pay, Meta::system())??;
        Ok(())
    }

    /// What happened between two instants, of which the second is now.
    pub(super) fn span(
        &mut self,
        desk: &mut Executor,
        reads: &mut dyn Session,
        span: (Timestamp, Timestamp),
    ) -> Result<()> {
        let now = span.1;
        call(desk, CloseAdDays { limit: 500 }, Meta::system())??;
        self.tend(desk, reads, now)?;
        let on = self.running(reads, now)?;
        let happened = self.market.span(span, &self.zone, |place| on.contains(&place));
        let items: Vec<ClickItem> = happened.clicks.iter().filter_map(|click| self.item(click)).collect();
        // One in a hundred was a robot's, which is found out an hour later.
        let robots: Vec<&Click> = happened.clicks.iter().filter(|_| self.dice.chance(1)).collect();
        let robots: Vec<(usize, Arc<str>)> =
            robots.into_iter().map(|click| (click.campaign, Arc::from(click.id.as_str()))).collect();
        call(desk, ChargeClicks::bulk(items), Meta::system())??;
        self.report(desk, &happened.seen)?;
        for (campaign, click) in robots {
            let owner = self.market.campaigns.get(campaign).and_then(|one| self.parties.get(one.advertiser));
            let Some(party) = owner.copied() else { continue };
            let reason = "重复点击 / the same visitor again and again".to_owned();
            call(desk, CreditInvalidClicks { party, clicks: vec![click], reason }, Meta::system())??;
        }
        Ok(())
    }

    fn moment(&self, now: Timestamp) -> AdMoment<'_> {
        let view = self.rules.policy.now(now);
        AdMoment { now, zone: &self.zone, currency: Currency::CNY, view }
    }

    /// Who looks after the account pays in when it is empty, and resumes; now and then the platform gives a grant.
    fn tend(&mut self, desk: &mut Executor, reads: &mut dyn Session, now: Timestamp) -> Result<()> {
        for (place, party) in self.parties.clone().into_iter().enumerate() {
            let account = ad_account(reads, party, &self.moment(now))?;
            let left = self.ends_at.0 - now.0;
            let careless = CARELESS.iter().any(|(who, days)| *who == place && left <= days * DAY);
            if !careless && account.row.stopped_at.is_some() && account.row.topped_up > 0 {
                self.top_up(desk, place)?;
            }
            let waits = account.row.stopped_at.is_none() && account.row.resumed_stop < account.row.stops;
            if waits && account.spendable_minor() > 0 {
                let last = left <= LEFT_WAITING * DAY && !place.is_multiple_of(2);
                self.resume(desk, place, last)?;
            }
            if self.dice.below(120) == 0 {
                self.grants += 1;
                let grant = GiveGrant {
                    party,
                    external_id: format!("demo-grant-{}", self.grants),
                    amount_minor: 2_000 + 1_000 * self.dice.below(6),
                    expires_at: now.plus((1 + self.dice.below(20)) * DAY),
                    reason: "新客赠款 / welcome".to_owned(),
                    asked_by: String::new(),
                };
                call(desk, grant, Meta::system())??;
            }
        }
        Ok(())
    }

    /// Resumes everything, or everything but the advertiser's last campaign, which nobody has thought of yet.
    fn resume(&self, desk: &mut Executor, place: usize, but_the_last: bool) -> Result<()> {
        let Some(party) = self.parties.get(place).copied() else { return Ok(()) };
        let own =
            self.market.campaigns.iter().zip(&self.campaigns).filter(|(one, _)| one.advertiser == place);
        let own: Vec<CampaignId> = own.map(|(_, id)| *id).collect();
        let named: Vec<Option<CampaignId>> = match own.split_last() {
            Some((_, others)) if but_the_last && !others.is_empty() => {
                others.iter().copied().map(Some).collect()
            }
            _ => vec![None],
        };
        for campaign in named {
            call(desk, ResumeCampaigns { party, campaign }, Meta::system())??;
        }
        Ok(())
    }

    /// Campaigns that may be shown; their hours the market knows itself.
    fn running(&self, reads: &mut dyn Session, now: Timestamp) -> Result<Vec<usize>> {
        let mut on = Vec::new();
        for party in &self.parties {
            let page = campaigns(reads, *party, None, None, 200, &self.moment(now))?;
            for view in page.rows {
                let hidden = !matches!(view.status.name(), "running" | "off_schedule");
                let place = self.campaigns.iter().position(|id| *id == view.row.id).filter(|_| !hidden);
                on.extend(place);
            }
        }
        Ok(on)
    }

    fn item(&self, click: &Click) -> Option<ClickItem> {
        let campaign = self.campaigns.get(click.campaign).copied()?;
        Some(ClickItem {
            click_id: Arc::from(click.id.as_str()),
            campaign,
            party: None,
            keyword: Some(keyword_id(campaign, &keyword_text(click.word))),
            at: click.at,
            pricing: click.pricing,
        })
    }

    fn report(
        &mut self,
        desk: &mut Executor,
        seen: &BTreeMap<(usize, &'static str, Timestamp), Seen>,
    ) -> Result<()> {
        let mut items = Vec::new();
        for ((place, word, hour), seen) in seen {
            let Some(campaign) = self.campaigns.get(*place).copied() else { continue };
            let of_hour = self.hours.entry((*place, *hour)).or_default();
            of_hour.add(*seen);
            let figures = |of, seen: &Seen| ReportedFigures {
                campaign,
                of,
                impressions: seen.impressions,
                conversions: seen.conversions,
            };
            items.push(figures(Figures::Hour(*hour), of_hour));
            let date = self.zone.date(*hour);
            let of_day = self.days.entry((*place, word, date)).or_default();
            of_day.add(*seen);
            items.push(figures(Figures::KeywordDay(keyword_id(campaign, &keyword_text(word)), date), of_day));
        }
        let outcomes = call(desk, ReportAdFigures { items }, Meta::system())??;
        if let Some(no) = outcomes.into_iter().find_map(Result::err) {
            bail!("figures of the demo were refused: {}", no.message);
        }
        Ok(())
    }
}
