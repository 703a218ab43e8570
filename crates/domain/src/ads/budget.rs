//! The budget of a civil day: what was spent, from what, and what is credited at its end (A7).

use super::sources::{Part, Split};

/// Parts that a day remembers at least before it merges the oldest ones of a source.
const SEGMENTS: usize = 64;

/// What a day's spend came from, in the order in which it was charged: the day's end credits the newest first.
/// Neighbours of one source are one segment, and there are never many: beyond 64 the oldest ones of one source are
/// put together, which only blurs an order that a credit does not reach.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segments(Vec<Part>);

impl Segments {
    /// From the stored form; bytes that are not such read as nothing, which verification names.
    pub fn decode(bytes: &[u8]) -> Self {
        Self(Split::parts(bytes).unwrap_or_default())
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.0 {
            Split::put(&mut out, *part);
        }
        out
    }

    /// The segments, oldest first.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// All of them together, minor units.
    pub fn sum_minor(&self) -> i128 {
        self.0.iter().map(|part| i128::from(part.amount_minor)).sum()
    }

    /// Notes what was charged.
    pub fn add(&mut self, part: Part) {
        if let Some(last) = self.0.last_mut()
            && last.source == part.source
        {
            last.amount_minor = last.amount_minor.saturating_add(part.amount_minor);
            return;
        }
        self.0.push(part);
        if self.0.len() > SEGMENTS {
            self.merge_oldest();
        }
    }

    /// Puts the oldest segment to the next one of its source, or tries the one after it.
    fn merge_oldest(&mut self) {
        for at in 0..self.0.len() {
            let Some(old) = self.0.get(at).copied() else { return };
            if let Some(same) = self.0.iter_mut().skip(at + 1).find(|part| part.source == old.source) {
                same.amount_minor = same.amount_minor.saturating_add(old.amount_minor);
                self.0.remove(at);
                return;
            }
        }
    }

    /// Takes what was credited for a click out again: the newest of its source first, then whatever is newest.
    pub fn remove(&mut self, part: Part) {
        let mut left = part.amount_minor;
        for own in [true, false] {
            for segment in self.0.iter_mut().rev() {
                if left > 0 && (!own || segment.source == part.source) {
                    let taken = left.min(segment.amount_minor);
                    segment.amount_minor -= taken;
                    left -= taken;
                }
            }
        }
        self.0.retain(|segment| segment.amount_minor > 0);
    }

    /// Takes so much off the newest end; the parts, newest first.
    pub fn take_newest(&mut self, amount_minor: i64) -> Vec<Part> {
        let (mut left, mut taken) = (amount_minor, Vec::new());
        while left > 0 {
            let Some(last) = self.0.last_mut() else { break };
            let part = Part { source: last.source, amount_minor: left.min(last.amount_minor) };
            last.amount_minor -= part.amount_minor;
            left -= part.amount_minor;
            taken.push(part);
            if last.amount_minor <= 0 {
                self.0.pop();
            }
        }
        taken
    }
}

/// What was spent above the day's highest budget; 0 when at some time there was none. Minor units.
pub const fn over_delivered(spent_minor: i64, highest_minor: i64) -> i64 {
    if highest_minor <= 0 || spent_minor <= highest_minor { 0 } else { spent_minor - highest_minor }
}

/// The day's highest budget after a change to `budget_minor`; 0 is no budget, which nothing is above.
pub const fn highest(highest_minor: i64, budget_minor: i64) -> i64 {
    if highest_minor == 0 || budget_minor == 0 {
        0
    } else if budget_minor > highest_minor {
        budget_minor
    } else {
        highest_minor
    }
}

/// Whether a budget is used up.
pub const fn used_up(spent_minor: i64, budget_minor: i64) -> bool {
    budget_minor > 0 && spent_minor >= budget_minor
}
