//! The closed registry of policy keys (P4).
//!
//! A key is a constant whose type says what its value is in code. The tables of the areas below are the only place
//! where keys are declared: name in packs, row of the spec, shape with bounds, and whether a change needs notice (fees
//! and limits that parties rely on).

use std::marker::PhantomData;

use super::{
    kinds::{Amount, Flag},
    value::Shape,
};

/// A key of kind `K`. Its values are read with [`super::PolicyView::get`].
#[derive(Debug)]
pub struct Key<K> {
    slot: usize,
    kind: PhantomData<K>,
}

impl<K> Clone for Key<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Key<K> {}

impl<K> Key<K> {
    const fn new(slot: usize) -> Self {
        Self { slot, kind: PhantomData }
    }

    /// Position in [`REGISTRY`].
    pub(super) const fn slot(self) -> usize {
        self.slot
    }

    /// Name, row, shape and text of this key.
    pub fn spec(self) -> Option<&'static KeySpec> {
        REGISTRY.get(self.slot).copied()
    }
}

/// What the registry knows of a key.
#[derive(Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Dotted name in packs.
    pub name: &'static str,
    /// Row of the spec that it serves.
    pub row: &'static str,
    /// What its value must look like.
    pub shape: Shape,
    /// True for fees and limits whose change needs days of notice (electronic commerce law, art. 34).
    pub notice: bool,
    doc: &'static str,
}

impl KeySpec {
    /// One line that says what it is for.
    pub fn doc(&self) -> &'static str {
        self.doc.trim()
    }
}

/// A key by its name in packs, with its position in [`REGISTRY`].
pub(super) fn find(name: &str) -> Option<(usize, &'static KeySpec)> {
    REGISTRY.iter().copied().enumerate().find(|(_, spec)| spec.name == name)
}

/// The keys of one rail.
#[derive(Debug, Clone, Copy)]
pub struct RailKeys {
    /// Its kill switch.
    pub enabled: Key<Flag>,
    /// Its largest single payout.
    pub single_limit: Key<Amount>,
    /// Float below which finance is told.
    pub low_float: Key<Amount>,
}

/// The rails that policy knows, by name.
pub const RAILS: &[&str] = &["sandbox", "alipay", "bank-file"];

/// The keys of a rail by its name (`sandbox`, `alipay`, `bank-file`); `None` for a rail without policy.
pub fn of_rail(rail: &str) -> Option<RailKeys> {
    let (enabled, single_limit, low_float) = match rail {
        "sandbox" => (RAIL_SANDBOX_ENABLED, RAIL_SANDBOX_SINGLE_LIMIT, RAIL_SANDBOX_LOW_FLOAT),
        "alipay" => (RAIL_ALIPAY_ENABLED, RAIL_ALIPAY_SINGLE_LIMIT, RAIL_ALIPAY_LOW_FLOAT),
        "bank-file" => (RAIL_BANK_FILE_ENABLED, RAIL_BANK_FILE_SINGLE_LIMIT, RAIL_BANK_FILE_LOW_FLOAT),
        _ => return None,
    };
    Some(RailKeys { enabled, single_limit, low_float })
}

/// Upper bound of amounts: 100 billion yuan, so that sums of a few stay far from overflow.
const MOST_MINOR: i64 = 10_000_000_000_000;

macro_rules! needs_notice {
    (notice) => {
        true
    };
    () => {
        false
    };
}

/// One line per key: text, constant, kind with bounds, name in packs, row, and `notice` for fees and limits. The
/// number of the area is its place in [`AREAS`].
macro_rules! registry {
    (area $area:literal; $(
        $(#[doc = $doc:literal])+
        $name:ident: $kind:ty, ($($bound:expr),*) = $text:literal, $row:ident $($notice:ident)?;
    )*) => {
        /// Positions in the area.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named like the constants they number")]
        enum Slot { $($name),* }

        $(
            $(#[doc = $doc])+
            #[doc = concat!("\n\n`", $text, "`, row ", stringify!($row), ".")]
            pub const $name: super::Key<$kind> = super::Key::new(super::first($area) + Slot::$name as usize);
        )*

        /// Every key of the area.
        pub(super) const KEYS: &[super::KeySpec] = &[$(
            super::KeySpec {
                name: $text,
                row: stringify!($row),
                shape: <$kind>::shape($($bound),*),
                notice: needs_notice!($($notice)?),
                doc: concat!($($doc),+),
            },
        )*];
    };
}

mod ads;
mod creators;
mod credit;
mod platform;
mod proceeds;

pub use ads::*;
pub use creators::*;
pub use credit::*;
pub use platform::*;
pub use proceeds::*;

/// The areas in the order of the default pack.
const AREAS: [&[KeySpec]; 5] = [platform::KEYS, creators::KEYS, credit::KEYS, proceeds::KEYS, ads::KEYS];

/// Position in [`REGISTRY`] of the first key of an area.
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler evaluates it and refuses an index that is not there"
)]
const fn first(area: usize) -> usize {
    let (mut keys, mut before) = (0, 0);
    while before < area {
        keys += AREAS[before].len();
        before += 1;
    }
    keys
}

#[expect(
    clippy::indexing_slicing,
    reason = "the compiler evaluates it and refuses an index that is not there"
)]
const fn all() -> [&'static KeySpec; first(AREAS.len())] {
    let mut all = [&AREAS[0][0]; first(AREAS.len())];
    let (mut area, mut slot) = (0, 0);
    while area < AREAS.len() {
        let mut key = 0;
        while key < AREAS[area].len() {
            all[slot] = &AREAS[area][key];
            slot += 1;
            key += 1;
        }
        area += 1;
    }
    all
}

/// Every key, in the order of the default pack.
pub static REGISTRY: &[&KeySpec] = &all();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_dotted_lower_case() {
        for (slot, spec) in REGISTRY.iter().enumerate() {
            assert_eq!(find(spec.name).map(|(found, _)| found), Some(slot), "{} twice", spec.name);
            let parts: Vec<&str> = spec.name.split('.').collect();
            let plain =
                |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(parts.len() >= 2 && parts.iter().all(plain), "{}", spec.name);
            assert!(spec.doc().ends_with('.') && spec.doc().lines().count() == 1, "{}", spec.name);
        }
    }

    #[test]
    fn constants_name_their_keys() {
        assert_eq!(
            SERVICE_FEE_INDEPENDENT.spec().map(|s| s.name),
            Some("settlement.service_fee.independent")
        );
        let first = [
            PAYOUTS_ENABLED.spec(),
            WITHDRAWAL_MINIMUM.spec(),
            NEW_SHOP_LEVEL_AMOUNT.spec(),
            CLOSED_WINDOW.spec(),
            AD_TOP_UP_FIRST_MINIMUM.spec(),
        ];
        assert_eq!(first, AREAS.map(|keys| keys.first()));
        assert_eq!(AD_REFUND_ENABLED.spec(), REGISTRY.last().copied());
        assert!(
            of_rail("bank-file").is_some_and(|keys| keys.enabled.slot() == RAIL_BANK_FILE_ENABLED.slot())
        );
        assert!(of_rail("carrier-pigeon").is_none());
    }
}
