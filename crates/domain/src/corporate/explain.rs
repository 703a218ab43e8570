//! Where a statement stands, in words (P14).

use super::State;
use crate::time::Date;

/// What a payee or staff member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Stable machine code.
    pub code: &'static str,
    /// A sentence in Chinese.
    pub zh: &'static str,
    /// A sentence in English.
    pub en: &'static str,
    /// Who must act: `party`, `staff`, `rail` or `nobody`.
    pub actor: &'static str,
    /// What to do, a stable code.
    pub next_step: &'static str,
    /// By when it is paid, where that is promised.
    pub by: Option<Date>,
    /// It should have been paid.
    pub overdue: bool,
}

/// What the state of a statement does not say by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// A dispute waits for its answer.
    pub disputed: bool,
    /// The calendar cannot tell the day of payment (P5).
    pub calendar_missing: bool,
    /// Its payout waits for people who approve it (P16).
    pub payout_in_review: bool,
}

/// Explains a statement. `due_on`: the promised day, `None` while there is none or the calendar cannot tell.
pub fn explain(state: State, also: Circumstances, due_on: Option<Date>, today: Date) -> Explanation {
    let running = matches!(state, State::Submitted | State::Paying | State::PaymentFailed);
    let overdue = running && due_on.is_some_and(|due| today > due);
    let (zh, en, actor, next_step) = words(state, also, overdue);
    let code = match state {
        State::Generated if also.disputed => "disputed",
        State::Submitted | State::Paying if overdue => "overdue",
        State::Paying if also.payout_in_review => "payment_in_review",
        state => state.name(),
    };
    let by = if running { due_on } else { None };
    Explanation { code, zh, en, actor, next_step, by, overdue }
}

type Words = (&'static str, &'static str, &'static str, &'static str);

fn words(state: State, also: Circumstances, overdue: bool) -> Words {
    match state {
        State::Generated if also.disputed => (
            "结算单存在异议，工作人员正在处理，答复后方可签章。",
            "The statement is disputed; staff are looking into it, and it can be signed once they have answered.",
            "staff",
            "answer_dispute",
        ),
        State::Generated => {
            ("结算单已生成，请核对后签章。", "The statement is made; check it and sign it.", "party", "sign")
        }
        State::Signed => (
            "结算单已签章，请开具与应结金额一致的发票并提交。",
            "The statement is signed; submit an invoice over exactly what is payable.",
            "party",
            "submit_invoice",
        ),
        State::PapersRejected => (
            "资料被退回，请按原因更正后重新提交；付款期限自重新提交之日起重新计算。",
            "The papers were sent back; correct them and submit them again. The time for payment starts anew then.",
            "party",
            "submit_invoice",
        ),
        State::Submitted | State::Paying if overdue => (
            "已超过承诺的付款日期，工作人员正在跟进。",
            "The promised day of payment has passed; staff are following it up.",
            "staff",
            "wait",
        ),
        State::Submitted if also.calendar_missing => (
            "资料审核中；付款日期将在次年工作日历公布后确定。",
            "The papers are being checked; the day of payment is set once next year's working days are announced.",
            "staff",
            "check_papers",
        ),
        State::Submitted => (
            "资料审核中，审核通过后付款。",
            "The papers are being checked; payment follows.",
            "staff",
            "check_papers",
        ),
        State::Paying if also.payout_in_review => (
            "资料已通过，付款待人工复核。",
            "The papers are accepted; people still have to approve the payment.",
            "staff",
            "review",
        ),
        State::Paying => {
            ("资料已通过，付款中。", "The papers are accepted; payment is on its way.", "rail", "wait")
        }
        State::PaymentFailed => (
            "付款未成功，款项已退回余额，工作人员将核实收款账户后重新付款。",
            "The payment did not arrive and the money is back in the balance; staff pay again once the account is right.",
            "staff",
            "pay_again",
        ),
        State::Paid => ("已付款。", "Paid.", "nobody", "nothing"),
        State::Cancelled => (
            "结算单已撤销，订单可重新结算。",
            "The statement is called off; its orders can be settled again.",
            "nobody",
            "nothing",
        ),
    }
}
