//! Cases and laws of the payments module (P11).
mod support;

use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::{
    ids::{PartyId, PaymentId, PaymentOrderId, PaymentRefundId, Uid},
    money::{Currency, decimal, parse_decimal},
    payments::{
        AccountFacts, CreateTerms, Incoming, Method, Order, PayerFacts, Payment, Place, Posting, Purpose,
        Receipt, Refund, RefundFacts, RefundOutcome, RefundState, RefundStep, RefundStops, Rejection,
        Request, Role, State, assign, close_now, create, fund, open, receive, refund, refund_outcome, repay,
        time_out, unassigned,
    },
    time::{HOUR, MINUTE, Timestamp},
};

/// One payer and everything that happened so far.
struct World {
    payer: PayerFacts,
    refunds: RefundFacts,
    terms: CreateTerms,
    currency: Currency,
    method: Method,
    now: Timestamp,
    orders: Vec<Order>,
    payments: Vec<Payment>,
    given: Vec<Refund>,
    float_minor: i64,
    suspense_minor: i64,
    cash_minor: i64,
    reserved_minor: i64,
    arrears_minor: i64,
    events: Vec<&'static str>,
}

fn uid(number: usize) -> Uid {
    Uid([u8::try_from(number).expect("few"); 16])
}

impl World {
    fn new() -> Self {
        Self {
            payer: PayerFacts {
                closed: false,
                advertiser: true,
                paid_before: false,
                open: 0,
                method_available: true,
            },
            refunds: RefundFacts {
                stops: RefundStops { refunds_on: true, frozen: false, stopped: false },
                available_minor: 0,
                float_minor: 0,
            },
            terms: CreateTerms {
                currency: Currency::CNY,
                first_minimum_minor: 50_000,
                minimum_minor: 20_000,
                maximum_minor: 10_000_000_000,
                open_most: 20,
                time_out_us: 15 * MINUTE,
            },
            currency: Currency::CNY,
            method: Method::Sandbox,
            now: Timestamp(0),
            orders: Vec::new(),
            payments: Vec::new(),
            given: Vec::new(),
            float_minor: 0,
            suspense_minor: 0,
            cash_minor: 0,
            reserved_minor: 0,
            arrears_minor: 0,
            events: Vec::new(),
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "closed" => self.payer.closed = true,
            "role" => self.payer.advertiser = false,
            "method" if value == "none" => self.payer.method_available = false,
            "method" => self.method = Method::named(value).expect("a method"),
            "currency" => self.currency = value.parse().expect("a currency"),
            "before" => self.payer.paid_before = true,
            "open" => self.payer.open = value.parse().expect("a number"),
            "arrears" => self.arrears_minor = money(value),
            "frozen" => self.refunds.stops.frozen = true,
            "stopped" => self.refunds.stops.stopped = true,
            "refunds" => self.refunds.stops.refunds_on = false,
            "spent" => self.cash_minor -= money(value),
            "float" => self.float_minor = money(value),
            _ => panic!("unknown option {key}"),
        }
    }

    fn account(&self) -> AccountFacts {
        AccountFacts { closed: self.payer.closed, arrears_minor: self.arrears_minor }
    }

    fn post(&mut self, postings: &[Posting]) {
        for posting in postings {
            assert!(posting.amount_minor > 0);
            match posting.from {
                Role::Float => self.float_minor += posting.amount_minor,
                Role::Suspense => self.suspense_minor -= posting.amount_minor,
                other => panic!("money from {other:?}"),
            }
            match posting.to {
                Role::Arrears => self.arrears_minor -= posting.amount_minor,
                Role::Cash => self.cash_minor += posting.amount_minor,
                Role::Suspense => self.suspense_minor += posting.amount_minor,
                Role::Float => panic!("money to the float"),
            }
        }
    }

    fn order(&self) -> &Order {
        self.orders.last().expect("an order")
    }

    fn keep(&mut self, order: Order) {
        let before = self.orders.iter_mut().find(|o| o.id == order.id).expect("known");
        assert!(
            before.state == order.state || before.state.successors().contains(&order.state),
            "{:?} → {:?} is not in the table",
            before.state,
            order.state
        );
        *before = order;
    }

    fn create(&mut self, amount: i64) -> Result<(), Rejection> {
        let request = Request {
            purpose: Purpose::AdTopUp,
            method: self.method,
            amount_minor: amount,
            currency: self.currency,
        };
        let id = PaymentOrderId(uid(self.orders.len() + 1));
        let party = PartyId(uid(1));
        self.orders.push(create(id, party, &request, &self.payer, &self.terms, self.now)?);
        self.events.push("payment_order.created");
        Ok(())
    }

    fn pay(&mut self, amount: i64) -> Result<(), Rejection> {
        let id = PaymentId(uid(self.payments.len() + 1));
        let incoming = Incoming { id, method: self.method, amount_minor: amount };
        let Receipt { order, payment, postings, events } =
            receive(self.order(), &incoming, &self.account(), self.now)?;
        self.keep(order);
        self.payments.push(payment);
        self.post(&postings);
        self.events.extend(events);
        Ok(())
    }

    fn stray(&mut self, amount: i64) -> Result<(), Rejection> {
        let id = PaymentId(uid(self.payments.len() + 1));
        let (payment, posting) =
            unassigned(&Incoming { id, method: Method::BankTransfer, amount_minor: amount })?;
        self.payments.push(payment);
        self.post(&[posting]);
        Ok(())
    }

    fn assign(&mut self, to_order: bool) -> Result<(), Rejection> {
        let payment = self.payments.last().expect("a payment").clone();
        let order = to_order.then(|| self.order().clone());
        let done = assign(&payment, PartyId(uid(1)), order.as_ref(), &self.account(), self.now)?;
        if let Some(order) = done.order {
            self.keep(order);
        }
        *self.payments.last_mut().expect("a payment") = done.payment;
        self.post(&done.postings);
        self.events.extend(done.events);
        Ok(())
    }

    fn refund(&mut self, number: usize, amount: Option<i64>) -> Result<(), Rejection> {
        let facts = RefundFacts {
            available_minor: self.cash_minor - self.reserved_minor,
            float_minor: self.float_minor,
            ..self.refunds
        };
        let id = PaymentRefundId(uid(self.given.len() + 1));
        let (payment, given) = refund(id, &self.payments[number - 1], amount, &facts)?;
        if payment.place == Place::Credited {
            self.reserved_minor += given.amount_minor;
        }
        self.payments[number - 1] = payment;
        self.given.push(given);
        Ok(())
    }

    fn outcome(&mut self, outcome: &RefundOutcome) -> Result<(), Rejection> {
        let given = self.given.last().expect("a refund").clone();
        let payment = self.payments.iter().find(|p| p.id == given.payment).expect("known").clone();
        let order = self.orders.iter().find(|o| Some(o.id) == payment.order).cloned();
        let credited = payment.place == Place::Credited;
        let (given, payment) = match refund_outcome(&given, &payment, order.as_ref(), outcome)? {
            RefundStep::Settle(given, payment, order) => {
                if let Some(order) = order {
                    self.keep(order);
                }
                self.float_minor -= given.amount_minor;
                if credited {
                    self.reserved_minor -= given.amount_minor;
                    self.cash_minor -= given.amount_minor;
                } else {
                    self.suspense_minor -= given.amount_minor;
                }
                (given, payment)
            }
            RefundStep::Release(given, payment) => {
                if credited {
                    self.reserved_minor -= given.amount_minor;
                }
                (given, payment)
            }
            RefundStep::Query(given) | RefundStep::Resend(given) => (given, payment),
            RefundStep::Nothing => return Ok(()),
        };
        let kept = self.payments.iter_mut().find(|p| p.id == given.payment).expect("known");
        *kept = payment;
        *self.given.last_mut().expect("a refund") = given;
        Ok(())
    }

    fn step(&mut self, text: &str) -> Result<(), Rejection> {
        let (options, words): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|w| w.contains('='));
        for option in options {
            let (key, value) = option.split_once('=').expect("an option");
            self.set(key, value);
        }
        let amount = |at: usize| words.get(at).map(|text| money(text));
        match words.as_slice() {
            ["create", ..] => self.create(amount(1).expect("an amount")),
            ["open"] => {
                if let Some(order) = open(self.order()) {
                    self.keep(order);
                }
                Ok(())
            }
            ["pay", ..] => self.pay(amount(1).expect("an amount")),
            ["stray", ..] => self.stray(amount(1).expect("an amount")),
            ["assign", to] => self.assign(*to == "order"),
            ["wait", minutes] => {
                self.now = self.now.plus(minutes.parse::<i64>().expect("minutes") * MINUTE);
                Ok(())
            }
            ["close"] => {
                if let Some(order) = close_now(self.order(), self.now)? {
                    self.keep(order);
                }
                Ok(())
            }
            ["timeout"] => {
                if let Some(order) = time_out(self.order(), self.now) {
                    self.events.push(order.state.event());
                    self.keep(order);
                }
                Ok(())
            }
            ["repay"] => {
                let id = PaymentOrderId(uid(self.orders.len() + 1));
                let (new, old) = repay(self.order(), id, &self.payer, &self.terms, self.now)?;
                self.keep(old);
                self.orders.push(new);
                Ok(())
            }
            ["repay", "first"] => {
                let id = PaymentOrderId(uid(self.orders.len() + 1));
                repay(&self.orders[0], id, &self.payer, &self.terms, self.now).map(|_| ())
            }
            ["refund", number, ..] => self.refund(number.parse().expect("a number"), amount(2)),
            ["fund"] => {
                let given = self.given.last().expect("a refund").clone();
                let payment = self.payments.iter().find(|p| p.id == given.payment).expect("known");
                let funded = fund(&given, payment.method, self.float_minor).unwrap_or(given);
                *self.given.last_mut().expect("a refund") = funded;
                Ok(())
            }
            ["outcome", "paid"] => self.outcome(&RefundOutcome::Paid),
            ["outcome", "failed"] => self.outcome(&RefundOutcome::Failed { code: "NO".to_owned() }),
            ["outcome", "unknown"] => self.outcome(&RefundOutcome::Unknown),
            ["outcome", "not_found"] => self.outcome(&RefundOutcome::NotFound),
            [] => Ok(()),
            other => panic!("unknown step {other:?}"),
        }
    }

    fn show(&self) -> String {
        let mut out = String::new();
        for order in &self.orders {
            let _ = write!(out, "{} ", order.state.name());
        }
        let _ = write!(out, "| cash {} arrears {}", decimal(self.cash_minor), decimal(self.arrears_minor));
        if self.suspense_minor != 0 {
            let _ = write!(out, " suspense {}", decimal(self.suspense_minor));
        }
        for payment in &self.payments {
            let timing = payment.timing.map_or("-", purser_domain::payments::Timing::name);
            let _ = write!(out, " | {} {timing} {}", decimal(payment.amount_minor), payment.place.name());
            if payment.is_mismatched() {
                out.push_str(" other_amount");
            }
            if payment.offers_refund() {
                let _ = write!(out, " offers {}", decimal(payment.refundable_minor()));
            }
        }
        for given in &self.given {
            let _ = write!(out, " | back {} {}", decimal(given.amount_minor), given.state.name());
        }
        out
    }
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

#[test]
fn cases() {
    support::run("payments", |input| {
        let mut world = World::new();
        for step in input.split(';') {
            if let Err(rejection) = world.step(step) {
                return format!("{}: {rejection}", rejection.code());
            }
        }
        world.show()
    });
}

#[test]
fn codes_are_unique_and_every_state_is_reached_by_its_name() {
    let mut codes: Vec<&str> = Rejection::ALL.iter().map(Rejection::code).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count);
    for state in State::ALL {
        assert_eq!(State::named(state.name()), Some(*state));
    }
}

#[derive(Debug, Clone)]
enum Act {
    Open,
    Pay(i64),
    Stray(i64, bool),
    Wait,
    TimeOut,
    CloseNow,
    Owe(i64),
    CloseParty,
    Refund(usize, Option<i64>),
    Outcome(RefundOutcome),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Open),
        (1i64..100_000).prop_map(Act::Pay),
        (1i64..100_000, any::<bool>()).prop_map(|(a, o)| Act::Stray(a, o)),
        Just(Act::Wait),
        Just(Act::TimeOut),
        Just(Act::CloseNow),
        (1i64..50_000).prop_map(Act::Owe),
        Just(Act::CloseParty),
        (1usize..6, proptest::option::of(1i64..60_000)).prop_map(|(n, a)| Act::Refund(n, a)),
        prop_oneof![
            Just(RefundOutcome::Paid),
            Just(RefundOutcome::Failed { code: "F".to_owned() }),
            Just(RefundOutcome::Unknown),
            Just(RefundOutcome::NotFound),
        ]
        .prop_map(Act::Outcome),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// P11: whatever the order of time-out, late success, double payment and refund, every fen that came is in an
    /// account, in suspense, or went back, and nothing goes back twice.
    #[test]
    fn money_in_is_credited_held_or_given_back(acts in prop::collection::vec(acts(), 0..40)) {
        let mut world = World::new();
        world.create(50_000).expect("an order");
        let (mut owed, mut came) = (0i64, 0i64);
        for act in acts {
            let before = world.payments.len();
            // A refusal changes nothing; that is looked at below like everything else.
            let outcome = match &act {
                Act::Open => world.step("open"),
                Act::Pay(amount) => world.pay(*amount),
                Act::Stray(amount, to_order) => {
                    world.stray(*amount).and_then(|()| world.assign(*to_order).or(Ok(())))
                }
                Act::Wait => { world.now = world.now.plus(HOUR); Ok(()) }
                Act::TimeOut => world.step("timeout"),
                Act::CloseNow => world.step("close"),
                Act::Owe(amount) => { world.arrears_minor += amount; owed += amount; Ok(()) }
                Act::CloseParty => { world.payer.closed = true; Ok(()) }
                Act::Refund(number, amount) if *number <= world.payments.len() => world.refund(*number, *amount),
                Act::Outcome(outcome) if !world.given.is_empty() => {
                    let done = world.outcome(outcome);
                    if done.is_ok() && !matches!(outcome, RefundOutcome::Unknown | RefundOutcome::NotFound) {
                        let (cash, float) = (world.cash_minor, world.float_minor);
                        prop_assert_eq!(world.outcome(outcome), Ok(()), "said again");
                        prop_assert_eq!((cash, float), (world.cash_minor, world.float_minor));
                    }
                    done
                }
                Act::Refund(..) | Act::Outcome(_) => Ok(()),
            };
            let _ = outcome;
            came += world.payments.iter().skip(before).map(|p| p.amount_minor).sum::<i64>();
            let back: i64 =
                world.given.iter().filter(|g| g.state == RefundState::Paid).map(|g| g.amount_minor).sum();
            let on_its_way: i64 = world
                .given
                .iter()
                .filter(|g| !matches!(g.state, RefundState::Paid | RefundState::Failed))
                .map(|g| g.amount_minor)
                .sum();
            let paid_off = owed - world.arrears_minor;
            prop_assert_eq!(came, world.float_minor + back, "the float holds what came and did not go back");
            prop_assert_eq!(world.float_minor, world.cash_minor + paid_off + world.suspense_minor);
            prop_assert!(world.cash_minor >= world.reserved_minor && world.arrears_minor >= 0);
            prop_assert_eq!(world.payments.iter().map(|p| p.refunding_minor).sum::<i64>(), on_its_way);
            prop_assert_eq!(world.payments.iter().map(|p| p.refunded_minor).sum::<i64>(), back);
            for payment in &world.payments {
                prop_assert!(payment.refundable_minor() >= 0);
                let whole = payment.arrears_minor + payment.cash_minor;
                prop_assert_eq!(whole, if payment.place == Place::Credited { payment.amount_minor } else { 0 });
            }
            let order = world.order();
            let of_order = world.payments.iter().filter(|p| p.order == Some(order.id));
            prop_assert_eq!(order.received_minor, of_order.clone().map(|p| p.amount_minor).sum::<i64>());
            prop_assert_eq!(order.refunded_minor, of_order.map(|p| p.refunded_minor).sum::<i64>());
        }
    }
}
