//! Making, opening and closing payment orders (P11, A2, A6).

use purser_domain::{
    ids::{JobId, PartyId, PaymentOrderId, TypedId as _, Uid},
    metadata::Metadata,
    parties::{PartyStatus, Role},
    payments::{
        self, CreateTerms, Method, Order, PayerFacts, Purpose, Rejection as No, Request, State, transfer_code,
    },
    policy::{PolicyView, keys},
    time::Timestamp,
};
use purser_storage::Value;

use super::{
    apply::{order_facts, rejected},
    carry::collect_jobs,
    queries::{LocatedOrder, OPEN_OF_PARTY, PAID_OF_PARTY},
    rows::PaymentOrderRow,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{self, Lease, derived_id},
    metadata,
    parties::{PartyRow, unknown_party},
    rows::{JobRow, JobState, Meta},
    rules::{MODE, is_sandbox},
    tx::{Needs, Tx},
};

/// The job that closes an order which was not paid in time; its id follows from the order alone.
fn close_job(id: PaymentOrderId) -> JobId {
    derived_id("payment_order.close", &id.to_string())
}

/// Makes a payment order.
///
/// Rejections in order: those of metadata, `party_unknown`, then those of [`payments::create`].
pub struct CreatePaymentOrder {
    /// Who pays, and is credited.
    pub party: PartyId,
    /// What is to be paid.
    pub request: Request,
    /// Whether this server takes money that way.
    pub configured: bool,
    /// Where the payer goes afterwards; empty for nowhere.
    pub return_url: String,
    /// Free values of the platform (P19).
    pub metadata: Metadata,
}

fn want_payer(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<Meta>(MODE.to_owned());
    needs.row::<PartyRow>(party);
    let party = [Value::Bytes(&party.0.0)];
    needs.list::<PaymentOrderRow>(&OPEN_OF_PARTY, &party);
    needs.list::<PaymentOrderRow>(&PAID_OF_PARTY, &party);
}

fn payer(tx: &Tx, party: PartyId, method: Method, configured: bool) -> Result<PayerFacts, Rejection> {
    let row = tx.get::<PartyRow>(&party).ok_or_else(|| unknown_party(party))?.party();
    let own = || tx.rows::<PaymentOrderRow>().filter(|order| order.party == party);
    let open = own().filter(|order| order.order().state.is_open()).count();
    Ok(PayerFacts {
        closed: row.status == PartyStatus::Closed,
        advertiser: row.profile.roles.has(Role::Advertiser),
        paid_before: own().any(|order| order.received > 0),
        open: u32::try_from(open).unwrap_or(u32::MAX),
        method_available: takes(tx, method, configured),
    })
}

fn create_terms(view: PolicyView<'_>, ctx: &Ctx, purpose: Purpose, method: Method) -> CreateTerms {
    let (first, later) = match purpose {
        Purpose::AdTopUp => (keys::AD_TOP_UP_FIRST_MINIMUM, keys::AD_TOP_UP_MINIMUM),
    };
    CreateTerms {
        currency: ctx.rules.currency,
        first_minimum_minor: view.value(first),
        minimum_minor: view.value(later),
        maximum_minor: view.value(keys::PAYMENT_ORDER_MAXIMUM),
        open_most: view.value(keys::PAYMENT_ORDER_OPEN_MOST),
        time_out_us: match method {
            Method::BankTransfer => view.value(keys::PAYMENT_ORDER_TRANSFER_TIME_OUT),
            Method::Sandbox | Method::Alipay => view.value(keys::PAYMENT_ORDER_TIME_OUT),
        },
    }
}

/// Keeps a new order, with what the platform says of it, and the job that closes it.
fn keep_new(
    tx: &mut Tx,
    order: &Order,
    (return_url, metadata): (String, Facts),
    version: i64,
) -> PaymentOrderRow {
    let row = PaymentOrderRow::of(order, transfer_code(order.id), return_url, version);
    let row = PaymentOrderRow { metadata, ..row };
    tx.put(row.clone());
    let subject = row.id.to_string();
    let kind = collect_jobs(order.method).close;
    tx.job(jobs::ready(close_job(row.id), kind, &subject, row.expires_at, Facts::new()));
    tx.notify(State::Created.event(), row.party, &subject, order_facts(&row));
    row
}

/// Declares what [`offer`] and [`takes`] read.
pub(crate) fn want_offer(needs: &mut Needs<'_>, party: PartyId) {
    want_payer(needs, party);
}

/// Whether money can be taken this way; `configured` when this server is set up for it.
pub(crate) fn takes(tx: &Tx, method: Method, configured: bool) -> bool {
    // Money of the sandbox is nothing: it must never reach live books.
    configured && (method != Method::Sandbox || is_sandbox(tx))
}

/// Bounds of an order that could be offered, minor units; `None` while another one of the party waits to be paid.
pub(crate) fn offer_bounds(tx: &Tx, ctx: &Ctx, party: PartyId) -> Option<(i64, i64)> {
    let view = ctx.rules.policy.now(ctx.now);
    let own = || tx.rows::<PaymentOrderRow>().filter(|order| order.party == party);
    let paid = own().any(|order| order.received > 0);
    let least = if paid { keys::AD_TOP_UP_MINIMUM } else { keys::AD_TOP_UP_FIRST_MINIMUM };
    let open = own().any(|order| order.order().state.is_open());
    (!open).then(|| (view.value(least), view.value(keys::PAYMENT_ORDER_MAXIMUM)))
}

/// Makes an order that its party did not ask for just now, and tells it (A11).
///
/// # Errors
/// Those of [`payments::create`].
pub(crate) fn offer(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    method: Method,
    amount_minor: i64,
) -> Result<PaymentOrderRow, Rejection> {
    let request = Request { purpose: Purpose::AdTopUp, method, amount_minor, currency: ctx.rules.currency };
    let payer = payer(tx, party, method, true)?;
    let view = ctx.rules.policy.now(ctx.now);
    let terms = create_terms(view, ctx, request.purpose, method);
    let id = tx.new_id();
    let order = payments::create(id, party, &request, &payer, &terms, ctx.now).map_err(|no| refused(&no))?;
    Ok(keep_new(tx, &order, (String::new(), Facts::new()), i64::from(view.version().number)))
}

/// A rejection about a new order, with the field it is about.
fn refused(no: &No) -> Rejection {
    let plain = rejected(no);
    match no {
        No::AmountNotPositive | No::BelowMinimum { .. } | No::AboveMaximum { .. } => {
            plain.at("/amount_minor")
        }
        No::CurrencyMismatch => plain.at("/currency"),
        No::MethodUnavailable => plain.at("/method"),
        No::PartyClosed | No::NotAnAdvertiser => plain.at("/party_id"),
        _ => plain,
    }
}

impl Command for CreatePaymentOrder {
    type Output = PaymentOrderRow;

    fn name(&self) -> &'static str {
        "payment_order.create"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want_payer(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PaymentOrderRow, Rejection> {
        let metadata = metadata::checked(&self.metadata)?;
        let method = self.request.method;
        let payer = payer(tx, self.party, method, self.configured)?;
        let view = ctx.rules.policy.now(ctx.now);
        let terms = create_terms(view, ctx, self.request.purpose, method);
        let id = tx.new_id();
        let order = payments::create(id, self.party, &self.request, &payer, &terms, ctx.now)
            .map_err(|no| refused(&no))?;
        let said = (self.return_url.clone(), metadata);
        Ok(keep_new(tx, &order, said, i64::from(view.version().number)))
    }

    fn audit(&self, output: &PaymentOrderRow) -> (String, Facts) {
        (output.id.to_string(), order_facts(output))
    }
}

fn loaded(tx: &Tx, id: PaymentOrderId) -> Result<PaymentOrderRow, Rejection> {
    tx.get::<PaymentOrderRow>(&id).cloned().ok_or_else(|| unknown_order(id))
}

/// There is no such order.
pub fn unknown_order(id: PaymentOrderId) -> Rejection {
    Rejection::new("payment_order_unknown", format!("there is no payment order {id}"))
}

/// Makes an order that was not paid in time anew, with one click (A6).
///
/// Rejections in order: `payment_order_unknown`, `party_unknown`, then those of [`payments::repay`].
pub struct RepayPaymentOrder {
    /// The old one.
    pub order: LocatedOrder,
    /// Whether this server still takes money that way.
    pub configured: bool,
}

impl Command for RepayPaymentOrder {
    type Output = PaymentOrderRow;

    fn name(&self) -> &'static str {
        "payment_order.repay"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want_payer(needs, self.order.party);
        needs.row::<PaymentOrderRow>(self.order.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PaymentOrderRow, Rejection> {
        let mut old = loaded(tx, self.order.id)?;
        let method = old.method();
        let payer = payer(tx, old.party, method, self.configured)?;
        let view = ctx.rules.policy.now(ctx.now);
        let before = old.order();
        let terms = create_terms(view, ctx, before.purpose, method);
        let id = tx.new_id();
        let (new, linked) = payments::repay(&before, id, &payer, &terms, ctx.now).map_err(|no| {
            let plain = rejected(&no);
            match old.next_id() {
                Some(next) if no == No::OrderReplaced => {
                    plain.with(Facts::new().text("next_id", next.to_string()))
                }
                _ => plain,
            }
        })?;
        old.update(&linked);
        let said = (old.return_url.clone(), old.metadata.clone());
        tx.put(old);
        Ok(keep_new(tx, &new, said, i64::from(view.version().number)))
    }

    fn audit(&self, output: &PaymentOrderRow) -> (String, Facts) {
        (output.id.to_string(), order_facts(output).text("previous", self.order.id.to_string()))
    }
}

/// The payer is at the cashier. Saying it again changes nothing.
///
/// Rejections: `payment_order_unknown`.
pub struct OpenPaymentOrder(pub PaymentOrderId);

impl Command for OpenPaymentOrder {
    type Output = PaymentOrderRow;

    fn name(&self) -> &'static str {
        "payment_order.open"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PaymentOrderRow>(self.0);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<PaymentOrderRow, Rejection> {
        let mut row = loaded(tx, self.0)?;
        if let Some(order) = payments::open(&row.order()) {
            row.update(&order);
            tx.put(row.clone());
            tx.event(order.state.event(), Some(row.party), &row.id.to_string(), order_facts(&row));
        }
        Ok(row)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Lets an open order run out now. It is closed within moments, once the rail was asked; a payment that comes in
/// between is taken in.
///
/// Rejections in order: `payment_order_unknown`, `payment_order_paid`.
pub struct ClosePaymentOrder(pub PaymentOrderId);

impl Command for ClosePaymentOrder {
    type Output = PaymentOrderRow;

    fn name(&self) -> &'static str {
        "payment_order.close"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PaymentOrderRow>(self.0);
        needs.row::<JobRow>(close_job(self.0));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PaymentOrderRow, Rejection> {
        let mut row = loaded(tx, self.0)?;
        if let Some(order) = payments::close_now(&row.order(), ctx.now).map_err(|no| rejected(&no))? {
            row.update(&order);
            tx.put(row.clone());
            if let Some(job) =
                tx.get::<JobRow>(&close_job(self.0)).cloned().filter(|j| j.state == JobState::Ready)
            {
                tx.job(JobRow { due_at: ctx.now, ..job });
            }
        }
        Ok(row)
    }

    fn audit(&self, output: &PaymentOrderRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().text("state", &output.state))
    }
}

/// Closes an order that ran out, after the rail has said that it knows of no payment.
///
/// Rejections: `lease_lost`, `payment_order_unknown`.
#[derive(Debug, Clone, Copy)]
pub struct EndPaymentOrder {
    /// Which.
    pub id: PaymentOrderId,
    /// The job that asked the rail.
    pub lease: Lease,
}

impl Command for EndPaymentOrder {
    type Output = ();

    fn name(&self) -> &'static str {
        "payment_order.time_out"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<PaymentOrderRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        let mut row = loaded(tx, self.id)?;
        if let Some(order) = payments::time_out(&row.order(), ctx.now) {
            row.update(&order);
            tx.put(row.clone());
            tx.notify(order.state.event(), row.party, &row.id.to_string(), order_facts(&row));
        }
        Ok(())
    }

    fn audit(&self, (): &()) -> (String, Facts) {
        (self.id.to_string(), Facts::new())
    }
}

/// The payer tried and the rail said no; the order can still be paid.
///
/// Rejections: `payment_order_unknown`.
pub struct NoteFailedAttempt(pub PaymentOrderId);

impl Command for NoteFailedAttempt {
    type Output = ();

    fn name(&self) -> &'static str {
        "payment_order.attempt_failed"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PaymentOrderRow>(self.0);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        let row = loaded(tx, self.0)?;
        if row.order().state.is_open() {
            tx.notify("payment_order.attempt_failed", row.party, &row.id.to_string(), order_facts(&row));
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Name of the row that holds the key of cashier links.
const LINK_KEY: &str = "cashier_key";

/// Makes the key that signs cashier links, once for these books, and says what it is.
pub struct FoundCashier;

impl Command for FoundCashier {
    type Output = [u8; 32];

    fn name(&self) -> &'static str {
        "cashier.found"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<Meta>(LINK_KEY.to_owned());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<[u8; 32], Rejection> {
        let known =
            tx.get::<Meta>(&LINK_KEY.to_owned()).and_then(|row| blake3::Hash::from_hex(&row.value).ok());
        if let Some(key) = known {
            return Ok(*key.as_bytes());
        }
        let key = tx.new_secret();
        tx.put(Meta { name: LINK_KEY.to_owned(), value: blake3::Hash::from_bytes(key).to_hex().to_string() });
        Ok(key)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// The unguessable part of the link to an order's cashier page.
pub fn cashier_token(key: &[u8; 32], id: PaymentOrderId) -> String {
    let text = id.to_string();
    let text = text.rsplit('_').next().unwrap_or_default();
    format!("{text}-{}", blake3::keyed_hash(key, &id.0.0).to_hex())
}

/// The order that a link is about; `None` when these books did not sign it.
pub fn read_cashier_token(key: &[u8; 32], token: &str) -> Option<PaymentOrderId> {
    let (id, mac) = token.split_once('-')?;
    let prefix = PaymentOrderId::from_uid(Uid::NIL).to_string();
    let prefix = prefix.split('_').next().unwrap_or_default();
    let id: PaymentOrderId = format!("{prefix}_{id}").parse().ok()?;
    // Comparing hashes takes the same time wherever they differ.
    (blake3::Hash::from_hex(mac).ok()? == blake3::keyed_hash(key, &id.0.0)).then_some(id)
}

/// The instant from which on an order can be taken for run out, for whoever shows it.
pub fn is_run_out(row: &PaymentOrderRow, now: Timestamp) -> bool {
    row.order().state.is_open() && row.expires_at <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cashier_links_cannot_be_guessed_or_changed() {
        let (key, id) = ([1; 32], PaymentOrderId(Uid([5; 16])));
        let token = cashier_token(&key, id);
        assert_eq!(read_cashier_token(&key, &token), Some(id));
        assert_eq!(read_cashier_token(&[2; 32], &token), None);
        let other = cashier_token(&key, PaymentOrderId(Uid([6; 16])));
        let mixed = format!("{}-{}", &token[..26], &other[27..]);
        assert_eq!(read_cashier_token(&key, &mixed), None);
        for bad in ["", "-", "x-y", &token[..token.len() - 1], &token[..26]] {
            assert_eq!(read_cashier_token(&key, bad), None, "{bad}");
        }
    }
}
