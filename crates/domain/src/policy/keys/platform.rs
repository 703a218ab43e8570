//! Keys of the platform as a whole: switches, rails, policy and calendar, codes, payout accounts, approvals, cases,
//! the API.

use super::{MOST_MINOR, RAILS};
use crate::policy::{
    kinds::{
        Amount, Count, CutOff, Days, Digits, Flag, Hours, Minutes, Pick, Schedule, Seconds, Table, Time,
        VirtualOperatorIdentity,
    },
    value::{Cell, Column, Unit},
};

/// Largest file that any type may have, in bytes: what one request carries and one row holds.
pub const LARGEST_FILE: i64 = 20 * 1024 * 1024;

const CASE_DUE_COLUMNS: &[Column] = &[
    Column { name: "kind", cell: Cell::Slug },
    Column { name: "days", cell: Cell::Number { unit: Unit::Days, min: 0, max: 60 } },
];

const FILE_TYPE_COLUMNS: &[Column] = &[
    Column { name: "type", cell: Cell::Slug },
    Column { name: "bytes", cell: Cell::Number { unit: Unit::Count, min: 1, max: LARGEST_FILE } },
];

/// Kinds of payout accounts that money is routed for (P9).
pub const PAYOUT_ACCOUNT_KINDS: &[&str] = &["sandbox", "alipay", "personal_card", "corporate"];

const ROUTING_COLUMNS: &[Column] = &[
    Column { name: "account", cell: Cell::OneOf(PAYOUT_ACCOUNT_KINDS) },
    Column { name: "rail", cell: Cell::OneOf(RAILS) },
    Column { name: "most", cell: Cell::Number { unit: Unit::Minor, min: 1, max: MOST_MINOR } },
];

registry! {
    area 0;

    // Switches. They are read at the instant of the attempt, not of the request.
    /// Whether any payout may be sent: the kill switch for all.
    PAYOUTS_ENABLED: Flag, () = "payouts.enabled", P4;
    /// Whether money may go out to creators.
    PAYOUTS_CREATOR_ENABLED: Flag, () = "payouts.creator.enabled", P4;
    /// Whether money may go out to merchants.
    PAYOUTS_MERCHANT_ENABLED: Flag, () = "payouts.merchant.enabled", P4;
    /// Whether money may go out to agencies.
    PAYOUTS_AGENCY_ENABLED: Flag, () = "payouts.agency.enabled", P4;
    /// Whether money may go out to advertisers.
    PAYOUTS_ADVERTISER_ENABLED: Flag, () = "payouts.advertiser.enabled", P4;
    /// Whether the sandbox rail takes payouts.
    RAIL_SANDBOX_ENABLED: Flag, () = "rail.sandbox.enabled", P4;
    /// Whether the Alipay rail takes payouts.
    RAIL_ALIPAY_ENABLED: Flag, () = "rail.alipay.enabled", P4;
    /// Whether the bank-file rail takes payouts.
    RAIL_BANK_FILE_ENABLED: Flag, () = "rail.bank_file.enabled", P4;

    // Rails.
    /// Largest single payout on the sandbox rail; more is cut into slices.
    RAIL_SANDBOX_SINGLE_LIMIT: Amount, (100, MOST_MINOR) = "rail.sandbox.single_limit", P10;
    /// Largest single payout on the Alipay rail; more is cut into slices.
    RAIL_ALIPAY_SINGLE_LIMIT: Amount, (100, MOST_MINOR) = "rail.alipay.single_limit", P10;
    /// Largest single payout on the bank-file rail; more is cut into slices.
    RAIL_BANK_FILE_SINGLE_LIMIT: Amount, (100, MOST_MINOR) = "rail.bank_file.single_limit", P10;
    /// Float of the sandbox rail below which finance is told.
    RAIL_SANDBOX_LOW_FLOAT: Amount, (0, MOST_MINOR) = "rail.sandbox.low_float", P12;
    /// Float of the Alipay rail below which finance is told.
    RAIL_ALIPAY_LOW_FLOAT: Amount, (0, MOST_MINOR) = "rail.alipay.low_float", P12;
    /// Float of the bank-file rail below which finance is told.
    RAIL_BANK_FILE_LOW_FLOAT: Amount, (0, MOST_MINOR) = "rail.bank_file.low_float", P12;
    /// Time of day at which the open bank file closes.
    BANK_FILE_CUT_OFF: Time, () = "bank_file.cut_off", P10;
    /// Most orders of one bank file; it closes with the last of them.
    BANK_FILE_ORDERS: Count, (1, 5_000) = "bank_file.orders", P10;
    /// Which rails carry payouts to a kind of payout account, the preferred one first, each up to an amount.
    PAYOUT_ROUTING: Table, (ROUTING_COLUMNS) = "payout.routing", P10;
    /// How long a payment order stays open for paying.
    PAYMENT_ORDER_TIME_OUT: Minutes, (1, 1440) = "payment_order.time_out", P11;
    /// How long a payment order that is paid by bank transfer stays open.
    PAYMENT_ORDER_TRANSFER_TIME_OUT: Hours, (1, 720) = "payment_order.bank_transfer_time_out", P11;
    /// Days after which what is on one side of a reconciliation only is a break: until then the other side may still come.
    RECONCILIATION_IN_TRANSIT: Days, (0, 30) = "reconciliation.in_transit", P13;
    /// Largest amount of one payment order.
    PAYMENT_ORDER_MAXIMUM: Amount, (1, MOST_MINOR) = "payment_order.maximum", P11;
    /// Payment orders of one party that may be open at a time.
    PAYMENT_ORDER_OPEN_MOST: Count, (1, 1000) = "payment_order.open_most", P11;

    // Policy and calendar themselves.
    /// Days between announcing a changed fee or limit and its first effect.
    POLICY_NOTICE: Days, (0, 366) = "policy.notice", P4;
    /// How far ahead readiness warns of a year without a calendar.
    CALENDAR_WARNING: Days, (1, 366) = "calendar.warning", P5;
    /// From this time of day on, T+n counts from the next civil date.
    VALUE_DATE_CUT_OFF: CutOff, () = "value_date.cut_off", M;

    // One-time codes.
    /// Digits of a code.
    CODE_DIGITS: Count, (4, 10) = "code.digits", P8;
    /// How long a code can be used.
    CODE_LIFETIME: Minutes, (1, 60) = "code.lifetime", P8;
    /// Wrong entries after which a code is void.
    CODE_TRIES: Count, (1, 20) = "code.tries", P8;
    /// Wait before another code may be sent to the same phone.
    CODE_RESEND_AFTER: Seconds, (0, 3600) = "code.resend_after", P8;
    /// Codes that one phone gets in a civil day.
    CODE_PER_DAY: Count, (1, 100) = "code.per_day", P8;

    // Phones, payout accounts, approvals.
    /// What a phone number of a virtual operator means when it is bound.
    VIRTUAL_OPERATOR_IDENTITY: Pick<VirtualOperatorIdentity>, () = "phone.virtual_operator", P7;
    /// Prefixes of phone numbers of virtual operators.
    VIRTUAL_OPERATOR_PREFIXES: Digits, () = "phone.virtual_operator_prefixes", P7;
    /// Wait after a changed payout account before money goes there.
    PAYOUT_ACCOUNT_COOLING_OFF: Hours, (0, 720) = "payout_account.cooling_off", P9;
    /// Wait after the first payout account.
    PAYOUT_ACCOUNT_FIRST_COOLING_OFF: Hours, (0, 720) = "payout_account.first_cooling_off", P9;
    /// Payouts of this amount and more need two people.
    APPROVAL_PAYOUT_THRESHOLD: Amount, (0, MOST_MINOR) = "approval.payout_threshold", P16;

    // Staff.
    /// Whether an admin needs a device for one-time codes.
    STAFF_TOTP_ADMIN: Flag, () = "staff.totp.admin", P18;
    /// Whether somebody of finance needs a device for one-time codes.
    STAFF_TOTP_FINANCE: Flag, () = "staff.totp.finance", P18;
    /// Whether somebody of risk needs a device for one-time codes.
    STAFF_TOTP_RISK: Flag, () = "staff.totp.risk", P18;
    /// Whether somebody of support needs a device for one-time codes.
    STAFF_TOTP_SUPPORT: Flag, () = "staff.totp.support", P18;
    /// Whether somebody who only looks needs a device for one-time codes.
    STAFF_TOTP_READ_ONLY: Flag, () = "staff.totp.read_only", P18;
    /// After how long a session of staff that is not used ends.
    STAFF_IDLE: Minutes, (5, 1440) = "staff.idle", P18;

    // Cases.
    /// Working days in which the desk owes an answer, by kind of case; a kind that is not listed promises none.
    CASE_DUE: Table, (CASE_DUE_COLUMNS) = "case.due", P26;
    /// Cases that one party may have open at a time.
    CASE_OPEN_PER_PARTY: Count, (1, 100) = "case.open_per_party", P26;
    /// Messages that one case may have.
    CASE_MESSAGES: Count, (1, 500) = "case.messages", P26;
    /// Files that one case may have.
    CASE_ATTACHMENTS: Count, (1, 100) = "case.attachments", P26;
    /// Types of files that are taken, each with its most bytes; a type that is not listed is refused.
    CASE_FILE_TYPES: Table, (FILE_TYPE_COLUMNS) = "case.file_types", P26;
    /// Days in which a party may open a closed case again.
    CASE_REOPEN: Days, (0, 366) = "case.reopen", P26;

    // Access of parties.
    /// Time after which a portal session ends in which nobody does anything.
    PORTAL_IDLE: Minutes, (5, 480) = "portal.idle", P18;

    // API, webhooks and keeping of records.
    /// Waits before each further attempt at a webhook, in seconds.
    WEBHOOK_RETRY: Schedule, (20, 604_800) = "webhook.retry", P15;
    /// How long the outcome of a money write is kept under its key.
    IDEMPOTENCY_RETENTION: Days, (1, 3660) = "idempotency.retention", P19;
    /// How long click ids are kept against double charging.
    IDEMPOTENCY_CLICK_RETENTION: Days, (7, 3660) = "idempotency.click_retention", P19;
    /// Most items of one bulk request.
    BULK_ITEMS: Count, (1, 100_000) = "bulk.items", P19;
    /// Years that trade data is kept.
    RETENTION_YEARS: Count, (3, 30) = "retention.years", P25;
}
