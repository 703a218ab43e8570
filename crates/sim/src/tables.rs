//! Tables as text, to compare what two runs left.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, OnceLock, PoisonError},
};

use purser_engine::rows::TABLES;
use purser_storage::{Fault, Kind, Session, Statement, Table};

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
    let mut lines = Vec::new();
    for table in TABLES {
        if !ABOUT_GROUPS.contains(&table.name) {
            lines.extend(rows(session, table, &["grp", "n"])?);
        }
    }
    Ok(lines)
}
