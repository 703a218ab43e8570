//! Withdrawals that came to nothing (C16): a party's own with what to do about each, and their distribution over time
//! for staff.

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, Uid},
    time::{Date, Timestamp},
    withdrawals::{FailureKind, GateCode, Source},
};
use purser_engine::withdrawals::{
    FAILURE_PAGE_MAX, FailureCount, FailureRow, failure_counts, failures_of_party,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Call, Cursor, Page, PageParams, Params, json, page_of, parse_id},
    problem::Problem,
};

/// Most civil dates of one answer: a quarter.
const DAYS_MAX: i32 = 92;

/// Parameters of the distribution.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailureParams {
    /// `proceeds` (when absent), `earnings` or `statement`.
    source: Option<String>,
    /// First civil date; 29 days before the last when absent.
    from: Option<String>,
    /// Last civil date, included; today when absent. At most 92 days.
    until: Option<String>,
}

/// How many failed with a code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureCode {
    /// Code of the gate, or of the rail.
    code: String,
    /// How many.
    count: i64,
}

/// How many failed for the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureKindView {
    /// Stable name.
    kind: &'static str,
    /// What it is, in Chinese.
    zh: &'static str,
    /// What it is, in English.
    en: &'static str,
    /// What to do about it, in Chinese.
    remedy_zh: &'static str,
    /// What to do about it, in English.
    remedy_en: &'static str,
    /// How many.
    count: i64,
    /// Of all failures of the span, parts per million.
    share_ppm: i64,
    /// By code, the most frequent first.
    codes: Vec<FailureCode>,
}

/// How many failed on a civil date.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureDay {
    /// Civil date.
    on: String,
    /// How many.
    count: i64,
    /// By kind; kinds without any are left out.
    kinds: BTreeMap<&'static str, i64>,
}

/// Failures over a span.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureStatistics {
    /// Which money.
    source: &'static str,
    /// First civil date.
    from: String,
    /// Last civil date, included.
    until: String,
    /// How many.
    count: i64,
    /// By what for; every kind, in a fixed order.
    kinds: Vec<FailureKindView>,
    /// By civil date; dates without any are left out.
    days: Vec<FailureDay>,
}

fn kind_view(kind: FailureKind, counts: &[FailureCount], all: i64) -> FailureKindView {
    let mut codes: BTreeMap<&str, i64> = BTreeMap::new();
    for one in counts.iter().filter(|one| one.kind == kind) {
        *codes.entry(&one.code).or_default() += one.count;
    }
    let count: i64 = codes.values().sum();
    let mut codes: Vec<FailureCode> =
        codes.into_iter().map(|(code, count)| FailureCode { code: code.to_owned(), count }).collect();
    codes.sort_by_key(|one| std::cmp::Reverse(one.count));
    let ((zh, remedy_zh), (en, remedy_en)) = (kind.zh(), kind.en());
    let share_ppm = if all == 0 { 0 } else { count.saturating_mul(1_000_000) / all };
    FailureKindView { kind: kind.name(), zh, en, remedy_zh, remedy_en, count, share_ppm, codes }
}

/// So many civil dates before one.
fn before(day: Date, days: usize) -> Date {
    std::iter::successors(Some(day), |day| day.yesterday().ok()).nth(days).unwrap_or(day)
}

/// Read what withdrawals failed for, over time
///
/// Counts refusals of the gate, definite failures, returned payments, refusals in review and disputed fees.
#[utoipa::path(get, path = "/v1/withdrawal-failures", tag = "withdrawals", params(FailureParams),
    responses((status = 200, body = FailureStatistics, description = "By kind, by code and by civil date")))]
pub(crate) async fn failure_statistics(
    call: Call,
    Params(params): Params<FailureParams>,
) -> Result<Response, Problem> {
    let source = match params.source.as_deref() {
        None => Source::Proceeds,
        Some(name) => [Source::Proceeds, Source::Earnings, Source::Statement]
            .into_iter()
            .find(|source| source.name() == name)
            .ok_or_else(|| Problem::invalid("source", "one of proceeds, earnings, statement"))?,
    };
    let date = |text: &str, name: &str| {
        text.parse::<Date>().map_err(|_| Problem::invalid(name, "a civil date, like 2026-03-31"))
    };
    let today = call.app.zone.date(call.app.now());
    let until = params.until.as_deref().map(|text| date(text, "until")).transpose()?.unwrap_or(today);
    let from = params.from.as_deref().map(|text| date(text, "from")).transpose()?;
    let from = from.unwrap_or_else(|| before(until, 29));
    let days = (until - from).get_days();
    if !(0..DAYS_MAX).contains(&days) {
        return Err(Problem::invalid("until", "not before from, and at most 92 days with it"));
    }
    let counts = call.app.read(move |session| failure_counts(session, source, from, until)).await?;
    let count: i64 = counts.iter().map(|one| one.count).sum();
    let mut by_day: BTreeMap<Date, BTreeMap<&'static str, i64>> = BTreeMap::new();
    for one in &counts {
        *by_day.entry(one.day).or_default().entry(one.kind.name()).or_default() += one.count;
    }
    let day = |(on, kinds): (Date, BTreeMap<&'static str, i64>)| FailureDay {
        on: on.to_string(),
        count: kinds.values().sum(),
        kinds,
    };
    Ok(json(&FailureStatistics {
        source: source.name(),
        from: from.to_string(),
        until: until.to_string(),
        count,
        kinds: FailureKind::ALL.into_iter().map(|kind| kind_view(kind, &counts, count)).collect(),
        days: by_day.into_iter().map(day).collect(),
    }))
}

/// A withdrawal of a party that came to nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// When.
    at: String,
    /// Which money.
    source: String,
    /// Asked for, minor units.
    amount_minor: i64,
    /// The withdrawal; null where the gate refused it.
    withdrawal_id: Option<String>,
    /// What for.
    kind: &'static str,
    /// Code of the gate, or of the rail.
    code: String,
    /// What it is, in Chinese.
    zh: &'static str,
    /// What it is, in English.
    en: &'static str,
    /// What to do about it, in Chinese.
    remedy_zh: &'static str,
    /// What to do about it, in English.
    remedy_en: &'static str,
}

impl From<&FailureRow> for FailureView {
    fn from(row: &FailureRow) -> Self {
        let kind = FailureKind::named(&row.kind).unwrap_or(FailureKind::Channel);
        let ((zh, remedy_zh), (en, remedy_en)) = (kind.zh(), kind.en());
        // The gate's own sentence says more than the kind.
        let gate = GateCode::named(&row.code);
        Self {
            at: row.at.to_string(),
            source: row.source.clone(),
            amount_minor: row.amount,
            withdrawal_id: (row.withdrawal.0 != Uid::NIL).then(|| row.withdrawal.to_string()),
            kind: kind.name(),
            code: row.code.clone(),
            zh: gate.map_or(zh, GateCode::zh),
            en: gate.map_or(en, GateCode::en),
            remedy_zh,
            remedy_en,
        }
    }
}

/// List a party's withdrawals that came to nothing, newest first, with what to do about each
#[utoipa::path(get, path = "/v1/parties/{id}/withdrawal-failures", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`"), PageParams),
    responses((status = 200, body = Page<FailureView>, description = "Failures")))]
pub(crate) async fn list_failures(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let limit = params.limit()?.min(usize::try_from(FAILURE_PAGE_MAX).unwrap_or(usize::MAX));
    let before = match &params.cursor {
        Some(text) => Some(Cursor::decode(text)?.place()?),
        None => None,
    };
    let before = before.map(|(at, id)| (Timestamp(at), id));
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| failures_of_party(session, party, before, most)).await?;
    let cursor = |row: &FailureRow| Cursor { numbers: vec![row.at.0], id: row.id };
    Ok(json(&page_of(rows, limit, cursor, |row| FailureView::from(&row))))
}
