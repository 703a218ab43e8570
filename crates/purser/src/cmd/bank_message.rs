//! `purser import bank-message FILE.xml` (P10).

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use purser_engine::{Limits, bank_files::TakeInBankMessage, ports::BankMessageReader as _};
use purser_rails::bank_file::{MESSAGE_MAX, Messages};

use super::{CLI, Stop, run};
use crate::store::StoreArgs;

/// Flags of `purser import bank-message`.
#[derive(Args, Debug)]
pub(crate) struct BankMessageArgs {
    /// The file, as the bank gave it
    file: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    /// Number of the platform's account; statements of other accounts are refused then
    #[arg(long, value_name = "NUMBER", env = "PURSER_BANK_FILE_ACCOUNT")]
    account: Option<String>,
}

pub(super) fn take_in_message(args: &BankMessageArgs) -> Result<()> {
    let size = std::fs::metadata(&args.file).map(|data| data.len());
    let bytes = match size {
        Ok(size) if size > MESSAGE_MAX as u64 => bail!("a bank's message has at most {MESSAGE_MAX} bytes"),
        _ => std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?,
    };
    let reader = Messages { account: args.account.clone() };
    let message = reader
        .read(&bytes)
        .map_err(|refused| Stop::Failed(format!("refused ({}): {}", refused.code, refused.text)))?;
    let mut opened = args.store.place()?.open_engine(1, Limits::default())?;
    let outcome = run(&mut opened, TakeInBankMessage { message }, CLI);
    opened.close();
    let taken = outcome?;
    let row = taken.row;
    let again = if taken.new { "" } else { " (taken in before: nothing changed)" };
    println!(
        "{} {}: {} lines, {} new, {} known, {} without an order, {} contradictions{again}",
        row.kind, row.message_id, row.lines, row.matched, row.known, row.unmatched, row.conflicts
    );
    Ok(())
}
