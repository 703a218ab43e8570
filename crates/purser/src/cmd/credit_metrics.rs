//! What a platform would report about shops month by month, derived from the rows of their orders: orders by the
//! month of their authorisation, turnover and returns by what was shipped and taken back in the month, the rating by
//! the reviews that became known in it (C4, C6–C8).

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::{
    credit::{Dsr, MonthFacts},
    money::{Rate, Rounding, divide},
    time::{DAY, Date, Month, Timestamp, Zone},
};

use super::credit_csv::CreditLine;

/// Days that the current return rate looks back (C6).
const RETURN_DAYS: i64 = 30;

/// Counts of one shop and month.
#[derive(Default)]
struct Counts {
    orders: u32,
    shipped: u32,
    returned: u32,
    turnover_minor: i64,
    scores: i64,
    reviews: i64,
}

/// Everything that is derived of one shop.
#[derive(Default)]
struct OfShop {
    months: BTreeMap<Month, Counts>,
    shipped_on: Vec<Date>,
    returned_on: Vec<Date>,
}

/// Metrics of all shops of a file, by the platform's own id.
pub(super) struct Metrics {
    shops: BTreeMap<String, OfShop>,
    zone: Zone,
}

impl Metrics {
    pub(super) fn of(lines: &[CreditLine], zone: &Zone) -> Self {
        let mut shops: BTreeMap<String, OfShop> = BTreeMap::new();
        for line in lines {
            let shop = shops.entry(line.merchant_id.clone()).or_default();
            shop.count(line, &|at| zone.date(at));
        }
        Self { shops, zone: zone.clone() }
    }

    /// The shops, in order.
    pub(super) fn shops(&self) -> BTreeSet<&str> {
        self.shops.keys().map(String::as_str).collect()
    }

    /// A shop's full months from its opening to the last one before `first`, the first day of a month. A month
    /// without trade counts as well: leaving it out would make the others look like more.
    pub(super) fn months(&self, shop: &str, opened_on: Date, first: Date) -> Vec<(Month, MonthFacts)> {
        let opening = Month::of(opened_on);
        let begin = if opened_on.day() == 1 { opening } else { opening.after() };
        let count = (Month::of(first).number() - begin.number()).max(0);
        (0..count).map(|n| begin.plus(n)).map(|month| (month, self.month(shop, month))).collect()
    }

    fn month(&self, shop: &str, month: Month) -> MonthFacts {
        let empty = Counts::default();
        let counts = self.shops.get(shop).and_then(|shop| shop.months.get(&month)).unwrap_or(&empty);
        MonthFacts {
            orders: counts.orders,
            turnover_minor: counts.turnover_minor,
            return_rate: share(counts.returned.into(), counts.shipped.into()),
            dsr: counts.rating(),
        }
    }

    /// Return rate of the days before `first`.
    pub(super) fn return_rate(&self, shop: &str, first: Date) -> Rate {
        let noon = self.zone.at(first, 12, 0);
        let begin = self.zone.date(noon.plus(-RETURN_DAYS * DAY));
        let within = |days: &[Date]| days.iter().filter(|day| (begin..first).contains(*day)).count();
        self.shops.get(shop).map_or(Rate::ZERO, |shop| {
            let count = |days: &[Date]| i64::try_from(within(days)).unwrap_or(i64::MAX);
            share(count(&shop.returned_on), count(&shop.shipped_on))
        })
    }
}

impl Counts {
    /// One score stands for the three parts of the rating: the file has no more.
    fn rating(&self) -> Option<Dsr> {
        let mean = divide(i128::from(self.scores) * 100, i128::from(self.reviews), Rounding::Down).ok()?;
        let part = u16::try_from(mean).ok().filter(|_| self.reviews > 0)?;
        Some(Dsr { description: part, service: part, logistics: part })
    }
}

impl OfShop {
    fn count(&mut self, line: &CreditLine, date: &dyn Fn(Timestamp) -> Date) {
        self.in_month(date(line.authorised_at)).orders += 1;
        if let Some(at) = line.shipped_at {
            let counts = self.in_month(date(at));
            counts.shipped += 1;
            counts.turnover_minor = counts.turnover_minor.saturating_add(line.amount_minor);
            self.shipped_on.push(date(at));
        }
        if let Some(at) = line.refunded_at() {
            self.in_month(date(at)).returned += 1;
            self.returned_on.push(date(at));
        }
        if let Some((score, at)) = line.score {
            let counts = self.in_month(date(at));
            counts.scores += i64::from(score);
            counts.reviews += 1;
        }
    }

    fn in_month(&mut self, day: Date) -> &mut Counts {
        self.months.entry(Month::of(day)).or_default()
    }
}

/// Returned of shipped, at most all; what comes back of an earlier month's goods counts in its own.
fn share(returned: i64, shipped: i64) -> Rate {
    if returned == 0 {
        return Rate::ZERO;
    }
    let ppm = i128::from(returned) * i128::from(Rate::ONE.as_ppm());
    let rate = divide(ppm, i128::from(shipped), Rounding::Down).map_or(Rate::ONE, Rate::ppm);
    rate.min(Rate::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::credit_csv::read;

    #[test]
    fn months_are_full_ones_and_reviews_count_when_they_are_known() {
        let text = "order_id,merchant_id,amount_minor,authorised_at,shipped_at,paid_at,cancelled_at,score,scored_at\n\
            a,s,100,2026-01-20T10:00:00+08:00,2026-02-01T10:00:00+08:00,2026-02-20T10:00:00+08:00,,5,2026-03-01T10:00:00+08:00\n\
            b,s,200,2026-02-02T10:00:00+08:00,2026-02-03T10:00:00+08:00,2026-02-20T10:00:00+08:00,,4,2026-03-31T23:59:00+08:00\n\
            c,s,300,2026-02-02T10:00:00+08:00,2026-02-27T10:00:00+08:00,,2026-03-03T10:00:00+08:00,,\n\
            d,s,400,2026-02-28T10:00:00+08:00,,,,,\n";
        let lines = read(text.as_bytes()).unwrap();
        let metrics = Metrics::of(&lines, &Zone::shanghai());
        let day = |text: &str| text.parse::<Date>().unwrap();
        let months = metrics.months("s", day("2026-01-02"), day("2026-04-01"));
        let shown: Vec<String> = months
            .iter()
            .map(|(month, m)| {
                let dsr = m.dsr.map_or(0, |dsr| dsr.service);
                format!("{month} {} {} {} {dsr}", m.orders, m.turnover_minor, m.return_rate.as_ppm())
            })
            .collect();
        assert_eq!(shown, ["2026-02 3 600 0 0", "2026-03 0 0 1000000 450"]);
        assert_eq!(metrics.months("s", day("2026-02-01"), day("2026-03-01")).len(), 1);
        assert_eq!(metrics.months("s", day("2026-03-02"), day("2026-03-01")).len(), 0);
        assert_eq!(metrics.return_rate("s", day("2026-03-20")).as_ppm(), 1_000_000);
        assert_eq!(metrics.return_rate("s", day("2026-03-04")).as_ppm(), 500_000);
        assert_eq!(metrics.return_rate("nobody", day("2026-03-20")), Rate::ZERO);
        assert_eq!(metrics.shops().into_iter().collect::<Vec<_>>(), ["s"]);
    }
}
