//! Books of a test's own, and servers on them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use postgres::{Config, NoTls, config::Host};
use purser_engine::clock::Stopwatch;
use purser_storage::{Session, Statement, postgres as pg, sqlite};
use tempfile::TempDir;

use super::{Ran, binary, http::Client, purser, skipped};

/// Where the books are; gone when it is dropped.
pub(crate) enum Place {
    /// A folder, thus SQLite.
    Folder(TempDir),
    /// A database of its own on the server that the tests were given.
    Postgres { admin: Box<Config>, name: String, url: String },
}

impl Place {
    /// New books in a folder.
    pub(crate) fn folder() -> Self {
        Self::Folder(TempDir::new().expect("a folder"))
    }

    /// A new database; says that it skips when there is no server.
    pub(crate) fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(url) = std::env::var("PURSER_TEST_POSTGRES") else {
            skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set");
            return None;
        };
        let admin: Config = url.parse().expect("PURSER_TEST_POSTGRES is a URL");
        let name = format!("purser_bin_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        run_sql(&admin, &format!("CREATE DATABASE {name}"));
        let url = with_database(&admin, &name);
        Some(Self::Postgres { admin: Box::new(admin), name, url })
    }

    /// New books on the same engine.
    pub(crate) fn fresh(&self) -> Self {
        match self {
            Self::Folder(_) => Self::folder(),
            Self::Postgres { .. } => Self::postgres().expect("the server of these"),
        }
    }

    /// SQLite, and PostgreSQL when there is one.
    pub(crate) fn all() -> Vec<Self> {
        std::iter::once(Self::folder()).chain(Self::postgres()).collect()
    }

    pub(crate) fn engine(&self) -> &'static str {
        if matches!(self, Self::Folder(_)) { "sqlite" } else { "postgres" }
    }

    /// The flags that name the books.
    pub(crate) fn flags(&self) -> [&str; 2] {
        match self {
            Self::Folder(dir) => ["--data", dir.path().to_str().expect("a UTF-8 path")],
            Self::Postgres { url, .. } => ["--database", url],
        }
    }

    /// Runs a subcommand on these books.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        purser(&[args, &self.flags()].concat())
    }

    /// Runs a subcommand on these books that reads its standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut command = Command::new(binary());
        command.args(args).args(self.flags()).env_remove("PURSER_DATA").env_remove("PURSER_DATABASE");
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the binary starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        let Output { status, stdout, stderr } = child.wait_with_output().expect("its end");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    /// A session beside the server's, to look at what it wrote.
    pub(crate) fn reader(&self) -> Box<dyn Session> {
        match self {
            Self::Folder(dir) => {
                Box::new(sqlite::open_reader(&dir.path().join("purser.db")).expect("a reader"))
            }
            Self::Postgres { url, .. } => Box::new(pg::open_reader(url).expect("a reader")),
        }
    }

    /// Makes a key that may do everything, withdrawing without the party's code included.
    pub(crate) fn key(&self) -> String {
        self.key_with("all,withdrawals:request_without_code")
    }

    /// Makes a key with these scopes.
    pub(crate) fn key_with(&self, scopes: &str) -> String {
        self.run(&["keys", "create", "--name", "test", "--scopes", scopes]).ended(0).out.trim().to_owned()
    }

    /// `purser verify`; everything when `full`, else what is new since the last time.
    pub(crate) fn verify(&self, full: bool) {
        let mode = if full { "--full" } else { "--incremental" };
        let report = match self {
            Self::Folder(_) => self.run(&["verify", "--json", mode]),
            Self::Postgres { name, .. } => {
                let state = std::env::temp_dir().join(format!("{name}.verified"));
                self.run(&["verify", "--json", mode, "--state", state.to_str().expect("a UTF-8 path")])
            }
        };
        assert_eq!(report.ended(0).json()["sound"], true);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Postgres { admin, name, .. } = self {
            // What the test left open must not keep the database; a failing test stays the one that is reported.
            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = admin.connect(NoTls).and_then(|mut client| client.batch_execute(&sql));
            let _ = std::fs::remove_file(std::env::temp_dir().join(format!("{name}.verified")));
        }
    }
}

pub(super) fn run_sql(config: &Config, sql: &str) {
    config.connect(NoTls).and_then(|mut client| client.batch_execute(sql)).expect("the server of the tests");
}

pub(super) fn with_database(admin: &Config, name: &str) -> String {
    let host = match admin.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = admin.get_ports().first().copied().unwrap_or(5432);
    let password = admin
        .get_password()
        .map_or_else(String::new, |password| format!(" password={}", String::from_utf8_lossy(password)));
    let user = admin.get_user().unwrap_or("postgres");
    format!("host={host} port={port} user={user} dbname={name}{password}")
}

/// Rows of integers.
pub(crate) fn ints(
    session: &mut dyn Session,
    statement: &'static Statement,
    columns: usize,
) -> Vec<Vec<i64>> {
    let mut rows = Vec::new();
    session
        .query(statement, &[], &mut |row| {
            rows.push((0..columns).map(|column| row.int(column)).collect());
            true
        })
        .expect("a query");
    rows
}

/// Asks again and again until something is so, at most so many seconds.
pub(crate) fn wait_until(what: &str, seconds: u64, mut so: impl FnMut() -> bool) {
    let watch = Stopwatch::start();
    while !so() {
        assert!(watch.micros() < seconds * 1_000_000, "after {seconds} s still waiting: {what}");
        // A poll: the thing waited for happens in another process.
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The key of personal values of the tests' databases.
pub(crate) const SECRETS_KEY: &str = "index=0101010101010101010101010101010101010101010101010101010101010101;\
     1=0202020202020202020202020202020202020202020202020202020202020202";

/// Lets a party of a sandbox have taken its first steps (X4): a made-up phone is bound, a made-up identity verified.
pub(crate) fn onboard(client: &Client, party: &str) {
    let body = serde_json::json!({ "party_id": party });
    client.post("/v1/sandbox/onboardings", &format!("onboard-{party}"), &body).ended(200);
}

/// A server process. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts one on a free port.
    pub(crate) fn start(place: &Place) -> Self {
        Self::of(Self::command(place))
    }

    /// The command that starts one on a free port, for further flags.
    pub(crate) fn command(place: &Place) -> Command {
        let mut command = Command::new(binary());
        // Tests that kill do not wait a minute for what the dead one had.
        command.args(["serve", "--listen", "127.0.0.1:0", "--job-lease", "5"]).args(place.flags());
        if let Place::Postgres { .. } = place {
            // A folder makes a key of its own.
            command.env("PURSER_SECRETS_KEY", SECRETS_KEY);
        }
        command
    }

    /// Waits until a command that serves says where it listens.
    pub(crate) fn of(mut command: Command) -> Self {
        command.env_remove("PURSER_DATA").env_remove("PURSER_DATABASE").stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let Some(Ok(line)) = lines.next() else {
            panic!("the server did not start: {:?}", child.wait());
        };
        let address = line.rsplit("http://").next().and_then(|text| text.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in: {line}"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(crate) fn client(&self, token: &str) -> Client {
        Client::new(self.address, token)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it ends in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("its end");
    }

    /// SIGTERM: it finishes what it accepted.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "the server ended with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already when the test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
