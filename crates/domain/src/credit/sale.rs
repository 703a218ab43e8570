//! The sales of the platform (C5): windows that come again every year, by policy.

use super::shop::Promotion;
use crate::money::Rate;
use crate::time::Date;

/// Policy of sales (P4), as it stands at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleTerms {
    /// Each sale: name, first day of the year as month × 100 + day, and days it lasts.
    pub windows: Vec<(String, u32, u32)>,
    /// Boost of an application that is granted as it is, of the capped value: 30 %.
    pub boost: Rate,
    /// Largest boost that staff may grant: 50 %.
    pub most: Rate,
    /// Days ahead on which merchants are reminded: 30.
    pub remind_days: u32,
}

/// A sale of one year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sale {
    /// First civil date.
    pub from: Date,
    /// First civil date after it.
    pub until: Date,
    /// Name, as policy writes it: `double_11`.
    pub name: String,
}

impl Sale {
    /// The boost for it.
    pub const fn promotion(&self, rate: Rate) -> Promotion {
        Promotion { from: self.from, until: self.until, rate }
    }

    /// Name that is unique over the years: `double_11 2026`.
    pub fn key(&self) -> String {
        format!("{} {}", self.name, self.from.year())
    }

    /// Whether a boost that was granted lies in these dates, in part or as a whole.
    pub fn overlaps(&self, promotions: &[Promotion]) -> bool {
        promotions.iter().any(|p| p.from < self.until && self.from < p.until)
    }
}

impl SaleTerms {
    /// Sales that are running or yet to come on a civil date, the next first: of this year and the next.
    pub fn ahead(&self, on: Date) -> Vec<Sale> {
        let years = [on.year().saturating_sub(1), on.year(), on.year().saturating_add(1)];
        let mut sales: Vec<Sale> = years
            .into_iter()
            .flat_map(|year| self.windows.iter().filter_map(move |row| in_year(row, year)))
            .filter(|sale| sale.until > on)
            .collect();
        sales.sort();
        sales
    }

    /// The next sale of a name.
    pub fn next(&self, name: &str, on: Date) -> Option<Sale> {
        self.ahead(on).into_iter().find(|sale| sale.name == name)
    }

    /// Civil date from which merchants are reminded of a sale that begins on `from`.
    pub fn announced_on(&self, from: Date) -> Date {
        from.saturating_sub(jiff::Span::new().days(i64::from(self.remind_days)))
    }

    /// Sales of which merchants are to be reminded on a civil date: they have not begun, and begin soon.
    pub fn to_announce(&self, on: Date) -> Vec<Sale> {
        let is_soon = |sale: &Sale| self.announced_on(sale.from) <= on && on < sale.from;
        self.ahead(on).into_iter().filter(is_soon).collect()
    }
}

/// A sale in a year; `None` where the year has no such day.
fn in_year((name, from, days): &(String, u32, u32), year: i16) -> Option<Sale> {
    let (month, day) = (i8::try_from(from / 100).ok()?, i8::try_from(from % 100).ok()?);
    let from = Date::new(year, month, day).ok()?;
    let until = from.checked_add(jiff::Span::new().days(i64::from(*days))).ok()?;
    Some(Sale { from, until, name: name.clone() })
}
