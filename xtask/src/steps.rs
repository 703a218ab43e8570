//! Running programs in announced, timed steps.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

/// Root of the repository.
pub(crate) fn root() -> PathBuf {
    // Set by cargo at run time. The value at build time is wrong when a target folder serves several checkouts.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().expect("xtask is a folder of the repository").to_owned()
}

/// The cargo that runs this, in the root of the repository.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    // What makes the next build short takes a third of the room and some of the time of the first: nothing for a folder
    // where nobody builds by hand, as CI's.
    if std::env::var_os("CARGO_INCREMENTAL").is_none() && !is_built_by_hand() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Somebody ran `cargo build` or `cargo test` in this target folder.
fn is_built_by_hand() -> bool {
    let state = target().map(|target| target.join("debug/incremental"));
    let mut entries = state.and_then(|state| Ok(std::fs::read_dir(state)?)).into_iter().flatten().flatten();
    // This program's own is always there.
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with("purser"))
}

/// Which of cargo's two usual profiles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Debug,
    /// Quick to run.
    Release,
}

/// Builds the `purser` binary and returns where it is.
pub(crate) fn build_purser(profile: Profile) -> Result<PathBuf> {
    let path = purser_path(profile)?;
    let mut args = vec!["build", "--package", "purser"];
    if profile == Profile::Release {
        args.push("--release");
        if !path.exists() {
            eprintln!("building purser with optimisation: some minutes the first time, seconds later");
        }
    }
    check(&mut cargo(&args))?;
    Ok(path)
}

/// The target folder, wherever that is configured to be: this program lies in its debug folder.
fn target() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().find(|dir| dir.ends_with("debug")).and_then(Path::parent);
    Ok(target.map_or_else(|| root().join("target"), Path::to_owned))
}

fn purser_path(profile: Profile) -> Result<PathBuf> {
    let folder = if profile == Profile::Release { "release" } else { "debug" };
    Ok(target()?.join(folder).join(format!("purser{}", std::env::consts::EXE_SUFFIX)))
}

/// Runs a command and says which one when it fails.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", describe(command)))?;
    ensure!(status.success(), "{} failed ({status})", describe(command));
    Ok(())
}

/// Runs a command and returns its standard output; errors go through.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {}", describe(command)))?;
    ensure!(output.status.success(), "{} failed ({})", describe(command), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{} did not print text", describe(command)))
}

/// The command line, with the program by its file name.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy());
    format!("`{}`", words.collect::<Vec<_>>().join(" "))
}

/// Announces steps, times them and remembers which failed, so that one run shows everything that is wrong.
pub(crate) struct Steps {
    started: Instant,
    failed: Vec<String>,
}

impl Steps {
    /// Starts the clock.
    pub(crate) fn new() -> Self {
        Self { started: now(), failed: Vec::new() }
    }

    /// Runs one step. `None` says that it failed and that this was said.
    pub(crate) fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Option<T> {
        println!("== {name}");
        let started = now();
        let result = step();
        let time = seconds(started.elapsed());
        match result {
            Ok(value) => {
                println!("== {name}: ok, {time}\n");
                Some(value)
            }
            Err(error) => {
                println!("error: {error:#}\n== {name}: FAILED, {time}\n");
                self.failed.push(name.to_owned());
                None
            }
        }
    }

    /// The steps that failed, and the time since the start.
    pub(crate) fn finish(self) -> (Vec<String>, String) {
        (self.failed, seconds(self.started.elapsed()))
    }
}

fn seconds(time: Duration) -> String {
    let (minutes, rest) = (time.as_secs() / 60, time.as_secs() % 60);
    if minutes > 0 {
        format!("{minutes} min {rest:02} s")
    } else {
        format!("{rest}.{} s", time.subsec_millis() / 100)
    }
}

#[expect(clippy::disallowed_methods, reason = "steps are timed for people; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(61)), "1 min 01 s");
    }

    #[test]
    fn a_failed_step_is_remembered_and_the_next_one_runs() {
        let mut steps = Steps::new();
        assert!(steps.run("one", || -> Result<()> { anyhow::bail!("no") }).is_none());
        assert_eq!(steps.run("two", || Ok(2)), Some(2));
        assert_eq!(steps.finish().0, ["one"]);
    }
}
