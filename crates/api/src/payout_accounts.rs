//! Payout accounts (P9, X8): binding, the default one, taking away; staff lock and unlock them.

use axum::{extract::Path, response::Response};
use purser_domain::{
    identity::{AccountKind, Purpose, account_number},
    ids::{PartyId, PayoutAccountId},
};
use purser_engine::{
    identity::{Given, Wanted, account_index},
    withdrawals::{
        self, BindPayoutAccount, ChangePayoutAccount, LockPayoutAccount, PayoutAccountChange,
        PayoutAccountRow,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Answer, Body, Call, Page, json, parse_id, submit},
    identity::{CodeView, given, issue, vault},
    problem::Problem,
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
            unbound_at: row.unbound_at.map(|at| at.to_string()),
            version: row.version,
        }
    }
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

/// What to get a code for: an account to bind (kind and number), or a change of one that is bound (account and change).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayoutAccountCode {
    /// Kind of the account that is to be bound.
    kind: Option<String>,
    /// Its number or login id: the code is good for this one only.
    number: Option<String>,
    /// The bound account that is to be changed, `pa_…`: the code is good for this one only.
    payout_account: Option<String>,
    /// `default` or `unbind`: the code is good for this change only.
    change: Option<String>,
}

impl NewPayoutAccountCode {
    fn wanted(&self, call: &Call) -> Result<Wanted, Problem> {
        match (&self.kind, &self.number, &self.payout_account, &self.change) {
            (Some(kind), Some(number), None, None) => {
                let kind = AccountKind::named(kind).filter(|kind| *kind != AccountKind::Sandbox);
                let text = "a code is for an account of kind alipay, personal_card or corporate";
                let kind = kind.ok_or_else(|| Problem::invalid("/kind", text))?;
                let (number, masked) =
                    account_number(kind, number).map_err(|no| Problem::invalid("/number", no.to_string()))?;
                let number_index = account_index(&*vault(call)?, kind.name(), &number);
                Ok(Wanted::PayoutAccount { number_index, masked })
            }
            (None, None, Some(account), Some(change)) => {
                let text = "a change is default or unbind";
                let change =
                    PayoutAccountChange::named(change).ok_or_else(|| Problem::invalid("/change", text))?;
                Ok(Wanted::PayoutAccountChange { id: parse_id(account, "/payout_account")?, change })
            }
            _ => {
                let text = "send kind and number of an account to bind, or payout_account and change";
                Err(Problem::invalid("", text))
            }
        }
    }
}

/// Send a code to the bound phone, to bind or change a payout account
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts/codes", tag = "withdrawals", request_body = NewPayoutAccountCode,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = CodeView, description = "On its way")))]
pub(crate) async fn send_payout_account_code(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPayoutAccountCode>,
) -> Result<Response, Problem> {
    let wanted = body.value.wanted(&call)?;
    issue(&call, body.digest, parse_id(&id, "id")?, wanted).await
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

/// A change of a payout account.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayoutAccountConfirmation {
    /// The code that the bound phone got for this change; not for the sandbox's kind.
    code: Option<String>,
}

async fn change(
    call: &Call,
    (party, account): (String, String),
    body: Body<PayoutAccountConfirmation>,
    change: PayoutAccountChange,
) -> Result<Response, Problem> {
    let (party, id): (PartyId, PayoutAccountId) = (parse_id(&party, "id")?, parse_id(&account, "account")?);
    let code: Given = given(call, party, Purpose::PayoutAccount, body.value.code.as_deref());
    let command = ChangePayoutAccount { party, id, change, code };
    submit(call, body.digest, command, |row| Answer::ok(&PayoutAccountView::from(row))).await
}

/// Use a payout account when none is named
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts/{account}/default", tag = "withdrawals",
    request_body = PayoutAccountConfirmation,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("account" = String, Path, description = "Payout account, `pa_…`")),
    responses((status = 200, body = PayoutAccountView, description = "It is the default")))]
pub(crate) async fn make_default_payout_account(
    call: Call,
    Path(ids): Path<(String, String)>,
    body: Body<PayoutAccountConfirmation>,
) -> Result<Response, Problem> {
    change(&call, ids, body, PayoutAccountChange::MakeDefault).await
}

/// Take a payout account away
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts/{account}/unbind", tag = "withdrawals",
    request_body = PayoutAccountConfirmation,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("account" = String, Path, description = "Payout account, `pa_…`")),
    responses((status = 200, body = PayoutAccountView, description = "Unbound")))]
pub(crate) async fn unbind_payout_account(
    call: Call,
    Path(ids): Path<(String, String)>,
    body: Body<PayoutAccountConfirmation>,
) -> Result<Response, Problem> {
    change(&call, ids, body, PayoutAccountChange::Unbind).await
}

/// Why staff lock a payout account, or open it again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayoutAccountLock {
    /// True: no money goes there until it is opened again.
    locked: bool,
    /// For the audit log, 1 to 500 characters; no personal data.
    reason: String,
}

/// Lock a payout account, or open it again
///
/// Takes a member of staff. What is requested meanwhile is refused, what was requested before waits.
#[utoipa::path(post, path = "/v1/parties/{id}/payout-accounts/{account}/lock", tag = "withdrawals",
    request_body = PayoutAccountLock,
    params(("id" = String, Path, description = "Party, `pty_…`"), ("account" = String, Path, description = "Payout account, `pa_…`")),
    responses((status = 200, body = PayoutAccountView, description = "As it is now")))]
pub(crate) async fn lock_payout_account(
    call: Call,
    Path((party, account)): Path<(String, String)>,
    body: Body<PayoutAccountLock>,
) -> Result<Response, Problem> {
    call.person("people lock accounts: sign in as staff, an API key cannot do this")?;
    let PayoutAccountLock { locked, reason } = body.value;
    let command = LockPayoutAccount {
        party: parse_id(&party, "id")?,
        id: parse_id(&account, "account")?,
        locked,
        reason,
    };
    submit(&call, body.digest, command, |row| Answer::ok(&PayoutAccountView::from(row))).await
}
