//! The programme (X15): what its creators earn in a civil month stays frozen until the month is published.
//!
//! Income collects in *statements*, one per creator, payee and civil month of the booking. On the 1st the month's
//! statements become drafts: income, less the operating fee, plus the incentive, both imported per creator. Staff
//! publish them; what is below zero cannot be published. A published month may be disputed for some days, which never
//! blocks it; staff answer with an adjustment or a reason.

mod dispute;
mod members;
mod statement;

pub use dispute::{
    Adjustment, Answer, AnswerFacts, Answered, Component, DISPUTE_TEXT_MAX, dispute, dispute_until,
};
pub use members::{MEMBER_SPANS_MAX, MemberSpan, covers, enrol, leave, read_spans, write_spans};
pub use statement::{
    CreatorState, Draft, FeeTerms, StatementFacts, StatementState, Terms, draft, may_import, publish,
};

/// The ledger accounts that the programme touches, by what they are for (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountRole {
    /// `frozen` of the payee.
    Frozen,
    /// `earnings` of the payee.
    Earnings,
    /// `owed` of the payee.
    Owed,
    /// `revenue.operating` of the platform.
    RevenueOperating,
    /// `expense.incentive` of the platform.
    ExpenseIncentive,
    /// `tax.withheld` of the platform (X18).
    TaxWithheld,
}

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PostingKind {
    /// Income is the payee's from now on.
    Income,
    /// The operating fee.
    Fee,
    /// The incentive.
    Incentive,
    /// Income tax withheld.
    Tax,
    /// An answer to a dispute.
    Adjustment,
    /// An earlier shortage, collected from new income.
    OwedCollected,
}

/// One transfer of an atomic group, amount > 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Where the money leaves.
    pub from: AccountRole,
    /// Where it arrives.
    pub to: AccountRole,
    /// Minor units.
    pub amount_minor: i64,
    /// Why.
    pub kind: PostingKind,
}

fn postings(list: &[(AccountRole, AccountRole, i64, PostingKind)]) -> Vec<Posting> {
    list.iter()
        .filter(|(_, _, amount_minor, _)| *amount_minor > 0)
        .map(|&(from, to, amount_minor, kind)| Posting { from, to, amount_minor, kind })
        .collect()
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The party cannot have task orders.
    #[error("the party is not a creator")]
    NotACreator,
    /// The party is closed.
    #[error("the party is closed")]
    PartyClosed,
    /// The end is not after the beginning.
    #[error("taking part must end after it begins")]
    IntervalEmpty,
    /// As many intervals as a creator may have.
    #[error("a creator takes part in at most 100 intervals")]
    TooManyIntervals,
    /// The creator takes part already in some of that time.
    #[error("the creator takes part in that time already")]
    MemberOverlap,
    /// The creator does not take part on that day.
    #[error("the creator does not take part on that day")]
    NotAMember,
    /// A fee rate beyond the whole, or both a rate and an amount.
    #[error("give fee_ppm from 0 to 1,000,000, or fee_minor from 0 on, or neither")]
    FeeInvalid,
    /// An incentive below zero.
    #[error("an incentive is not below zero")]
    IncentiveInvalid,
    /// A statement of the creator's month is published: its fee and incentive are facts now.
    #[error("the month of this creator is published; a correction is an answer to a dispute")]
    TermsPublished,
    /// The civil month has not ended.
    #[error("the month is not over")]
    MonthNotOver,
    /// The month was closed before, or is being closed.
    #[error("the month was closed before")]
    MonthClosed,
    /// The month has no drafts yet.
    #[error("the month is not closed yet: it has no drafts")]
    MonthOpen,
    /// Fee, incentive and result do not fit into 64 bits.
    #[error("the amounts do not fit into 64 bits")]
    AmountOutOfRange,
    /// The statement is published.
    #[error("the statement is published")]
    StatementPublished,
    /// The month of the statement is not closed.
    #[error("the statement is not a draft yet: its month is not closed")]
    StatementOpen,
    /// The fee is more than income and incentive.
    #[error("the result is below zero: correct fee or incentive, then publish")]
    ResultBelowZero,
    /// Only what is published can be disputed.
    #[error("the statement is not published")]
    StatementNotPublished,
    /// A dispute of the statement waits for its answer.
    #[error("a dispute of this statement waits for its answer")]
    DisputeOpen,
    /// The days for disputes have passed.
    #[error("the time for disputes of this statement has passed")]
    DisputeLate,
    /// The text of a dispute or the reason of an answer is empty, too long or not printable.
    #[error("write 1 to 1,000 printable characters")]
    TextInvalid,
    /// Nothing waits for an answer.
    #[error("no dispute of this statement waits for an answer")]
    NoDispute,
    /// An adjustment of nothing.
    #[error("an adjustment is above or below zero")]
    AdjustmentZero,
    /// More of the fee than was taken, or more back than the statement came to.
    #[error(
        "an adjustment gives back at most the operating fee, and takes back at most what the statement came to"
    )]
    AdjustmentTooLarge,
}

impl Rejection {
    /// Every rejection, in order of precedence.
    pub const ALL: [Self; 23] = [
        Self::NotACreator,
        Self::PartyClosed,
        Self::IntervalEmpty,
        Self::TooManyIntervals,
        Self::MemberOverlap,
        Self::NotAMember,
        Self::FeeInvalid,
        Self::IncentiveInvalid,
        Self::TermsPublished,
        Self::MonthNotOver,
        Self::MonthClosed,
        Self::MonthOpen,
        Self::AmountOutOfRange,
        Self::StatementPublished,
        Self::StatementOpen,
        Self::ResultBelowZero,
        Self::StatementNotPublished,
        Self::DisputeOpen,
        Self::DisputeLate,
        Self::TextInvalid,
        Self::NoDispute,
        Self::AdjustmentZero,
        Self::AdjustmentTooLarge,
    ];

    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotACreator => "not_a_creator",
            Self::PartyClosed => "party_closed",
            Self::IntervalEmpty => "interval_empty",
            Self::TooManyIntervals => "too_many_intervals",
            Self::MemberOverlap => "programme_overlap",
            Self::NotAMember => "not_in_programme",
            Self::FeeInvalid => "fee_invalid",
            Self::IncentiveInvalid => "incentive_invalid",
            Self::TermsPublished => "terms_published",
            Self::MonthNotOver => "month_not_over",
            Self::MonthClosed => "month_closed",
            Self::MonthOpen => "month_open",
            Self::AmountOutOfRange => "amount_out_of_range",
            Self::StatementPublished => "statement_published",
            Self::StatementOpen => "statement_open",
            Self::ResultBelowZero => "result_below_zero",
            Self::StatementNotPublished => "statement_not_published",
            Self::DisputeOpen => "dispute_open",
            Self::DisputeLate => "dispute_late",
            Self::TextInvalid => "text_invalid",
            Self::NoDispute => "no_dispute",
            Self::AdjustmentZero => "adjustment_zero",
            Self::AdjustmentTooLarge => "adjustment_too_large",
        }
    }
}
