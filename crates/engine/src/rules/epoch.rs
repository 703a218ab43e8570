//! The number that tells writers to read the rules again.

use crate::{
    group::RULES_EPOCH,
    rows::Meta,
    tx::{Needs, Tx},
};

pub(super) fn need(needs: &mut Needs<'_>) {
    needs.row::<Meta>(RULES_EPOCH.to_owned());
}

/// From the next group on every writer decides by what this group wrote.
pub(super) fn bump(tx: &mut Tx) {
    let name = RULES_EPOCH.to_owned();
    let epoch: i64 = tx.get::<Meta>(&name).and_then(|row| row.value.parse().ok()).unwrap_or(0);
    tx.put(Meta { name, value: epoch.saturating_add(1).to_string() });
}
