//! Reading a CSV file of pay-later orders: every row checked before anything is imported. A row is one order with
//! everything that became of it; what happened when is its events.

use purser_domain::time::{Date, Timestamp};
use purser_engine::credit::{OrderEvent, is_order_id};

use super::csv_rows::{self, Fields, RowError};

/// A good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreditLine {
    /// Line in the file, from 1; the header is line 1.
    pub(crate) row: u64,
    pub(crate) order_id: String,
    pub(crate) merchant_id: String,
    pub(crate) amount_minor: i64,
    pub(crate) authorised_at: Timestamp,
    pub(crate) due_on: Option<Date>,
    pub(crate) shipped_at: Option<Timestamp>,
    pub(crate) paid_at: Option<Timestamp>,
    pub(crate) cancelled_at: Option<Timestamp>,
    /// The buyer's review, 1 to 5, and when it was given.
    pub(crate) score: Option<(u16, Timestamp)>,
}

const REQUIRED: [&str; 7] =
    ["order_id", "merchant_id", "amount_minor", "authorised_at", "shipped_at", "paid_at", "cancelled_at"];
const OPTIONAL: [&str; 3] = ["due_on", "score", "scored_at"];

/// Reads a whole file: all rows, or every error in it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<CreditLine>, Vec<RowError>> {
    csv_rows::read(bytes, &REQUIRED, &OPTIONAL, line, |line| ("order_id", line.order_id.clone()))
}

impl CreditLine {
    /// What happened, in order. A cancellation after shipping is a refund of everything (C11).
    pub(crate) fn events(&self) -> Vec<(Timestamp, OrderEvent)> {
        let mut events = vec![(self.authorised_at, OrderEvent::Authorised(self.amount_minor, self.due_on))];
        events.extend(self.shipped_at.map(|at| (at, OrderEvent::Shipped(None))));
        events.extend(self.paid_at.map(|at| (at, OrderEvent::Paid(self.amount_minor))));
        events.extend(self.cancelled_at.map(|at| {
            let refund = self.shipped_at.is_some();
            (at, if refund { OrderEvent::Refunded(self.amount_minor) } else { OrderEvent::Cancelled })
        }));
        events.sort_by_key(|(at, _)| *at);
        events
    }

    /// Whether it was taken back after it was shipped.
    pub(crate) fn refunded_at(&self) -> Option<Timestamp> {
        self.cancelled_at.filter(|_| self.shipped_at.is_some())
    }
}

fn line(row: u64, fields: &Fields<'_>) -> Result<CreditLine, String> {
    let needed = |name: &str| {
        let value = fields.get(name);
        if value.is_empty() { Err(format!("{name}: is empty")) } else { Ok(value.to_owned()) }
    };
    let instant = |name: &str| match fields.get(name) {
        "" => Ok(None),
        text => text.parse::<Timestamp>().map(Some).map_err(|e| format!("{name}: {e}")),
    };
    let order_id = needed("order_id")?;
    if !is_order_id(&order_id) {
        return Err("order_id: must be 1 to 64 printable characters".to_owned());
    }
    let text = fields.get("amount_minor");
    let amount_minor: i64 = text.parse().map_err(|_| {
        format!("amount_minor: `{text}` is not an integer of minor units that fits in 64 bits")
    })?;
    if amount_minor <= 0 {
        return Err(format!("amount_minor: must be above zero, is {amount_minor}"));
    }
    let due_on = match fields.get("due_on") {
        "" => None,
        text => Some(text.parse().map_err(|_| format!("due_on: `{text}` is not a date like 2026-03-01"))?),
    };
    let line = CreditLine {
        row,
        order_id,
        merchant_id: needed("merchant_id")?,
        amount_minor,
        authorised_at: instant("authorised_at")?.ok_or("authorised_at: is empty")?,
        due_on,
        shipped_at: instant("shipped_at")?,
        paid_at: instant("paid_at")?,
        cancelled_at: instant("cancelled_at")?,
        score: score(fields.get("score"), instant("scored_at")?)?,
    };
    in_order(&line)?;
    Ok(line)
}

fn score(text: &str, at: Option<Timestamp>) -> Result<Option<(u16, Timestamp)>, String> {
    match (text, at) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err("score: is empty, but scored_at is not".to_owned()),
        (_, None) => Err("scored_at: is empty, but score is not".to_owned()),
        (text, Some(at)) => {
            let score = text.parse::<u16>().ok().filter(|score| (1..=5).contains(score));
            let score = score.ok_or_else(|| format!("score: `{text}` is not a score from 1 to 5"))?;
            Ok(Some((score, at)))
        }
    }
}

/// Nothing happens before the authorisation, and goods are not shipped after the order was called off.
fn in_order(line: &CreditLine) -> Result<(), String> {
    let later = [
        ("shipped_at", line.shipped_at),
        ("paid_at", line.paid_at),
        ("cancelled_at", line.cancelled_at),
        ("scored_at", line.score.map(|(_, at)| at)),
    ];
    if let Some((name, _)) = later.iter().find(|(_, at)| at.is_some_and(|at| at < line.authorised_at)) {
        return Err(format!("{name}: lies before authorised_at"));
    }
    match (line.shipped_at, line.cancelled_at) {
        (Some(shipped), Some(cancelled)) if cancelled < shipped => {
            Err("shipped_at: lies after cancelled_at".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "order_id,merchant_id,amount_minor,authorised_at,shipped_at,paid_at,cancelled_at,score,scored_at\n";

    fn day(day: u32) -> String {
        format!("2026-01-{day:02}T12:00:00+08:00")
    }

    #[test]
    fn a_row_becomes_its_events_in_order() {
        let (a, b, c) = (day(1), day(2), day(3));
        let text = format!(
            "{HEAD}o1,s1,100,{a},{b},{c},,5,{c}\no2,s1,200,{a},{b},,{c},,\no3,s1,300,{a},,,{b},,\no4,s1,400,{a},{c},{b},,,\n"
        );
        let lines = read(text.as_bytes()).unwrap();
        let names = |line: &CreditLine| -> Vec<&str> { line.events().iter().map(|e| e.1.name()).collect() };
        assert_eq!(names(&lines[0]), ["authorised", "shipped", "paid"]);
        assert_eq!(names(&lines[1]), ["authorised", "shipped", "refunded"]);
        assert_eq!(names(&lines[2]), ["authorised", "cancelled"]);
        assert_eq!(names(&lines[3]), ["authorised", "paid", "shipped"], "paid before it was shipped");
        assert_eq!(lines[0].score, Some((5, day(3).parse().unwrap())));
        assert_eq!((lines[1].refunded_at(), lines[2].refunded_at()), (lines[1].cancelled_at, None));
    }

    #[test]
    fn every_bad_row_is_named() {
        let (a, b) = (day(2), day(3));
        let early = day(1);
        let text = format!(
            "{HEAD}o1,s1,0,{a},,,,,\no2,s1,1,,,,,,\no3,s1,1,{a},{early},,,,\no4,s1,1,{a},{b},,{a},,\n\
             o5,s1,1,{a},,,,6,{b}\no6,s1,1,{a},,,,5,\no7,s1,1,{a},soon,,,,\n,s1,1,{a},,,,,\no8,s1,1,{a},,,,,\no8,s1,1,{a},,,,,\n{},s1,1,{a},,,,,\n",
            "o".repeat(65)
        );
        let errors = read(text.as_bytes()).unwrap_err();
        let rows: Vec<u64> = errors.iter().map(|error| error.row).collect();
        assert_eq!(rows, [2, 3, 4, 5, 6, 7, 8, 9, 11, 12], "{errors:#?}");
    }
}
