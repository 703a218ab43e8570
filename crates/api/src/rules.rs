//! Policy, calendar and clock (P4, P5, P21), read.

use axum::{extract::Path, response::Response};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Call, Instant, Params, json},
    problem::Problem,
};

/// Parameters of an explanation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtParams {
    /// Business instant of the fact; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// An entry that was considered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyLine {
    /// Version it stands in.
    version: u32,
    /// In force from.
    effective_from: String,
    /// Value, as written.
    value: String,
    /// Where it comes from.
    source: String,
    /// Whether it decides.
    applies: bool,
    /// Why, or why not.
    because: String,
}

/// Why a value applies (P4).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyExplanation {
    /// Key.
    key: String,
    /// Row of the specification.
    row: String,
    /// Instant of the fact.
    at: String,
    /// One sentence.
    summary: String,
    /// Every entry of every version, oldest first.
    entries: Vec<PolicyLine>,
}

/// Explain a policy key
#[utoipa::path(get, path = "/v1/policy/{key}", tag = "rules", params(("key" = String, Path, description = "Dotted name"), AtParams),
    responses((status = 200, body = PolicyExplanation, description = "What applies, and why")))]
pub(crate) async fn explain_policy(
    call: Call,
    Path(key): Path<String>,
    Params(params): Params<AtParams>,
) -> Result<Response, Problem> {
    let now = call.app.now();
    let at = params.at.map_or(now, |at| at.0);
    let rules = call.app.rules();
    let explained = rules.policy.explain(&key, at, now);
    let explained = explained.map_err(|e| Problem::not_found("policy_key_unknown", e.to_string()))?;
    let entries = explained
        .entries
        .iter()
        .map(|line| PolicyLine {
            version: line.version.number,
            effective_from: line.entry.effective_from.to_string(),
            value: line.entry.show(),
            source: line.entry.source.clone(),
            applies: line.verdict == purser_domain::policy::Verdict::Applies,
            because: line.sentence(),
        })
        .collect();
    Ok(json(&PolicyExplanation {
        key,
        row: explained.spec.row.to_owned(),
        at: at.to_string(),
        summary: explained.sentence(),
        entries,
    }))
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayView {
    /// Date.
    date: String,
    /// `working`, `make_up`, `weekend` or `holiday`.
    kind: &'static str,
}

/// A year of the calendar (P5).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarView {
    /// Year.
    year: i16,
    /// Working days per month, January first.
    working_days: Vec<u32>,
    /// Every day that is not an ordinary working day or weekend.
    special_days: Vec<DayView>,
}

/// Read a year of the calendar
#[utoipa::path(get, path = "/v1/calendar/{year}", tag = "rules", params(("year" = i16, Path, description = "Year")),
    responses((status = 200, body = CalendarView, description = "The year")))]
pub(crate) async fn get_calendar(call: Call, Path(year): Path<String>) -> Result<Response, Problem> {
    let year: i16 = year.parse().map_err(|_| Problem::invalid("year", "a year, like 2026"))?;
    let rules = call.app.rules();
    let missing =
        |e: purser_domain::calendar::CalendarMissing| Problem::not_found("calendar_missing", e.to_string());
    let working_days = rules.calendar.working_days_by_month(year).map_err(missing)?.to_vec();
    let mut special_days = Vec::new();
    for month in 1..=12 {
        let days = rules.calendar.month(year, month).map_err(missing)?;
        let special = days.into_iter().filter(|(_, kind)| matches!(kind.name(), "make_up" | "holiday"));
        special_days
            .extend(special.map(|(date, kind)| DayView { date: date.to_string(), kind: kind.name() }));
    }
    Ok(json(&CalendarView { year, working_days, special_days }))
}

/// The two clocks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClockView {
    /// Business time: due times, dates, holds.
    business_at: String,
    /// Machine time: sessions, keys, leases.
    machine_at: String,
    /// How far the test clock has moved business time, seconds.
    offset_seconds: i64,
    /// Civil date of business time.
    today: String,
    /// Whether the clock can be moved.
    sandbox: bool,
}

/// Read the clocks
#[utoipa::path(get, path = "/v1/clock", tag = "rules", responses((status = 200, body = ClockView, description = "Now")))]
pub(crate) async fn get_clock(call: Call) -> Response {
    let app = &call.app;
    let now: Timestamp = app.now();
    json(&ClockView {
        business_at: now.to_string(),
        machine_at: app.clock.machine().to_string(),
        offset_seconds: app.clock.offset() / purser_domain::time::SECOND,
        today: app.zone.date(now).to_string(),
        sandbox: app.rules().sandbox,
    })
}
