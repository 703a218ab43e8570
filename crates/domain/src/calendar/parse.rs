//! Reading one calendar year from the text that an operator imports (P5).

use std::{collections::BTreeMap, ops::Range};

use jiff::civil::Weekday;
use toml::de::DeValue;

use super::CalendarYear;
use crate::{
    document::{Document, Issue, Node},
    time::Date,
};

/// Fields of a calendar file.
const FIELDS: &[&str] = &["year", "source", "off", "make_up"];
/// A longer run of days off is a typing error: the longest ever announced had nine days.
const LONGEST_RUN: i32 = 31;

/// Dates already seen in the file, with the line they stand on.
type Seen = BTreeMap<Date, (usize, &'static str)>;

/// See [`CalendarYear::parse`].
pub(super) fn parse(file_name: &str, text: &str) -> Result<CalendarYear, Vec<Issue>> {
    let (mut document, root) = Document::open(file_name, text);
    let Some(root) = root else { return Err(document.close()) };
    document.only_fields(&root, "a calendar year", FIELDS);
    let start = 0..0;
    let year = document
        .required(&root, &start, "the calendar year", "year", "write year = 2027")
        .and_then(|node| read_year(&mut document, node));
    let source = document
        .required(&root, &start, "the calendar year", "source", "say which notice announced it")
        .and_then(|node| document.text(node, "source"));
    let mut seen = Seen::new();
    let off = document
        .required(&root, &start, "the calendar year", "off", "list the days off, like [\"2027-01-01\"]")
        .map(|node| read_days(&mut document, node, "off", year, &mut seen));
    let make_up = root
        .get("make_up")
        .map(|node| read_days(&mut document, node, "make_up", year, &mut seen))
        .unwrap_or_default();
    if let (Some(days), Some(node)) = (&off, root.get("off"))
        && days.is_empty()
        && document.is_clean()
    {
        document.issue(node.span(), "a year has days off; the list is empty", None);
    }
    match (year, source, off) {
        (Some(year), Some(source), Some(off)) if document.is_clean() => Ok(CalendarYear {
            year,
            off: off.into_iter().collect(),
            make_up: make_up.into_iter().collect(),
            source,
        }),
        _ => Err(document.close()),
    }
}

fn read_year<'t>(document: &mut Document<'t>, node: &Node<'t>) -> Option<i16> {
    let number = document.integer(node, "year", "write year = 2027")?;
    let year = i16::try_from(number).ok().filter(|year| (2000..=2199).contains(year));
    if year.is_none() {
        document.issue(node.span(), format!("year {number} is not between 2000 and 2199"), None);
    }
    year
}

/// The days of one list; a text `"first..last"` is a run with both ends included.
fn read_days<'t>(
    document: &mut Document<'t>,
    list: &Node<'t>,
    field: &'static str,
    year: Option<i16>,
    seen: &mut Seen,
) -> Vec<Date> {
    let DeValue::Array(items) = list.get_ref() else {
        let message = format!("`{field}` must be a list of dates");
        document.issue(list.span(), message, Some("write [\"2027-01-01\", \"2027-02-05..2027-02-11\"]"));
        return Vec::new();
    };
    let mut days = Vec::new();
    for item in items {
        for day in read_run(document, item, field) {
            if accept(document, item.span(), field, year, day, seen) {
                days.push(day);
            }
        }
    }
    days
}

/// One item of a list: a date, or a run of dates.
fn read_run<'t>(document: &mut Document<'t>, item: &Node<'t>, field: &'static str) -> Vec<Date> {
    let run = match item.get_ref() {
        DeValue::String(text) => text.split_once(".."),
        _ => None,
    };
    let Some((first, last)) = run else { return document.date(item, field).into_iter().collect() };
    let (Ok(first), Ok(last)) = (first.trim().parse::<Date>(), last.trim().parse::<Date>()) else {
        let message = format!("a run in `{field}` needs two dates");
        document.issue(item.span(), message, Some("write \"2027-02-05..2027-02-11\""));
        return Vec::new();
    };
    let length = first.until(last).map_or(i32::MAX, |span| span.get_days());
    if first > last {
        document.issue(item.span(), format!("the run ends on {last}, before it starts on {first}"), None);
        return Vec::new();
    }
    if length >= LONGEST_RUN {
        let message = format!("the run from {first} to {last} is longer than {LONGEST_RUN} days");
        document.issue(item.span(), message, Some("check the months"));
        return Vec::new();
    }
    first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).collect()
}

/// Checks a day against the year, the week and what came before; notes what is wrong.
fn accept(
    document: &mut Document<'_>,
    span: Range<usize>,
    field: &'static str,
    year: Option<i16>,
    day: Date,
    seen: &mut Seen,
) -> bool {
    if let Some(year) = year.filter(|year| day.year() != *year) {
        let hint =
            format!("a notice may also move days of another year: import {} again with them", day.year());
        document.issue(span, format!("{day} in `{field}` is not in {year}"), Some(&hint));
        return false;
    }
    let line = document.place(span.start).0;
    if let Some((first, other)) = seen.get(&day).copied() {
        let message = if other == field {
            format!("{day} is in `{field}` twice; first on line {first}")
        } else {
            format!("{day} is both in `{other}` (line {first}) and in `{field}`")
        };
        document.issue(span, message, Some("a day is either off or worked"));
        return false;
    }
    seen.insert(day, (line, field));
    let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    if field == "make_up" && !weekend {
        let message = format!("{day} is a {:?}: it is worked anyway", day.weekday());
        document.issue(span, message, Some("a make-up day falls on a Saturday or Sunday"));
        return false;
    }
    true
}
