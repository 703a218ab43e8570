//! What the program says beside its answers: structured logs on standard error, and a quiet end when nobody reads
//! its output any more.

use std::{io::IsTerminal as _, process};

use tracing_subscriber::EnvFilter;

/// Logs of this level and above, unless `PURSER_LOG` says otherwise (`debug`, `purser_engine=trace,warn`, …).
const LEVEL: &str = "warn,purser=info";

/// Starts logging: one JSON object a line, or plain lines on a terminal.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("PURSER_LOG").unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A log that cannot be written (its disk is full) is nothing to panic about, least of all in a writer.
    let logs = logs.log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.json().flatten_event(true).init();
    }
}

/// Ends without noise when the reader of the output went away (`purser policy list | head`); other panics are
/// reported as always.
pub(crate) fn end_quietly_without_reader() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
        if text.starts_with("failed printing to stdout") {
            process::exit(0);
        }
        report(panic);
    }));
}
