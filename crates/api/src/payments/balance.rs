//! Giving an advertiser's balance back (A12).

use axum::{extract::Path, response::Response};
use purser_domain::ids::PartyId;
use purser_engine::payments::RefundBalance;
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::{NewRefund, PaymentRefundView};
use crate::{
    edge::{Answer, Body, Call, parse_id, submit},
    problem::Problem,
};

/// Balance on its way back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BalanceRefund {
    /// What goes back, minor units.
    amount_minor: i64,
    /// A refund for each payment that it goes back to, the newest payment first.
    refunds: Vec<PaymentRefundView>,
    /// Of the amount, what automatic top-ups had taken from the party's own earnings and is earnings again, minor units.
    to_earnings_minor: i64,
}

/// Give an advertiser's balance back
///
/// Unspent cash goes back to what brought it, the newest first: to payments as far as their rail still takes refunds,
/// and to the earnings from which automatic top-ups came. What came first counts as used first. Grants never go back.
/// With nothing left delivery stops in the same commit.
#[utoipa::path(post, path = "/v1/parties/{id}/ad-account/refunds", tag = "advertising", request_body = NewRefund,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = BalanceRefund, description = "Reserved, and on its way")))]
pub(crate) async fn refund_balance(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewRefund>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let command = RefundBalance { party, amount_minor: body.value.amount_minor.map(|amount| amount.0) };
    submit(&call, body.digest, command, |done| {
        let refunds = done.refunds.iter().map(|done| PaymentRefundView::from(&done.refund)).collect();
        let (amount_minor, to_earnings_minor) = (done.amount_minor(), done.to_earnings_minor);
        Answer::created(&BalanceRefund { amount_minor, refunds, to_earnings_minor })
    })
    .await
}
