//! Corporate settlement (spec X16): agencies, companies, celebrities and media accounts are paid by statement.
//!
//! ```text
//! generated → signed → submitted → paying → paid
//!     │          │      ⇅                ⇅   ⇅
//!     │          │   papers_rejected   payment_failed
//!     └──────────┴──────┴→ cancelled ←───┘ (while nothing of it is paid)
//! ```
//!
//! What a payee earned is kept as items, one for each booking, listed once a month. A statement takes listed items
//! and reserves their sum. **Invariant:** an item is in at most one statement that is not cancelled, and a statement
//! is worth what its items add up to.

mod explain;
mod generate;
mod machine;

pub use explain::{Circumstances, Explanation, explain};
pub use generate::{Payee, Picked, Seller, generate};
pub use machine::{Follow, accept, answer, cancel, dispute, follow, reject, retry, sign, submit, void};

use crate::ids::{PartyId, StatementId};

/// Most items of one statement.
pub const ITEMS_MAX: usize = 10_000;
/// Longest name of a signatory, a seller or an invoice number, and longest reason, in characters.
const NAME_MAX: usize = 100;
const NUMBER_MAX: usize = 40;
const REASON_MAX: usize = 500;

/// What an item is worth, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Gross of a settled order.
    pub gross_minor: i64,
    /// Service fee taken from it.
    pub service_fee_minor: i64,
    /// Compensation for a cancelled order.
    pub compensation_minor: i64,
    /// What is added (above zero) or taken (below): what was collected for an earlier debt, programme results,
    /// corrections.
    pub adjustment_minor: i64,
}

impl Amounts {
    /// gross − fee + compensation + adjustment; `None` when it does not fit.
    pub fn net_minor(&self) -> Option<i64> {
        self.gross_minor
            .checked_sub(self.service_fee_minor)?
            .checked_add(self.compensation_minor)?
            .checked_add(self.adjustment_minor)
    }

    /// Both together; `None` when a sum does not fit.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self {
            gross_minor: self.gross_minor.checked_add(other.gross_minor)?,
            service_fee_minor: self.service_fee_minor.checked_add(other.service_fee_minor)?,
            compensation_minor: self.compensation_minor.checked_add(other.compensation_minor)?,
            adjustment_minor: self.adjustment_minor.checked_add(other.adjustment_minor)?,
        })
    }
}

/// One booking that a corporate payee is to be paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Who is paid.
    pub payee: PartyId,
    /// Its month was listed.
    pub listed: bool,
    /// The statement that it is in.
    pub statement: Option<StatementId>,
    /// What it is worth.
    pub amounts: Amounts,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Made, its money reserved; to be signed.
    Generated,
    /// Signed; an invoice is to be submitted.
    Signed,
    /// Papers are being checked.
    Submitted,
    /// Papers were rejected; to be submitted again.
    PapersRejected,
    /// Accepted; the payout is on its way.
    Paying,
    /// The payout failed or came back; to be tried again.
    PaymentFailed,
    /// Paid.
    Paid,
    /// Called off; its items are free again.
    Cancelled,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Generated,
        Self::Signed,
        Self::Submitted,
        Self::PapersRejected,
        Self::Paying,
        Self::PaymentFailed,
        Self::Paid,
        Self::Cancelled,
    ];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Signed => "signed",
            Self::Submitted => "submitted",
            Self::PapersRejected => "papers_rejected",
            Self::Paying => "paying",
            Self::PaymentFailed => "payment_failed",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The event of arriving in this state.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Generated => "settlement.generated",
            Self::Signed => "settlement.signed",
            Self::Submitted => "settlement.submitted",
            Self::PapersRejected => "settlement.papers_rejected",
            Self::Paying => "settlement.paying",
            Self::PaymentFailed => "settlement.payment_failed",
            Self::Paid => "settlement.paid",
            Self::Cancelled => "settlement.cancelled",
        }
    }

    /// As people know it: 结算中, 已结算, 资料被退回, 付款中, 已付款, 已撤销.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Generated => "settling",
            Self::Signed | Self::Submitted => "settled",
            Self::PapersRejected => "papers_rejected",
            Self::Paying | Self::PaymentFailed => "paying",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
        }
    }

    /// True while the statement itself reserves its money; afterwards its payout does.
    pub const fn reserves(self) -> bool {
        matches!(self, Self::Generated | Self::Signed | Self::Submitted | Self::PapersRejected)
    }
}

/// Kind of an invoice (A.5 of the domain facts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceKind {
    /// 增值税专用发票.
    Special,
    /// 增值税普通发票.
    Ordinary,
}

impl InvoiceKind {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Special => "special",
            Self::Ordinary => "ordinary",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Special, Self::Ordinary].into_iter().find(|kind| kind.name() == name)
    }
}

/// What an invoice may be for; one of them, never mixed (A.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceItem {
    /// 设计服务*视频制作费.
    VideoProduction,
    /// 信息技术服务*信息服务费.
    InformationService,
}

impl InvoiceItem {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::VideoProduction, Self::InformationService];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VideoProduction => "video_production",
            Self::InformationService => "information_service",
        }
    }

    /// As it stands on the invoice.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::VideoProduction => "设计服务*视频制作费",
            Self::InformationService => "信息技术服务*信息服务费",
        }
    }

    /// Reads a stable name, or the text of the invoice.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|item| item.name() == name || item.zh() == name)
    }
}

/// An invoice as the payee submits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice<'a> {
    /// Its number: 1–40 letters, digits and hyphens.
    pub number: &'a str,
    /// Kind, by name.
    pub kind: &'a str,
    /// What it is for, by name.
    pub item: &'a str,
    /// Tax rate in whole percent.
    pub tax_percent: u32,
    /// Amount, tax included, in minor units.
    pub amount_minor: i64,
    /// Who issued it.
    pub seller_name: &'a str,
    /// Its unified social credit code.
    pub seller_code: &'a str,
}

/// A statement, as far as decisions look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Where it stands.
    pub state: State,
    /// What is to be paid, in minor units.
    pub payable_minor: i64,
    /// What has been paid of it, in minor units.
    pub paid_minor: i64,
    /// Seller.
    pub seller_name: &'a str,
    /// Its unified social credit code.
    pub seller_code: &'a str,
    /// A dispute of it is open.
    pub disputed: bool,
    /// The time for a dispute has passed.
    pub dispute_over: bool,
}

/// The tax in an amount that includes it, half-up to the fen; `None` when it does not fit.
pub fn tax_in(amount_minor: i64, percent: u32) -> Option<i64> {
    let part = i128::from(amount_minor) * i128::from(percent);
    let whole = 100 + i128::from(percent);
    i64::try_from((2 * part + whole) / (2 * whole)).ok()
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The payee is closed.
    #[error("the party is closed")]
    PartyClosed,
    /// The payee is frozen.
    #[error("the party is frozen: no money leaves, and no statement is made")]
    PartyFrozen,
    /// The payee is paid through withdrawals.
    #[error("this party is not paid company to company: it withdraws")]
    NotCorporate,
    /// An earlier reversal is not collected yet.
    #[error("the party owes {minor} minor units: later income pays that first")]
    OwedOutstanding {
        /// How much.
        minor: i64,
    },
    /// There is no payout account.
    #[error("a corporate payout account is needed: bind one, or name one that is bound")]
    DestinationMissing,
    /// Payout account of another kind.
    #[error("a statement is paid to a corporate account")]
    DestinationKind,
    /// No usable name of the seller.
    #[error("the seller's name has 2 to 100 printable characters, as on its licence")]
    SellerName,
    /// The seller's code fails its check.
    #[error(
        "this is no unified social credit code: 18 characters, with the right check character at the end"
    )]
    SellerCode,
    /// Nothing was chosen.
    #[error("choose at least one order")]
    OrdersEmpty,
    /// Too many at once.
    #[error("a statement has at most 10000 orders, not {count}: make several")]
    OrdersTooMany {
        /// How many.
        count: usize,
    },
    /// Named twice.
    #[error("the order is named twice")]
    OrderRepeated {
        /// Which, by position.
        index: usize,
    },
    /// Not a settled order that this party is paid for.
    #[error("not an order that has settled and is paid to this party")]
    OrderUnknown {
        /// Which, by position.
        index: usize,
    },
    /// Its month is not listed yet.
    #[error("the order's month is not listed yet")]
    OrderNotListed {
        /// Which, by position.
        index: usize,
    },
    /// In another statement.
    #[error("the order is in another statement already")]
    OrderTaken {
        /// Which, by position.
        index: usize,
    },
    /// Nothing to pay.
    #[error("these orders add up to {minor} minor units: a statement must come to at least {least}")]
    NothingToPay {
        /// What they add up to.
        minor: i64,
        /// The least that leaves.
        least: i64,
    },
    /// The sum does not fit.
    #[error("the amounts do not fit in 64 bits")]
    AmountOutOfRange,
    /// The balance does not cover it.
    #[error(
        "the balance has {minor} minor units left, less than these orders add up to: staff must book a correction"
    )]
    BalanceShort {
        /// What is there.
        minor: i64,
    },
    /// Step that does not exist from here.
    #[error("a statement that is {from} cannot become {to}")]
    StateChange {
        /// State now.
        from: &'static str,
        /// State asked for.
        to: &'static str,
    },
    /// It is disputed.
    #[error("the statement is disputed: the dispute has to be answered first")]
    Disputed,
    /// There is nothing to answer.
    #[error("the statement has no open dispute")]
    NotDisputed,
    /// Too late for a dispute.
    #[error("the time for a dispute has passed: ask for help instead")]
    DisputeOver,
    /// No usable signature.
    #[error("a signature names who signs, in 2 to 100 printable characters")]
    SignatoryInvalid,
    /// No usable number.
    #[error("an invoice number has 1 to 40 letters, digits or hyphens")]
    InvoiceNumber,
    /// Unknown kind.
    #[error("an invoice is `special` or `ordinary`")]
    InvoiceKind,
    /// Not an item that is allowed.
    #[error("an invoice is for `video_production` or `information_service`, one of them")]
    InvoiceItem,
    /// Not a rate that is allowed.
    #[error("this tax rate is not accepted")]
    InvoiceRate,
    /// Another amount.
    #[error("the invoice must come to {minor} minor units, tax included, like the statement")]
    InvoiceAmount {
        /// What would be right.
        minor: i64,
    },
    /// Another seller.
    #[error("the invoice's seller must be the payee of the statement, by name and code")]
    InvoiceSeller,
    /// The invoice belongs to another statement.
    #[error("this invoice was submitted for another statement of the payee: every statement has its own")]
    InvoiceUsed,
    /// No usable reason.
    #[error("a reason of 1 to 500 characters is needed")]
    ReasonMissing,
    /// Part of it has been paid.
    #[error("{minor} minor units of it are paid: only the rest can be paid again")]
    PartlyPaid {
        /// How much.
        minor: i64,
    },
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PartyClosed => "party_closed",
            Self::PartyFrozen => "party_frozen",
            Self::NotCorporate => "settlement_not_corporate",
            Self::OwedOutstanding { .. } => "owed_outstanding",
            Self::DestinationMissing => "destination_missing",
            Self::DestinationKind => "destination_kind",
            Self::SellerName => "settlement_seller_name",
            Self::SellerCode => "settlement_seller_code",
            Self::OrdersEmpty => "settlement_orders_empty",
            Self::OrdersTooMany { .. } => "settlement_orders_too_many",
            Self::OrderRepeated { .. } => "settlement_order_repeated",
            Self::OrderUnknown { .. } => "settlement_order_not_settled",
            Self::OrderNotListed { .. } => "settlement_order_not_listed",
            Self::OrderTaken { .. } => "settlement_order_taken",
            Self::NothingToPay { .. } => "settlement_nothing_to_pay",
            Self::AmountOutOfRange => "amount_out_of_range",
            Self::BalanceShort { .. } => "settlement_balance_short",
            Self::StateChange { .. } => "settlement_state_change",
            Self::Disputed => "settlement_disputed",
            Self::NotDisputed => "settlement_not_disputed",
            Self::DisputeOver => "settlement_dispute_over",
            Self::SignatoryInvalid => "settlement_signatory_invalid",
            Self::InvoiceNumber => "invoice_number",
            Self::InvoiceKind => "invoice_kind",
            Self::InvoiceItem => "invoice_item",
            Self::InvoiceRate => "invoice_tax_rate",
            Self::InvoiceAmount { .. } => "invoice_amount",
            Self::InvoiceSeller => "invoice_seller",
            Self::InvoiceUsed => "invoice_used",
            Self::ReasonMissing => "settlement_reason_missing",
            Self::PartlyPaid { .. } => "settlement_partly_paid",
        }
    }
}

/// Printable, without blanks at the ends, of a length in characters.
fn printable(text: &str, least: usize, most: usize) -> bool {
    let length = text.chars().count();
    (least..=most).contains(&length) && text.trim() == text && !text.chars().any(char::is_control)
}
