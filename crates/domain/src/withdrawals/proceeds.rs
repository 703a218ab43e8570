//! What is particular to withdrawing proceeds: which part buyers have paid (C7), which papers a review asks for (C17).

use super::facts::Balances;

/// What the available proceeds of a shop consist of, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProceedsParts {
    /// Buyers have paid.
    pub paid_minor: i64,
    /// Buyers have not paid yet.
    pub unpaid_minor: i64,
}

/// Splits what is available once due and liability are repaid (C12). `unpaid_minor`: the part of the proceeds whose
/// buyers have not paid, before that.
///
/// What was shipped beyond the limit and is repaid now is the shop's own from here on, and so is its buyers' payment:
/// it leaves the unpaid part. What is due has no buyer any more and is repaid from what was paid, as far as that goes.
pub fn proceeds_parts(balances: &Balances, unpaid_minor: i64) -> ProceedsParts {
    let available = balances.available_minor();
    let unpaid_minor = unpaid_minor.saturating_sub(balances.liability_minor).clamp(0, available);
    ProceedsParts { paid_minor: available - unpaid_minor, unpaid_minor }
}

/// A paper that a risk review asks for (C17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Business licence.
    Licence,
    /// Identity card of the legal person.
    LegalPersonId,
    /// Bank statements of the last three months.
    BankStatements,
}

impl Evidence {
    /// All of them, in the order in which they are asked for.
    pub const ALL: [Self; 3] = [Self::Licence, Self::LegalPersonId, Self::BankStatements];

    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Licence => "licence",
            Self::LegalPersonId => "legal_person_id",
            Self::BankStatements => "bank_statements",
        }
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Licence => "营业执照",
            Self::LegalPersonId => "法定代表人身份证件",
            Self::BankStatements => "最近三个月的银行流水",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Licence => "the business licence",
            Self::LegalPersonId => "an identity document of the legal representative",
            Self::BankStatements => "bank statements of the last three months",
        }
    }
}
