//! What staff does with the platform itself: the test clock (P21), years of the calendar (P5).

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::time::SECOND;
use purser_engine::rules::{AdvanceClock, ImportCalendarYear, Moved, SetClock};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Answer, Body, Call, Instant, submit},
    problem::Problem,
};

/// A move of the test clock: one of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockMove {
    /// How far forward, seconds.
    #[schema(minimum = 1)]
    advance_seconds: Option<i64>,
    /// To which instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
}

/// What the move did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClockMoved {
    /// Business time before.
    before: String,
    /// Business time after.
    after: String,
}

fn moved(moved: &Moved) -> Answer {
    Answer::ok(&ClockMoved { before: moved.before.to_string(), after: moved.after.to_string() })
}

/// Move the test clock forward
///
/// Only books that were made a sandbox when they were new take it.
#[utoipa::path(post, path = "/v1/sandbox/clock", tag = "operations", request_body = ClockMove,
    responses((status = 200, body = ClockMoved, description = "Moved")))]
pub(crate) async fn move_clock(call: Call, body: Body<ClockMove>) -> Result<Response, Problem> {
    match (body.value.advance_seconds, body.value.to) {
        (Some(seconds), None) => {
            let by_micros = seconds.checked_mul(SECOND);
            let by_micros =
                by_micros.ok_or_else(|| Problem::invalid("/advance_seconds", "that is too far"))?;
            submit(&call, body.digest, AdvanceClock { by_micros }, moved).await
        }
        (None, Some(to)) => submit(&call, body.digest, SetClock { to: to.0 }, moved).await,
        _ => Err(Problem::invalid("", "send advance_seconds or to, one of them")),
    }
}

/// A year of working days, as it was announced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCalendarYear {
    /// The notice that announced it.
    source: String,
    /// Days off that are not weekends: dates, or ranges like `2027-02-05..2027-02-11`.
    off: Vec<String>,
    /// Days of weekends that are worked: dates or ranges.
    #[serde(default)]
    make_up: Vec<String>,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarImported {
    /// The year.
    year: i16,
    /// It was known before and is replaced.
    replaced: bool,
}

/// Import a year of the calendar
///
/// Promises that wait for the year are dated within the next minute.
#[utoipa::path(post, path = "/v1/calendar/{year}", tag = "rules", request_body = NewCalendarYear,
    params(("year" = i16, Path, description = "Year")),
    responses((status = 200, body = CalendarImported, description = "It is known now")))]
pub(crate) async fn import_calendar(
    call: Call,
    Path(year): Path<String>,
    body: Body<NewCalendarYear>,
) -> Result<Response, Problem> {
    let year: i16 = year.parse().map_err(|_| Problem::invalid("year", "a year, like 2027"))?;
    // The file of an import is TOML; texts and lists of texts are written the same way in JSON.
    let (source, off) = (serde_json::json!(body.value.source), serde_json::json!(body.value.off));
    let make_up = serde_json::json!(body.value.make_up);
    let text = format!("year = {year}\nsource = {source}\noff = {off}\nmake_up = {make_up}\n");
    let file = format!("calendar {year}");
    let command = ImportCalendarYear::parse(&file, &text, &call.identity.actor).map_err(|issues| {
        let texts: Vec<String> = issues.iter().map(ToString::to_string).collect();
        // One line of the file for each field of the body, in this order.
        let field = |line| ["", "", "/source", "/off", "/make_up"].get(line).copied().unwrap_or_default();
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "calendar_unreadable", texts.join("; "));
        issues.iter().fold(problem, |problem, issue| problem.at(field(issue.line), issue.message.clone()))
    })?;
    submit(&call, body.digest, command, |done| {
        Answer::ok(&CalendarImported { year: done.year, replaced: done.replaced })
    })
    .await
}
