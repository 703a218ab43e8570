//! The budget of a civil day: what was spent, from what, and what is credited at its end (A7).

use super::sources::{Part, Source, Split};

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

    /// Takes what goes back for a click out again: from its own sources as far as the day still has them, arrears
    /// first, then whatever is newest. What comes out is what goes back, so that no source gets back more than the day
    /// took from it.
    pub fn take_out(&mut self, click: &[Part], amount_minor: i64) -> Vec<Part> {
        let rank = |part: &Part| match part.source {
            Source::Arrears => 0,
            Source::Cash => 1,
            Source::Grant(_) => 2,
        };
        let mut own = click.to_vec();
        own.sort_by_key(rank);
        let (mut left, mut taken) = (amount_minor, Self::default());
        for part in own {
            let mut wanted = part.amount_minor.min(left);
            for segment in self.0.iter_mut().rev().filter(|segment| segment.source == part.source) {
                let amount_minor = wanted.min(segment.amount_minor);
                if amount_minor > 0 {
                    segment.amount_minor -= amount_minor;
                    wanted -= amount_minor;
                    left -= amount_minor;
                    taken.add(Part { amount_minor, ..part });
                }
            }
        }
        self.0.retain(|segment| segment.amount_minor > 0);
        self.take_newest(left).into_iter().for_each(|part| taken.add(part));
        taken.0
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

/// What a click that was found invalid does to its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    /// What goes back for it, minor units.
    pub credit_minor: i64,
    /// What of the credit of the day's end still stands for spend above the budget, minor units.
    pub credited_minor: i64,
}

/// Undoes a click (A8). The valid clicks of a day cost the advertiser what they cost, at most the highest budget: where
/// the day's end had credited spend above it, the click was part of that spend, and only what the credit does not cover
/// goes back. In which order clicks are undone makes no difference to their sum.
///
/// `spent_minor` is what the day has cost in the end, `credited_minor` what stands of its end's credit.
pub fn undo(amount_minor: i64, spent_minor: i64, credited_minor: i64, highest_minor: i64) -> Undone {
    let valid = spent_minor.saturating_add(credited_minor).saturating_sub(amount_minor);
    let stands = over_delivered(valid, highest_minor).clamp(0, credited_minor.max(0));
    let covered = credited_minor - stands;
    let credit_minor = amount_minor.saturating_sub(covered).clamp(0, spent_minor.max(0));
    Undone { credit_minor, credited_minor: stands }
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
