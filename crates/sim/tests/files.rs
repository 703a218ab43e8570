//! Database files that are full, damaged, foreign, from the future, or somebody else's.

use std::{fs, path::PathBuf, process::Command};

use purser_engine::Failure;
use purser_sim::{
    desk::{Desk, Place},
    tables,
    workload::{Body, Spec},
};
use purser_storage::{Fault, FaultKind, migrate, sqlite};
use tempfile::TempDir;

fn open(place: &Place) -> Result<(), Fault> {
    let mut session = sqlite::open_writer(&place.file(), &sqlite::Options::default())?;
    migrate::migrate(&mut session).map(|_| ())
}

/// A database with a few hundred rows, cleanly closed.
fn filled() -> Place {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    for group in 0..20u64 {
        let specs: Vec<Spec> = (0..20).map(|n| Spec::from_seed(group * 100 + n)).collect();
        desk.run(|batch| specs.iter().map(|spec| spec.job(batch)).collect());
    }
    place
}

fn tally(key: u8) -> Spec {
    Spec { key: Some(key), variant: 0, dry_run: false, body: Body::Tally { name: 1, reject: false } }
}

#[test]
fn a_full_disk_fails_cleanly_and_works_again_with_room() {
    let place = Place::new();
    drop(place.session(&sqlite::Options::default()).unwrap());
    let pages = fs::metadata(place.file()).unwrap().len() / 4096;
    let options =
        sqlite::Options { max_pages: Some(u32::try_from(pages).unwrap() + 4), ..sqlite::Options::default() };
    let mut desk = Desk::over(place.session(&options).unwrap()).unwrap();
    let (mut acknowledged, mut refused) = (0, Vec::new());
    for key in 0..250 {
        let before = tables::business(desk.writer.session()).unwrap();
        match &desk.run(|batch| vec![tally(key).job(batch)])[0] {
            Ok(_) => acknowledged += 1,
            Err(Failure::Fault(fault)) => {
                assert_eq!(fault.kind, FaultKind::Full, "{fault}");
                assert_eq!(tables::business(desk.writer.session()).unwrap(), before, "half a group");
                refused.push(key);
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    assert!(acknowledged > 0 && !refused.is_empty(), "{acknowledged} acknowledged, {refused:?} refused");
    desk.writer.session().run_script("PRAGMA max_page_count = 100000").unwrap();
    for key in &refused {
        assert!(desk.run(|batch| vec![tally(*key).job(batch)])[0].is_ok());
    }
    let rows = tables::business(desk.writer.session()).unwrap();
    assert!(
        rows.contains(&"meta name=\"tally-1\" value=\"250\"".to_owned()),
        "something was lost or doubled"
    );
    desk.check_chain();
}

#[test]
fn what_is_not_a_database_is_refused() {
    for content in ["hello", &"not a database ".repeat(1_000)] {
        let place = Place::new();
        fs::write(place.file(), content).unwrap();
        let fault = open(&place).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unusable, "{fault}");
        assert_eq!(fs::read_to_string(place.file()).unwrap(), *content, "and left as it is");
    }
}

#[test]
fn a_truncated_file_is_refused_and_never_begun_anew() {
    let whole = fs::read(filled().file()).unwrap();
    let length = whole.len();
    assert!(length > 20 * 4096);
    for left in [0, 1, 20, 99, 100, 512, 4_095, 4_096, 8_192, length / 2, length - 4_096, length - 1] {
        let place = Place::new();
        fs::write(place.file(), &whole[..left]).unwrap();
        let Err(fault) = open(&place) else { panic!("{left} of {length} bytes are taken for a database") };
        assert_eq!(fault.kind, FaultKind::Unusable, "{left} bytes: {fault}");
        assert_eq!(fs::read(place.file()).unwrap(), whole[..left], "{left} bytes: written to");
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let place = filled();
    let file = rusqlite::Connection::open(place.file()).unwrap();
    file.execute("INSERT INTO schema_migrations VALUES (9999, 'from_the_future')", []).unwrap();
    drop(file);
    let fault = open(&place).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unusable);
    assert!(fault.message.contains("use a newer purser"), "{fault}");
}

/// A little disk in memory, mounted to be read.
struct Disk(TempDir);

impl Disk {
    /// With a copy of the database of `place`.
    fn holding(place: &Place) -> Option<Self> {
        let disk = Self(TempDir::new().expect("a folder"));
        disk.mount("size=64m", &["-t", "tmpfs", "purser-test"])?;
        fs::copy(place.file(), disk.file()).expect("a copy");
        disk.mount("remount,ro", &[])?;
        Some(disk)
    }

    fn mount(&self, options: &str, what: &[&str]) -> Option<()> {
        let output = Command::new("mount").args(["-o", options]).args(what).arg(self.0.path()).output();
        output.is_ok_and(|output| output.status.success()).then_some(())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("purser.db")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nothing is mounted where mounting failed.
        let _ = Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_file_that_cannot_be_written_is_refused() {
    let place = filled();
    let mut permissions = fs::metadata(place.file()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(place.file(), permissions).unwrap();
    // Root may write to any file; nobody may on a disk that is mounted to be read.
    let disk = fs::OpenOptions::new().write(true).open(place.file()).is_ok().then(|| Disk::holding(&place));
    let Some(file) = disk.as_ref().map_or(Some(place.file()), |disk| disk.as_ref().map(Disk::file)) else {
        return purser_sim::skipped("a read-only file: this user may write to it, and may not mount a tmpfs");
    };
    let fault = sqlite::open_writer(&file, &sqlite::Options::default()).map(drop).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unusable);
    // In SQLite's words, or in the system's.
    assert!(fault.message.to_lowercase().contains("read-only"), "{fault}");
}

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let place = filled();
    let first = sqlite::open_writer(&place.file(), &sqlite::Options::default()).unwrap();
    let fault = open(&place).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unusable);
    assert!(fault.message.contains("another"), "{fault}");
    drop(first);
    open(&place).unwrap();
}
