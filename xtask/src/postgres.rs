//! A throw-away PostgreSQL from the system's binaries.
//!
//! The server is looked after by a small shell script in a process group of its own (`postgres.sh`), which stops
//! and deletes it when the pipe to its owner closes. So nothing is left behind when tests fail, when the run is
//! interrupted, or even when it is killed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

/// What `cargo xtask pg --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask pg: a throw-away PostgreSQL

    cargo xtask pg                 run one in the foreground, print its URL, stop on Ctrl-C
    cargo xtask pg --detach FILE   run one in the background and write to FILE how to reach it
    cargo xtask pg --stop FILE     stop the one that FILE describes, and delete FILE

The server listens on a free port of 127.0.0.1 only, lets everybody on this machine in, and keeps its files in a
temporary folder that is deleted when it stops. fsync and synchronous_commit are on. Its user may create databases.

    cargo xtask pg --detach /tmp/pg.env && . /tmp/pg.env
    purser serve --database \"$PURSER_TEST_POSTGRES\"

The newest version under /usr/lib/postgresql is used, else the one on PATH. As root on Debian a missing PostgreSQL
is installed with apt-get. PostgreSQL refuses to run as root, so root runs it as the user postgres, or nobody.
";

const SCRIPT: &str = include_str!("postgres.sh");
/// Exit code of the script that asks for another port.
const PORT_TAKEN: i32 = 75;
const URL_VARIABLE: &str = "PURSER_TEST_POSTGRES";
const PID_VARIABLE: &str = "PURSER_TEST_POSTGRES_PID";

/// A running server. Dropping it stops the server and deletes its files.
pub(crate) struct Server {
    keeper: Child,
    owner: Option<ChildStdin>,
    url: String,
    dir: PathBuf,
    standby: Option<u16>,
}

impl Server {
    /// Starts a server, installing PostgreSQL when it is missing and that is possible.
    pub(crate) fn start() -> Result<Self> {
        Self::launch("owned", false)
    }

    /// Starts a primary and a standby that every commit waits for.
    pub(crate) fn start_pair() -> Result<Self> {
        Self::launch("owned", true)
    }

    /// What a test needs to kill the primary and promote the standby: the URL of each, and the primary's data folder.
    pub(crate) fn pair(&self) -> Option<String> {
        let standby = self.standby?;
        Some(format!("{} {} {}", self.url, url_of(standby), self.dir.join("data").display()))
    }

    /// URL of the administrative database; its user may create databases.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn launch(mode: &str, pair: bool) -> Result<Self> {
        let bin = binaries()?;
        let account = if is_root() { Some(Account::unprivileged()?) } else { None };
        // A port is free when it is chosen, and may be taken a moment later.
        for _ in 0..3 {
            if let Some(server) = Self::launch_once(&bin, account.as_ref(), mode, pair)? {
                return Ok(server);
            }
        }
        bail!("PostgreSQL found its port taken three times in a row")
    }

    /// `None` when the port was taken meanwhile.
    fn launch_once(bin: &Path, account: Option<&Account>, mode: &str, pair: bool) -> Result<Option<Self>> {
        let port = free_port()?;
        let standby = pair.then(free_port).transpose()?;
        let dir = std::env::temp_dir().join(format!("purser-pg-{}-{port}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))?;
        let mut command = match account {
            Some(account) => account.command(&dir)?,
            None => Command::new("sh"),
        };
        let keeper = command
            .args(["-c", SCRIPT, "purser-pg"])
            .arg(bin)
            .arg(&dir)
            .args([&port.to_string(), mode])
            .args(standby.map(|port| port.to_string()))
            .current_dir("/")
            .stdin(if mode == "owned" { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0)
            .spawn()
            .context("cannot run a shell for PostgreSQL")?;
        let mut server = Self { keeper, owner: None, url: url_of(port), dir, standby };
        server.owner = server.keeper.stdin.take();
        let mut line = String::new();
        let output = server.keeper.stdout.take().context("the shell has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        if line.trim() == "ready" {
            return Ok(Some(server));
        }
        let status = server.keeper.wait()?;
        // Only there still when the keeper could not even begin.
        let _ = fs::remove_dir_all(&server.dir);
        ensure!(
            status.code() == Some(PORT_TAKEN),
            "PostgreSQL at {} did not start; its messages are above",
            bin.display()
        );
        Ok(None)
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn url_of(port: u16) -> String {
    format!("postgres://purser@127.0.0.1:{port}/postgres")
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.owner.take().is_some() {
            // The keeper sees its input close, stops the server and deletes the folder.
            let _ = self.keeper.wait();
        }
    }
}

/// `cargo xtask pg`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => foreground(),
        ["--detach", file] => detach(Path::new(file)),
        ["--stop", file] => stop(Path::new(file)),
        _ => bail!("unknown arguments; see `cargo xtask pg --help`"),
    }
}

fn foreground() -> Result<()> {
    let mut server = Server::start()?;
    println!("{}", server.url());
    eprintln!("Ctrl-C stops it and deletes its files");
    let owner = server.owner.take();
    server.keeper.wait()?;
    drop(owner);
    bail!("PostgreSQL ended by itself")
}

fn detach(file: &Path) -> Result<()> {
    ensure!(!file.exists(), "{} exists: stop that server first with `cargo xtask pg --stop`", file.display());
    let server = Server::launch("detached", false)?;
    let pid = server.keeper.id();
    fs::write(file, format!("export {URL_VARIABLE}={}\nexport {PID_VARIABLE}={pid}\n", server.url()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("{}", server.url());
    eprintln!("stop it with: cargo xtask pg --stop {}", file.display());
    Ok(())
}

fn stop(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let pid: u32 = text
        .lines()
        .find_map(|line| line.strip_prefix("export ")?.strip_prefix(PID_VARIABLE)?.strip_prefix('='))
        .and_then(|pid| pid.trim().parse().ok())
        .with_context(|| format!("{} was not written by `cargo xtask pg --detach`", file.display()))?;
    let status = Command::new("kill").args(["-TERM", &pid.to_string()]).status()?;
    fs::remove_file(file)?;
    ensure!(status.success(), "process {pid} was gone already; {} is deleted", file.display());
    Ok(())
}

/// The unprivileged account that root runs PostgreSQL as.
struct Account {
    name: &'static str,
    uid: u32,
    gid: u32,
}

impl Account {
    fn unprivileged() -> Result<Self> {
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        ["postgres", "nobody"].into_iter().find_map(|name| Self::find(&passwd, name)).context(
            "PostgreSQL refuses to run as root and neither the user postgres nor nobody exists: \
             create one with `useradd --system postgres`",
        )
    }

    fn find(passwd: &str, name: &'static str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [user, _, uid, gid, ..] = fields[..] else { return None };
            (user == name).then_some(())?;
            Some(Self { name, uid: uid.parse().ok()?, gid: gid.parse().ok()? })
        })
    }

    /// A shell that runs as this account and owns `dir`.
    fn command(&self, dir: &Path) -> Result<Command> {
        std::os::unix::fs::chown(dir, Some(self.uid), Some(self.gid))?;
        let mut command;
        if let Some(setpriv) = on_path("setpriv") {
            command = Command::new(setpriv);
            command.args([format!("--reuid={}", self.uid), format!("--regid={}", self.gid)]);
            command.args(["--clear-groups", "sh"]);
        } else if let Some(runuser) = on_path("runuser") {
            command = Command::new(runuser);
            command.args(["-u", self.name, "--", "sh"]);
        } else {
            bail!(
                "PostgreSQL refuses to run as root: install util-linux (setpriv), or run this as another user"
            );
        }
        command.env("HOME", dir);
        Ok(command)
    }
}

/// Folder of PostgreSQL's programs, after an attempt to install them when there is none.
fn binaries() -> Result<PathBuf> {
    if let Some(found) = find_binaries() {
        return Ok(found);
    }
    install()?;
    find_binaries()
        .context("PostgreSQL was installed but its initdb is neither in /usr/lib/postgresql nor on PATH")
}

fn find_binaries() -> Option<PathBuf> {
    let complete = |dir: &PathBuf| {
        ["initdb", "pg_ctl", "pg_basebackup", "postgres"].iter().all(|name| dir.join(name).is_file())
    };
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| complete(bin))
        .collect();
    versions.sort();
    // A link on PATH leads to the folder that holds the others.
    let linked = || on_path("initdb").and_then(|path| Some(path.canonicalize().ok()?.parent()?.to_owned()));
    versions.pop().map(|(_, bin)| bin).or_else(|| linked().filter(complete))
}

fn install() -> Result<()> {
    const BY_HAND: &str = "PostgreSQL is missing (initdb, pg_ctl, postgres). Install the package `postgresql`, \
        or set PURSER_TEST_POSTGRES to the URL of a server whose user may create databases";
    let Some(apt) = on_path("apt-get").filter(|_| is_root()) else { bail!(BY_HAND) };
    eprintln!("PostgreSQL is missing: installing the package `postgresql` with apt-get");
    for args in [&["update"][..], &["install", "-y", "--no-install-recommends", "postgresql"]] {
        let status = Command::new(&apt).args(args).env("DEBIAN_FRONTEND", "noninteractive").status()?;
        ensure!(status.success(), "`apt-get {}` failed. {BY_HAND}", args.join(" "));
    }
    Ok(())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Root's PATH is not always complete, and these live in sbin.
    let sbin = ["/usr/sbin", "/sbin"].into_iter().map(PathBuf::from);
    std::env::split_paths(&path).chain(sbin).map(|dir| dir.join(name)).find(|file| file.is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
#[path = "../../crates/domain/tests/support/skipped.rs"]
mod skip;

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_server_answers_and_leaves_nothing_behind() {
        if find_binaries().is_none() {
            return skip::skipped("a server of one's own: PostgreSQL is not installed");
        }
        let server = Server::start().unwrap();
        let address =
            server.url().trim_start_matches("postgres://purser@").trim_end_matches("/postgres").to_owned();
        let dir = server.dir.clone();
        assert!(TcpStream::connect(&address).is_ok() && dir.exists());
        drop(server);
        assert!(TcpStream::connect(&address).is_err(), "{address} still answers");
        assert!(!dir.exists(), "{} is left", dir.display());
    }

    #[test]
    fn a_pair_has_two_servers_and_leaves_nothing_behind() {
        if find_binaries().is_none() {
            return skip::skipped("a pair of servers of one's own: PostgreSQL is not installed");
        }
        let server = Server::start_pair().unwrap();
        let pair = server.pair().unwrap();
        let parts: Vec<&str> = pair.split(' ').collect();
        let [primary, standby, data] = parts[..] else { panic!("{pair}") };
        let address =
            |url: &str| url.trim_start_matches("postgres://purser@").trim_end_matches("/postgres").to_owned();
        let both = [address(primary), address(standby)];
        assert!(both.iter().all(|address| TcpStream::connect(address).is_ok()), "{pair}");
        assert!(Path::new(data).join("postmaster.pid").is_file() && !both[0].eq(&both[1]));
        let dir = server.dir.clone();
        drop(server);
        assert!(both.iter().all(|address| TcpStream::connect(address).is_err()), "{pair} still answers");
        assert!(!dir.exists(), "{} is left", dir.display());
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let account = Account::find(passwd, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert!(Account::find(passwd, "nobody").is_none());
    }
}
