//! Accounts: kinds, derivation of ids, balances.

use crate::{
    ids::{AccountId, Derivation, PartyId, TransferId, Uid},
    money::Currency,
    time::Timestamp,
};

/// The side on which a balance of this account grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Assets and expenses.
    Debit,
    /// Liabilities and revenue.
    Credit,
}

macro_rules! account_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal, $side:ident, $floor:literal;)*) => {
        /// What an account is for (spec M). Codes are stored and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AccountKind { $($(#[$doc])* $name,)* }

        impl AccountKind {
            /// Every kind, in order of code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Stored code.
            pub const fn code(self) -> i64 { match self { $(Self::$name => $code,)* } }
            /// Name in the API and on pages.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $text,)* } }
            /// Side on which the balance grows.
            pub const fn side(self) -> Side { match self { $(Self::$name => Side::$side,)* } }
            /// Whether the ledger refuses to let the available balance go below zero.
            pub const fn floored(self) -> bool { match self { $(Self::$name => $floor,)* } }
            /// By stored code.
            pub fn from_code(code: i64) -> Option<Self> { match code { $($code => Some(Self::$name),)* _ => None } }
            /// By name.
            pub fn from_name(name: &str) -> Option<Self> { match name { $($text => Some(Self::$name),)* _ => None } }
        }
    };
}

account_kinds! {
    /// What creators, agencies and corporate payees can take.
    Earnings = 1, "earnings", Credit, true;
    /// Programme income of a month that is not closed (X15).
    Frozen = 2, "frozen", Credit, true;
    /// A merchant's proceeds.
    Proceeds = 3, "proceeds", Credit, true;
    /// Prepaid advertising money.
    AdCash = 4, "ad.cash", Credit, true;
    /// One advertising grant; the qualifier is the grant.
    AdGrant = 5, "ad.grant", Credit, true;
    /// Advances on shipped pay-later orders.
    CreditReceivable = 6, "credit.receivable", Debit, true;
    /// What a shop owes for shipping beyond its limit.
    CreditLiability = 7, "credit.liability", Debit, true;
    /// What an advertiser owes for clicks.
    AdArrears = 8, "ad.arrears", Debit, true;
    /// What a party owes after a reversal beyond its balance.
    Owed = 9, "owed", Debit, true;
    /// What clients paid for tasks and goods. No floor: funding it is the platform's affair.
    ClientsClearing = 20, "clients.clearing", Credit, false;
    /// Payouts on their way.
    PayoutsClearing = 21, "payouts.clearing", Credit, false;
    /// The platform's own money at a rail; the qualifier is the rail.
    RailFloat = 22, "rail.float", Debit, true;
    /// The platform's capital put into float: the counterpart of a float top-up.
    PlatformFunds = 23, "platform.funds", Credit, false;
    /// Income tax withheld from individuals, to be paid over to the tax authority (X18).
    TaxWithheld = 24, "tax.withheld", Credit, true;
    /// Service fees.
    RevenueServiceFee = 30, "revenue.service_fee", Credit, false;
    /// Withdrawal fees.
    RevenueWithdrawalFee = 31, "revenue.withdrawal_fee", Credit, false;
    /// Programme operating fees.
    RevenueOperating = 32, "revenue.operating", Credit, false;
    /// Advertising revenue.
    RevenueAds = 33, "revenue.ads", Credit, false;
    /// Programme incentives.
    ExpenseIncentive = 40, "expense.incentive", Debit, false;
    /// Advertising grants given.
    ExpenseGrants = 41, "expense.grants", Debit, false;
    /// Written-off advances.
    ExpenseBadDebt = 42, "expense.bad_debt", Debit, false;
    /// What rails charge.
    ExpenseRailFee = 43, "expense.rail_fee", Debit, false;
    /// Money whose meaning is not known yet.
    Suspense = 50, "suspense", Credit, false;
}

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The platform itself.
    Platform,
    /// A party.
    Party(PartyId),
}

impl Owner {
    /// Stored form: the party's id, or nil for the platform.
    pub fn uid(self) -> Uid {
        match self {
            Self::Platform => Uid::NIL,
            Self::Party(id) => id.0,
        }
    }

    /// From the stored form.
    pub fn from_uid(uid: Uid) -> Self {
        if uid.is_nil() { Self::Platform } else { Self::Party(PartyId(uid)) }
    }
}

/// Names an account by what it is; its id follows from that, so nobody has to look it up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountRef {
    /// Whose.
    pub owner: Owner,
    /// What for.
    pub kind: AccountKind,
    /// Which one, for kinds that come in several: rail or grant; otherwise empty.
    pub qualifier: String,
    /// Currency of every transfer on it.
    pub currency: Currency,
}

impl AccountRef {
    /// An account of a party.
    pub fn party(party: PartyId, kind: AccountKind, currency: Currency) -> Self {
        Self { owner: Owner::Party(party), kind, qualifier: String::new(), currency }
    }

    /// An account of the platform.
    pub fn platform(kind: AccountKind, currency: Currency) -> Self {
        Self { owner: Owner::Platform, kind, qualifier: String::new(), currency }
    }

    /// The float at a rail.
    pub fn float(rail: &str, currency: Currency) -> Self {
        Self { owner: Owner::Platform, kind: AccountKind::RailFloat, qualifier: rail.to_owned(), currency }
    }

    /// The derived id.
    pub fn id(&self) -> AccountId {
        static IDS: Derivation = Derivation::new("purser ledger account v1");
        AccountId(IDS.uid(&[
            &self.owner.uid().0,
            &self.kind.code().to_le_bytes(),
            self.qualifier.as_bytes(),
            self.currency.code().as_bytes(),
        ]))
    }
}

/// The part of an account that postings read and change. Small on purpose: with a million accounts the cost of
/// a posting is the pages that its two rows dirty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Derived id.
    pub id: AccountId,
    /// Side on which the balance grows.
    pub side: Side,
    /// Whether `posted − held_out` may not go below zero.
    pub floored: bool,
    /// Closed accounts take no new transfers.
    pub closed: bool,
    /// Currency of the balance.
    pub currency: Currency,
    /// Balance of everything posted, minor units, in the normal direction.
    pub posted: i64,
    /// Reserved by holds that will take from this account.
    pub held_out: i64,
    /// Announced by holds that will add to this account; never spendable.
    pub held_in: i64,
    /// Number of ledger rows that touched it; doubles as its version.
    pub entries: i64,
    /// Newest transfer: the head of its history chain. Nil before the first.
    pub last: TransferId,
    /// Instant of that transfer.
    pub last_at: Timestamp,
    /// Balance at the start of the civil day of `last_at`.
    pub day_opening: i64,
    /// Rows on the civil day of `last_at`.
    pub day_entries: i64,
}

impl Account {
    /// A fresh account as its kind prescribes.
    pub fn open(reference: &AccountRef) -> Self {
        Self::with_id(reference.id(), reference.kind.side(), reference.kind.floored(), reference.currency)
    }

    /// A fresh account with explicit properties.
    pub fn with_id(id: AccountId, side: Side, floored: bool, currency: Currency) -> Self {
        Self {
            id,
            side,
            floored,
            closed: false,
            currency,
            posted: 0,
            held_out: 0,
            held_in: 0,
            entries: 0,
            last: TransferId(Uid::NIL),
            last_at: Timestamp(0),
            day_opening: 0,
            day_entries: 0,
        }
    }

    /// What may be taken now: posted less what holds reserve.
    pub fn available(&self) -> i64 {
        self.posted.saturating_sub(self.held_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_round_trip() {
        let mut codes: Vec<i64> = AccountKind::ALL.iter().map(|k| k.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), AccountKind::ALL.len());
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::from_code(kind.code()), Some(*kind));
            assert_eq!(AccountKind::from_name(kind.name()), Some(*kind));
        }
    }

    #[test]
    fn ids_follow_from_owner_kind_qualifier_and_currency() {
        let party = PartyId(Uid([1; 16]));
        let a = AccountRef::party(party, AccountKind::Earnings, Currency::CNY);
        assert_eq!(a.id(), a.clone().id());
        assert_ne!(a.id(), AccountRef::party(party, AccountKind::Owed, Currency::CNY).id());
        assert_ne!(
            AccountRef::float("alipay", Currency::CNY).id(),
            AccountRef::float("bank", Currency::CNY).id()
        );
    }
}
