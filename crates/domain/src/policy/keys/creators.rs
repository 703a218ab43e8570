//! Keys of the withdrawal gate, and of creators: settlement, withdrawals, programme, corporate payees, tax.

use super::MOST_MINOR;
use crate::policy::{
    kinds::{Amount, Count, Days, Digits, Flag, Hours, Pick, ProgrammePublish, Rate, Table},
    value::{Cell, Column, Unit},
};

const COMPENSATION_COLUMNS: &[Column] = &[
    Column { name: "task_type", cell: Cell::Slug },
    Column { name: "stage", cell: Cell::Slug },
    Column { name: "ratio", cell: Cell::Number { unit: Unit::Ppm, min: 0, max: 1_000_000 } },
];

const TAX_BAND_COLUMNS: &[Column] = &[
    Column { name: "above", cell: Cell::Number { unit: Unit::Minor, min: 0, max: MOST_MINOR } },
    Column { name: "rate", cell: Cell::Number { unit: Unit::Ppm, min: 0, max: 1_000_000 } },
];

registry! {
    area 1;

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
}
