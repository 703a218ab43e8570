//! The ledger's lines of a withdrawal. The journal has no index by business object, so they are found by the ids that
//! follow from the withdrawal, and on the party's own account between request and end.

use std::collections::BTreeMap;

use purser_domain::{ids::TransferId, ledger::Transfer, time::Zone, withdrawals::Hold};
use purser_storage::{Fault, Keys, Lock, Record as _, Session};

use super::{apply::hold_id, rows::WithdrawalRow};
use crate::{
    history::{self, MAX_PAGE},
    rows::TransferRow,
};

/// Lines of a withdrawal, oldest first, and whether these are all: what it reserved, and what moved on the account of
/// the party. What moved between accounts of the platform alone stands there, under the same times.
///
/// # Errors
/// Storage faults.
pub fn withdrawal_lines(
    session: &mut dyn Session,
    zone: &Zone,
    row: &WithdrawalRow,
) -> Result<(Vec<Transfer>, bool), Fault> {
    let payout = hold_id(row.id, Hold::Payout);
    let mut ids = vec![payout, hold_id(row.id, Hold::Fee)];
    for slice in row.withdrawal().slices {
        ids.extend(
            [Hold::PayoutSlice(slice.number), Hold::FloatSlice(slice.number)]
                .map(|hold| hold_id(row.id, hold)),
        );
    }
    ids.sort_unstable();
    let mut found: BTreeMap<TransferId, Transfer> = BTreeMap::new();
    session.load(TransferRow::TABLE, &Keys::<TransferRow>(&ids), Lock::None, &mut |source| {
        let line = TransferRow::read(source).0;
        found.insert(line.id, line);
    })?;
    let mut complete = true;
    if let Some(account) = found.get(&payout).map(|line| line.debit) {
        // What is over touched the account when it ended; what is not is among its newest lines.
        let from = match row.finished_at {
            Some(at) => history::day(session, zone, account, zone.date(at))?.last,
            None => None,
        };
        let page = history::page(session, account, from, MAX_PAGE)?;
        complete =
            page.next.is_none() || page.lines.last().is_some_and(|line| line.transfer.at < row.requested_at);
        let of_it = page.lines.into_iter().filter(|line| line.transfer.reference == row.id.0);
        found.extend(of_it.map(|line| (line.transfer.id, line.transfer)));
    }
    let mut lines: Vec<Transfer> = found.into_values().collect();
    lines.sort_by_key(|line| (line.at, line.id));
    Ok((lines, complete))
}
