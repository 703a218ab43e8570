//! Which crate may depend on which (ARCHITECTURE.md): the edges of the Cargo.toml files.

use toml::{Table, Value};

use super::{Finding, Tree};

/// A crate and the crates of ours that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("purser-domain", &[]),
    ("purser-storage", &["purser-domain"]),
    ("purser-engine", &["purser-domain", "purser-storage"]),
    ("purser-rails", &["purser-domain", "purser-engine"]),
    ("purser-api", &["purser-domain", "purser-engine"]),
    ("purser-sim", &["purser-domain", "purser-storage", "purser-engine", "purser-rails"]),
    (
        "purser",
        &["purser-domain", "purser-storage", "purser-engine", "purser-rails", "purser-api", "purser-sim"],
    ),
    ("xtask", &[]),
];

/// Dependencies of tests that go beyond [`ALLOWED`]: crate, dependency, reason.
const FOR_TESTS: &[(&str, &str, &str)] =
    &[("purser-rails", "purser-storage", "the contract runs over an engine on books of its own")];

/// Crates of others that a crate of ours must not depend on outside its tests, and why.
const BANNED: &[(&str, &[&str], &str)] = &[
    (
        "purser-domain",
        &[
            "tokio",
            "async-trait",
            "futures",
            "rusqlite",
            "postgres",
            "tokio-postgres",
            "getrandom",
            "rand",
            "fastrand",
            "crossbeam-channel",
            "tracing",
            "log",
            "axum",
            "hyper",
            "reqwest",
            "anyhow",
        ],
        "domain is pure: no IO, clock, randomness, SQL or async, and its errors are typed",
    ),
    (
        "purser-storage",
        &["axum", "hyper", "reqwest", "tower", "tower-http", "utoipa", "serde_json", "anyhow"],
        "HTTP and JSON stop in api, and faults are typed",
    ),
    (
        "purser-engine",
        &[
            "axum",
            "hyper",
            "reqwest",
            "tower",
            "tower-http",
            "utoipa",
            "serde_json",
            "rusqlite",
            "postgres",
            "anyhow",
        ],
        "HTTP and JSON stop in api, engines of databases in storage, and faults are typed",
    ),
    (
        "purser-api",
        &["rusqlite", "postgres", "tokio-postgres", "anyhow"],
        "databases stop in storage, and errors are typed",
    ),
    (
        "purser-rails",
        &["rusqlite", "postgres", "axum", "anyhow"],
        "a rail reaches storage only through the engine",
    ),
];

/// Finds edges that are not allowed.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, FOR_TESTS)
}

fn check_with(tree: &Tree, for_tests: &[(&str, &str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = vec![false; for_tests.len()];
    for (path, text) in tree.manifests() {
        let manifest: Table = match text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                findings.push(Finding::new(path, 0, format!("not readable as TOML: {}", error.message())));
                continue;
            }
        };
        let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let Some(name) = name else {
            findings.push(Finding::new(path, 0, "the crate has no name"));
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            let message = format!("crate {name} has no place in the import rules: add it to {}", file!());
            findings.push(Finding::new(path, 0, message));
            continue;
        };
        for (dependency, test_only) in dependencies(&manifest) {
            if test_only && let Some(at) = for_tests.iter().position(|e| (e.0, e.1) == (name, &dependency)) {
                used[at] = true;
                continue;
            }
            let line = line_of(text, &dependency);
            if is_ours(&dependency) && !allowed.contains(&&*dependency) {
                let message =
                    format!("{name} must not depend on {dependency}; it may on: {}", or_nothing(allowed));
                findings.push(Finding::new(path, line, message));
            }
            let ban = BANNED.iter().find(|(of, crates, _)| *of == name && crates.contains(&&*dependency));
            if let Some((_, _, reason)) = ban.filter(|_| !test_only) {
                findings.push(Finding::new(
                    path,
                    line,
                    format!("{name} must not depend on {dependency}: {reason}"),
                ));
            }
        }
    }
    for ((of, dependency, _), _) in for_tests.iter().zip(used).filter(|(_, used)| !used) {
        let message = format!("the exception for {of} -> {dependency} is no longer needed: delete it");
        findings.push(Finding::new("xtask/src/tidy/edges.rs", 0, message));
    }
    findings
}

/// Whether a crate belongs to this repository.
pub(crate) fn is_ours(name: &str) -> bool {
    name == "purser" || name.starts_with("purser-") || name == "xtask"
}

/// Names of the dependencies, behind any renaming, and whether only tests have them.
fn dependencies(manifest: &Table) -> Vec<(String, bool)> {
    let per_target =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values());
    let tables = std::iter::once(manifest).chain(per_target.filter_map(Value::as_table));
    let mut found = Vec::new();
    for table in tables {
        for (section, test_only) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let entries = table.get(section).and_then(Value::as_table).into_iter().flatten();
            found.extend(entries.map(|(key, entry)| {
                (entry.get("package").and_then(Value::as_str).unwrap_or(key).to_owned(), test_only)
            }));
        }
    }
    found
}

fn line_of(text: &str, dependency: &str) -> usize {
    let position = text.lines().position(|line| {
        let line = line.trim_start();
        line.strip_prefix(dependency).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
    });
    position.map_or(0, |index| index + 1)
}

fn or_nothing(names: &[&str]) -> String {
    if names.is_empty() { "none of ours".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, name: &str, rest: &str) -> Vec<Finding> {
        let text = format!("[package]\nname = \"{name}\"\n{rest}");
        check_with(&Tree::of(&[(path, &text)]), &[])
    }

    #[test]
    fn an_edge_against_the_rules_is_found_with_its_line() {
        let found = findings(
            "crates/domain/Cargo.toml",
            "purser-domain",
            "[dependencies]\npurser-engine.workspace = true\n",
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, 4);
        let fine = "[dependencies]\npurser-engine.workspace = true\n";
        assert!(findings("crates/api/Cargo.toml", "purser-api", fine).is_empty());
    }

    #[test]
    fn tests_renamings_and_targets_hide_nothing() {
        for rest in [
            "[dev-dependencies]\npurser-sim = { workspace = true }\n",
            "[build-dependencies]\npurser-sim = { workspace = true }\n",
            "[dependencies]\nworld = { package = \"purser-sim\", path = \"../sim\" }\n",
            "[target.'cfg(unix)'.dependencies]\npurser-sim = { workspace = true }\n",
        ] {
            assert_eq!(findings("crates/engine/Cargo.toml", "purser-engine", rest).len(), 1, "{rest}");
        }
    }

    #[test]
    fn an_exception_for_tests_holds_only_there_and_only_while_needed() {
        let exceptions = [("purser-api", "purser-sim", "the workload drives the routes")];
        let manifest = |section: &str| {
            let text =
                format!("[package]\nname = \"purser-api\"\n[{section}]\npurser-sim.workspace = true\n");
            check_with(&Tree::of(&[("crates/api/Cargo.toml", &text)]), &exceptions)
        };
        assert!(manifest("dev-dependencies").is_empty());
        let found = manifest("dependencies");
        assert_eq!(found.len(), 2, "the edge, and the exception that nothing needs: {found:?}");
    }

    #[test]
    fn domain_stays_pure_and_a_new_crate_needs_a_place() {
        let rest = "[dependencies]\nrusqlite = { workspace = true }\n";
        assert_eq!(findings("crates/domain/Cargo.toml", "purser-domain", rest).len(), 1);
        let in_tests = "[dev-dependencies]\nrusqlite = { workspace = true }\n";
        assert!(findings("crates/domain/Cargo.toml", "purser-domain", in_tests).is_empty());
        assert_eq!(findings("crates/extra/Cargo.toml", "purser-extra", "").len(), 1);
    }
}
