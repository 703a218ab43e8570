//! What the program says beside its answers: structured logs on standard error, and a quiet end when nobody reads
//! its output any more.

use std::{io::IsTerminal as _, process};

use anyhow::Result;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, layer::SubscriberExt as _, registry::LookupSpan, util::SubscriberInitExt as _,
};

use crate::traces::{TraceArgs, Traces};

/// Logs of this level and above, unless `PURSER_LOG` says otherwise (`debug`, `purser_engine=trace,warn`, …).
const LEVEL: &str = "warn,purser=info";

/// Starts logging: one JSON object a line, or plain lines on a terminal; and traces, where a collector is named.
///
/// # Errors
/// What is said of the collector makes no sense.
pub(crate) fn start(traces: &TraceArgs) -> Result<Option<Traces>> {
    let filter = EnvFilter::try_from_env("PURSER_LOG").unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let Some((traces, layer)) = traces.start()? else {
        // One filter for everything is decided once for each place in the code.
        tracing_subscriber::registry().with(filter).with(lines()).init();
        return Ok(None);
    };
    tracing_subscriber::registry().with(layer).with(lines().with_filter(filter)).init();
    Ok(Some(traces))
}

/// What writes the lines.
fn lines<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // A log that cannot be written (its disk is full) is nothing to panic about, least of all in a writer.
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    if std::io::stderr().is_terminal() { lines.boxed() } else { lines.json().flatten_event(true).boxed() }
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
