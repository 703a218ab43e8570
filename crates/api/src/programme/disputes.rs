//! Disputes of statements, and their answers.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::StatementId,
    programme::{Adjustment, Answer as DisputeAnswer, Component},
};
use purser_engine::{
    approvals::Action,
    cases::Author,
    programme::{self, AnswerDispute, DisputeRow, DisputeStatement, StatementRow},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{StatementView, place, place_of, statements};
use crate::{
    edge::{Answer, Body, Call, Cursor, Page, PageParams, Params, json, page_of, parse_id, submit},
    problem::Problem,
};

/// A payee does not agree with a statement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDispute {
    /// What is wrong, 1 to 1,000 characters; it stands in the case that the dispute opens.
    text: String,
}

/// What staff answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDisputeAnswer {
    /// Above zero: the payee gets so much more, minor units; below: gives so much back; absent: the month was right.
    adjustment_minor: Option<i64>,
    /// What the adjustment corrects: `operating_fee` or `incentive`.
    component: Option<String>,
    /// Why, 1 to 1,000 characters; shown to the payee.
    reason: String,
}

/// An answer that takes two people before it is given (P16): from the amount of policy `approval.payout_threshold` on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentProposal {
    /// The statement, `st_…`.
    statement_id: String,
    /// The number of its dispute.
    dispute: i64,
    /// As in the answer, minor units.
    adjustment_minor: i64,
    /// As in the answer: `operating_fee` or `incentive`.
    component: String,
    /// As in the answer, to the letter.
    reason: String,
}

impl AdjustmentProposal {
    /// What is proposed.
    pub(crate) fn action(self) -> Result<Action, Problem> {
        let field = |name: &str| format!("/programme_adjustment/{name}");
        let statement: StatementId = parse_id(&self.statement_id, &field("statement_id"))?;
        let component = component(&self.component, &field("component"))?;
        let adjustment = Adjustment { amount_minor: self.adjustment_minor, component };
        Ok(programme::adjustment_approval(statement, self.dispute, &adjustment, &self.reason))
    }
}

fn component(name: &str, pointer: &str) -> Result<Component, Problem> {
    Component::named(name)
        .ok_or_else(|| Problem::invalid(pointer, "a component is operating_fee or incentive"))
}

/// A dispute and its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisputeView {
    /// The statement.
    statement_id: String,
    /// Counts the disputes of the statement.
    number: i64,
    /// `open`, `adjusted`, `declined` or `withdrawn`.
    state: String,
    /// The case that it opened.
    case_id: String,
    /// When.
    opened_at: String,
    /// When staff answered.
    answered_at: Option<String>,
    /// Why, in staff's words.
    reason: Option<String>,
    /// What was corrected.
    component: Option<String>,
    /// The adjustment, minor units.
    adjustment_minor: i64,
    /// What of it the payee could not give back and owes; collected from later income.
    owed_minor: i64,
}

impl From<&DisputeRow> for DisputeView {
    fn from(row: &DisputeRow) -> Self {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            statement_id: row.statement.to_string(),
            number: row.number,
            state: row.state.clone(),
            case_id: row.case_id.to_string(),
            opened_at: row.opened_at.to_string(),
            answered_at: row.answered_at.map(|at| at.to_string()),
            reason: some(&row.reason),
            component: some(&row.component),
            adjustment_minor: row.amount,
            owed_minor: row.shortage,
        }
    }
}

/// Disputes of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Disputes {
    /// Oldest first, at most 100.
    data: Vec<DisputeView>,
}

/// Dispute a published statement
///
/// For the payee, within the days of policy `programme.dispute`. Opens a case; blocks nothing.
#[utoipa::path(post, path = "/v1/programme/statements/{id}/disputes", tag = "programme", request_body = NewDispute,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = DisputeView, description = "The dispute")))]
pub(crate) async fn dispute_statement(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewDispute>,
) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    let command = DisputeStatement { id, text: body.value.text };
    submit(&call, body.digest, command, |row| Answer::ok(&DisputeView::from(row))).await
}

/// List the disputes of a statement
#[utoipa::path(get, path = "/v1/programme/statements/{id}/disputes", tag = "programme",
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = Disputes, description = "Disputes, oldest first")))]
pub(crate) async fn list_disputes(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    let found = call
        .app
        .read(move |session| match programme::statement(session, id)? {
            None => Ok(None),
            Some(_) => programme::disputes(session, id).map(Some),
        })
        .await?;
    let rows = found.ok_or_else(|| statements::unknown(id))?;
    Ok(json(&Disputes { data: rows.iter().map(DisputeView::from).collect() }))
}

/// Answer the dispute of a statement
///
/// With an adjustment, a new transfer whose shortage the payee owes; or with a reason. The dispute's case ends with it.
/// Staff answer; a large adjustment has to be approved before, by a second person (`programme_adjustment`).
#[utoipa::path(post, path = "/v1/programme/statements/{id}/answer", tag = "programme",
    request_body = NewDisputeAnswer,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = DisputeView, description = "Answered")))]
pub(crate) async fn answer_dispute(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewDisputeAnswer>,
) -> Result<Response, Problem> {
    let by = call.person("people answer disputes: sign in as staff, an API key cannot do this")?;
    let id: StatementId = parse_id(&id, "id")?;
    let given = body.value;
    let adjustment = match (given.adjustment_minor, given.component.as_deref()) {
        (None, None) => None,
        (Some(amount_minor), Some(name)) => {
            Some(Adjustment { amount_minor, component: component(name, "/component")? })
        }
        (Some(_), None) => return Err(Problem::invalid("/component", "missing: what does it correct?")),
        (None, Some(_)) => return Err(Problem::invalid("/adjustment_minor", "missing: how much?")),
    };
    let answer = DisputeAnswer { adjustment, reason: given.reason };
    let command = AnswerDispute { id, answer, by: Author::staff(by) };
    submit(&call, body.digest, command, |row| Answer::ok(&DisputeView::from(row))).await
}

/// List statements whose dispute waits for an answer, oldest month first
#[utoipa::path(get, path = "/v1/programme/disputes", tag = "programme", params(PageParams),
    responses((status = 200, body = Page<StatementView>, description = "Statements")))]
pub(crate) async fn list_disputed(call: Call, Params(page): Params<PageParams>) -> Result<Response, Problem> {
    let limit = page.limit()?;
    let after = match &page.cursor {
        Some(text) => place_of(&Cursor::decode(text)?),
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| programme::disputed(session, after, most)).await?;
    let cursor = |row: &StatementRow| place(statements::month_of(row), row.id);
    Ok(json(&page_of(rows, limit, cursor, |row| StatementView::from(&row))))
}
