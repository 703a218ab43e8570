//! What cases are about.

/// What a case is about. Names are stored and stand in the policy of due times (`case.due`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A question about anything (X17).
    Help,
    /// A published statement is disputed (X15).
    StatementDispute,
    /// A stored fee is disputed (C16).
    FeeDispute,
    /// Another look at a decision is asked for (C7).
    Appeal,
    /// A limit is questioned (C23).
    LimitQuery,
    /// A limit that is zero or reduced is appealed against, with a plan (C7).
    LimitAppeal,
    /// Something about a pay-later limit is applied for (C25).
    CreditApplication,
    /// A held withdrawal asks for evidence (C17).
    Review,
    /// Papers of a settlement are missing or wrong (X16).
    Paperwork,
    /// A studio upgrade is applied for (X9).
    StudioUpgrade,
    /// A bound phone was lost (X5).
    LostPhone,
    /// What a rail says and what the books say differ (P13).
    ReconciliationBreak,
    /// The payee's account is blocked at the rail.
    PayeeBlocked,
    /// A payout takes longer than promised (X12).
    PayoutOverdue,
    /// Money arrived for which there is nobody any more (P11).
    UnclaimedPayment,
    /// An advance or a draw waits until people have looked at it (C21).
    RiskReview,
}

impl Kind {
    /// All kinds in their order.
    pub const ALL: [Self; 16] = [
        Self::Help,
        Self::StatementDispute,
        Self::FeeDispute,
        Self::Appeal,
        Self::LimitQuery,
        Self::LimitAppeal,
        Self::CreditApplication,
        Self::Review,
        Self::Paperwork,
        Self::StudioUpgrade,
        Self::LostPhone,
        Self::ReconciliationBreak,
        Self::PayeeBlocked,
        Self::PayoutOverdue,
        Self::UnclaimedPayment,
        Self::RiskReview,
    ];

    /// Stable name, as the API, storage and policy write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::StatementDispute => "statement_dispute",
            Self::FeeDispute => "fee_dispute",
            Self::Appeal => "appeal",
            Self::LimitQuery => "limit_query",
            Self::LimitAppeal => "limit_appeal",
            Self::CreditApplication => "credit_application",
            Self::Review => "review",
            Self::Paperwork => "paperwork",
            Self::StudioUpgrade => "studio_upgrade",
            Self::LostPhone => "lost_phone",
            Self::ReconciliationBreak => "reconciliation_break",
            Self::PayeeBlocked => "payee_blocked",
            Self::PayoutOverdue => "payout_overdue",
            Self::UnclaimedPayment => "unclaimed_payment",
            Self::RiskReview => "risk_review",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True for what a party or the desk may open by hand. The others come with the record that they are about.
    pub const fn by_hand(self) -> bool {
        matches!(
            self,
            Self::Help
                | Self::FeeDispute
                | Self::Appeal
                | Self::LimitQuery
                | Self::Paperwork
                | Self::LostPhone
        )
    }

    /// True for what stays at the desk: the party neither sees it nor hears of it.
    pub const fn is_internal(self) -> bool {
        matches!(
            self,
            Self::ReconciliationBreak | Self::PayeeBlocked | Self::PayoutOverdue | Self::UnclaimedPayment
        )
    }

    /// True for what the party did not ask for and cannot take back.
    pub const fn is_not_withdrawn(self) -> bool {
        matches!(self, Self::RiskReview)
    }

    /// True for what is decided together with the record it is about, by a command of its own: closing the case
    /// alone would leave the record undecided.
    pub const fn is_decided_with_record(self) -> bool {
        matches!(
            self,
            Self::StatementDispute
                | Self::StudioUpgrade
                | Self::Review
                | Self::LimitAppeal
                | Self::CreditApplication
                | Self::RiskReview
        )
    }
}
