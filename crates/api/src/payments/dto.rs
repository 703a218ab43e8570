//! What requests and answers about money in look like.

use std::sync::Arc;

use purser_domain::{
    metadata::Metadata,
    payments::{Method, RefundState, State},
    time::Timestamp,
};
use purser_engine::{
    metadata,
    payments::{PaymentOrderRow, PaymentRefundRow, PaymentRow, cashier_token},
    ports::PageCashier,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::edge::Amount;

/// The bank account that payers transfer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// Name of its holder.
    pub name: String,
    /// Number.
    pub number: String,
    /// Bank and branch.
    pub bank: String,
}

/// How this server takes money in.
#[derive(Clone, Default)]
pub struct Collect {
    /// Signs cashier links.
    pub key: [u8; 32],
    /// Where payers reach this server, without a slash at the end; empty: links are paths.
    pub public_url: String,
    /// Alipay's cashier.
    pub alipay: Option<Arc<dyn PageCashier>>,
    /// The account for bank transfers.
    pub bank: Option<BankAccount>,
}

impl Collect {
    /// Whether this server takes money that way.
    pub(crate) fn has(&self, method: Method) -> bool {
        match method {
            // Only books that were made a sandbox take it: the command says no to all others.
            Method::Sandbox => true,
            Method::Alipay => self.alipay.is_some(),
            Method::BankTransfer => self.bank.is_some(),
        }
    }

    /// The link to an order's cashier page.
    pub(crate) fn link(&self, row: &PaymentOrderRow) -> String {
        format!("{}/cashier/{}", self.public_url, cashier_token(&self.key, row.id))
    }
}

/// A payment order to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPaymentOrder {
    /// Who pays and is credited, `pty_…`.
    pub(super) party_id: String,
    /// What for: `ad_top_up`.
    pub(super) purpose: String,
    /// How: `sandbox`, `alipay` or `bank-transfer`.
    pub(super) method: String,
    /// Minor units.
    #[schema(value_type = i64, minimum = 1)]
    pub(super) amount_minor: Amount,
    /// Currency; the deployment's when absent.
    pub(super) currency: Option<String>,
    /// Where the payer goes from the cashier page: a URL with https or http, at most 500 characters.
    pub(super) return_url: Option<String>,
    /// Free values of yours, kept with it: at most 20, keys of up to 40 characters, values of up to 500.
    #[serde(default)]
    pub(super) metadata: Metadata,
}

/// A payment order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentOrderView {
    /// Id.
    id: String,
    /// Who pays and is credited.
    party_id: String,
    /// What for.
    purpose: String,
    /// How it is paid.
    method: String,
    /// What is to be paid, minor units.
    amount_minor: i64,
    /// Currency.
    currency: String,
    /// `created`, `pending`, `paid`, `closed`, `paid_late` or `refunded`.
    state: String,
    /// Where to send the payer: a page that nobody can guess.
    cashier_url: String,
    /// What the payer writes into a bank transfer; null for other methods.
    transfer_code: Option<String>,
    /// When it was made.
    created_at: String,
    /// From here on it is closed when it was not paid.
    expires_at: String,
    /// When its first payment was taken in.
    paid_at: Option<String>,
    /// When it was closed.
    closed_at: Option<String>,
    /// What really came, minor units.
    received_minor: i64,
    /// What went back, minor units.
    refunded_minor: i64,
    /// Something came, and not what was ordered.
    other_amount: bool,
    /// It can be made anew with one click.
    can_repay: bool,
    /// The order that this one pays again.
    previous_id: Option<String>,
    /// The order that pays this one again.
    next_id: Option<String>,
    /// Where the payer goes from the cashier page.
    return_url: Option<String>,
    /// Free values of yours.
    metadata: Metadata,
    /// Policy version that decided its terms.
    policy_version: i64,
    /// Counts changes: the `ETag`.
    version: i64,
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

impl PaymentOrderView {
    pub(super) fn of(row: &PaymentOrderRow, collect: &Collect) -> Self {
        let order = row.order();
        let again = matches!(order.state, State::Closed | State::Refunded) && order.next.is_none();
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            purpose: row.purpose.clone(),
            method: row.method.clone(),
            amount_minor: row.amount,
            currency: row.currency.to_string(),
            state: row.state.clone(),
            cashier_url: collect.link(row),
            transfer_code: (order.method == Method::BankTransfer).then(|| row.code.clone()),
            created_at: row.created_at.to_string(),
            expires_at: row.expires_at.to_string(),
            paid_at: text(row.paid_at),
            closed_at: text(row.closed_at),
            received_minor: row.received,
            refunded_minor: row.refunded,
            other_amount: row.payments > 0 && row.received != row.amount,
            can_repay: again,
            previous_id: row.previous_id().map(|id| id.to_string()),
            next_id: row.next_id().map(|id| id.to_string()),
            return_url: (!row.return_url.is_empty()).then(|| row.return_url.clone()),
            metadata: metadata::values(&row.metadata),
            policy_version: row.policy_version,
            version: row.version,
        }
    }
}

/// A payment order with everything that came for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentOrderDetail {
    #[serde(flatten)]
    pub(super) order: PaymentOrderView,
    /// What came, oldest first, at most a hundred.
    pub(super) payments: Vec<PaymentView>,
}

/// Money that a rail received.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    /// Id.
    id: String,
    /// The order that it is for; null when nobody knows.
    payment_order_id: Option<String>,
    /// Whose it is; null when nobody knows.
    party_id: Option<String>,
    /// How it was paid.
    method: String,
    /// The rail's own id of it.
    rail_payment: String,
    /// What the payer wrote, masked.
    note: String,
    /// What came, minor units.
    amount_minor: i64,
    /// Currency.
    currency: String,
    /// What was to come, minor units.
    expected_minor: Option<i64>,
    /// Another amount came than was ordered.
    other_amount: bool,
    /// `on_time`, `late` or `double`; null without an order.
    timing: Option<String>,
    /// `credited`, `held` (its party is closed) or `unassigned`.
    place: String,
    /// The part that paid arrears, minor units.
    arrears_minor: i64,
    /// The part that is balance, minor units.
    cash_minor: i64,
    /// On its way back, minor units.
    refunding_minor: i64,
    /// Given back, minor units.
    refunded_minor: i64,
    /// What can still be given back, minor units.
    refundable_minor: i64,
    /// Nobody meant to pay this: one click gives it back.
    refund_offered: bool,
    /// When the rail received it, as far as it says so.
    paid_at: Option<String>,
    /// When it was taken in.
    recorded_at: String,
    /// Money of it on its way back, or back; oldest first, at most a hundred.
    refunds: Vec<PaymentRefundView>,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl PaymentView {
    pub(super) fn of(row: &PaymentRow, refunds: &[PaymentRefundRow]) -> Self {
        let payment = row.payment();
        Self {
            id: row.id.to_string(),
            payment_order_id: row.order().map(|id| id.to_string()),
            party_id: row.party().map(|id| id.to_string()),
            method: row.method.clone(),
            rail_payment: row.rail_payment.clone(),
            note: row.note.clone(),
            amount_minor: row.amount,
            currency: row.currency.to_string(),
            expected_minor: row.expected,
            other_amount: payment.is_mismatched(),
            timing: payment.timing.map(|timing| timing.name().to_owned()),
            place: row.place.clone(),
            arrears_minor: row.arrears,
            cash_minor: row.cash,
            refunding_minor: row.refunding,
            refunded_minor: row.refunded,
            refundable_minor: payment.refundable_minor(),
            refund_offered: payment.offers_refund(),
            paid_at: text(row.paid_at),
            recorded_at: row.recorded_at.to_string(),
            refunds: refunds.iter().map(PaymentRefundView::from).collect(),
            version: row.version,
        }
    }
}

/// Money on its way back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentRefundView {
    /// Id.
    id: String,
    /// The payment that it gives back.
    payment_id: String,
    /// The order of that payment.
    payment_order_id: Option<String>,
    /// Minor units.
    amount_minor: i64,
    /// Currency.
    currency: String,
    /// `waiting_for_funds` (of the platform; goes by itself), `sending`, `unknown` (being queried), `by_hand` (staff send
    /// it), `paid` or `failed`.
    state: String,
    /// The rail's code of a failure, what staff wrote, or why it is held back (`party_frozen`, `payouts_stopped`).
    code: Option<String>,
    /// When it was asked for.
    requested_at: String,
    /// When it came to its end.
    finished_at: Option<String>,
    /// Staff have to send it and say so.
    waits_for_staff: bool,
    /// Counts changes.
    version: i64,
}

impl From<&PaymentRefundRow> for PaymentRefundView {
    fn from(row: &PaymentRefundRow) -> Self {
        Self {
            id: row.id.to_string(),
            payment_id: row.payment.to_string(),
            payment_order_id: row.order().map(|id| id.to_string()),
            amount_minor: row.amount,
            currency: row.currency.to_string(),
            state: row.state.clone(),
            code: (!row.code.is_empty()).then(|| row.code.clone()),
            requested_at: row.requested_at.to_string(),
            finished_at: text(row.finished_at),
            waits_for_staff: row.state() == RefundState::ByHand,
            version: row.version,
        }
    }
}

/// Which payment orders a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentOrderParams {
    /// Only orders of this party, `pty_…`.
    pub(super) party_id: Option<String>,
    /// Only orders in this state.
    pub(super) state: Option<String>,
    /// Only orders paid in this way.
    pub(super) method: Option<String>,
    /// Most rows to return, 1 to 199; 50 when absent.
    #[param(minimum = 1, maximum = 199)]
    pub(super) limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    pub(super) cursor: Option<String>,
}

/// Which payments a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentParams {
    /// `held` or `unassigned`: what waits for staff; all when absent.
    pub(super) place: Option<String>,
    /// Most rows to return, 1 to 199; 50 when absent.
    #[param(minimum = 1, maximum = 199)]
    pub(super) limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    pub(super) cursor: Option<String>,
}

/// What is to be given back of an order's payments.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRefund {
    /// Which payment, `pmt_…`; when absent the newest that nobody meant to pay, else the newest.
    pub(super) payment_id: Option<String>,
    /// Minor units; all that is left when absent.
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub(super) amount_minor: Option<Amount>,
}

/// What is to be given back of a payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRefund {
    /// Minor units; all that is left when absent.
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub(super) amount_minor: Option<Amount>,
}

/// A transfer that the bank's statement shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BankTransfer {
    /// The bank's own reference of it: the same one again is the same transfer; 1 to 140 characters.
    #[schema(min_length = 1, max_length = 140)]
    pub(super) bank_reference: String,
    /// What came, minor units.
    #[schema(value_type = i64, minimum = 1)]
    pub(super) amount_minor: Amount,
    /// What the payer wrote; at most 500 characters. Only the code in it is used, nothing of it is kept.
    pub(super) words: String,
    /// When the bank received it.
    pub(super) paid_at: Option<String>,
}

/// Whose a payment of nobody is: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentAssignment {
    /// The order that it was for, `po_…`.
    pub(super) payment_order_id: Option<String>,
    /// Whose it is, `pty_…`, when it was for no order.
    pub(super) party_id: Option<String>,
}

/// What became of a refund that staff made by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundReport {
    /// `paid` or `failed`.
    pub(super) outcome: String,
    /// The bank's reference, or why it failed; 1 to 140 characters.
    pub(super) note: String,
}
