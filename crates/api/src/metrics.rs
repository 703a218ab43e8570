//! Counters in Prometheus' text format, written by hand: a page of text needs no registry.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use purser_domain::time::{SECOND, Timestamp};
use purser_engine::{Executor, reads::ReadFigures, withdrawals::Waiting};

use crate::{access::ROUTES, gauges::Gauges};

/// Upper ends of the buckets of request durations, µs.
const BUCKETS: [u64; 10] = [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000];

/// Requests so far.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(usize, u16), u64>>,
    durations: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
    open: AtomicU64,
}

/// What of payouts somebody must look at (X11, X12).
pub(crate) struct Payouts {
    /// What waits for float, by rail.
    pub(crate) waiting: Vec<Waiting>,
    /// Withdrawals whose payout clock has run out, counted to [`Payouts::MOST`].
    pub(crate) overdue: i64,
    /// Business time.
    pub(crate) now: Timestamp,
}

impl Payouts {
    /// Overdue withdrawals are counted to here.
    pub(crate) const MOST: i64 = 10_000;

    /// How long the oldest has been waiting for float, whole seconds.
    pub(crate) fn oldest_seconds(&self) -> i64 {
        let age = |waiting: &Waiting| (self.now.0 - waiting.since.0).max(0) / SECOND;
        self.waiting.iter().map(age).max().unwrap_or(0)
    }

    fn text(&self, out: &mut String) {
        let names = [
            ("purser_payouts_waiting_for_funds", "Withdrawals that wait for float"),
            (
                "purser_payouts_waiting_seconds",
                "Age of the oldest withdrawal that waits for float, business time",
            ),
        ];
        for (index, (name, help)) in names.into_iter().enumerate() {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
            for waiting in &self.waiting {
                let age = (self.now.0 - waiting.since.0).max(0) / SECOND;
                let value = if index == 0 { waiting.count } else { age };
                let _ = writeln!(out, "{name}{{rail=\"{}\"}} {value}", waiting.rail);
            }
        }
        let (name, most) = ("purser_payouts_overdue", Self::MOST);
        let _ = writeln!(out, "# HELP {name} Withdrawals beyond the payout clock, counted to {most}");
        let _ = writeln!(out, "# TYPE {name} gauge\n{name} {}", self.overdue);
    }
}

/// Stands for routes that do not exist.
const NO_ROUTE: usize = usize::MAX;

impl Metrics {
    pub(crate) fn started(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn finished(&self, route: Option<usize>, status: u16, micros: u64) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let bucket = BUCKETS.partition_point(|end| *end < micros);
        if let Some(counter) = self.durations.get(bucket) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.unwrap_or(NO_ROUTE), status)).or_default() += 1;
    }

    /// The page.
    pub(crate) fn text(
        &self,
        executor: &Executor,
        ready: bool,
        (payouts, look, sessions): (Option<&Payouts>, Option<&Gauges>, ReadFigures),
    ) -> String {
        let mut out = String::with_capacity(8192);
        let stats = executor.stats();
        let gauges = [
            (
                "purser_queue_age_microseconds",
                "How long the oldest command that waits for a writer has been waiting",
                executor.waiting_micros(),
            ),
            ("purser_queue_length", "Commands that wait for a writer", executor.waiting() as u64),
            (
                "purser_queue_room",
                "Commands that may wait; beyond it callers get 503",
                executor.room() as u64,
            ),
            ("purser_last_group_microseconds", "How long the last group took", executor.last_group_micros()),
            ("purser_reads_limit", "Sessions that read, at most", sessions.limit as u64),
            ("purser_reads_in_use", "Sessions that read now", sessions.in_use as u64),
            ("purser_reads_waiting", "Reads that wait for a session", sessions.waiting as u64),
            (
                "purser_database_readable",
                "Whether the figures below could be read",
                u64::from(look.is_some()),
            ),
            ("purser_requests_open", "Requests under way", self.open.load(Ordering::Relaxed)),
            ("purser_ready", "Whether /readyz says yes", u64::from(ready)),
        ];
        for (name, help, value) in gauges {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        let counters = [
            ("purser_groups_total", "Groups committed", stats.groups),
            ("purser_commands_total", "Commands answered", stats.commands),
            ("purser_reruns_total", "Groups that ran again after a fault or a race", stats.reruns),
            ("purser_syncs_total", "Waits for the disk", stats.syncs),
        ];
        for (name, help, value) in counters {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
        }
        self.durations_text(&mut out);
        if let Some(payouts) = payouts {
            payouts.text(&mut out);
        }
        if let Some(look) = look {
            look.text(&mut out);
        }
        let name = "purser_http_requests_total";
        let _ = writeln!(out, "# HELP {name} Requests by route and status\n# TYPE {name} counter");
        for ((route, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner) {
            let (method, path) = ROUTES.get(*route).map_or(("", ""), |row| (row.method, row.path));
            let _ =
                writeln!(out, "{name}{{method=\"{method}\",route=\"{path}\",status=\"{status}\"}} {count}");
        }
        out
    }

    fn durations_text(&self, out: &mut String) {
        let name = "purser_http_request_duration_microseconds";
        let _ = writeln!(out, "# HELP {name} From headers read to answer made\n# TYPE {name} histogram");
        let mut sum = 0;
        for (index, counter) in self.durations.iter().enumerate() {
            sum += counter.load(Ordering::Relaxed);
            let end = BUCKETS.get(index).map_or_else(|| "+Inf".to_owned(), u64::to_string);
            let _ = writeln!(out, "{name}_bucket{{le=\"{end}\"}} {sum}");
        }
        let _ = writeln!(out, "{name}_sum {}\n{name}_count {sum}", self.micros.load(Ordering::Relaxed));
    }
}
