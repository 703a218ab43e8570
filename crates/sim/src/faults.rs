//! A session that fails when it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use purser_storage::{Fault, FaultKind, Lock, Rows, Session, Source, Statement, Table, Value};

/// Where in a call the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the call took effect.
    Before,
    /// After it took effect: the answer is lost. At a commit, the group is durable and nobody knows.
    After,
}

/// A fault to come.
#[derive(Debug, Clone, Copy)]
pub struct Planned {
    /// Which call from now on, counted from 1; a rollback does not count.
    pub call: u64,
    /// Where it strikes.
    pub moment: Moment,
    /// What the caller is told.
    pub kind: FaultKind,
    /// How many calls in a row fail.
    pub times: u64,
}

#[derive(Default)]
struct State {
    calls: u64,
    planned: Option<Planned>,
    struck: Option<String>,
}

/// Plans faults and counts calls; shared with the [`FaultySession`]s made from it.
#[derive(Clone, Default)]
pub struct FaultDial(Arc<Mutex<State>>);

impl FaultDial {
    /// A dial at which nothing is planned.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts from here and plans one fault.
    pub fn plan(&self, planned: Planned) {
        self.with(|state| *state = State { calls: 0, planned: Some(planned), struck: None });
    }

    /// Plans nothing any more.
    pub fn clear(&self) {
        self.with(|state| state.planned = None);
    }

    /// The call that was hit, once one was.
    pub fn struck(&self) -> Option<String> {
        self.with(|state| state.struck.clone())
    }

    /// Calls since the last plan.
    pub fn calls(&self) -> u64 {
        self.with(|state| state.calls)
    }

    /// Counts a call; the fault when this is the one.
    fn count(&self, doing: &str) -> Option<(Moment, Fault)> {
        self.with(|state| {
            state.calls += 1;
            let planned = state.planned?;
            if state.calls < planned.call || state.calls >= planned.call + planned.times {
                return None;
            }
            state.struck.get_or_insert_with(|| doing.to_owned());
            Some((planned.moment, Fault::new(planned.kind, doing, "planted by the simulation")))
        })
    }
}

/// Any session, with faults.
pub struct FaultySession {
    inner: Box<dyn Session>,
    dial: FaultDial,
}

impl FaultySession {
    /// Wraps a session.
    pub fn new(inner: Box<dyn Session>, dial: FaultDial) -> Self {
        Self { inner, dial }
    }

    fn guard<T>(
        &mut self,
        doing: &str,
        call: impl FnOnce(&mut dyn Session) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match self.dial.count(doing) {
            None => call(self.inner.as_mut()),
            Some((Moment::Before, fault)) => Err(fault),
            Some((Moment::After, fault)) => call(self.inner.as_mut()).and(Err(fault)),
        }
    }
}

impl Session for FaultySession {
    fn engine(&self) -> &'static str {
        self.inner.engine()
    }
    fn exclusive(&self) -> bool {
        self.inner.exclusive()
    }
    fn begin(&mut self) -> Result<(), Fault> {
        self.guard("begin", |s| s.begin())
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.guard("commit", |s| s.commit())
    }
    fn rollback(&mut self) {
        self.inner.rollback();
    }
    fn load(
        &mut self,
        table: &'static Table,
        keys: &dyn Rows,
        lock: Lock,
        each: &mut dyn FnMut(&dyn Source),
    ) -> Result<(), Fault> {
        self.guard(table.name, |s| s.load(table, keys, lock, each))
    }
    fn insert_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.guard(table.name, |s| s.insert_many(table, rows))
    }
    fn update_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.guard(table.name, |s| s.update_many(table, rows))
    }
    fn delete_many(&mut self, table: &'static Table, keys: &dyn Rows) -> Result<usize, Fault> {
        self.guard(table.name, |s| s.delete_many(table, keys))
    }
    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault> {
        self.guard(statement.name, |s| s.query(statement, params, each))
    }
    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.guard(statement.name, |s| s.execute(statement, params))
    }
    fn run_script(&mut self, sql: &str) -> Result<(), Fault> {
        self.inner.run_script(sql)
    }
    fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.inner.prepare(sql)
    }
    fn clock_micros(&mut self) -> Result<Option<i64>, Fault> {
        self.guard("clock", |s| s.clock_micros())
    }
    fn syncs(&self) -> u64 {
        self.inner.syncs()
    }
}
