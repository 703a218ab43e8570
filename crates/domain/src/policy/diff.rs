//! What a proposed pack changes, and whether it gives the notice that the law asks for (P4).

use std::fmt;

use super::{
    keys::{KeySpec, REGISTRY},
    pack::PolicyPack,
    value::Value,
};
use crate::time::Date;

/// An entry that one pack has and the other has not, or has with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub spec: &'static KeySpec,
    /// Date of the entry.
    pub effective_from: Date,
    /// Value before; `None` for a new entry.
    pub before: Option<Value>,
    /// Value after; `None` for an entry that was taken out.
    pub after: Option<Value>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), |value| self.spec.shape.show(value))
        };
        let (before, after) = (show(&self.before), show(&self.after));
        write!(f, "{} from {}: {before} -> {after}", self.spec.name, self.effective_from)
    }
}

/// Entries that differ between two packs, in the order of the registry and then of dates. Sources and notes are not
/// compared: they decide nothing.
pub fn diff(before: &PolicyPack, after: &PolicyPack) -> Vec<Change> {
    let mut changes = Vec::new();
    for (slot, spec) in REGISTRY.iter().copied().enumerate() {
        let (old, new) = (before.slot(slot), after.slot(slot));
        let mut dates: Vec<Date> = old.iter().chain(new).map(|entry| entry.effective_from).collect();
        dates.sort_unstable();
        dates.dedup();
        for date in dates {
            let value = |entries: &[super::Entry]| {
                entries.iter().find(|entry| entry.effective_from == date).map(|entry| entry.value.clone())
            };
            let (before, after) = (value(old), value(new));
            if before != after {
                changes.push(Change { spec, effective_from: date, before, after });
            }
        }
    }
    changes
}

/// A fee or limit that a proposed pack would change without the days of notice (electronic commerce law, art. 34).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortNotice {
    /// The key.
    pub spec: &'static KeySpec,
    /// First date on which the proposed pack decides otherwise than the current one.
    pub changes_on: Date,
    /// First date on which it may.
    pub earliest: Date,
}

impl fmt::Display for ShortNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec, changes_on, earliest } = self;
        write!(f, "{} would change on {changes_on}; with notice it may change from {earliest}", spec.name)
    }
}

/// Fees and limits that would change within `days` of `announced_on`, the day on which the proposed pack is made
/// public and can at the earliest be activated. What a pack says about dates before that has no effect, since a
/// version never decides about facts before its activation.
pub fn short_notice(
    current: &PolicyPack,
    proposed: &PolicyPack,
    announced_on: Date,
    days: u32,
) -> Vec<ShortNotice> {
    let earliest = announced_on.saturating_add(jiff::Span::new().days(i64::from(days.min(366))));
    let window = || announced_on.series(jiff::Span::new().days(1)).take_while(|day| *day < earliest);
    let needs_notice = REGISTRY.iter().copied().enumerate().filter(|(_, spec)| spec.notice);
    needs_notice
        .filter_map(|(slot, spec)| {
            let value = |pack: &PolicyPack, on| pack.in_force(slot, on).map(|entry| entry.value.clone());
            let changes_on = window().find(|day| value(current, *day) != value(proposed, *day))?;
            Some(ShortNotice { spec, changes_on, earliest })
        })
        .collect()
}
