//! `purser sandbox bank`: a bank of our own that reads files of payment orders and writes messages (P10, P21).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use purser_domain::{money::parse_decimal, time::Zone};
use purser_rails::bank_file::bank::{Bank, Line, read_file};

use super::Stop;

/// Flags of `purser sandbox bank`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Reads the file as a bank does and writes its messages into --out: pain002.xml, camt054.xml, camt053.xml, and, for
orders that come back, camt054-return.xml. It keeps nothing between runs: the same file and flags give the same
answers. Every order is paid unless a flag says otherwise; REF is an end-to-end id, or `all`.

Faults on command:
  --reject REF=AC01     refused, with the bank's reason: AM04 for want of money, TM01 after the cut-off
  --return REF=AC04     paid, and back again (退票)
  --amount REF=12.34    debited with another amount
  --silent              taken in, nothing booked yet
  --duplicate           refused as a file that the bank had before
  --credit 88.00=WORDS  money in from somebody else

Example:
  purser sandbox bank bf_….pain.001.xml --out ./from-bank --reject all=AC01")]
pub(crate) struct BankArgs {
    /// The file of payment orders
    file: PathBuf,
    /// Folder for the messages; made when absent
    #[arg(long, value_name = "DIR", default_value = "from-bank")]
    out: PathBuf,
    /// Refuse an order
    #[arg(long, value_name = "REF=CODE", value_parser = pair)]
    reject: Vec<(String, String)>,
    /// Return an order after it was paid
    #[arg(long = "return", value_name = "REF=CODE", value_parser = pair)]
    returned: Vec<(String, String)>,
    /// Debit an order with another amount
    #[arg(long, value_name = "REF=AMOUNT", value_parser = pair)]
    amount: Vec<(String, String)>,
    /// Money in: amount and words
    #[arg(long, value_name = "AMOUNT=WORDS", value_parser = pair)]
    credit: Vec<(String, String)>,
    /// Take the file in and book nothing yet
    #[arg(long)]
    silent: bool,
    /// Refuse the file as one that the bank had before
    #[arg(long)]
    duplicate: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(left, right)| !left.is_empty() && !right.is_empty());
    pair.map(|(left, right)| (left.to_owned(), right.to_owned())).ok_or_else(|| "write LEFT=RIGHT".to_owned())
}

fn told<'a>(list: &'a [(String, String)], reference: &str) -> Option<&'a str> {
    list.iter().find(|(whose, _)| whose == reference || whose == "all").map(|(_, what)| what.as_str())
}

fn minor(text: &str) -> Result<i64> {
    let amount = parse_decimal(text).ok().filter(|minor| *minor > 0);
    amount.ok_or_else(|| Stop::Usage(format!("{text} is no amount: write 12.34")).into())
}

/// Writes a message under an id that follows from its content: the same message always has the same one.
fn named(kind: &str, write: impl Fn(&str) -> String) -> String {
    let hash = blake3::hash(write(kind).as_bytes()).to_hex();
    write(&format!("{kind}-{}", hash.get(..24).unwrap_or_default()))
}

pub(crate) fn run_bank(args: &BankArgs) -> Result<()> {
    let bytes = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let file = read_file(&bytes).map_err(|no| Stop::Failed(format!("the bank refuses the file: {no}")))?;
    let mut bank = Bank::new(&file.debtor, file.made_at, Zone::shanghai());
    std::fs::create_dir_all(&args.out).with_context(|| format!("making {}", args.out.display()))?;
    let write = |name: &str, text: &str| {
        let path: PathBuf = Path::new(&args.out).join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
        anyhow::Ok(())
    };
    if args.duplicate {
        let refusal = Some(("RJCT", "DU01"));
        return write("pain002.xml", &named("dup", |id| bank.report(id, &file, refusal, &[])));
    }
    let mut statuses = Vec::new();
    for order in &file.orders {
        match told(&args.reject, &order.reference) {
            Some(reason) => statuses.push((order.reference.as_str(), "RJCT", reason)),
            None if args.silent => statuses.push((order.reference.as_str(), "ACTC", "")),
            None => {
                statuses.push((order.reference.as_str(), "ACSC", ""));
                let mut paid = order.clone();
                if let Some(text) = told(&args.amount, &order.reference) {
                    paid.amount_minor = minor(text)?;
                }
                bank.pay(&paid);
            }
        }
    }
    for (amount, words) in &args.credit {
        bank.receive(minor(amount)?, "CNY", words);
    }
    write("pain002.xml", &named("rep", |id| bank.report(id, &file, None, &statuses)))?;
    let lines = bank.lines.clone();
    if !lines.is_empty() {
        write("camt054.xml", &named("not", |id| bank.notice(id, &lines)))?;
    }
    for order in &file.orders {
        if let Some(reason) = told(&args.returned, &order.reference) {
            bank.give_back(&order.reference, reason);
        }
    }
    let returned: Vec<Line> = bank.lines.iter().skip(lines.len()).cloned().collect();
    if !returned.is_empty() {
        write("camt054-return.xml", &named("ret", |id| bank.notice(id, &returned)))?;
    }
    write("camt053.xml", &named("stm", |id| bank.statement(id)))
}
