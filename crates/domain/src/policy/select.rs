//! Which version decides, and which of its entries (P4, spec M "Policy version").

use super::{
    keys::Key,
    kinds::Kind,
    pack::{Entry, PolicyPack},
};
use crate::time::{Date, Timestamp, Zone};

/// A pack that was activated.
#[derive(Debug, Clone)]
pub struct PolicyVersion {
    /// Number of the version, rising; stored with every decision.
    pub number: u32,
    /// When it was activated. It decides nothing about facts before that, unless it is the first.
    pub activated_at: Timestamp,
    /// Its content.
    pub pack: PolicyPack,
}

/// A version that cannot follow the ones there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The number does not rise.
    #[error("version {number} does not follow version {last}")]
    Number {
        /// Number that was to be added.
        number: u32,
        /// Highest number so far.
        last: u32,
    },
    /// The activation is not later than that of the version before.
    #[error(
        "version {number} would be activated at {activated_at}, not after the version before it ({last})"
    )]
    NotLater {
        /// Number that was to be added.
        number: u32,
        /// Its activation.
        activated_at: Timestamp,
        /// Activation of the version before.
        last: Timestamp,
    },
}

/// The activated versions in order. There is always a first one.
#[derive(Debug, Clone)]
pub struct PolicySet {
    zone: Zone,
    first: PolicyVersion,
    later: Vec<PolicyVersion>,
}

impl PolicySet {
    /// A set with its first version. `zone` is the business zone, in which `effective_from` is read.
    pub const fn new(zone: Zone, first: PolicyVersion) -> Self {
        Self { zone, first, later: Vec::new() }
    }

    /// This set with a newer version.
    ///
    /// # Errors
    /// [`VersionError`] when number and activation do not both rise: a version that slipped in between would change
    /// decisions already made.
    pub fn activate(mut self, version: PolicyVersion) -> Result<Self, VersionError> {
        let last = self.latest();
        let number = version.number;
        if number <= last.number {
            return Err(VersionError::Number { number, last: last.number });
        }
        if version.activated_at <= last.activated_at {
            let (activated_at, last) = (version.activated_at, last.activated_at);
            return Err(VersionError::NotLater { number, activated_at, last });
        }
        self.later.push(version);
        Ok(self)
    }

    /// The business zone.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// All versions, oldest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &PolicyVersion> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// The version activated last.
    pub fn latest(&self) -> &PolicyVersion {
        self.later.last().unwrap_or(&self.first)
    }

    /// A version by number, for replaying a stored decision.
    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions().find(|version| version.number == number)
    }

    /// The rules for a fact whose business instant (`accepted_at`, `click_at`, `requested_at`) is `business_at`,
    /// processed at `processed_at`.
    ///
    /// The latest version activated at or before both decides; before any activation the first one does. Its entry
    /// is the last whose `effective_from` is not after the civil date of `business_at`.
    pub fn at(&self, business_at: Timestamp, processed_at: Timestamp) -> PolicyView<'_> {
        let known = business_at.min(processed_at);
        let version = self.versions().rev().find(|v| v.activated_at <= known).unwrap_or(&self.first);
        PolicyView { version, on: self.zone.date(business_at) }
    }

    /// [`PolicySet::at`] for a fact that is processed as it happens.
    pub fn now(&self, at: Timestamp) -> PolicyView<'_> {
        self.at(at, at)
    }

    /// [`PolicySet::at`] for a fact that has only a civil date: its first instant in the business zone.
    pub fn on(&self, date: Date, processed_at: Timestamp) -> PolicyView<'_> {
        self.at(self.zone.start_of(date), processed_at)
    }
}

/// The rules for one fact: a version and a civil date. Cheap to make and to copy.
#[derive(Debug, Clone, Copy)]
pub struct PolicyView<'s> {
    version: &'s PolicyVersion,
    on: Date,
}

/// A value and what decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided<T> {
    /// The value.
    pub value: T,
    /// Number of the version, to be stored with the decision.
    pub version: u32,
    /// Date of the entry.
    pub effective_from: Date,
}

impl<'s> PolicyView<'s> {
    /// The value of a key and what decided it. Every key of the registry has one.
    ///
    /// Durations come in microseconds, amounts in minor units, rates as [`crate::money::Rate`].
    pub fn get<K: Kind>(&self, key: Key<K>) -> Decided<K::Out<'s>> {
        let entry = self.entry(key.slot());
        let Some(value) = K::read(&entry.value) else {
            unreachable!("a pack holds only values of the kind of their key")
        };
        Decided { value, version: self.version.number, effective_from: entry.effective_from }
    }

    /// The value of a key alone.
    pub fn value<K: Kind>(&self, key: Key<K>) -> K::Out<'s> {
        self.get(key).value
    }

    /// The version that decides, for storing with the decision.
    pub const fn version(&self) -> &'s PolicyVersion {
        self.version
    }

    /// The civil date on which entries are looked up.
    pub const fn date(&self) -> Date {
        self.on
    }

    pub(super) fn entry(&self, slot: usize) -> &'s Entry {
        let Some(entry) = self.version.pack.in_force(slot, self.on) else {
            unreachable!("a pack holds an entry for every key")
        };
        entry
    }
}
