//! Figures of what waits in the books, as Prometheus reads them (P23). Labels are kinds of the program and rails: a
//! handful each, never anything of a party.

use std::fmt::Write as _;

use purser_domain::time::{SECOND, Timestamp};
use purser_engine::{
    observe::{MOST, Observed, Waiting},
    withdrawals::RailFloat,
};

/// One look at the books.
pub(crate) struct Gauges {
    pub(crate) observed: Observed,
    /// Business time.
    pub(crate) now: Timestamp,
}

impl Gauges {
    pub(crate) fn text(&self, out: &mut String) {
        let Observed { floats, unknown, jobs_due, jobs_given_up, cases_open, .. } = &self.observed;
        self.floats(out);
        let rails: Vec<Waiting> = floats
            .iter()
            .map(|float| {
                let found = unknown.iter().find(|waiting| waiting.of == float.rail);
                let none = || Waiting { of: float.rail.clone(), count: 0, since: self.now };
                found.cloned().unwrap_or_else(none)
            })
            .collect();
        self.waiting(out, "rail", &rails, ("purser_payouts_unknown", "Payouts whose outcome is unknown"));
        self.waiting(out, "kind", jobs_due, ("purser_jobs_due", "Jobs that are due and that nobody runs"));
        count(out, "kind", jobs_given_up, ("purser_jobs_given_up", "Jobs that were given up"));
        self.waiting(out, "kind", cases_open, ("purser_cases_open", "Cases that are not closed"));
        self.webhooks(out);
    }

    fn floats(&self, out: &mut String) {
        type Figure = fn(&RailFloat) -> i64;
        let figures: [(&str, &str, Figure); 4] = [
            ("purser_float_minor", "Float at the rail by the books, minor units", |float| float.posted_minor),
            ("purser_float_held_minor", "What payouts under way reserve of it, minor units", |float| {
                float.held_minor
            }),
            ("purser_float_short", "The rail itself said that the float is short", |float| {
                i64::from(float.marked_short)
            }),
            ("purser_rail_healthy", "The rail answers", |float| i64::from(float.healthy)),
        ];
        for (name, help, figure) in figures {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
            for float in &self.observed.floats {
                let _ = writeln!(out, "{name}{{rail=\"{}\"}} {}", float.rail, figure(float));
            }
        }
    }

    fn webhooks(&self, out: &mut String) {
        let observed = &self.observed;
        let failing = observed.webhooks_failing_since.map_or(0, |since| age(self.now, since));
        for (name, help, value) in [
            (
                "purser_webhook_deliveries_pending",
                "Deliveries that have not arrived and will be tried",
                observed.deliveries_pending,
            ),
            ("purser_webhook_deliveries_failed", "Deliveries that were given up", observed.deliveries_failed),
            ("purser_webhooks_failing", "Endpoints at which nothing arrives", observed.webhooks_failing),
            ("purser_webhooks_failing_seconds", "For how long the first of them has not", failing),
        ] {
            let _ =
                writeln!(out, "# HELP {name} {help}, counted to {MOST}\n# TYPE {name} gauge\n{name} {value}");
        }
    }

    /// Count and age.
    fn waiting(&self, out: &mut String, label: &str, all: &[Waiting], (name, help): (&str, &str)) {
        count(out, label, all, (name, help));
        let _ = writeln!(out, "# HELP {name}_seconds Age of the oldest, business time: {help}");
        let _ = writeln!(out, "# TYPE {name}_seconds gauge");
        for waiting in all {
            let age = age(self.now, waiting.since);
            let _ = writeln!(out, "{name}_seconds{{{label}=\"{}\"}} {age}", waiting.of);
        }
    }
}

fn count(out: &mut String, label: &str, all: &[Waiting], (name, help): (&str, &str)) {
    let _ = writeln!(out, "# HELP {name} {help}, counted to {MOST}\n# TYPE {name} gauge");
    for waiting in all {
        let _ = writeln!(out, "{name}{{{label}=\"{}\"}} {}", waiting.of, waiting.count);
    }
}

fn age(now: Timestamp, since: Timestamp) -> i64 {
    (now.0 - since.0).max(0) / SECOND
}
