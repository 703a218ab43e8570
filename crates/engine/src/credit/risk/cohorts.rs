//! The stored form of what is counted: one month a line, so that a shop is one small row.

use std::{collections::BTreeMap, fmt::Write as _};

use purser_domain::{credit::risk::Cohort, time::Month};

/// Encodes the months.
pub(super) fn encode(cohorts: &BTreeMap<Month, Cohort>) -> String {
    let mut out = String::with_capacity(cohorts.len() * 40);
    for (month, cohort) in cohorts {
        // Writing to a string cannot fail.
        let _ = write!(out, "{month} {} ", cohort.orders);
        let _ = match cohort.shop_orders {
            Some(orders) => write!(out, "{orders}"),
            None => write!(out, "-"),
        };
        for count in cohort.with {
            let _ = write!(out, " {count}");
        }
        out.push('\n');
    }
    out
}

/// Reads [`encode`]'s form; lines that this version does not know are left out.
pub(super) fn decode(text: &str) -> BTreeMap<Month, Cohort> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<(Month, Cohort)> {
    let mut words = text.split(' ');
    let month = words.next()?.parse().ok()?;
    let orders = words.next()?.parse().ok()?;
    let shop_orders = match words.next()? {
        "-" => None,
        all => Some(all.parse().ok()?),
    };
    let mut cohort = Cohort { orders, shop_orders, ..Cohort::default() };
    // A sign that a newer version added is not there yet: nobody had it.
    for (count, word) in cohort.with.iter_mut().zip(words) {
        *count = word.parse().ok()?;
    }
    Some((month, cohort))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_round_trip() {
        let month = Month { year: 2026, month: 3 };
        let mut cohorts = BTreeMap::new();
        cohorts.insert(month, Cohort { orders: 7, shop_orders: None, with: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
        cohorts.insert(month.plus(1), Cohort { orders: 0, shop_orders: Some(12), ..Cohort::default() });
        assert_eq!(decode(&encode(&cohorts)), cohorts);
        assert!(decode("").is_empty() && decode("2026-03 x").is_empty());
    }
}
