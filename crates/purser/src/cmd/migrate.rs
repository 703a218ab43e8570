//! `purser migrate`.

use anyhow::Result;
use clap::Args;
use purser_domain::time::{Timestamp, Zone};
use purser_engine::{
    Limits,
    clock::Clock,
    rules::{EnterSandbox, found_sandbox},
};
use purser_storage::migrate;

use super::{CLI, Stop, rules, run};
use crate::store::{Place, StoreArgs};

/// Flags of `purser migrate`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
`purser serve` does the same at start; run it by hand where a deployment wants the two apart.
A database from a newer purser is refused and left as it is.

Examples:
  purser migrate --data /var/lib/purser
  purser migrate --data ./demo --sandbox        new books whose clock may be moved
  purser migrate --data ./past --sandbox --begins-at 2024-09-01        and begins on that day")]
pub(crate) struct Migrate {
    /// Make new books a sandbox: a clock that can be moved, for good
    #[arg(long)]
    sandbox: bool,
    /// Business time of the new books begins at this instant (a date means its first one), also one that has passed
    #[arg(long, value_name = "INSTANT", requires = "sandbox")]
    begins_at: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_migrate(args: &Migrate) -> Result<()> {
    let place = args.store.place()?;
    let lock = place.lock()?;
    drop(place.open_writer()?);
    if let Some(text) = &args.begins_at {
        found(&place, rules::instant(text, &Zone::shanghai())?)?;
    }
    drop(lock);
    if args.sandbox {
        let mut opened = place.open_engine(1, Limits::default())?;
        let outcome = run(&mut opened, EnterSandbox, CLI);
        opened.close();
        outcome?;
    }
    let version = migrate::latest();
    if args.json {
        println!("{}", serde_json::json!({ "engine": place.engine(), "schema_version": version }));
    } else {
        println!("schema version {version} on {}", place.engine());
    }
    Ok(())
}

/// Makes new books a sandbox whose business time begins at an instant. Hold the place's lock.
pub(super) fn found(place: &Place, begins_at: Timestamp) -> Result<()> {
    if found_sandbox(place.open_writer()?.as_mut(), &Clock::system(), begins_at)? {
        return Ok(());
    }
    let text = "these books have begun, and time does not go back: choose a new --data folder or database";
    Err(Stop::Failed(text.to_owned()).into())
}
