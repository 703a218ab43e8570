//! The one JSON object that every bench prints.

use anyhow::{Result, ensure};
use serde_json::{Map, Value};

/// Figures in order.
#[derive(Default)]
pub(crate) struct Report(Map<String, Value>);

impl Report {
    pub(crate) fn int(&mut self, name: &str, value: u64) {
        self.0.insert(name.to_owned(), Value::from(value));
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), Value::from(value));
    }

    /// A figure in thousandths shown as a decimal number (no floats are computed).
    pub(crate) fn milli(&mut self, name: &str, thousandths: u64) {
        let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
        self.0.insert(name.to_owned(), serde_json::from_str(&text).unwrap_or(Value::Null));
    }

    /// What the check of the books said, when there was one.
    pub(crate) fn verdict(&mut self, verdict: Option<&str>) {
        if let Some(verdict) = verdict {
            self.text("verify", verdict);
        }
    }

    pub(crate) fn print(&self, json: bool) {
        if json {
            println!("{}", Value::Object(self.0.clone()));
        } else {
            for (name, value) in &self.0 {
                println!("{name:<24} {value}");
            }
        }
    }
}

/// Figures of books that are wrong are worth nothing: the bench fails.
///
/// # Errors
/// The first finding.
pub(crate) fn sound(verdict: Option<&str>) -> Result<()> {
    let verdict = verdict.unwrap_or(SOUND);
    ensure!(verdict == SOUND, "the books that the bench left are wrong: {verdict}");
    Ok(())
}

/// The verdict on books without findings.
const SOUND: &str = "ok";

/// The `percent`-th percentile of sorted times.
pub(crate) fn percentile(sorted: &[u64], percent: usize) -> u64 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}
