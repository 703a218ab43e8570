//! Versions of the policy, and what a proposed one would change (P4).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    policy::{PolicyPack, diff, keys, short_notice},
    time::DAY,
};
use purser_engine::rules::{self, Tried, try_pack};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Body, Call, json},
    policy::PolicyChange,
    problem::Problem,
};

/// A version with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyVersionText {
    /// Its number; stored with every decision.
    number: i64,
    /// Name of the pack.
    name: String,
    /// Digest of its text.
    digest: String,
    /// When it was activated: it decides about facts from then on.
    activated_at: String,
    /// The two people.
    activated_by: String,
    /// The whole file, TOML: what the next one is made of.
    text: String,
}

/// Read a version of the policy, with its text
#[utoipa::path(get, path = "/v1/policy-versions/{number}", tag = "rules",
    params(("number" = i64, Path, description = "Number of the version")),
    responses((status = 200, body = PolicyVersionText, description = "The version")))]
pub(crate) async fn get_policy_version(call: Call, Path(number): Path<String>) -> Result<Response, Problem> {
    let number: i64 = number.parse().map_err(|_| Problem::invalid("number", "a number, like 2"))?;
    let rows = call.app.read(rules::policy_versions).await?;
    let row = rows.into_iter().find(|row| row.number == number);
    let row = row.ok_or_else(|| Problem::not_found("policy_version_unknown", "there is no such version"))?;
    Ok(json(&PolicyVersionText {
        number: row.number,
        name: row.name,
        digest: row.digest,
        activated_at: row.activated_at.to_string(),
        activated_by: row.activated_by,
        text: row.text,
    }))
}

/// A pack to try; nothing is proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyDraft {
    /// The whole file, TOML.
    text: String,
    /// Name of the file, for messages.
    file: Option<String>,
    /// Days of past decisions to try it on, 1 to 366; 30 when absent.
    #[schema(minimum = 1, maximum = 366)]
    days: Option<i64>,
}

/// A fee or limit that would change too soon.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeMissing {
    /// Key.
    key: &'static str,
    /// First civil date on which the pack decides otherwise.
    changes_on: String,
    /// First civil date on which it may, were it activated today.
    earliest: String,
}

/// Past decisions of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriedView {
    /// Looked at.
    looked: i64,
    /// Would be decided otherwise.
    changed: i64,
    /// What the platform's fees would be more, minor units.
    fee_difference_minor: i64,
}

impl From<Tried> for TriedView {
    fn from(tried: Tried) -> Self {
        let most = if tried.fee_difference_minor < 0 { i64::MIN } else { i64::MAX };
        Self {
            looked: tried.looked,
            changed: tried.changed,
            fee_difference_minor: i64::try_from(tried.fee_difference_minor).unwrap_or(most),
        }
    }
}

/// What a pack would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyTrial {
    /// Number of the version that it is compared with, the latest.
    base: u32,
    /// Digest of the text: that of the approval that proposes it.
    digest: String,
    /// Entries that differ; empty when it decides nothing otherwise.
    changes: Vec<PolicyChange>,
    /// Why it could not be activated today; empty when it could.
    short_notice: Vec<NoticeMissing>,
    /// Days of past decisions that were looked at.
    days: i64,
    /// Civil date as of which both packs were asked: that on which the last change is in force.
    judged_on: String,
    /// Fees of accepted task orders.
    task_orders: TriedView,
    /// Withdrawals: refused, reviewed, by how many people, at which fee.
    withdrawals: TriedView,
    /// Withdrawals that would be refused.
    withdrawals_refused: i64,
    /// Withdrawals that would no longer be refused.
    withdrawals_admitted: i64,
    /// Some that would be decided otherwise, `wd_…`, newest first.
    examples: Vec<String>,
    /// Everything of these days was looked at; else the most that one trial looks at.
    complete: bool,
}

/// Try a pack on past decisions
///
/// Shows what it changes entry by entry, whether the notice is kept, and how many decisions of the last days it would have
/// made otherwise. Nothing is written; `POST /v1/approvals` with `policy` proposes it.
#[utoipa::path(post, path = "/v1/policy-trials", tag = "rules", request_body = PolicyDraft,
    responses((status = 200, body = PolicyTrial, description = "What it would change")))]
pub(crate) async fn try_policy(call: Call, body: Body<PolicyDraft>) -> Result<Response, Problem> {
    let PolicyDraft { text, file, days } = body.value;
    let days = days.unwrap_or(30);
    if !(1..=366).contains(&days) {
        return Err(Problem::invalid("/days", "from 1 to 366"));
    }
    let proposed = PolicyPack::parse(file.as_deref().unwrap_or("policy.toml"), &text).map_err(|issues| {
        let first = issues.first().map(ToString::to_string).unwrap_or_default();
        let text = format!("the policy cannot be read, {} in all: {first}", issues.len());
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "policy_unreadable", text);
        issues.iter().fold(problem, |problem, issue| problem.at("/text", issue.to_string()))
    })?;
    let (rules, zone, now) = (call.app.rules(), call.app.zone.clone(), call.app.now());
    let (today, from) = (zone.date(now), now.plus(-days * DAY));
    let latest = rules.policy.latest();
    let current = latest.pack.clone();
    let changes = diff(&current, &proposed);
    let notice = short_notice(&current, &proposed, today, rules.policy.now(now).value(keys::POLICY_NOTICE));
    let digest = proposed.digest().to_owned();
    let tried =
        call.app.read(move |session| try_pack(session, &zone, (&current, &proposed), from, today)).await?;
    let missing = |short: &purser_domain::policy::ShortNotice| NoticeMissing {
        key: short.spec.name,
        changes_on: short.changes_on.to_string(),
        earliest: short.earliest.to_string(),
    };
    Ok(json(&PolicyTrial {
        base: latest.number,
        digest,
        changes: changes.iter().map(PolicyChange::from).collect(),
        short_notice: notice.iter().map(missing).collect(),
        days,
        judged_on: tried.judged_on.to_string(),
        task_orders: tried.orders.into(),
        withdrawals: tried.withdrawals.into(),
        withdrawals_refused: tried.refused,
        withdrawals_admitted: tried.admitted,
        examples: tried.examples.iter().map(ToString::to_string).collect(),
        complete: tried.complete,
    }))
}
