//! Scopes, and the roles that bundle them.

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $text:literal;)*) => {
        /// A permission. Names are stored with keys and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope { $($(#[$doc])* $name,)* }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Name in tokens, requests and documents.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $text,)* } }
            /// By name.
            pub fn from_name(name: &str) -> Option<Self> { match name { $($text => Some(Self::$name),)* _ => None } }
            const fn bit(self) -> u64 { match self { $(Self::$name => 1 << $bit,)* } }
        }
    };
}

scopes! {
    /// Parties and their messages, read.
    PartiesRead = 0, "parties:read";
    /// Parties, created and changed.
    PartiesWrite = 1, "parties:write";
    /// Task orders, read.
    OrdersRead = 2, "orders:read";
    /// Task orders, reported.
    OrdersWrite = 3, "orders:write";
    /// Payout accounts and withdrawals, read.
    WithdrawalsRead = 4, "withdrawals:read";
    /// Withdrawals, requested; the party's code is still needed.
    WithdrawalsRequest = 5, "withdrawals:request";
    /// Reviews decided, withdrawals cancelled for the platform.
    WithdrawalsDecide = 6, "withdrawals:decide";
    /// Accounts, balances, history.
    LedgerRead = 7, "ledger:read";
    /// Direct transfers, for programs; for people manual transfers, which two of them propose and decide.
    LedgerPost = 8, "ledger:post";
    /// The events list.
    EventsRead = 9, "events:read";
    /// Policy, calendar, clock, read.
    PolicyRead = 10, "policy:read";
    /// Policy versions and calendar years, proposed and activated.
    PolicyWrite = 11, "policy:write";
    /// Audit log, jobs, approvals, read.
    OperationsRead = 12, "operations:read";
    /// Approvals decided, jobs run again.
    OperationsWrite = 13, "operations:write";
    /// Float and rails.
    FloatWrite = 14, "float:write";
    /// Keys and staff accounts.
    Admin = 15, "admin";
    /// Test clock and fault dial; useless outside sandbox mode.
    Sandbox = 16, "sandbox";
    /// Withdrawals and payout accounts without the party's code (P18): no bundle contains it, not even `all`.
    WithdrawalsWithoutCode = 17, "withdrawals:request_without_code";
    /// Phones, identities and people of parties, changed.
    IdentityWrite = 18, "identity:write";
    /// Phones, identities and people of parties, read; what is personal in them is masked.
    IdentityRead = 19, "identity:read";
    /// Memberships of creators in agencies, entered and changed.
    AgenciesWrite = 22, "agencies:write";
    /// The programme: members, terms, months, answers to disputes.
    ProgrammesWrite = 23, "programmes:write";
    /// The programme, read.
    ProgrammesRead = 24, "programmes:read";
    /// Payment orders, payments and refunds, read.
    PaymentsRead = 20, "payments:read";
    /// Payment orders made and closed, payments given back and assigned.
    PaymentsWrite = 21, "payments:write";
    /// Cases, their messages and files, read.
    CasesRead = 25, "cases:read";
    /// Cases opened and worked on.
    CasesWrite = 26, "cases:write";
    /// Settlement statements and what is listed for them, read.
    SettlementsRead = 27, "settlements:read";
    /// Settlement statements, made, signed and decided.
    SettlementsWrite = 28, "settlements:write";
    /// Pay-later limits and orders, read.
    CreditRead = 29, "credit:read";
    /// Shops and pay-later orders, reported.
    CreditWrite = 30, "credit:write";
    /// Limits decided by staff, advances given up.
    CreditDecide = 31, "credit:decide";
    /// Advertising accounts, campaigns and reports, read.
    AdsRead = 32, "ads:read";
    /// Campaigns, bids and settings of advertisers, changed; campaigns resumed.
    AdsWrite = 33, "ads:write";
    /// Grants of advertising money, given.
    AdsGrant = 35, "ads:grant";
    /// Clicks charged and credited, figures of campaigns reported.
    AdsCharge = 34, "ads:charge";
    /// Webhooks, their secrets and deliveries.
    WebhooksWrite = 36, "webhooks:write";
    /// Everything personal about a party, in the clear (P25): a person's, never a key's alone.
    PersonalRead = 45, "personal:read";
    /// Links into the portal minted, its sessions listed and revoked.
    PortalWrite = 40, "portal:write";
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u64);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);

    /// These scopes.
    pub fn of(list: &[Scope]) -> Self {
        Self(list.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Every scope but those that must be asked for by name.
    pub fn all() -> Self {
        Self(Self::of(Scope::ALL).0 & !Scope::WithdrawalsWithoutCode.bit())
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// Whether the scope is in.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Stored form: names with blanks between them.
    pub fn encoded(self) -> String {
        self.iter().map(Scope::name).collect::<Vec<_>>().join(" ")
    }

    /// From the stored form; names that this version does not know grant nothing.
    pub fn decode(text: &str) -> Self {
        Self(text.split_whitespace().filter_map(Scope::from_name).fold(0, |bits, scope| bits | scope.bit()))
    }

    /// The scopes in order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

/// What a staff member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, keys and accounts included.
    Admin,
    /// Money: transfers, float, withdrawals, policy.
    Finance,
    /// Reviews.
    Risk,
    /// Parties and their questions.
    Support,
    /// Looking.
    ReadOnly,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Admin, Self::Finance, Self::Risk, Self::Support, Self::ReadOnly];

    /// Name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Finance => "finance",
            Self::Risk => "risk",
            Self::Support => "support",
            Self::ReadOnly => "read-only",
        }
    }

    /// By name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// What the role may do.
    pub fn scopes(self) -> Scopes {
        use Scope as S;
        let read = [
            S::PartiesRead,
            S::OrdersRead,
            S::WithdrawalsRead,
            S::LedgerRead,
            S::EventsRead,
            S::PolicyRead,
            S::OperationsRead,
            S::PaymentsRead,
            S::CasesRead,
            S::IdentityRead,
            S::ProgrammesRead,
            S::SettlementsRead,
            S::CreditRead,
            S::AdsRead,
        ];
        let more: &[S] = match self {
            Self::Admin => return Scopes::all(),
            Self::Finance => &[
                S::LedgerPost,
                S::FloatWrite,
                S::WithdrawalsDecide,
                S::PolicyWrite,
                S::OperationsWrite,
                S::PaymentsWrite,
                S::CasesWrite,
                S::ProgrammesWrite,
                S::SettlementsWrite,
                S::CreditDecide,
                S::AdsGrant,
            ],
            Self::Risk => &[S::WithdrawalsDecide, S::OperationsWrite, S::CasesWrite, S::CreditDecide],
            Self::Support => &[
                S::PartiesWrite,
                S::CasesWrite,
                S::AgenciesWrite,
                S::IdentityWrite,
                S::OperationsWrite,
                S::AdsWrite,
                S::PortalWrite,
            ],
            Self::ReadOnly => &[],
        };
        Scopes(Scopes::of(&read).0 | Scopes::of(more).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip_and_unknown_names_grant_nothing() {
        for scope in Scope::ALL {
            assert_eq!(Scope::from_name(scope.name()), Some(*scope));
            assert!(Scopes::of(&[*scope]).has(*scope));
        }
        assert_eq!(Scopes::decode(&Scopes::all().encoded()), Scopes::all());
        assert_eq!(Scopes::decode("everything ledger:read"), Scopes::of(&[Scope::LedgerRead]));
    }

    #[test]
    fn every_scope_has_a_bit_of_its_own() {
        let (mut bits, mut names) = (0u64, std::collections::BTreeSet::new());
        for scope in Scope::ALL {
            assert_eq!(scope.bit().count_ones(), 1, "{}", scope.name());
            assert_eq!(bits & scope.bit(), 0, "{} shares its bit", scope.name());
            assert!(names.insert(scope.name()), "{} is named twice", scope.name());
            bits |= scope.bit();
        }
        // What a set says of one scope it says of no other, also beyond the first half of the bits.
        let one = Scopes(1 << 40);
        assert_eq!(one.iter().count(), Scope::ALL.iter().filter(|s| s.bit() == 1 << 40).count());
        assert!(Scope::ALL.iter().all(|scope| Scopes::NONE.with(*scope).iter().eq([*scope])));
    }

    #[test]
    fn only_admin_and_finance_post_transfers_p18() {
        let posts: Vec<_> = Role::ALL.iter().filter(|r| r.scopes().has(Scope::LedgerPost)).collect();
        assert_eq!(posts, [&Role::Admin, &Role::Finance]);
        assert!(Role::ALL.iter().all(|role| Role::from_name(role.name()) == Some(*role)));
    }
}
