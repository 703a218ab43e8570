//! Runs the real binary.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod planted;
pub(crate) mod shop;
pub(crate) mod world;

#[path = "../../../domain/tests/support/skipped.rs"]
mod skip;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use purser_storage::{Session as _, Statement, postgres};

pub(crate) use skip::skipped;

/// What a run printed and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The JSON object on the standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }

    /// Checks the exit code and returns this.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("PURSER_BIN").map_or_else(|| env!("CARGO_BIN_EXE_purser").into(), PathBuf::from)
}

/// `purser` with arguments; nothing of the environment reaches it.
pub(crate) fn purser(args: &[&str]) -> Ran {
    let outcome =
        Command::new(binary()).args(args).env_remove("PURSER_DATA").env_remove("PURSER_DATABASE").output();
    let Output { status, stdout, stderr } = outcome.expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

/// A `PostgreSQL` database of its own, dropped at the end.
pub(crate) struct Database {
    admin_url: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// On the server that `admin_url` names; `folder` gives it a name of its own.
    pub(crate) fn create(admin_url: &str, folder: &Path) -> Self {
        let random = folder.file_name().expect("a name").to_string_lossy().to_lowercase();
        let name = format!("purser_cli_{}", random.trim_start_matches(".tmp"));
        execute(admin_url, &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"));
        let (server, _) = admin_url.rsplit_once('/').expect("a URL with a database");
        let url = format!("{server}/{name}");
        Self { admin_url: admin_url.to_owned(), name, url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        execute(&self.admin_url, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Statements are constants everywhere else; a test that makes one keeps it for good.
fn execute(url: &str, sql: &str) {
    let sql: &'static str = Box::leak(sql.to_owned().into_boxed_str());
    let statement = Box::leak(Box::new(Statement { name: "test", sql }));
    let mut session = postgres::open_writer(url).expect("the server");
    session.execute(statement, &[]).expect("done");
}
