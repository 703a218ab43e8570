//! What monitoring sees (P23): every figure is there and true, and what the dashboard and the alerts ask for exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::world::{Place, Server, wait_until};

/// Figures by name and labels, as the page has them.
fn figures(desk: &Desk) -> BTreeMap<String, i64> {
    let text = desk.client.text("/metrics");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

fn get(desk: &Desk, name: &str) -> i64 {
    let all = figures(desk);
    *all.get(name).unwrap_or_else(|| panic!("{name} is not among {all:?}"))
}

/// P23: what waits in the books shows, by kind and rail, with its age, and goes away when it is done.
#[test]
fn what_waits_shows_with_its_age_p23() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let mut command = Server::command(&place);
        command.arg("--webhook-private-addresses");
        let desk = Desk::of(Server::of(command), &key);
        let is = |name: &str| get(&desk, name);
        for name in ["purser_ready", "purser_database_readable"] {
            assert_eq!(is(name), 1);
        }
        assert_eq!(
            (is("purser_payouts_unknown{rail=\"sandbox\"}"), is("purser_float_minor{rail=\"sandbox\"}")),
            (0, 0)
        );
        assert_eq!((is("purser_reads_limit"), is("purser_reads_waiting")), (8, 0));
        assert!(is("purser_queue_room") >= 4_096 && is("purser_queue_length") < 100);
        // An endpoint that nobody answers at.
        let body = json!({ "name": "gone", "url": "http://127.0.0.1:9/", "events": ["party.created"] });
        desk.post("/v1/webhooks", &body).ended(201);
        let party = desk.creator("ann");
        let new = json!({ "party_id": party, "kind": "help", "summary": "Where is it?", "text": "Please." });
        let case = desk.post("/v1/cases", &new).ended(201).text("id").to_owned();
        desk.payable(&party, "late_success");
        desk.earn(&party, 100_000);
        desk.top_up(1_000_000);
        let id = desk.withdraw(&party, 50_000).ended(201).text("id").to_owned();
        wait_until("its outcome is unknown", 20, || {
            is("purser_payouts_unknown{rail=\"sandbox\"}") == 1
                || desk.client.get(&format!("/v1/withdrawals/{id}")).text("state") == "paid"
        });
        wait_until("it is paid", 30, || {
            desk.client.get(&format!("/v1/withdrawals/{id}")).text("state") == "paid"
        });
        assert_eq!(is("purser_payouts_unknown{rail=\"sandbox\"}"), 0);
        let float = is("purser_float_minor{rail=\"sandbox\"}");
        assert!((900_000..1_000_000).contains(&float), "{float}");
        wait_until("the endpoint fails", 20, || is("purser_webhooks_failing") == 1);
        assert_eq!((is("purser_webhook_deliveries_pending"), is("purser_webhook_deliveries_failed")), (1, 0));
        assert_eq!(is("purser_cases_open{kind=\"help\"}"), 1);
        desk.advance(4_000);
        // A runner of jobs that read the clock just before it moved may put it back for a moment.
        wait_until("the case is older", 10, || is("purser_cases_open_seconds{kind=\"help\"}") >= 3_600);
        assert!(is("purser_webhooks_failing_seconds") >= 3_600);
        let support = desk.staff("li", "support");
        let close = json!({ "decision": "resolve", "reason": "Answered." });
        support.post(&format!("/v1/cases/{case}/decision"), "close", &close).ended(200);
        assert!(!figures(&desk).contains_key("purser_cases_open{kind=\"help\"}"));
        // Labels are kinds of the program: nothing of a party, and a bounded number of lines.
        let text = desk.client.text("/metrics");
        assert!(!text.contains("ann") && !text.contains(&party) && !text.contains("wd_"), "{text}");
        assert!(text.lines().count() < 400, "{}", text.lines().count());
        let late = figures(&desk);
        let late: Vec<_> = late.iter().filter(|(name, _)| name.starts_with("purser_jobs_due{")).collect();
        assert!(late.iter().all(|(_, count)| **count < 50), "{late:?}");
    }
}

/// Names of figures in a text.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| word.starts_with("purser_"))
        .collect()
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Expressions of a dashboard, however deep.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "expr" || key == "query" => found.push(text.clone()),
                    other => expressions(other, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

/// P23: the dashboard and the alerts ask for figures that exist, every alert names a runbook that exists, and the guide
/// explains every figure.
#[test]
fn dashboard_alerts_and_guide_fit_the_figures_p23() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    // One request that the page then counts.
    desk.client.get("/v1/rails").ended(200);
    let text = desk.client.text("/metrics");
    let known: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect();
    let exists = |name: &str| {
        let series = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        known.contains(name) || series.is_some_and(|name| known.contains(name))
    };
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/purser.json")).unwrap();
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    assert!(asked.len() > 30, "a dashboard shows something");
    let rules = read("deploy/prometheus/purser.rules.yaml");
    for text in asked.iter().map(String::as_str).chain([rules.as_str()]) {
        for name in named(text) {
            assert!(exists(name), "there is no figure {name}: {text}");
        }
    }
    let alerts = rules.lines().filter(|line| line.contains("- alert:")).count();
    let runbooks: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("runbook: ")).collect();
    assert!(alerts > 10 && alerts == runbooks.len(), "every alert says what to do");
    for runbook in runbooks {
        assert!(read(runbook).len() > 500, "{runbook}");
    }
    let guide = read("docs/guides/observe.md");
    let explained = named(&guide);
    for name in &known {
        assert!(explained.contains(name), "docs/guides/observe.md does not explain {name}");
    }
    for name in explained {
        assert!(exists(name), "docs/guides/observe.md explains {name}, which does not exist");
    }
}
