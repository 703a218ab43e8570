//! `purser serve`: the engine behind HTTP, its jobs, and an orderly end.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::serve::ListenerExt as _;
use clap::Args;
use purser_api::{App, Notices, Persona, Rates};
use purser_domain::{
    help::{DEFAULT_HELP, Help},
    time::{SECOND, Zone},
};
use purser_engine::{
    Fault, FaultKind, Limits, Meta, access, call,
    ports::BankMessageReader,
    reads::Reads,
    rules::{ConnectServices, EnterSandbox},
    withdrawals::ConnectRails,
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::{
    cmd::Stop,
    collect::CollectArgs,
    console,
    rails::{RailArgs, sealing},
    secrets::SecretsArgs,
    services::ServiceArgs,
    store::{Opened, Place, StoreArgs},
    traces::{self, TraceArgs},
    work::{self, Outside, Work},
};

/// Flags of `purser serve`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  purser serve --data ./data --listen 127.0.0.1:8080\n\nEvery call needs a key: `purser keys create --name me --scopes …` makes one.\n\
Stop with Ctrl-C or SIGTERM: what was accepted is finished first."
)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Address and port
    #[arg(long, default_value = "127.0.0.1:8080", env = "PURSER_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// Threads that speak HTTP
    #[arg(long, default_value_t = 2)]
    pub(crate) workers: usize,
    /// Writers, each on its own connection (PostgreSQL only; a folder has one)
    #[arg(long, default_value_t = 2)]
    pub(crate) writers: usize,
    /// Sessions that read
    #[arg(long, default_value_t = 8)]
    pub(crate) readers: usize,
    /// Commands that may wait for a writer; beyond it callers get 503
    #[arg(long, default_value_t = 4_096)]
    pub(crate) queue: usize,
    /// Seconds after which another server takes over the jobs of one that died (PostgreSQL; on a folder the next
    /// server takes them over at once)
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(5..=3_600))]
    pub(crate) job_lease: i64,
    /// File with contacts and links for help; policies/help.toml shows what stands in it
    #[arg(long, value_name = "FILE", env = "PURSER_HELP_FILE")]
    pub(crate) help_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rates: RateArgs,
    /// Test clock and fault dial are there: never with real money
    #[arg(long, env = "PURSER_SANDBOX")]
    pub(crate) sandbox: bool,
    #[command(flatten)]
    pub(crate) rails: RailArgs,
    #[command(flatten)]
    pub(crate) services: ServiceArgs,
    #[command(flatten)]
    pub(crate) secrets: SecretsArgs,
    #[command(flatten)]
    pub(crate) collect: CollectArgs,
    #[command(flatten)]
    pub(crate) traces: TraceArgs,
    /// Whom a visitor may be; only the demo has people to offer.
    #[arg(skip)]
    pub(crate) personas: Vec<Persona>,
}

/// How often somebody may call (P18).
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct RateArgs {
    /// Requests a second that one API key may keep up, and twice as many at once; 0 for no limit
    #[arg(long = "rate-key", value_name = "N", default_value_t = Rates::default().key, env = "PURSER_RATE_KEY")]
    key: u32,
    /// The same of a session, of staff or in the portal
    #[arg(
        long = "rate-session",
        value_name = "N",
        default_value_t = Rates::default().session,
        env = "PURSER_RATE_SESSION"
    )]
    session: u32,
    /// The same of an address where nobody says who calls; this machine itself has no limit
    #[arg(
        long = "rate-address",
        value_name = "N",
        default_value_t = Rates::default().address,
        env = "PURSER_RATE_ADDRESS"
    )]
    address: u32,
}

impl Default for RateArgs {
    fn default() -> Self {
        let Rates { key, session, address } = Rates::default();
        Self { key, session, address }
    }
}

impl RateArgs {
    /// No limit at all: benches measure the server.
    pub(crate) const NONE: Self = Self { key: 0, session: 0, address: 0 };

    const fn rates(self) -> Rates {
        Rates { key: self.key, session: self.session, address: self.address }
    }
}

/// A server that is running.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    opened: Option<Opened>,
    stop: Option<oneshot::Sender<()>>,
    http: Option<JoinHandle<Result<()>>>,
    work: Option<Work>,
}

/// How long open requests may take when the server stops.
const PATIENCE: Duration = Duration::from_secs(20);
/// `purser serve`.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    let place = args.store.place_or(Path::new("data"));
    let signals = StopSignals::listen()?;
    let running = start(args, &place)?;
    println!("listening on http://{}", running.address);
    if !running.app.reads.read(|session| access::any_api_key(session))? {
        let flag = match &place {
            Place::Folder(dir) => format!("--data {}", dir.display()),
            Place::Postgres(_) => "--database URL".to_owned(),
        };
        println!(
            "there is no API key yet; make one in another terminal once this server is stopped, or with a PostgreSQL database at once:"
        );
        println!("  purser keys create {flag} --name first --scopes admin");
    }
    signals.wait();
    tracing::info!("stopping: finishing what was accepted");
    running.stop()
}

/// Starts everything; returns once requests are taken.
pub(crate) fn start(args: &ServeArgs, place: &Place) -> Result<Running> {
    let (rails, mut services) = (args.rails.read()?, args.services.read()?);
    let help = help(args.help_file.as_deref())?;
    let files = place.files();
    let limits = Limits { queue: args.queue.max(1), ..Limits::default() };
    let opened = place.open_engine(args.writers, limits)?;
    if args.sandbox
        && let Err(rejection) = call(&mut opened.executor.clone(), EnterSandbox, Meta::system())?
    {
        tracing::warn!(why = rejection.message, "these books are no sandbox: the clock stays as it is");
    }
    let vault = args.secrets.admitted(place, &opened.executor)?;
    if rails.bank.is_some() && vault.is_none() {
        let text =
            "the bank-file rail needs a secrets key, so that payees wait sealed: give --secrets-key-file";
        return Err(Stop::Usage(text.to_owned()).into());
    }
    let connect = ConnectRails { rails: rails.names(), alone: matches!(place, Place::Folder(_)) };
    call(&mut opened.executor.clone(), connect, Meta::system())??;
    let only = matches!(place, Place::Folder(_));
    let connect = ConnectServices { services: services.reached(), only };
    call(&mut opened.executor.clone(), connect, Meta::system())??;
    let reader_place = place.clone();
    let reads = Reads::new(args.readers, move || {
        reader_place
            .open_reader()
            .map_err(|error| Fault::new(FaultKind::Other, "open a reader", format!("{error:#}")))
    });
    let mut app = App::new(
        opened.executor.clone(),
        reads,
        Arc::clone(&files),
        Arc::clone(&opened.rules),
        opened.clock.clone(),
        Zone::shanghai(),
    );
    app.limit(args.rates.rates());
    app.vault.clone_from(&vault);
    app.private_webhooks = services.private_webhooks;
    app.help = help;
    app.notices = Notices::new(rails.notices());
    app.bank.seal = vault.as_ref().map(sealing);
    app.bank.reader =
        rails.bank.as_ref().map(|bank| -> Arc<dyn BankMessageReader> { Arc::new(bank.reader()) });
    app.statements = rails.statements();
    rails.warn_of_missing(&app.current_rules(), opened.clock.business());
    services.sandbox = app.current_rules().sandbox;
    app.collect = args.collect.collect(&opened.executor, &rails)?;
    app.pages = console::pages();
    app.continue_trace = args.traces.is_on().then_some(traces::continue_trace);
    app.secure_cookies = args.collect.is_https();
    app.personas.clone_from(&args.personas);
    let app = Arc::new(app);
    let (stop, stopped) = oneshot::channel();
    let (announce, bound) = std::sync::mpsc::channel();
    let (listen, workers, service) = (args.listen, args.workers, Arc::clone(&app));
    let http = std::thread::spawn(move || serve(listen, workers, service, stopped, &announce));
    let Ok(address) = bound.recv() else {
        return match http.join() {
            Ok(Err(error)) => Err(error),
            _ => Err(anyhow::anyhow!("the HTTP thread ended before it began")),
        };
    };
    let lease = args.job_lease * SECOND;
    let outside = Outside { rails, services };
    let work = work::start(place, files, &opened.executor, &opened.clock, lease, &outside, vault.as_ref())?;
    let (opened, stop, http) = (Some(opened), Some(stop), Some(http));
    Ok(Running { address, app, opened, stop, http, work: Some(work) })
}

/// Contacts and links, of a file or as they come with the release.
fn help(file: Option<&Path>) -> Result<Help> {
    let (name, text) = match file {
        None => ("policies/help.toml".to_owned(), DEFAULT_HELP.to_owned()),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            (path.display().to_string(), text.with_context(|| format!("reading {}", path.display()))?)
        }
    };
    Help::parse(&name, &text).map_err(|issues| {
        let lines: Vec<String> = issues.iter().map(ToString::to_string).collect();
        Stop::Usage(lines.join("\n")).into()
    })
}

fn serve(
    listen: SocketAddr,
    workers: usize,
    app: Arc<App>,
    stopped: oneshot::Receiver<()>,
    ready: &std::sync::mpsc::Sender<SocketAddr>,
) -> Result<()> {
    let mut builder = if workers > 1 {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(workers);
        builder
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder.enable_all().max_blocking_threads(32).build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            // Without it an answer could wait for the acknowledgement of the one before.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        // The receiver waits for exactly this.
        let _ = ready.send(address);
        let (closing, closed) = oneshot::channel();
        let service = Arc::clone(&app);
        let signal = async move {
            let _ = stopped.await;
            service.close();
            let _ = closing.send(());
        };
        // The audit log says from where a request came.
        let service = purser_api::router(app).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(signal);
        let patience = async move {
            let _ = closed.await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            outcome = server => outcome.context("serving HTTP"),
            () = patience => {
                tracing::warn!("some requests did not end in time and were cut off");
                Ok(())
            }
        }
    })
}

impl Running {
    /// Stops taking requests, finishes what was accepted, closes the books.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(stop) = self.stop.take() {
            // The other side is gone only when serving has ended already.
            let _ = stop.send(());
        }
        let outcome = match self.http.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            _ => Ok(()),
        };
        if let Some(work) = self.work.take() {
            work.stop();
        }
        let opened = self.opened.take();
        drop(self);
        if let Some(opened) = opened {
            opened.close();
        }
        outcome
    }
}

/// Ctrl-C and SIGTERM, heard from the moment it is made: whoever reads that the server listens may already stop it.
pub(crate) struct StopSignals {
    runtime: tokio::runtime::Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Takes the signals over from the system, whose own way is to end the process at once.
    pub(crate) fn listen() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let guard = runtime.enter();
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        drop(guard);
        Ok(Self { runtime, interrupt, terminate })
    }

    /// Returns at the first of them.
    pub(crate) fn wait(self) {
        let Self { runtime, mut interrupt, mut terminate } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
    }
}
