//! `purser demo`: seeds a year of business, serves it, and says what to try.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use clap::Args;
use purser_api::{Persona, Who};
use purser_engine::{
    access::{Scope, Scopes, staff_id},
    parties::party_id,
};

use crate::{
    collect::CollectArgs,
    demo::{self, State},
    keys,
    rails::RailArgs,
    secrets::SecretsArgs,
    serve::{self, RateArgs, ServeArgs},
    services::ServiceArgs,
    store::{Place, StoreArgs},
};

/// Flags of `purser demo`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  purser demo --port 8080\n\nThe demo keeps its books in ./purser-demo unless --data or --database says otherwise, and \
goes on with them the next time. Remove the folder to begin anew."
)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Seed and stop, without serving
    #[arg(long)]
    seed_only: bool,
}

pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    let place = args.store.place_or(std::path::Path::new("purser-demo"));
    let secrets = secrets_of(&place)?;
    match demo::state(&place)? {
        State::Empty => demo::seed(&place, &secrets, false)?,
        State::Complete => println!("going on with the demo that is there"),
        State::Foreign => {
            let text = match &place {
                Place::Folder(dir) => format!(
                    "{0} holds something else, or a demo whose making was interrupted: remove {0} if it was a demo, or \
                     name a new folder with --data",
                    dir.display()
                ),
                Place::Postgres(_) => {
                    "this database holds something else, or a demo whose making was interrupted: \
                                       name an empty one"
                        .to_owned()
                }
            };
            bail!(text)
        }
    }
    if args.seed_only {
        return Ok(());
    }
    let serve_args = ServeArgs {
        rates: RateArgs::default(),
        collect: CollectArgs::default(),
        traces: crate::traces::TraceArgs::default(),
        store: args.store.clone(),
        listen: SocketAddr::from(([127, 0, 0, 1], args.port)),
        workers: 2,
        writers: 2,
        readers: 8,
        queue: 4_096,
        job_lease: 60,
        help_file: None,
        sandbox: true,
        rails: RailArgs::default(),
        services: ServiceArgs::on_this_machine(),
        secrets,
        personas: personas(),
    };
    let signals = serve::StopSignals::listen()?;
    let running = serve::start(&serve_args, &place)?;
    demo::people(&running.app.executor)?;
    let now = running.app.clock.machine();
    let (_, token) = keys::make(
        &running.app.executor,
        "demo",
        Scopes::all().with(Scope::WithdrawalsWithoutCode),
        now,
        None,
    )?;
    welcome(&running.address, &token, &place);
    signals.wait();
    running.stop()
}

/// A folder has its own key. For a database the demo keeps one in the current folder, so that one command starts it.
fn secrets_of(place: &Place) -> Result<SecretsArgs> {
    let mut secrets = SecretsArgs::default();
    if matches!(place, Place::Postgres(_)) && std::env::var_os("PURSER_SECRETS_KEY").is_none() {
        secrets.secrets_key_file =
            Some(SecretsArgs::file_or_new(std::path::Path::new("purser-demo-secrets.key"))?);
    }
    Ok(secrets)
}

/// Whom a visitor of the console may be.
fn personas() -> Vec<Persona> {
    let party = |name, title: &str, external_id| Persona {
        name,
        title: title.to_owned(),
        who: Who::Party(party_id(external_id)),
    };
    vec![
        party("creator", &demo::creator_name(CREATOR), CREATOR),
        party("agency", demo::AGENCY_NAME, demo::AGENCY),
        party("merchant", "好物铺子 1 店", "merchant-01"),
        party("advertiser", "晴天品牌 3 号", demo::ADVERTISER),
        Persona { name: "staff", title: demo::VISITOR.to_owned(), who: Who::Staff(staff_id(demo::VISITOR)) },
    ]
}

/// The creator whom the demo tells of.
const CREATOR: &str = "creator-007";

fn welcome(address: &SocketAddr, token: &str, place: &Place) {
    let url = format!("http://{address}");
    let creator = party_id(CREATOR);
    let books = match place {
        Place::Folder(dir) => dir.display().to_string(),
        Place::Postgres(_) => "the database".to_owned(),
    };
    println!(
        "
Purser's demo is ready: 200 parties, twelve months of business, in {books}.

  URL   {url}  (open it in a browser: it asks who you want to be)
  key   {token}

Three things to try:

  export KEY={token}
  # what a creator has earned, can take, and has on its way
  curl -s {url}/v1/parties/{creator}/overview -H \"Authorization: Bearer $KEY\"
  # what a withdrawal of everything would meet at the gate, without asking for it
  curl -s '{url}/v1/withdrawals?dry_run=true' -H \"Authorization: Bearer $KEY\" -H 'Idempotency-Key: try-1' \\
       -H 'Content-Type: application/json' -d '{{\"party_id\": \"{creator}\"}}'
  # what happened, everywhere, from the beginning; go on with after=<next_cursor>
  curl -s '{url}/v1/events?limit=5' -H \"Authorization: Bearer $KEY\"

The contract is at {url}/openapi.json. Ctrl-C stops; nothing that was accepted is lost.
"
    );
}
