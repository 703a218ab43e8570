//! Bulk commands: many items of one call, each decided by itself (P19).

use crate::{command::Rejection, tx::Tx};

/// Decides items one after another, answered in their order. A refused item takes back what it did and leaves the others
/// alone. Of a call that can only have one item (`single`) the item's refusal is the command's own.
///
/// # Errors
/// The refusal of a single item.
pub(crate) fn item_by_item<'a, I: 'a, T>(
    tx: &mut Tx,
    items: &'a [I],
    single: bool,
    mut decide: impl FnMut(&mut Tx, &'a I) -> Result<T, Rejection>,
) -> Result<Vec<Result<T, Rejection>>, Rejection> {
    let mut outcomes = Vec::with_capacity(items.len());
    for item in items {
        let mark = tx.mark();
        let outcome = decide(tx, item);
        if outcome.is_err() {
            tx.rollback(mark);
        }
        match outcome {
            Err(rejection) if single => return Err(rejection),
            outcome => outcomes.push(outcome),
        }
    }
    Ok(outcomes)
}
