//! When a campaign delivers, and at which part of its bids (A7, A9).
//!
//! A schedule is a week of windows in the business zone. Outside every window nothing is delivered; inside one, bids
//! count at its factor. A schedule without windows delivers always, at the bids themselves.

use std::fmt::Write as _;

use jiff::civil::DateTime;

use crate::{money::Rate, time::Date};

/// Minutes of a day: the largest end of a window.
pub const DAY_MINUTES: u16 = 24 * 60;

/// Most windows of a schedule: every half hour of a week.
pub const WINDOWS_MAX: usize = 7 * 48;

/// A part of one day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// Day of the week: 1 is Monday, 7 is Sunday.
    pub day: i8,
    /// First minute of the day.
    pub from: u16,
    /// First minute after it: 1,440 is midnight.
    pub until: u16,
    /// Bids count at this part.
    pub factor: Rate,
}

/// Policy of schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorTerms {
    /// Smallest factor.
    pub least: Rate,
    /// Largest factor.
    pub most: Rate,
}

/// Why windows are no schedule; the number is the place of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// More windows than a week has half hours.
    TooMany,
    /// Not a day of the week, or it does not end after it begins.
    Window(usize),
    /// A factor out of bounds.
    Factor(usize),
    /// It overlaps an earlier window of the same day.
    Overlap(usize),
}

/// A week of windows, in order, none overlapping another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule(Vec<Window>);

impl Schedule {
    /// Of windows in any order.
    ///
    /// # Errors
    /// [`Wrong`]: what is wrong first, in the order of the enum.
    pub fn of(windows: &[Window], terms: FactorTerms) -> Result<Self, Wrong> {
        if windows.len() > WINDOWS_MAX {
            return Err(Wrong::TooMany);
        }
        let shaped = |w: &Window| (1..=7).contains(&w.day) && w.from < w.until && w.until <= DAY_MINUTES;
        if let Some(at) = windows.iter().position(|window| !shaped(window)) {
            return Err(Wrong::Window(at));
        }
        let bounded = |w: &Window| (terms.least..=terms.most).contains(&w.factor);
        if let Some(at) = windows.iter().position(|window| !bounded(window)) {
            return Err(Wrong::Factor(at));
        }
        let meets = |a: &Window, b: &Window| a.day == b.day && a.from < b.until && b.from < a.until;
        for (at, window) in windows.iter().enumerate() {
            if windows.iter().take(at).any(|earlier| meets(earlier, window)) {
                return Err(Wrong::Overlap(at));
            }
        }
        let mut sorted = windows.to_vec();
        sorted.sort_unstable();
        Ok(Self(sorted))
    }

    /// The windows in order of the week.
    pub fn windows(&self) -> &[Window] {
        &self.0
    }

    /// Whether it delivers always.
    pub fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// The part at which bids count at a civil time; `None` while nothing is delivered.
    pub fn factor_at(&self, at: DateTime) -> Option<Rate> {
        if self.0.is_empty() {
            return Some(Rate::ONE);
        }
        let day = weekday(at.date());
        let minute = u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).ok()?;
        let window = self.0.iter().find(|w| w.day == day && w.from <= minute && minute < w.until)?;
        Some(window.factor)
    }

    /// The next civil date and minute from which it delivers, looking a week ahead of `at`; `None` when it does now.
    pub fn opens(&self, at: DateTime) -> Option<(Date, u16)> {
        if self.factor_at(at).is_some() {
            return None;
        }
        let now = u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).ok()?;
        let mut date = at.date();
        for step in 0..=7 {
            let day = weekday(date);
            let later = |w: &&Window| w.day == day && (step > 0 || w.from > now);
            if let Some(window) = self.0.iter().find(later) {
                return Some((date, window.from));
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// Stored form: `day,from,until,factor` in minutes and parts per million, with `;` between windows.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        for window in &self.0 {
            let sign = if out.is_empty() { "" } else { ";" };
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "{sign}{},{},{},{}",
                window.day,
                window.from,
                window.until,
                window.factor.as_ppm()
            );
        }
        out
    }

    /// From the stored form; what is no window is left out.
    pub fn decode(text: &str) -> Self {
        let window = |part: &str| {
            let mut fields = part.split(',');
            let mut next = || fields.next();
            Some(Window {
                day: next()?.parse().ok()?,
                from: next()?.parse().ok()?,
                until: next()?.parse().ok()?,
                factor: Rate::ppm(next()?.parse().ok()?),
            })
        };
        Self(text.split(';').filter_map(window).collect())
    }
}

fn weekday(date: Date) -> i8 {
    date.weekday().to_monday_one_offset()
}

/// A time of day as minutes: `08:30` is 510, `24:00` the end of the day.
pub fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let whole = hour * 60 + minute;
    (minute < 60 && whole <= DAY_MINUTES).then_some(whole)
}

/// Minutes as a time of day.
pub fn time_of_day(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
