//! Task orders of a creator: list and export (X2).

use axum::{extract::Path, response::Response};
use purser_domain::{
    earnings::{OrderStatus, TaskType},
    ids::{PartyId, TaskOrderId},
    time::Timestamp,
};
use purser_engine::{
    Session,
    earnings::{OrderFilter, TaskOrderRow, order_records},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    amounts,
    csv::{self, Lines, Look},
    export, keyword, span,
};
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, parse_id},
    orders::TaskOrderView,
    problem::Problem,
};

macro_rules! params {
    ($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Only orders in this status.
            status: Option<String>,
            /// Only this task type, `video` or `live`.
            task_type: Option<String>,
            /// First civil date of acceptance, in the business zone.
            from: Option<String>,
            /// Last civil date of acceptance, included.
            until: Option<String>,
            /// Gross amount at least this, minor units.
            #[param(minimum = 0)]
            amount_min_minor: Option<i64>,
            /// Gross amount at most this, minor units.
            #[param(minimum = 0)]
            amount_max_minor: Option<i64>,
            /// Title or id contains this, at most 100 characters.
            keyword: Option<String>,
            /// Your own id of the order: found at once.
            order_id: Option<String>,
            $($(#[$extra_doc])* $extra: $kind,)*
        }

        impl $name {
            fn filter(self, call: &Call) -> Result<OrderFilter, Problem> {
                let status = self.status.as_deref().map(|name| {
                    OrderStatus::named(name).ok_or_else(|| one_of("status", OrderStatus::ALL.map(OrderStatus::name)))
                });
                let task_type = self.task_type.as_deref().map(|name| {
                    TaskType::named(name).ok_or_else(|| one_of("task_type", TaskType::ALL.map(TaskType::name)))
                });
                let (since, until) = span(&call.app, self.from.as_deref(), self.until.as_deref())?;
                amounts(self.amount_min_minor, self.amount_max_minor)?;
                Ok(OrderFilter {
                    status: status.transpose()?,
                    task_type: task_type.transpose()?,
                    since,
                    until,
                    least_minor: self.amount_min_minor,
                    most_minor: self.amount_max_minor,
                    keyword: keyword(self.keyword)?,
                    external_id: self.order_id,
                })
            }
        }
    };
}

fn one_of<const N: usize>(parameter: &str, names: [&str; N]) -> Problem {
    Problem::invalid(parameter, format!("one of {}", names.join(", ")))
}

params! {
    /// Parameters of the list of orders.
    OrderParams {
        /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
        #[param(minimum = 1, maximum = 200)]
        limit: Option<usize>,
        /// `next_cursor` of the page before; opaque.
        cursor: Option<String>,
    }
}

params! {
    /// Parameters of the export of orders.
    OrderExportParams {
        /// `en` or `zh`: headings and words; `en` when absent.
        lang: Option<String>,
        /// Begin with a byte order mark, for Excel.
        bom: Option<bool>,
    }
}

/// List a creator's task orders, newest acceptance first
#[utoipa::path(get, path = "/v1/parties/{id}/task-orders", tag = "task orders",
    params(("id" = String, Path, description = "Party, `pty_…`"), OrderParams),
    responses((status = 200, body = Page<TaskOrderView>, description = "Orders")))]
pub(crate) async fn list_orders(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<OrderParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let most = limit(params.limit)?;
    let before = match &params.cursor {
        Some(text) => Some(Cursor::decode(text)?.place()?),
        None => None,
    };
    let before = before.map(|(at, id)| (Timestamp(at), TaskOrderId(id)));
    let filter = params.filter(&call)?;
    let page = call.app.read(move |session| order_records(session, party, &filter, before, most)).await?;
    let next_cursor = page.next.map(|(at, id)| Cursor { numbers: vec![at.0], id: id.0 }.encode());
    Ok(json(&Page { data: page.rows.iter().map(TaskOrderView::from).collect(), next_cursor }))
}

const HEADINGS: [(&str, &str); 25] = [
    ("order_id", "订单号"),
    ("id", "编号"),
    ("title", "标题"),
    ("task_type", "任务类型"),
    ("status", "状态码"),
    ("status_text", "状态"),
    ("accepted_at", "接单时间"),
    ("completed_at", "完成时间"),
    ("settled_at", "结算时间"),
    ("cancelled_at", "取消时间"),
    ("currency", "币种"),
    ("amount", "任务金额"),
    ("amount_minor", "任务金额（分）"),
    ("fee_ppm", "服务费率（百万分比）"),
    ("service_fee", "服务费"),
    ("service_fee_minor", "服务费（分）"),
    ("compensation", "补偿"),
    ("compensation_minor", "补偿（分）"),
    ("tax", "预扣个税"),
    ("tax_minor", "预扣个税（分）"),
    ("net", "到账金额"),
    ("net_minor", "到账金额（分）"),
    ("payee_kind", "收款主体类型"),
    ("payee_id", "收款主体"),
    ("creator_id", "创作者"),
];

/// Export a creator's task orders as CSV
///
/// Holds exactly what the filters show, newest acceptance first, streamed. Times are of the business zone.
#[utoipa::path(get, path = "/v1/parties/{id}/task-orders/export", tag = "task orders",
    params(("id" = String, Path, description = "Party, `pty_…`"), OrderExportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_orders(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<OrderExportParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let filter = params.filter(&call)?;
    let read =
        move |session: &mut dyn Session, place| order_records(session, party, &filter, place, csv::ROWS);
    let head = Lines::headed(look, &HEADINGS);
    export(call, "task-orders", head, read, move |lines, call, row| line(lines, call, look, row)).await
}

fn line(lines: &mut Lines, call: &Call, look: Look, row: &TaskOrderRow) {
    let zone = &call.app.zone;
    let at = |at: Option<Timestamp>| at.map(|at| zone.rfc3339(at)).unwrap_or_default();
    lines.text(&row.external_id);
    lines.text(&row.id.to_string());
    lines.text(&row.title);
    lines.text(&row.task_type);
    lines.text(&row.status);
    lines.text(OrderStatus::named(&row.status).map_or("", |status| look.pick(status.en(), status.zh())));
    for time in [Some(row.accepted_at), row.completed_at, row.settled_at, row.cancelled_at] {
        lines.text(&at(time));
    }
    lines.text(row.currency.code());
    lines.money(Some(row.amount));
    lines.int(Some(row.fee_ppm));
    for amount in [row.service_fee, row.compensation, row.tax(), row.net] {
        lines.money(amount);
    }
    lines.text(&row.kind);
    lines.text(&row.payee.to_string());
    lines.text(&row.creator.to_string());
    lines.end();
}
