//! What people found out at the bank about an order that it never answers (P10, P16).

use purser_domain::{
    bank_files::{Failure, OrderState},
    ids::BankFileId,
    withdrawals::{FailureClass, Found},
};

use super::rows::{BankFileRow, BankOrderRow};
use crate::{
    command::{Ctx, Rejection},
    tx::{Needs, Tx},
};

/// Declares what [`check_inquiry`] and [`note_inquiry`] read.
pub(crate) fn want_inquiry(needs: &mut Needs<'_>, reference: &str, file: BankFileId) {
    needs.row::<BankOrderRow>(reference.to_owned());
    needs.row::<BankFileRow>(file);
}

/// Declares what [`bank_order_version`] reads.
pub(crate) fn want_bank_order(needs: &mut Needs<'_>, reference: &str) {
    needs.row::<BankOrderRow>(reference.to_owned());
}

/// How often an order's row has changed; `None` when there is no such order.
pub(crate) fn bank_order_version(tx: &Tx, reference: &str) -> Option<i64> {
    tx.get::<BankOrderRow>(&reference.to_owned()).map(|order| order.version)
}

/// An order that the bank put back is not sent again, because its payout came to its end: whatever the bank does with it after
/// all is held against that. The order must be declared.
pub(crate) fn note_end(tx: &mut Tx, ctx: &Ctx, reference: &str, class: FailureClass, code: &str) {
    let order = tx.get::<BankOrderRow>(&reference.to_owned()).cloned();
    let Some(mut order) = order.filter(|order| order.state().may_go_again()) else { return };
    let failure = Failure { class: class.name(), code: code.to_owned() };
    order.enter(OrderState::Failed, Some(&failure), ctx.now);
    tx.put(order);
}

/// Only an order that the bank may have is asked about: what lies here in a file that nobody has had yet would go out all the
/// same.
///
/// Rejections: `inquiry_outdated` (it is in another file by now), `bank_file_not_given_out`.
pub(crate) fn check_inquiry(tx: &Tx, reference: &str, file: BankFileId) -> Result<(), Rejection> {
    if tx.get::<BankOrderRow>(&reference.to_owned()).is_none_or(|order| order.file != file) {
        let text = "the order is in another file by now: ask the bank again, and propose what it says then";
        return Err(Rejection::new("inquiry_outdated", text));
    }
    if tx.get::<BankFileRow>(&file).is_none_or(|file| file.given_at.is_none()) {
        let text = "nobody has had the file with this order yet: dissolve the file, or hand it over";
        return Err(Rejection::new("bank_file_not_given_out", text));
    }
    Ok(())
}

/// Writes it down with the order, so that whatever the bank says later is held against it.
pub(crate) fn note_inquiry(tx: &mut Tx, ctx: &Ctx, reference: &str, found: Found) {
    let Some(mut order) = tx.get::<BankOrderRow>(&reference.to_owned()).cloned() else { return };
    let (state, failure) = match found {
        Found::Arrived => (OrderState::Paid, None),
        Found::NotArrived => {
            let class = FailureClass::NotArrived.name();
            (OrderState::Failed, Some(Failure { class, code: "INQUIRY".to_owned() }))
        }
    };
    order.enter(state, failure.as_ref(), ctx.now);
    tx.put(order);
}
