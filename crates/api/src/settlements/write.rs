//! Making statements, signing, papers, decisions.

use axum::{extract::Path, response::Response};
use purser_domain::{
    corporate::Circumstances,
    ids::{PartyId, PayoutAccountId, StaffId, StatementLineId, TaskOrderId, Uid},
};
use purser_engine::corporate::{
    Act, ActOnStatement, AddLine, Choice, GenerateStatement, InvoiceInput, ListedItem, StatementRow,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{SettlementOrder, SettlementView};
use crate::{
    edge::{Amount, Answer, Body, Call, parse_id, submit},
    feed::path_digest,
    problem::Problem,
};

/// A statement to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSettlement {
    /// Who is paid, `pty_…`.
    party_id: String,
    /// Orders `to_…` and lines `sl_…`, 1 to 10,000. When absent: everything that is listed and in no statement, the
    /// oldest 10,000.
    orders: Option<Vec<String>>,
    /// Without `orders`: up to this civil month, `2026-03`.
    until_month: Option<String>,
    /// Payout account, `pa_…`; the default one when absent.
    payout_account: Option<String>,
    /// Name of the payee as it stands on its licence and on the invoice.
    seller_name: String,
    /// Its unified social credit code.
    seller_code: String,
}

fn month(text: &str) -> Result<String, Problem> {
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let fine = text
        .split_once('-')
        .is_some_and(|(year, month)| digits(year, 4) && digits(month, 2) && ("01"..="12").contains(&month));
    if fine {
        Ok(text.to_owned())
    } else {
        Err(Problem::invalid("/until_month", "a civil month, like 2026-03"))
    }
}

fn item(text: &str, index: usize) -> Result<Uid, Problem> {
    let pointer = format!("/orders/{index}");
    if text.starts_with("sl_") {
        return parse_id::<StatementLineId>(text, &pointer).map(|id| id.0);
    }
    parse_id::<TaskOrderId>(text, &pointer).map(|id| id.0)
}

/// Make a settlement statement
///
/// The orders go into it and their sum is reserved. An order can be in one statement that is not called off.
#[utoipa::path(post, path = "/v1/settlements", tag = "settlements", request_body = NewSettlement,
    responses((status = 201, body = SettlementView, description = "Made, its money reserved")))]
pub(crate) async fn generate_settlement(call: Call, body: Body<NewSettlement>) -> Result<Response, Problem> {
    let new = body.value;
    let choice = match (&new.orders, new.until_month.as_deref()) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("/until_month", "name orders or a month, not both"));
        }
        (Some(orders), None) => {
            let items = orders.iter().enumerate().map(|(index, text)| item(text, index));
            Choice::Items(items.collect::<Result<_, _>>()?)
        }
        (None, until) => Choice::Everything(until.map(month).transpose()?),
    };
    let destination: Option<PayoutAccountId> =
        new.payout_account.as_deref().map(|id| parse_id(id, "/payout_account")).transpose()?;
    let command = GenerateStatement {
        party: parse_id(&new.party_id, "/party_id")?,
        choice,
        destination,
        seller_name: new.seller_name,
        seller_code: new.seller_code,
    };
    let today = call.app.zone.date(call.app.now());
    submit(&call, body.digest, command, move |row| Answer::created(&SettlementView::written(row, today)))
        .await
}

async fn act(call: &Call, id: &str, digest: [u8; 32], act: Act) -> Result<Response, Problem> {
    let command = ActOnStatement { id: parse_id(id, "id")?, act, if_version: call.if_match };
    let today = call.app.zone.date(call.app.now());
    submit(call, digest, command, move |row| Answer::ok(&SettlementView::written(row, today))).await
}

fn staff(call: &Call) -> Result<StaffId, Problem> {
    call.person("people decide about papers and payments: sign in as staff, an API key cannot do this")
}

/// A signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signature {
    /// Who signs for the payee, by name.
    signatory: String,
    /// The person of the payee that this is, `per_…`; the role must be `approve`.
    person_id: Option<String>,
}

/// Sign a settlement statement for its payee
#[utoipa::path(post, path = "/v1/settlements/{id}/sign", tag = "settlements", request_body = Signature,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Signed")))]
pub(crate) async fn sign_settlement(
    call: Call,
    Path(id): Path<String>,
    body: Body<Signature>,
) -> Result<Response, Problem> {
    let Signature { signatory, person_id } = body.value;
    let given = person_id.as_deref().map(|id| parse_id(id, "/person_id")).transpose()?;
    let person = match call.identity.portal {
        // In the portal one signs as oneself.
        Some(portal) if given.is_some() && given != portal.person => {
            return Err(Problem::invalid("/person_id", "you act as yourself"));
        }
        Some(portal) => portal.person,
        None => given,
    };
    act(&call, &id, body.digest, Act::Sign(signatory, person)).await
}

/// Call a settlement statement off for its payee, before it is signed
#[utoipa::path(post, path = "/v1/settlements/{id}/cancel", tag = "settlements",
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Called off, its money and orders free again")))]
pub(crate) async fn cancel_settlement(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    act(&call, &id, path_digest(&["settlement cancel", &id]), Act::Cancel).await
}

/// A reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettlementReason {
    /// 1 to 500 characters.
    reason: String,
}

/// Dispute a settlement statement for its payee, before it is signed
///
/// Opens a case; the statement cannot be signed before it is answered.
#[utoipa::path(post, path = "/v1/settlements/{id}/dispute", tag = "settlements", request_body = SettlementReason,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Disputed")))]
pub(crate) async fn dispute_settlement(
    call: Call,
    Path(id): Path<String>,
    body: Body<SettlementReason>,
) -> Result<Response, Problem> {
    act(&call, &id, body.digest, Act::Dispute(body.value.reason)).await
}

/// Answer the dispute of a settlement statement and leave it as it is
///
/// Takes a member of staff; it can be signed then. To agree with the payee, call the statement off.
#[utoipa::path(post, path = "/v1/settlements/{id}/answer", tag = "settlements", request_body = SettlementReason,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Answered")))]
pub(crate) async fn answer_settlement(
    call: Call,
    Path(id): Path<String>,
    body: Body<SettlementReason>,
) -> Result<Response, Problem> {
    let by = staff(&call)?;
    let command = ActOnStatement {
        id: parse_id(&id, "id")?,
        act: Act::Answer(by, body.value.reason),
        if_version: call.if_match,
    };
    let today = call.app.zone.date(call.app.now());
    submit(&call, body.digest, command, move |row| Answer::ok(&SettlementView::of(row, answered(row), today)))
        .await
}

/// A dispute that was just answered stands no more.
fn answered(row: &StatementRow) -> Circumstances {
    Circumstances { calendar_missing: row.calendar_missing, ..Circumstances::default() }
}

/// An invoice to submit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvoice {
    /// Its number.
    number: String,
    /// `special` or `ordinary`.
    kind: String,
    /// `video_production` or `information_service`, or the text of the invoice.
    item: String,
    /// Tax rate in whole percent.
    tax_percent: u32,
    /// Amount, tax included, minor units: exactly what is payable.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Who issued it.
    seller_name: String,
    /// Its unified social credit code.
    seller_code: String,
}

/// Submit the invoice of a signed settlement statement
///
/// Starts the time for payment; after papers were sent back it starts anew. Opens a case that files are attached to.
#[utoipa::path(post, path = "/v1/settlements/{id}/invoice", tag = "settlements", request_body = NewInvoice,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Submitted")))]
pub(crate) async fn submit_invoice(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewInvoice>,
) -> Result<Response, Problem> {
    let new = body.value;
    let invoice = InvoiceInput {
        number: new.number,
        kind: new.kind,
        item: new.item,
        tax_percent: new.tax_percent,
        amount_minor: new.amount_minor.0,
        seller_name: new.seller_name,
        seller_code: new.seller_code,
    };
    act(&call, &id, body.digest, Act::Submit(invoice)).await
}

/// A decision about papers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PapersDecision {
    /// `accept` or `reject`.
    decision: String,
    /// For the payee; needed to reject.
    reason: Option<String>,
}

/// Accept the papers of a settlement statement, which pays it, or send them back
///
/// Takes a member of staff. Payouts from a certain amount on are approved by two people besides.
#[utoipa::path(post, path = "/v1/settlements/{id}/decision", tag = "settlements", request_body = PapersDecision,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Decided")))]
pub(crate) async fn decide_settlement(
    call: Call,
    Path(id): Path<String>,
    body: Body<PapersDecision>,
) -> Result<Response, Problem> {
    let by = staff(&call)?;
    let decision = match (body.value.decision.as_str(), body.value.reason) {
        ("accept", None) => Act::Accept(by),
        ("accept", Some(_)) => return Err(Problem::invalid("/reason", "an acceptance takes no reason")),
        ("reject", Some(reason)) => Act::Reject(by, reason),
        ("reject", None) => return Err(Problem::invalid("/reason", "missing: tell the payee why")),
        _ => return Err(Problem::invalid("/decision", "a decision is accept or reject")),
    };
    act(&call, &id, body.digest, decision).await
}

/// Where to pay again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayAgain {
    /// Payout account, `pa_…`; the same one when absent.
    payout_account: Option<String>,
}

/// Pay a settlement statement again, after its payout definitely failed or came back
///
/// Takes a member of staff. Pays what is not paid yet, under a new reference.
#[utoipa::path(post, path = "/v1/settlements/{id}/pay-again", tag = "settlements", request_body = PayAgain,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "On its way again")))]
pub(crate) async fn pay_settlement_again(
    call: Call,
    Path(id): Path<String>,
    body: Body<PayAgain>,
) -> Result<Response, Problem> {
    let by = staff(&call)?;
    let to = body.value.payout_account.as_deref().map(|id| parse_id(id, "/payout_account")).transpose()?;
    act(&call, &id, body.digest, Act::Retry(by, to)).await
}

/// Call a settlement statement off for the platform, while nothing of it is paid or on its way
#[utoipa::path(post, path = "/v1/settlements/{id}/void", tag = "settlements", request_body = SettlementReason,
    params(("id" = String, Path, description = "Statement, `st_…`")),
    responses((status = 200, body = SettlementView, description = "Called off, its money and orders free again")))]
pub(crate) async fn void_settlement(
    call: Call,
    Path(id): Path<String>,
    body: Body<SettlementReason>,
) -> Result<Response, Problem> {
    let by = staff(&call)?;
    act(&call, &id, body.digest, Act::Void(by, body.value.reason)).await
}

/// A line without an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSettlementLine {
    /// Above zero: to be paid; below: to be deducted. Minor units.
    amount_minor: i64,
    /// What it is about, for the payee.
    note: String,
}

/// Add a line to what a corporate payee is to be paid for
///
/// For money that it has from before it was paid company to company, or a correction. It moves no money; it is listed
/// with its month and goes into a statement like an order. Takes a member of staff.
#[utoipa::path(post, path = "/v1/parties/{id}/settlement-lines", tag = "settlements",
    request_body = NewSettlementLine, params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = SettlementOrder, description = "Added")))]
pub(crate) async fn add_settlement_line(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewSettlementLine>,
) -> Result<Response, Problem> {
    staff(&call)?;
    let payee: PartyId = parse_id(&id, "id")?;
    let NewSettlementLine { amount_minor, note } = body.value;
    submit(&call, body.digest, AddLine { payee, amount_minor, note }, |row| {
        let item = ListedItem { row: row.clone(), external_id: None, title: None };
        Answer::created(&SettlementOrder::from(&item))
    })
    .await
}
