//! `purser calendar`: working days (P5).

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use purser_domain::{
    calendar::{CalendarMissing, DayKind},
    time::Date,
};
use purser_engine::{Limits, rules::ImportCalendarYear};

use super::{Stop, rules, run};
use crate::store::StoreArgs;

/// Verbs of `purser calendar`.
#[derive(Subcommand, Debug)]
pub(crate) enum CalendarVerb {
    /// Print the working days of a year or month
    Show(Show),
    /// Print the date that T+n falls on
    Due(Due),
    /// Add a year, or replace it
    Import(Import),
}

/// Flags of `purser calendar show`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Without --data or --database the built-in years (2024-2026) answer.

Examples:
  purser calendar show 2026             working days of each month
  purser calendar show 2026-02 --json   every day of February with its kind")]
pub(crate) struct Show {
    /// A year, or a month like 2026-02
    #[arg(value_name = "YEAR[-MONTH]")]
    period: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser calendar due`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
T+n is the n-th working day strictly after the date; make-up days count, holidays do not.
A year that is not known is never guessed: the command fails with calendar_missing.

Examples:
  purser calendar due 2026-02-13 1      the day after the Spring Festival starts to count
  purser calendar due 2026-12-31 3 --data /var/lib/purser")]
pub(crate) struct Due {
    /// The date to count from
    date: String,
    /// How many working days
    #[arg(value_parser = clap::value_parser!(u32).range(0..=10_000))]
    n: u32,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser calendar import`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The file is TOML:
  year = 2027
  source = \"State Council notice of ...\"
  off = [\"2027-01-01\", \"2027-02-05..2027-02-11\"]
  make_up = [\"2027-02-14\"]

Example:
  purser calendar import 2027.toml --data /var/lib/purser --by li")]
pub(crate) struct Import {
    /// The year
    file: std::path::PathBuf,
    /// Who imports it, for the audit log
    #[arg(long, value_name = "NAME", default_value = "cli")]
    by: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_calendar(verb: &CalendarVerb) -> Result<()> {
    match verb {
        CalendarVerb::Show(args) => show(args),
        CalendarVerb::Due(args) => due(args),
        CalendarVerb::Import(args) => import(args),
    }
}

fn missing(error: CalendarMissing) -> Stop {
    Stop::Failed(format!("calendar_missing: {error}"))
}

fn period(text: &str) -> Result<(i16, Option<i8>), Stop> {
    let wrong = || Stop::Usage(format!("`{text}` is neither a year nor a month: write 2026 or 2026-02"));
    let (year, month) = text.split_once('-').map_or((text, None), |(year, month)| (year, Some(month)));
    let year = year.parse().map_err(|_| wrong())?;
    let month =
        month.map(|m| m.parse().ok().filter(|m| (1..=12).contains(m)).ok_or_else(wrong)).transpose()?;
    Ok((year, month))
}

fn show(args: &Show) -> Result<()> {
    let calendar = rules::known(&args.store)?.rules.calendar;
    match period(&args.period)? {
        (year, None) => {
            let months = calendar.working_days_by_month(year).map_err(missing)?;
            let total: u32 = months.iter().sum();
            if args.json {
                let value = serde_json::json!({ "year": year, "working_days": total, "by_month": months });
                println!("{value}");
            } else {
                println!("{year}: {total} working days");
                for (month, count) in (1..).zip(months) {
                    println!("  {year}-{month:02}  {count:>2}");
                }
            }
        }
        (year, Some(month)) => {
            let days = calendar.month(year, month).map_err(missing)?;
            let working = days.iter().filter(|(_, kind)| kind.is_working()).count();
            if args.json {
                let list: Vec<_> = days
                    .iter()
                    .map(|(day, kind)| serde_json::json!({ "date": day.to_string(), "kind": kind.name() }))
                    .collect();
                let value = serde_json::json!({ "month": format!("{year}-{month:02}"), "working_days": working, "days": list });
                println!("{value}");
            } else {
                println!("{year}-{month:02}: {working} working days");
                for (day, kind) in &days {
                    println!("{}", day_line(*day, *kind));
                }
            }
        }
    }
    Ok(())
}

fn day_line(day: Date, kind: DayKind) -> String {
    let weekday = format!("{:?}", day.weekday());
    let name = match kind {
        DayKind::Working => "",
        DayKind::MakeUp => "make-up day, worked",
        DayKind::Weekend => "weekend",
        DayKind::Holiday => "holiday",
    };
    format!("  {day} {weekday:.3}  {name}").trim_end().to_owned()
}

fn due(args: &Due) -> Result<()> {
    let from = rules::date(&args.date)?;
    let calendar = rules::known(&args.store)?.rules.calendar;
    let due = calendar.add_working_days(from, args.n).map_err(missing)?;
    if args.json {
        let value = serde_json::json!({ "from": from.to_string(), "working_days": args.n, "due_on": due.to_string() });
        println!("{value}");
    } else {
        println!("{due}");
    }
    Ok(())
}

fn import(args: &Import) -> Result<()> {
    let name = args.file.display().to_string();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("reading {name}"))?;
    let command = ImportCalendarYear::parse(&name, &text, &args.by).map_err(|issues| {
        for issue in &issues {
            eprintln!("{issue}");
        }
        Stop::Failed(format!("{} found in {name}: nothing was imported", count(issues.len(), "issue")))
    })?;
    let mut opened = args.store.place()?.open_engine(1, Limits::default())?;
    let outcome = run(&mut opened, command, &args.by);
    opened.close();
    let imported = outcome?;
    if args.json {
        println!("{}", serde_json::json!({ "year": imported.year, "replaced": imported.replaced }));
    } else {
        println!("{} is {}", imported.year, if imported.replaced { "replaced" } else { "known now" });
    }
    Ok(())
}

/// `1 issue`, `2 issues`.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
