//! Values of policy entries, and the shape that each key gives its value.

use std::fmt;

use crate::money::decimal;

/// The unit that a whole number is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Parts per million: 5 % is 50,000.
    Ppm,
    /// Minor units of the currency: 0.10 yuan is 10.
    Minor,
    /// A plain count.
    Count,
    /// Calendar or working days, as the key's text says.
    Days,
    /// Hours of 60 minutes.
    Hours,
    /// Minutes of 60 seconds.
    Minutes,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// What to write, for messages.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Ppm => "a rate in parts per million (5 % is 50000)",
            Self::Minor => "an amount in minor units (0.10 yuan is 10)",
            Self::Count => "a count",
            Self::Days => "a number of days",
            Self::Hours => "a number of hours",
            Self::Minutes => "a number of minutes",
            Self::Seconds => "a number of seconds",
        }
    }

    /// A number of this unit as people read it: `5 %`, `499999.00`, `72 hours`.
    pub fn show(self, number: i64) -> String {
        let plural = |unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
        match self {
            Self::Ppm => {
                let (whole, rest) = (number / 10_000, (number % 10_000).abs());
                let fraction = format!("{rest:04}");
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                format!("{whole}{point}{fraction} %")
            }
            Self::Minor => decimal(number),
            Self::Count => number.to_string(),
            Self::Days => plural("day"),
            Self::Hours => plural("hour"),
            Self::Minutes => plural("minute"),
            Self::Seconds => plural("second"),
        }
    }
}

/// A column of a tabled value. The last column is the value, the ones before it name the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Field name in the pack.
    pub name: &'static str,
    /// What stands in it.
    pub cell: Cell,
}

/// What a column of a tabled value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// A lower-case name such as `script_uploaded`.
    Slug,
    /// One of these names.
    OneOf(&'static [&'static str]),
    /// A number within bounds, both included.
    Number {
        /// Its unit.
        unit: Unit,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
}

/// What the value of a key must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A whole number within bounds, both included.
    Number {
        /// Its unit.
        unit: Unit,
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// One of these names.
    Choice(&'static [&'static str]),
    /// `"HH:MM"`.
    Time,
    /// `"HH:MM"`, or `"none"`.
    CutOff,
    /// `"HH:MM..HH:MM"`, start included, end not, over midnight if the end is earlier; or `"none"`.
    Window,
    /// A list of waits in seconds, at most `longest` of them, each at most `max`.
    Schedule {
        /// Most waits allowed.
        longest: usize,
        /// Longest wait allowed, in seconds.
        max: i64,
    },
    /// A list of texts of digits, without repetition.
    Digits,
    /// Rows with these columns, no two with the same name columns.
    Table(&'static [Column]),
}

impl Shape {
    /// What to write as the value, in words, with the bounds.
    pub fn describe(&self) -> String {
        match self {
            Self::Number { unit, min, max } => format!("{} from {min} to {max}", unit.describe()),
            Self::Flag => "true or false".to_owned(),
            Self::Choice(names) => format!("one of {}", quoted(names)),
            Self::Time => "a time of day, like \"09:00\"".to_owned(),
            Self::CutOff => "a time of day, like \"16:00\", or \"none\"".to_owned(),
            Self::Window => "a window of the day, like \"23:00..03:00\", or \"none\"".to_owned(),
            Self::Schedule { longest, max } => {
                format!("a list of at most {longest} waits in seconds, each from 0 to {max}")
            }
            Self::Digits => "a list of texts of digits, like [\"170\"]".to_owned(),
            Self::Table(columns) => {
                let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
                format!("a list of rows, each with {}", names.join(", "))
            }
        }
    }

    /// A value as people read it.
    pub fn show(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Number { unit, .. }, Value::Number(number)) => unit.show(*number),
            (Self::Table(columns), Value::Table(table)) => table.show(columns),
            (_, value) => value.to_string(),
        }
    }
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}

/// A time of day to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    /// 0–23.
    pub hour: i8,
    /// 0–59.
    pub minute: i8,
}

impl TimeOfDay {
    /// Reads `HH:MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(hour) || !digits(minute) {
            return None;
        }
        let time = Self { hour: hour.parse().ok()?, minute: minute.parse().ok()? };
        (time.hour < 24 && time.minute < 60).then_some(time)
    }

    /// As the pair that [`crate::calendar::Calendar::due`] takes for a cut-off.
    pub const fn pair(self) -> (i8, i8) {
        (self.hour, self.minute)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// A window of the day, start included and end not (C14). It goes over midnight when the end is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayWindow {
    /// First minute inside.
    pub from: TimeOfDay,
    /// First minute outside again.
    pub until: TimeOfDay,
}

impl DayWindow {
    /// Reads `HH:MM..HH:MM`; the ends must differ.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once("..")?;
        let window = Self { from: TimeOfDay::parse(from)?, until: TimeOfDay::parse(until)? };
        (window.from != window.until).then_some(window)
    }

    /// True when a local time is inside.
    pub fn contains(self, time: TimeOfDay) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

impl fmt::Display for DayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.until)
    }
}

/// Rows of a tabled value: names that identify the row, and its number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    rows: Vec<(Vec<String>, i64)>,
}

impl Table {
    pub(super) fn new(rows: Vec<(Vec<String>, i64)>) -> Self {
        Self { rows }
    }

    /// The number of the row with these names; `None` when the table does not list it.
    pub fn value(&self, names: &[&str]) -> Option<i64> {
        self.rows.iter().find(|(row, _)| row == names).map(|(_, value)| *value)
    }

    /// Every row, in the order of the pack.
    pub fn rows(&self) -> impl Iterator<Item = (&[String], i64)> {
        self.rows.iter().map(|(names, value)| (names.as_slice(), *value))
    }

    fn show(&self, columns: &[Column]) -> String {
        let unit = columns.last().map_or(Unit::Count, |column| match column.cell {
            Cell::Number { unit, .. } => unit,
            Cell::Slug | Cell::OneOf(_) => Unit::Count,
        });
        let rows: Vec<String> =
            self.rows().map(|(names, value)| format!("{} {}", names.join("/"), unit.show(value))).collect();
        format!("[{}]", rows.join(", "))
    }
}

/// A checked value of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number in the unit of its key.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// One of the key's names.
    Choice(&'static str),
    /// A time of day.
    Time(TimeOfDay),
    /// A time of day, or none.
    CutOff(Option<TimeOfDay>),
    /// A window of the day, or none.
    Window(Option<DayWindow>),
    /// Waits in seconds.
    Schedule(Vec<i64>),
    /// Texts of digits.
    Digits(Vec<String>),
    /// Rows.
    Table(Table),
}

impl fmt::Display for Value {
    /// Plain form without a unit; [`Shape::show`] adds it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => f.write_str(if *flag { "on" } else { "off" }),
            Self::Choice(name) => f.write_str(name),
            Self::Time(time) | Self::CutOff(Some(time)) => write!(f, "{time}"),
            Self::Window(Some(window)) => write!(f, "{window}"),
            Self::CutOff(None) | Self::Window(None) => f.write_str("none"),
            Self::Schedule(waits) => {
                let waits: Vec<String> = waits.iter().map(i64::to_string).collect();
                write!(f, "[{}] seconds", waits.join(", "))
            }
            Self::Digits(texts) => write!(f, "[{}]", texts.join(", ")),
            Self::Table(table) => f.write_str(&table.show(&[])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_over_midnight_are_half_open_c14() {
        let window = DayWindow::parse("23:00..03:00").unwrap();
        let inside = |text: &str| window.contains(TimeOfDay::parse(text).unwrap());
        assert_eq!(
            ["22:59", "23:00", "00:00", "02:59", "03:00", "12:00"].map(inside),
            [false, true, true, true, false, false]
        );
        let noon = DayWindow::parse("11:30..13:00").unwrap();
        assert!(noon.contains(TimeOfDay { hour: 11, minute: 30 }));
        assert!(!noon.contains(TimeOfDay { hour: 13, minute: 0 }));
        for bad in
            ["", "23:00", "23:00..23:00", "24:00..03:00", "1:00..03:00", "23:60..03:00", "-1:00..03:00"]
        {
            assert_eq!(DayWindow::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rates_read_as_percent() {
        let shown = [50_000, 0, 6_000, 1, 1_000_000, 125_000].map(|ppm| Unit::Ppm.show(ppm));
        assert_eq!(shown, ["5 %", "0 %", "0.6 %", "0.0001 %", "100 %", "12.5 %"]);
    }
}
