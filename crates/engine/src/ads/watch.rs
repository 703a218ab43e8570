//! Watching a balance (A10): the advertiser is told once each time it falls below what it set; and what happens when
//! money leaves an account by another way than clicks.

use purser_domain::{ads::alerts::look, ids::PartyId};

use super::{
    balance::{arrears_minor, spendable_minor},
    campaigns::account_of,
    rows::AdAccountRow,
    stop::{StopReason, money_came, numbered, stop},
};
use crate::{command::Ctx, tx::Tx};

/// Looks at a balance after something changed it. The caller keeps the row.
pub(crate) fn watch(tx: &mut Tx, account: &mut AdAccountRow, balance_minor: i64) {
    let seen = look(account.low_minor, balance_minor, account.low_told);
    account.low_told = seen.told;
    if seen.tell {
        let low = account.low_minor;
        let facts = numbered(account).int("balance_minor", balance_minor).int("alert_below_minor", low);
        tx.notify("ads.balance_low", account.party, &account.party.to_string(), facts);
    }
}

/// Money left an advertiser's account: given back, or a grant that ended. With nothing left delivery stops in the same
/// commit (A4).
pub(crate) fn money_went(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    if !tx.is_loaded::<AdAccountRow>(&party) {
        return;
    }
    let Some(mut account) = tx.get::<AdAccountRow>(&party).cloned() else { return };
    let before = account.clone();
    let left = spendable_minor(tx, ctx, party);
    if left <= 0 && account.stopped_at.is_none() {
        let owed = arrears_minor(tx, ctx, party) > 0;
        let reason = if owed { StopReason::Arrears } else { StopReason::NoBalance };
        stop(tx, ctx, &mut account, reason);
    }
    watch(tx, &mut account, left);
    if account != before {
        tx.put(account);
    }
}

/// A payment became balance, or paid arrears (A3): with arrears paid and something to spend, what was stopped for money
/// can be resumed. The rows of [`super::want`] must have been declared.
pub(crate) fn topped_up(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    let mut account = account_of(tx, party, ctx);
    account.topped_up += 1;
    tx.put(account);
    money_came(tx, ctx, party);
    let mut account = account_of(tx, party, ctx);
    let before = account.clone();
    let left = spendable_minor(tx, ctx, party);
    watch(tx, &mut account, left);
    if account != before {
        tx.put(account);
    }
}
