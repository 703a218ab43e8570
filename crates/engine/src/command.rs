//! Commands: the one way to write.

use std::sync::Arc;

use purser_domain::{
    ids::Uid,
    time::{Date, Timestamp, Zone},
};
use purser_storage::Fault;

use crate::{
    facts::Facts,
    tx::{Needs, Tx},
};

/// What every decision of a group knows: stamped once, the same for all of its commands.
#[derive(Clone)]
pub struct Ctx {
    /// Business time of the group.
    pub now: Timestamp,
    /// Machine time of the group.
    pub machine: Timestamp,
    /// Civil date of `now` in the business zone.
    pub today: Date,
    /// First instant of `today`.
    pub day_start: Timestamp,
    /// Business zone.
    pub zone: Zone,
    /// Lane and sequence of the group, as one number.
    pub group: i64,
    /// Rules, calendar and whatever else decisions read but do not change.
    pub rules: Arc<crate::rules::Rules>,
}

/// An expected no. Every module keeps a closed list of codes, documented and tested in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Rejection {
    /// Stable machine code.
    pub code: &'static str,
    /// What is wrong and what would be right, in plain words.
    pub message: String,
    /// JSON pointer of the input it is about, when there is one.
    pub field: Option<String>,
    /// Further values for the reader.
    pub facts: Facts,
}

impl Rejection {
    /// A rejection with a code and a sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, facts: Facts::new() }
    }

    /// Names the input it is about.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds values.
    #[must_use]
    pub fn with(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }
}

impl From<purser_domain::ledger::Refusal> for Rejection {
    fn from(refusal: purser_domain::ledger::Refusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

/// A write. Reads are queries.
pub trait Command: Send + 'static {
    /// What an accepted command answers.
    type Output: Send + 'static;

    /// Name in the audit log and metrics.
    fn name(&self) -> &'static str;

    /// Number of items, for the caps of a group.
    fn weight(&self) -> usize {
        1
    }

    /// First round: rows that lead from what the caller knows to ids (external keys).
    fn lookups(&self, _needs: &mut Needs<'_>) {}

    /// Second round: everything that the decision reads.
    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx);

    /// Decides. Runs again from the start when the group reruns.
    ///
    /// # Errors
    /// A [`Rejection`]: everything the command did is taken back.
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection>;

    /// What the audit entry says beside actor and action: subject and facts (ids and masked values only).
    fn audit(&self, _output: &Self::Output) -> (String, Facts) {
        (String::new(), Facts::new())
    }

    /// Whether an accepted command leaves an audit entry. Only for work that nobody asked for.
    fn audited(&self) -> bool {
        true
    }
}

/// Who sends a command, and under which key.
#[derive(Debug, Clone)]
pub struct Meta {
    /// API client: idempotency keys are unique within it. Nil for internal commands.
    pub client: Uid,
    /// Idempotency key.
    pub key: Option<String>,
    /// Digest of method, path and body.
    pub body_hash: [u8; 32],
    /// For the audit log: `key:…`, `staff:…`, `party:…`, `system`.
    pub actor: String,
    /// Decide, answer, keep nothing.
    pub dry_run: bool,
    /// From where, for the audit log; `None` for work that nobody asked for.
    pub origin: Option<Origin>,
}

/// From where a request came (P17).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its id, which its answer and the log of the server carry too.
    pub request_id: String,
    /// The address that it came from; empty when it is not known.
    pub address: String,
}

impl Origin {
    fn facts(&self) -> Facts {
        let facts = Facts::new().text("request_id", &self.request_id);
        if self.address.is_empty() { facts } else { facts.text("address", &self.address) }
    }
}

impl Meta {
    /// A command of the program itself.
    pub fn system() -> Self {
        Self {
            client: Uid::NIL,
            key: None,
            body_hash: [0; 32],
            actor: "system".to_owned(),
            dry_run: false,
            origin: None,
        }
    }
}

/// An answer, opaque to the engine: the edge made it and gets it back, the same bytes on every replay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The edge's outcome code.
    pub status: i64,
    /// The edge's bytes.
    pub body: Vec<u8>,
    /// True when this is the remembered answer of an earlier call.
    pub replayed: bool,
}

/// Why there is no outcome.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The idempotency key was used with another method, path or body.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The queue is full: nothing was done; try again.
    #[error("too busy: nothing was done, try again")]
    Busy,
    /// The server is stopping: nothing was done by this call unless an earlier try was acknowledged.
    #[error("stopping: try again")]
    Stopping,
    /// Storage. Whether it happened is unknown after a lost commit: try again under the same key.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A bug: the command panicked; nothing was done.
    #[error("internal error: nothing was done")]
    Bug,
}

impl Failure {
    /// Whether the same call may succeed later.
    pub fn retryable(&self) -> bool {
        !matches!(self, Self::KeyReused | Self::Bug)
    }
}

type Render<C> = Box<dyn Fn(&Result<<C as Command>::Output, Rejection>) -> Reply + Send>;
type Done = Box<dyn FnOnce(Result<Reply, Failure>) + Send>;

/// A command on its way through a group.
pub struct Job<C: Command> {
    command: C,
    meta: Meta,
    render: Render<C>,
    done: Done,
}

impl<C: Command> Job<C> {
    /// Wraps a command. `render` makes the remembered answer, `done` is called once, after the commit.
    #[expect(clippy::new_ret_no_self, reason = "a job is only ever used through its box")]
    pub fn new(
        command: C,
        meta: Meta,
        render: impl Fn(&Result<C::Output, Rejection>) -> Reply + Send + 'static,
        done: impl FnOnce(Result<Reply, Failure>) + Send + 'static,
    ) -> Box<dyn AnyJob> {
        Box::new(Self { command, meta, render: Box::new(render), done: Box::new(done) })
    }
}

/// A job whatever its command.
pub trait AnyJob: Send {
    /// Who and under which key.
    fn meta(&self) -> &Meta;
    /// Command name.
    fn name(&self) -> &'static str;
    /// Items.
    fn weight(&self) -> usize;
    /// See [`Command::lookups`].
    fn lookups(&self, needs: &mut Needs<'_>);
    /// See [`Command::needs`].
    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx);
    /// Decides, audits, renders. `true` when accepted.
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> (bool, Reply);
    /// Answers.
    fn done(self: Box<Self>, outcome: Result<Reply, Failure>);
}

impl<C: Command> AnyJob for Job<C> {
    fn meta(&self) -> &Meta {
        &self.meta
    }
    fn name(&self) -> &'static str {
        self.command.name()
    }
    fn weight(&self) -> usize {
        self.command.weight()
    }
    fn lookups(&self, needs: &mut Needs<'_>) {
        self.command.lookups(needs);
    }
    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.command.needs(needs, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> (bool, Reply) {
        let mark = tx.mark();
        // What a command said that panicked is nobody's.
        drop(tx.take_changes());
        let outcome = self.command.decide(tx, ctx);
        let changes = tx.take_changes();
        match &outcome {
            Ok(output) if !self.meta.dry_run => {
                if self.command.audited() {
                    let (subject, facts) = self.command.audit(output);
                    let origin = self.meta.origin.as_ref().map(Origin::facts).unwrap_or_default();
                    let facts = facts.and(&changes).and(&origin);
                    tx.audit(&self.meta.actor, self.command.name(), subject, facts);
                }
            }
            Ok(_) => tx.rollback(mark),
            Err(_) => {
                tx.rollback(mark);
                if !self.meta.dry_run {
                    tx.apply_kept();
                }
            }
        }
        (outcome.is_ok(), (self.render)(&outcome))
    }

    fn done(self: Box<Self>, outcome: Result<Reply, Failure>) {
        (self.done)(outcome);
    }
}
