//! An account's past (P2): pages, days, months, balance at an instant.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{AccountId, TransferId},
    time::Date,
};
use purser_engine::{history, ledger};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::dto::{AccountName, TransferLine};
use crate::{
    edge::{Call, Cursor, Instant, Page, PageParams, Params, json, parse_id},
    problem::Problem,
};

/// A ledger line as one account sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryLine {
    /// The transfer.
    transfer: TransferLine,
    /// What it added to the posted balance; zero for holds and releases.
    change_minor: i64,
    /// Posted balance afterwards.
    balance_minor: i64,
    /// What the other account is; null where no kind describes it.
    other: Option<AccountName>,
}

/// List an account's lines, newest first
#[utoipa::path(get, path = "/v1/accounts/{id}/lines", tag = "ledger",
    params(("id" = String, Path, description = "Account, `acc_…`"), PageParams),
    responses((status = 200, body = Page<HistoryLine>, description = "Lines")))]
pub(crate) async fn list_lines(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let id: AccountId = parse_id(&id, "id")?;
    let limit = params.limit()?;
    let from = match &params.cursor {
        Some(text) => Some(history::Cursor(TransferId(Cursor::decode(text)?.id))),
        None => None,
    };
    let other = |line: &history::Line| if line.debited { line.transfer.credit } else { line.transfer.debit };
    let read = move |session: &mut dyn purser_engine::Session| {
        let page = history::page(session, id, from, limit)?;
        let others = ledger::described(session, page.lines.iter().map(other))?;
        Ok((page, others))
    };
    let (page, others) = call.app.read(read).await?;
    let line = |line: &history::Line| HistoryLine {
        transfer: TransferLine::from(&line.transfer),
        change_minor: line.change_minor,
        balance_minor: line.balance_minor,
        other: others.get(&other(line)).map(AccountName::from),
    };
    let next_cursor = page.next.map(|next| Cursor::id(next.0.0).encode());
    Ok(json(&Page { data: page.lines.iter().map(line).collect(), next_cursor }))
}

/// A day of an account: opening and closing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayBalance {
    /// Civil date.
    date: String,
    /// Posted balance before its first line.
    opening_minor: i64,
    /// Posted balance after its last line.
    closing_minor: i64,
    /// Lines.
    entries: i64,
}

impl From<&history::Day> for DayBalance {
    fn from(day: &history::Day) -> Self {
        Self {
            date: day.day.to_string(),
            opening_minor: day.opening_minor,
            closing_minor: day.closing_minor,
            entries: day.entries,
        }
    }
}

/// Read a day of an account
#[utoipa::path(get, path = "/v1/accounts/{id}/days/{date}", tag = "ledger",
    params(("id" = String, Path, description = "Account, `acc_…`"), ("date" = String, Path, description = "Civil date, `2026-03-01`")),
    responses((status = 200, body = DayBalance, description = "The day")))]
pub(crate) async fn get_account_day(
    call: Call,
    Path((id, date)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id: AccountId = parse_id(&id, "id")?;
    let date: Date = date.parse().map_err(|_| Problem::invalid("date", "a civil date, like 2026-03-01"))?;
    let zone = call.app.zone.clone();
    let day = call.app.read(move |session| history::day(session, &zone, id, date)).await?;
    Ok(json(&DayBalance::from(&day)))
}

/// A month of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthBalance {
    /// `2026-03`.
    month: String,
    /// Posted balance before its first line.
    opening_minor: i64,
    /// Posted balance after its last line.
    closing_minor: i64,
    /// Lines.
    entries: i64,
    /// Days with lines, in order.
    days: Vec<DayBalance>,
}

/// Read a month of an account
#[utoipa::path(get, path = "/v1/accounts/{id}/months/{month}", tag = "ledger",
    params(("id" = String, Path, description = "Account, `acc_…`"), ("month" = String, Path, description = "Month, `2026-03`")),
    responses((status = 200, body = MonthBalance, description = "The month")))]
pub(crate) async fn get_account_month(
    call: Call,
    Path((id, month)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id: AccountId = parse_id(&id, "id")?;
    let first: Date =
        format!("{month}-01").parse().map_err(|_| Problem::invalid("month", "a month, like 2026-03"))?;
    let zone = call.app.zone.clone();
    let read = move |session: &mut dyn purser_engine::Session| {
        history::month(session, &zone, id, first.year(), first.month())
    };
    let found = call.app.read(read).await?;
    Ok(json(&MonthBalance {
        month,
        opening_minor: found.opening_minor,
        closing_minor: found.closing_minor,
        entries: found.entries,
        days: found.days.iter().map(DayBalance::from).collect(),
    }))
}

/// Which instant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BalanceParams {
    /// RFC 3339 with an offset; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// A balance at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceAt {
    /// Instant.
    at: String,
    /// Posted balance then.
    posted_minor: i64,
}

/// Read the balance at an instant
#[utoipa::path(get, path = "/v1/accounts/{id}/balance", tag = "ledger",
    params(("id" = String, Path, description = "Account, `acc_…`"), BalanceParams),
    responses((status = 200, body = BalanceAt, description = "The balance then")))]
pub(crate) async fn get_balance_at(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<BalanceParams>,
) -> Result<Response, Problem> {
    let id: AccountId = parse_id(&id, "id")?;
    let at = params.at.map_or_else(|| call.app.now(), |at| at.0);
    let zone = call.app.zone.clone();
    let balance = call.app.read(move |session| history::balance_at(session, &zone, id, at)).await?;
    Ok(json(&BalanceAt { at: at.to_string(), posted_minor: balance.posted_minor }))
}
