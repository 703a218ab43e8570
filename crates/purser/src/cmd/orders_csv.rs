//! Reading a CSV file of task orders: every row checked before anything is imported.

use purser_domain::{
    earnings::{Stage, TaskType},
    time::Timestamp,
};
use purser_engine::earnings::Reported;

use super::csv_rows::{self, Fields, RowError};

/// A good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Line in the file, from 1; the header is line 1.
    pub(crate) row: u64,
    pub(crate) order_id: String,
    pub(crate) creator_id: String,
    pub(crate) task_type: TaskType,
    pub(crate) title: String,
    pub(crate) amount_minor: i64,
    pub(crate) accepted_at: Timestamp,
    pub(crate) status: Reported,
}

const REQUIRED: [&str; 6] =
    ["order_id", "creator_id", "amount_minor", "accepted_at", "completed_at", "status"];
const OPTIONAL: [&str; 4] = ["title", "task_type", "stage", "cancelled_at"];

/// Reads a whole file: all rows, or every error in it.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Line>, Vec<RowError>> {
    csv_rows::read(bytes, &REQUIRED, &OPTIONAL, line, |line| ("order_id", line.order_id.clone()))
}

fn line(row: u64, fields: &Fields<'_>) -> Result<Line, String> {
    let field = |name: &str| fields.get(name);
    let needed = |name: &str| {
        let value = field(name);
        if value.is_empty() { Err(format!("{name}: is empty")) } else { Ok(value.to_owned()) }
    };
    let instant = |name: &str| field(name).parse::<Timestamp>().map_err(|e| format!("{name}: {e}"));
    let amount_minor: i64 = field("amount_minor").parse().map_err(|_| {
        format!(
            "amount_minor: `{}` is not an integer of minor units that fits in 64 bits",
            field("amount_minor")
        )
    })?;
    if amount_minor <= 0 {
        return Err(format!("amount_minor: must be above zero, is {amount_minor}"));
    }
    let task_type = match field("task_type") {
        "" => TaskType::Video,
        name => {
            TaskType::named(name).ok_or_else(|| format!("task_type: `{name}` is neither video nor live"))?
        }
    };
    let stage = match field("stage") {
        "" => Stage::NotStarted,
        name => Stage::named(name).ok_or_else(|| format!("stage: unknown stage `{name}`"))?,
    };
    let accepted_at = instant("accepted_at")?;
    let status = match field("status") {
        "accepted" => Reported::Accepted,
        "in_progress" => Reported::InProgress(stage),
        "awaiting_acceptance" => Reported::AwaitingAcceptance(stage),
        "completed" => Reported::Completed(instant("completed_at")?),
        // A file without its own column for it dates a cancellation by the acceptance.
        "cancelled" if field("cancelled_at").is_empty() => Reported::Cancelled(stage, accepted_at),
        "cancelled" => Reported::Cancelled(stage, instant("cancelled_at")?),
        other => {
            let known = "accepted, in_progress, awaiting_acceptance, completed, cancelled";
            return Err(format!("status: `{other}` is none of {known}"));
        }
    };
    Ok(Line {
        row,
        order_id: needed("order_id")?,
        creator_id: needed("creator_id")?,
        task_type,
        title: field("title").to_owned(),
        amount_minor,
        accepted_at,
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "order_id,creator_id,amount_minor,accepted_at,completed_at,status\n";

    fn errors(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap_err().into_iter().map(|e| format!("{}: {}", e.row, e.text)).collect()
    }

    #[test]
    fn bom_crlf_and_quotes_are_read() {
        let text = format!(
            "\u{feff}{}\"o,1\",c1,100,2026-01-01T00:00:00+08:00,2026-01-02T00:00:00+08:00,completed\r\n",
            HEAD.replace('\n', "\r\n")
        );
        let lines = read(text.as_bytes()).unwrap();
        assert_eq!(lines[0].order_id, "o,1");
        assert_eq!(lines[0].row, 2);
    }

    #[test]
    fn a_row_is_numbered_by_the_line_it_begins_on() {
        let row = |id: &str, title: &str| format!("{id},c,1,2026-01-01T00:00:00Z,,accepted,{title}");
        for end in ["\n", "\r\n"] {
            let head = "order_id,creator_id,amount_minor,accepted_at,completed_at,status,title";
            let folded = format!("\"two{end}lines\"");
            let parts = [head, &row("a", "x"), "", &row("b", &folded), &row("c", "z"), ""];
            let lines = read(parts.join(end).as_bytes()).unwrap();
            let rows: Vec<u64> = lines.iter().map(|line| line.row).collect();
            assert_eq!(rows, [2, 4, 6], "line end {end:?}");
        }
    }

    #[test]
    fn every_bad_row_is_named() {
        let text = format!(
            "{HEAD}a,c,0,2026-01-01T00:00:00Z,,accepted\nb,c,1.5,2026-01-01T00:00:00Z,,accepted\n\
             c,c,1,2026-13-01,,accepted\nd,c,1,2026-01-01T00:00:00Z,,done\ne,c,1,2026-01-01T00:00:00Z,,completed\n\
             f,c,1,2026-01-01T00:00:00Z,,accepted\nf,c,1,2026-01-01T00:00:00Z,,accepted\ng,,1,2026-01-01T00:00:00Z,,accepted\n"
        );
        let found = errors(&text);
        let rows: Vec<&str> = found.iter().map(|e| e.split(':').next().unwrap_or("")).collect();
        assert_eq!(rows, ["2", "3", "4", "5", "6", "8", "9"], "{found:#?}");
        assert!(found[5].contains("also in row 7"), "{found:#?}");
    }

    #[test]
    fn wrong_headers_and_empty_files() {
        assert_eq!(errors(HEAD), ["1: the file has no rows"]);
        assert!(errors("")[0].contains("missing"));
        assert!(errors("order_id,creator_id\n").iter().any(|e| e.contains("`status` is missing")));
        assert!(
            errors(&HEAD.replace("status", "status,colour"))
                .iter()
                .any(|e| e.contains("unknown column `colour`"))
        );
    }
}
