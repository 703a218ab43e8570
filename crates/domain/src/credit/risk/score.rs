//! Points with their reasons.

use std::fmt::Write as _;

use super::{Pattern, RiskTerms, Signal, Signals};
use crate::money::Rate;

/// Most points.
const MOST: u32 = 100;

/// Why a sign counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The order, or the draw, has it itself.
    Own,
    /// Too many of the shop's orders have it.
    Shop {
        /// Share of them.
        measured: Rate,
        /// Share above which it counts.
        bound: Rate,
    },
}

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The sign.
    pub signal: Signal,
    /// Points that it adds; none while a release is honoured.
    pub points: u32,
    /// Why it counts.
    pub ground: Ground,
}

/// Points with their reasons, in the order of the signs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Score {
    /// 0 to 100.
    pub points: u32,
    /// Every sign that is there, whether it adds points or not.
    pub reasons: Vec<Reason>,
}

impl Score {
    /// Whether a person has to look at it.
    pub const fn holds(&self, terms: &RiskTerms) -> bool {
        self.points >= terms.review_from
    }

    /// The signs behind it.
    pub fn signals(&self) -> Signals {
        self.reasons.iter().fold(Signals::NONE, |all, reason| all.with(reason.signal))
    }
}

/// Adds up the signs of an order or draw and the patterns of its shop. A sign counts once, by its own ground first;
/// those that were released count nothing.
pub fn score(own: Signals, patterns: &[Pattern], released: Signals, terms: &RiskTerms) -> Score {
    let mut total = Score::default();
    for signal in Signal::ALL {
        let pattern = patterns.iter().find(|pattern| pattern.signal == *signal);
        let ground = match pattern {
            _ if own.has(*signal) => Ground::Own,
            Some(found) => Ground::Shop { measured: found.measured, bound: terms.share_of(*signal) },
            None => continue,
        };
        let points = if released.has(*signal) { 0 } else { terms.points_of(*signal) };
        total.points = total.points.saturating_add(points).min(MOST);
        total.reasons.push(Reason { signal: *signal, points, ground });
    }
    total
}

/// Stored reasons that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored reasons of a score cannot be read")]
pub struct ScoreError;

/// The stored form: one reason a line.
pub fn encode(reasons: &[Reason]) -> String {
    let mut out = String::new();
    for Reason { signal, points, ground } in reasons {
        // Writing to a string cannot fail.
        let _ = match ground {
            Ground::Own => writeln!(out, "{} {points}", signal.name()),
            Ground::Shop { measured, bound } => {
                writeln!(out, "{} {points} {} {}", signal.name(), measured.as_ppm(), bound.as_ppm())
            }
        };
    }
    out
}

/// Reads [`encode`]'s form.
///
/// # Errors
/// [`ScoreError`].
pub fn decode(text: &str) -> Result<Vec<Reason>, ScoreError> {
    text.lines().map(|line| reason(line).ok_or(ScoreError)).collect()
}

fn reason(line: &str) -> Option<Reason> {
    let words: Vec<&str> = line.split(' ').collect();
    let rate = |text: &str| text.parse().ok().map(Rate::ppm);
    let (signal, points, ground) = match *words {
        [signal, points] => (signal, points, Ground::Own),
        [signal, points, measured, bound] => {
            (signal, points, Ground::Shop { measured: rate(measured)?, bound: rate(bound)? })
        }
        _ => return None,
    };
    Some(Reason { signal: Signal::named(signal)?, points: points.parse().ok()?, ground })
}
