//! What staff decide about a shop's limit (C5, C7, C8, C18, C25, P16): each changes an input of the formula.

use purser_domain::{
    credit::{Component, Emergency, Override, Promotion, RestrictionKind, Shop, Waiver},
    ids::{CaseId, CreditApplicationId, PartyId},
    ledger::{AccountKind, AccountRef},
    money::Rate,
    policy::{PolicyView, keys},
    time::Date,
};

use super::{
    evaluate::{Cause, evaluate_after, used_minor, want},
    facts, risk,
    rows::{CreditShopRow, ShopFactsRow},
    shops::AMOUNT_MAX,
};
use crate::{
    approvals::{need_approval, require_approval},
    cases::{CaseRow, has_papers, want_papers},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What staff decide about a shop's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopChange {
    /// Sets the limit to zero for a reason (C7).
    Restrict(RestrictionKind),
    /// Takes such a reason away.
    Lift(RestrictionKind),
    /// A boost for a sale (C5); the rate is at most what policy lets staff grant.
    Promote(Promotion),
    /// A temporary limit (C18), and the merchant's case with the papers that it rests on; two people.
    Emergency(Emergency, CaseId),
    /// A limit instead of the formula's (C8); two people.
    Fix(Override),
    /// Back to the formula.
    Unfix,
    /// A part of the limit that was applied for (C25), and the application.
    Grant(Component, CreditApplicationId),
    /// Sets a rule aside until a date (C7).
    Waive(Waiver),
    /// Takes no new use; closed once the open orders have ended (C25).
    Close,
}

impl ShopChange {
    /// Name of the action that two people decide; `None` where one is enough.
    pub const fn approval(&self) -> Option<&'static str> {
        match self {
            Self::Emergency(..) => Some("credit.emergency"),
            Self::Fix(_) => Some("credit.override"),
            _ => None,
        }
    }

    /// Every detail, as the audit log keeps it.
    pub fn facts(&self) -> Facts {
        let until = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
        match self {
            Self::Restrict(kind) => Facts::new().text("restrict", kind.name()),
            Self::Lift(kind) => Facts::new().text("lift", kind.name()),
            Self::Promote(p) => Facts::new()
                .text("from", p.from.to_string())
                .text("until", p.until.to_string())
                .int("rate_ppm", p.rate.as_ppm()),
            Self::Emergency(e, case) => Facts::new()
                .text("from", e.from.to_string())
                .text("until", e.until.to_string())
                .int("amount_minor", e.amount_minor)
                .text("evidence", case.to_string()),
            Self::Fix(o) => Facts::new()
                .text("from", o.from.to_string())
                .text("until", until(o.until))
                .int("amount_minor", o.amount_minor),
            Self::Unfix => Facts::new().flag("unfix", true),
            Self::Grant(c, application) => Facts::new()
                .text("application", application.to_string())
                .text("source", c.source.name())
                .text("from", c.since.to_string())
                .text("until", until(c.until))
                .int("amount_minor", c.amount_minor),
            Self::Waive(w) => Facts::new()
                .text("waive", w.rule.name())
                .text("from", w.from.to_string())
                .text("until", w.until.to_string()),
            Self::Close => Facts::new().flag("close", true),
        }
    }

    /// Every detail and the reason, as two people approve it: the merchant reads the reason that was approved.
    pub fn approved_facts(&self, reason: &str) -> Facts {
        self.facts().text("reason", reason.trim())
    }

    /// The case whose papers it rests on.
    pub(super) const fn evidence(&self) -> Option<CaseId> {
        match self {
            Self::Emergency(_, case) => Some(*case),
            _ => None,
        }
    }

    /// Name of the change in the audit log and messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Restrict(_) => "credit.restrict",
            Self::Lift(_) => "credit.lift",
            Self::Promote(_) => "credit.promote",
            Self::Emergency(..) => "credit.emergency",
            Self::Fix(_) => "credit.override",
            Self::Unfix => "credit.override_end",
            Self::Grant(..) => "credit.grant",
            Self::Waive(_) => "credit.waive",
            Self::Close => "credit.close",
        }
    }
}

/// Changes a shop's limit by staff.
///
/// Rejections in order: `reason_missing`, `credit_shop_unknown`, `dates_invalid`, `amount_out_of_range`,
/// `promotion_too_large`, `promotion_overlaps`, `evidence_missing`, `approval_required`.
pub struct ChangeShop {
    /// Whose.
    pub party: PartyId,
    /// What.
    pub change: ShopChange,
    /// Why; shown to the merchant.
    pub reason: String,
}

impl Command for ChangeShop {
    type Output = CreditShopRow;

    fn name(&self) -> &'static str {
        self.change.name()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, self.party, ctx);
        want_liability(needs, self.party, ctx);
        want_evidence(needs, &self.change);
        if let Some(action) = self.change.approval() {
            need_approval(needs, action, &self.party.to_string(), &self.change.approved_facts(&self.reason));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<CreditShopRow, Rejection> {
        let length = self.reason.trim().chars().count();
        if !(1..=500).contains(&length) {
            return Err(Rejection::new("reason_missing", "say why, in 1 to 500 characters").at("/reason"));
        }
        let known = known(tx, self.party)?;
        check(ctx, &known.shop, &self.change)?;
        check_evidence(tx, self.party, &self.change)?;
        if let Some(action) = self.change.approval() {
            let facts = self.change.approved_facts(&self.reason);
            require_approval(tx, action, &self.party.to_string(), &facts)?;
        }
        Ok(apply(tx, ctx, known, &self.change, self.reason.trim()))
    }

    fn audit(&self, output: &CreditShopRow) -> (String, Facts) {
        let facts = self.change.facts().text("reason", self.reason.trim()).int("total_minor", output.total);
        (output.party.to_string(), facts)
    }
}

/// A shop's rows and what is known of it.
struct Known {
    row: CreditShopRow,
    stored: ShopFactsRow,
    shop: Shop,
}

fn known(tx: &Tx, party: PartyId) -> Result<Known, Rejection> {
    let found = tx.get::<CreditShopRow>(&party).cloned();
    let (Some(row), Some(stored)) = (found, tx.get::<ShopFactsRow>(&party).cloned()) else {
        return Err(Rejection::new("credit_shop_unknown", "nothing is known of this shop"));
    };
    let shop = facts::decode(&stored.facts);
    Ok(Known { row, stored, shop })
}

/// Declares the account that says, with those of [`want`], whether a shop has open orders.
pub(super) fn want_liability(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    needs.account(&AccountRef::party(party, AccountKind::CreditLiability, ctx.rules.currency));
}

/// Whether an order of a shop is open: still to be shipped, advanced, reserved, due, beyond the limit, or waiting for a
/// review (C21). What beyond the limit is not reserved for is still to be shipped all the same (C12).
pub(super) fn has_open_orders(tx: &Tx, ctx: &Ctx, row: &CreditShopRow) -> bool {
    let liability = AccountRef::party(row.party, AccountKind::CreditLiability, ctx.rules.currency);
    let beyond = tx.account(liability.id()).map_or(0, |account| account.posted);
    let reviews = risk::row(tx, row.party).open_reviews;
    let used = used_minor(tx, row.party, ctx);
    [row.to_ship, used, row.reserved, row.due, beyond, reviews].iter().any(|open| *open > 0)
}

/// Changes a shop's limit where an application or appeal was granted: the same way as [`ChangeShop`], after two people
/// where they are needed. The rows of [`want`] and [`want_liability`] must have been declared.
///
/// # Errors
/// Those of [`ChangeShop`] from `credit_shop_unknown` to `promotion_overlaps`.
pub(super) fn change(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    change: &ShopChange,
    reason: &str,
) -> Result<CreditShopRow, Rejection> {
    let known = known(tx, party)?;
    check(ctx, &known.shop, change)?;
    Ok(apply(tx, ctx, known, change, reason.trim()))
}

fn apply(tx: &mut Tx, ctx: &Ctx, known: Known, change: &ShopChange, reason: &str) -> CreditShopRow {
    let Known { mut row, mut stored, shop: before } = known;
    let mut shop = before.clone();
    match *change {
        ShopChange::Restrict(kind) => restrict(ctx, &mut row, &mut shop, kind, reason),
        ShopChange::Lift(kind) => {
            shop.restrictions = shop.restrictions.without(kind);
            shop.reasons.remove(&kind);
            if kind == RestrictionKind::Closed {
                (row.closing_since, row.closed_at) = (None, None);
            }
        }
        ShopChange::Promote(_)
        | ShopChange::Emergency(..)
        | ShopChange::Fix(_)
        | ShopChange::Unfix
        | ShopChange::Waive(_) => take(&mut shop, change),
        ShopChange::Grant(component, application) => {
            shop.grant_component(component);
            shop.evidence.insert((component.source, component.since), application.to_string());
        }
        ShopChange::Close if has_open_orders(tx, ctx, &row) => {
            row.closing_since.get_or_insert(ctx.now);
        }
        ShopChange::Close => restrict(ctx, &mut row, &mut shop, RestrictionKind::Closed, reason),
    }
    stored.facts = facts::encode(&shop);
    stored.version += 1;
    tx.put(stored);
    let told = change.facts().text("reason", reason).text("service", row.service().name());
    tx.notify(change.name(), row.party, &row.party.to_string(), told);
    evaluate_after(tx, ctx, row, (&before, &shop), (Cause::STAFF, reason))
}

/// What a change makes of what is known of a shop, where it makes nothing else.
fn take(shop: &mut Shop, change: &ShopChange) {
    match *change {
        ShopChange::Promote(promotion) => shop.promotions.push(promotion),
        ShopChange::Emergency(emergency, _) => shop.emergencies.push(emergency),
        ShopChange::Fix(fixed) => shop.fixed = Some(fixed),
        ShopChange::Unfix => shop.fixed = None,
        ShopChange::Waive(waiver) => shop.waivers.push(waiver),
        ShopChange::Restrict(_) | ShopChange::Lift(_) | ShopChange::Grant(..) | ShopChange::Close => {}
    }
}

/// What a shop would be with a sale boost, a temporary limit or an override, decided on a civil date by rules that are in
/// force or only proposed; nothing is written (C5, C8, C18).
///
/// # Errors
/// Those of [`ChangeShop`] from `dates_invalid` to `promotion_overlaps`.
pub fn tried_change(
    known: &Shop,
    change: &ShopChange,
    on: Date,
    view: PolicyView<'_>,
) -> Result<Shop, Rejection> {
    checked(known, change, on, view)?;
    let mut shop = known.clone();
    take(&mut shop, change);
    Ok(shop)
}

/// Declares the case that a change rests on.
pub(super) fn want_evidence(needs: &mut Needs<'_>, change: &ShopChange) {
    if let Some(case) = change.evidence() {
        needs.row::<CaseRow>(case);
        want_papers(needs, case);
    }
}

/// What a temporary limit rests on: a case of the merchant, open or settled, with a file at least that they see (C18).
pub(super) fn check_evidence(tx: &Tx, party: PartyId, change: &ShopChange) -> Result<(), Rejection> {
    let Some(case) = change.evidence() else { return Ok(()) };
    if tx.get::<CaseRow>(&case).is_some_and(|case| case.is_shown_to(party)) && has_papers(tx, case) {
        return Ok(());
    }
    let text = "name a case of this merchant that has the papers as files: evidence is what a temporary limit rests on";
    Err(Rejection::new("evidence_missing", text).at("/evidence"))
}

/// Sets a limit to zero for a reason; a closed service takes no new use either.
pub(super) fn restrict(
    ctx: &Ctx,
    row: &mut CreditShopRow,
    shop: &mut Shop,
    kind: RestrictionKind,
    reason: &str,
) {
    shop.restrictions = shop.restrictions.with(kind);
    shop.reasons.insert(kind, reason.to_owned());
    if kind == RestrictionKind::Closed {
        row.closing_since.get_or_insert(ctx.now);
        row.closed_at.get_or_insert(ctx.now);
    }
}

pub(super) fn check(ctx: &Ctx, shop: &Shop, change: &ShopChange) -> Result<(), Rejection> {
    checked(shop, change, ctx.today, ctx.rules.policy.now(ctx.now))
}

fn checked(shop: &Shop, change: &ShopChange, today: Date, view: PolicyView<'_>) -> Result<(), Rejection> {
    let (span, amount) = match change {
        ShopChange::Promote(p) => (Some((p.from, Some(p.until))), None),
        ShopChange::Emergency(e, _) => (Some((e.from, Some(e.until))), Some((e.amount_minor, 1))),
        ShopChange::Fix(o) => (Some((o.from, o.until)), Some((o.amount_minor, 0))),
        ShopChange::Grant(c, _) => (Some((c.since, c.until)), Some((c.amount_minor, 0))),
        ShopChange::Waive(w) => (Some((w.from, Some(w.until))), None),
        ShopChange::Restrict(_) | ShopChange::Lift(_) | ShopChange::Unfix | ShopChange::Close => (None, None),
    };
    if let Some((from, until)) = span
        && until.is_some_and(|until| until <= from || until <= today)
    {
        let text = "it ends after it begins, and not in the past";
        return Err(Rejection::new("dates_invalid", text).at("/until"));
    }
    if let Some((amount, least)) = amount
        && !(least..=AMOUNT_MAX).contains(&amount)
    {
        let text = format!("the amount is {least} to {AMOUNT_MAX} minor units");
        return Err(Rejection::new("amount_out_of_range", text).at("/amount_minor"));
    }
    if let ShopChange::Promote(p) = change {
        let most = view.value(keys::PROMOTION_BOOST_MOST);
        if p.rate > most || p.rate <= Rate::ZERO {
            let text = format!("staff may grant up to {} parts per million", most.as_ppm());
            return Err(Rejection::new("promotion_too_large", text).at("/rate_ppm"));
        }
        if shop.promotions.iter().any(|known| known.from < p.until && p.from < known.until) {
            let text = "another sale boost of this shop lies in these dates";
            return Err(Rejection::new("promotion_overlaps", text).at("/from"));
        }
    }
    Ok(())
}
