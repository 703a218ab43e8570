//! An advertiser of the demo, in the last weeks of its year: campaigns, top-ups, clicks of every day, and a balance that
//! the last evening used up (A1–A4). It has dice of its own, so that the creators' year stays what it was.

use std::sync::Arc;

use anyhow::Result;
use purser_domain::{
    ads::{
        campaign::{Change, KeywordChange},
        price::Pricing,
    },
    ids::{CampaignId, PartyId},
    money::Currency,
    payments::{Method, Purpose, Request},
    time::{DAY, MINUTE, Timestamp},
};
use purser_engine::{
    Executor, Meta,
    ads::{ChargeClicks, ClickItem, CreateCampaign, Figures, GiveGrant, ReportAdFigures, ReportedFigures},
    call,
    parties::party_id,
    payments::{CreatePaymentOrder, LocatedOrder, RecordPayment},
};

use super::cast::Dice;

/// The advertiser of whom the demo tells.
pub(crate) const ADVERTISER: &str = "advertiser-01";
/// For how many days it advertises.
const DAYS: i64 = 21;

const CAMPAIGNS: [(&str, &str, i64, [&str; 3]); 3] = [
    ("spring", "春季新品", 30_000, ["连衣裙", "凉鞋", "防晒衣"]),
    ("sale", "年中大促", 50_000, ["大促", "优惠券", "满减"]),
    ("brand", "品牌词", 20_000, ["晴天品牌", "晴天官方", "晴天旗舰店"]),
];

pub(super) struct Adverts {
    party: PartyId,
    campaigns: Vec<CampaignId>,
    dice: Dice,
    clicks: u32,
}

impl Adverts {
    pub(super) fn new() -> Self {
        Self { party: party_id(ADVERTISER), campaigns: Vec::new(), dice: Dice::new(20_260_618), clicks: 0 }
    }

    /// A day of the year's `days`; only the last weeks matter.
    pub(super) fn day(&mut self, desk: &mut Executor, day: i64, days: i64, at: Timestamp) -> Result<()> {
        let number = day - (days - DAYS);
        if number < 0 {
            return Ok(());
        }
        if number == 0 {
            self.begin(desk, at)?;
        }
        if number % 7 == 0 {
            self.top_up(desk, number, at)?;
        }
        let last = number == DAYS - 1;
        let count = if last { 520 } else { 30 + self.dice.below(30) };
        self.advertise(desk, count, at)
    }

    fn begin(&mut self, desk: &mut Executor, at: Timestamp) -> Result<()> {
        for (external_id, name, budget, words) in CAMPAIGNS {
            let keywords = words.into_iter().map(|text| KeywordChange {
                text: text.to_owned(),
                bid_minor: Some(80 + 10 * self.dice.below(20)),
                on: None,
                removed: false,
            });
            let command = CreateCampaign {
                party: self.party,
                external_id: external_id.to_owned(),
                name: name.to_owned(),
                wish: Change { budget_minor: Some(Some(budget)), ..Change::default() },
                keywords: keywords.collect(),
            };
            self.campaigns.push(call(desk, command, Meta::system())??.id);
        }
        let command = GiveGrant {
            party: self.party,
            external_id: "welcome".to_owned(),
            amount_minor: 20_000,
            expires_at: at.plus(60 * DAY),
            reason: "新客赠款".to_owned(),
            asked_by: String::new(),
        };
        call(desk, command, Meta::system())??;
        Ok(())
    }

    fn top_up(&self, desk: &mut Executor, number: i64, at: Timestamp) -> Result<()> {
        let amount_minor = 50_000;
        let command = CreatePaymentOrder {
            party: self.party,
            request: Request {
                purpose: Purpose::AdTopUp,
                method: Method::Sandbox,
                amount_minor,
                currency: Currency::CNY,
            },
            configured: true,
            return_url: String::new(),
        };
        let order = call(desk, command, Meta::system())??;
        let command = RecordPayment {
            method: Method::Sandbox,
            rail_payment: format!("demo-top-up-{number}"),
            order: Some(LocatedOrder::from(&order)),
            amount_minor,
            paid_at: Some(at),
            note: String::new(),
            from_rail: true,
            lease: None,
        };
        call(desk, command, Meta::system())??;
        Ok(())
    }

    /// Clicks of the hours before, and what was shown for them. A click that comes after delivery has stopped is
    /// refused, as it is everywhere.
    fn advertise(&mut self, desk: &mut Executor, count: i64, at: Timestamp) -> Result<()> {
        let mut items = Vec::new();
        for number in 0..count {
            let Some(campaign) = self.dice.pick(&self.campaigns).copied() else { continue };
            self.clicks += 1;
            items.push(ClickItem {
                click_id: Arc::from(format!("demo-click-{:06}", self.clicks)),
                campaign,
                party: Some(self.party),
                keyword: None,
                at: at.plus(-MINUTE * (count - number) / 60),
                pricing: Pricing::Given(60 + self.dice.below(120)),
            });
        }
        let figures = self.campaigns.iter().map(|campaign| ReportedFigures {
            campaign: *campaign,
            of: Figures::Hour(at.plus(-MINUTE)),
            impressions: count * 12,
            conversions: count / 20,
        });
        let figures = ReportAdFigures { items: figures.collect() };
        call(desk, ChargeClicks::bulk(items), Meta::system())??;
        call(desk, figures, Meta::system())??;
        Ok(())
    }
}
