//! `purser keys`: API keys from the command line, for the first one and for emergencies.

use std::path::Path;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use purser_domain::{
    ids::{ApiKeyId, Uid},
    time::{HOUR, Timestamp},
};
use purser_engine::{
    Executor, Limits, Meta,
    access::{self, ChangeApiKey, CreateApiKey, KeyChange, NewKey, Scope, Scopes, Token, TokenKind},
    call,
    ids::IdSource,
};

use crate::store::StoreArgs;

/// What `purser keys` can do.
#[derive(Subcommand)]
pub(crate) enum KeysVerb {
    /// Make a key and print its token, once
    #[command(
        after_help = "Example:\n  purser keys create --name shop --scopes orders:write,orders:read --data ./data"
    )]
    Create(CreateArgs),
    /// List keys (never their secrets)
    #[command(after_help = "Example:\n  purser keys list --data ./data")]
    List(ListArgs),
    /// Take a key back
    #[command(after_help = "Example:\n  purser keys revoke key_01h455vb4pex5vsknk084sn02q --data ./data")]
    Revoke(RevokeArgs),
}

/// Flags of `purser keys create`.
#[derive(Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// For people
    #[arg(long)]
    name: String,
    /// Comma-separated scopes, or `all` (which leaves out `withdrawals:request_without_code`: ask for it by name); see
    /// GET /openapi.json for what needs which
    #[arg(long, value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    /// Days until it ends; never when absent
    #[arg(long)]
    expires_in_days: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser keys list`.
#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
}

/// Flags of `purser keys revoke`.
#[derive(Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Key, `key_…`
    id: ApiKeyId,
}

/// `purser keys`.
pub(crate) fn run(verb: &KeysVerb) -> Result<()> {
    match verb {
        KeysVerb::Create(args) => create(args),
        KeysVerb::List(args) => list(args),
        KeysVerb::Revoke(args) => revoke(args),
    }
}

fn scopes(names: &[String]) -> Result<Scopes> {
    let mut scopes = Vec::new();
    for name in names {
        if name == "all" {
            scopes.extend(Scopes::all().iter());
            continue;
        }
        let Some(scope) = Scope::from_name(name) else {
            let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
            bail!("no scope `{name}`: it is `all`, or some of {}", all.join(", "));
        };
        scopes.push(scope);
    }
    Ok(Scopes::of(&scopes))
}

/// Makes a key on an engine that is open; returns its id and token.
pub(crate) fn make(
    executor: &Executor,
    name: &str,
    scopes: Scopes,
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<(ApiKeyId, String)> {
    let mut ids = IdSource::system();
    let id: ApiKeyId = ids.next(now);
    let secret = ids.secret();
    let (name, hash, by) = (name.to_owned(), Token::secret_hash(&secret), "system".to_owned());
    let command = CreateApiKey(NewKey { id, name, scopes, hash, expires_at, by });
    match call(&mut executor.clone(), command, Meta::system())? {
        Ok(row) => Ok((row.id, Token::text(TokenKind::ApiKey, id.0, &secret))),
        Err(rejection) => bail!(rejection.message),
    }
}

fn create(args: &CreateArgs) -> Result<()> {
    let scopes = scopes(&args.scopes)?;
    let opened = args.store.place_or(Path::new("data")).open_engine(1, Limits::default())?;
    let now = opened.clock.machine();
    let expires_at = args.expires_in_days.map(|days| now.plus(i64::from(days) * 24 * HOUR));
    let made = make(&opened.executor, &args.name, scopes, now, expires_at);
    opened.close();
    let (id, token) = made?;
    if args.json {
        println!(
            "{}",
            serde_json::json!({ "id": id.to_string(), "token": token, "scopes": scopes.encoded() })
        );
    } else {
        println!("{token}");
        eprintln!("This is {id}, shown this once. Send it as `Authorization: Bearer …`.");
    }
    Ok(())
}

fn list(args: &ListArgs) -> Result<()> {
    let mut session = args.store.place_or(Path::new("data")).open_reader()?;
    for row in access::api_keys(session.as_mut(), Uid::NIL, 10_000)? {
        let state = if row.revoked_at.is_some() { "revoked" } else { "active" };
        println!("{}  {state:<8}  {}  [{}]", row.id, row.name, row.scopes.encoded());
    }
    Ok(())
}

fn revoke(args: &RevokeArgs) -> Result<()> {
    let opened = args.store.place_or(Path::new("data")).open_engine(1, Limits::default())?;
    let command = ChangeApiKey { id: args.id, change: KeyChange::Revoke, expected: None };
    let outcome = call(&mut opened.executor.clone(), command, Meta::system());
    opened.close();
    match outcome? {
        Ok(row) => {
            println!("{} no longer works", row.id);
            Ok(())
        }
        Err(rejection) => bail!(rejection.message),
    }
}
