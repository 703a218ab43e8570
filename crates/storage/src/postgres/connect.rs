//! Connecting, and what every connection is set to.

use std::time::Duration;

use postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode, TargetSessionAttrs},
};

use super::{
    PostgresSession,
    error::{connect_fault, fault},
};
use crate::{Fault, FaultKind};

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
}

/// Settings of both roles. A peer that vanished without a word is noticed within a minute on both sides, so that
/// its locks and snapshots do not outlive it by hours. JIT compilation costs more than our short statements.
const COMMON: &str = "
    SET client_min_messages = warning;
    SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
    SET idle_in_transaction_session_timeout = '60s';
    SET jit = off;";

/// A writer reaches rows by key, whatever the statistics of a young table say: the planner is kept from plans
/// that read a whole table, and from planning the same statement again for every group. A wait for a lock ends
/// in a fault that is retried.
const WRITER: &str = "
    SET lock_timeout = '15s';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;";

const READER: &str = "SET default_transaction_read_only = on;";

/// A reply after a commit promises that the commit is on disk; a server that is set to more than that (waiting
/// for standbys) stays as it is.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// Opens a session that writes: `postgres://user@host:port/database`.
///
/// # Errors
/// [`FaultKind::Retry`] when the server does not answer; [`FaultKind::Unusable`] when it refuses this user or
/// has no such database, when the URL makes no sense, or when the database is not encoded in UTF-8.
pub fn open_writer(url: &str) -> Result<PostgresSession, Fault> {
    open(url, Role::Writer)
}

/// Opens a session that only reads; every transaction of it sees one snapshot.
///
/// # Errors
/// As [`open_writer`].
pub fn open_reader(url: &str) -> Result<PostgresSession, Fault> {
    open(url, Role::Reader)
}

fn read(url: &str) -> Result<Config, Fault> {
    // The parser's words may quote the password: they are not passed on.
    url.parse()
        .map_err(|_| Fault::new(FaultKind::Unusable, "connect", "the database URL is not a PostgreSQL URL"))
}

/// How PostgreSQL's own programs reach a database: variables of their environment, where no list of processes shows
/// the password.
///
/// # Errors
/// [`FaultKind::Unusable`] when the URL makes no sense.
pub fn tool_environment(url: &str) -> Result<Vec<(&'static str, String)>, Fault> {
    let config = read(url)?;
    // Several servers are tried in turn, by those programs as by us; one port is that of all of them.
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let ports = config.get_ports().iter().map(ToString::to_string);
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let listed = |name, values: Vec<String>| (!values.is_empty()).then(|| (name, values.join(",")));
    let mut all = Vec::new();
    all.extend(listed("PGHOST", hosts.collect()));
    all.extend(listed("PGHOSTADDR", addresses.collect()));
    if all.is_empty() {
        all.push(("PGHOST", "localhost".to_owned()));
    }
    all.extend(listed("PGPORT", ports.collect()));
    // Else a program might take a standby that we do not.
    match config.get_target_session_attrs() {
        TargetSessionAttrs::ReadWrite => all.push(("PGTARGETSESSIONATTRS", "read-write".to_owned())),
        TargetSessionAttrs::ReadOnly => all.push(("PGTARGETSESSIONATTRS", "read-only".to_owned())),
        _ => {}
    }
    all.extend(config.get_user().map(|user| ("PGUSER", user.to_owned())));
    let password = config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    all.extend(password.map(|password| ("PGPASSWORD", password)));
    // Named like the user when the URL names none, as everywhere.
    let database = config.get_dbname().or_else(|| config.get_user());
    all.extend(database.map(|name| ("PGDATABASE", name.to_owned())));
    Ok(all)
}

fn open(url: &str, role: Role) -> Result<PostgresSession, Fault> {
    let mut config = read(url)?;
    if matches!(config.get_ssl_mode(), SslMode::Require) {
        let message =
            "sslmode=require: TLS to the database is not built in; use a private network or a tunnel";
        return Err(Fault::new(FaultKind::Unusable, "connect", message));
    }
    if config.get_application_name().is_none() {
        config.application_name("purser");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(30));
    }
    config.keepalives_idle(Duration::from_secs(30));
    config.keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    let client = connect(&config, role)?;
    Ok(PostgresSession::new(config, role, client))
}

/// Connects and applies the settings.
pub(super) fn connect(config: &Config, role: Role) -> Result<Client, Fault> {
    let mut client = config.connect(NoTls).map_err(|e| connect_fault(&e))?;
    let mut set = |sql: &str| client.batch_execute(sql).map_err(|e| fault("connect", &e));
    set(COMMON)?;
    match role {
        Role::Writer => {
            set(WRITER)?;
            set(DURABLE)?;
        }
        Role::Reader => set(READER)?,
    }
    let row = client
        .query_one("SELECT current_setting('server_encoding')", &[])
        .map_err(|e| fault("connect", &e))?;
    let encoding: String = row.try_get(0).map_err(|e| fault("connect", &e))?;
    if encoding != "UTF8" {
        let message = format!("the database must be encoded in UTF8, not {encoding}");
        return Err(Fault::new(FaultKind::Unusable, "connect", message));
    }
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_everything_but_by_arguments() {
        let told = |url: &str| tool_environment(url).unwrap();
        let all = [
            ("PGHOST", "db"),
            ("PGPORT", "5433"),
            ("PGUSER", "li"),
            ("PGPASSWORD", "a b"),
            ("PGDATABASE", "books"),
        ];
        assert_eq!(
            told("postgres://li:a%20b@db:5433/books"),
            all.map(|(name, value)| (name, value.to_owned()))
        );
        let two = told("postgres://li@a:5433,b:5434/books?target_session_attrs=read-write");
        let pairs = [
            ("PGHOST", "a,b"),
            ("PGPORT", "5433,5434"),
            ("PGTARGETSESSIONATTRS", "read-write"),
            ("PGUSER", "li"),
            ("PGDATABASE", "books"),
        ];
        assert_eq!(two, pairs.map(|(name, value)| (name, value.to_owned())));
        let numbered = told("hostaddr=10.0.0.1,10.0.0.2 port=5433 user=li dbname=books");
        assert_eq!(numbered[0], ("PGHOSTADDR", "10.0.0.1,10.0.0.2".to_owned()));
        assert_eq!(numbered[1], ("PGPORT", "5433".to_owned()));
        assert_eq!(told("host=/run/pg user=li")[2], ("PGDATABASE", "li".to_owned()));
        assert!(tool_environment("books.db").is_err());
    }
}
