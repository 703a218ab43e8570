//! Lists with filters, and the same as CSV (X2, X3, P20): what an export holds is exactly what its filters show.

pub(crate) mod bills;
pub(crate) mod csv;
pub(crate) mod orders;
pub(crate) mod proceeds;
mod statement_words;
pub(crate) mod statements;
pub(crate) mod withdrawals;
mod workbook;

pub(crate) use workbook::WORKBOOKS;

use axum::response::Response;
use csv::Lines;
use purser_domain::time::{Date, Timestamp};
use purser_engine::{Fault, Session, paging::Page};

use crate::{App, edge::Call, problem::Problem};

/// First and last civil date of a list, both included, as the instants between which it lies.
pub(crate) type Span = (Option<Timestamp>, Option<Timestamp>);

pub(crate) fn span(app: &App, from: Option<&str>, until: Option<&str>) -> Result<Span, Problem> {
    let date = |text: &str, name: &str| {
        let bad = |_| Problem::invalid(name, "a civil date of the business zone, like 2026-03-31");
        text.parse::<Date>().map_err(bad)
    };
    let from = from.map(|text| date(text, "from")).transpose()?;
    let until = until.map(|text| date(text, "until")).transpose()?;
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return Err(Problem::invalid("until", "until is not before from: both dates are included"));
    }
    let end = until.map(|day| app.zone.start_of(day.tomorrow().unwrap_or(day)));
    Ok((from.map(|day| app.zone.start_of(day)), end))
}

pub(crate) fn amounts(least: Option<i64>, most: Option<i64>) -> Result<(), Problem> {
    for (name, amount) in [("amount_min_minor", least), ("amount_max_minor", most)] {
        if amount.is_some_and(|amount| amount < 0) {
            return Err(Problem::invalid(name, "minor units, 0 or more"));
        }
    }
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        return Err(Problem::invalid("amount_max_minor", "not below amount_min_minor"));
    }
    Ok(())
}

/// Longest keyword, characters.
const KEYWORD_CHARS: usize = 100;

pub(crate) fn keyword(given: Option<String>) -> Result<Option<String>, Problem> {
    match given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > KEYWORD_CHARS => {
            Err(Problem::invalid("keyword", format!("at most {KEYWORD_CHARS} characters")))
        }
        keyword => Ok(keyword),
    }
}

/// Streams a list as a CSV file, page by page: `read` gives the rows behind a place, `line` writes one.
pub(crate) async fn export<R, P>(
    call: Call,
    name: &str,
    head: Lines,
    read: impl Fn(&mut dyn Session, Option<P>) -> Result<Page<R, P>, Fault> + Clone + Send + 'static,
    line: impl Fn(&mut Lines, &Call, &R) + Clone + Send + 'static,
) -> Result<Response, Problem>
where
    R: Send + 'static,
    P: Send + 'static,
{
    csv::download(name, head, move |mut lines, place| {
        let (call, read, line) = (call.clone(), read.clone(), line.clone());
        async move {
            let page = call.app.read(move |session| read(session, place)).await?;
            for row in &page.rows {
                line(&mut lines, &call, row);
            }
            Ok((lines, page.next))
        }
    })
    .await
}
