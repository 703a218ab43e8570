//! A shop's pay-later orders, as a list with filters (C11, C26).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::order::Status,
    ids::{CreditOrderId, PartyId},
    time::Timestamp,
};
use purser_engine::credit::{self, OrderFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::CreditOrderView;
use crate::{
    edge::{Call, Cursor, Instant, Page, Params, json, limit, parse_id},
    problem::Problem,
    records::{keyword, span},
};

/// Parameters of a shop's orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CreditOrderParams {
    /// Authorised not before.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// First civil date of the authorisation, in the business zone; instead of `since`.
    from: Option<String>,
    /// Last civil date of the authorisation, included.
    until: Option<String>,
    /// Only orders that stand here: `authorised`, `under_review`, `partly_shipped`, `shipped`, `due`, `cancelled`,
    /// `expired` or `closed`.
    status: Option<String>,
    /// Your own id of the order contains this, at most 100 characters.
    keyword: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

impl CreditOrderParams {
    fn filter(&self, call: &Call) -> Result<OrderFilter, Problem> {
        let status = self.status.as_deref().map(|name| {
            let names = Status::ALL.map(Status::name);
            let found = Status::ALL.into_iter().find(|status| status.name() == name);
            found.ok_or_else(|| Problem::invalid("status", format!("one of {}", names.join(", "))))
        });
        if self.since.is_some() && self.from.is_some() {
            return Err(Problem::invalid("from", "ask for `since` or for `from`, not for both"));
        }
        let (from, until) = span(&call.app, self.from.as_deref(), self.until.as_deref())?;
        let since = self.since.map(|at| at.0).or(from);
        Ok(OrderFilter { since, until, status: status.transpose()?, keyword: keyword(self.keyword.clone())? })
    }
}

/// List a shop's pay-later orders, the newest authorised first
#[utoipa::path(get, path = "/v1/parties/{id}/credit-orders", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), CreditOrderParams),
    responses((status = 200, body = Page<CreditOrderView>, description = "Orders")))]
pub(crate) async fn list_credit_orders(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<CreditOrderParams>,
) -> Result<Response, Problem> {
    let merchant: PartyId = parse_id(&id, "id")?;
    let (most, filter) = (limit(params.limit)?, params.filter(&call)?);
    let below = match params.cursor.as_deref() {
        Some(text) => {
            let cursor = Cursor::decode(text)?;
            cursor.numbers.first().map(|at| (Timestamp(*at), CreditOrderId(cursor.id)))
        }
        None => None,
    };
    let page = call.app.read(move |session| credit::orders(session, merchant, &filter, below, most)).await?;
    let next_cursor = page.next.map(|(at, id)| Cursor { numbers: vec![at.0], id: id.0 }.encode());
    Ok(json(&Page { data: page.rows.iter().map(CreditOrderView::from).collect(), next_cursor }))
}
