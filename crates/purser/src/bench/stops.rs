//! How fast a stop reaches whoever shows ads (A4): a listener in the client's process, and when the server's groups were committed.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use purser_domain::time::Timestamp;
use purser_engine::{
    Executor,
    clock::{Clock, Stopwatch},
};
use serde_json::{Value, json};

use super::{
    charges::advertiser,
    report::{Report, percentile},
};

/// How often the server's commits are counted.
const PACE: Duration = Duration::from_micros(500);
/// How long the listener waits for stops after the last call was answered.
const AFTERWARDS: u64 = 5_000_000;

/// Machine time, which both processes share, µs.
pub(super) fn machine_us() -> i64 {
    Clock::system().machine().0
}

/// A stop as the client sees it; machine time in µs.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Seen {
    /// The call with the click that used the balance up was written whole.
    pub(super) sent: i64,
    /// Its answer was there.
    pub(super) answered: i64,
    /// The event was there.
    arrived: i64,
    /// When the server stamped the group, as the event says.
    stopped: i64,
}

/// Stops by the number of their advertiser.
pub(super) type Stops = Mutex<BTreeMap<u64, Seen>>;

/// Follows the stream until every stop was heard of, or a while after the load is over.
pub(super) fn listen(
    (address, token): (SocketAddr, &str),
    parties: std::ops::Range<u64>,
    stops: &Stops,
    over: &AtomicBool,
    listening: &AtomicBool,
) -> Result<()> {
    let mut missing: BTreeMap<String, u64> =
        parties.map(|number| (advertiser(number).to_string(), number)).collect();
    let mut stream = TcpStream::connect(address).context("connecting the listener")?;
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    write!(stream, "GET /v1/ads/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n")?;
    let (mut waiting, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    let mut afterwards: Option<Stopwatch> = None;
    while !missing.is_empty() && afterwards.is_none_or(|since| since.micros() < AFTERWARDS) {
        if over.load(Ordering::SeqCst) {
            afterwards.get_or_insert_with(Stopwatch::start);
        }
        let got = match stream.read(&mut buffer) {
            Ok(got) => got,
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                continue;
            }
            Err(error) => return Err(error).context("listening"),
        };
        ensure!(got > 0, "the stream ended");
        let now = machine_us();
        waiting.extend_from_slice(buffer.get(..got).unwrap_or_default());
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            if line.starts_with(b": listening") {
                listening.store(true, Ordering::SeqCst);
            }
            let Some((number, stopped)) = stop(&line, &mut missing) else { continue };
            let mut stops = stops.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = stops.entry(number).or_default();
            (seen.arrived, seen.stopped) = (now, stopped);
        }
    }
    Ok(())
}

/// The stop that a line of the stream tells of.
fn stop(line: &[u8], missing: &mut BTreeMap<String, u64>) -> Option<(u64, i64)> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("data: ")?;
    let event: Value = serde_json::from_str(text).ok()?;
    if event["kind"] != "ads.stopped" {
        return None;
    }
    let at: Timestamp = event["data"]["stopped_at"].as_str()?.parse().ok()?;
    Some((missing.remove(event["party_id"].as_str()?)?, at.0))
}

/// What the client tells of stops.
pub(super) fn told(stops: Stops) -> Value {
    let stops = stops.into_inner().unwrap_or_else(PoisonError::into_inner);
    stops.values().map(|seen| json!([seen.sent, seen.answered, seen.stopped, seen.arrived])).collect()
}

/// Counts the server's commits as they come.
pub(super) struct Commits {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<i64>>,
}

impl Commits {
    /// Of each commit the last instant is kept at which it had not been seen: what is measured from there is never too short.
    pub(super) fn watch(executor: &Executor) -> Self {
        let (stop, executor) = (Arc::new(AtomicBool::new(false)), executor.clone());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut commits, mut groups, mut before) = (Vec::new(), executor.stats().groups, machine_us());
            while !stopped.load(Ordering::SeqCst) {
                std::thread::sleep(PACE);
                let (now, counted) = (machine_us(), executor.stats().groups);
                if counted > groups {
                    commits.push(before);
                    groups = counted;
                }
                before = now;
            }
            commits
        });
        Self { stop, thread }
    }

    /// When they were, in order.
    pub(super) fn all(self) -> Vec<i64> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap_or_default()
    }
}

/// Writes down how long stops took; `asked` is how many there were to be.
pub(super) fn report(client: &Value, commits: &[i64], asked: u64, report: &mut Report) -> Result<()> {
    let (mut after_commit, mut after_receipt) = (Vec::new(), Vec::new());
    for stop in client["stops"].as_array().into_iter().flatten() {
        let part = |place: usize| stop[place].as_i64().unwrap_or(0);
        let (sent, answered, stopped, arrived) = (part(0), part(1), part(2), part(3));
        ensure!(sent > 0 && stopped > 0 && arrived > 0, "a stop was not heard of: {stop}");
        // The group was stamped before it was committed: its commit is the first one after that, and before its answer.
        let committed = commits.iter().find(|at| **at >= stopped).copied().unwrap_or(answered).min(answered);
        after_commit.push(u64::try_from(arrived - committed).unwrap_or(0));
        after_receipt.push(u64::try_from(arrived - sent).unwrap_or(0));
    }
    ensure!(after_commit.len() as u64 == asked, "{} of {asked} stops were heard of", after_commit.len());
    after_commit.sort_unstable();
    after_receipt.sort_unstable();
    report.int("stops", asked);
    for (name, sorted) in [("commit", &after_commit), ("receipt", &after_receipt)] {
        report.milli(&format!("stop_after_{name}_p50_ms"), percentile(sorted, 50));
        report.milli(&format!("stop_after_{name}_p99_ms"), percentile(sorted, 99));
    }
    Ok(())
}
