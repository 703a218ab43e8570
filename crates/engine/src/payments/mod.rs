//! Money in (P11, A2, A3, A6): payment orders, what rails received, what goes back.

mod apply;
mod balance;
mod carry;
mod create;
mod fund;
mod prove;
mod queries;
mod receive;
mod refund;
mod rows;
mod transfers;

pub use balance::{BalanceRefunded, RefundBalance};
pub use carry::{CollectJobs, collect_jobs, collect_order, run_close, run_refund, run_refund_query, take_in};
pub use create::{
    ClosePaymentOrder, CreatePaymentOrder, EndPaymentOrder, FoundCashier, NoteFailedAttempt,
    OpenPaymentOrder, RepayPaymentOrder, cashier_token, is_run_out, read_cashier_token, unknown_order,
};
pub(crate) use create::{offer, offer_bounds, takes, want_offer};
pub use fund::{FUND, run_fund};
pub use queries::{
    LocatedOrder, LocatedPayment, LocatedRefund, OrderFilter, PAYMENT_PAGE_MAX, has_paid, orders_by_code,
    payment, payment_order, payment_order_page, payment_page, payment_refund, payments_of, refunds_of,
};
pub use receive::{AssignPayment, RecordPayment, Recorded, payment_id, unknown_payment};
pub use refund::{RecordRefundOutcome, RefundPayment, Refunded, one_click, unknown_refund};
pub use rows::{PaymentOrderRow, PaymentRefundRow, PaymentRow};
pub use transfers::order_of_transfer;

use purser_storage::{Statement, Table};

use crate::verify::Invariant;

/// What verification holds payments against.
pub(crate) const INVARIANTS: &[&dyn Invariant] = &[&prove::PaymentsAreLines, &prove::OrdersAddUp];

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::PAYMENT_ORDERS, &rows::PAYMENTS, &rows::PAYMENT_REFUNDS];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, prove::STATEMENTS].concat()
}
