//! Queues in front of a writer. The next group forms while the current one waits for the disk: no timer, so a
//! lone request is not delayed and a crowd shares one sync.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
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

/// A command in a queue, and when it came, see [`Age`].
type Queued = (u64, Boxed);

/// Sends commands to writers. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    single: Sender<Queued>,
    bulk: Sender<Queued>,
    stats: Arc<Shared>,
}

struct Shared {
    writers: Mutex<Vec<WriterStats>>,
    last_group_micros: AtomicU64,
    single: Age,
    bulk: Age,
    /// Ages are told from here on.
    clock: Stopwatch,
}

impl Shared {
    fn new(writers: usize) -> Self {
        Self {
            writers: Mutex::new(vec![WriterStats::default(); writers]),
            last_group_micros: AtomicU64::new(0),
            single: Age::default(),
            bulk: Age::default(),
            clock: Stopwatch::start(),
        }
    }

    /// Now, µs; never zero.
    fn now(&self) -> u64 {
        self.clock.micros() + 1
    }
}

/// Since when the oldest command of a queue has been waiting: exactly where the queue was empty before, else since the
/// command before it came, which was not longer ago than a group takes. Zero: none waits.
#[derive(Default)]
struct Age(AtomicU64);

impl Age {
    /// One more waits.
    fn came(&self, at: u64) {
        if self.0.load(Ordering::Relaxed) == 0 {
            let _ = self.0.compare_exchange(0, at, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// A writer took what it could. `last` is what it took last, `held` what it took and will run later.
    fn left(&self, queue: &Receiver<Queued>, last: Option<u64>, held: Option<u64>, now: u64) {
        if let Some(at) = held.or(last.filter(|_| !queue.is_empty())) {
            self.0.store(at, Ordering::Relaxed);
        } else if queue.is_empty() {
            self.0.store(0, Ordering::Relaxed);
            if !queue.is_empty() {
                // It came between the look and the note, and saw a note that was there.
                self.came(now);
            }
        }
    }

    fn micros(&self, now: u64) -> u64 {
        match self.0.load(Ordering::Relaxed) {
            0 => 0,
            at => now.saturating_sub(at),
        }
    }
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
    let stats = Arc::new(Shared::new(writers.len()));
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
    singles: Receiver<Queued>,
    bulks: Receiver<Queued>,
    turns: Turns,
}

fn run(index: usize, mut writer: Writer, queues: &Queues, limits: Limits, stats: &Shared) {
    let Queues { singles, bulks, turns } = queues;
    let (mut singles_open, mut bulks_open) = (true, true);
    let mut held: Option<Queued> = None;
    while singles_open || bulks_open || held.is_some() {
        // With a command in hand there is nothing to wait for, least of all another writer that waits for commands.
        let turn = held.is_none().then(|| turns.take());
        let mut taken = Taken::default();
        if let Some(job) = held.take() {
            taken.push(job);
        } else {
            select! {
                recv(singles) -> job => match job { Ok(job) => taken.push(job), Err(_) => singles_open = false },
                recv(bulks) -> job => match job { Ok(job) => taken.push(job), Err(_) => bulks_open = false },
            }
        }
        if taken.group.is_empty() {
            // One queue is closed and empty: drain the other with plain receives.
            match if singles_open { singles.recv() } else { bulks.recv() } {
                Ok(job) => taken.push(job),
                Err(_) => break,
            }
        }
        held = fill(&mut taken, singles, bulks, limits);
        taken.tell(stats, queues, held.as_ref());
        let Taken { group, items, .. } = taken;
        let watch = Stopwatch::start();
        // A small group keeps the turn until all that is left is waiting for the disk.
        writer.execute_in_turn(group, turn.filter(|_| items < ENOUGH));
        stats.last_group_micros.store(watch.micros(), Ordering::Relaxed);
        if let Ok(mut all) = stats.writers.lock()
            && let Some(slot) = all.get_mut(index)
        {
            *slot = writer.stats();
        }
    }
}

/// What a writer took from the queues for one group.
#[derive(Default)]
struct Taken {
    group: Vec<Boxed>,
    items: usize,
    /// When the last of the single, and of the bulk commands came.
    last: [Option<u64>; 2],
}

/// Which of the two queues a command waits in.
fn is_bulk(job: &Boxed) -> bool {
    job.weight() > BULK
}

impl Taken {
    fn push(&mut self, (at, job): Queued) {
        self.items += job.weight();
        self.last[usize::from(is_bulk(&job))] = Some(at);
        self.group.push(job);
    }

    /// Notes how old what is left is.
    fn tell(&self, stats: &Shared, queues: &Queues, held: Option<&Queued>) {
        let now = stats.now();
        let lines = [(&stats.single, &queues.singles), (&stats.bulk, &queues.bulks)];
        for (bulk, (age, queue)) in lines.into_iter().enumerate() {
            let held = held.filter(|(_, job)| usize::from(is_bulk(job)) == bulk).map(|(at, _)| *at);
            age.left(queue, self.last[bulk], held, now);
        }
    }
}

/// Takes what is waiting: single commands first, then bulk ones while the group's caps allow. One that would go
/// beyond them is handed back: it begins the next group.
fn fill(
    taken: &mut Taken,
    singles: &Receiver<Queued>,
    bulks: &Receiver<Queued>,
    limits: Limits,
) -> Option<Queued> {
    for queue in [singles, bulks] {
        while taken.group.len() < limits.jobs && taken.items < limits.items {
            let Ok(job) = queue.try_recv() else { break };
            if taken.items + job.1.weight() > limits.items {
                return Some(job);
            }
            taken.push(job);
        }
    }
    None
}

impl Executor {
    /// Queues a command. When there is no room its `done` is called at once with [`Failure::Busy`].
    pub fn submit(&self, job: Boxed) {
        let (queue, age) = self.line(&job);
        let at = self.stats.now();
        match queue.try_send((at, job)) {
            Ok(()) => age.came(at),
            Err(TrySendError::Full((_, job))) => job.done(Err(Failure::Busy)),
            Err(TrySendError::Disconnected((_, job))) => job.done(Err(Failure::Stopping)),
        }
    }

    /// Queues a command, waiting for room: for the program's own work, never for a request.
    pub fn submit_waiting(&self, job: Boxed) {
        let (queue, age) = self.line(&job);
        let at = self.stats.now();
        match queue.send((at, job)) {
            Ok(()) => age.came(at),
            Err(rejected) => rejected.into_inner().1.done(Err(Failure::Stopping)),
        }
    }

    /// The queue that a command waits in.
    fn line(&self, job: &Boxed) -> (&Sender<Queued>, &Age) {
        if is_bulk(job) { (&self.bulk, &self.stats.bulk) } else { (&self.single, &self.stats.single) }
    }

    /// Commands that wait now.
    pub fn waiting(&self) -> usize {
        self.single.len() + self.bulk.len()
    }

    /// How many may wait.
    pub fn room(&self) -> usize {
        self.single.capacity().unwrap_or(0) + self.bulk.capacity().unwrap_or(0)
    }

    /// How long the oldest of them has been waiting, µs.
    pub fn waiting_micros(&self) -> u64 {
        if self.waiting() == 0 {
            // A note may be a moment older than the queue.
            return 0;
        }
        let now = self.stats.now();
        self.stats.single.micros(now).max(self.stats.bulk.micros(now))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> (Sender<Queued>, Receiver<Queued>, Age) {
        let (sender, receiver) = bounded(8);
        (sender, receiver, Age::default())
    }

    fn nothing() -> Boxed {
        crate::command::Job::new(
            crate::chain::TakeCheckpoint,
            crate::Meta::system(),
            |_| crate::Reply::default(),
            |_| {},
        )
    }

    /// P23: the age is that of the command that waits longest, not of the one that came last.
    #[test]
    fn a_queue_is_as_old_as_what_waits_longest_in_it() {
        let (sender, receiver, age) = queue();
        assert_eq!(age.micros(100), 0, "nobody waits");
        for at in [10, 20, 30] {
            sender.send((at, nothing())).unwrap();
            age.came(at);
        }
        assert_eq!(age.micros(100), 90);
        // A writer takes the first two; the third came no earlier than the second.
        let last = (receiver.recv().unwrap(), receiver.recv().unwrap()).1.0;
        age.left(&receiver, Some(last), None, 100);
        assert_eq!(age.micros(100), 80);
        let last = receiver.recv().unwrap().0;
        age.left(&receiver, Some(last), None, 100);
        assert_eq!(age.micros(100), 0);
        // What was taken and has to wait for the next group waits still.
        age.left(&receiver, Some(30), Some(30), 100);
        assert_eq!(age.micros(100), 70);
        age.left(&receiver, None, None, 100);
        sender.send((200, nothing())).unwrap();
        age.came(200);
        assert_eq!(age.micros(260), 60, "a queue that was empty is as old as what comes first");
    }
}
