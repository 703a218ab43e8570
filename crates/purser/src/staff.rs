//! `purser staff`: staff accounts from the command line, for the first one and for emergencies. Over HTTP only people
//! make people.

use std::{
    io::{BufRead as _, stdin},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use purser_engine::{
    Limits, Meta,
    access::{ChangeStaff, CreateStaff, Role, StaffChange, hash_password, staff_id},
    call,
    ids::IdSource,
};

use crate::store::StoreArgs;

/// What `purser staff` can do.
#[derive(Subcommand)]
pub(crate) enum StaffVerb {
    /// Make an account; its first password is the first line of the standard input
    #[command(
        after_help = "Example:\n  printf '%s\\n' \"$PASSWORD\" | purser staff create --login fei --role finance --data ./data"
    )]
    Create(CreateArgs),
    /// Lift the lock after wrong tries
    #[command(after_help = "Example:\n  purser staff unlock --login fei --data ./data")]
    Unlock(ChangeArgs),
    /// Take the device for one-time codes away from somebody who lost it
    #[command(after_help = "Example:\n  purser staff reset-totp --login fei --data ./data")]
    ResetTotp(ChangeArgs),
}

/// Flags of `purser staff unlock` and `reset-totp`.
#[derive(Args)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Name to sign in with
    #[arg(long, value_parser = login)]
    login: String,
}

/// Flags of `purser staff create`.
#[derive(Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Name to sign in with: letters, digits, `.`, `-`, `_`, `@`
    #[arg(long, value_parser = login)]
    login: String,
    /// What they are
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.iter().map(|role| role.name())))]
    role: String,
}

fn login(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_@".contains(&b);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a login has 1 to 64 letters, digits, `.`, `-`, `_` or `@`".to_owned())
}

/// `purser staff`.
pub(crate) fn run(verb: &StaffVerb) -> Result<()> {
    match verb {
        StaffVerb::Create(args) => create(args),
        StaffVerb::Unlock(args) => change(args, StaffChange::Unlock, "is no longer locked"),
        StaffVerb::ResetTotp(args) => change(args, StaffChange::ResetTotp, "has no device any more"),
    }
}

/// For whoever has the books in their hands: the way out when no admin can sign in.
fn change(args: &ChangeArgs, change: StaffChange, done: &str) -> Result<()> {
    let opened = args.store.place_or(Path::new("data")).open_engine(1, Limits::default())?;
    let (id, by) = (staff_id(&args.login), "system".to_owned());
    let command = ChangeStaff { id, change, expected: None, by, by_person: true };
    let outcome = call(&mut opened.executor.clone(), command, Meta::system());
    opened.close();
    match outcome? {
        Ok(row) => {
            println!("{} {done}", row.login);
            Ok(())
        }
        Err(rejection) => bail!(rejection.message),
    }
}

fn create(args: &CreateArgs) -> Result<()> {
    let role = Role::from_name(&args.role).context("no such role")?;
    let mut password = String::new();
    stdin().lock().read_line(&mut password).context("the password cannot be read")?;
    let password = hash_password(password.trim_end_matches(['\r', '\n']), &IdSource::system().secret())?;
    let opened = args.store.place_or(Path::new("data")).open_engine(1, Limits::default())?;
    let (login, by) = (args.login.clone(), "system".to_owned());
    let command = CreateStaff { login, role, password, by, by_person: true };
    let outcome = call(&mut opened.executor.clone(), command, Meta::system());
    opened.close();
    match outcome? {
        Ok(row) => {
            println!("{} signs in as {}, {}", row.id, row.login, row.role.name());
            Ok(())
        }
        Err(rejection) => bail!(rejection.message),
    }
}
