//! Closing and publishing months.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::StatementId,
    programme::StatementState,
    time::{Month, Timestamp},
};
use purser_engine::programme::{
    self, BeginMonthClose, BeginPublication, MonthTotals, ProgrammeMonth, StatementRow,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::StatementView;
use crate::{
    edge::{Answer, Call, Cursor, Page, PageParams, Params, json, page_of, parse_id, submit},
    feed::path_digest,
    problem::Problem,
};

/// A civil month of the programme.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthView {
    /// `2026-03`.
    month: String,
    /// `drafting`, `drafted`, `publishing` or `published`.
    state: String,
    /// Creators, or statements, that the running job found.
    total: i64,
    /// How many of them are done.
    done: i64,
    /// When its close began.
    begun_at: String,
    /// When its drafts were complete.
    drafted_at: Option<String>,
    /// When everything that could be published was.
    published_at: Option<String>,
    /// Counts changes.
    version: i64,
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl From<&ProgrammeMonth> for MonthView {
    fn from(row: &ProgrammeMonth) -> Self {
        Self {
            month: row.month.clone(),
            state: row.state.clone(),
            total: row.total,
            done: row.done,
            begun_at: row.begun_at.to_string(),
            drafted_at: text(row.drafted_at),
            published_at: text(row.published_at),
            version: row.version,
        }
    }
}

/// What a month's statements in one state add up to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateTotals {
    /// `open`, `draft`, `blocked` or `published`.
    state: &'static str,
    /// Number of statements.
    statements: i64,
    /// Net income, minor units.
    income_minor: i64,
    /// Operating fees.
    operating_fee_minor: i64,
    /// Incentives.
    incentive_minor: i64,
    /// income − fee + incentive.
    result_minor: i64,
    /// Adjustments since.
    adjusted_minor: i64,
}

/// A month with its totals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthReport {
    /// The month; null while nobody has begun to close it.
    close: Option<MonthView>,
    /// Totals by state.
    totals: Vec<StateTotals>,
}

/// Totals beyond 64 bits are shown as the largest number.
fn clamp(total: i128) -> i64 {
    i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
}

fn totals(state: StatementState, sum: MonthTotals) -> StateTotals {
    StateTotals {
        state: state.name(),
        statements: sum.statements,
        income_minor: clamp(sum.income_minor),
        operating_fee_minor: clamp(sum.fee_minor),
        incentive_minor: clamp(sum.incentive_minor),
        result_minor: clamp(sum.result_minor),
        adjusted_minor: clamp(sum.adjusted_minor),
    }
}

/// List months that are closed or being closed, newest first
#[utoipa::path(get, path = "/v1/programme/months", tag = "programme", params(PageParams),
    responses((status = 200, body = Page<MonthView>, description = "Months")))]
pub(crate) async fn list_programme_months(
    call: Call,
    Params(page): Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = page.limit()?;
    let before = match &page.cursor {
        Some(text) => super::place_of(&Cursor::decode(text)?).map(|(month, _)| month),
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| programme::months(session, before, most)).await?;
    let cursor = |row: &ProgrammeMonth| {
        let month = row.month.parse().unwrap_or(Month { year: 0, month: 1 });
        super::place(month, StatementId::default())
    };
    Ok(json(&page_of(rows, limit, cursor, |row| MonthView::from(&row))))
}

/// Read a month: how far its close is, and its totals
#[utoipa::path(get, path = "/v1/programme/months/{month}", tag = "programme",
    params(("month" = String, Path, description = "Civil month, like `2026-03`")),
    responses((status = 200, body = MonthReport, description = "The month")))]
pub(crate) async fn get_programme_month(call: Call, Path(month): Path<String>) -> Result<Response, Problem> {
    let month: Month = parse_id(&month, "month")?;
    let (row, sums) = call
        .app
        .read(move |session| {
            Ok((programme::month(session, month)?, programme::month_totals(session, month)?))
        })
        .await?;
    let found = StatementState::ALL.into_iter().filter_map(|state| {
        let sum = sums.get(state.name()).copied()?;
        Some(totals(state, sum))
    });
    Ok(json(&MonthReport { close: row.as_ref().map(MonthView::from), totals: found.collect() }))
}

/// Close a month: a job makes its drafts
///
/// Happens by itself on the 1st; a month that was closed before is refused.
#[utoipa::path(post, path = "/v1/programme/months/{month}/close", tag = "programme",
    params(("month" = String, Path, description = "Civil month that is over, like `2026-03`")),
    responses((status = 200, body = MonthView, description = "The job is queued")))]
pub(crate) async fn close_month(call: Call, Path(text): Path<String>) -> Result<Response, Problem> {
    let month: Month = parse_id(&text, "month")?;
    let digest = path_digest(&["close", &text]);
    submit(&call, digest, BeginMonthClose { month }, |row| Answer::ok(&MonthView::from(row))).await
}

/// Publish all drafts of a month, by a job
///
/// What is below zero stays; corrected, it is published by doing this again.
#[utoipa::path(post, path = "/v1/programme/months/{month}/publish", tag = "programme",
    params(("month" = String, Path, description = "Civil month that is closed, like `2026-03`")),
    responses((status = 200, body = MonthView, description = "The job is queued")))]
pub(crate) async fn publish_month(call: Call, Path(text): Path<String>) -> Result<Response, Problem> {
    let month: Month = parse_id(&text, "month")?;
    let digest = path_digest(&["publish", &text]);
    submit(&call, digest, BeginPublication { month }, |row| Answer::ok(&MonthView::from(row))).await
}

/// Parameters of the list of a month's statements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthStatementParams {
    /// `open`, `draft`, `blocked` (cannot be published, with why) or `published`; drafts when absent.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List a month's statements in one state
#[utoipa::path(get, path = "/v1/programme/months/{month}/statements", tag = "programme",
    params(("month" = String, Path, description = "Civil month, like `2026-03`"), MonthStatementParams),
    responses((status = 200, body = Page<StatementView>, description = "Statements, in order of id")))]
pub(crate) async fn list_month_statements(
    call: Call,
    Path(month): Path<String>,
    Params(params): Params<MonthStatementParams>,
) -> Result<Response, Problem> {
    let month: Month = parse_id(&month, "month")?;
    let name = params.state.as_deref().unwrap_or(StatementState::Draft.name());
    let state = StatementState::named(name)
        .ok_or_else(|| Problem::invalid("state", "a state is open, draft, blocked or published"))?;
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let after = match &page.cursor {
        Some(text) => StatementId(Cursor::decode(text)?.id),
        None => StatementId::default(),
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call
        .app
        .read(move |session| programme::statements_of_month(session, month, state, after, most))
        .await?;
    let cursor = |row: &StatementRow| Cursor::id(row.id.0);
    Ok(json(&page_of(rows, limit, cursor, |row| StatementView::from(&row))))
}
