//! `cargo deny check`: licences, bans, sources and advisories of what Purser is built of.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::steps::cargo;

/// What became of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// All is well.
    Clean,
    /// It could not be done here, and why.
    Skipped(String),
}

/// Whether the program is there.
fn is_there() -> bool {
    let mut version = cargo(&["deny", "--version"]);
    version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Checks what deny.toml asks for.
///
/// # Errors
/// Something is refused; what, has been printed.
pub(crate) fn check() -> Result<Vec<Checked>> {
    if !is_there() {
        let text = "skipped: licences and advisories of dependencies: cargo-deny is missing \
                    (`cargo install --locked cargo-deny`)";
        return Ok(vec![Checked::Skipped(text.to_owned())]);
    }
    // Advisories come from the network; what stands in our own files is checked where there is none, too.
    let own = judge(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    let known = judge(&mut cargo(&["deny", "check", "advisories"]))?;
    Ok(vec![own, known])
}

fn judge(command: &mut Command) -> Result<Checked> {
    let output = command.stdout(Stdio::inherit()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    verdict(output.status.success(), &said).inspect_err(|_| eprint!("{said}"))
}

fn verdict(success: bool, said: &str) -> Result<Checked> {
    if success {
        return Ok(Checked::Clean);
    }
    if said.contains("failed to fetch advisory database") {
        let text = "skipped: advisories of dependencies: their database could not be fetched";
        return Ok(Checked::Skipped(text.to_owned()));
    }
    bail!("`cargo deny check` refuses a dependency; its words are above")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_network_is_no_finding_and_a_finding_no_missing_network() {
        assert_eq!(verdict(true, "").unwrap(), Checked::Clean);
        let offline = "[ERROR] failed to fetch advisory database https://github.com/RustSec/advisory-db";
        assert!(matches!(verdict(false, offline).unwrap(), Checked::Skipped(_)));
        assert!(verdict(false, "error[rejected]: failed to satisfy license requirements").is_err());
    }
}
