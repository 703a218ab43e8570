//! Signs of one order.

use super::RiskTerms;
use crate::money::Rounding;
use crate::time::Timestamp;

macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $id:literal, $zh:literal, $en:literal;)*) => {
        /// A sign. Names are stored and stand in policy; the texts are for staff only (C10).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Signal { $($(#[$doc])* $name,)* }

        impl Signal {
            /// All signs in their order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Names in the same order.
            pub const NAMES: &'static [&'static str] = &[$($id,)*];
            /// Stable name, as the API, storage and policy write it.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $id,)* } }
            /// What it is, in Chinese.
            pub const fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
            /// What it is, in English.
            pub const fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
            const fn bit(self) -> u16 { match self { $(Self::$name => 1 << $bit,)* } }
            /// Position in [`Signal::ALL`].
            pub const fn index(self) -> usize { match self { $(Self::$name => $bit,)* } }
        }
    };
}

signals! {
    /// Most of the shop's orders are pay-later orders. Of a shop only.
    PayLaterShare = 0, "pay_later_share", "先用后付订单占比过高", "Nearly all orders are pay-later orders";
    /// The price is a round amount.
    RoundAmount = 1, "round_amount", "金额为整数", "Round amounts";
    /// The price takes most of the limit at once.
    NearLimit = 2, "near_limit", "单笔金额接近额度", "Amounts near the limit";
    /// Ordered from a device of the merchant.
    SameDevice = 3, "same_device", "买家与商家设备相同", "The merchant's own device";
    /// To an address of the merchant.
    SameAddress = 4, "same_address", "收货地址与商家相同", "The merchant's own address";
    /// Paid by or from an account of the merchant's payee.
    SamePayee = 5, "same_payee", "买家与商家收款人相同", "The merchant's own payee";
    /// Shipped, and nobody scanned the parcel.
    NoScan = 6, "no_scan", "发货后无物流揽收记录", "No logistics scan after shipping";
    /// Paid or advanced, drawn, refunded.
    DrawnAndRefunded = 7, "drawn_and_refunded", "提取货款后退款", "Drawn, then refunded";
    /// Made right after the limit rose.
    AfterIncrease = 8, "after_increase", "提额后立即使用", "Used right after an increase";
}

impl Signal {
    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|signal| signal.name() == name)
    }
}

/// A set of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals(u16);

impl Signals {
    /// None.
    pub const NONE: Self = Self(0);

    /// With one more.
    #[must_use]
    pub const fn with(self, signal: Signal) -> Self {
        Self(self.0 | signal.bit())
    }

    /// With one more if so.
    #[must_use]
    pub const fn with_if(self, signal: Signal, so: bool) -> Self {
        if so { self.with(signal) } else { self }
    }

    /// Without one.
    #[must_use]
    pub const fn without(self, signal: Signal) -> Self {
        Self(self.0 & !signal.bit())
    }

    /// With all of another set.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is among them.
    pub const fn has(self, signal: Signal) -> bool {
        self.0 & signal.bit() != 0
    }

    /// As a number, as storage keeps it.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// From [`Signals::bits`]; what this version does not know is left out.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & ((1 << Signal::ALL.len()) - 1))
    }
}

/// What is remembered of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Its signs.
    pub signals: Signals,
    /// The parcel was scanned.
    pub scanned: bool,
    /// People are looking at it.
    pub under_review: bool,
    /// People found that it was made for cash-out: the ground for recourse (C11).
    pub abuse: bool,
}

const SCANNED: i64 = 1 << 16;
const UNDER_REVIEW: i64 = 1 << 17;
const ABUSE: i64 = 1 << 18;

impl Marks {
    /// As a number, as storage keeps it.
    pub fn bits(self) -> i64 {
        let flag = |on: bool, bit: i64| if on { bit } else { 0 };
        i64::from(self.signals.bits())
            | flag(self.scanned, SCANNED)
            | flag(self.under_review, UNDER_REVIEW)
            | flag(self.abuse, ABUSE)
    }

    /// From [`Marks::bits`].
    pub fn from_bits(bits: i64) -> Self {
        Self {
            signals: Signals::from_bits(u16::try_from(bits & 0xffff).unwrap_or(0)),
            scanned: bits & SCANNED != 0,
            under_review: bits & UNDER_REVIEW != 0,
            abuse: bits & ABUSE != 0,
        }
    }
}

/// An order when it is authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFacts {
    /// Price, minor units.
    pub amount_minor: i64,
    /// The shop's limit, minor units.
    pub total_minor: i64,
    /// What the platform says of buyer and merchant.
    pub reported: Signals,
    /// When.
    pub at: Timestamp,
    /// When the limit rose last.
    pub raised_at: Option<Timestamp>,
}

/// The signs of an order that is authorised.
pub fn of_authorisation(order: &OrderFacts, terms: &RiskTerms) -> Signals {
    let unit = terms.round_unit_minor.max(1);
    let near = terms.near_limit.of(order.total_minor, Rounding::Up).unwrap_or(i64::MAX);
    order
        .reported
        .with_if(Signal::RoundAmount, order.amount_minor % unit == 0)
        .with_if(Signal::NearLimit, order.total_minor > 0 && order.amount_minor >= near)
        .with_if(Signal::AfterIncrease, after_increase(order.raised_at, order.at, terms))
}

/// Whether an instant lies right after an increase.
pub fn after_increase(raised_at: Option<Timestamp>, at: Timestamp, terms: &RiskTerms) -> bool {
    raised_at.is_some_and(|raised| raised <= at && at < raised.plus(terms.increase_us))
}

/// A limit before and after an evaluation, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increase {
    /// Before.
    pub before_minor: i64,
    /// After.
    pub total_minor: i64,
}

impl Increase {
    /// Whether it rose by enough to matter. From nothing, everything does.
    pub fn counts(self, terms: &RiskTerms) -> bool {
        let least = terms.increase_least.of(self.before_minor, Rounding::Up).unwrap_or(i64::MAX);
        self.total_minor > self.before_minor && self.total_minor - self.before_minor >= least
    }
}
