//! Group execution: many commands, one transaction, one wait for the disk.
//!
//! *Load* everything that the commands declare in a few set-based statements; *decide* one after another over
//! those rows plus what earlier commands of the group decided; *apply* with a few bulk writes and one commit.
//! Replies go out after the commit and not before. One command is a group of one, on the same path.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};

use purser_domain::{
    ids::Uid,
    time::{Timestamp, Zone},
};
use purser_storage::{Fault, FaultKind, Keys, Lock, Record, Records, Session};

use crate::{
    chain,
    clock::Clock,
    command::{AnyJob, Ctx, Failure, Reply},
    ids::IdSource,
    neighbours::Neighbours,
    rows::{Idempotency, Lane, Meta as MetaRow},
    rules::{Rules, RulesSource},
    skew::ClockCheck,
    store::Flush,
    turn::Turn,
    tx::{Needs, Tx},
};

/// How often a group is run again before its commands get the fault.
const MAX_RERUNS: u32 = 8;

/// Rows that every group reads: what they say is newer than this writer knows, it reloads before deciding.
pub(crate) const CLOCK_OFFSET: &str = "clock_offset";
pub(crate) const RULES_EPOCH: &str = "rules_epoch";

/// Figures about one writer.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriterStats {
    /// Groups committed.
    pub groups: u64,
    /// Commands answered.
    pub commands: u64,
    /// Groups that ran again.
    pub reruns: u64,
    /// Times the storage waited for the disk.
    pub syncs: u64,
}

/// One writer: a session, a lane, and the state that a group works on.
pub struct Writer {
    session: Box<dyn Session>,
    tx: Tx,
    lane: Lane,
    lane_known: bool,
    clock: Clock,
    zone: Zone,
    /// What this writer decides by.
    rules: Arc<Rules>,
    /// The newest rules that any writer of this server has read, for those who only read.
    shown: Arc<RwLock<Arc<Rules>>>,
    source: RulesSource,
    rules_epoch: i64,
    holder: String,
    stats: WriterStats,
    last_now: Timestamp,
    clock_check: ClockCheck,
    neighbours: Neighbours,
    /// Passed on when the group that it was taken for is about to commit.
    turn: Option<Turn>,
}

/// What the group makes of a fault.
enum Trouble {
    /// Run again: another writer was faster.
    Raced,
    /// Run again from this business time: a row is already on a later day.
    Later(Timestamp),
    /// Run again without this command: it panicked.
    Panicked(usize),
    /// Run without this command and the later ones, and those in a group of their own: what an earlier one decided
    /// leads it to other rows than it declared.
    NextGroup(usize),
    /// The lane went to another writer.
    LaneLost,
    /// The commit failed, and only the chain knows whether it happened.
    Unknown(Box<Unknown>),
    /// The engine itself panicked.
    Bug,
    /// Storage.
    Fault(Fault),
}

/// A group whose commit failed: what its commands are answered when it turns out to have happened.
struct Unknown {
    fault: Fault,
    lane: Lane,
    now: Timestamp,
    outcomes: Outcomes,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Flush> for Trouble {
    fn from(flush: Flush) -> Self {
        match flush {
            Flush::Raced(table) => {
                tracing::debug!(table, "another writer was faster, the group runs again");
                Self::Raced
            }
            Flush::Fault(fault) => Self::Fault(fault),
        }
    }
}

type Outcomes = Vec<Option<Result<Reply, Failure>>>;

impl Writer {
    /// Takes a lane and is ready to write.
    ///
    /// # Errors
    /// Storage faults; [`FaultKind::Unusable`] when this machine's clock is not the database's.
    pub fn open(
        mut session: Box<dyn Session>,
        clock: Clock,
        zone: Zone,
        ids: IdSource,
        source: RulesSource,
        holder: &str,
    ) -> Result<Self, Fault> {
        let mut tries = 0;
        let mut clock_check = ClockCheck::default();
        let lane = loop {
            let taken = clock_check
                .run(session.as_mut(), &clock)
                .and_then(|()| chain::take_lane(session.as_mut(), holder, clock.machine()));
            match taken {
                Ok(lane) => break lane,
                Err(fault) if fault.kind == FaultKind::Retry && tries < MAX_RERUNS => tries += 1,
                Err(fault) => return Err(fault),
            }
        };
        let rules = Arc::new(source.load(session.as_mut())?);
        Ok(Self {
            tx: Tx::new(zone.clone(), ids),
            session,
            lane,
            lane_known: false,
            clock,
            zone,
            shown: Arc::new(RwLock::new(Arc::clone(&rules))),
            rules,
            source,
            rules_epoch: 0,
            holder: holder.to_owned(),
            stats: WriterStats::default(),
            last_now: Timestamp(0),
            clock_check,
            neighbours: Neighbours::default(),
            turn: None,
        })
    }

    /// The newest rules that this writer, and those that show theirs in the same place, have read.
    pub fn rules(&self) -> Arc<RwLock<Arc<Rules>>> {
        Arc::clone(&self.shown)
    }

    /// Shows this writer's rules where another one shows its own: whichever of a server's writers meets a change
    /// first, readers see it.
    pub fn show_rules_in(&mut self, shown: Arc<RwLock<Arc<Rules>>>) {
        self.shown = shown;
        self.show_rules();
    }

    fn show_rules(&self) {
        let mut shown = self.shown.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Another writer may have read a newer change in between.
        if shown.epoch <= self.rules.epoch {
            *shown = Arc::clone(&self.rules);
        }
    }

    /// Figures so far.
    pub fn stats(&self) -> WriterStats {
        WriterStats { syncs: self.session.syncs(), ..self.stats }
    }

    /// The session, for reads between groups.
    pub fn session(&mut self) -> &mut dyn Session {
        self.session.as_mut()
    }

    /// Like [`Self::execute`], passing the turn on as soon as only the commit is left; after it when other servers are
    /// busy too.
    pub(crate) fn execute_in_turn(&mut self, jobs: Vec<Box<dyn AnyJob>>, turn: Option<Turn>) {
        self.turn = turn;
        self.execute(jobs);
    }

    /// Runs a group and answers every job, after the commit.
    pub fn execute(&mut self, jobs: Vec<Box<dyn AnyJob>>) {
        self.stats.commands += jobs.len() as u64;
        let outcomes = self.outcomes(&jobs);
        self.turn = None;
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            let answer = AssertUnwindSafe(|| job.done(outcome.unwrap_or(Err(Failure::Bug))));
            if catch_unwind(answer).is_err() {
                tracing::error!("taking an answer panicked: the other commands are answered all the same");
            }
        }
    }

    fn outcomes(&mut self, jobs: &[Box<dyn AnyJob>]) -> Outcomes {
        let mut skip = vec![false; jobs.len()];
        let mut floor = Timestamp(0);
        let mut reruns = 0;
        loop {
            let attempt = catch_unwind(AssertUnwindSafe(|| self.attempt(jobs, &skip, floor)));
            let trouble = match attempt.unwrap_or(Err(Trouble::Bug)) {
                Ok(outcomes) => return outcomes,
                Err(trouble) => trouble,
            };
            self.session.rollback();
            self.tx.end(false, self.session.exclusive());
            // After a failed commit only the database knows where the chain stands.
            self.lane_known = false;
            self.stats.reruns += 1;
            let fault = match trouble {
                Trouble::Panicked(index) => {
                    tracing::error!(
                        command = jobs[index].name(),
                        "a command panicked: nothing of it is kept"
                    );
                    skip[index] = true;
                    continue;
                }
                Trouble::Later(at) => {
                    floor = at;
                    continue;
                }
                Trouble::NextGroup(index) => {
                    let (now, later) = jobs.split_at(index);
                    let mut outcomes = self.outcomes(now);
                    outcomes.extend(self.outcomes(later));
                    return outcomes;
                }
                Trouble::Raced => {
                    self.tx.ledger.check_all_ids();
                    Fault::new(FaultKind::Retry, "group", "other writers were faster every time")
                }
                Trouble::LaneLost => {
                    match chain::take_lane(self.session.as_mut(), &self.holder, self.clock.machine()) {
                        Ok(lane) => self.lane = lane,
                        Err(fault) => return all(jobs.len(), &Failure::Fault(fault)),
                    }
                    Fault::new(FaultKind::Retry, "group", "the lane was taken by another server")
                }
                Trouble::Unknown(unknown) => match self.find_out(*unknown) {
                    Ok(outcomes) => return outcomes,
                    Err(Some(fault)) => fault,
                    Err(None) => return all(jobs.len(), &Failure::Fault(still_unknown())),
                },
                Trouble::Bug => {
                    tracing::error!(jobs = jobs.len(), "the engine panicked: nothing of the group is kept");
                    return all(jobs.len(), &Failure::Bug);
                }
                Trouble::Fault(fault) => fault,
            };
            reruns += 1;
            if fault.kind != FaultKind::Retry || reruns > MAX_RERUNS {
                tracing::error!(fault = %fault, jobs = jobs.len(), "the group failed: nothing was acknowledged");
                return all(jobs.len(), &Failure::Fault(fault));
            }
            std::thread::yield_now();
        }
    }

    /// Whether a commit that reported a fault happened: its link stands in the chain or it does not. Running the
    /// group again without knowing would do twice what carries no key.
    fn find_out(&mut self, unknown: Unknown) -> Result<Outcomes, Option<Fault>> {
        for _ in 0..=MAX_RERUNS {
            match chain::has_link(self.session.as_mut(), &unknown.lane) {
                Ok(true) => {
                    tracing::warn!(fault = %unknown.fault, "the commit reported a fault, but it happened");
                    self.lane = unknown.lane;
                    self.stats.groups += 1;
                    self.last_now = unknown.now;
                    return Ok(unknown.outcomes);
                }
                Ok(false) => return Err(Some(unknown.fault)),
                Err(fault) if fault.kind == FaultKind::Retry => {}
                Err(fault) => {
                    tracing::error!(fault = %fault, "whether the last commit happened cannot be read");
                    break;
                }
            }
            std::thread::yield_now();
        }
        tracing::error!(fault = %unknown.fault, "the commit failed; whether it happened is unknown");
        Err(None)
    }

    fn attempt(
        &mut self,
        jobs: &[Box<dyn AnyJob>],
        skip: &[bool],
        floor: Timestamp,
    ) -> Result<Outcomes, Trouble> {
        self.clock_check.run(self.session.as_mut(), &self.clock)?;
        self.session.begin()?;
        self.check_lane()?;
        self.read_epochs()?;
        self.neighbours.look(self.session.as_mut(), &self.holder, self.clock.machine())?;
        let before = self.clock.business().max(floor).max(self.last_now);
        let ctx = self.context(before);
        self.tx.stamp(ctx.clone());
        let known = self.tx.ledger.known();
        self.load(jobs, skip, &ctx)?;
        let now = before.max(self.tx.ledger.newest_instant(known));
        if self.zone.date(now) != ctx.today {
            return Err(Trouble::Later(now));
        }
        let ctx = Ctx { now, ..ctx };
        self.tx.stamp(ctx.clone());
        let outcomes = self.decide(jobs, skip, &ctx)?;
        if self.tx.is_dirty() {
            if !self.neighbours.busy() {
                self.turn = None;
            }
            let lane = self.write(&ctx)?;
            if let Err(fault) = self.session.commit() {
                return Err(Trouble::Unknown(Box::new(Unknown { fault, lane, now, outcomes })));
            }
            self.lane = lane;
            self.stats.groups += 1;
            self.last_now = now;
        } else {
            self.session.rollback();
        }
        self.tx.end(true, self.session.exclusive());
        Ok(outcomes)
    }

    fn check_lane(&mut self) -> Result<(), Trouble> {
        if self.session.exclusive() && self.lane_known {
            return Ok(());
        }
        match chain::lock_lane(self.session.as_mut(), self.lane.lane)? {
            Some(lane) if lane.token == self.lane.token => {
                if !self.lane_known {
                    // Time does not go back in a chain, also when the clock was set back over a restart.
                    let last = chain::last_instant(self.session.as_mut(), &lane)?;
                    self.last_now = self.last_now.max(last);
                }
                self.lane = lane;
                self.lane_known = true;
                Ok(())
            }
            _ => Err(Trouble::LaneLost),
        }
    }

    /// Clock offset and rules, when another command or server changed them.
    fn read_epochs(&mut self) -> Result<(), Fault> {
        let (mut offset, mut epoch) = (None, 0);
        let keys = [CLOCK_OFFSET.to_owned(), RULES_EPOCH.to_owned()];
        self.session.load(MetaRow::TABLE, &Keys::<MetaRow>(&keys), Lock::None, &mut |row| {
            let row = MetaRow::read(row);
            if row.name == CLOCK_OFFSET {
                offset = row.value.parse().ok();
            } else {
                epoch = row.value.parse().unwrap_or(0);
            }
        })?;
        if let Some(offset) = offset
            && offset != self.clock.offset()
        {
            self.clock.set_offset(offset);
        }
        if epoch != self.rules_epoch {
            let rules = self.source.load(self.session.as_mut())?;
            self.rules = Arc::new(Rules { epoch, ..rules });
            self.rules_epoch = epoch;
            self.show_rules();
        }
        Ok(())
    }

    fn context(&self, now: Timestamp) -> Ctx {
        let today = self.zone.date(now);
        Ctx {
            now,
            machine: self.clock.machine(),
            today,
            day_start: self.zone.start_of(today),
            zone: self.zone.clone(),
            group: chain::group_number(self.lane.lane, self.lane.seq + 1),
            rules: Arc::clone(&self.rules),
        }
    }

    fn load(&mut self, jobs: &[Box<dyn AnyJob>], skip: &[bool], ctx: &Ctx) -> Result<(), Trouble> {
        for round in 0..2 {
            let mut needs = Needs { tx: &mut self.tx, session: self.session.as_mut(), fault: None };
            for (index, job) in jobs.iter().enumerate() {
                if skip[index] {
                    continue;
                }
                needs.tx.ledger.set_command(index);
                let declare = AssertUnwindSafe(|| declare(job.as_ref(), &mut needs, ctx, round));
                if catch_unwind(declare).is_err() {
                    return Err(Trouble::Panicked(index));
                }
            }
            if let Some(fault) = needs.fault {
                return Err(Trouble::Fault(fault));
            }
            if round == 1 || self.tx.has_wanted_rows() {
                self.tx.load(self.session.as_mut(), round == 1)?;
            }
        }
        Ok(())
    }

    fn decide(&mut self, jobs: &[Box<dyn AnyJob>], skip: &[bool], ctx: &Ctx) -> Result<Outcomes, Trouble> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.iter().enumerate() {
            if skip[index] {
                outcomes.push(Some(Err(Failure::Bug)));
                continue;
            }
            let tx = &mut self.tx;
            tx.ledger.set_command(index);
            let outcome = catch_unwind(AssertUnwindSafe(|| run(job.as_ref(), tx, ctx)));
            if self.tx.wants_next_group() {
                let remembered = self.tx.hints.forget();
                return Err(match index {
                    // The first command of a group finds nothing changed before it, but for what this writer remembered
                    // and what another server did between its look and its lock.
                    0 if self.session.exclusive() && !remembered => Trouble::Panicked(0),
                    0 => Trouble::Raced,
                    _ => Trouble::NextGroup(index),
                });
            }
            self.tx.command_done();
            match outcome {
                Ok(outcome) => outcomes.push(Some(outcome)),
                Err(_) => return Err(Trouble::Panicked(index)),
            }
        }
        Ok(outcomes)
    }

    fn write(&mut self, ctx: &Ctx) -> Result<Lane, Trouble> {
        let session = self.session.as_mut();
        self.tx.flush(session)?;
        let link = chain::link(&self.lane, ctx.group, ctx.now, self.tx.ledger.lines(), self.tx.audits());
        let mut lane = self.lane.clone();
        lane.seq = link.seq;
        lane.hash = link.hash;
        lane.lease_until = ctx.machine.0 + chain::LEASE;
        if session.insert_many(crate::rows::Group::TABLE, &Records(&[&link]))? != 1
            || session.update_many(Lane::TABLE, &Records(&[&lane]))? != 1
        {
            return Err(Trouble::LaneLost);
        }
        Ok(lane)
    }
}

/// One command's needs in one of the two rounds.
fn declare(job: &dyn AnyJob, needs: &mut Needs<'_>, ctx: &Ctx, round: i32) {
    if round > 0 {
        return job.needs(needs, ctx);
    }
    if let Some(key) = &job.meta().key {
        needs.row::<Idempotency>((job.meta().client, key.clone()));
    }
    job.lookups(needs);
}

/// One command: replay, conflict, or decision with its remembered outcome.
fn run(job: &dyn AnyJob, tx: &mut Tx, ctx: &Ctx) -> Result<Reply, Failure> {
    let meta = job.meta();
    let remembered = meta.key.as_ref().map(|key| (meta.client, key.clone()));
    if let Some(id) = &remembered
        && let Some(old) = tx.get::<Idempotency>(id)
    {
        if old.body_hash != meta.body_hash || old.command != job.name() {
            return Err(Failure::KeyReused);
        }
        return Ok(Reply { status: old.status, body: old.reply.clone(), replayed: true });
    }
    let (_, reply) = job.decide(tx, ctx);
    if let Some((client, key)) = remembered
        && !meta.dry_run
    {
        tx.put(Idempotency {
            client,
            key,
            command: job.name().to_owned(),
            body_hash: meta.body_hash,
            status: reply.status,
            reply: reply.body.clone(),
            at: ctx.now,
        });
    }
    Ok(reply)
}

fn still_unknown() -> Fault {
    Fault::new(FaultKind::Retry, "commit", "whether it happened is unknown: send the same again")
}

fn all(len: usize, failure: &Failure) -> Outcomes {
    (0..len).map(|_| Some(Err(failure.clone()))).collect()
}

/// Client id under which the program's own commands keep their keys.
pub const INTERNAL_CLIENT: Uid = Uid::NIL;
