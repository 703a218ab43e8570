//! Pay-later shops, orders and what happens to them, and an auditor of their own: it knows the sentences of the
//! specification (M, C1, C11, C12) and none of the engine's code, predicts every answer, and what is used, reserved, due
//! and liable after it.

use std::collections::BTreeMap;

use purser_domain::{
    credit::{Component, Source},
    ids::PartyId,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{Date, Timestamp},
};
use purser_engine::{
    AnyJob, Job, Meta, Rejection, Reply,
    credit::{OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopReport, risk::Told},
    parties::{RegisterParty, party_id},
};

use crate::{
    desk::{Batch, START},
    rng::Rng,
};

/// Shops of the world.
pub const SHOPS: u8 = 3;
/// Orders of the world; each belongs to the shop of its number.
const ORDERS: u64 = 24;
/// Since when components count.
const SINCE: Date = Date::constant(2024, 1, 1);

/// A shop's id.
pub fn shop(number: u8) -> PartyId {
    party_id(&format!("sim-shop-{number}"))
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Authorised at a price.
    Authorised(i64),
    /// Shipped, a part or the rest.
    Shipped(Option<i64>),
    /// Paid by the buyer.
    Paid(i64),
    /// Called off.
    Cancelled,
    /// Refunded.
    Refunded(i64),
}

/// One report about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which order.
    pub order: u8,
    /// Its number within the order.
    pub id: u8,
    /// What.
    pub what: What,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A shop's only component is this amount from now on.
    Limit(u8, i64),
    /// Events, item by item.
    Events(Vec<Event>),
}

impl Act {
    /// The next command.
    pub fn random(rng: &mut Rng) -> Self {
        if rng.one_in(8) {
            let number = u8::try_from(rng.below(SHOPS.into())).unwrap_or(0);
            return Self::Limit(number, rng.below(60_000).cast_signed());
        }
        let count = 1 + rng.below(12);
        Self::Events((0..count).map(|_| event(rng)).collect())
    }

    /// The job that runs it; its answer goes to the next slot of `batch`.
    pub fn job(&self, batch: &mut Batch) -> Box<dyn AnyJob> {
        let done = batch.slot();
        match self {
            Self::Limit(number, amount_minor) => {
                let component = Component {
                    source: Source::CreditEvaluation,
                    amount_minor: *amount_minor,
                    since: SINCE,
                    until: None,
                };
                let report = ShopReport {
                    opened_on: Some(SINCE),
                    level: Some(1),
                    components: vec![component],
                    ..ShopReport::default()
                };
                let command = ReportShops { items: vec![(shop(*number), report)], single: false };
                Job::new(command, Meta::system(), |outcome| reply(outcome, |(_, new)| *new), done)
            }
            Self::Events(events) => {
                let items = events.iter().map(report).collect();
                let command = ReportCreditOrders { items, single: false };
                Job::new(command, Meta::system(), |outcome| reply(outcome, |(_, new)| *new), done)
            }
        }
    }
}

/// The merchants, before anything else.
pub fn merchants(batch: &mut Batch) -> Vec<Box<dyn AnyJob>> {
    let profile = |number: u8| Profile {
        external_id: format!("sim-shop-{number}"),
        display_name: format!("shop {number}"),
        roles: [Role::Merchant].into_iter().collect(),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    let make =
        |number| Job::new(RegisterParty(profile(number)), Meta::system(), |_| Reply::default(), batch.slot());
    (0..SHOPS).map(make).collect()
}

/// What each item came to, in words.
fn reply<T>(outcome: &Result<Vec<Result<T, Rejection>>, Rejection>, new: impl Fn(&T) -> bool) -> Reply {
    let word = |item: &Result<T, Rejection>| match item {
        Ok(item) if new(item) => "new",
        Ok(_) => "known",
        Err(no) => no.code,
    };
    let body = match outcome {
        Ok(items) => items.iter().map(word).collect::<Vec<_>>().join(" "),
        Err(no) => no.code.to_owned(),
    };
    Reply { status: 200, body: body.into_bytes(), replayed: false }
}

fn event(rng: &mut Rng) -> Event {
    let amount = 1 + rng.below(9_000).cast_signed();
    let what = match rng.below(10) {
        0..=2 => What::Authorised(amount),
        3 | 4 => What::Shipped(None),
        5 => What::Shipped(Some(amount)),
        6 | 7 => What::Paid(amount),
        8 => What::Refunded(amount),
        _ => What::Cancelled,
    };
    let number = |below: u64, rng: &mut Rng| u8::try_from(rng.below(below)).unwrap_or(0);
    Event { order: number(ORDERS, rng), id: number(16, rng), what }
}

fn report(event: &Event) -> OrderReport {
    let told = match event.what {
        What::Authorised(amount) => OrderEvent::Authorised(amount, None),
        What::Shipped(amount) => OrderEvent::Shipped(amount),
        What::Paid(amount) => OrderEvent::Paid(amount),
        What::Cancelled => OrderEvent::Cancelled,
        What::Refunded(amount) => OrderEvent::Refunded(amount),
    };
    let at: Timestamp = START;
    OrderReport {
        order_id: format!("sim-order-{}", event.order),
        event_id: event.id.to_string(),
        merchant: shop(event.order % SHOPS),
        event: told,
        currency: Currency::CNY,
        at,
        told: Told::default(),
    }
}

/// An order as the auditor sees it, minor units: where each part of its price stands.
#[derive(Debug, Clone, Default)]
struct Order {
    price: i64,
    /// Not shipped: kept of the limit, paid already, or neither.
    waiting: i64,
    kept: i64,
    paid_ahead: i64,
    /// Shipped and open: advanced, advanced and due, beyond the limit.
    advanced: i64,
    due: i64,
    beyond: i64,
    /// What the buyer still has to pay, and what can still be refunded.
    to_pay: i64,
    refundable: i64,
}

/// What a shop's numbers are: used, reserved, due, liability, proceeds; minor units.
pub type Numbers = [i64; 5];

/// What the auditor believes.
#[derive(Debug, Clone, Default)]
pub struct CreditAuditor {
    limits: BTreeMap<u8, i64>,
    proceeds: BTreeMap<u8, i64>,
    /// Liability that no shipment made: refunds of what was paid that proceeds did not cover.
    owed: BTreeMap<u8, i64>,
    orders: BTreeMap<u8, Order>,
    told: BTreeMap<(u8, u8), What>,
}

impl CreditAuditor {
    /// Predicts an answer and believes it from then on.
    pub fn act(&mut self, act: &Act) -> String {
        match act {
            Act::Limit(number, amount) => {
                let before = self.limits.insert(*number, *amount);
                if before == Some(*amount) { "known" } else { "new" }.to_owned()
            }
            Act::Events(events) => {
                let words: Vec<&str> = events.iter().map(|event| self.event(event)).collect();
                words.join(" ")
            }
        }
    }

    /// What a shop's numbers must be.
    pub fn numbers(&self, number: u8) -> Numbers {
        let mut sums = [0; 5];
        for order in self.of(number) {
            sums[0] += order.advanced + order.due;
            sums[1] += order.kept;
            sums[2] += order.due;
            sums[3] += order.beyond;
        }
        sums[3] += self.owed.get(&number).copied().unwrap_or(0);
        sums[4] = self.proceeds.get(&number).copied().unwrap_or(0);
        sums
    }

    fn of(&self, number: u8) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |(order, _)| *order % SHOPS == number).map(|(_, order)| order)
    }

    /// Of the limit, what nothing uses: whole yuan, never below zero.
    fn room(&self, number: u8) -> i64 {
        let limit = self.limits.get(&number).copied().unwrap_or(0) / 100 * 100;
        let [used, reserved, ..] = self.numbers(number);
        (limit - used - reserved).max(0)
    }

    fn event(&mut self, event: &Event) -> &'static str {
        let number = event.order % SHOPS;
        if !self.limits.contains_key(&number) {
            return "credit_shop_unknown";
        }
        if let Some(before) = self.told.get(&(event.order, event.id)) {
            return if *before == event.what { "known" } else { "event_conflict" };
        }
        let room = self.room(number);
        let known = self.orders.get(&event.order).cloned();
        let outcome = match (event.what, known) {
            (What::Authorised(price), Some(order)) => {
                return if order.price == price { "known" } else { "order_conflict" };
            }
            (What::Authorised(price), None) => {
                Ok(Order { price, waiting: price, kept: price.min(room), to_pay: price, ..Order::default() })
            }
            (_, None) => Err("order_unknown"),
            (What::Shipped(amount), Some(order)) => self.ship(number, order, amount, room),
            (What::Paid(amount), Some(order)) => self.pay(number, order, amount),
            (What::Cancelled, Some(order)) => self.cancel(number, order),
            (What::Refunded(amount), Some(order)) => self.refund(number, order, amount),
        };
        match outcome {
            Err(code) => code,
            Ok(order) => {
                self.orders.insert(event.order, order);
                self.told.insert((event.order, event.id), event.what);
                "new"
            }
        }
    }

    fn earn(&mut self, number: u8, amount: i64) {
        *self.proceeds.entry(number).or_default() += amount;
    }

    /// Takes from proceeds what is there; returns how much that was.
    fn take(&mut self, number: u8, wanted: i64) -> i64 {
        let purse = self.proceeds.entry(number).or_default();
        let taken = wanted.min(*purse);
        *purse -= taken;
        taken
    }

    fn ship(
        &mut self,
        number: u8,
        mut order: Order,
        amount: Option<i64>,
        room: i64,
    ) -> Result<Order, &'static str> {
        let goods = amount.unwrap_or(order.waiting);
        if order.waiting == 0 || goods > order.waiting {
            return Err("more_than_authorised");
        }
        let paid = goods.min(order.paid_ahead);
        let advance = (goods - paid).min(order.kept + room);
        order.waiting -= goods;
        order.paid_ahead -= paid;
        order.advanced += advance;
        order.beyond += goods - paid - advance;
        order.kept = (order.kept - advance.min(order.kept)).min(order.waiting - order.paid_ahead);
        order.refundable += goods;
        self.earn(number, goods - paid);
        Ok(order)
    }

    fn pay(&mut self, number: u8, mut order: Order, amount: i64) -> Result<Order, &'static str> {
        if amount > order.to_pay {
            return Err("more_than_payable");
        }
        let back = amount.min(order.advanced);
        let covered = (amount - back).min(order.beyond);
        let rest = amount - back - covered;
        order.to_pay -= amount;
        order.advanced -= back;
        order.beyond -= covered;
        order.paid_ahead += rest.min(order.waiting - order.paid_ahead);
        order.kept = order.kept.min(order.waiting - order.paid_ahead);
        self.earn(number, rest);
        Ok(order)
    }

    fn cancel(&mut self, number: u8, mut order: Order) -> Result<Order, &'static str> {
        if order.waiting == 0 {
            return Err("nothing_to_cancel");
        }
        order.to_pay -= order.waiting - order.paid_ahead;
        let missing = order.paid_ahead - self.take(number, order.paid_ahead);
        *self.owed.entry(number).or_default() += missing;
        (order.waiting, order.kept, order.paid_ahead) = (0, 0, 0);
        Ok(order)
    }

    fn refund(&mut self, number: u8, mut order: Order, amount: i64) -> Result<Order, &'static str> {
        if amount > order.refundable {
            return Err("more_than_shipped");
        }
        order.refundable -= amount;
        let unpaid = amount.min(order.to_pay - (order.waiting - order.paid_ahead));
        order.to_pay -= unpaid;
        let advanced = unpaid.min(order.advanced);
        let given = self.take(number, advanced);
        order.advanced -= advanced;
        order.due += advanced - given;
        let beyond = self.take(number, (unpaid - advanced).min(order.beyond));
        order.beyond -= beyond;
        let returned = amount - unpaid;
        let missing = returned - self.take(number, returned);
        *self.owed.entry(number).or_default() += missing;
        Ok(order)
    }
}
