//! Reading TOML documents that people write by hand: policy packs (P4) and calendar years (P5).
//!
//! Whatever is wrong is collected, not thrown at the first occurrence, and every issue says where it is, what is
//! wrong and what to write instead: the reader of these messages is somebody in finance with a text editor.

use std::{fmt, ops::Range};

use crate::time::Date;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One slip in the syntax can make everything after it look wrong.
const MOST_SYNTAX_ISSUES: usize = 5;

/// A value of a document together with its place.
pub(crate) type Node<'t> = Spanned<DeValue<'t>>;

/// Something wrong in a document: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Name of the file, as the caller gave it.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that can be said.
    pub hint: Option<String>,
}

impl fmt::Display for Issue {
    /// `file:line:column: message (hint)`, the form that editors make clickable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// A document being read: its text, and the issues found so far.
pub(crate) struct Document<'t> {
    file: &'t str,
    text: &'t str,
    issues: Vec<Issue>,
}

impl<'t> Document<'t> {
    /// Parses the syntax. Text that is not TOML gives issues and no root.
    pub(crate) fn open(file: &'t str, text: &'t str) -> (Self, Option<DeTable<'t>>) {
        let mut document = Self { file, text, issues: Vec::new() };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors.iter().take(MOST_SYNTAX_ISSUES) {
            document.issue(error.span().unwrap_or(0..0), error.message(), Some("this is not valid TOML"));
        }
        let root = errors.is_empty().then(|| root.into_inner());
        (document, root)
    }

    /// Notes an issue at a span of bytes.
    pub(crate) fn issue(&mut self, span: Range<usize>, message: impl Into<String>, hint: Option<&str>) {
        let (line, column) = self.place(span.start);
        let (file, hint) = (self.file.to_owned(), hint.map(str::to_owned));
        self.issues.push(Issue { file, line, column, message: message.into(), hint });
    }

    /// Line and column of a byte, both from 1.
    pub(crate) fn place(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).map_or(0, |rest| rest.chars().count());
        (before.matches('\n').count() + 1, column + 1)
    }

    /// Byte on which a line starts; the end of the text when there is no such line.
    pub(crate) fn line_start(&self, line: usize) -> usize {
        self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
    }

    /// The issues in the order of the text; none means that the document is good.
    pub(crate) fn close(mut self) -> Vec<Issue> {
        self.issues.sort_by_key(|issue| (issue.line, issue.column));
        self.issues
    }

    /// True while nothing wrong was found.
    pub(crate) fn is_clean(&self) -> bool {
        self.issues.is_empty()
    }

    /// Notes every field of `table` that is not in `known`.
    pub(crate) fn only_fields(&mut self, table: &DeTable<'t>, what: &str, known: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let hint = nearest(name, known.iter().copied()).map_or_else(
                    || format!("known here: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.issue(key.span(), format!("unknown field `{name}` in {what}"), Some(&hint));
            }
        }
    }

    /// A field that must be there.
    pub(crate) fn required<'a>(
        &mut self,
        table: &'a DeTable<'t>,
        at: &Range<usize>,
        what: &str,
        name: &str,
        hint: &str,
    ) -> Option<&'a Node<'t>> {
        let found = table.get(name);
        if found.is_none() {
            self.issue(at.clone(), format!("`{name}` is missing in {what}"), Some(hint));
        }
        found
    }

    /// A text with something in it.
    pub(crate) fn text(&mut self, node: &Node<'t>, name: &str) -> Option<String> {
        match node.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.clone().into_owned()),
            DeValue::String(_) => {
                self.issue(node.span(), format!("`{name}` is empty"), None);
                None
            }
            other => {
                let message = format!("`{name}` must be a text, not {}", kind_of(other));
                self.issue(node.span(), message, Some("write it in double quotes"));
                None
            }
        }
    }

    /// A whole number that fits 64 bits.
    pub(crate) fn integer(&mut self, node: &Node<'t>, name: &str, hint: &str) -> Option<i64> {
        let DeValue::Integer(number) = node.get_ref() else {
            let message = format!("`{name}` must be a whole number, not {}", kind_of(node.get_ref()));
            self.issue(node.span(), message, Some(hint));
            return None;
        };
        let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
        if read.is_none() {
            self.issue(node.span(), format!("`{name}` does not fit 64 bits"), Some(hint));
        }
        read
    }

    /// A civil date, written as a TOML date or as a text.
    pub(crate) fn date(&mut self, node: &Node<'t>, name: &str) -> Option<Date> {
        let read = match node.get_ref() {
            DeValue::String(text) => text.parse::<Date>().ok(),
            DeValue::Datetime(at) if at.time.is_none() && at.offset.is_none() => {
                at.date.as_ref().and_then(|d| {
                    let (year, month, day) =
                        (i16::try_from(d.year), i8::try_from(d.month), i8::try_from(d.day));
                    Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
                })
            }
            _ => None,
        };
        if read.is_none() {
            let message = format!("`{name}` is not a date");
            self.issue(node.span(), message, Some("write it as \"2026-03-01\""));
        }
        read
    }
}

/// What a value is, for messages.
pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal fraction",
        DeValue::Boolean(_) => "a switch (true or false)",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The candidate that a mistyped name most likely meant: within a third of its length in edits.
pub(crate) fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (edits(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many single-character edits lead from one text to the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut left = line + 1;
        let mut next = vec![left];
        for ((b, above), diagonal) in to.iter().zip(row.iter().skip(1)).zip(&row) {
            left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, n) in
            [("", "", 0), ("", "ab", 2), ("rate", "rate", 0), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!((edits(a, b), edits(b, a)), (n, n), "{a} {b}");
        }
        assert_eq!(nearest("effective_form", ["key", "effective_from"].into_iter()), Some("effective_from"));
        assert_eq!(nearest("xyz", ["key", "effective_from"].into_iter()), None);
    }

    #[test]
    fn places_are_counted_in_characters() {
        let (document, _) = Document::open("f", "a = \"额度\" # x\nb = 1\n");
        assert_eq!(document.place(0), (1, 1));
        assert_eq!(document.place("a = \"额度\"".len()), (1, 9));
        assert_eq!(document.place("a = \"额度\" # x\nb".len()), (2, 2));
    }
}
