//! The subcommands, one file each.

pub(crate) mod backup;
mod bank;
mod bank_message;
pub(crate) mod calendar;
pub(crate) mod clock;
mod credit_csv;
mod credit_import;
mod credit_metrics;
mod credit_replay;
mod csv_rows;
pub(crate) mod demo;
mod dump;
pub(crate) mod float;
mod gateway;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod month;
mod orders_csv;
pub(crate) mod policy;
pub(crate) mod report;
mod report_credit;
mod report_float;
mod rules;
pub(crate) mod sandbox;
mod sandbox_clicks;
mod sandbox_market;
mod shops_csv;
pub(crate) mod sim;
pub(crate) mod statement;
mod terms_csv;
pub(crate) mod verify;

use std::process::ExitCode;

use purser_engine::{Command, Failure, Meta, Rejection, call};
use purser_storage::Fault;

use crate::store::Opened;

/// What a reader of exit codes can rely on; printed at the end of `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the check failed, or the command was refused
  2  wrong usage
  3  the database cannot be used: absent, locked by another purser, newer, damaged, full";

/// Why a subcommand stops, where the exit code depends on it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A check failed, or the engine said no. What is wrong was printed, or is the text.
    #[error("{0}")]
    Failed(String),
    /// What was asked for cannot be meant.
    #[error("{0}")]
    Usage(String),
}

/// The exit code of an error.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    let code = error.chain().find_map(|cause| {
        if let Some(stop) = cause.downcast_ref::<Stop>() {
            return Some(if matches!(stop, Stop::Usage(_)) { 2 } else { 1 });
        }
        let storage = cause.is::<Fault>() || matches!(cause.downcast_ref(), Some(Failure::Fault(_)));
        storage.then_some(3)
    });
    ExitCode::from(code.unwrap_or(1))
}

/// Says no in the engine's words.
fn refused(rejection: &Rejection) -> Stop {
    Stop::Failed(format!("refused ({}): {}", rejection.code, rejection.message))
}

/// Runs one command for the person `by` and returns its output.
fn run<C: Command>(opened: &mut Opened, command: C, by: &str) -> anyhow::Result<C::Output>
where
    C::Output: Clone,
{
    let meta = Meta { actor: by.to_owned(), ..Meta::system() };
    Ok(call(&mut opened.executor, command, meta)?.map_err(|rejection| refused(&rejection))?)
}

/// Who the command line is, in the audit log.
const CLI: &str = "cli";
