//! What every request works with.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderMap;
use purser_domain::{
    help::Help,
    ids::{TypedId, Uid},
    policy::keys,
    time::{Timestamp, Zone},
};
use purser_engine::{
    Executor, Fault, Job, Meta, Reply, Rules,
    access::{Identity, SEEN_EVERY, TouchSession},
    clock::Clock,
    files::Files,
    ids::IdSource,
    reads::Reads,
    vault::Vault,
};
use tokio::sync::{Notify, Semaphore};
use tracing::Instrument as _;

use crate::{
    Collect,
    access::Keys,
    ad_stream::STREAMS,
    bank_files::BankDesk,
    cases::UPLOADS,
    edge::{Limits, Rates},
    health::Pulse,
    ledger::Kinds,
    metrics::Metrics,
    notices::Notices,
    pages::Pages,
    portal::Persona,
    portal_stream::Live,
    problem::Problem,
    reconciliation::StatementReaders,
    records::WORKBOOKS,
    staff::HASHES,
};

/// Rules as the writers see them.
pub type SharedRules = Arc<RwLock<Arc<Rules>>>;

/// The service: what `purser serve` wires together.
pub struct App {
    /// Where writes go.
    pub executor: Executor,
    /// Where reads go.
    pub reads: Arc<Reads>,
    /// Policy and calendar, as the writers last loaded them.
    pub rules: SharedRules,
    /// Both clocks.
    pub clock: Clock,
    /// Business zone.
    pub zone: Zone,
    /// Seals and opens personal values; absent where the server was given no key.
    pub vault: Option<Arc<Vault>>,
    /// Where the content of files is (P26).
    pub files: Arc<dyn Files>,
    /// Whom to ask about what (X17).
    pub help: Help,
    /// Largest body of a single request, bytes.
    pub body_limit: usize,
    /// Largest body of a bulk request, bytes.
    pub bulk_body_limit: usize,
    /// Who reads the messages of rails.
    pub notices: Notices,
    /// What it takes to speak with a bank.
    pub bank: BankDesk,
    /// Who reads statements of rails (P13).
    pub statements: StatementReaders,
    /// How money comes in (P11).
    pub collect: Collect,
    /// Webhooks may name addresses of this server's own network.
    pub private_webhooks: bool,
    /// The console's files; absent where it was not built.
    pub pages: Option<Arc<dyn Pages>>,
    /// Lets the span of a request continue the trace that its headers name; absent where nothing is traced.
    pub continue_trace: Option<fn(&tracing::Span, &HeaderMap)>,
    /// Browsers reach this server by https alone, so cookies are for that alone.
    pub secure_cookies: bool,
    /// Whom a visitor of the demo may be; nobody anywhere else.
    pub personas: Vec<Persona>,
    ids: Mutex<IdSource>,
    pub(crate) limits: Limits,
    pub(crate) keys: Keys,
    pub(crate) kinds: Kinds,
    pub(crate) metrics: Metrics,
    pub(crate) pulse: Pulse,
    pub(crate) uploads: Arc<Semaphore>,
    /// Room for workbooks that are being made.
    pub(crate) workbooks: Arc<Semaphore>,
    pub(crate) hashes: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) live: Live,
    /// Wakes whoever follows what is committed.
    pub(crate) commits: Notify,
    closing: AtomicBool,
}

impl App {
    /// The service over an engine.
    pub fn new(
        executor: Executor,
        reads: Reads,
        files: Arc<dyn Files>,
        rules: SharedRules,
        clock: Clock,
        zone: Zone,
    ) -> Self {
        Self {
            executor,
            reads: Arc::new(reads),
            rules,
            clock,
            zone,
            vault: None,
            files,
            help: Help::default(),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            workbooks: Arc::new(Semaphore::new(WORKBOOKS)),
            hashes: Arc::new(Semaphore::new(HASHES)),
            streams: Arc::new(Semaphore::new(STREAMS)),
            live: Live::default(),
            commits: Notify::new(),
            closing: AtomicBool::new(false),
            body_limit: 256 * 1024,
            bulk_body_limit: 16 * 1024 * 1024,
            notices: Notices::default(),
            bank: BankDesk::default(),
            statements: StatementReaders::default(),
            collect: Collect::default(),
            private_webhooks: false,
            pages: None,
            continue_trace: None,
            secure_cookies: false,
            personas: Vec::new(),
            ids: Mutex::new(IdSource::system()),
            limits: Limits::new(Rates::default()),
            keys: Keys::default(),
            kinds: Kinds::default(),
            metrics: Metrics::default(),
            pulse: Pulse::default(),
        }
    }

    /// Other limits than the usual ones.
    pub fn limit(&mut self, rates: Rates) {
        self.limits = Limits::new(rates);
    }

    /// After how long a session of staff that is not used ends, µs; machine time.
    pub(crate) fn staff_idle(&self) -> i64 {
        self.rules().policy.now(self.now()).value(keys::STAFF_IDLE)
    }

    /// The server stops: answers that have no end of their own end now.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.commits.notify_waiters();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Runs a read on the blocking pool, in one snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut dyn purser_engine::Session) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Problem> {
        let reads = Arc::clone(&self.reads);
        let span = tracing::info_span!(target: "trace.purser", "read");
        let outcome = tokio::task::spawn_blocking(move || reads.read(read)).instrument(span).await;
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(fault)) => {
                tracing::error!(%fault, "a read failed");
                Err(fault.into())
            }
            Err(_) => Err(purser_engine::Failure::Bug.into()),
        }
    }

    /// Who presents a token; `None` when it is not good.
    pub(crate) async fn identify(self: &Arc<Self>, token: &str) -> Result<Option<Arc<Identity>>, Problem> {
        // What is remembered may not know yet that somebody is there: idleness is looked up before it is believed.
        if let Some(identity) = self.keys.known(token, self.clock.machine()).filter(|one| !self.is_idle(one))
        {
            return Ok(Some(identity));
        }
        let (app, token, idle) = (Arc::clone(self), token.to_owned(), self.staff_idle());
        let found =
            tokio::task::spawn_blocking(move || app.keys.look_up(&token, &app.reads, &app.clock, idle)).await;
        let found = match found {
            Ok(found) => found?.filter(|identity| !self.is_idle(identity)),
            Err(_) => return Err(purser_engine::Failure::Bug.into()),
        };
        if let Some(identity) = &found {
            self.note_use(identity);
        }
        Ok(found)
    }

    /// Writes down that a session of staff is used, once a minute; nobody waits for it.
    fn note_use(&self, identity: &Identity) {
        let (Some(session), Some(seen)) = (identity.session, identity.seen_at) else { return };
        if seen.plus(SEEN_EVERY) <= self.clock.machine() {
            let job = Job::new(TouchSession(session), Meta::system(), |_| Reply::default(), |_| {});
            self.executor.submit(job);
        }
    }

    /// Time after which a portal session ends in which nobody does anything, by policy, µs.
    pub(crate) fn portal_idle_micros(&self) -> i64 {
        self.rules().policy.now(self.now()).value(keys::PORTAL_IDLE)
    }

    fn is_idle(&self, identity: &Identity) -> bool {
        identity.portal.is_some_and(|portal| portal.is_idle(self.portal_idle_micros(), self.clock.machine()))
    }

    /// Policy and calendar as the writers last loaded them.
    pub fn current_rules(&self) -> Arc<Rules> {
        self.rules()
    }

    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Business time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.business()
    }

    pub(crate) fn new_uid(&self) -> Uid {
        let now = self.clock.machine();
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next_uid(now)
    }

    pub(crate) fn new_id<T: TypedId>(&self) -> T {
        T::from_uid(self.new_uid())
    }

    pub(crate) fn new_secret(&self) -> [u8; 32] {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).secret()
    }

    /// Most items of one bulk request, by policy.
    pub(crate) fn bulk_items(&self) -> usize {
        let rules = self.rules();
        usize::try_from(rules.policy.now(self.now()).value(keys::BULK_ITEMS)).unwrap_or(usize::MAX)
    }
}
