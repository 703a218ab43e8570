//! `cargo xtask demo`: the shortest way to see the thing work.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    console,
    steps::{Profile, build_purser, describe},
};

/// What `cargo xtask demo --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask demo: build purser with its console and run its demo

    cargo xtask demo [--debug] [OPTION…]

Builds purser with optimisation (some minutes the first time, seconds later; --debug builds quicker and runs
slower) and starts `purser demo`: a marketplace of about 200 parties with 12 months of history, on this machine
only. It prints the URL, an API key and three commands to try; opened in a browser, the URL asks who you want to be.
Ctrl-C ends it. Without Node.js there is no console, and everything else works.

    --debug       build without optimisation
    --port N      and every other option goes to `purser demo`; `purser demo --help` lists them
";

/// `cargo xtask demo`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let debug = args.iter().any(|arg| arg == "--debug");
    match console::missing() {
        None => console::build()?,
        Some(what) => eprintln!("no console: {what}"),
    }
    let purser = build_purser(if debug { Profile::Debug } else { Profile::Release })?;
    let mut command = Command::new(purser);
    command.arg("demo").args(args.iter().filter(|arg| *arg != "--debug" && *arg != "--"));
    // The demo takes this process's place, so that Ctrl-C and its exit code are its own.
    let error = command.exec();
    Err(error).with_context(|| format!("cannot run {}", describe(&command)))
}
