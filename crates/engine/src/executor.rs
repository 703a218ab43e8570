//! Queues in front of a writer. The next group forms while the current one waits for the disk: no timer, so a
//! lone request is not delayed and a crowd shares one sync.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};

use crate::{
    clock::Stopwatch,
    command::{AnyJob, Failure},
    group::{Writer, WriterStats},
    turn::Turns,
};

/// Limits of the queue and of a group.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Single commands waiting; beyond it: [`Failure::Busy`].
    pub queue: usize,
    /// Bulk commands waiting.
    pub bulk_queue: usize,
    /// Commands of a group.
    pub jobs: usize,
    /// Items of a group, over all of its commands; a single larger command is a group of its own.
    pub items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: 4_096, bulk_queue: 32, jobs: 1_024, items: 131_072 }
    }
}

/// Commands with more items than this wait in the bulk queue, so that they do not starve single ones.
const BULK: usize = 64;

/// With so many items a group is large enough: the next writer begins one of its own beside it.
const ENOUGH: usize = 512;

type Boxed = Box<dyn AnyJob>;

/// Sends commands to writers. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    single: Sender<Boxed>,
    bulk: Sender<Boxed>,
    stats: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    writers: Mutex<Vec<WriterStats>>,
    waiting: AtomicUsize,
    last_group_micros: AtomicU64,
}

/// The writer threads, to be joined at the end.
pub struct Writers(Vec<JoinHandle<()>>);

impl Writers {
    /// Waits until every accepted command is answered. Call after the last [`Executor`] is dropped.
    pub fn join(self) {
        for handle in self.0 {
            // A writer thread that panicked has logged it; the others still have to finish.
            let _ = handle.join();
        }
    }
}

/// Starts one thread per writer on a common queue.
pub fn start(writers: Vec<Writer>, limits: Limits) -> (Executor, Writers) {
    let (single, singles) = bounded(limits.queue);
    let (bulk, bulks) = bounded(limits.bulk_queue);
    let queues = Queues { singles, bulks, turns: Turns::new() };
    let stats = Arc::new(Shared::default());
    if let Ok(mut all) = stats.writers.lock() {
        all.resize(writers.len(), WriterStats::default());
    }
    let threads = writers
        .into_iter()
        .enumerate()
        .map(|(index, writer)| {
            let (queues, stats) = (queues.clone(), Arc::clone(&stats));
            std::thread::spawn(move || run(index, writer, &queues, limits, &stats))
        })
        .collect();
    (Executor { single, bulk, stats }, Writers(threads))
}

/// What the writers of a server share.
#[derive(Clone)]
struct Queues {
    singles: Receiver<Boxed>,
    bulks: Receiver<Boxed>,
    turns: Turns,
}

fn run(index: usize, mut writer: Writer, queues: &Queues, limits: Limits, stats: &Shared) {
    let Queues { singles, bulks, turns } = queues;
    let (mut singles_open, mut bulks_open) = (true, true);
    let mut held: Option<Boxed> = None;
    while singles_open || bulks_open || held.is_some() {
        // With a command in hand there is nothing to wait for, least of all another writer that waits for commands.
        let turn = held.is_none().then(|| turns.take());
        let mut group = Vec::new();
        if let Some(job) = held.take() {
            group.push(job);
        } else {
            select! {
                recv(singles) -> job => match job { Ok(job) => group.push(job), Err(_) => singles_open = false },
                recv(bulks) -> job => match job { Ok(job) => group.push(job), Err(_) => bulks_open = false },
            }
        }
        if group.is_empty() {
            // One queue is closed and empty: drain the other with plain receives.
            match if singles_open { singles.recv() } else { bulks.recv() } {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        held = fill(&mut group, singles, bulks, limits);
        let watch = Stopwatch::start();
        let items: usize = group.iter().map(|job| job.weight()).sum();
        // A small group keeps the turn until all that is left is waiting for the disk.
        writer.execute_in_turn(group, turn.filter(|_| items < ENOUGH));
        stats.last_group_micros.store(watch.micros(), Ordering::Relaxed);
        stats.waiting.store(singles.len() + bulks.len(), Ordering::Relaxed);
        if let Ok(mut all) = stats.writers.lock()
            && let Some(slot) = all.get_mut(index)
        {
            *slot = writer.stats();
        }
    }
}

/// Takes what is waiting: single commands first, then bulk ones while the group's caps allow. One that would go
/// beyond them is handed back: it begins the next group.
fn fill(
    group: &mut Vec<Boxed>,
    singles: &Receiver<Boxed>,
    bulks: &Receiver<Boxed>,
    limits: Limits,
) -> Option<Boxed> {
    let mut items: usize = group.iter().map(|job| job.weight()).sum();
    for queue in [singles, bulks] {
        while group.len() < limits.jobs && items < limits.items {
            let Ok(job) = queue.try_recv() else { break };
            items += job.weight();
            if items > limits.items {
                return Some(job);
            }
            group.push(job);
        }
    }
    None
}

impl Executor {
    /// Queues a command. When there is no room its `done` is called at once with [`Failure::Busy`].
    pub fn submit(&self, job: Boxed) {
        let queue = if job.weight() > BULK { &self.bulk } else { &self.single };
        match queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => job.done(Err(Failure::Busy)),
            Err(TrySendError::Disconnected(job)) => job.done(Err(Failure::Stopping)),
        }
    }

    /// Queues a command, waiting for room: for the program's own work, never for a request.
    pub fn submit_waiting(&self, job: Boxed) {
        let queue = if job.weight() > BULK { &self.bulk } else { &self.single };
        if let Err(rejected) = queue.send(job) {
            rejected.into_inner().done(Err(Failure::Stopping));
        }
    }

    /// Commands that wait now.
    pub fn waiting(&self) -> usize {
        self.single.len() + self.bulk.len()
    }

    /// Figures of all writers, added up.
    pub fn stats(&self) -> WriterStats {
        let mut sum = WriterStats::default();
        if let Ok(all) = self.stats.writers.lock() {
            for one in all.iter() {
                sum.groups += one.groups;
                sum.commands += one.commands;
                sum.reruns += one.reruns;
                sum.syncs += one.syncs;
            }
        }
        sum
    }

    /// How long the last group took, µs.
    pub fn last_group_micros(&self) -> u64 {
        self.stats.last_group_micros.load(Ordering::Relaxed)
    }
}
