//! What lies in deploy/ fits the program: settings exist, what is copied exists, the health check tells ready from not
//! (P24).
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{
    purser,
    world::{Place, Server},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Words that begin with `PURSER_`.
fn settings(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| word.starts_with("PURSER_"))
        .collect()
}

#[test]
fn every_setting_in_the_files_is_one_of_the_program() {
    let help = purser(&["serve", "--help"]).ended(0).out;
    let known = settings(&help);
    // What is read elsewhere: by logging, by the health check, by Caddy.
    let beside = BTreeSet::from(["PURSER_LOG", "PURSER_HEALTH_PORT", "PURSER_HOST"]);
    let mut seen = 0;
    for file in [
        "deploy/purser.env.example",
        "deploy/compose.yaml",
        "deploy/healthcheck.sh",
        "deploy/Caddyfile",
        "deploy/systemd/purser.service",
        "docs/guides/deploy.md",
    ] {
        let text = read(file);
        for name in settings(&text) {
            assert!(known.contains(name) || beside.contains(name), "{file}: there is no setting {name}");
            seen += 1;
        }
    }
    assert!(seen > 20, "the files name settings");
}

#[test]
fn the_image_copies_what_is_there() {
    let dockerfile = read("deploy/Dockerfile");
    let ignored = read("deploy/Dockerfile.dockerignore");
    let sent: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let mut copied = 0;
    for line in dockerfile.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let (_, sources) = words.split_last().unwrap();
        for source in sources {
            let source = source.trim_end_matches('/');
            assert!(root().join(source).exists(), "{line}: {source} is missing");
            let is_sent = |entry: &str| source == entry || source.starts_with(&format!("{entry}/"));
            assert!(sent.iter().any(|entry| is_sent(entry)), "{source} is not sent to the builder");
            copied += 1;
        }
    }
    assert!(copied > 8, "the image is made of something");
    let rust = read("Cargo.toml");
    let needed = rust.lines().find_map(|line| line.strip_prefix("rust-version = \"1.")).unwrap();
    let needed: u32 = needed.trim_end_matches('"').parse().unwrap();
    let image = dockerfile.split_once("FROM rust:1.").unwrap().1.split_once('-').unwrap().0;
    assert!(image.parse::<u32>().unwrap() >= needed, "the image's Rust is older than rust-version");
}

#[test]
fn the_health_check_tells_ready_from_not() {
    let script = root().join("deploy/healthcheck.sh");
    let check = |port: u16, path: &str| {
        Command::new("bash").arg(&script).args([&port.to_string(), path]).output().unwrap().status.success()
    };
    let place = Place::folder();
    let server = Server::start(&place);
    let port = server.address.port();
    assert!(check(port, "/readyz"));
    assert!(!check(port, "/nowhere"), "404 is not ready");
    server.stop();
    assert!(!check(port, "/readyz"), "nobody listens");
}
