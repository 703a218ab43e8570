//! Statements and their orders as they are shown.

use purser_domain::{
    corporate::{Circumstances, InvoiceItem, explain, tax_in},
    time::Date,
};
use purser_engine::corporate::{ListedItem, ListingRow, PayoutRow, StatementRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::records::csv::{Lines, Look};

/// Amounts of a statement or an order, in minor units.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the unit stands last in every amount")]
pub(crate) struct SettlementAmounts {
    /// Gross of settled orders.
    task_minor: i64,
    /// Service fees taken from it.
    service_fee_minor: i64,
    /// Compensation for cancelled orders.
    compensation_minor: i64,
    /// Added or taken besides: collected for an earlier debt, programme results, corrections.
    adjustment_minor: i64,
    /// What is to be paid: task − service fee + compensation + adjustment.
    payable_minor: i64,
}

/// An invoice of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvoiceView {
    /// Its number.
    number: String,
    /// `special` or `ordinary`.
    kind: String,
    /// What it is for: `video_production` or `information_service`.
    item: String,
    /// As it stands on the invoice.
    item_text: &'static str,
    /// Tax rate in whole percent.
    tax_percent: i64,
    /// The tax in the amount, minor units.
    tax_minor: Option<i64>,
    /// Amount, tax included, minor units.
    amount_minor: i64,
    /// When its papers were complete; null while they are sent back.
    submitted_at: Option<String>,
}

/// Where a statement stands, in words (P14).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementWhere {
    /// Stable machine code.
    code: &'static str,
    /// A sentence in Chinese.
    zh: &'static str,
    /// A sentence in English.
    en: &'static str,
    /// Who must act: `party`, `staff`, `rail` or `nobody`.
    who_must_act: &'static str,
    /// What to do.
    next_step: &'static str,
    /// By when it is paid, where that is promised.
    by: Option<String>,
    /// It should have been paid.
    overdue: bool,
    /// What staff wrote, or why the payment failed.
    detail: Option<String>,
}

/// A settlement statement (结算单).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementView {
    /// Id, which is the statement's number.
    id: String,
    /// Who is paid.
    party_id: String,
    /// `generated`, `signed`, `submitted`, `papers_rejected`, `paying`, `payment_failed`, `paid` or `cancelled`.
    state: String,
    /// As people know it: `settling`, `settled`, `papers_rejected`, `paying`, `paid` or `cancelled`.
    status: &'static str,
    /// Where it stands, in words.
    explanation: SettlementWhere,
    /// First civil month of its orders.
    period_from: String,
    /// Last one.
    period_to: String,
    /// Number of orders and lines.
    orders: i64,
    /// Currency of every amount.
    currency: String,
    /// What it is worth.
    amounts: SettlementAmounts,
    /// What has been paid, minor units.
    paid_minor: i64,
    /// Name of the payee as it stands on the invoice.
    seller_name: String,
    /// Its unified social credit code.
    seller_code: String,
    /// Payout account.
    payout_account: String,
    /// Its number, masked.
    payout_account_masked: String,
    /// Who signed.
    signed_by: Option<String>,
    /// When.
    signed_at: Option<String>,
    /// The last invoice.
    invoice: Option<InvoiceView>,
    /// How often papers were submitted.
    submissions: i64,
    /// The case with the papers: attach files there.
    papers_case: Option<String>,
    /// It cannot be signed before a dispute is answered.
    disputed: bool,
    /// The last dispute.
    dispute_case: Option<String>,
    /// Until when it can be disputed.
    dispute_until: String,
    /// Civil date by which it is paid; null while nothing is promised or the calendar cannot tell.
    due_on: Option<String>,
    /// The calendar cannot tell.
    calendar_missing: bool,
    /// The payout that is under way or was the last one, `wd_…`: its reference at the rail begins with it.
    payment: Option<String>,
    /// When it was made.
    generated_at: String,
    /// When it came to its end.
    finished_at: Option<String>,
    /// Policy version in force when it was made.
    policy_version: i64,
    /// Counts changes: the `ETag`.
    version: i64,
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn invoice(row: &StatementRow) -> Option<InvoiceView> {
    let facts = &row.invoice;
    let item = facts.get_text("item")?;
    let tax_percent = facts.get_int("tax_percent")?;
    Some(InvoiceView {
        number: facts.get_text("number")?,
        kind: facts.get_text("kind")?,
        item_text: InvoiceItem::named(&item).map_or("", InvoiceItem::zh),
        item,
        tax_minor: u32::try_from(tax_percent).ok().and_then(|percent| tax_in(row.payable, percent)),
        tax_percent,
        amount_minor: row.payable,
        submitted_at: row.submitted_at.map(|at| at.to_string()),
    })
}

impl SettlementView {
    pub(crate) fn of(row: &StatementRow, also: Circumstances, today: Date) -> Self {
        let words = explain(row.state(), also, row.due_on(), today);
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            state: row.state.clone(),
            status: row.state().status(),
            explanation: SettlementWhere {
                code: words.code,
                zh: words.zh,
                en: words.en,
                who_must_act: words.actor,
                next_step: words.next_step,
                by: words.by.map(|day| day.to_string()),
                overdue: words.overdue,
                detail: some(&row.reason),
            },
            period_from: row.period_from.clone(),
            period_to: row.period_to.clone(),
            orders: row.items,
            currency: row.currency.to_string(),
            amounts: SettlementAmounts {
                task_minor: row.gross,
                service_fee_minor: row.service_fee,
                compensation_minor: row.compensation,
                adjustment_minor: row.adjustment,
                payable_minor: row.payable,
            },
            paid_minor: row.paid,
            seller_name: row.seller_name.clone(),
            seller_code: row.seller_code.clone(),
            payout_account: row.destination.to_string(),
            payout_account_masked: row.account.clone(),
            signed_by: some(&row.signed_by),
            signed_at: row.signed_at.map(|at| at.to_string()),
            invoice: invoice(row),
            submissions: row.submissions,
            papers_case: row.papers_case().map(|case| case.to_string()),
            disputed: also.disputed,
            dispute_case: row.dispute_case().map(|case| case.to_string()),
            dispute_until: row.dispute_until.to_string(),
            due_on: some(&row.due_on),
            calendar_missing: row.calendar_missing,
            payment: (row.payouts > 0).then(|| row.payout.to_string()),
            generated_at: row.generated_at.to_string(),
            finished_at: row.finished_at.map(|at| at.to_string()),
            policy_version: row.policy_version,
            version: row.version,
        }
    }

    /// In the answer of a write: the only dispute that a statement can still have unsigned there is open.
    pub(crate) fn written(row: &StatementRow, today: Date) -> Self {
        let disputed = row.state == "generated" && row.dispute_case().is_some();
        let also =
            Circumstances { disputed, calendar_missing: row.calendar_missing, payout_in_review: false };
        Self::of(row, also, today)
    }
}

/// A payout of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementPayment {
    /// The payout, `wd_…`.
    payment: String,
    /// What was to be paid, minor units.
    amount_minor: i64,
    /// What arrived and stayed, minor units.
    paid_minor: i64,
    /// State of the payout when the statement last heard of it.
    state: String,
}

/// A statement with its payouts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementDetail {
    #[serde(flatten)]
    pub(crate) settlement: SettlementView,
    /// Its payouts, in order.
    pub(crate) payments: Vec<SettlementPayment>,
}

impl From<&PayoutRow> for SettlementPayment {
    fn from(row: &PayoutRow) -> Self {
        Self {
            payment: row.payout.to_string(),
            amount_minor: row.amount,
            paid_minor: row.paid,
            state: row.state.clone(),
        }
    }
}

/// An order, or a line without one, that a corporate payee is to be paid for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementOrder {
    /// Order `to_…`, or line `sl_…`.
    pub(crate) id: String,
    /// Your own id of the order; null for a line.
    pub(crate) order_id: Option<String>,
    /// Title of the order, or what the line is about.
    pub(crate) title: String,
    /// What it is worth.
    pub(crate) amounts: SettlementAmounts,
    /// When it was booked.
    pub(crate) booked_at: String,
    /// The civil month that it was listed with; null before.
    pub(crate) month: Option<String>,
    /// The statement that it is in.
    pub(crate) settlement_id: Option<String>,
}

impl From<&ListedItem> for SettlementOrder {
    fn from(item: &ListedItem) -> Self {
        let row = &item.row;
        let amounts = row.amounts();
        Self {
            id: row.id(),
            order_id: item.external_id.clone(),
            title: item.title.clone().unwrap_or_else(|| row.note.clone()),
            amounts: SettlementAmounts {
                task_minor: amounts.gross_minor,
                service_fee_minor: amounts.service_fee_minor,
                compensation_minor: amounts.compensation_minor,
                adjustment_minor: amounts.adjustment_minor,
                payable_minor: row.net,
            },
            booked_at: row.booked_at.to_string(),
            month: some(&row.month),
            settlement_id: row.statement().map(|id| id.to_string()),
        }
    }
}

/// A month that was listed for a payee.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementMonth {
    /// Civil month.
    month: String,
    /// Number of orders and lines.
    orders: i64,
    /// What they are worth, minor units.
    net_minor: i64,
    /// When the payee was told; null while the list is being made.
    listed_at: Option<String>,
}

impl From<&ListingRow> for SettlementMonth {
    fn from(row: &ListingRow) -> Self {
        Self {
            month: row.month.clone(),
            orders: row.items,
            net_minor: row.net,
            listed_at: row.listed_at.map(|at| at.to_string()),
        }
    }
}

/// Headings of an export.
pub(crate) const HEADINGS: [(&str, &str); 18] = [
    ("settlement", "结算单号"),
    ("id", "编号"),
    ("order_id", "任务单号"),
    ("title", "名称"),
    ("month", "账期"),
    ("booked_at", "入账时间"),
    ("currency", "币种"),
    ("task", "任务金额"),
    ("task_minor", "任务金额（分）"),
    ("service_fee", "平台服务费"),
    ("service_fee_minor", "平台服务费（分）"),
    ("compensation", "赔付"),
    ("compensation_minor", "赔付（分）"),
    ("adjustment", "调整"),
    ("adjustment_minor", "调整（分）"),
    ("payable", "应结金额"),
    ("payable_minor", "应结金额（分）"),
    ("kind", "类型"),
];

impl SettlementOrder {
    /// Adds it as a line of CSV.
    pub(crate) fn line(&self, lines: &mut Lines, look: Look, currency: &str) {
        let texts = [
            self.settlement_id.as_deref().unwrap_or_default(),
            &self.id,
            self.order_id.as_deref().unwrap_or_default(),
            &self.title,
            self.month.as_deref().unwrap_or_default(),
            &self.booked_at,
            currency,
        ];
        for text in texts {
            lines.text(text);
        }
        let amounts = &self.amounts;
        for minor in [
            amounts.task_minor,
            amounts.service_fee_minor,
            amounts.compensation_minor,
            amounts.adjustment_minor,
            amounts.payable_minor,
        ] {
            lines.money(Some(minor));
        }
        lines.text(if self.order_id.is_some() {
            look.pick("order", "任务")
        } else {
            look.pick("line", "调整项")
        });
        lines.end();
    }
}
