//! Spend and performance by hour, day, campaign and keyword (A10), from rollups that are written with the charges: no
//! report ever reads clicks.

use purser_domain::{
    ids::{CampaignId, KeywordId, PartyId, Uid},
    money::{Rounding, divide},
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{
    queries::days,
    rows::{AdCampaignRow, AdDayRow, AdHourRow, AdKeywordRow},
};
use crate::feed::one;

/// Most days of a report.
pub const REPORT_DAYS_MAX: i32 = 366;
/// Most days of a report by hour.
pub const REPORT_HOUR_DAYS_MAX: i32 = 31;

static HOURS: Statement = Statement {
    name: "ads.report_hours",
    sql: "SELECT campaign, hour, clicks, spend, invalid, refunded, impressions, conversions FROM ad_hours \
          WHERE campaign = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour LIMIT 800",
};
static KEYWORD_DAYS: Statement = Statement {
    name: "ads.report_keywords",
    sql: "SELECT campaign, keyword, day, clicks, spend, invalid, refunded, impressions, conversions FROM ad_days \
          WHERE campaign = ?1 AND keyword > ?2 AND day >= ?3 AND day <= ?4 ORDER BY keyword, day LIMIT ?5",
};
static CAMPAIGNS_OF: Statement = Statement {
    name: "ads.report_campaigns",
    sql: "SELECT id, party, external_id, name, budget, schedule, active, switched_at, starts_on, ends_on, keywords, \
          resumed_stop, resumed_at, created_at, version, resumed_before FROM ad_campaigns WHERE party = ?1 AND id > ?2 \
          ORDER BY id LIMIT ?3",
};

pub(super) const STATEMENTS: &[&Statement] = &[&HOURS, &KEYWORD_DAYS, &CAMPAIGNS_OF];

/// What happened in a span of time. Amounts are minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportFigures {
    /// Clicks that were charged.
    pub clicks: i64,
    /// What they cost.
    pub spend_minor: i64,
    /// Of the clicks, those found invalid later.
    pub invalid: i64,
    /// What was credited for them.
    pub refunded_minor: i64,
    /// Impressions.
    pub impressions: i64,
    /// Conversions.
    pub conversions: i64,
}

impl ReportFigures {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            clicks: self.clicks.saturating_add(other.clicks),
            spend_minor: self.spend_minor.saturating_add(other.spend_minor),
            invalid: self.invalid.saturating_add(other.invalid),
            refunded_minor: self.refunded_minor.saturating_add(other.refunded_minor),
            impressions: self.impressions.saturating_add(other.impressions),
            conversions: self.conversions.saturating_add(other.conversions),
        }
    }

    /// Clicks that count: those found invalid do not.
    pub const fn valid_clicks(&self) -> i64 {
        self.clicks.saturating_sub(self.invalid)
    }

    /// What they cost in the end, minor units.
    pub const fn net_minor(&self) -> i64 {
        self.spend_minor.saturating_sub(self.refunded_minor)
    }

    /// Clicks of impressions, parts per million; `None` without impressions.
    pub fn ctr_ppm(&self) -> Option<i64> {
        share(self.valid_clicks().saturating_mul(1_000_000), self.impressions)
    }

    /// Mean price of a click, minor units; `None` without clicks.
    pub fn cpc_minor(&self) -> Option<i64> {
        share(self.net_minor(), self.valid_clicks())
    }

    /// Conversions of clicks, parts per million; `None` without clicks.
    pub fn conversion_ppm(&self) -> Option<i64> {
        share(self.conversions.saturating_mul(1_000_000), self.valid_clicks())
    }
}

fn share(part: i64, whole: i64) -> Option<i64> {
    divide(i128::from(part), i128::from(whole), Rounding::HalfUp).ok()
}

impl From<&AdHourRow> for ReportFigures {
    fn from(row: &AdHourRow) -> Self {
        Self {
            clicks: row.clicks,
            spend_minor: row.spend,
            invalid: row.invalid,
            refunded_minor: row.refunded,
            impressions: row.impressions,
            conversions: row.conversions,
        }
    }
}

impl From<&AdDayRow> for ReportFigures {
    fn from(row: &AdDayRow) -> Self {
        Self {
            clicks: row.clicks,
            spend_minor: row.spend,
            invalid: row.invalid,
            refunded_minor: row.refunded,
            impressions: row.impressions,
            conversions: row.conversions,
        }
    }
}

/// Hours of a campaign, or of all of an advertiser ([`super::whole_account`]), in order; hours without anything are left
/// out.
///
/// # Errors
/// Storage faults.
pub fn report_hours(
    session: &mut dyn Session,
    campaign: CampaignId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<(Timestamp, ReportFigures)>, Fault> {
    let params = [Value::Bytes(&campaign.0.0), Value::Int(from.0), Value::Int(until.0)];
    let mut rows = Vec::new();
    session.query(&HOURS, &params, &mut |source| {
        let row = AdHourRow::read(source);
        rows.push((row.hour, ReportFigures::from(&row)));
        true
    })?;
    Ok(rows)
}

/// Days of a campaign, or of all of an advertiser, in order, both dates included; days without anything are left out.
///
/// # Errors
/// Storage faults.
pub fn report_days(
    session: &mut dyn Session,
    campaign: CampaignId,
    span: (Date, Date),
) -> Result<Vec<(Date, ReportFigures)>, Fault> {
    Ok(days(session, campaign, span)?.iter().map(|row| (row.day, ReportFigures::from(row))).collect())
}

/// Campaigns of an advertiser with their figures of a span, in order of their ids, behind `after`.
///
/// # Errors
/// Storage faults.
pub fn report_campaigns(
    session: &mut dyn Session,
    party: PartyId,
    span: (Date, Date),
    after: Option<CampaignId>,
    limit: i64,
) -> Result<Vec<(AdCampaignRow, ReportFigures)>, Fault> {
    let after = after.unwrap_or_default();
    let params = [Value::Bytes(&party.0.0), Value::Bytes(&after.0.0), Value::Int(limit)];
    let mut rows = Vec::new();
    session.query(&CAMPAIGNS_OF, &params, &mut |source| {
        rows.push(AdCampaignRow::read(source));
        true
    })?;
    let mut report = Vec::with_capacity(rows.len());
    for row in rows {
        let days = days(session, row.id, span)?;
        let figures =
            days.iter().fold(ReportFigures::default(), |sum, day| sum.and(ReportFigures::from(day)));
        report.push((row, figures));
    }
    Ok(report)
}

/// A keyword of a report; `None` for one that was taken away since.
pub type KeywordFigures = (KeywordId, Option<AdKeywordRow>, ReportFigures);

/// Keywords of a campaign with their figures of a span, in order of their ids, behind `after`; at most `limit` of them.
///
/// # Errors
/// Storage faults.
pub fn report_keywords(
    session: &mut dyn Session,
    campaign: CampaignId,
    (from, until): (Date, Date),
    after: Option<KeywordId>,
    limit: usize,
) -> Result<Vec<KeywordFigures>, Fault> {
    // The nil keyword is the campaign as a whole, and sorts before every other.
    let after = after.unwrap_or(KeywordId(Uid::NIL));
    let (first, last) = (from.to_string(), until.to_string());
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_mul(i64::from(REPORT_DAYS_MAX));
    let params = [
        Value::Bytes(&campaign.0.0),
        Value::Bytes(&after.0.0),
        Value::Text(&first),
        Value::Text(&last),
        Value::Int(most),
    ];
    let mut sums: Vec<(KeywordId, ReportFigures)> = Vec::new();
    session.query(&KEYWORD_DAYS, &params, &mut |source| {
        let row = AdDayRow::read(source);
        let full = sums.len() == limit;
        match sums.last_mut().filter(|(keyword, _)| *keyword == row.keyword) {
            Some((_, sum)) => *sum = sum.and(ReportFigures::from(&row)),
            None if full => return false,
            None => sums.push((row.keyword, ReportFigures::from(&row))),
        }
        true
    })?;
    let mut report = Vec::with_capacity(sums.len());
    for (keyword, figures) in sums {
        report.push((keyword, one::<AdKeywordRow>(session, (campaign, keyword))?, figures));
    }
    Ok(report)
}
