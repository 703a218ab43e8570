//! Events of an advertiser. Every one whose kind begins with `ads.` carries the advertiser's number, counted on in the
//! commit of what it tells of, so that whoever listens sees a gap.

use super::rows::AdAccountRow;
use crate::{facts::Facts, tx::Tx};

/// Counts an event of an advertiser; its facts begin with its number. The caller keeps the row.
pub(super) fn numbered(account: &mut AdAccountRow) -> Facts {
    account.seq += 1;
    Facts::new().int("seq", account.seq)
}

/// Tells ad servers and the platform's system.
pub(super) fn tell(tx: &mut Tx, account: &mut AdAccountRow, kind: &str, subject: &str, facts: &Facts) {
    let facts = numbered(account).and(facts);
    tx.event(kind, Some(account.party), subject, facts);
}

/// Tells the advertiser too.
pub(super) fn notify(tx: &mut Tx, account: &mut AdAccountRow, kind: &str, subject: &str, facts: &Facts) {
    let facts = numbered(account).and(facts);
    tx.notify(kind, account.party, subject, facts);
}
