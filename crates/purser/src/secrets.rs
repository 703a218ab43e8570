//! The key of personal values: where it comes from at start, and `purser secrets` (P9).

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use purser_engine::{
    Executor, Limits, Meta,
    access::TotpRow,
    bank_files::{BankFileRow, BankOrderRow},
    call,
    identity::{CodeRow, IdentityRow, PersonRow, PhoneRow, Reseal, Sealed},
    ids::IdSource,
    sandbox::messages::SandboxMessageRow,
    vault::{AdmitVault, Vault, is_sealed},
    withdrawals::PayoutAccountRow,
};

use crate::{
    cmd::Stop,
    store::{Opened, Place, StoreArgs},
};

/// Holds the text of the key file itself, with `;` between its lines.
const VARIABLE: &str = "PURSER_SECRETS_KEY";

/// Name of the key file in a data folder.
const FILE: &str = "secrets.key";

/// Flags that name the key.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct SecretsArgs {
    /// File with the key of personal values. A data folder has DIR/secrets.key, made at its first start; instead of a
    /// file, the environment variable `PURSER_SECRETS_KEY` may hold its text
    #[arg(long, value_name = "FILE", env = "PURSER_SECRETS_KEY_FILE")]
    pub(crate) secrets_key_file: Option<PathBuf>,
}

/// A key, and whether it was made just now.
pub(crate) struct Key {
    pub(crate) vault: Arc<Vault>,
    new: bool,
}

impl SecretsArgs {
    /// Where the key file is; `None`: nobody said, and there is no folder.
    fn path(&self, place: &Place) -> Option<PathBuf> {
        match (&self.secrets_key_file, place) {
            (Some(file), _) => Some(file.clone()),
            (None, Place::Folder(dir)) => Some(dir.join(FILE)),
            (None, Place::Postgres(_)) => None,
        }
    }

    /// The key for these books. A folder that has neither key nor sealed values gets one.
    ///
    /// # Errors
    /// A key that cannot be read, or none where sealed values need one.
    pub(crate) fn key(&self, place: &Place) -> Result<Option<Key>> {
        if let Ok(text) = std::env::var(VARIABLE)
            && self.secrets_key_file.is_none()
            && !text.trim().is_empty()
        {
            return Ok(Some(Key { vault: Arc::new(read(&text, VARIABLE)?), new: false }));
        }
        let Some(path) = self.path(place) else {
            if is_sealed(place.open_reader()?.as_mut())? {
                return Err(
                    missing("say where the key is: --secrets-key-file FILE, or PURSER_SECRETS_KEY").into()
                );
            }
            tracing::warn!("no secrets key: this server takes no personal values (--secrets-key-file FILE)");
            return Ok(None);
        };
        match fs::read_to_string(&path) {
            Ok(text) => {
                let vault = Arc::new(read(&text, &path.display().to_string())?);
                Ok(Some(Key { vault, new: false }))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.secrets_key_file.is_none() => {
                if is_sealed(place.open_reader()?.as_mut())? {
                    let text = format!("put the key file back to {}", path.display());
                    return Err(missing(&text).into());
                }
                let text = make(&path)?;
                eprintln!(
                    "made {}: the key of personal values. Keep a copy apart from the backups; without it they are lost.",
                    path.display()
                );
                Ok(Some(Key { vault: Arc::new(read(&text, &path.display().to_string())?), new: true }))
            }
            Err(error) => Err(error).with_context(|| {
                format!("reading the secrets key {} (`purser secrets new FILE` makes one)", path.display())
            }),
        }
    }

    /// The key, compared with the one that these books were sealed with.
    ///
    /// # Errors
    /// See [`Self::key`]; and a key that is another one.
    pub(crate) fn admitted(&self, place: &Place, executor: &Executor) -> Result<Option<Arc<Vault>>> {
        let Some(key) = self.key(place)? else { return Ok(None) };
        let admit = if key.new { AdmitVault::first(&key.vault) } else { AdmitVault::of(&key.vault) };
        match call(&mut executor.clone(), admit, Meta::system())? {
            Ok(()) => Ok(Some(key.vault)),
            Err(rejection) => Err(Stop::Failed(format!("{}: {}", rejection.code, rejection.message)).into()),
        }
    }
}

fn missing(what: &str) -> Stop {
    Stop::Failed(format!("secrets_key_missing: these books hold sealed personal values: {what}"))
}

fn read(text: &str, from: &str) -> Result<Vault> {
    Ok(Vault::read(text).map_err(|error| Stop::Failed(format!("{from}: {error}")))?)
}

/// Makes a key file that only its owner may read; never over one that is there.
fn make(path: &Path) -> Result<String> {
    let mut ids = IdSource::system();
    let text = Vault::new_file(|| ids.secret());
    write_new(path, &text)?;
    Ok(text)
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("making the key file {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

impl SecretsArgs {
    /// A key file that is there, or made now.
    pub(crate) fn file_or_new(path: &Path) -> Result<PathBuf> {
        if !path.exists() {
            make(path)?;
        }
        Ok(path.to_owned())
    }
}

/// What `purser secrets` can do.
#[derive(Subcommand)]
pub(crate) enum SecretsVerb {
    /// Make a key file, readable by its owner only
    #[command(after_help = "Example:\n  purser secrets new ./secrets.key")]
    New(FileArgs),
    /// Add a version to a key file: new values are sealed with it
    #[command(after_help = "Example:\n  purser secrets rotate ./data/secrets.key")]
    Rotate(FileArgs),
    /// Seal everything again with the newest version; afterwards older ones may be taken out of the file
    Reseal(ResealArgs),
}

/// A key file.
#[derive(Args)]
pub(crate) struct FileArgs {
    /// Path of the key file
    file: PathBuf,
}

/// Flags of `purser secrets reseal`.
#[derive(Args)]
#[command(after_long_help = "\
Example, a rotation in three steps:
  purser secrets rotate data/secrets.key       then restart every server
  purser secrets reseal --data data            on a folder no server may be running
  take the older version out of the file       and restart once more

The line `index` stays: without it nothing is found again.")]
pub(crate) struct ResealArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    secrets: SecretsArgs,
}

/// `purser secrets`.
pub(crate) fn run(verb: &SecretsVerb) -> Result<()> {
    match verb {
        SecretsVerb::New(args) => {
            make(&args.file)?;
            println!("made {}", args.file.display());
            Ok(())
        }
        SecretsVerb::Rotate(args) => rotate(&args.file),
        SecretsVerb::Reseal(args) => reseal(args),
    }
}

fn rotate(path: &Path) -> Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let rotated = Vault::rotated(&old, IdSource::system().secret());
    let (text, version) = rotated.map_err(|error| Stop::Failed(error.to_string()))?;
    // A file that was half written would be a lost key: the new one takes the old one's place at once.
    let beside = path.with_extension("new");
    write_new(&beside, &text)?;
    fs::rename(&beside, path).with_context(|| format!("replacing {}", path.display()))?;
    println!(
        "{} has version {version} now: restart every server, then run `purser secrets reseal`",
        path.display()
    );
    Ok(())
}

fn reseal(args: &ResealArgs) -> Result<()> {
    let place = args.store.place()?;
    let opened = place.open_engine(1, Limits::default())?;
    let outcome = all_tables(&args.secrets, &place, &opened);
    opened.close();
    let (rows, version) = outcome?;
    println!("{rows} rows sealed again; everything is sealed with version {version}");
    Ok(())
}

fn all_tables(secrets: &SecretsArgs, place: &Place, opened: &Opened) -> Result<(usize, u32)> {
    let vault = secrets.admitted(place, &opened.executor)?;
    let vault =
        vault.ok_or_else(|| Stop::Usage("say where the key is: --secrets-key-file FILE".to_owned()))?;
    let desk = &opened.executor;
    let rows = table::<PhoneRow>(desk, &vault)?
        + table::<IdentityRow>(desk, &vault)?
        + table::<CodeRow>(desk, &vault)?
        + table::<PersonRow>(desk, &vault)?
        + table::<PayoutAccountRow>(desk, &vault)?
        + table::<SandboxMessageRow>(desk, &vault)?
        + table::<BankOrderRow>(desk, &vault)?
        + table::<BankFileRow>(desk, &vault)?
        + table::<TotpRow>(desk, &vault)?;
    call(&mut desk.clone(), AdmitVault::only_current(&vault), Meta::system())??;
    Ok((rows, vault.current()))
}

fn table<T: Sealed>(executor: &Executor, vault: &Arc<Vault>) -> Result<usize> {
    let mut all = 0;
    loop {
        match call(&mut executor.clone(), Reseal::<T>::with(vault), Meta::system())? {
            Ok(0) => return Ok(all),
            Ok(rows) => all += rows,
            Err(rejection) => return Err(Stop::Failed(rejection.message).into()),
        }
    }
}
