//! The closed registry of policy keys (P4).
//!
//! A key is a constant whose type says what its value is in code. The table below is the only place where keys are
//! declared: name in packs, row of the spec, shape with bounds, and whether a change needs notice (fees and limits
//! that parties rely on).

use std::marker::PhantomData;

use super::{
    kinds::{
        AdResume, Amount, Count, CutOff, DailyDrawAction, Days, Digits, Flag, Hours, Minutes, OverLimit,
        Pick, ProgrammePublish, Rate, ReviewRestore, Schedule, Seconds, StreakAction, Table, Time, ValueDate,
        VirtualOperatorIdentity, VirtualOperatorLimit, Window,
    },
    value::{Cell, Column, Shape, Unit},
};

/// A key of kind `K`. Its values are read with [`super::PolicyView::get`].
#[derive(Debug)]
pub struct Key<K> {
    slot: usize,
    kind: PhantomData<K>,
}

impl<K> Clone for Key<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Key<K> {}

impl<K> Key<K> {
    const fn new(slot: usize) -> Self {
        Self { slot, kind: PhantomData }
    }

    /// Position in [`REGISTRY`].
    pub(super) const fn slot(self) -> usize {
        self.slot
    }

    /// Name, row, shape and text of this key.
    pub fn spec(self) -> Option<&'static KeySpec> {
        REGISTRY.get(self.slot)
    }
}

/// What the registry knows of a key.
#[derive(Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Dotted name in packs.
    pub name: &'static str,
    /// Row of the spec that it serves.
    pub row: &'static str,
    /// What its value must look like.
    pub shape: Shape,
    /// True for fees and limits whose change needs days of notice (electronic commerce law, art. 34).
    pub notice: bool,
    doc: &'static str,
}

impl KeySpec {
    /// One line that says what it is for.
    pub fn doc(&self) -> &'static str {
        self.doc.trim()
    }
}

/// A key by its name in packs, with its position in [`REGISTRY`].
pub(super) fn find(name: &str) -> Option<(usize, &'static KeySpec)> {
    REGISTRY.iter().enumerate().find(|(_, spec)| spec.name == name)
}

/// The keys of one rail.
#[derive(Debug, Clone, Copy)]
pub struct RailKeys {
    /// Its kill switch.
    pub enabled: Key<Flag>,
    /// Its largest single payout.
    pub single_limit: Key<Amount>,
    /// Float below which finance is told.
    pub low_float: Key<Amount>,
}

/// The rails that policy knows, by name.
pub const RAILS: &[&str] = &["sandbox", "alipay", "bank-file"];

/// The keys of a rail by its name (`sandbox`, `alipay`, `bank-file`); `None` for a rail without policy.
pub fn of_rail(rail: &str) -> Option<RailKeys> {
    let (enabled, single_limit, low_float) = match rail {
        "sandbox" => (RAIL_SANDBOX_ENABLED, RAIL_SANDBOX_SINGLE_LIMIT, RAIL_SANDBOX_LOW_FLOAT),
        "alipay" => (RAIL_ALIPAY_ENABLED, RAIL_ALIPAY_SINGLE_LIMIT, RAIL_ALIPAY_LOW_FLOAT),
        "bank-file" => (RAIL_BANK_FILE_ENABLED, RAIL_BANK_FILE_SINGLE_LIMIT, RAIL_BANK_FILE_LOW_FLOAT),
        _ => return None,
    };
    Some(RailKeys { enabled, single_limit, low_float })
}

/// Upper bound of amounts: 100 billion yuan, so that sums of a few stay far from overflow.
const MOST_MINOR: i64 = 10_000_000_000_000;

/// Largest file that any type may have, in bytes: what one request carries and one row holds.
pub const LARGEST_FILE: i64 = 20 * 1024 * 1024;

const COMPENSATION_COLUMNS: &[Column] = &[
    Column { name: "task_type", cell: Cell::Slug },
    Column { name: "stage", cell: Cell::Slug },
    Column { name: "ratio", cell: Cell::Number { unit: Unit::Ppm, min: 0, max: 1_000_000 } },
];

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

const SALE_COLUMNS: &[Column] = &[
    Column { name: "sale", cell: Cell::Slug },
    // Month × 100 + day: a sale comes again every year.
    Column { name: "from_mmdd", cell: Cell::Number { unit: Unit::Count, min: 101, max: 1231 } },
    Column { name: "days", cell: Cell::Number { unit: Unit::Days, min: 1, max: 92 } },
];

const LEVEL_COLUMNS: &[Column] = &[
    Column { name: "level", cell: Cell::Number { unit: Unit::Count, min: 1, max: 100 } },
    Column { name: "amount", cell: Cell::Number { unit: Unit::Minor, min: 0, max: MOST_MINOR } },
];

const TAX_BAND_COLUMNS: &[Column] = &[
    Column { name: "above", cell: Cell::Number { unit: Unit::Minor, min: 0, max: MOST_MINOR } },
    Column { name: "rate", cell: Cell::Number { unit: Unit::Ppm, min: 0, max: 1_000_000 } },
];

/// Signs of cash-out that policy knows (C21), in the order of `credit::risk::Signal`.
pub const RISK_SIGNALS: &[&str] = &[
    "pay_later_share",
    "round_amount",
    "near_limit",
    "same_device",
    "same_address",
    "same_payee",
    "no_scan",
    "drawn_and_refunded",
    "after_increase",
];

const RISK_WEIGHT_COLUMNS: &[Column] = &[
    Column { name: "signal", cell: Cell::OneOf(RISK_SIGNALS) },
    Column { name: "points", cell: Cell::Number { unit: Unit::Count, min: 0, max: 100 } },
];

const RISK_SHARE_COLUMNS: &[Column] = &[
    Column { name: "signal", cell: Cell::OneOf(RISK_SIGNALS) },
    Column { name: "share", cell: Cell::Number { unit: Unit::Ppm, min: 0, max: 1_000_000 } },
];

macro_rules! needs_notice {
    (notice) => {
        true
    };
    () => {
        false
    };
}

/// One line per key: text, constant, kind with bounds, name in packs, row, and `notice` for fees and limits.
macro_rules! registry {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $kind:ty, ($($bound:expr),*) = $text:literal, $row:ident $($notice:ident)?;
    )*) => {
        /// Positions in the registry.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named like the constants they number")]
        enum Slot { $($name),* }

        $(
            $(#[doc = $doc])+
            #[doc = concat!("\n\n`", $text, "`, row ", stringify!($row), ".")]
            pub const $name: Key<$kind> = Key::new(Slot::$name as usize);
        )*

        /// Every key, in the order of the default pack.
        pub static REGISTRY: &[KeySpec] = &[$(
            KeySpec {
                name: $text,
                row: stringify!($row),
                shape: <$kind>::shape($($bound),*),
                notice: needs_notice!($($notice)?),
                doc: concat!($($doc),+),
            },
        )*];
    };
}

registry! {
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

    // The withdrawal gate.
    /// Smallest amount of a withdrawal.
    WITHDRAWAL_MINIMUM: Amount, (1, MOST_MINOR) = "withdrawal.minimum", G notice;
    /// Whether a withdrawal needs a one-time code.
    WITHDRAWAL_CODE_REQUIRED: Flag, () = "withdrawal.code_required", G;
    /// Whether a withdrawal needs a bound phone and a verified identity.
    WITHDRAWAL_FIRST_STEPS_REQUIRED: Flag, () = "withdrawal.first_steps_required", X4;
    /// Withdrawal from which a person looks at it first; two people by `approval.payout_threshold`.
    WITHDRAWAL_REVIEW_FROM: Amount, (0, MOST_MINOR) = "withdrawal.review_from", G;
    /// Time after binding a further payout account in which a person looks at withdrawals to it.
    WITHDRAWAL_REVIEW_NEW_ACCOUNT: Hours, (0, 720) = "withdrawal.review_new_account", G;

    // Task orders and settlement.
    /// Service fee of creators without an agency, of settled gross, by date of acceptance.
    SERVICE_FEE_INDEPENDENT: Rate, (0, 1_000_000) = "settlement.service_fee.independent", X13 notice;
    /// Service fee of orders that settle to an agency.
    SERVICE_FEE_AGENCY: Rate, (0, 1_000_000) = "settlement.service_fee.agency", X13 notice;
    /// Service fee of orders that settle to a corporate payee.
    SERVICE_FEE_CORPORATE: Rate, (0, 1_000_000) = "settlement.service_fee.corporate", X13 notice;
    /// Working days between completion and settlement.
    SETTLEMENT_DELAY: Days, (0, 60) = "settlement.delay", X2;
    /// Share of the price that the creator gets when an order is cancelled, by task type and stage.
    COMPENSATION: Table, (COMPENSATION_COLUMNS) = "settlement.compensation", X2 notice;

    // Withdrawals of creators.
    /// Sum of withdrawals from which a studio is required.
    STUDIO_THRESHOLD: Amount, (0, MOST_MINOR) = "studio.threshold", X9 notice;
    /// Civil months over which the studio threshold is summed.
    STUDIO_WINDOW_MONTHS: Count, (1, 36) = "studio.window_months", X9 notice;
    /// Working days for deciding a studio upgrade.
    STUDIO_DECISION: Days, (1, 60) = "studio.decision", X9;
    /// Most that an upgraded creator withdraws in a civil day, gross.
    DAILY_CAP_UPGRADED: Amount, (0, MOST_MINOR) = "withdrawal.daily_cap.upgraded", X10 notice;
    /// Earliest expected arrival of a payout waiting for platform funds, in working days.
    FLOAT_SHORT_EARLIEST: Days, (0, 60) = "float_short.earliest", X11;
    /// Latest expected arrival of a payout waiting for platform funds, in working days.
    FLOAT_SHORT_LATEST: Days, (0, 60) = "float_short.latest", X11;
    /// Time to completion, from the request; later payouts are overdue.
    PAYOUT_CLOCK: Hours, (1, 720) = "payout.clock", X12;

    // Programme, corporate settlement, tax.
    /// Who publishes the drafts of a programme month.
    PROGRAMME_PUBLISH: Pick<ProgrammePublish>, () = "programme.publish", X15;
    /// Day of the month on which drafts are published by themselves, if so chosen.
    PROGRAMME_PUBLISH_DAY: Count, (2, 28) = "programme.publish_day", X15;
    /// Days in which a creator may dispute a published month.
    PROGRAMME_DISPUTE: Days, (0, 90) = "programme.dispute", X15;
    /// Day of the month by which the orders of the month before are listed.
    CORPORATE_LIST_DAY: Count, (1, 28) = "corporate.list_day", X16;
    /// Working days from the last complete paper to payment.
    CORPORATE_PAYMENT: Days, (1, 60) = "corporate.payment", X16;
    /// Days in which a payee may dispute a statement that it has not signed.
    CORPORATE_DISPUTE: Days, (0, 90) = "corporate.dispute", X16;
    /// Tax rates that an invoice may have, in whole percent.
    CORPORATE_TAX_RATES: Digits, () = "corporate.tax_rates", X16;
    /// Whether tax on individuals' income is withheld.
    TAX_WITHHOLDING_ENABLED: Flag, () = "tax.withholding.enabled", X18;
    /// Share of an individual's income that counts as expenses when tax is withheld.
    TAX_EXPENSES: Rate, (0, 1_000_000) = "tax.withholding.expenses", X18;
    /// Allowance of an individual for each month with income when tax is withheld.
    TAX_ALLOWANCE: Amount, (0, MOST_MINOR) = "tax.withholding.allowance", X18;
    /// Bands of an individual's taxable income of a calendar year, the lowest first.
    TAX_BANDS: Table, (TAX_BAND_COLUMNS) = "tax.withholding.bands", X18;

    // Pay-later limit: its components.
    /// Limit of a new shop for each shop level.
    NEW_SHOP_LEVEL_AMOUNT: Amount, (0, MOST_MINOR) = "credit.new_shop.level_amount", C3 notice;
    /// Limit of a new shop for a level, instead of the product.
    NEW_SHOP_OVERRIDES: Table, (LEVEL_COLUMNS) = "credit.new_shop.overrides", C3 notice;
    /// Months for which a shop is new.
    NEW_SHOP_MONTHS: Count, (1, 24) = "credit.new_shop.months", C3;
    /// Mean rating from which the boost is earned, in hundredths.
    DSR_THRESHOLD_HUNDREDTHS: Count, (0, 500) = "credit.dsr.threshold_hundredths", C4;
    /// Boost for the rating, of the components.
    DSR_BOOST: Rate, (0, 1_000_000) = "credit.dsr.boost", C4 notice;
    /// Months that the rating boost lasts.
    DSR_BOOST_MONTHS: Count, (1, 60) = "credit.dsr.months", C4;
    /// Orders a month, on average, above which a shop counts one level up.
    VOLUME_ORDERS: Count, (0, 1_000_000) = "credit.volume.orders", C4;
    /// Full months over which orders are averaged.
    VOLUME_WINDOW_MONTHS: Count, (1, 24) = "credit.volume.window_months", C4;
    /// Months that the higher level lasts.
    VOLUME_BOOST_MONTHS: Count, (1, 60) = "credit.volume.months", C4;
    /// Boost for completed training.
    TRAINING_AMOUNT: Amount, (0, MOST_MINOR) = "credit.training.amount", C4 notice;
    /// Months that the training boost lasts.
    TRAINING_MONTHS: Count, (1, 60) = "credit.training.months", C4;
    /// Sales of the platform: first day of the year and days.
    PROMOTION_WINDOWS: Table, (SALE_COLUMNS) = "credit.promotion.windows", C5 notice;
    /// Boost in a promotion window.
    PROMOTION_BOOST: Rate, (0, 1_000_000) = "credit.promotion.boost", C5 notice;
    /// Largest promotion boost that staff may grant.
    PROMOTION_BOOST_MOST: Rate, (0, 1_000_000) = "credit.promotion.most", C5 notice;
    /// Days ahead of a promotion on which merchants are reminded.
    PROMOTION_REMINDER: Days, (0, 180) = "credit.promotion.reminder", C5;

    // Pay-later limit: reductions, cap, warnings.
    /// Days over which the return rate is measured.
    RETURN_RATE_WINDOW: Days, (1, 365) = "credit.return_rate.window", C6;
    /// Return rate above which the limit is reduced.
    RETURN_RATE_REDUCE_ABOVE: Rate, (0, 1_000_000) = "credit.return_rate.reduce_above", C6 notice;
    /// Reduction for a high return rate.
    RETURN_RATE_REDUCTION: Rate, (0, 1_000_000) = "credit.return_rate.reduction", C6 notice;
    /// Return rate above which, month after month, the limit is zero.
    RETURN_RATE_ZERO_ABOVE: Rate, (0, 1_000_000) = "credit.return_rate.zero_above", C7 notice;
    /// Months running above that rate that make the limit zero.
    RETURN_RATE_ZERO_MONTHS: Count, (1, 24) = "credit.return_rate.zero_months", C7 notice;
    /// Share of the day's highest total that a day's draws of unpaid proceeds may reach.
    DAILY_DRAW_SHARE: Rate, (0, 1_000_000) = "credit.daily_draw.share", C7 notice;
    /// What happens to draws above that share.
    DAILY_DRAW_ACTION: Pick<DailyDrawAction>, () = "credit.daily_draw.action", C7 notice;
    /// Cap of the limit, of the turnover of the last months.
    TURNOVER_CAP: Rate, (0, 1_000_000) = "credit.cap.turnover", C8 notice;
    /// Full months of turnover that the cap looks at.
    TURNOVER_CAP_MONTHS: Count, (1, 36) = "credit.cap.months", C8;
    /// Full months needed before the cap applies.
    TURNOVER_CAP_LEAST_MONTHS: Count, (1, 36) = "credit.cap.least_months", C8;
    /// Share of the limit in use from which the merchant is warned.
    LIMIT_USED_WARNING: Rate, (0, 1_000_000) = "credit.used_warning", C10;
    /// Days after shipping on which an order is due.
    RECEIVABLE_DUE: Days, (1, 365) = "credit.receivable.due", C11;
    /// What shipping beyond the limit does.
    OVER_LIMIT: Pick<OverLimit>, () = "credit.over_limit", C12 notice;
    /// Day of the month on which merchants are reminded to check their limit.
    LIMIT_CHECK_DAY: Count, (1, 28) = "credit.check_day", C24;
    /// Days ahead on which the end of a boost is announced.
    BOOST_REMINDER: Days, (0, 180) = "credit.boost_reminder", C24;
    /// Applications above this amount are decided by two people.
    APPLICATION_TWO_PEOPLE_ABOVE: Amount, (0, MOST_MINOR) = "credit.application.two_people_above", C25;
    /// What a phone number of a virtual operator does to the limit.
    VIRTUAL_OPERATOR_LIMIT: Pick<VirtualOperatorLimit>, () = "credit.virtual_operator", C22 notice;

    // Signs of cash-out.
    /// Points from which a person looks at an advance or a withdrawal of proceeds.
    RISK_REVIEW_FROM: Count, (1, 1_000) = "credit.risk.review_from", C21;
    /// Points of each sign; a sign that is not listed has none.
    RISK_WEIGHTS: Table, (RISK_WEIGHT_COLUMNS) = "credit.risk.weights", C21;
    /// Share of a shop's orders above which a sign is a pattern of the shop; not listed: never.
    RISK_SHARES: Table, (RISK_SHARE_COLUMNS) = "credit.risk.shares", C21;
    /// Months of orders that patterns look at, the current one included.
    RISK_WINDOW_MONTHS: Count, (1, 12) = "credit.risk.window_months", C21;
    /// Orders that must be there before a pattern counts.
    RISK_LEAST_ORDERS: Count, (1, 100_000) = "credit.risk.least_orders", C21;
    /// An amount is round when it is a multiple of this.
    RISK_ROUND_UNIT: Amount, (1, MOST_MINOR) = "credit.risk.round_unit", C21;
    /// Share of the limit from which one order is near it.
    RISK_NEAR_LIMIT: Rate, (0, 1_000_000) = "credit.risk.near_limit", C21;
    /// Rise of a limit, of what it was, that counts as an increase.
    RISK_INCREASE_LEAST: Rate, (0, 1_000_000) = "credit.risk.increase_least", C21;
    /// Time after an increase in which use of it is a sign.
    RISK_INCREASE: Hours, (0, 720) = "credit.risk.increase", C21;
    /// A refund within this time of a draw is a sign.
    RISK_LOOP: Hours, (0, 720) = "credit.risk.loop", C21;
    /// Whether the platform reports every logistics scan, so that goods without one were not seen on their way.
    RISK_SCANS_REPORTED: Flag, () = "credit.risk.scans_reported", C21;
    /// Time after shipping by which a scan is expected.
    RISK_SCAN: Hours, (1, 720) = "credit.risk.scan", C21;
    /// Days for which a release is honoured: the same signs do not hold again.
    RISK_RELEASE: Days, (0, 365) = "credit.risk.release", C21;

    // Withdrawing proceeds.
    /// Local time in which no withdrawal of proceeds is taken.
    CLOSED_WINDOW: Window, () = "proceeds.closed_window", C14 notice;
    /// Whether withdrawals of proceeds wait for their value date.
    VALUE_DATE: Pick<ValueDate>, () = "proceeds.value_date", C14 notice;
    /// Local time of dispatch on the value date.
    DISPATCH_TIME: Time, () = "proceeds.dispatch_time", C14;
    /// Working days to the value date.
    VALUE_DAYS: Days, (0, 30) = "proceeds.value_days", C14 notice;
    /// Working days to the value date in a promotion window.
    VALUE_DAYS_PROMOTION: Days, (0, 30) = "proceeds.value_days_promotion", C14 notice;
    /// Whether a merchant's first withdrawal is free.
    PROCEEDS_FEE_FIRST_FREE: Flag, () = "proceeds.fee.first_free", C15 notice;
    /// Fee of a withdrawal of proceeds, of its base.
    PROCEEDS_FEE_RATE: Rate, (0, 1_000_000) = "proceeds.fee.rate", C15 notice;
    /// Smallest fee when the base is above zero.
    PROCEEDS_FEE_MINIMUM: Amount, (0, MOST_MINOR) = "proceeds.fee.minimum", C15 notice;
    /// Sum of a calendar year above which withdrawals are free.
    PROCEEDS_FEE_ANNUAL_BASE: Amount, (0, MOST_MINOR) = "proceeds.fee.annual_base", C15 notice;
    /// Whether a payout that bounced for the payee's own wrong data costs its fee.
    PROCEEDS_FEE_ON_PAYEE_FAULT: Flag, () = "proceeds.fee.on_payee_fault", C16 notice;

    // Reviews and velocity.
    /// Working days for deciding a held withdrawal.
    REVIEW_DECISION: Days, (1, 60) = "review.decision", C17;
    /// When the limit comes back after an approved review.
    REVIEW_RESTORE: Pick<ReviewRestore>, () = "review.restore", C17;
    /// Requests of a civil day that pass; the next is held.
    VELOCITY_REQUESTS: Count, (1, 1000) = "velocity.requests", C19;
    /// Share of the limit from which one request is large.
    VELOCITY_LARGE_SHARE: Rate, (0, 1_000_000) = "velocity.large_share", C19;
    /// Time after a large request in which further ones are held.
    VELOCITY_LARGE_HOLD: Hours, (0, 720) = "velocity.large_hold", C19;
    /// Consecutive civil days with high draws that lead to a hold.
    VELOCITY_STREAK: Days, (2, 30) = "velocity.streak", C19;
    /// Draws of one day that count for such a run.
    VELOCITY_STREAK_AMOUNT: Amount, (0, MOST_MINOR) = "velocity.streak_amount", C19;
    /// What such a run of days does.
    VELOCITY_STREAK_ACTION: Pick<StreakAction>, () = "velocity.streak_action", C19;
    /// Days for which the limit is locked after such a run.
    VELOCITY_LOCK: Days, (0, 365) = "velocity.lock", C19;
    /// Share of the limit a day that new shops are advised to stay below.
    VELOCITY_ADVICE_SHARE: Rate, (0, 1_000_000) = "velocity.advice_share", C19;

    // Advertising accounts.
    /// Smallest first top-up.
    AD_TOP_UP_FIRST_MINIMUM: Amount, (0, MOST_MINOR) = "ads.top_up.first_minimum", A2 notice;
    /// Smallest later top-up.
    AD_TOP_UP_MINIMUM: Amount, (0, MOST_MINOR) = "ads.top_up.minimum", A2 notice;
    /// Days of budget that a suggested top-up covers.
    AD_TOP_UP_SUGGESTED_DAYS: Days, (1, 90) = "ads.top_up.suggested_days", A2;
    /// Time after a stop in which clicks are still charged.
    AD_STOP_GRACE: Seconds, (0, 3600) = "ads.stop_grace", A4;
    /// Arrears up to which such clicks are charged.
    AD_ARREARS_LIMIT: Amount, (0, MOST_MINOR) = "ads.arrears_limit", A4 notice;
    /// Age of arrears from which the account is suspended, in days.
    AD_SUSPEND_AFTER: Days, (0, 365) = "ads.suspend_after", A4 notice;
    /// How campaigns stopped for money come back after a top-up.
    AD_RESUME: Pick<AdResume>, () = "ads.resume", A5;
    /// Smallest bid, and smallest price of a click.
    AD_MINIMUM_BID: Amount, (1, MOST_MINOR) = "ads.minimum_bid", A7 notice;
    /// What is added to the price of the next rank.
    AD_PRICE_STEP: Amount, (0, MOST_MINOR) = "ads.price_step", A7 notice;
    /// Days after which a click is too late to be charged.
    AD_LATE_CLICK: Days, (0, 30) = "ads.late_click", A7;
    /// Smallest daily budget.
    AD_MINIMUM_DAILY_BUDGET: Amount, (0, MOST_MINOR) = "ads.minimum_daily_budget", A9 notice;
    /// Automatic top-ups of a civil day.
    AUTO_TOP_UP_PER_DAY: Count, (1, 100) = "ads.auto_top_up.per_day", A11;
    /// Whether unspent cash can be refunded to its top-ups.
    AD_REFUND_ENABLED: Flag, () = "ads.refund.enabled", A12 notice;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_dotted_lower_case() {
        for (slot, spec) in REGISTRY.iter().enumerate() {
            assert_eq!(find(spec.name).map(|(found, _)| found), Some(slot), "{} twice", spec.name);
            let parts: Vec<&str> = spec.name.split('.').collect();
            let plain =
                |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(parts.len() >= 2 && parts.iter().all(plain), "{}", spec.name);
            assert!(spec.doc().ends_with('.') && spec.doc().lines().count() == 1, "{}", spec.name);
        }
    }

    #[test]
    fn constants_name_their_keys() {
        assert_eq!(
            SERVICE_FEE_INDEPENDENT.spec().map(|s| s.name),
            Some("settlement.service_fee.independent")
        );
        assert_eq!(AD_REFUND_ENABLED.spec(), REGISTRY.last());
        assert!(
            of_rail("bank-file").is_some_and(|keys| keys.enabled.slot() == RAIL_BANK_FILE_ENABLED.slot())
        );
        assert!(of_rail("carrier-pigeon").is_none());
    }
}
