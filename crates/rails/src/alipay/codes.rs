//! Classes of Alipay's error codes: one table, each code once (P10). A code that is not listed says nothing about the
//! order, so its outcome is unknown.

use purser_domain::withdrawals::{FailureClass, RailOutcome};

/// What a code means for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nobody knows yet: query, never give the money back.
    Unknown,
    /// The platform's balance is short: the same order again after a top-up, if none was made.
    PayerFunds,
    /// Contract, certificate, permission or account of the platform: stop the channel, alert.
    PayerConfig,
    /// The payee can correct the payout account.
    PayeeFixable,
    /// The payee's account is blocked: a case for risk.
    PayeeBlocked,
    /// A limit of the rail for one payment.
    Limit,
    /// A limit of the rail for the day.
    LimitDay,
    /// A limit of the rail for the month.
    LimitMonth,
    /// Too many requests: later, the same order.
    Throttle,
    /// Our request was malformed; nothing was moved.
    RequestBug,
    /// Our request contradicts an order that the gateway knows under this number: that order's fate decides.
    NumberUsed,
    /// The gateway knows no such order.
    NotFound,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 12] = [
        Self::Unknown,
        Self::PayerFunds,
        Self::PayerConfig,
        Self::PayeeFixable,
        Self::PayeeBlocked,
        Self::Limit,
        Self::LimitDay,
        Self::LimitMonth,
        Self::Throttle,
        Self::RequestBug,
        Self::NumberUsed,
        Self::NotFound,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::PayerFunds => "payer_funds",
            Self::PayerConfig => "payer_config",
            Self::PayeeFixable => "payee_fixable",
            Self::PayeeBlocked => "payee_blocked",
            Self::Limit => "limit",
            Self::LimitDay => "limit_day",
            Self::LimitMonth => "limit_month",
            Self::Throttle => "throttle",
            Self::RequestBug => "request_bug",
            Self::NumberUsed => "number_used",
            Self::NotFound => "not_found",
        }
    }

    /// What becomes of an order that met a code of this class when it was sent.
    pub fn outcome(self, code: &str) -> RailOutcome {
        let failed = |class| RailOutcome::DefiniteFailure { class, code: code.to_owned() };
        match self {
            Self::Unknown | Self::NumberUsed => RailOutcome::Unknown,
            Self::PayerFunds => RailOutcome::PayerFundsShort,
            Self::PayerConfig => failed(FailureClass::PlatformConfig),
            Self::PayeeFixable => failed(FailureClass::PayeeFixable),
            Self::PayeeBlocked => failed(FailureClass::PayeeBlocked),
            Self::Limit => failed(FailureClass::RailLimit),
            Self::LimitDay => failed(FailureClass::RailLimitDay),
            Self::LimitMonth => failed(FailureClass::RailLimitMonth),
            Self::Throttle => RailOutcome::Throttled,
            Self::RequestBug => failed(FailureClass::RequestDefect),
            Self::NotFound => RailOutcome::NotFound,
        }
    }
}

/// Every code. One `*` in a pattern stands for any text.
pub const CODES: &[(&str, Class)] = &[
    ("SYSTEM_ERROR", Class::Unknown),
    ("REQUEST_PROCESSING", Class::Unknown),
    ("aop.unknow-error", Class::Unknown),
    ("isp.unknow-error", Class::Unknown),
    ("BALANCE_IS_NOT_ENOUGH", Class::PayerFunds),
    ("PAYER_BALANCE_NOT_ENOUGH", Class::PayerFunds),
    ("PAYMENT_MONEY_NOT_ENOUGH", Class::PayerFunds),
    ("PRODUCT_NOT_SIGN", Class::PayerConfig),
    ("PAYER_NOT_EXIST", Class::PayerConfig),
    ("PAYER_STATUS_ERROR", Class::PayerConfig),
    ("PAYER_USER_INFO_ERROR", Class::PayerConfig),
    ("PAYER_CERTIFY_CHECK_FAIL", Class::PayerConfig),
    ("PAYER_CERT_EXPIRED", Class::PayerConfig),
    ("PAYCARD_UNABLE_PAYMENT", Class::PayerConfig),
    ("MONEY_PAY_CLOSED", Class::PayerConfig),
    ("NO_AVAILABLE_PAYMENT_TOOLS", Class::PayerConfig),
    ("INVALID_PAYER_ACCOUNT", Class::PayerConfig),
    ("NO_ACCOUNT_PAYMENT_PERMISSION", Class::PayerConfig),
    ("NO_PERMISSION_ACCOUNT", Class::PayerConfig),
    ("NOT_IN_WHITE_LIST", Class::PayerConfig),
    ("ISV_AUTH_ERROR", Class::PayerConfig),
    ("INST_PAY_UNABLE", Class::PayerConfig),
    ("SIGN_*", Class::PayerConfig),
    ("INVALID_PARAMETER", Class::PayerConfig),
    ("isv.invalid-signature", Class::PayerConfig),
    ("PAYEE_NOT_EXIST", Class::PayeeFixable),
    ("PAYEE_ACCOUNT_NOT_EXSIT", Class::PayeeFixable),
    ("PAYEE_USER_INFO_ERROR", Class::PayeeFixable),
    ("PAYEE_CERT_INFO_ERROR", Class::PayeeFixable),
    ("PAYEE_CARD_INFO_ERROR", Class::PayeeFixable),
    ("CARD_BIN_ERROR", Class::PayeeFixable),
    ("INVALID_CARDNO", Class::PayeeFixable),
    ("PAYEE_ACC_OCUPIED", Class::PayeeFixable),
    ("PAYEE_USER_TYPE_ERROR", Class::PayeeFixable),
    ("PAYEE_NOT_RELNAME_CERTIFY", Class::PayeeFixable),
    ("PERM_AML_NOT_REALNAME_REV", Class::PayeeFixable),
    ("PERMIT_NON_BANK_LIMIT_PAYEE", Class::PayeeFixable),
    ("PAYER_PAYEE_CANNOT_SAME", Class::PayeeFixable),
    ("RELEASE_USER_FORBBIDEN_RECIEVE", Class::PayeeFixable),
    ("PAYEE_ACCOUNT_STATUS_ERROR", Class::PayeeBlocked),
    ("PAYEE_USERINFO_STATUS_ERROR", Class::PayeeBlocked),
    ("BLOCK_USER_FORBBIDEN_RECIEVE", Class::PayeeBlocked),
    ("NO_ACCOUNT_USER_FORBBIDEN_RECIEVE", Class::PayeeBlocked),
    ("PERMIT_CHECK_RECEIVE_LIMIT", Class::PayeeBlocked),
    ("PERMIT_LIMIT_PAYEE", Class::PayeeBlocked),
    ("USER_RISK_FREEZE", Class::PayeeBlocked),
    ("SECURITY_CHECK_FAILED", Class::PayeeBlocked),
    ("PERMIT_CHECK_PERM_IDENTITY_THEFT", Class::PayeeBlocked),
    ("PERMIT_CHECK_PERM_LIMITED", Class::PayeeBlocked),
    ("EXCEED_LIMIT_SM_AMOUNT", Class::Limit),
    ("EXCEED_LIMIT_PERSONAL_SM_AMOUNT", Class::Limit),
    ("EXCEED_LIMIT_ENT_SM_AMOUNT", Class::Limit),
    ("EXCEED_LIMIT_SM_MIN_AMOUNT", Class::Limit),
    ("EXCEED_LIMIT_DM_AMOUNT", Class::LimitDay),
    ("EXCEED_LIMIT_DM_MAX_AMOUNT", Class::LimitDay),
    ("EXCEED_LIMIT_MM_AMOUNT", Class::LimitMonth),
    ("EXCEED_LIMIT_MM_MAX_AMOUNT", Class::LimitMonth),
    ("EXCEED_LIMIT_DC_RECEIVED", Class::LimitDay),
    ("EXCEED_LIMIT_UNRN_DM_AMOUNT", Class::LimitDay),
    ("PERM_PAY_*_QUOTA_ORG_BALANCE_LIMIT", Class::Limit),
    ("RESOURCE_LIMIT_EXCEED", Class::Throttle),
    ("MAX_VISIT_LIMIT", Class::Throttle),
    ("PAYMENT_INFO_INCONSISTENCY", Class::NumberUsed),
    ("BIZ_UNIQUE_EXCEPTION", Class::NumberUsed),
    ("MEMO_REQUIRED_IN_TRANSFER_ERROR", Class::RequestBug),
    ("REMARK_HAS_SENSITIVE_WORD", Class::RequestBug),
    ("PAYMENT_TIME_EXPIRE", Class::RequestBug),
    ("ORDER_NOT_EXIST", Class::NotFound),
];

/// The class of a `sub_code` or `error_code`; `None` when it is not listed.
pub fn class_of(code: &str) -> Option<Class> {
    CODES.iter().find(|(pattern, _)| matches(pattern, code)).map(|(_, class)| *class)
}

fn matches(pattern: &str, code: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == code,
        Some((head, tail)) => {
            code.len() >= head.len() + tail.len() && code.starts_with(head) && code.ends_with(tail)
        }
    }
}

/// The gateway's own codes, which stand before a `sub_code` counts.
pub(super) mod gateway {
    /// Processed; the content says how it went.
    pub(crate) const OK: &str = "10000";
    /// Taken, not finished.
    pub(crate) const IN_PROCESS: &str = "10003";
    /// The gateway cannot serve.
    pub(crate) const UNAVAILABLE: &str = "20000";
    /// Refused by the business behind the gateway: the `sub_code` decides.
    pub(crate) const BUSINESS: &str = "40004";
    /// Too frequent.
    pub(crate) const TOO_FREQUENT: &str = "40005";
}
