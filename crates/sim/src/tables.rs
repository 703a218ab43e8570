//! Tables as text, to compare what two runs left.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, OnceLock, PoisonError},
};

use purser_engine::rows::TABLES;
use purser_storage::{Fault, Kind, Record, Session, Statement, Table};

/// Rows whose content follows from the grouping itself, and rows about writers: two runs that differ only in
/// how commands were grouped differ here and nowhere else.
pub const ABOUT_GROUPS: [&str; 3] = ["lanes", "groups", "checkpoints"];

/// Statement that reads a whole table in key order. Made once per table and kept: statements are static.
fn whole(table: &'static Table) -> &'static Statement {
    static ALL: OnceLock<Mutex<BTreeMap<usize, &'static Statement>>> = OnceLock::new();
    let mut all = ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(table.index).or_insert_with(|| {
        let keys: Vec<&str> = table.key_columns().iter().map(|c| c.name).collect();
        let sql = format!("SELECT {} FROM {} ORDER BY {}", table.column_list(), table.name, keys.join(", "));
        Box::leak(Box::new(Statement { name: table.name, sql: sql.leak() }))
    })
}

/// One line per row, in key order, without the columns in `leave_out`.
///
/// # Errors
/// Storage faults.
pub fn rows(
    session: &mut dyn Session,
    table: &'static Table,
    leave_out: &[&str],
) -> Result<Vec<String>, Fault> {
    let mut lines = Vec::new();
    session.query(whole(table), &[], &mut |source| {
        let mut line = table.name.to_owned();
        for (index, column) in table.columns.iter().enumerate() {
            if leave_out.contains(&column.name) {
                continue;
            }
            let _ = write!(line, " {}=", column.name);
            let _ = match (source.is_null(index), column.kind) {
                (true, _) => write!(line, "null"),
                (_, Kind::Int) => write!(line, "{}", source.int(index)),
                (_, Kind::Text) => write!(line, "{:?}", source.text(index)),
                (_, Kind::Bytes) => {
                    source.bytes(index).iter().try_for_each(|byte| write!(line, "{byte:02x}"))
                }
            };
        }
        lines.push(line);
        true
    })?;
    Ok(lines)
}

/// Everything that must not depend on how commands were grouped: all tables of the engine but
/// [`ABOUT_GROUPS`], without the group number of a row and its place in it. Audit entries and events stay in
/// the order in which they were written.
///
/// # Errors
/// Storage faults.
pub fn business(session: &mut dyn Session) -> Result<Vec<String>, Fault> {
    of(session, TABLES)
}

/// [`business`], with the tables of all capabilities.
///
/// # Errors
/// Storage faults.
pub fn everything(session: &mut dyn Session) -> Result<Vec<String>, Fault> {
    of(session, &purser_engine::tables())
}

fn of(session: &mut dyn Session, tables: &[&'static Table]) -> Result<Vec<String>, Fault> {
    let mut lines = Vec::new();
    for table in tables {
        if !ABOUT_GROUPS.contains(&table.name) {
            lines.extend(rows(session, table, &["grp", "n"])?);
        }
    }
    Ok(lines)
}

/// All rows of a table, in key order.
///
/// # Errors
/// Storage faults.
pub fn all<T: Record>(session: &mut dyn Session) -> Result<Vec<T>, Fault> {
    let mut rows = Vec::new();
    session.query(whole(T::TABLE), &[], &mut |source| {
        rows.push(T::read(source));
        true
    })?;
    Ok(rows)
}

/// A line of [`rows`] without the ids that carry a time: they are made anew in every run, and others follow from them.
pub fn without_fresh_ids(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let text_id = word.len() == 26 && word.starts_with("01") && out.ends_with('_');
        out.push_str(if text_id || is_fresh(&word) { "fresh" } else { &word });
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Whether a word is an id in hex whose first 48 bits are milliseconds of a year that tests run in.
fn is_fresh(word: &str) -> bool {
    const YEARS: std::ops::Range<u64> = 1_577_836_800_000..4_102_444_800_000;
    let millis = word.get(..12).filter(|_| word.len() == 32);
    millis
        .and_then(|millis| u64::from_str_radix(millis, 16).ok())
        .is_some_and(|millis| YEARS.contains(&millis))
}
