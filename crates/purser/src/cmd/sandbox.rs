//! `purser sandbox`: what only test books take (P21).

use anyhow::Result;
use clap::{Args, Subcommand};
use purser_domain::money::Rate;
use purser_engine::{
    Limits,
    sandbox::{FaultDial, SetRailHealth},
};

use super::{
    CLI,
    bank::{BankArgs, run_bank},
    gateway::{GatewayArgs, run_gateway},
    run,
    sandbox_clicks::{ClicksArgs, run_clicks},
};
use crate::store::StoreArgs;

/// Verbs of `purser sandbox`.
#[derive(Subcommand, Debug)]
pub(crate) enum SandboxVerb {
    /// A gateway of Alipay's kind that pays nobody and misbehaves when told to
    Alipay(GatewayArgs),
    /// A bank that reads files of payment orders, pays nobody and answers as told
    Bank(BankArgs),
    /// Advertisers and the clicks of a market, against a running server
    Clicks(ClicksArgs),
    /// Turn the fault dial of the sandbox rail
    Faults(Faults),
    /// Break a rail, or make it whole
    Rail(RailArgs),
}

/// Flags of `purser sandbox faults`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
So many payouts of a million meet a fault: lost_request, lost_reply, late_success, late_failure, throttled, fail (a payee
that does not exist), duplicate_callback, stale_query; with --kinds also funds_short and funds_failed (the rail waits
for a top-up), bounce (money comes back after it arrived) and blocked. Which payout meets which is decided by its reference. Works on books that are
a sandbox (`purser migrate --sandbox`); on a folder no server may be running.

Example:
  purser sandbox faults 300000 --data ./demo        three of ten
  purser sandbox faults 300000 --kinds bounce,lost_reply --data ./demo")]
pub(crate) struct Faults {
    /// Parts per million of payouts, 0 to 1,000,000
    ppm: i64,
    /// Faults to choose from, separated by commas
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    #[command(flatten)]
    store: StoreArgs,
}

/// Flags of `purser sandbox rail`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Payouts wait while their rail is broken, and go out by themselves once it is whole. Works on books that are a sandbox
(`purser migrate --sandbox`); on a folder no server may be running: use its API instead.

Examples:
  purser sandbox rail sandbox --broken --data ./demo
  purser sandbox rail sandbox --healthy --data ./demo")]
#[command(group = clap::ArgGroup::new("how").required(true))]
pub(crate) struct RailArgs {
    /// Name of the rail: sandbox, alipay or bank-file
    #[arg(value_name = "NAME")]
    rail: String,
    /// It does not answer any more
    #[arg(long, group = "how")]
    broken: bool,
    /// It answers again
    #[arg(long, group = "how")]
    healthy: bool,
    #[command(flatten)]
    store: StoreArgs,
}

pub(crate) fn run_sandbox(verb: &SandboxVerb) -> Result<()> {
    match verb {
        SandboxVerb::Alipay(args) => run_gateway(args),
        SandboxVerb::Bank(args) => run_bank(args),
        SandboxVerb::Clicks(args) => run_clicks(args),
        SandboxVerb::Faults(args) => faults(args),
        SandboxVerb::Rail(args) => rail(args),
    }
}

fn rail(args: &RailArgs) -> Result<()> {
    let mut opened = args.store.place()?.open_engine(1, Limits::default())?;
    let command = SetRailHealth { rail: args.rail.clone(), healthy: args.healthy };
    let outcome = run(&mut opened, command, CLI);
    opened.close();
    let row = outcome?;
    println!("{} is {}", row.name, if row.healthy { "healthy" } else { "broken" });
    Ok(())
}

fn faults(args: &Faults) -> Result<()> {
    let dial = FaultDial { rate: Rate::ppm(args.ppm), kinds: args.kinds.clone() };
    let mut opened = args.store.place()?.open_engine(1, Limits::default())?;
    let outcome = run(&mut opened, dial, CLI);
    opened.close();
    outcome?;
    println!("{} of 1,000,000 payouts meet a fault", args.ppm);
    Ok(())
}
