//! Instants and civil dates. Both are inputs; nothing here reads a clock.

use std::{fmt, str::FromStr};

pub use jiff::civil::Date;
use jiff::{civil, tz::TimeZone};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// One second in the unit of [`Timestamp`].
pub const SECOND: i64 = 1_000_000;
/// One minute in the unit of [`Timestamp`].
pub const MINUTE: i64 = 60 * SECOND;
/// One hour in the unit of [`Timestamp`].
pub const HOUR: i64 = 60 * MINUTE;
/// One day of 24 hours in the unit of [`Timestamp`].
pub const DAY: i64 = 24 * HOUR;

/// Instants outside 2000-01-01…2199-12-31 are refused at the edge: they are typing errors, not dates.
pub const MIN_INSTANT: Timestamp = Timestamp(946_684_800 * SECOND);
/// See [`MIN_INSTANT`].
pub const MAX_INSTANT: Timestamp = Timestamp(7_258_118_399 * SECOND);

impl Timestamp {
    /// This instant moved by `micros`, saturating.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.jiff(), f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not an acceptable instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an instant: write RFC 3339 with an offset, like 2026-03-01T09:30:00+08:00, between 2000 and 2199"
)]
pub struct TimestampError;

impl FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let at = text.parse::<jiff::Timestamp>().map_err(|_| TimestampError)?;
        let at = Self(at.as_microsecond());
        if at < MIN_INSTANT || at > MAX_INSTANT {
            return Err(TimestampError);
        }
        Ok(at)
    }
}

/// A civil month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Calendar year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    /// The month before.
    #[must_use]
    pub const fn before(self) -> Self {
        if self.month <= 1 {
            Self { year: self.year - 1, month: 12 }
        } else {
            Self { year: self.year, month: self.month - 1 }
        }
    }

    /// The month after.
    #[must_use]
    pub const fn after(self) -> Self {
        if self.month >= 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }

    /// The month so many months later; earlier for a negative number.
    #[must_use]
    pub fn plus(self, months: i64) -> Self {
        let number = self.number() + months;
        let year = i16::try_from(number.div_euclid(12)).unwrap_or(i16::MAX);
        Self { year, month: i8::try_from(number.rem_euclid(12)).unwrap_or(0) + 1 }
    }

    /// Months since year 0: differences of it count months.
    pub const fn number(self) -> i64 {
        self.year as i64 * 12 + self.month as i64 - 1
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date::ZERO)
    }
}

impl fmt::Display for Month {
    /// `2026-03`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A text that is not a civil month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a month: write the year and the month, like 2026-03, between 2000 and 2199")]
pub struct MonthError;

impl FromStr for Month {
    type Err = MonthError;
    fn from_str(text: &str) -> Result<Self, MonthError> {
        let plain = text.len() == 7 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let (year, month) = text.split_once('-').filter(|_| plain).ok_or(MonthError)?;
        let year: i16 = year.parse().map_err(|_| MonthError)?;
        let month: i8 = month.parse().map_err(|_| MonthError)?;
        let known = (2000..=2199).contains(&year) && (1..=12).contains(&month);
        if known { Ok(Self { year, month }) } else { Err(MonthError) }
    }
}

/// The business zone: where dates are read off instants. Asia/Shanghai unless configured.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// By IANA name.
    ///
    /// # Errors
    /// The name, when the time-zone database does not know it.
    pub fn named(name: &str) -> Result<Self, String> {
        TimeZone::get(name).map(Self).map_err(|_| name.to_owned())
    }

    /// The default business zone. China has had no daylight saving since 1991, so the fixed offset is exact.
    pub fn shanghai() -> Self {
        TimeZone::get("Asia/Shanghai").map_or_else(|_| Self(TimeZone::fixed(jiff::tz::offset(8))), Self)
    }

    /// IANA name, or the offset where the zone has none.
    pub fn name(&self) -> String {
        match self.0.iana_name() {
            Some(name) => name.to_owned(),
            None => "+08:00".to_owned(),
        }
    }

    /// Civil date of an instant.
    pub fn date(&self, at: Timestamp) -> Date {
        self.0.to_datetime(at.jiff()).date()
    }

    /// Civil date and time of an instant.
    pub fn datetime(&self, at: Timestamp) -> civil::DateTime {
        self.0.to_datetime(at.jiff())
    }

    /// RFC 3339 with the offset of this zone, to the second.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let offset = self.0.to_offset(at.jiff());
        let seconds = offset.seconds();
        let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
        let sign = if seconds < 0 { '-' } else { '+' };
        format!("{}{sign}{hours:02}:{minutes:02}", self.datetime(at).strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// First instant of a civil date.
    pub fn start_of(&self, date: Date) -> Timestamp {
        self.at(date, 0, 0)
    }

    /// Instant of a civil date at `hour:minute`; out-of-range parts are read as midnight.
    pub fn at(&self, date: Date, hour: i8, minute: i8) -> Timestamp {
        let time = civil::Time::new(hour, minute, 0, 0).unwrap_or(civil::Time::midnight());
        let zoned = self.0.to_ambiguous_zoned(date.to_datetime(time)).compatible();
        Timestamp(zoned.map_or(0, |z| z.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_business_zone() {
        let zone = Zone::shanghai();
        let at: Timestamp = "2026-02-14T16:00:00Z".parse().unwrap();
        assert_eq!(zone.date(at).to_string(), "2026-02-15");
        assert_eq!(zone.start_of(zone.date(at)), at);
        assert_eq!(at.to_string(), "2026-02-14T16:00:00Z");
    }

    #[test]
    fn months_follow_each_other_and_are_read_strictly() {
        let december: Month = "2025-12".parse().unwrap();
        assert_eq!(december.after().to_string(), "2026-01");
        assert_eq!(december.after().before(), december);
        assert_eq!(december.after().first_day().to_string(), "2026-01-01");
        for text in ["", "2025", "2025-13", "2025-00", "1999-12", "2025-1", "+025-01", "2025-012", "20251-1"]
        {
            assert_eq!(text.parse::<Month>(), Err(MonthError), "{text}");
        }
    }

    #[test]
    fn nonsense_instants_are_refused() {
        for text in ["", "2026-02-14", "2026-02-14T16:00:00", "1999-01-01T00:00:00Z", "2200-01-01T00:00:00Z"]
        {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
    }
}
