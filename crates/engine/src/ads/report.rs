//! Impressions and conversions, as the platform reports them in bulk (A10): what it says of an hour of a campaign, or of
//! a day of a keyword, takes the place of what it said before, so that reporting again changes nothing.

use purser_domain::{
    ids::{CampaignId, KeywordId},
    time::{Date, Timestamp},
};

use super::{
    campaigns::unknown_campaign,
    leads,
    moment::Moments,
    rollups::{self, NONE},
    rows::{AdAccountRow, AdCampaignRow, AdDayRow, AdHourRow, AdKeywordRow, whole_account},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What figures are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// An hour of the campaign: any instant of it.
    Hour(Timestamp),
    /// A civil day of one of its keywords.
    KeywordDay(KeywordId, Date),
}

/// Figures of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedFigures {
    /// The campaign.
    pub campaign: CampaignId,
    /// What they are of.
    pub of: Figures,
    /// Impressions; not below zero.
    pub impressions: i64,
    /// Conversions; not below zero.
    pub conversions: i64,
}

/// Takes figures in, item by item.
///
/// Rejections of an item in order: `campaign_unknown`, `keyword_unknown`, `figures_out_of_range`, `figures_in_the_future`.
#[derive(Debug, Clone)]
pub struct ReportAdFigures {
    /// In order.
    pub items: Vec<ReportedFigures>,
}

/// Figures beyond this are typing errors; sums of them stay far from overflowing.
const MOST: i64 = 1_000_000_000_000;

impl Command for ReportAdFigures {
    type Output = Vec<Result<(), Box<Rejection>>>;

    fn name(&self) -> &'static str {
        "ads.report_figures"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let campaigns: Vec<CampaignId> = self.items.iter().map(|item| item.campaign).collect();
        let owners = leads::owners(needs, &campaigns);
        let mut moments = Moments::new(ctx);
        for item in &self.items {
            let Some(party) = owners.get(&item.campaign) else { continue };
            // The lock of everything of the advertiser.
            needs.row::<AdAccountRow>(*party);
            needs.row::<AdCampaignRow>(item.campaign);
            match item.of {
                Figures::Hour(at) => rollups::want(needs, *party, item.campaign, NONE, &moments.at(at)),
                Figures::KeywordDay(keyword, day) => {
                    needs.row::<AdKeywordRow>((item.campaign, keyword));
                    needs.row::<AdDayRow>((item.campaign, keyword, day));
                }
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let mut moments = Moments::new(ctx);
        Ok(self.items.iter().map(|item| take(tx, ctx, &mut moments, item).map_err(Box::new)).collect())
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let refused = output.iter().filter(|outcome| outcome.is_err()).count();
        (String::new(), Facts::new().int("items", count(output.len())).int("refused", count(refused)))
    }
}

fn take(tx: &mut Tx, ctx: &Ctx, moments: &mut Moments<'_>, item: &ReportedFigures) -> Result<(), Rejection> {
    let unknown = || unknown_campaign(item.campaign).at("/campaign_id");
    if !tx.is_loaded::<AdCampaignRow>(&item.campaign) {
        return Err(unknown());
    }
    let party = tx.get::<AdCampaignRow>(&item.campaign).ok_or_else(unknown)?.party;
    // The lock of everything of the advertiser.
    tx.led_to::<AdAccountRow>(&party)?;
    if let Figures::KeywordDay(keyword, _) = item.of
        && tx.led_to::<AdKeywordRow>(&(item.campaign, keyword))?.is_none()
    {
        let text = "the campaign has no such keyword";
        return Err(Rejection::new("keyword_unknown", text).at("/keyword_id"));
    }
    for (field, value) in [("/impressions", item.impressions), ("/conversions", item.conversions)] {
        if !(0..=MOST).contains(&value) {
            return Err(Rejection::new("figures_out_of_range", format!("0 to {MOST}")).at(field));
        }
    }
    let future =
        |field: &str| Err(Rejection::new("figures_in_the_future", "that time has not come yet").at(field));
    match item.of {
        Figures::Hour(at) => {
            let moment = moments.at(at);
            if moment.hour > ctx.now {
                return future("/hour");
            }
            let key = (item.campaign, moment.hour);
            let known = tx.led_to::<AdHourRow>(&key)?.cloned();
            let mut row = known.unwrap_or_else(|| AdHourRow::new(key.0, key.1));
            let more = (item.impressions - row.impressions, item.conversions - row.conversions);
            (row.impressions, row.conversions) = (item.impressions, item.conversions);
            tx.put(row);
            add_hour(tx, whole_account(party), moment.hour, more)?;
            for owner in [item.campaign, whole_account(party)] {
                add_day(tx, owner, moment.day, more)?;
            }
        }
        Figures::KeywordDay(keyword, day) => {
            if day > ctx.today {
                return future("/day");
            }
            let key = (item.campaign, keyword, day);
            let known = tx.led_to::<AdDayRow>(&key)?.cloned();
            let row = known.unwrap_or_else(|| AdDayRow::new(key.0, key.1, key.2));
            tx.put(AdDayRow { impressions: item.impressions, conversions: item.conversions, ..row });
        }
    }
    Ok(())
}

fn add_hour(
    tx: &mut Tx,
    owner: CampaignId,
    hour: Timestamp,
    (impressions, conversions): (i64, i64),
) -> Result<(), Rejection> {
    let known = tx.led_to::<AdHourRow>(&(owner, hour))?.cloned();
    let mut row = known.unwrap_or_else(|| AdHourRow::new(owner, hour));
    row.impressions = row.impressions.saturating_add(impressions);
    row.conversions = row.conversions.saturating_add(conversions);
    tx.put(row);
    Ok(())
}

fn add_day(
    tx: &mut Tx,
    owner: CampaignId,
    day: Date,
    (impressions, conversions): (i64, i64),
) -> Result<(), Rejection> {
    let known = tx.led_to::<AdDayRow>(&(owner, NONE, day))?.cloned();
    let mut row = known.unwrap_or_else(|| AdDayRow::new(owner, NONE, day));
    row.impressions = row.impressions.saturating_add(impressions);
    row.conversions = row.conversions.saturating_add(conversions);
    tx.put(row);
    Ok(())
}
