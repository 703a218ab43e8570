//! What a line of a statement may be about: worked out from its references alone, since the ids of payouts, payments and
//! top-ups follow from them.

use purser_domain::{
    ids::{PaymentOrderId, PaymentRefundId, TypedId as _, Uid},
    payments::Method,
    reconcile::ABOUT,
    withdrawals::read_reference,
};

use crate::{bank_files::ENTRY_PREFIX, ledger::float_top_up_id, payments::payment_id};

/// References of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct References<'a> {
    /// The one that we gave.
    pub(super) reference: &'a str,
    /// The rail's own.
    pub(super) rail_reference: &'a str,
    /// Its id as an entry of the bank.
    pub(super) entry: Uid,
}

/// How money comes in over a rail.
pub(super) fn method_of(rail: &str) -> Method {
    match rail {
        "alipay" => Method::Alipay,
        "bank-file" => Method::BankTransfer,
        _ => Method::Sandbox,
    }
}

/// What a line may be about, and whether its reference is one that only we give.
///
/// Refunds of cashiers count as about the payment: their line carries that one's references.
pub(super) fn of_line(rail: &str, refs: References<'_>) -> ([Uid; ABOUT], bool) {
    let mut found: Vec<Uid> = Vec::with_capacity(ABOUT);
    let payout = read_reference(refs.reference).map(|(id, _)| id.0);
    let refund = refs.reference.parse::<PaymentRefundId>().ok().map(PaymentRefundId::uid);
    let order = refs.reference.parse::<PaymentOrderId>().is_ok();
    found.extend(payout.or(refund));
    let method = method_of(rail);
    if found.is_empty() {
        if !refs.entry.is_nil() {
            found.push(payment_id(method, &refs.entry.with_prefix(ENTRY_PREFIX)).0);
        }
        for reference in [refs.rail_reference, refs.reference] {
            if !reference.is_empty() && (reference == refs.rail_reference || refs.rail_reference.is_empty()) {
                found.push(payment_id(method, reference).0);
            }
            if !reference.is_empty() {
                found.push(float_top_up_id(rail, reference).0);
            }
        }
    }
    let mut out = [Uid::NIL; ABOUT];
    for (to, from) in out.iter_mut().zip(found) {
        *to = from;
    }
    (out, payout.is_some() || refund.is_some() || order)
}

#[cfg(test)]
mod tests {
    use purser_domain::ids::WithdrawalId;

    use super::*;

    fn about(rail: &str, reference: &str, rail_reference: &str) -> (usize, bool) {
        let (list, ours) = of_line(rail, References { reference, rail_reference, entry: Uid::NIL });
        (list.iter().filter(|uid| !uid.is_nil()).count(), ours)
    }

    #[test]
    fn references_lead_to_what_they_name_p13() {
        let id = WithdrawalId(Uid([7; 16]));
        let refs = |reference| References { reference, rail_reference: "T1", entry: Uid::NIL };
        let payout = format!("{id}-02");
        let (list, ours) = of_line("alipay", refs(&payout));
        assert_eq!((list[0], list[1], ours), (id.0, Uid::NIL, true));
        // Not exactly what we write: it may be anything.
        let other = format!("{id}-2");
        assert!(!of_line("alipay", refs(&other)).1);
        let order = PaymentOrderId(Uid([8; 16])).to_string();
        let (list, ours) = of_line("alipay", refs(&order));
        assert!(ours && list.contains(&payment_id(Method::Alipay, "T1").0));
        assert_eq!(about("bank-file", "", ""), (0, false));
        assert_eq!(about("bank-file", "invoice 7", ""), (2, false));
        let (list, _) =
            of_line("bank-file", References { reference: "", rail_reference: "B7", entry: Uid([1; 16]) });
        assert!(list.contains(&float_top_up_id("bank-file", "B7").0));
        assert!(list.contains(&payment_id(Method::BankTransfer, &Uid([1; 16]).with_prefix("be")).0));
    }
}
