//! `purser bench charges`: clicks in bulk over HTTP, the client in another process, with lines, figures and budgets; then
//! single ones beside single transfers; beside both the ledger's own rate.

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use purser_domain::{
    ids::{CampaignId, PartyId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::Timestamp,
};
use purser_engine::{
    Command, Ctx, Meta, Needs, Rejection, Tx,
    access::{Scope, Scopes},
    ads::{AdAccountRow, AdCampaignRow, campaign_id},
    call,
    clock::{Clock, Stopwatch},
    parties::{RegisterParty, party_id},
};
use serde_json::Value;

use super::{
    disk,
    http::reference,
    ledger::transfers_per_s,
    report::Report,
    served::{Load, all, ask, ask_with, fund, server},
    stops::{self, Commits},
};
use crate::{
    keys,
    serve::{self, Running},
    store::{Place, StoreArgs},
};

/// Flags of `purser bench charges`.
#[derive(Args)]
pub(crate) struct ChargesBench {
    /// Clicks to charge in bulk
    #[arg(long, default_value_t = 2_000_000)]
    transfers: u64,
    /// Advertisers who take turns, each with one campaign
    #[arg(long, default_value_t = 300)]
    advertisers: u64,
    /// Clicks of a bulk call
    #[arg(long, default_value_t = 8_000)]
    batch: u64,
    /// Random click ids instead of time-ordered ones
    #[arg(long)]
    random_ids: bool,
    /// Bulk calls under way at the same time, each on its own connection
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Advertisers besides who run out of money under way: how fast their stops reach a listener; 0 leaves it out
    #[arg(long, default_value_t = 0)]
    stops: u64,
    /// Hours that are over which the clicks are spread over; 0: all happen now
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=144))]
    hours: u32,
    /// Hourly reports of the first campaign to read when all is charged; 0 leaves them out
    #[arg(long, default_value_t = 0)]
    reports: u64,
    /// Clicks to charge singly, and transfers to compare them with; 0 leaves both out
    #[arg(long, default_value_t = 100_000)]
    singles: u64,
    /// Connections that are open at the same time for single ones
    #[arg(long, default_value_t = 64)]
    single_connections: usize,
    /// Transfers of the ledger that the bulk rate is compared with; 0 leaves them out
    #[arg(long, default_value_t = 1_000_000)]
    ledger_transfers: u64,
    /// Threads of the server that speak HTTP
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Writers of the server, each on its own connection (PostgreSQL only; a folder has one)
    #[arg(long, default_value_t = 2)]
    writers: usize,
    /// Leave the check of the books out
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// First balance of every advertiser, and its budget: neither is ever used up.
const AMPLE: i64 = 1_000_000_000_000;
/// Balance of an advertiser who runs out, minor units: one click.
pub(super) const LAST_MONEY: i64 = 50;
/// Accounts that single transfers are spread over.
const ACCOUNTS: u64 = 10_000;
/// Campaigns written in one commit.
const PREPARED: u64 = 1_000;

fn advertiser_name(index: u64) -> String {
    format!("bench-advertiser-{index}")
}

/// The advertiser of a number.
pub(super) fn advertiser(index: u64) -> PartyId {
    party_id(&advertiser_name(index))
}

/// Its campaign.
pub(super) fn campaign(index: u64) -> CampaignId {
    campaign_id(advertiser(index), "bench")
}

fn cash(index: u64) -> AccountRef {
    AccountRef::party(advertiser(index), AccountKind::AdCash, Currency::CNY)
}

/// Writes advertisers with money and a campaign each.
#[derive(Clone)]
struct Prepare(std::ops::Range<u64>);

impl Command for Prepare {
    type Output = ();

    fn name(&self) -> &'static str {
        "bench.campaigns"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for index in self.0.clone() {
            needs.row::<AdAccountRow>(advertiser(index));
            needs.row::<AdCampaignRow>(campaign(index));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        for index in self.0.clone() {
            let party = advertiser(index);
            // Funded before: nothing is stopped.
            tx.put(AdAccountRow { stopped_at: None, ..AdAccountRow::new(party, ctx.now) });
            tx.put(AdCampaignRow {
                id: campaign(index),
                party,
                external_id: "bench".to_owned(),
                name: "bench".to_owned(),
                budget: AMPLE,
                schedule: String::new(),
                active: true,
                switched_at: ctx.now,
                starts_on: None,
                ends_on: None,
                keywords: 0,
                resumed_stop: 0,
                resumed_at: None,
                resumed_before: String::new(),
                created_at: ctx.now,
                version: 1,
            });
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Those who run out come behind the others.
fn prepare(place: &Place, (rich, poor): (u64, u64), with_accounts: bool) -> Result<()> {
    let advertisers = rich + poor;
    let mut opened = place.open_engine(1, purser_engine::Limits::default())?;
    let profile = |name: String| Profile {
        external_id: name.clone(),
        display_name: name,
        roles: [Role::Advertiser].into_iter().collect(),
        legal_form: LegalForm::Enterprise,
        class: AccountClass::Ordinary,
        metadata: std::collections::BTreeMap::new(),
    };
    all(&opened.executor, (0..advertisers).map(|index| RegisterParty(profile(advertiser_name(index)))))?;
    fund(&opened.executor, &Clock::system(), (0..rich).map(cash), AMPLE)?;
    fund(&opened.executor, &Clock::system(), (rich..advertisers).map(cash), LAST_MONEY)?;
    for from in (0..advertisers).step_by(usize::try_from(PREPARED)?) {
        let range = from..advertisers.min(from + PREPARED);
        call(&mut opened.executor, Prepare(range), Meta::system())??;
    }
    if with_accounts {
        fund(&opened.executor, &Clock::system(), (0..ACCOUNTS).map(reference), AMPLE)?;
    }
    opened.close();
    Ok(())
}

/// `purser bench charges`.
pub(crate) fn run(args: &ChargesBench) -> Result<()> {
    ensure!(args.advertisers >= 1 && args.connections >= 1, "at least one advertiser and one connection");
    ensure!((2..=10_000).contains(&args.batch), "a call has 2 to 10,000 clicks");
    let scratch = disk::scratch(&args.store, "charges")?;
    let place = args.store.place_or(&scratch.join("data"));
    let mut report = Report::default();
    report.text("bench", "charges");
    report.text("engine", place.engine());
    let fdatasync = disk::fdatasync_p50_us(&scratch)?;
    prepare(&place, (args.advertisers, args.stops), args.singles > 0)?;
    let failed = in_bulk(args, &place, &mut report)?;
    report.int("fdatasync_p50_us", fdatasync);
    read_reports(args, &place, &mut report)?;
    let failed = failed + singly(args, &place, &mut report)?;
    if args.ledger_transfers > 0 {
        let ledger = match &place {
            Place::Folder(_) => {
                transfers_per_s(&Place::Folder(scratch.join("ledger")), args.ledger_transfers)?
            }
            Place::Postgres(_) => transfers_per_s(&place, args.ledger_transfers)?,
        };
        report.int("ledger_transfers_per_s", ledger);
    }
    if !args.no_verify {
        let watch = Stopwatch::start();
        report.text("verify", &place.verify()?);
        report.milli("verify_s", watch.micros() / 1_000);
    }
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    ensure!(failed == 0, "{failed} requests failed");
    Ok(())
}

fn token(running: &Running, scope: Scope) -> Result<String> {
    let now = running.app.clock.machine();
    Ok(keys::make(&running.app.executor, "bench", Scopes::of(&[scope, Scope::EventsRead]), now, None)?.1)
}

fn number(client: &Value, name: &str) -> u64 {
    client.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Bulk calls; returns how many failed.
fn in_bulk(args: &ChargesBench, place: &Place, report: &mut Report) -> Result<u64> {
    let running = serve::start(&server(args.workers, args.writers), place)?;
    let token = token(&running, Scope::AdsCharge)?;
    let (before, size, cpu) = (running.app.executor.stats(), place.bytes()?, disk::cpu_micros());
    let mut flags = vec!["--clicks".to_owned(), args.transfers.to_string()];
    for (name, value) in [
        ("--batch", args.batch),
        ("--advertisers", args.advertisers),
        ("--connections", args.connections as u64),
        ("--since", running.app.clock.business().0.unsigned_abs()),
        ("--stops", args.stops),
        ("--hours", u64::from(args.hours)),
    ] {
        flags.extend([name.to_owned(), value.to_string()]);
    }
    if args.random_ids {
        flags.push("--random-ids".to_owned());
    }
    let commits = (args.stops > 0).then(|| Commits::watch(&running.app.executor));
    let client = ask_with(&running, &token, "charges-client", &flags)?;
    let commits = commits.map(Commits::all);
    let cpu = disk::cpu_micros() - cpu;
    let stats = running.app.executor.stats();
    running.stop()?;
    let number = |name: &str| number(&client, name);
    let clicks = number("charged") + number("replayed") + number("refused");
    report.int("charges_per_s", clicks * 1_000_000 / number("micros").max(1));
    report.milli("p50_ms", number("p50_us"));
    report.milli("p99_ms", number("p99_us"));
    report.int("rss_peak_bytes", disk::rss_peak_bytes());
    report.int("bytes_per_charge", place.bytes()?.saturating_sub(size) / number("charged").max(1));
    report.int("advertisers", args.advertisers);
    report.int("batch", args.batch);
    report.int("connections", args.connections as u64);
    report.int("transfers", clicks);
    for name in ["charged", "replayed", "refused"] {
        report.int(name, number(name));
    }
    report.int("commits", stats.groups - before.groups);
    report.int("syncs", stats.syncs - before.syncs);
    report.int("server_cpu_ns_per_charge", cpu * 1_000 / clicks.max(1));
    report.int("client_cpu_ns_per_charge", number("cpu_us") * 1_000 / clicks.max(1));
    report.int("first_million_per_s", number("first_per_s"));
    report.int("last_million_per_s", number("last_per_s"));
    if let Some(commits) = commits {
        stops::report(&client, &commits, args.stops, report)?;
    }
    ensure!(
        number("charged") * 10 >= clicks * 9,
        "only {} of {clicks} clicks were charged",
        number("charged")
    );
    Ok(number("failed"))
}

/// Reads the hourly report of the first campaign, and checks that it counts what was charged.
fn read_reports(args: &ChargesBench, place: &Place, report: &mut Report) -> Result<()> {
    if args.reports == 0 {
        return Ok(());
    }
    let running = serve::start(&server(args.workers, args.writers), place)?;
    let token = token(&running, Scope::AdsRead)?;
    let mut flags = Vec::new();
    for (name, value) in [
        ("--reports", args.reports),
        ("--hours", u64::from(args.hours)),
        ("--since", running.app.clock.business().0.unsigned_abs()),
        ("--clicks", 0),
        ("--batch", 0),
        ("--advertisers", args.advertisers),
        ("--connections", 1),
    ] {
        flags.extend([name.to_owned(), value.to_string()]);
    }
    let client = ask_with(&running, &token, "charges-client", &flags)?;
    running.stop()?;
    let number = |name: &str| number(&client, name);
    report.int("reported_hours", number("lines"));
    report.int("reported_clicks", number("clicks"));
    report.milli("hourly_report_p50_ms", number("p50_us"));
    report.milli("hourly_report_p99_ms", number("p99_us"));
    ensure!(number("clicks") > 0, "the report counts nothing");
    Ok(())
}

/// Single clicks, and single transfers in the same run; returns how many failed.
fn singly(args: &ChargesBench, place: &Place, report: &mut Report) -> Result<u64> {
    if args.singles == 0 {
        return Ok(0);
    }
    let mut rates = Vec::new();
    let mut failed = 0;
    for (work, scope, accounts) in
        [("clicks", Scope::AdsCharge, args.advertisers), ("transfers", Scope::LedgerPost, ACCOUNTS)]
    {
        let running = serve::start(&server(args.workers, args.writers), place)?;
        let token = token(&running, scope)?;
        let at: Timestamp = running.app.clock.business();
        let flags = [
            ("--work", work.to_owned()),
            ("--accounts", accounts.to_string()),
            ("--since", at.0.to_string()),
        ];
        let client = flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        let load = Load { bench: "charges", unit: work, requests: args.singles, scope, client };
        let client = ask(&running, &token, args.single_connections, &load)?;
        running.stop()?;
        failed += number(&client, "failed");
        rates.push(number(&client, "answered") * 1_000_000 / number(&client, "micros").max(1));
        if work == "clicks" {
            report.milli("single_p99_ms", number(&client, "p99_us"));
        }
    }
    if let [single, http] = rates.as_slice() {
        report.int("single_charges_per_s", *single);
        report.int("http_transfers_per_s", *http);
        report.milli("single_to_http", single * 1_000 / (*http).max(1));
    }
    Ok(failed)
}
