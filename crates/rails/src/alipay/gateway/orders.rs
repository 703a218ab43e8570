//! The fake gateway's own books: what it was asked to pay, what it did, and what it lets its caller know.

use std::collections::{BTreeMap, VecDeque};

use super::super::codes::{Class, class_of};

/// What an order meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Paid, and said so.
    Pay,
    /// The request is lost: no answer, and nobody knows of it until it is sent again.
    LostRequest,
    /// Paid; the answer is lost.
    LostReply,
    /// No answer, then being dealt with, then paid.
    LateSuccess,
    /// No answer, then being dealt with, then failed.
    LateFailure,
    /// Paid; the notice comes three times.
    DuplicateNotify,
    /// Paid; the money comes back later.
    Bounce,
    /// The payer's balance is short once, before an order is made.
    FundsShort,
    /// An order is made and fails because the payer's balance is short: under its number it stays that. A payee of
    /// that name meets it while the balance is short.
    FundsFailed,
    /// Too many requests once.
    Throttled,
    /// Paid, the answer is lost, and the first query does not know of it yet.
    StaleQuery,
    /// Paid; the answer is signed with a key that nobody knows.
    BadSignature,
    /// A system error once; nothing was done.
    SystemError,
    /// No answer in time; paid all the same.
    Hang,
    /// Being dealt with, for as long as anybody asks; paid only when told to.
    Silent,
    /// Every request is lost.
    LostForGood,
    /// Refused with this code.
    Code(String),
}

const FATES: &[(&str, Fate)] = &[
    ("ok", Fate::Pay),
    ("lost_request", Fate::LostRequest),
    ("lost_reply", Fate::LostReply),
    ("late_success", Fate::LateSuccess),
    ("late_failure", Fate::LateFailure),
    ("duplicate_callback", Fate::DuplicateNotify),
    ("bounce", Fate::Bounce),
    ("funds_short", Fate::FundsShort),
    ("funds_failed", Fate::FundsFailed),
    ("throttled", Fate::Throttled),
    ("stale_query", Fate::StaleQuery),
    ("bad_signature", Fate::BadSignature),
    ("system_error", Fate::SystemError),
    ("hang", Fate::Hang),
    ("silent", Fate::Silent),
    ("lost_for_good", Fate::LostForGood),
];

impl Fate {
    /// By name: one of the fates, or a listed error code in either case.
    pub fn named(name: &str) -> Option<Self> {
        if let Some((_, fate)) = FATES.iter().find(|(known, _)| *known == name) {
            return Some(fate.clone());
        }
        let upper = name.to_ascii_uppercase();
        [name, upper.as_str()]
            .into_iter()
            .find(|code| class_of(code).is_some())
            .map(|code| Self::Code(code.to_owned()))
    }

    /// Names of the fates, for help texts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FATES.iter().map(|(name, _)| *name)
    }

    /// The fate that a payee's number names: the last part, by dots, of what stands before `@`.
    fn of_payee(identity: &str) -> Option<Self> {
        let (local, _) = identity.split_once('@')?;
        Self::named(local.rsplit('.').next()?)
    }
}

/// State of an order as the gateway tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not decided.
    Dealing,
    /// Paid.
    Success,
    /// Not paid.
    Fail,
    /// Paid and returned.
    Refund,
}

impl Status {
    /// As the gateway writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dealing => "DEALING",
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
            Self::Refund => "REFUND",
        }
    }
}

/// An order in the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Minor units.
    pub amount_minor: i64,
    /// The whole request, to see whether it is the same again.
    content: String,
    /// What it meets.
    pub fate: Fate,
    /// False while the request counts as lost.
    pub known: bool,
    /// State.
    pub status: Status,
    /// Code of a failure or return.
    pub error_code: String,
    /// How often it was sent.
    pub sends: u32,
    /// How often it was asked about.
    pub queries: u32,
    /// How often money left: more than once would be a double payment.
    pub paid: u32,
    /// How often it came back.
    pub returned: u32,
    bounces: bool,
}

/// What the caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The order as it stands.
    Order,
    /// The order as it stands, signed with a wrong key.
    BadlySigned,
    /// A code and a sub-code.
    Refused(&'static str, String),
    /// The connection ends without an answer.
    Nothing,
    /// Nothing, and not even the end of the connection.
    Late,
}

/// All orders and the payer's balance.
#[derive(Debug, Default)]
pub struct Orders {
    /// By reference.
    pub by_reference: BTreeMap<String, Order>,
    /// The payer's balance, minor units.
    pub balance_minor: i64,
    next: VecDeque<Fate>,
    changed: Vec<String>,
}

/// A limit that begins anew by itself: sent again later, the order is paid.
fn passes(code: &str) -> bool {
    matches!(class_of(code), Some(Class::LimitDay | Class::LimitMonth))
}

fn business(code: &str) -> Said {
    Said::Refused("40004", code.to_owned())
}

impl Orders {
    /// No orders yet.
    pub(super) fn of(balance_minor: i64) -> Self {
        Self { balance_minor, ..Self::default() }
    }

    /// The next `times` new orders meet this, whoever the payee is.
    pub fn meet_next(&mut self, fate: &Fate, times: usize) {
        self.next.extend(std::iter::repeat_n(fate.clone(), times));
    }

    /// References whose state changed since the last call, in order; a fate may repeat them.
    pub fn take_changed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.changed)
    }

    /// Lets time pass: what is to come back comes back.
    pub fn pass(&mut self) {
        let due: Vec<String> = self
            .by_reference
            .iter()
            .filter(|(_, order)| order.bounces && order.status == Status::Success)
            .map(|(reference, _)| reference.clone())
            .collect();
        for reference in due {
            self.take_back(&reference);
        }
    }

    /// Takes a paid order's money back; false when it is not there or not paid.
    pub fn take_back(&mut self, reference: &str) -> bool {
        let Some(order) = self.by_reference.get_mut(reference) else { return false };
        if order.status != Status::Success {
            return false;
        }
        order.status = Status::Refund;
        "PAYEE_CARD_INFO_ERROR".clone_into(&mut order.error_code);
        order.returned += 1;
        self.balance_minor += order.amount_minor;
        self.changed.push(reference.to_owned());
        true
    }

    /// Takes an order in, or looks at it again.
    pub(super) fn send(&mut self, reference: &str, amount_minor: i64, content: &str, identity: &str) -> Said {
        if let Some(known) = self.by_reference.get(reference)
            && known.content != content
        {
            return business("PAYMENT_INFO_INCONSISTENCY");
        }
        if !self.by_reference.contains_key(reference) {
            let enough = self.balance_minor >= amount_minor;
            let of_payee = || Fate::of_payee(identity).filter(|fate| *fate != Fate::FundsFailed || !enough);
            let fate = self.next.pop_front().or_else(of_payee).unwrap_or(Fate::Pay);
            let order = Order {
                amount_minor,
                content: content.to_owned(),
                bounces: fate == Fate::Bounce,
                fate,
                known: false,
                status: Status::Dealing,
                error_code: String::new(),
                sends: 0,
                queries: 0,
                paid: 0,
                returned: 0,
            };
            self.by_reference.insert(reference.to_owned(), order);
        }
        let Some(order) = self.by_reference.get_mut(reference) else { return Said::Nothing };
        order.sends += 1;
        if order.known {
            // Sent again: the first result, whatever it was.
            return Said::Order;
        }
        let first = order.sends == 1;
        match (order.fate.clone(), first) {
            (Fate::LostRequest, true) | (Fate::LostForGood, _) => Said::Nothing,
            (Fate::SystemError, true) => Said::Refused("20000", "aop.unknow-error".to_owned()),
            (Fate::FundsShort, true) => business("PAYER_BALANCE_NOT_ENOUGH"),
            (Fate::Throttled, true) => Said::Refused("40005", "isv.app-call-limited".to_owned()),
            (Fate::Code(code), first) if first || !passes(&code) => business(&code),
            (Fate::FundsFailed, _) => {
                order.known = true;
                order.status = Status::Fail;
                "PAYER_BALANCE_NOT_ENOUGH".clone_into(&mut order.error_code);
                self.changed.push(reference.to_owned());
                Said::Order
            }
            (Fate::LateSuccess | Fate::LateFailure | Fate::Silent, _) => {
                order.known = true;
                Said::Nothing
            }
            (fate, _) => {
                if self.balance_minor < amount_minor {
                    return business("BALANCE_IS_NOT_ENOUGH");
                }
                self.pay(reference);
                match fate {
                    Fate::LostReply | Fate::StaleQuery if first => Said::Nothing,
                    Fate::Hang if first => Said::Late,
                    Fate::BadSignature if first => Said::BadlySigned,
                    _ => Said::Order,
                }
            }
        }
    }

    /// Pays an order that is being dealt with; false when there is none.
    pub fn decide(&mut self, reference: &str) -> bool {
        let dealing = |order: &Order| order.known && order.status == Status::Dealing;
        let is = self.by_reference.get(reference).is_some_and(dealing);
        if is {
            self.pay(reference);
        }
        is
    }

    fn pay(&mut self, reference: &str) {
        let Some(order) = self.by_reference.get_mut(reference) else { return };
        order.known = true;
        order.status = Status::Success;
        order.paid += 1;
        self.balance_minor -= order.amount_minor;
        let times = if order.fate == Fate::DuplicateNotify { 3 } else { 1 };
        self.changed.extend(std::iter::repeat_n(reference.to_owned(), times));
    }

    /// Says what became of an order; deciding takes until the third question.
    pub(super) fn query(&mut self, reference: &str) -> Said {
        let Some(order) = self.by_reference.get_mut(reference).filter(|order| order.known) else {
            return business("ORDER_NOT_EXIST");
        };
        order.queries += 1;
        let (fate, queries) = (order.fate.clone(), order.queries);
        if fate == Fate::StaleQuery && queries == 1 {
            return business("ORDER_NOT_EXIST");
        }
        if order.status == Status::Dealing && queries > 2 && fate != Fate::Silent {
            if fate == Fate::LateFailure {
                order.status = Status::Fail;
                "PAYEE_NOT_EXIST".clone_into(&mut order.error_code);
                self.changed.push(reference.to_owned());
            } else {
                self.pay(reference);
            }
        }
        Said::Order
    }
}
