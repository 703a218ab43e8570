//! Importing a year of working days (P5).

use purser_domain::calendar::{CalendarIssue, CalendarYear};

use super::epoch;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::CalendarYear as CalendarYearRow,
    tx::{Needs, Tx},
};

/// Adds a calendar year, or replaces it: a notice may move days of the year before. Promises that were stored
/// without a date because the year was unknown are dated by jobs within the next minute.
///
/// No rejections: the text was checked when the command was made.
#[derive(Debug, Clone)]
pub struct ImportCalendarYear {
    year: CalendarYear,
    text: String,
    by: String,
}

impl ImportCalendarYear {
    /// Reads the text of a year; `by` is who imports it.
    ///
    /// # Errors
    /// Every issue of the text with its line.
    pub fn parse(file_name: &str, text: &str, by: &str) -> Result<Self, Vec<CalendarIssue>> {
        let year = CalendarYear::parse(file_name, text)?;
        Ok(Self { year, text: text.to_owned(), by: by.to_owned() })
    }

    /// Which year.
    pub fn year(&self) -> i16 {
        self.year.year()
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The year.
    pub year: i16,
    /// Whether an earlier import or the built-in year was replaced.
    pub replaced: bool,
}

impl Command for ImportCalendarYear {
    type Output = Imported;

    fn name(&self) -> &'static str {
        "calendar.import"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<CalendarYearRow>(i64::from(self.year()));
        epoch::need(needs);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Imported, Rejection> {
        let year = self.year();
        let before = ctx.rules.calendar.years().find(|known| known.year() == year);
        let replaced = before.is_some();
        tx.changed("source", before.map_or("", CalendarYear::source), self.year.source());
        tx.put(CalendarYearRow {
            year: i64::from(year),
            text: self.text.clone(),
            imported_at: ctx.now,
            imported_by: self.by.clone(),
        });
        epoch::bump(tx);
        let facts = Facts::new().int("year", i64::from(year)).text("source", self.year.source());
        tx.event("calendar.year_imported", None, &year.to_string(), facts);
        Ok(Imported { year, replaced })
    }

    fn audit(&self, output: &Imported) -> (String, Facts) {
        let facts = Facts::new().text("source", self.year.source()).flag("replaced", output.replaced);
        (output.year.to_string(), facts)
    }
}
