//! The money desk of a marketplace: one binary.

mod bench;
mod cmd;
mod collect;
mod console;
mod demo;
mod keys;
mod logs;
mod rails;
mod secrets;
mod serve;
mod services;
mod staff;
mod store;
mod traces;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// See Cargo.toml for why.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "purser", version, about = "The money desk of a marketplace", after_help = cmd::EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Copy the books into a file while a server writes
    Backup(cmd::backup::BackupArgs),
    /// Take requests over HTTP until stopped
    Serve(Box<serve::ServeArgs>),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Keys(keys::KeysVerb),
    /// Print the API's contract (OpenAPI 3.1)
    Openapi,
    /// Measure this machine
    #[command(subcommand)]
    Bench(BenchVerb),
    /// Working days: show, count, import
    #[command(subcommand)]
    Calendar(cmd::calendar::CalendarVerb),
    /// Business time; a sandbox may move it on
    #[command(subcommand)]
    Clock(cmd::clock::ClockVerb),
    /// A lively marketplace to look at, with a year of history
    Demo(cmd::demo::DemoArgs),
    /// The platform's own money at a rail
    #[command(subcommand)]
    Float(cmd::float::FloatVerb),
    /// Take files in
    #[command(subcommand)]
    Import(cmd::import::ImportVerb),
    /// Bring the database to this program's schema
    Migrate(cmd::migrate::Migrate),
    /// Months of the programme: close, publish
    #[command(subcommand)]
    Month(cmd::month::MonthVerb),
    /// Fees, limits and switches: check, explain, list, activate
    #[command(subcommand)]
    Policy(cmd::policy::PolicyVerb),
    /// Add up
    #[command(subcommand)]
    Report(cmd::report::ReportVerb),
    /// Put a backup into a new folder and verify it
    Restore(cmd::backup::RestoreArgs),
    /// What only test books take: the fault dial, gateways that pay nobody, clicks
    #[command(subcommand)]
    Sandbox(cmd::sandbox::SandboxVerb),
    /// Random business with faults, every answer held against an auditor
    Sim(cmd::sim::SimArgs),
    /// People who may sign in: make the first account
    #[command(subcommand)]
    Staff(staff::StaffVerb),
    /// The key of personal values: make, rotate, seal again
    #[command(subcommand)]
    Secrets(secrets::SecretsVerb),
    /// Prove the books, or name the first thing that is wrong
    Verify(cmd::verify::Verify),
}

#[derive(Subcommand)]
enum BenchVerb {
    /// Durable transfers a second through the one posting path
    #[command(after_help = "Example:\n  purser bench ledger --accounts 1000000 --json")]
    Ledger(bench::ledger::LedgerBench),
    /// Durable transfers a second, one per request, the client in another process
    #[command(after_help = "Example:\n  purser bench http --connections 64 --json")]
    Http(bench::http::HttpBench),
    /// Withdrawals a second through the gate, one per request, the client in another process
    #[command(after_help = "Example:\n  purser bench withdrawals --json")]
    Withdrawals(bench::withdrawals::WithdrawalBench),
    /// What a creator with a long history waits for: overview, lists, export
    #[command(after_help = "Example:\n  purser bench records --json")]
    Records(bench::records::RecordsBench),
    /// A statement of a million lines, from the file to the proof of its day
    #[command(after_help = "Example:\n  purser bench reconcile --lines 1000000 --json")]
    Reconcile(bench::reconcile::ReconcileBench),
    /// Pay-later orders singly and in bulk, evaluations, and what a limit was at a past instant
    #[command(after_help = "Example:\n  purser bench credit --json")]
    Credit(bench::credit::CreditBench),
    /// Clicks a second that are charged in bulk, and singly, the client in another process
    #[command(
        after_help = "Examples:\n  purser bench charges --transfers 20000000 --json\n  purser bench charges --stops 1000 --json\n  purser bench charges --advertisers 1 --transfers 10000000 --hours 144 --reports 1000 --json"
    )]
    Charges(bench::charges::ChargesBench),
    /// The load client of `bench charges`
    #[command(hide = true)]
    ChargesClient(bench::charges_client::ChargesClient),
    /// Creators a second whose programme month is closed and published
    #[command(after_help = "Example:\n  purser bench month-close --json")]
    MonthClose(bench::month_close::MonthCloseBench),
    /// The load client of `bench http` and `bench withdrawals`
    #[command(hide = true)]
    HttpClient(bench::client::ClientArgs),
}

fn run(verb: &Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Backup(args) => cmd::backup::run_backup(args),
        Verb::Bench(BenchVerb::Ledger(args)) => bench::ledger::run(args),
        Verb::Bench(BenchVerb::Http(args)) => bench::http::run(args),
        Verb::Bench(BenchVerb::Withdrawals(args)) => bench::withdrawals::run(args),
        Verb::Bench(BenchVerb::Records(args)) => bench::records::run(args),
        Verb::Bench(BenchVerb::Reconcile(args)) => bench::reconcile::run(args),
        Verb::Bench(BenchVerb::Charges(args)) => bench::charges::run(args),
        Verb::Bench(BenchVerb::ChargesClient(args)) => bench::charges_client::run(args),
        Verb::Bench(BenchVerb::Credit(args)) => bench::credit::run(args),
        Verb::Bench(BenchVerb::HttpClient(args)) => bench::client::run(args),
        Verb::Bench(BenchVerb::MonthClose(args)) => bench::month_close::run(args),
        Verb::Calendar(verb) => cmd::calendar::run_calendar(verb),
        Verb::Clock(verb) => cmd::clock::run_clock(verb),
        Verb::Demo(args) => cmd::demo::run(args),
        Verb::Float(verb) => cmd::float::run_float(verb),
        Verb::Import(verb) => cmd::import::run(verb),
        Verb::Keys(verb) => keys::run(verb),
        Verb::Migrate(args) => cmd::migrate::run_migrate(args),
        Verb::Month(verb) => cmd::month::run_month(verb),
        Verb::Openapi => {
            println!("{}", purser_api::openapi_json());
            Ok(())
        }
        Verb::Policy(verb) => cmd::policy::run_policy(verb),
        Verb::Report(verb) => cmd::report::run(verb),
        Verb::Restore(args) => cmd::backup::run_restore(args),
        Verb::Sandbox(verb) => cmd::sandbox::run_sandbox(verb),
        Verb::Secrets(verb) => secrets::run(verb),
        Verb::Serve(args) => serve::run(args),
        Verb::Sim(args) => cmd::sim::run_sim(args),
        Verb::Staff(verb) => staff::run(verb),
        Verb::Verify(args) => cmd::verify::run_verify(args),
    }
}

fn main() -> ExitCode {
    logs::end_quietly_without_reader();
    let verb = Cli::parse().command;
    // What the simulation plants is no news.
    let started = match &verb {
        Verb::Sim(_) => Ok(None),
        Verb::Serve(args) => logs::start(&args.traces),
        _ => logs::start(&traces::TraceArgs::default()),
    };
    let outcome = started.and_then(|traces| {
        let outcome = run(&verb);
        if let Some(traces) = traces {
            traces.finish();
        }
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("purser: {error:#}");
            cmd::exit_code(&error)
        }
    }
}
