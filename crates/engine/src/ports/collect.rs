//! Money in (P11): what a rail that collects looks like from here.

use purser_domain::{payments::RefundOutcome, time::Timestamp};

use super::{Hands, NoticeRefused, RunError};

/// A payment order as a rail sees it. The same reference always carries the same amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectOrder {
    /// The order's id: the rail's idempotency key, letters, digits and `_`.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Not to be paid from here on.
    pub expires_at: Timestamp,
}

/// Money that a rail received for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailPayment {
    /// The rail's own id of it; the same one is the same payment.
    pub rail_payment: String,
    /// Minor units.
    pub amount_minor: i64,
    /// When the rail received it, as far as it says so.
    pub paid_at: Option<Timestamp>,
}

/// What a rail knows of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// It was paid, so often.
    Payments(Vec<RailPayment>),
    /// It was not paid, and can still be.
    Open,
    /// It was not paid; the rail never heard of it, or has closed it.
    Nothing,
    /// No answer, or one that does not say.
    Unknown,
}

/// What became of closing an order at the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It cannot be paid any more, as far as the rail can promise that.
    Closed,
    /// It was paid in between: ask again.
    Paid,
    /// No answer, or one that does not say.
    Unknown,
}

/// Money to be given back. The same reference always carries the same amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// The refund's id: the rail's idempotency key.
    pub reference: String,
    /// The payment order's reference.
    pub order_reference: String,
    /// The rail's own id of the payment.
    pub rail_payment: String,
    /// Minor units.
    pub amount_minor: i64,
}

/// A way for money to come in. Every call may be repeated at any time.
pub trait Collector: Send {
    /// Name of the method.
    fn method(&self) -> &'static str;

    /// Asks whether an order was paid.
    ///
    /// # Errors
    /// Nothing was learned: try again later.
    fn query(&mut self, order: &CollectOrder, hands: &mut Hands<'_>) -> Result<Collected, RunError>;

    /// Asks the rail to take no more money for an order.
    ///
    /// # Errors
    /// Nothing was sent: try again later.
    fn close(&mut self, order: &CollectOrder, hands: &mut Hands<'_>) -> Result<Closing, RunError>;

    /// Gives money back. A lost reply is `Unknown`, never an error.
    ///
    /// # Errors
    /// Nothing was sent: try again later.
    fn refund(&mut self, refund: &RefundOrder, hands: &mut Hands<'_>) -> Result<RefundOutcome, RunError>;

    /// Asks what became of money that was to be given back.
    ///
    /// # Errors
    /// Nothing was learned: try again later.
    fn query_refund(
        &mut self,
        refund: &RefundOrder,
        hands: &mut Hands<'_>,
    ) -> Result<RefundOutcome, RunError>;
}

/// A rail's own page on which payers pay, and what it tells by itself afterwards.
pub trait PageCashier: Send + Sync {
    /// The signed address of the page for an order; `now` is machine time. `None` when it cannot be made.
    fn page_url(&self, order: &CollectOrder, title: &str, return_url: &str, now: Timestamp)
    -> Option<String>;

    /// Checks and reads a notice about an order. `None`: a good message about something else, which only needs to be
    /// acknowledged.
    ///
    /// # Errors
    /// Why it is not believed.
    fn notice(&self, body: &[u8]) -> Result<Option<TradeNotice>, NoticeRefused>;

    /// The bytes that tell the rail whether the message was taken in.
    fn answer(&self, taken: bool) -> &'static str;
}

/// What a rail says about an order without being asked, once its signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeNotice {
    /// The order's reference.
    pub reference: String,
    /// What it received; `None`: the order was closed, or is still waiting.
    pub payment: Option<RailPayment>,
}
