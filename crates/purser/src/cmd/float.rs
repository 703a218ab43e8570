//! `purser float`: the platform's own money at a rail (P12).

use anyhow::Result;
use clap::{Args, Subcommand};
use purser_domain::money::decimal;
use purser_engine::{
    Limits,
    ledger::{TopUpFloat, ToppedUp},
};

use super::{CLI, rules, run};
use crate::store::StoreArgs;

/// Verbs of `purser float`.
#[derive(Subcommand, Debug)]
pub(crate) enum FloatVerb {
    /// Book money that was put into a rail; what waits for it goes out by itself
    TopUp(TopUp),
}

/// Flags of `purser float top-up`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The same rail and reference again is the same top-up and books nothing. On a folder no server may be running.

Example:
  purser float top-up --rail sandbox --amount-minor 100000000 --reference bank-2026-0001 --data ./data")]
pub(crate) struct TopUp {
    /// Name of the rail: sandbox, alipay, bank-file
    #[arg(long)]
    rail: String,
    /// How much, in minor units (fen)
    #[arg(long)]
    amount_minor: i64,
    /// The bank's or rail's own reference of the payment
    #[arg(long)]
    reference: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_float(verb: &FloatVerb) -> Result<()> {
    let FloatVerb::TopUp(args) = verb;
    args.store.place()?;
    let currency = rules::known(&args.store)?.rules.currency;
    let command = TopUpFloat {
        rail: args.rail.clone(),
        amount_minor: args.amount_minor,
        currency,
        reference: args.reference.clone(),
    };
    let mut opened = args.store.place()?.open_engine(1, Limits::default())?;
    let outcome = run(&mut opened, command, CLI);
    opened.close();
    let ToppedUp { transfer, new, float_minor } = outcome?;
    if args.json {
        let transfer = transfer.to_string();
        println!("{}", serde_json::json!({ "transfer": transfer, "new": new, "float_minor": float_minor }));
    } else {
        let what = if new { "booked" } else { "was booked before" };
        println!("{what}: {transfer}; float at {} is now {}", args.rail, decimal(float_minor));
    }
    Ok(())
}
