//! The balance log (A10): every line of an advertiser's cash, of what it owes, or of one of its grants.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{AdGrantId, PartyId, TransferId},
    ledger::{AccountKind, AccountRef, TransferKind},
};
use purser_engine::{ads::grant_account, history};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::of_advertiser;
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, parse_id},
    problem::Problem,
};

/// Which lines of an account.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdLineParams {
    /// `cash` (when absent), `arrears`, or a grant, `gr_…`.
    of: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// A line of the balance log. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdLine {
    /// Transfer, `tr_…`.
    id: String,
    /// When it was booked.
    at: String,
    /// What it is about, like `payment.credited`.
    kind: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// What it added; below zero what it took. 0 for what only reserves.
    change_minor: i64,
    /// Balance afterwards.
    balance_minor: i64,
}

/// What a line is about, in Chinese and in English.
const fn words(kind: Option<TransferKind>) -> (&'static str, &'static str) {
    use TransferKind as K;
    match kind {
        Some(K::PaymentCredited) => ("充值到账", "Top-up"),
        Some(K::PaymentArrears) => ("充值还欠费", "Arrears paid by a top-up"),
        Some(K::PaymentRefund) => ("余额退款", "Refund of balance"),
        Some(K::AdClicks) => ("点击扣费", "Clicks"),
        Some(K::AdInvalid) => ("无效点击返还", "Credit for invalid clicks"),
        Some(K::AdOverDelivery) => ("超日限额返还", "Credit for spend above the daily budget"),
        Some(K::AdGrant) => ("赠款", "Grant"),
        Some(K::AdGrantExpired) => ("赠款到期", "Grant expired"),
        Some(K::AdAutoTopUp) => ("自动充值", "Automatic top-up"),
        Some(K::AdAutoTopUpBack) => ("自动充值退回收入", "Automatic top-up, back to earnings"),
        Some(K::AdArrearsPaid) => ("余额还欠费", "Arrears paid from the balance"),
        Some(K::Manual | K::Reversal) => ("人工调整", "Adjustment by hand"),
        _ => ("其他", "Other"),
    }
}

impl From<&history::Line> for AdLine {
    fn from(line: &history::Line) -> Self {
        let kind = TransferKind::from_code(line.transfer.kind);
        let (zh, en) = words(kind);
        Self {
            id: line.transfer.id.to_string(),
            at: line.transfer.at.to_string(),
            kind: kind.map_or("", TransferKind::name),
            zh,
            en,
            change_minor: line.change_minor,
            balance_minor: line.balance_minor,
        }
    }
}

/// List the lines of an advertising account, newest first
///
/// Clicks are one line for each campaign and call, as they were booked.
#[utoipa::path(get, path = "/v1/parties/{id}/ad-account/lines", tag = "advertising",
    params(("id" = String, Path, description = "Party, `pty_…`"), AdLineParams),
    responses((status = 200, body = Page<AdLine>, description = "Lines")))]
pub(crate) async fn list_ad_lines(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<AdLineParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let currency = call.app.rules().currency;
    let account = match params.of.as_deref() {
        None | Some("cash") => AccountRef::party(party, AccountKind::AdCash, currency),
        Some("arrears") => AccountRef::party(party, AccountKind::AdArrears, currency),
        Some(text) if text.starts_with("gr_") => {
            grant_account(party, parse_id::<AdGrantId>(text, "of")?, currency)
        }
        Some(_) => return Err(Problem::invalid("of", "cash, arrears, or a grant, gr_…")),
    };
    let most = limit(params.limit)?;
    let from = params.cursor.as_deref().map(Cursor::decode).transpose()?;
    let from = from.map(|cursor| history::Cursor(TransferId(cursor.id)));
    let read = move |session: &mut dyn purser_engine::Session| {
        of_advertiser(session, party, |session, _| history::page(session, account.id(), from, most))
    };
    let page = call.app.read(read).await?.or_problem(party)?;
    let next_cursor = page.next.map(|next| Cursor::id(next.0.0).encode());
    Ok(json(&Page { data: page.lines.iter().map(AdLine::from).collect(), next_cursor }))
}
