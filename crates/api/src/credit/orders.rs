//! Pay-later orders (C11, C12, C26).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{ids::CreditOrderId, money::Currency, time::Timestamp};
use purser_engine::credit::{
    self, CreditOrderRow, EndAdvance, EventPlace, Loss, OrderEvent, OrderEventRow, OrderOutcome, OrderReport,
    ReportCreditOrders, credit_order_id,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CreditItemError, OrderSignals, ReviewNotice, Wrong, date, merchant, problem, sort, told, wrong};
use crate::{
    edge::{
        Amount, Answer, Body, Call, Cursor, Instant, Params, bulk_size, json_versioned, parse_id, submit,
    },
    problem::Problem,
};

/// Something that happened to an order. The same event again changes nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditOrderEvent {
    /// Your own id of the order; unique.
    order_id: String,
    /// Your own id of the event, unique within the order; the kind of the event when absent.
    event_id: Option<String>,
    /// Party, `pty_…`; or give `merchant_external_id`.
    merchant_id: Option<String>,
    /// Your own id of the party.
    merchant_external_id: Option<String>,
    /// `authorised`, `shipped`, `scanned`, `paid`, `cancelled` or `refunded`.
    event: String,
    /// Minor units: for `authorised`, `paid`, `refunded`; for `shipped` a part, all that is left when absent.
    #[schema(value_type = Option<i64>, minimum = 1)]
    amount_minor: Option<Amount>,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// For `authorised`: civil date on which the buyer is to have paid; by policy when absent.
    due_on: Option<String>,
    /// What you know of buyer and merchant.
    signals: Option<OrderSignals>,
}

/// Several events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditOrderEvents {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<CreditOrderEvent>,
}

/// A pay-later order. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditOrderView {
    /// Id.
    id: String,
    /// Your own id.
    order_id: String,
    /// The shop.
    merchant_id: String,
    /// `authorised`, `under_review`, `partly_shipped`, `shipped`, `due`, `cancelled`, `expired` or `closed`.
    status: &'static str,
    /// Authorised price.
    amount_minor: i64,
    /// Currency.
    currency: String,
    /// Of the limit, kept for what is not shipped.
    reserved_minor: i64,
    /// Shipped.
    shipped_minor: i64,
    /// Will not be shipped.
    cancelled_minor: i64,
    /// Of that, what nobody had shipped when the authorisation ended.
    expired_minor: i64,
    /// Open advance; uses the limit.
    receivable_minor: i64,
    /// Of it due from the shop after a refund.
    due_minor: i64,
    /// Open beyond the limit: owed by the shop.
    liability_minor: i64,
    /// Paid by the buyer.
    paid_minor: i64,
    /// Refunded.
    refunded_minor: i64,
    /// Written off or taken back.
    lost_minor: i64,
    /// Shipped, and its advance waits until people have looked at it.
    held_minor: i64,
    /// What the buyer still owes.
    payable_minor: i64,
    /// When it was authorised.
    authorised_at: String,
    /// When its authorisation ends: goods that are shipped from then on are refused.
    ends_at: String,
    /// When the first part was shipped.
    shipped_at: Option<String>,
    /// Civil date on which the buyer is to have paid.
    due_on: Option<String>,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&CreditOrderRow> for CreditOrderView {
    fn from(row: &CreditOrderRow) -> Self {
        let order = row.order();
        Self {
            id: row.id.to_string(),
            order_id: row.external_id.clone(),
            merchant_id: row.merchant.to_string(),
            status: order.status().name(),
            amount_minor: row.amount,
            currency: row.currency.to_string(),
            reserved_minor: row.reserved,
            shipped_minor: row.shipped,
            cancelled_minor: row.cancelled,
            expired_minor: row.expired,
            receivable_minor: row.receivable,
            due_minor: row.due,
            liability_minor: row.liability,
            paid_minor: row.paid,
            refunded_minor: row.forgiven + row.returned,
            lost_minor: row.lost,
            held_minor: row.held,
            payable_minor: order.payable_minor(),
            authorised_at: row.authorised_at.to_string(),
            ends_at: row.ends_at.to_string(),
            shipped_at: row.shipped_at.map(|at| at.to_string()),
            due_on: row.due_on.clone(),
            version: row.version,
        }
    }
}

fn read(given: &CreditOrderEvent, currency: Currency) -> Result<OrderReport, Wrong> {
    let merchant = merchant(given.merchant_id.as_deref(), given.merchant_external_id.as_deref())?;
    let amount = given.amount_minor.map(|amount| amount.0);
    let needed = || amount.ok_or_else(|| wrong("/amount_minor", "missing: how much?"));
    let due_on = given.due_on.as_deref().map(|on| date(on, "/due_on")).transpose()?;
    let event = match given.event.as_str() {
        "authorised" => OrderEvent::Authorised(needed()?, due_on),
        "shipped" => OrderEvent::Shipped(amount),
        "paid" => OrderEvent::Paid(needed()?),
        "refunded" => OrderEvent::Refunded(needed()?),
        "scanned" if amount.is_some() => {
            return Err(wrong("/amount_minor", "a scan is of the parcel, whatever it is worth"));
        }
        "scanned" => OrderEvent::Scanned,
        "cancelled" if amount.is_some() => {
            return Err(wrong("/amount_minor", "a cancellation is of all that is not shipped"));
        }
        "cancelled" => OrderEvent::Cancelled,
        _ => {
            return Err(wrong(
                "/event",
                "an event is authorised, shipped, scanned, paid, cancelled or refunded",
            ));
        }
    };
    if due_on.is_some() && !matches!(event, OrderEvent::Authorised(..)) {
        return Err(wrong("/due_on", "only an authorisation has it"));
    }
    let currency = match given.currency.as_deref() {
        None => currency,
        Some(code) => code.parse().map_err(|_| wrong("/currency", "a currency code, like CNY"))?,
    };
    let event_id = given.event_id.clone().unwrap_or_else(|| event.name().to_owned());
    let told = given.signals.as_ref().map(told).transpose()?.unwrap_or_default();
    let order_id = given.order_id.clone();
    Ok(OrderReport { order_id, event_id, merchant, event, currency, at: given.at.0, told })
}

/// Report an event of a pay-later order
///
/// An authorisation reserves a part of the limit, shipped goods are advanced, the buyer's payment restores it.
#[utoipa::path(post, path = "/v1/credit-orders", tag = "pay-later", request_body = CreditOrderEvent,
    responses((status = 200, body = CreditOrderView, description = "The order as it stands")))]
pub(crate) async fn report_credit_order(
    call: Call,
    body: Body<CreditOrderEvent>,
) -> Result<Response, Problem> {
    let item = read(&body.value, call.app.rules().currency).map_err(problem)?;
    let command = ReportCreditOrders { items: vec![item], single: true };
    submit(&call, body.digest, command, |outcomes| match outcomes.first() {
        Some(Ok((row, _))) => Answer::ok(&CreditOrderView::from(row)),
        _ => Answer::new(StatusCode::INTERNAL_SERVER_ERROR, &serde_json::Value::Null),
    })
    .await
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditOrderItem {
    /// Position in the request.
    index: usize,
    /// The order as it stands; null when the event was refused.
    order: Option<CreditOrderView>,
    /// Whether the event changed it.
    changed: bool,
    /// Why not; null when it was taken.
    error: Option<CreditItemError>,
}

/// What became of a list of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditOrderItems {
    /// Item by item, in order.
    items: Vec<CreditOrderItem>,
    /// Taken.
    taken: usize,
    /// Refused.
    refused: usize,
}

fn item(index: usize, place: &Result<usize, Wrong>, outcomes: &[OrderOutcome]) -> CreditOrderItem {
    let refused = |error| CreditOrderItem { index, order: None, changed: false, error: Some(error) };
    match place.as_ref().map(|at| outcomes.get(*at)) {
        Ok(Some(Ok((row, changed)))) => {
            CreditOrderItem { index, order: Some(row.into()), changed: *changed, error: None }
        }
        Ok(Some(Err(rejection))) => refused(rejection.into()),
        Ok(None) => refused((&wrong("", "no outcome")).into()),
        Err(wrong) => refused(wrong.into()),
    }
}

/// Report many events of pay-later orders
///
/// Item by item, in order: a refused item leaves the others alone.
#[utoipa::path(post, path = "/v1/credit-orders/bulk", tag = "pay-later", request_body = CreditOrderEvents,
    responses((status = 200, body = CreditOrderItems, description = "Outcomes, in order")))]
pub(crate) async fn report_credit_orders(
    call: Call,
    body: Body<CreditOrderEvents>,
) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let currency = call.app.rules().currency;
    let (items, places) = sort(&value.items, |given| read(given, currency));
    submit(&call, digest, ReportCreditOrders { items, single: false }, move |outcomes| {
        let items: Vec<_> = places.iter().enumerate().map(|(n, place)| item(n, place, outcomes)).collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Answer::ok(&CreditOrderItems { taken: items.len() - refused, refused, items })
    })
    .await
}

/// A line of an order's history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditOrderLine {
    /// Your own id of the event.
    event_id: String,
    /// What happened.
    event: String,
    /// Minor units; 0 where the event has none.
    amount_minor: i64,
    /// When.
    at: String,
}

/// An order with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditOrderDetail {
    /// The order.
    order: CreditOrderView,
    /// What happened, in order: at most 1,000 at a time.
    lines: Vec<CreditOrderLine>,
    /// Where further lines begin; null at the end.
    next_cursor: Option<String>,
    /// What is asked of the merchant while people look at it; null when nobody does.
    review: Option<ReviewNotice>,
}

pub(super) fn key(id: &str) -> Result<CreditOrderId, Problem> {
    id.strip_prefix("external:").map_or_else(|| parse_id(id, "id"), |own| Ok(credit_order_id(own)))
}

pub(super) fn unknown_order() -> Problem {
    Problem::not_found("order_unknown", "there is no such pay-later order")
}

/// Parameters of an order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OneOrderParams {
    /// `next_cursor` of the lines before; opaque.
    cursor: Option<String>,
}

fn event_place(text: &str) -> Result<EventPlace, Problem> {
    let bad = || Problem::invalid("cursor", "not a cursor of these lines: use next_cursor as it was given");
    match Cursor::decode(text)?.text(1) {
        Some(([at], event)) if credit::is_order_id(&event) => Ok((Timestamp(*at), event)),
        _ => Err(bad()),
    }
}

/// Read a pay-later order with its history
#[utoipa::path(get, path = "/v1/credit-orders/{id}", tag = "pay-later",
    params(("id" = String, Path, description = "Order, `co_…`; or `external:` and your own id"), OneOrderParams),
    responses((status = 200, body = CreditOrderDetail, description = "The order")))]
pub(crate) async fn get_credit_order(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<OneOrderParams>,
) -> Result<Response, Problem> {
    let key = key(&id)?;
    let after = params.cursor.as_deref().map(event_place).transpose()?;
    let found = call
        .app
        .read(move |session| {
            let Some(row) = credit::order(session, key)? else { return Ok(None) };
            let review = credit::risk::review_of_order(session, &row)?;
            Ok(Some((row, credit::order_events(session, key, after)?, review)))
        })
        .await?;
    let (row, page, review) = found.ok_or_else(unknown_order)?;
    let next = page.next.map(|(at, event)| Cursor { numbers: vec![at.0], id: key.0 }.with_text(&event));
    let line = |row: OrderEventRow| CreditOrderLine {
        event_id: row.event_id,
        event: row.kind,
        amount_minor: row.amount,
        at: row.at.to_string(),
    };
    let lines = page.rows.into_iter().map(line).collect();
    let next_cursor = next.map(|cursor| cursor.encode());
    let review = review.as_ref().and_then(ReviewNotice::of);
    let detail = CreditOrderDetail { order: CreditOrderView::from(&row), lines, next_cursor, review };
    Ok(json_versioned(&detail, row.version))
}

/// What becomes of an open advance without the buyer's money.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LossRequest {
    /// `write_off`: the platform gives it up; `recourse`: the shop owes it, after a fraud decision.
    kind: String,
    /// Minor units.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Why, word for word as two people approved it.
    reason: String,
}

/// Write an advance off, or take it back from the shop
///
/// Two people approve it first: propose `credit_write_off` or `credit_recourse` on the order's id.
#[utoipa::path(post, path = "/v1/credit-orders/{id}/losses", tag = "pay-later", request_body = LossRequest,
    params(("id" = String, Path, description = "Order, `co_…`; or `external:` and your own id")),
    responses((status = 200, body = CreditOrderView, description = "The order as it stands")))]
pub(crate) async fn end_advance(
    call: Call,
    Path(id): Path<String>,
    body: Body<LossRequest>,
) -> Result<Response, Problem> {
    let loss = match body.value.kind.as_str() {
        "write_off" => Loss::WriteOff,
        "recourse" => Loss::Recourse,
        _ => return Err(Problem::invalid("/kind", "write_off or recourse")),
    };
    let order = key(&id)?;
    let row = call.app.read(move |session| credit::order(session, order)).await?.ok_or_else(unknown_order)?;
    let LossRequest { amount_minor, reason, .. } = body.value;
    let command = EndAdvance { order, merchant: row.merchant, loss, amount_minor: amount_minor.0, reason };
    submit(&call, body.digest, command, |row| Answer::ok(&CreditOrderView::from(row))).await
}
