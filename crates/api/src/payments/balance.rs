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
}

/// Give an advertiser's balance back
///
/// Cash goes back to the payments that brought it, the newest first, as far as their rail still takes refunds; grants
/// never do. With nothing left delivery stops in the same commit.
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
        let amount_minor = done.iter().fold(0_i64, |sum, done| sum.saturating_add(done.refund.amount));
        let refunds = done.iter().map(|done| PaymentRefundView::from(&done.refund)).collect();
        Answer::created(&BalanceRefund { amount_minor, refunds })
    })
    .await
}
