//! Damage that is planted in a copy of books, and what `purser verify` says of it (P3).

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use purser_storage::sqlite;
use tempfile::TempDir;

use super::{
    Ran, arg,
    world::{Place, run_sql, wait_until, with_database},
};

impl Place {
    /// Books of the same content, apart from these. Nobody else may be connected to them.
    pub(crate) fn copy(&self) -> Self {
        match self {
            Self::Folder(dir) => {
                let copy = TempDir::new().expect("a folder");
                let from = format!("{}/.", arg(dir.path()));
                let copied = Command::new("cp").args(["-r", &from, arg(copy.path())]).status();
                assert!(copied.expect("cp").success());
                Self::Folder(copy)
            }
            Self::Postgres { admin, name, .. } => {
                static NEXT: AtomicU32 = AtomicU32::new(0);
                let copy = format!("{name}_copy_{}", NEXT.fetch_add(1, Ordering::Relaxed));
                let sql = format!("CREATE DATABASE {copy} TEMPLATE {name}");
                // A connection that was closed ends a little later on the server.
                wait_until("nobody is connected any more", 20, || {
                    admin.connect(postgres::NoTls).and_then(|mut client| client.batch_execute(&sql)).is_ok()
                });
                let url = with_database(admin, &copy);
                Self::Postgres { admin: admin.clone(), name: copy, url }
            }
        }
    }

    /// Changes rows behind the books' back.
    pub(crate) fn tamper(&self, sql: &str) {
        match self {
            Self::Folder(dir) => {
                let session = sqlite::open_writer(&database_of(dir.path()), &sqlite::Options::default());
                session.expect("a database").connection().execute_batch(sql).expect("done");
            }
            Self::Postgres { url, .. } => run_sql(&url.parse().expect("a URL"), sql),
        }
    }

    /// What `purser verify` says of a copy in which something was changed.
    pub(crate) fn verified_with(&self, sql: &str) -> Ran {
        let copy = self.copy();
        copy.tamper(sql);
        copy.run(&["verify", "--full", "--json"])
    }

    /// Plants one change after another, each in a copy of its own: `verify` ends with 1 and names the invariant.
    pub(crate) fn planted(&self, changes: &[(&str, &str)]) {
        for (invariant, sql) in changes {
            let ran = self.verified_with(sql).ended(1);
            let findings = &ran.json()["findings"];
            let named = |finding: &serde_json::Value| {
                finding["sentence"].as_str().is_some_and(|sentence| sentence.contains(invariant))
            };
            let found = findings.as_array().is_some_and(|findings| findings.iter().any(named));
            assert!(found, "{}: {sql}: {invariant} is not in {findings}", self.engine());
        }
    }
}

fn database_of(dir: &Path) -> std::path::PathBuf {
    dir.join("purser.db")
}
