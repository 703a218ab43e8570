//! Creator earnings (X1, X2, X13): task orders, settlement, overview.

mod apply;
mod commands;
mod due;
mod queries;
mod records;
mod rows;

pub use commands::{ItemOutcome, OrderReport, ReportTaskOrders, Reported, order_id};
pub use due::{DateOrders, SettleDueOrders};
pub use queries::{EarningsReport, Overview, earnings_report, earnings_span, order, overview};
pub use records::{OrderFilter, OrderPlace, order_records};
pub use rows::{EarningsTotals, TaskOrderRow};

pub(crate) use apply::{add_overview, want_overview};
pub(crate) use queries::{account, has_open_orders, want_open_orders};

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::TASK_ORDERS, &rows::EARNINGS_TOTALS];

/// Statements of this module.
pub fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, records::STATEMENTS].concat()
}
