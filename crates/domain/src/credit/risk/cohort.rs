//! Patterns of a shop over its last months.

use std::collections::BTreeMap;

use super::{RiskTerms, Signal, Signals};
use crate::money::Rate;
use crate::time::Month;

/// Orders authorised in one civil month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cohort {
    /// Pay-later orders.
    pub orders: u32,
    /// All orders of the shop, as reported once the month was over.
    pub shop_orders: Option<u32>,
    /// Orders with each sign, in the order of [`Signal::ALL`].
    pub with: [u32; Signal::ALL.len()],
}

impl Cohort {
    /// Orders with a sign.
    pub fn count_of(&self, signal: Signal) -> u32 {
        self.with.get(signal.index()).copied().unwrap_or(0)
    }

    /// Takes over what changed of an order: signs it got and signs it lost.
    pub fn change(&mut self, before: Signals, after: Signals) {
        for signal in Signal::ALL {
            let Some(count) = self.with.get_mut(signal.index()) else { continue };
            match (before.has(*signal), after.has(*signal)) {
                (false, true) => *count = count.saturating_add(1),
                (true, false) => *count = count.saturating_sub(1),
                _ => {}
            }
        }
    }
}

/// A sign that too many of a shop's orders have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// Which.
    pub signal: Signal,
    /// Share of the orders that have it.
    pub measured: Rate,
}

/// The patterns of a shop in the months up to `month`. Few orders make no pattern.
pub fn patterns(cohorts: &BTreeMap<Month, Cohort>, month: Month, terms: &RiskTerms) -> Vec<Pattern> {
    let first = month.plus(1 - i64::from(terms.window_months.max(1)));
    let window = || cohorts.range(first..=month).map(|(_, cohort)| cohort);
    let orders: u64 = window().map(|cohort| u64::from(cohort.orders)).sum();
    let of_signal = |signal: Signal| {
        if signal == Signal::PayLaterShare {
            // Only months of which the whole is known.
            let known = || window().filter_map(|cohort| cohort.shop_orders.map(|all| (cohort.orders, all)));
            let part: u64 = known().map(|(part, _)| u64::from(part)).sum();
            return (part, known().map(|(_, all)| u64::from(all)).sum());
        }
        (window().map(|cohort| u64::from(cohort.count_of(signal))).sum(), orders)
    };
    Signal::ALL
        .iter()
        .filter_map(|signal| {
            let (part, whole) = of_signal(*signal);
            let measured = share(part, whole)?;
            let enough = part.max(whole) >= u64::from(terms.least_orders.max(1));
            (enough && measured > terms.share_of(*signal)).then_some(Pattern { signal: *signal, measured })
        })
        .collect()
}

fn share(part: u64, whole: u64) -> Option<Rate> {
    if whole == 0 {
        return None;
    }
    // More pay-later orders than orders is a wrong report; it is all of them, not more.
    let ppm = u128::from(part.min(whole)) * 1_000_000 / u128::from(whole);
    i64::try_from(ppm).ok().map(Rate::ppm)
}
