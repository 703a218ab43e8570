//! Withdrawals (X3, C13–C15, gate G): asking, reading, deciding, calling off.

mod desk;
mod failures;
mod inquiry;
mod views;

pub(crate) use desk::*;
pub(crate) use failures::*;
pub(crate) use inquiry::InquiryProposal;
pub(crate) use views::*;

use axum::{extract::Path, response::Response};
use purser_domain::{
    identity::Purpose,
    ids::{PayoutAccountId, StaffId, WithdrawalId},
    metadata::Metadata,
    money::Currency,
    time::Timestamp,
    withdrawals::LimitUse,
};
use purser_engine::{
    identity::Wanted,
    withdrawals::{self, Asked, DecideReview, RequestWithdrawal, Requested, Review, WithdrawalRow},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    edge::{Amount, Answer, Body, Call, json_versioned, parse_id, submit},
    feed::path_digest,
    identity::{CodeView, given, issue},
    problem::Problem,
    rails::currency_of,
};

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// A withdrawal to request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWithdrawal {
    /// Party, `pty_…`.
    party_id: String,
    /// Which money: `earnings` (when absent) or a merchant's `proceeds`. The pay-later limit is neither: `credit_limit`,
    /// `credit_limit_transfer`, `credit_limit_red_packet` and `credit_limit_balance` are answered with what to do instead.
    source: Option<String>,
    /// Another shop that asks for this party's proceeds, `pty_…`; needs a recorded authorisation.
    asked_by_party_id: Option<String>,
    /// Minor units; everything that is available when absent.
    #[schema(value_type = Option<i64>, minimum = 1)]
    amount_minor: Option<Amount>,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// Payout account, `pa_…`; the default one when absent.
    destination: Option<String>,
    /// One-time code, where policy asks for one.
    code: Option<String>,
    /// Which of the party's people asks, `per_…`; recorded with the withdrawal.
    person_id: Option<String>,
    /// Free values of yours, kept with it: at most 20, keys of up to 40 characters, values of up to 500.
    #[serde(default)]
    metadata: Metadata,
}

/// What may be asked for, by name.
const SOURCES: [(&str, Asked); 6] = [
    ("earnings", Asked::Earnings),
    ("proceeds", Asked::Proceeds),
    ("credit_limit", Asked::Limit(LimitUse::Withdrawal)),
    ("credit_limit_transfer", Asked::Limit(LimitUse::Transfer)),
    ("credit_limit_red_packet", Asked::Limit(LimitUse::RedPacket)),
    ("credit_limit_balance", Asked::Limit(LimitUse::Balance)),
];

fn asked(source: Option<&str>, by: Option<&str>) -> Result<Asked, Problem> {
    let name = source.unwrap_or("earnings");
    let found = SOURCES.iter().find(|(known, _)| *known == name).map(|(_, asked)| *asked);
    let asked = found.ok_or_else(|| Problem::invalid("/source", "`earnings` or `proceeds`"))?;
    match (asked, by) {
        (_, None) => Ok(asked),
        (Asked::Proceeds, Some(by)) => parse_id(by, "/asked_by_party_id").map(Asked::ByOtherShop),
        (_, Some(_)) => {
            Err(Problem::invalid("/asked_by_party_id", "only `proceeds` can be asked for by another shop"))
        }
    }
}

/// Request a withdrawal
///
/// Goes through the gate: its money is reserved at once, and of a merchant's proceeds due and liability are repaid
/// first. With `dry_run=true` the answer is every check's result, the fee and the expected arrival.
#[utoipa::path(post, path = "/v1/withdrawals", tag = "withdrawals", request_body = NewWithdrawal,
    responses((status = 201, body = WithdrawalView, description = "Requested, its money reserved"),
        (status = 200, body = WithdrawalLook, description = "Dry run")))]
pub(crate) async fn request_withdrawal(call: Call, body: Body<NewWithdrawal>) -> Result<Response, Problem> {
    let new = body.value;
    let currency = match new.currency.as_deref() {
        None => call.app.rules().currency,
        Some(code) => {
            let bad = |_| Problem::invalid("/currency", "a currency code, like CNY");
            code.parse::<Currency>().map_err(bad)?
        }
    };
    let destination: Option<PayoutAccountId> =
        new.destination.as_deref().map(|text| parse_id(text, "/destination")).transpose()?;
    let funds_days = funds_days(&call.app);
    let party = parse_id(&new.party_id, "/party_id")?;
    let person = new.person_id.as_deref().map(|text| parse_id(text, "/person_id")).transpose()?;
    let asked = asked(new.source.as_deref(), new.asked_by_party_id.as_deref())?;
    let command = RequestWithdrawal {
        party,
        asked,
        amount_minor: new.amount_minor.map(|amount| amount.0),
        currency,
        destination,
        code: given(&call, party, Purpose::Withdrawal, new.code.as_deref()),
        person,
        metadata: new.metadata,
        dry_run: call.dry_run,
    };
    submit(&call, body.digest, command, move |output| match output {
        Requested::Accepted(row) => Answer::created(&WithdrawalView::of(row, row.requested_at, funds_days)),
        Requested::Looked(look) => Answer::ok(&WithdrawalLook::from(&**look)),
    })
    .await
}

/// A withdrawal to get a code for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWithdrawalCode {
    /// Party, `pty_…`.
    party_id: String,
    /// Minor units: the code is good for this amount only.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// Payout account, `pa_…`: the code is good for this one only; the default one when absent.
    destination: Option<String>,
}

/// Send a code to the bound phone, for a withdrawal of this amount to this account
#[utoipa::path(post, path = "/v1/withdrawals/codes", tag = "withdrawals", request_body = NewWithdrawalCode,
    responses((status = 201, body = CodeView, description = "On its way")))]
pub(crate) async fn send_withdrawal_code(
    call: Call,
    body: Body<NewWithdrawalCode>,
) -> Result<Response, Problem> {
    let new = body.value;
    let currency = currency_of(&call, new.currency.as_deref(), "/currency")?;
    let destination = new.destination.as_deref().map(|text| parse_id(text, "/destination")).transpose()?;
    let wanted = Wanted::Withdrawal { amount_minor: new.amount_minor.0, currency, destination };
    issue(&call, body.digest, parse_id(&new.party_id, "/party_id")?, wanted).await
}

/// Read a withdrawal
#[utoipa::path(get, path = "/v1/withdrawals/{id}", tag = "withdrawals", params(("id" = String, Path, description = "Withdrawal, `wd_…`")),
    responses((status = 200, body = WithdrawalView, description = "The withdrawal, and where it stands")))]
pub(crate) async fn get_withdrawal(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: WithdrawalId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| withdrawal_with_account(session, id)).await?;
    let (row, masked) = found.ok_or_else(|| unknown(id))?;
    Ok(json_versioned(
        &WithdrawalView::of(&row, call.app.now(), funds_days(&call.app)).with_destination(masked),
        row.version,
    ))
}

/// A withdrawal, and what people see of its payout account.
pub(crate) fn withdrawal_with_account(
    session: &mut dyn purser_engine::Session,
    id: WithdrawalId,
) -> Result<Option<(WithdrawalRow, Option<String>)>, purser_engine::Fault> {
    let Some(row) = withdrawals::withdrawal(session, id)? else { return Ok(None) };
    let account = withdrawals::payout_accounts_by_id(session, vec![row.destination])?;
    let masked = account.into_values().next().map(|account| account.masked);
    Ok(Some((row, masked)))
}

pub(crate) fn unknown(id: WithdrawalId) -> Problem {
    Problem::not_found("withdrawal_unknown", format!("there is no withdrawal {id}"))
}

/// A decision about a withdrawal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// `approve`, `reject` or `cancel`.
    decision: String,
    /// Reason for the party, 1 to 500 printable characters; needed to reject.
    note: Option<String>,
}

/// What the party reads of a withdrawal that the platform called off without a note.
const BY_PLATFORM: &str = "平台撤销 / called off by the platform";

/// Approve, reject or cancel a withdrawal for the platform
///
/// Approving takes a member of staff; large amounts take two.
#[utoipa::path(post, path = "/v1/withdrawals/{id}/decision", tag = "withdrawals", request_body = Decision,
    params(("id" = String, Path, description = "Withdrawal, `wd_…`")),
    responses((status = 200, body = WithdrawalView, description = "Decided")))]
pub(crate) async fn decide_withdrawal(
    call: Call,
    Path(id): Path<String>,
    body: Body<Decision>,
) -> Result<Response, Problem> {
    let review = match (body.value.decision.as_str(), body.value.note) {
        ("approve", None) => Review::Approve(reviewer(&call)?),
        ("approve", Some(_)) => return Err(Problem::invalid("/note", "an approval takes no note")),
        ("reject", Some(note)) => Review::Reject(note, reviewer(&call).ok()),
        ("reject", None) => return Err(Problem::invalid("/note", "missing: tell the party why")),
        ("cancel", note) => Review::Cancel(Some(note.unwrap_or_else(|| BY_PLATFORM.to_owned()))),
        _ => return Err(Problem::invalid("/decision", "a decision is approve, reject or cancel")),
    };
    review_of(&call, &id, body.digest, review).await
}

fn reviewer(call: &Call) -> Result<StaffId, Problem> {
    call.person("people approve: sign in as staff, an API key cannot do this")
}

/// Cancel a withdrawal for the party, while nothing was sent
#[utoipa::path(post, path = "/v1/withdrawals/{id}/cancel", tag = "withdrawals",
    params(("id" = String, Path, description = "Withdrawal, `wd_…`")),
    responses((status = 200, body = WithdrawalView, description = "Cancelled, its money released")))]
pub(crate) async fn cancel_withdrawal(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    review_of(&call, &id, path_digest(&["cancel", &id]), Review::Cancel(None)).await
}

async fn review_of(call: &Call, id: &str, digest: [u8; 32], review: Review) -> Result<Response, Problem> {
    let id: WithdrawalId = parse_id(id, "id")?;
    let found = call.app.read(move |session| withdrawals::locate(session, id)).await?;
    let located = found.ok_or_else(|| unknown(id))?;
    let (now, funds_days) = (call.app.now(), funds_days(&call.app));
    submit(call, digest, DecideReview { located, review }, move |row| {
        Answer::ok(&WithdrawalView::of(row, now, funds_days))
    })
    .await
}
