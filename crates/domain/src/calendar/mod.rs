//! Working days (spec P5): weeks, public holidays and the weekend days worked instead of them.
//!
//! Holidays are announced year by year, in October or November of the year before. What is not announced is not
//! guessed: a question that touches an unknown year answers [`CalendarMissing`] with that year, and the caller
//! stores its promise as open. Years 2024–2026 are built in; more come by import, see [`CalendarYear::parse`].
//!
//! A notice can move days of the last week of the year before it (it did so for the first days of 2019). Import
//! that older year again with the moved days: an import replaces the year.

mod builtin;
mod parse;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Weekday;

pub use crate::document::Issue as CalendarIssue;
use crate::time::{Date, Timestamp, Zone};
use builtin::ANNOUNCED;

/// The working days of this year are not known (P5, code `calendar_missing`). Import the year, or let staff decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("the working days of {year} are not known: import the year's calendar")]
pub struct CalendarMissing {
    /// First year that the answer would have needed.
    pub year: i16,
}

/// What a day is, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// Monday to Friday, nothing announced.
    Working,
    /// Saturday or Sunday, worked in exchange for a day off (调休上班).
    MakeUp,
    /// Saturday or Sunday, nothing announced.
    Weekend,
    /// Announced as a day off, on whatever day of the week (放假).
    Holiday,
}

impl DayKind {
    /// True for [`DayKind::Working`] and [`DayKind::MakeUp`].
    pub const fn is_working(self) -> bool {
        matches!(self, Self::Working | Self::MakeUp)
    }

    /// The name that listings use: `working`, `make_up`, `weekend`, `holiday`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::MakeUp => "make_up",
            Self::Weekend => "weekend",
            Self::Holiday => "holiday",
        }
    }
}

/// The announced exceptions of one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarYear {
    year: i16,
    off: BTreeSet<Date>,
    make_up: BTreeSet<Date>,
    source: String,
}

impl CalendarYear {
    /// Reads a year from TOML:
    ///
    /// ```toml
    /// year = 2027
    /// source = "State Council notice of …"
    /// off = ["2027-01-01", "2027-02-05..2027-02-11"] # days, or runs with both ends included
    /// make_up = ["2027-02-14"]                       # weekend days that are worked; may be left out
    /// ```
    ///
    /// # Errors
    /// Every issue of the text with its line: fields unknown or missing, days of another year, days listed twice
    /// or as both, make-up days that are no weekend days.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<CalendarIssue>> {
        parse::parse(file_name, text)
    }

    /// Which year.
    pub const fn year(&self) -> i16 {
        self.year
    }

    /// Which notice announced it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Announced days off, in order; weekend days inside a holiday included.
    pub fn off(&self) -> impl Iterator<Item = Date> + '_ {
        self.off.iter().copied()
    }

    /// Announced make-up work days, in order.
    pub fn make_up(&self) -> impl Iterator<Item = Date> + '_ {
        self.make_up.iter().copied()
    }

    fn kind(&self, date: Date) -> DayKind {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        if self.make_up.contains(&date) {
            DayKind::MakeUp
        } else if self.off.contains(&date) {
            DayKind::Holiday
        } else if weekend {
            DayKind::Weekend
        } else {
            DayKind::Working
        }
    }
}

/// The years that are known. Always holds the built-in ones; an import adds a year or replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i16, CalendarYear>,
}

impl Calendar {
    /// Years 2024–2026.
    pub fn builtin() -> Self {
        let day = jiff::Span::new().days(1);
        let years = ANNOUNCED.iter().map(|announced| CalendarYear {
            year: announced.year,
            off: announced
                .off
                .iter()
                .flat_map(|(first, last)| first.series(day).take_while(|date| *date <= *last))
                .collect(),
            make_up: announced.make_up.iter().copied().collect(),
            source: announced.source.to_owned(),
        });
        Self { years: years.map(|year| (year.year, year)).collect() }
    }

    /// This calendar with a year added, or replaced if it was known.
    #[must_use]
    pub fn with(mut self, year: CalendarYear) -> Self {
        self.years.insert(year.year, year);
        self
    }

    /// The known years, in order.
    pub fn years(&self) -> impl Iterator<Item = &CalendarYear> {
        self.years.values()
    }

    /// What a day is.
    ///
    /// # Errors
    /// [`CalendarMissing`] when its year is not known.
    pub fn kind(&self, date: Date) -> Result<DayKind, CalendarMissing> {
        let year = self.years.get(&date.year()).ok_or(CalendarMissing { year: date.year() })?;
        Ok(year.kind(date))
    }

    /// True for a day on which banks and offices work, make-up days included.
    ///
    /// # Errors
    /// [`CalendarMissing`] when its year is not known.
    pub fn is_working_day(&self, date: Date) -> Result<bool, CalendarMissing> {
        self.kind(date).map(DayKind::is_working)
    }

    /// T+n (spec M): the n-th working day strictly after `date`; Friday, Saturday and Sunday + 1 are Monday.
    /// T+0 is `date` itself, working or not, and needs no calendar.
    ///
    /// # Errors
    /// [`CalendarMissing`] when the count runs into a year that is not known.
    pub fn add_working_days(&self, date: Date, n: u32) -> Result<Date, CalendarMissing> {
        let (mut day, mut left) = (date, n);
        while left > 0 {
            day = day.tomorrow().map_err(|_| CalendarMissing { year: date.year() })?;
            if self.is_working_day(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// The date on which something promised for T+n at an instant is due (spec M).
    ///
    /// The count starts from the instant's civil date in `zone`; at or after `cut_off` (hour, minute) from the
    /// next civil date. The default policy has no cut-off.
    ///
    /// # Errors
    /// [`CalendarMissing`] when the count runs into a year that is not known.
    pub fn due(
        &self,
        at: Timestamp,
        zone: &Zone,
        n: u32,
        cut_off: Option<(i8, i8)>,
    ) -> Result<Date, CalendarMissing> {
        let local = zone.datetime(at);
        let date = local.date();
        let late = cut_off.is_some_and(|cut_off| (local.hour(), local.minute()) >= cut_off);
        let from =
            if late { date.tomorrow().map_err(|_| CalendarMissing { year: date.year() })? } else { date };
        self.add_working_days(from, n)
    }

    /// Last day that is known without a gap since the first built-in year.
    pub fn known_until(&self) -> Date {
        let first = ANNOUNCED.first().map_or(0, |announced| announced.year);
        let run = (first..i16::MAX).take_while(|year| self.years.contains_key(year));
        let last = run.last().unwrap_or(first);
        Date::new(last, 12, 31).unwrap_or(Date::MAX)
    }

    /// The years between `today` and `days` later, both included, that are not known: readiness warns of them
    /// 60 days ahead (P5).
    pub fn missing_within(&self, today: Date, days: u32) -> Vec<i16> {
        let until = today.saturating_add(jiff::Span::new().days(i64::from(days.min(3_660))));
        (today.year()..=until.year()).filter(|year| !self.years.contains_key(year)).collect()
    }

    /// Every day of a month with its kind.
    ///
    /// # Errors
    /// [`CalendarMissing`] when the year is not known. A month outside 1–12 has no days.
    pub fn month(&self, year: i16, month: i8) -> Result<Vec<(Date, DayKind)>, CalendarMissing> {
        let known = self.years.get(&year).ok_or(CalendarMissing { year })?;
        let Ok(first) = Date::new(year, month, 1) else { return Ok(Vec::new()) };
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| day.month() == month);
        Ok(days.map(|day| (day, known.kind(day))).collect())
    }

    /// Working days of each month of a year, January first.
    ///
    /// # Errors
    /// [`CalendarMissing`] when the year is not known.
    pub fn working_days_by_month(&self, year: i16) -> Result<[u32; 12], CalendarMissing> {
        let mut counts = [0; 12];
        for (count, month) in counts.iter_mut().zip(1..) {
            let days = self.month(year, month)?;
            *count = days.iter().map(|(_, kind)| u32::from(kind.is_working())).sum();
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_builtin_day_agrees_with_a_second_source() {
        let calendar = Calendar::builtin();
        let mut days = 0;
        for year in 2024..=2026 {
            for month in 1..=12 {
                for (date, kind) in calendar.month(year, month).unwrap() {
                    days += 1;
                    if date > jiff::civil::date(2026, 12, 25) {
                        // The other source ends here; what follows is an ordinary week.
                        assert!(matches!(kind, DayKind::Working | DayKind::Weekend), "{date}");
                        continue;
                    }
                    let (y, m, d) = (date.year(), date.month(), date.day());
                    let ymd = (y.cast_unsigned(), m.cast_unsigned(), d.cast_unsigned());
                    let theirs = chinese_holiday::chinese_holiday(ymd).is_workday();
                    assert_eq!(kind.is_working(), theirs, "{date}");
                }
            }
        }
        assert_eq!(days, 366 + 365 + 365);
    }

    #[test]
    fn working_days_of_the_year_match_the_announced_counts() {
        let calendar = Calendar::builtin();
        for (year, count) in [(2024, 251), (2025, 248), (2026, 248)] {
            assert_eq!(calendar.working_days_by_month(year).unwrap().iter().sum::<u32>(), count, "{year}");
        }
        let months = [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23];
        assert_eq!(calendar.working_days_by_month(2026), Ok(months));
        assert_eq!(calendar.working_days_by_month(2027), Err(CalendarMissing { year: 2027 }));
    }

    #[test]
    fn an_import_extends_what_is_known_but_not_across_a_gap() {
        let year = |n: i16| {
            let text = format!("year = {n}\nsource = \"test\"\noff = [\"{n}-01-01\"]\n");
            CalendarYear::parse("test.toml", &text).unwrap()
        };
        let calendar = Calendar::builtin();
        assert_eq!(calendar.known_until().to_string(), "2026-12-31");
        let gap = calendar.clone().with(year(2028));
        assert_eq!(gap.known_until().to_string(), "2026-12-31");
        assert_eq!(gap.missing_within("2026-12-01".parse().unwrap(), 800), [2027, 2029]);
        let full = gap.with(year(2027));
        assert_eq!(full.known_until().to_string(), "2028-12-31");
        assert_eq!(
            full.add_working_days("2026-12-31".parse().unwrap(), 1),
            Ok("2027-01-04".parse().unwrap())
        );
    }

    #[test]
    fn the_warning_comes_sixty_days_ahead() {
        let calendar = Calendar::builtin();
        assert_eq!(calendar.missing_within("2026-11-01".parse().unwrap(), 60), [0i16; 0]);
        assert_eq!(calendar.missing_within("2026-11-02".parse().unwrap(), 60), [2027]);
    }

    proptest! {
        #[test]
        fn adding_working_days_lands_on_one_and_adds_up(offset in 0i64..900, a in 0u32..20, b in 1u32..20) {
            let calendar = Calendar::builtin();
            let start = "2024-01-01".parse::<Date>().unwrap().saturating_add(jiff::Span::new().days(offset));
            let direct = calendar.add_working_days(start, a + b).unwrap();
            prop_assert!(direct > start);
            prop_assert_eq!(calendar.is_working_day(direct), Ok(true));
            let between = calendar.add_working_days(start, a).unwrap();
            prop_assert_eq!(calendar.add_working_days(between, b), Ok(direct));
        }
    }
}
