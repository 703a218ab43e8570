//! Withdrawals that came to nothing, by what they came to nothing for (C16): what staff see over time, and what a party
//! can do about each.

use super::{FailureClass, GateCode};

/// What a withdrawal failed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// Limit or proceeds do not cover it.
    Insufficient,
    /// The payout account, or who asks, is not in order: 账户存在风险.
    AbnormalAccount,
    /// Withdrawals are closed at this hour, or paused by the platform.
    Maintenance,
    /// The account is frozen or closed.
    FrozenAccount,
    /// The stored breakdown of a fee is disputed.
    FeeDispute,
    /// A person refused it in review.
    Review,
    /// What was asked is incomplete: amount, first steps, code.
    Incomplete,
    /// A rail or the platform was at fault.
    Channel,
}

impl FailureKind {
    /// All kinds in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Insufficient,
        Self::AbnormalAccount,
        Self::Maintenance,
        Self::FrozenAccount,
        Self::FeeDispute,
        Self::Review,
        Self::Incomplete,
        Self::Channel,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insufficient => "insufficient",
            Self::AbnormalAccount => "abnormal_account",
            Self::Maintenance => "maintenance",
            Self::FrozenAccount => "frozen_account",
            Self::FeeDispute => "fee_dispute",
            Self::Review => "review",
            Self::Incomplete => "incomplete",
            Self::Channel => "channel",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What it is, and what to do about it, in Chinese.
    pub const fn zh(self) -> (&'static str, &'static str) {
        match self {
            Self::Insufficient => {
                ("额度或可提现货款不足", "核对可提现金额；先结清待还款项，或等待买家付款后再申请。")
            }
            Self::AbnormalAccount => ("账户存在风险", "核对收款账户与实名信息，更正后重新申请。"),
            Self::Maintenance => ("维护时段或平台暂停提现", "在提示的开放时间之后重新申请。"),
            Self::FrozenAccount => ("账户已冻结或关闭", "联系客服了解原因，并按要求处理。"),
            Self::FeeDispute => ("手续费争议", "在工单中说明情况，工作人员按所存计费明细核对。"),
            Self::Review => ("未通过审核", "查看审核说明，补充资料后可提出申诉。"),
            Self::Incomplete => ("申请信息不完整", "补全金额、首次提现步骤或验证码后重新申请。"),
            Self::Channel => ("付款通道或平台原因", "款项已退回可提现金额，请稍后重新申请。"),
        }
    }

    /// What it is, and what to do about it, in English.
    pub const fn en(self) -> (&'static str, &'static str) {
        match self {
            Self::Insufficient => (
                "Limit or proceeds do not cover it",
                "Check what can be withdrawn; settle what is due first, or wait until buyers have paid.",
            ),
            Self::AbnormalAccount => (
                "The account is not in order",
                "Check the payout account and the verified name, correct them and request again.",
            ),
            Self::Maintenance => {
                ("Closed at this hour, or paused by the platform", "Request again once withdrawals reopen.")
            }
            Self::FrozenAccount => {
                ("The account is frozen or closed", "Ask support for the reason and what it takes.")
            }
            Self::FeeDispute => (
                "A fee is disputed",
                "Say in the case what is wrong; staff check it against the stored breakdown.",
            ),
            Self::Review => {
                ("Refused in review", "Read what the review says; with further papers you can appeal.")
            }
            Self::Incomplete => (
                "The request is incomplete",
                "Correct the amount, the first steps or the code and request again.",
            ),
            Self::Channel => (
                "The payment channel or the platform",
                "The money is withdrawable again; request again a little later.",
            ),
        }
    }

    /// Of a refusal by the gate, or of a check that failed before anything was sent.
    pub const fn of_gate(code: GateCode) -> Self {
        use GateCode as G;
        match code {
            G::PartyClosed | G::PartyFrozen => Self::FrozenAccount,
            G::PayoutsStopped | G::PartyKindStopped | G::ClosedWindow => Self::Maintenance,
            G::LimitNotCash
            | G::LimitNotTransferable
            | G::LimitNotForRedPackets
            | G::LimitNotBalance
            | G::OwedOutstanding
            | G::LiabilityOutstanding
            | G::LinkedShopLiability
            | G::InsufficientAvailable
            | G::DailyCap
            | G::ProceedsShareCap => Self::Insufficient,
            G::OtherShop
            | G::DestinationMissing
            | G::DestinationKind
            | G::HolderMismatch
            | G::DestinationCoolingOff
            | G::DestinationLocked
            | G::CodeTriesExhausted => Self::AbnormalAccount,
            G::FloatShort | G::RailStopped | G::RailUnhealthy | G::RailLimit | G::ValueDate => Self::Channel,
            G::ReviewManyRequests
            | G::ReviewAfterLarge
            | G::ReviewConsecutiveDays
            | G::ReviewRisk
            | G::ReviewLargeAmount
            | G::ReviewNewDestination => Self::Review,
            G::AmountNotPositive
            | G::CurrencyMismatch
            | G::BelowMinimum
            | G::AmountNotAboveFee
            | G::AgencyMoney
            | G::CorporateSettlement
            | G::FirstStepsMissing
            | G::StudioRequired
            | G::CodeMissing
            | G::CodeExpired
            | G::CodeUsed
            | G::RailAmountCap
            | G::CodeForAnother
            | G::CodeWrong => Self::Incomplete,
        }
    }

    /// Of a rail's definite no, or of money that came back.
    pub const fn of_rail(class: FailureClass) -> Self {
        if class.is_payee_fault() { Self::AbnormalAccount } else { Self::Channel }
    }
}
