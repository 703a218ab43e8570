//! Advances that will not come back: written off, which restores the limit, or taken from the shop after a fraud
//! decision (C11). Two people decide each of them (P16).

use purser_domain::{
    credit::{order, risk::Marks},
    ids::{CreditOrderId, PartyId},
    ledger::{AccountKind, AccountRef},
};

use super::{
    booking::{ShopAccounts, count, post, shop_facts},
    orders::rejected,
    rows::{CreditOrderRow, CreditShopRow, OrderEventRow},
};
use crate::{
    approvals::{need_approval, require_approval},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What becomes of an open advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The platform gives it up.
    WriteOff,
    /// The shop owes it.
    Recourse,
}

impl Loss {
    /// Name of the action that two people decide.
    pub const fn action(self) -> &'static str {
        match self {
            Self::WriteOff => "credit.write_off",
            Self::Recourse => "credit.recourse",
        }
    }

    /// Every detail, as two people approve it.
    pub fn facts(amount_minor: i64, reason: &str) -> Facts {
        Facts::new().int("amount_minor", amount_minor).text("reason", reason.trim())
    }
}

/// A buyer's default is the platform's loss.
pub(super) fn fraud_undecided() -> Rejection {
    let text = "a shop owes a buyer's default only after a fraud decision: open a review of the order and have it \
                decided";
    Rejection::new("fraud_undecided", text)
}

/// Ends an open advance, or a part of it, without the buyer's money.
///
/// Rejections in order: `order_unknown`, `fraud_undecided` (recourse only), `approval_required`, `amount_not_positive`, `more_than_open`.
pub struct EndAdvance {
    /// Which order.
    pub order: CreditOrderId,
    /// Its shop, as it was read.
    pub merchant: PartyId,
    /// How.
    pub loss: Loss,
    /// Minor units.
    pub amount_minor: i64,
    /// Why, as it was approved.
    pub reason: String,
}

impl Command for EndAdvance {
    type Output = CreditOrderRow;

    fn name(&self) -> &'static str {
        self.loss.action()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<CreditOrderRow>(self.order);
        needs.row::<CreditShopRow>(self.merchant);
        let facts = Loss::facts(self.amount_minor, &self.reason);
        need_approval(needs, self.loss.action(), &self.order.to_string(), &facts);
        for kind in [AccountKind::CreditReceivable, AccountKind::CreditLiability, AccountKind::Proceeds] {
            needs.account(&AccountRef::party(self.merchant, kind, ctx.rules.currency));
        }
        needs.account(&AccountRef::platform(AccountKind::ExpenseBadDebt, ctx.rules.currency));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<CreditOrderRow, Rejection> {
        let unknown = || Rejection::new("order_unknown", "there is no such order");
        let row = tx.get::<CreditOrderRow>(&self.order).cloned().ok_or_else(unknown)?;
        let shop = tx.get::<CreditShopRow>(&self.merchant).cloned();
        let shop = shop.filter(|shop| shop.party == row.merchant).ok_or_else(unknown)?;
        let facts = Loss::facts(self.amount_minor, &self.reason);
        if self.loss == Loss::Recourse && !Marks::from_bits(row.marks).abuse {
            return Err(fraud_undecided());
        }
        require_approval(tx, self.loss.action(), &self.order.to_string(), &facts)?;
        let accounts = ShopAccounts::of(row.merchant, ctx.rules.currency);
        let known = shop_facts(tx, &accounts, &shop, true);
        let outcome = match self.loss {
            Loss::WriteOff => order::write_off(&row.order(), self.amount_minor, ctx.now, &known),
            Loss::Recourse => order::recourse(&row.order(), self.amount_minor, ctx.now, &known),
        };
        let decision = outcome.map_err(|r| rejected(&r))?;
        post(tx, &accounts, &decision)?;
        let changed = row.with(&decision.order);
        tx.put(changed.clone());
        tx.put(OrderEventRow::own(&changed, self.loss.action(), self.amount_minor, ctx));
        count(tx, ctx, &accounts, shop, &decision);
        tx.notify(decision.event, row.merchant, &row.id.to_string(), facts);
        Ok(changed)
    }

    fn audit(&self, output: &CreditOrderRow) -> (String, Facts) {
        (output.id.to_string(), Loss::facts(self.amount_minor, &self.reason))
    }
}
