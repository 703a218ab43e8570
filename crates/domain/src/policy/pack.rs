//! A policy pack: every key of the registry with its dated entries.

use super::{
    keys::{KeySpec, REGISTRY},
    parse,
    value::Value,
};
use crate::{document::Issue, time::Date};

/// One dated value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key it belongs to.
    pub spec: &'static KeySpec,
    /// First civil date, in the business zone, on which it is in force.
    pub effective_from: Date,
    /// The value, checked against the key.
    pub value: Value,
    /// Where the value comes from.
    pub source: String,
    /// Remark, if any.
    pub note: Option<String>,
    /// Line of the entry in its file, from 1.
    pub line: usize,
}

impl Entry {
    /// The value as people read it, with its unit.
    pub fn show(&self) -> String {
        self.spec.shape.show(&self.value)
    }
}

/// A complete, checked pack (P4): at least one entry for every key, the first of each in force since 2000.
///
/// Completeness is what lets [`super::PolicyView::get`] answer without an error case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPack {
    name: String,
    digest: String,
    /// By position of the key in the registry, each list ordered by date and never empty.
    slots: Vec<Vec<Entry>>,
}

impl PolicyPack {
    /// Reads and checks the text of a pack; `file_name` is only for messages.
    ///
    /// # Errors
    /// Every issue of the text, in its order: what is no TOML; unknown tables, fields and keys; missing name, row,
    /// date, value or source; a row that is not the key's; a value of the wrong kind or out of bounds; a key and
    /// date given twice; a key that is missing or not in force from 2000-01-01 on.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<Issue>> {
        parse::parse(file_name, text, None)
    }

    /// Reads the text of a version that an older release has activated: keys added since then are taken from
    /// `base` (the pack of this release), keys that no longer exist are left out, all else is as in
    /// [`PolicyPack::parse`]. The digest stays that of the text.
    ///
    /// # Errors
    /// As [`PolicyPack::parse`].
    pub fn restore(file_name: &str, text: &str, base: &Self) -> Result<Self, Vec<Issue>> {
        parse::parse(file_name, text, Some(base))
    }

    /// The pack that comes with this release, [`super::DEFAULT_PACK`].
    ///
    /// # Errors
    /// None in a released build: a test parses it.
    pub fn builtin() -> Result<Self, Vec<Issue>> {
        Self::parse("policies/default.toml", super::DEFAULT_PACK)
    }

    /// `slots` must hold, for every key of the registry, at least one entry, ordered by date.
    pub(super) fn new(name: String, text: &str, slots: Vec<Vec<Entry>>) -> Self {
        let digest = blake3::hash(text.as_bytes()).to_hex().chars().take(DIGEST_LENGTH).collect();
        Self { name, digest, slots }
    }

    /// Name from `[pack]`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First 16 hex digits of the blake3 hash of the text.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Entries of a key, oldest first.
    pub fn entries(&self, spec: &KeySpec) -> &[Entry] {
        REGISTRY.iter().position(|known| known.name == spec.name).map_or(&[], |slot| self.slot(slot))
    }

    /// Entries of the key at a position of the registry, oldest first.
    pub(super) fn slot(&self, slot: usize) -> &[Entry] {
        self.slots.get(slot).map_or(&[], Vec::as_slice)
    }

    /// The entry in force on a date, for the key at a position of the registry.
    ///
    /// A date before 2000 is answered by the first entry: instants that old are refused at the edge.
    pub(super) fn in_force(&self, slot: usize, on: Date) -> Option<&Entry> {
        let entries = self.slot(slot);
        entries.iter().rev().find(|entry| entry.effective_from <= on).or_else(|| entries.first())
    }
}

/// Hex digits kept of the digest: enough to tell versions apart, short enough to read out.
const DIGEST_LENGTH: usize = 16;
