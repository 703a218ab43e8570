//! Disputes of a published month: they never block it.

use super::{AccountRole, Posting, PostingKind, Rejection, StatementState, postings};
use crate::time::{Date, Timestamp, Zone};

/// Longest text of a dispute, and longest reason of an answer, in characters.
pub const DISPUTE_TEXT_MAX: usize = 1_000;

/// Until when a statement that was published on a date can be disputed: to the end of the civil day that lies so many
/// days after it.
pub fn dispute_until(published_on: Date, days: u32, zone: &Zone) -> Timestamp {
    let mut day = published_on;
    for _ in 0..=days {
        day = day.tomorrow().unwrap_or(day);
    }
    zone.start_of(day)
}

fn text_fits(text: &str) -> bool {
    let plain = |c: char| c == '\n' || !c.is_control();
    !text.trim().is_empty() && text.chars().count() <= DISPUTE_TEXT_MAX && text.chars().all(plain)
}

/// Whether a statement can be disputed now.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn dispute(
    state: StatementState,
    until: Option<Timestamp>,
    one_is_open: bool,
    text: &str,
    now: Timestamp,
) -> Result<(), Rejection> {
    if state != StatementState::Published {
        return Err(Rejection::StatementNotPublished);
    }
    if one_is_open {
        return Err(Rejection::DisputeOpen);
    }
    if until.is_some_and(|until| now >= until) {
        return Err(Rejection::DisputeLate);
    }
    if !text_fits(text) {
        return Err(Rejection::TextInvalid);
    }
    Ok(())
}

/// Which part of the statement an adjustment corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The operating fee: against `revenue.operating`.
    OperatingFee,
    /// The incentive: against `expense.incentive`.
    Incentive,
}

impl Component {
    /// All components.
    pub const ALL: [Self; 2] = [Self::OperatingFee, Self::Incentive];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OperatingFee => "operating_fee",
            Self::Incentive => "incentive",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }
}

/// A correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment {
    /// Above zero: the payee gets so much more. Below: the payee gives so much back.
    pub amount_minor: i64,
    /// What it corrects.
    pub component: Component,
}

/// What staff answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// A correction; `None`: the month was right.
    pub adjustment: Option<Adjustment>,
    /// Why; shown to the payee.
    pub reason: String,
}

/// What an answer is measured by, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerFacts {
    /// The operating fee of the statement.
    pub fee_minor: i64,
    /// What the statement came to, earlier adjustments included.
    pub result_minor: i64,
    /// What the payee's earnings have free.
    pub available_minor: i64,
    /// What the payee owes already.
    pub owed_minor: i64,
}

impl Adjustment {
    /// An incentive that was forgotten has no measure in the statement: the second person of a large one looks at it.
    fn fits(&self, facts: &AnswerFacts) -> bool {
        match self.component {
            _ if self.amount_minor < 0 => self.amount_minor >= -facts.result_minor.max(0),
            Component::OperatingFee => self.amount_minor <= facts.fee_minor,
            Component::Incentive => true,
        }
    }
}

/// What an answer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Transfers, one atomic group.
    pub postings: Vec<Posting>,
    /// What the payee could not give back and owes now.
    pub shortage_minor: i64,
}

impl Answer {
    /// Decides an answer.
    ///
    /// # Errors
    /// A [`Rejection`], the first that applies.
    pub fn decide(&self, one_is_open: bool, facts: &AnswerFacts) -> Result<Answered, Rejection> {
        use AccountRole::{Earnings, ExpenseIncentive, Owed, RevenueOperating};
        if !text_fits(&self.reason) {
            return Err(Rejection::TextInvalid);
        }
        if !one_is_open {
            return Err(Rejection::NoDispute);
        }
        let Some(adjustment) = self.adjustment else {
            return Ok(Answered { postings: Vec::new(), shortage_minor: 0 });
        };
        let platform = match adjustment.component {
            Component::OperatingFee => RevenueOperating,
            Component::Incentive => ExpenseIncentive,
        };
        let amount = adjustment.amount_minor.checked_abs().ok_or(Rejection::AmountOutOfRange)?;
        match adjustment.amount_minor {
            0 => Err(Rejection::AdjustmentZero),
            _ if !adjustment.fits(facts) => Err(Rejection::AdjustmentTooLarge),
            1.. => {
                let collected = facts.owed_minor.clamp(0, amount);
                let postings = postings(&[
                    (platform, Earnings, amount, PostingKind::Adjustment),
                    (Earnings, Owed, collected, PostingKind::OwedCollected),
                ]);
                Ok(Answered { postings, shortage_minor: 0 })
            }
            _ => {
                let taken = facts.available_minor.clamp(0, amount);
                let shortage_minor = amount - taken;
                let postings = postings(&[
                    (Earnings, platform, taken, PostingKind::Adjustment),
                    (Owed, platform, shortage_minor, PostingKind::Adjustment),
                ]);
                Ok(Answered { postings, shortage_minor })
            }
        }
    }
}
