//! What a bound phone is told about a withdrawal (X4, P15): amount and state in a short text, nothing of the account.

use super::State;
use crate::money::{Currency, decimal};

/// The words of a state, with `{amount}` requested and `{net}` to arrive; `None` for states that are steps on the way,
/// which the records show and nobody needs to be called for.
const fn words(state: State) -> Option<(&'static str, &'static str)> {
    let words = match state {
        State::Requested => (
            "您的提现 {amount} 已受理。如非本人操作，请立即联系平台。",
            "Your withdrawal of {amount} was requested. If it was not you, contact the platform at once.",
        ),
        State::InReview => (
            "您的提现 {amount} 已受理，正在审核。如非本人操作，请立即联系平台。",
            "Your withdrawal of {amount} is in review. If it was not you, contact the platform at once.",
        ),
        State::WaitingForFunds => (
            "您的提现 {amount}：平台付款余额不足，工作人员正在处理，到位后自动打款，无需重新申请。",
            "Your withdrawal of {amount} waits for platform funds. It goes out by itself; nothing need be done.",
        ),
        State::Paid => (
            "您的提现 {amount} 已打款，到账金额 {net}，请留意收款账户。",
            "Your withdrawal of {amount} is paid; {net} goes to your payout account.",
        ),
        State::PartlyPaid => (
            "您的提现 {amount} 部分到账，其余已退回可提现余额，详见提现记录。",
            "Your withdrawal of {amount} is paid in part; the rest is withdrawable again. See your records.",
        ),
        State::Failed => (
            "您的提现 {amount} 失败，资金已退回可提现余额，原因见提现记录。",
            "Your withdrawal of {amount} failed and is withdrawable again. See the reason in your records.",
        ),
        State::Bounced => (
            "您的提现 {amount} 被退回，资金已回到可提现余额，原因见提现记录。",
            "Your withdrawal of {amount} was returned and is withdrawable again. See the reason in your records.",
        ),
        State::Rejected => (
            "您的提现 {amount} 未通过审核，资金已退回可提现余额，原因见提现记录。",
            "Your withdrawal of {amount} was refused and is withdrawable again. See the reason in your records.",
        ),
        State::Cancelled => (
            "您的提现 {amount} 已撤销，资金已退回可提现余额。",
            "Your withdrawal of {amount} was cancelled and is withdrawable again.",
        ),
        State::Scheduled | State::Sending | State::Unknown => return None,
    };
    Some(words)
}

/// Whether a phone is told of arriving in this state.
pub const fn tells_phone(state: State) -> bool {
    words(state).is_some()
}

/// The text in Chinese and in English; `None`: see [`tells_phone`]. Amounts are minor units.
pub fn phone_notice(
    state: State,
    amount_minor: i64,
    net_minor: i64,
    currency: Currency,
) -> Option<(String, String)> {
    let (zh, en) = words(state)?;
    let unit = |minor: i64| format!("{currency} {}", decimal(minor));
    let yuan = |minor: i64| match currency {
        Currency::CNY => format!("{}元", decimal(minor)),
        _ => unit(minor),
    };
    let fill = |text: &str, show: &dyn Fn(i64) -> String| {
        text.replace("{amount}", &show(amount_minor)).replace("{net}", &show(net_minor))
    };
    Some((fill(zh, &yuan), fill(en, &unit)))
}
