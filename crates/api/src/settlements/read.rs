//! Reading statements and their orders.

use axum::{extract::Path, response::Response};
use purser_domain::{
    corporate::{Circumstances, State},
    ids::{PartyId, StatementId, Uid},
    time::Timestamp,
};
use purser_engine::{
    corporate::{self, ListedItem, StatementFilter, StatementRow},
    parties,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{HEADINGS, SettlementDetail, SettlementMonth, SettlementOrder, SettlementView};
use crate::{
    edge::{Call, Cursor, Page, PageParams, Params, json, json_versioned, page_of, parse_id},
    problem::Problem,
    records::csv::{self, Lines, Look},
};

fn unknown(id: StatementId) -> Problem {
    Problem::not_found("statement_unknown", format!("there is no statement {id}"))
}

/// Parameters of the list of statements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SettlementParams {
    /// Only this payee's, `pty_…`.
    party_id: Option<String>,
    /// Only statements in this state.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List settlement statements, newest first
#[utoipa::path(get, path = "/v1/settlements", tag = "settlements", params(SettlementParams),
    responses((status = 200, body = Page<SettlementView>, description = "Statements")))]
pub(crate) async fn list_settlements(
    call: Call,
    Params(params): Params<SettlementParams>,
) -> Result<Response, Problem> {
    let page = PageParams { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let state = match params.state.as_deref() {
        None => None,
        Some(name) => {
            let names: Vec<&str> = State::ALL.into_iter().map(State::name).collect();
            let bad = || Problem::invalid("state", format!("one of {}", names.join(", ")));
            Some(State::named(name).ok_or_else(bad)?)
        }
    };
    let party = params.party_id.as_deref().map(|id| parse_id::<PartyId>(id, "party_id")).transpose()?;
    let before = match &page.cursor {
        Some(text) => {
            let cursor = Cursor::decode(text)?;
            cursor.numbers.first().map(|at| (Timestamp(*at), StatementId(cursor.id)))
        }
        None => None,
    };
    let filter = StatementFilter { party, state, before };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call
        .app
        .read(move |session| {
            let rows = corporate::statement_page(session, &filter, most)?;
            rows.into_iter()
                .map(|row| Ok((corporate::circumstances(session, &row)?, row)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let today = call.app.zone.date(call.app.now());
    let cursor =
        |(_, row): &(Circumstances, StatementRow)| Cursor { numbers: vec![row.generated_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |(also, row)| SettlementView::of(&row, also, today))))
}

/// Read a settlement statement
#[utoipa::path(get, path = "/v1/settlements/{id}", tag = "settlements",
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementDetail, description = "The statement, where it stands, its payouts")))]
pub(crate) async fn get_settlement(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    let found = call
        .app
        .read(move |session| {
            let Some(row) = corporate::statement(session, id)? else { return Ok(None) };
            let also = corporate::circumstances(session, &row)?;
            Ok(Some((row, also, corporate::statement_payouts(session, id)?)))
        })
        .await?;
    let (row, also, payouts) = found.ok_or_else(|| unknown(id))?;
    let today = call.app.zone.date(call.app.now());
    let detail = SettlementDetail {
        settlement: SettlementView::of(&row, also, today),
        payments: payouts.iter().map(Into::into).collect(),
    };
    Ok(json_versioned(&detail, row.version))
}

fn after(cursor: Option<&str>) -> Result<Option<(Timestamp, Uid)>, Problem> {
    let Some(text) = cursor else { return Ok(None) };
    let cursor = Cursor::decode(text)?;
    Ok(cursor.numbers.first().map(|at| (Timestamp(*at), cursor.id)))
}

fn page(items: Vec<ListedItem>, limit: usize) -> Page<SettlementOrder> {
    let cursor = |item: &ListedItem| Cursor { numbers: vec![item.row.booked_at.0], id: item.row.item };
    page_of(items, limit, cursor, |item| SettlementOrder::from(&item))
}

/// List the orders of a settlement statement, oldest first
#[utoipa::path(get, path = "/v1/settlements/{id}/orders", tag = "settlements",
    params(("id" = String, Path, description = "Statement, `st_…`"), PageParams),
    responses((status = 200, body = Page<SettlementOrder>, description = "Its orders; none once it is called off")))]
pub(crate) async fn list_orders_of_settlement(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    let (limit, after) = (params.limit()?, after(params.cursor.as_deref())?);
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = call
        .app
        .read(move |session| match corporate::statement(session, id)? {
            Some(row) => corporate::export(session, row.party, id, after, most).map(Some),
            None => Ok(None),
        })
        .await?;
    Ok(json(&page(found.ok_or_else(|| unknown(id))?, limit)))
}

/// How an export looks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SettlementExport {
    /// Language of headings: `en` or `zh`; `en` when absent.
    lang: Option<String>,
    /// `true`: begins with a byte order mark, for Excel.
    bom: Option<bool>,
}

/// Export the orders of a settlement statement as CSV
#[utoipa::path(get, path = "/v1/settlements/{id}/orders.csv", operation_id = "export_settlement_orders", tag = "settlements",
    params(("id" = String, Path, description = "Statement, `st_…`"), SettlementExport),
    responses((status = 200, content_type = "text/csv", body = String, description = "All of its orders; amounts in yuan and in minor units")))]
pub(crate) async fn export_orders(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<SettlementExport>,
) -> Result<Response, Problem> {
    let id: StatementId = parse_id(&id, "id")?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let found = call.app.read(move |session| corporate::statement(session, id)).await?;
    let row = found.ok_or_else(|| unknown(id))?;
    let (party, currency) = (row.party, row.currency.to_string());
    csv::download(&id.to_string(), Lines::headed(look, &HEADINGS), move |mut lines, place| {
        let (call, currency) = (call.clone(), currency.clone());
        async move {
            let most = i64::try_from(csv::ROWS).unwrap_or(i64::MAX);
            let items =
                call.app.read(move |session| corporate::export(session, party, id, place, most)).await?;
            for item in &items {
                SettlementOrder::from(item).line(&mut lines, look, &currency);
            }
            let full = items.len() >= csv::ROWS;
            Ok((lines, items.last().filter(|_| full).map(|last| (last.row.booked_at, last.row.item))))
        }
    })
    .await
}

/// Parameters of the list of what a payee is to be paid for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PayeeOrderParams {
    /// Only what was listed with this civil month, `2026-03`.
    month: Option<String>,
    /// `true`: only what is in no statement, whatever its month.
    open: Option<bool>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List what a corporate payee is to be paid for, oldest first
///
/// What has a `month` was listed and can go into a statement.
#[utoipa::path(get, path = "/v1/parties/{id}/settlement-orders", tag = "settlements",
    params(("id" = String, Path, description = "Party, `pty_…`"), PayeeOrderParams),
    responses((status = 200, body = Page<SettlementOrder>, description = "Orders and lines")))]
pub(crate) async fn list_orders_of_payee(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PayeeOrderParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let page_params = PageParams { limit: params.limit, cursor: params.cursor };
    let (limit, after) = (page_params.limit()?, after(page_params.cursor.as_deref())?);
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let (open, month) = (params.open.unwrap_or(false), params.month.unwrap_or_default());
    if open && !month.is_empty() {
        return Err(Problem::invalid("open", "ask for `month` or for `open`, not for both"));
    }
    let found = call
        .app
        .read(move |session| {
            if parties::party(session, party)?.is_none() {
                return Ok(None);
            }
            if open {
                return corporate::export(session, party, StatementId(Uid::NIL), after, most).map(Some);
            }
            corporate::item_page(session, party, &month, after, most).map(Some)
        })
        .await?;
    let unknown = || Problem::not_found("party_unknown", format!("there is no party {party}"));
    Ok(json(&page(found.ok_or_else(unknown)?, limit)))
}

/// List the months that were listed for a corporate payee, newest first
#[utoipa::path(get, path = "/v1/parties/{id}/settlement-months", tag = "settlements",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = Page<SettlementMonth>, description = "Months, at most 200")))]
pub(crate) async fn list_settlement_months(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let rows = call.app.read(move |session| corporate::listings(session, party)).await?;
    Ok(json(&Page { data: rows.iter().map(SettlementMonth::from).collect::<Vec<_>>(), next_cursor: None }))
}
