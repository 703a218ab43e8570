//! Income of programme orders: into the statement of the open month.

use purser_domain::{
    earnings::{Settlement, TaskOrder},
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    programme::covers,
    time::{Date, Month},
};

use super::{
    rows::{CreatorMonth, ProgrammeMember, StatementLine, StatementRow},
    statement_id,
};
use crate::{
    command::{Ctx, Rejection},
    tx::{Needs, Tx},
};

/// Declares, in the first round, what [`is_member`] reads.
pub(crate) fn want_members(needs: &mut Needs<'_>, creator: PartyId) {
    needs.row::<ProgrammeMember>(creator);
}

/// Whether a creator takes part on a date.
pub(crate) fn is_member(row: Option<&ProgrammeMember>, on: Date) -> bool {
    row.is_some_and(|row| covers(&row.spans(), on))
}

/// The months that may take an income of today: this one, or the next where this one is closed already (a server whose
/// clock was a moment ahead has begun it).
fn candidates(ctx: &Ctx) -> [Month; 2] {
    let month = Month::of(ctx.today);
    [month, month.after()]
}

/// Declares what [`add_income`] reads and changes.
pub(crate) fn want_income(needs: &mut Needs<'_>, creator: PartyId, payee: PartyId, ctx: &Ctx) {
    needs.account(&AccountRef::party(payee, AccountKind::Frozen, ctx.rules.currency));
    for month in candidates(ctx) {
        needs.row::<CreatorMonth>((creator, month.to_string()));
        needs.row::<StatementRow>(statement_id(creator, payee, month));
    }
}

/// Whether [`want_members`] and [`want_income`] were declared, by this command or an earlier one of the group.
pub(crate) fn is_declared(tx: &Tx, creator: PartyId, payee: PartyId, ctx: &Ctx) -> bool {
    tx.is_loaded::<ProgrammeMember>(&creator)
        && candidates(ctx).into_iter().all(|month| {
            tx.is_loaded::<CreatorMonth>(&(creator, month.to_string()))
                && tx.is_loaded::<StatementRow>(&statement_id(creator, payee, month))
        })
}

/// Adds the net income of a settled order to its statement.
///
/// # Errors
/// `amount_out_of_range` when the statement's income would not fit.
pub(crate) fn add_income(
    tx: &mut Tx,
    ctx: &Ctx,
    order: &TaskOrder,
    settlement: &Settlement,
) -> Result<(), Rejection> {
    let open = |tx: &Tx, month: &Month| {
        let row = tx.get::<CreatorMonth>(&(order.creator, month.to_string()));
        row.is_none_or(CreatorMonth::is_open)
    };
    let [this, next] = candidates(ctx);
    let month = if open(tx, &this) { this } else { next };
    let key = (order.creator, month.to_string());
    let known = tx.get::<CreatorMonth>(&key).cloned();
    let mut owner = known.unwrap_or_else(|| CreatorMonth::new(order.creator, month.to_string()));
    if owner.add_payee(order.payee) {
        owner.version += 1;
        tx.put(owner);
    }
    let id = statement_id(order.creator, order.payee, month);
    let known = tx.get::<StatementRow>(&id).cloned();
    let fresh = || StatementRow::new(order.creator, order.payee, month, order.currency);
    let mut row = known.unwrap_or_else(fresh);
    let income = row.income.checked_add(settlement.net_minor);
    row.income =
        income.ok_or_else(|| super::rejected(purser_domain::programme::Rejection::AmountOutOfRange))?;
    row.orders += 1;
    row.version += 1;
    tx.put(row);
    tx.put(StatementLine {
        statement: id,
        task_order: order.id,
        gross: settlement.gross_minor,
        service_fee: settlement.service_fee_minor,
        net: settlement.net_minor,
        settled_at: ctx.now,
    });
    Ok(())
}
