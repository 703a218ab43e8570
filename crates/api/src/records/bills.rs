//! Bill lines of a merchant: what happened to its pay-later orders, as a list and as CSV (C26).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::order::Status,
    ids::{CreditOrderId, PartyId},
    time::Timestamp,
};
use purser_engine::{
    Session,
    credit::{self, BillFilter, BillLine, BillPlace},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    amounts,
    csv::{self, Lines, Look},
    export, keyword, span,
};
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, parse_id},
    problem::Problem,
};

const KINDS: [(&str, &str, &str); 10] = [
    ("authorised", "已授权", "Authorised"),
    ("shipped", "已发货", "Shipped"),
    ("paid", "买家付款", "Paid by the buyer"),
    ("cancelled", "已取消", "Cancelled"),
    ("refunded", "已退款", "Refunded"),
    ("credit.write_off", "核销", "Written off"),
    ("credit.recourse", "追偿", "Taken back"),
    ("credit.expired", "授权到期", "Authorisation ended"),
    ("credit.review_released", "审核后垫付", "Advanced after a review"),
    ("credit.review_refused", "审核后不垫付", "Not advanced after a review"),
];

macro_rules! params {
    ($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Only lines of this kind: `authorised`, `shipped`, `paid`, `cancelled`, `refunded`, `credit.write_off`,
            /// `credit.recourse`, `credit.expired`, `credit.review_released` or `credit.review_refused`.
            event: Option<String>,
            /// Only of orders that stand here now: `authorised`, `under_review`, `partly_shipped`, `shipped`, `due`,
            /// `cancelled`, `expired` or `closed`.
            status: Option<String>,
            /// First civil date of the event, in the business zone.
            from: Option<String>,
            /// Last civil date of the event, included.
            until: Option<String>,
            /// Amount at least this, minor units.
            #[param(minimum = 0)]
            amount_min_minor: Option<i64>,
            /// Amount at most this, minor units.
            #[param(minimum = 0)]
            amount_max_minor: Option<i64>,
            /// Your own id of the order contains this, at most 100 characters.
            keyword: Option<String>,
            $($(#[$extra_doc])* $extra: $kind,)*
        }

        impl $name {
            fn filter(self, call: &Call) -> Result<BillFilter, Problem> {
                let kinds = KINDS.map(|(name, ..)| name);
                if self.event.as_deref().is_some_and(|event| !kinds.contains(&event)) {
                    return Err(Problem::invalid("event", format!("one of {}", kinds.join(", "))));
                }
                let status = self.status.as_deref().map(|name| {
                    let names = Status::ALL.map(Status::name);
                    Status::ALL.into_iter().find(|status| status.name() == name).ok_or_else(|| {
                        Problem::invalid("status", format!("one of {}", names.join(", ")))
                    })
                });
                let (since, until) = span(&call.app, self.from.as_deref(), self.until.as_deref())?;
                amounts(self.amount_min_minor, self.amount_max_minor)?;
                Ok(BillFilter {
                    kind: self.event,
                    since,
                    until,
                    least_minor: self.amount_min_minor,
                    most_minor: self.amount_max_minor,
                    status: status.transpose()?,
                    keyword: keyword(self.keyword)?,
                })
            }
        }
    };
}

params! {
    /// Parameters of the list of bill lines.
    BillParams {
        /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
        #[param(minimum = 1, maximum = 200)]
        limit: Option<usize>,
        /// `next_cursor` of the page before; opaque.
        cursor: Option<String>,
    }
}

params! {
    /// Parameters of the export of bill lines.
    BillExportParams {
        /// `en` or `zh`: headings and words; `en` when absent.
        lang: Option<String>,
        /// Begin with a byte order mark, for Excel.
        bom: Option<bool>,
    }
}

/// A bill line: something that happened to an order. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillLineView {
    /// Order, `co_…`.
    order: String,
    /// Your own id of the order.
    order_id: String,
    /// Your own id of the event.
    event_id: String,
    /// What happened.
    event: String,
    /// When, as it was reported.
    at: String,
    /// Amount; 0 where the event has none or means the rest.
    amount_minor: i64,
    /// Where the order stands now.
    status: &'static str,
    /// Price of the order.
    order_amount_minor: i64,
    /// Open advance of the order now.
    receivable_minor: i64,
}

impl From<&BillLine> for BillLineView {
    fn from(line: &BillLine) -> Self {
        let (event, order) = (&line.event, &line.order);
        Self {
            order: order.id.to_string(),
            order_id: order.external_id.clone(),
            event_id: event.event_id.clone(),
            event: event.kind.clone(),
            at: event.at.to_string(),
            amount_minor: event.amount,
            status: order.order().status().name(),
            order_amount_minor: order.amount,
            receivable_minor: order.receivable,
        }
    }
}

/// List a merchant's bill lines
///
/// Order by order, the newest authorised first, and the events of each from the newest back; from the first day.
#[utoipa::path(get, path = "/v1/parties/{id}/bill-lines", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), BillParams),
    responses((status = 200, body = Page<BillLineView>, description = "Bill lines")))]
pub(crate) async fn list_bill_lines(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<BillParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let most = limit(params.limit)?;
    let before = params.cursor.as_deref().map(place).transpose()?;
    let filter = params.filter(&call)?;
    let page =
        call.app.read(move |session| credit::bill_lines(session, party, &filter, before, most)).await?;
    let next_cursor = page.next.as_ref().map(|place| cursor(place).encode());
    Ok(json(&Page { data: page.rows.iter().map(BillLineView::from).collect(), next_cursor }))
}

fn cursor(place: &BillPlace) -> Cursor {
    let (at, id) = place.order;
    match &place.event {
        None => Cursor { numbers: vec![at.0], id: id.0 },
        Some((event_at, event)) => Cursor { numbers: vec![at.0, event_at.0], id: id.0 }.with_text(event),
    }
}

fn place(text: &str) -> Result<BillPlace, Problem> {
    let cursor = Cursor::decode(text)?;
    let id = CreditOrderId(cursor.id);
    let within = cursor.text(2).filter(|(_, event)| credit::is_order_id(event));
    if let Some(([at, event_at], event)) = within {
        let event = Some((Timestamp(*event_at), event));
        return Ok(BillPlace { order: (Timestamp(*at), id), event });
    }
    let (at, _) = cursor.place()?;
    Ok(BillPlace { order: (Timestamp(at), id), event: None })
}

const HEADINGS: [(&str, &str); 13] = [
    ("order_id", "订单号"),
    ("order", "编号"),
    ("event_id", "流水号"),
    ("event", "类型码"),
    ("event_text", "类型"),
    ("at", "发生时间"),
    ("currency", "币种"),
    ("amount", "金额"),
    ("amount_minor", "金额（分）"),
    ("status", "订单状态码"),
    ("status_text", "订单状态"),
    ("order_amount", "订单金额"),
    ("order_amount_minor", "订单金额（分）"),
];

/// Export a merchant's bill lines as CSV
///
/// Holds exactly what the filters show, in the order of the list, streamed. Times are of the business zone.
#[utoipa::path(get, path = "/v1/parties/{id}/bill-lines/export", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), BillExportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_bill_lines(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<BillExportParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let filter = params.filter(&call)?;
    let read =
        move |session: &mut dyn Session, place| credit::bill_lines(session, party, &filter, place, csv::ROWS);
    let head = Lines::headed(look, &HEADINGS);
    export(call, "bill-lines", head, read, move |lines, call, row| line(lines, call, look, row)).await
}

fn line(lines: &mut Lines, call: &Call, look: Look, row: &BillLine) {
    let (event, order) = (&row.event, &row.order);
    let words = KINDS.iter().find(|(name, ..)| *name == event.kind).map(|(_, zh, en)| look.pick(*en, *zh));
    lines.text(&order.external_id);
    lines.text(&order.id.to_string());
    lines.text(&event.event_id);
    lines.text(&event.kind);
    lines.text(words.unwrap_or_default());
    lines.text(&call.app.zone.rfc3339(event.at));
    lines.text(order.currency.code());
    lines.money(Some(event.amount));
    let status = order.order().status();
    let (zh, en) = status.words();
    lines.text(status.name());
    lines.text(look.pick(en, zh));
    lines.money(Some(order.amount));
    lines.end();
}
