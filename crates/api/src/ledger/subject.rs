//! What ledger lines are about: the business object behind each, as far as its kind says so.

use purser_domain::{
    ids::{
        AdGrantId, ApprovalId, CampaignId, CreditOrderId, PartyId, PaymentId, PaymentRefundId, StatementId,
        TaskOrderId, TransferId, Uid, WithdrawalId,
    },
    ledger::{Transfer, TransferKind},
};
use purser_engine::{Fault, Session, earnings, programme, withdrawals};

/// Id of the business object of a line; `None` for one that is about nothing but itself, or whose kind does not say
/// what its reference is.
pub(super) fn subject(line: &Transfer) -> Option<String> {
    use TransferKind as K;
    let id = line.reference;
    if id.is_nil() {
        return None;
    }
    Some(match TransferKind::from_code(line.kind)? {
        K::Manual | K::FloatAdjustment => ApprovalId(id).to_string(),
        K::Reversal => TransferId(id).to_string(),
        K::TaskGross | K::TaskServiceFee | K::TaskCompensation | K::TaxWithheld => {
            TaskOrderId(id).to_string()
        }
        K::WithdrawalAmount
        | K::WithdrawalFee
        | K::WithdrawalRepayment
        | K::PayoutSend
        | K::PayoutRailFee
        | K::PayoutBounce => WithdrawalId(id).to_string(),
        K::ProgrammeIncome | K::ProgrammeFee | K::ProgrammeIncentive | K::ProgrammeAdjustment => {
            StatementId(id).to_string()
        }
        K::PaymentCredited | K::PaymentArrears | K::PaymentHeld => PaymentId(id).to_string(),
        K::PaymentRefund => PaymentRefundId(id).to_string(),
        K::CreditAdvance
        | K::CreditBeyondLimit
        | K::CreditBuyerPaid
        | K::CreditRefund
        | K::CreditWriteOff
        | K::CreditRecourse => CreditOrderId(id).to_string(),
        K::AdClicks | K::AdInvalid | K::AdOverDelivery => CampaignId(id).to_string(),
        K::AdGrant | K::AdGrantExpired => AdGrantId(id).to_string(),
        K::AdAutoTopUp | K::AdArrearsPaid => PartyId(id).to_string(),
        // An order, a statement or a withdrawal collects what is owed: only a look at them tells which.
        K::OwedCollected | K::AdAutoTopUpBack | K::FloatTopUp => return None,
    })
}

/// The business object of a line, looked for where the kind alone does not tell.
pub(super) fn found(session: &mut dyn Session, line: &Transfer) -> Result<Option<String>, Fault> {
    let by_kind = subject(line);
    if by_kind.is_some() || TransferKind::from_code(line.kind) != Some(TransferKind::OwedCollected) {
        return Ok(by_kind);
    }
    let id: Uid = line.reference;
    if earnings::order(session, TaskOrderId(id))?.is_some() {
        return Ok(Some(TaskOrderId(id).to_string()));
    }
    if programme::statement(session, StatementId(id))?.is_some() {
        return Ok(Some(StatementId(id).to_string()));
    }
    Ok(withdrawals::withdrawal(session, WithdrawalId(id))?.map(|row| row.id.to_string()))
}
