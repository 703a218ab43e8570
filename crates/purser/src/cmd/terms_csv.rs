//! Reading a CSV file of operating fees and incentives (X15).

use purser_domain::time::Month;
use purser_engine::{parties::party_id, programme::TermsItem};

use super::csv_rows::{self, Fields, RowError};

/// A good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TermsLine {
    /// Line in the file, from 1; the header is line 1.
    pub(crate) row: u64,
    pub(crate) item: TermsItem,
}

const REQUIRED: [&str; 2] = ["creator_id", "month"];
const OPTIONAL: [&str; 3] = ["fee_ppm", "fee_minor", "incentive_minor"];

/// Reads a whole file: all rows, or every error in it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<TermsLine>, Vec<RowError>> {
    let key =
        |line: &TermsLine| ("creator_id and month", format!("{} {}", line.item.creator, line.item.month));
    csv_rows::read(bytes, &REQUIRED, &OPTIONAL, line, key)
}

fn line(row: u64, fields: &Fields<'_>) -> Result<TermsLine, String> {
    let number = |name: &str| match fields.get(name) {
        "" => Ok(None),
        text => text
            .parse::<i64>()
            .map(Some)
            .map_err(|_| format!("{name}: `{text}` is not an integer that fits in 64 bits")),
    };
    let creator = fields.get("creator_id");
    if creator.is_empty() {
        return Err("creator_id: is empty".to_owned());
    }
    let month: Month = fields.get("month").parse().map_err(|e| format!("month: {e}"))?;
    let item = TermsItem {
        creator: party_id(creator),
        month,
        fee_ppm: number("fee_ppm")?,
        fee_minor: number("fee_minor")?,
        incentive_minor: number("incentive_minor")?.unwrap_or(0),
    };
    Ok(TermsLine { row, item })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_every_bad_one_is_named() {
        let head = "creator_id,month,fee_ppm,fee_minor,incentive_minor\n";
        let good = read(format!("{head}a,2026-03,100000,,500\nb,2026-03,,1200,\na,2026-04,,,\n").as_bytes());
        let items: Vec<_> = good.unwrap().into_iter().map(|line| line.item).collect();
        assert_eq!(
            (items[0].fee_ppm, items[0].fee_minor, items[0].incentive_minor),
            (Some(100_000), None, 500)
        );
        assert_eq!((items[1].fee_ppm, items[1].fee_minor, items[1].incentive_minor), (None, Some(1200), 0));
        let bad = read(
            format!("{head}a,2026-13,,,\n,2026-03,,,\nb,2026-03,5%,,\nb,2026-03,,,1\nb,2026-03,,,2\n")
                .as_bytes(),
        );
        let rows: Vec<u64> = bad.unwrap_err().iter().map(|error| error.row).collect();
        assert_eq!(rows, [2, 3, 4, 6]);
    }
}
