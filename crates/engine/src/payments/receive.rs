//! Taking in what rails received (P11, A3).

use purser_domain::{
    casework::Kind,
    ids::{CaseId, PartyId, PaymentId, Uid},
    ledger::{AccountKind, AccountRef},
    money::decimal,
    parties::{PartyStatus, Role},
    payments::{self, AccountFacts, Incoming, Method, Place},
    time::Timestamp,
};

use super::{
    apply::{order_facts, payment_facts, post, rejected, tell, want},
    create::unknown_order,
    queries::{LocatedOrder, LocatedPayment},
    rows::{PaymentOrderRow, PaymentRow},
};
use crate::{
    ads,
    cases::{self, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Lease,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Longest note of a payer that is kept, characters.
const NOTE_CHARS: usize = 140;

/// The id of the payment that a rail calls `rail_payment`.
pub fn payment_id(method: Method, rail_payment: &str) -> PaymentId {
    PaymentId(Uid::derive("purser payment v1", &[method.custodian().as_bytes(), rail_payment.as_bytes()]))
}

fn account_facts(tx: &Tx, party: PartyId, ctx: &Ctx) -> Result<AccountFacts, Rejection> {
    let row = tx.get::<PartyRow>(&party).ok_or_else(|| unknown_party(party))?;
    let arrears = AccountRef::party(party, AccountKind::AdArrears, ctx.rules.currency);
    Ok(AccountFacts {
        closed: row.party().status == PartyStatus::Closed,
        arrears_minor: tx.available(&arrears),
    })
}

/// Takes in money that a rail received: a notice, the answer to a query, an entry of a statement. The same one
/// again changes nothing. Without an order it waits for staff.
///
/// Rejections in order: `lease_lost`, `payment_order_unknown`, `payment_conflict` (the same payment was taken in with
/// another amount or order; when the rail itself says so, a case is opened, once), then those of
/// [`payments::receive`].
#[derive(Debug, Clone)]
pub struct RecordPayment {
    /// How it was paid.
    pub method: Method,
    /// The rail's own id of it.
    pub rail_payment: String,
    /// The order that it is for.
    pub order: Option<LocatedOrder>,
    /// What came, minor units.
    pub amount_minor: i64,
    /// When the rail received it.
    pub paid_at: Option<Timestamp>,
    /// What the payer wrote, without personal data.
    pub note: String,
    /// The rail says it, not a person who typed it in: what contradicts the books is for reconciliation.
    pub from_rail: bool,
    /// The job that learned of it, finished in the same commit.
    pub lease: Option<Lease>,
}

/// What taking in came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The payment.
    pub payment: PaymentRow,
    /// False when it was taken in before.
    pub new: bool,
}

impl RecordPayment {
    fn id(&self) -> PaymentId {
        payment_id(self.method, &self.rail_payment)
    }

    fn party(&self) -> Option<PartyId> {
        self.order.as_ref().map(|order| order.party)
    }

    fn fresh(&self, ctx: &Ctx) -> PaymentRow {
        PaymentRow {
            id: self.id(),
            order_id: Uid::NIL,
            party: Uid::NIL,
            method: self.method.name().to_owned(),
            rail_payment: self.rail_payment.clone(),
            note: self.note.chars().take(NOTE_CHARS).collect(),
            amount: self.amount_minor,
            currency: ctx.rules.currency,
            expected: None,
            timing: String::new(),
            place: String::new(),
            arrears: 0,
            cash: 0,
            refunding: 0,
            refunded: 0,
            paid_at: self.paid_at,
            recorded_at: ctx.now,
            assigned_at: None,
            version: 0,
        }
    }

    /// The case of what the rail says now, where it contradicts what it said before.
    fn conflict(&self) -> CaseId {
        let order = self.order.as_ref().map_or(Uid::NIL, |order| order.id.0);
        let parts: [&[u8]; 3] = [&self.id().0.0, &self.amount_minor.to_le_bytes(), &order.0];
        CaseId(Uid::derive("purser payment conflict v1", &parts))
    }

    /// The same payment was told before: with the same content, or not.
    fn again(&self, known: &PaymentRow) -> Result<Recorded, Rejection> {
        let order = self.order.as_ref().map(|order| order.id);
        // Staff may have assigned meanwhile what named no order.
        let same_order = order.is_none() || known.order() == order;
        if known.amount == self.amount_minor && same_order {
            return Ok(Recorded { payment: known.clone(), new: false });
        }
        let text = format!(
            "this payment was taken in as {} minor units of {}: reconcile it with the rail",
            known.amount,
            known.order().map_or_else(|| "no order".to_owned(), |id| id.to_string()),
        );
        Err(Rejection::new("payment_conflict", text))
    }
}

impl Command for RecordPayment {
    type Output = Recorded;

    fn name(&self) -> &'static str {
        "payment.record"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        if let Some(lease) = self.lease {
            lease.need(needs);
        }
        if let Some(order) = &self.order {
            needs.row::<PartyRow>(order.party);
            needs.row::<PaymentOrderRow>(order.id);
            ads::want(needs, order.party, ctx);
        }
        needs.row::<PaymentRow>(self.id());
        needs.row::<CaseRow>(self.conflict());
        want(needs, self.id(), self.party(), self.method, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Recorded, Rejection> {
        if let Some(lease) = self.lease {
            lease.finish(tx)?;
        }
        if let Some(known) = tx.get::<PaymentRow>(&self.id()).cloned() {
            let again = self.again(&known);
            if again.is_err() && self.from_rail {
                let (ctx, case, new) = (ctx.clone(), self.conflict(), self.contradiction(&known));
                tx.keep_when_rejected(move |tx| cases::open_once(tx, &ctx, new, case));
            }
            return again;
        }
        let incoming = Incoming { id: self.id(), method: self.method, amount_minor: self.amount_minor };
        let mut row = self.fresh(ctx);
        let Some(located) = &self.order else {
            let (payment, posting) = payments::unassigned(&incoming).map_err(|no| rejected(&no))?;
            row.update(&payment);
            post(tx, ctx, &row, None, &[posting])?;
            tx.put(row.clone());
            tell(tx, "payment.unassigned", &row);
            open_case(tx, ctx, &row, "a payment came that names no order");
            return Ok(Recorded { payment: row, new: true });
        };
        let mut order =
            tx.get::<PaymentOrderRow>(&located.id).cloned().ok_or_else(|| unknown_order(located.id))?;
        let account = account_facts(tx, order.party, ctx)?;
        let receipt =
            payments::receive(&order.order(), &incoming, &account, ctx.now).map_err(|no| rejected(&no))?;
        row.update(&receipt.payment);
        post(tx, ctx, &row, Some(order.party), &receipt.postings)?;
        order.update(&receipt.order);
        tx.put(row.clone());
        tell_all(tx, &receipt.events, &order, &row);
        let party = order.party;
        tx.put(order);
        if row.payment().place == Place::Held {
            open_case(tx, ctx, &row, "a payment came for a party that is closed");
        } else {
            let origin = ads::Origin::Payment(row.id);
            ads::topped_up(tx, ctx, party, origin, (row.amount, row.cash))?;
        }
        Ok(Recorded { payment: row, new: true })
    }

    fn audit(&self, output: &Recorded) -> (String, Facts) {
        (output.payment.id.to_string(), payment_facts(&output.payment).flag("new", output.new))
    }
}

impl RecordPayment {
    fn contradiction(&self, known: &PaymentRow) -> NewCase {
        let summary = format!(
            "付款渠道的通知与已入账的付款不符 / The rail says {} of this payment, taken in as {}",
            decimal(self.amount_minor),
            decimal(known.amount)
        );
        let (kind, subject) = (Kind::ReconciliationBreak, known.id.to_string());
        NewCase { kind, party: known.party(), subject, summary, due_at: None }
    }
}

/// Staff have to settle whose the money is, or send it back.
fn open_case(tx: &mut Tx, ctx: &Ctx, row: &PaymentRow, summary: &str) {
    let new = NewCase {
        kind: Kind::UnclaimedPayment,
        party: row.party(),
        subject: row.id.to_string(),
        summary: summary.to_owned(),
        due_at: None,
    };
    cases::open(tx, ctx, new);
}

/// Events about the order go to its party, those about the payment where its money is.
fn tell_all(tx: &mut Tx, events: &[&'static str], order: &PaymentOrderRow, payment: &PaymentRow) {
    for event in events {
        if event.starts_with("payment_order.") {
            tx.notify(event, order.party, &order.id.to_string(), order_facts(order));
        } else {
            tell(tx, event, payment);
        }
    }
}

/// Staff say whose a payment of nobody is.
///
/// Rejections in order: `payment_unknown`, `payment_order_unknown`, `party_unknown`, `not_an_advertiser`, then those
/// of [`payments::assign`].
pub struct AssignPayment {
    /// Which.
    pub payment: LocatedPayment,
    /// Whose.
    pub party: PartyId,
    /// The order of that party that it was for, when that is known.
    pub order: Option<LocatedOrder>,
}

impl Command for AssignPayment {
    type Output = PaymentRow;

    fn name(&self) -> &'static str {
        "payment.assign"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        if let Some(order) = &self.order {
            needs.row::<PaymentOrderRow>(order.id);
        }
        needs.row::<PaymentRow>(self.payment.id);
        want(needs, self.payment.id, Some(self.party), self.payment.method, ctx);
        ads::want(needs, self.party, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PaymentRow, Rejection> {
        let mut row = tx
            .get::<PaymentRow>(&self.payment.id)
            .cloned()
            .ok_or_else(|| unknown_payment(self.payment.id))?;
        let mut order = match &self.order {
            None => None,
            Some(at) => Some(tx.get::<PaymentOrderRow>(&at.id).cloned().ok_or_else(|| unknown_order(at.id))?),
        };
        let account = account_facts(tx, self.party, ctx)?;
        let advertiser = |row: &PartyRow| row.party().profile.roles.has(Role::Advertiser);
        // An order was made for one; without an order the money becomes an advertiser's.
        if order.is_none() && !tx.get::<PartyRow>(&self.party).is_some_and(advertiser) {
            return Err(rejected(&payments::Rejection::NotAnAdvertiser));
        }
        let before = order.as_ref().map(PaymentOrderRow::order);
        let done = payments::assign(&row.payment(), self.party, before.as_ref(), &account, ctx.now)
            .map_err(|no| rejected(&no))?;
        row.update(&done.payment);
        row.assigned_at = Some(ctx.now);
        post(tx, ctx, &row, Some(self.party), &done.postings)?;
        tx.put(row.clone());
        if let (Some(order), Some(now)) = (&mut order, &done.order) {
            order.update(now);
            tell_all(tx, &done.events, order, &row);
            tx.put(order.clone());
        } else {
            done.events.iter().for_each(|event| tell(tx, event, &row));
        }
        ads::topped_up(tx, ctx, self.party, ads::Origin::Payment(row.id), (row.amount, row.cash))?;
        Ok(row)
    }

    fn audit(&self, output: &PaymentRow) -> (String, Facts) {
        (output.id.to_string(), payment_facts(output).text("party", self.party.to_string()))
    }
}

/// There is no such payment.
pub fn unknown_payment(id: PaymentId) -> Rejection {
    Rejection::new("payment_unknown", format!("there is no payment {id}"))
}
