//! Watching a balance (A10): the advertiser is told once each time it falls below what it set; and what happens when
//! money leaves an account by another way than clicks.

use purser_domain::{ads::alerts::look, ids::PartyId, time::Timestamp};

use super::{
    balance::{self, arrears_minor, spendable_minor},
    events::notify,
    rows::AdAccountRow,
    stop::{StopReason, stop},
};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    tx::Tx,
    withdrawals::tell_low_balance,
};

/// Looks at a balance after something changed it: the advertiser gets a message, and its phone a short one. The caller
/// keeps the row.
pub(super) fn watch(tx: &mut Tx, ctx: &Ctx, account: &mut AdAccountRow, balance_minor: i64) {
    let seen = look(account.low_minor, balance_minor, account.low_told);
    account.low_told = seen.told;
    if seen.tell {
        let (party, low) = (account.party.to_string(), account.low_minor);
        let facts = Facts::new().int("balance_minor", balance_minor).int("alert_below_minor", low);
        notify(tx, account, "ads.balance_low", &party, &facts);
        tell_low_balance(tx, ctx, account.party, balance_minor, low);
    }
}

/// Money left an advertiser's account: it was given back. With nothing left delivery stops in the same commit (A4).
///
/// # Errors
/// Of the next group.
pub(crate) fn money_went(tx: &mut Tx, ctx: &Ctx, party: PartyId) -> Result<(), Rejection> {
    went(tx, ctx, party, ctx.now)
}

/// The same for a grant that ended: what was left before paid for nothing since an instant that is over.
///
/// # Errors
/// Of the next group.
pub(super) fn went(tx: &mut Tx, ctx: &Ctx, party: PartyId, since: Timestamp) -> Result<(), Rejection> {
    balance::check(tx, ctx, party)?;
    let Some(mut account) = tx.get::<AdAccountRow>(&party).cloned() else { return Ok(()) };
    let before = account.clone();
    let left = spendable_minor(tx, ctx, party);
    if left <= 0 && account.stopped_at.is_none() {
        let owed = arrears_minor(tx, ctx, party) > 0;
        let reason = if owed { StopReason::Arrears } else { StopReason::NoBalance };
        stop(tx, ctx, &mut account, reason, since);
    }
    watch(tx, ctx, &mut account, left);
    if account != before {
        tx.put(account);
    }
    Ok(())
}
