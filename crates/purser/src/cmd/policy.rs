//! `purser policy` (P4).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use purser_domain::{
    policy::{PolicyPack, diff, keys::REGISTRY},
    time::Timestamp,
};
use purser_engine::{
    Limits,
    approvals::{Action, Decide, Propose},
    rules::PolicyActivation,
};

use super::{Stop, calendar::count, rules, run};
use crate::store::StoreArgs;

/// Verbs of `purser policy`.
#[derive(Subcommand, Debug)]
pub(crate) enum PolicyVerb {
    /// Check policy files and say everything that is wrong with them
    Check(Check),
    /// Say which entry applies to a fact, and why the others do not
    Explain(Explain),
    /// List every key with the value in force, or the activated versions
    List(List),
    /// Make a file the next version: two people
    Activate(Activate),
}

/// Flags of `purser policy check`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Every issue is printed as FILE:LINE:COLUMN: what is wrong (what to write instead). Exit code 1 when there is one.

Examples:
  purser policy check policies/default.toml
  purser policy check 2026-05.toml --json")]
pub(crate) struct Check {
    /// Policy files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser policy explain`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The version that was active at the fact decides, among those activated when the fact is processed; in it, the last
entry in force on the fact's civil date. Without --data or --database the built-in pack answers.

Examples:
  purser policy explain settlement.service_fee.independent --at 2019-09-07
  purser policy explain withdrawal.minimum --at 2026-03-01 --as-of 2026-03-02 --data /var/lib/purser")]
pub(crate) struct Explain {
    /// The key
    key: String,
    /// When the fact happened: a date or an instant; now when left out
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// When it is processed; now when left out
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser policy list`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Keys marked `notice` are fees and limits whose change needs days of notice.

Examples:
  purser policy list
  purser policy list --at 2019-09-07 --json
  purser policy list --versions --data /var/lib/purser")]
pub(crate) struct List {
    /// Values for facts of this date or instant; now when left out
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// List the activated versions instead
    #[arg(long)]
    versions: bool,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser policy activate`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Prints what the file changes and makes it the next version. Two different people stand for it; both are named in
the audit log. Fees and limits that would change before their days of notice are over are refused.
On a folder no server may be running; use its API instead.

Example:
  purser policy activate 2026-05.toml --by li --approved-by wang --data /var/lib/purser")]
pub(crate) struct Activate {
    /// The policy file
    file: PathBuf,
    /// Who proposes it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Who approves it
    #[arg(long, value_name = "NAME")]
    approved_by: String,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_policy(verb: &PolicyVerb) -> Result<()> {
    match verb {
        PolicyVerb::Check(args) => check(args),
        PolicyVerb::Explain(args) => explain(args),
        PolicyVerb::List(args) if args.versions => versions(args),
        PolicyVerb::List(args) => list(args),
        PolicyVerb::Activate(args) => activate(args),
    }
}

fn read(file: &Path) -> Result<(String, String)> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {name}"))?;
    Ok((name, text))
}

fn check(args: &Check) -> Result<()> {
    let (mut total, mut listed) = (0, Vec::new());
    for file in &args.files {
        let (name, text) = read(file)?;
        match PolicyPack::parse(&name, &text) {
            Ok(pack) => {
                let entries: usize = REGISTRY.iter().map(|spec| pack.entries(spec).len()).sum();
                if !args.json {
                    let keys = count(REGISTRY.len(), "key");
                    println!("{name}: good: {keys}, {entries} entries, digest {}", pack.digest());
                }
            }
            Err(issues) => {
                total += issues.len();
                if !args.json {
                    for issue in &issues {
                        println!("{issue}");
                    }
                }
                listed.extend(issues.into_iter().map(|issue| {
                    serde_json::json!({
                        "file": issue.file, "line": issue.line, "column": issue.column,
                        "message": issue.message, "hint": issue.hint,
                    })
                }));
            }
        }
    }
    if args.json {
        println!("{}", serde_json::json!({ "good": total == 0, "issues": listed }));
    }
    if total == 0 { Ok(()) } else { Err(Stop::Failed(format!("{} found", count(total, "issue"))).into()) }
}

fn explain(args: &Explain) -> Result<()> {
    let known = rules::known(&args.store)?;
    let now = known.clock.business();
    let read = |text: &Option<String>| -> Result<Timestamp> {
        text.as_ref().map_or(Ok(now), |text| rules::instant(text, &known.zone))
    };
    let at = read(&args.at)?;
    let as_of = read(&args.as_of)?;
    let found = known.rules.policy.explain(&args.key, at, as_of).map_err(|e| Stop::Usage(e.to_string()))?;
    if args.json {
        let entries: Vec<_> = found
            .entries
            .iter()
            .map(|line| {
                serde_json::json!({
                    "version": line.version.number, "effective_from": line.entry.effective_from.to_string(),
                    "value": line.entry.show(), "source": line.entry.source,
                    "applies": found.applies().is_some_and(|applies| std::ptr::eq(applies, line)),
                    "sentence": line.sentence(),
                })
            })
            .collect();
        println!(
            "{}",
            serde_json::json!({
                "key": found.spec.name, "row": found.spec.row, "at": at.to_string(), "as_of": as_of.to_string(),
                "value": found.applies().map(|line| line.entry.show()), "sentence": found.sentence(),
                "entries": entries,
            })
        );
    } else {
        println!("{}", found.sentence());
        println!("{}", found.spec.doc());
        for line in &found.entries {
            println!("  {}", line.sentence());
        }
    }
    Ok(())
}

fn list(args: &List) -> Result<()> {
    let known = rules::known(&args.store)?;
    let now = known.clock.business();
    let at = args.at.as_ref().map_or(Ok(now), |text| rules::instant(text, &known.zone))?;
    let mut rows = Vec::new();
    for spec in REGISTRY {
        let found = known
            .rules
            .policy
            .explain(spec.name, at, now.max(at))
            .map_err(|e| Stop::Failed(e.to_string()))?;
        let value = found.applies().map_or_else(String::new, |line| line.entry.show());
        rows.push((spec, value));
    }
    if args.json {
        let keys: Vec<_> = rows
            .iter()
            .map(|(spec, value)| {
                serde_json::json!({ "key": spec.name, "row": spec.row, "value": value, "notice": spec.notice, "about": spec.doc() })
            })
            .collect();
        println!("{}", serde_json::json!({ "at": at.to_string(), "keys": keys }));
    } else {
        for (spec, value) in rows {
            let notice = if spec.notice { "  notice" } else { "" };
            println!("{:<4} {:<36} {value}{notice}", spec.row, spec.name);
        }
    }
    Ok(())
}

fn versions(args: &List) -> Result<()> {
    let policy = rules::known(&args.store)?.rules.policy;
    if args.json {
        let list: Vec<_> = policy
            .versions()
            .map(|version| {
                serde_json::json!({
                    "version": version.number, "name": version.pack.name(), "digest": version.pack.digest(),
                    "activated_at": version.activated_at.to_string(),
                })
            })
            .collect();
        println!("{}", serde_json::json!({ "versions": list }));
        return Ok(());
    }
    for version in policy.versions() {
        let (name, digest) = (version.pack.name(), version.pack.digest());
        let since = if version.activated_at == Timestamp(0) {
            "from the beginning".to_owned()
        } else {
            format!("activated at {}", version.activated_at)
        };
        println!("version {}: {name} {digest}, {since}", version.number);
    }
    Ok(())
}

fn activate(args: &Activate) -> Result<()> {
    let (name, text) = read(&args.file)?;
    let latest = rules::known(&args.store).map(|known| known.rules.policy.latest().clone());
    // Books that do not exist yet begin with the built-in pack.
    let latest =
        latest.or_else(|_| rules::known(&StoreArgs::default()).map(|k| k.rules.policy.latest().clone()))?;
    let activation = PolicyActivation::parse(&name, &text, latest.number).map_err(|issues| {
        for issue in &issues {
            eprintln!("{issue}");
        }
        Stop::Failed(format!("{} found: nothing was activated", count(issues.len(), "issue")))
    })?;
    if let (false, Ok(pack)) = (args.json, PolicyPack::parse(&name, &text)) {
        for change in &diff(&latest.pack, &pack) {
            println!("{change}");
        }
    }
    let mut opened = args.store.place()?.open_engine(1, Limits::default())?;
    let propose = Propose { action: Action::ActivatePolicy(activation), by: staff(&args.by) };
    let outcome = run(&mut opened, propose, &staff(&args.by)).and_then(|id| {
        let decide = Decide { id, approve: true, by: staff(&args.approved_by) };
        run(&mut opened, decide, &staff(&args.approved_by))
    });
    opened.close();
    let verdict = outcome?;
    let (version, at) = (verdict.outcome.get_int("version"), verdict.outcome.get_text("activated_at"));
    if args.json {
        println!(
            "{}",
            serde_json::json!({ "version": version, "activated_at": at, "approval": verdict.id.to_string() })
        );
    } else {
        println!("version {} is active from {}", version.unwrap_or(0), at.unwrap_or_default());
    }
    Ok(())
}

/// A person of the staff, as the audit log names people.
fn staff(name: &str) -> String {
    format!("staff:{}", name.trim())
}
