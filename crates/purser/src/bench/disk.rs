//! What the disk and the bare database give on this machine, measured in the same run.

use std::{
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};

use purser_engine::{clock::Stopwatch, rows::TransferRow};
use purser_storage::{Record as _, Session as _, sqlite};

use super::report::Report;
use crate::store::{Place, StoreArgs};

/// A folder of the bench's own.
pub(crate) fn scratch(store: &StoreArgs, bench: &str) -> Result<PathBuf> {
    let base = store.data.clone().unwrap_or_else(std::env::temp_dir);
    let dir = base.join(format!("purser-bench-{bench}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    Ok(dir)
}

/// Waits for the disk while something is measured.
///
/// The embedded database waits once for every commit that it counts; a test in the long set counts the system's calls
/// and compares. PostgreSQL waits for several commits at once, and says itself how often.
pub(crate) struct Syncs {
    before: Option<u64>,
}

impl Syncs {
    pub(crate) fn before(place: &Place) -> Self {
        Self { before: place.log_syncs() }
    }

    /// Adds `syncs` and by whom they were counted.
    pub(crate) fn tell(&self, report: &mut Report, place: &Place, commits: u64) {
        let counted = self.before.and_then(|before| {
            // What a connection counted arrives up to a second later.
            std::thread::sleep(Duration::from_millis(1_100));
            Some(place.log_syncs()?.saturating_sub(before))
        });
        report.int("syncs", counted.unwrap_or(commits));
        report.text("syncs_counted_by", if counted.is_some() { "server" } else { "commit" });
    }
}

/// Median time of a 4 KiB write and `fdatasync` over blocks that were written before, µs.
pub(crate) fn fdatasync_p50_us(dir: &Path) -> Result<u64> {
    let path = dir.join("sync.probe");
    let mut file = std::fs::File::create(&path).context("creating a probe file")?;
    let block = [7u8; 4096];
    for _ in 0..256 {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    let mut times: Vec<u64> = Vec::with_capacity(256);
    for index in 0..256u64 {
        let watch = Stopwatch::start();
        file.write_all_at(&block, index * 4096)?;
        file.sync_data()?;
        times.push(watch.micros());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Rows a second of a prepared insert of the same rows with no checks: same page size, WAL, FULL, one
/// transaction per batch.
pub(crate) fn bare_sqlite_per_s(
    dir: &Path,
    rows: &[TransferRow],
    batch: usize,
    options: &sqlite::Options,
) -> Result<u64> {
    let path = dir.join("bare.db");
    let mut session = sqlite::open_writer(&path, options)?;
    purser_storage::migrate::migrate(&mut session)?;
    let watch = Stopwatch::start();
    let mut seen = 0usize;
    for chunk in rows.chunks(batch) {
        session.begin()?;
        seen += session.insert_many(TransferRow::TABLE, &chunk.to_vec())?;
        session.commit()?;
    }
    let micros = watch.micros().max(1);
    drop(session);
    for name in ["bare.db", "bare.db-wal", "bare.db-shm"] {
        // Absent side files are what a clean close leaves behind.
        let _ = std::fs::remove_file(dir.join(name));
    }
    Ok(seen as u64 * 1_000_000 / micros)
}

/// Processor time of this process so far, µs: what a request costs whatever else the machine does.
pub(crate) fn cpu_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may contain blanks; user and system ticks of 10 ms are fields 14 and 15.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10_000
}

/// Highest resident memory of this process so far, bytes.
pub(crate) fn rss_peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
