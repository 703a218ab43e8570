//! What withdrawals of proceeds and a shop's limit have to do with each other: what buyers have not paid is counted
//! (C7, C19), due and liability are repaid and orders learn of it by the epoch (C12), a draw may lock the limit or set
//! it to zero (C7, C19), and a review gives it back (C17).

use purser_domain::{
    credit::{RestrictionKind, is_new},
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    policy::{keys, kinds::ReviewRestore},
    time::{Date, Timestamp},
    withdrawals::Marks,
};

pub(crate) use super::due::bring_to_today;
use super::{
    evaluate::{Cause, evaluate_after, used_minor, warn_when_used},
    facts,
    rows::{CreditShopRow, ShopFactsRow},
};
use crate::{
    command::Ctx,
    facts::Facts,
    tx::{Needs, Tx},
};

/// Declares what a change of a withdrawal reads of the shop.
pub(crate) fn want(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    needs.row::<CreditShopRow>(party);
    for kind in [AccountKind::CreditReceivable, AccountKind::CreditLiability] {
        needs.account(&AccountRef::party(party, kind, ctx.rules.currency));
    }
}

/// Declares besides what a request reads.
pub(crate) fn want_facts(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<ShopFactsRow>(party);
}

/// A shop as the gate sees it; all zero for one of which nothing is known. Amounts are minor units.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shop {
    pub(crate) due_minor: i64,
    pub(crate) liability_minor: i64,
    pub(crate) unpaid_minor: i64,
    pub(crate) limit_minor: i64,
    pub(crate) highest_minor: i64,
    pub(crate) large_at: Option<Timestamp>,
    pub(crate) is_new: bool,
    pub(crate) in_promotion: bool,
}

/// Reads a shop that [`want`] and [`want_facts`] declared.
pub(crate) fn shop(tx: &Tx, ctx: &Ctx, party: PartyId) -> Shop {
    let liability_minor = liability_minor(tx, ctx, party);
    let Some(row) = tx.get::<CreditShopRow>(&party) else {
        return Shop { liability_minor, ..Shop::default() };
    };
    let known = tx.get::<ShopFactsRow>(&party).map(|row| facts::decode(&row.facts));
    let months = ctx.rules.policy.now(ctx.now).value(keys::NEW_SHOP_MONTHS);
    let today: Date = ctx.today;
    Shop {
        due_minor: row.due,
        liability_minor,
        unpaid_minor: row.unpaid,
        limit_minor: row.total,
        highest_minor: if row.high_on == today.to_string() { row.high_total } else { row.total },
        large_at: row.large_at,
        is_new: known.as_ref().is_some_and(|shop| is_new(shop, today, months)),
        in_promotion: known
            .is_some_and(|shop| shop.promotions.iter().any(|p| p.from <= today && today < p.until)),
    }
}

fn liability_minor(tx: &Tx, ctx: &Ctx, party: PartyId) -> i64 {
    let liability = AccountRef::party(party, AccountKind::CreditLiability, ctx.rules.currency);
    tx.account(liability.id()).map_or(0, |account| account.posted)
}

/// What buyers still owe for goods that were shipped, minor units: no more of the proceeds can be unpaid.
fn owed_by_buyers(tx: &Tx, ctx: &Ctx, shop: &CreditShopRow) -> i64 {
    let used = used_minor(tx, shop.party, ctx);
    used.saturating_sub(shop.due).saturating_add(liability_minor(tx, ctx, shop.party)).max(0)
}

/// What an accepted request does to the shop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    /// Due and liability that were repaid with it, minor units.
    pub(crate) repaid_minor: i64,
    /// What of the proceeds that are left buyers have not paid, minor units.
    pub(crate) unpaid_left_minor: i64,
    /// What it does to the limit.
    pub(crate) marks: Marks,
}

/// Writes down what a request did, after its money was moved.
pub(crate) fn drawn(tx: &mut Tx, ctx: &Ctx, party: PartyId, draw: &Draw) {
    let Some(mut row) = tx.get::<CreditShopRow>(&party).cloned() else { return };
    if draw.repaid_minor > 0 {
        let facts = Facts::new()
            .int("due_minor", row.due)
            .int("liability_minor", draw.repaid_minor.saturating_sub(row.due));
        tx.notify("credit.debts_repaid", party, &party.to_string(), facts);
        // Orders of an older epoch know by it that they have neither due nor liability any more.
        row.epoch += 1;
        row.due = 0;
        row.owed = 0;
        let used = used_minor(tx, party, ctx);
        warn_when_used(tx, ctx, &mut row, used);
    }
    row.unpaid = draw.unpaid_left_minor;
    if draw.marks.large {
        row.large_at = Some(ctx.now);
    }
    if let Some(until) = draw.marks.lock_until {
        row.locked_until = row.locked_until.max(Some(until));
        tx.notify("credit.limit_locked", party, &party.to_string(), Facts::new().at("until", until));
    }
    row.version += 1;
    tx.put(row.clone());
    if draw.marks.zero_limit {
        set_to_zero(tx, ctx, row);
    }
}

/// The limit becomes zero until staff lift it, for which the merchant may appeal (C7, policy `zero`).
fn set_to_zero(tx: &mut Tx, ctx: &Ctx, row: CreditShopRow) {
    let Some(mut known) = tx.get::<ShopFactsRow>(&row.party).cloned() else { return };
    let before = facts::decode(&known.facts);
    let mut shop = before.clone();
    if shop.restrictions.has(RestrictionKind::DailyDraw) {
        return;
    }
    shop.restrictions = shop.restrictions.with(RestrictionKind::DailyDraw);
    known.facts = facts::encode(&shop);
    known.version += 1;
    tx.put(known);
    evaluate_after(tx, ctx, row, (&before, &shop), (Cause::DRAW, ""));
}

/// Proceeds came back whose buyers had not paid when they were drawn, unless they have paid since.
pub(crate) fn give_back(tx: &mut Tx, ctx: &Ctx, party: PartyId, unpaid_minor: i64) {
    if unpaid_minor <= 0 {
        return;
    }
    let Some(mut row) = tx.get::<CreditShopRow>(&party).cloned() else { return };
    let most = owed_by_buyers(tx, ctx, &row);
    row.unpaid = row.unpaid.saturating_add(unpaid_minor).min(most);
    row.version += 1;
    tx.put(row);
}

/// A review found a draw good: the lock that it brought ends now, or on the 1st of the next month (C17).
pub(crate) fn unlock(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    let Some(mut row) = tx.get::<CreditShopRow>(&party).cloned() else { return };
    let Some(locked) = row.locked_until.filter(|until| *until > ctx.now) else { return };
    let until = match ctx.rules.policy.now(ctx.now).value(keys::REVIEW_RESTORE) {
        ReviewRestore::OnApproval => None,
        ReviewRestore::NextMonth => {
            let next = purser_domain::time::Month::of(ctx.today).plus(1).first_day();
            // Never later than the lock would have ended by itself.
            Some(ctx.zone.start_of(next).min(locked))
        }
    };
    row.locked_until = until;
    row.version += 1;
    tx.put(row);
    tx.notify("credit.limit_restored", party, &party.to_string(), Facts::new().opt_at("until", until));
}
