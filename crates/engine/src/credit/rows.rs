//! Rows of the pay-later limit.

use purser_domain::{
    credit::{Standing, application::Service, order::CreditOrder},
    ids::{CreditOrderId, PartyId},
    money::Currency,
    time::{Date, Timestamp},
};

use crate::{command::Ctx, record};

record! {
    /// A shop's limit as orders see it: the hot row. What the limit follows from stands in [`ShopFactsRow`].
    pub struct CreditShopRow in CREDIT_SHOPS = 95, "credit_shops", lock Update, key(party: PartyId) {
        /// The limit, minor units.
        total: i64,
        /// Of the limit, frozen with the shop's funds (C6), minor units.
        frozen: i64,
        /// Reserved for orders that are not shipped (C1), minor units.
        reserved: i64,
        /// Refunded before the buyer paid and not given back yet (C11), minor units.
        due: i64,
        /// Counts withdrawals that repaid due and liability (C12).
        epoch: i64,
        /// Evaluations so far: the number of the last one.
        evaluations: i64,
        /// When it was evaluated last.
        evaluated_at: Timestamp,
        /// Civil date on which it may change by itself.
        next_on: Option<String>,
        /// Of the proceeds, what buyers have not paid yet (C7, C19), minor units.
        unpaid: i64,
        /// The last large request of not-yet-paid proceeds (C19).
        large_at: Option<Timestamp>,
        /// No new use until then (C19).
        locked_until: Option<Timestamp>,
        /// The merchant was warned that most of it is in use (C10).
        warned: bool,
        /// Civil date of `high_total`.
        high_on: String,
        /// Highest limit of that date (C7), minor units.
        high_total: i64,
        /// When the shop became known here.
        opened_at: Timestamp,
        /// Counts changes.
        version: i64,
        /// Since when it takes no new use because the merchant closes the service (C25).
        closing_since: Option<Timestamp>,
        /// When its last open order had ended and the service was closed.
        closed_at: Option<Timestamp>,
        /// Civil date on which the merchant is to be reminded that a boost ends (C24).
        remind_on: Option<String>,
        /// Orders with goods that are still to be shipped, whether something is reserved for them or not (C25).
        to_ship: i64,
        /// Of the liability, what no order keeps as beyond the limit: refunds that the proceeds lacked, recourse (C11, C12).
        /// Minor units.
        owed: i64,
    }
}

record! {
    /// What is known of a shop, encoded by [`super::facts`].
    pub struct ShopFactsRow in CREDIT_SHOP_FACTS = 96, "credit_shop_facts", lock Update, key(party: PartyId) {
        /// One fact a line.
        facts: String,
        /// Counts changes: the `ETag`.
        version: i64,
    }
}

record! {
    /// One evaluation with its steps (C9). Rows are only inserted.
    pub struct EvaluationRow in CREDIT_EVALUATIONS = 97, "credit_evaluations", lock None, key(party: PartyId, seq: i64) {
        /// Since when it is in force: one by date from the first instant of the date.
        at: Timestamp,
        /// What made it necessary.
        cause: String,
        /// The limit before, minor units.
        before: i64,
        /// The limit after, minor units.
        total: i64,
        /// See [`purser_domain::credit::encode`].
        steps: Vec<u8>,
        /// Policy version that decided.
        policy_version: i64,
    }
}

record! {
    /// A stored pay-later order.
    pub struct CreditOrderRow in CREDIT_ORDERS = 98, "credit_orders", lock Update,
        fixed(merchant, external_id, amount, currency, authorised_at, policy_version), key(id: CreditOrderId) {
        /// The shop.
        merchant: PartyId,
        /// The platform's own id.
        external_id: String,
        /// Authorised price, minor units, like every amount here.
        amount: i64,
        /// Currency.
        currency: Currency,
        /// When it was authorised.
        authorised_at: Timestamp,
        /// Kept of the limit.
        reserved: i64,
        /// Shipped.
        shipped: i64,
        /// Will not be shipped.
        cancelled: i64,
        /// Open advance.
        receivable: i64,
        /// Of it due from the shop.
        due: i64,
        /// Open beyond the limit.
        liability: i64,
        /// Paid before shipping.
        prepaid: i64,
        /// Paid.
        paid: i64,
        /// Refunded before it was paid.
        forgiven: i64,
        /// Refunded after it was paid.
        returned: i64,
        /// Written off or taken back.
        lost: i64,
        /// Of it, what the shop had to bear.
        recourse: i64,
        /// The shop's epoch at the last change.
        epoch: i64,
        /// When the buyer is to have paid, civil date.
        due_on: Option<String>,
        /// When the first part was shipped.
        shipped_at: Option<Timestamp>,
        /// When the last change happened.
        changed_at: Timestamp,
        /// Policy version at authorisation.
        policy_version: i64,
        /// Counts changes.
        version: i64,
        /// Shipped, and its advance waits for a review (C21).
        held: i64,
        /// Signs of cash-out, see [`purser_domain::credit::risk::Marks`].
        marks: i64,
        /// Reviews so far.
        reviews: i64,
        /// Of what will not be shipped, what ended with the authorisation.
        expired: i64,
        /// When the authorisation ends.
        ends_at: Timestamp,
    }
}

record! {
    /// A reported event of an order: reporting it again changes nothing, and it is the bill line (C26).
    pub struct OrderEventRow in CREDIT_ORDER_EVENTS = 99, "credit_order_events", lock None, key(order_id: CreditOrderId, event_id: String) {
        /// What happened.
        kind: String,
        /// Minor units; 0 where the event has none.
        amount: i64,
        /// When, as reported.
        at: Timestamp,
        /// The group that booked it.
        grp: i64,
    }
}

impl OrderEventRow {
    /// What the ids of events that happen here begin with; no reported id may.
    pub(super) const OWN: &str = "credit.";

    /// An event that happens here and now, not reported by the platform: `kind` begins with [`Self::OWN`], and the
    /// order's version, which is the new one, tells several of a kind apart.
    pub(super) fn own(order: &CreditOrderRow, kind: &str, amount: i64, ctx: &Ctx) -> Self {
        Self {
            order_id: order.id,
            event_id: format!("{kind} {}", order.version),
            kind: kind.to_owned(),
            amount,
            at: ctx.now,
            grp: ctx.group,
        }
    }
}

impl CreditShopRow {
    /// A shop without a limit yet.
    pub fn new(party: PartyId, at: Timestamp) -> Self {
        Self {
            party,
            total: 0,
            frozen: 0,
            reserved: 0,
            due: 0,
            epoch: 0,
            evaluations: 0,
            evaluated_at: at,
            next_on: None,
            unpaid: 0,
            large_at: None,
            locked_until: None,
            warned: false,
            high_on: String::new(),
            high_total: 0,
            opened_at: at,
            version: 0,
            closing_since: None,
            closed_at: None,
            remind_on: None,
            to_ship: 0,
            owed: 0,
        }
    }

    /// Where the service stands (C25).
    pub const fn service(&self) -> Service {
        match (self.closing_since, self.closed_at) {
            (None, _) => Service::Open,
            (Some(_), None) => Service::Closing,
            (Some(_), Some(_)) => Service::Closed,
        }
    }

    /// How the limit stands (C1): `frozen_minor` with all that is frozen, `closed` while there is no new use.
    pub(super) const fn standing(&self, used_minor: i64, frozen_minor: i64, closed: bool) -> Standing {
        Standing {
            total_minor: self.total,
            used_minor,
            reserved_minor: self.reserved,
            frozen_minor,
            due_minor: self.due,
            closed,
        }
    }

    /// Whether the limit may have changed by itself since it was evaluated: a date has come on which something that it
    /// follows from begins or ends.
    pub(super) fn is_due(&self, today: Date) -> bool {
        self.next_on.as_ref().is_some_and(|on| *on <= today.to_string())
    }

    /// The civil date on which it may change by itself.
    pub(super) fn due_on(&self) -> Option<Date> {
        self.next_on.as_deref()?.parse().ok()
    }
}

impl CreditOrderRow {
    /// From the domain's form; signs and reviews are kept by whoever changes the row.
    pub fn of(order: &CreditOrder, external_id: &str, policy_version: i64, version: i64) -> Self {
        Self {
            id: order.id,
            merchant: order.merchant,
            external_id: external_id.to_owned(),
            amount: order.amount_minor,
            currency: order.currency,
            authorised_at: order.authorised_at,
            reserved: order.reserved_minor,
            shipped: order.shipped_minor,
            cancelled: order.cancelled_minor,
            receivable: order.receivable_minor,
            due: order.due_minor,
            liability: order.liability_minor,
            prepaid: order.prepaid_minor,
            paid: order.paid_minor,
            forgiven: order.forgiven_minor,
            returned: order.returned_minor,
            lost: order.lost_minor,
            recourse: order.recourse_minor,
            epoch: order.epoch,
            due_on: order.due_on.map(|date| date.to_string()),
            shipped_at: order.shipped_at,
            changed_at: order.changed_at,
            policy_version,
            version,
            held: order.held_minor,
            marks: 0,
            reviews: 0,
            expired: order.expired_minor,
            ends_at: order.ends_at,
        }
    }

    /// The row after a change of its order: what else is remembered stays, and the version rises.
    #[must_use]
    pub(super) fn with(&self, order: &CreditOrder) -> Self {
        let (marks, reviews) = (self.marks, self.reviews);
        Self { marks, reviews, ..Self::of(order, &self.external_id, self.policy_version, self.version + 1) }
    }

    /// The row as of a repayment epoch of its shop (C12).
    #[must_use]
    pub fn at_epoch(self, epoch: i64) -> Self {
        if self.epoch >= epoch {
            return self;
        }
        let order = self.order().at_epoch(epoch);
        let (marks, reviews) = (self.marks, self.reviews);
        Self { marks, reviews, ..Self::of(&order, &self.external_id, self.policy_version, self.version) }
    }

    /// To the domain's form.
    pub fn order(&self) -> CreditOrder {
        CreditOrder {
            id: self.id,
            merchant: self.merchant,
            amount_minor: self.amount,
            currency: self.currency,
            authorised_at: self.authorised_at,
            reserved_minor: self.reserved,
            shipped_minor: self.shipped,
            cancelled_minor: self.cancelled,
            expired_minor: self.expired,
            receivable_minor: self.receivable,
            due_minor: self.due,
            liability_minor: self.liability,
            prepaid_minor: self.prepaid,
            paid_minor: self.paid,
            forgiven_minor: self.forgiven,
            returned_minor: self.returned,
            lost_minor: self.lost,
            recourse_minor: self.recourse,
            held_minor: self.held,
            epoch: self.epoch,
            due_on: self.due_on.as_deref().and_then(|text| text.parse::<Date>().ok()),
            ends_at: self.ends_at,
            shipped_at: self.shipped_at,
            changed_at: self.changed_at,
        }
    }
}
