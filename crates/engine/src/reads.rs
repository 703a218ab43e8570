//! A pool of reading sessions. Each read runs in one transaction, so that everything it sees is of one instant.

use std::sync::{Condvar, Mutex, PoisonError};

use purser_storage::{Fault, Session};

type Open = Box<dyn Fn() -> Result<Box<dyn Session>, Fault> + Send + Sync>;

/// See the module. Sessions are opened when they are first needed, at most `limit` of them.
pub struct Reads {
    open: Open,
    state: Mutex<State>,
    freed: Condvar,
    limit: usize,
}

#[derive(Default)]
struct State {
    idle: Vec<Box<dyn Session>>,
    out: usize,
    waiting: usize,
}

/// Who reads now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFigures {
    /// Sessions at most.
    pub limit: usize,
    /// Sessions in use.
    pub in_use: usize,
    /// Reads that wait for one.
    pub waiting: usize,
}

impl Reads {
    /// A pool that opens sessions with `open`.
    pub fn new(
        limit: usize,
        open: impl Fn() -> Result<Box<dyn Session>, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self { open: Box::new(open), state: Mutex::default(), freed: Condvar::new(), limit: limit.max(1) }
    }

    /// Runs a read in one snapshot; waits when all sessions are in use.
    ///
    /// # Errors
    /// Storage faults; the session that had one is closed.
    pub fn read<T>(&self, read: impl FnOnce(&mut dyn Session) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut lent = Lent { pool: self, session: self.take()? };
        let Some(session) = lent.session.as_deref_mut() else {
            return Err(Fault::new(purser_storage::FaultKind::Other, "reads", "no session"));
        };
        session.begin()?;
        let outcome = read(session);
        session.rollback();
        if outcome.is_err() {
            lent.session = None;
        }
        outcome
    }

    /// Who reads now.
    pub fn figures(&self) -> ReadFigures {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        ReadFigures { limit: self.limit, in_use: state.out, waiting: state.waiting }
    }

    fn take(&self) -> Result<Option<Box<dyn Session>>, Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.out >= self.limit {
            state.waiting += 1;
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.out += 1;
        if let Some(session) = state.idle.pop() {
            return Ok(Some(session));
        }
        drop(state);
        match (self.open)() {
            Ok(session) => Ok(Some(session)),
            Err(fault) => {
                self.give_back(None);
                Err(fault)
            }
        }
    }

    fn give_back(&self, session: Option<Box<dyn Session>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.out -= 1;
        state.idle.extend(session);
        drop(state);
        self.freed.notify_one();
    }
}

/// A session on loan: given back even when the reader panics, but then not used again.
struct Lent<'a> {
    pool: &'a Reads,
    session: Option<Box<dyn Session>>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let session = self.session.take().filter(|_| !std::thread::panicking());
        self.pool.give_back(session);
    }
}
