//! What a writer remembers of where rows lead, so that the commands of a group do not look it up one by one.
//!
//! A hint may be out of date: a decision never rests on one, and whatever uses one checks, in the rows that were loaded
//! after the locks, that it led to all of them. Where it did not, [`crate::Tx::begin_next_group`] makes the writer look
//! again.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
};

type Kept = BTreeMap<TypeId, Box<dyn Any + Send>>;

fn of<T: Any + Default + Send>(kept: &mut Kept) -> &mut T {
    let slot = kept.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
    match slot.downcast_mut() {
        Some(hint) => hint,
        None => unreachable!("a hint is kept under its own type"),
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Hints {
    kept: Kept,
    of_group: Kept,
    used: bool,
}

impl Hints {
    /// Hints of a kind that outlive the group; they are to be bounded by who keeps them.
    pub(crate) fn kept<T: Any + Default + Send>(&mut self) -> &mut T {
        of(&mut self.kept)
    }

    /// Hints of a kind that are true for the rest of this group.
    pub(crate) fn of_group<T: Any + Default + Send>(&mut self) -> &mut T {
        of(&mut self.of_group)
    }

    /// Something was declared by what an earlier group had seen.
    pub(crate) const fn note_use(&mut self) {
        self.used = true;
    }

    /// Forgets everything; true when this group has used any of it, so that looking again may find more.
    pub(crate) fn forget(&mut self) -> bool {
        self.kept.clear();
        std::mem::take(&mut self.used)
    }

    /// A group ends.
    pub(crate) fn end_group(&mut self) {
        self.of_group.clear();
        self.used = false;
    }
}
