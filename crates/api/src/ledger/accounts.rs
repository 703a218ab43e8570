//! Reading accounts and transfers.

use axum::{extract::Path, response::Response};
use purser_domain::ids::{AccountId, TransferId};

use super::dto::{AccountView, TransferLine};
use crate::{
    edge::{Call, json, json_versioned, parse_id},
    problem::Problem,
};

/// Read an account
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "ledger", params(("id" = String, Path, description = "Account, `acc_…`")),
    responses((status = 200, body = AccountView, description = "The account")))]
pub(crate) async fn get_account(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: AccountId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| purser_engine::ledger::account(session, id)).await?;
    let Some((account, info)) = found else {
        return Err(Problem::not_found("account_unknown", format!("there is no account {id}")));
    };
    let view = AccountView::of(&account, info.as_ref().map(|info| &info.reference));
    Ok(json_versioned(&view, account.entries))
}

/// Read a transfer
#[utoipa::path(get, path = "/v1/transfers/{id}", tag = "ledger", params(("id" = String, Path, description = "Transfer, `tr_…`")),
    responses((status = 200, body = TransferLine, description = "The ledger line")))]
pub(crate) async fn get_transfer(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: TransferId = parse_id(&id, "id")?;
    match call.app.read(move |session| purser_engine::ledger::transfer(session, id)).await? {
        Some(line) => Ok(json(&TransferLine::from(&line))),
        None => Err(Problem::not_found("transfer_unknown", format!("there is no transfer {id}"))),
    }
}
