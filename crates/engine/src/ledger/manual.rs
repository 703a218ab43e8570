//! Transfers that staff ask for: two people each (P16).

use purser_domain::{
    ids::TypedId as _,
    ledger::{AccountKind, AccountRef, Owner, Step, TransferKind, TransferRequest},
    money::Currency,
};

use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    rows::ApprovalRow,
    tx::{Needs, Tx},
};

/// Accounts whose balance another record has to equal at all times: only the commands that keep both may post there.
const BOUND: &[AccountKind] = &[
    AccountKind::Frozen,
    AccountKind::PayoutsClearing,
    AccountKind::CreditReceivable,
    AccountKind::CreditLiability,
    AccountKind::RailFloat,
    AccountKind::AdCash,
    AccountKind::AdGrant,
    AccountKind::AdArrears,
];

/// Why no transfer that somebody asks for may touch accounts of this kind; `None` where it may. The use of a pay-later
/// limit has words of its own (C13).
pub fn bound(kind: AccountKind) -> Option<Rejection> {
    if kind == AccountKind::CreditReceivable {
        return Some(super::post::limit_not_transferable());
    }
    let text = || format!("{} is moved only by what it stands for", kind.name());
    BOUND.contains(&kind).then(|| Rejection::new("account_not_manual", text()))
}

/// A transfer by hand; proposed through [`crate::approvals::Propose`].
///
/// Rejections in order: `reason_missing`, `amount_not_positive`, `account_not_manual` or, for the use of a pay-later
/// limit, `limit_not_transferable`, `currency_mismatch`; when it
/// runs, those of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualTransfer {
    /// Account to debit.
    pub debit: AccountRef,
    /// Account to credit.
    pub credit: AccountRef,
    /// Above zero.
    pub amount_minor: i64,
    /// Currency of both.
    pub currency: Currency,
    /// Why; shown to whoever approves, and kept.
    pub reason: String,
}

impl ManualTransfer {
    pub(crate) fn facts(&self) -> Facts {
        let facts =
            Facts::new().int("amount_minor", self.amount_minor).text("currency", self.currency.code());
        let facts = write_account(facts, ["debit_owner", "debit_kind", "debit_qualifier"], &self.debit);
        let facts = write_account(facts, ["credit_owner", "credit_kind", "credit_qualifier"], &self.credit);
        facts.text("reason", &self.reason)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        let currency: Currency = facts.get_text("currency")?.parse().ok()?;
        Some(Self {
            debit: read_account(facts, ["debit_owner", "debit_kind", "debit_qualifier"], currency)?,
            credit: read_account(facts, ["credit_owner", "credit_kind", "credit_qualifier"], currency)?,
            amount_minor: facts.get_int("amount_minor")?,
            currency,
            reason: facts.get_text("reason")?,
        })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        needs.account(&self.debit);
        needs.account(&self.credit);
    }

    pub(crate) fn check(&self, ctx: &Ctx) -> Result<(), Rejection> {
        reason_given(&self.reason)?;
        if self.amount_minor <= 0 {
            return Err(
                Rejection::new("amount_not_positive", "the amount must be above zero").at("/amount_minor")
            );
        }
        for (account, field) in [(&self.debit, "/debit"), (&self.credit, "/credit")] {
            if let Some(no) = bound(account.kind) {
                return Err(no.at(field));
            }
        }
        if [self.debit.currency, self.credit.currency, self.currency] != [ctx.rules.currency; 3] {
            let message = format!("these books are kept in {}", ctx.rules.currency.code());
            return Err(Rejection::new("currency_mismatch", message).at("/currency"));
        }
        Ok(())
    }

    pub(crate) fn run(&self, tx: &mut Tx, ctx: &Ctx, approval: &ApprovalRow) -> Result<Facts, Rejection> {
        self.check(ctx)?;
        let request = TransferRequest {
            // The approval is used up in this commit: no second transfer can come of it.
            id: tx.new_id(),
            step: Step::Post,
            debit: self.debit.id(),
            credit: self.credit.id(),
            amount_minor: self.amount_minor,
            currency: self.currency,
            kind: TransferKind::Manual.code(),
            reference: approval.id.uid(),
        };
        tx.post(&request)?;
        for (account, facts) in [(&self.debit, -self.amount_minor), (&self.credit, self.amount_minor)] {
            if let Owner::Party(party) = account.owner {
                let facts = Facts::new()
                    .text("account", account.kind.name())
                    .int("amount_minor", facts)
                    .text("currency", self.currency.code());
                tx.notify("ledger.manual_transfer", party, &request.id.to_string(), facts);
            }
        }
        Ok(Facts::new().text("transfer", request.id.to_string()))
    }
}

pub(super) fn reason_given(reason: &str) -> Result<(), Rejection> {
    if reason.trim().is_empty() {
        return Err(Rejection::new("reason_missing", "say why").at("/reason"));
    }
    Ok(())
}

const PLATFORM: &str = "platform";

fn write_account(facts: Facts, names: [&str; 3], account: &AccountRef) -> Facts {
    let owner = match account.owner {
        Owner::Platform => PLATFORM.to_owned(),
        Owner::Party(party) => party.to_string(),
    };
    let [owner_name, kind_name, qualifier_name] = names;
    facts
        .text(owner_name, owner)
        .text(kind_name, account.kind.name())
        .text(qualifier_name, &account.qualifier)
}

fn read_account(facts: &Facts, names: [&str; 3], currency: Currency) -> Option<AccountRef> {
    let [owner_name, kind_name, qualifier_name] = names;
    let owner = facts.get_text(owner_name)?;
    Some(AccountRef {
        owner: if owner == PLATFORM { Owner::Platform } else { Owner::Party(owner.parse().ok()?) },
        kind: AccountKind::from_name(&facts.get_text(kind_name)?)?,
        qualifier: facts.get_text(qualifier_name)?,
        currency,
    })
}
