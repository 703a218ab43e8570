//! What accounts and lines of a statement are called, in Chinese and in English (P20).

use purser_domain::ledger::{AccountKind, TransferKind};

/// Name of an account of a party; empty for those of the platform.
pub(super) const fn account_words(kind: AccountKind) -> (&'static str, &'static str) {
    match kind {
        AccountKind::Earnings => ("收入", "Earnings"),
        AccountKind::Frozen => ("未结算月收入", "Income of months not closed"),
        AccountKind::Proceeds => ("货款", "Proceeds"),
        AccountKind::AdCash => ("广告余额", "Advertising balance"),
        AccountKind::AdGrant => ("广告赠金", "Advertising grant"),
        AccountKind::CreditReceivable => ("未结垫款", "Open advances"),
        AccountKind::CreditLiability => ("超额度欠款", "Owed beyond the limit"),
        AccountKind::AdArrears => ("广告欠费", "Owed for clicks"),
        AccountKind::Owed => ("待扣欠款", "Owed after reversals"),
        _ => ("", ""),
    }
}

/// What a line is about, in Chinese and in English; empty for what never touches a party's account.
pub(super) const fn words(kind: TransferKind) -> (&'static str, &'static str) {
    match kind {
        TransferKind::Manual => ("人工调账", "Moved by staff"),
        TransferKind::Reversal => ("冲正", "Taken back"),
        TransferKind::TaskGross => ("任务收入", "Task income"),
        TransferKind::TaskServiceFee => ("任务服务费", "Service fee of a task"),
        TransferKind::TaskCompensation => ("任务取消补偿", "Compensation for a cancelled task"),
        TransferKind::OwedCollected => ("扣还欠款", "Debt collected"),
        TransferKind::WithdrawalAmount => ("提现", "Withdrawal"),
        TransferKind::WithdrawalFee => ("提现手续费", "Fee of a withdrawal"),
        TransferKind::WithdrawalRepayment => ("提现时归还欠款", "Repaid with a withdrawal"),
        TransferKind::PayoutBounce => ("提现退回", "Withdrawal that came back"),
        TransferKind::ProgrammeIncome => ("月度收入结算", "Income of a published month"),
        TransferKind::ProgrammeFee => ("运营服务费", "Operating fee of a month"),
        TransferKind::ProgrammeIncentive => ("运营激励", "Incentive of a month"),
        TransferKind::ProgrammeAdjustment => ("月度收入更正", "Correction of a month"),
        TransferKind::PaymentCredited => ("充值", "Payment received"),
        TransferKind::PaymentArrears => ("充值补缴欠费", "Payment for what was owed"),
        TransferKind::PaymentRefund => ("退款给付款人", "Refund to the payer"),
        TransferKind::TaxWithheld => ("代扣税款", "Tax withheld"),
        TransferKind::CreditAdvance => ("发货垫款", "Advance on shipped goods"),
        TransferKind::CreditBeyondLimit => ("超额度发货款", "Shipped beyond the limit"),
        TransferKind::CreditBuyerPaid => ("买家付款", "Paid by the buyer"),
        TransferKind::CreditRefund => ("退款", "Refund"),
        TransferKind::CreditWriteOff => ("核销", "Written off"),
        TransferKind::CreditRecourse => ("追偿", "Recourse"),
        TransferKind::AdClicks => ("点击扣费", "Clicks"),
        TransferKind::AdInvalid => ("无效点击退还", "Invalid clicks given back"),
        TransferKind::AdOverDelivery => ("超预算退还", "Spent above the budget, given back"),
        TransferKind::AdGrant => ("赠金发放", "Grant"),
        TransferKind::AdGrantExpired => ("赠金到期", "Grant that ended"),
        TransferKind::AdAutoTopUp => ("收入自动充值", "Automatic top-up from earnings"),
        TransferKind::AdAutoTopUpBack => ("自动充值退回", "Automatic top-up given back"),
        TransferKind::AdArrearsPaid => ("补缴广告欠费", "Owed for clicks, paid"),
        TransferKind::PaymentHeld
        | TransferKind::PayoutSend
        | TransferKind::PayoutRailFee
        | TransferKind::FloatTopUp
        | TransferKind::FloatAdjustment => ("", ""),
    }
}
