//! Appeals against a limit that is zero or reduced (C7), and questions about a limit (C23).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    casework::Kind,
    credit::Ground,
    ids::{CreditOrderId, PartyId, StaffId},
    time::Timestamp,
};
use purser_engine::{
    cases::{Author, CaseRow, OpenCase, Subject},
    credit::{self, CreditAppealRow, DecideAppeal, FileAppeal, credit_order_id},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{date, problem};
use crate::{
    cases::{CaseView, Viewer},
    edge::{Answer, Body, Call, json, parse_id, submit},
    problem::Problem,
};

/// An appeal with a plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAppeal {
    /// Against what: the name of one of the limit's `held_by`.
    against: String,
    /// What the merchant will do, 1 to 4,000 characters. Papers are uploaded to the case.
    plan: String,
}

/// An appeal. Where it stands is what its case says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppealView {
    /// The shop.
    merchant_id: String,
    /// Against what.
    against: String,
    /// When.
    filed_at: String,
    /// The limit at that time, minor units.
    total_minor: i64,
    /// When it was decided.
    decided_at: Option<String>,
    /// Whether it was granted; null before that.
    granted: Option<bool>,
    /// First civil date on which a rule that was set aside counts again.
    until: Option<String>,
    /// The case with the plan, the papers and the outcome.
    case: CaseView,
}

impl AppealView {
    fn of((row, case): &(CreditAppealRow, CaseRow), viewer: Viewer, now: Timestamp) -> Self {
        Self {
            merchant_id: row.party.to_string(),
            against: row.ground.clone(),
            filed_at: row.filed_at.to_string(),
            total_minor: row.total,
            decided_at: row.decided_at.map(|at| at.to_string()),
            granted: row.decided_at.map(|_| row.granted),
            until: row.until.clone(),
            case: CaseView::of(case, viewer, now),
        }
    }
}

/// Appeals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppealViews {
    /// The last one against each thing.
    data: Vec<AppealView>,
}

fn ground(name: &str, pointer: &str) -> Result<Ground, Problem> {
    let text = "a name of the limit's `held_by` that can be appealed against";
    Ground::named(name).ok_or_else(|| Problem::invalid(pointer, text))
}

/// Appeal against a limit that is zero or reduced, with a plan
///
/// Opens a case; papers are uploaded there. Staff decide within the days of policy `case.due`.
#[utoipa::path(post, path = "/v1/parties/{id}/limit/appeals", tag = "pay-later", request_body = NewAppeal,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = AppealView, description = "Filed")))]
pub(crate) async fn file_appeal(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewAppeal>,
) -> Result<Response, Problem> {
    let party = parse_id(&id, "id")?;
    let command =
        FileAppeal { party, ground: ground(&body.value.against, "/against")?, plan: body.value.plan };
    let (now, viewer) = (call.app.now(), Viewer::of(&call));
    submit(&call, body.digest, command, move |found| Answer::created(&AppealView::of(found, viewer, now)))
        .await
}

/// List a shop's appeals
#[utoipa::path(get, path = "/v1/parties/{id}/limit/appeals", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = AppealViews, description = "The last appeal against each thing")))]
pub(crate) async fn list_appeals(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| credit::appeals(session, party)).await?;
    let (now, viewer) = (call.app.now(), Viewer::of(&call));
    Ok(json(&AppealViews { data: found.iter().map(|one| AppealView::of(one, viewer, now)).collect() }))
}

/// A decision about an appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppealDecision {
    /// Yes or no.
    grant: bool,
    /// For a rule that follows from figures: first civil date on which it counts again, at most a year ahead. A flag is
    /// lifted for good and has none.
    until: Option<String>,
    /// For the merchant, 1 to 1,000 characters.
    reason: String,
}

/// Grant or refuse an appeal
///
/// Granting lifts what it is against; the limit is evaluated in the same commit, and the case ends with the decision.
#[utoipa::path(post, path = "/v1/parties/{id}/limit/appeals/{against}/decision", tag = "pay-later",
    request_body = AppealDecision,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("against" = String, Path, description = "Against what")),
    responses((status = 200, body = AppealView, description = "Decided")))]
pub(crate) async fn decide_appeal(
    call: Call,
    Path((id, against)): Path<(String, String)>,
    body: Body<AppealDecision>,
) -> Result<Response, Problem> {
    call.person("people decide: sign in as staff, an API key cannot do this")?;
    let AppealDecision { grant, until, reason } = body.value;
    let until = until.as_deref().map(|until| date(until, "/until")).transpose().map_err(problem)?;
    let command = DecideAppeal {
        party: parse_id(&id, "id")?,
        ground: ground(&against, "against")?,
        grant,
        until,
        reason,
        by: StaffId(call.identity.client),
    };
    let now = call.app.now();
    submit(&call, body.digest, command, move |found| Answer::ok(&AppealView::of(found, Viewer::Staff, now)))
        .await
}

/// A question about a limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitQuestion {
    /// Your own id of the pay-later order it is about.
    order_id: Option<String>,
    /// What is disputed, 1 to 4,000 characters.
    text: String,
}

/// Dispute a limit
///
/// Opens a case about the shop, or about one of its orders; staff answer within the days of policy `case.due`.
#[utoipa::path(post, path = "/v1/parties/{id}/limit/queries", tag = "pay-later", request_body = LimitQuestion,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = CaseView, description = "Opened")))]
pub(crate) async fn query_limit(
    call: Call,
    Path(id): Path<String>,
    body: Body<LimitQuestion>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let order = body.value.order_id.filter(|order| !order.is_empty());
    let by = match call.identity.session {
        Some(_) => Author::staff(StaffId(call.identity.client)),
        None => Author::PARTY,
    };
    let subject: Option<CreditOrderId> = order.as_deref().map(credit_order_id);
    if let Some(id) = subject {
        let row = call.app.read(move |session| credit::order(session, id)).await?;
        if row.is_none_or(|row| row.merchant != party) {
            let text = "the shop has no such pay-later order";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "case_subject_unknown", text).at("/order_id", text));
        }
    }
    let command = OpenCase {
        party,
        kind: Kind::LimitQuery,
        subject: Some(subject.map_or(Subject::Shop(party), Subject::CreditOrder)),
        summary: summary(order.as_deref()),
        text: Some(body.value.text),
        by,
    };
    let now = call.app.now();
    submit(&call, body.digest, command, move |row| Answer::created(&CaseView::of(row, Viewer::Party, now)))
        .await
}

/// In one line, with the order as its shop knows it, cut to what a summary takes.
fn summary(order: Option<&str>) -> String {
    let Some(order) = order else { return "额度异议 / Limit disputed".to_owned() };
    let order: String = order.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("额度异议，订单 {} / Limit disputed", order.trim())
}
