//! Where an advertising account stands, and how long its balance lasts (A1, A4).

use crate::time::{DAY, HOUR, Timestamp};

/// State of an account (A4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// Nothing is owed.
    Normal,
    /// Clicks are owed since this instant.
    InArrears {
        /// When the first of them was charged.
        since: Timestamp,
    },
    /// They are owed for so long that there are no new campaigns and nothing resumes.
    Suspended {
        /// When the first of them was charged.
        since: Timestamp,
    },
}

impl AccountState {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::InArrears { .. } => "in_arrears",
            Self::Suspended { .. } => "suspended",
        }
    }

    /// Since when something is owed.
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Normal => None,
            Self::InArrears { since } | Self::Suspended { since } => Some(since),
        }
    }
}

/// The state at an instant: suspended from the day on that policy names.
pub fn state(arrears_since: Option<Timestamp>, now: Timestamp, suspend_after_days: u32) -> AccountState {
    match arrears_since {
        None => AccountState::Normal,
        Some(since) if since.plus(i64::from(suspend_after_days).saturating_mul(DAY)) <= now => {
            AccountState::Suspended { since }
        }
        Some(since) => AccountState::InArrears { since },
    }
}

/// What was spent: the civil days before today, and today so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spend {
    /// Of the days before today, minor units.
    pub past_minor: i64,
    /// How many days that are, those without spend included.
    pub past_days: u32,
    /// Of today, minor units.
    pub today_minor: i64,
    /// How much of today is over, microseconds.
    pub today_us: i64,
}

impl Spend {
    /// Mean of a day before today, minor units, rounded up; 0 when nothing is known.
    pub fn daily_minor(&self) -> i64 {
        let days = i64::from(self.past_days.max(1));
        let whole = self.past_minor.max(0);
        whole / days + i64::from(whole % days > 0)
    }

    /// What a day costs at the present pace: the larger of the mean and what today comes to, once an hour of it is
    /// over; minor units.
    pub fn pace_minor(&self) -> i64 {
        let seen = self.today_us.max(HOUR);
        let today = i128::from(self.today_minor.max(0)) * i128::from(DAY) / i128::from(seen);
        self.daily_minor().max(i64::try_from(today).unwrap_or(i64::MAX))
    }
}

/// Furthest that a balance is projected, days.
const FURTHEST_DAYS: i64 = 365;

/// When a balance will be used up at the present pace; `None` when nothing is spent, or not within a year.
pub fn run_out(spendable_minor: i64, spend: &Spend, now: Timestamp) -> Option<Timestamp> {
    if spendable_minor <= 0 {
        return Some(now);
    }
    let pace = spend.pace_minor();
    if pace <= 0 {
        return None;
    }
    let left = i128::from(spendable_minor) * i128::from(DAY) / i128::from(pace);
    let left = i64::try_from(left).ok().filter(|left| *left <= FURTHEST_DAYS * DAY)?;
    Some(now.plus(left))
}

/// What may come back at once (A5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeFacts {
    /// Where the account stands.
    pub state: AccountState,
    /// What is owed, minor units.
    pub arrears_minor: i64,
    /// Cash and grants, minor units.
    pub spendable_minor: i64,
    /// The least with which anything can be delivered, minor units.
    pub least_minor: i64,
}

/// Why nothing resumes, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResumeRejection {
    /// Owed for too long.
    #[error("the account is suspended: pay {arrears_minor} minor units of arrears first")]
    Suspended {
        /// What is owed, minor units.
        arrears_minor: i64,
    },
    /// Something is owed.
    #[error("pay {arrears_minor} minor units of arrears first")]
    Arrears {
        /// What is owed, minor units.
        arrears_minor: i64,
    },
    /// Nothing to spend.
    #[error("the balance is below {least_minor} minor units: top up first")]
    NoBalance {
        /// What is needed, minor units.
        least_minor: i64,
    },
}

impl ResumeRejection {
    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Suspended { .. } => "ad_account_suspended",
            Self::Arrears { .. } => "arrears_outstanding",
            Self::NoBalance { .. } => "ad_balance_too_low",
        }
    }
}

/// Whether campaigns that were stopped for money may deliver again (A3, A5).
///
/// # Errors
/// A [`ResumeRejection`], the first that applies.
pub fn may_resume(facts: &ResumeFacts) -> Result<(), ResumeRejection> {
    let ResumeFacts { state, arrears_minor, spendable_minor, least_minor } = *facts;
    if matches!(state, AccountState::Suspended { .. }) {
        return Err(ResumeRejection::Suspended { arrears_minor });
    }
    if arrears_minor > 0 {
        return Err(ResumeRejection::Arrears { arrears_minor });
    }
    if spendable_minor < least_minor.max(1) {
        return Err(ResumeRejection::NoBalance { least_minor });
    }
    Ok(())
}
