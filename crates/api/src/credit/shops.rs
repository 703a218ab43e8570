//! What the platform reports about shops (C2–C7).

use axum::{http::StatusCode, response::Response};
use purser_domain::{
    credit::{Component, Dsr, MonthFacts, Source},
    ids::PartyId,
    money::Rate,
};
use purser_engine::credit::{CreditShopRow, ReportShops, ShopOutcome, ShopReport, facts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CreditItemError, OwnHashes, Wrong, date, merchant, own_hashes, problem, sort, wrong};
use crate::{
    edge::{Answer, Body, Call, bulk_size, submit},
    problem::Problem,
};

/// The three parts of a rating, in hundredths of a point: 480 is 4.8.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// Goods as described.
    description: u16,
    /// Service.
    service: u16,
    /// Logistics.
    logistics: u16,
}

/// A civil month that is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopMonth {
    /// `2026-03`.
    month: String,
    /// Orders.
    orders: u32,
    /// Turnover, minor units.
    turnover_minor: i64,
    /// Returned of all orders, parts per million.
    return_rate_ppm: i64,
    /// Rating; absent when nobody rated.
    dsr: Option<Rating>,
}

/// A part of the limit with its source.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopComponent {
    /// `credit_evaluation`, `level_and_volume`, `service_quality` or `partner`.
    source: String,
    /// Minor units, 0 or more.
    amount_minor: i64,
    /// First civil date it counts on.
    since: String,
    /// First civil date it no longer counts on; absent: until further notice.
    until: Option<String>,
    /// What it rests on: a reference or a sentence of 1 to 200 characters, which the merchant reads. Nothing personal.
    /// Absent: as it was, unless the amount is another one.
    pub(super) evidence: Option<String>,
}

/// What is known of a shop; what is absent stays as it is. The same again changes nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopStatement {
    /// Party, `pty_…`; or give `merchant_external_id`.
    merchant_id: Option<String>,
    /// Your own id of the party.
    merchant_external_id: Option<String>,
    /// Civil date on which it opened; needed the first time, never changed.
    opened_on: Option<String>,
    /// Shop level, 1 to 100; needed the first time.
    level: Option<u32>,
    /// Return rate of the last 30 days, parts per million.
    return_rate_ppm: Option<i64>,
    /// Funds of the shop that are frozen, minor units: the limit is frozen by as much.
    #[schema(value_type = Option<i64>, minimum = 0)]
    frozen_minor: Option<i64>,
    /// Flagged high-risk: the limit is zero.
    high_risk: Option<bool>,
    /// Closed months.
    #[serde(default)]
    months: Vec<ShopMonth>,
    /// Civil dates on which trainings were completed.
    #[serde(default)]
    trainings: Vec<String>,
    /// Components, known by source and `since`: the same again corrects itself, a new one ends the one before.
    #[serde(default)]
    components: Vec<ShopComponent>,
    /// Opaque hashes of the merchant's own devices, addresses and payees: all of them, in the place of those before.
    /// They are made as those of the orders are, and never are the values themselves.
    own_hashes: Option<OwnHashes>,
}

/// Several shops.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopStatements {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<ShopStatement>,
}

/// What a report led to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShopView {
    /// The shop.
    merchant_id: String,
    /// The limit, minor units.
    total_minor: i64,
    /// Whether the report changed anything.
    changed: bool,
    /// Number of the last evaluation.
    evaluation: i64,
}

impl ShopView {
    fn of(row: &CreditShopRow, changed: bool) -> Self {
        Self {
            merchant_id: row.party.to_string(),
            total_minor: row.total,
            changed,
            evaluation: row.evaluations,
        }
    }
}

/// What became of one statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShopItem {
    /// Position in the request.
    index: usize,
    /// The shop as it stands; null when the statement was refused.
    shop: Option<ShopView>,
    /// Why not; null when it was taken.
    error: Option<CreditItemError>,
}

/// What became of a list of statements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShopItems {
    /// Item by item, in order.
    items: Vec<ShopItem>,
    /// Taken.
    taken: usize,
    /// Refused.
    refused: usize,
}

pub(super) fn month(
    index: usize,
    given: &ShopMonth,
) -> Result<(purser_domain::time::Month, MonthFacts), Wrong> {
    let month = facts::month(&given.month)
        .ok_or_else(|| wrong(format!("/months/{index}/month"), "a civil month, like 2026-03"))?;
    let dsr = given.dsr.as_ref().map(|rating| Dsr {
        description: rating.description,
        service: rating.service,
        logistics: rating.logistics,
    });
    let facts = MonthFacts {
        orders: given.orders,
        turnover_minor: given.turnover_minor,
        return_rate: Rate::ppm(given.return_rate_ppm),
        dsr,
    };
    Ok((month, facts))
}

pub(super) fn component(index: usize, given: &ShopComponent) -> Result<Component, Wrong> {
    let field = |name: &str| format!("/components/{index}/{name}");
    let text = "a source is credit_evaluation, level_and_volume, service_quality or partner";
    let source = Source::named(&given.source).ok_or_else(|| wrong(field("source"), text))?;
    let until = given.until.as_deref().map(|until| date(until, field("until"))).transpose()?;
    let since = date(&given.since, field("since"))?;
    Ok(Component { source, amount_minor: given.amount_minor, since, until })
}

fn read(given: &ShopStatement) -> Result<(PartyId, ShopReport), Wrong> {
    let party = merchant(given.merchant_id.as_deref(), given.merchant_external_id.as_deref())?;
    let report = ShopReport {
        opened_on: given.opened_on.as_deref().map(|on| date(on, "/opened_on")).transpose()?,
        level: given.level,
        return_rate: given.return_rate_ppm.map(Rate::ppm),
        frozen_minor: given.frozen_minor,
        high_risk: given.high_risk,
        months: given.months.iter().enumerate().map(|(n, m)| month(n, m)).collect::<Result<_, _>>()?,
        trainings: given
            .trainings
            .iter()
            .enumerate()
            .map(|(n, day)| date(day, format!("/trainings/{n}")))
            .collect::<Result<_, _>>()?,
        components: given
            .components
            .iter()
            .enumerate()
            .map(|(n, c)| component(n, c))
            .collect::<Result<_, _>>()?,
        evidence: given
            .components
            .iter()
            .enumerate()
            .filter_map(|(n, c)| Some((n, c.evidence.clone()?)))
            .collect(),
        own_hashes: given.own_hashes.as_ref().map(own_hashes).transpose()?,
    };
    Ok((party, report))
}

/// Report a shop
///
/// Level, months, ratings, components: the limit is evaluated at once.
#[utoipa::path(post, path = "/v1/credit-shops", tag = "pay-later", request_body = ShopStatement,
    responses((status = 200, body = ShopView, description = "The limit as it stands")))]
pub(crate) async fn report_shop(call: Call, body: Body<ShopStatement>) -> Result<Response, Problem> {
    let item = read(&body.value).map_err(problem)?;
    let command = ReportShops { items: vec![item], single: true };
    submit(&call, body.digest, command, |outcomes| match outcomes.first() {
        Some(Ok((row, changed))) => Answer::ok(&ShopView::of(row, *changed)),
        _ => Answer::new(StatusCode::INTERNAL_SERVER_ERROR, &serde_json::Value::Null),
    })
    .await
}

fn item(index: usize, place: &Result<usize, Wrong>, outcomes: &[ShopOutcome]) -> ShopItem {
    let refused = |error| ShopItem { index, shop: None, error: Some(error) };
    match place.as_ref().map(|at| outcomes.get(*at)) {
        Ok(Some(Ok((row, changed)))) => {
            ShopItem { index, shop: Some(ShopView::of(row, *changed)), error: None }
        }
        Ok(Some(Err(rejection))) => refused(rejection.into()),
        Ok(None) => refused((&wrong("", "no outcome")).into()),
        Err(wrong) => refused(wrong.into()),
    }
}

/// Report many shops
///
/// Item by item: a refused item leaves the others alone.
#[utoipa::path(post, path = "/v1/credit-shops/bulk", tag = "pay-later", request_body = ShopStatements,
    responses((status = 200, body = ShopItems, description = "Outcomes, in order")))]
pub(crate) async fn report_shops(call: Call, body: Body<ShopStatements>) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let (items, places) = sort(&value.items, read);
    submit(&call, digest, ReportShops { items, single: false }, move |outcomes| {
        let items: Vec<_> = places.iter().enumerate().map(|(n, place)| item(n, place, outcomes)).collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Answer::ok(&ShopItems { taken: items.len() - refused, refused, items })
    })
    .await
}
