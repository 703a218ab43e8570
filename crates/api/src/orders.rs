//! Task orders and the creator's overview (X1, X2).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    earnings::{Stage, TaskType},
    ids::{PartyId, TaskOrderId},
    metadata::Metadata,
    money::Currency,
    time::Timestamp,
};
use purser_engine::{
    earnings::{
        self, EarningsTotals, ItemOutcome, OrderReport, ReportTaskOrders, Reported, TaskOrderRow, order_id,
    },
    metadata,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Amount, Answer, Body, Call, Instant, bulk_size, json, json_versioned, parse_id, submit},
    problem::Problem,
};

/// A full statement about one order: reporting it again changes nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskOrderReport {
    /// Your own id; unique.
    order_id: String,
    /// Party, `pty_…`; or give `creator_external_id`.
    creator_id: Option<String>,
    /// Your own id of the party.
    creator_external_id: Option<String>,
    /// `video` or `live`.
    task_type: String,
    /// For records.
    #[serde(default)]
    title: String,
    /// Gross, minor units.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// When the creator accepted: fixes kind and fee.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Instant,
    /// `accepted`, `in_progress`, `awaiting_acceptance`, `completed` or `cancelled`.
    status: String,
    /// How far the work is: for `in_progress`, `awaiting_acceptance`, `cancelled`.
    stage: Option<String>,
    /// For `completed`.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Instant>,
    /// For `cancelled`.
    #[schema(value_type = Option<String>, format = DateTime)]
    cancelled_at: Option<Instant>,
    /// Free values of yours, kept with it, in place of those before: at most 20, keys of up to 40 characters, values
    /// of up to 500. Those before stay when absent.
    metadata: Option<Metadata>,
}

/// Several reports.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskOrderReports {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<TaskOrderReport>,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskOrderView {
    /// Id.
    id: String,
    /// Your own id.
    order_id: String,
    /// Whose order.
    creator_id: String,
    /// Who is paid.
    payee_id: String,
    /// Title.
    title: String,
    /// Task type.
    task_type: String,
    /// Status.
    status: String,
    /// Stage.
    stage: String,
    /// How the creator was paid at acceptance.
    payee_kind: String,
    /// Gross, minor units.
    amount_minor: i64,
    /// Currency.
    currency: String,
    /// Fee rate fixed at acceptance, parts per million.
    fee_ppm: i64,
    /// Fee of the settlement; null before.
    service_fee_minor: Option<i64>,
    /// Compensation of a cancelled order.
    compensation_minor: Option<i64>,
    /// Income tax withheld; null before the settlement, 0 where policy withholds none.
    tax_minor: Option<i64>,
    /// What the payee got; null before the settlement.
    net_minor: Option<i64>,
    /// When it was accepted.
    accepted_at: String,
    /// When it was completed.
    completed_at: Option<String>,
    /// When it will settle, where policy sets a delay.
    settle_due_at: Option<String>,
    /// It will settle on a day of a year that the calendar does not know yet; dated once the year is imported.
    calendar_missing: bool,
    /// When it settled.
    settled_at: Option<String>,
    /// When it was cancelled.
    cancelled_at: Option<String>,
    /// Policy version that fixed the fee.
    policy_version: i64,
    /// Free values of yours.
    metadata: Metadata,
    /// Counts changes: the `ETag`.
    version: i64,
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl From<&TaskOrderRow> for TaskOrderView {
    fn from(row: &TaskOrderRow) -> Self {
        Self {
            id: row.id.to_string(),
            order_id: row.external_id.clone(),
            creator_id: row.creator.to_string(),
            payee_id: row.payee.to_string(),
            title: row.title.clone(),
            task_type: row.task_type.clone(),
            status: row.status.clone(),
            stage: row.stage.clone(),
            payee_kind: row.kind.clone(),
            amount_minor: row.amount,
            currency: row.currency.to_string(),
            fee_ppm: row.fee_ppm,
            service_fee_minor: row.service_fee,
            compensation_minor: row.compensation,
            tax_minor: row.tax(),
            net_minor: row.net,
            accepted_at: row.accepted_at.to_string(),
            completed_at: text(row.completed_at),
            settle_due_at: text(row.settle_due_at),
            calendar_missing: row.calendar_missing,
            settled_at: text(row.settled_at),
            cancelled_at: text(row.cancelled_at),
            policy_version: row.policy_version,
            metadata: metadata::values(&row.metadata),
            version: row.version,
        }
    }
}

type Wrong = (&'static str, String);

fn wrong(field: &'static str, text: &str) -> Wrong {
    (field, text.to_owned())
}

fn status_of(given: &TaskOrderReport) -> Result<Reported, Wrong> {
    let stage = || match given.stage.as_deref() {
        None => Ok(Stage::NotStarted),
        Some(name) => Stage::named(name).ok_or_else(|| {
            let all: Vec<_> = Stage::ALL.iter().map(|stage| stage.name()).collect();
            ("/stage", format!("a stage is one of {}", all.join(", ")))
        }),
    };
    let at =
        |given: Option<Instant>, field| given.map(|at| at.0).ok_or_else(|| wrong(field, "missing: when?"));
    let status = match given.status.as_str() {
        "accepted" => Reported::Accepted,
        "in_progress" => Reported::InProgress(stage()?),
        "awaiting_acceptance" => Reported::AwaitingAcceptance(stage()?),
        "completed" => Reported::Completed(at(given.completed_at, "/completed_at")?),
        "cancelled" => Reported::Cancelled(stage()?, at(given.cancelled_at, "/cancelled_at")?),
        _ => {
            let text = "a status is accepted, in_progress, awaiting_acceptance, completed or cancelled";
            return Err(wrong("/status", text));
        }
    };
    if given.completed_at.is_some() && !matches!(status, Reported::Completed(_)) {
        return Err(wrong("/completed_at", "only a completed order has it"));
    }
    if given.cancelled_at.is_some() && !matches!(status, Reported::Cancelled(..)) {
        return Err(wrong("/cancelled_at", "only a cancelled order has it"));
    }
    Ok(status)
}

fn read(given: &TaskOrderReport, currency: Currency) -> Result<OrderReport, Wrong> {
    let creator: PartyId = match (&given.creator_id, &given.creator_external_id) {
        (Some(id), None) => {
            id.parse().map_err(|e: purser_domain::ids::IdError| ("/creator_id", e.to_string()))?
        }
        (None, Some(external)) => purser_engine::parties::party_id(external),
        _ => return Err(wrong("/creator_id", "give creator_id or creator_external_id, one of them")),
    };
    let task_type = TaskType::named(&given.task_type)
        .ok_or_else(|| wrong("/task_type", "a task type is video or live"))?;
    let currency = match given.currency.as_deref() {
        None => currency,
        Some(code) => code.parse().map_err(|_| wrong("/currency", "a currency code, like CNY"))?,
    };
    Ok(OrderReport {
        external_id: given.order_id.clone(),
        creator,
        task_type,
        title: given.title.clone(),
        amount_minor: given.amount_minor.0,
        currency,
        accepted_at: given.accepted_at.0,
        status: status_of(given)?,
        metadata: given.metadata.clone(),
    })
}

/// Report a task order
///
/// Accepted, progressed, completed or cancelled: a full statement; a completed order settles at once unless policy sets a delay.
#[utoipa::path(post, path = "/v1/task-orders", tag = "task orders", request_body = TaskOrderReport,
    responses((status = 200, body = TaskOrderView, description = "The order as it stands")))]
pub(crate) async fn report_order(call: Call, body: Body<TaskOrderReport>) -> Result<Response, Problem> {
    let item = read(&body.value, call.app.rules().currency)
        .map_err(|(field, text)| Problem::invalid(field, text))?;
    let command = ReportTaskOrders { items: vec![item], single: true };
    submit(&call, body.digest, command, |outcomes| match outcomes.first() {
        Some(Ok((row, _))) => Answer::ok(&TaskOrderView::from(row)),
        _ => Answer::new(StatusCode::INTERNAL_SERVER_ERROR, &serde_json::Value::Null),
    })
    .await
}

/// What became of one report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskOrderItem {
    /// Position in the request.
    index: usize,
    /// The order as it stands; null when the report was refused.
    order: Option<TaskOrderView>,
    /// Whether the report changed it.
    changed: bool,
    /// Why not; null when it was taken.
    error: Option<OrderError>,
}

/// Why a report was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderError {
    /// Stable machine code.
    code: String,
    /// What is wrong.
    detail: String,
    /// JSON pointer into the item.
    pointer: Option<String>,
}

/// What became of a list of reports.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskOrderItems {
    /// Item by item, in order.
    items: Vec<TaskOrderItem>,
    /// Taken.
    taken: usize,
    /// Refused.
    refused: usize,
}

fn item(index: usize, place: &Result<usize, Wrong>, outcomes: &[ItemOutcome]) -> TaskOrderItem {
    let refused = |error| TaskOrderItem { index, order: None, changed: false, error: Some(error) };
    match place.as_ref().map(|at| outcomes.get(*at)) {
        Ok(Some(Ok((row, changed)))) => {
            TaskOrderItem { index, order: Some(row.into()), changed: *changed, error: None }
        }
        Ok(Some(Err(rejection))) => refused(OrderError {
            code: rejection.code.to_owned(),
            detail: rejection.message.clone(),
            pointer: rejection.field.clone(),
        }),
        Ok(None) => {
            refused(OrderError { code: "internal_error".to_owned(), detail: String::new(), pointer: None })
        }
        Err((field, text)) => refused(OrderError {
            code: "invalid_input".to_owned(),
            detail: text.clone(),
            pointer: Some((*field).to_owned()),
        }),
    }
}

/// Report many task orders
///
/// Item by item: a refused item leaves the others alone.
#[utoipa::path(post, path = "/v1/task-orders/bulk", tag = "task orders", request_body = TaskOrderReports,
    responses((status = 200, body = TaskOrderItems, description = "Outcomes, in order")))]
pub(crate) async fn report_orders(call: Call, body: Body<TaskOrderReports>) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let currency = call.app.rules().currency;
    let mut items = Vec::with_capacity(value.items.len());
    let mut places = Vec::with_capacity(value.items.len());
    for given in &value.items {
        match read(given, currency) {
            Ok(report) => {
                places.push(Ok(items.len()));
                items.push(report);
            }
            Err(wrong) => places.push(Err(wrong)),
        }
    }
    submit(&call, digest, ReportTaskOrders { items, single: false }, move |outcomes| {
        let items: Vec<_> =
            places.iter().enumerate().map(|(index, place)| item(index, place, outcomes)).collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Answer::ok(&TaskOrderItems { taken: items.len() - refused, refused, items })
    })
    .await
}

/// Read a task order
#[utoipa::path(get, path = "/v1/task-orders/{id}", tag = "task orders",
    params(("id" = String, Path, description = "Order, `to_…`; or `external:` and your own id")),
    responses((status = 200, body = TaskOrderView, description = "The order")))]
pub(crate) async fn get_order(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let key: TaskOrderId = match id.strip_prefix("external:") {
        Some(external) => order_id(external),
        None => parse_id(&id, "id")?,
    };
    match call.app.read(move |session| earnings::order(session, key)).await? {
        Some(row) => Ok(json_versioned(&TaskOrderView::from(&row), row.version)),
        None => Err(Problem::not_found("order_unknown", format!("there is no order {id}"))),
    }
}

/// Counters of a month, or of all time.
#[expect(clippy::struct_field_names, reason = "the unit stands in every name, as the conventions say")]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Totals {
    /// Accepted orders that were not cancelled.
    task_minor: i64,
    /// The part of them that an agency is paid.
    routed_minor: i64,
    /// Gross of settled orders.
    settled_gross_minor: i64,
    /// Service fees.
    service_fee_minor: i64,
    /// Compensation for cancelled orders.
    compensation_minor: i64,
    /// Net of settled orders.
    settled_net_minor: i64,
    /// Paid withdrawals, gross.
    withdrawn_minor: i64,
}

impl From<&EarningsTotals> for Totals {
    fn from(row: &EarningsTotals) -> Self {
        Self {
            task_minor: row.total_task,
            routed_minor: row.routed_task,
            settled_gross_minor: row.settled_gross,
            service_fee_minor: row.service_fee,
            compensation_minor: row.compensation,
            settled_net_minor: row.settled_net,
            withdrawn_minor: row.withdrawn,
        }
    }
}

/// A month of the trend.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrendMonth {
    /// `2026-03`.
    month: String,
    /// Its counters.
    totals: Totals,
}

/// The creator's overview (X1).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewView {
    /// Whose.
    party_id: String,
    /// Currency of every amount.
    currency: String,
    /// What can be withdrawn now.
    withdrawable_minor: i64,
    /// Programme income of months that are not closed.
    frozen_minor: i64,
    /// Reserved by withdrawals under way.
    in_transit_minor: i64,
    /// What the party owes; no withdrawal while above zero.
    owed_minor: i64,
    /// Of all time.
    totals: Totals,
    /// The last twelve civil months, oldest first.
    trend: Vec<TrendMonth>,
}

/// Read a creator's overview
#[utoipa::path(get, path = "/v1/parties/{id}/overview", tag = "task orders",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = OverviewView, description = "The overview")))]
pub(crate) async fn get_overview(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let app = &call.app;
    let (currency, today) = (app.rules().currency, app.zone.date(app.now()));
    let found = app
        .read(move |session| match purser_engine::parties::party(session, party)? {
            None => Ok(None),
            Some(_) => earnings::overview(session, party, currency, today).map(Some),
        })
        .await?;
    let Some(overview) = found else {
        return Err(Problem::not_found("party_unknown", format!("there is no party {party}")));
    };
    let month = |(month, totals): &(purser_domain::earnings::Month, EarningsTotals)| TrendMonth {
        month: month.to_string(),
        totals: totals.into(),
    };
    Ok(json(&OverviewView {
        party_id: party.to_string(),
        currency: currency.to_string(),
        withdrawable_minor: overview.withdrawable_minor,
        frozen_minor: overview.frozen_minor,
        in_transit_minor: overview.in_transit_minor,
        owed_minor: overview.owed_minor,
        totals: (&overview.totals).into(),
        trend: overview.trend.iter().map(month).collect(),
    }))
}
