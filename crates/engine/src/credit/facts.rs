//! The stored form of what is known of a shop: one fact a line, so that a shop is one row to load and to lock.
//! Months beyond [`MONTHS_KEPT`] are forgotten: no rule looks further back, and what they led to is in the
//! evaluations.

use std::fmt::Write as _;

use purser_domain::{
    credit::{
        Component, Dsr, Emergency, MonthFacts, Override, Promotion, Replaced, RestrictionKind, Restrictions,
        Shop, Source, WaivedRule, Waiver,
    },
    money::Rate,
    time::{Date, Month},
};

/// Full months that are kept: twice what the longest rule looks back.
pub const MONTHS_KEPT: usize = 36;
/// Most components, trainings, sales and temporary limits that are kept of each; the oldest go first.
pub const LISTED_MAX: usize = 40;

/// Encodes a shop.
pub fn encode(shop: &Shop) -> String {
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format_args!("opened {}", shop.opened_on));
    line(format_args!("level {}", shop.level));
    line(format_args!("restrictions {}", shop.restrictions.bits()));
    if shop.virtual_operator {
        line(format_args!("virtual"));
    }
    if let Some(rate) = shop.return_rate {
        line(format_args!("returns {}", rate.as_ppm()));
    }
    let until = |date: Option<Date>| date.map_or_else(|| "-".to_owned(), |date| date.to_string());
    if let Some(fixed) = shop.fixed {
        line(format_args!("fixed {} {} {}", fixed.from, until(fixed.until), fixed.amount_minor));
    }
    for c in last(&shop.components) {
        let (source, amount) = (c.source.name(), c.amount_minor);
        line(format_args!("component {source} {} {} {amount}", c.since, until(c.until)));
    }
    for ((source, since), text) in &shop.evidence {
        line(format_args!("evidence {} {since} {text}", source.name()));
    }
    for ((source, since), told) in &shop.replaced {
        let (source, ends) = (source.name(), [told.told_until, told.granted_until].map(until));
        line(format_args!("replaced {source} {since} {} {} {}", told.told_minor, ends[0], ends[1]));
    }
    for day in last(&shop.trainings) {
        line(format_args!("training {day}"));
    }
    for p in last(&shop.promotions) {
        line(format_args!("sale {} {} {}", p.from, p.until, p.rate.as_ppm()));
    }
    for e in last(&shop.emergencies) {
        line(format_args!("emergency {} {} {}", e.from, e.until, e.amount_minor));
    }
    for (kind, reason) in &shop.reasons {
        // One line is one fact.
        line(format_args!("why {} {}", kind.name(), reason.replace(['\n', '\r'], " ")));
    }
    for w in last(&shop.waivers) {
        line(format_args!("waive {} {} {}", w.rule.name(), w.from, w.until));
    }
    let skipped = shop.months.len().saturating_sub(MONTHS_KEPT);
    for (month, m) in shop.months.iter().skip(skipped) {
        let dsr = m
            .dsr
            .map_or_else(|| "-".to_owned(), |d| format!("{}/{}/{}", d.description, d.service, d.logistics));
        let (orders, turnover, returns) = (m.orders, m.turnover_minor, m.return_rate.as_ppm());
        line(format_args!("month {month} {orders} {turnover} {returns} {dsr}"));
    }
    out
}

fn last<T>(list: &[T]) -> &[T] {
    list.get(list.len().saturating_sub(LISTED_MAX)..).unwrap_or(list)
}

/// Reads [`encode`]'s form; lines that this version does not know are left out.
pub fn decode(text: &str) -> Shop {
    let mut shop = Shop::opened(Date::MIN, 1);
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        // A line is ours or of a newer version; the second is no reason to stop.
        let _ = read(&mut shop, &words);
    }
    shop
}

fn read(shop: &mut Shop, words: &[&str]) -> Option<()> {
    let date = |text: &str| text.parse::<Date>().ok();
    let number = |text: &str| text.parse::<i64>().ok();
    match *words {
        ["opened", on] => shop.opened_on = date(on)?,
        ["level", level] => shop.level = level.parse().ok()?,
        ["restrictions", bits] => shop.restrictions = Restrictions::from_bits(bits.parse().ok()?)?,
        ["virtual"] => shop.virtual_operator = true,
        ["returns", ppm] => shop.return_rate = Some(Rate::ppm(number(ppm)?)),
        ["fixed", from, until, amount] => {
            shop.fixed =
                Some(Override { from: date(from)?, until: date(until), amount_minor: number(amount)? });
        }
        ["component", source, since, until, amount] => shop.components.push(Component {
            source: Source::named(source)?,
            since: date(since)?,
            until: date(until),
            amount_minor: number(amount)?,
        }),
        ["evidence", source, since, ref text @ ..] => {
            shop.evidence.insert((Source::named(source)?, date(since)?), text.join(" "));
        }
        ["replaced", source, since, amount, ref ends @ ..] => {
            let key = (Source::named(source)?, date(since)?);
            // Before ends were kept, what was granted ended where its part does.
            let part = shop.components.iter().find(|c| (c.source, c.since) == key).and_then(|c| c.until);
            let (told_until, granted_until) = match *ends {
                [told, granted] => (date(told), date(granted)),
                _ => (None, part),
            };
            let told_minor = number(amount)?;
            shop.replaced.insert(key, Replaced { told_minor, told_until, granted_until });
        }
        ["training", on] => shop.trainings.push(date(on)?),
        ["sale", from, until, ppm] => shop.promotions.push(Promotion {
            from: date(from)?,
            until: date(until)?,
            rate: Rate::ppm(number(ppm)?),
        }),
        ["emergency", from, until, amount] => shop.emergencies.push(Emergency {
            from: date(from)?,
            until: date(until)?,
            amount_minor: number(amount)?,
        }),
        ["why", kind, ref reason @ ..] => {
            shop.reasons.insert(RestrictionKind::named(kind)?, reason.join(" "));
        }
        ["waive", rule, from, until] => shop.waivers.push(Waiver {
            rule: WaivedRule::named(rule)?,
            from: date(from)?,
            until: date(until)?,
        }),
        ["month", month, orders, turnover, returns, dsr] => {
            let facts = MonthFacts {
                orders: orders.parse().ok()?,
                turnover_minor: number(turnover)?,
                return_rate: Rate::ppm(number(returns)?),
                dsr: rating(dsr),
            };
            shop.months.insert(self::month(month)?, facts);
        }
        _ => return None,
    }
    Some(())
}

fn rating(text: &str) -> Option<Dsr> {
    let mut parts = text.split('/').map(str::parse);
    let mut next = || parts.next()?.ok();
    Some(Dsr { description: next()?, service: next()?, logistics: next()? })
}

/// A month as `2026-03`.
pub fn month(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-')?;
    let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
    ((2000..=2199).contains(&year) && (1..=12).contains(&month) && text.len() == 7)
        .then_some(Month { year, month })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shops_round_trip() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let mut shop = Shop::opened(day("2024-05-06"), 7);
        shop.components.push(Component {
            source: Source::Partner,
            amount_minor: 5,
            since: day("2024-06-01"),
            until: None,
        });
        shop.evidence.insert((Source::Partner, day("2024-06-01")), "contract  17".to_owned());
        let ends = (None, Some(day("2025-06-01")));
        let told = Replaced { told_minor: 3, told_until: ends.0, granted_until: ends.1 };
        shop.replaced.insert((Source::Partner, day("2024-06-01")), told);
        shop.trainings.push(day("2024-07-01"));
        shop.promotions.push(Promotion {
            from: day("2024-11-01"),
            until: day("2024-11-12"),
            rate: Rate::ppm(300_000),
        });
        shop.emergencies.push(Emergency {
            from: day("2024-11-01"),
            until: day("2024-11-12"),
            amount_minor: 9,
        });
        shop.fixed = Some(Override { from: day("2024-11-01"), until: None, amount_minor: 0 });
        shop.return_rate = Some(Rate::ppm(123));
        shop.restrictions = Restrictions::NONE.with(RestrictionKind::Violation);
        shop.reasons.insert(RestrictionKind::Violation, "sold  what it had not".to_owned());
        shop.waivers.push(Waiver {
            rule: WaivedRule::ReturnsZero,
            from: day("2024-11-01"),
            until: day("2024-12-01"),
        });
        shop.virtual_operator = true;
        let dsr = Some(Dsr { description: 480, service: 470, logistics: 490 });
        let facts = MonthFacts { orders: 3, turnover_minor: 4, return_rate: Rate::ppm(5), dsr };
        shop.months.insert(Month { year: 2024, month: 6 }, facts);
        shop.months.insert(Month { year: 2024, month: 7 }, MonthFacts { dsr: None, ..facts });
        assert_eq!(decode(&encode(&shop)), shop);
        // As it was stored before ends were kept.
        let before = "component partner 2024-06-01 2025-01-01 5\nreplaced partner 2024-06-01 3\n";
        let told = Replaced { granted_until: Some(day("2025-01-01")), ..told };
        assert_eq!(decode(before).replaced.into_values().collect::<Vec<_>>(), [told]);
        assert_eq!(month("2024-06"), Some(Month { year: 2024, month: 6 }));
        assert!(["2024-13", "2024-6", "24-06", "2024-06-01", ""].into_iter().all(|t| month(t).is_none()));
    }
}
