//! Policy as a whole (P4): every key with what decides now, the versions, what one changes against another, and what a
//! text that somebody thinks of proposing would change.

use axum::{extract::Path, response::Response};
use purser_domain::{
    policy::{
        Change, PolicyIssue as Issue, PolicyPack, PolicyVersion, ShortNotice, diff,
        keys::{self, KeySpec},
        short_notice,
    },
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Body, Call, Instant, Page, Params, json},
    problem::Problem,
};

/// A key with the entry that decides.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyKeyView {
    /// Dotted name.
    key: &'static str,
    /// Row of the specification.
    row: &'static str,
    /// What it is for.
    about: &'static str,
    /// What its value must look like.
    shape: String,
    /// A change needs days of notice.
    notice: bool,
    /// Value that applies, as people read it.
    value: String,
    /// Version that it stands in.
    version: u32,
    /// In force from.
    effective_from: String,
    /// Where it comes from.
    source: String,
}

/// Parameters of the list of keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyParams {
    /// Business instant; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// List every policy key with what applies
#[utoipa::path(get, path = "/v1/policy", tag = "rules", params(KeyParams),
    responses((status = 200, body = Page<PolicyKeyView>, description = "Keys, in the order of the registry")))]
pub(crate) async fn list_policy(call: Call, Params(params): Params<KeyParams>) -> Result<Response, Problem> {
    let now = call.app.now();
    let at = params.at.map_or(now, |at| at.0);
    let rules = call.app.rules();
    let mut data = Vec::new();
    for spec in keys::REGISTRY {
        let Ok(found) = rules.policy.explain(spec.name, at, now.max(at)) else { continue };
        let Some(line) = found.applies() else { continue };
        data.push(PolicyKeyView {
            key: spec.name,
            row: spec.row,
            about: spec.doc(),
            shape: spec.shape.describe(),
            notice: spec.notice,
            value: line.entry.show(),
            version: line.version.number,
            effective_from: line.entry.effective_from.to_string(),
            source: line.entry.source.clone(),
        });
    }
    Ok(json(&Page { data, next_cursor: None }))
}

/// A version of the policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyVersionView {
    /// Number, rising.
    number: u32,
    /// Name of its pack.
    name: String,
    /// First digits of its text's hash.
    digest: String,
    /// When it was activated; null for the first, which is in force from the beginning.
    activated_at: Option<String>,
}

impl From<&PolicyVersion> for PolicyVersionView {
    fn from(version: &PolicyVersion) -> Self {
        Self {
            number: version.number,
            name: version.pack.name().to_owned(),
            digest: version.pack.digest().to_owned(),
            activated_at: (version.activated_at != Timestamp(0)).then(|| version.activated_at.to_string()),
        }
    }
}

/// List the versions of the policy, newest first
#[utoipa::path(get, path = "/v1/policy-versions", tag = "rules",
    responses((status = 200, body = Page<PolicyVersionView>, description = "Versions that were activated")))]
pub(crate) async fn list_policy_versions(call: Call) -> Response {
    let rules = call.app.rules();
    let data = rules.policy.versions().rev().map(PolicyVersionView::from).collect();
    json(&Page { data, next_cursor: None })
}

/// An entry that is otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyChange {
    /// Key.
    key: &'static str,
    /// Row of the specification.
    row: &'static str,
    /// What it is for.
    about: &'static str,
    /// A change needs days of notice.
    notice: bool,
    /// Date of the entry.
    effective_from: String,
    /// Value before; null for an entry that is new.
    before: Option<String>,
    /// Value after; null for an entry that was taken out.
    after: Option<String>,
}

impl From<&Change> for PolicyChange {
    fn from(change: &Change) -> Self {
        let KeySpec { name, row, notice, shape, .. } = change.spec;
        Self {
            key: name,
            row,
            about: change.spec.doc(),
            notice: *notice,
            effective_from: change.effective_from.to_string(),
            before: change.before.as_ref().map(|value| shape.show(value)),
            after: change.after.as_ref().map(|value| shape.show(value)),
        }
    }
}

/// What a version changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyChanges {
    /// The version.
    version: u32,
    /// The one that it is compared with.
    against: u32,
    /// Entries that differ, in the order of the registry.
    changes: Vec<PolicyChange>,
}

/// With which version to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgainstParams {
    /// Number of the other version; the one before when absent.
    against: Option<u32>,
}

/// Read what a version of the policy changes
#[utoipa::path(get, path = "/v1/policy-versions/{number}/changes", tag = "rules",
    params(("number" = u32, Path, description = "Version"), AgainstParams),
    responses((status = 200, body = PolicyChanges, description = "What differs")))]
pub(crate) async fn get_policy_changes(
    call: Call,
    Path(number): Path<String>,
    Params(params): Params<AgainstParams>,
) -> Result<Response, Problem> {
    let number: u32 = number.parse().map_err(|_| Problem::invalid("number", "a version, like 2"))?;
    let rules = call.app.rules();
    let known = |number: u32| {
        let text = format!("there is no version {number}");
        rules.policy.version(number).ok_or_else(|| Problem::not_found("policy_version_unknown", text))
    };
    let version = known(number)?;
    let before = rules.policy.versions().rev().find(|version| version.number < number).unwrap_or(version);
    let against = params.against.map_or(Ok(before), known)?;
    Ok(json(&PolicyChanges {
        version: version.number,
        against: against.number,
        changes: diff(&against.pack, &version.pack).iter().map(PolicyChange::from).collect(),
    }))
}

/// A text of a policy pack.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyText {
    /// The whole file, TOML.
    text: String,
}

/// What is wrong with a text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyProblem {
    /// Line, from 1.
    line: usize,
    /// What is wrong, and what would be right.
    message: String,
}

/// A change that gives too few days of notice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyNotice {
    /// Key.
    key: &'static str,
    /// First date on which it would decide otherwise.
    changes_on: String,
    /// First date on which it may.
    earliest: String,
}

/// What a text would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyPreview {
    /// The version that it would follow.
    base: u32,
    /// What is wrong with it, in its order; empty when it can be read.
    issues: Vec<PolicyProblem>,
    /// Entries that would differ from the version in force.
    changes: Vec<PolicyChange>,
    /// Fees and limits that would change too soon: as it is it cannot be proposed.
    short_notice: Vec<PolicyNotice>,
    /// Days of notice, by policy.
    notice_days: u32,
}

fn preview(call: &Call, text: &str) -> PolicyPreview {
    let rules = call.app.rules();
    let (now, latest) = (call.app.now(), rules.policy.latest());
    let notice_days = rules.policy.now(now).value(keys::POLICY_NOTICE);
    let issue = |issue: &Issue| PolicyProblem { line: issue.line, message: issue.message.clone() };
    let (issues, pack) = match PolicyPack::parse("policy.toml", text) {
        Ok(pack) => (Vec::new(), Some(pack)),
        Err(issues) => (issues.iter().map(issue).collect(), None),
    };
    let today = call.app.zone.date(now);
    let short = |pack: &PolicyPack| short_notice(&latest.pack, pack, today, notice_days);
    let short = pack.as_ref().map(short).unwrap_or_default();
    let notice = |short: &ShortNotice| PolicyNotice {
        key: short.spec.name,
        changes_on: short.changes_on.to_string(),
        earliest: short.earliest.to_string(),
    };
    PolicyPreview {
        base: latest.number,
        issues,
        changes: pack
            .map(|pack| diff(&latest.pack, &pack).iter().map(PolicyChange::from).collect())
            .unwrap_or_default(),
        short_notice: short.iter().map(notice).collect(),
        notice_days,
    }
}

/// Look what a text of the policy would change; nothing is kept
#[utoipa::path(post, path = "/v1/policy-versions/preview", tag = "rules", request_body = PolicyText,
    responses((status = 200, body = PolicyPreview, description = "What is wrong with it, or what it would change")))]
pub(crate) async fn preview_policy(call: Call, body: Body<PolicyText>) -> Response {
    json(&preview(&call, &body.value.text))
}

/// The text of the policy in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyFile {
    /// Number of the version.
    number: u32,
    /// The whole file, TOML: what a change starts from.
    text: String,
}

/// Read the text of the policy in force
#[utoipa::path(get, path = "/v1/policy-versions/latest/text", tag = "rules",
    responses((status = 200, body = PolicyFile, description = "The text")))]
pub(crate) async fn get_policy_text(call: Call) -> Result<Response, Problem> {
    let number = call.app.rules().policy.latest().number;
    let text = call.app.read(move |session| purser_engine::rules::policy_text(session, number)).await?;
    Ok(json(&PolicyFile { number, text }))
}
