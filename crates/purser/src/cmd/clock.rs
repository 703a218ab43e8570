//! `purser clock`: business time, which a sandbox may move.

use anyhow::Result;
use clap::{Args, Subcommand};
use purser_domain::time::{DAY, HOUR, MINUTE, SECOND, Timestamp};
use purser_engine::{
    Command, Limits,
    rules::{AdvanceClock, Moved, SetClock},
};

use super::{CLI, Stop, rules, run};
use crate::store::StoreArgs;

/// Verbs of `purser clock`.
#[derive(Subcommand, Debug)]
pub(crate) enum ClockVerb {
    /// Print business and machine time
    Show(Show),
    /// Move business time on by a duration
    Advance(Advance),
    /// Move business time on to an instant
    Set(Set),
}

/// Flags of `purser clock show`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Business time decides due dates, value dates and expiries. In a sandbox it can run ahead of the machine.

Example:
  purser clock show --data ./demo --json")]
pub(crate) struct Show {
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser clock advance`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Works in a sandbox only (`purser migrate --sandbox`, `purser demo`). Business time never goes back.
On a folder no server may be running; use its API instead.

Examples:
  purser clock advance 3d --data ./demo
  purser clock advance 1d12h30m --data ./demo")]
pub(crate) struct Advance {
    /// How far: weeks, days, hours, minutes, seconds, like 3d or 1d12h
    #[arg(value_name = "DURATION")]
    by: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser clock set`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Works in a sandbox only. Business time never goes back.

Examples:
  purser clock set 2026-03-01 --data ./demo
  purser clock set 2026-03-01T09:30:00+08:00 --data ./demo")]
pub(crate) struct Set {
    /// The instant that it shall be; a date means its first instant in the business zone
    #[arg(value_name = "INSTANT")]
    to: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_clock(verb: &ClockVerb) -> Result<()> {
    match verb {
        ClockVerb::Show(args) => show(args),
        ClockVerb::Advance(args) => {
            let by_micros = duration(&args.by)?;
            shift(&args.store, args.json, AdvanceClock { by_micros })
        }
        ClockVerb::Set(args) => {
            let zone = rules::known(&args.store)?.zone;
            shift(&args.store, args.json, SetClock { to: rules::instant(&args.to, &zone)? })
        }
    }
}

fn show(args: &Show) -> Result<()> {
    args.store.place()?;
    let known = rules::known(&args.store)?;
    let (business, machine) = (known.clock.business(), known.clock.machine());
    let date = known.zone.date(business);
    if args.json {
        let offset = known.clock.offset();
        println!(
            "{}",
            serde_json::json!({
                "business": business.to_string(), "business_date": date.to_string(),
                "machine": machine.to_string(), "offset_seconds": offset / SECOND, "sandbox": known.sandbox,
            })
        );
    } else {
        println!("business time  {business}  ({date} in the business zone)");
        println!("machine time   {machine}");
        let kind = if known.sandbox { "sandbox: it may be moved on" } else { "live: it cannot be moved" };
        println!("these books    {kind}");
    }
    Ok(())
}

fn shift<C: Command<Output = Moved>>(store: &StoreArgs, json: bool, command: C) -> Result<()> {
    let mut opened = store.place()?.open_engine(1, Limits::default())?;
    let outcome = run(&mut opened, command, CLI);
    opened.close();
    let Moved { before, after } = outcome?;
    if json {
        println!("{}", serde_json::json!({ "before": before.to_string(), "after": after.to_string() }));
    } else {
        println!("{before} -> {after}");
    }
    Ok(())
}

/// Reads `1d12h`: whole numbers with a unit each, added up.
fn duration(text: &str) -> Result<i64, Stop> {
    let wrong = || Stop::Usage(format!("`{text}` is not a duration: write 3d, 12h, 90m, 30s, 2w, or 1d12h"));
    let mut total = 0_i64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'w' => 7 * DAY,
            'd' => DAY,
            'h' => HOUR,
            'm' => MINUTE,
            's' => SECOND,
            _ => return Err(wrong()),
        };
        let count: i64 = number.parse().map_err(|_| wrong())?;
        number.clear();
        total = count.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
    }
    if !number.is_empty() || text.is_empty() || Timestamp(0).plus(total).0 == i64::MAX {
        return Err(wrong());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, micros) in
            [("3d", 3 * DAY), ("1d12h30m", 36 * HOUR + 30 * MINUTE), ("2w1s", 14 * DAY + SECOND)]
        {
            assert_eq!(duration(text).unwrap(), micros, "{text}");
        }
        for text in ["", "3", "d", "3x", "-3d", "1.5d", "3d4", "99999999999999999999d", "9999999999999w"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
