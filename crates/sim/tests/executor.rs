//! The queues in front of a writer: limits, fairness, stopping.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
};

use purser_engine::{
    AnyJob, Command, Ctx, Executor, Failure, Job, Limits, Meta, Needs, Rejection, Reply, Tx, Writers,
};
use purser_sim::desk::{Answer, Desk, Place};

/// A command that says when it is decided, and may wait for leave.
struct Step {
    name: usize,
    weight: usize,
    decided: Sender<(usize, i64)>,
    wait: Option<Mutex<Receiver<()>>>,
}

impl Command for Step {
    type Output = ();
    fn name(&self) -> &'static str {
        "sim.step"
    }
    fn weight(&self) -> usize {
        self.weight
    }
    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}
    fn decide(&self, _tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.decided.send((self.name, ctx.group)).expect("the test listens");
        if let Some(wait) = &self.wait {
            // Gone is as good as leave.
            let _ = wait.lock().expect("one waits").recv();
        }
        Ok(())
    }
}

type Pipe<T> = (Sender<T>, Receiver<T>);

/// A running executor whose writer can be held up.
struct Line {
    _place: Place,
    executor: Executor,
    writers: Writers,
    decided: Pipe<(usize, i64)>,
    answers: Pipe<(usize, Answer)>,
}

impl Line {
    fn new(limits: Limits) -> Self {
        let place = Place::new();
        let (executor, writers) = purser_engine::start(vec![Desk::open(&place).writer], limits);
        Self { _place: place, executor, writers, decided: channel(), answers: channel() }
    }

    fn job(&self, name: usize, weight: usize, wait: Option<Receiver<()>>) -> Box<dyn AnyJob> {
        let command = Step { name, weight, decided: self.decided.0.clone(), wait: wait.map(Mutex::new) };
        let answers = self.answers.0.clone();
        let done = move |answer| answers.send((name, answer)).expect("the test listens");
        Job::new(command, Meta::system(), |_| Reply::default(), done)
    }

    /// Holds the writer up until the sender is dropped.
    fn hold_up(&self) -> Sender<()> {
        let (leave, wait) = channel();
        self.executor.submit(self.job(0, 1, Some(wait)));
        assert_eq!(self.decided.1.recv().map(|(name, _)| name), Ok(0));
        leave
    }

    /// Stops and returns the answers in order.
    fn stop(self) -> Vec<(usize, Answer)> {
        drop(self.executor);
        self.writers.join();
        drop(self.answers.0);
        self.answers.1.iter().collect()
    }
}

fn limits() -> Limits {
    Limits { queue: 4, bulk_queue: 2, jobs: 8, items: 100 }
}

#[test]
fn a_full_queue_says_so_at_once() {
    let line = Line::new(limits());
    let leave = line.hold_up();
    for name in 1..=6 {
        line.executor.submit(line.job(name, 1, None));
    }
    // The writer stands still: whoever has an answer got it from the queue.
    let refused: Vec<(usize, Answer)> = line.answers.1.try_iter().collect();
    assert_eq!(refused.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [5, 6]);
    assert!(refused.iter().all(|(_, answer)| matches!(answer, Err(Failure::Busy))));
    // Bulk commands wait elsewhere.
    for name in 7..=9 {
        line.executor.submit(line.job(name, 80, None));
    }
    let refused: Vec<usize> = line.answers.1.try_iter().map(|(name, _)| name).collect();
    assert_eq!(refused, [9]);
    drop(leave);
    let answered = line.stop();
    assert_eq!(answered.len(), 7);
    assert!(answered.iter().all(|(_, answer)| answer.is_ok()));
}

#[test]
fn bulk_does_not_keep_single_commands_waiting() {
    let line = Line::new(Limits { bulk_queue: 20, ..limits() });
    let leave = line.hold_up();
    for name in 1..=20 {
        line.executor.submit(line.job(name, 80, None));
    }
    line.executor.submit(line.job(99, 1, None));
    drop(leave);
    let order: Vec<usize> = line.stop().into_iter().map(|(name, _)| name).collect();
    let place = order.iter().position(|name| *name == 99).unwrap();
    assert!(place <= 2, "one group of bulk may be before it: {order:?}");
}

#[test]
fn single_commands_do_not_keep_bulk_waiting_for_ever() {
    let line = Line::new(Limits { queue: 200, jobs: 1, ..limits() });
    let leave = line.hold_up();
    line.executor.submit(line.job(99, 80, None));
    for name in 1..=200 {
        line.executor.submit(line.job(name, 1, None));
    }
    drop(leave);
    let order: Vec<usize> = line.stop().into_iter().map(|(name, _)| name).collect();
    assert!(order.iter().position(|name| *name == 99).unwrap() < 100, "{order:?}");
}

#[test]
fn a_group_keeps_to_its_limits() {
    let line = Line::new(Limits { bulk_queue: 20, queue: 200, ..limits() });
    let leave = line.hold_up();
    let weight = |name: usize| match name {
        1..=6 => 70,
        7 => 500,
        _ => 1,
    };
    for name in 1..=40 {
        line.executor.submit(line.job(name, weight(name), None));
    }
    drop(leave);
    assert_eq!(line.answers.1.iter().take(41).count(), 41);
    let mut groups: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    for (name, group) in line.decided.1.try_iter() {
        let (commands, items) = groups.entry(group).or_default();
        *commands += 1;
        *items += weight(name);
    }
    line.stop();
    for (commands, items) in groups.values() {
        assert!(*commands <= 8 && (*items <= 100 || *commands == 1), "{groups:?}");
    }
}

#[test]
fn stopping_answers_everything_that_was_accepted() {
    let line = Line::new(Limits { queue: 500, bulk_queue: 50, ..limits() });
    let leave = line.hold_up();
    for name in 1..=400 {
        line.executor.submit(line.job(name, if name % 9 == 0 { 70 } else { 1 }, None));
    }
    drop(leave);
    let answered = line.stop();
    assert_eq!(answered.len(), 401);
    assert!(answered.iter().all(|(_, answer)| answer.is_ok()));
}
