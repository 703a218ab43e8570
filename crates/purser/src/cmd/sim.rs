//! `purser sim`: seeded workloads with faults on books of their own, every answer held against an auditor.

use anyhow::Result;
use clap::Args;
use purser_engine::clock::Stopwatch;
use purser_sim::{
    charges::run::{Outcome, run},
    desk::Place,
};

use super::Stop;

/// Flags of `purser sim`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Advertisers pay in, are given grants, change budgets and bids, stop and resume; clicks come on time, late, twice, wrong; calls to
the database fail before and after they take effect, writers die and begin again, the clock is moved. An auditor that shares no
code with the engine predicts every answer, balance, status, budget, figure and numbered event. A run follows from its seed: what
fails once fails again. The first difference ends the run with exit code 1 and names the seed.

Examples:
  purser sim --seeds 1000                  the first thousand seeds
  purser sim --seed 817 --ops 400          one seed, longer")]
pub(crate) struct SimArgs {
    /// First seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Commands of a seed
    #[arg(long, default_value_t = 200)]
    ops: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_sim(args: &SimArgs) -> Result<()> {
    let watch = Stopwatch::start();
    let mut sum = Outcome::default();
    for seed in args.seed..args.seed.saturating_add(args.seeds) {
        let outcome = run(&Place::new(), seed, args.ops).map_err(Stop::Failed)?;
        sum.add(&outcome);
    }
    let seconds = watch.micros() / 1_000_000;
    if args.json {
        println!(
            "{}",
            serde_json::json!({
                "sim": "charges", "seeds": args.seeds, "ops": sum.ops, "groups": sum.groups, "charged": sum.charged,
                "revenue_minor": sum.revenue_minor, "stops": sum.stops, "faults": sum.faults,
                "restarts": sum.restarts, "unknown": sum.unknown, "most_arrears_minor": sum.most_arrears_minor,
                "answers": sum.answers, "seconds": seconds, "verify": "ok",
            })
        );
        return Ok(());
    }
    println!(
        "{} seeds, {} commands in {} groups, {seconds} s: all as predicted",
        args.seeds, sum.ops, sum.groups
    );
    println!(
        "{} clicks charged, {} stops for money, at most {} minor units of arrears",
        sum.charged, sum.stops, sum.most_arrears_minor
    );
    println!(
        "{} faults, {} restarts, {} commits of which nobody knew",
        sum.faults, sum.restarts, sum.unknown
    );
    for (answer, count) in &sum.answers {
        println!("  {count:>9}  {answer}");
    }
    Ok(())
}
