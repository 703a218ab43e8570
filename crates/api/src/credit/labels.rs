//! Labels as CSV (C21): what was held, with score and reasons of that time, and what people decided.

use axum::response::Response;
use purser_domain::{credit::risk::Signal, ids::RiskReviewId, time::Timestamp};
use purser_engine::credit::risk::{self, RiskReviewRow};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{reviews::filter, risk::person};
use crate::{
    edge::{Call, Params},
    problem::Problem,
    records::csv::{self, Lines, Look},
};

/// Which labels.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LabelParams {
    /// `open`, `released`, `confirmed` or `withdrawn`.
    state: Option<String>,
    /// Of this party, `pty_…`.
    party: Option<String>,
    /// `en` or `zh`: headings; `en` when absent.
    lang: Option<String>,
    /// Begin with a byte order mark, for Excel.
    bom: Option<bool>,
}

const HEADINGS: [(&str, &str); 12] = [
    ("id", "编号"),
    ("merchant_id", "商家"),
    ("subject", "订单或提现"),
    ("amount", "金额"),
    ("amount_minor", "金额（分）"),
    ("label", "结论"),
    ("score", "分值"),
    ("policy_version", "策略版本"),
    ("opened_at", "开始时间"),
    ("decided_at", "结论时间"),
    ("decided_by", "处理人"),
    ("note", "说明"),
];

/// Export reviews with their labels as CSV, the newest first: staff only
///
/// One column per sign holds the points that it added at the time; empty where the sign was not there.
#[utoipa::path(get, path = "/v1/risk-reviews/export", tag = "pay-later", params(LabelParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_risk_reviews(
    call: Call,
    Params(params): Params<LabelParams>,
) -> Result<Response, Problem> {
    person(&call)?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let filter = filter(params.state.as_deref(), params.party.as_deref())?;
    let signs = Signal::ALL.iter().map(|signal| (signal.name(), signal.zh()));
    let headings: Vec<(&str, &str)> = HEADINGS.into_iter().chain(signs).collect();
    let most = i64::try_from(csv::ROWS).unwrap_or(i64::MAX).min(risk::REVIEW_PAGE_MAX);
    csv::download("risk-reviews", Lines::headed(look, &headings), move |mut lines, place| {
        let call = call.clone();
        async move {
            let below: Option<(Timestamp, RiskReviewId)> = place;
            let rows = call.app.read(move |session| risk::reviews(session, filter, below, most)).await?;
            for row in &rows {
                line(&mut lines, &call, row);
            }
            let full = i64::try_from(rows.len()).unwrap_or(0) == most;
            let next = rows.last().filter(|_| full).map(|row| (row.opened_at, row.id));
            Ok((lines, next))
        }
    })
    .await
}

fn line(lines: &mut Lines, call: &Call, row: &RiskReviewRow) {
    let at = |at: Option<Timestamp>| at.map(|at| call.app.zone.rfc3339(at)).unwrap_or_default();
    lines.text(&row.id.to_string());
    lines.text(&row.party.to_string());
    lines.text(&row.subject);
    lines.money(Some(row.amount));
    lines.text(&row.state);
    lines.int(Some(row.score));
    lines.int(Some(row.policy_version));
    lines.text(&at(Some(row.opened_at)));
    lines.text(&at(row.decided_at));
    lines.text(&row.decided_by);
    lines.text(&row.note);
    let reasons = row.reasons();
    for signal in Signal::ALL {
        let found = reasons.iter().find(|reason| reason.signal == *signal);
        lines.int(found.map(|reason| i64::from(reason.points)));
    }
    lines.end();
}
