//! The studio upgrade (spec X9, X10): who may apply, with what, and what changes afterwards.
//!
//! From a sum of withdrawals on, over the current and the civil months before it, a person needs a registered
//! studio. The request that reaches the sum passes, the next is refused (that is the gate's check 6). The person
//! uploads the licence, staff decide. Nothing here says that a studio pays less tax: it may not.

use crate::money::decimal;
use crate::time::Date;

/// Longest name of a studio, in characters.
pub const NAME_MAX: usize = 100;

/// Whether the licence's operator is the verified person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The same person.
    Same,
    /// Another person.
    Different,
    /// Nobody is verified, so there is nobody to compare with.
    Unverified,
}

/// Who applies. The first that fits, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicant {
    /// The party is closed.
    Closed,
    /// A studio already.
    Studio,
    /// Paid another way: a company, a celebrity or media account, an agency, or no creator at all.
    PaidAnotherWay,
    /// A person whose application is open.
    Pending,
    /// A person.
    Person,
}

/// What the licence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Licence<'a> {
    /// Name of the studio.
    pub name: &'a str,
    /// The unified social credit code passed its check (GB 32100), or staff vouch for it.
    pub code_valid: bool,
    /// Whether the operator is the verified person.
    pub operator: Operator,
    /// Last civil date on which it is valid; `None` for one without an end.
    pub valid_until: Option<Date>,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A closed party changes no more.
    #[error("the party is closed")]
    PartyClosed,
    /// A studio already.
    #[error("the creator is a studio already")]
    AlreadyUpgraded,
    /// Not somebody who is paid in person.
    #[error("the studio upgrade is for creators who are paid in person; this party is paid another way")]
    NotAPerson,
    /// One at a time.
    #[error("an application is open: add to it, or withdraw it first")]
    Pending,
    /// No application to decide.
    #[error("there is no open application")]
    NotPending,
    /// The person is not verified.
    #[error("verify your real name first: the licence's operator is compared with it")]
    Unverified,
    /// No usable name.
    #[error("a studio's name has 2 to 100 printable characters, as on the licence")]
    NameInvalid,
    /// The code's check digit is wrong.
    #[error(
        "this is no unified social credit code: 18 characters, with the right check character at the end"
    )]
    CodeInvalid,
    /// The licence must be the person's own.
    #[error("the licence's operator must be the verified person")]
    OperatorDifferent,
    /// The licence has run out.
    #[error("the licence is no longer valid")]
    LicenceExpired,
    /// No licence was uploaded.
    #[error("the licence has not been uploaded yet")]
    LicenceMissing,
}

impl Rejection {
    /// Every rejection in order of precedence.
    pub const ALL: [Self; 11] = [
        Self::PartyClosed,
        Self::AlreadyUpgraded,
        Self::NotAPerson,
        Self::Pending,
        Self::NotPending,
        Self::Unverified,
        Self::NameInvalid,
        Self::CodeInvalid,
        Self::OperatorDifferent,
        Self::LicenceExpired,
        Self::LicenceMissing,
    ];

    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::PartyClosed => "party_closed",
            Self::AlreadyUpgraded => "studio_already",
            Self::NotAPerson => "studio_not_applicable",
            Self::Pending => "studio_pending",
            Self::NotPending => "studio_not_pending",
            Self::Unverified => "studio_unverified",
            Self::NameInvalid => "studio_name_invalid",
            Self::CodeInvalid => "studio_code_invalid",
            Self::OperatorDifferent => "studio_operator_different",
            Self::LicenceExpired => "studio_licence_expired",
            Self::LicenceMissing => "studio_licence_missing",
        }
    }
}

/// Whether somebody may apply with this licence.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn apply(applicant: Applicant, licence: &Licence<'_>, today: Date) -> Result<(), Rejection> {
    match applicant {
        Applicant::Person => {}
        Applicant::Pending => return Err(Rejection::Pending),
        other => return Err(not_a_person(other)),
    }
    if licence.operator == Operator::Unverified {
        return Err(Rejection::Unverified);
    }
    let length = licence.name.chars().count();
    let plain = licence.name.trim() == licence.name && !licence.name.chars().any(char::is_control);
    if !plain || !(2..=NAME_MAX).contains(&length) {
        return Err(Rejection::NameInvalid);
    }
    if !licence.code_valid {
        return Err(Rejection::CodeInvalid);
    }
    if licence.operator == Operator::Different {
        return Err(Rejection::OperatorDifferent);
    }
    valid_on(licence.valid_until, today)
}

/// Whether an open application can be granted: the person is still one, and verified; the licence valid and there.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn grant(
    applicant: Applicant,
    verified: bool,
    files: i64,
    valid_until: Option<Date>,
    today: Date,
) -> Result<(), Rejection> {
    if applicant != Applicant::Pending {
        return Err(not_a_person(applicant));
    }
    if !verified {
        return Err(Rejection::Unverified);
    }
    valid_on(valid_until, today)?;
    if files == 0 { Err(Rejection::LicenceMissing) } else { Ok(()) }
}

/// Why an application is not, or no longer, this party's to make.
const fn not_a_person(applicant: Applicant) -> Rejection {
    match applicant {
        Applicant::Closed => Rejection::PartyClosed,
        Applicant::Studio => Rejection::AlreadyUpgraded,
        Applicant::PaidAnotherWay => Rejection::NotAPerson,
        Applicant::Pending | Applicant::Person => Rejection::NotPending,
    }
}

fn valid_on(valid_until: Option<Date>, today: Date) -> Result<(), Rejection> {
    match valid_until {
        Some(until) if until < today => Err(Rejection::LicenceExpired),
        _ => Ok(()),
    }
}

/// The civil months over which withdrawals are summed on a date, the current one first, as `2026-11`.
pub fn window(today: Date, months: u32) -> Vec<String> {
    let (year, month) = (i32::from(today.year()), i32::from(today.month()));
    let current = year * 12 + month - 1;
    (0..i32::try_from(months).unwrap_or(0))
        .map(|back| current - back)
        .map(|month| format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1))
        .collect()
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// What the upgrade changes (X10), for the page on which one applies. Amounts in minor units, days in working days.
pub fn what_changes(daily_cap_minor: i64, decision_days: u32) -> Vec<Sentence> {
    let cap = decimal(daily_cap_minor);
    let pair = |zh: String, en: String| Sentence { zh, en };
    vec![
        pair(
            "升级后仅支持提现至银行卡（本人或工作室账户），不再支持支付宝".to_owned(),
            "Afterwards money goes to a bank account only, yours or the studio's; no longer to Alipay"
                .to_owned(),
        ),
        pair(
            format!("升级后每个自然日最多提现 {cap} 元（税费前）"),
            format!("Afterwards at most {cap} yuan can be withdrawn in a civil day, before any fee"),
        ),
        pair("升级不收取任何费用".to_owned(), "The upgrade costs nothing".to_owned()),
        pair(
            format!("提交营业执照后 {decision_days} 个工作日内完成审核"),
            format!("It is decided within {decision_days} working days after the licence was uploaded"),
        ),
    ]
}
