//! Backup and restore of a PostgreSQL database by PostgreSQL's own programs (P24).

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use purser_storage::{Statement, postgres};

use super::Stop;
use crate::store::Place;

static TABLES: Statement = Statement {
    name: "restore.tables",
    sql: "SELECT COUNT(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
};

static BOOKS: Statement = Statement {
    name: "restore.books",
    sql: "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'schema_migrations' AND schemaname NOT IN \
          ('pg_catalog', 'information_schema')",
};

fn count(url: &str, statement: &'static Statement) -> Result<i64> {
    let mut found = 0;
    Place::Postgres(url.to_owned()).open_reader()?.query(statement, &[], &mut |row| {
        found = row.int(0);
        false
    })?;
    Ok(found)
}

/// Where Debian and its like keep the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// One of PostgreSQL's programs: in the folder that was named, else on the path, else of the newest version installed.
fn program(name: &str, folder: Option<&Path>) -> Result<PathBuf> {
    let folders: Vec<PathBuf> = if let Some(folder) = folder {
        vec![folder.to_owned()]
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).chain(newest()).collect()
    };
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| {
        let text = format!(
            "{name} is not there: install PostgreSQL's client programs (postgresql-client), of the server's version or \
             newer, or say with --pg-bin DIR where they are"
        );
        Stop::Usage(text).into()
    })
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?.filter_map(Result::ok);
    let numbered =
        versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    numbered.max().map(|(_, path)| path.join("bin"))
}

fn run(program: &Path, url: &str, args: &[&OsStr]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args).envs(postgres::tool_environment(url)?);
    let output = command.output().with_context(|| format!("starting {}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Stop::Failed(format!("{} failed: {}", program.display(), said.trim())).into())
}

/// Writes all of a database, attached files included, into one file: one instant of the books, while servers go on.
pub(super) fn dump(url: &str, file: &Path, folder: Option<&Path>) -> Result<()> {
    let program = program("pg_dump", folder)?;
    // Says what is wrong with the database in Purser's words, before another program does in its own.
    if count(url, &BOOKS)? == 0 {
        let text = "this database holds no books of Purser: is it the right one?";
        return Err(Stop::Usage(text.to_owned()).into());
    }
    let to = [OsStr::new("--format=custom"), OsStr::new("--file"), file.as_os_str()];
    run(&program, url, &to)
}

/// Reads such a file into an empty database, wholly or not at all.
pub(super) fn restore(url: &str, file: &Path, folder: Option<&Path>) -> Result<()> {
    let program = program("pg_restore", folder)?;
    let tables = count(url, &TABLES)?;
    if tables > 0 {
        let text = format!("the database is not empty, it has {tables} tables: restore into a new one");
        return Err(Stop::Usage(text).into());
    }
    let environment = postgres::tool_environment(url)?;
    let database =
        environment.iter().find(|(name, _)| *name == "PGDATABASE").map_or("", |(_, value)| value.as_str());
    // Another server has other roles: whose tables they were, and who might read them, stays behind.
    let roles = ["--no-owner", "--no-privileges"];
    let from = [&roles[..], &["--exit-on-error", "--single-transaction", "--dbname", database]].concat();
    let from: Vec<&OsStr> = from.into_iter().map(OsStr::new).chain([file.as_os_str()]).collect();
    run(&program, url, &from)?;
    if count(url, &BOOKS)? == 0 {
        let text = format!("{} is not a backup of Purser's books: remove what it left", file.display());
        return Err(Stop::Failed(text).into());
    }
    Ok(())
}
