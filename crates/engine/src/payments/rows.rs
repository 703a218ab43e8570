//! Rows of payment orders, payments and refunds.

use purser_domain::{
    ids::{PartyId, PaymentId, PaymentOrderId, PaymentRefundId, TypedId, Uid},
    money::Currency,
    payments::{Method, Order, Payment, Place, Purpose, Refund, RefundState, State, Timing},
    time::Timestamp,
};

use crate::{facts::Facts, record};

record! {
    /// A stored payment order.
    pub struct PaymentOrderRow in PAYMENT_ORDERS = 68, "payment_orders", lock Update, key(id: PaymentOrderId) {
        /// Who is to be credited.
        party: PartyId,
        /// What for.
        purpose: String,
        /// How it is paid.
        method: String,
        /// Ordered, minor units.
        amount: i64,
        /// Currency.
        currency: Currency,
        /// State.
        state: String,
        /// When it was made.
        created_at: Timestamp,
        /// Closed from here on when the rail knows of no payment.
        expires_at: Timestamp,
        /// When it was closed.
        closed_at: Option<Timestamp>,
        /// When its first payment was taken in.
        paid_at: Option<Timestamp>,
        /// Payments taken in.
        payments: i64,
        /// What came, minor units.
        received: i64,
        /// What went back, minor units.
        refunded: i64,
        /// The order that this one pays again; nil if none.
        previous: Uid,
        /// The order that pays this one again; nil if none.
        next: Uid,
        /// What a payer writes into a bank transfer.
        code: String,
        /// Where the payer goes afterwards; empty for nowhere.
        return_url: String,
        /// Policy version that decided its terms.
        policy_version: i64,
        /// Counts changes.
        version: i64,
        /// Free values of the platform (P19).
        metadata: Facts,
    }
}

record! {
    /// Money that a rail received.
    pub struct PaymentRow in PAYMENTS = 69, "payments", lock Update, key(id: PaymentId) {
        /// Its order; nil if none.
        order_id: Uid,
        /// Whose it is; nil if nobody's.
        party: Uid,
        /// How it was paid.
        method: String,
        /// The rail's own id of it.
        rail_payment: String,
        /// What the payer wrote, masked; for staff.
        note: String,
        /// What came, minor units.
        amount: i64,
        /// Currency.
        currency: Currency,
        /// What was to come.
        expected: Option<i64>,
        /// How it lies to its order; empty without one.
        timing: String,
        /// Where its money lies.
        place: String,
        /// The part that paid arrears.
        arrears: i64,
        /// The part that is balance.
        cash: i64,
        /// On its way back.
        refunding: i64,
        /// Given back.
        refunded: i64,
        /// When the rail received it.
        paid_at: Option<Timestamp>,
        /// When it was taken in.
        recorded_at: Timestamp,
        /// When staff said whose it is.
        assigned_at: Option<Timestamp>,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// Money on its way back.
    pub struct PaymentRefundRow in PAYMENT_REFUNDS = 70, "payment_refunds", lock Update, key(id: PaymentRefundId) {
        /// What it gives back.
        payment: PaymentId,
        /// The order of that payment; nil if none.
        order_id: Uid,
        /// Whose it was; nil if nobody's.
        party: Uid,
        /// How it was paid.
        method: String,
        /// Minor units.
        amount: i64,
        /// Currency.
        currency: Currency,
        /// State.
        state: String,
        /// The rail's code of a failure, what staff wrote, or why it waits although the float covers it; empty if none.
        code: String,
        /// When it was asked for.
        requested_at: Timestamp,
        /// When it came to its end.
        finished_at: Option<Timestamp>,
        /// Counts changes.
        version: i64,
    }
}

fn some<T: TypedId>(uid: Uid) -> Option<T> {
    (!uid.is_nil()).then(|| T::from_uid(uid))
}

fn none<T: TypedId>(id: Option<T>) -> Uid {
    id.map_or(Uid::NIL, TypedId::uid)
}

impl PaymentOrderRow {
    /// To the domain's form.
    pub fn order(&self) -> Order {
        Order {
            id: self.id,
            party: self.party,
            purpose: Purpose::named(&self.purpose).unwrap_or(Purpose::AdTopUp),
            method: self.method(),
            amount_minor: self.amount,
            currency: self.currency,
            state: State::named(&self.state).unwrap_or(State::Pending),
            created_at: self.created_at,
            expires_at: self.expires_at,
            closed_at: self.closed_at,
            paid_at: self.paid_at,
            payments: u32::try_from(self.payments).unwrap_or(u32::MAX),
            received_minor: self.received,
            refunded_minor: self.refunded,
            previous: some(self.previous),
            next: some(self.next),
        }
    }

    /// How it is paid.
    pub fn method(&self) -> Method {
        Method::named(&self.method).unwrap_or(Method::Sandbox)
    }

    /// The order that this one pays again.
    pub fn previous_id(&self) -> Option<PaymentOrderId> {
        some(self.previous)
    }

    /// The order that pays this one again.
    pub fn next_id(&self) -> Option<PaymentOrderId> {
        some(self.next)
    }

    /// A new row.
    pub(super) fn of(order: &Order, code: String, return_url: String, policy_version: i64) -> Self {
        let mut row = Self {
            id: order.id,
            party: order.party,
            purpose: order.purpose.name().to_owned(),
            method: order.method.name().to_owned(),
            amount: order.amount_minor,
            currency: order.currency,
            state: String::new(),
            created_at: order.created_at,
            expires_at: order.expires_at,
            closed_at: None,
            paid_at: None,
            payments: 0,
            received: 0,
            refunded: 0,
            previous: none(order.previous),
            next: Uid::NIL,
            code,
            return_url,
            policy_version,
            version: 0,
            metadata: Facts::new(),
        };
        row.update(order);
        row
    }

    /// Takes over what a decision changed.
    pub(super) fn update(&mut self, order: &Order) {
        order.state.name().clone_into(&mut self.state);
        self.expires_at = order.expires_at;
        self.closed_at = order.closed_at;
        self.paid_at = order.paid_at;
        self.payments = i64::from(order.payments);
        self.received = order.received_minor;
        self.refunded = order.refunded_minor;
        self.next = none(order.next);
        self.version += 1;
    }
}

impl PaymentRow {
    /// To the domain's form.
    pub fn payment(&self) -> Payment {
        Payment {
            id: self.id,
            order: some(self.order_id),
            party: some(self.party),
            method: self.method(),
            amount_minor: self.amount,
            expected_minor: self.expected,
            timing: Timing::named(&self.timing),
            place: Place::named(&self.place).unwrap_or(Place::Unassigned),
            arrears_minor: self.arrears,
            cash_minor: self.cash,
            refunding_minor: self.refunding,
            refunded_minor: self.refunded,
        }
    }

    /// How it was paid.
    pub fn method(&self) -> Method {
        Method::named(&self.method).unwrap_or(Method::Sandbox)
    }

    /// Its order.
    pub fn order(&self) -> Option<PaymentOrderId> {
        some(self.order_id)
    }

    /// Whose it is.
    pub fn party(&self) -> Option<PartyId> {
        some(self.party)
    }

    /// Takes over what a decision changed.
    pub(super) fn update(&mut self, payment: &Payment) {
        self.order_id = none(payment.order);
        self.party = none(payment.party);
        self.expected = payment.expected_minor;
        payment.timing.map_or("", Timing::name).clone_into(&mut self.timing);
        payment.place.name().clone_into(&mut self.place);
        self.arrears = payment.arrears_minor;
        self.cash = payment.cash_minor;
        self.refunding = payment.refunding_minor;
        self.refunded = payment.refunded_minor;
        self.version += 1;
    }
}

impl PaymentRefundRow {
    /// To the domain's form.
    pub fn refund(&self) -> Refund {
        Refund { id: self.id, payment: self.payment, amount_minor: self.amount, state: self.state() }
    }

    /// State.
    pub fn state(&self) -> RefundState {
        RefundState::named(&self.state).unwrap_or(RefundState::Unknown)
    }

    /// The order of its payment.
    pub fn order(&self) -> Option<PaymentOrderId> {
        some(self.order_id)
    }

    /// Whose it was.
    pub fn party(&self) -> Option<PartyId> {
        some(self.party)
    }

    /// How it was paid.
    pub fn method(&self) -> Method {
        Method::named(&self.method).unwrap_or(Method::Sandbox)
    }
}
