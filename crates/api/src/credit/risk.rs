//! Signs of cash-out (C21): what the platform tells with an order, what the desk sees and decides. Scores, weights and
//! thresholds are for people at the desk; the merchant hears what is asked of it and by when (C10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::risk::{Ground, Reason, Score, Signal, Signals, State, Verdict},
    ids::{PartyId, RiskReviewId, StaffId},
    time::{Month, Timestamp},
};
use purser_engine::credit::{
    self,
    risk::{
        self, DecideRiskReview, EVIDENCE_EN, EVIDENCE_ZH, HELD_EN, HELD_ZH, OpenRiskReview, ReviewFilter,
        RiskReviewRow, Told, is_opaque_hash, risk_terms,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CreditOrderView, Wrong, orders, wrong};
use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, PageParams, Params, json, json_versioned, page_of, parse_id, submit,
    },
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

/// What the merchant is told while people look at an order: nothing of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewNotice {
    /// In Chinese.
    message_zh: &'static str,
    /// In English.
    message_en: &'static str,
    /// Papers that help, in Chinese.
    evidence_zh: &'static str,
    /// In English.
    evidence_en: &'static str,
    /// The case where they are handed in.
    case_id: String,
    /// By when it is decided; null while the calendar does not know.
    decide_by: Option<String>,
}

impl ReviewNotice {
    pub(super) fn of(row: &RiskReviewRow) -> Option<Self> {
        (row.state() == State::Open).then(|| Self {
            message_zh: HELD_ZH,
            message_en: HELD_EN,
            evidence_zh: EVIDENCE_ZH,
            evidence_en: EVIDENCE_EN,
            case_id: row.case_id.clone(),
            decide_by: row.due_at.map(|at| at.to_string()),
        })
    }
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
    /// Until when released signs count nothing.
    released_until: Option<String>,
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
    let released = row.released_until.filter(|until| now < *until);
    Ok(json(&ShopRisk {
        merchant_id: party.to_string(),
        score: scored(&risk::shop_score_of(&row, now, month, &terms), terms.review_from),
        months: months.collect(),
        raised_at: row.raised_at.map(|at| at.to_string()),
        drawn_at: row.drawn_at.map(|at| at.to_string()),
        released_until: released.map(|at| at.to_string()),
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

/// What was held, why, and what people decided: a label to judge rules by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskReview {
    /// Review, `rr_…`.
    id: String,
    /// The shop.
    merchant_id: String,
    /// What is held: `co_…` or `wd_…`.
    subject: String,
    /// Minor units that were held when it was opened.
    amount_minor: i64,
    /// `open`, `released` (honest trade), `confirmed` (cash-out) or `withdrawn` (called off: no label).
    state: String,
    /// Points at that time.
    score: i64,
    /// Reasons at that time.
    reasons: Vec<RiskReason>,
    /// Policy version behind them.
    policy_version: i64,
    /// `system` or who at the desk, `stf_…`.
    opened_by: String,
    /// When.
    opened_at: String,
    /// By when the desk owes a decision.
    due_at: Option<String>,
    /// Its case.
    case_id: String,
    /// Who agreed to a release.
    approvals: Vec<String>,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// Why.
    note: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&RiskReviewRow> for RiskReview {
    fn from(row: &RiskReviewRow) -> Self {
        Self {
            id: row.id.to_string(),
            merchant_id: row.party.to_string(),
            subject: row.subject.clone(),
            amount_minor: row.amount,
            state: row.state.clone(),
            score: row.score,
            reasons: row.reasons().iter().map(RiskReason::from).collect(),
            policy_version: row.policy_version,
            opened_by: row.opened_by.clone(),
            opened_at: row.opened_at.to_string(),
            due_at: row.due_at.map(|at| at.to_string()),
            case_id: row.case_id.clone(),
            approvals: row.approvals.split_whitespace().map(str::to_owned).collect(),
            decided_by: Some(row.decided_by.clone()).filter(|by| !by.is_empty()),
            decided_at: row.decided_at.map(|at| at.to_string()),
            note: row.note.clone(),
            version: row.version,
        }
    }
}

/// Which reviews.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewParams {
    /// `open`, `released`, `confirmed` or `withdrawn`.
    state: Option<String>,
    /// Of this party, `pty_…`.
    party: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

pub(super) fn filter(state: Option<&str>, party: Option<&str>) -> Result<ReviewFilter, Problem> {
    let known = |name: &str| {
        State::named(name).ok_or_else(|| Problem::invalid("state", "open, released, confirmed or withdrawn"))
    };
    Ok(ReviewFilter {
        state: state.map(known).transpose()?,
        party: party.map(|id| parse_id(id, "party")).transpose()?,
    })
}

/// List reviews, the newest first: staff only
#[utoipa::path(get, path = "/v1/risk-reviews", tag = "pay-later", params(ReviewParams),
    responses((status = 200, body = Page<RiskReview>, description = "Reviews")))]
pub(crate) async fn list_risk_reviews(
    call: Call,
    Params(params): Params<ReviewParams>,
) -> Result<Response, Problem> {
    person(&call)?;
    let filter = filter(params.state.as_deref(), params.party.as_deref())?;
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let below = match &page.cursor {
        Some(text) => {
            let cursor = Cursor::decode(text)?;
            cursor.numbers.first().map(|at| (Timestamp(*at), RiskReviewId(cursor.id)))
        }
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| risk::reviews(session, filter, below, most)).await?;
    let cursor = |row: &RiskReviewRow| Cursor { numbers: vec![row.opened_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| RiskReview::from(&row))))
}

/// Read a review: staff only
#[utoipa::path(get, path = "/v1/risk-reviews/{id}", tag = "pay-later",
    params(("id" = String, Path, description = "Review, `rr_…`")),
    responses((status = 200, body = RiskReview, description = "The review")))]
pub(crate) async fn get_risk_review(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    person(&call)?;
    let id: RiskReviewId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| risk::review(session, id)).await?;
    let row = found.ok_or_else(|| Problem::not_found("review_unknown", "there is no such review"))?;
    Ok(json_versioned(&RiskReview::from(&row), row.version))
}

/// What a person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RiskDecision {
    /// `release`: honest trade, what was held is advanced; `confirm`: made for cash-out, it never is.
    decision: String,
    /// Why; kept with the label, not shown to the merchant.
    note: String,
}

/// A decided review.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskDecided {
    /// The review; still `open` while a release waits for a second person.
    review: RiskReview,
    /// The order as it stands; null while nothing is decided.
    order: Option<CreditOrderView>,
}

/// Decide a review of an order: staff only
///
/// Releasing a large amount takes two different people. A review of a withdrawal is decided with the withdrawal.
#[utoipa::path(post, path = "/v1/risk-reviews/{id}/decision", tag = "pay-later", request_body = RiskDecision,
    params(("id" = String, Path, description = "Review, `rr_…`")),
    responses((status = 200, body = RiskDecided, description = "Decided")))]
pub(crate) async fn decide_risk_review(
    call: Call,
    Path(id): Path<String>,
    body: Body<RiskDecision>,
) -> Result<Response, Problem> {
    let by = person(&call)?;
    let verdict = match body.value.decision.as_str() {
        "release" => Verdict::Release,
        "confirm" => Verdict::Confirm,
        _ => return Err(Problem::invalid("/decision", "release or confirm")),
    };
    let (id, note) = (parse_id(&id, "id")?, body.value.note);
    let command = DecideRiskReview { id, verdict, note, by, if_version: call.if_match };
    submit(&call, body.digest, command, |decided| {
        let order = decided.order.as_ref().map(CreditOrderView::from);
        Answer::ok(&RiskDecided { review: RiskReview::from(&decided.review), order })
    })
    .await
}

/// Why an order is looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRiskReview {
    /// Why; kept, not shown to the merchant.
    reason: String,
}

/// Open a review of an order by hand: staff only
///
/// What is shipped of the order from now on is held. Confirmed, it is the ground for recourse.
#[utoipa::path(post, path = "/v1/credit-orders/{id}/risk-reviews", tag = "pay-later", request_body = NewRiskReview,
    params(("id" = String, Path, description = "Order, `co_…`; or `external:` and your own id")),
    responses((status = 201, body = RiskReview, description = "It is under review")))]
pub(crate) async fn open_risk_review(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewRiskReview>,
) -> Result<Response, Problem> {
    let by = person(&call)?;
    let order = orders::key(&id)?;
    let found = call.app.read(move |session| credit::order(session, order)).await?;
    let row = found.ok_or_else(orders::unknown_order)?;
    let command = OpenRiskReview { order, merchant: row.merchant, reason: body.value.reason, by };
    submit(&call, body.digest, command, |row| Answer::created(&RiskReview::from(row))).await
}
