//! What two people decide (P16): proposed by one, decided by another.

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{ids::ApprovalId, time::Timestamp};
use purser_engine::{
    access::Scope,
    approvals::{self, Action, ApprovalState, Decide, Propose},
    credit::Loss,
    identity::{ReleasePhone, VoidIdentity},
    ledger::{AdjustFloat, ManualTransfer},
    rows::ApprovalRow,
    rules::PolicyActivation,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::{
    ads::GrantProposal,
    credit::{ApplicationProposal, LimitProposal, LossProposal, limit_action, loss_action},
    edge::{Amount, Answer, Body, Call, Cursor, Page, Params, json, limit, page_of, parse_id, submit},
    ledger::{AccountName, reference},
    problem::{Problem, named},
    programme::AdjustmentProposal,
    rails::currency_of,
    reconciliation::BreakProposal,
    withdrawals::InquiryProposal,
};

/// Something that needs a second person (P16).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Approval {
    /// Id.
    id: String,
    /// What is to be done.
    action: String,
    /// To what.
    subject: String,
    /// Every detail.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Where it stands.
    state: &'static str,
    /// What deciding takes besides being another person: a scope.
    scope: Option<&'static str>,
    /// First person.
    proposed_by: String,
    /// When.
    proposed_at: String,
    /// Second person.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
}

impl From<&ApprovalRow> for Approval {
    fn from(row: &ApprovalRow) -> Self {
        Self {
            id: row.id.to_string(),
            action: row.action.clone(),
            subject: row.subject.clone(),
            data: row.facts.iter().map(named).collect(),
            state: ApprovalState::from_code(row.state).name(),
            scope: Action::scope(&row.action).map(Scope::name),
            proposed_by: row.proposed_by.clone(),
            proposed_at: row.proposed_at.to_string(),
            decided_by: row.decided_by.clone(),
            decided_at: row.decided_at.map(|at| at.to_string()),
        }
    }
}

/// Parameters of the list of approvals.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApprovalParams {
    /// `open` when absent; see the field of the same name.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List approvals, newest first
#[utoipa::path(get, path = "/v1/approvals", tag = "operations", params(ApprovalParams),
    responses((status = 200, body = Page<Approval>, description = "Approvals")))]
pub(crate) async fn list_approvals(
    call: Call,
    Params(params): Params<ApprovalParams>,
) -> Result<Response, Problem> {
    let wanted = params.state.as_deref().unwrap_or("open");
    let state = (0..8).map(ApprovalState::from_code).find(|state| state.name() == wanted);
    let text = "no such state: open, approved, refused, carried_out";
    let state = state.ok_or_else(|| Problem::invalid("state", text))?;
    let limit = limit(params.limit)?;
    let after = params.cursor.as_deref().map(|text| Cursor::decode(text)?.place()).transpose()?;
    let after = after.map(|(at, id)| (Timestamp(at), ApprovalId(id)));
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| approvals::by_state(session, state, after, most)).await?;
    let cursor = |row: &ApprovalRow| Cursor { numbers: vec![row.proposed_at.0], id: row.id.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| Approval::from(&row))))
}

/// A yes or a no.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalDecision {
    /// Yes or no.
    approve: bool,
}

/// What a decision came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalDecided {
    /// The approval.
    id: String,
    /// What was decided about.
    action: String,
    /// Where it stands now.
    state: &'static str,
    /// What was done.
    #[schema(value_type = Object)]
    outcome: Map<String, Value>,
}

/// Decide an approval
///
/// Takes a member of staff who is not the one that proposed it, and who may do what is proposed.
#[utoipa::path(post, path = "/v1/approvals/{id}/decision", tag = "operations", request_body = ApprovalDecision,
    params(("id" = String, Path, description = "Approval, `apr_…`")),
    responses((status = 200, body = ApprovalDecided, description = "Decided")))]
pub(crate) async fn decide_approval(
    call: Call,
    Path(id): Path<String>,
    body: Body<ApprovalDecision>,
) -> Result<Response, Problem> {
    let id: ApprovalId = parse_id(&id, "id")?;
    person(&call)?;
    // What an id stands for never changes, so it may be looked up before the commit.
    if let Some(row) = call.app.read(move |session| approvals::approval(session, id)).await? {
        allowed(&call, &row.action)?;
    }
    let command = Decide { id, approve: body.value.approve, by: call.identity.actor.clone() };
    submit(&call, body.digest, command, |verdict| {
        Answer::ok(&ApprovalDecided {
            id: verdict.id.to_string(),
            action: verdict.action.clone(),
            state: verdict.state.name(),
            outcome: verdict.outcome.iter().map(named).collect(),
        })
    })
    .await
}

/// A transfer by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManualTransferProposal {
    /// Account to debit.
    debit: AccountName,
    /// Account to credit.
    credit: AccountName,
    /// Minor units, above zero.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// Why; shown to whoever decides, and kept.
    reason: String,
}

/// A correction of the float at a rail, against `suspense`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FloatAdjustmentProposal {
    /// Name of the rail.
    rail: String,
    /// What is added to the float, minor units; below zero what is taken from it.
    amount_minor: i64,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// Why; shown to whoever decides, and kept.
    reason: String,
}

/// A new version of the policy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyProposal {
    /// The whole file, TOML.
    text: String,
    /// Name of the file, for messages.
    file: Option<String>,
    /// Number of the version that it follows; the latest when absent.
    base: Option<u32>,
}

/// Something that a second person shall decide: one of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProposal {
    /// A transfer by hand; scope `ledger:post`.
    manual_transfer: Option<ManualTransferProposal>,
    /// A correction of float; scope `float:write`.
    float_adjustment: Option<FloatAdjustmentProposal>,
    /// A new version of the policy; scope `policy:write`.
    policy: Option<PolicyProposal>,
    /// Taking back a wrong verification; scope `identity:write`.
    void_identity: Option<PartyProposal>,
    /// Unbinding a lost phone, after the identity was checked; scope `identity:write`.
    release_phone: Option<PartyProposal>,
    /// Granting an application about a pay-later limit; scope `credit:decide`.
    credit_application: Option<ApplicationProposal>,
    /// A temporary limit of a shop, carried out by `POST /v1/parties/{id}/limit/decisions`; scope `credit:decide`.
    credit_emergency: Option<LimitProposal>,
    /// A limit instead of the formula's, carried out likewise; scope `credit:decide`.
    credit_override: Option<LimitProposal>,
    /// An advance that the platform gives up, carried out by `POST /v1/credit-orders/{id}/losses`; scope
    /// `credit:decide`.
    credit_write_off: Option<LossProposal>,
    /// An advance that the shop owes after a fraud decision, carried out likewise; scope `credit:decide`.
    credit_recourse: Option<LossProposal>,
    /// A large adjustment of a published programme statement, carried out by `POST
    /// /v1/programme/statements/{id}/answer`; scope `programmes:write`.
    programme_adjustment: Option<AdjustmentProposal>,
    /// A grant of advertising money; scope `ads:grant`.
    ad_grant: Option<GrantProposal>,
    /// What was found out about a payout that its rail leaves open; scope `withdrawals:decide`.
    payout_inquiry: Option<InquiryProposal>,
    /// Settling a break of reconciliation; scope `float:write`.
    reconciliation_break: Option<BreakProposal>,
}

/// Something about a party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyProposal {
    /// Party, `pty_…`.
    party_id: String,
    /// Why; shown to whoever decides, and kept: nothing personal.
    reason: String,
}

/// A proposal that waits for the second person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Proposed {
    /// Approval, `apr_…`: the same proposal has the same id.
    id: String,
    /// What is to be done.
    action: String,
    /// Where it stands.
    state: &'static str,
}

/// Propose something that takes two people
///
/// Takes a member of staff who may do what is proposed. It is done in the commit of the second person's yes.
#[utoipa::path(post, path = "/v1/approvals", tag = "operations", request_body = NewProposal,
    responses((status = 201, body = Proposed, description = "It waits for a second person")))]
pub(crate) async fn propose(call: Call, body: Body<NewProposal>) -> Result<Response, Problem> {
    person(&call)?;
    let action = action(&call, body.value).await?;
    allowed(&call, action.name())?;
    let name = action.name().to_owned();
    let command = Propose { action, by: call.identity.actor.clone() };
    submit(&call, body.digest, command, move |id| {
        let state = ApprovalState::Open.name();
        Answer::created(&Proposed { id: id.to_string(), action: name.clone(), state })
    })
    .await
}

/// The one thing that is proposed.
async fn action(call: &Call, given: NewProposal) -> Result<Action, Problem> {
    let about =
        |proposal: &PartyProposal, field: &str| parse_id(&proposal.party_id, &format!("/{field}/party_id"));
    let given_in_all = [
        given.manual_transfer.is_some(),
        given.float_adjustment.is_some(),
        given.policy.is_some(),
        given.void_identity.is_some(),
        given.release_phone.is_some(),
        given.credit_application.is_some(),
        given.credit_emergency.is_some(),
        given.credit_override.is_some(),
        given.credit_write_off.is_some(),
        given.credit_recourse.is_some(),
        given.programme_adjustment.is_some(),
        given.ad_grant.is_some(),
        given.payout_inquiry.is_some(),
        given.reconciliation_break.is_some(),
    ];
    let one_of_them = || Problem::invalid("", "send one thing to decide: exactly one field of the proposal");
    if given_in_all.into_iter().filter(|is| *is).count() != 1 {
        return Err(one_of_them());
    }
    if let Some(transfer) = given.manual_transfer {
        return manual_transfer(call, transfer);
    }
    if let Some(FloatAdjustmentProposal { rail, amount_minor, currency, reason }) = given.float_adjustment {
        let currency = currency_of(call, currency.as_deref(), "/float_adjustment/currency")?;
        return Ok(Action::AdjustFloat(AdjustFloat { rail, amount_minor, currency, reason }));
    }
    if let Some(policy) = &given.policy {
        return policy_activation(call, policy);
    }
    if let Some(void) = given.void_identity {
        let party = about(&void, "void_identity")?;
        return Ok(Action::VoidIdentity(VoidIdentity { party, reason: void.reason }));
    }
    if let Some(release) = given.release_phone {
        let party = about(&release, "release_phone")?;
        return Ok(Action::ReleasePhone(ReleasePhone { party, reason: release.reason }));
    }
    if let Some(application) = given.credit_application {
        return application.action(call).await.map(Action::CreditApplication);
    }
    if let Some(proposal) = given.reconciliation_break {
        return proposal.action(call).await;
    }
    if let Some(grant) = given.ad_grant {
        return grant.action();
    }
    if let Some(inquiry) = given.payout_inquiry {
        return inquiry.action(call).await;
    }
    if let Some(adjustment) = given.programme_adjustment {
        return adjustment.action();
    }
    if let Some(limit) = &given.credit_emergency {
        return limit_action(limit, "credit_emergency", true);
    }
    if let Some(limit) = &given.credit_override {
        return limit_action(limit, "credit_override", false);
    }
    match (given.credit_write_off, given.credit_recourse) {
        (Some(loss), _) => loss_action(loss, Loss::WriteOff),
        (None, Some(loss)) => loss_action(loss, Loss::Recourse),
        (None, None) => Err(one_of_them()),
    }
}

fn manual_transfer(call: &Call, given: ManualTransferProposal) -> Result<Action, Problem> {
    let currency = currency_of(call, given.currency.as_deref(), "/manual_transfer/currency")?;
    let account = |name: &AccountName, field: &str| {
        reference(name, currency).map_err(|text| Problem::invalid(format!("/manual_transfer/{field}"), text))
    };
    Ok(Action::ManualTransfer(ManualTransfer {
        debit: account(&given.debit, "debit")?,
        credit: account(&given.credit, "credit")?,
        amount_minor: given.amount_minor.0,
        currency,
        reason: given.reason,
    }))
}

fn policy_activation(call: &Call, given: &PolicyProposal) -> Result<Action, Problem> {
    let base = given.base.unwrap_or_else(|| call.app.rules().policy.latest().number);
    let file = given.file.as_deref().unwrap_or("policy.toml");
    let activation = PolicyActivation::parse(file, &given.text, base).map_err(|issues| {
        let first = issues.first().map(ToString::to_string).unwrap_or_default();
        let text = format!("the policy cannot be read, {} in all: {first}", issues.len());
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "policy_unreadable", text);
        issues.iter().fold(problem, |problem, issue| problem.at("/policy/text", issue.to_string()))
    })?;
    Ok(Action::ActivatePolicy(activation))
}

/// Keys are not people.
fn person(call: &Call) -> Result<(), Problem> {
    call.person("people propose and approve: sign in as staff, an API key cannot do this").map(|_| ())
}

/// Nobody decides what they could not do by themselves, were it not for the second person.
fn allowed(call: &Call, action: &str) -> Result<(), Problem> {
    match Action::scope(action) {
        Some(scope) if !call.identity.scopes.has(scope) => {
            let text = format!("`{action}` needs the scope `{}`, which you do not have", scope.name());
            Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", text))
        }
        _ => Ok(()),
    }
}
