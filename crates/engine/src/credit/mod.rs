//! The merchant's pay-later limit (C1–C12): shops and their evaluations, orders and their advances.

pub(crate) mod draws;
mod evaluate;
pub mod facts;
mod invariants;
pub(crate) mod linked;
mod losses;
mod orders;
mod queries;
mod rows;
mod shops;
mod terms;

pub use evaluate::{Cause, EVALUATE_MAX, EvaluateDueShops};
pub(crate) use invariants::LimitUse;
pub use linked::{AuthoriseShop, EndAuthorisation, LinkedShopRow, RiskFlagRow, linked_shops, risk_flags};
pub use losses::{EndAdvance, Loss};
pub use orders::{OrderEvent, OrderOutcome, OrderReport, ReportCreditOrders, credit_order_id};
pub use queries::{
    EVALUATION_PAGE_MAX, LimitView, ORDER_PAGE_MAX, OrderPage, evaluation_at, evaluations, limit, order,
    order_events, orders, overdue, shop_facts,
};
pub use rows::{CreditOrderRow, CreditShopRow, EvaluationRow, OrderEventRow, ShopFactsRow};
pub use shops::{ChangeShop, ReportShops, ShopChange, ShopOutcome, ShopReport};
pub use terms::{limit_terms, order_terms};

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::CREDIT_SHOPS,
    &rows::CREDIT_SHOP_FACTS,
    &rows::CREDIT_EVALUATIONS,
    &rows::CREDIT_ORDERS,
    &rows::CREDIT_ORDER_EVENTS,
    &linked::LINKED_SHOPS,
    &linked::RISK_FLAGS,
];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [evaluate::STATEMENTS, invariants::STATEMENTS, linked::STATEMENTS, queries::STATEMENTS].concat()
}
