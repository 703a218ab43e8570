//! From decisions about payments to transfers, rows and notices.

use purser_domain::{
    ids::{PartyId, PaymentId, PaymentRefundId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    payments::{Method, Place, Posting, Rejection as No, Role},
};

use super::rows::{PaymentOrderRow, PaymentRow};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    ids::derived_transfer,
    tx::{Needs, Tx},
};

pub(super) fn rejected(no: &No) -> Rejection {
    let facts = match no {
        No::BelowMinimum { minimum_minor } => Facts::new().int("minimum_minor", *minimum_minor),
        No::AboveMaximum { maximum_minor } => Facts::new().int("maximum_minor", *maximum_minor),
        No::RefundTooMuch { most_minor } => Facts::new().int("most_minor", *most_minor),
        No::CashNotEnough { available_minor } => Facts::new().int("available_minor", *available_minor),
        _ => Facts::new(),
    };
    Rejection::new(no.code(), no.to_string()).with(facts)
}

/// What notices say of an order.
pub(super) fn order_facts(row: &PaymentOrderRow) -> Facts {
    Facts::new()
        .text("state", &row.state)
        .text("purpose", &row.purpose)
        .text("method", &row.method)
        .int("amount_minor", row.amount)
        .int("received_minor", row.received)
        .int("refunded_minor", row.refunded)
        .at("expires_at", row.expires_at)
}

/// What notices say of a payment.
pub(super) fn payment_facts(row: &PaymentRow) -> Facts {
    let payment = row.payment();
    let mut facts = Facts::new()
        .text("method", &row.method)
        .int("amount_minor", row.amount)
        .text("place", &row.place)
        .int("arrears_minor", row.arrears)
        .int("cash_minor", row.cash);
    if let Some(order) = row.order() {
        facts = facts.text("payment_order", order.to_string()).text("timing", &row.timing);
    }
    if let Some(expected) = row.expected {
        facts = facts.int("expected_minor", expected).flag("other_amount", payment.is_mismatched());
    }
    facts.flag("refund_offered", payment.offers_refund())
}

/// The account behind a role.
pub(super) fn account(role: Role, party: Option<PartyId>, method: Method, ctx: &Ctx) -> Option<AccountRef> {
    let currency = ctx.rules.currency;
    let own = |kind| party.map(|party| AccountRef::party(party, kind, currency));
    match role {
        Role::Float => Some(AccountRef::float(method.custodian(), currency)),
        Role::Suspense => Some(AccountRef::platform(AccountKind::Suspense, currency)),
        Role::Arrears => own(AccountKind::AdArrears),
        Role::Cash => own(AccountKind::AdCash),
    }
}

/// The line of a payment that reaches a role: derived, so that taking the payment in twice moves money once.
pub(crate) fn line_id(payment: PaymentId, from: Role, to: Role) -> TransferId {
    let name = |role| match role {
        Role::Float => b"f",
        Role::Arrears => b"a",
        Role::Cash => b"c",
        Role::Suspense => b"s",
    };
    derived_transfer("purser payment line v1", &[&payment.0.0, name(from), name(to)])
}

/// The hold of a refund.
pub(crate) fn hold_id(refund: PaymentRefundId) -> TransferId {
    TransferId(Uid::derive_near(refund.0, "purser payment refund v1", &[]))
}

/// What is reserved for a refund while it waits for the platform's money (P12): the payer's share, and no float.
pub(crate) fn waiting_hold_id(refund: PaymentRefundId) -> TransferId {
    TransferId(Uid::derive_near(refund.0, "purser payment refund waits v1", &[]))
}

/// Every line that a payment may ever have.
pub(crate) const LINES: [(Role, Role); 5] = [
    (Role::Float, Role::Arrears),
    (Role::Float, Role::Cash),
    (Role::Float, Role::Suspense),
    (Role::Suspense, Role::Arrears),
    (Role::Suspense, Role::Cash),
];

/// Declares what taking in or assigning a payment may touch.
pub(super) fn want(
    needs: &mut Needs<'_>,
    payment: PaymentId,
    party: Option<PartyId>,
    method: Method,
    ctx: &Ctx,
) {
    for role in [Role::Float, Role::Suspense, Role::Arrears, Role::Cash] {
        if let Some(account) = account(role, party, method, ctx) {
            needs.account(&account);
        }
    }
    for (from, to) in LINES {
        needs.transfer(line_id(payment, from, to));
    }
}

/// Posts the lines of a payment.
pub(super) fn post(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &PaymentRow,
    party: Option<PartyId>,
    postings: &[Posting],
) -> Result<(), Rejection> {
    for posting in postings {
        let end = |role| {
            account(role, party, row.method(), ctx)
                .map(|account| account.id())
                .ok_or_else(|| Rejection::new("party_unknown", "there is no party to credit"))
        };
        let kind = match posting.to {
            Role::Arrears => TransferKind::PaymentArrears,
            Role::Cash | Role::Float => TransferKind::PaymentCredited,
            Role::Suspense => TransferKind::PaymentHeld,
        };
        tx.post(&TransferRequest {
            id: line_id(row.id, posting.from, posting.to),
            step: Step::Post,
            debit: end(posting.from)?,
            credit: end(posting.to)?,
            amount_minor: posting.amount_minor,
            currency: row.currency,
            kind: kind.code(),
            reference: row.id.0,
        })?;
    }
    Ok(())
}

/// Tells whoever is concerned: the party by a notice, staff by an event when there is no party or nothing that the
/// party could do.
pub(super) fn tell(tx: &mut Tx, kind: &str, row: &PaymentRow) {
    let (subject, facts) = (row.id.to_string(), payment_facts(row));
    match row.party() {
        Some(party) if row.payment().place == Place::Credited => tx.notify(kind, party, &subject, facts),
        party => tx.event(kind, party, &subject, facts),
    }
}
