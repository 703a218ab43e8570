//! Cases and laws of pay-later orders (C11, C12).
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::credit::order::{
    AccountRole, Authorisation, CreditOrder, Decision, OrderTerms, Rejection, ShopFacts, authorise, cancel,
    deny, expire, pay, recourse, refund, release, ship, write_off,
};
use purser_domain::ids::{CreditOrderId, PartyId, Uid};
use purser_domain::money::{Currency, decimal, parse_decimal};
use purser_domain::policy::kinds::OverLimit;
use purser_domain::time::{DAY, HOUR, MINUTE, Timestamp, Zone};

/// A shop with its ledger, as the engine would keep them.
struct Shop {
    total: i64,
    open: bool,
    terms: OrderTerms,
    now: Timestamp,
    orders: BTreeMap<String, CreditOrder>,
    balances: BTreeMap<AccountRole, i64>,
    reserved: i64,
    due: i64,
    owed: i64,
    to_ship: i64,
    epoch: i64,
    withdrawn: i64,
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

impl Shop {
    fn new(total: i64) -> Self {
        let terms = OrderTerms {
            over_limit: OverLimit::Liability,
            due_days: 30,
            lifetime_us: 90 * DAY,
            clock_tolerance_us: 5 * MINUTE,
        };
        let now = "2026-03-01T12:00:00+08:00".parse().expect("an instant");
        Self {
            total,
            open: true,
            terms,
            now,
            orders: BTreeMap::new(),
            balances: BTreeMap::new(),
            reserved: 0,
            due: 0,
            owed: 0,
            to_ship: 0,
            epoch: 0,
            withdrawn: 0,
        }
    }

    fn balance(&self, role: AccountRole) -> i64 {
        self.balances.get(&role).copied().unwrap_or(0)
    }

    fn facts(&self) -> ShopFacts {
        let free = self.total - self.balance(AccountRole::Receivable) - self.reserved;
        ShopFacts {
            open: self.open,
            held: false,
            available_minor: free.max(0),
            proceeds_minor: self.balance(AccountRole::Proceeds),
            epoch: self.epoch,
        }
    }

    /// Grows on the side that the account grows on.
    fn book(&mut self, role: AccountRole, debit: bool, amount: i64) {
        let grows = matches!(role, AccountRole::Receivable | AccountRole::Liability | AccountRole::BadDebt);
        *self.balances.entry(role).or_default() += if grows == debit { amount } else { -amount };
    }

    fn apply(&mut self, name: &str, decision: Decision) {
        for posting in &decision.postings {
            assert!(posting.amount_minor > 0);
            self.book(posting.from, true, posting.amount_minor);
            self.book(posting.to, false, posting.amount_minor);
        }
        self.reserved += decision.reserved_minor;
        self.due += decision.due_minor;
        self.owed += decision.owed_minor;
        self.to_ship += decision.to_ship;
        self.orders.insert(name.to_owned(), decision.order);
    }

    /// A withdrawal of everything that is left once due and liability are repaid in full (C12).
    fn withdraw(&mut self) -> bool {
        let debts = self.due + self.balance(AccountRole::Liability);
        let free = self.balance(AccountRole::Proceeds) - debts;
        if free < 0 || debts == 0 && free == 0 {
            return false;
        }
        for (role, amount) in [
            (AccountRole::Receivable, self.due),
            (AccountRole::Liability, self.balance(AccountRole::Liability)),
        ] {
            self.book(AccountRole::Proceeds, true, amount);
            self.book(role, false, amount);
        }
        if debts > 0 {
            self.epoch += 1;
            self.due = 0;
            self.owed = 0;
        }
        self.book(AccountRole::Proceeds, true, free);
        self.withdrawn += free;
        true
    }

    fn event(&mut self, name: &str, event: &str, amount: Option<i64>) -> Result<bool, Rejection> {
        let (shop, now, terms) = (self.facts(), self.now, self.terms);
        let at = now.plus(-HOUR);
        let known = self.orders.get(name).cloned();
        if event == "authorise" {
            let id = CreditOrderId(Uid::derive("test", &[name.as_bytes()]));
            let new = Authorisation {
                id,
                merchant: PartyId(Uid([1; 16])),
                amount_minor: amount.expect("an amount"),
                currency: Currency::CNY,
                at: now.plus(-2 * HOUR),
                due_on: None,
            };
            let decision = authorise(known.as_ref(), &new, &shop, now, &terms)?;
            let changed = decision.is_some();
            if let Some(decision) = decision {
                self.apply(name, decision);
            }
            return Ok(changed);
        }
        let order = known.expect("an order");
        let some = || amount.expect("an amount");
        if event == "expire" {
            let Some(decision) = expire(&order, order.ends_at, &shop) else { return Ok(false) };
            self.apply(name, decision);
            return Ok(true);
        }
        let decision = match event {
            "late" => {
                // Shipped when the authorisation had ended.
                let end = order.ends_at;
                ship(&order, amount, end, &shop, &Zone::shanghai(), end, &terms)?
            }
            "ship" => ship(&order, amount, at, &shop, &Zone::shanghai(), now, &terms)?,
            "hold" => {
                let held = ShopFacts { held: true, ..shop };
                ship(&order, amount, at, &held, &Zone::shanghai(), now, &terms)?
            }
            "release" => release(&order, at, &shop)?,
            "deny" => deny(&order, at, &shop)?,
            "pay" => pay(&order, some(), at, &shop, now, &terms)?,
            "cancel" => cancel(&order, at, &shop, now, &terms)?,
            "refund" => refund(&order, some(), at, &shop, now, &terms)?,
            "write_off" => write_off(&order, some(), at, &shop)?,
            "recourse" => recourse(&order, some(), at, &shop)?,
            _ => panic!("unknown event {event}"),
        };
        self.apply(name, decision);
        Ok(true)
    }

    fn step(&mut self, words: &[&str]) -> Result<bool, Rejection> {
        match *words {
            ["limit", amount] => self.total = money(amount),
            ["closed"] => self.open = false,
            ["policy", "refuse"] => self.terms.over_limit = OverLimit::Refuse,
            ["now", at] => self.now = at.parse().expect("an instant"),
            ["withdraw"] => return Ok(self.withdraw()),
            [event, name, amount] => return self.event(name, event, Some(money(amount))),
            [event, name] => return self.event(name, event, None),
            _ => panic!("unknown step {words:?}"),
        }
        Ok(true)
    }

    /// The laws that hold after every step.
    fn check(&self) {
        let current = || self.orders.values().map(|order| order.clone().at_epoch(self.epoch));
        let sum = |what: fn(&CreditOrder) -> i64| current().map(|order| what(&order)).sum::<i64>();
        assert_eq!(sum(|o| o.receivable_minor), self.balance(AccountRole::Receivable), "used = Σ orders");
        assert_eq!(sum(|o| o.reserved_minor), self.reserved, "reserved = Σ orders");
        assert_eq!(sum(|o| o.due_minor), self.due, "due = Σ orders");
        assert_eq!(sum(|o| i64::from(o.unshipped_minor() > 0)), self.to_ship, "to be shipped = Σ orders");
        assert!(self.owed >= 0, "nobody owes less than nothing");
        let owed = sum(|o| o.liability_minor) + self.owed;
        assert_eq!(
            owed,
            self.balance(AccountRole::Liability),
            "liability = Σ orders + what is owed beside them"
        );
        assert!(self.balance(AccountRole::Proceeds) >= 0, "never below the floor");
        for order in current() {
            let amounts = [
                order.reserved_minor,
                order.receivable_minor - order.due_minor,
                order.due_minor,
                order.liability_minor,
                order.held_minor,
                order.prepaid_minor,
                order.paid_minor,
                order.payable_minor(),
                order.unshipped_minor() - order.prepaid_minor,
                order.expired_minor,
                order.cancelled_minor - order.expired_minor,
                order.to_advance_minor() - order.reserved_minor,
                order.shipped_minor - order.forgiven_minor - order.returned_minor,
                order.shipped_unpaid_minor()
                    - (order.receivable_minor - order.due_minor)
                    - order.liability_minor
                    - order.held_minor,
            ];
            assert!(amounts.iter().all(|amount| *amount >= 0), "{amounts:?} {order:?}");
        }
    }
}

fn answer(input: &str) -> String {
    let mut shop = Shop::new(money("1000.00"));
    let mut out = String::new();
    for step in input.split(';') {
        let words: Vec<&str> = step.split_whitespace().collect();
        match shop.step(&words) {
            Ok(true) => {}
            Ok(false) => out.push_str("unchanged, "),
            Err(rejection) => write!(out, "{}, ", rejection.code()).expect("writing to a string"),
        }
        shop.check();
    }
    let of = |role| decimal(shop.balance(role));
    write!(
        out,
        "used {} reserved {} available {} due {} liability {} proceeds {}",
        of(AccountRole::Receivable),
        decimal(shop.reserved),
        decimal(shop.facts().available_minor),
        decimal(shop.due),
        of(AccountRole::Liability),
        of(AccountRole::Proceeds)
    )
    .expect("writing to a string");
    for (name, order) in &shop.orders {
        let order = order.clone().at_epoch(shop.epoch);
        write!(out, " | {name} {}", order.status().name()).expect("writing to a string");
        if let Some(bucket) = order.overdue(Zone::shanghai().date(shop.now)) {
            write!(out, " overdue {}", bucket.name()).expect("writing to a string");
        }
    }
    out
}

#[test]
fn cases() {
    support::run("credit_orders", answer);
}

#[derive(Debug, Clone)]
enum Op {
    Event(u8, usize, i64),
    Limit(i64),
    Withdraw,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0u8..12, 0usize..4, 1i64..60_000).prop_map(|(event, order, amount)| Op::Event(event, order, amount)),
        1 => (0i64..200_000).prop_map(Op::Limit),
        1 => Just(Op::Withdraw),
    ]
}

const EVENTS: [&str; 12] = [
    "authorise",
    "ship",
    "pay",
    "cancel",
    "refund",
    "write_off",
    "recourse",
    "hold",
    "release",
    "deny",
    "expire",
    "late",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn used_reserved_and_due_are_never_wrong_c11_c12(ops in proptest::collection::vec(op(), 1..60)) {
        let mut shop = Shop::new(100_000);
        for op in ops {
            match op {
                Op::Limit(total) => shop.total = total,
                Op::Withdraw => { shop.withdraw(); }
                Op::Event(event, order, amount) => {
                    let (name, event) = (format!("o{order}"), EVENTS[usize::from(event)]);
                    if event == "authorise" || shop.orders.contains_key(&name) {
                        // A refusal changes nothing; the laws below must hold all the same.
                        let _ = shop.event(&name, event, Some(amount));
                    }
                }
            }
            shop.check();
        }
    }

    #[test]
    fn what_is_shipped_and_paid_is_the_merchants_c11(amounts in proptest::collection::vec(1i64..50_000, 1..5), order in any::<u64>(), total in 0i64..100_000, withdraws in any::<u8>()) {
        let mut shop = Shop::new(total);
        let mut steps: Vec<(String, &str, i64)> = Vec::new();
        for (n, amount) in amounts.iter().enumerate() {
            let (part, name) = (amount / 3 + 1, format!("o{n}"));
            let parts: Vec<i64> = if part < *amount { vec![part, amount - part] } else { vec![*amount] };
            shop.event(&name, "authorise", Some(*amount)).unwrap();
            for (nth, part) in parts.into_iter().enumerate() {
                // Held or not, released or denied: what is shipped and paid is the merchant's.
                let ship = if (n + nth) % 2 == 0 { "ship" } else { "hold" };
                steps.push((name.clone(), ship, part));
                steps.push((name.clone(), "pay", part));
            }
        }
        // Any order of events: payments may come before the goods are on their way.
        let mut seed = order;
        while !steps.is_empty() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (name, event, amount) = steps.swap_remove(usize::try_from(seed >> 33).unwrap() % steps.len());
            shop.event(&name, event, Some(amount)).unwrap();
            let decision = if seed & 2 == 0 { "release" } else { "deny" };
            if event == "hold" && seed & 4 == 0 && shop.orders[&name].held_minor > 0 {
                shop.event(&name, decision, None).unwrap();
            }
            if seed.is_multiple_of(u64::from(withdraws) + 2) {
                shop.withdraw();
            }
            shop.check();
        }
        let whole: i64 = amounts.iter().sum();
        let proceeds = shop.balance(AccountRole::Proceeds) - shop.balance(AccountRole::Liability);
        prop_assert_eq!(shop.withdrawn + proceeds, whole);
        prop_assert_eq!((shop.balance(AccountRole::Receivable), shop.reserved, shop.due), (0, 0, 0));
        prop_assert!(shop.orders.values().all(|o| o.clone().at_epoch(shop.epoch).is_closed()));
    }
}
