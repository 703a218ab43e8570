//! What the limit follows by itself: the phone that is bound (C22), and funds that are frozen with their party (C6).

use purser_domain::{
    credit::Standing,
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    parties::PartyStatus,
};

use super::{
    evaluate::{Cause, evaluate_after, used_minor, walk, want},
    facts,
    rows::{CreditShopRow, ShopFactsRow},
};
use crate::{
    command::Ctx,
    facts::Facts,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Declares what [`phone_bound`] reads.
pub(crate) fn want_phone(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    want(needs, party, ctx);
}

/// A phone was bound: the limit of a shop is evaluated when that changes whose operator's number it has (C22). An
/// unbound phone changes nothing, or unbinding would lift the cap.
pub(crate) fn phone_bound(tx: &mut Tx, ctx: &Ctx, party: PartyId, virtual_operator: bool) {
    let row = tx.get::<CreditShopRow>(&party).cloned();
    let stored = tx.get::<ShopFactsRow>(&party).cloned();
    let (Some(row), Some(mut stored)) = (row, stored) else { return };
    let known = facts::decode(&stored.facts);
    if known.virtual_operator == virtual_operator {
        return;
    }
    let mut shop = known.clone();
    shop.virtual_operator = virtual_operator;
    stored.facts = facts::encode(&shop);
    stored.version += 1;
    tx.put(stored);
    evaluate_after(tx, ctx, row, (&known, &shop), (Cause::PHONE, ""));
}

/// Why a shop takes no new use although it may have a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The party is frozen (P6).
    PartyFrozen,
    /// The party is closed (P6).
    PartyClosed,
    /// Locked after a run of high draws (C19).
    Locked,
    /// The merchant closes the service (C25).
    Closing,
}

impl Closed {
    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PartyFrozen => "party_frozen",
            Self::PartyClosed => "party_closed",
            Self::Locked => "locked",
            Self::Closing => "closing",
        }
    }

    /// Of a shop at an instant; `None` while it takes new use.
    pub fn of(
        status: &PartyStatus,
        shop: &CreditShopRow,
        now: purser_domain::time::Timestamp,
    ) -> Option<Self> {
        match status {
            PartyStatus::Frozen { .. } => Some(Self::PartyFrozen),
            PartyStatus::Closed => Some(Self::PartyClosed),
            PartyStatus::Active if shop.locked_until.is_some_and(|until| now < until) => Some(Self::Locked),
            PartyStatus::Active => shop.closing_since.map(|_| Self::Closing),
        }
    }
}

/// Of the limit, what is frozen with the shop's funds (C6): what the platform reported, and all proceeds of a party
/// that is frozen. Minor units.
pub(super) fn frozen_minor(shop: &CreditShopRow, status: &PartyStatus, proceeds_minor: i64) -> i64 {
    match status {
        PartyStatus::Frozen { .. } => shop.frozen.saturating_add(proceeds_minor.max(0)),
        PartyStatus::Active | PartyStatus::Closed => shop.frozen,
    }
}

/// How the limit of a shop stands, by the rows of party and shop, the receivable and [`want_funds`].
pub(super) fn standing(tx: &Tx, ctx: &Ctx, shop: &CreditShopRow) -> Standing {
    let status = tx.get::<PartyRow>(&shop.party).map_or(PartyStatus::Active, |row| row.party().status);
    let frozen = frozen_minor(shop, &status, proceeds_minor(tx, ctx, shop.party));
    let closed = Closed::of(&status, shop, ctx.now).is_some();
    shop.standing(used_minor(tx, shop.party, ctx), frozen, closed)
}

fn proceeds_minor(tx: &Tx, ctx: &Ctx, party: PartyId) -> i64 {
    let proceeds = AccountRef::party(party, AccountKind::Proceeds, ctx.rules.currency);
    tx.account(proceeds.id()).map_or(0, |account| account.posted)
}

/// Declares what [`status_changed`] reads beside the party's accounts.
pub(crate) fn want_status(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<CreditShopRow>(party);
    needs.row::<ShopFactsRow>(party);
}

/// Declares what [`funds_changed`] reads beside the rows of party and shop.
pub(super) fn want_funds(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    needs.account(&AccountRef::party(party, AccountKind::Proceeds, ctx.rules.currency));
}

/// The platform reported other frozen funds: what is available of the limit is another amount (C6, C10). `shop` is what the
/// report made of it.
pub(super) fn funds_changed(tx: &mut Tx, ctx: &Ctx, before: i64, shop: &CreditShopRow) {
    let status = tx.get::<PartyRow>(&shop.party).map_or(PartyStatus::Active, |row| row.party().status);
    let was = CreditShopRow { frozen: before, ..shop.clone() };
    tell_frozen(tx, ctx, shop.frozen > before, (&was, &status), (shop, &status));
}

/// A party was frozen or is active again: its shop hears what became of the limit (C6, C10). The limit itself is
/// computed from the party's status wherever it is used, so nothing can be forgotten here.
pub(crate) fn status_changed(tx: &mut Tx, ctx: &Ctx, party: PartyId, from: &PartyStatus, to: &PartyStatus) {
    let was = matches!(from, PartyStatus::Frozen { .. });
    let is = matches!(to, PartyStatus::Frozen { .. });
    if let Some(shop) = tx.get::<CreditShopRow>(&party).filter(|_| was != is) {
        // The limit of today is told; whoever uses it next writes it down.
        let known = tx.get::<ShopFactsRow>(&party).filter(|_| shop.is_due(ctx.today));
        let shop = match known.map(|known| facts::decode(&known.facts)) {
            Some(known) => walk(shop, &known, &ctx.rules, (ctx.today, ctx.now), &[]).0,
            None => shop.clone(),
        };
        tell_frozen(tx, ctx, is, (&shop, from), (&shop, to));
    }
}

fn tell_frozen(
    tx: &mut Tx,
    ctx: &Ctx,
    more: bool,
    before: (&CreditShopRow, &PartyStatus),
    after: (&CreditShopRow, &PartyStatus),
) {
    let (party, total) = (before.0.party, after.0.total);
    let posted = proceeds_minor(tx, ctx, party);
    let frozen = |(shop, status): (&CreditShopRow, &PartyStatus)| frozen_minor(shop, status, posted);
    let (before, after) = (frozen(before), frozen(after));
    let kind = if more { "credit.limit_frozen" } else { "credit.limit_unfrozen" };
    let facts = Facts::new().int("before_minor", before).int("frozen_minor", after);
    tx.notify(kind, party, &party.to_string(), facts.int("total_minor", total));
}
