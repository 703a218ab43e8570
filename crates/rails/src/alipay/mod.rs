//! The Alipay rail: single transfers to accounts and cards, queries, notices (P10, X8).
//!
//! | file | what |
//! |---|---|
//! | `keys` | RSA2 signatures |
//! | `certs` | certificates in place of bare keys |
//! | `trust` | whether they are in force and issued by Alipay's roots |
//! | `wire` | HTTP |
//! | `client` | signed calls and verified replies, whatever the method |
//! | `codes` | the classes of error codes |
//! | `transfer` | transfers and queries, and what their replies mean |
//! | `trade` | money in: the cashier page, queries, closing, refunds, notices (P11) |
//! | `bill` | the bill of an account as a statement (P13) |
//! | `notify` | messages that come by themselves |
//! | `gateway` | a gateway of our own that signs, verifies and misbehaves, for tests and for trying things out |

mod bill;
pub mod certs;
mod client;
pub mod codes;
pub mod gateway;
pub mod keys;
mod notify;
mod trade;
mod transfer;
pub mod trust;
mod wire;

pub use bill::Bills;
pub use client::{CallError, Client, Credentials, Params, Reply};
pub use notify::{Message, Notices};
pub use trade::{AlipayCollector, AlipayPage};
pub use transfer::Wording;
pub use wire::{Https, Wire, WireError};

use purser_domain::{time::Timestamp, withdrawals::RailOutcome};
use purser_engine::ports::{Hands, PayoutOrder, Rail, RunError};

/// Name of the rail.
pub const NAME: &str = "alipay";

/// The platform's own gateway.
pub const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";

/// Pays through Alipay.
#[derive(Debug)]
pub struct AlipayRail {
    client: Client,
    wording: Wording,
}

impl AlipayRail {
    /// The rail of an application.
    pub fn new(client: Client, wording: Wording) -> Self {
        Self { client, wording }
    }

    /// Sends an order; `true` when the order was looked at.
    fn transfer(&mut self, order: &PayoutOrder, at: Timestamp) -> Result<(RailOutcome, bool), RunError> {
        let content = transfer::transfer(order, &self.wording).map_err(failed)?;
        match self.client.call(transfer::TRANSFER, &content, at) {
            Ok(reply) => Ok(transfer::transfer_outcome(&reply, order)),
            Err(error) => Err(unheard(error)),
        }
    }

    fn look_up(&mut self, order: &PayoutOrder, at: Timestamp) -> Result<RailOutcome, RunError> {
        let content = transfer::query(order).map_err(failed)?;
        match self.client.call(transfer::QUERY, &content, at) {
            Ok(reply) => Ok(transfer::query_outcome(&reply, order)),
            Err(error) => Err(unheard(error)),
        }
    }
}

fn unheard(error: CallError) -> RunError {
    match error {
        CallError::NotSent(text) => RunError::Unreached(text),
        CallError::Unclear(text) => RunError::Unanswered(text),
    }
}

fn failed(text: &str) -> RunError {
    RunError::Failed(text.to_owned())
}

impl Rail for AlipayRail {
    fn name(&self) -> &'static str {
        NAME
    }

    /// A refusal of a later attempt counts only when the gateway looked at the order and, asked once more, does not
    /// know of an earlier attempt that went through: a failure that is written down gives the money back. A later
    /// "payer short" may be the answer to an earlier attempt, told again: where the gateway has recorded the order as
    /// failed, this number will never be paid.
    fn send(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        let at = hands.clock.machine();
        let (outcome, looked_at) = self.transfer(order, at)?;
        let refused = matches!(outcome, RailOutcome::DefiniteFailure { .. } | RailOutcome::PayerFundsShort);
        if !order.again || !refused {
            return Ok(outcome);
        }
        if outcome == RailOutcome::PayerFundsShort {
            return Ok(match self.look_up(order, at) {
                // The identical order again pays at most once, whatever is true.
                Ok(RailOutcome::NotFound | RailOutcome::Throttled) | Err(_) => outcome,
                Ok(other) => other,
            });
        }
        if !looked_at {
            return Ok(RailOutcome::Unknown);
        }
        Ok(match self.look_up(order, at) {
            Ok(RailOutcome::NotFound | RailOutcome::DefiniteFailure { .. }) => outcome,
            Ok(RailOutcome::Throttled) | Err(_) => RailOutcome::Unknown,
            Ok(other) => other,
        })
    }

    fn query(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.look_up(order, hands.clock.machine())
    }

    /// Asks about an order that there is not: any answer that can be believed will do.
    fn probe(&mut self, hands: &mut Hands<'_>) -> Result<(), RunError> {
        match self.client.call(transfer::QUERY, &transfer::NO_ORDER, hands.clock.machine()) {
            Ok(_) => Ok(()),
            Err(error) => Err(unheard(error)),
        }
    }
}
