//! Reading accounts, transfers and holds.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::{Account, AccountKind, AccountRef, Hold, Transfer},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session};

use crate::{
    feed::one,
    rows::{AccountInfo, AccountRow, HoldRow, TransferRow},
};

/// An account with what it is.
///
/// # Errors
/// Storage faults.
pub fn account(
    session: &mut dyn Session,
    id: AccountId,
) -> Result<Option<(Account, Option<AccountInfo>)>, Fault> {
    let Some(row) = one::<AccountRow>(session, id)? else { return Ok(None) };
    Ok(Some((row.0, one::<AccountInfo>(session, id)?)))
}

/// Accounts by what they are, those left out to which nothing was ever posted; in the order of `wanted`.
///
/// # Errors
/// Storage faults.
pub fn accounts(
    session: &mut dyn Session,
    wanted: &[AccountRef],
) -> Result<Vec<(Account, AccountRef)>, Fault> {
    let ids = sorted(wanted.iter().map(AccountRef::id));
    let mut found = BTreeMap::new();
    session.load(AccountRow::TABLE, &Keys::<AccountRow>(&ids), Lock::None, &mut |row| {
        let account = AccountRow::read(row).0;
        found.insert(account.id, account);
    })?;
    Ok(wanted
        .iter()
        .filter_map(|reference| found.remove(&reference.id()).map(|account| (account, reference.clone())))
        .collect())
}

/// What accounts are, by their ids; those that no kind describes are left out.
///
/// # Errors
/// Storage faults.
pub fn described(
    session: &mut dyn Session,
    ids: impl Iterator<Item = AccountId>,
) -> Result<BTreeMap<AccountId, AccountRef>, Fault> {
    let ids = sorted(ids);
    let mut found = BTreeMap::new();
    session.load(AccountInfo::TABLE, &Keys::<AccountInfo>(&ids), Lock::None, &mut |row| {
        let info = AccountInfo::read(row);
        found.insert(info.id, info.reference);
    })?;
    Ok(found)
}

fn sorted(ids: impl Iterator<Item = AccountId>) -> Vec<AccountId> {
    let mut ids: Vec<AccountId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What an account is for; `None` when there is none, or when no kind describes it. It never changes.
///
/// # Errors
/// Storage faults.
pub fn kind_of(session: &mut dyn Session, id: AccountId) -> Result<Option<AccountKind>, Fault> {
    Ok(one::<AccountInfo>(session, id)?.map(|info| info.reference.kind))
}

/// A ledger line.
///
/// # Errors
/// Storage faults.
pub fn transfer(session: &mut dyn Session, id: TransferId) -> Result<Option<Transfer>, Fault> {
    Ok(one::<TransferRow>(session, id)?.map(|row| row.0))
}

/// A hold.
///
/// # Errors
/// Storage faults.
pub fn hold(session: &mut dyn Session, id: TransferId) -> Result<Option<Hold>, Fault> {
    Ok(one::<HoldRow>(session, id)?.map(|row| row.0))
}
