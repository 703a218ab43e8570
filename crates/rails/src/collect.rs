//! Money in through the sandbox's cashier, and through bank transfers (P11).

use purser_domain::payments::RefundOutcome;
use purser_engine::{
    ports::{Closing, CollectOrder, Collected, Collector, Hands, RefundOrder, RunError},
    sandbox::{SandboxRefund, collected},
};

/// The sandbox's cashier.
#[derive(Debug, Default)]
pub struct SandboxCashier;

impl Collector for SandboxCashier {
    fn method(&self) -> &'static str {
        "sandbox"
    }

    fn query(&mut self, order: &CollectOrder, hands: &mut Hands<'_>) -> Result<Collected, RunError> {
        let now = hands.clock.business();
        Ok(collected(hands.reads, &order.reference, now)?)
    }

    fn close(&mut self, order: &CollectOrder, hands: &mut Hands<'_>) -> Result<Closing, RunError> {
        Ok(match self.query(order, hands)? {
            Collected::Payments(_) => Closing::Paid,
            Collected::Unknown => Closing::Unknown,
            Collected::Open | Collected::Nothing => Closing::Closed,
        })
    }

    fn refund(&mut self, refund: &RefundOrder, hands: &mut Hands<'_>) -> Result<RefundOutcome, RunError> {
        hands.call(SandboxRefund { order: refund.clone(), send: true })
    }

    fn query_refund(
        &mut self,
        refund: &RefundOrder,
        hands: &mut Hands<'_>,
    ) -> Result<RefundOutcome, RunError> {
        hands.call(SandboxRefund { order: refund.clone(), send: false })
    }
}

/// Transfers to the platform's bank account. There is nobody to ask: what came is in the bank's messages, and a
/// transfer that comes after an order was closed is a late payment like any other.
#[derive(Debug, Default)]
pub struct BankTransfers;

impl Collector for BankTransfers {
    fn method(&self) -> &'static str {
        "bank-transfer"
    }

    fn query(&mut self, _: &CollectOrder, _: &mut Hands<'_>) -> Result<Collected, RunError> {
        Ok(Collected::Nothing)
    }

    fn close(&mut self, _: &CollectOrder, _: &mut Hands<'_>) -> Result<Closing, RunError> {
        Ok(Closing::Closed)
    }

    fn refund(&mut self, _: &RefundOrder, _: &mut Hands<'_>) -> Result<RefundOutcome, RunError> {
        // Never asked: such refunds are made by hand.
        Ok(RefundOutcome::Unknown)
    }

    fn query_refund(&mut self, _: &RefundOrder, _: &mut Hands<'_>) -> Result<RefundOutcome, RunError> {
        Ok(RefundOutcome::Unknown)
    }
}
