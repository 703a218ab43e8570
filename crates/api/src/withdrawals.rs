//! Payout accounts and withdrawals (P9, X3, C13–C15, gate G).

mod failures;
mod views;

pub(crate) use failures::*;
pub(crate) use views::*;

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    identity::{AccountKind, Purpose, account_number},
    ids::{PartyId, PayoutAccountId, StaffId, WithdrawalId},
    money::Currency,
    time::Timestamp,
    withdrawals::LimitUse,
};
use purser_engine::identity::{Wanted, account_index};
use purser_engine::withdrawals::{
    self, Asked, BindPayoutAccount, ChangePayoutAccount, DecideReview, PayoutAccountChange, PayoutAccountRow,
    RequestWithdrawal, Requested, Review, WithdrawalRow,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Amount, Answer, Body, Call, Page, json, json_versioned, parse_id, submit},
    feed::path_digest,
    identity::{CodeView, given, issue, vault},
    problem::Problem,
    rails::currency_of,
};

/// A payout account to bind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayoutAccount {
    /// `alipay`, `personal_card` or `corporate`; in a sandbox also `sandbox`.
    kind: String,
    /// Alipay login id (mobile number or e-mail), card or account number; for the sandbox the outcome it stands for.
    number: String,
    /// Name of the holder, who must be the verified person, enterprise or studio; not for the sandbox.
    holder: Option<String>,
    /// Name of the bank; for `corporate`, and for a card whose bank is not known.
    bank: Option<String>,
    /// Clearing code of the branch, 12 digits; for `corporate`.
    cnaps: Option<String>,
    /// The card number was looked at once more: its unusual check digit is right.
    #[serde(default)]
    confirm_number: bool,
    /// The code that the bound phone got; not for the sandbox.
    code: Option<String>,
}

/// A payout account; its number is masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutAccountView {
    /// Id.
    id: String,
    /// Whose.
    party_id: String,
    /// Kind.
    kind: String,
    /// What people see.
    masked: String,
    /// Name of the bank, where it is known.
    bank: Option<String>,
    /// Used when none is named.
    is_default: bool,
    /// Locked by staff or risk.
    locked: bool,
    /// When it was bound.
    bound_at: String,
    /// When it was taken away.
    unbound_at: Option<String>,
    /// Counts changes.
    version: i64,
}

impl From<&PayoutAccountRow> for PayoutAccountView {
    fn from(row: &PayoutAccountRow) -> Self {
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            kind: row.kind.clone(),
            masked: row.masked.clone(),
            bank: Some(row.bank.clone()).filter(|text| !text.is_empty()),
            is_default: row.is_default,
            locked: row.locked,
            bound_at: row.bound_at.to_string(),
            unbound_at: text(row.unbound_at),
            version: row.version,
        }
    }
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Bind a payout account
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts", tag = "withdrawals", request_body = NewPayoutAccount,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = BoundPayoutAccount, description = "Bound")))]
pub(crate) async fn bind_payout_account(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPayoutAccount>,
) -> Result<Response, Problem> {
    let NewPayoutAccount { kind, number, holder, bank, cnaps, confirm_number, code } = body.value;
    let party = parse_id(&id, "id")?;
    let code = given(&call, party, Purpose::PayoutAccount, code.as_deref());
    let vault = call.app.vault.clone();
    let command = BindPayoutAccount { party, vault, kind, number, holder, bank, cnaps, confirm_number, code };
    submit(&call, body.digest, command, |bound| {
        Answer::created(&BoundPayoutAccount {
            account: PayoutAccountView::from(&bound.row),
            warnings: bound.warnings.iter().map(|warning| warning.name()).collect(),
        })
    })
    .await
}

/// A payout account to get a code for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayoutAccountCode {
    /// Kind of the account that is to be bound.
    kind: String,
    /// Its number or login id: the code is good for this one only.
    number: String,
}

/// Send a code to the bound phone, to bind a payout account
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts/codes", tag = "withdrawals", request_body = NewPayoutAccountCode,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = CodeView, description = "On its way")))]
pub(crate) async fn send_payout_account_code(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPayoutAccountCode>,
) -> Result<Response, Problem> {
    let kind = AccountKind::named(&body.value.kind).filter(|kind| *kind != AccountKind::Sandbox);
    let text = "a code is for an account of kind alipay, personal_card or corporate";
    let kind = kind.ok_or_else(|| Problem::invalid("/kind", text))?;
    let (number, masked) =
        account_number(kind, &body.value.number).map_err(|no| Problem::invalid("/number", no.to_string()))?;
    let number_index = account_index(&*vault(&call)?, kind.name(), &number);
    issue(&call, body.digest, parse_id(&id, "id")?, Wanted::PayoutAccount { number_index, masked }).await
}

/// Where to find the right value of a kind of payout account (X8).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutAccountHelp {
    /// Kind.
    kind: &'static str,
    /// Chinese.
    zh: &'static str,
    /// English.
    en: &'static str,
}

/// List the kinds of payout accounts, with help on where to find the right value
#[utoipa::path(get, path = "/v1/payout-account-kinds", tag = "withdrawals",
    responses((status = 200, body = Page<PayoutAccountHelp>, description = "Kinds")))]
pub(crate) async fn list_payout_account_kinds(_call: Call) -> Result<Response, Problem> {
    let help = |kind: AccountKind| {
        let (zh, en) = kind.help();
        PayoutAccountHelp { kind: kind.name(), zh, en }
    };
    Ok(json(&Page { data: AccountKind::ALL.into_iter().map(help).collect(), next_cursor: None }))
}

/// A payout account that was bound, and what to look at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BoundPayoutAccount {
    /// The account.
    #[serde(flatten)]
    account: PayoutAccountView,
    /// `issuer_unknown`: the card's bank is not known, so it may be a credit card or a typing error;
    /// `check_confirmed`: the unusual check digit was confirmed.
    warnings: Vec<&'static str>,
}

/// List a party's payout accounts
#[utoipa::path(get, path = "/v1/parties/{id}/payout-accounts", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = Page<PayoutAccountView>, description = "Accounts that are bound now")))]
pub(crate) async fn list_payout_accounts(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let rows = call.app.read(move |session| withdrawals::payout_accounts(session, party)).await?;
    Ok(json(&Page { data: rows.iter().map(PayoutAccountView::from).collect(), next_cursor: None }))
}

async fn change(
    call: &Call,
    (party, account): (String, String),
    change: PayoutAccountChange,
) -> Result<Response, Problem> {
    let digest = path_digest(&["payout account", &format!("{change:?}"), &party, &account]);
    let command =
        ChangePayoutAccount { party: parse_id(&party, "id")?, id: parse_id(&account, "account")?, change };
    submit(call, digest, command, |row| Answer::ok(&PayoutAccountView::from(row))).await
}

/// Use a payout account when none is named
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts/{account}/default", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("account" = String, Path, description = "Payout account, `pa_…`")),
    responses((status = 200, body = PayoutAccountView, description = "It is the default")))]
pub(crate) async fn make_default_payout_account(
    call: Call,
    Path(ids): Path<(String, String)>,
) -> Result<Response, Problem> {
    change(&call, ids, PayoutAccountChange::MakeDefault).await
}

/// Take a payout account away
#[utoipa::path(delete, path = "/v1/parties/{id}/payout-accounts/{account}", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`"), ("account" = String, Path, description = "Payout account, `pa_…`")),
    responses((status = 200, body = PayoutAccountView, description = "Unbound")))]
pub(crate) async fn unbind_payout_account(
    call: Call,
    Path(ids): Path<(String, String)>,
) -> Result<Response, Problem> {
    change(&call, ids, PayoutAccountChange::Unbind).await
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
    /// Reason for the party; needed to reject.
    note: Option<String>,
}

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
        ("reject", Some(note)) => Review::Reject(note),
        ("reject", None) => return Err(Problem::invalid("/note", "missing: tell the party why")),
        ("cancel", note) => {
            Review::Cancel(Some(note.unwrap_or_else(|| "cancelled by the platform".to_owned())))
        }
        _ => return Err(Problem::invalid("/decision", "a decision is approve, reject or cancel")),
    };
    review_of(&call, &id, body.digest, review).await
}

fn reviewer(call: &Call) -> Result<StaffId, Problem> {
    if call.identity.session.is_some() {
        return Ok(StaffId(call.identity.client));
    }
    let text = "people approve: sign in as staff, an API key cannot do this";
    Err(Problem::new(StatusCode::FORBIDDEN, "staff_needed", text))
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
