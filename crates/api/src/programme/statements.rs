//! Statements: read, publish.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, StatementId, TaskOrderId},
    time::Month,
};
use purser_engine::programme::{self, PublishStatement, StatementLine, StatementRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::{place, place_of};
use crate::{
    edge::{Answer, Call, Cursor, Page, PageParams, Params, json, json_versioned, page_of, parse_id, submit},
    feed::path_digest,
    problem::Problem,
};

/// What a creator earned for a payee in a civil month of the programme.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementView {
    /// Id.
    id: String,
    /// Whose orders.
    creator_id: String,
    /// Who is paid: the creator, or its agency.
    payee_id: String,
    /// Civil month.
    month: String,
    /// `open`, `draft`, `blocked` or `published`.
    state: String,
    /// The state in Chinese.
    message_zh: &'static str,
    /// The state in English.
    message_en: &'static str,
    /// Why it cannot be published: a code; null when it can.
    blocked_by: Option<String>,
    /// Currency.
    currency: String,
    /// Number of orders.
    orders: i64,
    /// Net income after the service fee, minor units.
    income_minor: i64,
    /// Operating fee.
    operating_fee_minor: i64,
    /// Incentive.
    incentive_minor: i64,
    /// income − fee + incentive, once it is computed.
    result_minor: i64,
    /// Income tax withheld of the result at its publication.
    tax_minor: i64,
    /// Adjustments since the publication.
    adjusted_minor: i64,
    /// When it was published.
    published_at: Option<String>,
    /// Until when it can be disputed.
    dispute_until: Option<String>,
    /// Disputes so far.
    disputes: i64,
    /// The last dispute waits for its answer.
    dispute_open: bool,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&StatementRow> for StatementView {
    fn from(row: &StatementRow) -> Self {
        Self {
            id: row.id.to_string(),
            creator_id: row.creator.to_string(),
            payee_id: row.payee.to_string(),
            month: row.month.clone(),
            state: row.state.clone(),
            message_zh: row.state().zh(),
            message_en: row.state().en(),
            blocked_by: Some(row.blocked.clone()).filter(|code| !code.is_empty()),
            currency: row.currency.to_string(),
            orders: row.orders,
            income_minor: row.income,
            operating_fee_minor: row.fee,
            incentive_minor: row.incentive,
            result_minor: row.result,
            tax_minor: row.tax,
            adjusted_minor: row.adjusted,
            published_at: row.published_at.map(|at| at.to_string()),
            dispute_until: row.dispute_until.map(|at| at.to_string()),
            disputes: row.disputes,
            dispute_open: row.dispute_open,
            version: row.version,
        }
    }
}

/// An order of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementOrder {
    /// The order.
    task_order_id: String,
    /// Its gross, minor units.
    gross_minor: i64,
    /// Its service fee.
    service_fee_minor: i64,
    /// What it added to the income.
    net_minor: i64,
    /// When it settled.
    settled_at: String,
}

impl From<&StatementLine> for StatementOrder {
    fn from(row: &StatementLine) -> Self {
        Self {
            task_order_id: row.task_order.to_string(),
            gross_minor: row.gross,
            service_fee_minor: row.service_fee,
            net_minor: row.net,
            settled_at: row.settled_at.to_string(),
        }
    }
}

pub(super) fn unknown(id: StatementId) -> Problem {
    Problem::not_found("statement_unknown", format!("there is no programme statement {id}"))
}

/// Read a statement
#[utoipa::path(get, path = "/v1/programme/statements/{id}", tag = "programme",
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = StatementView, description = "The statement")))]
pub(crate) async fn get_statement(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    match call.app.read(move |session| programme::statement(session, id)).await? {
        Some(row) => Ok(json_versioned(&StatementView::from(&row), row.version)),
        None => Err(unknown(id)),
    }
}

/// List the orders of a statement
#[utoipa::path(get, path = "/v1/programme/statements/{id}/orders", tag = "programme",
    params(("id" = String, Path, description = "Statement, `st_…`"), PageParams),
    responses((status = 200, body = Page<StatementOrder>, description = "Orders, in order of id")))]
pub(crate) async fn list_statement_orders(
    call: Call,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    let limit = page.limit()?;
    let after = match &page.cursor {
        Some(text) => TaskOrderId(Cursor::decode(text)?.id),
        None => TaskOrderId::default(),
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = call
        .app
        .read(move |session| match programme::statement(session, id)? {
            None => Ok(None),
            Some(_) => programme::lines(session, id, after, most).map(Some),
        })
        .await?;
    let rows = found.ok_or_else(|| unknown(id))?;
    let cursor = |row: &StatementLine| Cursor::id(row.task_order.0);
    Ok(json(&page_of(rows, limit, cursor, |row| StatementOrder::from(&row))))
}

/// Publish a statement: its amount can be withdrawn at once
#[utoipa::path(post, path = "/v1/programme/statements/{id}/publish", tag = "programme",
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = StatementView, description = "Published")))]
pub(crate) async fn publish_statement(call: Call, Path(text): Path<String>) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&text, "id")?;
    let digest = path_digest(&["publish", &text]);
    let command = PublishStatement { id, if_version: call.if_match };
    submit(&call, digest, command, |row| Answer::ok(&StatementView::from(row))).await
}

/// List what a party was or will be paid for by the programme, newest month first
#[utoipa::path(get, path = "/v1/parties/{id}/programme-statements", tag = "programme",
    params(("id" = String, Path, description = "The payee, `pty_…`"), PageParams),
    responses((status = 200, body = Page<StatementView>, description = "Statements")))]
pub(crate) async fn list_party_statements(
    call: Call,
    Path(id): Path<String>,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let payee: PartyId = parse_id(&id, "id")?;
    let limit = page.limit()?;
    let before = match &page.cursor {
        Some(text) => place_of(&Cursor::decode(text)?),
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = call
        .app
        .read(move |session| match purser_engine::parties::party(session, payee)? {
            None => Ok(None),
            Some(_) => programme::statements_of_payee(session, payee, before, most).map(Some),
        })
        .await?;
    let Some(rows) = found else {
        return Err(Problem::not_found("party_unknown", format!("there is no party {payee}")));
    };
    let cursor = |row: &StatementRow| place(month_of(row), row.id);
    Ok(json(&page_of(rows, limit, cursor, |row| StatementView::from(&row))))
}

pub(super) fn month_of(row: &StatementRow) -> Month {
    row.month.parse().unwrap_or(Month { year: 0, month: 1 })
}
