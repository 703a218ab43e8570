//! Making a statement of what a payee chose.

use std::collections::BTreeSet;

use super::{Amounts, ITEMS_MAX, Item, NAME_MAX, Rejection, printable};
use crate::ids::{PartyId, Uid};

/// What is known of the payee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payee {
    /// Who.
    pub id: PartyId,
    /// Closed.
    pub closed: bool,
    /// Frozen.
    pub frozen: bool,
    /// Paid company to company.
    pub corporate: bool,
    /// An earlier reversal that is not collected yet, in minor units.
    pub owed_minor: i64,
    /// The payout account, if there is one: whether a statement may be paid to it.
    pub destination: Option<bool>,
    /// What can leave its balance, in minor units.
    pub available_minor: i64,
}

/// Who issues the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seller<'a> {
    /// Name as on the licence.
    pub name: &'a str,
    /// Its code passed the check.
    pub code_valid: bool,
}

/// One that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    /// By id.
    pub id: Uid,
    /// What there is under it.
    pub item: Option<Item>,
}

/// Adds up what was chosen. `least_minor`: the smallest amount that leaves.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn generate(
    payee: &Payee,
    seller: Seller<'_>,
    chosen: &[Picked],
    least_minor: i64,
) -> Result<Amounts, Rejection> {
    may_settle(payee)?;
    if !printable(seller.name, 2, NAME_MAX) {
        return Err(Rejection::SellerName);
    }
    if !seller.code_valid {
        return Err(Rejection::SellerCode);
    }
    if chosen.is_empty() {
        return Err(Rejection::OrdersEmpty);
    }
    if chosen.len() > ITEMS_MAX {
        return Err(Rejection::OrdersTooMany { count: chosen.len() });
    }
    let total = sum(payee.id, chosen)?;
    let minor = total.net_minor().ok_or(Rejection::AmountOutOfRange)?;
    let least = least_minor.max(1);
    if minor < least {
        return Err(Rejection::NothingToPay { minor, least });
    }
    if minor > payee.available_minor {
        return Err(Rejection::BalanceShort { minor: payee.available_minor });
    }
    Ok(total)
}

fn may_settle(payee: &Payee) -> Result<(), Rejection> {
    if payee.closed {
        return Err(Rejection::PartyClosed);
    }
    if payee.frozen {
        return Err(Rejection::PartyFrozen);
    }
    if !payee.corporate {
        return Err(Rejection::NotCorporate);
    }
    if payee.owed_minor > 0 {
        return Err(Rejection::OwedOutstanding { minor: payee.owed_minor });
    }
    match payee.destination {
        None => Err(Rejection::DestinationMissing),
        Some(false) => Err(Rejection::DestinationKind),
        Some(true) => Ok(()),
    }
}

/// Each reason is looked for in all of them before the next reason is.
fn sum(payee: PartyId, chosen: &[Picked]) -> Result<Amounts, Rejection> {
    let mut seen = BTreeSet::new();
    if let Some(index) = chosen.iter().position(|picked| !seen.insert(picked.id)) {
        return Err(Rejection::OrderRepeated { index });
    }
    let mut items = Vec::with_capacity(chosen.len());
    for (index, picked) in chosen.iter().enumerate() {
        let own = picked.item.filter(|item| item.payee == payee);
        items.push(own.ok_or(Rejection::OrderUnknown { index })?);
    }
    if let Some(index) = items.iter().position(|item| !item.listed) {
        return Err(Rejection::OrderNotListed { index });
    }
    if let Some(index) = items.iter().position(|item| item.statement.is_some()) {
        return Err(Rejection::OrderTaken { index });
    }
    items
        .iter()
        .try_fold(Amounts::default(), |total, item| total.plus(&item.amounts))
        .ok_or(Rejection::AmountOutOfRange)
}
