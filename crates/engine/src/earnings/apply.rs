//! From an earnings decision to rows, ledger and notices.

use purser_domain::{
    earnings::{AccountRole, Decision, Month, OverviewChange, PostingKind},
    ids::PartyId,
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    time::Timestamp,
};

use super::rows::{EarningsTotals, TaskOrderRow};
use crate::{
    command::{Ctx, Rejection},
    corporate,
    facts::Facts,
    programme, tax,
    tx::{Needs, Tx},
};

/// Declares the overview rows that a change at `at` touches.
pub(crate) fn want_overview(needs: &mut Needs<'_>, party: PartyId, at: Timestamp, ctx: &Ctx) {
    needs.row::<EarningsTotals>((party, String::new()));
    needs.row::<EarningsTotals>((party, Month::of(ctx.zone.date(at)).to_string()));
}

/// Counts a change, for all time and for its month.
pub(crate) fn add_overview(tx: &mut Tx, party: PartyId, change: &OverviewChange) -> Result<(), Rejection> {
    for month in [String::new(), change.month().to_string()] {
        let key = (party, month.clone());
        let row = tx.get::<EarningsTotals>(&key).cloned();
        let row = row.unwrap_or_else(|| EarningsTotals::zero(party, month.clone()));
        let counters = row.counters().apply(change).map_err(|_| {
            Rejection::new("amount_out_of_range", "the party's totals would not fit in 64 bits")
        })?;
        tx.put(EarningsTotals::of(party, month, &counters));
    }
    Ok(())
}

/// Account of a role of a posting.
fn account(role: AccountRole, payee: PartyId, ctx: &Ctx) -> AccountRef {
    let currency = ctx.rules.currency;
    match role {
        AccountRole::ClientsClearing => AccountRef::platform(AccountKind::ClientsClearing, currency),
        AccountRole::PayeeEarnings => AccountRef::party(payee, AccountKind::Earnings, currency),
        AccountRole::PayeeFrozen => AccountRef::party(payee, AccountKind::Frozen, currency),
        AccountRole::PayeeOwed => AccountRef::party(payee, AccountKind::Owed, currency),
        AccountRole::RevenueServiceFee => AccountRef::platform(AccountKind::RevenueServiceFee, currency),
        AccountRole::TaxWithheld => AccountRef::platform(AccountKind::TaxWithheld, currency),
    }
}

fn transfer_kind(kind: PostingKind) -> TransferKind {
    match kind {
        PostingKind::TaskGross => TransferKind::TaskGross,
        PostingKind::TaskServiceFee => TransferKind::TaskServiceFee,
        PostingKind::TaskCompensation => TransferKind::TaskCompensation,
        PostingKind::TaxWithheld => TransferKind::TaxWithheld,
        PostingKind::OwedCollected => TransferKind::OwedCollected,
    }
}

/// Applies a decision.
pub(super) fn apply(
    tx: &mut Tx,
    ctx: &Ctx,
    decision: &Decision,
    before: Option<&TaskOrderRow>,
    names: (&str, &str),
    policy_version: i64,
) -> Result<TaskOrderRow, Rejection> {
    let taxed = tax::of_order(tx, ctx, decision)?;
    let decision = taxed.as_ref().unwrap_or(decision);
    let order = &decision.order;
    let mut requests = Vec::with_capacity(decision.postings.len());
    for posting in &decision.postings {
        requests.push(TransferRequest {
            // Time-ordered, so that the journal only appends; the order's row guards against settling twice.
            id: tx.new_id(),
            step: Step::Post,
            debit: account(posting.from, order.payee, ctx).id(),
            credit: account(posting.to, order.payee, ctx).id(),
            amount_minor: posting.amount_minor,
            currency: order.currency,
            kind: transfer_kind(posting.kind).code(),
            reference: order.id.0,
        });
    }
    tx.post_all(&requests).map_err(|(_, refusal)| Rejection::from(refusal))?;
    if decision.postings.iter().any(|posting| posting.to == AccountRole::PayeeFrozen)
        && let Some(settlement) = &order.settlement
    {
        programme::add_income(tx, ctx, order, settlement)?;
    }
    for change in &decision.overview {
        let party =
            if matches!(change, OverviewChange::Settled { .. }) { order.payee } else { order.creator };
        add_overview(tx, party, change)?;
    }
    corporate::booked(tx, ctx, decision);
    let version = before.map_or(1, |row| row.version + 1);
    let metadata = before.map_or_else(Facts::new, |row| row.metadata.clone());
    let row = TaskOrderRow { metadata, ..TaskOrderRow::of(order, names.0, names.1, policy_version, version) };
    tx.put(row.clone());
    for event in &decision.events {
        let facts = Facts::new()
            .text("external_id", names.0)
            .text("status", order.status.name())
            .int("amount_minor", order.amount_minor);
        let facts = match (order.settle_due_at, order.calendar_missing) {
            (_, true) => facts.flag("calendar_missing", true),
            (due, false) => facts.opt_at("settle_due_at", due),
        };
        let facts = match order.settlement {
            Some(s) => facts
                .int("service_fee_minor", s.service_fee_minor)
                .int("compensation_minor", s.compensation_minor)
                .int("tax_minor", s.tax_minor)
                .int("net_minor", s.net_minor),
            None => facts,
        };
        let paid = order.settlement.is_some_and(|s| s.net_minor > 0);
        let subject = order.id.to_string();
        match *event {
            "task_order.settled" => tx.notify(event, order.payee, &subject, facts),
            "task_order.cancelled" if paid => tx.notify(event, order.payee, &subject, facts),
            _ => tx.event(event, Some(order.creator), &subject, facts),
        }
    }
    Ok(row)
}
