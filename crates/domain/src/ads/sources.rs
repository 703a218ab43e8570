//! Where the money of a click comes from: grants, the soonest to expire first, then cash, then arrears (A1, A7).

use super::varint;
use crate::ids::{AdGrantId, Uid};

/// Something that a click is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A grant.
    Grant(AdGrantId),
    /// Prepaid money.
    Cash,
    /// What is owed.
    Arrears,
}

/// A part of a click, minor units, above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// From what.
    pub source: Source,
    /// How much.
    pub amount_minor: i64,
}

impl Source {
    const fn tag(self) -> u8 {
        match self {
            Self::Cash => 1,
            Self::Arrears => 2,
            Self::Grant(_) => 3,
        }
    }
}

/// The parts of a click, or of a day, as they are stored: a tag, for a grant its id, the amount. Nothing at all means
/// wholly cash, which is what nearly every click is.
#[derive(Debug)]
pub struct Split;

impl Split {
    /// Appends a part to stored bytes.
    pub fn put(out: &mut Vec<u8>, part: Part) {
        out.push(part.source.tag());
        if let Source::Grant(grant) = part.source {
            out.extend_from_slice(&grant.0.0);
        }
        varint::put(out, part.amount_minor.max(0).cast_unsigned());
    }

    /// Stored form of a click's parts.
    pub fn encode(parts: &[Part]) -> Vec<u8> {
        if let [Part { source: Source::Cash, .. }] = parts {
            return Vec::new();
        }
        let mut out = Vec::new();
        for part in parts {
            Self::put(&mut out, *part);
        }
        out
    }

    /// Reads a click's parts; `None` when the bytes are not such or do not add up to the click's amount.
    pub fn decode(bytes: &[u8], amount_minor: i64) -> Option<Vec<Part>> {
        if bytes.is_empty() {
            return Some(vec![Part { source: Source::Cash, amount_minor }]);
        }
        let parts = Self::parts(bytes)?;
        let sum: i128 = parts.iter().map(|part| i128::from(part.amount_minor)).sum();
        (sum == i128::from(amount_minor)).then_some(parts)
    }

    /// Reads parts one after another; `None` when the bytes are not such.
    pub fn parts(mut bytes: &[u8]) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        while let Some((tag, rest)) = bytes.split_first() {
            bytes = rest;
            let source = match tag {
                1 => Source::Cash,
                2 => Source::Arrears,
                3 => {
                    let (id, rest) = bytes.split_at_checked(16)?;
                    bytes = rest;
                    Source::Grant(AdGrantId(Uid(id.try_into().ok()?)))
                }
                _ => return None,
            };
            let amount_minor = i64::try_from(varint::take(&mut bytes)?).ok()?;
            parts.push(Part { source, amount_minor });
        }
        Some(parts)
    }
}

/// What can be taken from a source now, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// The source.
    pub source: Source,
    /// How much is left.
    pub left_minor: i64,
}

/// An advertiser's money while clicks are charged: grants in the order in which they are used, then cash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funds {
    sources: Vec<Available>,
    /// The first one with something left.
    next: usize,
    arrears_minor: i64,
}

impl Funds {
    /// `sources` in the order in which they are used; no arrears among them.
    pub fn new(sources: Vec<Available>, arrears_minor: i64) -> Self {
        let mut funds = Self { sources, next: 0, arrears_minor };
        funds.skip();
        funds
    }

    fn skip(&mut self) {
        while self.sources.get(self.next).is_some_and(|source| source.left_minor <= 0) {
            self.next += 1;
        }
    }

    /// What is left in all, arrears aside.
    pub fn balance_minor(&self) -> i64 {
        let left = self.sources.iter().skip(self.next);
        left.fold(0, |sum: i64, source| sum.saturating_add(source.left_minor))
    }

    /// What is owed.
    pub const fn arrears_minor(&self) -> i64 {
        self.arrears_minor
    }

    /// Nothing is left, or something is owed: delivery stops.
    pub fn is_used_up(&self) -> bool {
        self.arrears_minor > 0 || self.next >= self.sources.len()
    }

    /// Takes an amount: from what is left, the rest as arrears up to `arrears_limit_minor`. Parts are appended.
    ///
    /// # Errors
    /// What could be taken in all, when that is less; nothing has changed then.
    pub fn take(
        &mut self,
        amount_minor: i64,
        arrears_limit_minor: i64,
        parts: &mut Vec<Part>,
    ) -> Result<(), i64> {
        // Nearly always the first source has enough.
        if let Some(first) = self.sources.get_mut(self.next)
            && first.left_minor > amount_minor
        {
            first.left_minor -= amount_minor;
            parts.push(Part { source: first.source, amount_minor });
            return Ok(());
        }
        let balance = self.balance_minor();
        let room = arrears_limit_minor.saturating_sub(self.arrears_minor).max(0);
        if amount_minor > balance.saturating_add(room) {
            return Err(balance.saturating_add(room));
        }
        let mut left = amount_minor;
        while left > 0 {
            let Some(source) = self.sources.get_mut(self.next) else { break };
            let part = left.min(source.left_minor);
            source.left_minor -= part;
            left -= part;
            parts.push(Part { source: source.source, amount_minor: part });
            self.skip();
        }
        if left > 0 {
            self.arrears_minor += left;
            parts.push(Part { source: Source::Arrears, amount_minor: left });
        }
        Ok(())
    }
}

/// What comes back to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// It reduces what is owed.
    Arrears,
    /// It is prepaid money again.
    Cash,
    /// The grant has it again.
    Grant(AdGrantId),
}

/// Where parts go back to, arrears first (A8): what was owed reduces what is still owed and is cash beyond that; a
/// grant that has ended is not revived, and its part stays with the platform.
///
/// Returns the credits and what was not given back because of a grant's end.
pub fn give_back(
    parts: &[Part],
    owed_minor: &mut i64,
    usable: impl Fn(AdGrantId) -> bool,
) -> (Vec<(Part, Back)>, i64) {
    let rank = |source: &Source| match source {
        Source::Arrears => 0,
        Source::Cash => 1,
        Source::Grant(_) => 2,
    };
    let mut ordered: Vec<Part> = parts.to_vec();
    ordered.sort_by_key(|part| rank(&part.source));
    let (mut credits, mut lost) = (Vec::new(), 0);
    for part in ordered {
        let amount_minor = part.amount_minor;
        match part.source {
            Source::Arrears => {
                let owed = amount_minor.min(*owed_minor);
                *owed_minor -= owed;
                for (amount_minor, back) in [(owed, Back::Arrears), (amount_minor - owed, Back::Cash)] {
                    if amount_minor > 0 {
                        credits.push((Part { amount_minor, ..part }, back));
                    }
                }
            }
            Source::Cash => credits.push((part, Back::Cash)),
            Source::Grant(grant) if usable(grant) => credits.push((part, Back::Grant(grant))),
            Source::Grant(_) => lost += amount_minor,
        }
    }
    (credits, lost)
}
