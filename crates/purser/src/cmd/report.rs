//! `purser report`: earnings here, credit beside it.

use anyhow::Result;
use clap::{Args, Subcommand};
use purser_domain::{
    money::{Currency, decimal},
    time::Zone,
};
use purser_engine::earnings::{EarningsReport, earnings_report, earnings_span};
use serde_json::{Value, json};

use super::{
    report_credit::{CreditArgs, run_credit},
    report_float::{FloatReportArgs, run_float},
};
use crate::store::StoreArgs;

/// Reports over everybody
#[derive(Subcommand, Debug)]
pub(crate) enum ReportVerb {
    /// Totals of task orders and settlements, and the creators who earned most
    #[command(after_help = "Example:\n  purser report earnings --data ./data --json")]
    Earnings(EarningsArgs),
    /// Totals of pay-later orders, and which merchants were limited, boosted, held or overdue, and why
    #[command(after_help = "Example:\n  purser report credit --data ./data --json")]
    Credit(CreditArgs),
    /// The daily proof of float: float in the books = statement + items in transit + breaks
    #[command(after_help = "Example:\n  purser report float --rail alipay --day 2026-03-02 --data ./data")]
    Float(FloatReportArgs),
}

/// Flags of `purser report earnings`.
#[derive(Args, Debug)]
pub(crate) struct EarningsArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// How many creators to list
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(verb: &ReportVerb) -> Result<()> {
    match verb {
        ReportVerb::Earnings(args) => earnings(args),
        ReportVerb::Credit(args) => run_credit(args),
        ReportVerb::Float(args) => run_float(args),
    }
}

fn earnings(args: &EarningsArgs) -> Result<()> {
    let mut session = args.store.place()?.open_reader()?;
    session.begin()?;
    let report = earnings_report(session.as_mut(), Currency::CNY)?;
    let span = earnings_span(session.as_mut())?;
    session.rollback();
    let zone = Zone::shanghai();
    let instant = |at| zone.rfc3339(at);
    let value = to_json(&report, args.top, span.map(|(first, last)| (instant(first), instant(last))));
    if args.json {
        println!("{value:#}");
    } else {
        print(&report, args.top);
    }
    Ok(())
}

/// Sum of one counter over all creators; wide, because sums may exceed 64 bits.
fn sum(report: &EarningsReport, of: impl Fn(&purser_engine::earnings::EarningsTotals) -> i64) -> i128 {
    report.creators.iter().map(|(_, totals, _)| i128::from(of(totals))).sum()
}

/// An integer, or a text when it does not fit in 64 bits.
pub(super) fn number(value: i128) -> Value {
    i64::try_from(value).map_or_else(|_| Value::from(value.to_string()), Value::from)
}

fn orders(report: &EarningsReport, names: &[&str]) -> i64 {
    names.iter().filter_map(|name| report.orders.get(*name)).sum()
}

fn to_json(report: &EarningsReport, top: usize, span: Option<(String, String)>) -> Value {
    let creators: Vec<Value> = report
        .creators
        .iter()
        .take(top)
        .map(|(id, totals, withdrawable)| {
            json!({
                "creator_id": id,
                "total_task_amount_minor": totals.total_task,
                "settled_gross_minor": totals.settled_gross,
                "service_fee_minor": totals.service_fee,
                "withdrawable_minor": withdrawable,
            })
        })
        .collect();
    json!({
        "rows": report.orders.values().sum::<i64>(),
        "creators": report.creators.len(),
        "completed": orders(report, &["completed", "settled"]),
        "cancelled": orders(report, &["cancelled"]),
        "in_progress": orders(report, &["accepted", "in_progress", "awaiting_acceptance"]),
        "total_task_amount_minor": number(sum(report, |t| t.total_task)),
        "settled_gross_minor": number(sum(report, |t| t.settled_gross)),
        "service_fee_minor": number(sum(report, |t| t.service_fee)),
        "settled_net_minor": number(sum(report, |t| t.settled_net)),
        "top_creators": creators,
        "first": span.as_ref().map(|s| s.0.clone()),
        "last": span.map(|s| s.1),
    })
}

fn print(report: &EarningsReport, top: usize) {
    let yuan = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), decimal);
    println!("creators            {:>18}", report.creators.len());
    for (status, count) in &report.orders {
        println!("orders {status:<12} {count:>18}");
    }
    println!("total task amount   {:>18}", yuan(sum(report, |t| t.total_task)));
    println!("settled gross       {:>18}", yuan(sum(report, |t| t.settled_gross)));
    println!("service fee         {:>18}", yuan(sum(report, |t| t.service_fee)));
    println!("settled net         {:>18}", yuan(sum(report, |t| t.settled_net)));
    println!("\n{:<24} {:>16} {:>16} {:>16}", "creator", "task amount", "settled gross", "withdrawable");
    for (id, totals, withdrawable) in report.creators.iter().take(top) {
        let (task, gross) = (decimal(totals.total_task), decimal(totals.settled_gross));
        println!("{id:<24} {task:>16} {gross:>16} {:>16}", decimal(*withdrawable));
    }
}
