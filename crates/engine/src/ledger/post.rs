//! Direct transfers: what finance staff, the platform's own system and the benches use. Business commands post
//! through the same [`Tx::post`].

use purser_domain::{
    ledger::{Account, AccountKind, AccountRef, Posted, Refusal, Step, TransferRequest},
    withdrawals::GateCode,
};

use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What became of one transfer of a list.
pub type TransferOutcome = Result<Posted, Refusal>;

/// The use of a pay-later limit is not moved by hand.
pub(super) fn limit_not_transferable() -> Rejection {
    let code = GateCode::LimitNotTransferable;
    let facts = Facts::new().text("message_zh", code.zh()).text("next_step", code.next_step().name());
    Rejection::new(code.code(), code.en()).with(facts)
}

/// Posts a list of transfers, each on its own or all or none.
///
/// Rejections: `limit_not_transferable` where the use of a pay-later limit is named as an account: it follows orders and
/// nothing else (C13); then, for `atomic`, the ledger's.
pub struct PostTransfers {
    /// In order.
    pub transfers: Vec<TransferRequest>,
    /// All or none: a refusal rejects the command. Otherwise every item has its own outcome.
    pub atomic: bool,
    /// Accounts by what they are, opened on first use; others must exist.
    pub accounts: Vec<AccountRef>,
}

impl Command for PostTransfers {
    type Output = Vec<TransferOutcome>;

    fn name(&self) -> &'static str {
        "ledger.post"
    }

    fn weight(&self) -> usize {
        self.transfers.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for reference in &self.accounts {
            needs.account(reference);
        }
        for request in &self.transfers {
            needs.transfer(request.id);
            match request.step {
                Step::Post | Step::Hold { .. } => {
                    needs.account_id(request.debit);
                    needs.account_id(request.credit);
                }
                Step::Settle { hold } | Step::Release { hold } => needs.hold(hold),
                Step::Reverse { transfer } => needs.earlier_transfer(transfer),
            }
        }
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<Self::Output, Rejection> {
        if self.accounts.iter().any(|account| account.kind == AccountKind::CreditReceivable) {
            return Err(limit_not_transferable());
        }
        let mut outcomes = Vec::with_capacity(self.transfers.len());
        for (index, request) in self.transfers.iter().enumerate() {
            let outcome = tx.post(request);
            if let (true, Err(refusal)) = (self.atomic, outcome) {
                return Err(Rejection::from(refusal).at(format!("/transfers/{index}")));
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let refused = output.iter().filter(|o| o.is_err()).count();
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let subject = match self.transfers.as_slice() {
            [one] => one.id.to_string(),
            _ => String::new(),
        };
        (subject, Facts::new().int("transfers", count(output.len())).int("refused", count(refused)))
    }
}

/// Opens accounts ahead of their first transfer.
pub struct OpenAccounts(pub Vec<(Account, AccountRef)>);

impl Command for OpenAccounts {
    type Output = ();

    fn name(&self) -> &'static str {
        "ledger.open_accounts"
    }

    fn weight(&self) -> usize {
        self.0.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for (account, _) in &self.0 {
            needs.account_id(account.id);
        }
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        for (account, reference) in &self.0 {
            if tx.account(account.id).is_none() {
                tx.open_account(account.clone(), reference.clone());
            }
        }
        Ok(())
    }
}
