//! Clicks of advertising campaigns (A7, A8) and the figures that the platform reports of them (A10).

use std::{fmt, marker::PhantomData, str::FromStr, sync::Arc};

use axum::{http::StatusCode, response::Response};
use purser_domain::{
    ads::price::{NextRank, Pricing},
    ids::{CampaignId, KeywordId, PartyId},
    time::{Date, Timestamp},
};
use purser_engine::{
    Rejection,
    ads::{
        CLICKS_MAX, ChargeClicks, ClickItem, ClickOutcome, CreditInvalidClicks, Figures, InvalidOutcome,
        ReportAdFigures, ReportedFigures,
    },
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};
use utoipa::ToSchema;

use crate::{
    edge::{Answer, Body, Call, bulk_size, parse_id, submit},
    problem::{Problem, named},
};

/// A text of an item that is read on its own: what is wrong with it is the item's, and not that of the whole call.
#[derive(Debug, Clone)]
pub(crate) struct Item<T>(Result<T, String>);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(PhantomData<T>);
        impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
            type Value = Item<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Item<T>, E> {
                Ok(Item(text.parse().map_err(|error: T::Err| error.to_string())))
            }
        }
        deserializer.deserialize_str(Text(PhantomData))
    }
}

/// The id of a click, shared by everything that names it.
#[derive(Debug, Clone)]
pub(crate) struct ClickName(Arc<str>);

impl FromStr for ClickName {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.into()))
    }
}

/// The next rank of an auction.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdNextRank {
    /// Its effective bid, minor units.
    bid_minor: i64,
    /// Its quality score.
    quality: i64,
}

/// The auction that a click's price is computed of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdAuction {
    /// Own quality score.
    quality: i64,
    /// The next rank; absent for the last one, which pays the smallest price.
    next: Option<AdNextRank>,
}

/// A click. The same click again costs nothing and is answered as before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdClick {
    /// Your own id of the click, unique for good: 1 to 64 visible ASCII characters. Ids that rise with time are stored
    /// fastest.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    click_id: Item<ClickName>,
    /// Campaign, `cmp_…`.
    #[schema(value_type = String)]
    campaign_id: Item<CampaignId>,
    /// Whose campaign you take it for, `pty_…`; refused when it is another advertiser's.
    #[schema(value_type = Option<String>)]
    advertiser_id: Option<Item<PartyId>>,
    /// Keyword, `kw_…`; needed where the price is computed.
    #[schema(value_type = Option<String>)]
    keyword_id: Option<Item<KeywordId>>,
    /// When it was clicked.
    #[schema(value_type = String, format = DateTime)]
    click_at: Item<Timestamp>,
    /// The price, minor units; or give `auction`.
    price_minor: Option<i64>,
    /// What the price is computed of.
    auction: Option<AdAuction>,
}

/// Several clicks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdClicks {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<AdClick>,
}

/// A click that was charged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdClickView {
    /// Your own id.
    click_id: String,
    /// Campaign.
    campaign_id: String,
    /// What it cost, minor units.
    amount_minor: i64,
    /// It had been charged before: nothing moved.
    replayed: bool,
}

/// Why an item was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdItemError {
    /// Stable machine code.
    code: &'static str,
    /// What is wrong.
    detail: String,
    /// JSON pointer into the item.
    pointer: Option<String>,
    /// Further values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    facts: Option<serde_json::Value>,
}

impl From<&Rejection> for AdItemError {
    fn from(rejection: &Rejection) -> Self {
        let facts: serde_json::Map<_, _> = rejection.facts.iter().map(named).collect();
        Self {
            code: rejection.code,
            detail: rejection.message.clone(),
            pointer: rejection.field.clone(),
            facts: (!facts.is_empty()).then_some(serde_json::Value::Object(facts)),
        }
    }
}

impl From<Rejection> for AdItemError {
    fn from(rejection: Rejection) -> Self {
        Self::from(&rejection)
    }
}

impl From<&(String, String)> for AdItemError {
    fn from((pointer, detail): &(String, String)) -> Self {
        let (detail, pointer) = (detail.clone(), Some(pointer.clone()));
        Self { code: "invalid_input", detail, pointer, facts: None }
    }
}

/// What is wrong with an item: where, and what would be right.
type Wrong = (&'static str, String);

impl From<&Wrong> for AdItemError {
    fn from((pointer, detail): &Wrong) -> Self {
        let (detail, pointer) = (detail.clone(), Some((*pointer).to_owned()));
        Self { code: "invalid_input", detail, pointer, facts: None }
    }
}

/// What became of one click.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdClickItem {
    /// Position in the request.
    index: usize,
    /// What it cost, minor units; null when it was refused.
    amount_minor: Option<i64>,
    /// It had been charged before: nothing moved.
    replayed: bool,
    /// Why not; null when it was charged.
    error: Option<AdItemError>,
}

/// What became of a list of clicks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdClickItems {
    /// Charged now.
    charged: usize,
    /// Charged before.
    replayed: usize,
    /// Refused.
    refused: usize,
    /// What the clicks that were charged now cost, minor units.
    amount_minor: i64,
    /// Item by item, in order.
    items: Vec<AdClickItem>,
}

fn read_text<T>(item: Item<T>, pointer: &'static str) -> Result<T, Wrong> {
    item.0.map_err(|text| (pointer, text))
}

fn read(given: AdClick) -> Result<ClickItem, Wrong> {
    let pricing = match (given.price_minor, given.auction) {
        (Some(price_minor), None) => Pricing::Given(price_minor),
        (None, Some(AdAuction { quality, next })) => {
            let next = next.map(|next| NextRank { bid_minor: next.bid_minor, quality: next.quality });
            Pricing::Auction { quality, next }
        }
        _ => return Err(("/price_minor", "give price_minor or auction, one of them".to_owned())),
    };
    Ok(ClickItem {
        click_id: read_text(given.click_id, "/click_id")?.0,
        campaign: read_text(given.campaign_id, "/campaign_id")?,
        party: given.advertiser_id.map(|id| read_text(id, "/advertiser_id")).transpose()?,
        keyword: given.keyword_id.map(|id| read_text(id, "/keyword_id")).transpose()?,
        at: read_text(given.click_at, "/click_at")?,
        pricing,
    })
}

/// Splits what was given into what can be decided and what is wrong already, keeping the places.
fn sort<G, R>(given: Vec<G>, read: impl Fn(G) -> Result<R, Wrong>) -> (Vec<R>, Vec<Result<usize, Wrong>>) {
    let mut items = Vec::with_capacity(given.len());
    let mut places = Vec::with_capacity(given.len());
    for given in given {
        places.push(read(given).map(|item| {
            items.push(item);
            items.len() - 1
        }));
    }
    (items, places)
}

/// Charge a click
///
/// Wholly or not at all: from grants, then cash; what the balance lacks becomes arrears within their limit. No
/// idempotency key is needed: the click's own id is remembered for weeks.
#[utoipa::path(post, path = "/v1/ad-clicks", tag = "advertising", request_body = AdClick,
    responses((status = 200, body = AdClickView, description = "What it cost")))]
pub(crate) async fn charge_click(call: Call, body: Body<AdClick>) -> Result<Response, Problem> {
    let item = read(body.value).map_err(|(pointer, text)| Problem::invalid(pointer, text))?;
    let (click_id, campaign_id) = (item.click_id.to_string(), item.campaign.to_string());
    submit(&call, body.digest, ChargeClicks::single(item), move |outcomes| match outcomes.first() {
        Some(Ok(click)) => Answer::ok(&AdClickView {
            click_id: click_id.clone(),
            campaign_id: campaign_id.clone(),
            amount_minor: click.amount_minor,
            replayed: click.replayed,
        }),
        _ => Answer::new(StatusCode::INTERNAL_SERVER_ERROR, &serde_json::Value::Null),
    })
    .await
}

fn click_item(index: usize, place: &Result<usize, Wrong>, outcomes: &[ClickOutcome]) -> AdClickItem {
    let refused = |error| AdClickItem { index, amount_minor: None, replayed: false, error: Some(error) };
    match place.as_ref().map(|at| outcomes.get(*at)) {
        Ok(Some(Ok(click))) => {
            let (amount_minor, replayed) = (Some(click.amount_minor), click.replayed);
            AdClickItem { index, amount_minor, replayed, error: None }
        }
        Ok(Some(Err(rejection))) => refused(rejection.as_ref().into()),
        Ok(None) => refused((&("", "no outcome".to_owned())).into()),
        Err(wrong) => refused(wrong.into()),
    }
}

fn click_items(places: &[Result<usize, Wrong>], outcomes: &[ClickOutcome]) -> AdClickItems {
    let items = places.iter().enumerate().map(|(index, place)| click_item(index, place, outcomes));
    let items: Vec<AdClickItem> = items.collect();
    let refused = items.iter().filter(|item| item.error.is_some()).count();
    let replayed = items.iter().filter(|item| item.replayed).count();
    let new = items.iter().filter(|item| !item.replayed);
    let amount_minor = new.filter_map(|item| item.amount_minor).fold(0, i64::saturating_add);
    AdClickItems { charged: items.len() - refused - replayed, replayed, refused, amount_minor, items }
}

/// Charge many clicks
///
/// Item by item, in order: a refused click leaves the others alone. Posted as one transfer per campaign and source of
/// money, with the clicks as its lines. Send the same call again when you did not get an answer.
#[utoipa::path(post, path = "/v1/ad-clicks/bulk", tag = "advertising", request_body = AdClicks,
    responses((status = 200, body = AdClickItems, description = "Outcomes, in order")))]
pub(crate) async fn charge_clicks(call: Call, body: Body<AdClicks>) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let (items, places) = sort(value.items, read);
    submit(&call, digest, ChargeClicks::bulk(items), move |outcomes| {
        Answer::ok(&click_items(&places, outcomes))
    })
    .await
}

/// Clicks that were found invalid after they were charged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvalidAdClicks {
    /// The advertiser, `pty_…`.
    advertiser_id: String,
    /// Your own ids of the clicks, in order; at most what policy `bulk.items` says.
    #[schema(value_type = Vec<String>)]
    click_ids: Vec<Item<ClickName>>,
    /// Why they are invalid: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// What became of one click.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvalidAdClickItem {
    /// Position in the request.
    index: usize,
    /// What was credited for it, minor units; null when it was refused.
    credited_minor: Option<i64>,
    /// What was not, because its grant has ended or the end of its day had credited it already, minor units.
    not_credited_minor: Option<i64>,
    /// Why not; null when it was taken.
    error: Option<AdItemError>,
}

/// What became of a list of clicks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvalidAdClickItems {
    /// Credited in all, minor units.
    credited_minor: i64,
    /// Refused.
    refused: usize,
    /// Item by item, in order.
    items: Vec<InvalidAdClickItem>,
}

fn invalid_item((index, outcome): (usize, &InvalidOutcome)) -> InvalidAdClickItem {
    let (credited_minor, not_credited_minor, error) = match outcome {
        Ok((credited, lost)) => (Some(*credited), Some(*lost), None),
        Err(rejection) => (None, None, Some(rejection.as_ref().into())),
    };
    InvalidAdClickItem { index, credited_minor, not_credited_minor, error }
}

/// Longest reason, in characters.
const REASON_MAX: usize = 200;

/// Credit clicks that were found invalid
///
/// Item by item: the money goes back to where it came from, arrears first; a grant that has ended is not revived. Clicks
/// that you filter at once are simply not reported.
#[utoipa::path(post, path = "/v1/ad-clicks/invalid", tag = "advertising", request_body = InvalidAdClicks,
    responses((status = 200, body = InvalidAdClickItems, description = "Outcomes, in order")))]
pub(crate) async fn credit_invalid_clicks(
    call: Call,
    body: Body<InvalidAdClicks>,
) -> Result<Response, Problem> {
    let InvalidAdClicks { advertiser_id, click_ids, reason } = body.value;
    let party: PartyId = parse_id(&advertiser_id, "/advertiser_id")?;
    bulk_size("/click_ids", click_ids.len(), call.app.bulk_items().min(CLICKS_MAX))?;
    if !(1..=REASON_MAX).contains(&reason.chars().count()) || reason.contains(char::is_control) {
        return Err(Problem::invalid("/reason", format!("1 to {REASON_MAX} printable characters")));
    }
    let clicks = click_ids.into_iter().map(|id| read_text(id, "/click_ids").map(|name| name.0));
    let clicks: Result<Vec<Arc<str>>, Wrong> = clicks.collect();
    let clicks = clicks.map_err(|(pointer, text)| Problem::invalid(pointer, text))?;
    let command = CreditInvalidClicks { party, clicks, reason };
    submit(&call, body.digest, command, |outcomes| {
        let items: Vec<_> = outcomes.iter().enumerate().map(invalid_item).collect();
        let credited_minor = items.iter().filter_map(|item| item.credited_minor).fold(0, i64::saturating_add);
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Answer::ok(&InvalidAdClickItems { credited_minor, refused, items })
    })
    .await
}

/// What the platform counted. It takes the place of what it said before of the same hour or day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdFigures {
    /// Campaign, `cmp_…`.
    #[schema(value_type = String)]
    campaign_id: Item<CampaignId>,
    /// For the campaign: any instant of the hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    hour: Option<Item<Timestamp>>,
    /// For one of its keywords: the civil date.
    #[schema(value_type = Option<String>, format = Date)]
    day: Option<Item<Date>>,
    /// Keyword, `kw_…`; with `day`.
    #[schema(value_type = Option<String>)]
    keyword_id: Option<Item<KeywordId>>,
    /// Impressions in all.
    #[schema(minimum = 0)]
    impressions: i64,
    /// Conversions in all.
    #[schema(minimum = 0)]
    conversions: i64,
}

/// Several figures.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdFiguresList {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<AdFigures>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdFiguresItem {
    /// Position in the request.
    index: usize,
    /// Why it was refused; null when it was taken.
    error: Option<AdItemError>,
}

/// What became of a list of figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdFiguresItems {
    /// Refused.
    refused: usize,
    /// Item by item, in order.
    items: Vec<AdFiguresItem>,
}

fn read_figures(given: AdFigures) -> Result<ReportedFigures, Wrong> {
    let of = match (given.hour, given.day, given.keyword_id) {
        (Some(hour), None, None) => Figures::Hour(read_text(hour, "/hour")?),
        (None, Some(day), Some(keyword)) => {
            let day = read_text(day, "/day")?;
            if !(2000..=2199).contains(&day.year()) {
                return Err(("/day", "a civil date between 2000 and 2199, like 2026-03-01".to_owned()));
            }
            Figures::KeywordDay(read_text(keyword, "/keyword_id")?, day)
        }
        _ => return Err(("/hour", "give hour, or keyword_id and day".to_owned())),
    };
    let campaign = read_text(given.campaign_id, "/campaign_id")?;
    Ok(ReportedFigures { campaign, of, impressions: given.impressions, conversions: given.conversions })
}

/// Report impressions and conversions
///
/// Item by item. What is said of an hour or day takes the place of what was said before, so that sending it again
/// changes nothing.
#[utoipa::path(post, path = "/v1/ad-figures/bulk", tag = "advertising", request_body = AdFiguresList,
    responses((status = 200, body = AdFiguresItems, description = "Outcomes, in order")))]
pub(crate) async fn report_ad_figures(call: Call, body: Body<AdFiguresList>) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let (items, places) = sort(value.items, read_figures);
    submit(&call, digest, ReportAdFigures { items }, move |outcomes| {
        let error = |place: &Result<usize, Wrong>| match place.as_ref().map(|at| outcomes.get(*at)) {
            Ok(Some(Err(rejection))) => Some(rejection.as_ref().into()),
            Ok(_) => None,
            Err(wrong) => Some(wrong.into()),
        };
        let items =
            places.iter().enumerate().map(|(index, place)| AdFiguresItem { index, error: error(place) });
        let items: Vec<_> = items.collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Answer::ok(&AdFiguresItems { refused, items })
    })
    .await
}
