//! Cases of the calendar (spec P5).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use purser_domain::{
    calendar::{Calendar, CalendarMissing, CalendarYear},
    time::{Date, Zone},
};

#[test]
fn cases() {
    let calendar = Calendar::builtin();
    support::run("calendar", |line| {
        let words: Vec<&str> = line.splitn(2, ' ').collect();
        match words[..] {
            ["kind", date] => day(&calendar, date),
            ["add", rest] => add(&calendar, rest),
            ["due", rest] => due(&calendar, rest),
            ["import", text] => import(text),
            _ => "unreadable case".into(),
        }
    });
}

fn show(answer: Result<Date, CalendarMissing>) -> String {
    answer.map_or_else(
        |e| format!("calendar_missing {}", e.year),
        |date| format!("{date} {:?}", date.weekday()),
    )
}

fn day(calendar: &Calendar, date: &str) -> String {
    let kind = calendar.kind(date.parse().unwrap());
    kind.map_or_else(|e| format!("calendar_missing {}", e.year), |kind| kind.name().into())
}

/// `2026-02-13 + 1`
fn add(calendar: &Calendar, rest: &str) -> String {
    let (date, n) = rest.split_once(" + ").unwrap();
    show(calendar.add_working_days(date.parse().unwrap(), n.parse().unwrap()))
}

/// `2026-02-13T15:59:59Z + 1 [cut-off 16:00]`
fn due(calendar: &Calendar, rest: &str) -> String {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (at, n, cut_off) = match words[..] {
        [at, "+", n] => (at, n, None),
        [at, "+", n, "cut-off", time] => {
            let (hour, minute) = time.split_once(':').unwrap();
            (at, n, Some((hour.parse().unwrap(), minute.parse().unwrap())))
        }
        _ => return "unreadable case".into(),
    };
    show(calendar.due(at.parse().unwrap(), &Zone::shanghai(), n.parse().unwrap(), cut_off))
}

/// A file with `|` for line ends.
fn import(text: &str) -> String {
    match CalendarYear::parse("y.toml", &text.replace('|', "\n")) {
        Ok(year) => {
            format!("{} with {} off, {} worked", year.year(), year.off().count(), year.make_up().count())
        }
        Err(issues) => issues.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ; "),
    }
}
