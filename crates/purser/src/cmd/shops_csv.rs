//! Reading a CSV file of shops that sell on pay-later terms: every row checked before anything is imported.

use purser_domain::{parties::is_external_id, time::Timestamp};
use purser_engine::credit::AMOUNT_MAX;

use super::csv_rows::{self, Fields, RowError};

/// A good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShopLine {
    /// Line in the file, from 1; the header is line 1.
    pub(crate) row: u64,
    pub(crate) merchant_id: String,
    pub(crate) level: u32,
    pub(crate) opened_at: Timestamp,
    /// Component of the credit evaluation, minor units.
    pub(crate) evaluation_minor: i64,
}

const REQUIRED: [&str; 4] = ["merchant_id", "level", "opened_at", "credit_evaluation_minor"];

/// Highest shop level.
const LEVEL_MAX: u32 = 100;

/// Reads a whole file: all rows, or every error in it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<ShopLine>, Vec<RowError>> {
    csv_rows::read(bytes, &REQUIRED, &[], line, |line| ("merchant_id", line.merchant_id.clone()))
}

fn line(row: u64, fields: &Fields<'_>) -> Result<ShopLine, String> {
    let merchant_id = fields.get("merchant_id");
    if !is_external_id(merchant_id) {
        return Err("merchant_id: must be 1 to 64 printable characters".to_owned());
    }
    let text = fields.get("level");
    let level = text.parse::<u32>().ok().filter(|level| (1..=LEVEL_MAX).contains(level));
    let level = level.ok_or_else(|| format!("level: `{text}` is not a level from 1 to {LEVEL_MAX}"))?;
    let opened_at = fields.get("opened_at").parse().map_err(|e| format!("opened_at: {e}"))?;
    let text = fields.get("credit_evaluation_minor");
    let evaluation_minor = text.parse::<i64>().map_err(|_| {
        format!("credit_evaluation_minor: `{text}` is not an integer of minor units that fits in 64 bits")
    })?;
    if !(0..=AMOUNT_MAX).contains(&evaluation_minor) {
        return Err(format!("credit_evaluation_minor: must be 0 to {AMOUNT_MAX}, is {evaluation_minor}"));
    }
    Ok(ShopLine { row, merchant_id: merchant_id.to_owned(), level, opened_at, evaluation_minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_every_bad_one_is_named() {
        let head = "merchant_id,level,opened_at,credit_evaluation_minor\n";
        let good = read(format!("{head}s1,2,2026-01-01T08:00:00+08:00,200000\n").as_bytes()).unwrap();
        assert_eq!((good[0].row, good[0].level, good[0].evaluation_minor), (2, 2, 200_000));
        let bad = format!(
            "{head}s1,0,2026-01-01T08:00:00+08:00,1\n,1,2026-01-01T08:00:00+08:00,1\ns2,1,yesterday,1\n\
             s3,1,2026-01-01T08:00:00+08:00,-1\ns4,1,2026-01-01T08:00:00+08:00,1.5\n\
             s5,1,2026-01-01T08:00:00+08:00,1\ns5,1,2026-01-01T08:00:00+08:00,1\n\
             {},1,2026-01-01T08:00:00+08:00,1\ns6,1,2026-01-01T08:00:00+08:00,10000000000001\n",
            "s".repeat(65)
        );
        let rows: Vec<u64> = read(bad.as_bytes()).unwrap_err().iter().map(|error| error.row).collect();
        assert_eq!(rows, [2, 3, 4, 5, 6, 8, 9, 10]);
    }
}
