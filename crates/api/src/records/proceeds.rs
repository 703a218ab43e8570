//! Proceeds of a merchant line by line, as a list and as CSV (C26). The lines are those of the ledger.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, TransferId},
    ledger::TransferKind,
};
use purser_engine::{
    Session,
    credit::{self, LineFilter, ProceedsLine},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    amounts,
    csv::{self, Lines, Look},
    export, span,
};
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, parse_id},
    problem::Problem,
};

macro_rules! params {
    ($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Only lines of this kind, `credit.advance` for example.
            kind: Option<String>,
            /// Only what came in (`in`) or went out (`out`).
            direction: Option<String>,
            /// First civil date, in the business zone.
            from: Option<String>,
            /// Last civil date, included.
            until: Option<String>,
            /// Amount at least this, minor units, whatever its direction.
            #[param(minimum = 0)]
            amount_min_minor: Option<i64>,
            /// Amount at most this, minor units.
            #[param(minimum = 0)]
            amount_max_minor: Option<i64>,
            $($(#[$extra_doc])* $extra: $kind,)*
        }

        impl $name {
            fn filter(&self, call: &Call) -> Result<LineFilter, Problem> {
                let kind = self.kind.as_deref().map(|name| {
                    TransferKind::from_name(name)
                        .ok_or_else(|| Problem::invalid("kind", "a kind of transfer, like credit.advance"))
                });
                let incoming = match self.direction.as_deref() {
                    None => None,
                    Some("in") => Some(true),
                    Some("out") => Some(false),
                    Some(_) => return Err(Problem::invalid("direction", "in or out")),
                };
                let (since, until) = span(&call.app, self.from.as_deref(), self.until.as_deref())?;
                amounts(self.amount_min_minor, self.amount_max_minor)?;
                Ok(LineFilter {
                    kind: kind.transpose()?,
                    since,
                    until,
                    least_minor: self.amount_min_minor,
                    most_minor: self.amount_max_minor,
                    incoming,
                })
            }
        }
    };
}

params! {
    /// Parameters of the list of proceeds.
    ProceedsParams {
        /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
        #[param(minimum = 1, maximum = 200)]
        limit: Option<usize>,
        /// `next_cursor` of the page before; opaque.
        cursor: Option<String>,
    }
}

params! {
    /// Parameters of the export of proceeds.
    ProceedsExportParams {
        /// `en` or `zh`: headings and words; `en` when absent.
        lang: Option<String>,
        /// Begin with a byte order mark, for Excel.
        bom: Option<bool>,
    }
}

/// A line of a merchant's proceeds. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProceedsLineView {
    /// Transfer, `tr_…`.
    id: String,
    /// When it was booked.
    at: String,
    /// What it is about.
    kind: &'static str,
    /// What it added; below zero what it took.
    change_minor: i64,
    /// Balance afterwards, holds included.
    balance_minor: i64,
    /// Order that it is about, `co_…`; null when it is about none.
    order: Option<String>,
    /// Your own id of the order.
    order_id: Option<String>,
}

impl From<&ProceedsLine> for ProceedsLineView {
    fn from(row: &ProceedsLine) -> Self {
        let line = &row.line;
        Self {
            id: line.transfer.id.to_string(),
            at: line.transfer.at.to_string(),
            kind: TransferKind::from_code(line.transfer.kind).map_or("", TransferKind::name),
            change_minor: line.change_minor,
            balance_minor: line.balance_minor,
            order: row.order.as_ref().map(|order| order.id.to_string()),
            order_id: row.order.as_ref().map(|order| order.external_id.clone()),
        }
    }
}

/// List the lines of a merchant's proceeds, newest first
///
/// What changed the balance, from the first day: advances, what buyers paid, refunds, withdrawals.
#[utoipa::path(get, path = "/v1/parties/{id}/proceeds/lines", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), ProceedsParams),
    responses((status = 200, body = Page<ProceedsLineView>, description = "Lines")))]
pub(crate) async fn list_proceeds(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<ProceedsParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let (most, filter) = (limit(params.limit)?, params.filter(&call)?);
    let from = params.cursor.as_deref().map(Cursor::decode).transpose()?;
    let from = from.map(|cursor| TransferId(cursor.id));
    let currency = call.app.rules().currency;
    let page = call
        .app
        .read(move |session| credit::proceeds_lines(session, party, currency, &filter, from, most))
        .await?;
    let next_cursor = page.next.map(|id| Cursor::id(id.0).encode());
    Ok(json(&Page { data: page.rows.iter().map(ProceedsLineView::from).collect(), next_cursor }))
}

const HEADINGS: [(&str, &str); 10] = [
    ("id", "流水号"),
    ("at", "记账时间"),
    ("kind", "类型码"),
    ("kind_text", "类型"),
    ("change", "变动金额"),
    ("change_minor", "变动金额（分）"),
    ("balance", "余额"),
    ("balance_minor", "余额（分）"),
    ("order_id", "订单号"),
    ("order", "订单编号"),
];

/// Export the lines of a merchant's proceeds as CSV
///
/// Holds exactly what the filters show, newest first, streamed. Times are of the business zone.
#[utoipa::path(get, path = "/v1/parties/{id}/proceeds/lines/export", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), ProceedsExportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_proceeds(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<ProceedsExportParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let (filter, currency) = (params.filter(&call)?, call.app.rules().currency);
    let read = move |session: &mut dyn Session, place| {
        credit::proceeds_lines(session, party, currency, &filter, place, csv::ROWS)
    };
    let head = Lines::headed(look, &HEADINGS);
    export(call, "proceeds", head, read, move |lines, call, row| line(lines, call, look, row)).await
}

/// What a line of proceeds is about, in Chinese and in English; empty for what never touches them.
const fn words(kind: TransferKind) -> (&'static str, &'static str) {
    match kind {
        TransferKind::Manual => ("人工调账", "Moved by staff"),
        TransferKind::Reversal => ("冲正", "Taken back"),
        TransferKind::WithdrawalAmount => ("提现", "Withdrawal"),
        TransferKind::WithdrawalFee => ("提现手续费", "Fee of a withdrawal"),
        TransferKind::WithdrawalRepayment => ("提现时归还欠款", "Repaid with a withdrawal"),
        TransferKind::PayoutBounce => ("提现退回", "Withdrawal that came back"),
        TransferKind::CreditAdvance => ("发货垫款", "Advance on shipped goods"),
        TransferKind::CreditBeyondLimit => ("超额度发货款", "Shipped beyond the limit"),
        TransferKind::CreditBuyerPaid => ("买家付款", "Paid by the buyer"),
        TransferKind::CreditRefund => ("退款", "Refund"),
        TransferKind::CreditWriteOff => ("核销", "Written off"),
        TransferKind::CreditRecourse => ("追偿", "Recourse"),
        _ => ("", ""),
    }
}

fn line(lines: &mut Lines, call: &Call, look: Look, row: &ProceedsLine) {
    let transfer = &row.line.transfer;
    lines.text(&transfer.id.to_string());
    lines.text(&call.app.zone.rfc3339(transfer.at));
    let kind = TransferKind::from_code(transfer.kind);
    let (zh, en) = kind.map_or(("", ""), words);
    lines.text(kind.map_or("", TransferKind::name));
    lines.text(look.pick(en, zh));
    lines.money(Some(row.line.change_minor));
    lines.money(Some(row.line.balance_minor));
    lines.text(row.order.as_ref().map_or("", |order| &order.external_id));
    lines.text(&row.order.as_ref().map(|order| order.id.to_string()).unwrap_or_default());
    lines.end();
}
