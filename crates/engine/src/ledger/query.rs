//! Reading accounts, transfers and holds.

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::{Account, AccountKind, Hold, Transfer},
};
use purser_storage::{Fault, Session};

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
