//! The deciders of an order. Each takes the order as of the shop's epoch and what is known of the shop.

use super::{
    AccountRole as R, CreditOrder, Decision, OrderTerms, Posting, PostingKind as K, Rejection, ShopFacts,
};
use crate::ids::{CreditOrderId, PartyId};
use crate::money::Currency;
use crate::policy::kinds::OverLimit;
use crate::time::{Date, Timestamp, Zone};

/// Who authorises what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorisation {
    /// Id of the order here.
    pub id: CreditOrderId,
    /// The shop.
    pub merchant: PartyId,
    /// Price of the goods, minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// When.
    pub at: Timestamp,
    /// When the buyer is to have paid; by policy when absent.
    pub due_on: Option<Date>,
}

fn amount(amount_minor: i64) -> Result<(), Rejection> {
    if amount_minor > 0 { Ok(()) } else { Err(Rejection::AmountNotPositive) }
}

fn instant(at: Timestamp, order: &CreditOrder, now: Timestamp, terms: &OrderTerms) -> Result<(), Rejection> {
    if at > now.plus(terms.clock_tolerance_us) {
        return Err(Rejection::InTheFuture);
    }
    if at < order.authorised_at {
        return Err(Rejection::BeforeAuthorised);
    }
    Ok(())
}

/// 1 for an order with goods that are still to be shipped, else 0.
fn to_ship(order: &CreditOrder) -> i64 {
    i64::from(order.unshipped_minor() > 0)
}

/// An order under change.
struct Draft {
    before: (i64, i64, i64, i64),
    order: CreditOrder,
    postings: Vec<Posting>,
}

impl Draft {
    fn of(order: &CreditOrder, shop: &ShopFacts, at: Timestamp) -> Self {
        // What a withdrawal repaid is no change of this event: it was counted when it was repaid.
        let mut order = order.clone().at_epoch(shop.epoch);
        order.changed_at = order.changed_at.max(at);
        let before = (order.reserved_minor, order.due_minor, order.liability_minor, to_ship(&order));
        Self { before, order, postings: Vec::new() }
    }

    fn post(&mut self, from: R, to: R, amount_minor: i64, kind: K) {
        if amount_minor > 0 {
            self.postings.push(Posting { from, to, amount_minor, kind });
        }
    }

    /// Advances a price of shipped goods as far as reservation and limit go; what is beyond becomes liability (C12).
    fn advance(&mut self, needed: i64, shop: &ShopFacts) {
        let order = &mut self.order;
        let room = order.reserved_minor.saturating_add(shop.available_minor.max(0));
        let advance = needed.min(room);
        order.receivable_minor += advance;
        order.liability_minor += needed - advance;
        order.reserved_minor -= order.reserved_minor.min(advance);
        self.keep_reserved();
        self.post(R::Receivable, R::Proceeds, advance, K::Advance);
        self.post(R::Liability, R::Proceeds, needed - advance, K::BeyondLimit);
    }

    /// No more stays reserved than may yet be advanced.
    fn keep_reserved(&mut self) {
        self.order.reserved_minor = self.order.reserved_minor.min(self.order.to_advance_minor());
    }

    fn done(self, event: &'static str) -> Decision {
        let (reserved, due, beyond, goods) = self.before;
        let moved = |posting: &Posting| match (posting.from, posting.to) {
            (R::Liability, _) => posting.amount_minor,
            (_, R::Liability) => -posting.amount_minor,
            _ => 0,
        };
        let liability: i64 = self.postings.iter().map(moved).sum();
        Decision {
            reserved_minor: self.order.reserved_minor - reserved,
            due_minor: self.order.due_minor - due,
            owed_minor: liability - (self.order.liability_minor - beyond),
            to_ship: to_ship(&self.order) - goods,
            order: self.order,
            postings: self.postings,
            event,
        }
    }
}

/// Reserves `min(amount, available)` for an order; `None` when the same was authorised before (C11).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn authorise(
    known: Option<&CreditOrder>,
    new: &Authorisation,
    shop: &ShopFacts,
    now: Timestamp,
    terms: &OrderTerms,
) -> Result<Option<Decision>, Rejection> {
    if let Some(order) = known {
        let same = [
            ("merchant_id", order.merchant == new.merchant),
            ("amount_minor", order.amount_minor == new.amount_minor),
            ("currency", order.currency == new.currency),
            ("authorised_at", order.authorised_at == new.at),
            // Without one it is set when the goods are shipped.
            ("due_on", new.due_on.is_none_or(|day| order.due_on == Some(day))),
        ];
        return match same.into_iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(Rejection::OrderConflict { field }),
            None => Ok(None),
        };
    }
    amount(new.amount_minor)?;
    if new.at > now.plus(terms.clock_tolerance_us) {
        return Err(Rejection::InTheFuture);
    }
    if !shop.open {
        return Err(Rejection::ShopNotOpen);
    }
    let available_minor = shop.available_minor.max(0);
    if terms.over_limit == OverLimit::Refuse && new.amount_minor > available_minor {
        return Err(Rejection::LimitInsufficient { available_minor });
    }
    let reserved_minor = new.amount_minor.min(available_minor);
    let order = CreditOrder {
        id: new.id,
        merchant: new.merchant,
        amount_minor: new.amount_minor,
        currency: new.currency,
        authorised_at: new.at,
        reserved_minor,
        shipped_minor: 0,
        cancelled_minor: 0,
        expired_minor: 0,
        receivable_minor: 0,
        due_minor: 0,
        liability_minor: 0,
        held_minor: 0,
        prepaid_minor: 0,
        paid_minor: 0,
        forgiven_minor: 0,
        returned_minor: 0,
        lost_minor: 0,
        recourse_minor: 0,
        epoch: shop.epoch,
        due_on: new.due_on,
        ends_at: new.at.plus(terms.lifetime_us),
        shipped_at: None,
        changed_at: new.at,
    };
    let event = "credit_order.authorised";
    let to_ship = to_ship(&order);
    let postings = Vec::new();
    Ok(Some(Decision { order, postings, reserved_minor, due_minor: 0, owed_minor: 0, to_ship, event }))
}

/// Goods are on their way: advances `min(price, own reservation + available)`; what is beyond becomes the shop's
/// liability (C11, C12). What the buyer paid before needs no advance. `amount_minor`: `None` ships the rest. Where the
/// shop's facts say so the advance is not made but held for a review, and the reservation stays (C21).
///
/// Goods that were shipped once the authorisation had ended are not advanced: only what the buyer paid before may be
/// shipped. Goods that were shipped in time are, also when that is reported after the end.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn ship(
    order: &CreditOrder,
    amount_minor: Option<i64>,
    at: Timestamp,
    shop: &ShopFacts,
    zone: &Zone,
    now: Timestamp,
    terms: &OrderTerms,
) -> Result<Decision, Rejection> {
    let left_minor = order.unshipped_minor() + order.expired_minor;
    let (ended, prepaid) = (at >= order.ends_at, order.prepaid_minor);
    let rest = if ended && prepaid > 0 { prepaid } else { left_minor };
    let price = amount_minor.unwrap_or(rest);
    if amount_minor.is_some() {
        amount(price)?;
    }
    instant(at, order, now, terms)?;
    if price > left_minor || left_minor == 0 {
        return Err(Rejection::MoreThanAuthorised { left_minor });
    }
    if ended && price > prepaid {
        return Err(Rejection::AuthorisationExpired { left_minor: prepaid });
    }
    let mut draft = Draft::of(order, shop, at);
    let order = &mut draft.order;
    // Shipped in time and told late: what had ended stands after all; the limit has to do without a reservation.
    let late = (price - order.unshipped_minor()).max(0);
    order.cancelled_minor -= late;
    order.expired_minor -= late;
    let covered = price.min(order.prepaid_minor);
    order.prepaid_minor -= covered;
    let needed = price - covered;
    order.shipped_minor += price;
    if order.shipped_at.is_none() {
        order.shipped_at = Some(at);
        let span = jiff::Span::new().days(i64::from(terms.due_days));
        order.due_on = order.due_on.or_else(|| zone.date(at).checked_add(span).ok());
    }
    if shop.held && needed > 0 {
        order.held_minor += needed;
        draft.keep_reserved();
        return Ok(draft.done("credit_order.held"));
    }
    draft.advance(needed, shop);
    Ok(draft.done("credit_order.shipped"))
}

/// A review found nothing: what was held is advanced now (C21).
///
/// # Errors
/// [`Rejection::NothingHeld`].
pub fn release(order: &CreditOrder, at: Timestamp, shop: &ShopFacts) -> Result<Decision, Rejection> {
    let mut draft = Draft::of(order, shop, at);
    let held = std::mem::take(&mut draft.order.held_minor);
    if held == 0 {
        return Err(Rejection::NothingHeld);
    }
    draft.advance(held, shop);
    Ok(draft.done("credit_order.released"))
}

/// A review found abuse: what was held is not advanced, and its reservation is free. What the buyer pays is still
/// the shop's (C21).
///
/// # Errors
/// [`Rejection::NothingHeld`].
pub fn deny(order: &CreditOrder, at: Timestamp, shop: &ShopFacts) -> Result<Decision, Rejection> {
    let mut draft = Draft::of(order, shop, at);
    if std::mem::take(&mut draft.order.held_minor) == 0 {
        return Err(Rejection::NothingHeld);
    }
    draft.keep_reserved();
    Ok(draft.done("credit_order.denied"))
}

/// The buyer paid: first the advance, then what lies beyond the limit, the rest is the shop's (C11, M). What was lost
/// may still be paid: where the shop had to bear it the money is the shop's, else it makes good the loss.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn pay(
    order: &CreditOrder,
    amount_minor: i64,
    at: Timestamp,
    shop: &ShopFacts,
    now: Timestamp,
    terms: &OrderTerms,
) -> Result<Decision, Rejection> {
    amount(amount_minor)?;
    instant(at, order, now, terms)?;
    let left_minor = order.payable_minor() + order.lost_minor;
    if amount_minor > left_minor {
        return Err(Rejection::MoreThanPayable { left_minor });
    }
    let mut draft = Draft::of(order, shop, at);
    let order = &mut draft.order;
    let on_time = amount_minor.min(order.payable_minor());
    let shipped_unpaid = order.shipped_unpaid_minor();
    let advanced = on_time.min(order.receivable_minor - order.due_minor);
    let beyond = (on_time - advanced).min(order.liability_minor);
    let rest = on_time - advanced - beyond;
    order.receivable_minor -= advanced;
    order.liability_minor -= beyond;
    order.paid_minor += amount_minor;
    // Liability that a withdrawal repaid is the shop's own money by now: the buyer's payment for it is the shop's.
    // Only what goes beyond all shipped goods is paid in advance.
    let own = rest.min(shipped_unpaid - advanced - beyond);
    order.held_minor -= own.min(order.held_minor);
    order.prepaid_minor += rest - own;
    let late = amount_minor - on_time;
    let (borne, made_good) = order.take_lost(late, late.min(order.recourse_minor));
    draft.keep_reserved();
    draft.post(R::ClientsClearing, R::Receivable, advanced, K::BuyerPaid);
    draft.post(R::ClientsClearing, R::Liability, beyond, K::BuyerPaid);
    draft.post(R::ClientsClearing, R::Proceeds, rest + borne, K::BuyerPaid);
    draft.post(R::ClientsClearing, R::BadDebt, made_good, K::BuyerPaid);
    Ok(draft.done("credit_order.paid"))
}

/// The authorisation ends: what is neither shipped nor paid will not be shipped, and its reservation is free (C11). What
/// the buyer paid before is not touched. `None` before its time, or when nothing is left of it.
pub fn expire(order: &CreditOrder, now: Timestamp, shop: &ShopFacts) -> Option<Decision> {
    let ended = order.unshipped_minor() - order.prepaid_minor;
    if ended == 0 || now < order.ends_at {
        return None;
    }
    let mut draft = Draft::of(order, shop, now);
    draft.order.cancelled_minor += ended;
    draft.order.expired_minor += ended;
    draft.keep_reserved();
    Some(draft.done("credit_order.expired"))
}

/// Calls off what is not shipped: the reservation is released; what the buyer paid for it goes back, and what the
/// shop's proceeds lack for that becomes its liability (C11).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn cancel(
    order: &CreditOrder,
    at: Timestamp,
    shop: &ShopFacts,
    now: Timestamp,
    terms: &OrderTerms,
) -> Result<Decision, Rejection> {
    instant(at, order, now, terms)?;
    if order.unshipped_minor() + order.expired_minor == 0 {
        return Err(Rejection::NothingToCancel);
    }
    let mut draft = Draft::of(order, shop, at);
    let order = &mut draft.order;
    order.expired_minor = 0;
    let back = std::mem::take(&mut order.prepaid_minor);
    order.cancelled_minor += order.unshipped_minor();
    order.reserved_minor = order.reserved_minor.min(order.held_minor);
    // Paid for goods that will not come: no longer counted as paid, so that `payable` stays what it says.
    order.paid_minor -= back;
    let from_proceeds = back.min(shop.proceeds_minor.max(0));
    draft.post(R::Proceeds, R::ClientsClearing, from_proceeds, K::Refund);
    draft.post(R::Liability, R::ClientsClearing, back - from_proceeds, K::Refund);
    Ok(draft.done("credit_order.cancelled"))
}

/// Shipped goods are refunded. What the buyer has not paid yet is taken back from the proceeds; what is missing
/// stays as `due`. What was written off makes good the loss, what the shop had to bear it has borne. What the buyer had
/// paid goes back through the platform; what is missing becomes liability (C11).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn refund(
    order: &CreditOrder,
    amount_minor: i64,
    at: Timestamp,
    shop: &ShopFacts,
    now: Timestamp,
    terms: &OrderTerms,
) -> Result<Decision, Rejection> {
    amount(amount_minor)?;
    instant(at, order, now, terms)?;
    let left_minor = order.shipped_minor - order.forgiven_minor - order.returned_minor;
    if amount_minor > left_minor {
        return Err(Rejection::MoreThanShipped { left_minor });
    }
    let mut draft = Draft::of(order, shop, at);
    let order = &mut draft.order;
    let mut free = shop.proceeds_minor.max(0);
    let mut take = |wanted: i64| {
        let taken = wanted.min(free);
        free -= taken;
        taken
    };
    // Before the buyer paid: what was not advanced yet, then the advance, then what lies beyond the limit.
    let unpaid = amount_minor.min(order.shipped_unpaid_minor());
    let not_advanced = unpaid.min(order.held_minor);
    order.held_minor -= not_advanced;
    order.reserved_minor = order.reserved_minor.min(order.to_advance_minor());
    let advanced = (unpaid - not_advanced).min(order.receivable_minor - order.due_minor);
    let given_back = take(advanced);
    order.receivable_minor -= given_back;
    order.due_minor += advanced - given_back;
    let beyond = (unpaid - not_advanced - advanced).min(order.liability_minor);
    let repaid = take(beyond);
    // What is missing stays the shop's debt on its account; the buyer owes nothing for these goods any more.
    order.liability_minor -= beyond;
    let lost = (amount_minor - unpaid).min(order.lost_minor);
    let (_, written_off) = order.take_lost(lost, lost.min(order.recourse_minor));
    let made_good = take(written_off);
    order.forgiven_minor += unpaid + lost;
    let paid = amount_minor - unpaid - lost;
    let returned = take(paid);
    order.returned_minor += paid;
    draft.post(R::Proceeds, R::BadDebt, made_good, K::Refund);
    draft.post(R::Liability, R::BadDebt, written_off - made_good, K::Refund);
    draft.post(R::Proceeds, R::Receivable, given_back, K::Refund);
    draft.post(R::Proceeds, R::Liability, repaid, K::Refund);
    draft.post(R::Proceeds, R::ClientsClearing, returned, K::Refund);
    draft.post(R::Liability, R::ClientsClearing, paid - returned, K::Refund);
    Ok(draft.done("credit_order.refunded"))
}

/// Somebody saw the parcel on its way (C21). Nothing of the order's amounts changes.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn scan(
    order: &CreditOrder,
    at: Timestamp,
    shop: &ShopFacts,
    now: Timestamp,
    terms: &OrderTerms,
) -> Result<Decision, Rejection> {
    instant(at, order, now, terms)?;
    // A scan is no change of what is owed, so the last change stays what it was.
    Ok(Draft::of(order, shop, order.changed_at).done("credit_order.scanned"))
}

/// The buyer will not pay: the platform gives the advance up, which restores the limit (C11). Needs an approval.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn write_off(
    order: &CreditOrder,
    amount_minor: i64,
    at: Timestamp,
    shop: &ShopFacts,
) -> Result<Decision, Rejection> {
    lose(order, amount_minor, at, shop, (R::BadDebt, K::WriteOff, "credit_order.written_off"))
}

/// After a fraud decision the shop owes the advance itself (C11). Needs an approval.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn recourse(
    order: &CreditOrder,
    amount_minor: i64,
    at: Timestamp,
    shop: &ShopFacts,
) -> Result<Decision, Rejection> {
    lose(order, amount_minor, at, shop, (R::Liability, K::Recourse, "credit_order.recourse_taken"))
}

fn lose(
    order: &CreditOrder,
    amount_minor: i64,
    at: Timestamp,
    shop: &ShopFacts,
    (from, kind, event): (R, K, &'static str),
) -> Result<Decision, Rejection> {
    amount(amount_minor)?;
    let mut draft = Draft::of(order, shop, at);
    let order = &mut draft.order;
    let left_minor = order.receivable_minor - order.due_minor;
    if amount_minor > left_minor {
        return Err(Rejection::MoreThanOpen { left_minor });
    }
    order.receivable_minor -= amount_minor;
    order.lost_minor += amount_minor;
    order.recourse_minor += if from == R::Liability { amount_minor } else { 0 };
    draft.post(from, R::Receivable, amount_minor, kind);
    Ok(draft.done(event))
}
