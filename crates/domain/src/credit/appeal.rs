//! Appeals against a limit that is zero or reduced (C7): against what, with which plan, and what a granted one lifts.

use super::shop::{RestrictionKind, WaivedRule, Waiver};
use super::steps::{Rule, Step};
use crate::time::Date;

/// Longest plan, in characters: what a message of a case may have.
const PLAN_MAX: usize = 4_000;
/// Longest time for which a rule is set aside, in days.
const WAIVER_DAYS_MAX: i64 = 366;

/// What an appeal is against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// A rule that follows from figures.
    Figures(WaivedRule),
    /// A flag that somebody set.
    Flag(RestrictionKind),
}

impl Ground {
    /// The ground of a rule; `None` for rules that are no reduction, and for a service that was closed on request.
    pub const fn of(rule: Rule) -> Option<Self> {
        Some(match rule {
            Rule::ReturnRate => Self::Figures(WaivedRule::ReturnRate),
            Rule::ReturnsZero => Self::Figures(WaivedRule::ReturnsZero),
            Rule::HighRisk => Self::Flag(RestrictionKind::HighRisk),
            Rule::Violation => Self::Flag(RestrictionKind::Violation),
            Rule::PoorOperation => Self::Flag(RestrictionKind::PoorOperation),
            Rule::DailyDraw => Self::Flag(RestrictionKind::DailyDraw),
            _ => return None,
        })
    }

    /// Stable name, that of its rule.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Figures(rule) => rule.name(),
            Self::Flag(kind) => kind.name(),
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Rule::ALL.iter().filter_map(|rule| Self::of(*rule)).find(|ground| ground.name() == name)
    }
}

/// What an evaluation can be appealed against, in the order of its steps.
pub fn grounds(steps: &[Step]) -> Vec<Ground> {
    steps.iter().filter_map(|step| Ground::of(step.rule)).collect()
}

impl Rule {
    /// What the merchant can do where a rule takes from the limit, in Chinese and in English; `None` for rules that
    /// take nothing. Rules about what is watched for (C19–C21) say only that an appeal is possible.
    pub const fn way_back(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::ReturnRate => (
                "近 30 日退货率降至标准以内后，额度自动恢复；也可提交整改方案申诉",
                "It comes back by itself once the return rate of the last 30 days is low enough; or appeal with a plan",
            ),
            Self::ReturnsZero => (
                "当月退货率达标后，次月起额度自动恢复；也可提交整改方案申诉",
                "It comes back by itself after a month with an acceptable return rate; or appeal with a plan",
            ),
            Self::HighRisk | Self::DailyDraw => (
                "请提交经营说明与整改方案申诉，工作人员审核后处理",
                "Appeal with an account of your trade and a plan; our staff decide",
            ),
            Self::Violation => {
                ("请完成违规整改，并提交整改方案申诉", "Put the violation right and appeal with a plan")
            }
            Self::PoorOperation => {
                ("请改善经营状况，并提交整改方案申诉", "Improve how the shop is run and appeal with a plan")
            }
            Self::Closed => ("如需恢复，请重新申请开通", "Apply to open the service again"),
            Self::VirtualOperator => {
                ("请在账户设置中更换为实体运营商手机号", "Bind a phone number of a network operator")
            }
            Self::TurnoverCap => ("成交额增长后，上限随之提高", "The ceiling rises with the shop's turnover"),
            _ => return None,
        })
    }
}

/// An appeal as it is filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appeal<'a> {
    /// Against what.
    pub ground: Ground,
    /// What the merchant will do.
    pub plan: &'a str,
    /// What the limit can be appealed against now.
    pub in_force: &'a [Ground],
    /// An appeal against the same is open.
    pub pending: bool,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppealRejection {
    /// Not in force.
    #[error("the limit is not held by this: there is nothing to appeal against")]
    Unfounded,
    /// One at a time.
    #[error("an appeal against this is open: add to its case, or withdraw it first")]
    Pending,
    /// No usable plan.
    #[error("an appeal comes with a plan of 1 to 4,000 characters")]
    PlanInvalid,
    /// No open appeal.
    #[error("there is no open appeal against this")]
    NotPending,
    /// A rule of figures is set aside until a date.
    #[error("say until when the rule is set aside: a date after today, at most a year ahead")]
    UntilInvalid,
    /// A flag is lifted for good.
    #[error("a flag is lifted for good: it has no date")]
    UntilForFlag,
}

impl AppealRejection {
    /// Every rejection in order of precedence.
    pub const ALL: [Self; 6] = [
        Self::Unfounded,
        Self::Pending,
        Self::PlanInvalid,
        Self::NotPending,
        Self::UntilInvalid,
        Self::UntilForFlag,
    ];

    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unfounded => "appeal_unfounded",
            Self::Pending => "appeal_pending",
            Self::PlanInvalid => "appeal_plan_invalid",
            Self::NotPending => "appeal_not_pending",
            Self::UntilInvalid | Self::UntilForFlag => "appeal_until_invalid",
        }
    }
}

/// Whether an appeal may be filed (C7).
///
/// # Errors
/// An [`AppealRejection`], the first that applies.
pub fn appeal(appeal: &Appeal<'_>) -> Result<(), AppealRejection> {
    if !appeal.in_force.contains(&appeal.ground) {
        return Err(AppealRejection::Unfounded);
    }
    if appeal.pending {
        return Err(AppealRejection::Pending);
    }
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let length = appeal.plan.chars().count();
    if appeal.plan.trim().is_empty() || length > PLAN_MAX || !appeal.plan.chars().all(plain) {
        return Err(AppealRejection::PlanInvalid);
    }
    Ok(())
}

/// What a granted appeal changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifted {
    /// A flag goes.
    Flag(RestrictionKind),
    /// A rule is set aside.
    Rule(Waiver),
}

/// What granting an appeal changes.
///
/// # Errors
/// An [`AppealRejection`], the first that applies.
pub fn lift(ground: Ground, until: Option<Date>, today: Date) -> Result<Lifted, AppealRejection> {
    match (ground, until) {
        (Ground::Flag(kind), None) => Ok(Lifted::Flag(kind)),
        (Ground::Flag(_), Some(_)) => Err(AppealRejection::UntilForFlag),
        (Ground::Figures(rule), Some(until)) => {
            let latest = today.saturating_add(jiff::Span::new().days(WAIVER_DAYS_MAX));
            if until <= today || until > latest {
                return Err(AppealRejection::UntilInvalid);
            }
            Ok(Lifted::Rule(Waiver { rule, from: today, until }))
        }
        (Ground::Figures(_), None) => Err(AppealRejection::UntilInvalid),
    }
}
