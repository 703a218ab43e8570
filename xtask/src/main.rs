//! All automation of the repository: `cargo xtask …`.

mod bench;
mod codegen;
mod console;
mod demo;
mod deny;
mod postgres;
mod sbom;
mod steps;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask: everything that is automated here

    cargo xtask demo      build purser and run its demo: a small marketplace to look at
    cargo xtask console   build the pages that the server shows
    cargo xtask test      all that CI checks, with a PostgreSQL of its own
    cargo xtask tidy      only the style and import rules: seconds
    cargo xtask codegen   write api/openapi.json from the server's types
    cargo xtask bench     measure, five runs, report the median
    cargo xtask pg        a throw-away PostgreSQL to work with
    cargo xtask sbom      what a release is made of, as CycloneDX

`cargo xtask COMMAND --help` says more about each.
";

/// What a command does with its arguments.
type Run = fn(&[String]) -> Result<()>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let Some((command, rest)) = args.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    let (help, run): (&str, Run) = match command.as_str() {
        "-h" | "--help" | "help" => {
            print!("{HELP}");
            return Ok(());
        }
        "demo" => (demo::HELP, demo::run),
        "console" => (console::HELP, console::run),
        "test" => (test::HELP, test::run),
        "tidy" => (tidy::HELP, tidy::run),
        "codegen" => (codegen::HELP, codegen::run),
        "bench" => (bench::HELP, bench::run),
        "pg" => (postgres::HELP, postgres::run),
        "sbom" => (sbom::HELP, sbom::run),
        other => bail!("there is no `cargo xtask {other}`; `cargo xtask --help` lists what there is"),
    };
    // After `--` everything belongs to the program that is run.
    let own = rest.iter().take_while(|arg| *arg != "--");
    if own.into_iter().any(|arg| arg == "-h" || arg == "--help") {
        print!("{help}");
        return Ok(());
    }
    run(rest)
}
