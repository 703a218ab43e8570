//! Texts of the cashier page, in Chinese and English.

/// Language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Chinese,
    English,
}

impl Language {
    /// What was asked for, else what the browser prefers; Chinese when neither says.
    pub(super) fn chosen(asked: Option<&str>, accepted: &str) -> Self {
        match asked {
            Some("en") => return Self::English,
            Some("zh") => return Self::Chinese,
            _ => {}
        }
        let first =
            accepted.split(',').map(str::trim).find(|tag| tag.starts_with("zh") || tag.starts_with("en"));
        if first.is_some_and(|tag| tag.starts_with("en")) { Self::English } else { Self::Chinese }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        }
    }
}

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        /// One text each.
        pub(super) struct Words { $(pub(super) $name: &'static str,)* }

        static CHINESE: Words = Words { $($name: $zh,)* };
        static ENGLISH: Words = Words { $($name: $en,)* };

        #[cfg(test)]
        const NAMES: &[(&str, &str, &str)] = &[$((stringify!($name), $zh, $en),)*];
    };
}

words! {
    title: "收银台", "Cashier";
    title_of_trade: "广告账户充值", "Top-up of an advertising account";
    other_language: "English", "中文";
    purpose: "用途", "For";
    ad_top_up: "广告账户充值", "Top-up of an advertising account";
    order: "支付单号", "Order";
    amount: "应付金额", "To pay";
    method: "支付方式", "How";
    sandbox: "沙盒（虚拟资金）", "Sandbox (play money)";
    alipay: "支付宝或网银", "Alipay or e-bank";
    bank_transfer: "银行转账", "Bank transfer";
    pay_until: "请在此之前支付", "Pay until";
    time_left: "剩余时间", "Time left";
    time_is_up: "支付时间已到", "The time is up";
    state_open: "待支付", "Waiting for payment";
    state_checking: "支付时间已到，正在向支付渠道确认", "The time is up; we are asking whether it was paid";
    checking_help: "若您已付款，款项会自动入账，请勿重复支付。本页会自动更新。", "If you have paid, it will be credited by itself; please do not pay again. This page updates itself.";
    state_paid: "支付成功", "Paid";
    state_paid_late: "已收到您的付款（支付单超时后到账）", "Your payment arrived after the order had been closed";
    late_help: "款项已记入您的账户，没有丢失。如不需要，可申请原路退回。", "It is credited to your account; nothing is lost. If you do not want it, ask for it back.";
    state_closed: "未在规定时间内支付，支付单已关闭", "Not paid in time; this order is closed";
    closed_help: "没有扣款。可一键重新支付；若您其实已付款，款项到账后会自动入账。", "Nothing was charged. Pay again with one click; if you did pay, it will be credited when it arrives.";
    state_refunded: "款项已原路退回", "The money went back to you";
    received: "实际到账", "Received";
    other_amount: "到账金额与应付金额不同，已按实际到账金额入账。", "Another amount arrived than was ordered; what arrived is credited.";
    double_paid: "同一支付单收到多笔付款，均已入账；多付的可申请退回。", "Several payments arrived for this order; all are credited, and what was paid too much can be given back.";
    repay: "重新支付", "Pay again";
    next_order: "前往新的支付单", "Go to the new order";
    back: "返回商家", "Back to the platform";
    sent: "已提交，正在等待支付渠道确认。", "Sent; waiting for the confirmation.";
    failed: "本次支付未成功，支付单仍然有效，可再次支付。", "This attempt failed; the order is still open and can be paid.";
    refused: "暂时无法重新支付，请联系商家。", "It cannot be paid again at the moment; please ask the platform.";
    link_unknown: "链接无效或不完整，请从商家页面重新打开。", "This link is not one of ours, or not whole; open it again from the platform.";
    go_to_alipay: "前往支付宝付款", "Go to Alipay";
    alipay_down: "暂时无法打开支付宝，请稍后刷新本页。", "Alipay cannot be opened at the moment; reload this page in a while.";
    transfer_help: "请从您的银行账户转账，并在附言中填写下面的识别码：款项到账后自动入账。", "Transfer from your bank account and write the code below into the message: it is credited when it arrives.";
    transfer_code: "转账附言（识别码）", "Message (code)";
    account_name: "收款户名", "Account holder";
    account_number: "收款账号", "Account number";
    account_bank: "开户银行", "Bank";
    play_title: "沙盒", "Sandbox";
    play_help: "这里没有真实资金。选择要模拟的情形。", "No real money here. Choose what shall happen.";
    play_pay: "支付", "Pay";
    play_fail: "支付失败", "Fail";
    play_late: "超时后支付", "Pay late";
    play_twice: "重复支付", "Pay twice";
    play_other: "支付其他金额", "Pay another amount";
    play_amount: "金额（元）", "Amount (yuan)";
    play_notice: "异步通知", "Notice";
    notice_told: "正常送达", "arrives";
    notice_twice: "重复送达", "arrives twice";
    notice_lost: "丢失", "is lost";
    play_refund: "若退款", "If given back";
    refund_paid: "成功", "it goes back";
    refund_lost_reply: "成功但应答丢失", "it goes back, the answer is lost";
    refund_lost_request: "请求丢失", "the request is lost";
    refund_refused: "被拒绝", "it is refused";
    footer: "付款前请核对金额与用途。任何人向您索要验证码都是诈骗。", "Check amount and purpose before you pay. Whoever asks you for a code is a fraud.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages_and_plain() {
        for (name, zh, en) in NAMES {
            for text in [zh, en] {
                assert!(!text.trim().is_empty() && !text.contains(['<', '>', '&', '"']), "{name}: {text}");
            }
            assert!(!zh.is_ascii() || *name == "other_language", "{name}: {zh}");
        }
    }

    #[test]
    fn the_language_is_what_was_asked_for_then_what_the_browser_prefers() {
        let chosen = |asked, accepted| Language::chosen(asked, accepted).code();
        assert_eq!(chosen(Some("en"), "zh-CN"), "en");
        assert_eq!(chosen(None, "fr, en-GB;q=0.8, zh;q=0.5"), "en");
        assert_eq!(chosen(None, "zh-CN,zh;q=0.9,en;q=0.8"), "zh");
        assert_eq!(chosen(Some("xx"), ""), "zh");
    }
}
