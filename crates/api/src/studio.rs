//! The studio upgrade (X9, X10).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    ids::{PartyId, StaffId},
    studio::what_changes,
    time::{Date, Timestamp},
};
use purser_engine::{
    cases::CaseRow,
    studio::{self, ApplyForStudio, DecideStudio, StudioRow, StudioStanding},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    cases::{CaseView, LinkView, Viewer},
    edge::{Answer, Body, Call, json, parse_id, submit},
    problem::Problem,
};

/// What the licence says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStudio {
    /// Name of the studio, 2 to 100 characters.
    name: String,
    /// Unified social credit code (统一社会信用代码).
    credit_code: String,
    /// Name of the operator; compared with the verified person, and not kept.
    operator_name: String,
    /// Last day on which the licence is valid, `2030-12-31`; absent for one without an end.
    valid_until: Option<String>,
    /// Staff vouch for a code whose check character is wrong: a few early ones are so.
    #[serde(default)]
    code_vouched: bool,
}

/// An application for the upgrade. Where it stands is what its case says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StudioApplication {
    /// Name on the licence.
    name: String,
    /// Unified social credit code on the licence.
    credit_code: String,
    /// Somebody at the desk vouches for it.
    code_vouched: bool,
    /// Last day on which the licence is valid.
    valid_until: Option<String>,
    /// When.
    applied_at: String,
    /// Since when the party is a studio.
    granted_at: Option<String>,
    /// The case: upload the licence there, and follow it.
    case: CaseView,
}

impl StudioApplication {
    fn of((row, case): &(StudioRow, CaseRow), now: Timestamp) -> Self {
        Self {
            name: row.name.clone(),
            credit_code: row.code.clone(),
            code_vouched: !row.code_vouched_by.is_empty(),
            valid_until: row.valid_until().map(|date| date.to_string()),
            applied_at: row.applied_at.to_string(),
            granted_at: row.granted_at.map(|at| at.to_string()),
            case: CaseView::of(case, Viewer::Party, now),
        }
    }
}

/// A sentence in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bilingual {
    /// Chinese.
    zh: String,
    /// English.
    en: String,
}

/// Where a party stands with the studio upgrade.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StudioView {
    /// Party.
    party_id: String,
    /// A studio already.
    upgraded: bool,
    /// The next withdrawal is refused with `studio_required`.
    required: bool,
    /// Withdrawals of the current and the civil months before it, paid and in flight, minor units.
    rolling_minor: i64,
    /// The sum from which a studio is needed, minor units.
    threshold_minor: i64,
    /// Over how many civil months.
    window_months: u32,
    /// After the upgrade at most this much can be withdrawn in a civil day, gross, minor units.
    daily_cap_minor: i64,
    /// Working days in which an application is decided.
    decision_days: u32,
    /// It costs nothing.
    fee_minor: i64,
    /// What changes, for the page on which one applies.
    changes: Vec<Bilingual>,
    /// Pages that explain more.
    links: Vec<LinkView>,
    /// The last application.
    application: Option<StudioApplication>,
}

/// Read where a party stands with the studio upgrade
#[utoipa::path(get, path = "/v1/parties/{id}/studio", tag = "parties",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = StudioView, description = "How far it is, what changes, and the application")))]
pub(crate) async fn get_studio(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let (now, rules) = (call.app.now(), call.app.rules());
    let today = call.app.zone.date(now);
    let found =
        call.app.read(move |session| studio::standing(session, party, rules.policy.now(now), today)).await?;
    let unknown = || Problem::not_found("party_unknown", format!("there is no party {party}"));
    let standing: StudioStanding = found.ok_or_else(unknown)?;
    let changes = what_changes(standing.daily_cap_minor, standing.decision_days);
    Ok(json(&StudioView {
        party_id: standing.party.id.to_string(),
        upgraded: standing.upgraded,
        required: standing.required,
        rolling_minor: standing.rolling_minor,
        threshold_minor: standing.threshold_minor,
        window_months: standing.window_months,
        daily_cap_minor: standing.daily_cap_minor,
        decision_days: standing.decision_days,
        fee_minor: 0,
        changes: changes.into_iter().map(|one| Bilingual { zh: one.zh, en: one.en }).collect(),
        links: call.app.help.about(Some("studio")).links.iter().map(LinkView::from).collect(),
        application: standing.application.as_ref().map(|found| StudioApplication::of(found, now)),
    }))
}

fn person(call: &Call) -> Option<StaffId> {
    call.identity.session.is_some().then_some(StaffId(call.identity.client))
}

fn staff_needed(text: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "staff_needed", text)
}

/// Apply for the studio upgrade
///
/// Opens a case that waits for the licence: upload it there. Staff decide within the days of policy; free of charge.
#[utoipa::path(post, path = "/v1/parties/{id}/studio", tag = "parties", request_body = NewStudio,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = StudioApplication, description = "Applied; upload the licence to its case")))]
pub(crate) async fn apply_for_studio(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewStudio>,
) -> Result<Response, Problem> {
    let new = body.value;
    let valid_until = new.valid_until.as_deref().map(str::parse::<Date>).transpose();
    let valid_until =
        valid_until.map_err(|_| Problem::invalid("/valid_until", "write a date as 2030-12-31"))?;
    let vouched_by = match (new.code_vouched, person(&call)) {
        (false, _) => None,
        (true, Some(staff)) => Some(staff),
        (true, None) => {
            return Err(staff_needed("only people at the desk vouch for a code: sign in as staff"));
        }
    };
    let command = ApplyForStudio {
        party: parse_id(&id, "id")?,
        name: new.name,
        code: new.credit_code,
        vouched_by,
        operator: new.operator_name,
        vault: call.app.vault.clone(),
        valid_until,
    };
    let now = call.app.now();
    submit(&call, body.digest, command, move |found| Answer::created(&StudioApplication::of(found, now)))
        .await
}

/// A decision about an application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudioDecision {
    /// Yes or no.
    grant: bool,
    /// For the creator, 1 to 1,000 characters.
    reason: String,
}

/// Grant or refuse the studio upgrade
///
/// A granted party is a studio from this commit on, and its case ends with the decision.
#[utoipa::path(post, path = "/v1/parties/{id}/studio/decision", tag = "parties", request_body = StudioDecision,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = StudioApplication, description = "Decided")))]
pub(crate) async fn decide_studio(
    call: Call,
    Path(id): Path<String>,
    body: Body<StudioDecision>,
) -> Result<Response, Problem> {
    let StudioDecision { grant, reason } = body.value;
    let text = "people decide: sign in as staff, an API key cannot do this";
    let by = person(&call).ok_or_else(|| staff_needed(text))?;
    let command = DecideStudio { party: parse_id(&id, "id")?, grant, reason, by };
    let now = call.app.now();
    submit(&call, body.digest, command, move |found| Answer::ok(&StudioApplication::of(found, now))).await
}
