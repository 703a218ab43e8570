//! Spend and performance by hour, day, campaign and keyword (A10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{CampaignId, KeywordId, PartyId},
    time::Date,
};
use purser_engine::ads::{self, REPORT_DAYS_MAX, REPORT_HOUR_DAYS_MAX, ReportFigures, whole_account};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{campaigns::located, dto::date, of_advertiser};
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, page_of, parse_id},
    problem::Problem,
};

/// A line of a report. Amounts are minor units, rates parts per million.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportLine {
    /// First instant of the hour, the civil date, the campaign or the keyword.
    key: String,
    /// Name of the campaign, or the keyword; null for hours, days, and what was taken away since.
    name: Option<String>,
    /// Clicks that were charged.
    clicks: i64,
    /// Of them, found invalid later.
    invalid_clicks: i64,
    /// What clicks cost.
    spend_minor: i64,
    /// What was credited for invalid ones.
    refunded_minor: i64,
    /// Impressions, as they were reported.
    impressions: i64,
    /// Conversions, as they were reported.
    conversions: i64,
    /// Valid clicks of impressions; null without impressions.
    ctr_ppm: Option<i64>,
    /// Mean price of a valid click; null without clicks.
    cpc_minor: Option<i64>,
    /// Conversions of valid clicks; null without clicks.
    conversion_ppm: Option<i64>,
}

fn line(key: String, name: Option<String>, figures: ReportFigures) -> ReportLine {
    ReportLine {
        key,
        name,
        clicks: figures.clicks,
        invalid_clicks: figures.invalid,
        spend_minor: figures.spend_minor,
        refunded_minor: figures.refunded_minor,
        impressions: figures.impressions,
        conversions: figures.conversions,
        ctr_ppm: figures.ctr_ppm(),
        cpc_minor: figures.cpc_minor(),
        conversion_ppm: figures.conversion_ppm(),
    }
}

/// Which part of time a report shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// `hour`, `day` (when absent), `campaign` (of an advertiser) or `keyword` (of a campaign).
    by: Option<String>,
    /// First civil date; today when absent.
    from: Option<String>,
    /// Last civil date, included; today when absent.
    until: Option<String>,
    /// Most rows to return by campaign or keyword, 1 to 200; 50 when absent. Hours and days come whole.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

type Span = (Date, Date);

impl ReportParams {
    fn span(&self, call: &Call) -> Result<Span, Problem> {
        let today = call.app.zone.date(call.app.now());
        let read = |given: &Option<String>, field: &str| match given {
            None => Ok(today),
            Some(text) => date(text, field).map_err(|(field, text)| Problem::invalid(field, text)),
        };
        let (from, until) = (read(&self.from, "from")?, read(&self.until, "until")?);
        let most = if self.by.as_deref() == Some("hour") { REPORT_HOUR_DAYS_MAX } else { REPORT_DAYS_MAX };
        let days = from.until(until).map_or(i32::MAX, |span| span.get_days());
        if days < 0 {
            return Err(Problem::invalid("until", "until is not before from: both dates are included"));
        }
        if days >= most {
            return Err(Problem::invalid("from", format!("a report like this covers at most {most} days")));
        }
        Ok((from, until))
    }
}

/// Hours or days: whole, so without a cursor.
async fn in_time(call: &Call, campaign: CampaignId, hours: bool, span: Span) -> Result<Response, Problem> {
    let zone = call.app.zone.clone();
    let read = move |session: &mut dyn purser_engine::Session| {
        if !hours {
            let rows = ads::report_days(session, campaign, span)?;
            return Ok(rows.into_iter().map(|(day, f)| line(day.to_string(), None, f)).collect());
        }
        let end = zone.start_of(span.1.tomorrow().unwrap_or(span.1));
        let rows = ads::report_hours(session, campaign, (zone.start_of(span.0), end))?;
        Ok(rows.into_iter().map(|(hour, f)| line(hour.to_string(), None, f)).collect::<Vec<_>>())
    };
    let data = call.app.read(read).await?;
    Ok(json(&Page { data, next_cursor: None }))
}

fn no_such(what: &str) -> Problem {
    Problem::invalid("by", format!("a report is by {what}"))
}

/// Report an advertiser's spend and performance
///
/// By hour, by day, or by campaign, from figures that are kept with every charge.
#[utoipa::path(get, path = "/v1/parties/{id}/ad-report", tag = "advertising",
    params(("id" = String, Path, description = "Party, `pty_…`"), ReportParams),
    responses((status = 200, body = Page<ReportLine>, description = "Lines in order")))]
pub(crate) async fn report_account(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<ReportParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let span = params.span(&call)?;
    let known = call.app.read(move |session| of_advertiser(session, party, |_, _| Ok(()))).await?;
    known.or_problem(party)?;
    match params.by.as_deref() {
        Some("hour") => in_time(&call, whole_account(party), true, span).await,
        None | Some("day") => in_time(&call, whole_account(party), false, span).await,
        Some("campaign") => {
            let limit = limit(params.limit)?;
            let after = params.cursor.as_deref().map(Cursor::decode).transpose()?;
            let after = after.map(|at| CampaignId(at.id));
            let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
            let read = move |session: &mut dyn purser_engine::Session| {
                ads::report_campaigns(session, party, span, after, most)
            };
            let rows = call.app.read(read).await?;
            let cursor = |(row, _): &(ads::AdCampaignRow, ReportFigures)| Cursor::id(row.id.0);
            Ok(json(&page_of(rows, limit, cursor, |(row, figures)| {
                line(row.id.to_string(), Some(row.name), figures)
            })))
        }
        Some(_) => Err(no_such("hour, day or campaign")),
    }
}

/// Report a campaign's spend and performance
///
/// By hour, by day, or by keyword, from figures that are kept with every charge.
#[utoipa::path(get, path = "/v1/ad-campaigns/{id}/report", tag = "advertising",
    params(("id" = String, Path, description = "Campaign, `cmp_…`"), ReportParams),
    responses((status = 200, body = Page<ReportLine>, description = "Lines in order")))]
pub(crate) async fn report_campaign(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<ReportParams>,
) -> Result<Response, Problem> {
    let id: CampaignId = parse_id(&id, "id")?;
    let span = params.span(&call)?;
    located(&call, id).await?;
    match params.by.as_deref() {
        Some("hour") => in_time(&call, id, true, span).await,
        None | Some("day") => in_time(&call, id, false, span).await,
        Some("keyword") => {
            let limit = limit(params.limit)?;
            let after = params.cursor.as_deref().map(Cursor::decode).transpose()?;
            let after = after.map(|at| KeywordId(at.id));
            let read = move |session: &mut dyn purser_engine::Session| {
                ads::report_keywords(session, id, span, after, limit + 1)
            };
            let rows = call.app.read(read).await?;
            Ok(json(&page_of(
                rows,
                limit,
                |row| Cursor::id(row.0.0),
                |(keyword, row, figures)| line(keyword.to_string(), row.map(|row| row.word), figures),
            )))
        }
        Some(_) => Err(no_such("hour, day or keyword")),
    }
}
