//! A withdrawal step by step (P14, C12, C14–C16): what was asked for, what was repaid and taken, what it waited for, what
//! arrived and what came back. Why a person looks at it is not said (C10).

use super::SliceState as S;
use super::{FeeRule, FeeSteps, Slice, State, Withdrawal};
use crate::time::Timestamp;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Stable code.
    pub code: &'static str,
    /// A sentence in Chinese.
    pub zh: &'static str,
    /// A sentence in English.
    pub en: &'static str,
    /// What it is about, in minor units, where it is about an amount.
    pub amount_minor: Option<i64>,
    /// When, where it is about an instant.
    pub at: Option<Timestamp>,
}

impl Step {
    const fn new(code: &'static str, zh: &'static str, en: &'static str) -> Self {
        Self { code, zh, en, amount_minor: None, at: None }
    }

    const fn amount(self, amount_minor: i64) -> Self {
        Self { amount_minor: Some(amount_minor), ..self }
    }

    const fn at(self, at: Timestamp) -> Self {
        Self { at: Some(at), ..self }
    }
}

/// The steps of a withdrawal in their order. `fee`: how its fee came about, where that is known; `repaid_minor`: due and
/// liability that were repaid with it.
pub fn steps(withdrawal: &Withdrawal, fee: Option<&FeeSteps>, repaid_minor: i64) -> Vec<Step> {
    let requested = Step::new("requested", "申请提现，款项已预留。", "Asked for; the money was reserved.");
    let mut out = vec![requested.amount(withdrawal.amount_minor).at(withdrawal.requested_at)];
    if repaid_minor > 0 {
        let repaid = Step::new(
            "debts_repaid",
            "先行偿还待还款项与超额负债。",
            "What was due and the liability were repaid first.",
        );
        out.push(repaid.amount(repaid_minor));
    }
    if let Some(fee) = fee.filter(|fee| fee.rule != FeeRule::Free) {
        out.push(Step::new("fee", fee.rule.zh(), fee.rule.en()).amount(fee.fee_minor));
    }
    let net = Step::new("to_arrive", "预计到账金额。", "What is to arrive.");
    out.push(net.amount(withdrawal.net_minor));
    if !withdrawal.review.is_empty() {
        let held = Step::new("held_for_review", "由工作人员审核。", "Held for a person to look at.");
        out.push(held);
    }
    if withdrawal.dispatch_at > withdrawal.requested_at {
        let dated = Step::new("value_date", "将于起息日发出。", "Sent on its value date.");
        out.push(dated.at(withdrawal.dispatch_at));
    }
    out.extend(outcomes(withdrawal));
    out
}

/// What became of it, added up over its payment orders.
fn outcomes(withdrawal: &Withdrawal) -> Vec<Step> {
    let sum = |wanted: &[S]| -> i64 {
        let of = withdrawal.slices.iter().filter(|slice| wanted.contains(&slice.state));
        of.map(|slice: &Slice| slice.amount_minor).sum()
    };
    let under_way = sum(&[S::Sending, S::Unknown, S::FundsShort]);
    let known = [
        (under_way, Step::new("under_way", "已提交付款通道，等待结果。", "With the payment channel.")),
        (sum(&[S::Paid]), Step::new("arrived", "已到账。", "Arrived.")),
        (
            sum(&[S::Bounced]),
            Step::new("returned", "付款被退回，款项已退回可提现金额。", "Returned; withdrawable again."),
        ),
        (
            sum(&[S::Failed]),
            Step::new("not_paid", "付款失败，款项已退回可提现金额。", "Not paid; withdrawable again."),
        ),
    ];
    let mut out: Vec<Step> =
        known.into_iter().filter(|(sum, _)| *sum > 0).map(|(sum, step)| step.amount(sum)).collect();
    let called_off = matches!(withdrawal.state, State::Rejected | State::Cancelled | State::Failed);
    if called_off && withdrawal.slices.is_empty() {
        let released =
            Step::new("released", "款项已退回可提现金额。", "Never sent; the money is withdrawable again.");
        out.push(released.amount(withdrawal.amount_minor));
    }
    out
}
