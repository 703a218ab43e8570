//! Reading a CSV file whole: every row checked before anything is imported.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord, Trim};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowError {
    /// Line in the file, from 1; the header is line 1.
    pub(crate) row: u64,
    pub(crate) text: String,
}

/// The fields of a row by name of their column; absent and empty ones read as empty.
pub(crate) struct Fields<'a> {
    record: &'a StringRecord,
    columns: &'a Columns,
}

impl Fields<'_> {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.columns.get(name).and_then(|index| self.record.get(*index)).unwrap_or("")
    }
}

type Columns = BTreeMap<&'static str, usize>;

/// Reads a whole file: all rows, or every error in it. `line` reads one row by its number; `key` names the columns that
/// no two rows may share, and their value.
pub(crate) fn read<T>(
    bytes: &[u8],
    required: &[&'static str],
    optional: &[&'static str],
    line: impl Fn(u64, &Fields<'_>) -> Result<T, String>,
    key: impl Fn(&T) -> (&'static str, String),
) -> Result<Vec<T>, Vec<RowError>> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(text);
    let columns = columns(reader.headers().map_err(|e| vec![at(1, &e)])?, required, optional)?;
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut record = StringRecord::new();
    let mut rows = Rows { text, at: 0, line: 1 };
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                let row = rows.line_of(error.position());
                errors.push(at(row, &error));
                if error.is_io_error() {
                    break;
                }
                continue;
            }
        }
        let row = rows.line_of(record.position());
        match fitting(&record, &columns).and_then(|fields| line(row, &fields)) {
            Ok(line) => {
                let (name, value) = key(&line);
                match seen.insert(value, row) {
                    Some(first) => {
                        errors.push(RowError { row, text: format!("{name}: also in row {first}") });
                    }
                    None => lines.push(line),
                }
            }
            Err(text) => errors.push(RowError { row, text }),
        }
    }
    if errors.is_empty() && lines.is_empty() {
        errors.push(RowError { row: 1, text: "the file has no rows".to_owned() });
    }
    if errors.is_empty() { Ok(lines) } else { Err(errors) }
}

fn fitting<'a>(record: &'a StringRecord, columns: &'a Columns) -> Result<Fields<'a>, String> {
    if record.len() > columns.len() {
        return Err(format!(
            "{} fields, but {} columns: is a comma not quoted?",
            record.len(),
            columns.len()
        ));
    }
    Ok(Fields { record, columns })
}

/// Finds the line that a row begins on, as an editor counts it. The reader's own count lags behind in files with
/// CRLF and over empty lines, because a row's position is where the row before it ended.
struct Rows<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Rows<'_> {
    /// Positions come in the order of the file.
    fn line_of(&mut self, position: Option<&csv::Position>) -> u64 {
        let Some(begin) = position.and_then(|p| usize::try_from(p.byte()).ok()) else { return self.line };
        let rest = self.text.get(begin..).unwrap_or_default();
        let begin = begin + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.text.get(self.at..begin).unwrap_or_default();
        self.line += passed.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        self.at = self.at.max(begin);
        self.line
    }
}

fn at(row: u64, error: &csv::Error) -> RowError {
    RowError { row, text: error.to_string() }
}

fn columns(
    header: &StringRecord,
    required: &[&'static str],
    optional: &[&'static str],
) -> Result<Columns, Vec<RowError>> {
    let mut columns = Columns::new();
    let mut errors = Vec::new();
    let mut wrong = |text: String| errors.push(RowError { row: 1, text });
    for (index, name) in header.iter().enumerate() {
        match required.iter().chain(optional).find(|known| **known == name) {
            Some(known) if columns.insert(known, index).is_some() => {
                wrong(format!("column `{name}` is there twice"));
            }
            Some(_) => {}
            None => {
                let list = [required.join(", "), optional.join(", ")].join(", ");
                wrong(format!("unknown column `{name}`: columns are {list}"));
            }
        }
    }
    for name in required {
        if !columns.contains_key(name) {
            wrong(format!("column `{name}` is missing"));
        }
    }
    if errors.is_empty() { Ok(columns) } else { Err(errors) }
}
