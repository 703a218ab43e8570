//! Reading accounts and transfers.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{AccountId, PartyId, TransferId},
    ledger::{AccountKind, AccountRef, Owner},
    money::Currency,
    parties::Role,
    policy::keys,
};
use purser_engine::{Fault, Session, ads, parties};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    dto::{AccountView, TransferLine},
    subject,
};
use crate::{
    ads::Reading,
    edge::{Call, Page, Params, json, json_versioned, parse_id},
    problem::Problem,
};

/// Whose accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountParams {
    /// `platform`, or the id of a party.
    owner: String,
}

/// Most grants of an advertiser whose accounts are listed: the newest.
const GRANTS: i64 = 100;

/// Every account that an owner can have; of grants, whose accounts are many, those of the list.
fn every(owner: Owner, currency: Currency, grants: &[String]) -> Vec<AccountRef> {
    let account =
        |kind, qualifier: &str| AccountRef { owner, kind, qualifier: qualifier.to_owned(), currency };
    let mut all = Vec::new();
    for kind in AccountKind::ALL.iter().copied() {
        match kind {
            AccountKind::RailFloat => all.extend(keys::RAILS.iter().map(|rail| account(kind, rail))),
            AccountKind::AdGrant => all.extend(grants.iter().map(|grant| account(kind, grant))),
            _ => all.push(account(kind, "")),
        }
    }
    all
}

fn grants_of(session: &mut dyn Session, party: PartyId, reading: &Reading) -> Result<Vec<String>, Fault> {
    if !parties::party(session, party)?.is_some_and(|row| row.roles().has(Role::Advertiser)) {
        return Ok(Vec::new());
    }
    let found = ads::grants(session, party, None, GRANTS, &reading.moment())?;
    Ok(found.iter().map(|grant| grant.row.id.to_string()).collect())
}

/// List the accounts of an owner
///
/// Those to which something was posted, in the order of their kinds; of an advertiser's grants the first 100.
#[utoipa::path(get, path = "/v1/accounts", tag = "ledger", params(AccountParams),
    responses((status = 200, body = Page<AccountView>, description = "Accounts")))]
pub(crate) async fn list_accounts(
    call: Call,
    Params(params): Params<AccountParams>,
) -> Result<Response, Problem> {
    let owner = match params.owner.as_str() {
        "platform" => Owner::Platform,
        text => Owner::Party(parse_id(text, "owner")?),
    };
    let (currency, reading) = (call.app.rules().currency, Reading::of(&call.app));
    let read = move |session: &mut dyn Session| {
        let grants = match owner {
            Owner::Platform => Vec::new(),
            Owner::Party(party) => grants_of(session, party, &reading)?,
        };
        purser_engine::ledger::accounts(session, &every(owner, currency, &grants))
    };
    let found = call.app.read(read).await?;
    let data = found.iter().map(|(account, reference)| AccountView::of(account, Some(reference)));
    Ok(json(&Page { data: data.collect(), next_cursor: None }))
}

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
    let read = move |session: &mut dyn Session| {
        let Some(line) = purser_engine::ledger::transfer(session, id)? else { return Ok(None) };
        let mut view = TransferLine::from(&line);
        view.subject = subject::found(session, &line)?;
        Ok(Some(view))
    };
    match call.app.read(read).await? {
        Some(line) => Ok(json(&line)),
        None => Err(Problem::not_found("transfer_unknown", format!("there is no transfer {id}"))),
    }
}
