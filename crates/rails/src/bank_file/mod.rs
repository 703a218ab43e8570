//! The bank-file rail (P10): orders go out as pain.001.001.09, the bank answers with pain.002, camt.054 and camt.053.
//!
//! The files and what is known of them are the engine's (`purser_engine::bank_files`), because they share its commits;
//! here is what a bank reads and writes.

mod account;
pub mod bank;
mod folder;
mod pain001;
mod read;
mod statement;
mod status;
mod xml;

pub use folder::Folder;
pub use pain001::{Debtor, Pain001};
pub use read::{MESSAGE_MAX, Messages};
pub use statement::Statements;

use std::sync::Arc;

use purser_domain::{
    bank_files::{AccountClass, text::is_account},
    withdrawals::{FailureClass, RailOutcome},
};
use purser_engine::{
    bank_files::{AskOrder, CollectOrder, seal_payee},
    ports::{Hands, PayoutOrder, Rail, RunError, Seal},
};

/// Name of the rail.
pub const NAME: &str = "bank-file";

/// Puts orders into files.
pub struct BankFileRail {
    seal: Arc<dyn Seal>,
}

impl BankFileRail {
    /// The rail; payees wait in its files sealed.
    pub fn new(seal: Arc<dyn Seal>) -> Self {
        Self { seal }
    }
}

impl Rail for BankFileRail {
    fn name(&self) -> &'static str {
        NAME
    }

    fn send(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        if !is_account(&order.payee.number) {
            // It cannot stand in a file and is never changed: nothing was sent, and nothing will be.
            let (class, code) = (FailureClass::PayeeFixable, "ACCOUNT_FORMAT".to_owned());
            return Ok(RailOutcome::DefiniteFailure { class, code });
        }
        let (payee, payee_index) = seal_payee(self.seal.as_ref(), &order.reference, &order.payee)?;
        hands.call(CollectOrder {
            reference: order.reference.clone(),
            amount_minor: order.amount_minor,
            class: AccountClass::of_kind(&order.payee.kind),
            payee,
            payee_index,
        })
    }

    fn query(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        hands.call(AskOrder { reference: order.reference.clone() })
    }
}
