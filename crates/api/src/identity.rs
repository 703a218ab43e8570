//! Phones, codes, identities (P7, P8, X4–X7). Nothing personal is answered but masked.

use std::sync::Arc;

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    identity::{ClaimKind, Purpose},
    ids::{PartyId, StaffId},
};
use purser_engine::{
    access::Scope,
    identity::{
        self, BindPhone, CodeOnItsWay, Given, IdentityRow, IssueCode, OnboardSandboxParty, PhoneRow,
        SHARED_MAX, SubmitIdentity, UnbindPhone, Wanted,
    },
    ports::message_id,
    sandbox::messages,
    vault::{Vault, key_missing},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Answer, Body, Call, Page, Params, json, json_versioned, limit, parse_id, submit},
    problem::Problem,
};

/// The key of personal values, or a problem that says how to give the server one.
pub(crate) fn vault(call: &Call) -> Result<Arc<Vault>, Problem> {
    let missing = || {
        let rejection = key_missing();
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, rejection.code, rejection.message)
    };
    call.app.vault.clone().ok_or_else(missing)
}

/// A code as a command takes it. Callers with the scope may leave it out.
pub(crate) fn given(call: &Call, party: PartyId, purpose: Purpose, digits: Option<&str>) -> Given {
    let waive = call.identity.scopes.has(Scope::WithdrawalsWithoutCode);
    Given::of(call.app.vault.as_deref(), party, purpose, digits, waive)
}

/// A code that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CodeView {
    /// Which one, `otc_…`.
    id: String,
    /// `bind_phone`, `unbind_phone`, `payout_account` or `withdrawal`.
    purpose: &'static str,
    /// The phone that gets it, masked.
    phone: String,
    /// After this it is void.
    expires_at: String,
    /// Wrong entries that it survives.
    tries: i64,
}

impl From<&CodeOnItsWay> for CodeView {
    fn from(code: &CodeOnItsWay) -> Self {
        Self {
            id: code.code.to_string(),
            purpose: code.purpose,
            phone: code.masked.clone(),
            expires_at: code.expires_at.to_string(),
            tries: code.tries,
        }
    }
}

/// Issues a code.
pub(crate) async fn issue(
    call: &Call,
    digest: [u8; 32],
    party: PartyId,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let command = IssueCode { vault: vault(call)?, party, wanted };
    submit(call, digest, command, |code| Answer::created(&CodeView::from(code))).await
}

/// A code to send to a phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPhoneCode {
    /// `bind`: to the number given; `unbind`: to the one that is bound, for changing or unbinding it.
    purpose: String,
    /// Mobile number; only to bind.
    phone: Option<String>,
}

/// Send a code to a phone, to bind or unbind it
#[utoipa::path(post, path = "/v1/parties/{id}/phone/codes", tag = "identity", request_body = NewPhoneCode,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = CodeView, description = "On its way")))]
pub(crate) async fn send_phone_code(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPhoneCode>,
) -> Result<Response, Problem> {
    let wanted = match (body.value.purpose.as_str(), body.value.phone) {
        ("bind", Some(phone)) => Wanted::BindPhone(phone),
        ("bind", None) => return Err(Problem::invalid("/phone", "missing: the number to bind")),
        ("unbind", None) => Wanted::UnbindPhone,
        ("unbind", Some(_)) => {
            return Err(Problem::invalid("/phone", "to unbind, leave it out: the bound phone gets the code"));
        }
        _ => return Err(Problem::invalid("/purpose", "a purpose is bind or unbind")),
    };
    issue(&call, body.digest, parse_id(&id, "id")?, wanted).await
}

/// A phone, masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhoneView {
    /// Whose.
    party_id: String,
    /// The number, masked.
    phone: String,
    /// Of a virtual operator.
    virtual_operator: bool,
    /// When it was bound.
    bound_at: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&PhoneRow> for PhoneView {
    fn from(row: &PhoneRow) -> Self {
        Self {
            party_id: row.party.to_string(),
            phone: row.masked.clone(),
            virtual_operator: row.virtual_operator,
            bound_at: row.bound_at.to_string(),
            version: row.version,
        }
    }
}

/// A phone to bind.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPhone {
    /// Mobile number.
    phone: String,
    /// The code that it got.
    code: Option<String>,
    /// The code that the phone bound until now got; only to change.
    old_code: Option<String>,
}

/// Bind a phone, or change it
#[utoipa::path(post, path = "/v1/parties/{id}/phone", tag = "identity", request_body = NewPhone,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PhoneView, description = "Bound")))]
pub(crate) async fn bind_phone(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewPhone>,
) -> Result<Response, Problem> {
    let (party, vault) = (parse_id(&id, "id")?, vault(&call)?);
    let NewPhone { phone, code, old_code } = body.value;
    // Nobody binds a phone without having it in hand: the scope does not help here.
    let given = |purpose, digits: Option<String>| {
        Given::of(call.app.vault.as_deref(), party, purpose, digits.as_deref(), false)
    };
    let (code, old_code) = (given(Purpose::BindPhone, code), given(Purpose::UnbindPhone, old_code));
    let command = BindPhone { vault, party, phone, code, old_code };
    submit(&call, body.digest, command, |row| Answer::ok(&PhoneView::from(row))).await
}

/// Read a party's phone, masked
#[utoipa::path(get, path = "/v1/parties/{id}/phone", tag = "identity",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PhoneView, description = "The phone")))]
pub(crate) async fn get_phone(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    match call.app.read(move |session| identity::phone(session, party)).await? {
        Some(row) => Ok(json_versioned(&PhoneView::from(&row), row.version)),
        None => Err(Problem::not_found("phone_missing", "no phone is bound")),
    }
}

/// The code that a phone got.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneConfirmation {
    /// The code.
    code: Option<String>,
}

/// Unbind a phone with a code that it got
///
/// The next withdrawal asks for one again. A lost number goes through `POST /v1/approvals`.
#[utoipa::path(post, path = "/v1/parties/{id}/phone/unbind", tag = "identity", request_body = PhoneConfirmation,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PhoneView, description = "Unbound; the phone as it was")))]
pub(crate) async fn unbind_phone(
    call: Call,
    Path(id): Path<String>,
    body: Body<PhoneConfirmation>,
) -> Result<Response, Problem> {
    let party = parse_id(&id, "id")?;
    let digits = body.value.code;
    let code = Given::of(call.app.vault.as_deref(), party, Purpose::UnbindPhone, digits.as_deref(), false);
    submit(&call, body.digest, UnbindPhone { party, code }, |row| Answer::ok(&PhoneView::from(row))).await
}

/// A name and a number to verify.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIdentity {
    /// `person`, or `enterprise` for companies.
    kind: String,
    /// Real name, or registered name.
    name: String,
    /// Identity number, or unified social credit code.
    number: String,
    /// Staff only: the licence was seen, and a code whose check character is unusual is right all the same.
    #[serde(default)]
    vouch: bool,
}

/// Who a party is, masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityView {
    /// Whose.
    party_id: String,
    /// `person` or `enterprise`.
    kind: String,
    /// `pending`, `verified`, `refused` or `voided`.
    state: String,
    /// Name, masked.
    name: String,
    /// Number, masked.
    number: String,
    /// Stable code of a refusal.
    reason: Option<String>,
    /// When it was handed in.
    submitted_at: String,
    /// When it was verified, refused or voided.
    decided_at: Option<String>,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&IdentityRow> for IdentityView {
    fn from(row: &IdentityRow) -> Self {
        Self {
            party_id: row.party.to_string(),
            kind: row.kind.clone(),
            state: row.state.clone(),
            name: row.name_masked.clone(),
            number: row.number_masked.clone(),
            reason: Some(row.reason.clone()).filter(|text| !text.is_empty()),
            submitted_at: row.submitted_at.to_string(),
            decided_at: row.decided_at.map(|at| at.to_string()),
            version: row.version,
        }
    }
}

/// Hand in who a party is, to be verified
///
/// The answer is `pending`; the verifier is asked right afterwards. Once verified it is never edited.
#[utoipa::path(post, path = "/v1/parties/{id}/identity", tag = "identity", request_body = NewIdentity,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 202, body = IdentityView, description = "Being verified")))]
pub(crate) async fn submit_identity(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewIdentity>,
) -> Result<Response, Problem> {
    let NewIdentity { kind, name, number, vouch } = body.value;
    let kind =
        ClaimKind::named(&kind).ok_or_else(|| Problem::invalid("/kind", "a kind is person or enterprise"))?;
    let vouched_by = match (vouch, call.identity.session.is_some()) {
        (false, _) => None,
        (true, true) => Some(StaffId(call.identity.client)),
        (true, false) => {
            let text = "people vouch for a code: sign in as staff, an API key cannot do this";
            return Err(Problem::new(StatusCode::FORBIDDEN, "staff_needed", text));
        }
    };
    let command =
        SubmitIdentity { vault: vault(&call)?, party: parse_id(&id, "id")?, kind, name, number, vouched_by };
    submit(&call, body.digest, command, |row| Answer::new(StatusCode::ACCEPTED, &IdentityView::from(row)))
        .await
}

async fn found(call: &Call, id: &str) -> Result<IdentityRow, Problem> {
    let party: PartyId = parse_id(id, "id")?;
    let row = call.app.read(move |session| identity::identity(session, party)).await?;
    row.ok_or_else(|| Problem::not_found("identity_missing", "the party has handed in no identity"))
}

/// Read who a party is, masked
#[utoipa::path(get, path = "/v1/parties/{id}/identity", tag = "identity",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = IdentityView, description = "The identity")))]
pub(crate) async fn get_identity(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = found(&call, &id).await?;
    Ok(json_versioned(&IdentityView::from(&row), row.version))
}

/// List the parties behind whom the same person or enterprise stands
#[utoipa::path(get, path = "/v1/parties/{id}/identity/shared", tag = "identity",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = Page<IdentityView>, description = "This party and the others, at most 200")))]
pub(crate) async fn list_shared(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = found(&call, &id).await?;
    let rows = call.app.read(move |session| identity::shared(session, &row.identity_index)).await?;
    debug_assert!(i64::try_from(rows.len()).unwrap_or(i64::MAX) <= SHARED_MAX);
    Ok(json(&Page { data: rows.iter().map(IdentityView::from).collect(), next_cursor: None }))
}

/// Parameters of the sandbox's outbox.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutboxParams {
    /// Only messages for this party.
    party_id: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A message that a phone of the sandbox got.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutboxMessage {
    /// Which code, `otc_…`, or which notice, `ntc_…`.
    id: String,
    /// For whom.
    party_id: String,
    /// What the code is for; of a notice the event that it tells of, like `withdrawal.paid`.
    purpose: String,
    /// The phone, masked.
    phone: String,
    /// The code; empty in a notice.
    code: String,
    /// The whole text.
    text: String,
    /// When.
    at: String,
}

/// What the sandbox's phones got, newest first
///
/// Codes, and notices about withdrawals. Only in a sandbox: the one place where a code can be read.
#[utoipa::path(get, path = "/v1/sandbox/outbox", tag = "sandbox", params(OutboxParams),
    responses((status = 200, body = Page<OutboxMessage>, description = "Messages")))]
pub(crate) async fn list_outbox(
    call: Call,
    Params(params): Params<OutboxParams>,
) -> Result<Response, Problem> {
    let vault = vault(&call)?;
    let party = params.party_id.as_deref().map(|text| parse_id(text, "party_id")).transpose()?;
    let most = i64::try_from(limit(params.limit)?).unwrap_or(1);
    // Live books have no sender that fills it, so there it is always empty.
    let rows = call.app.read(move |session| messages::outbox(session, party, most)).await?;
    let data = rows.iter().filter_map(|row| {
        let (code, text) = messages::reveal(&vault, row)?;
        Some(OutboxMessage {
            id: message_id(row.code.0, !code.is_empty()),
            party_id: row.party.to_string(),
            purpose: row.purpose.clone(),
            phone: row.masked.clone(),
            code,
            text,
            at: row.at.to_string(),
        })
    });
    Ok(json(&Page { data: data.collect(), next_cursor: None }))
}

/// A party that shall have taken its first steps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOnboarding {
    /// Party, `pty_…`.
    party_id: String,
    /// Phone; made up when absent.
    phone: Option<String>,
    /// Name; made up when absent.
    name: Option<String>,
    /// Identity number or code; made up when absent.
    number: Option<String>,
}

/// What an onboarded party has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Onboarded {
    /// Its phone, masked.
    phone: PhoneView,
    /// Its identity, masked.
    identity: IdentityView,
}

/// Bind a made-up phone and verify a made-up identity
///
/// Only in a sandbox: a party that may withdraw without taking its first steps one by one.
#[utoipa::path(post, path = "/v1/sandbox/onboardings", tag = "sandbox", request_body = NewOnboarding,
    responses((status = 200, body = Onboarded, description = "Phone bound, identity verified")))]
pub(crate) async fn onboard(call: Call, body: Body<NewOnboarding>) -> Result<Response, Problem> {
    let NewOnboarding { party_id, phone, name, number } = body.value;
    let party = parse_id(&party_id, "/party_id")?;
    let command = OnboardSandboxParty { vault: vault(&call)?, party, phone, name, number };
    submit(&call, body.digest, command, |(phone, identity)| {
        Answer::ok(&Onboarded { phone: PhoneView::from(phone), identity: IdentityView::from(identity) })
    })
    .await
}
