//! Sends one command and waits for its typed outcome: for the program's own work and for the command line.
//! The edge, which must not block, makes a [`Job`] itself.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use crate::{
    command::{AnyJob, Command, Failure, Job, Meta, Rejection, Reply},
    executor::Executor,
    group::Writer,
};

/// Whatever runs commands: the queue of a server, or a bare writer in a test or a one-off program.
pub trait Desk {
    /// Takes a job; its `done` is called once, at the latest when the desk stops.
    fn submit(&mut self, job: Box<dyn AnyJob>);
}

impl Desk for Executor {
    fn submit(&mut self, job: Box<dyn AnyJob>) {
        self.submit_waiting(job);
    }
}

impl Desk for Writer {
    fn submit(&mut self, job: Box<dyn AnyJob>) {
        self.execute(vec![job]);
    }
}

/// What a command came to: accepted with its output, or an expected no.
pub type Decided<T> = Result<T, Rejection>;

/// Runs one command and returns after its commit. `meta` must not carry an idempotency key: a remembered answer
/// is bytes of the edge, not an output.
///
/// # Errors
/// [`Failure`] when there is no outcome.
pub fn call<C: Command>(desk: &mut dyn Desk, command: C, meta: Meta) -> Result<Decided<C::Output>, Failure>
where
    C::Output: Clone,
{
    let slot = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&slot);
    let (sender, receiver) = mpsc::channel();
    let job = Job::new(
        command,
        meta,
        move |outcome| {
            // A group that runs again decides again: the last outcome is the one that was committed.
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
            Reply::default()
        },
        move |outcome| {
            // The receiver waits below until this is called.
            let _ = sender.send(outcome);
        },
    );
    desk.submit(job);
    receiver.recv().map_err(|_| Failure::Stopping)??;
    let outcome = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    outcome.ok_or(Failure::Bug)
}
