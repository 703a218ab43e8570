//! Bank transfers: which order a line of the bank's statement pays (P11). By the code that the payer wrote, then by the
//! amount; what stays open waits for staff.

use purser_domain::payments::{Order, chosen, codes_in};
use purser_storage::{Fault, Session};

use super::{queries::orders_by_code, rows::PaymentOrderRow};

/// The order that a transfer with these words pays; `None` when the words name none, or several that fit alike.
///
/// # Errors
/// Storage faults.
pub fn order_of_transfer(
    session: &mut dyn Session,
    words: &str,
    amount_minor: i64,
) -> Result<Option<PaymentOrderRow>, Fault> {
    let mut rows = Vec::new();
    for code in codes_in(words) {
        rows.extend(orders_by_code(session, &code)?);
    }
    let orders: Vec<Order> = rows.iter().map(PaymentOrderRow::order).collect();
    Ok(chosen(&orders, amount_minor).and_then(|at| rows.into_iter().nth(at)))
}
