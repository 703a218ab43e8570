//! From income to a published month.

use super::{AccountRole, Posting, PostingKind, Rejection, postings};
use crate::money::{Rate, Rounding, allocate};

/// Whether a creator's month still collects income.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreatorState {
    /// The month runs, or waits for its close.
    Open,
    /// Its statements are drafts, or more; what settles now belongs to the next month.
    Drafted,
}

impl CreatorState {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Drafted => "drafted",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Open, Self::Drafted].into_iter().find(|state| state.name() == name)
    }
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementState {
    /// Collects income.
    Open,
    /// Computed; staff publish it.
    Draft,
    /// Computed, and cannot be published as it is.
    Blocked,
    /// The payee's to use. Final.
    Published,
}

impl StatementState {
    /// All states in their order.
    pub const ALL: [Self; 4] = [Self::Open, Self::Draft, Self::Blocked, Self::Published];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Draft => "draft",
            Self::Blocked => "blocked",
            Self::Published => "published",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// A sentence in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Open => "本月计划收入已冻结，月结后公布。",
            Self::Draft => "月结单已生成，等待公布。",
            Self::Blocked => "月结单暂不能公布，工作人员正在处理。",
            Self::Published => "月结单已公布，收入可以提现；对公结算的，进入下一期结算单。",
        }
    }

    /// A sentence in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Open => {
                "The month's programme income is frozen; it is published after the month is closed."
            }
            Self::Draft => "The statement is drawn up and waits to be published.",
            Self::Blocked => "The statement cannot be published yet; staff are on it.",
            Self::Published => {
                "The statement is published; its amount can be withdrawn, or is paid with the next settlement \
                 statement of who is paid company to company."
            }
        }
    }
}

/// The operating fee of a creator's month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeeTerms {
    /// None was imported.
    #[default]
    None,
    /// Part of the income, half-up to the fen per statement.
    Rate(Rate),
    /// So many minor units.
    Amount(i64),
}

/// What was imported for a creator's month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Operating fee.
    pub fee: FeeTerms,
    /// Incentive, minor units.
    pub incentive_minor: i64,
}

impl Terms {
    /// Reads terms: a rate in parts per million or an amount, or neither; and an incentive.
    ///
    /// # Errors
    /// `fee_invalid`, `incentive_invalid`.
    pub fn of(fee_ppm: Option<i64>, fee_minor: Option<i64>, incentive_minor: i64) -> Result<Self, Rejection> {
        let fee = match (fee_ppm, fee_minor) {
            (None, None) => FeeTerms::None,
            (Some(ppm), None) if (0..=1_000_000).contains(&ppm) => FeeTerms::Rate(Rate::ppm(ppm)),
            (None, Some(amount)) if amount >= 0 => FeeTerms::Amount(amount),
            _ => return Err(Rejection::FeeInvalid),
        };
        if incentive_minor < 0 {
            return Err(Rejection::IncentiveInvalid);
        }
        Ok(Self { fee, incentive_minor })
    }
}

/// Whether the terms of a creator's month may be imported, given the states of its statements.
///
/// # Errors
/// `terms_published`.
pub fn may_import(statements: &[StatementState]) -> Result<(), Rejection> {
    if statements.contains(&StatementState::Published) {
        return Err(Rejection::TermsPublished);
    }
    Ok(())
}

/// A computed statement, in minor units: result = income − fee + incentive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft {
    /// Operating fee.
    pub fee_minor: i64,
    /// Incentive.
    pub incentive_minor: i64,
    /// What the payee gets; may be below zero.
    pub result_minor: i64,
}

impl Draft {
    /// Where a statement with this draft stands.
    pub const fn state(&self) -> StatementState {
        if self.result_minor < 0 { StatementState::Blocked } else { StatementState::Draft }
    }
}

/// Computes the statements of a creator's month from their incomes, none below zero. Most months have one: two payees
/// share a month when the creator's agency changed. Fee and incentive are the creator's: amounts are split by income so
/// that the parts add up to the whole; a rate is taken of each income. In a month without income they are the first
/// payee's.
///
/// # Errors
/// `amount_out_of_range`.
pub fn draft(terms: &Terms, incomes_minor: &[i64]) -> Result<Vec<Draft>, Rejection> {
    let mut weights = incomes_minor.to_vec();
    if let (true, Some(first)) = (weights.iter().all(|income| *income == 0), weights.first_mut()) {
        *first = 1;
    }
    let split = |total: i64| allocate(total, &weights).map_err(|_| Rejection::AmountOutOfRange);
    let fees = match terms.fee {
        FeeTerms::None => vec![0; incomes_minor.len()],
        FeeTerms::Amount(total) => split(total)?,
        FeeTerms::Rate(rate) => incomes_minor
            .iter()
            .map(|income| rate.of(*income, Rounding::HalfUp).map_err(|_| Rejection::AmountOutOfRange))
            .collect::<Result<_, _>>()?,
    };
    let incentives = split(terms.incentive_minor)?;
    let mut drafts = Vec::with_capacity(incomes_minor.len());
    for ((income, fee_minor), incentive_minor) in incomes_minor.iter().zip(fees).zip(incentives) {
        let gross = income.checked_add(incentive_minor).ok_or(Rejection::AmountOutOfRange)?;
        let result_minor = gross.checked_sub(fee_minor).ok_or(Rejection::AmountOutOfRange)?;
        drafts.push(Draft { fee_minor, incentive_minor, result_minor });
    }
    Ok(drafts)
}

/// A statement that is to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementFacts {
    /// Where it stands.
    pub state: StatementState,
    /// Its income, minor units.
    pub income_minor: i64,
    /// What was computed.
    pub draft: Draft,
    /// Income tax to be withheld of the result, ≥ 0 and at most the result (X18).
    pub tax_minor: i64,
    /// What the payee owes in this role, ≥ 0; collected from the result first (M).
    pub owed_minor: i64,
}

/// Publishes a statement: one atomic group of transfers. The incentive comes before the fee, so that earnings never
/// lend the difference.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn publish(statement: &StatementFacts) -> Result<Vec<Posting>, Rejection> {
    use AccountRole::{Earnings, ExpenseIncentive, Frozen, Owed, RevenueOperating, TaxWithheld};
    match statement.state {
        StatementState::Published => return Err(Rejection::StatementPublished),
        StatementState::Open => return Err(Rejection::StatementOpen),
        StatementState::Draft | StatementState::Blocked => {}
    }
    let draft = &statement.draft;
    if draft.result_minor < 0 {
        return Err(Rejection::ResultBelowZero);
    }
    let tax = statement.tax_minor.clamp(0, draft.result_minor);
    let collected = statement.owed_minor.clamp(0, draft.result_minor - tax);
    Ok(postings(&[
        (Frozen, Earnings, statement.income_minor, PostingKind::Income),
        (ExpenseIncentive, Earnings, draft.incentive_minor, PostingKind::Incentive),
        (Earnings, RevenueOperating, draft.fee_minor, PostingKind::Fee),
        (Earnings, TaxWithheld, tax, PostingKind::Tax),
        (Earnings, Owed, collected, PostingKind::OwedCollected),
    ]))
}
