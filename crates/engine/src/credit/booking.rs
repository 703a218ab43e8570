//! Booking what is decided about an order: its transfers, and what of the shop it changes.

use purser_domain::{
    credit::order::{AccountRole, Decision, PostingKind, ShopFacts},
    ids::{AccountId, PartyId},
    ledger::{Account, AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
};

use super::{evaluate::warn_when_used, rows::CreditShopRow};
use crate::{
    command::{Ctx, Rejection},
    tx::Tx,
};

/// The accounts that orders of a shop touch. Their ids are derived, which costs a hash each: they are made once per shop
/// and command, not wherever one is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShopAccounts {
    clearing: AccountId,
    bad_debt: AccountId,
    proceeds: AccountId,
    receivable: AccountId,
    liability: AccountId,
}

impl ShopAccounts {
    pub(super) fn of(party: PartyId, currency: Currency) -> Self {
        let platform = |kind| AccountRef::platform(kind, currency).id();
        let own = |kind| AccountRef::party(party, kind, currency).id();
        Self {
            clearing: platform(AccountKind::ClientsClearing),
            bad_debt: platform(AccountKind::ExpenseBadDebt),
            proceeds: own(AccountKind::Proceeds),
            receivable: own(AccountKind::CreditReceivable),
            liability: own(AccountKind::CreditLiability),
        }
    }

    /// Those of another shop of the same books.
    pub(super) fn for_shop(self, party: PartyId, currency: Currency) -> Self {
        let own = |kind| AccountRef::party(party, kind, currency).id();
        Self {
            proceeds: own(AccountKind::Proceeds),
            receivable: own(AccountKind::CreditReceivable),
            liability: own(AccountKind::CreditLiability),
            ..self
        }
    }

    const fn of_role(&self, role: AccountRole) -> AccountId {
        match role {
            AccountRole::ClientsClearing => self.clearing,
            AccountRole::BadDebt => self.bad_debt,
            AccountRole::Proceeds => self.proceeds,
            AccountRole::Receivable => self.receivable,
            AccountRole::Liability => self.liability,
        }
    }

    /// Used = the balance of the receivable (C1), minor units.
    fn used_minor(&self, tx: &Tx) -> i64 {
        tx.account(self.receivable).map_or(0, |account| account.posted)
    }

    /// What buyers still owe for goods that were shipped, minor units: no more of the proceeds can be unpaid.
    fn owed_by_buyers(&self, tx: &Tx, shop: &CreditShopRow) -> i64 {
        let liability = tx.account(self.liability).map_or(0, |account| account.posted);
        self.used_minor(tx).saturating_sub(shop.due).saturating_add(liability).max(0)
    }
}

/// What the rules of orders know of the shop. A shop that takes no new use advances what it had reserved before and
/// nothing else.
pub(super) fn shop_facts(tx: &Tx, accounts: &ShopAccounts, shop: &CreditShopRow, open: bool) -> ShopFacts {
    ShopFacts {
        open,
        held: false,
        // Proceeds of a frozen party are frozen too, but it is closed then.
        available_minor: shop.standing(accounts.used_minor(tx), shop.frozen, !open).available_minor(),
        proceeds_minor: tx.account(accounts.proceeds).map_or(0, Account::available),
        epoch: shop.epoch,
    }
}

fn transfer_kind(kind: PostingKind) -> TransferKind {
    match kind {
        PostingKind::Advance => TransferKind::CreditAdvance,
        PostingKind::BeyondLimit => TransferKind::CreditBeyondLimit,
        PostingKind::BuyerPaid => TransferKind::CreditBuyerPaid,
        PostingKind::Refund => TransferKind::CreditRefund,
        PostingKind::WriteOff => TransferKind::CreditWriteOff,
        PostingKind::Recourse => TransferKind::CreditRecourse,
    }
}

/// Posts what a decision moves.
pub(super) fn post(tx: &mut Tx, accounts: &ShopAccounts, decision: &Decision) -> Result<(), Rejection> {
    let order = &decision.order;
    for posting in &decision.postings {
        let request = TransferRequest {
            // Time-ordered, so that the journal only appends; the event's row guards against booking twice.
            id: tx.new_id(),
            step: Step::Post,
            debit: accounts.of_role(posting.from),
            credit: accounts.of_role(posting.to),
            amount_minor: posting.amount_minor,
            currency: order.currency,
            kind: transfer_kind(posting.kind).code(),
            reference: order.id.0,
        };
        tx.post(&request)?;
    }
    Ok(())
}

/// Takes over what a decision changes of the shop, after [`post`].
pub(super) fn count(
    tx: &mut Tx,
    ctx: &Ctx,
    accounts: &ShopAccounts,
    mut shop: CreditShopRow,
    decision: &Decision,
) {
    shop.reserved += decision.reserved_minor;
    shop.due += decision.due_minor;
    shop.owed += decision.owed_minor;
    shop.to_ship += decision.to_ship;
    shop.version += 1;
    count_unpaid(tx, accounts, &mut shop, decision);
    let used = accounts.used_minor(tx);
    warn_when_used(tx, ctx, &mut shop, used);
    tx.put(shop);
}

/// What of the proceeds buyers have not paid yet: it grows by shipments, falls by refunds and by what buyers pay, and is
/// never more than what they still owe. What they paid is taken to be in the proceeds still and to leave first, so that
/// it is never held back (C7).
fn count_unpaid(tx: &Tx, accounts: &ShopAccounts, shop: &mut CreditShopRow, decision: &Decision) {
    for posting in &decision.postings {
        match (posting.from, posting.to) {
            (AccountRole::Receivable | AccountRole::Liability, AccountRole::Proceeds) => {
                shop.unpaid = shop.unpaid.saturating_add(posting.amount_minor);
            }
            (
                AccountRole::Proceeds | AccountRole::ClientsClearing,
                AccountRole::Receivable | AccountRole::Liability,
            ) => shop.unpaid -= posting.amount_minor,
            _ => {}
        }
    }
    shop.unpaid = shop.unpaid.clamp(0, accounts.owed_by_buyers(tx, shop));
}
