//! `purser bench http`: one durable transfer per request, the client in another process.

use anyhow::{Result, ensure};
use clap::Args;
use purser_domain::{
    ids::{PartyId, Uid},
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_engine::access::Scope;

use super::{
    disk,
    served::{Load, Served, ServedArgs, fund},
};

/// Flags of `purser bench http`.
#[derive(Args)]
pub(crate) struct HttpBench {
    /// Requests to send
    #[arg(long, default_value_t = 200_000)]
    transfers: u64,
    /// Accounts that the transfers are spread over
    #[arg(long, default_value_t = 10_000)]
    accounts: u64,
    /// Every transfer credits one hot account without a floor
    #[arg(long)]
    hot: bool,
    /// The client sends random transfer ids instead of letting the server make time-ordered ones
    #[arg(long)]
    random_ids: bool,
    #[command(flatten)]
    served: ServedArgs,
}

/// First balance of every account.
const BALANCE: i64 = 1_000_000_000_000;

/// The account of a number.
pub(super) fn reference(index: u64) -> AccountRef {
    let owner = PartyId(Uid::derive("purser bench party", &[&index.to_le_bytes()]));
    AccountRef::party(owner, AccountKind::Earnings, Currency::CNY)
}

/// The account without a floor that every transfer credits with `--hot`.
pub(super) fn hot_account() -> AccountRef {
    AccountRef::platform(AccountKind::Suspense, Currency::CNY)
}

/// `purser bench http`.
pub(crate) fn run(args: &HttpBench) -> Result<()> {
    let served = &args.served;
    ensure!(args.accounts >= 2 && served.connections >= 1, "at least two accounts and one connection");
    let scratch = disk::scratch(&served.store, "http")?;
    let place = served.store.place_or(&scratch.join("data"));
    let bench = Served::start(&served.server(), place, scratch.clone())?;
    let app = &bench.running.app;
    let hot = args.hot.then(hot_account);
    fund(&app.executor, &app.clock, (0..args.accounts).map(reference).chain(hot), BALANCE)?;
    let mut client = vec!["--accounts".to_owned(), args.accounts.to_string()];
    client.extend(args.hot.then(|| "--hot".to_owned()));
    client.extend(args.random_ids.then(|| "--random-ids".to_owned()));
    let load =
        Load { bench: "http", unit: "transfer", requests: args.transfers, scope: Scope::LedgerPost, client };
    bench.measure(served, &load)?.finish(served, &scratch, |report, place| {
        report.int("accounts", args.accounts);
        report.int("batch", 1);
        let rows = place.sample_transfers(100_000)?;
        let bare =
            disk::bare_sqlite_per_s(&scratch, &rows, 1_000, &purser_storage::sqlite::Options::default())?;
        report.int("bare_sqlite_per_s", bare);
        Ok(())
    })
}
