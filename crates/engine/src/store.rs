//! Rows of one table as a group sees them: what was loaded, plus what earlier commands of the group decided.

use std::any::Any;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, map::Entry};
use purser_storage::{Fault, Keys, Lock, Record, Records, Session};

use crate::kept::KeptRows;

/// A row as the group sees it.
struct Slot<T> {
    stored: bool,
    now: Option<T>,
    dirty: bool,
}

/// Rows by key, found by a hash without a random seed and kept in the order in which they came: a bulk call asks for the
/// same few rows of many thousands again and again.
type Slots<T> = IndexMap<<T as Record>::Key, Slot<T>, FixedState>;

/// Rows of `T` during a group.
pub(crate) struct Store<T: Record> {
    rows: Slots<T>,
    wanted: Vec<T::Key>,
    /// Places among the rows, and what was there; `None` for a row that came last.
    undo: Vec<(usize, Option<Slot<T>>)>,
    lock: Lock,
    kept: KeptRows<T>,
}

/// Why the rows could not be written.
#[derive(Debug)]
pub(crate) enum Flush {
    /// Another writer inserted the same key first, or changed a row: run the group again.
    Raced(&'static str),
    /// Storage.
    Fault(Fault),
}

impl From<Fault> for Flush {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<T: Record> Store<T> {
    pub(crate) fn new(lock: Lock) -> Self {
        Self {
            rows: Slots::<T>::default(),
            wanted: Vec::new(),
            undo: Vec::new(),
            lock,
            kept: KeptRows::default(),
        }
    }

    pub(crate) fn want(&mut self, key: T::Key) {
        if !self.rows.contains_key(&key) {
            self.wanted.push(key);
        }
    }

    /// A key that is known to have no row.
    pub(crate) fn assume_absent(&mut self, key: T::Key) {
        self.rows.entry(key).or_insert(Slot { stored: false, now: None, dirty: false });
    }

    /// The row, if it exists. Reading a key that no command declared is a bug.
    pub(crate) fn get(&self, key: &T::Key) -> Option<&T> {
        let slot = self.rows.get(key);
        assert!(slot.is_some(), "a row of {} was read without being declared: {key:?}", T::TABLE.name);
        slot.and_then(|s| s.now.as_ref())
    }

    pub(crate) fn is_loaded(&self, key: &T::Key) -> bool {
        self.rows.contains_key(key)
    }

    /// Whether this group has decided something about the row.
    pub(crate) fn is_changed(&self, key: &T::Key) -> bool {
        self.rows.get(key).is_some_and(|slot| slot.dirty)
    }

    pub(crate) fn set(&mut self, key: T::Key, now: Option<T>) {
        let change = match self.rows.entry(key) {
            Entry::Occupied(mut known) => {
                let stored = known.get().stored;
                (known.index(), Some(known.insert(Slot { stored, now, dirty: true })))
            }
            Entry::Vacant(free) => {
                let place = free.index();
                free.insert(Slot { stored: false, now, dirty: true });
                (place, None)
            }
        };
        self.undo.push(change);
    }

    /// Rows in order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.in_order(|_| true).into_iter().filter_map(|(_, slot)| slot.now.as_ref())
    }

    /// Some of the slots in order of their keys. They were loaded in that order, so that there is little to sort.
    fn in_order(&self, wanted: impl Fn(&Slot<T>) -> bool) -> Vec<(&T::Key, &Slot<T>)> {
        let mut slots: Vec<_> = self.rows.iter().filter(|(_, slot)| wanted(slot)).collect();
        slots.sort_by_key(|(key, _)| *key);
        slots
    }
}

/// What the group does with every store, whatever its type.
pub(crate) trait AnyStore: Any + Send {
    fn load(&mut self, session: &mut dyn Session) -> Result<(), Fault>;
    fn flush(&mut self, session: &mut dyn Session) -> Result<(), Flush>;
    fn undo_one(&mut self);
    fn forget_undo(&mut self);
    /// The group was committed, and nobody else can write: what is known of rows stays true. Says whether any is kept.
    fn end_group(&mut self) -> bool;
    fn is_dirty(&self) -> bool;
    fn is_wanted(&self) -> bool;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Record> AnyStore for Store<T> {
    fn load(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        let mut keys = std::mem::take(&mut self.wanted);
        keys.retain(|key| !self.rows.contains_key(key));
        keys.sort_unstable();
        keys.dedup();
        let rows = &mut self.rows;
        self.kept.recall(&mut keys, |row| {
            rows.insert(row.key(), Slot { stored: true, now: Some(row), dirty: false });
        });
        if keys.is_empty() {
            return Ok(());
        }
        rows.reserve(keys.len());
        session.load(T::TABLE, &Keys::<T>(&keys), self.lock, &mut |source| {
            let row = T::read(source);
            rows.insert(row.key(), Slot { stored: true, now: Some(row), dirty: false });
        })?;
        for key in keys {
            rows.entry(key).or_insert(Slot { stored: false, now: None, dirty: false });
        }
        Ok(())
    }

    fn flush(&mut self, session: &mut dyn Session) -> Result<(), Flush> {
        let dirty = self.in_order(|slot| slot.dirty);
        let rows = |stored| -> Vec<&T> {
            let found = dirty.iter().filter(|(_, slot)| slot.stored == stored);
            found.filter_map(|(_, slot)| slot.now.as_ref()).collect()
        };
        let (new, changed) = (rows(false), rows(true));
        if !new.is_empty() && session.insert_many(T::TABLE, &Records(&new))? != new.len() {
            return Err(Flush::Raced(T::TABLE.name));
        }
        if !changed.is_empty() && session.update_many(T::TABLE, &Records(&changed))? != changed.len() {
            return Err(Flush::Raced(T::TABLE.name));
        }
        let gone = dirty.iter().filter(|(_, slot)| slot.stored && slot.now.is_none());
        let gone: Vec<T::Key> = gone.map(|(key, _)| (*key).clone()).collect();
        if !gone.is_empty() && session.delete_many(T::TABLE, &Keys::<T>(&gone))? != gone.len() {
            return Err(Flush::Raced(T::TABLE.name));
        }
        Ok(())
    }

    fn undo_one(&mut self) {
        match self.undo.pop() {
            Some((place, Some(before))) => {
                if let Some((_, slot)) = self.rows.get_index_mut(place) {
                    *slot = before;
                }
            }
            // Nothing was loaded since: it is still the last.
            Some((place, None)) => self.rows.truncate(place),
            None => {}
        }
    }

    fn forget_undo(&mut self) {
        self.undo.clear();
    }

    fn end_group(&mut self) -> bool {
        self.wanted.clear();
        self.undo.clear();
        self.kept.take_over(std::mem::take(&mut self.rows).into_values().filter_map(|slot| slot.now))
    }

    fn is_dirty(&self) -> bool {
        self.rows.values().any(|slot| slot.dirty)
    }

    fn is_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
