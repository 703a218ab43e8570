//! What must hold whatever happened, in sentences that share no code with the engine's: every creator's money is somewhere and
//! only there, nothing left twice, what the books call paid was paid, and what they gave back never was and never will be.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PayoutAccountId, WithdrawalId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    withdrawals::{SliceState, rail_reference},
};
use purser_engine::{
    Session, ledger,
    withdrawals::{WithdrawalRow, withdrawal},
};

use super::{
    acts::{CREATORS, creator},
    rail::{RailBooks, Status},
};

/// A creator, as their own notebook has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Creator {
    /// What they earned after the platform's share, minor units.
    pub(super) earned_minor: i64,
    pub(super) frozen: bool,
    /// Accounts, the newest last.
    pub(super) accounts: Vec<PayoutAccountId>,
    /// What they asked for, and were told that it was accepted.
    pub(super) asked: BTreeMap<WithdrawalId, i64>,
}

/// What the run itself knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Notebook {
    pub(super) creators: [Creator; CREATORS],
    /// Paid into the rail, minor units.
    pub(super) topped_up_minor: i64,
    /// What somebody took out of the rail for a while, minor units.
    pub(super) missing_minor: i64,
    /// Numbers about which people found out something, and what.
    pub(super) found: BTreeMap<String, bool>,
}

fn balance(session: &mut dyn Session, account: &AccountRef) -> Result<(i64, i64), String> {
    let known = ledger::account(session, account.id()).map_err(|fault| fault.to_string())?;
    Ok(known.map_or((0, 0), |(account, _)| (account.posted, account.held_out)))
}

/// A creator's withdrawals as the books have them; every accepted one must be there.
pub(super) fn withdrawals(
    session: &mut dyn Session,
    creator: &Creator,
) -> Result<Vec<WithdrawalRow>, String> {
    let mut rows = Vec::new();
    for (id, amount) in &creator.asked {
        let row = withdrawal(session, *id).map_err(|fault| fault.to_string())?;
        let row = row.ok_or_else(|| format!("{id} was accepted and is not there"))?;
        if row.amount != *amount {
            return Err(format!("{id} was accepted over {amount} and is over {}", row.amount));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// What of a withdrawal is still reserved, what left, minor units: by its own words.
fn parts(row: &WithdrawalRow) -> (i64, i64) {
    let slices = row.withdrawal().slices;
    if slices.is_empty() {
        let over = matches!(row.state.as_str(), "failed" | "rejected" | "cancelled");
        return (if over { 0 } else { row.amount }, 0);
    }
    let sum = |of: &[SliceState]| {
        slices.iter().filter(|slice| of.contains(&slice.state)).map(|slice| slice.amount_minor).sum()
    };
    let open = [SliceState::Sending, SliceState::Unknown, SliceState::FundsShort];
    (sum(&open), sum(&[SliceState::Paid]))
}

/// What of a withdrawal did not come back, minor units.
pub(super) fn not_back(row: &WithdrawalRow) -> i64 {
    let (reserved, left) = parts(row);
    reserved + left
}

/// Looks at everything.
///
/// # Errors
/// The first law that does not hold, in words.
pub(super) fn hold(session: &mut dyn Session, notebook: &Notebook, rail: &RailBooks) -> Result<(), String> {
    if let Some(broken) = &rail.broken {
        return Err(broken.clone());
    }
    let (mut left, mut charged) = (0, 0);
    for (number, known) in notebook.creators.iter().enumerate() {
        let rows = withdrawals(session, known)?;
        let (mut reserved, mut out) = (0, 0);
        for row in &rows {
            let (open, paid) = parts(row);
            reserved += open;
            out += paid;
            charged += row.withdrawal().slices.iter().map(|slice| slice.rail_fee_minor).sum::<i64>();
            slices_agree(row, notebook, rail)?;
        }
        let account = AccountRef::party(creator(number), AccountKind::Earnings, Currency::CNY);
        let (posted, held) = balance(session, &account)?;
        let expected = (known.earned_minor - out, reserved);
        if (posted, held) != expected {
            return Err(format!(
                "creator {number} has {posted} with {held} reserved, and by what happened {} with {}",
                expected.0, expected.1
            ));
        }
        left += out;
    }
    let (float, _) = balance(session, &AccountRef::float("sandbox", Currency::CNY))?;
    let expense = AccountRef::platform(AccountKind::ExpenseRailFee, Currency::CNY);
    let (booked, _) = balance(session, &expense)?;
    if booked > charged || float != notebook.topped_up_minor - left - booked {
        return Err(format!(
            "float is {float}: {} was paid in, {left} left, {booked} of {charged} charged is booked",
            notebook.topped_up_minor
        ));
    }
    Ok(())
}

/// The books' word about each number at the rail, beside the rail's.
fn slices_agree(row: &WithdrawalRow, notebook: &Notebook, rail: &RailBooks) -> Result<(), String> {
    for slice in row.withdrawal().slices {
        for round in 1..=slice.round {
            let number = purser_domain::withdrawals::RailNumber { slice: slice.number, round };
            let reference = rail_reference(row.id, number);
            let status = rail.orders.get(&reference).map(|order| order.status);
            let money_there = rail.may_pay(&reference);
            let former = round < slice.round;
            let wrong = match slice.state {
                _ if former => {
                    money_there.then_some("goes under another number while the rail may pay this one")
                }
                SliceState::Failed => money_there.then_some("was given back while the rail has it"),
                SliceState::Paid => (!matches!(status, Some(Status::Paid | Status::Returned)))
                    .then_some("is booked as paid and was not"),
                SliceState::Bounced => {
                    (status != Some(Status::Returned)).then_some("is booked as returned and was not")
                }
                _ => None,
            };
            if let Some(wrong) = wrong {
                let found = notebook.found.get(&reference);
                return Err(format!("{reference} {wrong}: the rail says {status:?}, people found {found:?}"));
            }
        }
    }
    Ok(())
}

/// At the end nothing is open, and both sides say the same.
///
/// # Errors
/// What does not.
pub(super) fn settled(
    session: &mut dyn Session,
    notebook: &Notebook,
    rail: &RailBooks,
) -> Result<(), String> {
    for known in &notebook.creators {
        for row in withdrawals(session, known)? {
            let withdrawal = row.withdrawal();
            if !withdrawal.state.is_final() {
                return Err(format!("{} is still {} at the end", row.id, row.state));
            }
            for slice in withdrawal.slices {
                let reference = rail_reference(row.id, slice.rail_number());
                let order = rail.orders.get(&reference);
                let paid = order.is_some_and(|order| order.status == Status::Paid);
                if paid != (slice.state == SliceState::Paid) {
                    return Err(format!("{reference} is {:?} here and {order:?} there", slice.state));
                }
            }
        }
    }
    Ok(())
}
