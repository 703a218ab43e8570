//! What people at the desk see of a withdrawal besides what its party sees: why it is held, who agreed, its ledger lines;
//! and what the gate would say to a party now (G).

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, WithdrawalId},
    metadata::Metadata,
};
use purser_engine::withdrawals::{self, RequestWithdrawal, Requested, withdrawal_lines};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{GateReason, WithdrawalLook, asked, unknown};
use crate::{
    edge::{Call, Params, ask, json, parse_id},
    ledger::TransferLine,
    problem::{Problem, named},
};

/// What a withdrawal was held for and who looked at it: for the desk, never for its party.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawalReview {
    /// Withdrawal.
    id: String,
    /// State.
    state: String,
    /// What the gate held it for, in the order of the checks; empty when it passed without.
    held_for: Vec<GateReason>,
    /// How many different people must agree; 0 when nobody must.
    people_needed: u8,
    /// Who agreed so far, `stf_…`.
    approvals: Vec<String>,
    /// Of the amount, what buyers had not paid when it was requested, minor units.
    unpaid_minor: i64,
    /// Policy version that decided at the gate.
    policy_version: i64,
    /// How fee and value date came about, and what was repaid with it.
    #[schema(value_type = Object)]
    basis: Map<String, Value>,
}

/// Read what a withdrawal was held for, and who agreed: for the desk
#[utoipa::path(get, path = "/v1/withdrawals/{id}/review", tag = "withdrawals",
    params(("id" = String, Path, description = "Withdrawal, `wd_…`")),
    responses((status = 200, body = WithdrawalReview, description = "The review as it stands")))]
pub(crate) async fn get_withdrawal_review(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: WithdrawalId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| withdrawals::withdrawal(session, id)).await?;
    let row = found.ok_or_else(|| unknown(id))?;
    let withdrawal = row.withdrawal();
    Ok(json(&WithdrawalReview {
        id: row.id.to_string(),
        held_for: withdrawal.review.iter().copied().map(GateReason::of).collect(),
        people_needed: if withdrawal.review.is_empty() { 0 } else { withdrawal.people_needed },
        approvals: withdrawal.approvals.iter().map(ToString::to_string).collect(),
        unpaid_minor: row.unpaid,
        policy_version: row.policy_version,
        basis: row.basis.iter().map(named).collect(),
        state: row.state,
    }))
}

/// Ledger lines of a withdrawal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawalLines {
    /// Lines, oldest first.
    data: Vec<TransferLine>,
    /// The party's account was read back to the request; when not, it moved more than 1,000 times since.
    complete: bool,
}

/// List a withdrawal's ledger lines: what it reserved, and what moved on the party's account
#[utoipa::path(get, path = "/v1/withdrawals/{id}/transfers", tag = "withdrawals",
    params(("id" = String, Path, description = "Withdrawal, `wd_…`")),
    responses((status = 200, body = WithdrawalLines, description = "Lines")))]
pub(crate) async fn list_withdrawal_transfers(
    call: Call,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: WithdrawalId = parse_id(&id, "id")?;
    let zone = call.app.zone.clone();
    let read = move |session: &mut dyn purser_engine::Session| {
        let Some(row) = withdrawals::withdrawal(session, id)? else { return Ok(None) };
        withdrawal_lines(session, &zone, &row).map(Some)
    };
    let (lines, complete) = call.app.read(read).await?.ok_or_else(|| unknown(id))?;
    Ok(json(&WithdrawalLines { data: lines.iter().map(TransferLine::from).collect(), complete }))
}

/// What to ask the gate.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GateParams {
    /// `earnings` (when absent) or `proceeds`.
    source: Option<String>,
    /// Minor units; everything that is available when absent.
    #[param(minimum = 1)]
    amount_minor: Option<i64>,
}

/// Ask what the gate would say to a party now; nothing is requested
///
/// Every check with its result, without a code of the party: that is asked for when money is.
#[utoipa::path(get, path = "/v1/parties/{id}/gate", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`"), GateParams),
    responses((status = 200, body = WithdrawalLook, description = "What it would say")))]
pub(crate) async fn look_at_gate(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<GateParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    if params.amount_minor.is_some_and(|amount| amount < 1) {
        return Err(Problem::invalid("amount_minor", "above zero"));
    }
    let look = RequestWithdrawal {
        party,
        asked: asked(params.source.as_deref(), None)?,
        amount_minor: params.amount_minor,
        currency: call.app.rules().currency,
        destination: None,
        code: purser_engine::identity::Given::Waived,
        person: None,
        metadata: Metadata::new(),
        dry_run: true,
    };
    match ask(&call, look).await? {
        Requested::Looked(gate) => Ok(json(&WithdrawalLook::from(&*gate))),
        Requested::Accepted(_) => Err(purser_engine::Failure::Bug.into()),
    }
}
