//! Starts the real binary on a database of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use purser_storage::sqlite;

use crate::client::Client;

fn binary() -> PathBuf {
    std::env::var_os("PURSER_BIN").map_or_else(|| env!("CARGO_BIN_EXE_purser").into(), PathBuf::from)
}

/// The key of personal values of the tests' databases; a folder makes one of its own.
const SECRETS_KEY: &str = "index=0101010101010101010101010101010101010101010101010101010101010101;\
     1=0202020202020202020202020202020202020202020202020202020202020202";

/// Runs a command of the binary to its end.
pub(crate) fn purser(args: &[&str]) -> String {
    let output = Command::new(binary()).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Where the books of a test are.
pub(crate) struct Place {
    flags: Vec<String>,
    folder: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags = vec!["--data".to_owned(), folder.path().display().to_string()];
        Self { flags, folder: Some(folder) }
    }

    /// A database of its own on the server that the tests were given.
    fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("PURSER_TEST_POSTGRES").ok()?;
        let name = format!("purser_api_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut config: postgres::Config = url.parse().unwrap();
        config.connect(postgres::NoTls).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        config.dbname(&name);
        let host = match config.get_hosts().first() {
            Some(postgres::config::Host::Tcp(host)) => host.clone(),
            Some(postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let password = config
            .get_password()
            .map_or_else(String::new, |p| format!(" password={}", String::from_utf8_lossy(p)));
        let user = config.get_user().unwrap_or("postgres");
        let url = format!("host={host} port={port} user={user} dbname={name}{password}");
        Some(Self { flags: vec!["--database".to_owned(), url], folder: None })
    }

    /// A folder, and a database of its own where there is a server for it.
    pub(crate) fn all() -> Vec<Self> {
        let mut places = vec![Self::folder()];
        match Self::postgres() {
            Some(place) => places.push(place),
            None => crate::skip::skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set"),
        }
        places
    }

    /// Changes rows behind the books' back, while no server runs.
    pub(crate) fn tamper(&self, sql: &str) {
        if let Some(folder) = &self.folder {
            let file = folder.path().join("purser.db");
            let session = sqlite::open_writer(&file, &sqlite::Options::default()).unwrap();
            session.connection().execute_batch(sql).unwrap();
        } else {
            let url = self.flags[1].as_str();
            postgres::Client::connect(url, postgres::NoTls).unwrap().batch_execute(sql).unwrap();
        }
    }

    /// Makes a key and returns its token.
    pub(crate) fn key(&self, scopes: &str) -> String {
        let mut args = vec!["keys", "create", "--name", "test", "--scopes", scopes];
        args.extend(self.flags.iter().map(String::as_str));
        purser(&args).trim().to_owned()
    }

    /// Runs a command on these books with this on its standard input.
    pub(crate) fn with_input(&self, args: &[&str], input: &str) {
        let mut command = Command::new(binary());
        let mut child = command.args(args).args(&self.flags).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{args:?}");
    }

    pub(crate) fn start(&self, more: &[&str]) -> Running {
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(&self.flags)
            .args(more)
            .envs(self.folder.is_none().then_some(("PURSER_SECRETS_KEY", SECRETS_KEY)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(Ok(line)) = lines.next() else {
            let output = child.wait_with_output().unwrap();
            panic!("the server did not start: {}", String::from_utf8_lossy(&output.stderr));
        };
        let address = line.rsplit("http://").next().unwrap().parse().unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Running { child, address }
    }

    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().to_owned())
    }
}

/// A server process.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: std::net::SocketAddr,
}

impl Running {
    /// Stops it the polite way and checks that it ends well.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the server ended with {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when the test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server with a key that may do everything.
pub(crate) struct Server {
    pub(crate) client: Client,
}

/// Runs a test on SQLite, and on PostgreSQL when there is one.
pub(crate) fn on_every_database(test: impl Fn(&Server)) {
    for place in Place::all() {
        let token = place.key("all,withdrawals:request_without_code");
        let running = place.start(&["--sandbox"]);
        let server = Server { client: Client::new(running.address, &token) };
        test(&server);
        crate::audit::every_write_has_its_entry(&server);
        running.stop();
    }
}

pub(crate) fn second_server() {
    let place = Place::folder();
    let running = place.start(&[]);
    let path = place.path().unwrap();
    let output = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("in use by another purser"), "{text}");
    running.stop();
}
