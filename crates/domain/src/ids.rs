//! Identifiers: 128 bits, time-ordered, shown as `TypeID`s (`wd_01h…`).
//!
//! The bytes are what storage keeps and orders by; the prefix exists only in text, so that a person who pastes
//! the wrong kind of id is told so instead of getting "not found".

use std::{fmt, str::FromStr, sync::OnceLock};

use blake3::hazmat::{self, HasherExt as _};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// The 16 bytes behind every id. Ordered by creation time where they came from `UUIDv7`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uid(pub [u8; 16]);

impl Uid {
    /// The smallest id; never names anything.
    pub const NIL: Self = Self([0; 16]);

    /// True for [`Uid::NIL`].
    pub fn is_nil(self) -> bool {
        self == Self::NIL
    }

    /// Text form under a prefix, e.g. `acc_01h455vb4pex5vsknk084sn02q`.
    pub fn with_prefix(self, prefix: &str) -> String {
        match DynamicType::new(prefix) {
            Ok(kind) => TypeSafeId::from_type_and_uuid(kind, Uuid::from_bytes(self.0)).to_string(),
            Err(_) => Uuid::from_bytes(self.0).to_string(),
        }
    }

    /// Reads a text form and checks its prefix.
    ///
    /// # Errors
    /// [`IdError`] says which prefix was expected and what came.
    pub fn parse(text: &str, prefix: &'static str) -> Result<Self, IdError> {
        let id = TypeSafeId::<DynamicType>::from_str(text)
            .map_err(|_| IdError::Malformed { expected: prefix, got: shorten(text) })?;
        if id.type_prefix() != prefix {
            return Err(IdError::WrongKind { expected: prefix, got: id.type_prefix().to_owned() });
        }
        Ok(Self(*id.uuid().as_bytes()))
    }

    /// Derives an id from parts, the same parts always giving the same id (blake3, keyed by `context`).
    ///
    /// Parts are length-prefixed, so `("ab", "c")` and `("a", "bc")` differ.
    pub fn derive(context: &'static str, parts: &[&[u8]]) -> Self {
        Self::derived(blake3::Hasher::new_derive_key(context), parts)
    }

    fn derived(mut hasher: blake3::Hasher, parts: &[&[u8]]) -> Self {
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut out = [0u8; 16];
        hasher.finalize_xof().fill(&mut out);
        Self(out)
    }

    /// Like [`Uid::derive`] from `base` and parts, but with the time of `base` in front, so that rows kept in order
    /// of id stay near it and time-ordered ids stay the newest.
    #[must_use]
    pub fn derive_near(base: Self, context: &'static str, parts: &[&[u8]]) -> Self {
        let mut all: Vec<&[u8]> = vec![&base.0];
        all.extend_from_slice(parts);
        let mut out = Self::derive(context, &all);
        for (to, from) in out.0.iter_mut().zip(base.0).take(6) {
            *to = from;
        }
        out
    }
}

/// Derives the same ids as [`Uid::derive`] in a context that is hashed once: for what bulk calls derive by the thousand.
pub struct Derivation {
    context: &'static str,
    key: OnceLock<hazmat::ContextKey>,
}

impl Derivation {
    /// Ids in a context.
    pub const fn new(context: &'static str) -> Self {
        Self { context, key: OnceLock::new() }
    }

    /// The id of parts.
    pub fn uid(&self, parts: &[&[u8]]) -> Uid {
        let key = self.key.get_or_init(|| hazmat::hash_derive_key_context(self.context));
        Uid::derived(blake3::Hasher::new_from_context_key(key), parts)
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Uuid::from_bytes(self.0))
    }
}

/// Why a text is not the id that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a `TypeID` at all.
    #[error("not an id: expected `{expected}_` and 26 characters, got `{got}`")]
    Malformed {
        /// Prefix that was expected.
        expected: &'static str,
        /// What came, shortened.
        got: String,
    },
    /// An id of something else.
    #[error("an id of another kind: expected `{expected}_…`, got `{got}_…`")]
    WrongKind {
        /// Prefix that was expected.
        expected: &'static str,
        /// Prefix that came.
        got: String,
    },
}

/// What every typed id can do.
pub trait TypedId: Copy + Ord + std::hash::Hash + fmt::Display + FromStr<Err = IdError> {
    /// Text prefix without the underscore.
    const PREFIX: &'static str;
    /// From raw bytes.
    fn from_uid(uid: Uid) -> Self;
    /// To raw bytes.
    fn uid(self) -> Uid;
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub Uid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uid(uid: Uid) -> Self { Self(uid) }
            fn uid(self) -> Uid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0.with_prefix($prefix)) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> { Uid::parse(text, $prefix).map(Self) }
        }
    )*};
}

typed_ids! {
    /// A party: whoever has money here (P6).
    PartyId = "pty";
    /// A ledger account (M); derived, see [`crate::ledger::AccountRef::id`].
    AccountId = "acc";
    /// A ledger transfer (P1).
    TransferId = "tr";
    /// A task order (X2).
    TaskOrderId = "to";
    /// A payout account (P9).
    PayoutAccountId = "pa";
    /// A withdrawal (gate G).
    WithdrawalId = "wd";
    /// An outbox job (P22).
    JobId = "job";
    /// An API key (P18).
    ApiKeyId = "key";
    /// A staff account (P18).
    StaffId = "stf";
    /// An approval request (P16).
    ApprovalId = "apr";
    /// An in-app message (P15).
    MessageId = "msg";
    /// A one-time code that was sent (P8).
    CodeId = "otc";
    /// A person that acts for a party (P6).
    PersonId = "per";
    /// A note or risk flag on a party (P6).
    PartyNoteId = "pn";
    /// A case (P26).
    CaseId = "case";
    /// A pay-later order (C11).
    CreditOrderId = "co";
    /// An application about a pay-later limit (C25).
    CreditApplicationId = "cap";
    /// A review of what signs of cash-out held (C21).
    RiskReviewId = "rr";
    /// A payment order for money in (P11).
    PaymentOrderId = "po";
    /// Money that a rail received (P11).
    PaymentId = "pmt";
    /// Money on its way back to a payer (P11).
    PaymentRefundId = "rfd";
    /// A membership of a creator in an agency (X14).
    MembershipId = "mbr";
    /// A settlement statement: of a programme month (X15) or of corporate settlement (X16).
    StatementId = "st";
    /// A line of a settlement statement that is no order (X16).
    StatementLineId = "sl";
    /// A file of payment orders for a bank (P10).
    BankFileId = "bf";
    /// An advertising campaign (A9).
    CampaignId = "cmp";
    /// A keyword of a campaign (A9).
    KeywordId = "kw";
    /// An advertising grant (A1).
    AdGrantId = "gr";
    /// An address that is told of events (P15).
    WebhookId = "wh";
    /// An event on its way to one (P15).
    WebhookDeliveryId = "whd";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_names_the_wrong_kind() {
        let id = WithdrawalId(Uid([7; 16]));
        let text = id.to_string();
        assert!(text.starts_with("wd_"), "{text}");
        assert_eq!(text.parse::<WithdrawalId>(), Ok(id));
        let err = text.parse::<PartyId>().unwrap_err();
        assert_eq!(err.to_string(), "an id of another kind: expected `pty_…`, got `wd_…`");
        assert!("nonsense".parse::<PartyId>().is_err());
    }

    #[test]
    fn derivation_separates_parts() {
        assert_ne!(Uid::derive("t", &[b"ab", b"c"]), Uid::derive("t", &[b"a", b"bc"]));
        assert_eq!(Uid::derive("t", &[b"ab"]), Uid::derive("t", &[b"ab"]));
        // Stored ids depend on it: whatever is hashed once, they stay the same.
        let derivation = Derivation::new("t");
        for parts in [&[b"ab".as_slice(), b"c"][..], &[b"a", b"bc"], &[], &[&[7; 2_000]]] {
            assert_eq!(derivation.uid(parts), Uid::derive("t", parts));
            assert_eq!(derivation.uid(parts), Uid::derive("t", parts), "again");
        }
    }
}
