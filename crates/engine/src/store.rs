//! Rows of one table as a group sees them: what was loaded, plus what earlier commands of the group decided.

use std::{any::Any, collections::BTreeMap};

use purser_storage::{Fault, Keys, Lock, Record, Records, Session};

use crate::kept::KeptRows;

/// A row as the group sees it.
struct Slot<T> {
    stored: bool,
    now: Option<T>,
    dirty: bool,
}

/// Rows of `T` during a group.
pub(crate) struct Store<T: Record> {
    rows: BTreeMap<T::Key, Slot<T>>,
    wanted: Vec<T::Key>,
    undo: Vec<(T::Key, Option<Slot<T>>)>,
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
        Self { rows: BTreeMap::new(), wanted: Vec::new(), undo: Vec::new(), lock, kept: KeptRows::default() }
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
        let before = match self.rows.get_mut(&key) {
            Some(slot) => {
                let stored = slot.stored;
                Some(std::mem::replace(slot, Slot { stored, now, dirty: true }))
            }
            None => self.rows.insert(key.clone(), Slot { stored: false, now, dirty: true }),
        };
        self.undo.push((key, before));
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.rows.values().filter_map(|slot| slot.now.as_ref())
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
        let dirty = || self.rows.iter().filter(|(_, slot)| slot.dirty);
        let new: Vec<&T> = dirty().filter(|(_, s)| !s.stored).filter_map(|(_, s)| s.now.as_ref()).collect();
        if !new.is_empty() && session.insert_many(T::TABLE, &Records(&new))? != new.len() {
            return Err(Flush::Raced(T::TABLE.name));
        }
        let changed: Vec<&T> =
            dirty().filter(|(_, s)| s.stored).filter_map(|(_, s)| s.now.as_ref()).collect();
        if !changed.is_empty() && session.update_many(T::TABLE, &Records(&changed))? != changed.len() {
            return Err(Flush::Raced(T::TABLE.name));
        }
        let gone: Vec<T::Key> =
            dirty().filter(|(_, s)| s.stored && s.now.is_none()).map(|(k, _)| k.clone()).collect();
        if !gone.is_empty() && session.delete_many(T::TABLE, &Keys::<T>(&gone))? != gone.len() {
            return Err(Flush::Raced(T::TABLE.name));
        }
        Ok(())
    }

    fn undo_one(&mut self) {
        if let Some((key, before)) = self.undo.pop() {
            match before {
                Some(slot) => {
                    self.rows.insert(key, slot);
                }
                None => {
                    self.rows.remove(&key);
                }
            }
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
