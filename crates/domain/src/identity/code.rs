//! One-time codes (P8): issuing, and checking what somebody enters.
//!
//! A code is bound to its purpose and to one text that says what it is for: the number that is bound, or amount and
//! destination of a withdrawal. Whoever enters it must mean the same. Only the engine knows digits; here they are a
//! keyed digest.

use crate::time::{Date, Timestamp};

/// What a code confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Binding a phone: sent to the new number.
    BindPhone,
    /// Unbinding or changing a phone: sent to the old number.
    UnbindPhone,
    /// Binding a payout account, or changing one.
    PayoutAccount,
    /// A withdrawal of one amount to one destination.
    Withdrawal,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 4] = [Self::BindPhone, Self::UnbindPhone, Self::PayoutAccount, Self::Withdrawal];

    /// Stable name, as storage writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BindPhone => "bind_phone",
            Self::UnbindPhone => "unbind_phone",
            Self::PayoutAccount => "payout_account",
            Self::Withdrawal => "withdrawal",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// What it is for, in the message: Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BindPhone => ("绑定手机号", "to bind this phone"),
            Self::UnbindPhone => ("更换或解绑手机号", "to change or unbind this phone"),
            Self::PayoutAccount => ("收款账户变更", "for a payout account"),
            Self::Withdrawal => ("提现", "for a withdrawal"),
        }
    }
}

/// Policy of codes, as it stands when one is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeTerms {
    /// Digits: 6.
    pub digits: u32,
    /// How long one can be used, in microseconds: 5 min.
    pub lifetime_us: i64,
    /// Wrong entries after which it is void: 5.
    pub tries: u32,
    /// Wait before another one to the same phone, in microseconds: 60 s.
    pub resend_after_us: i64,
    /// Codes that a phone gets in a civil day: 10.
    pub per_day: u32,
}

/// What a phone got so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The civil date that is counted.
    pub on: Date,
    /// Codes on that date.
    pub count: u32,
    /// The last one.
    pub last_at: Timestamp,
}

/// A code that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issued {
    /// After this it is void.
    pub expires_at: Timestamp,
    /// Wrong entries that are left.
    pub tries_left: u32,
    /// Used already.
    pub used: bool,
}

/// Why no code is sent, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueRefusal {
    /// The phone had its codes for today.
    #[error("this phone has had its codes for today; more from {0}")]
    DailyLimit(Timestamp),
    /// The last one was sent a moment ago.
    #[error("a code was sent to this phone a moment ago; another one from {0}")]
    TooSoon(Timestamp),
}

impl IssueRefusal {
    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::DailyLimit(_) => "code_daily_limit",
            Self::TooSoon(_) => "code_too_soon",
        }
    }

    /// When to ask again.
    pub const fn until(self) -> Timestamp {
        match self {
            Self::DailyLimit(at) | Self::TooSoon(at) => at,
        }
    }
}

/// Issues a code: the quota as it is afterwards, and the code.
///
/// # Errors
/// The first [`IssueRefusal`] that applies. `tomorrow_at` is the first instant of the next civil date.
pub fn issue(
    quota: Option<Quota>,
    now: Timestamp,
    today: Date,
    tomorrow_at: Timestamp,
    terms: &CodeTerms,
) -> Result<(Quota, Issued), IssueRefusal> {
    let count = quota.filter(|q| q.on == today).map_or(0, |q| q.count);
    if count >= terms.per_day {
        return Err(IssueRefusal::DailyLimit(tomorrow_at));
    }
    if let Some(again_at) = quota.map(|q| q.last_at.plus(terms.resend_after_us)).filter(|at| *at > now) {
        return Err(IssueRefusal::TooSoon(again_at));
    }
    let issued = Issued { expires_at: now.plus(terms.lifetime_us), tries_left: terms.tries, used: false };
    Ok((Quota { on: today, count: count + 1, last_at: now }, issued))
}

/// What somebody entered, compared with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// The digits are those that were sent.
    pub right: bool,
    /// It is meant for what the code was sent for.
    pub same_subject: bool,
}

/// Why a code does not do, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRejection {
    /// None was entered.
    #[error("enter the code that was sent to the phone")]
    Missing,
    /// Tried too often; the right one does not help any more.
    #[error("too many wrong tries: ask for a new code")]
    TriesExhausted,
    /// Too late.
    #[error("the code has expired: ask for a new one")]
    Expired,
    /// Used before.
    #[error("the code was used before: ask for a new one")]
    Used,
    /// The right digits, sent for something else.
    #[error("the code was sent for something else: ask for a new one")]
    ForAnother,
    /// Not these digits, or none was ever sent.
    #[error("the code is wrong")]
    Wrong,
}

impl CodeRejection {
    /// Stable code for the API (P19); the gate has the same ones.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "code_missing",
            Self::TriesExhausted => "code_tries_exhausted",
            Self::Expired => "code_expired",
            Self::Used => "code_used",
            Self::ForAnother => "code_for_another",
            Self::Wrong => "code_wrong",
        }
    }
}

/// The result of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeOutcome {
    /// `Ok`: right, for this, in time, unused.
    pub result: Result<(), CodeRejection>,
    /// It was a guess and counts, whatever becomes of the command. Right digits for something else count too: they
    /// would otherwise tell whether a guess is right.
    pub counts: bool,
}

/// Checks an entry. `None`: nothing was ever sent, or nothing that is still known.
pub fn check_code(code: Option<&Issued>, entered: Option<Entered>, now: Timestamp) -> CodeOutcome {
    let no = |rejection, counts| CodeOutcome { result: Err(rejection), counts };
    let Some(entered) = entered else { return no(CodeRejection::Missing, false) };
    let Some(code) = code else { return no(CodeRejection::Wrong, false) };
    if code.tries_left == 0 {
        return no(CodeRejection::TriesExhausted, false);
    }
    if code.expires_at <= now {
        return no(CodeRejection::Expired, false);
    }
    if code.used {
        // Whether the digits were right no longer matters, and guessing on tells nothing.
        return no(CodeRejection::Used, false);
    }
    match (entered.right, entered.same_subject) {
        (true, true) => CodeOutcome { result: Ok(()), counts: false },
        (true, false) => no(CodeRejection::ForAnother, true),
        (false, _) => no(CodeRejection::Wrong, true),
    }
}
