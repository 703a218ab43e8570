//! "Where is my money" (P14): a code, a sentence, who must act and when something happens next, for every state.

use super::{Actor, FailureClass, GateCode, NextStep, Reason, State, Withdrawal};
use crate::time::Timestamp;

/// What a party or staff member is told about a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Stable machine code.
    pub code: &'static str,
    /// A sentence in Chinese.
    pub zh: &'static str,
    /// A sentence in English.
    pub en: &'static str,
    /// Who must act; staff, when the payout clock has run out and nobody else must.
    pub actor: Actor,
    /// What to do.
    pub next_step: NextStep,
    /// The next attempt if known, else the deadline; `None` when it is finished.
    pub next_at: Option<Timestamp>,
    /// The payout clock has run out (X12); [`Explanation::OVERDUE_ZH`] and `…_EN` are shown besides.
    pub overdue: bool,
    /// What staff wrote, or the rail's own code.
    pub detail: Option<String>,
}

impl Explanation {
    /// Shown besides the sentence when the payout clock has run out.
    pub const OVERDUE_ZH: &str = "已超过承诺的时间，工作人员正在跟进。";
    /// Shown besides the sentence when the payout clock has run out.
    pub const OVERDUE_EN: &str = "This took longer than promised; staff are following it up.";
}

/// True when the payout clock has run out and the withdrawal is not finished (X12).
pub fn is_overdue(withdrawal: &Withdrawal, now: Timestamp) -> bool {
    !withdrawal.state.is_final() && now >= withdrawal.deadline_at
}

/// Code, sentences, actor and next step.
type Words = (&'static str, &'static str, &'static str, Actor, NextStep);

/// Explains where a withdrawal stands (P14). `next_attempt` is the due time of its next job, if there is one. What lies
/// in the past is no answer to "when": nothing is said then, and `overdue` says why.
pub fn explain(withdrawal: &Withdrawal, next_attempt: Option<Timestamp>, now: Timestamp) -> Explanation {
    let reason = withdrawal.reason.as_ref();
    let (code, zh, en, actor, next_step) = match (withdrawal.state, reason) {
        (
            State::Requested | State::Scheduled | State::WaitingForFunds | State::Sending,
            Some(Reason::Gate(code)),
        ) => of_gate(*code),
        (State::Failed, Some(Reason::Gate(code))) => of_unusable_destination(*code),
        (State::Failed, Some(Reason::Rail { class, .. })) => of_failure(*class),
        (State::Bounced, Some(Reason::Rail { class, .. })) => of_bounce(*class),
        (
            State::Sending,
            Some(Reason::Rail { class: FailureClass::RailLimitDay | FailureClass::RailLimitMonth, .. }),
        ) => DEFERRED,
        (State::Cancelled, Some(Reason::Staff { .. })) => CANCELLED_BY_STAFF,
        (state, _) => of_state(state),
    };
    let overdue = is_overdue(withdrawal, now);
    let next_attempt = next_attempt.filter(|at| *at > now);
    let next_at = match withdrawal.state {
        state if state.is_final() => None,
        State::Requested | State::Scheduled => next_attempt.or(Some(withdrawal.dispatch_at.max(now))),
        _ => next_attempt.or(Some(withdrawal.deadline_at)).filter(|at| *at > now),
    };
    let detail = match reason {
        Some(Reason::Staff { note }) => Some(note.clone()),
        Some(Reason::Rail { code, .. }) => Some(code.clone()),
        _ => None,
    };
    let actor = if overdue && matches!(actor, Actor::Nobody | Actor::Rail) { Actor::Staff } else { actor };
    Explanation { code, zh, en, actor, next_step, next_at, overdue, detail }
}

fn of_gate(code: GateCode) -> Words {
    (code.code(), code.zh(), code.en(), code.actor(), code.next_step())
}

const CANCELLED_BY_STAFF: Words = (
    "cancelled_by_staff",
    "提现已由工作人员撤销，款项已退回可提现金额。",
    "Staff cancelled the withdrawal; the money is withdrawable again.",
    Actor::Party,
    NextStep::RequestAgain,
);

/// A rail's limit for the day or the month was met: the same order goes out again when it begins anew.
const DEFERRED: Words = (
    "rail_limit_deferred",
    "付款通道当期限额已满，限额恢复后将自动重新发出。",
    "A limit of the payment channel for this day or month was reached; it goes out by itself when the next one begins.",
    Actor::Nobody,
    NextStep::Wait,
);

fn of_state(state: State) -> Words {
    use State as S;
    let (zh, en, actor, next) = match state {
        S::Requested => {
            ("提现已受理，即将发出。", "Accepted; it will be sent shortly.", Actor::Nobody, NextStep::Wait)
        }
        S::InReview => {
            ("提现正在人工审核。", "A person is reviewing the withdrawal.", Actor::Staff, NextStep::Review)
        }
        S::Scheduled => {
            ("提现已排期，将按时发出。", "Scheduled; it will be sent in time.", Actor::Nobody, NextStep::Wait)
        }
        S::WaitingForFunds => return of_gate(GateCode::FloatShort),
        S::Sending => (
            "已提交付款通道，等待结果。",
            "Handed to the payment channel; waiting for its answer.",
            Actor::Rail,
            NextStep::Wait,
        ),
        S::Unknown => (
            "付款结果尚未确认，正在查询；款项不会重复支付。",
            "The result is not confirmed yet and is being queried; nothing is paid twice.",
            Actor::Rail,
            NextStep::Wait,
        ),
        S::Paid => ("已到账。", "Paid.", Actor::Nobody, NextStep::Nothing),
        S::PartlyPaid => (
            "部分到账，其余款项已退回可提现金额。",
            "Partly paid; the rest is withdrawable again.",
            Actor::Party,
            NextStep::RequestAgain,
        ),
        S::Failed => (
            "提现失败，款项已退回可提现金额。",
            "The withdrawal failed; the money is withdrawable again.",
            Actor::Party,
            NextStep::RequestAgain,
        ),
        S::Bounced => (
            "付款被退回，款项已退回可提现金额。",
            "The payment was returned; the money is withdrawable again.",
            Actor::Party,
            NextStep::RequestAgain,
        ),
        S::Rejected => (
            "提现未通过审核，款项已退回可提现金额。",
            "The review refused the withdrawal; the money is withdrawable again.",
            Actor::Party,
            NextStep::ContactSupport,
        ),
        S::Cancelled => (
            "提现已撤销，款项已退回可提现金额。",
            "Cancelled; the money is withdrawable again.",
            Actor::Nobody,
            NextStep::Nothing,
        ),
    };
    (state.name(), zh, en, actor, next)
}

/// The destination became unusable before anything was sent.
fn of_unusable_destination(code: GateCode) -> Words {
    (
        code.code(),
        "收款账户已不可用，款项已退回可提现金额，请更正后重新申请。",
        "The payout account cannot be used any more; the money is withdrawable again. Correct it and request again.",
        Actor::Party,
        NextStep::FixDestination,
    )
}

fn of_failure(class: FailureClass) -> Words {
    match class {
        FailureClass::PayeeFixable => (
            "failed_payee_fixable",
            "收款账户信息有误，款项已退回可提现金额，请更正收款账户后重新申请。",
            "The payout account's details are wrong; the money is withdrawable again. Correct them and request again.",
            Actor::Party,
            NextStep::FixDestination,
        ),
        FailureClass::PayeeBlocked => (
            "failed_payee_blocked",
            "收款账户被限制收款，款项已退回可提现金额，请联系收款机构或更换账户。",
            "The payout account may not receive money; the money is withdrawable again. Ask its provider or change it.",
            Actor::Party,
            NextStep::FixDestination,
        ),
        FailureClass::PlatformConfig => (
            "failed_platform_config",
            "平台付款配置异常，款项已退回可提现金额，工作人员正在处理。",
            "The platform's payment set-up has a problem; the money is withdrawable again and staff are on it.",
            Actor::Platform,
            NextStep::TryLater,
        ),
        FailureClass::RailLimit | FailureClass::RailLimitDay | FailureClass::RailLimitMonth => (
            "failed_rail_limit",
            "超过付款通道限额，款项已退回可提现金额，请稍后重新申请。",
            "A limit of the payment channel was reached; the money is withdrawable again. Try again later.",
            Actor::Party,
            NextStep::TryLater,
        ),
        FailureClass::RequestDefect => (
            "failed_request_defect",
            "付款请求异常，款项已退回可提现金额，工作人员正在处理。",
            "The payment order was defective; the money is withdrawable again and staff are on it.",
            Actor::Staff,
            NextStep::TryLater,
        ),
        FailureClass::NotArrived => (
            "failed_not_arrived",
            "经向付款通道核实，款项未到账，已退回可提现金额，请重新申请。",
            "The payment channel was asked: the money never arrived. It is withdrawable again; request again.",
            Actor::Party,
            NextStep::RequestAgain,
        ),
    }
}

fn of_bounce(class: FailureClass) -> Words {
    if class.is_payee_fault() {
        return (
            "bounced_payee",
            "付款因收款账户原因被退回，款项已退回可提现金额，请更正收款账户后重新申请。",
            "The payment was returned because of the payout account; the money is withdrawable again. Correct it and request again.",
            Actor::Party,
            NextStep::FixDestination,
        );
    }
    of_state(State::Bounced)
}
