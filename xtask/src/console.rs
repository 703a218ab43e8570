//! `cargo xtask console`: the pages that the server shows.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::steps::{capture, check, root};

/// What `cargo xtask console --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask console: build the pages that the server shows

    cargo xtask console

Takes Node.js 20.19 or newer and its npm. Fetches the packages that console/package-lock.json names, makes the types of
the API from api/openapi.json, and builds console/dist, which the next build of purser contains (a debug build reads it
from there). To work on pages: run a server, then `npx vite` in console/.
";

/// `cargo xtask console`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    anyhow::ensure!(args.is_empty(), "`cargo xtask console` takes no arguments");
    if let Some(what) = missing() {
        anyhow::bail!("{what}");
    }
    build()
}

/// Oldest Node.js that the build's tools run on.
const NODE: (u32, u32) = (20, 19);

/// What is not there; `None` when the console can be built.
pub(crate) fn missing() -> Option<String> {
    let wanted = format!("Node.js {}.{} or newer with npm (https://nodejs.org)", NODE.0, NODE.1);
    let Ok(version) = capture(Command::new("node").arg("--version")) else {
        return Some(format!("Node.js is missing: install {wanted}"));
    };
    let version = version.trim();
    if read_version(version).is_none_or(|found| found < NODE) {
        return Some(format!("Node.js {version} is too old: install {wanted}"));
    }
    match capture(Command::new("npm").arg("--version")) {
        Ok(_) => None,
        Err(_) => Some(format!("npm is missing: install {wanted}")),
    }
}

/// `v20.19.2` as 20 and 19.
fn read_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v')?.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn folder() -> PathBuf {
    root().join("console")
}

fn npm(args: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(args).current_dir(folder()).env("NO_COLOR", "1");
    command
}

/// Fetches packages unless those of this lock file are there.
pub(crate) fn fetch() -> Result<()> {
    let (wanted, noted) = (folder().join("package-lock.json"), folder().join("node_modules/.fetched"));
    let lock = std::fs::read(&wanted).with_context(|| format!("reading {}", wanted.display()))?;
    if std::fs::read(&noted).ok().as_deref() != Some(&lock) {
        check(&mut npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
            .context("packages could not be fetched: is the npm registry reachable (network, proxy)?")?;
        std::fs::write(&noted, &lock)?;
    }
    Ok(())
}

/// Whether packages could be fetched at all: their registry answers, and npm is one that knows what they ask for.
pub(crate) fn can_fetch() -> bool {
    let known = capture(Command::new("npm").arg("--version")).ok();
    let known = known.and_then(|text| text.trim().split('.').next()?.parse::<u32>().ok());
    known.is_some_and(|major| major >= 11) && check(&mut npm(&["ping", "--silent"])).is_ok()
}

/// Fetches packages, and makes the types of the API.
fn prepare() -> Result<()> {
    fetch()?;
    check(&mut npm(&["run", "--silent", "types"]))
}

/// Builds console/dist.
pub(crate) fn build() -> Result<()> {
    prepare()?;
    check(&mut npm(&["run", "--silent", "build"]))
}

/// Types, tests and build.
pub(crate) fn test() -> Result<()> {
    prepare()?;
    check(&mut npm(&["run", "--silent", "check"]))?;
    check(&mut npm(&["run", "--silent", "test"]))?;
    check(&mut npm(&["run", "--silent", "build"]))
}

/// The journeys' command, or what is missing for them.
pub(crate) fn journeys(purser: &Path) -> Result<Result<Command, String>> {
    if !has_chromium() && !install_chromium() {
        let text = "Chromium is missing and could not be installed: Debian's package chromium has it, or name one with \
                    CHROMIUM";
        return Ok(Err(text.to_owned()));
    }
    let mut command = Command::new("node");
    command.arg("e2e/run.mjs").current_dir(folder()).env("PURSER_BIN", purser.canonicalize()?);
    Ok(Ok(command))
}

/// Where the journeys look (console/e2e/browser.mjs).
const PLACES: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

fn has_chromium() -> bool {
    std::env::var_os("CHROMIUM").is_some() || PLACES.iter().any(|place| Path::new(place).exists())
}

/// Works where there is apt and the right to use it; whether it did is looked at afterwards.
fn install_chromium() -> bool {
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command.output().is_ok_and(|output| output.status.success())
    };
    println!("installing Chromium");
    apt(&["update", "-qq"]);
    apt(&["install", "-y", "-qq", "--no-install-recommends", "chromium"]) && has_chromium()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(read_version("v20.19.2"), Some((20, 19)));
        assert!(read_version("v20.9.0").unwrap() < NODE && read_version("v22.0.0").unwrap() > NODE);
        assert_eq!(read_version("nonsense"), None);
    }
}
