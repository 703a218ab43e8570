//! Small named values for events, audit entries, messages and job payloads.
//!
//! Stored as text, one `name=<type><value>` per line, so that storage needs no JSON and the API can render them.

use std::fmt::Write as _;

use purser_domain::time::Timestamp;

/// An ordered list of named values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(String);

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Integer: amounts in minor units, counts.
    Int(i64),
    /// Text.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

impl Facts {
    /// No facts; most lists find room without growing.
    pub fn new() -> Self {
        Self(String::with_capacity(128))
    }

    /// Adds an integer.
    #[must_use]
    pub fn int(mut self, name: &str, value: i64) -> Self {
        let _ = writeln!(self.0, "{name}=i{value}");
        self
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        self.0.push_str(name);
        self.0.push_str("=s");
        if value.contains(['\\', '\n']) {
            self.0.push_str(&value.replace('\\', "\\\\").replace('\n', "\\n"));
        } else {
            self.0.push_str(value);
        }
        self.0.push('\n');
        self
    }

    /// Adds a flag.
    #[must_use]
    pub fn flag(mut self, name: &str, value: bool) -> Self {
        let _ = writeln!(self.0, "{name}=b{}", i32::from(value));
        self
    }

    /// Adds an instant, as RFC 3339 text.
    #[must_use]
    pub fn at(self, name: &str, value: Timestamp) -> Self {
        self.text(name, value.to_string())
    }

    /// Adds an instant when there is one.
    #[must_use]
    pub fn opt_at(self, name: &str, value: Option<Timestamp>) -> Self {
        match value {
            Some(value) => self.at(name, value),
            None => self,
        }
    }

    /// Adds those of another list behind.
    #[must_use]
    pub fn and(mut self, more: &Self) -> Self {
        self.0.push_str(&more.0);
        self
    }

    /// Stored form.
    pub fn encoded(&self) -> &str {
        &self.0
    }

    /// From the stored form; lines that are not facts are left out.
    pub fn decode(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Fact)> {
        self.0.lines().filter_map(|line| {
            let (name, value) = line.split_once('=')?;
            let (kind, value) = (value.get(..1)?, value.get(1..)?);
            let fact = match kind {
                "i" => Fact::Int(value.parse().ok()?),
                "b" => Fact::Flag(value == "1"),
                "s" => Fact::Text(unescape(value)),
                _ => return None,
            };
            Some((name, fact))
        })
    }

    /// A value by name.
    pub fn get(&self, name: &str) -> Option<Fact> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// An integer by name.
    pub fn get_int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Fact::Int(value)) => Some(value),
            _ => None,
        }
    }

    /// A text by name.
    pub fn get_text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some(Fact::Text(value)) => Some(value),
            _ => None,
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_round_trip_with_awkward_text() {
        let facts = Facts::new().int("a", -5).text("b", "x=1\n\\n y\\").flag("c", true);
        let read = Facts::decode(facts.encoded());
        assert_eq!(read.get_int("a"), Some(-5));
        assert_eq!(read.get_text("b").as_deref(), Some("x=1\n\\n y\\"));
        assert_eq!(read.get("c"), Some(Fact::Flag(true)));
    }
}
