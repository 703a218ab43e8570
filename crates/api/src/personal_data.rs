//! Everything personal about a party, in one answer (P25).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::ids::PartyId;
use purser_engine::personal::{PersonalAccount, PersonalCase, PersonalData, TakePersonalData, personal_data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Call, Params, json, note, parse_id},
    identity::vault,
    problem::Problem,
};

/// Why it is taken.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PersonalDataParams {
    /// What it is for: stands in the audit log. 1 to 500 characters.
    #[param(min_length = 1, max_length = 500)]
    reason: String,
}

/// A phone in the clear.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalPhoneView {
    /// Number.
    number: String,
    /// When it was bound.
    bound_at: String,
}

/// An identity in the clear.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalIdentityView {
    /// `person` or `enterprise`.
    kind: String,
    /// State of the claim.
    state: String,
    /// Name.
    name: String,
    /// Identity number or credit code.
    number: String,
    /// When it was handed in.
    submitted_at: String,
    /// When it was verified, refused or voided.
    decided_at: Option<String>,
}

/// A person who acts for the party, in the clear.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalPersonView {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// What they may do.
    role: String,
    /// Phone; empty without one.
    phone: String,
    /// When they were added.
    created_at: String,
}

/// A payout account in the clear.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalAccountView {
    /// Id.
    id: String,
    /// Kind.
    kind: String,
    /// Number or login id.
    number: String,
    /// Holder.
    holder: String,
    /// Bank.
    bank: String,
    /// Clearing code.
    clearing_code: String,
    /// When it was bound or last changed.
    bound_at: String,
    /// When it was taken away.
    unbound_at: Option<String>,
}

/// A licence of the studio.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalStudioView {
    /// Name on the licence.
    name: String,
    /// Credit code on it.
    credit_code: String,
    /// When it was applied for.
    applied_at: String,
    /// Since when the party is one.
    granted_at: Option<String>,
}

/// What was written in a case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalMessageView {
    /// When.
    at: String,
    /// `party`, `staff` or `system`.
    side: String,
    /// The words.
    text: String,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalCaseView {
    /// Id.
    id: String,
    /// Kind.
    kind: String,
    /// In a line.
    summary: String,
    /// When it was opened.
    opened_at: String,
    /// What was written.
    messages: Vec<PersonalMessageView>,
    /// Names of its files; `GET /v1/cases/{id}/attachments/{n}` has them.
    files: Vec<String>,
}

/// A session in the portal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalSessionView {
    /// When it began.
    created_at: String,
    /// When it was left or revoked.
    ended_at: Option<String>,
}

/// Everything personal about a party. What the platform thinks of it (notes and flags of risk) is not in it, and its trade data
/// have routes of their own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalDataView {
    /// Party, `pty_…`.
    party_id: String,
    /// The platform's own id.
    external_id: String,
    /// Shown name.
    display_name: String,
    /// Legal form.
    legal_form: String,
    /// Status.
    status: String,
    /// Free values of the platform.
    #[schema(value_type = Object)]
    metadata: std::collections::BTreeMap<String, String>,
    /// When it was created.
    created_at: String,
    /// Phone.
    phone: Option<PersonalPhoneView>,
    /// Identity.
    identity: Option<PersonalIdentityView>,
    /// People.
    people: Vec<PersonalPersonView>,
    /// Payout accounts, those that were taken away included.
    payout_accounts: Vec<PersonalAccountView>,
    /// Studio.
    studio: Option<PersonalStudioView>,
    /// Cases, newest first.
    cases: Vec<PersonalCaseView>,
    /// The newest sessions in the portal.
    portal_sessions: Vec<PersonalSessionView>,
    /// Where the party's trade data are.
    trade_data: Vec<String>,
}

impl PersonalAccountView {
    fn of(account: PersonalAccount) -> Self {
        let PersonalAccount { row, payee } = account;
        let (number, holder, bank, clearing_code) = match payee {
            Some(payee) => (payee.number, payee.holder, payee.bank, payee.cnaps),
            None => (row.number, String::new(), String::new(), String::new()),
        };
        Self {
            id: row.id.to_string(),
            kind: row.kind,
            number,
            holder,
            bank,
            clearing_code,
            bound_at: row.bound_at.to_string(),
            unbound_at: row.unbound_at.map(|at| at.to_string()),
        }
    }
}

impl PersonalCaseView {
    fn of(case: PersonalCase) -> Self {
        let PersonalCase { row, messages, files } = case;
        let message = |row: purser_engine::cases::CaseMessageRow| PersonalMessageView {
            at: row.at.to_string(),
            side: row.side,
            text: row.body,
        };
        Self {
            id: row.id.to_string(),
            kind: row.kind,
            summary: row.summary,
            opened_at: row.opened_at.to_string(),
            messages: messages.into_iter().map(message).collect(),
            files: files.into_iter().map(|file| file.name).collect(),
        }
    }
}

/// Where trade data are, below the party.
const TRADE: [&str; 5] =
    ["task-orders/export", "withdrawals/export", "messages", "statements/{month}", "ad-account"];

impl PersonalDataView {
    fn of(data: PersonalData) -> Self {
        let PersonalData { party, phone, identity, people, accounts, studio, cases, sessions } = data;
        let id = party.id;
        let shown = party.party().profile;
        Self {
            party_id: id.to_string(),
            external_id: party.external_id,
            display_name: party.display_name,
            legal_form: party.legal_form,
            status: party.status,
            metadata: shown.metadata.into_iter().collect(),
            created_at: party.created_at.to_string(),
            phone: phone
                .map(|row| PersonalPhoneView { number: row.number, bound_at: row.bound_at.to_string() }),
            identity: identity.map(|row| PersonalIdentityView {
                kind: row.kind,
                state: row.state,
                name: row.name,
                number: row.number,
                submitted_at: row.submitted_at.to_string(),
                decided_at: row.decided_at.map(|at| at.to_string()),
            }),
            people: people
                .into_iter()
                .map(|row| PersonalPersonView {
                    id: row.person.to_string(),
                    name: row.name,
                    role: row.role,
                    phone: row.phone,
                    created_at: row.created_at.to_string(),
                })
                .collect(),
            payout_accounts: accounts.into_iter().map(PersonalAccountView::of).collect(),
            studio: studio.map(|row| PersonalStudioView {
                name: row.name,
                credit_code: row.code,
                applied_at: row.applied_at.to_string(),
                granted_at: row.granted_at.map(|at| at.to_string()),
            }),
            cases: cases.into_iter().map(PersonalCaseView::of).collect(),
            portal_sessions: sessions
                .into_iter()
                .map(|row| PersonalSessionView {
                    created_at: row.created_at.to_string(),
                    ended_at: row.ended_at.map(|at| at.to_string()),
                })
                .collect(),
            trade_data: TRADE.map(|route| format!("/v1/parties/{id}/{route}")).to_vec(),
        }
    }
}

/// Take everything personal about a party, in the clear
///
/// Takes a member of staff. Who took it and why stands in the audit log before anything is given out.
#[utoipa::path(get, path = "/v1/parties/{id}/personal-data", tag = "identity",
    params(("id" = String, Path, description = "Party, `pty_…`"), PersonalDataParams),
    responses((status = 200, body = PersonalDataView, description = "Everything personal")))]
pub(crate) async fn take_personal_data(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PersonalDataParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    call.person("people take personal data: sign in as staff, an API key cannot do this")?;
    let vault = vault(&call)?;
    note(&call, TakePersonalData { party, reason: params.reason }).await?;
    let found = call.app.read(move |session| personal_data(session, &vault, party)).await?;
    let found = found.map_err(|broken| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "sealed_value_broken", broken.to_string())
    })?;
    match found {
        Some(data) => Ok(json(&PersonalDataView::of(data))),
        None => Err(Problem::not_found("party_unknown", format!("there is no party {party}"))),
    }
}
