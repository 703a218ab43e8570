//! Why a limit changed (C10): what the steps of two evaluations say differently, in words.

use super::steps::{Rule, Step};
use crate::money::decimal;

/// A rule that gives or takes something else than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Which rule.
    pub rule: Rule,
    /// What it added or took before, minor units; `None` when it did not apply.
    pub before_minor: Option<i64>,
    /// What it adds or takes now, minor units; `None` when it no longer applies.
    pub after_minor: Option<i64>,
}

impl Reason {
    /// In Chinese.
    pub fn zh(&self) -> String {
        let name = self.rule.zh();
        match (self.before_minor, self.after_minor) {
            (None, Some(after)) => format!("{name}：开始生效（{} 元）", signed(after)),
            (Some(before), None) => format!("{name}：不再生效（原 {} 元）", signed(before)),
            (before, after) => {
                let (before, after) = (signed(before.unwrap_or(0)), signed(after.unwrap_or(0)));
                format!("{name}：由 {before} 元变为 {after} 元")
            }
        }
    }

    /// In English.
    pub fn en(&self) -> String {
        let name = self.rule.en();
        match (self.before_minor, self.after_minor) {
            (None, Some(after)) => format!("{name}: applies now ({} yuan)", signed(after)),
            (Some(before), None) => format!("{name}: no longer applies (was {} yuan)", signed(before)),
            (before, after) => {
                let (before, after) = (signed(before.unwrap_or(0)), signed(after.unwrap_or(0)));
                format!("{name}: {before} yuan became {after} yuan")
            }
        }
    }
}

fn signed(minor: i64) -> String {
    format!("{}{}", if minor > 0 { "+" } else { "" }, decimal(minor))
}

/// What differs between two evaluations, in the order of the formula. Rounding is no reason, and what a rule takes
/// only because the limit before it changed is one only if nothing else is.
pub fn reasons(before: &[Step], after: &[Step]) -> Vec<Reason> {
    let delta = |steps: &[Step], rule| steps.iter().find(|s| s.rule == rule).map(|s| s.delta_minor);
    let differ: Vec<Reason> = Rule::ALL
        .iter()
        .map(|rule| Reason {
            rule: *rule,
            before_minor: delta(before, *rule),
            after_minor: delta(after, *rule),
        })
        .filter(|reason| reason.before_minor != reason.after_minor && reason.rule != Rule::Rounding)
        .collect();
    let own = |reason: &&Reason| {
        let follows = reason.before_minor.is_some() && reason.after_minor.is_some();
        !(follows && sets_the_whole(reason.rule))
    };
    let first: Vec<Reason> = differ.iter().filter(own).copied().collect();
    if first.is_empty() { differ } else { first }
}

/// Rules that bring the limit to a value: what they take follows from what came before them.
const fn sets_the_whole(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::TurnoverCap
            | Rule::VirtualOperator
            | Rule::Fixed
            | Rule::ReturnsZero
            | Rule::HighRisk
            | Rule::Violation
            | Rule::PoorOperation
            | Rule::DailyDraw
            | Rule::Closed
    )
}
