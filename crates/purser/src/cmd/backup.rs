//! `purser backup` and `purser restore` (P24).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use purser_engine::{
    clock::Clock,
    files::{Copied, copy_named},
};
use purser_storage::{Fault, FaultKind, files::FolderFiles, sqlite};

use super::{Stop, dump, verify};
use crate::store::{Place, StoreArgs};

/// Flags of `purser backup`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Copies the books into one file while servers go on writing. The copy is one instant of the books:
what is acknowledged before the command starts is in it. FILE must not exist; it appears when it is whole. Files that
people attached to cases are copied into the folder FILE.files beside it: keep the two together.

With --database this is done by PostgreSQL's own pg_dump, which has to be installed; attached files are in the one file.

Examples:
  purser backup /backup/purser-2026-03-01.db --data /var/lib/purser
  purser backup /backup/purser-2026-03-01.dump --database postgres://purser@db/purser
  purser restore /backup/purser-2026-03-01.db --data /var/lib/purser-restored")]
pub(crate) struct BackupArgs {
    /// The file to write
    file: PathBuf,
    /// Folder of `pg_dump`; the path, or the newest version installed, when absent
    #[arg(long, value_name = "DIR")]
    pg_bin: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `purser restore`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Puts a backup and its FILE.files into a folder that is absent or empty, checks the file page by page and verifies the books in full.
Exit code 1 says that the backup is damaged; what was copied stays in the folder for a closer look.

With --database it puts what `purser backup --database` wrote into an empty database, by PostgreSQL's own pg_restore, and
verifies it in the same way.

Examples:
  purser restore /backup/purser-2026-03-01.db --data /var/lib/purser-restored
  purser restore /backup/purser-2026-03-01.dump --database postgres://purser@db/purser_restored")]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Folder of `pg_restore`; the path, or the newest version installed, when absent
    #[arg(long, value_name = "DIR")]
    pg_bin: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run_backup(args: &BackupArgs) -> Result<()> {
    let place = args.store.place()?;
    if args.file.exists() {
        return Err(Stop::Usage(format!("{} exists already: name a new file", args.file.display())).into());
    }
    let whole = beside(&args.file, ".unfinished");
    // What an earlier try left behind.
    let _ = std::fs::remove_file(&whole);
    let copied = match &place {
        Place::Folder(dir) => {
            copy(&Place::file(dir), &whole, args.json)?;
            // The books first: every file that they name was stored before, and stays.
            copy_attached(&whole, &Place::files_folder(dir), &beside(&args.file, ".files"))?
        }
        Place::Postgres(url) => {
            dump::dump(url, &whole, args.pg_bin.as_deref())?;
            Copied::default()
        }
    };
    std::fs::rename(&whole, &args.file).with_context(|| format!("naming {}", args.file.display()))?;
    say(&args.file, &copied, args.json, "backed up to")?;
    stop_at_damage(&copied)
}

/// A name beside a file.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Damaged files are told after everything else was done.
fn stop_at_damage(copied: &Copied) -> Result<()> {
    let Some(first) = copied.damaged.first() else { return Ok(()) };
    let count = copied.damaged.len();
    let text = format!("{count} attached files are missing or damaged, the first is {first}");
    Err(Stop::Failed(text).into())
}

/// Copies the files that a copy of the books names.
fn copy_attached(books: &Path, from: &Path, to: &Path) -> Result<Copied> {
    if !from.exists() {
        return Ok(Copied::default());
    }
    let mut session = sqlite::open_reader(books)?;
    let (from, to) = (FolderFiles::new(from), FolderFiles::new(to));
    Ok(copy_named(&mut session, &from, &to, Clock::system().machine())?)
}

fn copy(from: &Path, to: &Path, quiet: bool) -> Result<()> {
    if !from.exists() {
        let what = format!("{} does not exist", from.display());
        return Err(Fault::new(FaultKind::Unusable, "open", what).into());
    }
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} % of {len} pages, {eta} to go") {
        bar.set_style(style);
    }
    sqlite::copy(from, to, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn say(file: &Path, copied: &Copied, json: bool, what: &str) -> Result<()> {
    let bytes = std::fs::metadata(file).with_context(|| format!("reading {}", file.display()))?.len();
    if json {
        let name = file.display().to_string();
        println!("{}", serde_json::json!({ "file": name, "bytes": bytes, "files": copied.files }));
    } else if copied.files == 0 {
        println!("{what} {} ({bytes} bytes)", file.display());
    } else {
        println!("{what} {} ({bytes} bytes, {} attached files)", file.display(), copied.files);
    }
    Ok(())
}

pub(crate) fn run_restore(args: &RestoreArgs) -> Result<()> {
    let place = args.store.place()?;
    let copied = match &place {
        Place::Folder(dir) => restore_folder(args, &place, dir)?,
        Place::Postgres(url) => {
            if !args.file.exists() {
                let what = format!("{} does not exist", args.file.display());
                return Err(Fault::new(FaultKind::Unusable, "open", what).into());
            }
            dump::restore(url, &args.file, args.pg_bin.as_deref())?;
            // Brings an older backup to this schema, and refuses a newer one.
            drop(place.open_writer()?);
            Copied::default()
        }
    };
    // Also names a file that is missing.
    verify::check_full(&place)?;
    say(&args.file, &copied, args.json, "restored and verified:")
}

fn restore_folder(args: &RestoreArgs, place: &Place, dir: &Path) -> Result<Copied> {
    if dir.exists() {
        let mut entries = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?;
        if entries.next().is_some() {
            let what = format!("{} is not empty: restore into a new folder", dir.display());
            return Err(Stop::Usage(what).into());
        }
    }
    std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let lock = place.lock()?;
    let file = Place::file(dir);
    copy(&args.file, &file, args.json)?;
    if let Some(damage) = sqlite::damage(&file)? {
        return Err(Stop::Failed(format!("the backup is damaged: {damage}")).into());
    }
    // Brings an older backup to this schema, and refuses a newer one.
    drop(place.open_writer()?);
    let copied = copy_attached(&file, &beside(&args.file, ".files"), &Place::files_folder(dir))?;
    drop(lock);
    Ok(copied)
}
