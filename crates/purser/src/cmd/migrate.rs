//! `purser migrate`.

use anyhow::Result;
use clap::Args;
use purser_engine::{Limits, rules::EnterSandbox};
use purser_storage::migrate;

use super::{CLI, run};
use crate::store::StoreArgs;

/// Flags of `purser migrate`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
`purser serve` does the same at start; run it by hand where a deployment wants the two apart.
A database from a newer purser is refused and left as it is.

Examples:
  purser migrate --data /var/lib/purser
  purser migrate --data ./demo --sandbox        new books whose clock may be moved")]
pub(crate) struct Migrate {
    /// Make new books a sandbox: a clock that can be moved, for good
    #[arg(long)]
    sandbox: bool,
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
