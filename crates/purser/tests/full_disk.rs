//! No room to write, under the real server: a commit fails cleanly, `/readyz` says so, nothing acknowledged is lost,
//! and it works again when there is room (P23, P24).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;
use support::{
    arg, binary,
    http::Client,
    purser, skipped,
    world::{Server, wait_until},
};
use tempfile::TempDir;

/// Transfers of a bulk write.
const BULK: i64 = 100;
/// Bulk writes after which a disk of this size must be full, whatever is reused of the log.
const MOST: usize = 400;

/// A little disk of its own, in memory.
struct Disk(TempDir);

impl Disk {
    fn mount(mebibytes: u32) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "purser-test", arg(folder.path())])
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            skipped("a full disk: this user may not mount a tmpfs");
        }
        mounted.then(|| Self(folder))
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        while file.write_all(&[0xa5; 4_096]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server of a failed test may still have it open.
        let _ = Command::new("umount").args(["-l", arg(self.0.path())]).status();
    }
}

/// Writes, and what was acknowledged of them.
struct Writer {
    client: Client,
    account: Option<String>,
    sent: usize,
    acknowledged: i64,
}

impl Writer {
    fn on(server: &Server, token: &str) -> Self {
        Self { client: server.client(token), account: None, sent: 0, acknowledged: 0 }
    }

    /// Sends a bulk write; false when there was no room.
    fn write(&mut self, n: usize) -> bool {
        let name = |kind: &str| json!({ "owner": "platform", "kind": kind });
        let one = json!({
            "debit": name("clients.clearing"), "credit": name("revenue.operating"), "amount_minor": 7,
        });
        let body = json!({ "atomic": true, "transfers": vec![one; usize::try_from(BULK).unwrap()] });
        let answer = self.client.post("/v1/transfers/bulk", &format!("bulk-{n}"), &body);
        if answer.status == 200 {
            let credit = answer.body["items"][0]["transfer"]["credit"].as_str();
            self.account = credit.map(str::to_owned).or(self.account.take());
            self.acknowledged += 7 * BULK;
            return true;
        }
        assert_eq!((answer.status, answer.text("code")), (503, "storage_full"), "{}", answer.body);
        assert_eq!(answer.body["retryable"], true);
        false
    }

    /// Writes until there is no room; returns the number of the write that failed.
    fn write_until_full(&mut self) -> usize {
        for _ in 0..MOST {
            self.sent += 1;
            if !self.write(self.sent) {
                return self.sent;
            }
        }
        panic!("{MOST} bulk writes found room");
    }

    fn balance(&self) -> i64 {
        use purser_domain::{ledger::AccountKind, ledger::AccountRef, money::Currency};
        let id = AccountRef::platform(AccountKind::RevenueOperating, Currency::CNY).id();
        self.client.get(&format!("/v1/accounts/{id}")).ended(200).int("posted_minor")
    }

    fn unhealthy(&self) {
        let ready = self.client.get("/readyz").ended(503);
        assert_eq!((&ready.body["ready"], &ready.body["storage_full"]), (&json!(false), &json!(true)));
        assert_eq!(self.client.get("/healthz").status, 200, "it is alive all the same");
    }
}

fn works_again(writer: &mut Writer, failed: usize) {
    wait_until("ready again", 30, || writer.client.get("/readyz").status == 200);
    assert!(writer.write(failed), "the write that failed works under its key");
    assert!(writer.write(writer.sent + 1));
    writer.sent += 1;
    assert_eq!(writer.balance(), writer.acknowledged, "nothing lost, nothing twice");
}

#[test]
fn a_disk_without_room_loses_nothing_and_works_again_with_room() {
    let Some(disk) = Disk::mount(24) else { return };
    let data = disk.0.path().join("books");
    let token =
        purser(&["keys", "create", "--name", "t", "--scopes", "all", "--data", arg(&data)]).ended(0).out;
    let serve = || {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data", arg(&data)]);
        Server::of(command)
    };
    let server = serve();
    let mut writer = Writer::on(&server, token.trim());
    assert!(writer.write(0));
    disk.fill();
    let failed = writer.write_until_full();
    writer.unhealthy();
    assert_eq!(writer.balance(), writer.acknowledged, "reads go on, and show what was acknowledged");
    disk.free();
    works_again(&mut writer, failed);
    // Killed while it is full: the next server finds everything.
    disk.fill();
    let failed = writer.write_until_full();
    server.kill();
    disk.free();
    let server = serve();
    writer.client = server.client(token.trim());
    works_again(&mut writer, failed);
    server.stop();
    purser(&["verify", "--full", "--data", arg(&data)]).ended(0);
}

/// Largest file that a process may write; `prlimit` changes it while it runs.
fn limit(server: &Server, limit: &str) -> bool {
    let id = server.id().to_string();
    let limit = format!("--fsize={limit}:unlimited");
    Command::new("prlimit").args(["--pid", &id, &limit]).status().is_ok_and(|status| status.success())
}

fn log_bytes(data: &Path) -> u64 {
    fs::metadata(data.join("purser.db-wal")).unwrap().len()
}

#[test]
fn a_limit_on_file_sizes_is_a_full_disk_too() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("books");
    let token =
        purser(&["keys", "create", "--name", "t", "--scopes", "all", "--data", arg(&data)]).ended(0).out;
    // The signal that comes with the limit would end the process; services run without it.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\" 2>>\"$2\""]);
    // Nor has the log any room: that must end nothing.
    let log = folder.path().join("log");
    fs::File::create(&log).unwrap().set_len(1 << 30).unwrap();
    command.arg(binary()).arg(&data).arg(&log);
    let server = Server::of(command);
    let mut writer = Writer::on(&server, token.trim());
    assert!(writer.write(0));
    if !limit(&server, &(log_bytes(&data) + 65_536).to_string()) {
        return skipped("a limit on file sizes: there is no prlimit");
    }
    let failed = writer.write_until_full();
    writer.unhealthy();
    assert_eq!(writer.balance(), writer.acknowledged);
    assert!(limit(&server, "unlimited"));
    works_again(&mut writer, failed);
    server.stop();
    purser(&["verify", "--full", "--data", arg(&data)]).ended(0);
}
