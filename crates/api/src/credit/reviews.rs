//! Reviews of what may be cash-out (C21): what the desk sees and decides, and what the merchant hears of it: what is
//! asked of it and by when (C10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::risk::{Approval, State, Verdict},
    ids::RiskReviewId,
    time::Timestamp,
};
use purser_engine::credit::{
    self,
    risk::{
        self, DecideRiskReview, EVIDENCE_EN, EVIDENCE_ZH, HELD_EN, HELD_ZH, OpenRiskReview, ReviewFilter,
        RiskReviewRow,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CreditOrderView, RiskReason, orders, risk::person};
use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, PageParams, Params, json, json_versioned, page_of, parse_id, submit,
    },
    problem::Problem,
};

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

/// A person's word for a release.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewApproval {
    /// Whose, `stf_…`.
    by: String,
    /// What was held then, minor units: it does not count for more.
    held_minor: i64,
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
    /// Of the order, minor units that are held now: what a release would advance. Null of a withdrawal.
    held_minor: Option<i64>,
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
    approvals: Vec<ReviewApproval>,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// Why.
    note: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl RiskReview {
    fn of(row: &RiskReviewRow, held_minor: Option<i64>) -> Self {
        let approval =
            |given: Approval| ReviewApproval { by: given.by.to_string(), held_minor: given.held_minor };
        Self {
            id: row.id.to_string(),
            merchant_id: row.party.to_string(),
            subject: row.subject.clone(),
            amount_minor: row.amount,
            held_minor,
            state: row.state.clone(),
            score: row.score,
            reasons: row.reasons().iter().map(RiskReason::from).collect(),
            policy_version: row.policy_version,
            opened_by: row.opened_by.clone(),
            opened_at: row.opened_at.to_string(),
            due_at: row.due_at.map(|at| at.to_string()),
            case_id: row.case_id.clone(),
            approvals: row.approvals().into_iter().map(approval).collect(),
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
    let found = call.app.read(move |session| {
        let rows = risk::reviews(session, filter, below, most)?;
        let held = risk::held_now(session, &rows)?;
        Ok((rows, held))
    });
    let (rows, held) = found.await?;
    let held = |row: &RiskReviewRow| row.order().and_then(|order| held.get(&order).copied());
    let cursor = |row: &RiskReviewRow| Cursor { numbers: vec![row.opened_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| RiskReview::of(&row, held(&row)))))
}

/// Read a review: staff only
#[utoipa::path(get, path = "/v1/risk-reviews/{id}", tag = "pay-later",
    params(("id" = String, Path, description = "Review, `rr_…`")),
    responses((status = 200, body = RiskReview, description = "The review")))]
pub(crate) async fn get_risk_review(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    person(&call)?;
    let id: RiskReviewId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| {
        let Some(row) = risk::review(session, id)? else { return Ok(None) };
        let held = risk::held_now(session, std::slice::from_ref(&row))?.into_values().next();
        Ok(Some((row, held)))
    });
    let unknown = || Problem::not_found("review_unknown", "there is no such review");
    let (row, held) = found.await?.ok_or_else(unknown)?;
    Ok(json_versioned(&RiskReview::of(&row, held), row.version))
}

/// What a person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RiskDecision {
    /// `release`: honest trade, what was held is advanced; `confirm`: made for cash-out, it never is.
    decision: String,
    /// Why; kept with the label, not shown to the merchant.
    note: String,
    /// For `release`: `held_minor` of the review as you saw it, minor units. When more is held by now the decision is
    /// refused with `version_conflict`, so that nobody releases what nobody looked at.
    held_minor: Option<i64>,
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
    let missing = || Problem::invalid("/held_minor", "missing: how much of the order did you see held?");
    let seen_minor = match verdict {
        Verdict::Release => body.value.held_minor.ok_or_else(missing)?,
        Verdict::Confirm => 0,
    };
    let (id, note) = (parse_id(&id, "id")?, body.value.note);
    let command = DecideRiskReview { id, verdict, seen_minor, note, by, if_version: call.if_match };
    submit(&call, body.digest, command, |decided| {
        let review = RiskReview::of(&decided.review, Some(decided.held_minor));
        let order = decided.order.as_ref().map(CreditOrderView::from);
        Answer::ok(&RiskDecided { review, order })
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
    submit(&call, body.digest, command, |row| Answer::created(&RiskReview::of(row, Some(row.amount)))).await
}
