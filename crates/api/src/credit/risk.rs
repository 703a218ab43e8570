//! Signs of cash-out (C21): what the platform tells with an order, and the scores that the desk sees. Scores, weights and
//! thresholds are for people at the desk (C10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::risk::{Ground, Reason, Score, Signal, Signals},
    ids::{PartyId, StaffId},
    time::Month,
};
use purser_engine::credit::{
    self,
    risk::{self, Told, is_opaque_hash, risk_terms},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Wrong, orders, wrong};
use crate::{
    edge::{Call, json, parse_id},
    problem::Problem,
};

/// Most hashes of one kind that a shop may have.
const HASHES_MAX: usize = 20;

/// What you know of an order's buyer and parcel: signs that you found yourself, or opaque hashes that are compared with
/// the merchant's own (`own_hashes` of the shop). Never the device, address or account itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the contract")]
pub(crate) struct OrderSignals {
    /// Ordered from a device of the merchant.
    #[serde(default)]
    same_device: bool,
    /// To an address of the merchant.
    #[serde(default)]
    same_address: bool,
    /// The buyer pays from, or to, an account of the merchant's payee.
    #[serde(default)]
    same_payee: bool,
    /// Shipped, and no scan is known.
    #[serde(default)]
    no_scan: bool,
    /// Hash of the buyer's device, 16 to 64 hexadecimal digits.
    device_hash: Option<String>,
    /// Hash of the address.
    address_hash: Option<String>,
    /// Hash of the buyer's account.
    payee_hash: Option<String>,
}

/// Opaque hashes of a merchant's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnHashes {
    /// Devices; at most 20.
    #[serde(default)]
    devices: Vec<String>,
    /// Addresses; at most 20.
    #[serde(default)]
    addresses: Vec<String>,
    /// Accounts that the merchant is paid to; at most 20.
    #[serde(default)]
    payees: Vec<String>,
}

fn hash(text: &str, field: String) -> Result<String, Wrong> {
    if is_opaque_hash(text) {
        return Ok(text.to_owned());
    }
    Err(wrong(field, "an opaque hash: 16 to 64 hexadecimal digits in lower case, never the value itself"))
}

pub(super) fn told(given: &OrderSignals) -> Result<Told, Wrong> {
    let signals = Signals::NONE
        .with_if(Signal::SameDevice, given.same_device)
        .with_if(Signal::SameAddress, given.same_address)
        .with_if(Signal::SamePayee, given.same_payee)
        .with_if(Signal::NoScan, given.no_scan);
    let found = [
        (Signal::SameDevice, &given.device_hash, "device_hash"),
        (Signal::SameAddress, &given.address_hash, "address_hash"),
        (Signal::SamePayee, &given.payee_hash, "payee_hash"),
    ];
    let mut hashes = Vec::new();
    for (signal, text, name) in found {
        if let Some(text) = text {
            hashes.push((signal, hash(text, format!("/signals/{name}"))?));
        }
    }
    Ok(Told { signals, hashes })
}

pub(super) fn own_hashes(given: &OwnHashes) -> Result<Vec<(Signal, String)>, Wrong> {
    let lists = [
        (Signal::SameDevice, &given.devices, "devices"),
        (Signal::SameAddress, &given.addresses, "addresses"),
        (Signal::SamePayee, &given.payees, "payees"),
    ];
    let mut all = Vec::new();
    for (signal, list, name) in lists {
        if list.len() > HASHES_MAX {
            return Err(wrong(format!("/own_hashes/{name}"), "at most 20 of a kind"));
        }
        for (n, text) in list.iter().enumerate() {
            all.push((signal, hash(text, format!("/own_hashes/{name}/{n}"))?));
        }
    }
    Ok(all)
}

/// One reason of a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskReason {
    /// Stable name of the sign.
    signal: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// Points that it adds; 0 while a release of it is honoured.
    points: u32,
    /// `own`: of the order or draw itself; `shop`: a pattern of the shop's orders.
    ground: &'static str,
    /// Share of the shop's orders, parts per million.
    measured_ppm: Option<i64>,
    /// Share above which it is a pattern, parts per million.
    bound_ppm: Option<i64>,
}

impl From<&Reason> for RiskReason {
    fn from(reason: &Reason) -> Self {
        let (ground, rates) = match reason.ground {
            Ground::Own => ("own", None),
            Ground::Shop { measured, bound } => ("shop", Some((measured.as_ppm(), bound.as_ppm()))),
        };
        Self {
            signal: reason.signal.name(),
            zh: reason.signal.zh(),
            en: reason.signal.en(),
            points: reason.points,
            ground,
            measured_ppm: rates.map(|rates| rates.0),
            bound_ppm: rates.map(|rates| rates.1),
        }
    }
}

/// A score with its reasons.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskScore {
    /// 0 to 100.
    points: u32,
    /// Points from which a person looks at it.
    review_from: u32,
    /// Every sign that is there.
    reasons: Vec<RiskReason>,
}

fn scored(score: &Score, review_from: u32) -> RiskScore {
    let reasons = score.reasons.iter().map(RiskReason::from).collect();
    RiskScore { points: score.points, review_from, reasons }
}

/// Orders of a month, by the month of their authorisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskMonth {
    /// `2026-03`.
    month: String,
    /// Pay-later orders.
    orders: u32,
    /// All orders of the shop; null until the month was reported.
    shop_orders: Option<u32>,
    /// Orders with each sign, by its name.
    #[schema(value_type = Object)]
    signals: serde_json::Map<String, serde_json::Value>,
}

/// A sign that people found harmless.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleasedSign {
    /// Stable name of the sign.
    signal: &'static str,
    /// Until when it counts nothing.
    until: String,
}

/// Signs of cash-out of a shop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShopRisk {
    /// The shop.
    merchant_id: String,
    /// Score of a draw of its proceeds now.
    score: RiskScore,
    /// What the patterns look at.
    months: Vec<RiskMonth>,
    /// When the limit rose last by enough to matter.
    raised_at: Option<String>,
    /// When proceeds were drawn last.
    drawn_at: Option<String>,
    /// Signs that count nothing for a while, because people found them harmless.
    released: Vec<ReleasedSign>,
    /// Reviews that wait for a decision.
    open_reviews: i64,
}

/// Scores are for people at the desk.
pub(super) fn person(call: &Call) -> Result<StaffId, Problem> {
    call.person(
        "scores and reviews are for people at the desk: sign in as staff, an API key does not see them",
    )
}

/// Read a shop's signs of cash-out, with score and reasons: staff only
#[utoipa::path(get, path = "/v1/parties/{id}/credit-risk", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = ShopRisk, description = "The signs")))]
pub(crate) async fn get_shop_risk(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    person(&call)?;
    let party: PartyId = parse_id(&id, "id")?;
    let now = call.app.clock.business();
    let (month, terms) = (Month::of(call.app.zone.date(now)), risk_terms(call.app.rules().policy.now(now)));
    let row = call.app.read(move |session| risk::shop_risk(session, party)).await?;
    let months = risk::shop_cohorts(&row, month, &terms).into_iter().map(|(month, cohort)| RiskMonth {
        month: month.to_string(),
        orders: cohort.orders,
        shop_orders: cohort.shop_orders,
        signals: Signal::ALL
            .iter()
            .filter(|signal| **signal != Signal::PayLaterShare)
            .map(|signal| (signal.name().to_owned(), cohort.count_of(*signal).into()))
            .collect(),
    });
    let released = row
        .releases(now)
        .map(|(signal, until)| ReleasedSign { signal: signal.name(), until: until.to_string() });
    Ok(json(&ShopRisk {
        merchant_id: party.to_string(),
        score: scored(&risk::shop_score_of(&row, now, month, &terms), terms.review_from),
        months: months.collect(),
        raised_at: row.raised_at.map(|at| at.to_string()),
        drawn_at: row.drawn_at.map(|at| at.to_string()),
        released: released.collect(),
        open_reviews: row.open_reviews,
    }))
}

/// Signs of cash-out of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderRisk {
    /// The order, `co_…`.
    order_id: String,
    /// The shop.
    merchant_id: String,
    /// Score of shipping it now.
    score: RiskScore,
    /// Reviews so far.
    reviews: i64,
}

/// Read an order's signs of cash-out, with score and reasons: staff only
#[utoipa::path(get, path = "/v1/credit-orders/{id}/risk", tag = "pay-later",
    params(("id" = String, Path, description = "Order, `co_…`; or `external:` and your own id")),
    responses((status = 200, body = OrderRisk, description = "The signs")))]
pub(crate) async fn get_order_risk(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    person(&call)?;
    let key = orders::key(&id)?;
    let now = call.app.clock.business();
    let (month, terms) = (Month::of(call.app.zone.date(now)), risk_terms(call.app.rules().policy.now(now)));
    let found = call.app.read(move |session| {
        let Some(order) = credit::order(session, key)? else { return Ok(None) };
        let shop = risk::shop_risk(session, order.merchant)?;
        Ok(Some((order, shop)))
    });
    let (order, shop) = found.await?.ok_or_else(orders::unknown_order)?;
    Ok(json(&OrderRisk {
        order_id: order.id.to_string(),
        merchant_id: order.merchant.to_string(),
        score: scored(&risk::order_score(&order, &shop, now, month, &terms), terms.review_from),
        reviews: order.reviews,
    }))
}
