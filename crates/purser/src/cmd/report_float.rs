//! `purser report float`: the daily proof of float (P13, M).

use anyhow::Result;
use clap::Args;
use purser_domain::{money::decimal, policy::keys, reconcile::State, time::Date};
use purser_engine::{
    Session,
    reconcile::{self, ITEM_PREFIX, NAMED, Proof},
};
use serde_json::{Value, json};

use super::{Stop, report::number};
use crate::store::StoreArgs;

/// Flags of `purser report float`.
#[derive(Args, Debug)]
pub(crate) struct FloatReportArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// One rail; all when absent
    #[arg(long)]
    rail: Option<String>,
    /// Civil day; the last one that was compared when absent
    #[arg(long)]
    day: Option<Date>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run_float(args: &FloatReportArgs) -> Result<()> {
    let mut session = args.store.place()?.open_reader()?;
    session.begin()?;
    let proofs = proofs(session.as_mut(), args);
    session.rollback();
    let proofs = proofs?;
    if args.json {
        println!("{:#}", Value::from(proofs.iter().map(to_json).collect::<Vec<_>>()));
    } else if proofs.is_empty() {
        println!("no day was compared yet: `purser import statement FILE --rail RAIL`");
    } else {
        proofs.iter().for_each(print);
    }
    let wrong = proofs.iter().filter(|proof| proof.unexplained_minor() != 0).count();
    if wrong > 0 {
        return Err(Stop::Failed(format!("{wrong} rails are not proved")).into());
    }
    Ok(())
}

fn proofs(session: &mut dyn Session, args: &FloatReportArgs) -> Result<Vec<Proof>> {
    let rails: Vec<&str> = match &args.rail {
        Some(rail) => vec![rail.as_str()],
        None => keys::RAILS.to_vec(),
    };
    let mut out = Vec::new();
    for rail in rails {
        let last = reconcile::progress(session, rail)?.and_then(|row| row.matched_on.parse().ok());
        let Some(day) = args.day.or(last) else { continue };
        match reconcile::prove(session, rail, day)? {
            Some(proof) => out.push(proof),
            None if args.rail.is_some() => {
                return Err(Stop::Failed(format!("{day} of {rail} was not compared")).into());
            }
            None => {}
        }
    }
    Ok(out)
}

fn to_json(proof: &Proof) -> Value {
    let item = |(state, row): &(State, reconcile::ItemRow)| {
        json!({
            "item_id": row.id.with_prefix(ITEM_PREFIX),
            "state": state.name(),
            "kind": row.kind,
            "since_on": row.since_on.to_string(),
            "booked_minor": row.booked,
            "statement_minor": row.told,
            "reference": row.reference,
        })
    };
    json!({
        "rail": proof.day.rail,
        "day": proof.day.day.to_string(),
        "currency": proof.currency,
        "float_minor": proof.booked_minor,
        "statement_closing_minor": proof.day.closing,
        "in_transit": proof.in_transit.count,
        "in_transit_minor": number(proof.in_transit.difference_minor),
        "breaks": proof.breaks.count,
        "breaks_minor": number(proof.breaks.difference_minor),
        "unexplained_minor": number(proof.unexplained_minor()),
        "proved": proof.unexplained_minor() == 0,
        "items": proof.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn print(proof: &Proof) {
    let yuan = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), decimal);
    println!("{} on {} ({})", proof.day.rail, proof.day.day, proof.currency);
    println!("  closing balance of the statement {:>18}", decimal(proof.day.closing));
    let standing = [("in transit", proof.in_transit), ("breaks", proof.breaks)];
    for (name, standing) in standing {
        let name = format!("{name} ({})", standing.count);
        println!("  {name:<32} {:>18}", yuan(standing.difference_minor));
    }
    println!("  float in the books               {:>18}", decimal(proof.booked_minor));
    println!("  unexplained                      {:>18}", yuan(proof.unexplained_minor()));
    for (state, row) in &proof.items {
        println!(
            "    {:<10} {:<17} since {} {:>14} booked {:>14} told  {}",
            state.name(),
            row.kind,
            row.since_on,
            decimal(row.booked),
            decimal(row.told),
            row.reference
        );
    }
    let more =
        (proof.in_transit.count + proof.breaks.count).saturating_sub(i64::try_from(NAMED).unwrap_or(0));
    if more > 0 {
        println!("    {more} more are not shown");
    }
}
