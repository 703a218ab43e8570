//! Operating fee and incentive of creators' months.

use axum::response::Response;
use purser_domain::time::Month;
use purser_engine::programme::{ImportTerms, TermsItem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ProgrammeItems, Wrong, creator, read_all};
use crate::{
    edge::{Answer, Body, Call, submit},
    problem::Problem,
};

/// Operating fee and incentive of one creator's month.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatorTerms {
    /// Party, `pty_…`; or give `creator_external_id`.
    creator_id: Option<String>,
    /// Your own id of the party.
    creator_external_id: Option<String>,
    /// Civil month, like `2026-03`.
    month: String,
    /// Operating fee as a rate of the income, parts per million; or give `fee_minor`, or neither.
    #[schema(minimum = 0, maximum = 1_000_000)]
    fee_ppm: Option<i64>,
    /// Operating fee as an amount, minor units.
    #[schema(minimum = 0)]
    fee_minor: Option<i64>,
    /// Incentive, minor units; none when absent.
    #[serde(default)]
    #[schema(minimum = 0)]
    incentive_minor: i64,
}

/// The terms of several creators' months.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatorTermsList {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<CreatorTerms>,
}

fn read(given: &CreatorTerms) -> Result<TermsItem, Wrong> {
    let creator = creator(given.creator_id.as_deref(), given.creator_external_id.as_deref())?;
    let month: Month =
        given.month.parse().map_err(|e: purser_domain::time::MonthError| ("/month", e.to_string()))?;
    Ok(TermsItem {
        creator,
        month,
        fee_ppm: given.fee_ppm,
        fee_minor: given.fee_minor,
        incentive_minor: given.incentive_minor,
    })
}

/// Import operating fees and incentives
///
/// Item by item; the same item again changes nothing, another one replaces it and computes its drafts anew, until they
/// are published.
#[utoipa::path(post, path = "/v1/programme/terms/bulk", tag = "programme", request_body = CreatorTermsList,
    responses((status = 200, body = ProgrammeItems, description = "Outcomes, in order")))]
pub(crate) async fn import_terms(call: Call, body: Body<CreatorTermsList>) -> Result<Response, Problem> {
    let (items, places) = read_all(&call, &body.value.items, read)?;
    submit(&call, body.digest, ImportTerms { items }, move |outcomes| {
        let outcome = |at: usize| outcomes.get(at).map(|one| one.as_ref().map(|(_, changed)| *changed));
        Answer::ok(&ProgrammeItems::of(&places, outcome))
    })
    .await
}
